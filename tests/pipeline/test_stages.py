"""What is computed again after a change, and what is not."""

import dataclasses

import pytest

import reportgen
from reportgen.experiment import Arm
from reportgen.output import output_folder
from reportgen.penalties.l2 import L2
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.report_target import build_report
from reportgen.store import keys


@pytest.fixture(scope="module")
def few(small_experiment):
    """An article of a few sections."""
    return dataclasses.replace(
        small_experiment,
        arms=small_experiment.arms[:3],
        sections=("penalties", "experiment", "sparsity", "motion", "reading"),
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def site(few, cache, tmp_path_factory):
    """A report of `few`; tests build into it in any order."""
    out = tmp_path_factory.mktemp("site") / "out"
    reportgen.build(few, out, cache=cache)
    return out


@pytest.fixture
def again(few, cache, site, monkeypatch):
    """Builds into the same folder once more and returns what was made anew, and the files that were written."""

    def build(experiment=few, change=lambda: None):
        monkeypatch.undo()
        build_report(few, site, BuildOptions(cache=cache, executor="serial"))
        change()
        lines, before = [], {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}
        build_report(experiment, site, BuildOptions(cache=cache, executor="serial", explain=lines.append))
        now = {path: path.stat().st_mtime_ns for path in site.rglob("*") if path.is_file()}
        written = {path.relative_to(site).as_posix() for path in now if before.get(path) != now[path]}
        return lines, {name for name in written if name != ".reportgen-manifest.json"}

    return build


@pytest.fixture
def edited(monkeypatch):
    """Makes the source of modules, or the files of a folder, look edited."""

    def edit(*paths):
        code, files = keys.code, keys.files
        monkeypatch.setattr(keys, "code", lambda *names: changed(code(*names)))
        monkeypatch.setattr(keys, "files", lambda folder: changed(files(folder)))

        def changed(parts):
            return {path: "edited" if path in paths else digest for path, digest in parts.items()}

    return edit


PAGES = {"index.html", "report.html", "results.json"}


def test_nothing_is_made_where_nothing_changed_and_other_words_only_write_pages(again, few):
    assert again() == ([], set())
    changes = [({"title": "Another"}, ["card of Another: not in the store"]), ({"reading": few.reading[:2]}, [])]
    for change, made in changes:
        lines, written = again(dataclasses.replace(few, **change))
        assert lines == made
        pages = {name for name in written if not name.startswith(("embed/", "media/card-"))}
        assert pages == PAGES


def test_what_was_edited_is_made_again_and_nothing_else(again, edited, few, subtests):
    for file, told in {
        "templates/sections/sparsity.html": [],
        "templates/static/article.css": [],
        "reportgen/pictures/stills/data.py": ["picture data: reportgen/pictures/stills/data.py changed"],
        "reportgen/sections/kinds/sparsity.py": ["section sparsity: reportgen/sections/kinds/sparsity.py changed"],
    }.items():
        with subtests.test(file):
            assert again(few, lambda file=file: edited(file)) == (told, set())  # only its digest changed here


def test_another_arm_trains_its_own_runs_only(few, cache, site):
    build_report(few, site, BuildOptions(cache=cache, executor="serial"))
    more = dataclasses.replace(few, arms=(*few.arms, Arm(name="more", penalty=L2(), strength=0.2)))
    lines = []

    build_report(more, site, BuildOptions(cache=cache, executor="serial", explain=lines.append))

    (trained,) = [line for line in lines if "runs" in line.partition(":")[0]]
    assert trained.startswith(f"{few.runs.count} of ")
    assert not any(line.startswith("picture data:") for line in lines)
    (told,) = [line for line in lines if line.startswith("section sparsity:")]
    assert "arms.more." in told
    assert told.endswith(" more changes")


def test_a_trajectory_to_give_away_that_is_damaged_is_trained_again(few, cache, site, tmp_path):
    build_report(few, site, BuildOptions(cache=cache, executor="serial"))
    for path in cache.rglob("*.trajectory"):
        path.write_bytes(b"damaged")

    # All sections and pictures are found.
    build_report(few, tmp_path / "again", BuildOptions(cache=cache, executor="serial"))

    assert output_folder.file_digests(tmp_path / "again") == output_folder.file_digests(site)
