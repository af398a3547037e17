"""Selection of inputs by networks: a piecewise linear function of ten of fifty inputs, and a correlated double."""

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.hinges import Hinges
from reportgen.experiment import Comparison, Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, bound_outcome, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    against_bound,
    article_animation,
    as_findings,
    default_penalty,
    kinds_by_name,
    rate_findings,
)
from reportgen.sections.wording import join_words
from reportgen.statistics.comparison import Values, compare, compare_family
from reportgen.statistics.rates import rate_interval
from reportgen.statistics.sparsity import kept_inputs, kept_units
from reportgen.statistics.total_error import summarize
from reportgen.text import plural
from reportgen.training.network import Network, forward
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

DATA = Hinges()
CHOOSING = 200
"""Number of test samples that choose λ; the others are used once, for the errors that are reported."""
KINDS = kinds_by_name(NoPenalty, L1, L2, ElasticNet, GroupLasso)
DROPPING = kinds_by_name(L1, ElasticNet, GroupLasso)
"""Penalties that set weights to exactly zero."""
GRIDS = dict(
    zip(
        KINDS,
        (
            (0.0,),
            (0.03, 0.05, 0.1, 0.2, 0.3),
            (0.05, 0.1, 0.2),
            (0.05, 0.1, 0.2, 0.4),
            (0.02, 0.03, 0.05, 0.1, 0.15, 0.2),
        ),
        strict=True,
    )
)
"""The strengths that each arm's λ is chosen from: from too weak to drop much to nearly strong enough to collapse."""
_FIRST = 1000
"""The seed of the first draw. The grids were set on draws from 0 on, which are not reported."""
_DRAWS = 30
_ANIMATED = kinds_by_name(L1, GroupLasso)
_NETWORK = Network(hidden=(10,), activation="relu", initializer="he_normal")
_EPOCHS_ONLY = Training(batch_size=50, epochs=96, learning_rate=0.05, schedule="linear", loss="squared")
_TRAINING = dataclasses.replace(_EPOCHS_ONLY, full_batch_steps=300)
_REST = 75
"""The last steps, during which the kept inputs should stand still; at their first the rate is half of the full one."""
_ROLES = np.array(DATA.roles)
_COUNTS = (_ROLES == "counts") | (_ROLES == "has a double")
_IRRELEVANT = _ROLES == "does not count"
_DOUBLE = int(np.flatnonzero(_ROLES == "double")[0])


def _interval(d: str) -> str:
    ends = f" ({{{{ {d}.low|num('.2f') }}}} to {{{{ {d}.high|num('.2f') }}}})"
    return f"{{{{ {d}.estimate|num('.2f') }}}}{{% if {d}.low is number and {d}.high is number %}}{ends}{{% endif %}}"


