"""Completion, asked for as shells do: the script is sourced, a key is pressed."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.page import results

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


def test_bash_shows_names_files_and_folders_and_no_errors(here):
    assert bash("reportgen", "build", "--prog") == ["--progress"]
    assert bash("reportgen", "build", "'") == ["compopt -o default", ""]  # files, after a quote that is not closed
    assert bash("reportgen", "clean", "") == ["compopt -o dirnames", ""]
    (here.parent / "bin" / "reportgen").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    assert bash("reportgen", "b") == [""]
