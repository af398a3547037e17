"""Sections of the article: each knows what must be trained for it, what that showed, and how to picture it.

Python decides and templates place: `sections/kinds/NAME.py` computes, `templates/sections/NAME.html` tells.

Here belong findings, claims, and the pictures and tables a section asks for. Drawing and HTML do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import SECTIONS_PACKAGE, Experiment, Sweep
from reportgen.pictures import Animation, Picture
from reportgen.registry import Registry, stored
from reportgen.sections.claims import Claim
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

Trained = Mapping[Run, Trajectory]
Findings = dict[str, Any]
"""Plain JSON values: numbers, strings, lists and dicts. What the prose may say, and what `results.json` holds."""


@stored
@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: its heading, and how the page prints its numbers."""

    label: str
    format: str = ""
    """A format specification such as ".2f"; empty for text. Files get the full numbers."""


@stored
@dataclass(frozen=True, kw_only=True)
class Table:
    """Rows for the page and for `data/NAME.csv`."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]
    shown: int | None = None
    """How many rows the page shows; all of them unless told. The file has all."""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """Of each column, whether it holds numbers and nothing else."""
        columns = ([row[i] for row in self.rows if row[i] is not None] for i in range(len(self.columns)))
        return tuple(bool(values) and all(isinstance(value, int | float) for value in values) for values in columns)


class Section:
    """A section without anything in it; each kind fills in what it has."""

    title: str
    claims: Sequence[Claim] = ()
    """The sentences of its text that state a result."""

    def runs(self, e: Experiment) -> Iterable[Run]:
        """Runs that must be trained for it."""
        return ()

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        """Runs that depend on how the others ended, as one that begins from weights of theirs.

        They are trained when those of `runs` are done, while other sections are drawn.
        """
        return ()

    def study(self, e: Experiment) -> Any:
        """Work that needs no trained run; done by a worker while others train. Returns plain values and arrays."""
        return None

    def sweep(self, e: Experiment) -> Sweep | None:
        """A sweep that must be done for it; what is handed over as `study` is then the `Swept` that came of it."""
        return None

    def findings(self, e: Experiment, trained: Trained, study: Any) -> Findings:
        """The numbers that the section reports."""
        return {}

    def media(self, e: Experiment, trained: Trained, study: Any, findings: Findings) -> Iterable[Picture | Animation]:
        """The pictures it shows.

        An animation of runs, in scenes that the page can draw itself, becomes a player there: see `sections/player.py`.
        """
        return ()

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        """The tables it shows."""
        return ()

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        """The one sentence that belongs into the abstract, if the section found something."""
        return None


sections: Registry[type[Section]] = Registry("section", SECTIONS_PACKAGE, Section, needs=("title",))
