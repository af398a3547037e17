"""Completion, asked for as bash does."""

import json
import os
import subprocess
import sys

from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.page import results

# Outside of a key that was pressed, bash's compopt complains; here it says what it was asked for.
BASH = """
source /dev/stdin <<< "$SCRIPT"
compopt() { printf 'compopt %s %s\\n' "$1" "$2"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_reportgen_completion reportgen
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_bash_shows_commands_choices_names_and_folders_and_no_errors(tmp_path, monkeypatch):
    command = tmp_path / "bin" / "reportgen"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reportgen "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SCRIPT", CliRunner().invoke(program, ["completion", "bash"], prog_name="reportgen").stdout)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "output").mkdir()
    media = {"weights-l1": {"kind": "animation"}, "errors": {"kind": "picture"}}
    (tmp_path / "output" / "results.json").write_text(json.dumps({"schema": results.SCHEMA, "media": media}))

    def shown(*words):
        call = ["bash", "--norc", "-c", BASH, "bash", "reportgen", *words]
        done = subprocess.run(call, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout.split("\n")[:-1]

    assert shown("build", "--prog") == ["--progress"]
    assert shown("build", "--executor", "se") == ["serial"]
    assert shown("embed", "") == ["weights-l1"]
    assert shown("clean", "") == ["compopt -o dirnames", ""]
    command.write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    assert shown("b") == [""]
