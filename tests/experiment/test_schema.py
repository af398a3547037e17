"""The schema of experiment files, and the reference that is made from it."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.experiment.file import schema, shipped, shipped_descriptions

PAGE = Path(__file__).parents[2] / "docs" / "experiment-file.md"


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


def test_shipped_experiments_meet_the_schema(validator):
    for name in shipped_descriptions():
        # JSON has no dates; editors take those of TOML for texts.
        settings = json.loads(json.dumps(tomllib.loads(shipped(name)), default=str))
        assert [error.message for error in validator.iter_errors(settings)] == [], name
    assert json.loads(json.dumps(schema(), allow_nan=False)) == schema()


def test_a_mistake_does_not_meet_it(validator):
    def table(name, **values):
        return lambda experiment: experiment.setdefault(name, {}).update(values)

    for i, change in enumerate(
        [
            lambda experiment: experiment.update(titel="x"),
            lambda experiment: experiment.pop("arms"),
            lambda experiment: experiment.update(sections=["sparseness"]),
            lambda experiment: experiment["arms"][1].update(penalty="l3"),
            lambda experiment: experiment["arms"][1].update(strength=-1),
            table("data", samples="50"),
            table("network", hidden=[0]),
        ]
    ):
        experiment = tomllib.loads(shipped())
        change(experiment)
        assert list(validator.iter_errors(experiment)), f"change {i}"


def test_the_reference_in_docs_is_what_the_command_prints():
    printed = CliRunner().invoke(program, ["schema", "--format", "markdown"])

    assert printed.exit_code == 0
    assert PAGE.read_text("utf-8") == printed.stdout, (
        "docs/experiment-file.md is not up to date: reportgen schema --format markdown > docs/experiment-file.md"
    )
