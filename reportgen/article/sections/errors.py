"""Every run's total error, and which differences between arms are known."""

import math
from collections.abc import Iterable
from itertools import combinations

import numpy as np

from reportgen.analysis.comparison import family
from reportgen.analysis.errors import spread, total_errors
from reportgen.article.common import last_steps, listed, looks, stated, trained_arm, typical_wander
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Run

SHOWN = 5
"""Runs that the table shows in full, as many as the post had."""


@sections.register("errors")
class Errors(Section):
    """The post's table, with enough runs to read it."""

    title = "Which penalty predicts best"

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in e.arms for run in e.arm_runs(arm)]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        totals = {arm.name: total_errors(trained_arm(e, arm, trained)) for arm in e.arms}
        diverged = [
            {"arm": arm.label, "run": i, "step": trajectory.diverged}
            for arm in e.arms
            for i, trajectory in enumerate(trained_arm(e, arm, trained))
            if trajectory.diverged is not None
        ]
        labels = {arm.name: arm.label for arm in e.arms}
        combined = list(combinations(totals, 2))
        differences = family([(totals[a], totals[b]) for a, b in combined], e.comparison)
        pairs = [
            {
                "first": labels[a],
                "second": labels[b],
                "names": [a, b],
                **stated(difference),
            }
            for (a, b), difference in zip(combined, differences, strict=True)
        ]
        everything = spread(np.concatenate(list(totals.values())))
        spreads = [spread(t) for t in totals.values()]
        margin = e.comparison.equivalence
        return {
            "runs": e.runs.count,
            "shown": min(SHOWN, e.runs.count),
            "equivalence": e.comparison.equivalence,
            "confidence": e.comparison.confidence,
            "resamples": e.comparison.resamples,
            "arms": [
                {"name": arm.name, "label": arm.label, **spread(totals[arm.name]), "totals": totals[arm.name].tolist()}
                for arm in e.arms
            ],
            "lowest": everything["min"],
            "highest": everything["max"],
            # Whether some stretch of totals belongs to the middle half of every arm.
            "overlap": max(s["q1"] for s in spreads) < min(s["q3"] for s in spreads),
            "wander": typical_wander(e, trained),
            "last_steps": last_steps(e),
            "same_strength": len({arm.strength for arm in e.arms if arm.strength > 0}) == 1,
            "pairs": pairs,
            "verdicts": {v: sum(p["verdict"] in kinds for p in pairs) for v, kinds in _VERDICTS.items()},
            # Beyond the margin on their own, but not once it is counted how often the question was asked.
            "corrected": [
                f"{p['first']} and {p['second']}"
                for p in pairs
                if p["verdict"] == "undecided" and (p["high"] < -margin or p["low"] > margin)
            ],
            "diverged": diverged,
            "smallest_p_of_five": 2 / 2**5,
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        arms, look = findings["arms"], looks(e)
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
            + "; ".join(f"{a['label']}: median {a['median']:.1f}, from {a['min']:.1f} to {a['max']:.1f}" for a in arms)
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
                "equivalence": (-e.comparison.equivalence, e.comparison.equivalence),
                "xlabel": "difference of total error, mean over pairs (negative: the first is better)",
            },
            alt="Mean paired difference with interval for every pair of arms. "
            + "; ".join(
                f"{r['label']}: {r['estimate']:.1f} ({r['low']:.1f} to {r['high']:.1f}), {r['verdict']}" for r in rows
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
            ),
            rows=tuple((a["label"], a["median"], a["iqm"], a["mean"], a["min"], a["max"]) for a in arms),
        )
        if not findings["pairs"]:
            return
        yield Table(
            name="comparisons",
            columns=(
                Column(label="first"),
                Column(label="second"),
                *(Column(label=label, format=".2f") for label in ("mean difference", "from", "to")),
                *(Column(label=label, format=".0%") for label in ("pairs won by the first", "won, from", "won, to")),
                Column(label="verdict on the first"),
                Column(label="runs it would take", format=",d"),
            ),
            rows=tuple(
                (
                    *(p[key] for key in ("first", "second", "estimate", "low", "high")),
                    *(p[key] for key in ("superiority", "superiority_low", "superiority_high", "verdict")),
                    p["pairs_needed"],
                )
                for p in findings["pairs"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        if math.isnan(findings["lowest"]):
            return "Every run diverged: its numbers stopped being finite before the training was over."
        where = "With fresh data for every run" if e.fresh_data else "On one data set"
        if not findings["pairs"]:
            return f"Totals of single runs range from {findings['lowest']:.1f} to {findings['highest']:.1f}."
        decided = [p for p in findings["pairs"] if p["verdict"] in ("better", "worse")]
        if not decided:
            equal, total = findings["verdicts"]["practically equal"], len(findings["pairs"])
            split = f"{equal} of {total} comparisons are practically equal, {total - equal} undecided"
            return (
                f"{where}, {findings['runs']} paired runs per arm show no arm "
                f"to predict better than another: {split if equal else f'all {total} comparisons are undecided'}. "
                f"Totals of single runs range from {findings['lowest']:.1f} to {findings['highest']:.1f}."
            )
        told = [
            f"{p['first']} beats {p['second']}" if p["verdict"] == "better" else f"{p['second']} beats {p['first']}"
            for p in decided
        ]
        return (
            f"{where}, {listed(told)}; of the other comparisons none separates two arms."
            if len(told) < len(findings["pairs"])
            else f"{where}, {listed(told)}."
        )


_VERDICTS = {
    "decided": ("better", "worse"),
    "practically equal": ("practically equal",),
    "undecided": ("undecided",),
}
