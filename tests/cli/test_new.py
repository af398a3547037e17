"""Starting an experiment or a site; the workflow is in publish/test_workflow.py."""

import errno
import re
import tomllib
import typing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli import table_options
from reportgen.cli.program import program
from reportgen.datasets import diabetes
from reportgen.experiment import file
from reportgen.experiment.file import load, parse, shipped, shipped_descriptions
from reportgen.tables import Task

STARTER = Path(reportgen.__file__).parent / "site" / "starter"


def run(*arguments):
    return CliRunner().invoke(program, list(map(str, arguments)), prog_name="reportgen")


def everything(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_experiment_on_the_list_is_printed_and_can_be_read():
    said = run("new", "--list")
    listed = dict(line.split(maxsplit=1) for line in said.stdout.splitlines())

    assert listed.keys() == shipped_descriptions().keys() | {"site", "table", "workflow"}
    assert shipped_descriptions().items() <= listed.items()
    for name in shipped_descriptions():
        assert run("new", name).stdout_bytes.decode("utf-8") == shipped(name)
    assert parse(run("new").stdout_bytes.decode("utf-8")) == parse(shipped())


def test_an_experiment_is_written_once(tmp_path, messages):
    file = tmp_path / "mine.toml"
    written = run("new", "quick", "-o", file)
    assert file.read_text("utf-8") == shipped("quick")
    file.write_text("my work")

    again = run("new", "-o", file)
    elsewhere = run("new", "-o", tmp_path / "no" / "mine.toml")

    assert (written.exit_code, again.exit_code, elsewhere.exit_code) == (0, 2, 5)
    assert file.read_text() == "my work"
    messages(written.output, again.output, elsewhere.output)


def test_a_new_site_is_the_one_that_comes_with_reportgen_beside_what_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "README.md").write_text("mine")

    assert run("new", "site").stdout == "site is a new site. Next: reportgen serve site\n"
    assert run("new", "site", "-o", "a/b").exit_code == 0

    assert everything(tmp_path / "a" / "b") == everything(STARTER)
    assert everything(tmp_path / "site") == everything(STARTER) | {"README.md": b"mine"}
    assert "reportgen.toml" in everything(STARTER)


@pytest.mark.timeout(300)
def test_a_new_site_is_built_and_nothing_is_wrong_with_it(tmp_path, cache):
    run("new", "site", "-o", tmp_path / "x")
    options = ["--cache-dir", cache, "--strict", "--progress", "none"]

    said = run("site", tmp_path / "x", "-o", tmp_path / "out", *options)

    assert (said.exit_code, said.stderr) == (0, "")
    made = everything(tmp_path / "out")
    assert {"index.html", "about/index.html", "hello/index.html", "l1-or-l2/report.html", "feed.xml"} <= made.keys()


@pytest.mark.timeout(300)
def test_the_example_site_has_the_posts_that_ship_linked_by_cards(tmp_path, cache, monkeypatch):
    posts = {name for name in shipped_descriptions() if parse(shipped(name)).date} - {"default"} | {"l1-and-l2"}
    whole = file.shipped

    def smaller(name="default"):
        """The experiment with a single section and few runs."""
        text = re.sub(r"^sections = \[.*?\]", 'sections = ["reading"]', whole(name), flags=re.MULTILINE | re.DOTALL)
        text = re.sub(r'^before = ".*"', 'before = "reading"', text, flags=re.MULTILINE)
        text = re.sub(r"^picture = .*", "", text, flags=re.MULTILINE)
        return re.sub(r"^\[sweep\].*?\n\n", "", text, flags=re.MULTILINE | re.DOTALL)

    monkeypatch.setattr(file, "shipped", smaller)
    written = run("new", "site", "--example", "-o", tmp_path / "x")
    told = run("site", tmp_path / "x", "-o", tmp_path / "out", "--cache-dir", cache, "--strict", "--progress", "none")

    assert (written.exit_code, told.exit_code) == (0, 0), told.output
    made = everything(tmp_path / "out")
    assert {name.split("/")[0] for name in made if name.endswith("/report.html")} == posts
    cards = {
        name: re.findall(r'<article>.*?href="([^"]*)"', made[name].decode(), re.DOTALL)
        for name in made
        if "index" in name
    }
    assert cards["index.html"][0] == "l1-and-l2/index.html"
    assert {*cards["index.html"]} == {f"{name}/index.html" for name in posts}
    for name in posts:
        assert {*cards[f"{name}/index.html"]} == {f"../{other}/index.html" for other in posts - {name}}
    assert run("new", "quick", "--example").exit_code == 2


