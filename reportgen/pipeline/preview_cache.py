"""A cache in memory, for a preview that builds again and again."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, TypeVar

from reportgen import plugins
from reportgen.pipeline.options import BuildOptions
from reportgen.training.run import settings_to_json

if TYPE_CHECKING:
    from reportgen.pipeline.build import BuildTarget

T = TypeVar("T")


class PreviewCache:
    """Reports and pages of the last build, by everything that they depend on."""

    def __init__(self) -> None:
        self._before: dict[Hashable, object] = {}
        self._now: dict[Hashable, object] = {}

    def __call__(self, made_from: Hashable, make: Callable[[], T]) -> T:
        """The cached value for `made_from`, or the result of `make`."""
        if made_from not in self._now:
            self._now[made_from] = self._before[made_from] if made_from in self._before else make()
        return self._now[made_from]  # type: ignore[return-value]

    def files(self, target: BuildTarget, options: BuildOptions) -> Mapping[str, bytes]:
        """Make every file of `target`, and drop cached values that it did not need."""
        from reportgen.pipeline.report import make_report
        from reportgen.pipeline.toolbox import explain_nothing, open_toolbox

        with (
            plugins.using(plugin for e in target.experiments.values() for plugin in e.plugins),
            open_toolbox(target.formats, options, explain_nothing) as tools,
        ):
            reports = {
                name: self(cache_key(settings_to_json(e)), lambda e=e: make_report(e, tools))  # type: ignore[misc]
                for name, e in target.experiments.items()
            }
            files = target.files(reports, tools)
        self._before, self._now = self._now, {}
        return files


def cache_key(value: object) -> str:
    """A key of a `PreviewCache` for a JSON value."""
    return json.dumps(value, sort_keys=True)
