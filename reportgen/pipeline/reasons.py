"""Messages for the user about why something is made again."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.pipeline import stage_keys
from reportgen.store import keys


class ChangeExplainer:
    """Explains why something is made, from the changes since the last build of a folder."""

    def __init__(self, report: Callable[[str], None] | None, before: keys.Parts | None, now: keys.Parts) -> None:
        self._report = report
        self._before, self._now = before, now

    def __call__(self, what: str, made_from: keys.Parts) -> None:
        if self._report is None:
            return
        if self._before is None:
            reason = "not in the store, and this is the first build in this folder"
        else:
            # A stage may depend on only some of the settings of the report.
            now = {name: part for name, part in made_from.items() if self._now.get(name) == part}
            removed = {name for name in self._before.keys() - self._now.keys() if name.startswith("experiment.")}
            before = {name: part for name, part in self._before.items() if name in now or (name in removed and now)}
            changes = stage_keys.describe_changes(before, now)
            more = f"; {len(changes) - 3} more changes" if len(changes) > 3 else ""
            reason = "; ".join(changes[:3]) + more or "not in the store"
        self._report(f"{what}: {reason}")
