"""Strength and learning rate varied together, with thousands of runs in every cell."""

import math
from collections.abc import Iterable

import numpy as np

from reportgen.experiment import Arm, Experiment, Sweep
from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import as_findings
from reportgen.sections.wording import why_any_undecided, why_undecided
from reportgen.statistics.comparison import compare_family
from reportgen.statistics.grid import quantile, rank_correlation, summarize_cell
from reportgen.store.sweep import SweepResult, cell_run, cells
from reportgen.text import number
from reportgen.training.run import Run
from reportgen.values import json_value

_PAIRS = 4_000
"""The most runs of a cell that comparisons use."""
_STARTS = 30
"""Number of networks whose initial weights are measured."""
_NEARLY_ALL = 0.99
_HALF = 0.5
_LEFT, _FEWEST = 0.1, 6
"""Correlations use cells with more than this share of weights left, if there are at least so many cells."""
_SHOWN = 12
"""Number of cells in the page's table; the file has all."""


@sections.register("landscape")
class Landscape(Section[Findings]):
    """The results of the sweep that the table [sweep] asks for."""

    title = "The landscape: λ and the learning rate together"
    claims = (
        Claim(
            name="the-best-setting-is-no-peak",
            test=lambda f: _is_flat(f["neighbors"]),
        ),
        Claim(
            name="some-strength-beats-none",
            test=lambda f: None if f["free"] is None else difference_outcome(f["penalized"]["difference"], "better"),
        ),
        Claim(
            name="zeros-are-a-matter-of-distance",
            test=lambda f: _agrees_with_reach(f["reach"]),
        ),
    )

    def sweep(self, e: Experiment) -> Sweep | None:
        return e.sweep

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [cell_run(e, cell, i) for cell in cells(e) for i in range(_sweep(e).trajectories)]

    def findings(self, e: Experiment, trained: Trained, study: SweepResult) -> Findings:
        sweep, arm, grid = _sweep(e), _arm(e), cells(e)
        held = min(sweep.count // 2, _PAIRS)
        chosen_by = sweep.count - held
        results, ranked = [], []
        for cell in grid:
            values = study.values(cell)
            product = cell.strength * cell.learning_rate
            results.append({**cell._asdict(), "product": product, **summarize_cell(values)})
            ranked.append(quantile(values["test"][:chosen_by], 0.5))
        sparse = "zero" if arm.step == "proximal" else "dead"
        best = _index_of_least(ranked, range(len(grid)))
        findings: Findings = {
            "arm": arm.label,
            "strengths": list(sweep.strengths),
            "learning_rates": list(sweep.learning_rates),
            "schedule": e.training.schedule,
            "cells": results,
            "count": sweep.count,
            "runs": sweep.count * len(grid),
            "on": "each on its own draw of the data" if e.fresh_data else "all on one draw of the data",
            "steps": e.run(0).steps,
            "equivalence": e.margin,
            "diverged": sum(cell["diverged"] > 0 for cell in results),
            "trajectories": sweep.trajectories,
            "weights": sweep.weights,
            "sparse": {"key": sparse, "words": "at exactly zero" if sparse == "zero" else "within η·λ of zero"},
            "best": None if best is None else results[best],
            "place": None if best is None else list(divmod(best, len(sweep.learning_rates))),
            "edge": best is not None and _is_at_edge(divmod(best, len(sweep.learning_rates)), sweep),
            "pairs": held,
            "chosen_by": chosen_by,
            "fresh": e.fresh_data,
            "neighbors": [],
            "free": None,
            "penalized": None,
            "correlations": _correlations(results, sparse),
            "reach": _reach(e, arm, results, sparse),
        }
        if best is not None:
            findings |= self._compare_cells(e, study, results, ranked, best, held)
        neighbors = findings["neighbors"]
        findings["parted"] = [n for n in neighbors if n["difference"]["verdict"] in ("better", "worse")]
        findings["why"] = why_any_undecided(n["difference"] for n in neighbors)
        findings["open"] = sum(n["difference"]["verdict"] == "undecided" for n in neighbors)
        return findings

    def _compare_cells(
        self, e: Experiment, study: SweepResult, results: list[Findings], ranked: list[float], best: int, held: int
    ) -> Findings:
        """Compare the best cell with its neighbors, and the best with a penalty with the best without.

        Cells are chosen by some runs and compared by others: the smallest of many medians is partly luck.
        """
        grid, (across, along) = cells(e), divmod(best, len(_sweep(e).learning_rates))
        steps = [(across - 1, along), (across + 1, along), (across, along - 1), (across, along + 1)]
        sizes = len(_sweep(e).strengths), len(_sweep(e).learning_rates)
        beside = [i * sizes[1] + j for i, j in steps if 0 <= i < sizes[0] and 0 <= j < sizes[1]]
        beside = [place for place in beside if math.isfinite(ranked[place])]
        asked: list[tuple[int, int]] = [(place, best) for place in beside]
        with_one = _index_of_least(ranked, [i for i, cell in enumerate(grid) if cell.strength])
        without = _index_of_least(ranked, [i for i, cell in enumerate(grid) if not cell.strength])
        if with_one is not None and without is not None:
            asked.append((with_one, without))
        first = _sweep(e).count - held
        unseen = {
            i: study.values(grid[i])["test"][first:].astype(np.float64) for i in {i for pair in asked for i in pair}
        }
        differences = list(
            map(as_findings, compare_family([(unseen[a], unseen[b]) for a, b in asked], e.margin, e.comparison))
        )
        compared: Findings = {
            "neighbors": [
                {**grid[place]._asdict(), "difference": difference}
                for place, difference in zip(beside, differences, strict=False)
            ]
        }
        if with_one is not None and without is not None:
            penalized = {**results[with_one], "difference": differences[-1], "why": why_undecided(differences[-1])}
            compared |= {"penalized": penalized, "free": results[without]}
        return compared

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        shape = len(findings["strengths"]), len(findings["learning_rates"])

        def grid(key: str) -> list[list[float]]:
            values: list[list[float]] = np.reshape([cell[key] for cell in findings["cells"]], shape).tolist()
            return values

        sparse = findings["sparse"]
        best, known = findings["best"], [c["error"] for c in findings["cells"] if math.isfinite(c["error"])]
        shares = [c[sparse["key"]] for c in findings["cells"] if math.isfinite(c[sparse["key"]])]
        what = [
            f"Two heat maps over {shape[0]} values of λ, from {findings['strengths'][0]:g} to "
            f"{findings['strengths'][-1]:g}, and {shape[1]} learning rates, from {findings['learning_rates'][0]:g} to "
            f"{findings['learning_rates'][-1]:g}."
        ]
        if best:
            what.append(
                f"The median total error lies between {number(min(known), '.1f')} and {number(max(known), '.1f')}. The "
                f"marked cell is λ = {best['strength']:g} with learning rate {best['learning_rate']:g}."
            )
        if shares:
            what.append(f"The share of weights {sparse['words']} goes from {min(shares):.0%} to {max(shares):.0%}.")
        if findings["diverged"]:
            what.append(f"Runs diverged in {findings['diverged']} of {len(findings['cells'])} cells.")
        yield Picture(
            name="landscape",
            figure="landscape",
            inputs={
                "strengths": findings["strengths"],
                "learning_rates": findings["learning_rates"],
                "panels": [
                    {"title": "Error", "values": grid("error"), "label": "median total error"},
                    {
                        "title": "Sparsity",
                        "values": grid(sparse["key"]),
                        "label": f"weights {sparse['words'].removeprefix('at ')}",
                        "share": True,
                    },
                ],
                "diverged": grid("diverged"),
                "best": findings["place"],
            },
            alt=" ".join(what),
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        keys = (
            "strength",
            "learning_rate",
            "product",
            "error",
            "q1",
            "q3",
            "train",
            "zero",
            "dead",
            "size",
            "diverged",
        )
        yield Table(
            name="landscape",
            columns=(
                Column(label="λ", format="g"),
                Column(label="η", format="g"),
                Column(label="η·λ", format=".2g"),
                Column(label="median total error", format=".2f"),
                Column(label="lower quartile", format=".2f"),
                Column(label="upper quartile", format=".2f"),
                Column(label="median training loss", format=".3f"),
                Column(label="exactly zero, mean", format=".1%"),
                Column(label="within η·λ, mean", format=".1%"),
                Column(label="Σ|w|, mean", format=".2f"),
                Column(label="diverged", format=".2%"),
                Column(label="runs", format=",d"),
            ),
            rows=tuple(
                (*(json_value(cell[key]) for key in keys), findings["count"])
                for cell in sorted(findings["cells"], key=lambda cell: cell["error"])
            ),
            shown=_SHOWN,
        )
        if findings["neighbors"]:
            compared = [("one step away", n) for n in findings["neighbors"]]
            if findings["free"]:
                compared.append(("best with a penalty, from best without", findings["penalized"]))
            yield Table(
                name="landscape-comparisons",
                columns=(
                    Column(label="cell"),
                    Column(label="λ", format="g"),
                    Column(label="η", format="g"),
                    Column(label="mean difference", format=".2f"),
                    Column(label="from", format=".2f"),
                    Column(label="to", format=".2f"),
                    Column(label="verdict"),
                ),
                rows=tuple(
                    (
                        what,
                        n["strength"],
                        n["learning_rate"],
                        *(json_value(n["difference"][key]) for key in ("estimate", "low", "high")),
                        n["difference"]["verdict"],
                    )
                    for what, n in compared
                ),
            )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        best = findings["best"]
        if best is None:
            return None
        return (
            f"Of {len(findings['cells'])} settings of λ and the learning rate, {findings['count']:,} networks each, "
            f"the median test error, judged by {findings['chosen_by']:,} of them, is least at "
            f"λ\u00a0=\u00a0{best['strength']:g} with a learning rate of {best['learning_rate']:g} ({findings['arm']})."
        )


def _sweep(e: Experiment) -> Sweep:
    if e.sweep is None:
        raise ValueError("an experiment with this section has a sweep")
    return e.sweep


def _arm(e: Experiment) -> Arm:
    return next(arm for arm in e.arms if arm.name == _sweep(e).arm)


def _index_of_least(ranked: list[float], places: Iterable[int]) -> int | None:
    """The index of the smallest value, or None if no value is finite."""
    return min((i for i in places if math.isfinite(ranked[i])), key=lambda i: ranked[i], default=None)


def _is_at_edge(place: tuple[int, int], sweep: Sweep) -> bool:
    """True if a wider grid would have neighbors there; a strength of zero has none below it."""
    ends = (
        {0, len(sweep.strengths) - 1} - ({0} if sweep.strengths[0] == 0 else set()),
        {0, len(sweep.learning_rates) - 1},
    )
    return any(i in end for i, end in zip(place, ends, strict=True))


def _penalized_cells(results: list[Findings], sparse: str) -> list[Findings]:
    """The cells with a penalty in which at least half of the runs ended."""
    return [
        cell for cell in results if cell["strength"] and math.isfinite(cell["error"]) and math.isfinite(cell[sparse])
    ]


def _correlations(results: list[Findings], sparse: str) -> Findings | None:
    """Rank correlations of the sparsity of penalized cells with their settings; None for too few cells.

    Cells with nearly no weights left are not used: their sparsity cannot depend on anything.
    """
    cells = [cell for cell in _penalized_cells(results, sparse) if cell[sparse] < 1 - _LEFT]
    if len(cells) < _FEWEST:
        return None
    shares = [cell[sparse] for cell in cells]
    correlations = {
        key: rank_correlation([cell[key] for cell in cells], shares) for key in ("product", "strength", "learning_rate")
    }
    if not all(map(math.isfinite, correlations.values())):
        return None
    return {"cells": len(cells), "left": _LEFT, **correlations}


def _reach(e: Experiment, arm: Arm, results: list[Findings], sparse: str) -> Findings | None:
    """How far L1 alone moves a weight in a whole training, compared with the distance to zero.

    Only plain SGD moves by η·λ a step.
    """
    if not isinstance(arm.penalty, L1) or e.training.optimizer != "sgd" or e.run(0).start:
        return None
    starts = [e.run(i).initial_weights()[0] for i in range(_STARTS)]
    sizes = np.abs(np.concatenate([w.ravel() for kernels in starts for w in kernels]))
    size = float(np.quantile(sizes, _NEARLY_ALL))
    # The learning rate may decrease, so each step counts by its own.
    steps = float(e.training.rates(e.run(0).steps).sum(dtype=np.float64)) / e.training.learning_rate
    cells = _penalized_cells(results, sparse)
    far = [cell for cell in cells if cell["product"] * steps >= size]
    near = [cell for cell in cells if cell["product"] * steps < size]
    if not cells:
        return None
    off = sum(cell[sparse] <= _HALF for cell in far) + sum(cell[sparse] > _HALF for cell in near)
    return {
        "all": _NEARLY_ALL,
        "size": size,
        "product": size / steps,
        "far": len(far),
        "near": len(near),
        "off": off,
    }


def _is_flat(neighbors: list[Findings]) -> bool | Outcome | None:
    verdicts = {n["difference"]["verdict"] for n in neighbors}
    if not verdicts:
        return None
    if verdicts & {"better", "worse"}:
        return False
    return "undecided" if "undecided" in verdicts else True


def _agrees_with_reach(reach: Findings | None) -> bool | Outcome | None:
    """True if most weights are zero where the pull reaches them and nowhere else; undecided without cells of a side."""
    if reach is None:
        return None
    if reach["off"]:
        return False
    return True if reach["far"] and reach["near"] else "undecided"
