"""The experiment file that is written for a table: it describes that experiment, and can be read."""

import tomllib

import pytest

from reportgen.errors import ExperimentError
from reportgen.experiment.file import parse
from reportgen.experiment.table_file import experiment_text
from reportgen.tables import reading
from reportgen.tables.settings import TableSettings

HOSTILE = 'a"b\\c#[=\u202e'
"""A name with all that could end a TOML string or a comment."""


@pytest.fixture
def path(tmp_path):
    rows = (
        f"{i},{i % 7 if i % 9 else ''},{'xyz'[i % 3]},p{i // 4},{i % 5},{i % 28 + 1}.3.2024,{i * 11 % 31}.5,1"
        for i in range(80)
    )
    header = 'house id,rooms,kind of house,patient,"{}",sold,price,w'.format(HOSTILE.replace('"', '""'))
    path = tmp_path / 'ho"us.csv'
    path.write_text(header + "\n" + "\n".join(rows))
    return path


def settings_in(text):
    data = tomllib.loads(text)["data"]
    assert data.pop("name") == "table"
    assert data.pop("file") == 'ho"us.csv'
    return TableSettings(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})


def test_the_file_states_what_was_stated_and_the_task(path):
    stated = {"rooms": {"cost": 2.5, "unit": "k$"}, "patient": {"role": "group"}, "price": {"unit": "k€"}}
    settings = TableSettings(target="price", weights="w", missing=("", "-"), columns=stated)
    frame = reading.load(path, settings)

    text = experiment_text(path.relative_to(path.parent), frame, settings)

    again = settings_in(text)
    assert again == TableSettings(target="price", weights="w", missing=("", "-"), columns=stated, task="regression")
    assert reading.to_bytes(reading.load(path, again)) == reading.to_bytes(frame)


def test_the_comments_say_what_was_found(path):
    settings = TableSettings(target="price")
    frame = reading.load(path, settings)

    text = experiment_text(path.relative_to(path.parent), frame, settings)

    assert settings_in(text) == TableSettings(target="price", task="regression")
    assert set(tomllib.loads(text)["data"]["columns"]) == {
        *("house id", "rooms", "kind of house", "patient", "sold", "w"),
        HOSTILE.replace("\u202e", "\\u202e"),
    }
    for expected in (
        'target = "price"  # 80 rows, 31 different values from 0.5 to 30.5\n',
        "[data.columns.rooms]\n# Number: 7 different values from 0 to 6, 11.3% missing\n",
        '[data.columns."kind of house"]\n# Category: 3 levels, x, y, z\n',
        '[data.columns."house id"]\n# house id is a different whole number in every row',
        "[data.columns.sold]\n# sold holds dates and is ignored.",
        "# patient looks like the name of something that has several rows",
        "[data.columns.w]\n# w is 1 in all rows and is ignored.",
    ):
        assert expected in text


def test_very_many_columns_leave_a_file_that_can_be_read(tmp_path):
    path = tmp_path / "wide.csv"
    names = [f"measurement number {i}" for i in range(1_500)]
    rows = (",".join(str((i * j) % 101) for j in range(1, 1_501)) for i in range(30))
    path.write_text(",".join(names) + "\n" + "\n".join(rows))
    settings = TableSettings(target=names[7], columns={names[3]: {"cost": 1.0}})

    text = experiment_text(path, reading.load(path, settings), settings)

    assert len(text) < 50_000
    assert tomllib.loads(text)["data"]["columns"] == {names[3]: {"cost": 1.0}}


def test_what_is_found_in_the_file_is_no_key(path):
    text = experiment_text(path, reading.load(path, TableSettings(target="price")), TableSettings(target="price"))

    for key, value in {"digest": '"0"', "split": "[0, 3, 1, 0]"}.items():
        with pytest.raises(ExperimentError, match=rf"data\.{key}: unknown key"):
            parse(text.replace('name = "table"', f'name = "table"\n{key} = {value}'))
