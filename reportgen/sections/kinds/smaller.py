"""Smaller networks: dead units removed, with a certificate; and those of the post of 2018, chosen by eye."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any, Literal

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    article_animation,
    as_findings,
    at_rest,
    collapsed_runs,
    errors_without_collapses,
    kinds_by_name,
    own_arm,
    rate_findings,
    threshold,
    trained_arm,
    varied_runs,
    vary,
)
from reportgen.sections.wording import is_post, join_words
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.compression import Compressed, compress, subnetwork
from reportgen.statistics.rates import compare_rates
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.text import at_most, number
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run, Start
from reportgen.training.trajectory import Trajectory

HIDDEN = (10, 10, 1)
"""Units of the network that the author chose by eye, instead of three layers of ten."""
PUBLISHED = {
    "before": (22.68515524, 41.64545712, 4.77383674, 24.04390211, 7.25596004),
    "after": (7.61984439, 13.85177842, 11.95983347, 16.95491162, 25.17294774),
}
"""Total errors that the post printed for the network before and after, five runs each."""
ADJUSTED: dict[str, type[Penalty]] = kinds_by_name(L1, L2)
"""Penalties under which the post's adjustment is repeated: its totals are L1's, its published script has L2."""
POST_STRENGTH = 0.3
"""λ of the post."""
WAYS = {
    "full": "full network",
    "removed": "removed, as is",
    "tuned": "removed, trained on",
    "original": "its own initial weights",
    "random": "other initial weights",
    "longer": "full, trained on",
}
"""Labels in the order of the table. The last is the full network, retrained like the third for comparison."""
COMPARED = ("tuned", "original", "random", "longer")
"""The ways that may predict differently. Removal alone leaves outputs as they are."""
RARE = 0.1
"""Starts of which fewer than this share collapse are no gamble."""

State = Literal["no arm", "unfinished", "collapsed", "nothing to remove", "compared"]
"""Whether the networks of the studied arm can be made smaller, or why not."""


def _color(kind: str) -> int | str:
    return ADJUSTED[kind].look("subgradient").arm


def _finished_outcome(difference: Mapping[str, Any], expected: str) -> Outcome | None:
    """The outcome of `difference_outcome`; None if no pair finished."""
    return difference_outcome(difference, expected) if difference["pairs"] else None


def _is_compared(f: Mapping[str, Any]) -> bool:
    return bool(f["study"]["state"] == "compared")


def _equivalence_claim(way: str, name: str) -> Claim:
    """The claim that networks made smaller in this way predict practically as well as the full ones."""
    return Claim(
        name=name,
        test=lambda f: (
            _finished_outcome(f["study"]["ways"][way]["difference"], "practically equal") if _is_compared(f) else None
        ),
    )


def _adjustment_claim(kind: str, name: str, post: str = "") -> Claim:
    """The claim that the author's smaller network predicts better, under one penalty."""
    return Claim(
        name=name,
        post=post,
        test=lambda f: (
            _finished_outcome(f["post"]["adjusted"][kind]["rest"]["difference"], "better") if f["post"] else None
        ),
    )


def _published_outcome(f: Mapping[str, Any]) -> bool | Outcome | None:
    """Whether the ten published totals show an improvement, by an exact permutation test."""
    if not f["post"]:
        return None
    if f["post"]["permutation_share"] > 0.05:
        return "undecided"
    return bool(f["post"]["published"]["after"]["mean"] < f["post"]["published"]["before"]["mean"])


def _collapse_outcome(f: Mapping[str, Any]) -> bool | Outcome | None:
    if not _is_compared(f):
        return None
    rates = f["study"]["collapses"]
    if rates["verdict"] == "more often":
        return True
    return False if rates["verdict"] == "less often" or rates["first_high"] < RARE else "undecided"


