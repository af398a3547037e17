"""The method: fixed settings, computation, published files, limits, and how to repeat the build."""

import inspect
import platform
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from reportgen.datasets import datasets
from reportgen.experiment import Arm, Experiment
from reportgen.penalties.none import NoPenalty
from reportgen.sections import Column, Section, Table, Trained, sections
from reportgen.sections.helpers import (
    arm_threshold,
    describe_margin,
    describe_own_settings,
    describe_total_error,
    has_classes,
    same_network_arms,
)
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
    ("samples of the curve that overfits (section overfitting)", "0 and up, for each draw", "[seed, 11]"),
    ("random losses of two weights (section penalties)", "fixed", "[0, 12]"),
    ("inputs at which two networks are compared (section adjusted)", "fixed", "0"),
    ("training samples held out for early stopping", "the seed of the run", "[seed, 13]"),
    ("folds of the rows of a table", "the seed of the study", "[seed, repetition, folds]"),
    ("shuffles of scikit-learn for these folds", "an integer drawn from that stream", "random_state=random"),
    ("halves of the rows of a table", "the seed of the study", "[seed, 1, number]"),
    ("shuffled targets of a table", "the seed of the study", "[seed, 2, number]"),
    ("rows drawn from a large table", "a digest of its content", "content"),
    ("points of k-means (section overfitting)", "0 and up, for each draw", "random_state=i"),
    ("starts of k-means (section overfitting)", "0 to 3, of which the best is taken", "seed=start"),
    ("samples of the forests (section overfitting)", "0 and up, for each draw", "random_state=i"),
    ("trees of the forests (section overfitting)", "fixed", "random_state=0"),
)
"""The random draws, and the argument of `numpy.random.default_rng` of each, or that of scikit-learn or SciPy."""


@dataclass(frozen=True)
class MethodFindings:
    """What the text says beside the settings of the experiment."""

    data: str
    """Name of the data set; `recipe` is its docstring, by paragraphs."""
    recipe: list[str]
    last_data_seed: int
    training_samples: int
    margin: str
    too_few: str
    """A sentence, if the experiment has too few runs to decide anything; else empty."""
    bands: list[str]
    """η·λ of each arm with a penalty, in words."""
    measured: str
    """What the total error is."""
    classes: bool
    other_networks: bool
    """True if some arms have networks of another size."""
    post: bool
    python: str
    machine: str


@sections.register("method")
class Method(Section[MethodFindings]):
    """Details of the method, for readers who repeat the experiment."""

    title = "Method and provenance"

    def findings(self, e: Experiment, trained: Trained, study: object) -> MethodFindings:
        recipe = (inspect.getdoc(type(e.data)) or "").partition("References:")[0].split("\n\n")
        return MethodFindings(
            data=datasets.name_of(e.data),
            recipe=recipe,
            last_data_seed=e.run(e.runs.count - 1).data_seed,
            training_samples=e.run(0).training_samples,
            margin=describe_margin(e),
            measured=describe_total_error(e),
            classes=has_classes(e),
            other_networks=len(same_network_arms(e)) < len(e.arms),
            too_few=too_few_runs(e),
            bands=[
                f"{number(arm_threshold(e, arm), '.2g')} for {arm.label} (λ = {number(arm.strength, 'g')})"
                for arm in e.arms
                if arm.strength > 0
            ],
            post=is_post(e),
            python=platform.python_version(),
            machine=f"{platform.system()}, {platform.machine()}",
        )

    def tables(self, e: Experiment, findings: MethodFindings) -> Iterable[Table]:
        n = findings.training_samples
        arms = (
            (
                ", ".join(filter(None, (arm.label, describe_own_settings(arm)))),
                _term(arm),
                in_keras(arm),
                None if has_classes(e) else in_scikit_learn(arm, n),
            )
            for arm in e.arms
        )
        sklearn = "scikit-learn, one linear layer, one output, squared loss"
        yield _texts("translations", ("arm", "added to the loss", "Keras, per kernel", sklearn), arms)
        yield _texts("seeds", ("what is drawn", "seed", "stream"), SEEDS)
        yield _texts("settings", ("key", "value"), _settings(e))
        libraries = [(name, version(name)) for name in LIBRARIES]
        programs = [("reportgen", __version__), ("Python", findings.python), *libraries, ("machine", findings.machine)]
        yield _texts("versions", ("what", "version"), programs)


def _texts(name: str, headings: Iterable[str], rows: Iterable[Iterable[str | None]]) -> Table:
    """A table of texts; a dash stands for None."""
    columns = tuple(Column(label=heading) for heading in headings)
    return Table(name=name, columns=columns, rows=tuple(tuple(text or "–" for text in row) for row in rows))


def _term(arm: Arm) -> str:
    return "nothing" if isinstance(arm.penalty, NoPenalty) else f"{arm.strength:g} · {arm.penalty.term}"


def in_keras(arm: Arm) -> str | None:
    """The Keras regularizer that adds the same to the loss; None if there is none."""
    return arm.penalty.in_keras(arm.strength)


def in_scikit_learn(arm: Arm, samples: int) -> str | None:
    """The scikit-learn model with the same minimum, for one linear layer of one output and the squared loss."""
    return arm.penalty.in_scikit_learn(arm.strength, samples) or (None if arm.strength else "LinearRegression()")


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
