"""`reportgen build` as it is called: what it explains, verifies, refuses and warns of."""

import pytest
from click.testing import CliRunner

from reportgen.cli.program import program
from reportgen.page import report_files
from reportgen.pipeline import report

EXPERIMENT = """
title = "Small"
sections = ["penalties", "reading"]
[data]
name = "line"
[runs]
count = 2
[[arms]]
name = "none"
penalty = "none"
"""


@pytest.fixture
def build(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.toml").write_text(EXPERIMENT, "utf-8")

    def run(*args, file="small.toml"):
        wanted = [file, "-o", "out", "--cache-dir", "store", "--executor", "serial", "--progress", "none", *args]
        return CliRunner().invoke(program, ["build", *wanted])

    return run


def test_what_is_made_is_explained(build, tmp_path):
    def explained():
        return [line for line in build("--explain").stderr.splitlines() if line]

    first = "reportgen: section penalties: not in the store, and this is the first build in this folder"
    assert first in explained()
    assert explained() == []
    (tmp_path / "small.toml").write_text(EXPERIMENT.replace("count = 2", "count = 3"), "utf-8")
    assert "reportgen: section penalties: runs.count was 2, is 3" in explained()
    for path in (tmp_path / "store").rglob("*.section"):
        path.unlink()
    (tmp_path / "small.toml").write_text(
        EXPERIMENT.replace("Small", "Other").replace("count = 2", "count = 3"), "utf-8"
    )
    assert "reportgen: section penalties: not in the store" in explained()


def test_too_few_runs_to_decide_anything_are_told_before_training(build, tmp_path):
    told = "reportgen: With 2 runs per arm no comparison over them can be decided; it takes at least 6."
    first, again = build("--progress", "plain"), build("--progress", "plain")

    assert (first.exit_code, first.stderr.splitlines()[0]) == (0, told)
    assert told not in first.stdout
    assert told not in again.stderr, "nothing is trained"
    (tmp_path / "small.toml").write_text(EXPERIMENT.replace("count = 2", "count = 6"), "utf-8")
    assert "no comparison" not in build("--progress", "plain").stderr
    (tmp_path / "small.toml").write_text(EXPERIMENT.replace("count = 2", "count = 3"), "utf-8")
    assert "no comparison" not in build("--progress", "json").stderr
    (tmp_path / "small.toml").write_text(EXPERIMENT.replace("count = 2", "count = 4"), "utf-8")
    assert build("--strict", "--progress", "plain").exit_code == 0


def test_a_report_that_comes_out_equal_is_verified(build):
    done = build("--verify")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("Built again with an empty cache: all ")


def test_a_report_that_comes_out_otherwise_leaves_with_seven(build, monkeypatch):
    rendered = iter("ab")
    monkeypatch.setattr(report, "version", lambda name: name + next(rendered) if name == "numpy" else name)

    done = build("--verify")

    assert done.exit_code == 7
    assert "files differ between the two builds: embed/" in done.stderr or "index.html" in done.stderr


def test_an_edited_file_is_kept_with_a_warning_and_replaced_if_asked_for(build, tmp_path):
    build()
    page = tmp_path / "out" / "report.html"
    made = page.read_bytes()
    page.write_text("mine", "utf-8")

    kept = build()
    assert kept.exit_code == 0
    assert page.read_text("utf-8") == "mine"
    assert build("--overwrite-edited").exit_code == 0
    assert page.read_bytes() == made


def test_a_folder_with_other_files_is_refused_and_adopted_if_asked_for(build, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine", "utf-8")

    refused, adopted = build(), build("--adopt")

    assert (refused.exit_code, adopted.exit_code) == (4, 0)
    assert (tmp_path / "out" / "mine.txt").read_text("utf-8") == "mine"


def test_a_store_that_others_can_write_to_is_refused(build, tmp_path):
    (tmp_path / "store").mkdir()
    (tmp_path / "store").chmod(0o777)

    assert build().exit_code == 4
    assert build("--allow-shared-cache").exit_code == 0
    assert list((tmp_path / "store").iterdir()) == []


def test_templates_that_are_edited_meanwhile_are_noticed_and_nothing_is_published(build, tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    rendered = report_files.render

    def edited_meanwhile(*args, **names):
        (tmp_path / "mine" / "new.html").write_text("new", "utf-8")
        return rendered(*args, **names)

    monkeypatch.setattr(report_files, "render", edited_meanwhile)

    done = build("--templates", "mine")

    assert done.exit_code == 3
    assert done.stderr.startswith("reportgen[RG102]: a file was edited")
    assert not (tmp_path / "out").exists()
