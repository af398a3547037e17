"""Strength and learning rate varied together, with thousands of runs in every cell."""

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from reportgen.experiment import Arm, Experiment, Sweep
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import as_findings, table
from reportgen.sections.wording import why_any_undecided
from reportgen.statistics.comparison import Difference, compare_family
from reportgen.statistics.grid import (
    CellSummary,
    Correlations,
    cells_beside,
    correlations,
    index_of_least,
    is_at_edge,
    quantile,
    summarize_cell,
)
from reportgen.store.sweep import SweepResult, cell_run, cells
from reportgen.training.run import Run
from reportgen.values import json_value

_PAIRS = 4_000
"""The most runs of a cell that comparisons use."""
_STARTS = 30
"""Number of networks whose initial weights are measured."""
_NEARLY_ALL = 0.99
_HALF = 0.5
_SHOWN = 12
"""Number of cells in the page's table; the file has all."""


@dataclass(frozen=True)
class ComparedCell:
    """A cell, and how the runs of another that had no part in the choice of either differ from it."""

    what: str
    strength: float
    learning_rate: float
    difference: Difference


@dataclass(frozen=True)
class Reach:
    """How far L1 alone moves a weight in a whole training, compared with the distance of initial weights to zero."""

    all: float
    """The share of the initial weights that are smaller than `size`."""
    size: float
    far: int
    near: int
    """Cells with a penalty whose pull reaches as far as `size`, and those whose does not."""
    off: int
    """Cells in which most weights are zero although the pull does not reach, or fewer although it does."""


@dataclass(frozen=True)
class LandscapeFindings:
    """What the section found."""

    arm: str
    cells: list[CellSummary]
    """In order of strength, then of learning rate."""
    count: int
    """Runs of a cell: the first `chosen_by` choose cells, the last `pairs` compare them."""
    chosen_by: int
    pairs: int
    steps: int
    margin: float
    diverged: int
    """Cells in which runs diverged."""
    exact: bool
    """True if sparsity counts exact zeros, False if weights within η·λ of zero."""
    best: CellSummary | None
    """The cell with the least median error; None if most runs diverged in all."""
    place: list[int] | None
    """Row and column of the best cell."""
    edge: bool
    neighbors: list[ComparedCell]
    why: str
    """Why comparisons with neighbors are undecided."""
    penalized: ComparedCell | None
    """The best cell with a penalty, compared with the best without; None if one of them is missing."""
    free_rate: float | None
    """The learning rate of the best cell without a penalty."""
    correlations: Correlations | None
    reach: Reach | None