@sections.register("smaller")
class Smaller(Section[Findings]):
    """Automatic compression, and the adjustment of the layers in the post of 2018 where its experiment is repeated."""

    title = "A smaller network"
    claims = (
        Claim(
            name="published-totals-tell",
            post="Five runs before the adjustment and five after it: the totals show that it helped.",
            test=_published_outcome,
        ),
        _adjustment_claim(
            "l1", "adjusting-helps", "The network made smaller by what L1 had shown predicts better than before."
        ),
        _adjustment_claim("l2", "adjusting-helps-l2"),
        Claim(
            name="fewer-than-by-eye",
            test=lambda f: majority_outcome(f["study"]["fewer"]) if f["post"] and _is_compared(f) else None,
        ),
        _equivalence_claim("tuned", "training-on"),
        _equivalence_claim("original", "kept-initial-weights"),
        _equivalence_claim("random", "small-from-scratch"),
        Claim(
            name="small-starts-collapse",
            test=_collapse_outcome,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        if not e.network.hidden:
            return
        yield from (run for arm in e.arms for run in e.arm_runs(arm))
        yield from _studied_runs(e)
        if is_post(e):
            for kind in ADJUSTED:
                for hidden in (e.network.hidden, HIDDEN):
                    yield from _replica_runs(e, kind, hidden)
                    yield from _rest_runs(e, kind, hidden)

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        full = [trained[run] for run in _studied_runs(e)]
        if _state(e, full) == "compared":
            for t in full:
                if t.diverged is None:
                    yield from _smaller_runs(e, t).values()

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        automatic = [self._compress_arm(e, arm, trained) for arm in e.arms] if e.network.hidden else []
        return {
            "hidden": list(e.network.hidden),
            "parameters": e.network.parameters(*e.data.shape),
            "one_input": e.data.shape[0] == 1,
            "runs": e.runs.count,
            "margin": e.margin,
            "confidence": e.comparison.confidence,
            "automatic": automatic,
            "least": _smallest_arm(automatic),
            "study": self._compare_ways(e, trained),
            "post": _repeat_post(e, trained) if is_post(e) else None,
        }

    def _compress_arm(self, e: Experiment, arm: Arm, trained: Trained) -> Findings:
        """The size of each run of an arm without its dead units, and the change of its outputs."""
        ended = [t for t in trained_arm(e, arm, trained) if t.diverged is None]
        done = [_compress_run(e, t) for t in ended]
        sizes = [c.parameters for c, _ in done]
        return {
            "label": arm.label,
            "name": arm.name,
            "threshold": _band(e, arm),
            "runs": len(done),
            "collapsed": int(collapsed_runs(ended).sum()),
            "parameters": float(np.median(sizes)) if done else math.nan,
            "fewest": min(sizes, default=None),
            "most": max(sizes, default=None),
            "hidden": [float(width) for width in np.median([c.hidden for c, _ in done], axis=0)] if done else [],
            "change": float(max((change for _, change in done), default=math.nan)),
        }

    def _compare_ways(self, e: Experiment, trained: Trained) -> Findings:
        """Compare the ways to make the networks of one arm smaller: parameters, errors, differences from the full ones.

        A run that diverged has no smaller networks: it is missing from every way.
        """
        arm, full = _studied(e), [trained[run] for run in _studied_runs(e)]
        found: Findings = {"state": _state(e, full)}
        if arm is None:
            return found
        collapsed = {"full": collapsed_runs(full)}
        found |= {"arm": arm.label, "strength": arm.strength, "collapsed": int(collapsed["full"].sum())}
        if found["state"] != "compared":
            return found
        made = [_smaller_runs(e, t) if t.diverged is None else {} for t in full]
        small = [_compress_run(e, t) for t in full if t.diverged is None]
        sizes = np.array([c.parameters for c, _ in small])
        ways: dict[str, Findings] = {}
        kept: dict[str, Values] = {}
        for way, label in WAYS.items():
            # Removal leaves outputs unchanged, so the runs are the full ones.
            results = [trained[runs[way]] if way in runs else t for runs, t in zip(made, full, strict=True)]
            parameters = sizes if way == "removed" else [_parameter_count(t) for t in results]
            totals = _compressed_errors(e, full) if way == "removed" else total_errors(results)
            kept[way] = errors_without_collapses(results)
            collapsed[way] = collapsed_runs(results)
            ways[way] = {
                "label": label,
                "parameters": float(np.median(parameters)),
                "error": summarize(totals),
                "totals": totals.tolist(),
                "collapsed": int(collapsed[way].sum()),
            }
        differences = compare_family([(kept[way], kept["full"]) for way in COMPARED], e.margin, e.comparison)
        for way, difference in zip(COMPARED, differences, strict=True):
            ways[way]["difference"] = as_findings(difference)
        finished = np.array([t.diverged is None for t in full])
        return {
            **found,
            "ways": ways,
            "finished": len(small),
            "certificate": float(max(change for _, change in small)),
            "hidden": [float(width) for width in np.median([c.hidden for c, _ in small], axis=0)],
            "fewer": rate_findings(sizes < _by_eye(e).parameters(*e.data.shape), e.comparison),
            "collapses": as_findings(
                compare_rates(collapsed["random"][finished], collapsed["full"][finished], e.comparison)
            ),
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        if findings["post"]:
            yield from self._post_media(e, trained, findings["post"])
        if findings["study"]["state"] == "compared":
            rows = [
                {
                    "label": f"{way['label']} · {number(way['parameters'], '.0f')}",
                    "values": np.array(way["totals"]),
                    "arm": NoPenalty.look().arm if name in ("full", "longer") else L1.look("proximal").arm,
                }
                for name, way in findings["study"]["ways"].items()
            ]
            yield Picture(
                name="ways-to-shrink",
                figure="strip",
                inputs={"groups": rows, "xlabel": "total error on the test samples", "first": 5},
                alt="Total error of every run of the full network and of each smaller one made of it, with the median "
                f"number of parameters. {_medians_text(rows)}.",
            )

    def _post_media(self, e: Experiment, trained: Trained, post: Findings) -> Iterable[Picture | Animation]:
        full, small = (trained[_replica_runs(e, "l2", hidden)[0]] for hidden in (e.network.hidden, HIDDEN))
        yield article_animation(
            "weights-adjusted",
            ["weights"],
            [Panel(title="before", trajectory=full), Panel(title="after", trajectory=small)],
            alt=f"Weight matrices of the network before and after the adjustment, in step, both with L2: hidden "
            f"layers of {join_words(e.network.hidden)} units and of {join_words(HIDDEN)}. The last square of "
            "the smaller one is a single weight.",
        )
        groups: list[dict[str, Any]] = [
            {"label": f"{a['label']}, {when}{note}", "values": np.array(a[rate][when]["totals"]), "arm": _color(kind)}
            for rate, note in (("constant", ""), ("rest", ", falling rate"))
            for kind, a in post["adjusted"].items()
            for when in ("before", "after")
        ]
        groups += [
            {"label": f"published, {when}", "values": np.array(p["totals"]), "arm": NoPenalty.look().arm}
            for when, p in post["published"].items()
        ]
        yield Picture(
            name="adjusted",
            figure="strip",
            inputs={"groups": groups, "xlabel": "total error on the test samples", "first": 5},
            alt=f"Total error of every run before and after the adjustment. {_medians_text(groups)}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        if findings["post"]:
            yield from self._post_tables(e, findings["post"])
        if findings["automatic"]:
            yield Table(
                name="compression",
                columns=(
                    Column(label="arm"),
                    Column(label="counts as zero up to", format=".2g"),
                    Column(label="hidden units left"),
                    Column(label="parameters left, median", format=".0f"),
                    Column(label="fewest", format="d"),
                    Column(label="most", format="d"),
                    Column(label="largest change of output", format=".1e"),
                    Column(label="collapsed", format="d"),
                    Column(label="runs", format="d"),
                ),
                rows=tuple(
                    (
                        a["label"],
                        a["threshold"],
                        ", ".join(f"{width:g}" for width in a["hidden"]),
                        *(a[key] for key in ("parameters", "fewest", "most", "change", "collapsed", "runs")),
                    )
                    for a in findings["automatic"]
                ),
            )
        if findings["study"]["state"] != "compared":
            return
        ways = findings["study"]["ways"]
        yield Table(
            name="ways-to-shrink",
            columns=(
                Column(label="network"),
                Column(label="parameters", format=".0f"),
                Column(label="collapsed", format="d"),
                Column(label="median error", format=".2f"),
                Column(label="mean difference", format=".2f"),
                Column(label="from", format=".2f"),
                Column(label="to", format=".2f"),
                Column(label="verdict"),
            ),
            rows=tuple(
                (
                    way["label"],
                    way["parameters"],
                    way["collapsed"],
                    way["error"]["median"],
                    *(way["difference"][key] if "difference" in way else None for key in ("estimate", "low", "high")),
                    way["difference"]["verdict"] if "difference" in way else "",
                )
                for way in ways.values()
            ),
        )
        yield Table(
            name="ways-to-shrink-runs",
            columns=(
                Column(label="run", format="d"),
                *(Column(label=way["label"], format=".2f") for way in ways.values()),
            ),
            rows=tuple((i + 1, *(way["totals"][i] for way in ways.values())) for i in range(e.runs.count)),
            shown=5,
        )

    def _post_tables(self, e: Experiment, post: Findings) -> Iterable[Table]:
        sides = [
            (a["label"], when, a["constant"][when]["totals"])
            for a in post["adjusted"].values()
            for when in ("before", "after")
        ]
        sides += [("published", when, p["totals"]) for when, p in post["published"].items()]
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
            name="adjustment",
            columns=(
                Column(label="penalty"),
                Column(label="learning rate"),
                Column(label="median before", format=".2f"),
                Column(label="after", format=".2f"),
                Column(label="collapsed before", format="d"),
                Column(label="after", format="d"),
                Column(label="mean difference", format=".2f"),
                Column(label="from", format=".2f"),
                Column(label="to", format=".2f"),
                Column(label="verdict"),
            ),
            rows=tuple(
                (
                    a["label"],
                    label,
                    *(a[rate][when][key] for key in ("median", "collapsed") for when in ("before", "after")),
                    *(a[rate]["difference"][key] for key in ("estimate", "low", "high")),
                    a[rate]["difference"].get("verdict", ""),
                )
                for rate, label in (("constant", "constant"), ("rest", "falls to zero"))
                for a in post["adjusted"].values()
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        smallest, said = findings["least"], []
        if findings["post"]:
            told = {
                "better": "predicts better than the full one",
                "worse": "predicts worse than the full one",
                "practically equal": "predicts practically as well as the full one",
                "undecided": "cannot be told from the full one by its error: the comparison is undecided",
            }[findings["post"]["adjusted"]["l1"]["rest"]["difference"]["verdict"]]
            said.append(f"The smaller network that the post chose by eye {told}.")
        if smallest and smallest["parameters"] < findings["parameters"]:
            moved = f" by more than {at_most(smallest['change'], '.1e')}" if smallest["change"] else ""
            said.append(
                f"Removing dead units leaves {smallest['parameters']:.0f} of {findings['parameters']} parameters under "
                f"{smallest['label']} and moves no output{moved}."
            )
        return " ".join(said) or None


def _by_eye(e: Experiment) -> Any:
    return dataclasses.replace(e.network, hidden=HIDDEN)


def _replica_runs(e: Experiment, kind: str, hidden: tuple[int, ...]) -> list[Run]:
    """Runs as in the post, at its λ and a constant rate."""
    how = {"penalty": ADJUSTED[kind](), "strength": POST_STRENGTH, "step": "subgradient"}
    return [
        vary(e.run(i), network={"hidden": hidden}, training={"schedule": "constant"}, **how)
        for i in range(e.runs.count)
    ]


def _rest_runs(e: Experiment, kind: str, hidden: tuple[int, ...]) -> list[Run]:
    """The same runs at a rate that falls to zero."""
    how = {"training": {"schedule": at_rest(e)}, "recording": Recording.ENDS_ONLY}
    return [vary(run, **how) for run in _replica_runs(e, kind, hidden)]


def _repeat_post(e: Experiment, trained: Trained) -> Findings:
    """The post's adjustment: totals at its constant rate as it published them, verdicts at a rate that falls to zero.

    At a constant rate the last steps decide, so differences there get an interval and no verdict.
    """
    adjusted: dict[str, Findings] = {
        kind: {"label": of.look("subgradient").title, "constant": {}, "rest": {}} for kind, of in ADJUSTED.items()
    }
    # Two tests of collapses answer one question, so each has half of the level.
    halved = dataclasses.replace(e.comparison, confidence=1 - (1 - e.comparison.confidence) / len(ADJUSTED))
    for rate, runs in (("constant", _replica_runs), ("rest", _rest_runs)):
        pairs = []
        for kind, a in adjusted.items():
            sides = [[trained[run] for run in runs(e, kind, hidden)] for hidden in (HIDDEN, e.network.hidden)]
            totals, collapsed = [total_errors(side) for side in sides], [collapsed_runs(side) for side in sides]
            pairs.append((errors_without_collapses(sides[0]), errors_without_collapses(sides[1])))
            for when, total, lost in zip(("after", "before"), totals, collapsed, strict=True):
                a[rate][when] = {**summarize(total), "totals": total.tolist(), "collapsed": int(lost.sum())}
            if rate == "rest":
                a["collapses"] = as_findings(compare_rates(collapsed[0], collapsed[1], halved))
        for a, difference in zip(adjusted.values(), compare_family(pairs, e.margin, e.comparison), strict=True):
            told = as_findings(difference)
            a[rate]["difference"] = (
                told if rate == "rest" else {key: told[key] for key in ("estimate", "low", "high", "pairs")}
            )
    return {
        "adjusted": adjusted,
        "published": {when: {**summarize(np.array(t)), "totals": list(t)} for when, t in PUBLISHED.items()},
        "permutation_share": _permutation_share(*(np.array(PUBLISHED[when]) for when in ("before", "after"))),
        "smaller": list(HIDDEN),
        "parameters": _by_eye(e).parameters(*e.data.shape),
        "strength": POST_STRENGTH,
    }


def _studied(e: Experiment) -> Arm | None:
    """The arm whose networks are made smaller in every way: the first with L1, with proximal steps if there is one."""
    return (own_arm(e, L1, "proximal") or own_arm(e, L1)) if e.network.hidden else None


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
    removed = [_compress_run(e, t)[0].parameters < _parameter_count(t) for t in ended]
    return "compared" if any(removed) else "nothing to remove"


def _medians_text(groups: Iterable[Mapping[str, Any]]) -> str:
    """The medians of a strip, for its alt text."""
    finite = [(g["label"], np.asarray(g["values"])[np.isfinite(g["values"])]) for g in groups]
    return "; ".join(
        f"{label}: " + (f"median {np.median(v):.1f}" if len(v) else "none finished") for label, v in finite
    )


def _smallest_arm(automatic: list[Findings]) -> Findings | None:
    """The arm with the fewest parameters, among those of which fewer than half of the runs collapsed; None if none."""
    working = [arm for arm in automatic if arm["runs"] and arm["collapsed"] < arm["runs"] / 2]
    return min(working, key=lambda arm: (arm["parameters"], arm["change"]), default=None)


def _band(e: Experiment, arm: Arm | Run) -> float:
    """The largest weight that counts as zero: η·λ after subgradient steps, 0 after proximal ones."""
    return 0.0 if arm.step == "proximal" else threshold(e, arm.strength)


def _compress_run(e: Experiment, t: Trajectory) -> tuple[Compressed, float]:
    """Compress a run; return it with its certificate, the largest change of outputs on a dense grid."""
    kernels, biases = t.at(-1)
    small = compress(kernels, biases, _band(e, t.run), t.run.network.activation)
    x = t.run.draw().x_train
    if x.shape[1] == 1:
        dense = np.linspace(x.min(), x.max(), 1001)[:, None]
    else:
        # Many inputs have no dense grid: random samples of the range of the training inputs instead.
        dense = np.random.default_rng(0).uniform(x.min(axis=0), x.max(axis=0), (1001, x.shape[1]))
    return small, small.largest_change(kernels, biases, dense, t.run.network.activation)


def _smaller_runs(e: Experiment, t: Trajectory) -> dict[str, Run]:
    """The runs that continue from a finished one, by way. All record only their ends."""
    small, _ = _compress_run(e, t)
    as_before = {"recording": Recording.ENDS_ONLY}
    structure = {"network": {"hidden": small.hidden}, **as_before}
    original = subnetwork(*t.run.initial_weights(), small.kept)
    runs = {
        "tuned": vary(t.run, start=Start.from_arrays(small.kernels, small.biases), **structure),
        "original": vary(t.run, start=Start.from_arrays(*original), **structure),
        "longer": vary(t.run, start=Start.from_arrays(*t.at(-1)), **as_before),
    }
    # One start for each run: several of one structure would not be independent.
    return {**runs, "random": vary(runs["original"], start=None, init_seed=t.run.init_seed + 100_000)}


def _parameter_count(t: Trajectory) -> int:
    return t.run.network.parameters(*t.run.data.shape)


def _compressed_errors(e: Experiment, full: Iterable[Trajectory]) -> Values:
    """`total_error` of each run without its dead units."""
    totals = []
    for t in full:
        if t.diverged is None:
            small, _ = _compress_run(e, t)
            data = t.run.draw()
            outputs = forward(small.kernels, small.biases, data.x_test, t.run.network.activation)
            totals.append(float(np.abs(outputs - data.y_test).sum()))
        else:
            totals.append(float("nan"))
    return np.array(totals)


def _permutation_share(before: Values, after: Values) -> float:
    """The share of all splits of the ten totals into two fives whose means differ at least as much."""
    both, size = np.concatenate([before, after]), len(before)
    seen = abs(before.mean() - after.mean())
    deals = [np.array(rows) for rows in combinations(range(len(both)), size)]
    gaps = [abs(both[rows].mean() - np.delete(both, rows).mean()) for rows in deals]
    return float(np.mean(np.array(gaps) >= seen - 1e-12))
