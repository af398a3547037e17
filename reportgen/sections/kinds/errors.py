"""Total errors of all runs, and paired comparisons of the arms."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.datasets import is_collected
from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.arm_pairs import ArmCollapses, ArmPair, Group, compare_all_arms, count_collapses, find_pair
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    NUDGES,
    arm_styles,
    at_rest,
    describe_margin,
    describe_total_error,
    difference_columns,
    finite_mean,
    has_classes,
    l1_arm,
    last_steps,
    nudged_runs,
    own_arm,
    plain_arms,
    rate_columns,
    table,
    trained_arm,
    typical_jitter,
    vary,
)
from reportgen.sections.kinds.experiment import truth_error
from reportgen.sections.wording import is_post, join_words
from reportgen.statistics.comparison import Values
from reportgen.statistics.few_runs import FewRuns, compare_few
from reportgen.statistics.total_error import mean_measures, summarize, total_errors
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

SHOWN = 5
"""Number of runs that the table lists, as many as the post had."""
CONDITIONS = {False: "one draw of the data", True: "a new draw for each pair of runs"}
"""Scope of a verdict, by whether each run has its own draw of the data."""
_DECIDED = ("better", "worse")


@dataclass(frozen=True, kw_only=True)
class ArmErrors:
    """Total errors of one arm: its runs as trained, at rest, and on other data, each from `summarize`."""

    name: str
    label: str
    totals: list[float]
    own: dict[str, float]
    measures: dict[str, float]
    """The mean of each measure over test samples and runs, by title; for classes also the error rate."""
    rest: dict[str, float]
    elsewhere: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Truth:
    """Total errors of all runs above that of the function behind the data."""

    runs: int
    best: float
    median: float


@dataclass(frozen=True, kw_only=True)
class DivergedRun:
    """A run that diverged."""

    arm: str
    run: int
    """From 1."""
    step: int


@dataclass(frozen=True, kw_only=True)
class ErrorsFindings:
    """Errors of all runs, and what they decide."""

    runs: int
    shown: int
    more: int
    """Runs that the table leaves out."""
    equivalence: float
    margin: str
    post: bool
    measured: str
    """What the total error is."""
    classes: bool
    """True if the targets are classes."""
    only_penalties: bool
    """True if arms differ by their penalty and nothing else."""
    collected: bool
    """True if the data are a collection of samples."""
    fewest: int
    confidence: float
    condition: str
    other_condition: str
    arms: list[ArmErrors]
    truth: Truth | None
    lowest: float
    highest: float
    highest_q1: float
    lowest_q3: float
    deviation: float | None
    """Between the runs of an arm."""
    constant: bool
    nudges: int
    wander: float
    """`jitter` of a typical run."""
    last_steps: int
    same_strength: bool
    pairs: list[ArmPair]
    verdicts: dict[str, int]
    changed: list[ArmPair]
    """Those that one draw and fresh ones decide differently."""
    decided_once: int
    corrected: list[str]
    """Pairs that their own intervals would decide, but not those that hold for all comparisons together."""
    rounding: list[str]
    """Pairs whose verdict at the constant rate changes with rounding."""
    collapses: list[ArmCollapses]
    l2_l1: ArmPair | None
    fives: FewRuns | None
    diverged: list[DivergedRun]
    smallest_p_of_five: float


@sections.register("errors")
class Errors(Section[ErrorsFindings]):
    """The post's table of total errors, with more runs and intervals."""

    title = "Which penalty predicts best"
    claims = (
        Claim(
            name="middle-halves-overlap",
            test=lambda f: None if len(f.arms) < 2 else bool(f.highest_q1 < f.lowest_q3),
        ),
        Claim(name="last-steps-jitter", test=lambda f: _jitter_is_large(f)),
        Claim(
            name="the-true-line-is-hard-to-beat",
            test=lambda f: None if f.truth is None else f.truth.best >= -f.equivalence,
        ),
        Claim(name="arms-can-be-told-apart", test=lambda f: _separates_arms(f)),
        Claim(
            name="l2-predicts-better-than-l1",
            post="L2 predicts better than L1, as its smaller total errors suggest.",
            test=lambda f: difference_outcome(f.l2_l1.difference) if f.l2_l1 else None,
        ),
        Claim(name="verdicts-agree-on-fresh-data", test=lambda f: _verdicts_agree(f)),
        Claim(
            name="five-runs-tell-either-story",
            # Samples of five runs favor either arm at least one time in twenty.
            test=lambda f: bool(min(f.fives.share, f.fives.second_share) >= 0.05) if f.fives else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for arm in e.arms for run in e.arm_runs(arm))
        if len(e.arms) < 2:
            return
        yield from (run for arm in e.arms for run in [*_at_rest(e, arm), *_on_other_data(e, arm)])
        if _is_constant(e):
            yield from (run for nudge in NUDGES for arm in e.arms for run in nudged_runs(e, arm, nudge))

    def findings(self, e: Experiment, trained: Trained, study: object) -> ErrorsFindings:
        several = len(e.arms) > 1
        own = {arm.name: trained_arm(e, arm, trained) for arm in e.arms}
        rest = {arm.name: [trained[run] for run in _at_rest(e, arm)] for arm in e.arms if several}
        elsewhere = {arm.name: [trained[run] for run in _on_other_data(e, arm)] for arm in e.arms if several}
        twins = [
            {arm.name: [trained[run] for run in nudged_runs(e, arm, nudge)] for arm in e.arms}
            for nudge in NUDGES
            if several and _is_constant(e)
        ]
        totals = {name: total_errors(runs) for name, runs in own.items()}
        pairs = compare_all_arms(e, rest, elsewhere, [own, *twins] if twins else [])
        spreads = [summarize(values) for values in totals.values()]
        everything = summarize(np.concatenate(list(totals.values())))
        l1, l2 = l1_arm(e), own_arm(e, L2)
        strengths = [arm.strength for arm in e.arms if arm.strength > 0]
        verdicts = [pair.difference.verdict for pair in pairs]
        differing = [pair for pair in pairs if pair.difference.verdict != pair.other.verdict]
        contradicting = [p for p in differing if "undecided" not in (p.difference.verdict, p.other.verdict)]
        groups = [(own, "the constant learning rate" if _is_constant(e) else CONDITIONS[e.fresh_data])]
        groups += [(rest, "a learning rate that falls to zero")] if several and _is_constant(e) else []
        groups += [(elsewhere, CONDITIONS[not e.fresh_data])] if several else []
        return ErrorsFindings(
            runs=e.runs.count,
            shown=min(SHOWN, e.runs.count),
            more=max(e.runs.count - SHOWN, 0),
            equivalence=e.margin,
            margin=describe_margin(e),
            post=is_post(e),
            measured=describe_total_error(e),
            classes=has_classes(e),
            only_penalties=len(plain_arms(e)) == len(e.arms),
            collected=is_collected(e.data, e.run(0).draw()),
            fewest=e.comparison.fewest_pairs,
            confidence=e.comparison.confidence,
            condition=CONDITIONS[e.fresh_data],
            other_condition=CONDITIONS[not e.fresh_data],
            arms=[
                ArmErrors(
                    name=arm.name,
                    label=arm.label,
                    totals=totals[arm.name].tolist(),
                    own=summarize(totals[arm.name]),
                    measures=_mean_measures(own[arm.name]),
                    rest=summarize(total_errors(rest.get(arm.name, []))),
                    elsewhere=summarize(total_errors(elsewhere.get(arm.name, []))),
                )
                for arm in e.arms
            ],
            truth=_excess_over_truth(own),
            lowest=everything["min"],
            highest=everything["max"],
            highest_q1=max(s["q1"] for s in spreads),
            lowest_q3=min(s["q3"] for s in spreads),
            deviation=_deviation(totals.values()),
            constant=_is_constant(e),
            nudges=len(NUDGES),
            wander=typical_jitter(e, trained),
            last_steps=last_steps(e),
            same_strength=len(strengths) > 1 and len(set(strengths)) == 1,
            pairs=pairs,
            verdicts={v: verdicts.count(v) for v in ("better", "worse", "practically equal", "undecided")},
            changed=contradicting,
            decided_once=len(differing) - len(contradicting),
            corrected=[f"{p.first} and {p.second}" for p in pairs if p.difference.reason == "family"],
            rounding=[f"{p.first} and {p.second}" for p in pairs if p.constant and p.constant.reason == "rounding"],
            collapses=[found for runs, condition in groups for found in count_collapses(e, runs, condition)],
            l2_l1=find_pair(pairs, l2.name, l1.name) if l1 and l2 else None,
            fives=compare_few(totals[l2.name], totals[l1.name], SHOWN, e.comparison.seed) if l1 and l2 else None,
            diverged=[
                DivergedRun(arm=arm.label, run=i, step=t.diverged)
                for arm in e.arms
                for i, t in enumerate(own[arm.name], 1)
                if t.diverged is not None
            ],
            smallest_p_of_five=2 / 2**5,
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: ErrorsFindings) -> Iterable[Picture]:
        look = arm_styles(e)
        groups = [{"label": a.label, "values": np.array(a.totals), "arm": look[a.name]} for a in findings.arms]
        inputs = {"groups": groups, "xlabel": "total error on the test samples", "first": findings.shown}
        yield Picture(name="errors", figure="strip", inputs=inputs)
        if findings.pairs:
            keys = ("estimate", "low", "high", "verdict")
            rows = [
                {"label": f"{p.first} − {p.second}"} | {key: getattr(p.difference, key) for key in keys}
                for p in findings.pairs
            ]
            xlabel = "difference of total error, mean over pairs (negative: the first is better)"
            inputs = {"rows": rows, "equivalence": (-e.margin, e.margin), "xlabel": xlabel}
            yield Picture(name="differences", figure="intervals", inputs=inputs)

    def tables(self, e: Experiment, findings: ErrorsFindings) -> Iterable[Table]:
        runs = [{"run": i + 1} | {a.name: a.totals[i] for a in findings.arms} for i in range(e.runs.count)]
        columns = {"run": ("run", "d")} | {a.name: (a.label, ".2f") for a in findings.arms}
        yield table("totals", runs, columns, shown=findings.shown)
        named = {"median": "median", "iqm": "interquartile mean", "mean": "mean", "min": "lowest", "max": "highest"}
        columns = {"label": ("arm", "")} | {f"own.{key}": (label, ".2f") for key, label in named.items()}
        yield table("summary", findings.arms, columns | {"own.count": ("runs", "d")})
        if findings.classes:
            columns = {f"measures.{title}": (title, ".3f") for title in findings.arms[0].measures}
            yield table("measures", findings.arms, {"label": ("arm", "")} | columns)
        if findings.collapses:
            columns = {"label": ("arm", ""), "condition": ("with", "")} | rate_columns("rate", "collapsed")
            yield table("arm-collapses", findings.collapses, columns | {"rate.count": ("of", "d")})
        if not findings.pairs:
            return
        both = {"first": ("first", ""), "second": ("second", "")}
        needed = {"why": ("why undecided", ""), "difference.pairs_needed": ("runs it would take", ",d")}
        yield table("comparisons", findings.pairs, both | difference_columns("difference", "mean difference") | needed)
        won = {"superiority": "pairs won by the first", "superiority_low": "from", "superiority_high": "to"}
        columns = both | {f"difference.{key}": (label, ".0%") for key, label in won.items()}
        columns |= {"median": ("median difference", ".2f"), "iqm": ("interquartile mean", ".2f")}
        yield table("wins", findings.pairs, columns)
        if findings.constant:
            yield table("constant", findings.pairs, both | difference_columns("constant", "mean difference"))
        one, fresh = ("other", "difference") if e.fresh_data else ("difference", "other")
        columns = difference_columns(one, "mean", "one draw: ") | difference_columns(fresh, "mean", "fresh draws: ")
        yield table("draws", findings.pairs, both | columns)

    def headline(self, e: Experiment, findings: ErrorsFindings) -> str:
        if math.isnan(findings.lowest):
            return "Every run diverged: its numbers stopped being finite before the training was over."
        spread = f"Totals of single runs range from {findings.lowest:.1f} to {findings.highest:.1f}"
        spread += " at the constant learning rate." if findings.constant and findings.pairs else "."
        if not findings.pairs:
            return spread
        where = "With fresh data for every run" if e.fresh_data else "On one draw of the data"
        where += " and a learning rate that falls to zero" if findings.constant else ""
        equal, undecided = (findings.verdicts[verdict] for verdict in ("practically equal", "undecided"))
        total = len(findings.pairs)
        if equal == total:
            return f"{where}, all arms predict practically equally well. {spread}"
        if undecided == total:
            few = f": {findings.pairs[0].why}" if findings.runs < findings.fewest else ""
            subject = "whether the two arms differ is" if total == 1 else f"all {total} comparisons of arms are"
            return f"{where}, {subject} undecided{few}. {spread}"
        decided = [
            f"{first} predicts better than {second}"
            for p in findings.pairs
            if p.difference.verdict in _DECIDED
            for first, second in [(p.first, p.second)[:: 1 if p.difference.verdict == "better" else -1]]
        ]
        parts = [join_words(decided)] if decided else []
        parts += [f"{equal} of {total} comparisons {'is' if equal == 1 else 'are'} practically equal"] * bool(equal)
        parts += [f"{undecided} {'is' if undecided == 1 else 'are'} undecided"] * bool(undecided)
        return f"{where}, {'; '.join(parts)}. {spread}"


def _separates_arms(f: Any) -> bool | Outcome | None:
    """True if some arm is better than another; False only if all comparisons are practically equal."""
    if not f.pairs:
        return None
    decided = any(f.verdicts[verdict] for verdict in _DECIDED)
    return True if decided else "undecided" if f.verdicts["undecided"] else False


def _verdicts_agree(f: Any) -> bool | Outcome | None:
    """True if verdicts on one draw and on fresh ones are the same; None if no pair of runs finished.

    Two verdicts contradict each other only if both decide.
    """
    if not any(p.difference.pairs for p in f.pairs):
        return None
    if f.changed:
        return False
    return "undecided" if f.decided_once or f.verdicts["undecided"] == len(f.pairs) else True


def _jitter_is_large(f: Any) -> bool | None:
    """True if the jitter of single runs exceeds a quarter of the standard deviation between runs."""
    if not f.constant or not f.last_steps or f.deviation is None:
        return None
    return bool(f.wander > f.deviation / 4)


def _mean_measures(trajectories: list[Trajectory]) -> dict[str, float]:
    """The mean over runs of each of `mean_measures`."""
    found = [mean_measures(t) for t in trajectories]
    return {title: finite_mean(np.array([one[title] for one in found])) for title in found[0]}


def _is_constant(e: Experiment) -> bool:
    return e.training.schedule == "constant"


def _at_rest(e: Experiment, arm: Arm) -> list[Run]:
    """The runs of an arm; with a rate that falls to zero if that of the experiment is constant."""
    if not _is_constant(e):
        return e.arm_runs(arm)
    how = {"training": {"schedule": at_rest(e)}, "recording": Recording.ENDS_ONLY}
    return [vary(run, **how) for run in e.arm_runs(arm)]


def _on_other_data(e: Experiment, arm: Arm) -> list[Run]:
    """The runs of `_at_rest` on fresh data each, or on one draw if the experiment's own data are fresh."""
    return [
        vary(run, data_seed=e.data_seed + (0 if e.fresh_data else i), recording=Recording.ENDS_ONLY)
        for i, run in enumerate(_at_rest(e, arm))
    ]


def _excess_over_truth(arms: Group) -> Truth | None:
    """Total errors of all runs above that of the true line; None if the data have none."""
    runs = [t for own in arms.values() for t in own]
    lines = [truth_error(t.run) for t in runs]
    if None in lines:
        return None
    above = np.array([total - (line or 0.0) for total, line in zip(total_errors(runs), lines, strict=True)])
    found = summarize(above)
    return Truth(runs=int(found["count"]), best=found["min"], median=found["median"])


def _deviation(totals: Iterable[Values]) -> float | None:
    """Root mean over arms of the variance between the runs of an arm; None for single runs."""
    variances = [t.var(ddof=1) for t in (t[np.isfinite(t)] for t in totals) if len(t) > 1]
    return float(np.sqrt(np.mean(variances))) if variances else None
