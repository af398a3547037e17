"""Overfitting: a flexible curve through few samples, calmed by a penalty; and other ways to limit a model, each run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import getitem
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from reportgen.datasets.wave import Wave
from reportgen.experiment import Comparison, Experiment
from reportgen.penalties import COLORS, Penalty
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, all_outcomes, difference_outcome, majority_outcome
from reportgen.sections.helpers import default_penalty, kinds_by_name, rate_findings, table
from reportgen.statistics.comparison import Difference, compare_family
from reportgen.statistics.linear_minima import bias, lasso, least_squares, ridge
from reportgen.text import plural
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

Array = NDArray[np.float64]

# The curve
_SAMPLES = 14
_NOISE = 0.3
DEGREE = 15
"""Degree of the polynomial; with its constant it has two coefficients more than there are samples."""
_FRESH = 500
"""Number of fresh samples on which λ is chosen, and of further ones on which the choice is judged."""
_CURVES = 20
"""Number of draws of the samples behind the claim; enough for a family of four differences."""
STRENGTHS = (0.0, *np.geomspace(1e-4, 5.0, 39).tolist())
_SHAPES: dict[str, type[Penalty]] = kinds_by_name(L2, L1)
MARGIN = _NOISE / 10
"""Root mean squared errors within ± this are practically equal: a tenth of the noise."""
_GRID = np.linspace(-1.0, 1.0, 121)

# Clusters and forests
_DRAWS = 10
"""Number of data sets for k-means and for forests: enough for a difference to be decided either way."""
_CENTERS = ((-4.0, -3.0), (-3.0, 4.0), (3.5, 3.0), (4.0, -4.0))
_MOST_CLUSTERS = 8
_TREES = 12
_FOREST_NOISE = 2.0
_LIMITS: dict[str, tuple[int, ...]] = {"max_depth": (1, 3, 6), "max_features": (1, 4)}
"""Limits of the trees; the last of each is compared with forests without a limit."""
_INPUTS = 10
_FOREST_MARGIN = _FOREST_NOISE**2 / 2
"""Mean squared errors within ± this are practically equal: half of the noise's variance."""

# Networks
_WAVE = Wave()
_RUNS = 20
"""The most runs of each network; as many as the experiment has, if it has fewer."""
_NETWORK_MARGIN = _WAVE.noise / 20
"""Root mean squared distances from the sine within ± this are practically equal: a twentieth of the noise."""
_DIFFERENCE = ("estimate", "low", "high", "verdict")
"""The parts of a difference in the table; networks without a limit have none."""
WAYS = {"none": "no limit", "decay": "weight decay", "dropout": "dropout", "early": "early stopping"}
_DECAY = 0.01
"""λ of the network with weight decay."""
_DROPOUT = 0.2
_TRAINING = Training(
    optimizer="momentum",
    learning_rate=0.03,
    # The runs come to rest, so that no verdict hangs on the last steps.
    schedule="linear",
    batch_size=8,
    epochs=500,
    loss="squared",
    order="reshuffled",
)


@dataclass(frozen=True, kw_only=True)
class PenaltyPath:
    """The curves of the shown draw under one penalty: an entry for each of `STRENGTHS`."""

    title: str
    color: str
    """A name in `penalties.COLORS`."""
    coefficients: list[list[float]]
    """Of the Legendre polynomials of degree 0 to `DEGREE`."""
    train: list[float]
    test: list[float]
    """Root mean squared error on the samples, and on fresh samples that did not choose λ."""
    terms: list[int]
    """Number of terms whose weight is not exactly zero, without the constant."""
    best: int
    """The place of the λ with the least error on the fresh samples that choose."""


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Mean errors on fresh samples over the draws, under one penalty, and their differences."""

    title: str
    none: float
    best: float
    strongest: float
    falls: Difference
    """Of the best λ, less that without a penalty."""
    rises: Difference
    """Of the best λ, less that with the strongest."""


@dataclass(frozen=True, kw_only=True)
class Still:
    """One curve, for readers without scripts."""

    label: str
    strength: float
    train: float
    test: float
    points: list[list[float]]


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What the figure shows."""

    x: list[float]
    y: list[float]
    strengths: list[float]
    paths: dict[str, PenaltyPath]
    truth: list[list[float]]
    """Points of the curve behind the samples."""
    stills: list[Still]
    noise: float
    limit: float
    """The largest error that the figure has to show."""


