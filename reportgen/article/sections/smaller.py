"""Making the network smaller: by eye as the post did, and by removing what is dead, with proof."""

import math
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from reportgen.analysis.comparison import Values
from reportgen.analysis.compression import Compressed, compress
from reportgen.analysis.errors import spread, total_errors
from reportgen.article.common import LOOK, against, listed, penalty, stated, strength, threshold, trained_arm, vary
from reportgen.article.numbers import number
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.experiment import Arm, Experiment
from reportgen.figures import Animation, Panel, Picture, training_animation
from reportgen.run import Run
from reportgen.trajectory import Trajectory

HIDDEN = (10, 10, 1)
"""The author's choice by eye, in place of three layers of ten."""
KINDS = {"l2": "L2", "l1": "L1"}
PUBLISHED = {
    "before": (22.68515524, 41.64545712, 4.77383674, 24.04390211, 7.25596004),
    "after": (7.61984439, 13.85177842, 11.95983347, 16.95491162, 25.17294774),
}
"""Total errors that the post printed for the network before and after, five runs each."""


@sections.register("smaller")
class Smaller(Section):
    """The post's adjustment re-run, and an automatic one beside it."""

    title = "A smaller network"

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for kind in KINDS for hidden in (None, HIDDEN) for run in self._of(e, kind, hidden))
        yield from (run for arm in e.arms for run in e.arm_runs(arm))

    def _of(self, e: Experiment, kind: str, hidden: tuple[int, ...] | None) -> list[Run]:
        network = {"hidden": hidden} if hidden else {}
        return [
            vary(e.run(i), network=network, penalty=penalty(kind), strength=strength(e)) for i in range(e.runs.count)
        ]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        first = e.run(0)
        adjusted = {}
        for kind, label in KINDS.items():
            before, after = (total_errors(trained[run] for run in self._of(e, kind, h)) for h in (None, HIDDEN))
            adjusted[kind] = {
                "label": label,
                "before": {**spread(before), "totals": before.tolist()},
                "after": {**spread(after), "totals": after.tolist()},
                "difference": stated(against(e, after, before)),
            }
        published = {when: {**spread(np.array(t)), "totals": list(t)} for when, t in PUBLISHED.items()}
        return {
            "adjusted": adjusted,
            "published": published,
            "permutation_share": _permutation_share(*(np.array(PUBLISHED[when]) for when in ("before", "after"))),
            "hidden": list(first.network.hidden),
            "smaller": list(HIDDEN),
            "parameters": first.network.parameters(*first.data.shape),
            "parameters_smaller": self._of(e, "l2", HIDDEN)[0].network.parameters(*first.data.shape),
            "runs": e.runs.count,
            "strength": strength(e),
            "threshold": threshold(e),
            "equivalence": e.comparison.equivalence,
            "automatic": [self._automatic(e, arm, trained) for arm in e.arms],
        }

    def _automatic(self, e: Experiment, arm: Arm, trained: Trained) -> Findings:
        """What is left of each run of an arm without its dead units, and how far its outputs moved by that."""
        done = [_compressed(e, t) for t in trained_arm(e, arm, trained) if t.diverged is None]
        if not done:
            return {
                "label": arm.label,
                "name": arm.name,
                "parameters": float("nan"),
                "hidden": [],
                "change": float("nan"),
            }
        return {
            "label": arm.label,
            "name": arm.name,
            "parameters": float(np.median([c.parameters for c, _ in done])),
            "least": min(c.parameters for c, _ in done),
            "most": max(c.parameters for c, _ in done),
            "hidden": [float(width) for width in np.median([c.hidden for c, _ in done], axis=0)],
            "change": float(max(change for _, change in done)),
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        full, small = (trained[self._of(e, "l2", hidden)[0]] for hidden in (None, HIDDEN))
        yield training_animation(
            "weights-adjusted",
            ["weights"],
            [Panel(title="before", trajectory=full), Panel(title="after", trajectory=small)],
            alt=f"Weight matrices of the network before and after the adjustment, in step, both with L2: hidden layers "
            f"of {listed(findings['hidden'])} units and of {listed(HIDDEN)}. The last square of the smaller one is a "
            "single weight.",
        )
        groups: list[dict[str, Any]] = [
            {"label": f"{a['label']}, {when}", "values": np.array(a[when]["totals"]), "arm": LOOK[kind]}
            for kind, a in findings["adjusted"].items()
            for when in ("before", "after")
        ]
        groups += [
            {"label": f"published, {when}", "values": np.array(p["totals"]), "arm": LOOK["none"]}
            for when, p in findings["published"].items()
        ]
        yield Picture(
            name="adjusted",
            figure="strip",
            inputs={"groups": groups, "xlabel": "total error on the test samples", "first": 5},
            alt="Total error of every run before and after the adjustment. "
            + "; ".join(f"{g['label']}: median {np.nanmedian(g['values']):.1f}" for g in groups)
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        sides = [
            (a["label"], when, a[when]["totals"]) for a in findings["adjusted"].values() for when in ("before", "after")
        ]
        sides += [("published", when, p["totals"]) for when, p in findings["published"].items()]
        yield Table(
            name="adjusted",
            columns=(
                Column(label="run", format="d"),
                *(Column(label=f"{label}, {when}", format=".2f") for label, when, _ in sides),
            ),
            rows=tuple(
                (i + 1, *(totals[i] if i < len(totals) else None for _, _, totals in sides))
                for i in range(max(e.runs.count, 5))
            ),
            shown=5,
        )
        yield Table(
            name="compression",
            columns=(
                Column(label="arm"),
                Column(label="hidden units left"),
                Column(label="parameters left, median", format=".0f"),
                Column(label="fewest", format="d"),
                Column(label="most", format="d"),
                Column(label="largest change of output", format=".1e"),
            ),
            rows=tuple(
                (
                    a["label"],
                    ", ".join(f"{width:g}" for width in a["hidden"]),
                    a["parameters"],
                    a.get("least"),
                    a.get("most"),
                    a["change"],
                )
                for a in findings["automatic"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        adjusted = findings["adjusted"]["l2"]["difference"]
        finished = [arm for arm in findings["automatic"] if arm["hidden"] and not math.isnan(arm["change"])]
        if not finished:
            return None
        smallest = min(finished, key=lambda a: (a["parameters"], a["change"]))
        told = {
            "better": "predicts better than the full one",
            "worse": "predicts worse than the full one",
            "practically equal": "predicts practically as well as the full one",
            "undecided": "cannot be told from the full one by its error: the comparison is undecided",
        }[adjusted["verdict"]]
        return (
            f"The smaller network that the post chose by eye {told}. Removing dead units leaves "
            f"{smallest['parameters']:.0f} of {findings['parameters']} parameters under {smallest['label']} and moves "
            f"no output by more than {number(smallest['change'], '.1e')}."
        )


def _compressed(e: Experiment, t: Trajectory) -> tuple[Compressed, float]:
    """A run without its dead units, and the certificate: the largest change of output on a dense grid."""
    kernels, biases = t.at(-1)
    small = compress(kernels, biases, threshold(e, t.run.strength), t.run.network.activation)
    x = t.run.draw().x_train
    if x.shape[1] == 1:
        dense = np.linspace(x.min(), x.max(), 1001)[:, None]
    else:
        # Many inputs have no grid: samples spread over the box that the training inputs fill.
        dense = np.random.default_rng(0).uniform(x.min(axis=0), x.max(axis=0), (1001, x.shape[1]))
    return small, small.largest_change(kernels, biases, dense, t.run.network.activation)


def _permutation_share(before: Values, after: Values) -> float:
    """Share of all ways to deal the ten totals into two fives whose means lie at least as far apart."""
    both, size = np.concatenate([before, after]), len(before)
    seen = abs(before.mean() - after.mean())
    deals = [np.array(rows) for rows in combinations(range(len(both)), size)]
    gaps = [abs(both[rows].mean() - np.delete(both, rows).mean()) for rows in deals]
    return float(np.mean(np.array(gaps) >= seen - 1e-12))
