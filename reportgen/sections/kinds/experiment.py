"""The setting of the experiment: data, network, training."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from reportgen.datasets import datasets
from reportgen.datasets.line import Line
from reportgen.experiment import Experiment
from reportgen.losses import losses
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Section, Table, Trained, sections
from reportgen.sections.helpers import (
    OPTIMIZERS,
    describe_margin,
    describe_own_settings,
    describe_total_error,
    is_curve,
    plain_arms,
    same_network_arms,
)
from reportgen.sections.wording import is_post, too_few_runs
from reportgen.text import plural
from reportgen.training.run import Run, Schedule

SCHEDULES: dict[Schedule, str] = {
    "constant": "constant",
    "linear": "falling to zero along a line",
    "cosine": "falling to zero along a cosine",
}


@dataclass(frozen=True)
class ExperimentFindings:
    """What the text needs to know of the experiment."""

    data: str
    shapes: list[list[int]]
    parameters: int
    steps: int
    activation: str
    training_samples: int
    test_samples: int
    outliers: int
    outliers_tested: int
    runs: int
    margin: str
    too_few: str
    arms: list[str]
    fresh_data: bool
    post: bool
    hidden: int
    line: bool
    straight: bool
    noise: float | None
    clean_test: bool
    truth: bool
    few_inputs: bool
    falls: bool
    """True if the learning rate falls to zero."""
    truth_error: float | None
    classes: list[str]
    """The names of the classes; empty if the targets are numbers."""
    only_penalties: bool
    """True if arms differ by their penalty and nothing else."""


@sections.register("experiment")
class ExperimentCard(Section[ExperimentFindings]):
    """The complete settings of the experiment and a picture of its data."""

    title = "The experiment"

    def findings(self, e: Experiment, trained: Trained, study: object) -> ExperimentFindings:
        run, data = e.run(0), e.run(0).draw()
        shapes = [list(shape) for shape in run.shapes]
        return ExperimentFindings(
            data=datasets.name_of(e.data),
            shapes=shapes,
            steps=run.steps,
            parameters=run.network.parameters(*run.data.shape),
            activation=run.network.activation,
            training_samples=len(data.x_train),
            test_samples=len(data.x_test),
            outliers=int(data.outlier_train.sum() + data.outlier_test.sum()) if _has_raised(e) else 0,
            outliers_tested=int(data.outlier_test.sum()),
            runs=e.runs.count,
            margin=describe_margin(e),
            too_few=too_few_runs(e),
            arms=[arm.label for arm in e.arms],
            fresh_data=e.fresh_data,
            post=is_post(e),
            hidden=len(e.network.hidden),
            line=is_curve(e),
            straight=isinstance(e.data, Line),
            noise=e.data.noise if isinstance(e.data, Line) else None,
            clean_test=isinstance(e.data, Line) and e.data.clean_test,
            truth=data.truth is not None,
            falls=e.training.schedule != "constant",
            few_inputs=e.data.shape[0] <= 6,
            truth_error=truth_error(run),
            classes=list(data.classes),
            only_penalties=len(plain_arms(e)) == len(e.arms),
        )

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: ExperimentFindings
    ) -> Iterable[Picture | Animation]:
        run = e.run(0)
        data = run.draw()
        if is_curve(e):
            x, y = data.truth or (None, None)
            yield Picture(
                name="data",
                figure="data",
                inputs={
                    "x_train": data.x_train[:, 0],
                    "y_train": data.y_train[:, 0],
                    "outlier_train": data.outlier_train,
                    "x_test": data.x_test[:, 0],
                    "y_test": data.y_test[:, 0],
                    "outlier_test": data.outlier_test,
                    "truth_x": None if x is None else x[:, 0],
                    "truth_y": None if y is None else y[:, 0],
                },
                alt=f"{findings.training_samples} training and {findings.test_samples} test samples, plotted "
                f"as target against input{_describe_trend(e)}"
                + (f"; {findings.outliers} of them are marked as outliers." if findings.outliers else "."),
            )
        if max(run.network.hidden, default=0) <= 32:
            yield Picture(
                name="model",
                figure="network_graph",
                inputs={"kernels": run.initial_weights()[0]},
                alt="The network before training, as a graph: layers of "
                + ", ".join(str(size) for size in [run.shapes[0][0], *(o for _, o in run.shapes)])
                + " units, every unit of a layer joined to every unit of the next.",
            )

    def tables(self, e: Experiment, findings: ExperimentFindings) -> Iterable[Table]:
        yield _samples_table(e)
        t, run = e.training, e.run(0)
        remainder = findings.training_samples % t.batch_size
        layers = ", ".join(f"{i}×{o}" for i, o in findings.shapes)
        rows = [
            ("data", _describe_data(e)),
            (
                "split",
                f"{findings.training_samples} training and {findings.test_samples} test samples"
                + (
                    f", split at random, {'anew for each run' if e.fresh_data else 'once'}" if findings.straight else ""
                ),
            ),
            ("layers", f"{layers}; activation: {findings.activation}"),
            ("parameters", f"{findings.parameters}; biases start at zero and are not penalized"),
            ("initial weights", e.network.initializer.replace("_", " ")),
            (
                "loss",
                f"{losses[t.loss].title}, averaged over a batch of {t.batch_size}"
                + (f", the last of an epoch over its {remainder}" if remainder else ""),
            ),
            ("penalty", "λ·R(w) over all weights, in full at every step"),
            (
                "optimizer",
                f"{OPTIMIZERS[t.optimizer]}, learning rate {t.learning_rate:g}, {SCHEDULES[t.schedule]}"
                + (f", weight decay {t.weight_decay:g}" if t.weight_decay else ""),
            ),
            ("order of samples", "shuffled once, the same in every epoch" if t.order == "fixed" else t.order),
            (
                "steps",
                f"{findings.steps:,} ({t.epochs:,} epochs"
                + (f", then {t.full_batch_steps:,} on all samples" if t.full_batch_steps else "")
                + ")",
            ),
            ("runs", _describe_runs(e)),
            ("measure", f"total error: {describe_total_error(e)}"),
            ("no difference that counts", f"up to {findings.margin}"),
        ]
        if e.network.dropout:
            rows.insert(
                4, ("dropout", f"{e.network.dropout:g} of the hidden units, drawn anew for each sample and step")
            )
        if t.early_stopping:
            rows.insert(-3, ("early stopping", _describe_early_stopping(run)))
        if findings.classes:
            rows.insert(1, ("classes", ", ".join(findings.classes)))
        yield Table(name="model-card", columns=(Column(label="what"), Column(label="how")), rows=tuple(rows))
        yield Table(
            name="arms",
            columns=(
                Column(label="arm"),
                Column(label="penalty R(w)"),
                Column(label="λ", format="g"),
                Column(label="enters by"),
                *([] if findings.only_penalties else [Column(label="settings of its own")]),
            ),
            rows=tuple(
                (
                    *(arm.label, arm.penalty.formula, arm.strength, f"{arm.step} step" if arm.strength else "–"),
                    *([] if findings.only_penalties else [describe_own_settings(arm) or "–"]),
                )
                for arm in e.arms
            ),
        )


def _describe_early_stopping(run: Run) -> str:
    """The rule of early stopping of a run in one line."""
    return (
        f"after {plural(run.training.early_stopping, 'epoch')} without a smaller loss on {run.validation_samples} "
        "training samples that are held out for that; the best weights are restored"
    )


def truth_error(run: Run) -> float | None:
    """The total error of the true function on the test samples; None if it is unknown or has more inputs."""
    data = run.draw()
    if data.truth is None or data.classes or run.data.shape != (1, 1):
        return None
    x, y = data.truth
    return float(np.abs(np.interp(data.x_test[:, 0], x[:, 0], y[:, 0]) - data.y_test[:, 0]).sum())


def _has_raised(e: Experiment) -> bool:
    """False if outliers differ in nothing from other samples."""
    return not isinstance(e.data, Line) or e.data.outlier_size > 0


def _describe_trend(e: Experiment) -> str:
    """How the samples lie, for the alt text."""
    if not isinstance(e.data, Line):
        return ""
    slope = e.data.slope
    return f", along a {'rising' if slope > 0 else 'falling' if slope < 0 else 'level'} line"


def _describe_runs(e: Experiment) -> str:
    shared = "data, " if not e.fresh_data else "draws of the data, "
    told = f"{e.runs.count} per arm"
    if len(e.arms) > 1:
        other = any(arm not in same_network_arms(e) for arm in e.arms)
        told += f", the same {shared}orders and initial weights in every arm"
        told += " with a network of the same size" if other else ""
    return told + ("; too few to decide a comparison" if too_few_runs(e) else "")


def _describe_data(e: Experiment) -> str:
    """The data set in one line: its formula for the line, its name for other data sets."""
    d = e.data
    if not isinstance(d, Line):
        return type(d).__name__
    clean = f"y = {d.slope:g}·x + U(0, {d.noise:g}) at {d.samples} evenly spaced x from {d.start:g} to {d.stop:g}"
    if not (d.outliers and d.outlier_size):
        return clean
    raised = f"{d.outliers} equally spaced samples raised by one shared draw of U(0, 1)·{d.outlier_size:g}"
    return f"{clean}; {raised}{', unless they are for testing' if d.clean_test else ''}"


def _samples_table(e: Experiment) -> Table:
    """The table of the first run's data, which are those of every run unless each draws its own."""
    data = e.run(0).draw()
    inputs, outputs = e.data.shape
    rows = [
        (*(float(value) for value in (*x, *y)), part, "outlier" if outlier else "")
        for part, xs, ys, outliers in (
            ("training", data.x_train, data.y_train, data.outlier_train),
            ("test", data.x_test, data.y_test, data.outlier_test),
        )
        for x, y, outlier in zip(xs, ys, outliers, strict=True)
    ]
    return Table(
        name="samples",
        columns=(
            *(Column(label=f"x{i + 1}" if inputs > 1 else "x", format=".3f") for i in range(inputs)),
            *(Column(label=f"y{i + 1}" if outputs > 1 else "y", format=".3f") for i in range(outputs)),
            Column(label="part"),
            *([] if data.classes else [Column(label="outlier")]),
        ),
        rows=tuple(row[:-1] if data.classes else row for row in rows),
        shown=3,
    )
