"""The documentation as a site: built from nothing, again, after an edit; looked through; and edited under a preview.

    python benchmarks/site.py [--edits N]

Every command is a process of its own. The preview is asked for a page over and over until it shows what was saved.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from build import seconds

DOCS = Path(__file__).parents[1] / "docs"
PAGE = "quick-start"


def edited(folder: Path, word: str) -> None:
    """A page that says `word` in its last paragraph."""
    page = folder / f"{PAGE}.md"
    text = (DOCS / page.name).read_text("utf-8")
    page.write_text(f"{text}\n{word}\n", "utf-8")


def previewed(folder: Path, cache: str, edits: int) -> list[float]:
    """Seconds from each save to the answer that has it."""
    command = (sys.executable, "-m", "reportgen", "serve", str(folder), "--cache-dir", cache, "--port", "0")
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout
        address = f"{server.stdout.readline().strip()}{PAGE}/index.html"

        def shows(word: str) -> bool:
            try:
                with urllib.request.urlopen(address, timeout=10) as answer:
                    return word in answer.read().decode()
            except OSError:
                return False

        def until(word: str) -> float:
            began = time.perf_counter()
            while not shows(word):
                time.sleep(0.01)
            return time.perf_counter() - began

        until("</html>")
        found = []
        for i in range(edits):
            time.sleep(0.5)
            edited(folder, f"edit-{i}-edit")
            found.append(until(f"edit-{i}-edit"))
        return found
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edits", type=int, default=10)
    edits = parser.parse_args().edits
    with tempfile.TemporaryDirectory() as temporary:
        folder, out, cache = Path(temporary, "docs"), f"{temporary}/out", f"{temporary}/cache"
        shutil.copytree(DOCS, folder)
        run = (sys.executable, "-m", "reportgen")
        build = (*run, "site", str(folder), "-o", out, "--cache-dir", cache, "--progress", "none")
        rows = [("from nothing", seconds(*build)[0], 180.0), ("the same again", seconds(*build)[0], 1.0)]
        edited(folder, "A word.")
        rows.append(("after an edit of a page", seconds(*build)[0], 2.0))
        rows.append(("reportgen check", seconds(*run, "check", out, "--strict")[0], 2.0))
        times = previewed(folder, cache, edits)
        rows.append((f"preview: save to answer, median of {edits}", statistics.median(times), 1.0))
        rows.append(("preview: save to answer, longest", max(times), 1.0))
        files = [file for file in Path(out).rglob("*") if file.is_file()]
        print(f"{len(files)} files, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB")
    for name, took, target in rows:
        print(f"{name:42} {took:7.2f} s  < {target:g} s  {'met' if took < target else 'falls short'}")


if __name__ == "__main__":
    main()
