"""Whole builds against `python -c "import tensorflow"`: times as ratios within one run, sizes, and peak memory.

    python benchmarks/build.py [--rounds N]

Every command is a process of its own, with an empty store and an empty output folder where it says so.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from reportgen.store.keys import template_folder


def seconds(*command: str) -> tuple[float, float]:
    """Wall time of a command and the peak memory, in MB, of it and all processes it started, together."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.05):
            peak[0] = max(peak[0], sum(resident(pid) for pid in family(process.pid)) / 1e6)

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, errors = process.communicate()
    took = time.perf_counter() - began
    done.set()
    watcher.join()
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{errors.decode()}")
    return took, peak[0]


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    try:  # each thread has a list of the processes that it started
        lists = [file.read_text("ascii") for file in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [pid, *(member for text in lists for child in text.split() for member in family(int(child)))]


def resident(pid: int) -> int:
    """Bytes of a process in memory, pages that several processes share divided among them."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def other_prose(folder: Path) -> str:
    """A folder of templates in which one section says a word more."""
    mine = folder / "mine" / "sections" / "experiment.html"
    mine.parent.mkdir(parents=True)
    mine.write_text(
        Path(template_folder(), "sections", "experiment.html").read_text("utf-8") + "<p>Well.</p>\n", "utf-8"
    )
    return str(mine.parents[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    python, times, memory, sizes = sys.executable, {}, 0.0, (0, 0)
    for i in range(rounds):
        print(f"round {i + 1} of {rounds}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as folder:
            out, cache = f"{folder}/out", f"{folder}/cache"
            build = (python, "-m", "reportgen", "build", "-o", out, "--cache-dir", cache, "--progress", "none")
            for name, command in {
                "import tensorflow": (python, "-c", "import tensorflow"),
                "first build": build,
                "the same again": build,
                "after other prose": (*build, "--templates", other_prose(Path(folder))),
                "--help": (python, "-m", "reportgen", "--help"),
            }.items():
                took, peak = seconds(*command)
                times.setdefault(name, []).append(took)
                memory = max(memory, peak)
            gifs = [path.stat().st_size for path in Path(out, "media").glob("*.gif")]
            sizes = Path(out, "report.html").stat().st_size, max(gifs)
    median = {name: statistics.median(values) for name, values in times.items()}
    base = median["import tensorflow"]
    rows = [
        ("import tensorflow", f"{base:.2f} s", "", True),
        (
            "first build",
            f"{median['first build']:.2f} s = {median['first build'] / base:.1f}×",
            "≤ 4×",
            median["first build"] <= 4 * base,
        ),
        ("the same again", f"{median['the same again']:.2f} s", "< 1 s", median["the same again"] < 1),
        ("after other prose", f"{median['after other prose']:.2f} s", "< 2 s", median["after other prose"] < 2),
        ("reportgen --help", f"{median['--help']:.3f} s", "< 0.15 s", median["--help"] < 0.15),
        ("peak memory, all processes", f"{memory:,.0f} MB", "< 2,000 MB", memory < 2000),
        ("report.html", f"{sizes[0] / 1e6:.2f} MB", "≤ 8 MB", sizes[0] <= 8e6),
        ("largest GIF", f"{sizes[1] / 1e6:.2f} MB", "≤ 1 MB", sizes[1] <= 1e6),
    ]
    for name, value, target, met in rows:
        print(f"{name:28} {value:>18}  {target:>11}  {'' if not target else 'met' if met else 'falls short'}")


if __name__ == "__main__":
    main()
