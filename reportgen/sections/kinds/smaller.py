"""Smaller networks: by eye as in the post, and by removing dead units, with a certificate."""

import math
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import (
    article_animation,
    as_findings,
    collapsed_runs,
    compare_arms,
    join_words,
    kinds_by_name,
    strength,
    threshold,
    trained_arm,
    vary,
)
from reportgen.statistics.comparison import Values, compare_family, wilson_interval
from reportgen.statistics.compression import Compressed, compress, subnetwork
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.text import number
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run, Start, Step
from reportgen.training.trajectory import Trajectory

HIDDEN = (10, 10, 1)
"""Units of the network that the author chose by eye, instead of three layers of ten."""
PUBLISHED = {
    "before": (22.68515524, 41.64545712, 4.77383674, 24.04390211, 7.25596004),
    "after": (7.61984439, 13.85177842, 11.95983347, 16.95491162, 25.17294774),
}
"""Total errors that the post printed for the network before and after, five runs each."""
STUDIED = "l1-proximal"
"""The arm whose networks are made smaller in every way: its zeros are exact, so no threshold is needed."""
ARMS: dict[str, tuple[type[Penalty], Step]] = {
    **{kind: (of, "subgradient") for kind, of in kinds_by_name(L2, L1).items()},
    STUDIED: (L1, "proximal"),
}
WAYS = {
    "full": "full network",
    "removed": "removed, as is",
    "tuned": "removed, trained on",
    "original": "its own initial weights",
    "random": "other initial weights",
    "by_eye": "the author's size",
    "longer": "full, trained on",
}
"""Labels in the order of the table. The last is the full network, retrained like the third for comparison."""
STARTS = 4
"""Random starts of each small structure: the first is compared, all of them show how often a start fails."""
ROUNDING = 1e-9
"""Outputs that differ by less, in float64, differ by the order in which sums were taken."""


def _color(arm: str) -> int | str:
    of, step = ARMS[arm]
    return of.look(step).arm


def _difference_text(of: str) -> str:
    """The estimate and interval of a paired difference, as text for a sentence."""
    return (
        f"{{{{ {of}.estimate|num('.2f') }}}} (interval {{{{ {of}.low|num('.2f') }}}} to {{{{ {of}.high|num('.2f') }}}})"
    )


def _pairs_needed_text(of: str) -> str:
    """The number of pairs that would decide a difference, as text, if it is known."""
    return (
        f"{{% if {of}.pairs_needed %}}; some {{{{ {of}.pairs_needed|num(',d') }}}} pairs might settle it{{% endif %}}"
    )


def _finished_outcome(difference: dict[str, Any], expected: str) -> Outcome | None:
    """The outcome of `difference_outcome`; None if no pair finished."""
    return difference_outcome(difference, expected) if difference["pairs"] else None


def _equivalence_claim(way: str, name: str, subject: str, post: str = "") -> Claim:
    """The claim that networks made smaller in this way predict practically as well as the full ones."""
    d = f"f.study.ways.{way}.difference"
    said = (
        f"difference of the total errors {{{{ {d}.estimate|num('.2f') }}}}, interval {{{{ {d}.low|num('.2f') }}}} to "
        f"{{{{ {d}.high|num('.2f') }}}}"
    )

    return Claim(
        name=name,
        post=post,
        test=lambda f: _finished_outcome(f["study"]["ways"][way]["difference"], "practically equal"),
        supported=f"{subject} predict practically as well as the full ones ({said}).",
        refuted=f"{subject} predict {{{{ {d}.verdict }}}} than the full ones ({said}).",
        undecided=f"Whether {subject[0].lower()}{subject[1:]} predict as well as the full ones is undecided "
        f"({said}{_pairs_needed_text(d)}).",
    )


def _adjustment_claim(kind: str, name: str, label: str, post: str = "") -> Claim:
    """The claim that the author's smaller network is the better one, under one penalty."""
    d = f"f.adjusted['{kind}'].difference"
    said = f"With {label}, total error after the adjustment less that before it is {_difference_text(d)} on average"
    margin = "{{ f.equivalence|num('g') }}"
    return Claim(
        name=name,
        post=post,
        test=lambda f: _finished_outcome(f["adjusted"][kind]["difference"], "better"),
        supported=f"{said}: the smaller network is better, by more than the margin of {margin}.",
        refuted=f"{said}, which against a margin of {margin} is {{{{ 'practically no difference' if "
        f"{d}.verdict == 'practically equal' else 'worse' }}}}.",
        undecided=f"{said}, which against a margin of {margin} is undecided{_pairs_needed_text(d)}.",
    )


