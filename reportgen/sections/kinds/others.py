"""Other ways to limit a model, each run: k-means, random forests, dropout, early stopping, weight decay."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.datasets.wave import Wave
from reportgen.experiment import Experiment
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, difference_outcome, majority_outcome
from reportgen.sections.helpers import as_findings, default_penalty, rate_findings
from reportgen.statistics.comparison import compare_family
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

_DATA = Wave()
_RUNS = 30
"""The most runs of each network; as many as the experiment has, if it has fewer."""
_DRAWS = 20
"""Number of data sets for k-means and for forests: enough for a difference to be decided either way."""
_CENTERS = ((-4.0, -3.0), (-3.0, 4.0), (3.5, 3.0), (4.0, -4.0))
_MOST_CLUSTERS = 8
_DEPTHS = (1, 2, 4, 6, 16)
_FEATURES = (1, 2, 4, 10)
_TREES = 25
_FOREST_NOISE = 2.0
_MODERATE = {"depth": 6, "features": 4}
"""The limits that are compared with the loosest ones, by dial."""
_FOREST_MARGIN = _FOREST_NOISE**2 / 2
"""Mean squared errors within ± this are practically equal: half of the noise's variance."""
_LEAF_MARGIN = 4.0
"""Trees whose numbers of leaves differ by less are as simple as each other: about a twentieth of unlimited ones."""
MARGIN = _DATA.noise**2 / 10
"""Mean squared distances from the sine within ± this are practically equal: a tenth of the noise's variance."""
WAYS = {
    "none": "unlimited",
    "decay": "weight decay",
    "dropout": "dropout",
    "early": "early stopping",
}
_DECAY = 0.01
"""λ of the network with weight decay."""
_TRAINING = Training(
    optimizer="momentum",
    learning_rate=0.03,
    # The runs come to rest, so that no verdict hangs on the last steps.
    schedule="linear",
    batch_size=8,
    epochs=1000,
    loss="squared",
    order="reshuffled",
)


def _network_claim(way: str, name: str, post: str = "") -> Claim:
    """The claim that a network held back in this way comes closer to the sine than the unlimited one."""
    return Claim(
        name=name,
        post=post,
        test=lambda f: difference_outcome(f["differences"][way]),
    )


def _simplicity_claim(dial: str, name: str, post: str) -> Claim:
    """The claim that trees under a moderate limit are simpler, by their leaves, than under the loosest one."""
    return Claim(
        name=name,
        post=post,
        test=lambda f: difference_outcome(f["forest"][dial]["leaves_difference"]),
    )


def _forest_claim(dial: str, name: str) -> Claim:
    """The claim that forests under a moderate limit predict better than under the loosest one."""
    return Claim(
        name=name,
        test=lambda f: difference_outcome(f["forest"][dial]["difference"]),
    )