_HELP = (
    "On this function the error of the group lasso, with its λ for predicting, less that without a penalty is "
    f"{_interval('f.against_none.group_lasso')} on average over the draws"
)
_LOST = (
    "With λ for selecting, L1 has dropped inputs that count in {{ f.lost.l1.events }} and the group lasso in "
    "{{ f.lost.group_lasso.events }} of {{ f.draws }} {{ 'draw' if f.draws == 1 else 'draws' }}"
)
_PREDICTED = (
    "The group lasso with λ for selecting keeps {{ f.arms.group_lasso.selecting.kept|num('.1f') }} inputs, with λ for "
    "predicting {{ f.arms.group_lasso.predicting.kept|num('.1f') }}. The network that was trained anew on the first "
    "has an error of {{ f.arms.group_lasso.selecting.refit.mean|num('.2f') }}, the one under the penalty with the "
    "second {{ f.arms.group_lasso.predicting.error.mean|num('.2f') }}: a difference of "
    + _interval("f.refit_against_fit.group_lasso")
)
_EQUAL = f"On samples not looked at before, group lasso less L1 is {_interval('f.matched.error')} in error"
_MATCHED = (
    "the group lasso keeps {{ f.matched.kept.group_lasso|num('.1f') }} inputs and L1 "
    f"{{{{ f.matched.kept.l1|num('.1f') }}}} on average, a difference of {_interval('f.matched.inputs')}"
)
_UNITS = (
    "L1 leaves {{ f.matched.units_kept.l1|num('.1f') }} of {{ f.hidden }} hidden units in use, the group lasso "
    f"{{{{ f.matched.units_kept.group_lasso|num('.1f') }}}}, a difference of {_interval('f.matched.units')}"
)
_REPEATED = (
    "With λ for selecting, the group lasso keeps each input that counts in "
    "{% if f.arms.group_lasso.selecting.least_counting == 1 %}every draw{% else %}"
    "{{ (f.arms.group_lasso.selecting.least_counting * f.draws)|round|int }} of {{ f.draws }} "
    "{{ 'draw' if f.draws == 1 else 'draws' }} or more"
    "{% endif %}, and each of the others, the "
    "double aside, in {{ (f.arms.group_lasso.selecting.most_irrelevant * f.draws)|round|int }} or fewer"
)
_SHARES = (
    "with λ for selecting, the group lasso keeps the double in {{ f.arms.group_lasso.selecting.double|num('.0%') }} of "
    "the draws and an input that has nothing to do with any other in "
    "{{ f.arms.group_lasso.selecting.irrelevant_share|num('.0%') }}"
)
_SAVED = (
    "If each input costs the same to measure, the group lasso with λ for selecting saves "
    "{{ f.arms.group_lasso.selecting.saving|num('.0%') }} of the price of every future sample on average over the "
    "draws (between {{ f.arms.group_lasso.selecting.saving_least|num('.0%') }} and "
    "{{ f.arms.group_lasso.selecting.saving_most|num('.0%') }}), L1 {{ f.arms.l1.selecting.saving|num('.0%') }}, L2 "
    "{{ f.arms.l2.selecting.saving|num('.0%') }}. Trained anew on what the group lasso keeps, the error less that "
    f"without a penalty on all inputs is {_interval('f.refit_against_none.group_lasso')}"
)
_RANKED = (
    "In {{ f.ranked.events }} of {{ f.draws }} {{ 'draw' if f.draws == 1 else 'draws' }}, all {{ f.relevant }} inputs "
    "with the largest weights under L2 count"
)
_ALL_KEPT = (
    "L2 keeps all {{ f.inputs }} inputs in {{ f.all_kept.events }} of {{ f.draws }} "
    "{{ 'draw' if f.draws == 1 else 'draws' }}"
)


