"""`reportgen embed`: what it prints."""

import json

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program


@pytest.fixture
def embed(report):
    runner = CliRunner()
    return lambda *arguments: runner.invoke(program, ("embed", *arguments, "-o", str(report)), prog_name="reportgen")


def test_without_a_name_it_lists_the_animations(embed):
    said = embed()

    assert said.exit_code == 0
    assert any(line.split() == ["weights-l1", "640×480", *line.split()[2:]] for line in said.stdout.splitlines())


def test_a_name_gives_every_snippet_with_the_address(embed):
    said = embed("weights-l1", "--base", "https://example.org/r")

    assert said.exit_code == 0
    assert [line for line in said.stdout.splitlines() if line.endswith(":")] == ["markdown:", "image:", "player:"]
    assert said.stdout.count("https://example.org/r/") == 3


def test_one_snippet_alone_for_a_pipe(embed):
    said = embed("weights-l1", "--as", "image")

    assert said.stdout.startswith('<img src="embed/weights-l1.gif" width="640" height="480" alt="Weight matrices of')
    assert said.stdout.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["weights-l9"], 2, "reportgen: this report has no animation 'weights-l9'. Did you mean 'weights-l"),
        (["--as", "image"], 2, "reportgen: --as needs the name of an animation"),
        (["weights-l1", "--base", "x"], 2, "reportgen: 'x' is not the address of a site"),
        (["weights-l1", "--as", "video"], 2, "reportgen: 'weights-l1' was not made as a film; add formats = [\"mp4\"]"),
    ],
)
def test_mistakes_are_one_line(embed, arguments, code, message):
    said = embed(*arguments)

    assert said.exit_code == code
    assert said.stderr.startswith(message)
    assert said.stderr.count("\n") == 1


def test_a_report_without_animations_says_what_makes_some(report, tmp_path):
    results = json.loads((report / "results.json").read_bytes())
    results["media"] = {name: item for name, item in results["media"].items() if item["kind"] != "animation"}
    (tmp_path / "results.json").write_text(json.dumps(results))

    for name in ([], ["weights-l1"]):
        said = CliRunner().invoke(program, ["embed", *name, "-o", str(tmp_path)], prog_name="reportgen")
        assert (said.exit_code, said.stdout, said.stderr) == (
            2,
            "",
            "reportgen: this report has no animations; add 'motion' to the sections of its experiment file, and build "
            "again\n",
        )


def test_the_folder_of_a_report_is_no_animation(report, embed, monkeypatch):
    monkeypatch.chdir(report.parent)
    said = embed("report")
    assert said.stderr == (
        "reportgen: 'report' is the folder of a report; reportgen embed -o report lists its animations\n"
    )


def test_a_folder_without_a_report_is_told(tmp_path):
    said = CliRunner().invoke(program, ["embed", "-o", str(tmp_path)], prog_name="reportgen")

    assert (said.exit_code, said.stderr) == (
        3,
        f"reportgen: there is no report in {tmp_path}: results.json is missing; name the folder of a build, or make "
        f"one: reportgen build -o DIR\n",
    )
