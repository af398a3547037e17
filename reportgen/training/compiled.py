"""Training: many networks at once, each whole training in one compiled TensorFlow call.

Networks here are tiny, so most of the cost of a step is overhead. Therefore runs are stacked (see `network.Layout`),
data and sample order are tensors, the loop over steps is compiled with XLA, and runs that differ in penalty occupy
slices of the run axis. This is the only module that imports TensorFlow.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from reportgen.losses import loss_of
from reportgen.penalties import Penalty
from reportgen.penalties._arrays import Arrays
from reportgen.penalties.none import NoPenalty
from reportgen.training.network import Layout, Weights, layout
from reportgen.training.process import quiet_stderr
from reportgen.training.run import Recording, Run, Training, consecutive_runs
from reportgen.training.stacking import counts_weights, groups, recording_key, slice_key
from reportgen.training.trajectory import Trajectory

# XLA reads this once, when it first compiles. By default it uses half of the vectors of a wide processor, which costs a
# quarter of the time; on other processors the setting changes nothing.
os.environ["XLA_FLAGS"] = f"--xla_cpu_prefer_vector_width=512 {os.environ.get('XLA_FLAGS', '')}"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with quiet_stderr():
    import tensorflow as tf

# It would warn about many compilations; each program is compiled once.
tf.get_logger().setLevel("ERROR")

_XP = Arrays(tf)
"""The functions that penalties, losses and layouts use, by NumPy's names."""


def train(runs: Iterable[Run]) -> list[Trajectory]:
    """Train every run and return their trajectories, in the order given.

    The other runs change the numbers of a run only by the rounding of float32. A run that diverges ends at that step,
    with `Trajectory.diverged` set; the others go on.
    """
    runs = list(runs)
    done: dict[int, Trajectory] = {}
    for group in groups(runs):
        done.update(zip(group, _train_together([runs[i] for i in group]), strict=True))
    return [done[i] for i in range(len(runs))]


def _train_together(runs: Sequence[Run]) -> list[Trajectory]:
    first, stack_layout = runs[0], layout(runs[0].training.batch_size)
    inputs = _draw_inputs(runs)
    recorded, steps, (records, last, diverged, early) = _run_program(runs, inputs)
    early = {name: values.numpy() for name, values in early.items()}
    paths = _unstacked(records, stack_layout, 1)
    starts = _unstacked({"kernels": inputs.kernels, "biases": inputs.biases}, stack_layout, 0)
    stops = _unstacked(last, stack_layout, 0)
    ends = {name: [np.stack(pair, axis=1) for pair in zip(starts[name], stops[name], strict=True)] for name in starts}
    diverged = diverged.numpy()
    slot = {i: j for j, i in enumerate(recorded)}
    ends_at = np.array([0, first.steps], np.int32)
    paths_finite, ends_finite = _finite(paths), _finite(ends)
    trajectories = []
    for i, run in enumerate(runs):
        if i in slot:
            column, at, stacked, finite = slot[i], steps, paths, paths_finite
        else:
            column, at, stacked, finite = i, ends_at, ends, ends_finite
        arrays = {name: [array[column] for array in arrays] for name, arrays in stacked.items()}
        trajectory = _trajectory(run, at, arrays, finite[column], int(diverged[i]))
        early_steps: dict[str, Any] = {name: int(values[i]) for name, values in early.items() if values[i] >= 0}
        trajectories.append(dataclasses.replace(trajectory, **early_steps))
    return trajectories


class Ends(NamedTuple):
    """The ends of runs that differ only by their seeds, small enough for a sweep of millions."""

    kernels: list[Weights]
    """The last weights, one array [R, I, O] per layer; not all finite for a diverged run."""
    biases: list[Weights]
    """One array [R, O] per layer."""
    diverged: NDArray[np.int32]
    """[R] the first step with a number that is not finite, or −1."""


def train_ends(first: Run, count: int, fresh_data: bool) -> Ends:
    """Train `consecutive_runs(first, count, fresh_data)` in one program and return their last weights, as of `train`.

    Successive calls that differ only by penalty, strength and learning rate share initial weights and orders.
    """
    first = dataclasses.replace(first, recording=Recording.ENDS_ONLY)
    plain = dataclasses.replace(
        first,
        penalty=NoPenalty(),
        strength=0.0,
        step="subgradient",
        training=dataclasses.replace(first.training, learning_rate=1.0),
    )
    _, _, (_, last, diverged, _) = _run_program([first], _draw_consecutive_inputs(plain, count, fresh_data), count)
    ends = _unstacked(last, layout(first.training.batch_size), 0)
    finite = np.all([np.isfinite(w).reshape(count, -1).all(axis=1) for part in ends.values() for w in part], axis=0)
    at = np.asarray(diverged, np.int32)
    return Ends(ends["kernels"], ends["biases"], np.where((at < 0) & ~finite, np.int32(first.steps), at))


