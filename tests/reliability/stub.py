"""The command `reportgen` with a trainer of NumPy: what a build does on disk, without the seconds TensorFlow takes.

As a script it is that command. A fork server imports it with REPORTGEN_STUB_LOAD, an experiment file, and so has
loaded everything; `become` makes a fork the command: a build of tenths of a second, of which a soak needs thousands.

Trajectories depend on the run alone, as those of the real trainer do. Each job of training is noted in the file that
REPORTGEN_STUB_TRAINED names: a line with the digests of its runs. With REPORTGEN_STUB_STUCK training does not end, and
makes the file of that name.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

RUNS_A_JOB = 3
"""So few that the little there is to train is several jobs."""
_PR_SET_PTRACER, _ANYBODY = 0x59616D61, -1


def train(runs: Iterable[Any]) -> list[Any]:
    """In place of `reportgen.training.compiled.train`: weights that wander off from where each run begins."""
    from reportgen.store.store import Store

    runs = list(runs)
    if note := os.environ.get("REPORTGEN_STUB_TRAINED"):
        store = Store(Path())
        # One write, which is there whole or not at all.
        with Path(note).open("ab", buffering=0) as file:
            file.write(f"{' '.join(store.name(run) for run in runs)}\n".encode())
    if note := os.environ.get("REPORTGEN_STUB_STUCK"):
        _take_no_notice(Path(note))
    return [_wandering(run) for run in runs]


def _take_no_notice(note: Path) -> None:
    """Wait, and go on waiting whatever is raised meanwhile, as compiled code does."""
    try:
        note.touch()
        time.sleep(60)
    finally:
        time.sleep(60)


def _wandering(run: Any) -> Any:
    from reportgen.training.trajectory import Trajectory

    steps = run.recording.steps(run.steps)
    rng = np.random.default_rng([run.init_seed, run.order_seed, run.data_seed, round(1000 * run.strength)])

    def wander(start: Any) -> Any:
        moves = rng.normal(0, 0.05, (len(steps), *start.shape))
        moves[0] = 0
        return (start + moves.cumsum(axis=0)).astype(np.float32)

    kernels, biases = run.initial_weights()
    loss = 1 + rng.random(len(steps), np.float32) if run.recording.loss else None
    return Trajectory(
        source=run,
        steps=steps,
        kernels=tuple(map(wander, kernels)),
        biases=tuple(map(wander, biases)),
        loss=loss,
        penalty=None if loss is None else 0 * loss,
    )


def prepare() -> None:
    """Put the stub in the trainer's place, and leave little to train."""
    fake = ModuleType("reportgen.training.compiled")
    fake.train = train  # type: ignore[attr-defined]
    sys.modules[fake.__name__] = fake

    from reportgen.sections.kinds import penalties
    from reportgen.training import stacking

    stacking._MAX_RUNS = RUNS_A_JOB
    penalties.PATH = penalties.PATH[::4]


def become(
    args: Sequence[str],
    cwd: Path,
    env: dict[str, str],
    said: Path,
    told: Path,
    stopped: bool,
    largest: int | None,
) -> None:
    """Be the command with these arguments, with `said` and `told` for the standard streams.

    `stopped` waits for a tracer; `largest` is the limit on the size of files.
    """
    os.setsid()
    os.chdir(cwd)
    os.environ.update(env)
    for number, name in ((0, Path(os.devnull)), (1, said), (2, told)):
        file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        os.dup2(file, number)
        os.close(file)
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    if stopped:
        with contextlib.suppress(AttributeError):  # where only a parent may trace, let anybody do it
            ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANYBODY)
        os.kill(os.getpid(), signal.SIGSTOP)
    sys.argv = ["reportgen", *args]
    from reportgen.cli import main

    main()


def load(experiment: str) -> None:
    """Have loaded whatever a build loads, by making one."""
    from reportgen.disk.isolation import isolate_process
    from reportgen.experiment.file import load as read
    from reportgen.pipeline.options import BuildOptions
    from reportgen.pipeline.report_target import build_report

    isolate_process()
    import reportgen.cli.commands.build
    import reportgen.cli.summary  # noqa: F401

    with tempfile.TemporaryDirectory() as folder:
        options = BuildOptions(cache=Path(folder) / "store", executor="serial")
        build_report(read(Path(experiment)), Path(folder) / "out", options)
    gc.freeze()


if experiment := os.environ.pop("REPORTGEN_STUB_LOAD", ""):
    prepare()
    load(experiment)
elif __name__ == "__main__":
    prepare()
    from reportgen.cli import main

    main()
