"""What is computed again after a change, and what is not."""

import dataclasses
import logging

import pytest

import reportgen
from reportgen.executors.serial import Serial
from reportgen.experiment import Arm
from reportgen.output import output_folder
from reportgen.penalties.l2 import L2
from reportgen.pipeline import stage_keys
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.report import make_report
from reportgen.pipeline.report_target import build_report
from reportgen.pipeline.toolbox import Toolbox
from reportgen.sections import Section
from reportgen.store import keys
from reportgen.store.store import Store
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Start, Training


class Asks(Section):
    """One run."""

    title = "Asks"

    def runs(self, e):
        return [Run(network=Network(hidden=(2,)), training=Training(epochs=1), recording=Recording.ENDS_ONLY)]

    def findings(self, e, trained, study):
        ORDER.append((type(self).__name__, len(trained)))
        return {}


class AsksAgain(Asks):
    """The same run, and then one that goes on from where it ended."""

    def follow_up(self, e, trained):
        (run,) = self.runs(e)
        return [dataclasses.replace(run, start=Start.from_arrays(*trained[run].at(-1)))]

    def findings(self, e, trained, study):
        first, second = trained.values()
        assert (second.kernels[0][0] == first.kernels[0][-1]).all()
        return super().findings(e, trained, study)


class AsksNothing(Asks):
    """No runs."""

    def runs(self, e):
        return []


ORDER = []


def test_sections_come_when_what_they_need_is_trained(small_experiment, tmp_path, monkeypatch):
    kinds = {"again": AsksAgain, "asks": Asks, "nothing": AsksNothing}
    monkeypatch.setattr("reportgen.pipeline.report.sections", kinds)
    monkeypatch.setattr(stage_keys, "of_section", lambda name, e: {"name": name})
    experiment = dataclasses.replace(small_experiment, sections=("reading",), sweep=None)
    object.__setattr__(experiment, "sections", tuple(kinds))
    told, store = [], Store(tmp_path)
    serial = Serial()
    tools = Toolbox(
        store=store,
        trainers=serial,
        workers=serial,
        progress=lambda *progress: told.append(progress),
        explain=lambda *_: None,
    )

    report = make_report(experiment, tools)

    assert ORDER == [("AsksNothing", 0), ("Asks", 1), ("AsksAgain", 2)]
    assert [section.name for section in report.sections] == ["again", "asks", "nothing"]
    assert told[-1] == ("train", 2, 2)


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
    for other in (dataclasses.replace(few, title="Another"), dataclasses.replace(few, reading=few.reading[:2])):
        lines, written = again(other)
        assert lines == []
        assert {name for name in written if not name.startswith("embed/")} == PAGES


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


def test_damaged_entries_are_made_again_with_one_warning_and_come_out_the_same(few, cache, site, tmp_path, caplog):
    build_report(few, site, BuildOptions(cache=cache, executor="serial"))
    for kind in ("section", "item", "picture", "trajectory"):
        for path in cache.rglob(f"*.{kind}"):
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 8
            path.write_bytes(content)

    with caplog.at_level(logging.WARNING, "reportgen"):
        build_report(few, tmp_path / "again", BuildOptions(cache=cache, executor="serial"))

    assert output_folder.file_digests(tmp_path / "again") == output_folder.file_digests(site)
    assert [record.code for record in caplog.records] == ["RG101"]


def test_a_trajectory_to_give_away_that_is_damaged_is_trained_again(few, cache, site, tmp_path):
    build_report(few, site, BuildOptions(cache=cache, executor="serial"))
    for path in cache.rglob("*.trajectory"):
        path.write_bytes(b"damaged")

    build_report(
        few, tmp_path / "again", BuildOptions(cache=cache, executor="serial")
    )  # all sections and pictures are found

    assert output_folder.file_digests(tmp_path / "again") == output_folder.file_digests(site)
