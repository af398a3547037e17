"""Kinds of a user's own, in a folder of the user's own: `mine` has one of each sort."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from reportgen import plugins
from reportgen.cli.commands.serve import _Preview
from reportgen.cli.program import program
from reportgen.datasets import datasets
from reportgen.errors import ExperimentError, RefusedError, TemplateError
from reportgen.executors import _parcels, make_workers, no_progress
from reportgen.experiment.file import load, parse, plugins_of, shipped
from reportgen.penalties import penalties
from reportgen.pictures.scenes import scenes
from reportgen.pictures.stills import figures
from reportgen.pipeline import stage_keys
from reportgen.pipeline.options import BuildOptions
from reportgen.pipeline.report_target import build_report
from reportgen.sections import sections
from reportgen.site.folder import read
from reportgen.store.keys import code
from reportgen.store.store import Store
from reportgen.store.sweep import cells, chunks
from reportgen.training.run import settings_to_json

MINE = Path(__file__).parent / "mine"


@pytest.fixture(autouse=True)
def _nothing_in_use():
    yield
    plugins.use(())


@pytest.fixture
def folder(tmp_path):
    """A user's folder."""
    return shutil.copytree(MINE, tmp_path / "mine")


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """What the command made of such a folder, and the store that it filled."""
    place = tmp_path_factory.mktemp("built")
    shutil.copytree(MINE, place / "mine")
    done = command("build", "mine.toml", "-o", place / "out", "--cache-dir", place / "store", folder=place / "mine")
    assert done.returncode == 0, done.stderr
    return place


