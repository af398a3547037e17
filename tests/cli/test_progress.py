import io
import json
import sys

import pytest

from reportgen.cli.progress import Lines, duration, progress


class Terminal(io.StringIO):
    """Standard error as somebody sees it."""

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


LINES = ["reportgen: train: 3 done in ", "reportgen: draw: 2 done in "]


def test_a_terminal_gets_a_bar_with_stages_and_counts(environment):
    text = shown(environment, "auto", Terminal())

    assert "\x1b[" in text
    assert "train" in text
    assert "3/3" in text
    assert "2/2" in text


@pytest.mark.parametrize(("name", "value"), [("CI", "true"), ("TERM", "dumb")])
def test_a_terminal_that_nobody_watches_gets_lines(environment, name, value):
    environment.setenv(name, value)

    text = shown(environment, "auto", Terminal())

    assert "\x1b" not in text
    assert [line[: line.index(" in ") + 4] for line in text.splitlines()] == LINES


@pytest.mark.parametrize("mode", ["auto", "bar", "plain"])
def test_a_pipe_gets_lines_even_where_colour_is_forced(environment, mode):
    environment.setenv("FORCE_COLOR", "1")

    text = shown(environment, mode, io.StringIO())

    assert "\x1b" not in text
    assert [line[: line.index(" in ") + 4] for line in text.splitlines()] == LINES


def test_no_color_leaves_a_bar_without_colour(environment):
    environment.setenv("NO_COLOR", "1")

    text = shown(environment, "auto", Terminal())

    assert "3/3" in text
    assert not any(f"\x1b[{colour}" in text for colour in ("3", "9", "38;", "1;3"))


def test_json_is_one_event_a_line(environment):
    text = shown(environment, "json", Terminal())

    assert [json.loads(line) for line in text.splitlines()][-1] == {"stage": "draw", "done": 2, "total": 2}
    assert len(text.splitlines()) == 6


def test_none_is_nothing(environment):
    assert shown(environment, "none", Terminal()) == ""


def test_a_broken_standard_error_stops_no_build(environment):
    class Broken(io.StringIO):
        def write(self, _):
            raise BrokenPipeError

    shown(environment, "plain", Broken())
    shown(environment, "json", Broken())


def test_lines_come_every_ten_seconds_with_the_time_left_and_at_each_end():
    told, now = [], [0.0]
    report = Lines(told.append, lambda: now[0])
    for done in range(0, 101, 5):
        report("draw", done, 100)
        now[0] += 4
    report("draw", 100, 100)

    assert told == [
        "reportgen: draw: 15 of 100, about 1 min 8 s left",
        "reportgen: draw: 30 of 100, about 56 s left",
        "reportgen: draw: 45 of 100, about 44 s left",
        "reportgen: draw: 60 of 100, about 32 s left",
        "reportgen: draw: 75 of 100, about 20 s left",
        "reportgen: draw: 90 of 100, about 8.0 s left",
        "reportgen: draw: 100 done in 1 min 20 s",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (10, "10 s"), (59.6, "1 min 0 s"), (3661, "1 h 1 min")]
)
def test_duration(seconds, text):
    assert duration(seconds) == text