@sections.register("inputs")
class Inputs(Section):
    """Which inputs each penalty keeps, how often, and at what error, as it is and after a refit.

    The refit trains a network anew, without a penalty, on the inputs that were kept. Further training of the same
    network starts with the few units that the penalty leaves: in six other draws, with the group lasso at λ = 0.18, it
    ended with a mean error of 1.4, and training anew with 0.5.
    """

    title = "Which inputs to drop"
    claims = (
        Claim(
            name="penalties-help-where-inputs-are-many",
            test=lambda f: difference_outcome(f["against_none"]["group_lasso"]),
            supported=f"{_HELP}: better.",
            refuted=f"{_HELP}, {{{{ f.against_none.group_lasso.verdict }}}}.",
            undecided=f"{_HELP}. Whether it helps is undecided: {{{{ f.against_none.group_lasso|why }}}}.",
        ),
        Claim(
            name="shrinking-keeps-every-input",
            test=lambda f: majority_outcome(f["all_kept"]),
            supported=_ALL_KEPT + ", so all must be measured.",
            refuted=_ALL_KEPT + " only.",
            undecided=_ALL_KEPT + ", too few to say whether it does in most.",
        ),
        Claim(
            name="nothing-that-counts-is-lost",
            test=lambda f: all_outcomes(*(_is_rare(f["lost"][kind]) for kind in _ANIMATED)),
            supported=f"{_LOST}: for both in less than a fifth of all that could be drawn.",
            refuted=f"{_LOST}: dropping has a risk.",
            undecided=f"{_LOST}, too few to say whether both do so in less than a fifth of all that could be drawn.",
        ),
        Claim(
            name="selecting-then-training-anew-predicts-as-well",
            test=lambda f: difference_outcome(f["refit_against_fit"]["group_lasso"], "better", "practically equal"),
            supported=f"{_PREDICTED}, {{{{ f.refit_against_fit.group_lasso.verdict }}}}.",
            refuted=f"{_PREDICTED}, worse: selecting has its price in prediction.",
            undecided=f"{_PREDICTED}. Whether selecting has a price in prediction is undecided: "
            "{{ f.refit_against_fit.group_lasso|why }}.",
        ),
        Claim(
            name="equal-errors",
            test=lambda f: difference_outcome(f["matched"]["error"], "practically equal"),
            supported=f"{_EQUAL}: practically equal.",
            refuted=f"{_EQUAL}, {{{{ f.matched.error.verdict }}}}: their errors are not equal after all.",
            undecided=f"{_EQUAL}. Whether their errors are equal is undecided: {{{{ f.matched.error|why }}}}.",
        ),
        Claim(
            name="groups-drop-more",
            test=lambda f: difference_outcome(f["matched"]["inputs"]),
            supported=f"The group lasso drops more inputs: {_MATCHED}. L1 does not know what an input is. It sets "
            "single weights to zero, and an input is rid of only when all of its {{ f.hidden }} weights happen to be.",
            refuted=f"The group lasso does not drop more inputs: {_MATCHED}.",
            undecided=f"Whether the group lasso drops more inputs is undecided: {_MATCHED}, and "
            "{{ f.matched.inputs|why }}.",
        ),
        Claim(
            name="plain-l1-drops-units",
            test=lambda f: difference_outcome(f["matched"]["units"]),
            supported=f"For hidden units it is L1 that drops more, at the same two λ: {_UNITS}.",
            refuted=f"L1 does not drop more hidden units, at the same two λ: {_UNITS}.",
            undecided=f"Whether L1 drops more hidden units, at the same two λ, is undecided: {_UNITS}, and "
            "{{ f.matched.units|why }}.",
        ),
        Claim(
            name="a-double-deceives",
            test=lambda f: bound_outcome(f["double_kept"]),
            supported=f"The double deceives: {_SHARES}. It does not count, but it says nearly what the first input "
            "says, and no penalty can know which of the two is the cause. Before paying for both inputs of a "
            "correlated pair, or for the wrong one, ask somebody who knows what they measure.",
            refuted=f"The double does not deceive: {_SHARES}.",
            undecided=f"Whether the double deceives is undecided: {_SHARES}, and {{{{ f.double_kept.why }}}}.",
        ),
        Claim(
            name="repetition-separates",
            test=lambda f: f["separated"],
            supported=f"One training picks by luck, too; many do not. {_REPEATED}. So train on several samples, and "
            "drop what is not kept in most of them: here that drops all that does not count"
            "{% if f.arms.group_lasso.selecting.double > 0.5 %}, the double excepted{% endif %}, and "
            "nothing that does.",
            refuted=f"Repetition does not separate them. {_REPEATED}.",
            undecided=f"{_REPEATED}. Too few draws to say of each whether it is kept in most.",
        ),
        Claim(
            name="ranking-needs-no-zeros",
            test=lambda f: majority_outcome(f["ranked"]),
            supported=f"For a mere ranking one needs no zeros. {_RANKED}. What a ranking does not say is where to "
            "stop.",
            refuted=f"A ranking by size does not replace the zeros. {_RANKED}.",
            undecided=f"{_RANKED}, too few to say whether they do in most.",
        ),
        Claim(
            name="dropping-saves",
            test=lambda f: (
                difference_outcome(f["refit_against_none"]["group_lasso"], "better", "practically equal")
                if f["arms"]["group_lasso"]["selecting"]["saving"] > 0
                else "not supported"
            ),
            supported=f"{_SAVED}, {{{{ f.refit_against_none.group_lasso.verdict }}}}: against that network the saving "
            "costs nothing in error. If just the {{ f.relevant }} that count were kept, it would be "
            "{{ f.possible|num('.0%') }}.",
            refuted=f"{_SAVED}, {{{{ f.refit_against_none.group_lasso.verdict }}}}.",
            undecided=f"{_SAVED}. Whether the saving has a price is undecided: "
            "{{ f.refit_against_none.group_lasso|why }}.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        for draw in range(_draw_count(e)):
            yield from (_run(kind, λ, draw) for kind, grid in GRIDS.items() for λ in grid)

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        for draw in range(_draw_count(e)):
            for kind in DROPPING:
                yield from (_refit_run(trained[_run(kind, λ, draw)], draw) for λ in GRIDS[kind])

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        draws, rule = range(_draw_count(e)), e.comparison
        tried = {
            kind: [[_measure(trained, kind, λ, draw) for λ in grid] for draw in draws] for kind, grid in GRIDS.items()
        }
        return _conclude(tried, rule)

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        arms = findings["arms"]
        selecting = {kind: arm["selecting"] for kind, arm in arms.items()}
        yield Picture(
            name="picks",
            figure="picks",
            inputs={
                "roles": [_ROLE_NAMES[role] for role in DATA.roles],
                "rows": [
                    {
                        "label": arm["label"],
                        "shares": selecting[kind]["shares"],
                        "note": f"{selecting[kind]['kept']:.1f} kept on average",
                    }
                    for kind, arm in arms.items()
                ],
                "xlabel": "number of the input",
            },
            alt=f"Share of {plural(findings['draws'], 'draw')} in which each of {DATA.inputs} inputs is kept, with λ "
            "for selecting. "
            + "; ".join(
                f"{arm['label']}: inputs that count {selecting[kind]['counting_share']:.0%}, the double "
                f"{selecting[kind]['double']:.0%}, others {selecting[kind]['irrelevant_share']:.0%}"
                for kind, arm in arms.items()
            )
            + ".",
        )
        fits = [(kind, "predicting", "errors", "") for kind in KINDS]
        fits += [(kind, "selecting", "refits", ", trained anew") for kind in DROPPING]
        yield Picture(
            name="input-errors",
            figure="strip",
            inputs={
                "groups": [
                    {
                        "label": arms[kind]["label"] + suffix,
                        "values": np.array(arms[kind][choice][errors]),
                        "arm": KINDS[kind].look().arm,
                    }
                    for kind, choice, errors, suffix in fits
                ],
                "xlabel": "mean squared error on new samples",
                "first": 5,
            },
            alt="Mean squared error on new samples, draw by draw. Medians: "
            + "; ".join(
                f"{arms[kind]['label']}{suffix} {np.median(arms[kind][choice][errors]):.2f}"
                for kind, choice, errors, suffix in fits
            )
            + f". The noise alone makes {DATA.noise**2:.2f}.",
        )
        panels = {"error": "as it is", "refit": "trained anew on what is kept"}
        yield Picture(
            name="inputs-and-error",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": title,
                        "xlabel": "inputs kept, mean",
                        "ylabel": "mean squared error on new samples",
                        "series": [
                            {
                                "label": arm["label"],
                                "arm": KINDS[kind].look().arm,
                                "x": [point["kept"] for point in arm["path"]],
                                "y": [point[fit] for point in arm["path"]],
                            }
                            for kind, arm in arms.items()
                        ],
                        "levels": [{"y": DATA.noise**2, "label": "noise alone"}],
                    }
                    for fit, title in panels.items()
                ],
                "share_y": True,
            },
            alt="Mean error against the mean number of inputs kept, a point for each λ tried: as it is, and trained "
            "anew on what is kept. "
            + "; ".join(
                f"{arm['label']}: "
                + ", ".join(f"{p['error']:.2f} and {p['refit']:.2f} with {p['kept']:.0f} inputs" for p in arm["path"])
                for arm in arms.values()
            )
            + ".",
        )
        animated = [(of, _run(kind, selecting[kind]["chosen"][0], 0)) for kind, of in _ANIMATED.items()]
        ends = [f"{of.title} keeps {selecting[kind]['kept_each'][0]:.0f}" for kind, of in _ANIMATED.items()]
        yield article_animation(
            "weights-inputs",
            ["weights"],
            [Panel(title=of.title, trajectory=trained[run], arm=of.look().arm) for of, run in animated],
            alt=f"Weights of two networks in the first draw while they train, a row for each of {DATA.inputs} inputs. "
            f"At the end {join_words(ends)}; "
            "under the group lasso whole rows go.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        arms = findings["arms"]
        yield Table(
            name="inputs",
            columns=(
                Column(label="penalty"),
                Column(label="λ for"),
                Column(label="λ, median", format="g"),
                Column(label="inputs kept", format=".1f"),
                Column(label="of those that count", format=".1f"),
                Column(label="of the others", format=".1f"),
                Column(label="double kept", format=".0%"),
                Column(label="hidden units in use", format=".1f"),
                Column(label="count among the largest", format=".1f"),
                Column(label="saved", format=".0%"),
                Column(label="error as it is", format=".2f"),
                Column(label="trained anew", format=".2f"),
            ),
            rows=tuple(
                (
                    arm["label"],
                    choice,
                    arm[choice]["strength"],
                    arm[choice]["kept"],
                    arm[choice]["found"],
                    arm[choice]["false_picks"],
                    arm[choice]["double"],
                    arm[choice]["units"],
                    arm[choice]["ranked"],
                    arm[choice]["saving"],
                    arm[choice]["error"]["mean"],
                    arm[choice]["refit"]["mean"],
                )
                for kind, arm in arms.items()
                for choice in (_CHOICES if kind in DROPPING else ("predicting",))
            ),
        )
        compared = {
            "against_none": ("as it is", NoPenalty.title),
            "refit_against_none": ("trained anew", NoPenalty.title),
            "refit_against_fit": ("trained anew", "as it is"),
        }
        yield Table(
            name="input-errors",
            columns=(
                Column(label="penalty"),
                Column(label="fit"),
                Column(label="against"),
                Column(label="mean difference", format=".3f"),
                Column(label="from", format=".3f"),
                Column(label="to", format=".3f"),
                Column(label="verdict"),
            ),
            rows=tuple(
                (arms[kind]["label"], fit, other, d["estimate"], d["low"], d["high"], d["verdict"])
                for name, (fit, other) in compared.items()
                for kind, d in findings[name].items()
            ),
        )
        yield Table(
            name="picks",
            columns=(
                Column(label="input", format="d"),
                Column(label="role"),
                *(Column(label=f"kept by {arm['label']}", format=".0%") for arm in arms.values()),
            ),
            rows=tuple(
                (i + 1, _ROLE_NAMES[role], *(arm["selecting"]["shares"][i] for arm in arms.values()))
                for i, role in enumerate(DATA.roles)
            ),
            shown=DATA.relevant + 3,
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        group = findings["arms"]["group_lasso"]
        kept = {choice: group[choice]["kept"] for choice in _CHOICES}
        return (
            f"In a network with {findings['inputs']} inputs of which {findings['relevant']} count, the group lasso "
            f"keeps {kept['predicting']:.1f} inputs on average with the largest λ tried that is within a standard "
            f"error of the best as it is, and {kept['selecting']:.1f} with the largest that is so for networks "
            "trained anew."
        )


_ROLE_NAMES = {
    "has a double": "counts, has a double",
    "counts": "counts",
    "double": "its double, does not count",
    "does not count": "does not count",
}


def _draw_count(e: Experiment) -> int:
    return min(_DRAWS, e.runs.count)


def _run(kind: str, λ: float, draw: int) -> Run:
    """One run; recorded step by step if an animation may show it.

    Without a penalty there are no zeros that should come to rest, and longer training only fits more of the noise, so
    those runs end with their epochs.
    """
    training = _EPOCHS_ONLY if kind == "none" else _TRAINING
    run = Run(
        data=DATA,
        network=_NETWORK,
        training=training,
        penalty=default_penalty(kind),
        strength=λ,
        step="proximal",
        recording=Recording.ENDS_ONLY,
        data_seed=_FIRST + draw,
        order_seed=_FIRST + draw,
        init_seed=_FIRST + draw,
    )
    if kind not in DROPPING:
        return run
    every = 12 if draw == 0 and kind in _ANIMATED else None
    return dataclasses.replace(run, recording=Recording(every=every, at=(run.steps - _REST,), loss=False))


def _refit_run(t: Trajectory, draw: int) -> Run:
    """A run without a penalty, from the same initial weights, on the inputs that a trained network keeps."""
    dropped = np.flatnonzero(~kept_inputs(t.at(-1)[0]))
    return dataclasses.replace(
        _run("none", 0.0, draw), data=dataclasses.replace(DATA, unmeasured=tuple(dropped.tolist()))
    )


def _measure(trained: Trained, kind: str, λ: float, draw: int) -> dict[str, Any]:
    """What a network keeps, and its errors as it is and trained anew on that; all of it as if no weight moved."""
    t = trained[_run(kind, λ, draw)]
    kernels, _ = t.at(-1)
    largest = np.argsort(-np.linalg.norm(kernels[0], axis=1), kind="stable")[: DATA.relevant]
    # Penalties that drop nothing leave nothing to train anew: that is the network without a penalty.
    again = trained[_refit_run(t, draw) if kind in DROPPING else _run("none", 0.0, draw)]
    return {
        "λ": λ,
        "picked": kept_inputs(kernels),
        "units": int(kept_units(kernels)[0].sum()),
        "ranked": int(_COUNTS[largest].sum()),
        "moved": int(_moved_inputs(t).sum()),
        "fit": measure_errors(t),
        "refit": measure_errors(again),
    }


def _moved_inputs(t: Trajectory) -> NDArray[np.bool_]:
    """Which inputs were dropped or kept otherwise at a record of the last steps, of which most runs have one, than at
    the end."""
    last = (t.kernels[0][int(np.searchsorted(t.steps, t.steps[-1] - _REST)) :] != 0).max(axis=2)
    moved: NDArray[np.bool_] = (last != last[-1]).any(axis=0)
    return moved


def measure_errors(t: Trajectory) -> dict[str, float]:
    """Mean squared errors: "choosing", with its standard error, on the samples that choose λ, "error" on the others."""
    kernels, biases = ([w.astype(np.float64) for w in part] for part in t.at(-1))
    data = t.run.draw()
    squares = ((forward(kernels, biases, data.x_test, t.run.network.activation) - data.y_test) ** 2)[:, 0]
    return {
        "choosing": float(squares[:CHOOSING].mean()),
        "choosing_error": float(squares[:CHOOSING].std(ddof=1) / CHOOSING**0.5),
        "error": float(squares[CHOOSING:].mean()),
    }


def choose_strongest(tried: list[dict[str, Any]], fit: str) -> dict[str, Any]:
    """Choose the strongest penalty whose error on the samples for choosing is within one standard error of the least.

    `fit` is "fit" for networks as they are, "refit" for those trained anew on what is kept.

    References:
        Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section 3.4.3.
    """
    best = min((t[fit] for t in tried), key=lambda errors: errors["choosing"])
    limit = best["choosing"] + best["choosing_error"]
    return max((t for t in tried if t[fit]["choosing"] <= limit), key=lambda t: t["λ"])


_CHOICES = {"predicting": "fit", "selecting": "refit"}
"""The two λ of each penalty, and the errors that choose them."""


def _conclude(tried: dict[str, list[list[dict[str, Any]]]], rule: Comparison) -> Findings:
    """Findings from the measurements [arm][draw][λ]."""
    margin = rule.equivalence * DATA.noise**2
    chosen = {
        kind: {name: [choose_strongest(draw, fit) for draw in draws] for name, fit in _CHOICES.items()}
        for kind, draws in tried.items()
    }
    arms: dict[str, Findings] = {
        kind: {
            "label": KINDS[kind].title,
            "grid": list(GRIDS[kind]),
            **{name: _summarize(ends) for name, ends in choices.items()},
            "path": [_summarize_strength(tried[kind], i, λ) for i, λ in enumerate(GRIDS[kind])],
        }
        for kind, choices in chosen.items()
    }
    errors = {kind: np.array(arms[kind]["predicting"]["errors"]) for kind in KINDS}
    refits = {kind: np.array(arms[kind]["selecting"]["refits"]) for kind in DROPPING}
    penalized = [kind for kind in KINDS if kind != "none"]
    pairs = {
        **{("against_none", kind): (errors[kind], errors["none"]) for kind in penalized},
        **{("refit_against_none", kind): (refits[kind], errors["none"]) for kind in DROPPING},
        **{("refit_against_fit", kind): (refits[kind], errors[kind]) for kind in DROPPING},
    }
    differences: dict[str, dict[str, Any]] = {name: {} for name, _ in pairs}
    for (name, kind), difference in zip(pairs, compare_family(list(pairs.values()), margin, rule), strict=True):
        differences[name][kind] = as_findings(difference)
    selected = np.array([t["picked"] for t in chosen["group_lasso"]["selecting"]])
    l2_kept = [bool(t["picked"].all()) for t in chosen["l2"]["predicting"]]
    moved = [t["moved"] for kind in DROPPING for draw in tried[kind] for t in draw]
    return {
        "inputs": DATA.inputs,
        "relevant": DATA.relevant,
        "correlation": DATA.correlation,
        "samples": DATA.samples,
        "choosing": CHOOSING,
        "testing": DATA.test_samples - CHOOSING,
        "noise": DATA.noise,
        "hidden": _NETWORK.hidden[0],
        "draws": len(selected),
        "margin": margin,
        "confidence": rule.confidence,
        "double": _DOUBLE + 1,
        "possible": 1 - DATA.relevant / DATA.inputs,
        "full_batch_steps": _TRAINING.full_batch_steps,
        "rest": {
            "steps": _REST,
            "runs": len(moved),
            "still": moved.count(0),
            "moved": float(np.mean(moved)),
            "most": max(moved),
        },
        "arms": arms,
        **differences,
        "matched": _match_errors(tried, margin, rule),
        "lost": {
            kind: rate_findings(np.array(arms[kind]["selecting"]["found_each"]) < DATA.relevant, rule)
            for kind in _ANIMATED
        },
        "ranked": rate_findings(np.array(arms["l2"]["predicting"]["ranked_each"]) == DATA.relevant, rule),
        "all_kept": rate_findings(np.array(l2_kept), rule),
        "double_kept": against_bound(selected[:, _DOUBLE] - selected[:, _IRRELEVANT].mean(axis=1), 0.0, rule),
        "separated": _are_separated(selected, rule),
    }


def _summarize(ends: list[dict[str, Any]]) -> Findings:
    """What networks keep and how they err, each at its λ, one for each draw."""
    picked = np.array([t["picked"] for t in ends])
    shares, count = picked.mean(axis=0), picked.sum(axis=1)
    errors, refits = ([t[fit]["error"] for t in ends] for fit in ("fit", "refit"))
    return {
        "chosen": [t["λ"] for t in ends],
        "strength": float(np.median([t["λ"] for t in ends])),
        "errors": errors,
        "error": summarize(np.array(errors)),
        "refits": refits,
        "refit": summarize(np.array(refits)),
        "kept": float(count.mean()),
        "kept_each": count.astype(float).tolist(),
        "found": float(picked[:, _COUNTS].sum(axis=1).mean()),
        "found_each": picked[:, _COUNTS].sum(axis=1).astype(float).tolist(),
        "missed": int((~picked[:, _COUNTS]).sum()),
        "false_picks": float(picked[:, ~_COUNTS].sum(axis=1).mean()),
        "units": float(np.mean([t["units"] for t in ends])),
        "ranked": float(np.mean([t["ranked"] for t in ends])),
        "ranked_each": [float(t["ranked"]) for t in ends],
        "shares": shares.tolist(),
        "counting_share": float(shares[_COUNTS].mean()),
        "irrelevant_share": float(shares[_IRRELEVANT].mean()),
        "least_counting": float(shares[_COUNTS].min()),
        "most_irrelevant": float(shares[_IRRELEVANT].max()),
        "double": float(shares[_DOUBLE]),
        "saving": float(1 - count.mean() / DATA.inputs),
        "saving_least": float(1 - count.max() / DATA.inputs),
        "saving_most": float(1 - count.min() / DATA.inputs),
    }


def _summarize_strength(draws: list[list[dict[str, Any]]], i: int, λ: float) -> Findings:
    """Means over the draws at one strength of the grid."""
    return {
        "λ": λ,
        "kept": float(np.mean([draw[i]["picked"].sum() for draw in draws])),
        "found": float(np.mean([draw[i]["picked"][_COUNTS].sum() for draw in draws])),
        "units": float(np.mean([draw[i]["units"] for draw in draws])),
        "moved": float(np.mean([draw[i]["moved"] for draw in draws])),
        "error": float(np.mean([draw[i]["fit"]["error"] for draw in draws])),
        "refit": float(np.mean([draw[i]["refit"]["error"] for draw in draws])),
    }


def _match_errors(tried: dict[str, list[list[dict[str, Any]]]], margin: float, rule: Comparison) -> dict[str, Any]:
    """Compare the group lasso and L1 at equal errors, each at one strength in all draws.

    L1's strength is the best on the samples for choosing, over all draws; the group lasso's is the one whose error
    there is nearest to that.
    """

    def pooled(kind: str) -> Values:
        found: Values = np.array([[t["fit"]["choosing"] for t in draw] for draw in tried[kind]]).mean(axis=0)
        return found

    best = int(pooled("l1").argmin())
    nearest = int(np.abs(pooled("group_lasso") - pooled("l1")[best]).argmin())
    places = dict(zip(_ANIMATED, (best, nearest), strict=True))
    ends = {kind: [draw[place] for draw in tried[kind]] for kind, place in places.items()}
    errors = {kind: np.array([t["fit"]["error"] for t in outcomes]) for kind, outcomes in ends.items()}
    counts = {kind: np.array([float(t["picked"].sum()) for t in outcomes]) for kind, outcomes in ends.items()}
    units = {kind: np.array([float(t["units"]) for t in outcomes]) for kind, outcomes in ends.items()}
    # A difference of one input or unit is within the margin.
    of_inputs, of_units = compare_family(
        [(counts["group_lasso"], counts["l1"]), (units["l1"], units["group_lasso"])], 1.0, rule
    )
    return {
        "strengths": {kind: GRIDS[kind][place] for kind, place in places.items()},
        "errors": {kind: float(values.mean()) for kind, values in errors.items()},
        "kept": {kind: float(values.mean()) for kind, values in counts.items()},
        "units_kept": {kind: float(values.mean()) for kind, values in units.items()},
        "error": as_findings(compare(errors["group_lasso"], errors["l1"], margin, rule)),
        "inputs": as_findings(of_inputs),
        "units": as_findings(of_units),
    }


def _is_rare(rate: Mapping[str, Any]) -> Outcome:
    """Supported if the interval of a rate is below one fifth, not supported if it is above."""
    return "supported" if rate["high"] < 0.2 else "not supported" if rate["low"] > 0.2 else "undecided"


def _are_separated(picked: NDArray[np.bool_], rule: Comparison) -> Outcome:
    """Whether each input that counts is kept in most draws [draws, inputs], and each of the others, but for the double,
    is not.

    Supported if every interval says so, which needs no correction; not supported if one says the opposite, corrected by
    Bonferroni for the number of inputs.
    """
    own = [*picked[:, _COUNTS].T, *~picked[:, _IRRELEVANT].T]
    corrected = 1 - (1 - rule.confidence) / len(own)
    if any(rate_interval(int(right.sum()), len(picked), corrected)[1] < 0.5 for right in own):
        return "not supported"
    lows = [rate_interval(int(right.sum()), len(picked), rule.confidence)[0] for right in own]
    return "supported" if min(lows) > 0.5 else "undecided"
