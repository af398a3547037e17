"""`reportgen doctor`: each probe is broken once, and has to tell."""

import fcntl
import importlib.metadata
import importlib.util
import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import outputs
import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli.program import program
from reportgen.companions import doctor
from reportgen.companions.doctor import apart, drawing, libraries, machine, places
from reportgen.companions.doctor.finding import Finding, anonymous
from reportgen.disk import locks

ROOT = Path(reportgen.__file__).parents[1]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def by_name(findings):
    return {one.name: one for one in findings if isinstance(one, Finding)}


def test_where_the_tests_run_a_build_can_and_the_answer_names_no_home_and_no_user(tmp_path):
    home = tmp_path / "homes" / "maria-the-user"
    (home / "venv").mkdir(parents=True)
    command = [sys.executable, "-m", "reportgen", "doctor", "--format", "json", "-o", str(home / "out")]

    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "HOME": str(home)}, timeout=300
    )

    told = json.loads(done.stdout)
    problems = [one for one in told["findings"] if one["level"] == "problem"]
    # An editable install keeps the list of requirements that it was made with.
    assert [one for one in problems if "is outside of" not in one["text"]] == []
    assert told["able"] is not bool(problems)
    assert done.returncode == (5 if problems else 0)
    assert all(one["next"] for one in problems)
    assert {one["name"] for one in told["findings"]} >= {
        *("python", "tensorflow", "keras", "processor", "memory", "store", "output", "templates", "fonts", "gif")
    }
    assert "'~/.cache/reportgen'" in done.stdout
    assert "'~/out'" in done.stdout
    assert "maria" not in done.stdout + done.stderr


def test_notes_do_not_keep_a_build_from_running_and_problems_do(monkeypatch, messages):
    def answer(*findings):
        monkeypatch.setattr(doctor, "examine", lambda *_: iter([doctor.SlowTest("pictures"), *findings]))
        return CliRunner().invoke(program, ["doctor"], prog_name="reportgen")

    noted = answer(Finding("a", "ok", "fine"), Finding("b", "note", "slow", "do this"))
    failed = answer(Finding("a", "problem", "gone", "get it"))

    assert (noted.exit_code, failed.exit_code) == (0, 5)
    messages(noted.output, failed.output)


def test_libraries_that_are_missing_do_not_keep_it_from_answering(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "reportgen.store.store", None)  # as if what it imports were not there
    monkeypatch.setattr(apart, "run_probe", lambda *_: iter(()))

    found = by_name(doctor.examine(here / "out"))

    assert found["folders"].level == "problem"
    assert found["temporary"].level == "ok"
    assert not list(here.iterdir()), "something was left behind"


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


def test_what_is_not_installed_as_needed_is_told(metadata_says, messages):
    needed = ("nosuchlib<4,>=3", "mylib<4,>=3", "nosuchfilm>=1; extra == 'video'")
    metadata_says(
        "reportgen-regularization", "0.1", "Requires-Python: >=3.99", *(f"Requires-Dist: {each}" for each in needed)
    )
    metadata_says("mylib", "2.9")

    found = by_name(libraries.check_versions())

    levels = {name: found[name].level for name in ("python", "nosuchlib", "mylib", "nosuchfilm")}
    assert levels == {"python": "problem", "nosuchlib": "problem", "mylib": "problem", "nosuchfilm": "note"}
    messages(**{name: f"{found[name].text} → {found[name].step}" for name in ("nosuchlib", "mylib", "nosuchfilm")})


def test_a_reportgen_that_is_not_installed_is_told(monkeypatch):
    def missing(_):
        raise importlib.metadata.PackageNotFoundError

    monkeypatch.setattr(importlib.metadata, "metadata", missing)
    assert by_name(libraries.check_versions())["reportgen"].step.startswith("pip install .")


def test_ranges_of_versions():
    for version, wanted, held in [
        ("2.21.0", ">=2.21, <2.22", True),
        ("2.22.0rc1", ">=2.21, <2.22", False),
        ("2.9", ">=2.21", False),
        ("10.1", ">=9", True),
        ("3.1.7", "==3.1.6", False),
        ("3.1.7", "==3.1.*", True),
        ("3.2", "~=3.1", True),
        ("4.0", "~=3.1", False),
        ("1.0", "!=1.0", False),
        ("1.0", "", True),
        ("1!2.0.post1+local", ">=1", True),
        ("unheard-of", "===what?", True),
    ]:
        assert libraries.is_in_range(version, wanted) is held, (version, wanted)


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
    assert "libfoo.so: not there" in found[0].text


