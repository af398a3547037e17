"""Sections of the article: each names its runs, computes findings from them, and asks for pictures and tables.

Python decides and templates place: `sections/kinds/NAME.py` computes, `templates/sections/NAME.html` holds the text.

Here belong findings, claims, and the pictures and tables a section asks for. Drawing and HTML do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from reportgen.experiment import SECTIONS_PACKAGE, Experiment, Sweep
from reportgen.pictures.picture import Animation, Picture
from reportgen.registry import Registry, stored
from reportgen.sections.claims import Claim
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

Trained = Mapping[Run, Trajectory]
Findings = dict[str, Any]
"""Plain JSON values: numbers, strings, lists and dicts. Templates print them and `results.json` holds them."""
F = TypeVar("F")
"""What a section finds: a frozen dataclass of numbers, strings, lists, dicts and such dataclasses."""


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
    """How many rows the page shows; None for all of them. The file has every row."""

    @property
    def numeric(self) -> tuple[bool, ...]:
        """For each column, True if it holds numbers and nothing else except missing values."""
        columns = ([row[i] for row in self.rows if row[i] is not None] for i in range(len(self.columns)))
        return tuple(bool(values) and all(isinstance(value, int | float) for value in values) for values in columns)


class Section(Generic[F]):
    """A section that needs and shows nothing: the defaults of every kind.

    `F` is the frozen dataclass of its findings. Templates and `results.json` get its fields as plain JSON values.
    """

    title: str
    claims: Sequence[Claim] = ()
    """The sentences of its text that state results."""
    scripts: Sequence[str] = ()
    """The scripts of `templates/static` that its figures need, in the order in which they build on each other.

    The page has each script once, before the first section that names it. `plots.js`, which most need, comes first.
    """

    of_table = False
    """True if it is about the study of a table; the argument `study` of its methods is then a `StudyResult`."""

    def runs(self, e: Experiment) -> Iterable[Run]:
        """The runs that the section needs."""
        return ()

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        """Runs that depend on the results of `runs`, such as one that starts from their final weights.

        They are trained after those, while other sections are drawn.
        """
        return ()

    def study(self, e: Experiment) -> Any:
        """Compute what needs no trained run, in a worker, while others train. Returns plain values and arrays."""
        return None

    def sweep(self, e: Experiment) -> Sweep | None:
        """The sweep that the section needs; the argument `study` of the other methods is then its result, a `Swept`."""
        return None

    def findings(self, e: Experiment, trained: Trained, study: Any) -> F:
        """The numbers that the section reports."""
        return {}  # type: ignore[return-value]  # nothing, for a section of text alone

    def media(self, e: Experiment, trained: Trained, study: Any, findings: F) -> Iterable[Picture | Animation]:
        """The pictures that the section shows.

        An animation of runs becomes a player if the page can draw its scenes: see `sections/player.py`.
        """
        return ()

    def tables(self, e: Experiment, findings: F) -> Iterable[Table]:
        """The tables that the section shows."""
        return ()

    def files(self, e: Experiment, findings: F) -> Mapping[str, Any]:
        """More files beside the page: JSON values by their names."""
        return {}

    def headline(self, e: Experiment, findings: F) -> str | None:
        """The sentence of the section on the first screen; None if it has no result."""
        return None


sections: Registry[type[Section[Any]]] = Registry("section", SECTIONS_PACKAGE, Section, needs=("title",))
