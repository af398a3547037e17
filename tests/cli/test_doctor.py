"""`reportgen doctor`: each probe is broken once, and has to tell."""

import dataclasses
import fcntl
import importlib.metadata
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from reportgen.doctor import apart, drawing, libraries, machine, places
from reportgen.doctor.finding import Finding, anonymous

import reportgen
from reportgen import doctor, locks
from reportgen.cli.program import program

ROOT = Path(reportgen.__file__).parents[1]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments, **env):
    """The command in a process of its own."""
    command = [sys.executable, "-m", "reportgen", "doctor", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **env}, timeout=300)


def by_name(findings):
    return {one.name: one for one in findings if isinstance(one, Finding)}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """What is found where these tests run, which can build."""
    folder = tmp_path_factory.mktemp("sound")
    return run("--format", "json", "-o", str(folder / "out"), "--cache-dir", str(folder / "store"))


def test_where_the_tests_run_a_build_can(sound):
    told = json.loads(sound.stdout)
    problems = [one for one in told["findings"] if one["level"] == "problem"]

    # An editable install keeps the list of requirements that it was made with.
    assert [one for one in problems if "is outside of" not in one["text"]] == []
    assert told["able"] is not bool(problems)
    assert sound.returncode == (5 if problems else 0)
    assert sound.stderr == "reportgen: trying the libraries …\nreportgen: trying pictures …\n"
    names = [one["name"] for one in told["findings"]]
    for name in (
        "python",
        "tensorflow",
        "keras",
        "processor",
        "memory",
        "store",
        "output",
        "templates",
        "fonts",
        "gif",
    ):
        assert name in names
    assert all(one["next"] for one in told["findings"] if one["level"] == "problem")


def test_nothing_is_left_behind(here):
    by_name(places.output(here / "out", here / "store"))
    list(places.store(here / "store", "--cache-dir"))
    places.temporary()
    assert not list(here.iterdir())


def pretend(monkeypatch, *findings):
    monkeypatch.setattr(doctor, "examine", lambda *_: iter([doctor.Looking("pictures"), *findings]))
    return CliRunner().invoke(program, ["doctor"], prog_name="reportgen")


def test_notes_do_not_keep_a_build_from_running(monkeypatch):
    said = pretend(monkeypatch, Finding("a", "ok", "fine"), Finding("b", "note", "slow", "do this"))

    assert said.exit_code == 0
    assert said.stdout == (
        "ok       a              fine\n"
        "note     b              slow\n"
        "                        → do this\n"
        "\n0 problems, 1 note: a build can run here.\n"
    )
    assert said.stderr == "reportgen: trying pictures …\n"


def test_a_problem_is_exit_code_5(monkeypatch):
    said = pretend(monkeypatch, Finding("a", "problem", "gone", "get it"))

    assert said.exit_code == 5
    assert said.stdout.endswith("\n1 problem, 0 notes: do what the arrows say, and try again.\n")


def test_libraries_that_are_missing_do_not_keep_it_from_answering(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportgen.store", None)  # as if what it imports were not there
    monkeypatch.setattr(apart, "findings", lambda *_: iter(()))
    found = by_name(doctor.examine(here / "out"))

    assert found["folders"].level == "problem"
    assert found["temporary"].level == "ok"


# Libraries


def metadata(folder, name, version="1.0", *more):
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *more]
    (info / "METADATA").write_text("\n".join(lines) + "\n")


@pytest.fixture
def metadata_says(tmp_path, monkeypatch):
    """Puts metadata of packages before those that are installed."""
    monkeypatch.syspath_prepend(tmp_path / "fake")
    return lambda name, version="1.0", *more: metadata(tmp_path / "fake", name, version, *more)


def test_a_library_that_is_missing_is_a_problem_and_one_of_an_extra_a_note(metadata_says):
    extra = "Requires-Dist: nosuchfilm>=1; extra == 'video'"
    metadata_says("reportgen-regularization", "0.1", "Requires-Python: >=3.11", "Requires-Dist: nosuchlib<4,>=3", extra)
    found = by_name(libraries.installed())

    assert found["nosuchlib"] == Finding(
        "nosuchlib", "problem", "not installed, needed: >=3, <4", "pip install 'nosuchlib>=3,<4'"
    )
    assert found["nosuchfilm"] == Finding(
        "nosuchfilm", "note", "not installed, only needed for films (MP4, WebM)", "pip install 'nosuchfilm>=1'"
    )