def _run_program(runs: Sequence[Run], inputs: _Inputs, times: int = 1) -> tuple[list[int], NDArray[np.int32], Any]:
    """Run the program; returns the indices of recorded runs, the recorded steps, and the results of the program.

    A single run may stand for `times` runs that differ only by their `inputs`.
    """
    first = runs[0]
    recorded = [i for i, run in enumerate(runs) if recording_key(run)]
    recording = next((runs[i].recording for i in recorded), Recording.ENDS_ONLY)
    program = _program(
        layout=layout(first.training.batch_size),
        activation=first.network.activation,
        optimizer="adam" if first.training.is_adaptive else first.training.optimizer,
        momentum=first.training.momentum,
        losses=tuple(run.training.loss for run in runs) * times,
        slices=_slices(runs, times),
        recorded=tuple(recorded),
        with_loss=recording.loss and bool(recorded),
        keep=tuple(1.0 - run.network.dropout for run in runs) * times,
        fills_up=any(run.training_samples % run.training.batch_size for run in runs),
        full_batch_steps=first.training.full_batch_steps,
        fills_up_full_batch=len({run.training_samples for run in runs}) > 1,
        decays=first.training.weight_decay > 0,
        patience=first.training.early_stopping,
        epoch_steps=first.training.batches(first.training_samples) if first.training.early_stopping else 0,
    )
    tables = inputs.tables._replace(
        rates=tf.constant(_per_step(runs, Training.rates)),
        sizes=tf.constant(_per_step(runs, Training.step_sizes)) if first.training.optimizer == "momentum" else None,
        strengths=tf.constant([run.strength for run in runs] * times, tf.float32),
        decays=tf.constant([run.training.weight_decay for run in runs] * times, tf.float32),
        recorded=tf.constant(recorded, tf.int32),
        whole=tf.constant(inputs.samples.all_rows([runs[i] for i in recorded])),
    )
    steps = recording.steps(first.steps)
    return recorded, steps, program(inputs.kernels, inputs.biases, tf.constant(steps), tables)


class _Inputs(NamedTuple):
    """The inputs of runs that do not depend on penalty, strength, learning rate or recording."""

    kernels: list[Any]
    biases: list[Any]
    samples: _Samples
    tables: _Tables
    """Incomplete: without the tables that depend on these."""


def _draw_inputs(runs: Sequence[Run]) -> _Inputs:
    stack_layout = layout(runs[0].training.batch_size)
    widths = [max(sizes) for sizes in zip(*map(_widths, runs), strict=True)]
    kernels, biases = _initial_stack(runs, widths, stack_layout)
    samples = _Samples.from_runs(runs)
    tables = _Tables(
        x=tf.constant(samples.x),
        y=tf.constant(samples.y),
        rows=tf.constant(samples.rows),
        masks=tf.constant(_masks(runs, widths, stack_layout)) if any(run.network.dropout for run in runs) else None,
        full_batch=tf.constant(samples.all_rows(runs)) if runs[0].training.full_batch_steps else None,
        validation=tf.constant(samples.validation_rows(runs)) if runs[0].training.early_stopping else None,
    )
    return _Inputs([tf.constant(w) for w in kernels], [tf.constant(b) for b in biases], samples, tables)


@lru_cache(maxsize=2)
def _draw_consecutive_inputs(first: Run, count: int, fresh_data: bool) -> _Inputs:
    return _draw_inputs(consecutive_runs(first, count, fresh_data))


def _widths(run: Run) -> list[int]:
    return [run.shapes[0][0], *(outputs for _, outputs in run.shapes)]


def _initial_stack(runs: Sequence[Run], widths: list[int], stack_layout: Layout) -> tuple[list[Weights], list[Weights]]:
    """Initial kernels and biases of all runs, smaller networks padded with units of zero weights."""
    kernels = [np.zeros((len(runs), i, o), np.float32) for i, o in itertools.pairwise(widths)]
    biases = [np.zeros((len(runs), o), np.float32) for o in widths[1:]]
    for r, run in enumerate(runs):
        for stacked, values in zip([*kernels, *biases], itertools.chain(*run.initial_weights()), strict=True):
            own: tuple[Any, ...] = (r, *(slice(size) for size in values.shape))
            stacked[own] = values
    return [stack_layout.stack(list(w)) for w in kernels], [stack_layout.stack(list(b)) for b in biases]


