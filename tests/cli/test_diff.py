"""`reportgen diff`: what it says, writes and returns."""

import json

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.page.results import SCHEMA


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(program, ["diff", *map(str, arguments)], prog_name="reportgen")


@pytest.fixture
def builds(tmp_path, monkeypatch):
    """A folder with the results of two builds, `a` and `b`."""
    monkeypatch.chdir(tmp_path)
    for name, strength in [("a", 0.5), ("b", 1.0)]:
        results = {key: {} for key in ("facts", "claims", "tables", "media")}
        results |= {"schema": SCHEMA, "findings": {"errors": {"mean": strength * 2}}}
        results["experiment"] = {"arms": [{"name": "l1", "strength": strength}]}
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(json.dumps(results), "utf-8")
    return tmp_path


def test_differences_are_text_json_or_a_page(run, builds):
    text = run("a", "b/results.json")
    found = json.loads(run("a", "b", "--format", "json").stdout_bytes)
    page = run("a", "b", "--format", "html", "-o", "d.html")

    assert text.stdout.startswith("a → b/results.json\n")
    assert text.stdout.endswith("\nNumbers (1)\n  errors.mean: 1 → 2; +1 (+100%)\n")
    assert [(s["path"], s["old"], s["new"]) for s in found["settings"]] == [("arms[l1].strength", 0.5, 1.0)]
    assert page.stdout == "d.html is written.\n"
    assert (builds / "d.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_a_difference_is_an_exit_code_where_it_is_asked_for(run, builds):
    for form in ("text", "json", "html"):
        assert run("a", "b", "--format", form).exit_code == 0, form
        assert run("a", "b", "--format", form, "--exit-code").exit_code == 1, form
        assert run("a", "b", "--format", form, "--exit-code", "--tolerance", 0.6).exit_code == 0, form
    equal = run("a", "a", "--exit-code")
    assert (equal.exit_code, equal.stdout.count("\n")) == (0, 1)


def test_what_is_compared_is_never_overwritten(run, builds):
    before = (builds / "a" / "results.json").read_bytes()
    for file, code in (("a/results.json", 2), ("b/../a/results.json", 2), ("a", 5)):
        assert run("a", "b", "-o", file).exit_code == code, file
    assert (builds / "a" / "results.json").read_bytes() == before
