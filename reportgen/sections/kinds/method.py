"""The method: fixed settings, computation, published files, limits, and how to repeat the build."""

import inspect
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from typing import Any

from reportgen.datasets import datasets
from reportgen.experiment import Arm, Experiment
from reportgen.penalties.none import NoPenalty
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.helpers import describe_margin, threshold
from reportgen.sections.wording import is_post, too_few_runs
from reportgen.text import number
from reportgen.training.run import settings_to_json
from reportgen.version import __version__

LIBRARIES = ("tensorflow", "numpy", "scikit-learn", "scipy", "matplotlib", "pillow")
"""The libraries that compute numbers and pictures."""
SEEDS = (
    ("samples, noise and split", "the data seed", "[seed, 1]"),
    ("the function behind the samples, where a data set draws one", "the data seed", "[seed, 2]"),
    ("initial weights", "the seed of the run", "[seed, 3]"),
    ("order of the samples", "the seed of the run", "[seed, 4]"),
    ("units that dropout silences", "the seed of the run", "[seed, 5]"),
    (
        "resamples of pairs of runs, numbered by which of the pairs came to their end",
        "the bootstrap seed",
        "[seed, 6, number]",
    ),
    ("moves of initial weights by a millionth", "1 and up, for each copy of a run", "[seed, 8]"),
    ("choices of five pairs among all (section errors)", "the bootstrap seed", "[seed, 9]"),
    ("inputs at which two networks are compared (section smaller)", "fixed", "0"),
    ("points of k-means (section others)", "0 and up, for each draw", "random_state=i"),
    ("starts of k-means (section others)", "0 to 3, of which the best is taken", "seed=start"),
    ("samples of the forests (section others)", "0 and up, for each draw", "random_state=i"),
    ("trees of the forests (section others)", "fixed", "random_state=0"),
)
"""The random draws, and the argument of `numpy.random.default_rng` of each, or that of scikit-learn or SciPy."""


@sections.register("method")
class Method(Section[Findings]):
    """Details of the method, for readers who repeat the experiment."""

    title = "Method and provenance"

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        first = e.run(0)
        return {
            "runs": e.runs.count,
            "arms": len(e.arms),
            "seed": e.runs.seed,
            "last_seed": e.runs.seed + e.runs.count - 1,
            "data_seed": e.data_seed,
            "last_data_seed": e.run(e.runs.count - 1).data_seed,
            "resamples": e.comparison.resamples,
            "bootstrap_seed": e.comparison.seed,
            "confidence": e.comparison.confidence,
            "margin": describe_margin(e),
            "too_few": too_few_runs(e),
            "fresh": e.fresh_data,
            "training_samples": first.training_samples,
            "batches": first.training.batches(first.training_samples),
            "bands": [
                f"{number(threshold(e, arm.strength), '.2g')} for {arm.label} (λ = {number(arm.strength, 'g')})"
                for arm in e.arms
                if arm.strength > 0
            ],
            "post": is_post(e),
            "data": {
                "name": datasets.name_of(e.data),
                "recipe": (inspect.getdoc(type(e.data)) or "").partition("References:")[0].split("\n\n"),
            },
            "python": platform.python_version(),
            "machine": f"{platform.system()}, {platform.machine()}",
        }

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        n = findings["training_samples"]
        yield Table(
            name="translations",
            columns=(
                Column(label="arm"),
                Column(label="added to the loss"),
                Column(label="Keras, per kernel"),
                Column(label="scikit-learn, one linear layer, one output, squared loss"),
            ),
            rows=tuple(
                (arm.label, _added_term(arm), in_keras(arm) or "–", in_scikit_learn(arm, n) or "–") for arm in e.arms
            ),
        )
        yield Table(
            name="seeds",
            columns=(Column(label="what is drawn"), Column(label="seed"), Column(label="stream")),
            rows=SEEDS,
        )
        yield Table(
            name="settings",
            columns=(Column(label="key"), Column(label="value")),
            rows=tuple(_settings(e)),
        )
        yield Table(
            name="versions",
            columns=(Column(label="what"), Column(label="version")),
            rows=(
                ("reportgen", __version__),
                ("Python", findings["python"]),
                *((name, version(name)) for name in LIBRARIES),
                ("machine", findings["machine"]),
            ),
        )


def in_keras(arm: Arm) -> str | None:
    """The Keras regularizer that adds the same to the loss; None if there is none."""
    return arm.penalty.in_keras(arm.strength)


def in_scikit_learn(arm: Arm, samples: int) -> str | None:
    """The scikit-learn model with the same minimum, for one linear layer of one output and the squared loss."""
    return arm.penalty.in_scikit_learn(arm.strength, samples) or (None if arm.strength else "LinearRegression()")


def _added_term(arm: Arm) -> str:
    if isinstance(arm.penalty, NoPenalty):
        return "nothing"
    return f"{arm.strength:g} · {arm.penalty.term}"


def _settings(e: Experiment) -> Iterator[tuple[str, str]]:
    """Every key of the experiment and its value, including defaults; without texts and the reading list."""
    settings = settings_to_json(e)
    tables = {
        "data": {**settings["data"], "name": settings["data"]["kind"], "seed": e.data_seed, "fresh": e.fresh_data},
        **{name: settings[name] for name in ("network", "training", "runs", "recording", "comparison")},
        **({"sweep": settings["sweep"]} if e.sweep else {}),
    }
    for table, values in tables.items():
        for key, value in values.items():
            if key != "kind":
                yield f"{table}.{key}", _toml_value(value)


def _toml_value(value: Any) -> str:
    """A value in the syntax of an experiment file."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