class _Slice(NamedTuple):
    """A part of the run axis with one penalty."""

    start: int
    stop: int
    penalty: Penalty
    step: str
    shapes: tuple[tuple[int, int], ...] | None
    """The shapes of the kernels without padding, for a penalty that the padding would change."""


def _slices(runs: Sequence[Run], times: int = 1) -> tuple[_Slice, ...]:
    """The slices of `runs`, each of which stands for `times` such runs."""
    slices, start = [], 0
    for key, group in itertools.groupby(runs, slice_key):
        members = list(group)
        first, stop = members[0], start + len(members) * times
        if key:
            shapes = first.shapes if counts_weights(first.penalty) else None
            slices.append(_Slice(start, stop, first.penalty, first.step, shapes))
        start = stop
    return tuple(slices)


def _per_step(runs: Sequence[Run], values: Callable[[Training, int], NDArray[np.float32]]) -> NDArray[np.float32]:
    """What `values` gives for the steps of each run, [steps, R]; [steps, 1] if the runs share them."""
    trainings = {run.training: run.steps for run in runs}
    columns = {training: i for i, training in enumerate(trainings)}
    table = np.stack([values(training, steps) for training, steps in trainings.items()], axis=1)
    return table if len(columns) == 1 else table[:, [columns[run.training] for run in runs]]


def _masks(runs: Sequence[Run], widths: Sequence[int], stack_layout: Layout) -> NDArray[np.bool_]:
    """The hidden units that dropout keeps at each step: [steps, R, B, H] or [steps, B, H, R], layers side by side."""
    starts = [0, *itertools.accumulate(widths[1:-1])]
    batch = runs[0].training.batch_size
    masks = np.ones((len(runs), runs[0].batch_steps, batch, starts[-1]), bool)
    for mask, run in zip(masks, runs, strict=True):
        if run.network.dropout:
            own = np.split(run.masks(), np.cumsum(run.network.hidden)[:-1], axis=-1)
            for start, layer in zip(starts, own, strict=False):
                mask[..., start : start + layer.shape[-1]] = layer
    return np.moveaxis(masks, 0, 1 if stack_layout.runs == 0 else -1)


def _unstacked(stacked: dict[str, Any], stack_layout: Layout, axes_before: int) -> dict[str, list[Weights]]:
    return {
        name: [np.ascontiguousarray(stack_layout.unstack(np.asarray(array), axes_before)) for array in arrays]
        for name, arrays in stacked.items()
    }


def _finite(stacked: dict[str, list[Weights]]) -> NDArray[np.bool_]:
    """True if all numbers of a run are finite at a recorded step, [R, S]."""
    arrays = [array for arrays in stacked.values() for array in arrays]
    finite: NDArray[np.bool_] = np.all([np.isfinite(a).all(axis=tuple(range(2, a.ndim))) for a in arrays], axis=0)
    return finite


def _trajectory(
    run: Run, steps: NDArray[np.int32], arrays: dict[str, list[Weights]], finite: NDArray[np.bool_], diverged: int
) -> Trajectory:
    """The trajectory of one run in the stack, without padding and without steps after a divergence."""
    kernels = [w[:, :i, :o] for w, (i, o) in zip(arrays["kernels"], run.shapes, strict=True)]
    biases = [b[:, :o] for b, (_, o) in zip(arrays["biases"], run.shapes, strict=True)]
    if diverged < 0 and not finite.all():
        diverged = int(steps[finite.argmin()])
    # The initial weights are kept even if their loss is not finite: a trajectory needs a record.
    kept = finite & (steps < diverged) | (steps == 0) if diverged >= 0 else slice(None)
    curve = {name: arrays[name][0][kept] if name in arrays else None for name in ("loss", "penalty")}
    return Trajectory(
        source=run,
        steps=steps[kept],
        kernels=tuple(np.ascontiguousarray(w[kept]) for w in kernels),
        biases=tuple(np.ascontiguousarray(b[kept]) for b in biases),
        loss=curve["loss"],
        penalty=curve["penalty"],
        diverged=diverged if diverged >= 0 else None,
    )


def _draw_key(run: Run) -> Any:
    return run.data, run.data_seed, run.fold, run.held_out


def _order_key(run: Run) -> Any:
    return run.order_seed, run.training, run.training_samples