def test_a_tensorflow_that_ends_the_process_or_hangs_is_told(tmp_path, monkeypatch):
    fake = tmp_path / "fake"
    metadata(fake, "reportgen-regularization", "0.1", "Requires-Dist: tensorflow")
    monkeypatch.setenv("PYTHONPATH", f"{fake}{os.pathsep}{ROOT}")
    for code, text, step in [
        ("import sys; print('needs AVX', file=sys.stderr, flush=True); os.kill(os.getpid(), 4)", "needs AVX", "AVX"),
        ("os.kill(os.getpid(), 9)", "was ended by SIGKILL", "memory"),
        ("os._exit(3)", "ended with status 3", "install again"),
        ("import time; time.sleep(100)", "took longer than 3 s", ""),
    ]:
        (fake / "tensorflow.py").write_text(f"import os\n{code}\n")

        *_, last = apart.run_probe("libraries", "imports", timeout=3)

        assert (last.name, last.level) == ("tensorflow", "problem")
        assert text in last.text
        assert step in last.step
    # What a library prints is not taken for a finding.
    (fake / "tensorflow.py").write_text(
        "print('[1]')\nclass config:\n    list_physical_devices = staticmethod(lambda kind: ['a card'])\n"
    )
    found = by_name(apart.run_probe("libraries", "imports"))
    assert found["tensorflow"].level == "ok"
    assert found["gpu"].text.startswith("TensorFlow sees 1 card;")


# The machine


def system(root, **files):
    """A folder with these files of /proc and /sys."""
    for name, text in {"proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_quota_below_the_cores_is_noted(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.executors.cores", lambda: 8)
    older = {
        "proc/self/cgroup": "3:cpu,cpuacct:/box\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_quota_us": "100000\n",
        "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "50000\n",
    }
    for name, files, quota in [
        ("none", {}, ""),
        ("unlimited", {"sys/fs/cgroup/cpu.max": "max 100000\n"}, ""),
        ("some", {"sys/fs/cgroup/cpu.max": "150000 100000\n"}, "but a quota of 1.5: "),
        ("older", older, "but a quota of 2: "),
    ]:
        found = by_name(machine.processor_and_memory(system(tmp_path / name, **files)))["processor"]

        assert found.level == ("note" if quota else "ok"), name
        assert quota in found.text
        assert ("taskset -c 0-1" in found.step) == bool(quota)


def test_little_memory_is_a_note_and_less_than_one_worker_takes_a_problem(tmp_path, monkeypatch):
    monkeypatch.setattr("reportgen.executors.cores", lambda: 4)

    def memory(megabytes):
        text = f"MemTotal: 8000000 kB\nMemAvailable: {megabytes * 1000} kB\n"
        return by_name(machine.processor_and_memory(system(tmp_path, **{"proc/meminfo": text})))["memory"]

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
    assert machine.available_memory(system(tmp_path, **group)) == (1.5e9, 2e9)


def test_libraries_that_are_never_compiled_are_noted(tmp_path, monkeypatch):
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert machine.bytecode().step.startswith("unset PYTHONDONTWRITEBYTECODE")

    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "python -m compileall" in machine.bytecode().step

    compiled = Path(importlib.util.cache_from_source(str(tmp_path / "tensorflow" / "__init__.py")))
    compiled.parent.mkdir()
    compiled.touch()
    assert machine.bytecode().level == "ok"


def test_a_terminal_without_our_letters_is_noted(monkeypatch):
    for encoding, level in (("utf-8", "ok"), ("latin-1", "note"), ("ascii", "note")):
        monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
        assert machine.terminal().level == level, encoding


# Places


def output_of(here, name="out"):
    return by_name(places.output(here / name, here / "store"))


def store_of(place):
    return by_name(places.store(place, "--cache-dir"))


def set_free(monkeypatch, free):
    """Say that so many bytes are free on every disk."""
    monkeypatch.setattr(os, "statvfs", lambda place: SimpleNamespace(f_frsize=1, f_bavail=free))


def test_a_disk_that_is_nearly_full_is_told(here, monkeypatch):
    for free, level in ((20e6, "problem"), (500e6, "note"), (50e9, "ok")):
        set_free(monkeypatch, free)

        assert store_of(here / "store")["store disk"].level == level
        assert output_of(here)["output disk"].level == level
        assert places.temporary().level == ("problem" if level == "problem" else "ok")


def test_places_that_cannot_be_written_are_told(here, monkeypatch):
    def refuse(*_, **__):
        raise OSError(30, os.strerror(30))

    monkeypatch.setattr(places.tempfile, "TemporaryFile", refuse)
    for found in (store_of(here / "store")["store disk"], output_of(here)["output disk"], places.temporary()):
        assert found.level == "problem"
        assert "Read-only file system" in found.text
        assert found.step


