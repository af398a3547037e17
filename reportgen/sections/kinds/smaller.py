"""Ways to a smaller network: dead units removed, what is left trained on, or begun again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome
from reportgen.sections.helpers import (
    at_rest,
    collapsed_runs,
    difference_columns,
    errors_without_collapses,
    l1_arm,
    table,
    varied_runs,
)
from reportgen.sections.shrinking import compress_run, compressed_errors, smaller_runs
from reportgen.statistics.comparison import Difference, compare_family
from reportgen.statistics.rates import RateDifference, compare_rates
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.text import at_most
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

WAYS = {
    "full": "full network",
    "removed": "removed, as is",
    "tuned": "removed, trained on",
    "original": "its own initial weights",
    "random": "other initial weights",
    "longer": "full, trained on",
}
"""Labels in the order of the table. The last is the full network, retrained like the third for comparison."""
SMALL = ("tuned", "original", "random")
"""Smaller networks that may predict otherwise than the full one. Removal alone leaves outputs as they are."""
COMPARED = (*SMALL, "longer")
RARE = 0.1
"""Starts of which fewer than this share collapse are no gamble."""

State = Literal["no arm", "unfinished", "collapsed", "nothing to remove", "compared"]
"""Whether the networks of the studied arm can be made smaller, or why not."""


@dataclass(frozen=True, kw_only=True)
class ShrunkNetworks:
    """The networks that one way makes."""

    label: str
    parameters: float
    """Median number."""
    error: dict[str, float]
    """From `summarize`."""
    totals: list[float]
    collapsed: int
    difference: Difference | None
    """Total errors minus those of the full networks."""


@dataclass(frozen=True, kw_only=True)
class SmallerFindings:
    """The networks of one arm, made smaller in every way."""

    hidden: list[int]
    parameters: int
    runs: int
    margin: float
    confidence: float
    state: State
    arm: str | None
    strength: float
    collapsed: int
    """Full networks that collapsed."""
    ways: dict[str, ShrunkNetworks]
    """Empty unless the state is "compared"."""
    finished: int
    certificate: float
    """The largest change of any output when dead units are removed."""
    collapses: RateDifference | None
    """How often networks from other initial weights collapse, and full ones."""


def _predicts_as_well(f: Any, *ways: str) -> Outcome | None:
    """The outcome of a claim that networks made in these ways predict as well as the full ones; None without pairs."""
    if f.state != "compared":
        return None
    found = [f.ways[way].difference for way in ways]
    return all_outcomes(*(difference_outcome(d, "practically equal") if d.pairs else None for d in found))


def _collapse_outcome(f: Any) -> bool | Outcome | None:
    if f.collapses is None:
        return None
    if f.collapses.verdict == "more often":
        return True
    return False if f.collapses.verdict == "less often" or f.collapses.first_high < RARE else "undecided"


@sections.register("smaller")
class Smaller(Section[SmallerFindings]):
    """Networks without their dead units, trained on or begun again."""

    title = "Cut, trained on, begun again"
    claims = (
        Claim(name="small-networks-predict-as-well", test=lambda f: _predicts_as_well(f, *SMALL)),
        Claim(name="training-on", test=lambda f: _predicts_as_well(f, "tuned")),
        Claim(name="kept-initial-weights", test=lambda f: _predicts_as_well(f, "original")),
        Claim(name="small-from-scratch", test=lambda f: _predicts_as_well(f, "random")),
        Claim(name="small-starts-collapse", test=_collapse_outcome),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return _studied_runs(e)

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        full = [trained[run] for run in _studied_runs(e)]
        if _state(e, full) == "compared":
            for t in full:
                if t.diverged is None:
                    yield from smaller_runs(e, t).values()

    def findings(self, e: Experiment, trained: Trained, study: object) -> SmallerFindings:
        arm, full = _studied(e), [trained[run] for run in _studied_runs(e)]
        state = _state(e, full)
        compared = state == "compared"
        small = [compress_run(e, t) for t in full if compared and t.diverged is None]
        results = _results(e, full, trained) if compared else {}
        finished = np.array([t.diverged is None for t in full], bool)
        collapsed = {way: collapsed_runs(runs) for way, runs in results.items()}
        return SmallerFindings(
            hidden=list(e.network.hidden),
            parameters=e.network.parameters(*e.data.shape),
            runs=e.runs.count,
            margin=e.margin,
            confidence=e.comparison.confidence,
            state=state,
            arm=arm.label if arm else None,
            strength=arm.strength if arm else 0.0,
            collapsed=int(collapsed_runs(full).sum()),
            ways=_ways(e, results, [c.parameters for c, _ in small]) if compared else {},
            finished=len(small),
            certificate=max((change for _, change in small), default=0.0),
            collapses=compare_rates(collapsed["random"][finished], collapsed["full"][finished], e.comparison)
            if compared
            else None,
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: SmallerFindings) -> Iterable[Picture]:
        if not findings.ways:
            return
        keys = ("estimate", "low", "high", "verdict")
        rows = [
            {"label": f"{way.label} · {way.parameters:.0f}"} | {key: getattr(way.difference, key) for key in keys}
            for way in findings.ways.values()
            if way.difference
        ]
        xlabel = "total error minus that of the full network, mean over pairs"
        inputs = {"rows": rows, "equivalence": (-e.margin, e.margin), "xlabel": xlabel}
        yield Picture(name="ways-compared", figure="intervals", inputs=inputs)
        groups = [
            {
                "label": f"{way.label} · {way.parameters:.0f}",
                "values": np.array(way.totals),
                "arm": NoPenalty.look().arm if name in ("full", "longer") else L1.look("proximal").arm,
            }
            for name, way in findings.ways.items()
        ]
        strip = {"groups": groups, "xlabel": "total error on the test samples", "first": 5}
        yield Picture(name="ways-to-shrink", figure="strip", inputs=strip)

    def tables(self, e: Experiment, findings: SmallerFindings) -> Iterable[Table]:
        ways = findings.ways
        if not ways:
            return
        columns = {"label": ("network", ""), "parameters": ("parameters", ".0f"), "collapsed": ("collapsed", "d")}
        columns |= {"error.median": ("median error", ".2f")} | difference_columns("difference", "mean difference")
        yield table("ways-to-shrink", ways.values(), columns)
        runs = [dict({name: way.totals[i] for name, way in ways.items()}, run=i + 1) for i in range(e.runs.count)]
        columns = {"run": ("run", "d")} | {name: (way.label, ".2f") for name, way in ways.items()}
        yield table("ways-to-shrink-runs", runs, columns, shown=5)

    def headline(self, e: Experiment, findings: SmallerFindings) -> str | None:
        if not findings.ways:
            return None
        moved = f" by more than {at_most(findings.certificate, '.1e')}" if findings.certificate else ""
        return (
            f"Removing dead units leaves {findings.ways['removed'].parameters:.0f} of {findings.parameters} parameters "
            f"under {findings.arm} and moves no output{moved}."
        )


def _studied(e: Experiment) -> Arm | None:
    """The arm whose networks are made smaller in every way: the first with L1, with proximal steps if there is one."""
    return l1_arm(e) if e.network.hidden else None


def _studied_runs(e: Experiment) -> list[Run]:
    """The runs of `_studied` with proximal steps, whose zeros are exact, and a rate that falls to zero."""
    arm = _studied(e)
    if arm is None:
        return []
    how = {"penalty": arm.penalty, "strength": arm.strength, "step": "proximal"}
    return varied_runs(e, e.runs.count, training={"schedule": at_rest(e)}, **how)


def _state(e: Experiment, full: list[Trajectory]) -> State:
    """Whether the networks of `_studied_runs` can be made smaller, or why not."""
    ended = [t for t in full if t.diverged is None]
    if not full:
        return "no arm"
    if not ended:
        return "unfinished"
    if collapsed_runs(ended).mean() >= 0.5:
        return "collapsed"
    removed = [compress_run(e, t)[0].parameters < _parameter_count(t) for t in ended]
    return "compared" if any(removed) else "nothing to remove"


def _results(e: Experiment, full: list[Trajectory], trained: Trained) -> dict[str, list[Trajectory]]:
    """The runs of every way. Removal leaves outputs as they are, so its runs are the full ones.

    A run that diverged has no smaller networks: it stands in every way.
    """
    made = [smaller_runs(e, t) if t.diverged is None else {} for t in full]
    return {way: [trained[runs[way]] if way in runs else t for runs, t in zip(made, full, strict=True)] for way in WAYS}


def _ways(e: Experiment, results: dict[str, list[Trajectory]], sizes: list[int]) -> dict[str, ShrunkNetworks]:
    """`sizes` are the parameters of networks without their dead units."""
    errors = {way: errors_without_collapses(runs) for way, runs in results.items()}
    found = compare_family([(errors[way], errors["full"]) for way in COMPARED], e.margin, e.comparison)
    differences = dict(zip(COMPARED, found, strict=True))
    ways = {}
    for way, runs in results.items():
        totals = compressed_errors(e, runs) if way == "removed" else total_errors(runs)
        ways[way] = ShrunkNetworks(
            label=WAYS[way],
            parameters=float(np.median(sizes if way == "removed" else [_parameter_count(t) for t in runs])),
            error=summarize(totals),
            totals=totals.tolist(),
            collapsed=int(collapsed_runs(runs).sum()),
            difference=differences.get(way),
        )
    return ways


def _parameter_count(t: Trajectory) -> int:
    return t.run.network.parameters(*t.run.data.shape)
