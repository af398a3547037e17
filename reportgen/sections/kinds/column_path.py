"""The path of the lasso: which columns enter as λ falls, as an animation and with a slider."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Experiment
from reportgen.pictures.picture import Animation
from reportgen.pictures.timeline import Timeline
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.helpers import table
from reportgen.sections.wording import join_words
from reportgen.studies.result import LassoPath, StudyResult

MOST_POINTS = 60
"""Values of λ of the figure."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A λ at which a column enters or leaves the path."""

    strength: float
    column: str
    what: str


@dataclass(frozen=True, kw_only=True)
class ColumnPathFindings:
    """The path at some values of λ, which fall."""

    target: str
    unit: str
    strengths: list[float]
    names: list[str]
    features: list[int]
    """For each name, the place of its column of the table."""
    columns: int
    """Columns of the table."""
    values: list[list[float]]
    """Effects of one standard deviation of each column; with several classes the largest over them."""
    original: list[list[float]]
    """Coefficients in original units; with several classes the largest over them."""
    errors: list[float]
    """Inner error at each λ."""
    kept: list[int]
    """Columns of the table that are kept at each λ."""
    least: int
    simplest: int
    """Places of the two choices of λ."""
    entries: list[Entry]
    returns: list[str]
    """Columns that leave and enter again."""
    several_outputs: bool


@sections.register("column_path")
class ColumnPath(Section[ColumnPathFindings]):
    """All columns while λ falls."""

    title = "One column after another"
    of_table = True
    scripts = ("plots.js", "column_path.js")

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> ColumnPathFindings:
        path, curve = study.path, study.curve
        places = _places(path)
        strengths = np.array(path.strengths)[places]
        original = _largest(np.array(path.coefficients)[places])
        values = original * np.array(path.scales)
        features = np.array(path.features)
        kept = [len(set(features[row != 0].tolist())) for row in original]
        order = np.argsort(-np.array(curve.strengths))
        λ = np.log(np.array(curve.strengths)[order])[::-1]
        errors = np.interp(np.log(strengths), λ, np.array(curve.means)[order][::-1])
        if study.task == "regression":
            errors = np.sqrt(errors)
        entries = [
            Entry(strength=knot.strength, column=knot.column, what="enters" if knot.enters else "leaves")
            for knot in path.knots
        ]
        came = [entry.column for entry in entries if entry.what == "enters"]
        return ColumnPathFindings(
            target=study.target,
            unit=study.target_unit,
            strengths=strengths.tolist(),
            names=list(path.columns),
            features=list(path.features),
            columns=len(study.verdicts),
            values=values.tolist(),
            original=original.tolist(),
            errors=errors.tolist(),
            kept=kept,
            least=_nearest(strengths, curve.strengths[curve.least]),
            simplest=_nearest(strengths, curve.strengths[curve.simplest]),
            entries=entries,
            returns=sorted({name for name in came if came.count(name) > 1}),
            several_outputs=len(path.intercepts[0]) > 1,
        )

    def media(
        self, e: Experiment, trained: Trained, study: StudyResult, findings: ColumnPathFindings
    ) -> Iterable[Animation]:
        last = dict(zip(findings.names, findings.values[-1], strict=True))
        largest = sorted(last, key=lambda name: -abs(last[name]))[:3]
        yield Animation(
            name="column-path",
            scenes=("column_path",),
            inputs={
                "strengths": findings.strengths,
                "coefficients": findings.values,
                "names": findings.names,
                "chosen": findings.strengths[findings.least],
                "ylabel": "effect of one standard deviation",
            },
            alt=f"Coefficients of {len(findings.names)} columns while λ falls from {findings.strengths[0]:.3g} to "
            f"{findings.strengths[-1]:.3g}. At the end the largest are those of {join_words(largest)}.",
            timeline=Timeline(rate=10),
            keep=True,
        )

    def tables(self, e: Experiment, findings: ColumnPathFindings) -> Iterable[Table]:
        columns = {"strength": ("λ", ".4g"), "column": ("column", ""), "what": ("event", "")}
        yield table("path-entries", findings.entries, columns, shown=20)
        rows = [
            {"strength": λ, "kept": kept, "error": error}
            for λ, kept, error in zip(findings.strengths, findings.kept, findings.errors, strict=True)
        ]
        yield table(
            "path",
            [
                {**row, **{f"c{i}": value for i, value in enumerate(values)}}
                for row, values in zip(rows, findings.original, strict=True)
            ],
            {"strength": ("λ", ".4g"), "kept": ("columns kept", "d"), "error": ("error", ".4g")}
            | {f"c{i}": (name, ".4g") for i, name in enumerate(findings.names)},
            shown=8,
        )


def _places(path: LassoPath) -> list[int]:
    """Places of the grid and of the knots in the path, thinned evenly to `MOST_POINTS`."""
    count = len(path.strengths)
    evenly = np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int)
    return list(map(int, np.unique(evenly)))


def _largest(coefficients: np.ndarray) -> np.ndarray:
    """Coefficients [S, columns, outputs] as [S, columns]: of several outputs the largest in size."""
    at = np.abs(coefficients).argmax(axis=2)
    return np.take_along_axis(coefficients, at[..., None], axis=2)[..., 0]


def _nearest(strengths: np.ndarray, λ: float) -> int:
    return int(np.abs(np.log(strengths) - np.log(λ)).argmin())
