"""How far a build is, and how its end is summed up: on a terminal, in a pipe, as JSON."""

import io
import json
import sys

import pytest

from reportgen.cli.progress import progress


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
