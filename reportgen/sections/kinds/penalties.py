"""The penalties: what they are, what a step does to one weight, why corners give zeros; the minima known exactly."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Comparison, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Section, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import kinds_by_name
from reportgen.sections.kinds.selection import DATA, FACTORS, UNIVERSAL, linear_run
from reportgen.sections.wording import join_words
from reportgen.statistics import plane
from reportgen.statistics.linear_minima import lasso, ridge
from reportgen.statistics.rates import RateDifference, compare_rates
from reportgen.training.run import Run

Array = NDArray[np.float64]

_SHOWN = kinds_by_name(L1, L2, ElasticNet, GroupLasso)
_DUEL = kinds_by_name(L1, L2)
"""The two penalties of the figures that the reader moves."""

# One weight, step after step
STEPS = 60
SCALE = 0.05
"""η·λ of each step."""
_START, _LEAST, _MOST = 1.5, 0.1, 2.0
_GRAIN = 0.05
"""How far apart the values of the sliders are."""

# The plane of two weights
MINIMUM, CURVATURE, STRENGTH, _REACH = (0.7, 1.9), ((1.0, 0.3), (0.3, 1.0)), 1.0, 2.5
"""The loss that the figure begins with, its λ, and how far the drawing reaches."""
_STRONGEST = 2.5
LOSSES = 1000

# The minima that are known exactly
_DRAWS, _PATHS = 30, 5
"""Number of data sets for ridge, and for the path of the lasso."""
PATH = tuple(float(UNIVERSAL * factor) for factor in FACTORS)
"""The λ of the path, whose runs are those of the section `selection`."""
CLOSE = 0.01
"""Weights agree if they differ by less than this share of the largest weight."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One penalty over two weights that leave one unit."""

    title: str
    color: str
    levels: list[list[list[float]]]
    """Lines on which the penalty is a third, two thirds, and all of its value at 1.6 on an axis."""


@dataclass(frozen=True, kw_only=True)
class OwnPenalty:
    """A penalty of the experiment's arms that is none of the package's four."""

    title: str
    about: str
    convex: bool


@dataclass(frozen=True, kw_only=True)
class Mix:
    """The share of L1 in the elastic net of an arm."""

    label: str
    mix: float


@dataclass(frozen=True, kw_only=True)
class OneWeight:
    """One weight on which only a penalty acts, by proximal steps."""

    start: float
    least: float
    most: float
    grain: float
    """How far apart the weights are that the slider can set."""
    scale: float
    count: int
    colors: dict[str, str]
    walks: dict[str, list[float]]
    arrived: int | None
    """The step from which on the weight is exactly zero under L1."""
    left: float
    """The weight that L2 leaves."""


@dataclass(frozen=True, kw_only=True)
class Meeting:
    """The loss that the figure begins with."""

    minimum: list[float]
    curvature: list[list[float]]
    strength: float
    most: float
    grain: float
    """The largest λ of the slider, and how far apart its values are."""
    reach: float
    colors: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How far trained weights are from those known exactly."""

    weights: int
    draws: int
    difference: float
    largest: float
    """The largest exact weight."""
    other_zeros: int
    """Number of weights that are exactly zero by one and not by the other."""


@dataclass(frozen=True, kw_only=True)
class PenaltiesFindings:
    """The demonstrations, which are the same for every experiment, and the experiment's own penalties."""

    named: str
    """Titles of the penalties of the arms."""
    shapes: dict[str, Shape]
    mix: float
    mixes: list[Mix]
    inputs: int
    width: int
    own: list[OwnPenalty]
    weight: OneWeight
    meeting: Meeting
    zeros: RateDifference
    losses: int
    known_inputs: int
    known_strength: float
    path_strengths: int
    ridge: Agreement
    lasso: Agreement


