"""Selection of inputs by networks: a piecewise linear function of ten of fifty inputs, and a correlated double."""

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
from reportgen.sections.claims import Claim, difference_outcome
from reportgen.sections.helpers import article_animation, as_findings, default_penalty, join_words, kinds_by_name
from reportgen.statistics.comparison import Values, compare, compare_family, wilson_interval
from reportgen.statistics.sparsity import dead_units
from reportgen.statistics.total_error import summarize
from reportgen.training.network import Network, forward
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

DATA = Hinges()
CHOOSING = 200
"""Number of test samples that choose λ; the others are used once, for the errors that are reported."""
MARGIN = DATA.noise**2 / 2
"""Mean squared errors within ± this are practically equal: half of what the noise itself adds to each of them."""
KINDS = kinds_by_name(NoPenalty, L1, L2, ElasticNet, GroupLasso)
GRIDS = dict(
    zip(
        KINDS,
        (
            (0.0,),
            (0.02, 0.03, 0.05, 0.08, 0.12),
            (0.05, 0.1, 0.2),
            (0.03, 0.05, 0.08, 0.12),
            (0.02, 0.03, 0.04, 0.06),
        ),
        strict=True,
    )
)
"""The strengths that each arm's λ is chosen from."""
_FIRST = 1000
"""The seed of the first draw. Grids and margin were chosen on draws from 0 on, which are not reported."""
_DRAWS = 30
_ANIMATED = kinds_by_name(L1, GroupLasso)
_NETWORK = Network(hidden=(10,), activation="relu", initializer="he_normal")
_TRAINING = Training(batch_size=50, epochs=32, learning_rate=0.15, schedule="linear", loss="squared")
_ROLES = np.array(DATA.roles)
_COUNTS = (_ROLES == "counts") | (_ROLES == "has a double")
_IRRELEVANT = _ROLES == "does not count"
_DOUBLE = int(np.flatnonzero(_ROLES == "double")[0])


def _interval(d: str) -> str:
    return f"{{{{ {d}.estimate|num('.2f') }}}} (interval {{{{ {d}.low|num('.2f') }}}} to {{{{ {d}.high|num('.2f') }}}})"


_MATCHED = (
    "{{ f.matched.kept.group_lasso|num('.1f') }} against {{ f.matched.kept.l1|num('.1f') }} of L1 on average, a "
    f"difference of {_interval('f.matched.inputs')}"
)
_REPEATED = (
    "The group lasso keeps each input that counts in {% if f.arms.group_lasso.least_counting == 1 %}every draw"
    "{% else %}{{ f.arms.group_lasso.least_counting|num('.0%') }} of the draws or more{% endif %}, and each of the "
    "others, the double aside, in {{ f.arms.group_lasso.most_irrelevant|num('.0%') }} of them or less"
)
_SHARES = (
    "the double in {{ f.arms.group_lasso.double|num('.0%') }} of the draws (interval "
    "{{ f.arms.group_lasso.double_low|num('.0%') }} to {{ f.arms.group_lasso.double_high|num('.0%') }}), an input that "
    "has nothing to do with any other in {{ f.arms.group_lasso.irrelevant_share|num('.0%') }}"
)


