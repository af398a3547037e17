"""What is named as an experiment file and is none."""

from pathlib import Path

import pytest

from reportgen.errors import ExperimentError
from reportgen.experiment import misnamed


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def told(name):
    with pytest.raises(ExperimentError) as caught:
        misnamed.check(Path(name))
    return str(caught.value)


@pytest.mark.parametrize("name", ["mine.toml", "mine", "mine.txt"])
def test_any_file_may_be_one(here, name):
    (here / name).touch()
    misnamed.check(Path(name))


def test_a_pipe_may_be_one(here):
    (here / "link.toml").symlink_to("nowhere")  # whoever reads it says so
    misnamed.check(Path("link.toml"))
    misnamed.check(Path("/dev/stdin"))


def test_a_folder_is_met_with_what_is_in_it_or_with_the_option_for_folders(here):
    (here / "out").mkdir()
    assert told("out") == "out is a folder and no experiment file; to write the report there: -o out"

    (here / "out" / "b.toml").touch()
    (here / "out" / "a.toml").touch()
    assert told("out") == "out is a folder and no experiment file; name a file in it, like out/a.toml"


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("data.csv", "a table"),
        ("x.JSON", "JSON"),
        ("x.yml", "YAML"),
        ("l1.trajectory", "a trajectory, which reportgen animate draws"),
    ],
)
def test_files_of_other_kinds_are_known_by_their_names(here, name, what):
    (here / name).touch()
    assert told(name) == (
        f"{name} is {what}, and experiment files are TOML; reportgen new -o mine.toml writes one to start from"
    )


@pytest.mark.parametrize("name", ["quick", "quick.toml"])
def test_the_name_of_one_that_ships_is_met_with_the_command_that_writes_it(name):
    assert told(name) == (
        f"there is no file {name}; 'quick' comes with reportgen: "
        "reportgen new quick -o quick.toml, then reportgen build quick.toml"
    )


def test_a_misspelt_file_is_met_with_the_one_meant(here):
    (here / "mine.toml").touch()
    assert told("mien.toml") == "there is no experiment file mien.toml. Did you mean 'mine.toml'?"
    assert told(str(here / "mine.tom")).endswith(f"Did you mean '{here / 'mine.toml'}'?")


def test_a_file_or_folder_that_is_not_there():
    assert told("no.toml") == ("there is no experiment file no.toml; reportgen new -o no.toml writes one to start from")
    assert told("no/mine.toml") == "there is no experiment file no/mine.toml: there is no folder no"
