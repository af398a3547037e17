"""Whether verdicts of an experiment hang on rounding.

    python benchmarks/rounding.py [--repeats N] [--experiment NAME-or-FILE] [--no-float64]

Every section is computed again and again: from runs as the page has them, from runs whose initial weights are moved by
about a millionth (`Run.nudge`), each time by other numbers, and from runs in float64 arithmetic, by a plain loop in
NumPy. The table lists every outcome of a claim and every verdict of a comparison that is not the same in all of these.
The exit code is 1 if one of them is decided in the first computation, which is that of the page.

Sweeps are left out; so are sections that train nothing.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, chain, groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from reportgen.experiment import Experiment
from reportgen.experiment.file import load, parse, shipped, shipped_descriptions
from reportgen.penalties import Penalty
from reportgen.sections import Section, sections
from reportgen.sections.claims import decide, sentence
from reportgen.sections.result import plain_findings, without_page_settings
from reportgen.training.network import Layout, layout
from reportgen.training.run import Run, Training
from reportgen.training.trajectory import Trajectory

Trainer = Callable[[Sequence[Run]], list[Trajectory]]
Verdicts = dict[str, tuple[str, str]]
"""For each verdict, by its path, the value and how the page prints it: "decided", "not printed", or why undecided."""
ABSENT = ("absent", "not printed")
DECIDED = "decided"

# Experiments


class Repeatable:
    """The sections of an experiment that train, to be computed from several trainings of the same runs."""

    def __init__(self, experiment: Experiment) -> None:
        self.e = without_page_settings(experiment)
        made = {name: sections[name]() for name in experiment.sections}
        self.runs = {name: list(s.runs(self.e)) for name, s in made.items() if not s.sweep(self.e)}
        self.sections: dict[str, Section[Any]] = {name: made[name] for name, runs in self.runs.items() if runs}
        self.studies = {name: section.study(self.e) for name, section in self.sections.items()}

    def verdicts(self, train: Trainer) -> Verdicts:
        """Every outcome and every verdict, from runs that `train` trains."""
        trained = self._trained(chain.from_iterable(self.runs.values()), train)
        own = {name: {run: trained[run] for run in self.runs[name]} for name in self.sections}
        later = {name: list(section.follow_up(self.e, own[name])) for name, section in self.sections.items()}
        trained |= self._trained(chain.from_iterable(later.values()), train)
        found: Verdicts = {}
        for name, section in self.sections.items():
            runs = own[name] | {run: trained[run] for run in later[name]}
            findings = plain_findings(section.findings(self.e, runs, self.studies[name]))
            found |= verdicts_within(findings, name)
            for claim in section.claims:
                decided = decide(claim, name, findings, self.e)
                shown = "not printed" if decided.outcome is None else DECIDED
                if decided.outcome == "undecided":
                    # The words of `helpers.why_undecided`.
                    hangs = "rounding" in sentence(decided, findings, self.e)
                    shown = "undecided: rounding" if hangs else "undecided"
                found[f"{name}: claim {claim.name}"] = str(decided.outcome), shown
        return found

    @staticmethod
    def _trained(runs: Iterable[Run], train: Trainer) -> dict[Run, Trajectory]:
        distinct = list(dict.fromkeys(runs))
        return dict(zip(distinct, train(distinct), strict=True))


def verdicts_within(value: Any, path: str) -> Verdicts:
    """The verdicts of findings, with `path` before the path of each. A list names its items by what they are about."""
    found: Verdicts = {}
    if isinstance(value, dict):
        if "verdict" in value:
            verdict, reason = value["verdict"], value.get("reason")
            undecided = f"undecided: {reason}" if reason else "undecided"
            shown = "not printed" if verdict is None else undecided if verdict == "undecided" else DECIDED
            found[path] = str(verdict), shown
        for key, part in value.items():
            found |= verdicts_within(part, f"{path}.{key}")
    elif isinstance(value, list):
        names = [item_name(item) for item in value]
        for i, (item, name) in enumerate(zip(value, names, strict=True)):
            found |= verdicts_within(item, f"{path}[{name if name and names.count(name) == 1 else i}]")
    return found


def item_name(item: Any) -> str:
    """The words that tell an item of a list from the others."""
    texts = item.items() if isinstance(item, dict) else ()
    return ", ".join(text for key, text in texts if isinstance(text, str) and key not in ("verdict", "reason", "why"))


def nudging(train: Trainer, repeat: int) -> Trainer:
    """`train` from initial weights that are moved; the trajectories keep the names of the runs that were asked for."""

    def nudged(runs: Sequence[Run]) -> list[Trajectory]:
        moved = [dataclasses.replace(run, nudge=1000 * repeat + run.nudge) for run in runs]
        return [dataclasses.replace(t, source=run) for run, t in zip(runs, train(moved), strict=True)]

    return nudged


# Training in float64

STACKED = 256
"""Runs of a stack, so that it stays in the cache of a processor."""
TRAINING_FIELDS = {
    *("optimizer", "momentum", "learning_rate", "schedule", "batch_size", "epochs", "full_batch_steps", "order", "loss")
}
LOSSES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "absolute": (np.abs, np.sign),
    "squared": (np.square, lambda r: 2.0 * r),
    "huber": (
        lambda r: np.where(np.abs(r) <= 1.0, 0.5 * r * r, np.abs(r) - 0.5),
        lambda r: np.clip(r, -1.0, 1.0),
    ),
}
"""Value and derivative of each loss, from the residual."""


def train_in_float64(runs: Sequence[Run]) -> list[Trajectory]:
    """Train every run in float64 arithmetic, in the order given, as `compiled.train` does in float32.

    Raises `SystemExit` if `Training` has settings that this loop does not know.
    """
    usual = Training()
    unknown = {
        field.name
        for field in dataclasses.fields(Training)
        for run in runs
        if field.name not in TRAINING_FIELDS
        # How many samples are held out matters to runs that stop early only.
        and (field.name != "validation" or run.training.early_stopping)
        and getattr(run.training, field.name) != getattr(usual, field.name)
    }
    unknown |= {f"loss {run.training.loss!r}" for run in runs} - {f"loss {name!r}" for name in LOSSES}
    if unknown:
        sys.exit(f"the loop in float64 does not know {', '.join(sorted(unknown))}")

    def key(run: Run) -> str:
        alike = dataclasses.replace(run.training, learning_rate=1.0, schedule="constant", order="fixed")
        return f"{run.network} {run.shapes} {alike} {run.training_samples} {run.recording}"

    def slice_key(run: Run) -> str:
        return f"{run.penalty} {run.step}"

    done: dict[Run, Trajectory] = {}
    for _, group in groupby(sorted(set(runs), key=lambda run: (key(run), slice_key(run))), key):
        alike = list(group)
        for start in range(0, len(alike), STACKED):
            members = alike[start : start + STACKED]
            slices = [list(part) for _, part in groupby(members, slice_key)]
            done.update(zip(members, Stack(members, [len(part) for part in slices]).train(), strict=True))
    return [done[run] for run in runs]


class Stack:
    """Runs that differ only by data, seeds, penalties and rates, trained together in float64.

    `sizes` are the numbers of neighbors that share a penalty and its step.
    """

    def __init__(self, runs: Sequence[Run], sizes: Sequence[int]) -> None:
        self.runs, self.first = runs, runs[0]
        self.layout: Layout = layout(self.first.training.batch_size)
        self.slices = [slice(start, stop) for start, stop in pairwise([0, *accumulate(sizes)])]
        self.x, self.y = (self._drawn(name) for name in ("x_train", "y_train"))
        self.rows = np.stack([run.order() for run in runs])
        self.rates = np.stack([run.training.rates(run.steps) for run in runs], axis=1).astype(float)
        self.sizes = self.rates
        if self.first.training.optimizer == "momentum":
            self.sizes = np.stack([run.training.step_sizes(run.steps) for run in runs], axis=1).astype(float)
        self.strengths = np.array([run.strength for run in runs])
        self.masks = [run.masks() for run in runs] if self.first.network.dropout else None
        starts = [run.initial_weights() for run in runs]
        parts = ([kernels for kernels, _ in starts], [biases for _, biases in starts])
        kernels, biases = (
            [self.layout.stack(list(w)).astype(float) for w in zip(*part, strict=True)] for part in parts
        )
        self.weights = [*kernels, *biases]
        """Kernels, then biases, one array for each layer."""
        copies = {"sgd": 0, "momentum": 1, "adam": 2}[self.first.training.optimizer]
        self.memory = [np.zeros_like(w) for _ in range(copies) for w in self.weights]
        self.diverged = np.full(len(runs), -1)

    def _drawn(self, name: str) -> Any:
        """[R, N, values] of the training samples."""
        return np.stack([getattr(run.draw(), name) for run in self.runs])

    def train(self) -> list[Trajectory]:
        from reportgen.training.compiled import _trajectory

        wanted = self.first.recording.steps(self.first.steps)
        records = []
        with np.errstate(all="ignore"):  # of runs that diverge
            for step in range(self.first.steps + 1):
                if step in wanted:
                    records.append(self._record())
                if step < self.first.steps:
                    self._step(step)
        trajectories = []
        stacked = [np.stack(arrays, axis=1) for arrays in zip(*records, strict=True)]
        for i, run in enumerate(self.runs):
            own = [array[i] for array in stacked]
            count = len(run.shapes)
            arrays = {"kernels": own[:count], "biases": own[count : 2 * count]}
            if run.recording.loss:
                arrays |= {"loss": own[-2:-1], "penalty": own[-1:]}
            finite = np.all([np.isfinite(a).reshape(len(wanted), -1).all(axis=1) for a in own], axis=0)
            trajectories.append(_trajectory(run, wanted, arrays, finite, int(self.diverged[i])))
        return trajectories

    @property
    def _kernels(self) -> list[Any]:
        return self.weights[: len(self.first.shapes)]

    @property
    def _biases(self) -> list[Any]:
        return self.weights[len(self.first.shapes) :]

    @property
    def _sample_axes(self) -> tuple[int, int]:
        return (0, 1) if self.layout.runs == -1 else (1, 2)

    def _step(self, step: int) -> None:
        activation = self.first.network.activation
        full = step >= self.first.batch_steps
        optimizer = "sgd" if full else self.first.training.optimizer
        rows = np.tile(np.arange(self.x.shape[1]), (len(self.runs), 1)) if full else self.rows[:, step]
        which = np.arange(len(self.runs))[:, None]
        # A row of −1 is absent. It gets a sample all the same, without weight.
        present = self.layout.batch((rows >= 0)[:, :, None].astype(float), np)
        inputs, targets = (self.layout.batch(values[which, rows], np) for values in (self.x, self.y))
        masks = None if full else self._masks(step)
        activations = self.layout.forward(self._kernels, self._biases, inputs, activation, masks, np)
        residuals = activations[-1] - targets
        self.diverged[(self.diverged < 0) & ~np.isfinite(residuals.sum(axis=self._sample_axes))] = step + 1
        counted = present.sum(axis=self._sample_axes, keepdims=True) * self.y.shape[-1]
        delta = LOSSES[self.first.training.loss][1](residuals) * present / counted
        kernel_gradients, bias_gradients = self.layout.backward(
            self._kernels, activations, delta, activation, masks, np
        )
        for layer, w in enumerate(self._kernels):
            for at, penalty, own in self._penalized("subgradient", w):
                strengths = self.layout.per_run(self.strengths[at], 3, np)
                kernel_gradients[layer][own] += strengths * penalty.subgradient(w[own], np, self.layout.kernel)
        self._update([*kernel_gradients, *bias_gradients], optimizer, step)
        scales = self.layout.per_run(self.sizes[step] * self.strengths, 3, np)
        for layer, w in enumerate(self._kernels):
            scale = scales
            if optimizer == "adam":
                square = self.memory[len(self.weights) + layer]
                correction = np.sqrt(1.0 - 0.999 ** (step + 1))
                scale = scales * np.where(square > 0.0, correction / (np.sqrt(square) + 1e-7), 1.0)
            for _, penalty, own in self._penalized("proximal", w):
                w[own] = penalty.prox(w[own], scale[own], np, self.layout.kernel)

    def _penalized(self, step: str, w: Any) -> Iterator[tuple[slice, Penalty, Any]]:
        """For each slice with this kind of step: its runs, its penalty, and the index of its part of a kernel."""
        for at in self.slices:
            run = self.runs[at.start]
            if run.step == step:
                yield at, run.penalty, at if self.layout.runs == 0 else (..., at)

    def _masks(self, step: int) -> Any:
        if self.masks is None:
            return None
        mask = self.layout.batch(np.stack([own[step] for own in self.masks]), np) / (1.0 - self.first.network.dropout)
        return np.split(mask, np.cumsum(self.first.network.hidden)[:-1], axis=self._sample_axes[1])

    def _update(self, gradients: Sequence[Any], optimizer: str, step: int) -> None:
        count = len(self.weights)
        for i, (w, gradient) in enumerate(zip(self.weights, gradients, strict=True)):
            rate = self.layout.per_run(self.rates[step], w.ndim, np)
            if optimizer == "sgd":
                w -= rate * gradient
            elif optimizer == "momentum":
                self.memory[i] = self.first.training.momentum * self.memory[i] - rate * gradient
                w += self.memory[i]
            else:
                mean = self.memory[i] = self.memory[i] + (gradient - self.memory[i]) * (1 - 0.9)
                square = self.memory[count + i]
                square = self.memory[count + i] = square + (gradient**2 - square) * (1 - 0.999)
                correction = np.sqrt(1.0 - 0.999 ** (step + 1)) / (1.0 - 0.9 ** (step + 1))
                w -= rate * correction * mean / (np.sqrt(square) + 1e-7)

    def _record(self) -> list[Any]:
        """Copies of the weights, [R, ...]; then, if they are recorded, loss and penalty, [R]."""
        record = [np.array(self.layout.unstack(w)) for w in self.weights]
        if self.first.recording.loss:
            samples = (self.layout.batch(values, np) for values in (self.x, self.y))
            inputs, targets = samples
            activation = self.first.network.activation
            outputs = self.layout.forward(self._kernels, self._biases, inputs, activation, None, np)[-1]
            record.append(LOSSES[self.first.training.loss][0](outputs - targets).mean(axis=self._sample_axes))
            costs = np.zeros(len(self.runs))
            for w in self._kernels:
                for at in self.slices:
                    part = w[at] if self.layout.runs == 0 else w[..., at]
                    costs[at] += self.runs[at.start].penalty.cost(part, np, self.layout.kernel)
            record.append(self.strengths * costs)
        return record


def check_float64(runs: Iterable[Run], steps: int = 50) -> int:
    """Compare both loops on a few short runs of every kind; returns how many.

    Raises `AssertionError` if weights differ by more than rounding.
    """
    from reportgen.training.compiled import train

    kinds = {
        (run.network, run.data, run.penalty, run.step, run.training.loss, run.training.optimizer): run for run in runs
    }
    short: list[Run] = []
    for run in kinds.values():
        epochs = max(1, steps // run.training.batches(run.training_samples))
        full = min(run.training.full_batch_steps, steps)
        training = dataclasses.replace(run.training, epochs=epochs, full_batch_steps=full)
        short.append(dataclasses.replace(run, training=training))
    for ours, theirs in zip(train_in_float64(short), train(short), strict=True):
        pairs = [*zip([*ours.kernels, *ours.biases], [*theirs.kernels, *theirs.biases], strict=True)]
        if ours.loss is not None:
            pairs += [(ours.loss, theirs.loss), (ours.penalty, theirs.penalty)]
        for got, wanted in pairs:
            # Adam divides by the size of gradients, also of those that are little more than rounding.
            near = 1e-4 if ours.run.training.optimizer == "adam" else 1e-5
            np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=near, err_msg=str(ours.run))
    return len(short)


# The table


@dataclasses.dataclass(frozen=True)
class Changed:
    """A verdict that is not the same in all computations."""

    path: str
    counts: Counter[str]
    float64: str | None
    """The value in float64 arithmetic; None if it was left out."""
    page: str
    """How the page prints it."""


def changes(base: Verdicts, nudged: Sequence[Verdicts], float64: Verdicts | None) -> list[Changed]:
    """The verdicts that are not the same in all computations."""
    others = [*nudged, *([float64] if float64 is not None else [])]
    found = []
    for path in dict.fromkeys(chain.from_iterable([base, *others])):
        counts = Counter(verdicts.get(path, ABSENT)[0] for verdicts in [base, *others])
        if len(counts) > 1:
            value = None if float64 is None else float64.get(path, ABSENT)[0]
            found.append(Changed(path, counts, value, base.get(path, ABSENT)[1]))
    return found


def print_table(changed: Sequence[Changed], base: Verdicts) -> None:
    for change in changed:
        print(f"\n{change.path}")
        print(f"  page: {base.get(change.path, ABSENT)[0]} ({change.page})")
        print(f"  {', '.join(f'{count} × {value}' for value, count in change.counts.most_common())}", end="")
        print("" if change.float64 is None else f"; float64: {change.float64}")


def read_experiment(name: str) -> Experiment:
    return parse(shipped(name)) if name in shipped_descriptions() else load(Path(name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20, help="how often the initial weights are moved")
    parser.add_argument("--experiment", default="default", metavar="NAME-or-FILE")
    parser.add_argument("--no-float64", action="store_true", help="leave out the computation in float64")
    given = parser.parse_args()
    from reportgen.training.compiled import train

    began = time.perf_counter()

    def told(text: str) -> None:
        print(f"{time.perf_counter() - began:7.0f} s  {text}", file=sys.stderr, flush=True)

    repeatable = Repeatable(read_experiment(given.experiment))
    base = repeatable.verdicts(train)
    told(f"{len(base)} verdicts of {len(repeatable.sections)} sections")
    nudged: list[Verdicts] = []
    known: set[str] = set()
    for repeat in range(1, given.repeats + 1):
        nudged.append(repeatable.verdicts(nudging(train, repeat)))
        changed = changes(base, nudged, None)
        told(f"repeat {repeat}: {len(changed)} verdicts are not the same in all so far")
        for change in changed:
            if change.path not in known:
                told(f"  {change.path}: {', '.join(change.counts)}; page: {change.page}")
        known |= {change.path for change in changed}
    float64 = None
    if not given.no_float64:
        told(f"{check_float64(chain.from_iterable(repeatable.runs.values()))} short runs agree in float32 and float64")
        float64 = repeatable.verdicts(train_in_float64)
        told(f"float64: {len(changes(base, [], float64))} verdicts differ")

    changed = changes(base, nudged, float64)
    hanging = [change for change in changed if change.page == DECIDED]
    print(f"{len(base)} verdicts, {1 + len(nudged) + (float64 is not None)} computations; {len(changed)} change")
    print_table(changed, base)
    print(f"\n{len(hanging)} of the verdicts that change are decided on the page")
    sys.exit(1 if hanging else 0)


if __name__ == "__main__":
    main()