def _has_fewer_parameters(least: dict[str, Any] | None, f: dict[str, Any]) -> bool | None:
    """True if the compressed network has fewer parameters; None if no run finished or the author's is not smaller."""
    if not least or f["parameters_smaller"] >= f["parameters"]:
        return None
    fewer: bool = least["parameters"] < f["parameters_smaller"]
    return fewer


_STARTED = (
    "of {{ f.study.starts.count|num }} trainings from a random start, {{ f.study.starts.collapsed }} collapsed "
    "(interval {{ f.study.starts.low|num('.0%') }} to {{ f.study.starts.high|num('.0%') }} of the starts)"
)


def _collapses(f: dict[str, Any]) -> bool | Outcome | None:
    starts = f["study"]["starts"]
    if not starts["count"]:
        return None
    if starts["low"] > f["study"]["ways"]["full"]["collapsed"] / f["runs"]:
        return True
    return False if starts["high"] < 0.05 else "undecided"


@sections.register("smaller")
class Smaller(Section):
    """The post's adjustment of the layers, repeated, and automatic compression."""

    title = "A smaller network"
    claims = (
        Claim(
            name="published-totals-tell",
            post="Five runs before the adjustment and five after it: the totals show that it helped.",
            test=lambda f: True if f["permutation_share"] <= 0.05 else "undecided",
            supported="But are they further apart than luck would put them? Of all ways to deal the ten totals into "
            "two hands of five, only {{ f.permutation_share|num('.0%') }} put the means at least as far apart.",
            refuted="The ten totals show no difference.",
            undecided="The smaller mean looks like progress. But deal the ten totals into two hands of five in every "
            "possible way, and in {{ f.permutation_share|num('.0%') }} of the deals the means lie at least as far "
            "apart (the p of an exact permutation test). Ten such numbers cannot tell.",
        ),
        _adjustment_claim(
            "l2", "adjusting-helps", "L2", "The network made smaller by what L1 had shown predicts better than before."
        ),
        _adjustment_claim("l1", "adjusting-helps-l1", "L1"),
        Claim(
            name="exact-zeros-can-go",
            test=lambda f: f["study"]["certificate"] <= ROUNDING if f["study"]["finished"] else None,
            supported="Where the zeros are exact, so is the removal: of {{ f.study.finished }} networks trained by "
            "proximal L1 steps, none says anything else without its dead units. The largest change of any output, on "
            "the whole grid, is {{ f.study.certificate|num('.1e') }}, computed with numbers of sixteen digits: "
            "rounding and nothing more.",
            refuted="Removing units that are dead exactly has changed an output by "
            "{{ f.study.certificate|num('.1e') }}, more than rounding explains.",
        ),
        Claim(
            name="fewer-than-by-eye",
            test=lambda f: _has_fewer_parameters(f["least"], f),
            supported="The median run keeps {{ f.least.parameters|num('.0f') }} of {{ f.parameters }} parameters under "
            "{{ f.least.labels }}; the author kept {{ f.parameters_smaller }}. By eye one sees that most units are "
            "idle, but not how few suffice.{% if f.least.single %} The hidden layers that are left have one unit each. "
            "The animations had shown it all along: one path carries the whole function.{% endif %}",
            refuted="No arm's median run ends with fewer parameters than the {{ f.parameters_smaller }} that the "
            "author kept by eye; the fewest are {{ f.least.parameters|num('.0f') }}, under {{ f.least.labels }}.",
        ),
        _equivalence_claim(
            "tuned", "training-on", "Networks without their dead units that are trained on for as long again"
        ),
        _equivalence_claim(
            "original",
            "kept-initial-weights",
            "Networks of the small structure, trained from scratch with the initial weights their units once had,",
        ),
        _equivalence_claim(
            "random", "small-from-scratch", "Networks of the small structure, trained from other initial weights,"
        ),
        _equivalence_claim("by_eye", "by-eye-under-l1", "Networks of the author's size"),
        Claim(
            name="small-starts-collapse",
            test=_collapses,
            supported=f"Starting small is a gamble: {_STARTED}. They say nearly the same of every sample. Of the full "
            "networks {{ f.study.ways.full.collapsed }} of {{ f.runs }} did. That speaks for training wide and cutting "
            "afterwards: few paths are needed at the end, but one of those there at the beginning has to survive.",
            refuted=f"Starting small is no gamble here: {_STARTED}.",
            undecided=f"Whether starting small is a gamble is undecided: {_STARTED}, and of the full networks "
            "{{ f.study.ways.full.collapsed }} of {{ f.runs }}.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for kind in ARMS for hidden in (None, HIDDEN) for run in self._network_runs(e, kind, hidden))
        yield from (run for arm in e.arms for run in e.arm_runs(arm))

    def _network_runs(self, e: Experiment, kind: str, hidden: tuple[int, ...] | None) -> list[Run]:
        network = {"hidden": hidden} if hidden else {}
        of, step = ARMS[kind]
        how = {"penalty": of(), "strength": strength(e), "step": step}
        return [vary(e.run(i), network=network, **how) for i in range(e.runs.count)]

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        for run in self._network_runs(e, STUDIED, None):
            if trained[run].diverged is None:
                made = _smaller_runs(e, trained[run])
                yield from (made[way] for way in ("tuned", "original", "longer"))
                yield from _restarts(made["original"])

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        first = e.run(0)
        adjusted = {}
        for kind, (of, step) in ARMS.items():
            before, after = (
                total_errors(trained[run] for run in self._network_runs(e, kind, h)) for h in (None, HIDDEN)
            )
            adjusted[kind] = {
                "label": of.look(step).title,
                "before": {**summarize(before), "totals": before.tolist()},
                "after": {**summarize(after), "totals": after.tolist()},
                "difference": as_findings(compare_arms(e, after, before)),
            }
        published = {when: {**summarize(np.array(t)), "totals": list(t)} for when, t in PUBLISHED.items()}
        automatic = [self._compress_arm(e, arm, trained) for arm in e.arms]
        return {
            "adjusted": adjusted,
            "published": published,
            "permutation_share": _permutation_share(*(np.array(PUBLISHED[when]) for when in ("before", "after"))),
            "hidden": list(first.network.hidden),
            "smaller": list(HIDDEN),
            "parameters": first.network.parameters(*first.data.shape),
            "parameters_smaller": self._network_runs(e, "l2", HIDDEN)[0].network.parameters(*first.data.shape),
            "runs": e.runs.count,
            "strength": strength(e),
            "threshold": threshold(e),
            "equivalence": e.margin,
            "confidence": e.comparison.confidence,
            "automatic": automatic,
            "least": _smallest_arm(automatic),
            "study": self._compare_ways(e, trained),
        }

    def _compress_arm(self, e: Experiment, arm: Arm, trained: Trained) -> Findings:
        """The size of each run of an arm without its dead units, and the change of its outputs."""
        done = [_compress_run(e, t) for t in trained_arm(e, arm, trained) if t.diverged is None]
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

    def _compare_ways(self, e: Experiment, trained: Trained) -> Findings:
        """Compare the ways to make the networks of one arm smaller: parameters, errors, differences from the full ones.

        A run that diverged has no smaller networks: it is missing from every way.
        """
        full = [trained[run] for run in self._network_runs(e, STUDIED, None)]
        by_eye = [trained[run] for run in self._network_runs(e, STUDIED, HIDDEN)]
        made = [_smaller_runs(e, t) if t.diverged is None else {} for t in full]
        small = [_compress_run(e, t) for t in full if t.diverged is None]
        ways: dict[str, Findings] = {}
        for way, label in WAYS.items():
            results = {
                "full": full,
                # Removal leaves outputs unchanged, so the runs are the full ones.
                "removed": full,
                "by_eye": by_eye,
            }.get(way) or [trained[runs[way]] if runs else t for runs, t in zip(made, full, strict=True)]
            parameters = (
                [c.parameters for c, _ in small] if way == "removed" else [_parameter_count(t) for t in results]
            )
            totals = _compressed_errors(e, full) if way == "removed" else total_errors(results)
            ways[way] = {
                "label": label,
                "parameters": float(np.median(parameters)) if parameters else float("nan"),
                "error": summarize(totals),
                "totals": totals.tolist(),
                "collapsed": int(collapsed_runs(results).sum()),
            }
        compared = [way for way in WAYS if way != "full"]
        errors = {way: np.array(ways[way]["totals"]) for way in WAYS}
        differences = compare_family([(errors[way], errors["full"]) for way in compared], e.margin, e.comparison)
        for way, difference in zip(compared, differences, strict=True):
            ways[way]["difference"] = as_findings(difference)
        starts = [trained[start] for runs in made if runs for start in _restarts(runs["original"])]
        failed = int(collapsed_runs(starts).sum())
        low, high = (
            wilson_interval(failed / len(starts), len(starts), 1 - e.comparison.confidence)
            if starts
            else [float("nan")] * 2
        )
        return {
            "ways": ways,
            "finished": len(small),
            "certificate": float(max((change for _, change in small), default=float("nan"))),
            "hidden": [float(width) for width in np.median([c.hidden for c, _ in small], axis=0)] if small else [],
            "starts": {"count": len(starts), "collapsed": failed, "low": low, "high": high},
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        full, small = (trained[self._network_runs(e, "l2", hidden)[0]] for hidden in (None, HIDDEN))
        yield article_animation(
            "weights-adjusted",
            ["weights"],
            [Panel(title="before", trajectory=full), Panel(title="after", trajectory=small)],
            alt=f"Weight matrices of the network before and after the adjustment, in step, both with L2: hidden "
            f"layers of {join_words(findings['hidden'])} units and of {join_words(HIDDEN)}. The last square of "
            "the smaller one is a single weight.",
        )
        groups: list[dict[str, Any]] = [
            {"label": f"{a['label']}, {when}", "values": np.array(a[when]["totals"]), "arm": _color(kind)}
            for kind, a in findings["adjusted"].items()
            if kind != STUDIED
            for when in ("before", "after")
        ]
        groups += [
            {"label": f"published, {when}", "values": np.array(p["totals"]), "arm": NoPenalty.look().arm}
            for when, p in findings["published"].items()
        ]
        yield Picture(
            name="adjusted",
            figure="strip",
            inputs={"groups": groups, "xlabel": "total error on the test samples", "first": 5},
            alt=f"Total error of every run before and after the adjustment. {_medians_text(groups)}.",
        )
        ways = findings["study"]["ways"]
        rows = [
            {
                "label": f"{way['label']} · {number(way['parameters'], '.0f')}",
                "values": np.array(way["totals"]),
                "arm": NoPenalty.look().arm if name in ("full", "longer") else _color(STUDIED),
            }
            for name, way in ways.items()
        ]
        yield Picture(
            name="ways-to-shrink",
            figure="strip",
            inputs={"groups": rows, "xlabel": "total error on the test samples", "first": 5},
            alt="Total error of every run of the full network and of each smaller one made of it, with the median "
            f"number of parameters. {_medians_text(rows)}.",
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
        ways = findings["study"]["ways"]
        yield Table(
            name="ways-to-shrink",
            columns=(
                Column(label="network"),
                Column(label="parameters", format=".0f"),
                Column(label="median error", format=".2f"),
                Column(label="mean difference", format=".2f"),
                Column(label="from", format=".2f"),
                Column(label="to", format=".2f"),
                Column(label="verdict"),
                Column(label="collapsed", format="d"),
            ),
            rows=tuple(
                (
                    way["label"],
                    way["parameters"],
                    way["error"]["median"],
                    *(way["difference"][key] if "difference" in way else None for key in ("estimate", "low", "high")),
                    way["difference"]["verdict"] if "difference" in way else "",
                    way["collapsed"],
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

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        adjusted = findings["adjusted"]["l2"]["difference"]
        smallest = findings["least"]
        if not smallest:
            return None
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


def _medians_text(groups: Iterable[Mapping[str, Any]]) -> str:
    """The medians of a strip, for its alt text."""
    finite = [(g["label"], np.asarray(g["values"])[np.isfinite(g["values"])]) for g in groups]
    return "; ".join(
        f"{label}: " + (f"median {np.median(v):.1f}" if len(v) else "none finished") for label, v in finite
    )


def _smallest_arm(automatic: list[Findings]) -> Findings | None:
    """The arm with the fewest parameters, and all arms that have as few; None if no run finished."""
    finished = [arm for arm in automatic if arm["hidden"] and not math.isnan(arm["change"])]
    if not finished:
        return None
    smallest = min(finished, key=lambda arm: (arm["parameters"], arm["change"]))
    alike = [arm["label"] for arm in finished if arm["parameters"] == smallest["parameters"]]
    return {**smallest, "labels": "; ".join(alike), "single": max(smallest["hidden"]) == 1}


def _compress_run(e: Experiment, t: Trajectory) -> tuple[Compressed, float]:
    """Compress a run; return it with its certificate, the largest change of outputs on a dense grid.

    After proximal steps only exact zeros count as dead, after subgradient steps weights within η·λ of zero.
    """
    kernels, biases = t.at(-1)
    band = 0.0 if t.run.step == "proximal" else threshold(e, t.run.strength)
    small = compress(kernels, biases, band, t.run.network.activation)
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
    return {**runs, "random": _restarts(runs["original"])[0]}


def _restarts(run: Run) -> list[Run]:
    """The run from random starts other than those of the experiment."""
    return [vary(run, start=None, init_seed=run.init_seed + 100_000 * (k + 1)) for k in range(STARTS)]


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
