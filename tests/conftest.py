"""What many tests share: a small report, built once however many workers run, and a browser to look at it with."""

from __future__ import annotations

import dataclasses
import fcntl
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import hypothesis
import pytest
import sites
import soak
from browser import install

if TYPE_CHECKING:
    from playwright.sync_api import Browser
    from syrupy.assertion import SnapshotAssertion

    from reportgen.experiment import Experiment
    from reportgen.pictures.picture import Animation, Picture
    from reportgen.sections.result import SectionResult

CI = bool(os.environ.get("CI"))

hypothesis.settings.register_profile("suite", deadline=None)  # no test asserts a time
hypothesis.settings.load_profile("suite")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Counts of what was repeated with chance."""
    if text := soak.recorded():
        terminalreporter.section("repeated with chance")
        terminalreporter.write(text)


@pytest.fixture
def messages(snapshot: SnapshotAssertion, tmp_path: Path) -> Callable[..., None]:
    """Hold a message equal to the stored one; `pytest --snapshot-update` stores it anew, for review in the diff.

        messages(str(caught.value))                    # the next message of this test
        messages(**{case: error for case, error in …})  # several, in one stored table

    Paths of this machine are stored as TMP and HERE.
    """

    def portable(text: object) -> str:
        places = {str(tmp_path): "TMP", str(tmp_path.resolve()): "TMP", str(Path(__file__).parents[1]): "HERE"}
        told = str(text)
        for place, name in places.items():
            told = told.replace(place, name)
        return told

    def compare(*texts: object, **named: object) -> None:
        for text in texts:
            assert portable(text) == snapshot
        if named:
            assert {case: portable(text) for case, text in named.items()} == snapshot

    return compare


@pytest.fixture(scope="session")
def small_experiment() -> Experiment:
    """Four arms of the default experiment and a sweep, in seconds instead of minutes; sections on tables excepted."""
    from table_experiments import OF_TABLE

    from reportgen.experiment import Comparison, Runs, Sweep
    from reportgen.experiment.file import parse, shipped
    from reportgen.sections import sections

    default = parse(shipped())
    return dataclasses.replace(
        default,
        arms=default.arms[:4],
        training=dataclasses.replace(default.training, epochs=6),
        recording=dataclasses.replace(default.recording, every=12),
        runs=Runs(count=4),
        comparison=Comparison(resamples=200),
        sections=tuple(name for name in dict.fromkeys([*default.sections, *sections.names()]) if name not in OF_TABLE),
        sweep=Sweep(
            arm="l1",
            strengths=(0.0, 0.03, 0.1, 0.3),
            learning_rates=(0.003, 0.01, 0.03),
            count=40,
            trajectories=1,
        ),
    )


@pytest.fixture(scope="session")
def table_experiment(shared_folder: Path) -> Experiment:
    """A quick study of a table whose target depends on two columns, with every section about a table."""
    import table_experiments

    with _locked(shared_folder / "table.lock"):
        path = table_experiments.write(shared_folder / "houses.csv", table_experiments.rows())
    return table_experiments.experiment(path)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one test session see."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def cache(shared_folder: Path) -> Path:
    """A store of trained runs that lasts for one test session."""
    return shared_folder / "cache"


class Computed(NamedTuple):
    """What one section makes: findings, claims and tables, and the pictures that it asks for."""

    result: SectionResult
    media: list[Picture | Animation]


@pytest.fixture(scope="session")
def compute(
    shared_folder: Path, cache: Path, small_experiment: Experiment, table_experiment: Experiment
) -> Callable[..., Computed]:
    """A function that computes one section by its name, of the small experiment or its table unless another is given.

    Each worker computes the section once. Training is done once for all workers: its results are in the shared store.
    """
    from reportgen.executors import no_progress
    from reportgen.executors.serial import Serial
    from reportgen.sections import sections
    from reportgen.sections.result import compute_section, without_page_settings
    from reportgen.store import sweep
    from reportgen.store.store import Store
    from reportgen.studies.complete import RunningStudy

    @functools.cache
    def compute(name: str, experiment: Experiment | None = None) -> Computed:
        section, store = sections[name](), Store(cache)
        e = without_page_settings(experiment or (table_experiment if section.of_table else small_experiment))
        with _locked(shared_folder / "training.lock"):
            trained = store.complete(section.runs(e), Serial()).result()
            trained |= store.complete(section.follow_up(e, trained), Serial()).result()
            if section.of_table:
                study = RunningStudy(e, store, Serial(), no_progress).result()
            else:
                study = sweep.complete(e, store, Serial()) if section.sweep(e) else section.study(e)
        result, media = compute_section(name, section, e, trained, study, {run: store.name(run) for run in trained})
        return Computed(result, list(media.values()))

    return compute


@pytest.fixture(scope="session")
def report(shared_folder: Path, cache: Path, small_experiment: Experiment) -> Path:
    """The output folder of a build of the small experiment. It is shared: read it, do not change it.

    It is for tests of pages and files. Tests of a section use `compute`.
    """
    import reportgen

    out = shared_folder / "report"
    with _locked(shared_folder / "training.lock"):
        if not (out / "report.html").exists():
            reportgen.build(small_experiment, out, cache=cache)
    return out


@pytest.fixture(scope="session")
def docs_site(shared_folder: Path, cache: Path) -> Path:
    """The documentation, built by the command from its true experiments. It is shared: read it, do not change it."""
    docs, out = Path(__file__).parents[1] / "docs", shared_folder / "docs"
    with _locked(shared_folder / "docs.lock"):
        if not (out / "index.html").exists():
            command = [sys.executable, "-m", "reportgen", "site", docs, "-o", out, "--cache-dir", cache]
            subprocess.run([*command, "--progress", "none"], check=True, stdout=subprocess.DEVNULL, timeout=500)
    return out


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium that cannot reach anything but files."""
    from playwright.sync_api import sync_playwright

    found = install.find() or _missing(install.ADVICE)
    options = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's sandbox does not start for root
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=options)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, to be run inside a page."""
    return (_node_modules() / "axe-core" / "axe.min.js").read_text("utf-8")


@pytest.fixture(scope="session")
def html_mistakes() -> Callable[[Path], list[str]]:
    """A function from an HTML file to what html-validate finds wrong with it."""
    program = _node_modules() / "html-validate" / "bin" / "html-validate.mjs"

    def mistakes(file: Path) -> list[str]:
        with tempfile.TemporaryFile() as said:  # what it writes to a pipe ends after 64 kB
            command = [install.node(), program, "--formatter", "json", file]
            done = subprocess.run(command, stdout=said, stderr=subprocess.PIPE, text=True, check=False)
            said.seek(0)
            found = said.read()
        assert found, done.stderr
        return [
            f"{file.name}:{message['line']}:{message['column']}: {message['ruleId']}: {message['message']}"
            for result in json.loads(found)
            for message in result["messages"]
        ]

    return mistakes


@pytest.fixture(scope="session")
def small_site(shared_folder: Path, cache: Path) -> tuple[Path, Path]:
    """The folder of a small site, and what was made of it. Both are shared: read them, do not change them."""
    from reportgen.pipeline.build import build
    from reportgen.pipeline.options import BuildOptions
    from reportgen.site.site_target import SiteTarget

    folder, out = shared_folder / "site", shared_folder / "site-made"
    with _locked(shared_folder / "site.lock"):
        if not (out / "index.html").exists():
            sites.write(folder, sites.REAL)
            build(SiteTarget(folder), out, BuildOptions(cache=cache))
    return folder, out


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Let one worker at a time do what follows."""
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _node_modules() -> Path:
    folder = install.HERE / "node_modules"
    return folder if folder.is_dir() else _missing("No node_modules: python tests/browser/install.py node")


def _missing(what: str) -> NoReturn:
    """Without it these tests cannot run: a reason to skip them at home, and to fail where they are meant to run."""
    if CI:
        pytest.fail(what)
    pytest.skip(what)