def test_a_version_outside_of_its_range_is_a_problem(metadata_says):
    metadata_says("reportgen-regularization", "0.1", "Requires-Python: >=3.99", "Requires-Dist: mylib<4,>=3")
    metadata_says("mylib", "2.9")
    found = by_name(libraries.installed())

    assert found["mylib"] == Finding(
        "mylib", "problem", "2.9 is outside of what is needed: >=3, <4", "pip install 'mylib>=3,<4'"
    )
    assert (found["python"].level, found["python"].step) == ("problem", "use another Python")


def test_a_reportgen_that_is_not_installed_is_told(monkeypatch):
    def missing(_):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "metadata", missing)
    assert by_name(libraries.installed())["reportgen"].step == "pip install . in the folder of its sources"


@pytest.mark.parametrize(
    ("version", "wanted", "held"),
    [
        ("2.21.0", ">=2.21, <2.22", True),
        ("2.21", ">=2.21.0", True),
        ("2.22.0rc1", ">=2.21, <2.22", False),
        ("2.9", ">=2.21", False),
        ("10.1", ">=9", True),
        ("3.1.6", "==3.1.6", True),
        ("3.1.7", "==3.1.6", False),
        ("3.1.7", "==3.1.*", True),
        ("3.2", "~=3.1", True),
        ("4.0", "~=3.1", False),
        ("1.0", "!=1.0", False),
        ("1.0", "", True),
        ("1!2.0.post1+local", ">=1", True),
        ("unheard-of", "===what?", True),
    ],
)
def test_ranges_of_versions(version, wanted, held):
    assert libraries.within(version, wanted) is held


def test_every_requirement_of_the_project_is_understood_and_imported_by_its_name(metadata_says):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [f"Requires-Dist: {line}" for line in project["dependencies"]]
    lines += [f"Requires-Dist: {line}; extra == '{extra}'" for extra, all in extras.items() for line in all]
    assert project["name"] == libraries.DISTRIBUTION
    metadata_says(libraries.DISTRIBUTION, "0.1", *lines)
    found = libraries.requirements("reportgen-regularization")

    assert len(found) == len(project["dependencies"]) + sum(map(len, extras.values()))
    assert all(wanted for _, wanted, _ in found)
    assert {extra for _, _, extra in found if extra} == extras.keys()
    assert all(importlib.util.find_spec(libraries.module_of(name)) for name, _, extra in found if not extra)


def test_a_library_that_does_not_import_is_told_with_the_reason_and_the_others_are_tried(metadata_says, tmp_path):
    metadata_says(
        "reportgen-regularization", "0.1", "Requires-Dist: brokenlib", "Requires-Dist: goodlib", "Requires-Dist: nolib"
    )
    (tmp_path / "fake" / "brokenlib.py").write_text("print('noise')\nraise ImportError('libfoo.so: not there')\n")
    (tmp_path / "fake" / "goodlib.py").touch()
    found = [one for one in libraries.imports() if isinstance(one, Finding)]

    assert [(one.name, one.level) for one in found] == [("brokenlib", "problem"), ("nolib", "problem")]
    assert "ImportError: libfoo.so: not there" in found[0].text
    assert found[0].step == "pip install --force-reinstall 'brokenlib'"
    assert found[1].text == "cannot be imported: it is not there"


def in_another_process(tmp_path, monkeypatch, tensorflow, **options):
    """What importing finds where TensorFlow is this code."""
    fake = tmp_path / "fake"
    metadata(fake, "reportgen-regularization", "0.1", "Requires-Dist: tensorflow")
    (fake / "tensorflow.py").write_text(tensorflow)
    monkeypatch.setenv("PYTHONPATH", f"{fake}{os.pathsep}{ROOT}")
    return list(apart.findings("libraries", "imports", **options))


def test_a_tensorflow_that_needs_another_processor_is_told(tmp_path, monkeypatch):
    code = (
        "import os, sys, signal\n"
        "print('The TensorFlow library was compiled to use AVX instructions', file=sys.stderr, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGILL)\n"
    )
    *_, last = in_another_process(tmp_path, monkeypatch, code)

    assert last == Finding(
        "tensorflow",
        "problem",
        "tensorflow was ended by SIGILL: The TensorFlow library was compiled to use AVX instructions",
        "its packages need a processor with AVX, and a virtual machine that passes it on: build elsewhere",
    )


@pytest.mark.parametrize(
    ("code", "how", "step"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "was ended by SIGKILL", "most likely memory"),
        ("import os\nos._exit(3)", "ended with status 3", "install again"),
    ],
)
def test_an_import_that_dies_is_told(tmp_path, monkeypatch, code, how, step):
    *_, last = in_another_process(tmp_path, monkeypatch, code)
    assert (last.name, last.level, last.text) == ("tensorflow", "problem", f"tensorflow {how}")
    assert last.step.startswith(step)