def test_a_store_that_no_build_can_use_is_told(here, monkeypatch):
    (here / "shared").mkdir()
    (here / "shared").chmod(0o777)
    (here / "file").touch()
    assert "other users can write to" in store_of(here / "shared")["store"].text
    for place, level in {
        here / "shared": "problem",
        here / "file": "problem",
        Path("relative"): "note",
        Path("~/.cache/reportgen"): "note",  # without a home it would be in the working folder
    }.items():
        assert store_of(place)["store"].level == level, place


def test_a_store_is_counted_and_told_where_it_was_set(here, monkeypatch):
    entry = here / "store" / "ab" / f"{'ab' * 32}.trajectory"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(b"x" * 2_000_000)
    monkeypatch.setenv("REPORTGEN_CACHE_DIR", str(here / "store"))

    found = by_name(places.store(*places.store_folder(None)))["store"]

    assert found.level == "ok"
    assert found.text.endswith("(REPORTGEN_CACHE_DIR), 1 entry, 2 MB")
    assert places.store_folder(here)[1] == "--cache-dir"


def test_an_output_folder_that_no_build_may_have_is_told(here):
    (here / "file").touch()
    (here / "out").mkdir()
    assert output_of(here)["output"].level == "ok"
    outputs.publish(here / "report", "new")
    assert output_of(here, "report")["output"].level == "ok"
    (here / "out" / "thesis.tex").touch()
    for name in ("file", "out", "."):  # the last is the working folder
        assert output_of(here, name)["output"].level == "problem", name
    assert "'thesis.tex'" in output_of(here)["output"].text


def test_a_file_system_whose_locks_do_not_work_is_told(here, monkeypatch):
    (here / "out").mkdir()
    with locks.exclusive(here / "out"):  # a build is using it
        assert output_of(here)["output locks"].level == "ok"

    def unable(*_):
        raise OSError(37, "No locks available")

    for flock, text in [(unable, "No locks available"), (lambda *_: None, "can be locked once more")]:
        monkeypatch.setattr(fcntl, "flock", flock)
        found = output_of(here)["output locks"]
        assert found.level == "problem"
        assert text in found.text


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
    set_free(monkeypatch, 50e9)
    found = output_of(here, "my nas/out")["output disk"]
    assert found.level == "note"
    assert "network file system" in found.text


# Pictures


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("exit 0", "needs an ffmpeg with"),
        ("case $* in *-encoders) echo ' libx264 libvpx-vp9 ';; esac", "decodes to 0"),
        ("exit 1", "needs an ffmpeg with"),
    ],
)
def test_an_ffmpeg_that_makes_nothing_is_noted(tmp_path, monkeypatch, script, text):
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
    assert text in found["mp4"].text
    assert found["gif"].level == found["apng"].level == "ok"


def test_pictures_that_cannot_be_drawn_are_a_problem(tmp_path, monkeypatch):
    from matplotlib.figure import Figure

    from reportgen.pictures import style
    from reportgen.pictures.formats.gif import Gif

    assert {"λ", "−", "×"} <= drawing.characters_of_figures()
    for place, name, broken, find, text in [
        (Gif, "frame", lambda *_: b"", drawing.encoders, ""),
        (style, "FONT", "No Such Sans", drawing.fonts, "no font No Such Sans"),
        (drawing, "characters_of_figures", lambda: {"λ", "中"}, drawing.fonts, "has no 中"),
        (Figure, "text", lambda *_, **__: None, drawing.fonts, "draws nothing"),
        (reportgen.store.keys, "template_folder", lambda: tmp_path, drawing.templates, "lacks article.html"),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(place, name, broken)
            problems = [one for one in by_name(find()).values() if one.level == "problem"]

        assert problems, name
        assert text in problems[0].text


# What is told


def test_a_finding_has_no_home_no_user_and_no_host(monkeypatch):
    monkeypatch.setattr(
        "reportgen.companions.doctor.finding._private_names", lambda: {"maria": "$USER", "box7": "$HOST"}
    )
    monkeypatch.setenv("HOME", "/home/maria")
    found = Finding("x", "note", "in '/home/maria/a', /data/maria/b, /home/mariana on box7", "see /home/maria")

    assert found.text == "in '~/a', /data/$USER/b, /home/mariana on $HOST"
    assert found.step == "see ~"
    monkeypatch.setenv("HOME", "/")
    assert anonymous("'/usr/lib'") == "'/usr/lib'"


def test_only_what_it_needs_is_loaded_here():
    """The heavy things are loaded in other processes, which may die of them."""
    code = "import sys, reportgen.cli.commands.doctor\n"
    code += "from reportgen.companions.doctor import apart, libraries\n"
    code += "print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"tensorflow", "matplotlib", "numpy", "PIL"} & set(done.stdout.split())
