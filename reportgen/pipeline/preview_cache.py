"""What a preview need not make again when it builds once more."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, TypeVar

from reportgen import plugins
from reportgen.pipeline.options import BuildOptions
from reportgen.training.run import describe

if TYPE_CHECKING:
    from reportgen.pipeline.build import BuildTarget

T = TypeVar("T")


class PreviewCache:
    """Reports and pages of the last build, by everything that they are made from."""

    def __init__(self) -> None:
        self._before: dict[Hashable, object] = {}
        self._now: dict[Hashable, object] = {}

    def __call__(self, made_from: Hashable, make: Callable[[], T]) -> T:
        """Return what `make` returns, or what it returned when it was called for the same before."""
        if made_from not in self._now:
            self._now[made_from] = self._before[made_from] if made_from in self._before else make()
        return self._now[made_from]  # type: ignore[return-value]

    def files(self, target: BuildTarget, options: BuildOptions) -> Mapping[str, bytes]:
        """Make every file of `target`, and forget what this did not need."""
        from reportgen.pipeline.report import make_report
        from reportgen.pipeline.toolbox import explain_nothing, open_toolbox

        with (
            plugins.at_work(plugin for e in target.experiments.values() for plugin in e.plugins),
            open_toolbox(target.formats, options, explain_nothing) as tools,
        ):
            reports = {
                name: self(key_of(describe(e)), lambda e=e: make_report(e, tools))  # type: ignore[misc]
                for name, e in target.experiments.items()
            }
            files = target.files(reports, tools)
        self._before, self._now = self._now, {}
        return files


def key_of(value: object) -> str:
    """A value of plain parts as a key of a `PreviewCache`."""
    return json.dumps(value, sort_keys=True)
