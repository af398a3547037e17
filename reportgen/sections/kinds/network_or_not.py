"""Whether a table needs a network: networks with a group lasso on their inputs, on the folds of the linear models."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reportgen.datasets.table import TableFile, target_scale
from reportgen.experiment import Experiment
from reportgen.losses import loss_of
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.none import NoPenalty
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, difference_outcome
from reportgen.sections.helpers import table
from reportgen.sections.table_words import error_words
from reportgen.studies.complete import study_settings, table_of
from reportgen.studies.result import StudyResult
from reportgen.studies.summary import corrected_interval
from reportgen.tables import Frame
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

NETWORK = Network(hidden=(32, 16), activation="relu")
STRENGTHS = (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03)
"""λ of the group lasso; inner validation rows choose one for each fold."""
STEPS = 3000
"""About so many updates for each network, whatever the number of rows."""
MOST_FOLDS = 10
"""Outer folds on which networks are trained; the linear models use more of them."""
LOSSES = {"regression": "squared", "binary": "logistic", "classes": "softmax"}
"""The loss that trains networks, by task."""


@dataclass(frozen=True, kw_only=True)
class FoldErrors:
    """Errors on one outer fold."""

    fold: int
    linear: float
    network: float | None
    """None if training diverged."""
    strength: float
    kept: int
    """Columns of the table that the network uses."""


@dataclass(frozen=True, kw_only=True)
class NetworkDifference:
    """The error of networks less that of linear models, as a share of the latter."""

    estimate: float | None
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, kw_only=True)
class NetworkOrNotFindings:
    """Networks against linear models."""

    error_words: str
    hidden: list[int]
    folds: list[FoldErrors]
    difference: NetworkDifference
    margin: float
    linear: float
    network: float | None
    columns: int
    kept: float
    """Mean number of columns that networks use."""
    uses: dict[str, float]
    """Share of folds in which the network uses a column."""
    needs: list[str]
    """Columns that can go by the linear models, and that most networks use."""


@sections.register("network_or_not")
class NetworkOrNot(Section[NetworkOrNotFindings]):
    """The verdict may be that there is no difference."""

    title = "Does this table need a network?"
    of_table = True
    claims = (
        Claim(
            name="networks-predict-better",
            test=lambda f: "undecided" if f.difference.verdict == "undecided" else difference_outcome(f.difference),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        data = table_of(e)
        return [_run(data, (*_outer(e, fold), 0, _inner_folds(e)), λ) for fold in _folds(e) for λ in STRENGTHS]

    def follow_up(self, e: Experiment, trained: Trained) -> Iterable[Run]:
        return [_final(e, fold, trained) for fold in _folds(e)]

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> NetworkOrNotFindings:
        frame = table_of(e).frame
        ends = [trained[_final(e, fold, trained)] for fold in _folds(e)]
        folds, uses = [], []
        for fold, t in enumerate(ends):
            used = _used(t, frame)
            uses.append(used)
            folds.append(
                FoldErrors(
                    fold=fold + 1,
                    linear=study.reference_errors[fold],
                    network=None if t.diverged is not None else _error(t, frame),
                    strength=t.run.strength,
                    kept=int(used.sum()),
                )
            )
        shares = np.mean(uses, axis=0)
        known = [fold for fold in folds if fold.network is not None]
        names = [feature.name for feature in frame.features]
        difference = _compare(study, [(fold.linear, fold.network or 0.0) for fold in known])
        dropped = set(study.totals.dropped)
        return NetworkOrNotFindings(
            error_words=error_words(study),
            hidden=list(NETWORK.hidden),
            folds=folds,
            difference=difference,
            margin=study.margin / study.reference_error if study.reference_error else 0.0,
            linear=float(np.mean([fold.linear for fold in folds])),
            network=float(np.mean([fold.network for fold in known])) if known else None,
            columns=len(names),
            kept=float(np.mean([fold.kept for fold in folds])),
            uses=dict(zip(names, shares.tolist(), strict=True)),
            needs=[name for name, share in zip(names, shares, strict=True) if name in dropped and share > 0.5],
        )

    def tables(self, e: Experiment, findings: NetworkOrNotFindings) -> Iterable[Table]:
        yield table(
            "network-errors",
            findings.folds,
            {
                "fold": ("fold", "d"),
                "linear": ("linear model", ".4g"),
                "network": ("network", ".4g"),
                "strength": ("λ", ".4g"),
                "kept": ("columns used", "d"),
            },
        )
        rows = [{"name": name, "share": share} for name, share in findings.uses.items()]
        rows.sort(key=lambda row: -row["share"])  # type: ignore[operator]
        yield table(
            "network-uses", rows, {"name": ("column", ""), "share": ("folds in which it is used", ".0%")}, shown=30
        )


def _inner_folds(e: Experiment) -> int:
    return study_settings(e).inner_folds


def _folds(e: Experiment) -> range:
    return range(min(len(table_of(e).outer_splits(study_settings(e))), MOST_FOLDS))


def _outer(e: Experiment, fold: int) -> tuple[int, ...]:
    settings = study_settings(e)
    return fold, settings.folds, settings.repetitions, settings.seed


def _run(data: TableFile, split: tuple[int, ...], λ: float) -> Run:
    part = dataclasses.replace(data, split=split)
    samples = part.training_samples
    batch = max(1, min(32, samples // 4))
    return Run(
        data=part,
        network=NETWORK,
        training=Training(
            optimizer="adam",
            learning_rate=0.01,
            schedule="linear",
            batch_size=batch,
            epochs=max(2, round(STEPS * batch / samples)),
            order="reshuffled",
            loss=LOSSES[data.frame.task],
        ),
        penalty=GroupLasso() if λ else NoPenalty(),
        strength=λ,
        step="proximal" if λ else "subgradient",
        recording=Recording.ENDS_ONLY,
        order_seed=split[0],
        init_seed=split[0],
    )


def _final(e: Experiment, fold: int, trained: Trained) -> Run:
    """The network of an outer fold with the λ whose error is least on the inner validation rows."""
    data = table_of(e)
    tried = [trained[_run(data, (*_outer(e, fold), 0, _inner_folds(e)), λ)] for λ in STRENGTHS]
    errors = [np.inf if t.diverged is not None else _error(t, data.frame) for t in tried]
    return _run(data, _outer(e, fold), STRENGTHS[int(np.argmin(errors))])


def _error(t: Trajectory, frame: Frame) -> float:
    """The error on the test rows: root of the mean square in target units, or log-loss."""
    data = t.run.draw()
    outputs = t.predict(data.x_test, -1)
    if frame.task == "regression":
        scale = target_scale(frame, _data(t).rows(0).train)[1]
        return float(scale * np.sqrt(np.mean((outputs - data.y_test) ** 2)))
    return float(loss_of(LOSSES[frame.task]).errors(outputs, data.y_test).mean())


def _data(t: Trajectory) -> TableFile:
    assert isinstance(t.run.data, TableFile)  # noqa: S101  # for mypy
    return t.run.data


def _used(t: Trajectory, frame: Frame) -> NDArray[np.bool_]:
    """Which columns of the table have a weight that is not zero."""
    rows = (t.at(-1)[0][0] != 0).any(axis=1)
    used = np.zeros(len(frame.features), bool)
    used[_data(t).design.group[rows]] = True
    return used


def _compare(study: StudyResult, errors: list[tuple[float, float]]) -> NetworkDifference:
    """Paired over outer folds, with the corrected interval of the study."""
    if len(errors) < 2:
        return NetworkDifference(estimate=None, low=None, high=None, verdict="undecided")
    linear, network = np.array(errors).T
    found = corrected_interval(network - linear, study.test_share, study.confidence)
    if found.high < -study.margin:
        verdict = "better"
    elif found.low > study.margin:
        verdict = "worse"
    elif -study.margin <= found.low and found.high <= study.margin:
        verdict = "practically equal"
    else:
        verdict = "undecided"
    scale = 1 / study.reference_error if study.reference_error else 0.0
    return NetworkDifference(
        estimate=found.mean * scale, low=found.low * scale, high=found.high * scale, verdict=verdict
    )
