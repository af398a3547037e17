"""How fast a sweep of the default network goes, and whether its memory stays flat.

    python benchmarks/sweep.py [--runs N] [--kill SECONDS] [--executor NAME] [--store FOLDER]

A sweep of N runs of 4,000 steps (the default is 100,000) under L1 by proximal steps, in twenty cells. It runs in a
process of its own with a store of its own, and prints runs a second and the memory of all its processes together at
every tenth of the way. With --kill it is killed without warning, with all its workers, so many seconds after its first
runs are done, and started again; what it had told of must not be trained again. With --store it goes on from a folder
that is kept.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from build import family, resident

CELLS = 20
CHUNK = 256


def work(runs: int, executor: str, folder: Path) -> None:
    """The sweep itself; prints what is done and when, after each job."""
    from reportgen.executors import executors
    from reportgen.experiment import Arm, Experiment, Sweep
    from reportgen.penalties.l1 import L1
    from reportgen.store import sweep
    from reportgen.store.store import Store

    e = Experiment(
        arms=(Arm(name="l1", penalty=L1(), strength=0.3, step="proximal"),),
        sweep=Sweep(
            arm="l1",
            strengths=(0.01, 0.03, 0.1, 0.3, 1.0),
            learning_rates=(0.001, 0.003, 0.01, 0.03),
            count=-(-runs // CELLS),
        ),
    )
    with executors[executor]() as workers:
        swept = sweep.complete(e, Store(folder), workers, lambda _, done, total: print(done, total, flush=True))
    sparse = [float(swept.values(cell)["zero"].mean()) for cell in sweep.cells(e)]
    print("folded", min(sparse), max(sparse), flush=True)


def stored(folder: Path) -> int:
    """Runs that a store holds."""
    return CHUNK * sum(1 for _ in folder.rglob("*.chunk"))


def watched(given: argparse.Namespace, folder: Path, kill: float | None) -> bool:
    """Start the sweep and watch it; whether it came to its end."""
    arguments = ["--alone", str(given.runs), given.executor, str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    process = subprocess.Popen(
        [sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, env=environment
    )
    began, before, peak, tenth, first = time.perf_counter(), stored(folder), 0.0, 0, None
    assert process.stdout
    for line in process.stdout:
        now = time.perf_counter() - began
        if line.startswith("folded"):
            memory = sum(map(resident, family(process.pid))) / 1e6
            print(f"all cells read again and folded after {now:6.1f} s{memory:8,.0f} MB")
            break
        done, total = map(int, line.split())
        if done > before and first is None:
            first = (now, done)
        if kill and first and now > first[0] + kill:
            for pid in reversed(family(process.pid)):
                os.kill(pid, signal.SIGKILL)
            process.wait()
            print(f"killed after {now:.1f} s; it had told of {done:,} runs, and the store has {stored(folder):,}")
            return False
        if done * 10 // total > tenth:
            tenth = done * 10 // total
            memory = sum(map(resident, family(process.pid))) / 1e6
            peak = max(peak, memory)
            print(f"{done:>12,} of {total:,}{now:8.1f} s{memory:8,.0f} MB", flush=True)
            if done == total and first and done > first[1]:
                rate = (done - first[1]) / (now - first[0])
                print(f"{(done - before) / now:,.0f} runs/s in all, {rate:,.0f} runs/s from the first to the last")
    code = process.wait()
    print(f"peak {peak:,.0f} MB; {stored(folder) - before:,} runs trained now, {before:,} were there")
    if code:
        sys.exit(f"the sweep failed with {code}")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--kill", type=float, help="seconds after which it is killed, once")
    parser.add_argument("--executor", default="processes")
    parser.add_argument("--store", type=Path, help="a folder that is kept; a temporary one unless given")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        runs, executor, folder = given.alone
        return work(int(runs), executor, Path(folder))
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.store or Path(temporary)
        if not watched(given, folder, given.kill):
            watched(given, folder, None)


if __name__ == "__main__":
    main()