def test_an_import_that_hangs_is_ended(tmp_path, monkeypatch):
    *_, last = in_another_process(tmp_path, monkeypatch, "import time\ntime.sleep(100)", patience=5)
    assert last.text == "tensorflow took longer than 5 s"


def test_what_a_library_prints_is_not_taken_for_a_finding(tmp_path, monkeypatch):
    code = "print('[1]')\nclass config:\n    list_physical_devices = staticmethod(lambda kind: ['a card'])\n"
    found = by_name(in_another_process(tmp_path, monkeypatch, code))

    assert found["tensorflow"].level == "ok"
    assert found["tensorflow"].text.startswith("imported in 0.0 s from ")
    assert found["gpu"].text == "TensorFlow sees 1; builds use the processor, which is faster here"


# The machine


def system(root, **files):
    """A folder with these files of /proc and /sys."""
    for name, text in {"proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_quota_below_the_cores_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.executors.cores", lambda: 8)
    found = by_name(machine.power(system(tmp_path, **{"sys/fs/cgroup/cpu.max": "150000 100000\n"})))

    assert found["processor"].level == "note"
    assert "but a quota of 1.5: " in found["processor"].text
    assert found["processor"].step == "taskset -c 0-1 reportgen build"


@pytest.mark.parametrize("files", [{}, {"sys/fs/cgroup/cpu.max": "max 100000\n"}], ids=["none", "max"])
def test_no_quota_is_fine(tmp_path, files):
    assert by_name(machine.power(system(tmp_path, **files)))["processor"].level == "ok"


def test_the_older_kind_of_groups_is_read_too(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.executors.cores", lambda: 4)
    files = {
        "proc/self/cgroup": "3:cpu,cpuacct:/box\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "100000\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "50000\n",
    }
    assert "but a quota of 2: " in by_name(machine.power(system(tmp_path, **files)))["processor"].text


def test_little_memory_is_a_note_and_less_than_one_worker_takes_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.executors.cores", lambda: 4)

    def memory(megabytes):
        text = f"MemTotal: 8000000 kB\nMemAvailable: {megabytes * 1000} kB\n"
        return by_name(machine.power(system(tmp_path, **{"proc/meminfo": text})))["memory"]

    assert memory(6000).level == "ok"
    assert (memory(1500).level, memory(1500).step) == ("note", "taskset -c 0-1 reportgen build")
    assert (memory(900).level, memory(900).step) == ("note", "reportgen build --executor serial")
    assert memory(300).level == "problem"


def test_the_limit_of_a_container_counts_and_not_what_it_has_cached(tmp_path):
    group = {
        "sys/fs/cgroup/memory.max": "2000000000\n",
        "sys/fs/cgroup/memory.current": "1500000000\n",
        "sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 1000000000\n",
    }
    assert machine.available(system(tmp_path, **group)) == (1.5e9, 2e9)


def test_libraries_that_are_never_compiled_are_noted(tmp_path, monkeypatch):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = machine.bytecode()
    assert (found.level, found.step.split(",")[0]) == ("note", "unset PYTHONDONTWRITEBYTECODE")

    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    assert machine.bytecode().text.startswith("TensorFlow is not compiled yet")

    monkeypatch.setattr(os, "access", lambda *_: False)
    assert machine.bytecode().step.startswith("have its owner run python -m compileall -q '")

    compiled = Path(importlib.util.cache_from_source(str(tmp_path / "tensorflow" / "__init__.py")))
    compiled.parent.mkdir()
    compiled.touch()
    assert machine.bytecode() == Finding("bytecode", "ok", "TensorFlow is compiled")


@pytest.mark.parametrize(("encoding", "level"), [("utf-8", "ok"), ("latin-1", "note"), ("ascii", "note")])
def test_a_terminal_without_our_letters_is_noted(monkeypatch, encoding, level):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    found = machine.terminal()
    assert found.level == level
    assert ("U+03BB" in found.text) == (level == "note")


# Places


def full(monkeypatch, free):
    real = os.statvfs
    monkeypatch.setattr(os, "statvfs", lambda place: _Disk(free, real(place).f_frsize))


@dataclasses.dataclass
class _Disk:
    free: float
    f_frsize: int

    @property
    def f_bavail(self):
        return self.free // self.f_frsize


@pytest.mark.parametrize(("free", "level"), [(20e6, "problem"), (500e6, "note"), (50e9, "ok")])
def test_a_disk_that_is_nearly_full_is_told(here, monkeypatch, free, level):
    full(monkeypatch, free)

    assert by_name(places.store(here / "store", "--cache-dir"))["store disk"].level == level
    assert by_name(places.output(here / "out", here / "store"))["output disk"].level == level
    assert places.temporary().level == ("problem" if level == "problem" else "ok")


def refusing(monkeypatch, number):
    """No temporary file can be made."""

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(places.tempfile, "TemporaryFile", refuse)


def test_places_that_cannot_be_written_are_told(here, monkeypatch):
    refusing(monkeypatch, 30)
    for found in (
        by_name(places.store(here / "store", "--cache-dir"))["store disk"],
        by_name(places.output(here / "out", here / "store"))["output disk"],
        places.temporary(),
    ):
        assert found.level == "problem"
        assert "Read-only file system" in found.text
        assert found.step


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_store_is_told(here):
    (here / "store").mkdir(mode=0o500)
    assert by_name(places.store(here / "store", "--cache-dir"))["store disk"].level == "problem"


def test_a_store_that_others_can_write_to_is_told(here):
    (here / "store").mkdir()
    (here / "store").chmod(0o777)
    found = by_name(places.store(here / "store", "--cache-dir"))["store"]
    assert found.level == "problem"
    assert found.text.endswith("can be written by others, so builds refuse it")


def test_a_store_is_counted_and_said_where_it_was_set(here, monkeypatch):
    entry = here / "store" / "ab" / f"{'ab' * 32}.trajectory"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"x" * 2_000_000)
    monkeypatch.setenv("REPORTGEN_CACHE_DIR", str(here / "store"))
    found = by_name(places.store(*places.store_folder(None)))["store"]

    assert found.level == "ok"
    assert found.text.endswith("(REPORTGEN_CACHE_DIR), 1 entries, 2 MB")
    assert places.store_folder(here)[1] == "--cache-dir"
    monkeypatch.delenv("REPORTGEN_CACHE_DIR")
    assert places.store_folder(None)[1] == "the user's caches"