@sections.register("others")
class Others(Section[Findings]):
    """The post's three other models, and three limits of a network beside penalties."""

    title = "Other ways to limit a model"
    claims = (
        Claim(
            name="silhouette-finds-the-clusters",
            test=lambda f: majority_outcome(f["kmeans"]["found"]),
        ),
        _simplicity_claim("depth", "shallower-trees", "A random forest is made simpler by shallower trees."),
        _forest_claim("depth", "shallower-trees-predict-better"),
        _simplicity_claim(
            "features",
            "fewer-inputs-a-split",
            "A random forest is made simpler by fewer features per split.",
        ),
        _forest_claim("features", "fewer-inputs-a-split-predict-better"),
        _network_claim("decay", "weight-decay-helps"),
        _network_claim("dropout", "dropout-helps"),
        _network_claim("early", "early-stopping-helps"),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for way in ("none", "decay", "dropout") for run in self._network_runs(e, way)]

    def _network_runs(self, e: Experiment, way: str) -> list[Run]:
        """Runs of ReLU networks far larger than needed; early stopping uses earlier records of the unlimited ones."""
        return [
            Run(
                data=_DATA,
                network=Network(
                    hidden=(48, 48),
                    activation="relu",
                    initializer="he_normal",
                    dropout=0.2 if way == "dropout" else 0.0,
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

    def study(self, e: Experiment) -> Any:
        return {"kmeans": _run_kmeans(), "forest": _run_forests()}

    def findings(self, e: Experiment, trained: Trained, study: Any) -> Findings:
        runs = {way: [trained[run] for run in self._network_runs(e, way)] for way in ("none", "decay", "dropout")}
        stopped = [_stopping_record(t) for t in runs["none"]]
        ways: dict[str, Findings] = {}
        for way, label in WAYS.items():
            members = runs["none" if way == "early" else way]
            records = stopped if way == "early" else [-1] * len(members)
            errors = [_distance(t, record) for t, record in zip(members, records, strict=True)]
            ways[way] = {"label": label, "errors": errors, "mean": float(np.mean(errors))}
        distances = {way: np.array(results["errors"]) for way, results in ways.items()}
        limited = [way for way in WAYS if way != "none"]
        differences = compare_family([(distances[way], distances["none"]) for way in limited], MARGIN, e.comparison)
        return {
            "margin": MARGIN,
            "differences": {way: as_findings(d) for way, d in zip(limited, differences, strict=True)},
            "runs": len(runs["none"]),
            "samples": _DATA.samples,
            "held_out": _DATA.test_samples,
            "noise": _DATA.noise,
            "decay": _DECAY,
            "parameters": self._network_runs(e, "none")[0].network.parameters(1, 1),
            "ways": ways,
            "better": {
                way: sum(mine < other for mine, other in zip(ways[way]["errors"], ways["none"]["errors"], strict=True))
                for way in WAYS
                if way != "none"
            },
            "stopped_at": float(np.median([t.steps[r] for t, r in zip(runs["none"], stopped, strict=True)])),
            "steps": self._network_runs(e, "none")[0].steps,
            "kmeans": {key: study["kmeans"][key] for key in ("scores", "true", "shown")}
            | {"found": rate_findings(np.array(study["kmeans"]["best"]) == study["kmeans"]["true"], e.comparison)},
            "forest": _compare_limits(study["forest"], e),
        }

    def media(self, e: Experiment, trained: Trained, study: Any, findings: Findings) -> Iterable[Picture | Animation]:
        runs = {way: [trained[run] for run in self._network_runs(e, way)] for way in ("none", "decay", "dropout")}
        grid = np.linspace(-1, 1, 120)[:, None]
        panels = []
        for way, label in WAYS.items():
            t = runs["none" if way == "early" else way][0]
            record = _stopping_record(t) if way == "early" else -1
            data = t.run.draw()
            panels.append(
                {
                    "title": label,
                    "x": data.x_train[:, 0],
                    "y": data.y_train[:, 0],
                    "grid": grid[:, 0],
                    "lines": t.predict(grid, record)[None, :, 0],
                    "truth": np.sin(np.pi * grid[:, 0]),
                }
            )
        means = "; ".join(f"{w['label']} {w['mean']:.3f}" for w in findings["ways"].values())
        yield Picture(
            name="ways",
            figure="fits",
            inputs={"panels": panels},
            alt="The same noisy samples of a sine fitted by the same network, unlimited and held back in three ways. "
            f"Mean squared distance from the sine over {findings['runs']} runs: {means}.",
        )
        first = runs["none"][0]
        held = _held_out_errors(first)
        yield Picture(
            name="early-stopping",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": "",
                        "xlabel": "step",
                        "ylabel": "mean squared error",
                        "series": [
                            {"label": "training samples", "x": first.steps, "y": first.loss},
                            {"label": "held-out samples", "x": first.steps, "y": held},
                        ],
                        "marks": [{"x": int(first.steps[_stopping_record(first)]), "label": "stop here"}],
                    }
                ]
            },
            alt=f"Error of one run over its steps: on the training samples it falls from {first.loss[0]:.2f} to "  # type: ignore[index]
            f"{first.loss[-1]:.2f}, on held-out ones it is least, {min(held):.2f}, at step "  # type: ignore[index]
            f"{first.steps[_stopping_record(first)]} and ends at {held[-1]:.2f}.",
        )
        kmeans, forest = study["kmeans"], findings["forest"]
        yield Picture(
            name="k-means",
            figure="clusters",
            inputs={"panels": kmeans["panels"]},
            alt=f"The same points in {kmeans['true']} clouds, grouped by k-means into "
            + ", ".join(str(panel["centers"].shape[0]) for panel in kmeans["panels"])
            + f" clusters. By the silhouette score {kmeans['best'][0]} clusters fit best.",
        )
        yield Picture(
            name="forest",
            figure="curves",
            inputs={
                "panels": [
                    {
                        "title": "Depth of the trees",
                        "xlabel": "depth allowed",
                        "ylabel": "mean squared error",
                        "series": [
                            {"label": "training samples", "x": list(_DEPTHS), "y": forest["depth"]["train"]},
                            {"label": "new samples", "x": list(_DEPTHS), "y": forest["depth"]["test"]},
                        ],
                    },
                    {
                        "title": "Inputs per split",
                        "xlabel": "inputs tried at a split",
                        "ylabel": "mean squared error",
                        "series": [
                            {"label": "training samples", "x": list(_FEATURES), "y": forest["features"]["train"]},
                            {"label": "new samples", "x": list(_FEATURES), "y": forest["features"]["test"]},
                        ],
                    },
                ]
            },
            alt=f"Random forests, error on training and on new samples. On new samples it is "
            f"{forest['depth']['test'][0]:.2f} at depth {_DEPTHS[0]}, {forest['depth']['test'][-1]:.2f} at depth "
            f"{_DEPTHS[-1]} and least at depth {forest['depth']['best']}; by inputs per split it is least at "
            f"{forest['features']['best']}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="ways",
            columns=(
                Column(label="network"),
                Column(label="mean squared distance from the sine", format=".3f"),
                Column(label="closer than unlimited in", format=""),
                Column(label="mean difference", format=".3f"),
                Column(label="from", format=".3f"),
                Column(label="to", format=".3f"),
                Column(label="verdict"),
            ),
            rows=tuple(
                (
                    w["label"],
                    w["mean"],
                    f"{findings['better'][way]} of {findings['runs']} runs" if way in findings["better"] else "–",
                    *(findings["differences"].get(way, {}).get(key) for key in ("estimate", "low", "high")),
                    findings["differences"].get(way, {}).get("verdict", "–"),
                )
                for way, w in findings["ways"].items()
            ),
        )