def command(*words, folder):
    return subprocess.run(
        [sys.executable, "-m", "reportgen", *words, "--progress", "none"],
        cwd=folder,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def edit(file, old, new):
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")


def raised(kind, make):
    with pytest.raises(kind) as caught:
        make()
    return str(caught.value)


def test_kinds_in_a_folder_are_trained_swept_drawn_and_published(built):
    out = built / "out"
    results = json.loads((out / "results.json").read_bytes())

    assert [plugin["name"] for plugin in results["experiment"]["plugins"]] == ["trained.py", "parts/shown.py"]
    assert [arm["penalty"]["kind"] for arm in results["experiment"]["arms"]] == ["l2", "hinge", "hinge"]
    assert results["experiment"]["data"] == {"kind": "saw", "teeth": 2}
    assert results["claims"]["some-weight-is-large"]["outcome"] == "supported"
    assert results["findings"]["landscape"]["count"] == 2
    assert "The arms have L2, Hinge, Hinge." in (out / "index.html").read_text("utf-8")
    assert list((out / "media").glob("ranked-*.svg"))
    assert Image.open(out / "embed" / "largest.tiff").n_frames > 1
    assert not [file for file in out.rglob("*") if file.is_file() and str(built).encode() in file.read_bytes()]


@pytest.mark.parametrize("executor", ["dask", "thread"])
def test_other_executors_also_one_of_the_users_own_write_the_same_bytes(folder, built, tmp_path, executor):
    options = BuildOptions(executor=executor, cache=tmp_path / "store")
    build_report(load(folder / "mine.toml"), tmp_path / "out", options, beside=folder)

    files = {path.relative_to(built / "out") for path in (built / "out").rglob("*") if path.is_file()}
    assert len(files) > 20
    assert [
        file for file in files if (tmp_path / "out" / file).read_bytes() != (built / "out" / file).read_bytes()
    ] == []


def names(file, store):
    """What each arm's runs, the sweep, a section and a picture are stored under."""
    e = load(file)
    picture = code(plugins.module_of(figures.package, "ranked"), plugins.module_of(scenes.package, "largest_weight"))
    return {
        **{arm.name: [store.name(run) for run in e.arm_runs(arm)] for arm in e.arms},
        "sweep": [chunk.key for cell in cells(e) for chunk in chunks(e, cell)],
        "section": stage_keys.of_section("largest", dataclasses.replace(e, plugins=())),
        "our section": stage_keys.of_section("errors", dataclasses.replace(e, plugins=())),
        "picture": picture,
        "report": stage_keys.of_build({"experiment": e}),
    }


def test_an_edit_makes_again_what_it_concerns_and_nothing_else(folder, tmp_path):
    edit(folder / "mine.toml", 'name = "saw"\nteeth = 2', 'name = "line"')
    store, file = Store(tmp_path), folder / "mine.toml"
    before = names(file, store)

    def changed():
        now = names(file, store)
        return {name for name in before if now[name] != before[name]}

    assert changed() == set()
    edit(folder / "trained.py", "* 0.5", "* 0.6")
    assert changed() == {"near", "far", "sweep", "section", "our section", "report"}
    edit(folder / "trained.py", "* 0.6", "* 0.5")
    edit(folder / "parts/shown.py", "[::-1]", "")
    assert changed() == {"section", "picture", "report"}
    edit(folder / "parts/shown.py", 'axes.plot(np.sort(group["values"]))', 'axes.plot(np.sort(group["values"])[::-1])')
    edit(folder / "parts/largest.html", "Sizes", "All sizes")
    assert changed() == {"report"}
    edit(file, 'name = "line"', 'name = "saw"')
    before = names(file, store)
    edit(folder / "trained.py", "% 1.0", "% 0.9")
    assert changed() == {*before} - {"picture"}


def test_a_preview_shows_edits_and_mistakes_of_plugins(folder, built):
    preview = _Preview(folder / "mine.toml", BuildOptions(cache=built / "store", executor="serial"), None)

    def page():
        return preview.build(no_progress)["index.html"].decode()

    assert "The arms have L2, Hinge, Hinge." in page()
    watched = {Path(path).resolve() for path in preview.watched()}
    assert {(folder / name).resolve() for name in ("trained.py", "parts/shown.py", "parts/largest.html")} < watched
    edit(folder / "parts/largest.html", "The arms have", "These are")
    assert "These are L2, Hinge, Hinge." in page()
    edit(folder / "parts/shown.py", "type(arm.penalty).__name__", "arm.penalty.title")
    assert "These are L2, hinge, hinge." in page()
    edit(folder / "parts/shown.py", 'title = "The', 'titel = "The')
    assert "class Largest has no title" in raised(ExperimentError, page)
    assert (folder / "parts/shown.py") in set(preview.watched())
    edit(folder / "parts/shown.py", 'titel = "The', 'title = "The')
    assert "These are" in page()


PENALTY = "from reportgen.penalties import Penalty, penalties\n"
WHOLE = "class Mine(Penalty):\n    def cost(self): ...\n    subgradient = prox = cost\n"

MISTAKES = {
    "def f(:\n": "mine.py:1: SyntaxError: invalid syntax",
    "x = 1\n\n1 / 0\n": "mine.py:3: ZeroDivisionError: division by zero",
    "import sys\nsys.exit()\n": "mine.py:2: SystemExit:",
    "def f():\n    raise KeyError('a\\nb')\nf()\n": "mine.py:2: KeyError: 'a\\nb'",
    "import other\n": (
        "mine.py:1: ModuleNotFoundError: No module named 'other'; a plugin cannot import files beside it: put what it "
        "needs into one file"
    ),
    "x = 1\n": 'mine.py:1: it registers no kind; it needs a line like @penalties.register("mine") above a class',
    f'{PENALTY}@penalties.register("a")\nclass A(Penalty):\n    pass\n': (
        "mine.py:2: penalty 'a': class A has no cost, prox, subgradient"
    ),
    f'{PENALTY}@penalties.register("a")\nclass A:\n    pass\n': (
        "mine.py:2: penalty 'a': class A must derive from reportgen.penalties.Penalty"
    ),
    f'{PENALTY}@penalties.register("a")\ndef a(): ...\n': (
        "mine.py:2: penalty 'a' must be a class that derives from reportgen.penalties.Penalty"
    ),
    f'{PENALTY}@penalties.register("l1")\n{WHOLE}': (
        "mine.py:2: penalty 'l1' is one of reportgen's own; choose another name"
    ),
    f'{PENALTY}@penalties.register("../a")\n{WHOLE}': (
        "mine.py:2: penalty '../a': a name is small letters, digits, - and _, at most 41 of them"
    ),
    f'{PENALTY}@penalties.register("a")\n{WHOLE}': (
        "mine.py:2: penalty 'a': class Mine must be a frozen dataclass; put @checked right above it"
    ),
    f'{PENALTY}@penalties.register("a")\nclass A(penalties["l1"]): ...\n': (
        "mine.py:2: penalty 'a': in_page must be False, since the scripts of the page do not have it"
    ),
    f"{PENALTY}@penalties.register\n{WHOLE}": "mine.py:2: a penalty is registered under a name, like ",
    "from reportgen.datasets import datasets\n@datasets.register('a')\nclass A: ...\n": (
        "mine.py:2: data set 'a': class A has no draw, shape, training_samples"
    ),
    "from reportgen.sections import Section, sections\nsections.register('a')(Section)\n": (
        "mine.py:2: section 'a': class Section has no title"
    ),
    "from reportgen.pictures.stills import figures\nfigures.register('a')(3)\n": (
        "mine.py:2: figure 'a' must be a class or a function, got int"
    ),
    "from reportgen.pictures.stills import figures\nfor _ in 1, 2:\n    figures.register('a')(max)\n": (
        "mine.py:3: figure 'a' is registered twice"
    ),
}


def test_a_mistake_in_a_plugin_is_a_line_that_says_where(folder):
    file = folder / "mine.py"
    (folder / "other.py").write_text("")
    edit(folder / "mine.toml", '"trained.py"', '"mine.py"')
    for source, message in MISTAKES.items():
        file.write_text(source, "utf-8")
        told = raised(ExperimentError, lambda: load(folder / "mine.toml"))
        assert told.startswith(f"{folder}/{message}"), told
        assert "\n" not in told
    file.write_text((folder / "trained.py").read_text("utf-8"), "utf-8")
    load(folder / "mine.toml")


@pytest.mark.parametrize(
    ("named", "kind", "message"),
    [
        ("nope.py", ExperimentError, "cannot use plugin nope.py: No such file or directory"),
        ("parts", ExperimentError, "cannot use plugin parts: it must be a Python file, whose name ends in .py"),
        ("parts/largest.html", ExperimentError, "cannot use plugin parts/largest.html: it must be a Python file"),
        ("circle.py", ExperimentError, "cannot use plugin circle.py: Symlink loop"),
        ("../out.py", RefusedError, "plugin ../out.py leads out of the folder of this file; copy it there"),
        ("{folder}/../out.py", RefusedError, "leads out of the folder of this file"),
        ("link.py", RefusedError, "plugin link.py leads out of the folder of this file; copy it there"),
    ],
)
def test_only_python_files_beside_the_experiment_or_below_are_read(folder, named, kind, message):
    (folder.parent / "out.py").write_text("raise RuntimeError('it ran')\n")
    (folder / "link.py").symlink_to("../out.py")
    (folder / "circle.py").symlink_to("circle.py")
    edit(folder / "mine.toml", '"trained.py"', f'"{named.format(folder=folder)}"')

    with pytest.raises(kind) as caught:
        load(folder / "mine.toml")

    assert str(caught.value).startswith(f"{folder}/mine.toml:4:12: ")
    assert message in str(caught.value)
    assert caught.value.code == ("RG702" if kind is RefusedError else "")


def test_kinds_are_known_while_their_experiment_is_in_use(folder):
    e = load(folder / "mine.toml")
    described = settings_to_json(e)
    assert "hinge" in penalties.names()
    text = (folder / "mine.toml").read_text("utf-8")

    assert "penalty 'hinge' is not known" in raised(
        ExperimentError, lambda: parse(text.replace('plugins = ["trained.py", "parts/shown.py"]', ""))
    )
    assert "plugins: must lie beside an experiment file" in raised(
        ExperimentError, lambda: parse('plugins = ["trained.py"]\n' + shipped("quick"))
    )
    assert "hinge" not in penalties.names()
    assert "largest" not in sections.names()
    assert settings_to_json(e) == described

    with plugins.using(e.plugins):
        assert datasets.name_of(e.data) == "saw"


def test_two_plugins_with_one_name_are_a_mistake_in_an_experiment_and_in_a_site(folder):
    shutil.copy(folder / "trained.py", folder / "again.py")
    edit(folder / "mine.toml", '["trained.py"', '["trained.py", "again.py"')
    lines = raised(ExperimentError, lambda: load(folder / "mine.toml")).splitlines()
    assert lines[0] == (
        f"{folder}/again.py:15: penalty 'hinge' is in {folder}/trained.py:15 too; plugins that are used together need "
        "different names"
    )
    assert len(lines) == 2

    (folder / "reportgen.toml").write_text('title = "Site"\nexperiments = ["*.toml"]\nposts = []\n', "utf-8")
    text = (folder / "mine.toml").read_text("utf-8").replace('"trained.py", ', "")
    (folder / "mine.toml").unlink()
    for name in ("one", "two"):
        (folder / f"{name}.toml").write_text(text if name == "one" else text.replace("again", "trained"), "utf-8")
    (folder / "pages").mkdir()
    page = "# Both\n\n{{ number one/largest.most }} {{ number two/largest.most }}\n"
    (folder / "pages" / "index.md").write_text(page, "utf-8")
    edit(folder / "reportgen.toml", '["*.toml"]', '["one.toml", "two.toml"]')
    assert "penalty 'hinge' is in" in raised(ExperimentError, lambda: read(folder))


def test_copies_of_a_file_are_one_plugin_and_messages_name_the_copy_in_use(folder, tmp_path):
    e, copy = load(folder / "mine.toml"), shutil.copytree(folder, tmp_path / "copy")
    again = load(copy / "mine.toml")

    def fail():
        with plugins.using(again.plugins):
            again.arms[1].penalty.cost(None, None)

    assert again == e
    assert raised(ExperimentError, fail).startswith(f"{copy}/trained.py:24: AttributeError: ")


def test_a_site_has_plugins_for_all_its_experiments(folder, built):
    text = (folder / "mine.toml").read_text("utf-8").replace('plugins = ["trained.py", "parts/shown.py"]', "")
    (folder / "mine.toml").unlink()
    (folder / "posts").mkdir()
    (folder / "posts" / "own.toml").write_text(f"date = 2026-11-30\n{text}", "utf-8")
    post = '+++\ndate = 2026-11-29\nexperiment = "own"\n+++\n# A text\n\n{{ section largest }}\n'
    (folder / "posts" / "text.md").write_text(post, "utf-8")
    settings = 'title = "Site"\nplugins = ["trained.py", "parts/shown.py"]\n'
    (folder / "reportgen.toml").write_text(settings, "utf-8")
    preview = _Preview(folder, BuildOptions(cache=built / "store", executor="serial"), None)

    for _ in range(2):
        files = preview.build(no_progress)
        for name in ("own", "text"):
            assert "The arms have L2, Hinge, Hinge." in files[f"{name}/index.html"].decode()
    edit(folder / "parts/largest.html", "The arms have", "These are")
    assert "These are L2" in preview.build(no_progress)["own/index.html"].decode()
    edit(folder / "reportgen.toml", "trained.py", "nope.py")
    assert ":2:12: cannot use plugin nope.py" in raised(ExperimentError, lambda: read(folder))


def known(name):
    """A job: the class of a penalty in a worker, and what it costs there."""
    kind = penalties[name]
    return kind.__module__, float(kind().cost(__import__("numpy").ones((2, 2)), __import__("numpy")))


@pytest.mark.parametrize("workers", ["processes", lambda: ProcessPoolExecutor(1, get_context("spawn"))])
def test_workers_get_plugins_with_their_jobs_and_forget_them_with_the_next(folder, workers):
    (plugin, _) = plugins_of(folder / "mine.toml")
    with make_workers(workers) as executor:
        assert executor.submit(known, "hinge").result() == (plugin.module, pytest.approx(2 * 0.81))
        edit(folder / "trained.py", "* 0.5", "* 1.5")
        (newer, _) = plugins_of(folder / "mine.toml")
        assert executor.submit(known, "hinge").result() == (newer.module, pytest.approx(6 * 0.81))
        if workers == "processes":
            plugins.use(())
            assert "unknown penalty 'hinge'" in str(executor.submit(known, "hinge").exception())


def test_a_worker_that_does_not_see_the_folder_is_sent_what_it_lacks(folder, tmp_path):
    e = load(folder / "mine.toml")
    job = _parcels.job_of(settings_to_json, (e.run(0),), {})
    fails = _parcels.job_of(type(e.arms[1].penalty).cost, (e.arms[1].penalty, None, None), {})
    shutil.rmtree(folder)
    script = (
        "import sys; from reportgen.executors._parcels import do; sys.stdout.buffer.write(do(sys.stdin.buffer.read()))"
    )

    def away(job):
        done = subprocess.run([sys.executable, "-c", script], input=job, capture_output=True, check=True, timeout=60)
        return _parcels.outcome_of(done.stdout)

    assert away(job) == settings_to_json(e.run(0))
    told = raised(ExperimentError, lambda: away(fails))
    assert told == f"{folder}/trained.py:24: AttributeError: 'NoneType' object has no attribute 'sum' (penalty 'hinge')"


AT_WORK = {
    ("    figure = style.blank_figure(200)", "    1 / 0"): "34: ZeroDivisionError: division by zero (figure 'ranked')",
    ("    return figure\n", "    return None\n"): (
        "31: AttributeError: 'NoneType' object has no attribute 'get_figheight' (figure 'ranked')"
    ),
    ("self._sizes[frame]", "self._sizes[99]"): "58: IndexError: list index out of range (scene 'largest_weight')",
    ("max(map(max, sizes))", "1 / 0"): "84: ZeroDivisionError: division by zero (section 'largest')",
    (
        "out.getvalue()",
        "out.value()",
    ): "113: AttributeError: '_io.BytesIO' object has no attribute 'value' (format 'tiff')",
    ("out.getvalue()", "exit(7)"): "113: SystemExit: 7 (format 'tiff')",
}


def test_a_mistake_at_work_is_a_line_that_says_where(folder, built):
    preview = _Preview(folder / "mine.toml", BuildOptions(cache=built / "store", executor="serial"), None)
    file = folder / "parts/shown.py"
    for (old, new), message in AT_WORK.items():
        edit(file, old, new)
        told = raised(ExperimentError, lambda: preview.build(no_progress))
        assert told.startswith(f"{file}:{message}"), told
        assert "\n" not in told
        edit(file, new, old)
    trained = folder / "trained.py"
    edit(trained, "y[:20]", "y[:20, 0]")
    told = raised(ExperimentError, lambda: load(folder / "mine.toml").run(0).draw())
    assert told.startswith(f"{trained}:37: ValueError: draw must return an array (20, 1) as y_train, got (20,)")
    edit(trained, ", axis=axes)", ")")
    told = raised(ExperimentError, lambda: load(folder / "mine.toml"))
    assert told.startswith(f"{trained}:15: ValueError: cost of a kernel (2, 3, 4) must be an array (2,), got ()")


def test_the_command_tells_a_mistake_of_a_worker_in_one_line_and_writes_nothing(folder, built):
    build = ("build", "mine.toml", "-o", "out", "--cache-dir", built / "store")
    edit(folder / "parts/shown.py", "    figure = style.blank_figure(200)", "    1 / 0")
    done = command(*build, folder=folder)
    told = "parts/shown.py:34: ZeroDivisionError: division by zero (figure 'ranked')\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)

    edit(
        folder / "trained.py",
        "        return w - xp.sign",
        "        1 / hasattr(xp, 'linalg')\n        return w - xp.sign",
    )
    done = command(*build, "--debug", folder=folder)
    *traceback, line = done.stderr.splitlines()
    assert done.returncode == 2
    assert line == "trained.py:30: ZeroDivisionError: division by zero (penalty 'hinge')"
    assert "    1 / hasattr(xp, 'linalg')" in traceback
    assert not [path for path in (folder / "out").rglob("*") if path.name != ".reportgen-manifest.json"]


def test_a_template_is_looked_for_beside_the_plugin_and_runs_in_the_sandbox(folder, built, tmp_path):
    template = folder / "parts/largest.html"
    options = BuildOptions(cache=built / "store", executor="serial")
    own = tmp_path / "templates"
    (own / "sections").mkdir(parents=True)

    def build(templates=None):
        out = tmp_path / "out"
        build_report(load(folder / "mine.toml"), out, options, templates=templates, beside=folder)
        return (out / "index.html").read_text("utf-8")

    claim = '{% claim "some-weight-is-large" %}Large.{% endclaim %}'
    template.write_text(claim + "{{ nope }}", "utf-8")
    assert raised(TemplateError, build) == f"template {template}:1: 'nope' is undefined"
    for unsafe in (claim + "{{ ''.__class__ }}", claim.replace("Large.", "{{ ''.__class__ }}")):
        template.write_text(unsafe, "utf-8")
        assert "unsafe" in raised(TemplateError, build)
    template.write_text("<p>No claim.</p>", "utf-8")
    assert "has no {% claim" in raised(TemplateError, build)
    template.unlink()
    assert raised(TemplateError, build) == (
        f"{folder}/parts/shown.py:69: section 'largest' has no template; write largest.html beside the plugin"
    )
    (own / "sections" / "largest.html").write_text("<p>From a theme.</p>", "utf-8")
    assert "From a theme." in build(own)
    template.symlink_to(tmp_path / "out" / "index.html")
    assert "leads out of" in raised(RefusedError, build)


def test_schema_doctor_and_animate_know_the_kinds(folder, built, monkeypatch, tmp_path):
    monkeypatch.chdir(folder)

    def run(*words):
        return CliRunner().invoke(program, list(map(str, words)))

    found = json.loads(run("schema", "mine.toml").stdout)["$defs"]
    assert found["arm_hinge"]["properties"]["free"]["description"] == "What costs nothing."
    assert "### Data set `saw`" in run("schema", "mine.toml", "--format", "markdown").stdout
    assert "hinge" not in run("schema").stdout.replace("hinges", "").replace("hinge;", "")

    trained = built / "out" / "trajectories" / "far.trajectory"
    scene = ("animate", trained, "--scene", "largest_weight", "-o", tmp_path / "far.tiff")
    done = run(*scene, "--plugin", "trained.py", "--plugin", "parts/shown.py")
    assert done.exit_code == 0, done.output
    assert Image.open(tmp_path / "far.tiff").n_frames > 1
    assert run(*scene).exit_code == 2
    assert run(*scene, "--plugin", "nope.py").output == (
        "reportgen: --plugin: cannot use plugin nope.py: No such file or directory\n"
    )


def test_the_doctor_loads_plugins_in_a_process_of_its_own(folder, monkeypatch):
    from reportgen.companions.doctor import apart

    def told():
        return [(one.level, one.text) for one in apart.run_probe("own_kinds", "load", str(folder / "mine.toml"))]

    assert ("ok", "trained.py has penalty hinge, data set saw") in told()
    (folder / "parts/largest.html").unlink()
    assert told()[-1][0] == "note"
    edit(folder / "trained.py", "class Saw:", "class Saw(")
    ((level, text),) = told()
    assert level == "problem"
    assert text.endswith("trained.py:39: SyntaxError: '(' was never closed")
    edit(folder / "trained.py", "class Saw(", "class Saw:")
    edit(folder / "trained.py", "import numpy as np", "import os\n\nos._exit(3)")
    assert [text for _, text in told()] == ["plugins ended with status 3"]
