"""Starting a site; experiments are in test_program.py, the workflow in publish/test_workflow.py."""

import errno
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli.program import program
from reportgen.site import folder

STARTER = Path(reportgen.__file__).parent / "site" / "starter"


def new(*arguments):
    return CliRunner().invoke(program, ["new", *map(str, arguments)], prog_name="reportgen")


def everything(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_new_site_is_the_one_that_comes_with_reportgen(tmp_path):
    said = new("site", "-o", tmp_path / "a" / "b")

    assert said.stdout == f"{tmp_path}/a/b is a new site. Next: reportgen serve {tmp_path}/a/b\n"
    assert said.exit_code == 0
    assert everything(tmp_path / "a" / "b") == everything(STARTER)
    assert "reportgen.toml" in everything(STARTER)


@pytest.mark.timeout(120)
def test_a_new_site_is_built_and_nothing_is_wrong_with_it(tmp_path, cache):
    new("site", "-o", tmp_path / "x")
    command = [sys.executable, "-m", "reportgen", "site", tmp_path / "x", "-o", tmp_path / "out", "--cache-dir", cache]

    said = subprocess.run([*command, "--strict", "--progress", "none"], capture_output=True, text=True, check=False)

    assert (said.returncode, said.stderr) == (0, "")
    made = everything(tmp_path / "out")
    assert {"index.html", "about/index.html", "hello/index.html", "l1-or-l2/report.html", "feed.xml"} <= made.keys()


def test_the_post_of_a_new_site_places_every_kind_of_thing_but_sections():
    post = everything(STARTER)["posts/hello.md"].decode()
    text = re.sub("```.*?```", "", post, flags=re.DOTALL)

    kinds = {"figure", "animation", "table", "number", "claim", "ref"}
    assert set(re.findall(r"\{\{ (\w+) ", text)) == kinds
    assert "$$ " in post


def test_the_settings_of_a_new_site_name_every_key_and_every_line_of_them_can_be_used(tmp_path):
    new("site", "-o", tmp_path)
    file = tmp_path / "reportgen.toml"
    text = re.sub(r"^# (?=\w+ = |\[)", "", file.read_text("utf-8"), flags=re.MULTILINE)
    file.write_text(text, "utf-8")
    for name in ("theme", "experiments"):
        (tmp_path / name).mkdir()
    (tmp_path / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    (tmp_path / "more.css").write_text("")
    new("quick", "-o", tmp_path / "experiments" / "quick.toml")
    post = tmp_path / "posts" / "hello.md"
    post.write_text(post.read_text("utf-8") + "\n{{ figure quick/errors }}\n", "utf-8")

    read = folder.read(tmp_path)

    assert set(re.findall(r"^\[*(\w+)(?: = |\])", text, re.MULTILINE)) >= folder.schema()["properties"].keys()
    assert len(read.site.links) == 2
    assert read.site.colours.accent
    assert read.site.theme


def test_a_new_site_without_a_place_is_called_site(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert new("site").stdout == "site is a new site. Next: reportgen serve site\n"
    assert everything(tmp_path / "site") == everything(STARTER)


def test_a_site_goes_beside_what_is_there(tmp_path):
    (tmp_path / "README.md").write_text("mine")

    assert new("site", "-o", tmp_path).exit_code == 0
    assert everything(tmp_path) == everything(STARTER) | {"README.md": b"mine"}


@pytest.mark.parametrize("taken", ["reportgen.toml", "posts/hello.md"])
def test_where_one_file_is_taken_none_is_written(tmp_path, taken):
    (tmp_path / taken).parent.mkdir(exist_ok=True)
    (tmp_path / taken).write_text("mine")

    said = new("site", "-o", tmp_path)

    assert (said.exit_code, said.stdout) == (2, "")
    assert said.stderr == f"reportgen: {tmp_path / taken} exists already and is left as it is; give -o another name\n"
    assert everything(tmp_path) == {taken: b"mine"}


def test_a_dangling_link_is_not_written_through(tmp_path):
    (tmp_path / "reportgen.toml").symlink_to("elsewhere")

    assert new("site", "-o", tmp_path).exit_code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_where_the_disk_is_full_nothing_stays(tmp_path, monkeypatch):
    before, opened = Path.open, []

    def full(path, *arguments, **options):
        opened.extend([path] if path.is_relative_to(tmp_path) else [])
        if len(opened) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return before(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)

    said = new("site", "-o", tmp_path / "new")

    assert said.exit_code == 5
    assert said.stderr.startswith("reportgen[RG301]: disk full writing ")
    assert not (tmp_path / "new").exists()


def test_a_file_in_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "new").write_text("mine")

    said = new("site", "-o", tmp_path / "new")

    assert said.exit_code == 5
    assert everything(tmp_path) == {"new": b"mine"}


def test_all_that_can_be_started_is_listed():
    names = [line.split()[0] for line in new("--list").stdout.splitlines()]

    assert names[0] == "default"
    assert names[-2:] == ["site", "workflow"]


def test_an_unknown_name_is_met_with_the_one_meant():
    assert "Did you mean 'workflow'?" in new("worklow").stderr
