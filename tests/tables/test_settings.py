"""Settings of a table in an experiment file, in stored settings and in Python."""

import tomllib
from typing import Annotated

import jsonschema
import pytest
from pydantic import Field

from reportgen.errors import ExperimentError
from reportgen.experiment import toml
from reportgen.experiment.toml import instance_from, table_class
from reportgen.tables.settings import ColumnSettings, TableSettings
from reportgen.training.run import _fields_without_kind, settings_to_json
from reportgen.values import Label, checked

FILE = """
file = "housing.csv"
target = "price"
weights = "w"
[columns.income]
role = "number"
cost = 2.5
unit = "k$"
[columns."house id"]
role = "ignore"
"""


@checked
class Listed(TableSettings):
    """A data set that has the settings of a table among its own, as the kind `table` does."""

    file: Annotated[Label, Field(min_length=1)]
    """The file."""


def kind() -> toml.Kind[Listed]:
    table = table_class("listed", Listed, make=lambda file: instance_from(file, Listed))
    return toml.Kind("file", lambda: table)


def test_columns_are_a_table_in_a_file():
    settings = toml.parse(FILE, "a.toml", kind())

    assert settings.column("income") == ColumnSettings(role="number", cost=2.5, unit="k$")
    assert settings.column("house id").role == "ignore"
    assert settings.column("age") == ColumnSettings()
    assert hash(settings) == hash(toml.parse(FILE, "b.toml", kind()))


def test_stored_settings_are_read_back():
    settings = toml.parse(FILE, "a.toml", kind())

    stored = settings_to_json(settings)

    assert Listed(**_fields_without_kind(stored)) == settings


def test_the_schema_describes_columns_by_name():
    schema = toml.schema(kind(), "listed")
    validator = jsonschema.Draft202012Validator(schema)

    assert validator.is_valid(tomllib.loads(FILE))
    assert not validator.is_valid(tomllib.loads(FILE.replace("cost", "costs")))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "cost = 2.5",
            "cots = 2.5",
            "a.toml:7:1: columns.income.cots: unknown key. Did you mean 'cost'? Known: cost, role, unit.",
        ),
        ("cost = 2.5", "cost = -1", "a.toml:7:1: columns.income.cost: must be greater than or equal to 0, got -1"),
        (
            '"number"',
            '"numbers"',
            "a.toml:6:1: columns.income.role: must be one of 'number', 'category', 'group', 'time' or 'ignore', got "
            "'numbers'. Did you mean 'number'?",
        ),
        ('price"', 'house id"', "a.toml:3:1: target: must not be a column with the role 'ignore', got 'house id'"),
    ],
)
def test_a_mistake_has_its_place(old, new, message):
    with pytest.raises(ExperimentError) as error:
        toml.parse(FILE.replace(old, new), "a.toml", kind())

    assert str(error.value) == message


def test_only_one_column_holds_groups():
    with pytest.raises(ExperimentError, match="columns must have at most one with the role 'group', got a, b"):
        TableSettings(target="y", columns={"a": ColumnSettings(role="group"), "b": {"role": "group"}})
