"""`reportgen diff`: what it says, writes and returns."""

import json

import pytest
from click.testing import CliRunner
from reportgen.article.results import SCHEMA

from reportgen.cli.program import program


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(program, ["diff", *map(str, arguments)], prog_name="reportgen")


def results(strength):
    return {
        "schema": SCHEMA,
        "experiment": {"arms": [{"name": "l1", "strength": strength}]},
        "facts": {},
        "claims": {},
        "findings": {"errors": {"mean": strength * 2}},
        "tables": {},
        "media": {},
    }


@pytest.fixture
def builds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, strength in [("a", 0.5), ("b", 1.0)]:
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(results(strength)), "utf-8")
    return tmp_path


def test_text_is_the_default(run, builds):
    said = run("a", "b/results.json")

    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.startswith("a → b/results.json\n")
    assert "\nSettings (1)\n  arms[l1].strength: 0.5 → 1\n" in said.stdout.replace("1.0", "1")
    assert said.stdout.endswith("\nNumbers (1)\n  errors.mean: 1 → 2; +1 (+100%)\n")


def test_equal_builds_are_one_line(run, builds):
    said = run("a", "a", "--exit-code")

    assert (said.exit_code, said.stdout.count("\n")) == (0, 1)
    assert said.stdout.startswith("a and a hold the same settings")


@pytest.mark.parametrize("form", ["text", "json", "html"])
def test_a_difference_is_an_exit_code_where_it_is_asked_for(run, builds, form):
    assert run("a", "b", "--format", form).exit_code == 0
    assert run("a", "b", "--format", form, "--exit-code").exit_code == 1
    assert run("a", "b", "--format", form, "--exit-code", "--tolerance", 0.6).exit_code == 0


def test_json_goes_to_standard_output(run, builds):
    found = json.loads(run("a", "b", "--format", "json").stdout_bytes)

    assert [(s["path"], s["old"], s["new"]) for s in found["settings"]] == [("arms[l1].strength", 0.5, 1.0)]


def test_the_page_goes_into_a_file(run, builds):
    said = run("a", "b", "--format", "html", "-o", "d.html")

    assert (said.exit_code, said.stdout) == (0, "d.html is written.\n")
    assert (builds / "d.html").read_text("utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("file", ["a/results.json", "b/../b/results.json"])
def test_what_is_compared_is_never_overwritten(run, builds, file):
    said = run("a", "b", "-o", file)

    assert said.exit_code == 2
    assert said.stderr == f"reportgen: {file} is what is compared and is left as it is; give -o another name\n"
    assert json.loads((builds / file).read_text("utf-8"))["schema"] == SCHEMA


def test_a_place_that_cannot_be_written_to(run, builds):
    said = run("a", "b", "-o", "a")

    assert (said.exit_code, said.stderr) == (5, "reportgen: cannot write a: Is a directory\n")


@pytest.mark.parametrize("tolerance", ["-1", "1", "nan", "inf"])
def test_a_tolerance_that_is_none(run, builds, tolerance):
    said = run("a", "b", f"--tolerance={tolerance}")

    assert said.exit_code == 2
    assert "must be at least 0 and less than 1, got" in said.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no report in c, which does not exist; reportgen build -o c makes one"),
        (
            "<html>",
            "cannot use c: it is no JSON (Expecting value: line 1 column 1 (char 0)); give the folder of a report",
        ),
        (
            '{"schema": 99}',
            f"cannot use c: it has layout 99 and this reportgen reads {SCHEMA}; build its experiment again",
        ),
        (f'{{"schema": {SCHEMA}}}', "cannot use c: experiment must be an object"),
    ],
)
def test_what_cannot_be_compared_is_told_in_one_line(run, builds, content, said):
    if content is not None:
        (builds / "c").write_text(content)

    told = run("a", "c")

    assert (told.exit_code, told.stdout, told.stderr) == (3, "", f"reportgen: {said}\n")


@pytest.mark.skipif(not hasattr(__import__("os"), "mkfifo"), reason="needs pipes that have a name")
def test_a_pipe_is_not_waited_for(run, builds):
    import os

    os.mkfifo(builds / "pipe")

    assert run("a", "pipe").stderr == "reportgen: cannot use pipe: results are a file of at most 50 MB\n"