def test_a_store_that_is_a_file_and_one_with_a_relative_name_are_told(here):
    (here / "file").touch()
    assert by_name(places.store(here / "file", "x"))["store"].level == "problem"
    assert by_name(places.store(Path("relative"), "x"))["store"].level == "note"


def test_without_a_home_the_store_would_be_anywhere(here):
    found = by_name(places.store(Path("~/.cache/reportgen"), "the user's caches"))["store"]
    assert (found.level, found.text) == (
        "note",
        "there is no home folder (HOME): the store would be made in the working folder",
    )


def test_an_output_folder_with_other_peoples_files_is_told(here):
    (here / "out").mkdir()
    assert by_name(places.output(here / "out", here / "store"))["output"].text.endswith(", empty")

    (here / "out" / "thesis.tex").touch()
    found = by_name(places.output(here / "out", here / "store"))["output"]
    assert (found.level, found.step) == ("problem", "reportgen build -o ANOTHER")
    assert "'thesis.tex'" in found.text


def test_a_report_is_a_fine_output_folder(report, here):
    found = by_name(places.output(report, here / "store"))["output"]
    assert found.level == "ok"
    assert " a report of " in found.text


def test_an_output_folder_that_no_build_may_have_is_told(here):
    (here / "file").touch()
    assert by_name(places.output(here / "file", here / "store"))["output"].text.endswith("is not a folder")
    assert by_name(places.output(here, here / "store"))["output"].level == "problem"  # the working folder


def test_a_file_system_without_locks_is_told(here, monkeypatch):
    def unable(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unable)
    found = by_name(places.output(here / "out", here / "store"))["output locks"]
    assert found.level == "problem"
    assert "No locks available" in found.text


def test_locks_that_lock_nobody_out_are_told(here, monkeypatch):
    monkeypatch.setattr(fcntl, "flock", lambda *_: None)
    found = by_name(places.output(here / "out", here / "store"))["output locks"]
    assert (found.level, found.text) == ("problem", "a folder that is locked can be locked once more")


def test_a_folder_that_is_being_built_in_has_locks(here):
    (here / "out").mkdir()
    with locks.exclusive(here / "out"):
        found = by_name(places.output(here / "out", here / "store"))["output locks"]
    assert (found.level, found.text) == ("ok", "work: a build is using the folder just now")


def test_a_network_file_system_is_noted(here, monkeypatch, tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        f"2 1 0:5 / {here} rw - tmpfs none rw\n"
        f"3 1 0:6 / {here}/my\\040nas rw - nfs4 server:/x rw\n"
        "4 1 0:7 / /elsewhere rw - cifs //s/x rw\n"
    )
    (here / "my nas").mkdir()
    kinds = [places.file_system(place, mounts) for place in (Path("/"), here, here / "my nas")]
    assert kinds == ["ext4", "tmpfs", "nfs4"]

    monkeypatch.setattr(places, "file_system", lambda _: "nfs4")
    full(monkeypatch, 50e9)
    found = by_name(places.output(here / "my nas" / "out", here / "store"))["output disk"]
    assert found.level == "note"
    assert "nfs4: a network file system" in found.text


