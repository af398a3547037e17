"""How often a test repeats what it does with chance: a sample in every run of the suite, all of it in a soak.

    for i in range(count(200, 2_000)): ...      # 200 now; 2,000 where REPORTGEN_SOAK is set
    record("damaged store entries", done, failed)

REPORTGEN_SOAK_SEED gives the seed, 0 without it. What is recorded is added to the file that REPORTGEN_SOAK_REPORT
names, a line each, and the file is shown at the end of the test run.
"""

from __future__ import annotations

import os
from pathlib import Path

FULL = bool(os.environ.get("REPORTGEN_SOAK"))
seed = int(os.environ.get("REPORTGEN_SOAK_SEED") or 0)


def count(sample: int, full: int) -> int:
    """How many to do: `sample`, or `full` in a soak."""
    return full if FULL else sample


def record(name: str, done: int, failed: int, seed: int = seed) -> None:
    """Tell what was done, how often, and how much of it went wrong; call it before the assertion that would end it."""
    line = f"{name}: {done:,} done, {failed:,} failed (seed {seed})"
    print(line)
    if report := os.environ.get("REPORTGEN_SOAK_REPORT"):
        # One write at the end of the file: several workers may tell at once.
        with Path(report).open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")


def recorded() -> str:
    """The report so far."""
    report = os.environ.get("REPORTGEN_SOAK_REPORT")
    return Path(report).read_text("utf-8") if report and Path(report).exists() else ""
