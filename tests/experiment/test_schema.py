import json
import tomllib

import jsonschema
import pytest

from reportgen.experiment.file import schema, shipped


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(schema())
    return jsonschema.Draft202012Validator(schema())


@pytest.fixture
def default():
    return tomllib.loads(shipped())


def test_the_default_experiment_meets_its_schema(validator, default):
    assert [error.message for error in validator.iter_errors(default)] == []


def test_it_is_plain_json():
    assert json.loads(json.dumps(schema(), allow_nan=False)) == schema()


def mistake(table, **values):
    def make(experiment):
        experiment.setdefault(table, {}).update(values)

    return make


@pytest.mark.parametrize(
    "change",
    [
        lambda experiment: experiment.update(titel="x"),
        lambda experiment: experiment.pop("arms"),
        lambda experiment: experiment.update(arms=[]),
        lambda experiment: experiment.update(sections=["sparseness"]),
        lambda experiment: experiment["arms"][1].update(penalty="l3"),
        lambda experiment: experiment["arms"][1].pop("strength"),
        lambda experiment: experiment["arms"][1].update(strength=-1),
        lambda experiment: experiment["data"].update(name="lime"),
        mistake("data", samples="50"),
        mistake("training", optimizer="sdg"),
        mistake("network", hidden=[0]),
        mistake("runs", count=0),
    ],
)
def test_a_mistake_does_not_meet_it(validator, default, change):
    change(default)

    assert list(validator.iter_errors(default))


def test_every_key_of_its_own_is_described():
    """What an editor shows beside a key; keys that speak for themselves may go without."""
    described = [part for part in schema()["properties"].values() if "description" in part or "$ref" in part]

    assert described