@dataclass(frozen=True, kw_only=True)
class Clusters:
    """Results of k-means on points of `true` clouds."""

    true: int
    shown: list[int]
    scores: dict[str, float]
    """Silhouette score of the first draw by number of clusters."""
    found: dict[str, Any]
    """How often the score is highest at `true`."""


@dataclass(frozen=True, kw_only=True)
class Limit:
    """Forests whose trees are limited in one way, from the strictest limit to none."""

    values: list[int]
    """The last is the value that limits nothing."""
    train: list[float]
    test: list[float]
    """Mean squared errors."""
    compared: int
    difference: Difference
    """Of the error on new samples with the limit `compared`, less that without a limit."""


@dataclass(frozen=True, kw_only=True)
class Forests:
    """Forests on `inputs` inputs of which five count."""

    draws: int
    samples: int
    inputs: int
    trees: int
    margin: float
    depth: Limit
    features: Limit


@dataclass(frozen=True, kw_only=True)
class Way:
    """Networks held back in one way, or in none."""

    label: str
    errors: list[float]
    mean: float


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Networks on noisy samples of a sine; errors are root mean squared distances from it."""

    runs: int
    samples: int
    held_out: int
    parameters: int
    decay: float
    dropout: float
    margin: float
    steps: int
    stopped_at: float
    """Median step at which early stopping stops."""
    ways: dict[str, Way]
    differences: dict[str, Difference]
    """Of the error of each way, less that without a limit."""


@dataclass(frozen=True, kw_only=True)
class OverfittingFindings:
    """The curve, and the other models."""

    samples: int
    degree: int
    fresh: int
    draws: int
    margin: float
    figure: Demonstration
    turns: dict[str, Turn]
    kmeans: Clusters
    forests: Forests
    networks: Networks


def _gain_claim(name: str, at: str, post: str = "") -> Claim:
    """The claim that a limit makes predictions better; `at` is the place of its difference in the findings."""
    return Claim(name=name, post=post, test=lambda f: difference_outcome(reduce(getitem, at.split("."), f)))


@sections.register("overfitting")
class Overfitting(Section[OverfittingFindings]):
    """A demonstration of its own, whatever the experiment."""

    title = "When a model may be anything"
    scripts = ("plots.js", "geometry.js")
    claims = (
        Claim(
            name="test-error-falls-and-rises",
            post="Simpler models generalize better.",
            test=lambda f: all_outcomes(
                *(difference_outcome(turn[part]) for turn in f.turns.values() for part in ("falls", "rises"))
            ),
        ),
        Claim(name="silhouette-finds-the-clusters", test=lambda f: majority_outcome(f.kmeans.found)),
        _gain_claim(
            "shallower-trees-predict-better",
            "forests.depth.difference",
            "A random forest generalizes better with shallower trees.",
        ),
        _gain_claim(
            "fewer-inputs-a-split-predict-better",
            "forests.features.difference",
            "A random forest generalizes better with fewer features per split.",
        ),
        _gain_claim("weight-decay-helps", "networks.differences.decay"),
        _gain_claim("dropout-helps", "networks.differences.dropout"),
        _gain_claim("early-stopping-helps", "networks.differences.early"),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for way in ("none", "decay", "dropout") for run in _network_runs(e, way)]

    def study(self, e: Experiment) -> Any:
        return {"curves": fit_curves(), "kmeans": _run_kmeans(), "forests": _run_forests()}

    def findings(self, e: Experiment, trained: Trained, study: Any) -> OverfittingFindings:
        curves = study["curves"]
        kmeans = study["kmeans"]
        return OverfittingFindings(
            samples=_SAMPLES,
            degree=DEGREE,
            fresh=_FRESH,
            draws=len(curves["draws"]),
            margin=MARGIN,
            figure=_demonstration(curves),
            turns=compare_turns(
                {name: np.array([draw[name]["judged"] for draw in curves["draws"]]) for name in _SHAPES}, e.comparison
            ),
            kmeans=Clusters(
                true=kmeans["true"],
                shown=kmeans["shown"],
                scores=kmeans["scores"],
                found=rate_findings(np.array(kmeans["best"]) == kmeans["true"], e.comparison),
            ),
            forests=compare_forests(study["forests"], e.comparison),
            networks=_compare_networks(e, trained),
        )

    def media(
        self, e: Experiment, trained: Trained, study: Any, findings: OverfittingFindings
    ) -> Iterable[Picture | Animation]:
        kmeans = study["kmeans"]
        yield Picture(
            name="k-means",
            figure="clusters",
            inputs={"panels": kmeans["panels"]},
            alt=f"The same points in {kmeans['true']} clouds, grouped by k-means into "
            + ", ".join(str(panel["centers"].shape[0]) for panel in kmeans["panels"])
            + f" clusters. By the silhouette score {kmeans['best'][0]} clusters fit best.",
        )
        yield _forest_picture(findings.forests)
        yield _ways_picture(_trained_ways(e, trained), findings.networks)

    def tables(self, e: Experiment, findings: OverfittingFindings) -> Iterable[Table]:
        networks = findings.networks
        yield table(
            "ways",
            [
                {"way": way, "difference": networks.differences.get(name, dict.fromkeys(_DIFFERENCE))}
                for name, way in networks.ways.items()
            ],
            {
                "way.label": ("network", ""),
                "way.mean": ("mean error", ".3f"),
                "difference.estimate": ("less that without a limit", ".3f"),
                "difference.low": ("from", ".3f"),
                "difference.high": ("to", ".3f"),
                "difference.verdict": ("verdict", ""),
            },
        )


def _inputs(x: Array) -> Array:
    """The terms of the polynomial at x [samples]: Legendre polynomials, without the constant."""
    return np.asarray(legendre.legvander(x, DEGREE)[:, 1:], np.float64)


def _draw_curve(seed: int) -> tuple[Array, Array, Array, Array]:
    """Samples of a sine, one in each of equal parts of [−1, 1], and fresh ones: x and y, x and y of the fresh."""
    rng = np.random.default_rng([seed, 11])
    x = -1 + 2 / _SAMPLES * (np.arange(_SAMPLES) + rng.uniform(0.1, 0.9, _SAMPLES))
    fresh = rng.uniform(-1.0, 1.0, 2 * _FRESH)
    y, target = (np.sin(np.pi * at) + _NOISE * rng.standard_normal(len(at)) for at in (x, fresh))
    return x, y, fresh, target


def fit_curves() -> dict[str, Any]:
    """The curves of every draw and penalty.

    "draws" has for each draw and penalty the errors on fresh samples: "test" [strengths], and "judged": without a
    penalty, at the λ chosen on other fresh samples, and at the strongest λ. "shown" is the number of the draw with the
    median error without a penalty, and "samples" and "paths" are its samples and curves.
    """
    draws, all_paths, samples = [], [], []
    for seed in range(_CURVES):
        x, y, fresh, target = _draw_curve(seed)
        terms, fresh_terms = _inputs(x), _inputs(fresh)
        free = least_squares(terms, y)
        ridge_path = np.stack([ridge(terms, y, strength) for strength in STRENGTHS[1:]])
        lasso_path = lasso(terms, y, STRENGTHS[1:], tolerance=1e-7)
        paths, errors = {}, {}
        for name, path in zip(_SHAPES, (ridge_path, lasso_path), strict=True):
            w = np.vstack([free, path])
            b = np.array([bias(terms, y, one) for one in w])
            on_fresh = (fresh_terms @ w.T + b - target[:, None]) ** 2
            choosing, judging = (np.sqrt(part.mean(axis=0)) for part in (on_fresh[:_FRESH], on_fresh[_FRESH:]))
            best = int(np.argmin(choosing))
            errors[name] = {"judged": judging[[0, best, -1]].tolist()}
            paths[name] = {
                "coefficients": np.column_stack([b, w]),
                "train": np.sqrt(((terms @ w.T + b - y[:, None]) ** 2).mean(axis=0)),
                "test": judging,
                "terms": np.count_nonzero(w, axis=1),
                "best": best,
            }
        draws.append(errors)
        all_paths.append(paths)
        samples.append((x, y))
    free_errors = [draw["l2"]["judged"][0] for draw in draws]
    shown = int(np.argsort(free_errors)[len(free_errors) // 2])
    return {"draws": draws, "shown": shown, "samples": samples[shown], "paths": all_paths[shown]}


def _rounded(values: Array, digits: int = 3) -> Any:
    """Values as a list for the page, rounded to so many decimals."""
    return np.round(values, digits).tolist()


def _demonstration(curves: dict[str, Any]) -> Demonstration:
    x, y = curves["samples"]
    paths = {
        name: PenaltyPath(
            title=_SHAPES[name].title,
            color=_SHAPES[name].color,
            coefficients=_rounded(path["coefficients"], 4),
            train=_rounded(path["train"]),
            test=_rounded(path["test"]),
            terms=path["terms"].tolist(),
            best=path["best"],
        )
        for name, path in curves["paths"].items()
    }
    ridge_path = curves["paths"]["l2"]
    stills = [
        Still(
            label=label,
            strength=STRENGTHS[place],
            train=float(ridge_path["train"][place]),
            test=float(ridge_path["test"][place]),
            points=_rounded(np.column_stack([_GRID, legendre.legval(_GRID, ridge_path["coefficients"][place])])),
        )
        for label, place in {"no penalty": 0, "about right": ridge_path["best"], "too strong": -1}.items()
    ]
    return Demonstration(
        x=_rounded(x, 5),
        y=_rounded(y, 5),
        strengths=[float(f"{strength:.3g}") for strength in STRENGTHS],
        paths=paths,
        truth=_rounded(np.column_stack([_GRID, np.sin(np.pi * _GRID)])),
        stills=stills,
        noise=_NOISE,
        limit=max(max(path.test) for path in paths.values()),
    )


def compare_turns(judged: dict[str, Array], rule: Comparison) -> dict[str, Turn]:
    """Compare the errors [draws, 3] of each penalty: without it, at its best λ, and at its strongest; one family."""
    pairs = [(errors[:, 1], errors[:, other]) for errors in judged.values() for other in (0, 2)]
    differences = iter(compare_family(pairs, MARGIN, rule))
    return {
        name: Turn(
            title=_SHAPES[name].title,
            none=float(errors[:, 0].mean()),
            best=float(errors[:, 1].mean()),
            strongest=float(errors[:, 2].mean()),
            falls=next(differences),
            rises=next(differences),
        )
        for name, errors in judged.items()
    }


def _run_kmeans() -> dict[str, Any]:
    """The number of clusters with the highest silhouette score in each draw of the points, and the first draw."""
    # SciPy's k-means needs a tenth of the time of scikit-learn's, whose threads cost more than so few points.
    from scipy.cluster.vq import kmeans2
    from sklearn.datasets import make_blobs
    from sklearn.metrics import silhouette_score

    def cluster(points: Any, k: int) -> Any:
        """Centers and labels with the least sum of squared distances, of four starts."""
        fits = [kmeans2(points, k, minit="++", seed=start) for start in range(4)]
        return min(fits, key=lambda fit: float(np.sum((points - fit[0][fit[1]]) ** 2)))

    best: list[int] = []
    first: dict[str, Any] = {}
    for i in range(_DRAWS):
        points, _ = make_blobs(n_samples=120, centers=_CENTERS, cluster_std=1.3, random_state=i)
        fitted = {k: cluster(points, k) for k in range(2, _MOST_CLUSTERS + 1)}
        scores = {k: float(silhouette_score(points, labels)) for k, (_, labels) in fitted.items()}
        best.append(max(scores, key=lambda k: scores[k]))
        first = first or {"points": points, "fitted": fitted, "scores": scores}
    shown = sorted({2, best[0], _MOST_CLUSTERS})
    return {
        "panels": [
            {"title": f"k = {k}", "points": first["points"], "labels": labels, "centers": centers}
            for k, (centers, labels) in first["fitted"].items()
            if k in shown
        ],
        "scores": {str(k): score for k, score in first["scores"].items()},
        "best": best,
        "true": len(_CENTERS),
        "shown": shown,
    }


def _run_forests() -> dict[str, Any]:
    """Errors [limits, draws, 2] on training and on new samples, by limit from the strictest to none."""
    from sklearn.datasets import make_friedman1
    from sklearn.ensemble import RandomForestRegressor

    train, test = slice(120), slice(120, None)
    drawn = [
        make_friedman1(n_samples=400, n_features=_INPUTS, noise=_FOREST_NOISE, random_state=i) for i in range(_DRAWS)
    ]

    def measure(**limits: int) -> Any:
        errors = []
        for x, y in drawn:
            forest = RandomForestRegressor(n_estimators=_TREES, random_state=0, **limits).fit(x[train], y[train])
            errors.append([np.mean((forest.predict(x[part]) - y[part]) ** 2) for part in (train, test)])
        return errors

    free = measure()
    return {
        "samples": train.stop,
        **{
            limit: np.array([*(measure(**{limit: value}) for value in values), free])
            for limit, values in _LIMITS.items()
        },
    }


def compare_forests(measured: dict[str, Any], rule: Comparison) -> Forests:
    """The errors of the forests, with the loosest limit of each kind compared with none; both are one family."""
    pairs = [(measured[limit][-2, :, 1], measured[limit][-1, :, 1]) for limit in _LIMITS]
    differences = compare_family(pairs, _FOREST_MARGIN, rule)
    # A tree of 120 samples ends long before this depth.
    loosest = {"max_depth": 16, "max_features": _INPUTS}
    depth, features = (
        Limit(
            values=[*values, loosest[limit]],
            train=measured[limit].mean(axis=1)[:, 0].tolist(),
            test=measured[limit].mean(axis=1)[:, 1].tolist(),
            compared=values[-1],
            difference=difference,
        )
        for (limit, values), difference in zip(_LIMITS.items(), differences, strict=True)
    )
    return Forests(
        draws=measured["max_depth"].shape[1],
        samples=measured["samples"],
        inputs=_INPUTS,
        trees=_TREES,
        margin=_FOREST_MARGIN,
        depth=depth,
        features=features,
    )


def _forest_picture(forests: Forests) -> Picture:
    panels = (
        ("Depth of the trees", "depth allowed", forests.depth),
        ("Inputs per split", "inputs at a split", forests.features),
    )
    return Picture(
        name="forest",
        figure="curves",
        inputs={
            "panels": [
                {
                    "title": title,
                    "xlabel": xlabel,
                    "ylabel": "mean squared error",
                    "series": [
                        # No arms: gray, and told apart by marker and dash.
                        {"label": "training samples", "x": limit.values, "y": limit.train, "arm": 0},
                        {"label": "new samples", "x": limit.values, "y": limit.test, "arm": len(COLORS)},
                    ],
                }
                for title, xlabel, limit in panels
            ]
        },
    )


def _network_runs(e: Experiment, way: str) -> list[Run]:
    """Runs of ReLU networks far larger than needed; early stopping uses earlier records of those without a limit."""
    return [
        Run(
            data=_WAVE,
            network=Network(
                hidden=(24, 24),
                activation="relu",
                initializer="he_normal",
                dropout=_DROPOUT if way == "dropout" else 0.0,
            ),
            training=_TRAINING,
            penalty=default_penalty("l2" if way == "decay" else "none"),
            strength=_DECAY if way == "decay" else 0.0,
            step="subgradient",
            recording=Recording(every=50),
            data_seed=i,
            order_seed=i,
            init_seed=i,
        )
        for i in range(min(_RUNS, e.runs.count))
    ]


def _trained_ways(e: Experiment, trained: Trained) -> dict[str, list[tuple[Trajectory, int]]]:
    """For each way the networks, each as a trajectory and the record at which it is taken."""
    runs = {way: [trained[run] for run in _network_runs(e, way)] for way in ("none", "decay", "dropout")}
    ways = {way: [(t, -1) for t in members] for way, members in runs.items()}
    return {**ways, "early": [(t, _stopping_record(t)) for t in runs["none"]]}


def _compare_networks(e: Experiment, trained: Trained) -> Networks:
    ways = _trained_ways(e, trained)
    errors = {way: np.array([_distance(t, record) for t, record in members]) for way, members in ways.items()}
    limited = [way for way in WAYS if way != "none"]
    differences = compare_family([(errors[way], errors["none"]) for way in limited], _NETWORK_MARGIN, e.comparison)
    run = ways["none"][0][0].run
    return Networks(
        runs=len(ways["none"]),
        samples=_WAVE.samples,
        held_out=_WAVE.test_samples,
        parameters=run.network.parameters(1, 1),
        decay=_DECAY,
        dropout=_DROPOUT,
        margin=_NETWORK_MARGIN,
        steps=run.steps,
        stopped_at=float(np.median([t.steps[record] for t, record in ways["early"]])),
        ways={
            way: Way(label=label, errors=errors[way].tolist(), mean=float(errors[way].mean()))
            for way, label in WAYS.items()
        },
        differences=dict(zip(limited, differences, strict=True)),
    )


def _ways_picture(ways: dict[str, list[tuple[Trajectory, int]]], networks: Networks) -> Picture:
    grid = np.linspace(-1, 1, 120)[:, None]
    panels = []
    for way, label in WAYS.items():
        t, record = ways[way][0]
        data = t.run.draw()
        panels.append(
            {
                "title": label,
                "arm": L2.look().arm if t.run.penalty == L2() else 0,
                "x": data.x_train[:, 0],
                "y": data.y_train[:, 0],
                "grid": grid[:, 0],
                "lines": t.predict(grid, record)[None, :, 0],
                "truth": np.sin(np.pi * grid[:, 0]),
            }
        )
    means = "; ".join(f"{way.label} {way.mean:.3f}" for way in networks.ways.values())
    return Picture(
        name="ways",
        figure="fits",
        inputs={"panels": panels},
        alt="The same noisy samples of a sine fitted by the same network, without a limit and held back in three ways. "
        f"Root mean squared distance from the sine over {plural(networks.runs, 'run')}: {means}.",
    )


def _distance(t: Trajectory, record: int) -> float:
    """Root mean squared distance of the network's outputs from the true sine at the held-out inputs."""
    x = t.run.draw().x_test
    return float(np.sqrt(np.mean((t.predict(x, record) - np.sin(np.pi * x)) ** 2)))


def _held_out_errors(t: Trajectory) -> list[float]:
    """Mean squared error on the held-out samples at each record."""
    data = t.run.draw()
    return [float(np.mean((t.predict(data.x_test, r) - data.y_test) ** 2)) for r in range(len(t.steps))]


def _stopping_record(t: Trajectory) -> int:
    """The record with the least error on held-out samples, at which early stopping stops."""
    return int(np.argmin(_held_out_errors(t)))
