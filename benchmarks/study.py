"""How often a study calls a column needed when the target has nothing to do with any.

    python benchmarks/study.py [draws] [kind ...]

A column is kept only if its adjusted p-value says so. Therefore only p-values are computed, 200 draws of each kind of
table in a few minutes; the whole plan for each of them would take hours and keep the same columns.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import study_tables
from threadpoolctl import threadpool_limits

from reportgen.studies.evidence import adjusted_p_values
from reportgen.studies.jobs import count_needed
from reportgen.tables.study_settings import StudySettings

KINDS = (
    ("normal", 200, 10),
    ("normal", 200, 50),
    ("normal", 500, 50),
    ("t3", 200, 50),
    ("lognormal", 100, 10),
    ("lognormal", 200, 10),
    ("lognormal", 200, 50),
    ("lognormal", 500, 50),
    ("correlated", 200, 50),
    ("groups", 400, 4),
    ("groups", 600, 10),
    ("time", 400, 4),
    ("binary", 200, 10),
    ("rare", 300, 20),
    ("classes", 200, 10),
    ("normal", 40, 60),
    ("lognormal", 40, 60),
)
SLOW = 40
"""Draws of tables with more columns than rows, each of which is split many times."""


def main(draws: int, kinds: list[str]) -> None:
    settings = StudySettings(splits=20)
    print(f"{'kind':12}{'rows':>6}{'columns':>8}{'draws that keep something':>28}{'of':>6}{'seconds':>9}")
    with threadpool_limits(limits=1):
        for kind, rows, columns in KINDS:
            if kinds and kind not in kinds:
                continue
            started, kept = time.process_time(), 0
            count = draws if rows > columns else min(draws, SLOW)
            for seed in range(count):
                frame = study_tables.noise_table(kind, rows, columns, seed)
                p, p_cluster, of = adjusted_p_values(frame, settings)
                kept += count_needed(p, p_cluster, of, settings) > 0
            seconds = time.process_time() - started
            print(f"{kind:12}{rows:6}{columns:8}{kept:28}{count:6}{seconds:9.0f}", flush=True)


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["200"])[0]), sys.argv[2:])