def test_where_one_file_is_taken_or_the_disk_is_full_nothing_is_written(tmp_path, monkeypatch):
    for name in ("reportgen.toml", "posts/hello.md"):
        taken = tmp_path / name.replace("/", "-")
        (taken / name).parent.mkdir(parents=True)
        (taken / name).write_text("mine")
        assert run("new", "site", "-o", taken).exit_code == 2
        assert everything(taken) == {name: b"mine"}
    link = tmp_path / "link"
    link.mkdir()
    (link / "reportgen.toml").symlink_to("elsewhere")
    assert run("new", "site", "-o", link).exit_code == 2
    assert not (link / "elsewhere").exists()
    before, opened = Path.open, []

    def full(path, *arguments, **options):
        opened.extend([path] if path.is_relative_to(tmp_path) else [])
        if len(opened) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return before(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    assert run("new", "site", "-o", tmp_path / "new").exit_code == 5
    assert not (tmp_path / "new").exists()


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tables").mkdir()
    (tmp_path / "studies").mkdir()
    rows = (f"{i % 7},{'xy'[i % 2]},{i % 28 + 1}.3.2024,{i * 11 % 31}.5" for i in range(60))
    path = Path("tables", "housing.csv")
    path.write_text("rooms,kind,sold,price\n" + "\n".join(rows))
    return path


def test_the_experiment_of_a_table_names_it_from_its_own_folder(table):
    printed = run("new", "table", table, "--target", "price", "--ignore", "kind", "--time", "sold")
    written = run("new", "table", table, "--target", "price", "-o", "studies/housing.toml")
    again = run("new", "table", table, "--target", "price", "-o", "studies/housing.toml")

    data = tomllib.loads(printed.stdout)["data"]
    assert (data["file"], data["target"]) == ("tables/housing.csv", "price")
    assert data["columns"] == {"rooms": {}, "kind": {"role": "ignore"}, "sold": {"role": "time"}}
    assert written.stdout == "studies/housing.toml is written. Next: reportgen build studies/housing.toml\n"
    assert tomllib.loads(Path("studies/housing.toml").read_text("utf-8"))["data"]["file"] == "../tables/housing.csv"
    assert again.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["tables/housing.csv"],
            2,
            "state the column of tables/housing.csv to predict, such as --target price. "
            "Columns: rooms, kind, sold, price.",
        ),
        (
            ["tables/housing.csv", "--target", "prise"],
            2,
            "target 'prise' is not a column of tables/housing.csv. Did you mean 'price'? "
            "Columns: rooms, kind, sold, price.",
        ),
        (
            ["tables/housing.csv", "--target", "price", "--group", "sold", "--ignore", "sold"],
            2,
            "column 'sold' cannot be both --group and --ignore",
        ),
        (
            ["tables/house.csv", "--target", "price"],
            2,
            "there is no file tables/house.csv. Did you mean 'tables/housing.csv'?",
        ),
    ],
)
def test_a_mistake_about_a_table_is_one_line_and_nothing_is_written(table, arguments, code, message):
    before = everything(Path())

    for command in (["new", "table"], ["build"]):
        said = run(*command, *arguments, "-o", "out")
        assert (said.exit_code, said.stderr) == (code, f"reportgen: {message}\n")

    assert everything(Path()) == before


def test_the_example_table_is_that_of_the_data_set_with_prices_and_is_written_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = run("new", "table", "--example", "-o", "a/b")
    before = everything(tmp_path)
    again = run("new", "table", "--example", "-o", "a/b")
    study = load(Path("a/b/patients.toml"))
    frame = study.data.frame

    assert written.stdout.startswith("a/b/patients.csv and a/b/patients.toml are written. Next: reportgen build a/b/")
    assert (again.exit_code, everything(tmp_path)) == (2, before)
    values = [np.array(f.levels, float)[f.values.astype(int)] if f.levels else f.values for f in frame.features]
    np.testing.assert_array_equal(np.column_stack([*values, frame.target]), diabetes.measurements())
    assert [f.name for f in frame.features if f.levels] == ["sex"]
    prices = {feature.name: feature.cost for feature in frame.features}
    assert [name for name, price in prices.items() if not price] == ["age", "sex"]
    assert min(prices["LDL"], prices["HDL"]) > max(prices["blood pressure"], prices["body mass index"])
    assert "Least Angle Regression" in Path("a/b/patients.toml").read_text("utf-8")
    assert frame.notes == ()
    for arguments in (["housing.csv"], ["--target", "price"]):
        assert run("new", "table", *arguments, "--example", "-o", "c").exit_code == 2
    assert not Path("c").exists()


def test_options_of_tables_need_a_table():
    for command in (["new"], ["new", "quick"], ["build"], ["build", "quick.toml"]):
        said = run(*command, "--target", "price")
        assert (said.exit_code, said.stderr.splitlines()[-1]) == (
            2,
            "Error: --target goes with a table: a file that ends in .csv, .tsv, .txt, .parquet, .xlsx",
        )
    assert run("new", "table", "--target", "price").exit_code == 2
    assert run("new", "quick", "housing.csv").exit_code == 2


def test_the_tasks_on_the_command_line_are_those_of_tables():
    assert typing.get_args(Task) == table_options.TASKS
