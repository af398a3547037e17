"""Total errors of all runs, and paired comparisons of the arms."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from itertools import combinations

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    NUDGES,
    arm_styles,
    as_findings,
    at_rest,
    collapsed_runs,
    compare_nudged,
    describe_margin,
    errors_without_collapses,
    last_steps,
    nudged_runs,
    own_arm,
    trained_arm,
    typical_jitter,
    vary,
)
from reportgen.sections.kinds.experiment import truth_error
from reportgen.sections.wording import is_post, join_words, why_undecided
from reportgen.statistics.comparison import Values, interquartile_mean
from reportgen.statistics.rates import compare_rates, rate_interval
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.text import number
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

SHOWN = 5
"""Number of runs that the table lists, as many as the post had."""
_FIVES = 10_000
"""Number of random samples of five runs, to simulate posts with five runs."""
CONDITIONS = {False: "one draw of the data", True: "a new draw for each pair of runs"}
"""Scope of a verdict, by whether each run has its own draw of the data."""


def _l2_beats_l1(f: Findings) -> Outcome | None:
    return None if f["l2_l1"] is None else difference_outcome(f["l2_l1"])


def _separates_arms(f: Findings) -> bool | Outcome | None:
    """True if some arm is better than another; False only if all comparisons are practically equal."""
    if not f["pairs"]:
        return None
    return True if f["verdicts"]["decided"] else "undecided" if f["verdicts"]["undecided"] else False


def _verdicts_agree(f: Findings) -> bool | Outcome | None:
    """True if verdicts on one draw and on fresh ones are the same; None if no pair of runs finished.

    Two verdicts contradict each other only if both decide.
    """
    if not any(p["pairs"] for p in f["pairs"]):
        return None
    if f["changed"]:
        return False
    return "undecided" if f["decided_once"] or f["verdicts"]["undecided"] == len(f["pairs"]) else True


def _runs_overlap(f: Findings) -> bool | None:
    return None if len(f["arms"]) < 2 else bool(f["highest_q1"] < f["lowest_q3"])


def _fives_disagree(f: Findings) -> bool | None:
    """True if samples of five runs favor either arm at least one time in twenty."""
    fives = f["fives"]
    return None if fives is None else bool(min(fives["share"], fives["second_share"]) >= 0.05)


def _jitter_is_large(f: Findings) -> bool | None:
    """True if the jitter of single runs exceeds a quarter of the standard deviation between runs."""
    if not f["constant"] or not f["last_steps"] or f["deviation"] is None:
        return None
    return bool(f["wander"] > f["deviation"] / 4)


@sections.register("errors")
class Errors(Section[Findings]):
    """The post's table of total errors, with more runs and intervals."""

    title = "Which penalty predicts best"
    claims = (
        Claim(
            name="middle-halves-overlap",
            test=_runs_overlap,
        ),
        Claim(
            name="last-steps-jitter",
            test=_jitter_is_large,
        ),
        Claim(
            name="the-true-line-is-hard-to-beat",
            test=lambda f: None if f["truth"] is None else f["truth"]["best"] >= -f["equivalence"],
        ),
        Claim(
            name="arms-can-be-told-apart",
            test=_separates_arms,
        ),
        Claim(
            name="l2-predicts-better-than-l1",
            post="L2 predicts better than L1, as its smaller total errors suggest.",
            test=_l2_beats_l1,
        ),
        Claim(
            name="verdicts-agree-on-fresh-data",
            test=_verdicts_agree,
        ),
        Claim(
            name="five-runs-tell-either-story",
            test=_fives_disagree,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for arm in e.arms for run in e.arm_runs(arm))
        if len(e.arms) < 2:
            return
        yield from (run for arm in e.arms for run in [*_at_rest(e, arm), *_on_other_data(e, arm)])
        if _is_constant(e):
            yield from (run for nudge in NUDGES for arm in e.arms for run in nudged_runs(e, arm, nudge))

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        totals = {arm.name: total_errors(trained_arm(e, arm, trained)) for arm in e.arms}
        several = len(e.arms) > 1
        rest = {arm.name: [trained[run] for run in _at_rest(e, arm)] for arm in e.arms} if several else {}
        elsewhere = {arm.name: [trained[run] for run in _on_other_data(e, arm)] for arm in e.arms} if several else {}
        diverged = [
            {"arm": arm.label, "run": i, "step": trajectory.diverged}
            for arm in e.arms
            for i, trajectory in enumerate(trained_arm(e, arm, trained))
            if trajectory.diverged is not None
        ]
        pairs = [
            {**own, "other": other, "constant": constant}
            for own, other, constant in zip(
                _compare_all_arms(e, rest),
                _compare_all_arms(e, elsewhere),
                _compare_as_trained(e, trained),
                strict=True,
            )
        ]
        everything = summarize(np.concatenate(list(totals.values())))
        spreads = [summarize(t) for t in totals.values()]
        l1, l2 = (arm.name if (arm := own_arm(e, kind)) else None for kind in (L1, L2))
        l2_l1 = _find_comparison(pairs, l2, l1)
        penalized = [arm.strength for arm in e.arms if arm.strength > 0]
        return {
            "runs": e.runs.count,
            "shown": min(SHOWN, e.runs.count),
            "more": max(e.runs.count - SHOWN, 0),
            "equivalence": e.margin,
            "post": is_post(e),
            "margin": describe_margin(e),
            "collected": e.run(0).draw().noise is None,
            "fewest": e.comparison.fewest_pairs,
            "confidence": e.comparison.confidence,
            "resamples": e.comparison.resamples,
            "condition": CONDITIONS[e.fresh_data],
            "other_condition": CONDITIONS[not e.fresh_data],
            "arms": [
                {
                    "name": arm.name,
                    "label": arm.label,
                    **summarize(totals[arm.name]),
                    "totals": totals[arm.name].tolist(),
                    "rest": _summary(rest.get(arm.name, [])),
                    "elsewhere": _summary(elsewhere.get(arm.name, [])),
                }
                for arm in e.arms
            ],
            "truth": _excess_over_truth(e, trained),
            "lowest": everything["min"],
            "highest": everything["max"],
            "highest_q1": max(s["q1"] for s in spreads),
            "lowest_q3": min(s["q3"] for s in spreads),
            "deviation": _deviation(totals.values()),
            "constant": _is_constant(e),
            "nudges": len(NUDGES),
            "wander": typical_jitter(e, trained),
            "last_steps": last_steps(e),
            "same_strength": len(penalized) > 1 and len(set(penalized)) == 1,
            "pairs": pairs,
            "verdicts": {v: sum(p["verdict"] in kinds for p in pairs) for v, kinds in _VERDICTS.items()},
            "changed": [p for p in pairs if "undecided" not in (ends := _verdicts_of(p)) and len(ends) > 1],
            "decided_once": sum("undecided" in (ends := _verdicts_of(p)) and len(ends) > 1 for p in pairs),
            # Beyond the margin by their own intervals, but not by those that hold for all comparisons together.
            "corrected": [f"{p['first']} and {p['second']}" for p in pairs if p["reason"] == "family"],
            "rounding": [
                f"{p['first']} and {p['second']}"
                for p in pairs
                if p["constant"] and p["constant"]["reason"] == "rounding"
            ],
            "collapses": [
                *_count_collapses(
                    e,
                    {arm.name: trained_arm(e, arm, trained) for arm in e.arms},
                    "the constant learning rate" if _is_constant(e) else CONDITIONS[e.fresh_data],
                ),
                *(_count_collapses(e, rest, _RESTING) if several and _is_constant(e) else []),
                *(_count_collapses(e, elsewhere, CONDITIONS[not e.fresh_data]) if several else []),
            ],
            "l2_l1": l2_l1,
            "fives": _compare_fives(totals[str(l2)], totals[str(l1)], l2_l1, e.comparison.seed) if l2_l1 else None,
            "diverged": diverged,
            "smallest_p_of_five": 2 / 2**5,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        arms, look = findings["arms"], arm_styles(e)
        yield Picture(
            name="errors",
            figure="strip",
            inputs={
                "groups": [
                    {"label": arm["label"], "values": np.array(arm["totals"]), "arm": look[arm["name"]]} for arm in arms
                ],
                "xlabel": "total error on the test samples",
                "first": findings["shown"],
            },
            alt="Total error of every run, one row for each arm. "
            + "; ".join(
                f"{a['label']}: median {a['median']:.1f}, from {a['min']:.1f} to {a['max']:.1f}"
                if a["count"]
                else f"{a['label']}: no run came to its end"
                for a in arms
            )
            + ".",
        )
        if not findings["pairs"]:
            return
        rows = [
            {
                "label": f"{p['first']} − {p['second']}",
                "estimate": p["estimate"],
                "low": p["low"],
                "high": p["high"],
                "verdict": p["verdict"],
            }
            for p in findings["pairs"]
        ]
        yield Picture(
            name="differences",
            figure="intervals",
            inputs={
                "rows": rows,
                "equivalence": (-e.margin, e.margin),
                "xlabel": "difference of total error, mean over pairs (negative: the first is better)",
            },
            alt="Mean paired difference with interval for every pair of arms. "
            + "; ".join(
                "{label}: {} ({} to {}), {verdict}".format(
                    *(number(r[k], ".1f") for k in ("estimate", "low", "high")), **r
                )
                if math.isfinite(r["high"] - r["low"])
                else "{label}: {verdict}".format(**r)
                for r in rows
            )
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        arms = findings["arms"]
        yield Table(
            name="totals",
            columns=(Column(label="run", format="d"), *(Column(label=arm["label"], format=".2f") for arm in arms)),
            rows=tuple((i + 1, *(arm["totals"][i] for arm in arms)) for i in range(e.runs.count)),
            shown=findings["shown"],
        )
        yield Table(
            name="summary",
            columns=(
                Column(label="arm"),
                *(Column(label=label, format=".2f") for label in ("median", "interquartile mean", "mean")),
                *(Column(label=label, format=".2f") for label in ("lowest", "highest")),
                Column(label="runs", format="d"),
            ),
            rows=tuple(tuple(a[k] for k in ("label", "median", "iqm", "mean", "min", "max", "count")) for a in arms),
        )
        if not findings["pairs"]:
            return
        yield Table(
            name="comparisons",
            columns=(
                Column(label="first − second"),
                *(Column(label=label, format=".2f") for label in ("mean", "from", "to")),
                Column(label="verdict on the first"),
                Column(label="why undecided"),
                Column(label="runs it would take", format=",d"),
                *(Column(label=label, format=".0%") for label in ("pairs won by the first", "won, from", "won, to")),
                *(Column(label=label, format=".2f") for label in ("median", "interquartile mean")),
            ),
            rows=tuple(
                (
                    f"{p['first']} − {p['second']}",
                    *(p[key] for key in ("estimate", "low", "high", "verdict", "why", "pairs_needed")),
                    *(p[key] for key in ("superiority", "superiority_low", "superiority_high", "median", "iqm")),
                )
                for p in findings["pairs"]
            ),
        )
        if findings["constant"]:
            yield Table(
                name="constant",
                columns=(
                    Column(label="first − second"),
                    *(Column(label=label, format=".2f") for label in ("mean", "from", "to")),
                    Column(label="verdict on the first"),
                    Column(label="why undecided"),
                ),
                rows=tuple(
                    (
                        f"{p['first']} − {p['second']}",
                        *(p["constant"][key] for key in ("estimate", "low", "high", "verdict", "why")),
                    )
                    for p in findings["pairs"]
                ),
            )
        sides = ("other", "own") if e.fresh_data else ("own", "other")
        yield Table(
            name="draws",
            columns=(
                Column(label="first − second"),
                *(
                    Column(label=f"{label}, {name}")
                    for name in ("one draw", "fresh draws")
                    for label in ("verdict", "why undecided")
                ),
                *(
                    Column(label=f"{label}, {name}", format=".2f")
                    for name in ("one draw", "fresh draws")
                    for label in ("mean", "from", "to")
                ),
            ),
            rows=tuple(
                (
                    f"{p['first']} − {p['second']}",
                    *(both[side][key] for side in sides for key in ("verdict", "why")),
                    *(both[side][key] for side in sides for key in ("estimate", "low", "high")),
                )
                for p in findings["pairs"]
                for both in ({"own": p, "other": p["other"]},)
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        if math.isnan(findings["lowest"]):
            return "Every run diverged: its numbers stopped being finite before the training was over."
        spread = f"Totals of single runs range from {findings['lowest']:.1f} to {findings['highest']:.1f}"
        spread += " at the constant learning rate." if findings["constant"] and findings["pairs"] else "."
        if not findings["pairs"]:
            return spread
        where = "With fresh data for every run" if e.fresh_data else "On one draw of the data"
        if findings["constant"]:
            where += " and a learning rate that falls to zero"
        decided = [
            f"{p['first']} predicts better than {p['second']}"
            if p["verdict"] == "better"
            else f"{p['second']} predicts better than {p['first']}"
            for p in findings["pairs"]
            if p["verdict"] in ("better", "worse")
        ]
        equal, open_ones = (findings["verdicts"][verdict] for verdict in ("practically equal", "undecided"))
        total = len(findings["pairs"])
        if equal == total:
            return f"{where}, all arms predict practically equally well. {spread}"
        if open_ones == total:
            few = why_undecided(findings["pairs"][0]) if findings["runs"] < findings["fewest"] else ""
            subject = "whether the two arms differ" if total == 1 else f"all {total} comparisons of arms"
            return f"{where}, {subject} {'is' if total == 1 else 'are'} undecided{': ' + few if few else ''}. {spread}"
        parts = [join_words(decided)] if decided else []
        if equal:
            parts.append(f"{equal} of {total} comparisons {'is' if equal == 1 else 'are'} practically equal")
        if open_ones:
            parts.append(f"{open_ones} {'is' if open_ones == 1 else 'are'} undecided")
        return f"{where}, {'; '.join(parts)}. {spread}"


_VERDICTS = {
    "decided": ("better", "worse"),
    "practically equal": ("practically equal",),
    "undecided": ("undecided",),
}


def _verdicts_of(pair: Findings) -> set[str]:
    """The verdicts on one draw of the data and on fresh ones."""
    return {pair["verdict"], pair["other"]["verdict"]}


_RESTING = "a learning rate that falls to zero"


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


def _compare_as_trained(e: Experiment, trained: Trained) -> list[Findings | None]:
    """Compare the arms at the experiment's constant rate; a verdict that hangs on rounding is none.

    None for each comparison if the rate is not constant: `_compare_all_arms` has then compared these runs already.
    """
    if len(e.arms) < 2:
        return []
    if not _is_constant(e):
        return [None] * math.comb(len(e.arms), 2)
    own = {arm.name: trained_arm(e, arm, trained) for arm in e.arms}
    twins = [{arm.name: [trained[run] for run in nudged_runs(e, arm, nudge)] for arm in e.arms} for nudge in NUDGES]
    return list(_compare_all_arms(e, own, *twins))


def _compare_all_arms(e: Experiment, *families: Mapping[str, list[Trajectory]]) -> list[Findings]:
    """Compare every arm with every other, as one family; `families` after the first are nudged twins of it."""
    labels = {arm.name: arm.label for arm in e.arms}
    unpenalized = {arm.name for arm in e.arms if not arm.strength}
    totals = [{name: errors_without_collapses(runs) for name, runs in family.items()} for family in families]
    combined = list(combinations(totals[0], 2))
    differences = compare_nudged([[(t[a], t[b]) for a, b in combined] for t in totals], e.margin, e.comparison)
    comparisons = []
    for (a, b), difference in zip(combined, differences, strict=True):
        apart = totals[0][a] - totals[0][b]
        apart = apart[np.isfinite(apart)]
        found = as_findings(difference)
        if {a, b} <= unpenalized:
            # Without a penalty the two arms are the same runs.
            found |= {"verdict": "practically equal", "reason": None, "pairs_needed": None}
        comparisons.append(
            {
                "first": labels[a],
                "second": labels[b],
                "names": [a, b],
                **found,
                "why": why_undecided(found),
                "median": float(np.median(apart)) if len(apart) else math.nan,
                "iqm": interquartile_mean(apart) if len(apart) else math.nan,
            }
        )
    return comparisons


def _count_collapses(e: Experiment, arms: Mapping[str, list[Trajectory]], condition: str) -> list[Findings]:
    """For each arm of which a run collapsed: how many, and whether that is more often than in the steadiest arm."""
    labels = {arm.name: arm.label for arm in e.arms}
    events = {name: collapsed_runs(runs) for name, runs in arms.items()}
    steadiest = min(events, key=lambda name: int(events[name].sum()))
    compared = sum(int(c.sum()) > 0 and name != steadiest for name, c in events.items())
    # Bonferroni's correction.
    rule = dataclasses.replace(e.comparison, confidence=1 - (1 - e.comparison.confidence) / max(compared, 1))
    found = []
    for name, collapsed in events.items():
        count, runs = int(collapsed.sum()), len(collapsed)
        if not count:
            continue
        low, high = rate_interval(count, runs, e.comparison.confidence)
        verdict = compare_rates(collapsed, events[steadiest], rule).verdict if name != steadiest else None
        found.append(
            {
                "label": labels[name],
                "condition": condition,
                "collapsed": count,
                "runs": runs,
                "low": low,
                "high": high,
                "left_out": 2 * count < runs,
                "verdict": verdict,
                "steadiest": labels[steadiest],
            }
        )
    return found


def _summary(runs: list[Trajectory]) -> Findings:
    totals = total_errors(runs)
    return {**summarize(totals), "totals": totals.tolist()}


_MIRRORED = {"better": "worse", "worse": "better"}


def _find_comparison(pairs: Iterable[Findings], first: str | None, second: str | None) -> Findings | None:
    """The comparison of two arms, as `first` minus `second`; None if there is none."""
    for p in pairs:
        if p["names"] == [first, second]:
            return dict(p)
        if p["names"] == [second, first]:
            return {
                **p,
                "first": p["second"],
                "second": p["first"],
                "names": [first, second],
                "estimate": -p["estimate"],
                "low": -p["high"],
                "high": -p["low"],
                "superiority": 1 - p["superiority"],
                "superiority_low": 1 - p["superiority_high"],
                "superiority_high": 1 - p["superiority_low"],
                "verdict": _MIRRORED.get(p["verdict"], p["verdict"]),
                "median": -p["median"],
                "iqm": -p["iqm"],
            }
    return None


def _compare_fives(first: Values, second: Values, names: Findings, seed: int) -> Findings | None:
    """How often either has the smaller sum in five random pairs; None for at most five pairs, or if none differs."""
    apart = first - second
    apart = apart[np.isfinite(apart)]
    if len(apart) <= SHOWN or not apart.any():
        return None
    rng = np.random.default_rng([seed, 9])
    chosen = rng.permuted(np.tile(np.arange(len(apart)), (_FIVES, 1)), axis=1)[:, :SHOWN]
    sums = apart[chosen].sum(axis=1)
    return {
        "first": names["first"],
        "second": names["second"],
        "share": float(np.mean(sums < 0)),
        "second_share": float(np.mean(sums > 0)),
        "choices": _FIVES,
    }


def _excess_over_truth(e: Experiment, trained: Trained) -> Findings | None:
    """Total errors of all runs above that of the true line; None if the data have none."""
    runs = [run for arm in e.arms for run in e.arm_runs(arm)]
    lines = [truth_error(run) for run in runs]
    if None in lines:
        return None
    above = np.array([total - line for total, line in zip(total_errors(trained[r] for r in runs), lines, strict=True)])
    above = above[np.isfinite(above)]
    if not len(above):
        return {"runs": 0, "best": math.nan, "median": math.nan}
    return {"runs": len(above), "best": float(above.min()), "median": float(np.median(above))}


def _deviation(totals: Iterable[Values]) -> float | None:
    """Root mean over arms of the variance between the runs of an arm; None for single runs."""
    variances = [t.var(ddof=1) for t in (t[np.isfinite(t)] for t in totals) if len(t) > 1]
    return float(np.sqrt(np.mean(variances))) if variances else None