@sections.register("penalties")
class Penalties(Section[PenaltiesFindings]):
    """Demonstrations of the penalties, and training against the minima that are known exactly."""

    title = "Make weights cost something"
    scripts = ("plots.js", "geometry.js")
    claims = (
        Claim(name="corners-give-zeros", test=lambda f: _corner_outcome(f.zeros.verdict)),
        Claim(
            name="training-finds-ridge",
            post="L2 has a closed form.",
            test=lambda f: f.ridge.difference < CLOSE * f.ridge.largest,
        ),
        Claim(name="proximal-steps-find-the-lasso", test=lambda f: f.lasso.difference < CLOSE * f.lasso.largest),
        Claim(name="both-find-the-same-zeros", test=lambda f: f.lasso.other_zeros <= f.lasso.weights / 1000),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (linear_run("l2", UNIVERSAL, draw) for draw in range(min(_DRAWS, e.runs.count)))
        yield from (linear_run("l1", λ, draw) for draw in range(min(_PATHS, e.runs.count)) for λ in PATH)

    def study(self, e: Experiment) -> list[Array]:
        """The exact path of the lasso [strengths, inputs] for each draw."""
        return [lasso(*_linear_data(linear_run("l1", 1.0, draw)), PATH) for draw in range(min(_PATHS, e.runs.count))]

    def findings(self, e: Experiment, trained: Trained, study: Any) -> PenaltiesFindings:
        inputs, width = e.network.shapes(*e.data.shape)[0]
        return PenaltiesFindings(
            named=join_words(list(dict.fromkeys(type(arm.penalty).title for arm in e.arms if arm.strength > 0))),
            shapes={name: _shape(kind()) for name, kind in _SHOWN.items()},
            mix=ElasticNet().mix,
            mixes=[Mix(label=a.label, mix=a.penalty.mix) for a in e.arms if isinstance(a.penalty, ElasticNet)],
            inputs=inputs,
            width=width,
            own=[OwnPenalty(title=p.title, about=_first_paragraph(p), convex=p.convex) for p in _other_penalties(e)],
            weight=_one_weight(),
            meeting=Meeting(
                minimum=list(MINIMUM),
                curvature=[list(row) for row in CURVATURE],
                strength=STRENGTH,
                most=_STRONGEST,
                grain=_GRAIN,
                reach=_REACH,
                colors={name: kind.color for name, kind in _DUEL.items()},
            ),
            zeros=count_zeros(*random_losses(LOSSES), e.comparison),
            losses=LOSSES,
            known_inputs=DATA.inputs,
            known_strength=float(UNIVERSAL),
            path_strengths=len(PATH),
            ridge=agreement(*_ridge_weights(e, trained)),
            lasso=agreement(_lasso_weights(e, trained), np.stack(study)),
        )

    def media(
        self, e: Experiment, trained: Trained, study: Any, findings: PenaltiesFindings
    ) -> Iterable[Picture | Animation]:
        if own := _other_penalties(e):
            yield _curves_picture(own)
        yield Picture(
            name="constraint",
            figure="constraint",
            inputs={"strength": STRENGTH, "minimum": list(MINIMUM), "curvature": [list(row) for row in CURVATURE]},
            alt=_constraint_alt(),
        )
        yield Picture(
            name="penalty-surfaces",
            figure="penalty_surfaces",
            alt="Four surfaces over two weights: L1 an upturned pyramid with creases along both axes, L2 a smooth "
            "bowl, elastic net a bowl with creases, group lasso a cone with a single sharp point at the origin.",
        )
        yield Picture(
            name="penalty-curves",
            figure="penalty_curves",
            alt="Three panels over one weight. The penalties: L1 is a V, L2 a parabola, elastic net a rounded V. Their "
            "slopes: L1 and elastic net jump at zero, L2 passes straight through it. Their proximal steps: L1 and "
            "elastic net are flat at zero around the origin, L2 is a line through it.",
        )
        yield Animation(
            name="constraint-path",
            scenes=("constraint_path",),
            alt="As λ grows, the diamond and the disc shrink. The L1 solution slides to an axis, stays on it with one "
            "weight at zero and reaches the origin; the L2 solution moves towards the origin along a curve and never "
            "touches an axis.",
        )
        by_training, by_formula = _ridge_weights(e, trained)
        yield Picture(
            name="closed-form",
            figure="agreement",
            inputs={
                "x": by_formula.ravel(),
                "y": by_training.ravel(),
                "xlabel": "weight by the formula",
                "ylabel": "weight by training",
            },
            alt=f"{by_formula.size} weights of {len(by_formula)} data sets by formula and by training lie about the "
            f"diagonal; the largest difference is {findings.ridge.difference:.1g}.",
        )
        yield _path_picture(_lasso_weights(e, trained)[0], study[0], findings.lasso.difference)


def _corner_outcome(verdict: str) -> Outcome:
    outcomes: dict[str, Outcome] = {"more often": "supported", "less often": "not supported"}
    return outcomes.get(verdict, "undecided")


def _shape(of: Penalty) -> Shape:
    highest = float(plane.cost(of, np.array([1.6, 0.0])))
    lines = [plane.level_line(of, share * highest, plane.ANGLES[::2]) for share in (1 / 3, 2 / 3, 1)]
    return Shape(title=of.title, color=of.color, levels=[np.round(line, 3).tolist() for line in lines])


def _one_weight() -> OneWeight:
    walks = {name: walk(kind(), _START) for name, kind in _DUEL.items()}
    return OneWeight(
        start=_START,
        least=_LEAST,
        most=_MOST,
        grain=_GRAIN,
        scale=SCALE,
        count=STEPS,
        colors={name: kind.color for name, kind in _DUEL.items()},
        walks=walks,
        arrived=walks["l1"].index(0.0) if 0.0 in walks["l1"] else None,
        left=walks["l2"][-1],
    )


def walk(of: Penalty, start: float) -> list[float]:
    """One weight after 0, 1, … `STEPS` proximal steps of η·λ = `SCALE`, without a loss."""
    values = [np.full((1, 1), start)]
    while len(values) <= STEPS:
        values.append(of.prox(values[-1], SCALE, np))
    return [float(w[0, 0]) for w in values]


def random_losses(count: int) -> tuple[Array, Array]:
    """Quadratic losses of two weights: best fits [count, 2] and curvatures [count, 2, 2].

    Best fits are normal. Curvatures are 1 in a random direction, and between 0.1 and 1 across it.
    """
    rng = np.random.default_rng([0, 12])
    minima, turns, across = rng.standard_normal((count, 2)), rng.uniform(0, np.pi, count), rng.uniform(0.1, 1.0, count)
    along = np.stack([np.cos(turns), np.sin(turns)], axis=-1)
    outer = along[:, :, np.newaxis] * along[:, np.newaxis, :]
    return minima, outer + across[:, np.newaxis, np.newaxis] * (np.eye(2) - outer)


def count_zeros(minima: Array, curvatures: Array, rule: Comparison) -> RateDifference:
    """How often the least cost has a weight of exactly zero under L1 and under L2.

    Each λ is half of that from which on L1 leaves no weight.
    """
    strengths = np.abs(np.einsum("nij,nj->ni", curvatures, minima)).max(axis=1) / 2
    zeros = [(plane.least_cost(kind(), minima, curvatures, strengths) == 0).any(axis=1) for kind in _DUEL.values()]
    return compare_rates(zeros[0], zeros[1], rule)


def agreement(trained: Array, exact: Array) -> Agreement:
    """Compare trained and exact weights, whose first axis is the data set."""
    return Agreement(
        weights=exact.size,
        draws=len(exact),
        difference=float(np.abs(trained - exact).max()),
        largest=float(np.abs(exact).max()),
        other_zeros=int(((trained == 0) != (exact == 0)).sum()),
    )


def _linear_data(run: Run) -> tuple[Array, Array]:
    """Inputs [samples, inputs] and targets [samples] that the run trains on."""
    data = run.draw()
    return data.x_train, data.y_train[:, 0]


def _ridge_weights(e: Experiment, trained: Trained) -> tuple[Array, Array]:
    """Weights [draws, inputs] under L2, by training and by formula."""
    runs = [linear_run("l2", UNIVERSAL, draw) for draw in range(min(_DRAWS, e.runs.count))]
    return np.stack([_last_weights(trained, run) for run in runs]), np.stack(
        [ridge(*_linear_data(run), run.strength) for run in runs]
    )


def _lasso_weights(e: Experiment, trained: Trained) -> Array:
    """Trained weights [draws, strengths, inputs] under L1."""
    draws = range(min(_PATHS, e.runs.count))
    return np.stack([[_last_weights(trained, linear_run("l1", λ, draw)) for λ in PATH] for draw in draws])


def _last_weights(trained: Trained, run: Run) -> Array:
    return np.asarray(trained[run].kernels[0][-1][:, 0], np.float64)


def _constraint_alt() -> str:
    problem = plane.Quadratic(np.array(MINIMUM), np.array(CURVATURE))
    ends = {kind.title: problem.solutions(kind(), np.array([STRENGTH]))[0].round(2).tolist() for kind in _DUEL.values()}
    met = " and ".join(f"{title}’s budget at ({w[0]:g}, {w[1]:g})" for title, w in ends.items())
    return f"Ellipses of equal loss around the best fit at ({MINIMUM[0]:g}, {MINIMUM[1]:g}) meet {met}."


def _path_picture(ours: Array, exact: Array, difference: float) -> Picture:
    return Picture(
        name="lasso-path",
        figure="paths",
        inputs={
            "x": PATH,
            "lines": ours,
            "marked_x": PATH,
            "marked": exact,
            "highlighted": [bool(w) for w in DATA.weights(0)[:, 0]],
            "labels": {
                "highlighted": "proximal steps, input that counts",
                "others": "proximal steps, other input",
                "marked": "scikit-learn",
            },
            "arm": L1.look().arm,
            "xlabel": "λ",
            "ylabel": "weight",
            "mark": {"x": float(UNIVERSAL), "label": "λ fixed beforehand"},
        },
        alt=f"Weights of {DATA.inputs} inputs in one data set as λ grows from {PATH[0]:.2g} to {PATH[-1]:.2g}. Markers "
        f"of scikit-learn's solution lie on the lines; the largest difference over all data sets is {difference:.1g}.",
    )


def _other_penalties(e: Experiment) -> list[Penalty]:
    """The penalties of the arms other than the four of the package, each kind once."""
    shown: tuple[type[Penalty], ...] = (NoPenalty, *_SHOWN.values())
    kinds = {type(arm.penalty): arm.penalty for arm in reversed(e.arms) if not isinstance(arm.penalty, shown)}
    return list(reversed(kinds.values()))


def _first_paragraph(of: Penalty) -> str:
    """The first paragraph of a penalty's docstring."""
    return (inspect.getdoc(of) or "").partition("\n\n")[0]


def _curves_picture(own: Sequence[Penalty]) -> Picture:
    """The picture of penalty, slope and proximal step at strength 1, beside those of L1."""
    w = np.linspace(-2.5, 2.5, 501)
    column = w[:, np.newaxis, np.newaxis]
    drawn = [L1(), *own]
    values = {
        "penalty": [p.cost(column, np) for p in drawn],
        "slope": [p.subgradient(column, np)[:, 0, 0] for p in drawn],
        "proximal step": [p.prox(column, 1.0, np)[:, 0, 0] for p in drawn],
    }
    return Picture(
        name="penalty-curves-own",
        figure="curves",
        inputs={
            "panels": [
                {
                    "title": title,
                    "xlabel": "w",
                    "ylabel": "",
                    "series": [
                        {"label": p.title, "arm": p.look("subgradient").arm, "x": w, "y": y}
                        for p, y in zip(drawn, curves, strict=True)
                    ],
                }
                for title, curves in values.items()
            ]
        },
        alt="Penalty, slope and proximal step of one weight between -2.5 and 2.5, for "
        + join_words([p.title for p in drawn])
        + ". At w = 2.5 the proximal step leaves "
        + join_words(
            [f"{steps[-1]:.2f} under {p.title}" for p, steps in zip(drawn, values["proximal step"], strict=True)]
        )
        + ".",
    )