@sections.register("landscape")
class Landscape(Section[LandscapeFindings]):
    """The results of the sweep that the table [sweep] asks for."""

    title = "The landscape: λ and the learning rate together"
    claims = (
        Claim(
            name="the-best-setting-is-no-peak",
            test=lambda f: _is_flat({n.difference.verdict for n in f.neighbors}),
        ),
        Claim(
            name="some-strength-beats-none",
            test=lambda f: f.penalized and difference_outcome(f.penalized.difference),
        ),
        Claim(
            name="zeros-are-a-matter-of-distance",
            test=lambda f: f.reach and _agrees(f.reach.off, f.reach.far, f.reach.near),
        ),
    )

    def sweep(self, e: Experiment) -> Sweep | None:
        return e.sweep

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [cell_run(e, cell, i) for cell in cells(e) for i in range(_sweep(e).trajectories)]

    def findings(self, e: Experiment, trained: Trained, study: SweepResult) -> LandscapeFindings:
        sweep, arm, grid = _sweep(e), _arm(e), cells(e)
        held = min(sweep.count // 2, _PAIRS)
        results, ranked = [], []
        for cell in grid:  # one at a time, since each may hold millions of runs
            values = study.values(cell)
            results.append(summarize_cell(*cell, values))
            ranked.append(quantile(values["test"][: sweep.count - held], 0.5))
        shape = len(sweep.strengths), len(sweep.learning_rates)
        best = index_of_least(ranked, range(len(grid)))
        beside = [] if best is None else [i for i in cells_beside(best, shape) if math.isfinite(ranked[i])]
        # Cells are chosen by some runs and compared by others: the smallest of many medians is partly luck.
        asked = [(i, best) for i in beside if best is not None]
        penalized = index_of_least(ranked, [i for i, cell in enumerate(grid) if cell.strength])
        free = index_of_least(ranked, [i for i, cell in enumerate(grid) if not cell.strength])
        if penalized is not None and free is not None:
            asked.append((penalized, free))
        used = sorted({i for pair in asked for i in pair})
        tests = {i: np.asarray(study.values(grid[i])["test"][sweep.count - held :], np.float64) for i in used}
        differences = compare_family([(tests[a], tests[b]) for a, b in asked], e.margin, e.comparison) if asked else []
        compared = [
            ComparedCell("one step from the best cell", *grid[a], difference=d)
            for (a, _), d in zip(asked, differences, strict=True)
        ]
        exact = arm.step == "proximal"
        shares = [cell.zero if exact else cell.dead for cell in results]
        # Cells with a penalty in which at least half of the runs ended.
        counted = [
            (c, share)
            for c, share in zip(results, shares, strict=True)
            if c.strength and math.isfinite(c.error) and math.isfinite(share)
        ]
        place = None if best is None else divmod(best, shape[1])
        return LandscapeFindings(
            arm=arm.label,
            cells=results,
            count=sweep.count,
            chosen_by=sweep.count - held,
            pairs=held,
            steps=e.run(0).steps,
            margin=e.margin,
            diverged=sum(cell.diverged > 0 for cell in results),
            exact=exact,
            best=None if best is None else results[best],
            place=place and list(place),
            edge=place is not None and is_at_edge(place, shape, has_zero=sweep.strengths[0] == 0),
            neighbors=compared[: len(beside)],
            why=why_any_undecided(map(as_findings, differences[: len(beside)])),
            penalized=dataclasses.replace(compared[-1], what="best with a penalty, from the best without")
            if len(asked) > len(beside)
            else None,
            free_rate=None if free is None else grid[free].learning_rate,
            correlations=correlations(counted),
            reach=_reach(e, arm, counted),
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: LandscapeFindings) -> Iterable[Picture]:
        sweep = _sweep(e)

        def grid(values: Iterable[float]) -> list[list[float]]:
            rows: list[list[float]] = np.reshape([*values], (len(sweep.strengths), -1)).tolist()
            return rows

        sparsity = "exactly zero" if findings.exact else "within η·λ of zero"
        yield Picture(
            name="landscape",
            figure="landscape",
            inputs={
                "strengths": list(sweep.strengths),
                "learning_rates": list(sweep.learning_rates),
                "panels": [
                    {"title": "Error", "values": grid(c.error for c in findings.cells), "label": "median total error"},
                    {
                        "title": "Sparsity",
                        "values": grid(c.zero if findings.exact else c.dead for c in findings.cells),
                        "label": f"weights {sparsity}",
                        "share": True,
                    },
                ],
                "diverged": grid(cell.diverged for cell in findings.cells),
                "best": findings.place,
            },
        )

    def tables(self, e: Experiment, findings: LandscapeFindings) -> Iterable[Table]:
        ordered = sorted(findings.cells, key=lambda cell: cell.error)
        yield table(
            "landscape",
            [{**json_value(dataclasses.asdict(cell)), "runs": findings.count} for cell in ordered],
            {
                "strength": ("λ", "g"),
                "learning_rate": ("η", "g"),
                "product": ("η·λ", ".2g"),
                "error": ("median total error", ".2f"),
                "q1": ("lower quartile", ".2f"),
                "q3": ("upper quartile", ".2f"),
                "train": ("median training loss", ".3f"),
                "zero": ("exactly zero, mean", ".1%"),
                "dead": ("within η·λ, mean", ".1%"),
                "size": ("Σ|w|, mean", ".2f"),
                "diverged": ("diverged", ".2%"),
                "runs": ("runs", ",d"),
            },
            shown=_SHOWN,
        )
        compared = [*findings.neighbors, *([findings.penalized] if findings.penalized else [])]
        if findings.neighbors:
            yield table(
                "landscape-comparisons",
                [json_value(dataclasses.asdict(cell)) for cell in compared],
                {
                    "what": ("cell", ""),
                    "strength": ("λ", "g"),
                    "learning_rate": ("η", "g"),
                    "difference.estimate": ("mean difference", ".2f"),
                    "difference.low": ("from", ".2f"),
                    "difference.high": ("to", ".2f"),
                    "difference.verdict": ("verdict", ""),
                },
            )

    def headline(self, e: Experiment, findings: LandscapeFindings) -> str | None:
        best = findings.best
        if best is None:
            return None
        return (
            f"Of {len(findings.cells)} pairs of λ and learning rate, {findings.count:,} networks each, "
            f"λ\u00a0=\u00a0{best.strength:g} with {best.learning_rate:g} has the least median test error "
            f"({findings.arm})."
        )


def _sweep(e: Experiment) -> Sweep:
    if e.sweep is None:
        raise ValueError("an experiment with this section has a sweep")
    return e.sweep


def _arm(e: Experiment) -> Arm:
    return next(arm for arm in e.arms if arm.name == _sweep(e).arm)


def _reach(e: Experiment, arm: Arm, counted: Sequence[tuple[CellSummary, float]]) -> Reach | None:
    """The pull of L1 in a whole training. Only plain SGD moves by η·λ a step."""
    if not isinstance(arm.penalty, L1) or e.training.optimizer != "sgd" or e.run(0).start or not counted:
        return None
    starts = [e.run(i).initial_weights()[0] for i in range(_STARTS)]
    sizes = np.abs(np.concatenate([w.ravel() for kernels in starts for w in kernels]))
    size = float(np.quantile(sizes, _NEARLY_ALL))
    # The learning rate may decrease, so each step counts by its own.
    steps = float(e.training.rates(e.run(0).steps).sum(dtype=np.float64)) / e.training.learning_rate
    reaches = [cell.product * steps >= size for cell, _ in counted]
    off = sum(reached != (share > _HALF) for reached, (_, share) in zip(reaches, counted, strict=True))
    return Reach(all=_NEARLY_ALL, size=size, far=sum(reaches), near=len(reaches) - sum(reaches), off=off)


def _is_flat(verdicts: set[str]) -> bool | Outcome | None:
    if not verdicts:
        return None
    return False if verdicts & {"better", "worse"} else "undecided" if "undecided" in verdicts else True


def _agrees(off: int, far: int, near: int) -> bool | Outcome:
    """True if most weights are zero where the pull reaches them and nowhere else; undecided without cells of a side."""
    return False if off else True if far and near else "undecided"
