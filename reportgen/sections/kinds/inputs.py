"""Selection of inputs by networks: a piecewise linear function of ten of fifty inputs, and a correlated double."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from reportgen.datasets.hinges import Hinges
from reportgen.experiment import Comparison, Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, bound_outcome, difference_outcome, majority_outcome
from reportgen.sections.helpers import (
    against_bound,
    article_animation,
    default_penalty,
    kinds_by_name,
    rate_findings,
    table,
)
from reportgen.sections.wording import join_words
from reportgen.statistics.comparison import Difference, compare_family
from reportgen.statistics.input_selection import (
    LastSteps,
    MatchedTrials,
    PathPoint,
    Selected,
    Trial,
    are_separated,
    choose_strongest,
    match_errors,
    mean_path,
    measure_errors,
    moved_inputs,
    summarize_selection,
)
from reportgen.statistics.sparsity import kept_inputs, kept_units
from reportgen.training.network import Network
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


Trials = Mapping[str, list[list[Trial]]]
"""By kind of penalty, then draw of the data, then strength of the grid."""


@dataclass(frozen=True)
class ArmInputs:
    """One penalty, at its λ for predicting and its λ for selecting."""

    label: str
    predicting: Selected
    selecting: Selected
    path: list[PathPoint]


@dataclass(frozen=True)
class InputsFindings:
    """What the section found."""

    inputs: int
    relevant: int
    correlation: float
    samples: int
    choosing: int
    testing: int
    noise: float
    hidden: int
    draws: int
    margin: float
    double: int
    """Number of the input that is the double of the first."""
    full_batch_steps: int
    rest: LastSteps
    at_end: dict[str, int]
    """In how many draws λ for selecting is the largest that was tried, by kind of penalty."""
    arms: dict[str, ArmInputs]
    against_none: dict[str, Difference]
    """Errors as they are with λ for predicting, less those without a penalty."""
    refit_against_none: dict[str, Difference]
    refit_against_fit: dict[str, Difference]
    """Errors trained anew with λ for selecting, less those without a penalty, and less those with λ for predicting."""
    matched: MatchedTrials
    lost: dict[str, Any]
    """The rate of draws in which an input that counts was dropped, by kind of penalty."""
    ranked: dict[str, Any]
    """The rate of draws in which all of the inputs with the largest weights under L2 count."""
    all_kept: dict[str, Any]
    """The rate of draws in which L2 keeps all inputs."""
    double_kept: dict[str, Any]
    """How much more often the group lasso keeps the double than an irrelevant input."""
    separated: Outcome


@sections.register("inputs")
class Inputs(Section[InputsFindings]):
    """Which inputs each penalty keeps, how often, and at what error, as it is and after a refit.

    The refit trains a network anew, without a penalty, on the inputs that were kept. Further training of the same
    network starts with the few units that the penalty leaves: in six other draws, with the group lasso at λ = 0.18, it
    ended with a mean error of 1.4, and training anew with 0.5.
    """

    title = "Which inputs to drop"
    claims = (
        Claim(
            name="penalties-help-where-inputs-are-many",
            test=lambda f: difference_outcome(f.against_none.group_lasso),
        ),
        Claim(name="shrinking-keeps-every-input", test=lambda f: majority_outcome(f.all_kept)),
        Claim(name="nothing-that-counts-is-lost", test=lambda f: all_outcomes(*map(_is_rare, f.lost.values()))),
        Claim(
            name="selecting-then-training-anew-predicts-as-well",
            test=lambda f: difference_outcome(f.refit_against_fit.group_lasso, "better", "practically equal"),
        ),
        Claim(name="equal-errors", test=lambda f: difference_outcome(f.matched.error, "practically equal")),
        Claim(name="groups-drop-more", test=lambda f: difference_outcome(f.matched.inputs)),
        Claim(name="plain-l1-drops-units", test=lambda f: difference_outcome(f.matched.units)),
        Claim(name="a-double-deceives", test=lambda f: bound_outcome(f.double_kept)),
        Claim(name="repetition-separates", test=lambda f: f.separated),
        Claim(name="ranking-needs-no-zeros", test=lambda f: majority_outcome(f.ranked)),
        Claim(
            name="dropping-saves",
            test=lambda f: (
                difference_outcome(f.refit_against_none.group_lasso, "better", "practically equal")
                if f.arms.group_lasso.selecting.saving > 0
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

    def findings(self, e: Experiment, trained: Trained, study: object) -> InputsFindings:
        draws = range(_draw_count(e))
        tried = {
            kind: [[_measure(trained, kind, λ, draw) for λ in grid] for draw in draws] for kind, grid in GRIDS.items()
        }
        return _conclude(tried, e.comparison)

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: InputsFindings
    ) -> Iterable[Picture | Animation]:
        arms = findings.arms
        picks = [
            {"label": arm.label, "shares": arm.selecting.shares, "note": f"{arm.selecting.kept:.1f} kept on average"}
            for arm in arms.values()
        ]
        roles = [_ROLE_NAMES[role] for role in DATA.roles]
        inputs: dict[str, Any] = {"roles": roles, "rows": picks, "xlabel": "number of the input"}
        yield Picture(name="picks", figure="picks", inputs=inputs)
        fits = [(kind, arms[kind].predicting.errors, "") for kind in KINDS]
        fits += [(kind, arms[kind].selecting.refits, ", trained anew") for kind in DROPPING]
        groups = [
            {"label": arms[kind].label + suffix, "values": np.array(errors), "arm": KINDS[kind].look().arm}
            for kind, errors, suffix in fits
        ]
        inputs = {"groups": groups, "xlabel": "mean squared error on new samples", "first": 5}
        yield Picture(name="input-errors", figure="strip", inputs=inputs)

        def panel(title: str, errors: Mapping[str, list[float]]) -> dict[str, Any]:
            lines = [
                {"label": arm.label, "arm": KINDS[kind].look().arm, "x": [p.kept for p in arm.path], "y": errors[kind]}
                for kind, arm in arms.items()
            ]
            axes = {"xlabel": "inputs kept, mean", "ylabel": "mean squared error on new samples"}
            return {"title": title, **axes, "series": lines, "levels": [{"y": DATA.noise**2, "label": "noise alone"}]}

        panels = [
            panel("as it is", {kind: [p.error for p in arm.path] for kind, arm in arms.items()}),
            panel("trained anew on what is kept", {kind: [p.refit for p in arm.path] for kind, arm in arms.items()}),
        ]
        yield Picture(name="inputs-and-error", figure="curves", inputs={"panels": panels, "share_y": True})
        first = {kind: trained[_run(kind, arms[kind].selecting.chosen[0], 0)] for kind in _ANIMATED}
        ends = [f"{arms[kind].label} keeps {arms[kind].selecting.kept_each[0]:.0f}" for kind in _ANIMATED]
        yield article_animation(
            "weights-inputs",
            ["weights"],
            [Panel(title=arms[kind].label, trajectory=t, arm=KINDS[kind].look().arm) for kind, t in first.items()],
            alt=f"Weights of two networks in the first draw while they train, a row for each of {DATA.inputs} inputs. "
            f"At the end {join_words(ends)}; under the group lasso whole rows go.",
        )

    def tables(self, e: Experiment, findings: InputsFindings) -> Iterable[Table]:
        arms = findings.arms
        columns = {
            "label": ("penalty", ""),
            "choice": ("λ for", ""),
            "strength": ("λ, median", "g"),
            "kept": ("inputs kept", ".1f"),
            "found": ("of those that count", ".1f"),
            "false_picks": ("of the others", ".1f"),
            "double": ("double kept", ".0%"),
            "units": ("hidden units in use", ".1f"),
            "ranked": ("count among the largest", ".1f"),
            "saving": ("saved", ".0%"),
            "error": ("error as it is", ".2f"),
            "refit": ("trained anew", ".2f"),
        }
        rows = [
            {"label": arm.label, "choice": choice, **vars(getattr(arm, choice))}
            for kind, arm in arms.items()
            for choice in (("predicting", "selecting") if kind in DROPPING else ("predicting",))
        ]
        yield table("inputs", rows, columns)
        compared = (
            (findings.against_none, "as it is", NoPenalty.title),
            (findings.refit_against_none, "trained anew", NoPenalty.title),
            (findings.refit_against_fit, "trained anew", "as it is"),
        )
        columns = {
            "label": ("penalty", ""),
            "fit": ("fit", ""),
            "other": ("against", ""),
            "estimate": ("mean difference", ".3f"),
            "low": ("from", ".3f"),
            "high": ("to", ".3f"),
            "verdict": ("verdict", ""),
        }
        rows = [
            {"label": arms[kind].label, "fit": fit, "other": other, **vars(difference)}
            for differences, fit, other in compared
            for kind, difference in differences.items()
        ]
        yield table("input-errors", rows, columns)

    def headline(self, e: Experiment, findings: InputsFindings) -> str:
        group = findings.arms["group_lasso"]
        return (
            f"In an example with {findings.inputs} inputs of which {findings.relevant} count, the group "
            f"lasso keeps {group.selecting.kept:.1f} inputs on average, {group.selecting.found:.1f} of which count."
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


def _measure(trained: Trained, kind: str, λ: float, draw: int) -> Trial:
    """What a network keeps, and its errors as it is and trained anew on that; all of it as if no weight moved."""
    t = trained[_run(kind, λ, draw)]
    kernels, _ = t.at(-1)
    largest = np.argsort(-np.linalg.norm(kernels[0], axis=1), kind="stable")[: DATA.relevant]
    # Penalties that drop nothing leave nothing to train anew: that is the network without a penalty.
    again = trained[_refit_run(t, draw) if kind in DROPPING else _run("none", 0.0, draw)]
    return Trial(
        strength=λ,
        picked=kept_inputs(kernels),
        units=int(kept_units(kernels)[0].sum()),
        ranked=int(_COUNTS[largest].sum()),
        moved=int(moved_inputs(t, _REST).sum()),
        fit=measure_errors(t, CHOOSING),
        refit=measure_errors(again, CHOOSING),
    )


def _conclude(tried: Trials, rule: Comparison) -> InputsFindings:
    margin = rule.equivalence * DATA.noise**2
    predicting = {kind: [choose_strongest(draw, lambda t: t.fit) for draw in draws] for kind, draws in tried.items()}
    selecting = {kind: [choose_strongest(draw, lambda t: t.refit) for draw in draws] for kind, draws in tried.items()}

    def summarize(trials: list[Trial]) -> Selected:
        return summarize_selection(trials, _COUNTS, _IRRELEVANT, _DOUBLE)

    arms = {
        kind: ArmInputs(of.title, summarize(predicting[kind]), summarize(selecting[kind]), mean_path(tried[kind]))
        for kind, of in KINDS.items()
    }
    errors = {kind: np.array(arm.predicting.errors) for kind, arm in arms.items()}
    refits = {kind: np.array(arms[kind].selecting.refits) for kind in DROPPING}
    pairs = {
        **{("against_none", kind): (errors[kind], errors["none"]) for kind in KINDS if kind != "none"},
        **{("refit_against_none", kind): (refits[kind], errors["none"]) for kind in DROPPING},
        **{("refit_against_fit", kind): (refits[kind], errors[kind]) for kind in DROPPING},
    }
    compared = dict(zip(pairs, compare_family(list(pairs.values()), margin, rule), strict=True))
    differences = {of: {kind: d for (name, kind), d in compared.items() if name == of} for of, _ in pairs}
    selected = np.array([t.picked for t in selecting["group_lasso"]])
    moved = [t.moved for kind in DROPPING for draw in tried[kind] for t in draw]
    separated = are_separated(np.hstack([selected[:, _COUNTS], ~selected[:, _IRRELEVANT]]), rule.confidence)
    return InputsFindings(
        inputs=DATA.inputs,
        relevant=DATA.relevant,
        correlation=DATA.correlation,
        samples=DATA.samples,
        choosing=CHOOSING,
        testing=DATA.test_samples - CHOOSING,
        noise=DATA.noise,
        hidden=_NETWORK.hidden[0],
        draws=len(selected),
        margin=margin,
        double=_DOUBLE + 1,
        full_batch_steps=_TRAINING.full_batch_steps,
        rest=LastSteps(_REST, len(moved), moved.count(0), float(np.mean(moved)), max(moved)),
        at_end={kind: arms[kind].selecting.chosen.count(max(GRIDS[kind])) for kind in DROPPING},
        arms=arms,
        **differences,
        matched=match_errors(tried["l1"], tried["group_lasso"], margin, rule),
        lost={k: rate_findings(np.array([not t.picked[_COUNTS].all() for t in selecting[k]]), rule) for k in _ANIMATED},
        ranked=rate_findings(np.array([t.ranked == DATA.relevant for t in predicting["l2"]]), rule),
        all_kept=rate_findings(np.array([bool(t.picked.all()) for t in predicting["l2"]]), rule),
        double_kept=against_bound(selected[:, _DOUBLE] - selected[:, _IRRELEVANT].mean(axis=1), 0.0, rule),
        separated="undecided" if separated is None else "supported" if separated else "not supported",
    )


def _is_rare(rate: Any) -> Outcome:
    """Supported if the interval of a rate is below one fifth, not supported if it is above."""
    return "supported" if rate.high < 0.2 else "not supported" if rate.low > 0.2 else "undecided"
