"""How far a build is, and how its end is summed up: on a terminal, in a pipe, as JSON."""

import io
import json
import sys
from pathlib import Path

import pytest

from reportgen.cli.progress import Lines, duration, progress
from reportgen.cli.summary import summary
from reportgen.pipeline.report_target import BuiltReport
from reportgen.text import size_text


class Terminal(io.StringIO):
    """A stream as somebody sees it."""

    def isatty(self):
        return True


@pytest.fixture
def environment(monkeypatch):
    """One in which nothing has been decided yet."""
    for name in ("CI", "NO_COLOR", "FORCE_COLOR", "TTY_INTERACTIVE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    return monkeypatch


def shown(monkeypatch, mode, stream):
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(mode) as report:
        for done in range(4):
            report("train", done, 3)
        report("draw", 0, 2)
        report("draw", 2, 2)
    return stream.getvalue()


def stages(text):
    return [line[: line.index(" in ") + 4] for line in text.splitlines()]


LINES = ["reportgen: train: 3 done in ", "reportgen: draw: 2 done in "]


def test_a_terminal_gets_a_bar_with_stages_and_counts_and_with_color_unless_told_otherwise(environment):
    colors = ("\x1b[3", "\x1b[9", "\x1b[38;", "\x1b[1;3")
    colored = shown(environment, "auto", Terminal())
    environment.setenv("NO_COLOR", "1")
    plain = shown(environment, "auto", Terminal())

    assert all(word in text for word in ("train", "3/3", "2/2", "\x1b[") for text in (colored, plain))
    assert any(color in colored for color in colors)
    assert not any(color in plain for color in colors)


def test_a_pipe_and_a_terminal_that_nobody_watches_get_lines(environment):
    for name, value, mode, stream in [
        ("CI", "true", "auto", Terminal()),
        ("TERM", "dumb", "auto", Terminal()),
        ("FORCE_COLOR", "1", "auto", io.StringIO()),
        ("FORCE_COLOR", "1", "bar", io.StringIO()),
    ]:
        with environment.context() as patch:
            patch.setenv(name, value)
            text = shown(patch, mode, stream)

        assert "\x1b" not in text, name
        assert stages(text) == LINES, name


def test_json_is_one_event_a_line_and_none_is_nothing(environment):
    events = [json.loads(line) for line in shown(environment, "json", Terminal()).splitlines()]

    assert len(events) == 6
    assert events[-1] == {"stage": "draw", "done": 2, "total": 2}
    assert shown(environment, "none", Terminal()) == ""


def test_a_broken_standard_error_stops_no_build(environment):
    class Broken(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    shown(environment, "plain", Broken())
    shown(environment, "json", Broken())


def test_lines_come_every_ten_seconds_with_the_time_left_and_at_each_end(messages):
    told, now = [], [0.0]
    report = Lines(told.append, lambda: now[0])
    for done in range(0, 101, 5):
        report("draw", done, 100)
        now[0] += 4
    report("draw", 100, 100)

    messages("\n".join(told))


def test_durations_and_sizes_are_rounded():
    for seconds, text in [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.6, "1 min 0 s"), (3661, "1 h 1 min")]:
        assert duration(seconds) == text
    for count, text in [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (10**8, "100 MB"),
    ]:
        assert size_text(count) == text
    for count, text in [(10**8, "100 MB"), (25 * 2**20, "25 MiB"), (999_950_000, "1.0 GB"), (1.5e9, "1.5 GB")]:
        assert size_text(count) == text


def test_a_summary_names_the_page_first_and_each_folder_once(tmp_path, monkeypatch, messages):
    monkeypatch.chdir(tmp_path)
    out = Path("output")
    sizes = {"media/a.gif": 400_000, "media/b.png": 100_000, "data/t.csv": 10, "index.html": 2000}
    for name, count in {**sizes, "report.html": 2_100_000}.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(bytes(count))
    files = tuple(out / name for name in (*sizes, "report.html"))
    built = BuiltReport(out / "report.html", files, ("Zeros: 3 of 4.", "x" * 60 + " " + "y" * 60), 2)

    messages(summary(built, out))

    # On a terminal paths are links.
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    link = f"\033]8;;{built.front.absolute().as_uri()}\033\\output/report.html\033]8;;\033\\"
    assert summary(built, out).splitlines()[0].startswith(link)