@sections.register("inputs")
class Inputs(Section):
    """Which inputs each penalty keeps, how often, and at what error."""

    title = "Which inputs to drop"
    claims = (
        Claim(
            name="penalties-help-where-inputs-are-many",
            post="Regularization makes a model generalize better.",
            test=lambda f: difference_outcome(f["against_none"]["group_lasso"]),
            supported=f"Here a penalty matters: the group lasso's error less that of networks without a penalty is "
            f"{_interval('f.against_none.group_lasso')} on average over the draws, beyond the margin of "
            "{{ f.margin|num('.3g') }}. The function is the same for both, but without a penalty the network also "
            "learns the noise, through inputs that have nothing to tell.",
            refuted=f"Even here the penalty does not help: the group lasso's error less that of networks without a "
            f"penalty is {_interval('f.against_none.group_lasso')}, {{{{ f.against_none.group_lasso.verdict }}}} by a "
            "margin of {{ f.margin|num('.3g') }}.",
            undecided=f"Whether a penalty helps is undecided: the group lasso's error less that of networks without "
            f"one is {_interval('f.against_none.group_lasso')}, against a margin of {{{{ f.margin|num('.3g') }}}}.",
        ),
        Claim(
            name="shrinking-keeps-every-input",
            test=lambda f: f["arms"]["l2"]["kept"] == f["inputs"],
            supported="L2 never drops an input: in every draw all {{ f.inputs }} have a weight, so all must be "
            "measured.",
            refuted="L2 keeps {{ f.arms.l2.kept|num('.1f') }} of {{ f.inputs }} inputs.",
        ),
        Claim(
            name="nothing-that-counts-is-lost",
            test=lambda f: f["arms"]["group_lasso"]["missed"] == 0 and f["arms"]["l1"]["missed"] == 0,
            supported="Neither L1 nor the group lasso has dropped an input that counts, in any of {{ f.draws }} draws. "
            "What they drop can go: the danger is not that they take too much away but that they leave too much.",
            refuted="Dropping has a risk: inputs that count were dropped {{ f.arms.l1.missed }} times by L1 and "
            "{{ f.arms.group_lasso.missed }} times by the group lasso, of {{ f.relevant * f.draws|num }} each.",
        ),
        Claim(
            name="equal-errors",
            test=lambda f: difference_outcome(f["matched"]["error"], "practically equal"),
            supported=f"On the samples that nobody had looked at they do predict practically equally well: group lasso "
            f"less L1 is {_interval('f.matched.error')}, within the margin of {{{{ f.margin|num('.3g') }}}}.",
            refuted=f"On the samples that nobody had looked at their errors are not equal after all: group lasso less "
            f"L1 is {_interval('f.matched.error')}, {{{{ f.matched.error.verdict }}}} by a margin of "
            "{{ f.margin|num('.3g') }}.",
            undecided="On the samples that nobody had looked at, whether they predict equally well is undecided: group "
            f"lasso less L1 is {_interval('f.matched.error')}, against a margin of {{{{ f.margin|num('.3g') }}}}.",
        ),
        Claim(
            name="groups-drop-more",
            test=lambda f: difference_outcome(f["matched"]["inputs"]),
            supported=f"And the group lasso keeps fewer inputs: {_MATCHED}. L1 does not know what an input is. It sets "
            "single weights to zero, and an input is rid of only when all of its {{ f.hidden }} weights happen to be.",
            refuted=f"The group lasso does not keep fewer inputs: {_MATCHED}.",
            undecided=f"Whether the group lasso keeps fewer inputs is undecided: {_MATCHED}.",
        ),
        Claim(
            name="plain-l1-drops-units",
            test=lambda f: difference_outcome(f["units_against_group"]),
            supported="For hidden units it is the other way round: L1 leaves {{ f.arms.l1.units|num('.1f') }} of "
            "{{ f.hidden }} in use, the group lasso {{ f.arms.group_lasso.units|num('.1f') }}. Which of the "
            "two suits depends on what is to go.",
            refuted="L1 leaves {{ f.arms.l1.units|num('.1f') }} of {{ f.hidden }} hidden units in use and the group "
            "lasso {{ f.arms.group_lasso.units|num('.1f') }}: it does not thin units out more.",
            undecided="Which of the two leaves fewer hidden units in use is undecided: L1 leaves "
            "{{ f.arms.l1.units|num('.1f') }} of {{ f.hidden }} and the group lasso "
            "{{ f.arms.group_lasso.units|num('.1f') }}.",
        ),
        Claim(
            name="a-double-deceives",
            test=lambda f: _double_deceives(f["arms"]["group_lasso"]),
            supported=f"The double deceives: the group lasso keeps {_SHARES}. It does not count, but it says nearly "
            "what the first input says, and no penalty can know which of the two is the cause. Before paying for both "
            "inputs of a correlated pair, or for the wrong one, ask somebody who knows what they measure.",
            refuted=f"The double does not deceive: the group lasso keeps {_SHARES}.",
            undecided=f"Whether the double deceives is undecided: the group lasso keeps {_SHARES}.",
        ),
        Claim(
            name="repetition-separates",
            test=lambda f: (
                f["arms"]["group_lasso"]["least_counting"] > 0.5 >= f["arms"]["group_lasso"]["most_irrelevant"]
            ),
            supported=f"One training picks by luck, too; many do not. {_REPEATED}. So train on several samples, and "
            "drop what is not kept in most of them: here that drops all that does not count"
            "{% if f.arms.group_lasso.double > 0.5 %}, the double excepted{% endif %}, and nothing that does.",
            refuted=f"Repetition does not separate them. {_REPEATED}.",
        ),
        Claim(
            name="ranking-needs-no-zeros",
            test=lambda f: f["arms"]["l2"]["ranked"] >= f["relevant"] - 0.5,
            supported="For a mere ranking one needs no zeros. Of the {{ f.relevant }} inputs with the largest weights "
            "under L2, {{ f.arms.l2.ranked|num('.1f') }} count on average. What a ranking does not say is where to "
            "stop.",
            refuted="A ranking by size does not replace the zeros: of the {{ f.relevant }} inputs with the largest "
            "weights under L2, {{ f.arms.l2.ranked|num('.1f') }} count on average.",
        ),
        Claim(
            name="dropping-saves",
            test=lambda f: f["arms"]["group_lasso"]["saving"] > 0 and f["against_none"]["group_lasso"]["low"] < 0,
            supported="If each input costs the same to measure, the group lasso saves "
            "{{ f.arms.group_lasso.saving|num('.0%') }} of the price of every future sample on average over the draws "
            "(between {{ f.arms.group_lasso.saving_least|num('.0%') }} and "
            "{{ f.arms.group_lasso.saving_most|num('.0%') }}), L1 saves {{ f.arms.l1.saving|num('.0%') }}, L2 "
            "{{ f.arms.l2.saving|num('.0%') }}. If just the {{ f.relevant }} that count were kept, it would be "
            "{{ f.possible|num('.0%') }}.",
            refuted="Here dropping saves nothing, or costs more in error than it saves: the group lasso saves "
            "{{ f.arms.group_lasso.saving|num('.0%') }} of the price of a sample.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        for draw in range(_draw_count(e)):
            yield from (_run(kind, λ, draw) for kind, grid in GRIDS.items() for λ in grid)

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        tried = _measure_all(e, trained)
        arms = {kind: _summarize_arm(kind, tried[kind], 1 - e.comparison.confidence) for kind in GRIDS}
        errors = {kind: np.array(arms[kind]["errors"]) for kind in GRIDS}
        penalized = [kind for kind in GRIDS if kind != "none"]
        pairs = [(errors[kind], errors["none"]) for kind in penalized] + [(errors["group_lasso"], errors["l1"])]
        differences = [as_findings(difference) for difference in compare_family(pairs, MARGIN, e.comparison)]
        # A difference of one unit is within the margin.
        units = [np.array(arms[kind]["units_each"]) for kind in _ANIMATED]
        (of_units,) = compare_family([(units[0], units[1])], 1.0, e.comparison)
        return {
            "inputs": DATA.inputs,
            "relevant": DATA.relevant,
            "correlation": DATA.correlation,
            "samples": DATA.samples,
            "choosing": CHOOSING,
            "testing": DATA.test_samples - CHOOSING,
            "noise": DATA.noise,
            "hidden": _NETWORK.hidden[0],
            "draws": _draw_count(e),
            "margin": MARGIN,
            "confidence": e.comparison.confidence,
            "double": _DOUBLE + 1,
            "possible": 1 - DATA.relevant / DATA.inputs,
            "arms": arms,
            "against_none": dict(zip(penalized, differences, strict=False)),
            "group_against_l1": differences[-1],
            "matched": _match_errors(tried, e.comparison),
            "units_against_group": as_findings(of_units),
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        arms = findings["arms"]
        yield Picture(
            name="picks",
            figure="picks",
            inputs={
                "roles": [_ROLE_NAMES[role] for role in DATA.roles],
                "rows": [
                    {"label": arm["label"], "shares": arm["shares"], "note": f"{arm['kept']:.1f} kept on average"}
                    for arm in arms.values()
                ],
                "xlabel": "number of the input",
            },
            alt=f"Share of {findings['draws']} draws in which each of {DATA.inputs} inputs is kept. "
            + "; ".join(
                f"{arm['label']}: inputs that count {arm['counting_share']:.0%}, the double {arm['double']:.0%}, "
                f"others {arm['irrelevant_share']:.0%}"
                for arm in arms.values()
            )
            + ".",
        )
        yield Picture(
            name="input-errors",
            figure="strip",
            inputs={
                "groups": [
                    {"label": arm["label"], "values": np.array(arm["errors"]), "arm": KINDS[kind].look().arm}
                    for kind, arm in arms.items()
                ],
                "xlabel": "mean squared error on new samples",
                "first": 5,
            },
            alt="Mean squared error on new samples, draw by draw. Medians: "
            + "; ".join(f"{arm['label']} {arm['error']['median']:.2f}" for arm in arms.values())
            + f". The noise alone makes {DATA.noise**2:.2f}.",
        )
        yield Picture(
            name="inputs-and-error",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": "",
                        "xlabel": "inputs kept, mean",
                        "ylabel": "mean squared error on new samples",
                        "series": [
                            {
                                "label": arm["label"],
                                "arm": KINDS[kind].look().arm,
                                "x": [point["kept"] for point in arm["path"]],
                                "y": [point["error"] for point in arm["path"]],
                            }
                            for kind, arm in arms.items()
                        ],
                        "levels": [{"y": DATA.noise**2, "label": "noise alone"}],
                    }
                ]
            },
            alt="Mean error against the mean number of inputs kept, a point for each λ tried. "
            + "; ".join(
                f"{arm['label']}: "
                + ", ".join(f"{point['error']:.2f} with {point['kept']:.0f} inputs" for point in arm["path"])
                for arm in arms.values()
            )
            + ".",
        )
        animated = [(of, _run(kind, arms[kind]["chosen"][0], 0)) for kind, of in _ANIMATED.items()]
        ends = [f"{of.title} keeps {arms[kind]['kept_each'][0]:.0f}" for kind, of in _ANIMATED.items()]
        yield article_animation(
            "weights-inputs",
            ["weights"],
            [Panel(title=of.title, trajectory=trained[run], arm=of.look().arm) for of, run in animated],
            alt=f"Weights of two networks in the first draw while they train, a row for each of {DATA.inputs} inputs. "
            f"At the end {join_words(ends)}; "
            "under the group lasso whole rows go.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        arms, against = findings["arms"], findings["against_none"]
        yield Table(
            name="inputs",
            columns=(
                Column(label="penalty"),
                Column(label="inputs kept", format=".1f"),
                Column(label="of those that count", format=".1f"),
                Column(label="of the others", format=".1f"),
                Column(label="double kept", format=".0%"),
                Column(label="hidden units in use", format=".1f"),
                Column(label="count among the largest", format=".1f"),
                Column(label="saved", format=".0%"),
            ),
            rows=tuple(
                (
                    arm["label"],
                    arm["kept"],
                    arm["found"],
                    arm["false_picks"],
                    arm["double"],
                    arm["units"],
                    arm["ranked"],
                    arm["saving"],
                )
                for arm in arms.values()
            ),
        )
        compared = [
            (KINDS[kind].title, NoPenalty.title, arms[kind], difference) for kind, difference in against.items()
        ]
        compared.append((GroupLasso.title, L1.title, arms["group_lasso"], findings["group_against_l1"]))
        yield Table(
            name="input-errors",
            columns=(
                Column(label="penalty"),
                Column(label="against"),
                Column(label="mean squared error, mean", format=".3f"),
                Column(label="mean difference", format=".3f"),
                Column(label="from", format=".3f"),
                Column(label="to", format=".3f"),
                Column(label="verdict"),
            ),
            rows=tuple(
                (label, other, arm["error"]["mean"], d["estimate"], d["low"], d["high"], d["verdict"])
                for label, other, arm, d in compared
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
                (i + 1, _ROLE_NAMES[role], *(arm["shares"][i] for arm in arms.values()))
                for i, role in enumerate(DATA.roles)
            ),
            shown=DATA.relevant + 3,
        )

    def headline(self, e: Experiment, findings: Findings) -> str:
        group, l1 = findings["arms"]["group_lasso"], findings["arms"]["l1"]
        lost = group["missed"] or "none"
        return (
            f"In a nonlinear network with {findings['inputs']} inputs of which {findings['relevant']} count, the group "
            f"lasso keeps {group['kept']:.1f} inputs on average and L1 {l1['kept']:.1f}; of "
            f"{DATA.relevant * findings['draws']} chances to lose one that counts, the group lasso took {lost}."
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
    """One run; recorded step by step if an animation may show it."""
    return Run(
        data=DATA,
        network=_NETWORK,
        training=_TRAINING,
        penalty=default_penalty(kind),
        strength=λ,
        step="proximal",
        recording=Recording(every=4, loss=False) if draw == 0 and kind in _ANIMATED else Recording.ENDS_ONLY,
        data_seed=_FIRST + draw,
        order_seed=_FIRST + draw,
        init_seed=_FIRST + draw,
    )


def _measure_all(e: Experiment, trained: Trained) -> dict[str, list[list[dict[str, Any]]]]:
    """The measurements of every run: [arm][draw][λ]."""
    return {
        kind: [[_measure_run(trained[_run(kind, λ, draw)]) for λ in grid] for draw in range(_draw_count(e))]
        for kind, grid in GRIDS.items()
    }


def _measure_run(t: Trajectory) -> dict[str, Any]:
    """The inputs and units that a network keeps, and its errors without the inputs that it drops."""
    kernels, biases = t.at(-1)
    kernels = [w.astype(np.float64) for w in kernels]
    picked, alive = kept_inputs_and_units(t)
    kernels[0][~picked] = 0.0
    data = t.run.draw()
    squares = ((forward(kernels, biases, data.x_test, t.run.network.activation) - data.y_test) ** 2)[:, 0]
    largest = np.argsort(-np.linalg.norm(kernels[0], axis=1), kind="stable")[: DATA.relevant]
    return {
        "λ": t.run.strength,
        "choosing": float(squares[:CHOOSING].mean()),
        "choosing_error": float(squares[:CHOOSING].std(ddof=1) / CHOOSING**0.5),
        "error": float(squares[CHOOSING:].mean()),
        "picked": picked,
        "units": int(alive.sum()),
        "ranked": int(_COUNTS[largest].sum()),
    }


def kept_inputs_and_units(t: Trajectory) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the inputs and of the units of the first hidden layer that a network keeps.

    Noise of the batches keeps weights within a step of zero. So a weight counts as zero if the proximal step alone, at
    the first learning rate, would make it zero: within η·λ for L1, and for a group by its norm. L2's step never does.
    """
    scale = t.run.training.learning_rate * t.run.strength
    kernels = [t.run.penalty.prox(w.astype(np.float64), scale, np) for w in t.at(-1)[0]]
    return kernels[0].any(axis=1), ~dead_units(kernels, 0.0)[0]


def choose_strongest(tried: list[dict[str, Any]]) -> dict[str, Any]:
    """Choose the strongest penalty whose error on the samples for choosing is within one standard error of the least.

    References:
        Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section 3.4.3.
    """
    best = min(tried, key=lambda t: t["choosing"])
    limit = best["choosing"] + best["choosing_error"]
    return max((t for t in tried if t["choosing"] <= limit), key=lambda t: t["λ"])


def _summarize_arm(kind: str, tried: list[list[dict[str, Any]]], level: float) -> Findings:
    chosen = [choose_strongest(draw) for draw in tried]
    picked = np.array([t["picked"] for t in chosen])
    shares, count = picked.mean(axis=0), picked.sum(axis=1)
    errors: Values = np.array([t["error"] for t in chosen])
    low, high = wilson_interval(float(shares[_DOUBLE]), len(chosen), level)
    return {
        "label": KINDS[kind].title,
        "grid": list(GRIDS[kind]),
        "chosen": [t["λ"] for t in chosen],
        "errors": errors.tolist(),
        "error": summarize(errors),
        "kept": float(count.mean()),
        "kept_each": count.astype(float).tolist(),
        "found": float(picked[:, _COUNTS].sum(axis=1).mean()),
        "missed": int((~picked[:, _COUNTS]).sum()),
        "false_picks": float(picked[:, ~_COUNTS].sum(axis=1).mean()),
        "units": float(np.mean([t["units"] for t in chosen])),
        "units_each": [float(t["units"]) for t in chosen],
        "ranked": float(np.mean([t["ranked"] for t in chosen])),
        "shares": shares.tolist(),
        "counting_share": float(shares[_COUNTS].mean()),
        "irrelevant_share": float(shares[_IRRELEVANT].mean()),
        "least_counting": float(shares[_COUNTS].min()),
        "most_irrelevant": float(shares[_IRRELEVANT].max()),
        "double": float(shares[_DOUBLE]),
        "double_low": low,
        "double_high": high,
        "saving": float(1 - count.mean() / DATA.inputs),
        "saving_least": float(1 - count.max() / DATA.inputs),
        "saving_most": float(1 - count.min() / DATA.inputs),
        "path": [
            {
                "λ": λ,
                "error": float(np.mean([draw[i]["error"] for draw in tried])),
                "kept": float(np.mean([draw[i]["picked"].sum() for draw in tried])),
            }
            for i, λ in enumerate(GRIDS[kind])
        ],
    }


def _match_errors(tried: dict[str, list[list[dict[str, Any]]]], rule: Comparison) -> dict[str, Any]:
    """Compare the group lasso and L1 at equal errors, each at one strength in all draws.

    L1's strength is the best on the samples for choosing, over all draws; the group lasso's is the one whose error
    there is nearest to that.
    """

    def pooled(kind: str) -> Values:
        found: Values = np.array([[t["choosing"] for t in draw] for draw in tried[kind]]).mean(axis=0)
        return found

    best = int(pooled("l1").argmin())
    nearest = int(np.abs(pooled("group_lasso") - pooled("l1")[best]).argmin())
    places = dict(zip(_ANIMATED, (best, nearest), strict=True))
    ends = {kind: [draw[place] for draw in tried[kind]] for kind, place in places.items()}
    errors = {kind: np.array([t["error"] for t in outcomes]) for kind, outcomes in ends.items()}
    counts = {kind: np.array([float(t["picked"].sum()) for t in outcomes]) for kind, outcomes in ends.items()}
    return {
        "strengths": {kind: GRIDS[kind][place] for kind, place in places.items()},
        "errors": {kind: float(values.mean()) for kind, values in errors.items()},
        "kept": {kind: float(values.mean()) for kind, values in counts.items()},
        "error": as_findings(compare(errors["group_lasso"], errors["l1"], MARGIN, rule)),
        "inputs": as_findings(compare(counts["group_lasso"], counts["l1"], 1.0, rule)),
    }


def _double_deceives(arm: Mapping[str, Any]) -> Any:
    if arm["double_low"] > arm["irrelevant_share"]:
        return True
    return False if arm["double_high"] <= arm["irrelevant_share"] else "undecided"
