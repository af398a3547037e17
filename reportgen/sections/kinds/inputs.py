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


@sections.register("inputs")
class Inputs(Section[Findings]):
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
        ),
        Claim(
            name="shrinking-keeps-every-input",
            test=lambda f: majority_outcome(f["all_kept"]),
        ),
        Claim(
            name="nothing-that-counts-is-lost",
            test=lambda f: all_outcomes(*(_is_rare(f["lost"][kind]) for kind in _ANIMATED)),
        ),
        Claim(
            name="selecting-then-training-anew-predicts-as-well",
            test=lambda f: difference_outcome(f["refit_against_fit"]["group_lasso"], "better", "practically equal"),
        ),
        Claim(
            name="equal-errors",
            test=lambda f: difference_outcome(f["matched"]["error"], "practically equal"),
        ),
        Claim(
            name="groups-drop-more",
            test=lambda f: difference_outcome(f["matched"]["inputs"]),
        ),
        Claim(
            name="plain-l1-drops-units",
            test=lambda f: difference_outcome(f["matched"]["units"]),
        ),
        Claim(
            name="a-double-deceives",
            test=lambda f: bound_outcome(f["double_kept"]),
        ),
        Claim(
            name="repetition-separates",
            test=lambda f: f["separated"],
        ),
        Claim(
            name="ranking-needs-no-zeros",
            test=lambda f: majority_outcome(f["ranked"]),
        ),
        Claim(
            name="dropping-saves",
            test=lambda f: (
                difference_outcome(f["refit_against_none"]["group_lasso"], "better", "practically equal")
                if f["arms"]["group_lasso"]["selecting"]["saving"] > 0
                else "not supported"
            ),
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