def _distance(trajectory: Trajectory, record: int) -> float:
    """Mean squared distance from the noiseless function."""
    x = trajectory.run.draw().x_test
    return float(np.mean((trajectory.predict(x, record) - np.sin(np.pi * x)) ** 2))


def _held_out_errors(trajectory: Trajectory) -> list[float]:
    """Mean squared error on the held-out samples at each record."""
    data, records = trajectory.run.draw(), range(len(trajectory.steps))
    return [float(np.mean((trajectory.predict(data.x_test, r) - data.y_test) ** 2)) for r in records]


def _stopping_record(trajectory: Trajectory) -> int:
    """The record with the least error on held-out samples, at which early stopping stops."""
    return int(np.argmin(_held_out_errors(trajectory)))


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


def _compare_limits(forest: dict[str, Any], e: Experiment) -> dict[str, Any]:
    """The results of the forests, with comparisons of the moderate and the loosest limit of each dial.

    Errors and leaves are two questions, so each is a family of its own.
    """
    families = {}
    for what, margin in (("each", _FOREST_MARGIN), ("leaves", _LEAF_MARGIN)):
        pairs = [
            (np.array(forest[dial][what][forest[dial]["values"].index(moderate)]), np.array(forest[dial][what][-1]))
            for dial, moderate in _MODERATE.items()
        ]
        families[what] = dict(zip(_MODERATE, compare_family(pairs, margin, e.comparison), strict=True))
    comparisons = {
        dial: {
            **forest[dial],
            "moderate": moderate,
            "difference": as_findings(families["each"][dial]),
            "leaves_difference": as_findings(families["leaves"][dial]),
        }
        for dial, moderate in _MODERATE.items()
    }
    return {**forest, **comparisons, "margin": _FOREST_MARGIN, "leaf_margin": _LEAF_MARGIN}


def _run_forests() -> dict[str, Any]:
    from sklearn.datasets import make_friedman1
    from sklearn.ensemble import RandomForestRegressor

    train, test = slice(120), slice(120, None)
    drawn = [make_friedman1(n_samples=400, n_features=10, noise=_FOREST_NOISE, random_state=i) for i in range(_DRAWS)]

    def measure(**limits: int) -> list[list[float]]:
        """Mean squared error on training and on new samples, and mean number of leaves of a tree, for each draw."""
        measured = []
        for x, y in drawn:
            forest = RandomForestRegressor(n_estimators=_TREES, random_state=0, **limits).fit(x[train], y[train])
            errors = [float(np.mean((forest.predict(x[part]) - y[part]) ** 2)) for part in (train, test)]
            measured.append([*errors, float(np.mean([tree.get_n_leaves() for tree in forest.estimators_]))])
        return measured

    def dial(name: str, values: tuple[int, ...]) -> dict[str, Any]:
        measured = np.array([measure(**{name: value}) for value in values])
        on_train, on_test, _ = measured.mean(axis=1).T.tolist()
        return {
            "train": on_train,
            "test": on_test,
            "each": measured[:, :, 1].tolist(),
            "leaves": measured[:, :, 2].tolist(),
            "values": list(values),
            "best": values[int(np.argmin(on_test))],
        }

    return {
        "draws": _DRAWS,
        "trained_on": train.stop,
        "depth": dial("max_depth", _DEPTHS),
        "features": dial("max_features", _FEATURES),
    }
