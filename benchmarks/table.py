"""Whole studies of tables from the command line, with nothing stored: time and memory.

    python benchmarks/table.py [ROWSxCOLUMNS ...]

The table of 442 x 10 is the example with prices; the others have a planted linear target and one column in five that
counts. Every build is a process of its own. The memory is the peak of all its processes together. A table of
1,000,000 x 20 is only read, by `reportgen new table`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from reportgen.experiment.table_example import example_files

SIZES = ("442x10", "10000x50", "1000000x20")
READ_ONLY = 500_000
"""Rows from which a table is only read."""


def write(folder: Path, rows: int, columns: int) -> tuple[Path, str]:
    """A table of this size, and the name of its target."""
    if (rows, columns) == (442, 10):
        for name, content in example_files().items():
            (folder / name).write_bytes(content)
        return folder / "patients.csv", "progression"
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, columns))
    y = x[:, ::5].sum(axis=1) + 2 * rng.normal(size=rows)
    file = folder / f"{rows}x{columns}.csv"
    header = ",".join([*(f"x{i}" for i in range(columns)), "y"])
    np.savetxt(file, np.column_stack([x, y]), "%.4f", ",", header=header, comments="")
    return file, "y"


def memory(process: int) -> int:
    """Bytes of a process and its descendants, as their proportional share of memory."""
    total = 0
    try:
        total += sum(
            int(line.split()[1]) * 1024
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
            if line.startswith("Pss:")
        )
        for thread in Path(f"/proc/{process}/task").iterdir():
            total += sum(map(memory, map(int, (thread / "children").read_text().split())))
    except (OSError, ValueError):
        pass  # it has ended
    return total


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Seconds and peak memory of a command."""
    began = time.perf_counter()
    running = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    peak, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.5):
            peak = max(peak, memory(running.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = running.wait()
    seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    if code:
        raise SystemExit(f"{' '.join(command)} ended with {code}")
    return seconds, peak


def main() -> None:
    for size in sys.argv[1:] or SIZES:
        rows, columns = map(int, size.split("x"))
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            file, target = write(folder, rows, columns)
            environment = {**os.environ, "REPORTGEN_CACHE_DIR": str(folder / "cache")}
            verb = ["new", "table"] if rows >= READ_ONLY else ["build"]
            out = ["-o", str(folder / ("out.toml" if rows >= READ_ONLY else "out"))]
            command = [sys.executable, "-m", "reportgen", *verb, str(file), "--target", target, *out]
            seconds, peak = measure(command, environment)
            print(f"{rows:,} x {columns}: {' '.join(verb)} {seconds:.1f} s, {peak / 1e6:,.0f} MB", flush=True)


if __name__ == "__main__":
    main()
