"""How fast the seed network trains here, beside three others doing the same arithmetic on the same machine.

    python benchmarks/training.py [--jax FOLDER] [--rounds N]

The network is 1-10-10-10-1 with one sample a step for 4,000 steps, |r| + 0.3 · Σ|w| by subgradient, 256 runs, nothing
recorded but the ends. Every trainer works in a process of its own, in turn, several rounds of it; the table shows the
median round. Before anything counts, all of them must agree on the weights after one epoch. (Later a residual or a
weight close to zero may have another sign for another order of additions, and the paths part.)

JAX and the C loop are handed finished arrays and hand back an array, so they are compared with the compiled loop of
`train`. Keras is compared with all of `train`, which also draws data and weights and cuts the trajectories out.

JAX is no dependency of this project. To be compared with it, install it beside the project and name the folder:

    uv pip install --target FOLDER jax jaxlib
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RUNS, STEPS, SAMPLES, RATE, STRENGTH = 256, 4000, 40, 0.01, 0.3
KERAS_STEPS = 400
SHAPES = [(1, 10), (10, 10), (10, 10), (10, 1)]

TARGETS = {"keras": ("train", "at least", 20_000), "jax": ("loop", "at least", 2), "c": ("loop", "at most", 2.5)}
"""Which of our times is compared, and how it must come out."""
NAMES = {
    "ours": "train(): all of it",
    "keras": "Keras model.fit with a recording callback",
    "jax": "JAX jit(vmap(scan))",
    "c": "C loop, vectorized over runs",
}


class Missing(Exception):
    """What a trainer needs is not on this machine."""


def seed_runs(epochs: int) -> list[Any]:
    from reportgen.penalties.l1 import L1
    from reportgen.training.run import Recording, Run, Training

    return [
        Run(
            penalty=L1(),
            strength=STRENGTH,
            training=Training(learning_rate=RATE, epochs=epochs),
            recording=Recording(every=None, loss=False),
            data_seed=seed,
            order_seed=seed,
            init_seed=seed,
        )
        for seed in range(RUNS)
    ]


def write_problem(path: Path) -> None:
    """Initial weights [R, ...] and the samples of an epoch in order [R, 40], for the trainers that know no `Run`."""
    runs = seed_runs(1)
    drawn = [run.initial_weights() for run in runs]
    arrays = {f"w{i}": np.stack([kernels[i] for kernels, _ in drawn]) for i in range(len(SHAPES))}
    arrays |= {f"b{i}": np.stack([biases[i] for _, biases in drawn]) for i in range(len(SHAPES))}
    for name in ("x", "y"):
        samples = [getattr(run.draw(), f"{name}_train")[run.order()[:, 0], 0] for run in runs]
        arrays[name] = np.stack(samples).astype(np.float32)
    np.savez(path, **arrays)


Timed = tuple[dict[str, float], list[np.ndarray]]
"""Seconds of the first training and of the fastest later one, and kernels and biases [R, ...] after one epoch."""


def timed(train: Callable[[], Any], times: int = 10) -> dict[str, float]:
    seconds = []
    for _ in range(1 + times):
        start = time.perf_counter()
        train()
        seconds.append(time.perf_counter() - start)
    return {"first": seconds[0], "train": min(seconds[1:])}


def ours(_: dict[str, np.ndarray]) -> Timed:
    import tensorflow as tf

    from reportgen.training import compiled
    from reportgen.training.compiled import train

    loops: list[float] = []
    programs = compiled._program

    def timed_program(**fixed: Any) -> Callable[..., Any]:
        program = programs(**fixed)

        def call(*inputs: Any) -> Any:
            start = time.perf_counter()
            outputs = program(*inputs)
            tf.nest.map_structure(lambda tensor: tensor.numpy(), outputs)
            loops.append(time.perf_counter() - start)
            return outputs

        return call

    compiled._program = timed_program
    epoch = train(seed_runs(1))
    after = [np.stack([t.kernels[i][-1] for t in epoch]) for i in range(len(SHAPES))]
    after += [np.stack([t.biases[i][-1] for t in epoch]) for i in range(len(SHAPES))]
    runs = seed_runs(STEPS // SAMPLES)
    seconds = timed(lambda: train(runs))
    return {**seconds, "loop": min(loops[2:])}, after


def keras(problem: dict[str, np.ndarray]) -> Timed:
    import keras

    class Record(keras.callbacks.Callback):
        def on_train_begin(self, logs: Any = None) -> None:
            self.weights = []

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            self.weights.append(self.model.get_weights())

    model = keras.Sequential([keras.Input((1,))])
    for _, units in SHAPES:
        model.add(keras.layers.Dense(units, kernel_regularizer=keras.regularizers.L1(STRENGTH)))
    model.compile(keras.optimizers.SGD(RATE), "mean_absolute_error")
    x, y = problem["x"][0][:, None], problem["y"][0][:, None]

    def fit(epochs: int) -> list[np.ndarray]:
        model.set_weights([problem[f"{kind}{i}"][0] for i in range(len(SHAPES)) for kind in "wb"])
        record = Record()
        model.fit(x, y, batch_size=1, epochs=epochs, shuffle=False, verbose=0, callbacks=[record])
        return record.weights[-1]

    last = fit(1)
    # One run at a time: its time is made that of a whole training of every run, so that all times compare.
    whole = RUNS * STEPS / KERAS_STEPS
    return (
        {kind: s * whole for kind, s in timed(lambda: fit(KERAS_STEPS // SAMPLES), times=2).items()},
        [w[None] for w in [*last[::2], *last[1::2]]],
    )


def jax(problem: dict[str, np.ndarray]) -> Timed:
    try:
        import jax
        import jax.numpy as jnp
    except ImportError as error:
        raise Missing("JAX is not installed here; see --help") from error

    def cost(weights: Any, x: Any, y: Any) -> Any:
        kernels, biases = weights
        a = x
        for w, b in zip(kernels, biases, strict=True):
            a = a @ w + b
        return jnp.abs(a - y).sum() + STRENGTH * sum(jnp.abs(w).sum() for w in kernels)

    def step(weights: Any, sample: Any) -> Any:
        gradient = jax.grad(cost)(weights, *sample)
        return jax.tree.map(lambda w, g: w - RATE * g, weights, gradient), None

    def train_one(weights: Any, x: Any, y: Any) -> Any:
        return jax.lax.scan(step, weights, (x[:, None], y[:, None]))[0]

    train = jax.jit(jax.vmap(train_one))
    start = tuple([problem[f"{kind}{i}"] for i in range(len(SHAPES))] for kind in "wb")
    # The samples of every step beforehand: the loop needs no gather.
    x, y = (np.tile(problem[name], (1, STEPS // SAMPLES)) for name in ("x", "y"))
    kernels, biases = train(start, problem["x"], problem["y"])
    return timed(lambda: jax.block_until_ready(train(start, x, y))), [np.asarray(w) for w in [*kernels, *biases]]


def c(problem: dict[str, np.ndarray]) -> Timed:
    import ctypes

    compiler = next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)
    if not compiler:
        raise Missing("no C compiler here")
    names = [f"{kind}{i}" for kind in "wb" for i in range(len(SHAPES))]
    # Runs innermost, for the compiler to vectorize over.
    rows = np.concatenate([problem[name].reshape(RUNS, -1) for name in names], axis=1).T
    start, x, y = (np.ascontiguousarray(array) for array in (rows, problem["x"].T, problem["y"].T))
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "loop.so"
        source = Path(__file__).with_name("loop.c")
        subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, source], check=True)
        function = ctypes.CDLL(str(library)).train

    def train(steps: int) -> np.ndarray:
        weights = start.copy()
        arrays = [ctypes.c_void_p(a.ctypes.data) for a in (weights, x, y)]
        function(*arrays, SAMPLES, steps, RUNS, ctypes.c_float(RATE), ctypes.c_float(STRENGTH))
        return weights

    ends = np.cumsum([problem[name][0].size for name in names])[:-1]
    parts = np.split(train(SAMPLES).T, ends, axis=1)
    after = [part.reshape(problem[name].shape) for name, part in zip(names, parts, strict=True)]
    return timed(lambda: train(STEPS)), after


def alone(name: str, problem: Path, jax_folder: Path | None) -> dict[str, Any]:
    """One trainer in a fresh process: its seconds and its weights after an epoch, or why there are none."""
    paths = [jax_folder] if name == "jax" and jax_folder else []
    if not paths:
        paths = [Path(__file__).resolve().parents[1]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "TF_CPP_MIN_LOG_LEVEL": "3"}
    out = problem.with_name(f"{name}.npz")
    command = [sys.executable, __file__, "--alone", name, str(problem), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{NAMES[name]} failed:\n{done.stderr[-3000:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    if "missing" not in answer:
        with np.load(out) as arrays:
            answer["after"] = [arrays[key] for key in arrays.files]
    return answer


def answer_alone(name: str, problem: Path, out: Path) -> None:
    try:
        with np.load(problem) as arrays:
            seconds, after = globals()[name](dict(arrays))
    except Missing as missing:
        print(json.dumps({"missing": str(missing)}))
        return
    np.savez(out, *after)
    print(json.dumps(seconds))


def check(name: str, after: list[np.ndarray], expected: list[np.ndarray]) -> None:
    for got, wanted in zip(after, expected, strict=True):
        np.testing.assert_allclose(got, wanted[: len(got)], rtol=1e-3, atol=1e-4, err_msg=NAMES[name])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jax", type=Path, metavar="FOLDER", help="where JAX was installed with --target")
    parser.add_argument("--rounds", type=int, default=3, help="how often each trainer has its turn")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        name, problem, out = given.alone
        return answer_alone(name, Path(problem), Path(out))

    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in NAMES}
    with tempfile.TemporaryDirectory() as folder:
        problem = Path(folder) / "problem.npz"
        write_problem(problem)
        for _ in range(given.rounds):
            for name in NAMES:
                rounds[name].append(alone(name, problem, given.jax))

    for name, answers in rounds.items():
        if "after" in answers[0]:
            check(name, answers[0]["after"], rounds["ours"][0]["after"])

    def microseconds(name: str, kind: str = "train") -> float:
        return statistics.median(answer[kind] for answer in rounds[name]) / RUNS / STEPS * 1e6

    def against(name: str, kind: str, word: str) -> float:
        # Within each round, so that a busy minute slows both sides.
        pairs = zip(rounds[name], rounds["ours"], strict=True)
        faster = statistics.median(theirs["train"] / mine[kind] for theirs, mine in pairs)
        return faster if word == "at least" else 1 / faster

    print(f"\n{RUNS} runs of {STEPS} steps; all agree on the weights after an epoch\n")
    print(f"{'':43}us a step and run   first call s")
    print(
        f"{NAMES['ours']:43}{microseconds('ours'):17.4f} {statistics.median(a['first'] for a in rounds['ours']):14.2f}"
    )
    print(f"{'train(): its compiled loop':43}{microseconds('ours', 'loop'):17.4f}")
    short = False
    for name, (kind, word, target) in TARGETS.items():
        if "missing" in rounds[name][0]:
            print(f"{NAMES[name]:43}{rounds[name][0]['missing']}")
            continue
        ratio, whole = against(name, kind, word), against(name, "train", word)
        met = ratio >= target if word == "at least" else ratio <= target
        short |= not met
        first = "" if name == "keras" else f"{statistics.median(a['first'] for a in rounds[name]):14.2f}"
        verdict = f"{ratio:,.1f}x {'faster' if word == 'at least' else 'slower'}, target {word} {target:,}: "
        verdict += "met" if met else "FALLS SHORT"
        verdict += f" (all of train(): {whole:,.1f}x)" if kind == "loop" else ""
        print(f"{NAMES[name]:43}{microseconds(name):17.4f} {first:>14}   ours is {verdict}")
    sys.exit(1 if short else 0)


if __name__ == "__main__":
    main()
