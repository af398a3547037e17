"""Completion, asked for as shells do: the script is sourced, a key is pressed."""

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time

import click
import pytest
from click.testing import CliRunner

from reportgen.cli import complete
from reportgen.cli.program import program
from reportgen.experiment.file import shipped_descriptions
from reportgen.page import results
from reportgen.pictures.animate import training_scenes

SHELLS = ("bash", "zsh", "fish")

# Outside of a key that was pressed, bash's compopt complains; here it says what it was asked for.
BASH = """
source /dev/stdin <<< "$SCRIPT"
compopt() { printf 'compopt %s %s\\n' "$1" "$2"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_reportgen_completion reportgen
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder, and a `reportgen` on PATH that is the one under test."""
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "reportgen").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reportgen "$@"\n')
    (bin / "reportgen").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin}{os.pathsep}{os.environ['PATH']}")
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def script(shell):
    return CliRunner().invoke(program, ["completion", shell], prog_name="reportgen").stdout


def bash(*words):
    """What bash offers after these words, the last of which is begun."""
    command = ["bash", "--norc", "-c", BASH, "bash", *words]
    environment = {**os.environ, "SCRIPT": script("bash")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def offered(words):
    """What the command answers to a shell that asks how the last of these words may go on."""
    asked = {"_REPORTGEN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
    answer = CliRunner().invoke(program, env=asked, prog_name="reportgen").stdout
    return [line.split(",", 1)[-1] for line in answer.splitlines()]


def test_what_fits_is_offered(here):
    (here / "output").mkdir()
    media = {"weights-l1": {"kind": "animation"}, "fit-l1": {"kind": "animation"}, "errors": {"kind": "picture"}}
    (here / "output" / "results.json").write_text(json.dumps({"schema": results.SCHEMA, "media": media}))
    for words, wanted in {
        "reportgen bui": ["build"],
        "reportgen build --progress ": ["auto", "bar", "plain", "json", "none"],
        "reportgen build --executor se": ["serial"],
        "reportgen cache g": ["gc"],
        "reportgen animate --scene wei": ["weights"],
        "reportgen completion ": list(SHELLS),
        "reportgen embed ": ["fit-l1", "weights-l1"],  # the animations of the report, and none of its pictures
        "reportgen embed -o elsewhere ": [""],
    }.items():
        assert offered(words) == wanted, words


def test_names_that_are_listed_without_loading_anything_are_the_real_ones():
    for completer, real in (
        (complete.experiments, {*shipped_descriptions(), "site", "workflow"}),
        (complete.scenes, set(training_scenes())),
    ):
        assert {item.value for item in completer(None, None, "")} == real


def test_damaged_results_complete_to_nothing(here):
    (here / "output").mkdir()
    for content in ("", "{", "[]", '{"media": 3}', '{"media": {"a": 3}}', "\0"):
        (here / "output" / "results.json").write_text(content)
        assert complete.animations(click.Context(click.Command("embed")), None, "") == [], content


def test_bash_shows_names_files_and_folders_and_no_errors(here):
    assert bash("reportgen", "build", "--prog") == ["--progress"]
    assert bash("reportgen", "build", "'") == ["compopt -o default", ""]  # files, after a quote that is not closed
    assert bash("reportgen", "clean", "") == ["compopt -o dirnames", ""]
    (here.parent / "bin" / "reportgen").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    assert bash("reportgen", "b") == [""]


def test_a_key_pressed_in_a_real_bash_completes(here):
    (here / "rc").write_text('PS1="$ "\neval "$(reportgen completion bash)"\n')
    process, terminal = pty.fork()
    if process == 0:
        os.execvp("bash", ["bash", "--rcfile", "rc", "-i"])
    try:
        wait_for(terminal, b"$ ")
        os.write(terminal, b"reportgen bui\t")
        assert b"reportgen build " in wait_for(terminal, b"build ")
    finally:
        os.kill(process, signal.SIGKILL)  # an interactive bash ignores milder ones
        os.waitpid(process, 0)
        os.close(terminal)


def wait_for(terminal, text, seconds=30):
    seen, end = b"", time.monotonic() + seconds
    while text not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 4096)
    return seen


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_says_where_it_goes_and_can_be_read(here, shell):
    text = script(shell)

    assert f"reportgen completion {shell} > {complete.WHERE[shell][0]}\n" in text
    assert "2>/dev/null" in text
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here; its script is click's, and is not run")
    (here / "script").write_text(text)
    subprocess.run([shell, "-n", "script"], check=True)
