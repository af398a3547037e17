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
from reportgen.animation.animate import training_scenes
from reportgen.article import results

from reportgen.cli import completing
from reportgen.cli.program import program
from reportgen.experiment.file import on_offer

SHELLS = ("bash", "zsh", "fish")


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


# Outside of a key that was pressed, bash's compopt complains; here it says what it was asked for.
BASH = """
source /dev/stdin <<< "$SCRIPT"
compopt() { printf 'compopt %s %s\\n' "$1" "$2"; }
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_reportgen_completion reportgen
printf '%s\\n' "${COMPREPLY[@]}"
"""


def bash(*words):
    """What bash offers after these words, the last of which is begun."""
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SCRIPT": script("bash")},
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["reportgen", "bui"], ["build"]),
        (["reportgen", "build", "--prog"], ["--progress"]),
        (["reportgen", "build", "--progress", ""], ["auto", "bar", "plain", "json", "none"]),
        (["reportgen", "build", "--executor", "se"], ["serial"]),
        (["reportgen", "diff", "--format", ""], ["text", "json", "html"]),
        (["reportgen", "doctor", "--format", "j"], ["json"]),
        (["reportgen", "cache", "g"], ["gc"]),
        (["reportgen", "animate", "--scene", "wei"], ["weights"]),
        (["reportgen", "completion", ""], list(SHELLS)),
        (["reportgen", "build", ""], ["compopt -o default", ""]),  # files
        (["reportgen", "animate", "l1"], ["compopt -o default", ""]),
        (["reportgen", "build", "-o", ""], ["compopt -o dirnames", ""]),
        (["reportgen", "build", "--cache-dir", "x"], ["compopt -o dirnames", ""]),
        (["reportgen", "clean", ""], ["compopt -o dirnames", ""]),
        (["reportgen", "embed", "-o", ""], ["compopt -o dirnames", ""]),
        (["reportgen", "nonsense", "x"], [""]),
        (["reportgen", "embed", ""], [""]),  # no report here
        (["reportgen", "build", "'"], ["compopt -o default", ""]),  # a quote that is not closed
    ],
    ids=" ".join,
)
def test_bash_is_offered_what_fits(here, words, offered):
    assert bash(*words) == offered


def some_results(folder):
    folder.mkdir()
    media = {"weights-l1": {"kind": "animation"}, "fit-l1": {"kind": "animation"}, "errors": {"kind": "picture"}}
    (folder / "results.json").write_text(json.dumps({"schema": results.SCHEMA, "media": media}))


def test_animations_of_the_report_are_offered_and_pictures_are_not(here):
    some_results(here / "output")
    assert bash("reportgen", "embed", "") == ["fit-l1", "weights-l1"]
    assert bash("reportgen", "embed", "wei") == ["weights-l1"]


def test_animations_are_those_of_the_report_that_is_named(here):
    some_results(here / "mine")
    assert bash("reportgen", "embed", "-o", "mine", "f") == ["fit-l1"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"media": 3}', '{"media": {"a": 3}}', "\0"])
def test_damaged_results_complete_to_nothing(here, content):
    some_results(here / "output")
    (here / "output" / "results.json").write_text(content)
    assert bash("reportgen", "embed", "") == [""]
    assert completing.animations(click.Context(click.Command("embed")), None, "") == []


def test_names_that_are_listed_without_loading_anything_are_the_real_ones():
    def offered(completer):
        return {item.value for item in completer(None, None, "")}

    assert offered(completing.experiments) == {*on_offer(), "site", "workflow"}
    assert offered(completing.scenes) == set(training_scenes())


def test_a_program_that_is_gone_leaves_no_error_on_the_line(here):
    (here.parent / "bin" / "reportgen").write_text("#!/bin/sh\necho broken >&2; exit 3\n")
    done = subprocess.run(
        ["bash", "--norc", "-c", BASH, "bash", "reportgen", "b"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SCRIPT": script("bash")},
    )
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_key_pressed_in_a_real_bash_completes(here):
    (here / "rc").write_text('PS1="$ "\neval "$(reportgen completion bash)"\n')
    process, terminal = pty.fork()
    if process == 0:
        os.execvp("bash", ["bash", "--rcfile", "rc", "-i"])
    try:
        wait_for(terminal, b"$ ")
        os.write(terminal, b"reportgen bui\t")
        assert b"reportgen build " in wait_for(terminal, b"build ")
        os.write(terminal, b"--prog\t")
        assert b"--progress " in wait_for(terminal, b"ress ")
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


def test_completion_comes_before_the_next_key(here):
    """Processor time, since other work shares the machine: 0.15 s, or a dozen times what Python itself takes."""

    def seconds(*command, **env):
        before = os.times()
        subprocess.run(command, capture_output=True, check=True, env={**os.environ, **env})
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    some_results(here / "output")
    alone = min(seconds(sys.executable, "-c", "pass") for _ in range(5))
    for words, place in [("reportgen ", "1"), ("reportgen build --prog", "2"), ("reportgen embed ", "2")]:
        asked = {"_REPORTGEN_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": place}
        took = min(seconds(sys.executable, "-m", "reportgen", **asked) for _ in range(5))
        assert took < max(0.15, 12 * alone), words


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_says_where_it_goes_and_hides_errors(shell):
    text = script(shell)
    place, _ = completing.WHERE[shell]

    assert text.splitlines()[0 if shell != "zsh" else 1].startswith(f"# Save as {place} (")
    assert f"reportgen completion {shell} > {place}\n" in text
    assert text.count("2>/dev/null") == 1
    assert (text.splitlines()[0] == "#compdef reportgen") == (shell == "zsh")


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_can_read_their_script(here, shell):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} here; its script is click's, and is not run")
    (here / "script").write_text(script(shell))
    done = subprocess.run([shell, "-n", "script"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("fish"), reason="there is no fish here; its script is click's, and is not run")
def test_fish_is_offered_what_fits(here):
    (here / "script").write_text(script("fish"))
    ask = 'source script; complete -C "reportgen bui"'
    done = subprocess.run(["fish", "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["build"]
