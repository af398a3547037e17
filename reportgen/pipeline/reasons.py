"""Why something is made anew, told to a user."""

from __future__ import annotations

from collections.abc import Callable

from reportgen.pipeline import stage_keys
from reportgen.store import keys


class ChangeExplainer:
    """Says why something is made, from what has changed since the last build of a folder."""

    def __init__(self, tell: Callable[[str], None] | None, before: keys.Parts | None, now: keys.Parts) -> None:
        self._tell = tell
        self._before, self._now = before, now

    def __call__(self, what: str, made_from: keys.Parts) -> None:
        if self._tell is None:
            return
        if self._before is None:
            why = "nothing was built here before, and it is not in the store"
        else:
            # Of the settings that the whole report has, a stage may be given some without what they say.
            now = {name: part for name, part in made_from.items() if self._now.get(name) == part}
            gone = {name for name in self._before.keys() - self._now.keys() if name.startswith("experiment.")}
            before = {name: part for name, part in self._before.items() if name in now or (name in gone and now)}
            changes = stage_keys.describe_changes(before, now)
            more = f"; {len(changes) - 3} more changes" if len(changes) > 3 else ""
            why = "; ".join(changes[:3]) + more or "not in the store"
        self._tell(f"{what}: {why}")
