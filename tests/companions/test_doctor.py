"""`reportgen doctor`: each probe is broken once, and has to tell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import outputs
import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli.program import program
from reportgen.companions import doctor
from reportgen.companions.doctor import apart, libraries, places
from reportgen.companions.doctor.finding import Finding, anonymous

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


# Places


def output_of(here, name="out"):
    return by_name(places.output(here / name, here / "store"))


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