# Pictures


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 0", "needs an ffmpeg with"),
        ("case $* in *-encoders) echo ' libx264 libvpx-vp9 ';; esac", "decodes to 0 of"),
        ("exit 1", "needs an ffmpeg with"),
    ],
)
def test_an_ffmpeg_that_makes_nothing_is_noted(tmp_path, monkeypatch, script, told):
    pytest.importorskip("imageio_ffmpeg")
    fake = tmp_path / "ffmpeg"
    # What would be a film is an empty file.
    fake.write_text(
        f'#!/bin/sh\ncat > /dev/null\nfor last; do :; done\ncase $last in /*) : > "$last";; esac\n{script}\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(fake))
    found = by_name(drawing.encoders())

    assert found["mp4"].level == found["webm"].level == "note"
    assert told in found["mp4"].text
    assert found["mp4"].step == "pip install imageio-ffmpeg"
    assert found["gif"].level == found["apng"].level == "ok"


def test_a_gif_that_cannot_be_made_is_a_problem(monkeypatch):
    from reportgen.animation.formats.gif import Gif

    monkeypatch.setattr(Gif, "frame", lambda *_: b"")
    found = by_name(drawing.encoders())["gif"]
    assert (found.level, found.step) == ("problem", "pip install --force-reinstall pillow imageio numpy")


def test_a_font_that_is_not_there_is_a_problem(monkeypatch):
    from reportgen.figures import style

    monkeypatch.setattr(style, "FONT", "No Such Sans")
    found = by_name(drawing.fonts())["fonts"]
    assert found.level == "problem"
    assert found.text.startswith("no font No Such Sans")


def test_a_letter_that_the_font_lacks_is_a_problem(monkeypatch):
    assert {"λ", "−", "×"} <= drawing.letters_of_figures()

    monkeypatch.setattr(drawing, "letters_of_figures", lambda: {"λ", "中"})
    found = by_name(drawing.fonts())["fonts"]
    assert found.level == "problem"
    assert found.text.endswith("has no 中")


def test_letters_that_draw_nothing_are_a_problem(monkeypatch):
    from matplotlib.figure import Figure

    monkeypatch.setattr(Figure, "text", lambda *_, **__: None)
    assert by_name(drawing.fonts())["fonts"].text.endswith("draws nothing")


def test_an_install_without_templates_is_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.sources.template_folder", lambda: tmp_path)
    found = by_name(drawing.templates())["templates"]
    assert found.level == "problem"
    assert "is without article.html, embed.html, sections/" in found.text


# What is told


def test_a_finding_has_no_home_no_user_and_no_host(monkeypatch):
    monkeypatch.setattr("reportgen.doctor.finding._names", lambda: {"maria": "$USER", "box7": "$HOST"})
    monkeypatch.setenv("HOME", "/home/maria")
    found = Finding("x", "note", "in '/home/maria/a', /data/maria/b, /home/mariana on box7", "see /home/maria")

    assert found.text == "in '~/a', /data/$USER/b, /home/mariana on $HOST"
    assert found.step == "see ~"


def test_the_whole_answer_has_no_home_and_no_user(here):
    home = here / "homes" / "maria-the-user"
    (home / "venv").mkdir(parents=True)
    done = run("-o", str(home / "out"), HOME=str(home))

    assert "'~/.cache/reportgen'" in done.stdout
    assert "'~/out'" in done.stdout
    assert "maria" not in done.stdout + done.stderr


def test_a_home_that_is_the_root_hides_nothing(monkeypatch):
    monkeypatch.setenv("HOME", "/")
    assert anonymous("'/usr/lib'") == "'/usr/lib'"


def test_only_what_it_needs_is_loaded_here():
    """The heavy things are loaded in other processes, which may die of them."""
    code = "import sys, reportgen.cli.commands.doctor, reportgen.doctor.apart, reportgen.doctor.libraries\n"
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "matplotlib", "numpy", "PIL"} & set(done.stdout.split())


def test_every_requirement_is_imported_under_its_own_name():
    """The metadata of an editable install may be older than the file."""
    import importlib.util
    import tomllib

    wanted = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]

    for name in (re.match(r"[\w-]+", line)[0] for line in wanted):
        assert importlib.util.find_spec(libraries.module_of(name)), name
