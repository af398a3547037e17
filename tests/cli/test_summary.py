import io
import sys
from pathlib import Path

import pytest

from reportgen.cli.summary import size, summary
from reportgen.pipeline import Built

FILES = {
    "media/a.gif": 400_000,
    "media/b.png": 100_000,
    "data/t.csv": 10,
    "index.html": 2000,
    "report.html": 2_100_000,
}


@pytest.fixture
def built(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = Path("output")
    files = {
        "media/a.gif": 400_000,
        "media/b.png": 100_000,
        "data/t.csv": 10,
        "index.html": 2000,
        "report.html": 2_100_000,
    }
    for name, count in files.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(bytes(count))
    return Built(
        out / "report.html", tuple(out / name for name in files), ("Zeros: 3 of 4.", "x" * 60 + " " + "y" * 60), 2
    )


def test_the_page_comes_first_and_folders_are_one_line_each(built):
    assert summary(built, built.front.parent) == "\n".join(
        [
            "output/report.html  2.1 MB",
            "output/data/          10 B  1 file",
            "output/index.html     2 kB",
            "output/media/       500 kB  2 files",
            "",
            "2 runs diverged; the report says which, and at which step.",
            "",
            "- Zeros: 3 of 4.",
            "- " + "x" * 60,
            "  " + "y" * 60,
        ]
    )


def test_paths_are_links_on_a_terminal(built, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")

    first = summary(built, built.front.parent).splitlines()[0]

    assert first == f"\033]8;;{built.front.absolute().as_uri()}\033\\output/report.html\033]8;;\033\\  2.1 MB"


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (999_499, "999 kB"), (999_500, "1.0 MB")]
)
def test_size(count, text):
    assert size(count) == text