@dataclass(frozen=True)
class _Samples:
    """Training samples of all runs: every distinct draw once, and the sample order of each run as rows of them."""

    x: NDArray[np.float32]
    y: NDArray[np.float32]
    rows: NDArray[np.int32]
    """[steps, R, B], −1 for none; only the first epoch if every run repeats it."""
    starts: dict[Any, tuple[int, int]]
    """The first row and the number of the samples of each draw that are trained on."""
    validation: dict[Any, tuple[int, int]]
    """The same of samples for validation."""

    @classmethod
    def from_runs(cls, runs: Sequence[Run]) -> _Samples:
        draws = {_draw_key(run): run for run in runs}
        data = {key: run.draw() for key, run in draws.items()}
        counts = [len(d.x_train) for d in data.values()]
        starts = dict(zip(data, zip([0, *np.cumsum(counts)], counts, strict=False), strict=True))
        # Samples for validation come after all that are trained on.
        held_out = {key: d for key, d in data.items() if d.x_validation is not None}
        held_counts = [len(d.x_validation) for d in held_out.values() if d.x_validation is not None]
        held_starts = [sum(counts), *(sum(counts) + np.cumsum(held_counts, dtype=int))]
        validation = dict(zip(held_out, zip(held_starts, held_counts, strict=False), strict=True))
        orders = {_order_key(run): run for run in runs}
        epochs = {run.batch_steps // run.training.epochs for run in runs}
        repeats = len(epochs) == 1 and all(run.training.order == "fixed" for run in runs)
        order = {key: run.order()[: min(epochs) if repeats else None] for key, run in orders.items()}
        rows = []
        for run in runs:
            own = order[_order_key(run)]
            rows.append(np.where(own < 0, own, own + np.int32(starts[_draw_key(run)][0])))
        return cls(
            x=np.concatenate([d.x_train for d in data.values()] + [d.x_validation for d in held_out.values()]).astype(
                np.float32
            ),
            y=np.concatenate([d.y_train for d in data.values()] + [d.y_validation for d in held_out.values()]).astype(
                np.float32
            ),
            rows=np.stack(rows, axis=1),
            starts=starts,
            validation=validation,
        )

    def validation_rows(self, runs: Sequence[Run]) -> NDArray[np.int32]:
        """Rows [R, V] of the samples for validation of each run; `groups` lets them be as many for all."""
        spans = [self.validation[_draw_key(run)] for run in runs]
        return np.array([start + np.arange(count) for start, count in spans], np.int32)

    def all_rows(self, runs: Sequence[Run]) -> NDArray[np.int32]:
        """Rows [R, N] of all training samples of each run, −1 for none; [1, N] if the runs share them."""
        spans = [self.starts[_draw_key(run)] for run in runs] or [(0, 1)]
        if len(set(spans)) == 1:
            spans = spans[:1]
        place = np.arange(max(count for _, count in spans))
        return np.array([np.where(place < count, start + place, -1) for start, count in spans], np.int32)


class _Tables(NamedTuple):
    """The tensors that the compiled loop only reads."""

    x: Any
    y: Any
    rows: Any
    """[steps, R, B] row numbers of x and y, −1 for none; after the last step they start again."""
    rates: Any = None
    """[steps, R] or [steps, 1] learning rates."""
    sizes: Any = None
    """[steps, R] or [steps, 1] sizes of updates (see `Training.step_sizes`); None if they are the learning rates."""
    strengths: Any = None
    """[R] strengths."""
    decays: Any = None
    """[R] weight decays."""
    recorded: Any = None
    """Indices of the runs that are recorded."""
    whole: Any = None
    """Rows of all training samples of the recorded runs, [R, N] or [1, N]; `groups` puts runs into one program only if
    the recorded ones have the same number of samples."""
    full_batch: Any = None
    """Rows of all training samples of all runs, [R, N] or [1, N], −1 for none; None without steps on all samples."""
    masks: Any = None
    """[steps, B, H, R] or [steps, R, B, H] dropout masks, or None."""
    validation: Any = None
    """Rows of the samples for validation, [R, V]; None without early stopping."""


class _Batch(NamedTuple):
    """Samples of one step, in the layout of the stack."""

    inputs: Any
    targets: Any
    weights: Any
    """0 for an absent sample and 1 for the others; None if there is none."""


class _Early(NamedTuple):
    """What early stopping remembers of each run."""

    least: Any
    """[R] the least loss on the samples for validation so far."""
    kernels: list[Any]
    biases: list[Any]
    """The weights of that loss."""
    restored: Any
    """[R] the step of these weights."""
    waited: Any
    """[R] epochs since then."""
    stopped: Any
    """[R] the step at which the training of a run was stopped, or −1."""


_State = tuple[list[Any], list[Any], list[Any], Any, Any]
"""Kernels, biases, the optimizer's memory, the step at which each run diverged or −1, and `_Early` or ()."""


@dataclass(frozen=True)
class _Program:
    """The compiled loop; its fields are fixed at compilation."""

    layout: Layout
    activation: str
    optimizer: str
    momentum: float
    losses: tuple[str, ...]
    slices: tuple[_Slice, ...]
    recorded: tuple[int, ...]
    with_loss: bool
    keep: tuple[float, ...]
    fills_up: bool
    """True if a batch of some run is smaller than the others."""
    full_batch_steps: int
    fills_up_full_batch: bool
    """True if runs differ in the number of their samples."""
    decays: bool
    """True if weights decay."""
    patience: int
    """Epochs that early stopping waits for a smaller loss; 0 without it."""
    epoch_steps: int
    """Steps of an epoch, for early stopping."""

    @tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow's have no types
    def __call__(self, kernels: list[Any], biases: list[Any], steps: Any, tables: _Tables) -> Any:
        """Train from step 0 to the last of `steps`, recording at each.

        Returns the records (see `_record`) with the recorded steps on the first axis, the last weights of every run,
        for each run the first step with a prediction that is not finite or −1, and the steps of early stopping by the
        names of `Trajectory`'s fields, −1 for none.
        """
        count = steps.shape[0]
        none = tf.fill([len(self.losses)], -1)
        state: _State = (kernels, biases, self._memory([*kernels, *biases]), none, ())
        if self.patience:
            least = tf.fill([len(self.losses)], tf.constant(np.inf, tf.float32))
            state = (*state[:4], _Early(least, kernels, biases, none, tf.zeros_like(none), none))
        first_record: dict[str, list[Any]] = self._record(state, tables)
        arrays = [
            tf.TensorArray(value.dtype, size=count, element_shape=value.shape)
            for value in tf.nest.flatten(first_record)
        ]

        phases: list[tuple[Any, Callable[[Any, _State], _State]]] = [
            (steps[-1] - self.full_batch_steps, lambda step, state: self._step(step, state, steps[-1], tables))
        ]
        if self.full_batch_steps:
            # Gathered once: in the loop it would cost more than the step itself.
            whole = self._batch(tables.full_batch, self.fills_up_full_batch, tables)
            phases.append((steps[-1], lambda step, state: self._full_batch_step(step, state, whole, tables)))

        def steps_to_record(i: Any, step: Any, state: _State, arrays: list[Any]) -> Any:
            """Train up to the next recorded step, then record."""
            for last, update in phases:
                stop = tf.minimum(steps[i], last)
                step, state = tf.while_loop(
                    lambda step, _, stop=stop: step < stop,
                    lambda step, state, update=update: (step + 1, update(step, state)),
                    (step, state),
                )
            values = tf.nest.flatten(self._record(state, tables))
            return i + 1, step, state, [array.write(i, value) for array, value in zip(arrays, values, strict=True)]

        _, _, state, arrays = tf.while_loop(lambda i, *_: i < count, steps_to_record, (0, 0, state, arrays))
        records = tf.nest.pack_sequence_as(first_record, [array.stack() for array in arrays])
        ends = {"stopped": state[4].stopped, "restored": state[4].restored} if self.patience else {}
        return records, {"kernels": state[0], "biases": state[1]}, state[3], ends

    def _step(self, step: Any, state: _State, last: Any, tables: _Tables) -> _State:
        """One update of every run on a batch; `last` is the number of steps."""
        kernels, biases, memory, diverged, early = state
        before = [*kernels, *biases]
        rows, rate = tables.rows[step % tables.rows.shape[0]], tables.rates[step]
        masks = None if tables.masks is None else self._by_layer(tables.masks[step], kernels)
        gradients, finite = self._gradients(
            kernels, biases, self._batch(rows, self.fills_up, tables), masks, tables.strengths
        )
        diverged = tf.where((diverged < 0) & ~finite, step + 1, diverged)
        decayed = self._decay([*kernels, *biases], rate, tables)
        weights, memory = self._update(decayed, gradients, memory, rate, step)
        kernels, biases = weights[: len(kernels)], weights[len(kernels) :]
        size = rate if tables.sizes is None else tables.sizes[step]
        factors = self._size_factors(memory, step) if self.optimizer == "adam" else [None] * len(kernels)
        kernels = [self._prox(layer, w, size * tables.strengths, factors[layer]) for layer, w in enumerate(kernels)]
        if self.patience:
            kept = self._choose(early.stopped < 0, [*kernels, *biases], before)
            kernels, biases = kept[: len(kernels)], kept[len(kernels) :]
            kernels, biases, early = tf.cond(
                (step + 1) % self.epoch_steps == 0,
                lambda: self._stop_early(step + 1, kernels, biases, early, step + 1 == last, tables),
                lambda: (kernels, biases, early),
            )
        return kernels, biases, memory, diverged, early

    def _stop_early(
        self, step: Any, kernels: list[Any], biases: list[Any], early: _Early, is_last: Any, tables: _Tables
    ) -> tuple[list[Any], list[Any], _Early]:
        """The weights after an epoch that ends at `step`: those of the least loss, for runs that end here.

        As Keras' `EarlyStopping(patience=…, restore_best_weights=True)` does, except that the loss is without penalty.
        """
        rows = tables.validation
        inputs, targets = (self.layout.batch(tf.gather(table, rows), _XP) for table in (tables.x, tables.y))
        outputs = self.layout.forward(kernels, biases, inputs, self.activation, None, _XP)[-1]
        values = self._by_loss(outputs, targets, self.losses, "value")
        loss = tf.reduce_sum(values, axis=self._sample_axes) / self._values_per_run(outputs)
        running = early.stopped < 0
        better = running & (loss < early.least)
        best = self._choose(better, [*kernels, *biases], [*early.kernels, *early.biases])
        waited = tf.where(better, 0, early.waited + 1)
        stops = running & (waited >= self.patience)
        early = _Early(
            tf.where(better, loss, early.least),
            best[: len(kernels)],
            best[len(kernels) :],
            tf.where(better, step, early.restored),
            waited,
            tf.where(stops, step, early.stopped),
        )
        weights = self._choose(stops | (running & is_last), best, [*kernels, *biases])
        return weights[: len(kernels)], weights[len(kernels) :], early

    def _choose(self, chosen: Any, first: Sequence[Any], second: Sequence[Any]) -> list[Any]:
        """For each stacked array `first` where a run is `chosen` [R], else `second`."""
        return [
            tf.where(self.layout.per_run(chosen, len(a.shape), _XP), a, b) for a, b in zip(first, second, strict=True)
        ]

    def _decay(self, weights: list[Any], rate: Any, tables: _Tables) -> list[Any]:
        """The weights less rate · weight decay · w, by Keras' formula."""
        if not self.decays:
            return weights
        return [w - w * self.layout.per_run(tables.decays * rate, len(w.shape), _XP) for w in weights]

    def _full_batch_step(self, step: Any, state: _State, whole: _Batch, tables: _Tables) -> _State:
        """One plain update of every run on all its samples."""
        kernels, biases, memory, diverged, early = state
        rate = tables.rates[step]
        gradients, finite = self._gradients(kernels, biases, whole, None, tables.strengths)
        diverged = tf.where((diverged < 0) & ~finite, step + 1, diverged)
        weights = self._descend(self._decay([*kernels, *biases], rate, tables), gradients, rate)
        kernels, biases = weights[: len(kernels)], weights[len(kernels) :]
        kernels = [self._prox(layer, w, rate * tables.strengths, None) for layer, w in enumerate(kernels)]
        return kernels, biases, memory, diverged, early

    def _batch(self, rows: Any, fills_up: bool, tables: _Tables) -> _Batch:
        """The samples `rows` [R, B]; −1 stands for none if the batch `fills_up`."""
        weights = None
        if fills_up:
            present = rows >= 0
            # An absent sample is a copy of one of its batch, without weight: whatever that gives, it changes nothing.
            rows = tf.where(present, rows, rows[:, :1])
            weights = self.layout.batch(tf.cast(present, tf.float32)[:, :, None], _XP)
        inputs, targets = (self.layout.batch(tf.gather(table, rows), _XP) for table in (tables.x, tables.y))
        return _Batch(inputs, targets, weights)

    def _gradients(
        self, kernels: list[Any], biases: list[Any], batch: _Batch, masks: Any, strengths: Any
    ) -> tuple[list[Any], Any]:
        """Gradients of the cost on a batch, kernels first, and for each run whether it is finite still."""
        activations = self.layout.forward(kernels, biases, batch.inputs, self.activation, masks, _XP)
        outputs = activations[-1]
        # As soon as any number of the run is not finite, this sum is not finite either.
        finite = tf.math.is_finite(tf.reduce_sum(outputs - batch.targets, axis=self._sample_axes))
        delta = self._by_loss(outputs, batch.targets, self.losses, "derivative")
        if batch.weights is None:
            delta /= self._values_per_run(outputs)
        else:
            samples = tf.reduce_sum(batch.weights, axis=self._sample_axes, keepdims=True)
            delta = delta * batch.weights / (samples * outputs.shape[self._sample_axes[1]])
        kernel_gradients, bias_gradients = self.layout.backward(
            kernels, activations, delta, self.activation, masks, _XP
        )
        for layer, w in enumerate(kernels):
            kernel_gradients[layer] += self._subgradient(layer, w, strengths)
        return [*kernel_gradients, *bias_gradients], finite

    @property
    def _sample_axes(self) -> list[int]:
        """The axes of a prediction that are not the run axis."""
        return [0, 1] if self.layout.runs == -1 else [1, 2]

    def _values_per_run(self, predictions: Any) -> float:
        """The number of predicted values of a run: samples times outputs."""
        return float(np.prod([predictions.shape[axis] for axis in self._sample_axes]))

    def _by_loss(self, outputs: Any, targets: Any, losses: Sequence[str], part: str) -> Any:
        """The `part` of the loss of each run, "value" or "derivative" of `Loss`."""

        def computed(name: str) -> Any:
            return getattr(loss_of(name), part)(outputs, targets, _XP, self._sample_axes[1])

        result = computed(losses[0])
        for name in sorted(set(losses) - {losses[0]}):
            mine = self.layout.per_run(tf.constant([loss == name for loss in losses]), 3, _XP)
            result = tf.where(mine, computed(name), result)
        return result

    def _subgradient(self, layer: int, w: Any, strengths: Any) -> Any:
        """The gradient of the penalty of each run with respect to `w`."""
        total = 0.0
        for s in self.slices:
            if s.step == "subgradient":
                scale = self.layout.per_run(self._within(s, strengths, 0.0), 3, _XP)
                part = scale * s.penalty.subgradient(self._own_part(layer, w, s), _XP, self.layout.kernel)
                # The data-dependent choice keeps the compiler from fusing this product with the following sum in some
                # programs and not in others: near a kink the last bit matters.
                total += tf.where(scale > 0.0, self._padded_like(w, part), 0.0)
        return total

    def _prox(self, layer: int, w: Any, scales: Any, factors: Any) -> Any:
        """`w` after the proximal step of each run; `factors` of its scale for each weight, or None."""
        for s in self.slices:
            if s.step == "proximal":
                # Runs of other slices take the step with a scale of zero, which does not change them.
                scale = self.layout.per_run(self._within(s, scales, 0.0), 3, _XP)
                if factors is not None:
                    scale = scale * self._own_part(layer, factors, s)
                part = s.penalty.prox(self._own_part(layer, w, s), scale, _XP, self.layout.kernel)
                padded = self._padded_like(w, part)
                mine = self.layout.per_run(self._within(s, True, False), 3, _XP)
                w = padded if padded is part else tf.where(mine, padded, w)
        return w

    def _within(self, s: _Slice, inside: Any, outside: Any) -> Any:
        """[R]: `inside` for the runs of a slice, `outside` for the others.

        Each penalty is computed for every run, without effect on runs of other slices. These are elementwise
        operations, which XLA fuses. A computation on the slice alone would need a concatenation afterwards, into which
        XLA fuses the whole backward pass again for each slice: ten times as slow with five slices of 2,000 runs.
        """
        mine = np.zeros(len(self.losses), bool)
        mine[s.start : s.stop] = True
        return tf.where(mine, inside, outside)

    def _own_part(self, layer: int, w: Any, s: _Slice) -> Any:
        """The stacked kernels of a layer, without the padding of a slice if it would change the penalty."""
        if s.shapes is None:
            return w
        own = [slice(None)] * 3
        for axis, size in zip(self.layout.kernel, s.shapes[layer], strict=True):
            own[axis] = slice(size)
        return w[tuple(own)]

    def _padded_like(self, w: Any, part: Any) -> Any:
        missing = [w.shape[axis] - part.shape[axis] if axis in self.layout.kernel else 0 for axis in range(3)]
        return tf.pad(part, [(0, zeros) for zeros in missing]) if any(missing) else part

    def _by_layer(self, mask: Any, kernels: Sequence[Any]) -> list[Any]:
        """The dropout mask of one step, [B, H, R] or [R, B, H], split into hidden layers and scaled."""
        widths = [int(w.shape[self.layout.kernel[1]]) for w in kernels[:-1]]
        axis = 1 if self.layout.runs == -1 else 2
        scaled = tf.cast(mask, tf.float32) / self.layout.per_run(tf.constant(self.keep), 3, _XP)
        layers: list[Any] = tf.split(scaled, widths, axis=axis)
        return layers

    def _memory(self, weights: Sequence[Any]) -> list[Any]:
        """The initial state of the optimizer."""
        copies = {"sgd": 0, "momentum": 1, "adam": 2}[self.optimizer]
        return [tf.zeros_like(w) for _ in range(copies) for w in weights]

    def _update(
        self, weights: list[Any], gradients: list[Any], memory: list[Any], rate: Any, step: Any
    ) -> tuple[list[Any], list[Any]]:
        """One step of the optimizer, by Keras' formulas and with its defaults.

        References:
            Kingma and Ba, Adam: A Method for Stochastic Optimization, ICLR 2015 (the form before section 2.1).
        """
        if self.optimizer == "sgd":
            return self._descend(weights, gradients, rate), memory
        rates = [self.layout.per_run(rate, len(w.shape), _XP) for w in weights]
        if self.optimizer == "momentum":
            memory = [self.momentum * v - r * g for v, g, r in zip(memory, gradients, rates, strict=True)]
            return [w + v for w, v in zip(weights, memory, strict=True)], memory
        means, squares = memory[: len(weights)], memory[len(weights) :]
        means = [m + (g - m) * (1 - 0.9) for m, g in zip(means, gradients, strict=True)]
        squares = [s + (g * g - s) * (1 - 0.999) for s, g in zip(squares, gradients, strict=True)]
        t = tf.cast(step + 1, tf.float32)
        correction = tf.sqrt(1.0 - tf.pow(0.999, t)) / (1.0 - tf.pow(0.9, t))
        weights = [
            w - r * correction * m / (tf.sqrt(s) + 1e-7)
            for w, r, m, s in zip(weights, rates, means, squares, strict=True)
        ]
        return weights, [*means, *squares]

    def _descend(self, weights: list[Any], gradients: list[Any], rate: Any) -> list[Any]:
        """One plain gradient step."""
        rates = [self.layout.per_run(rate, len(w.shape), _XP) for w in weights]
        return [w - r * g for w, g, r in zip(weights, gradients, rates, strict=True)]

    def _size_factors(self, memory: Sequence[Any], step: Any) -> list[Any]:
        """For each kernel and bias the factors between the learning rate and Adam's own step sizes.

        A weight that never had a gradient has no such size; the learning rate itself stands in, instead of the almost
        infinite one that would remove a unit for being inactive in the first batch.

        References:
            Yun, Lozano and Yang, Adaptive Proximal Gradient Methods for Structured Neural Networks, NeurIPS 2021.
        """
        squares = memory[len(memory) // 2 :]
        correction = tf.sqrt(1.0 - tf.pow(0.999, tf.cast(step + 1, tf.float32)))
        return [tf.where(s > 0.0, correction / (tf.sqrt(s) + 1e-7), 1.0) for s in squares]

    def _record(self, state: _State, tables: _Tables) -> dict[str, list[Any]]:
        """The record of the recorded runs: weights, and with `with_loss` the loss and the penalty."""
        kernels = [tf.gather(w, tables.recorded, axis=self.layout.runs) for w in state[0]]
        biases = [tf.gather(b, tables.recorded, axis=self.layout.runs) for b in state[1]]
        record = {"kernels": kernels, "biases": biases}
        if self.with_loss:
            inputs = self.layout.batch(tf.gather(tables.x, tables.whole), _XP)
            targets = self.layout.batch(tf.gather(tables.y, tables.whole), _XP)
            outputs = self.layout.forward(kernels, biases, inputs, self.activation, None, _XP)[-1]
            losses = [self.losses[i] for i in self.recorded]
            values = self._by_loss(outputs, targets, losses, "value")
            record["loss"] = [tf.reduce_sum(values, axis=self._sample_axes) / self._values_per_run(outputs)]
            record["penalty"] = [tf.gather(self._penalty(state[0], tables.strengths), tables.recorded)]
        return record

    def _penalty(self, kernels: Sequence[Any], strengths: Any) -> Any:
        """Strength times penalty of every run, [R]."""
        costs = tf.zeros_like(strengths)
        for s in self.slices:
            parts = [self._own_part(layer, w, s) for layer, w in enumerate(kernels)]
            cost = tf.add_n([s.penalty.cost(w, _XP, self.layout.kernel) for w in parts])
            costs += self._within(s, strengths, 0.0) * cost
        return costs


_program = lru_cache(maxsize=64)(_Program)
"""Equal programs are one object, so that a program is compiled once for all groups of runs."""
