"""What the command says and returns, whatever goes wrong. Where it would work, `build_report` is replaced."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import reportgen
from reportgen.cli.program import Terminated, program
from reportgen.errors import DataError, MachineError, ReportgenError
from reportgen.experiment.file import schema, shipped
from reportgen.pipeline import report_target


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(program, arguments, prog_name="reportgen")


@pytest.fixture
def builds(monkeypatch):
    """Calls of `build_report`, which is replaced; the value of "result" is what it returns or raises."""
    calls = []

    def build(experiment, out, options, **more):
        calls.append((experiment, out, options))
        if isinstance(build.result, BaseException):
            raise build.result
        options.progress("train", 3, 3)
        return build.result

    build.result = report_target.BuiltReport(Path("output/report.html"), (), ("L1 finds zeros.",), 0, 0)
    build.calls = calls
    monkeypatch.setattr(report_target, "build_report", build)
    return build


def test_help_and_version_and_schema_answer(run):
    said = run("--help")

    assert said.exit_code == 0
    for name in ("animate", "build", "embed", "new", "schema"):
        assert f"\n  {name} " in said.stdout
    assert run("--version").stdout == f"reportgen {reportgen.__version__}\n"
    assert json.loads(run("schema").stdout_bytes) == schema()


def test_mistakes_in_a_file_are_told_by_place_and_build_nothing(run, builds, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('titel = 1\nsections = ["errors"]\n[data]\nname = "line"\n[runs]\ncount = 0\n', "utf-8")

    said = run("build", str(file), "-o", str(tmp_path / "out"))

    assert said.exit_code == 2
    assert [line.split(": ")[:2] for line in said.stderr.splitlines()] == [
        [f"{file}:1:1", "arms"],
        [f"{file}:1:1", "titel"],
        [f"{file}:6:1", "runs.count"],
    ]
    assert run("build", "no.toml").exit_code == 2
    assert not builds.calls
    assert not (tmp_path / "out").exists()


def test_an_error_is_one_line_and_an_exit_code(run, builds, messages):
    lines = {}
    for error, code in [
        (ReportgenError("it failed"), 1),
        (DataError("the data is bad"), 3),
        (MachineError("disk full"), 5),
        (OSError(errno.ENOSPC, "No space left on device", "out/x"), 5),
        (OSError(errno.EIO, "Input/output error"), 5),
        (MemoryError(), 5),
        (KeyError("a\nb"), 70),
        (KeyboardInterrupt(), 130),
        (Terminated(), 143),
    ]:
        builds.result = error

        said = run("build", "--progress", "none")

        assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (code, "", 1), repr(error)
        lines[repr(error)] = said.stderr.rstrip()
    messages(**lines)


def shell(arguments, *, env=None, **options):
    environment = {**os.environ, **(env or {})}
    # Without a buffer nothing is left to be written, and to fail, when Python exits.
    environment.pop("PYTHONUNBUFFERED", None)
    command = f"{sys.executable} -m reportgen {arguments}"
    options = {"timeout": 120, "check": False, **options}
    return subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, **options)


def modules_loaded_by(*calls):
    """Modules loaded after calls of the command, one after the other in one process."""
    code = (
        "import sys, contextlib, io\n"
        "import reportgen\n"
        "from reportgen.cli import main\n"
        f"for arguments in {calls!r}:\n"
        "    sys.argv = ['reportgen', *arguments]\n"
        "    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()): main()\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


def test_help_loads_nothing_heavy_and_no_check_of_an_experiment_loads_tensorflow():
    heavy = {"numpy", "pydantic", "matplotlib", "rich", "tensorflow", "keras", "jinja2", "sklearn", "PIL", "imageio"}

    loaded = modules_loaded_by(["--help"], ["--version"], ["build", "--help"], ["new", "--help"])

    assert not heavy & loaded
    assert not {"tensorflow", "keras", "matplotlib", "sklearn"} & modules_loaded_by(["schema"])


def test_a_reader_who_has_gone_gets_no_traceback():
    done = shell("schema | true; exit ${PIPESTATUS[0]}", executable="/bin/bash")

    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_told():
    for arguments in ("new", "build --help"):
        done = shell(f"{arguments} > /dev/full")

        assert done.returncode == 5, arguments
        assert done.stderr.startswith("reportgen[RG301]: disk full writing "), arguments
        assert done.stderr.count("\n") == 1, arguments


def test_a_result_does_not_depend_on_the_encoding_of_the_terminal(tmp_path):
    latin = {"PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "new"], capture_output=True, env={**os.environ, **latin}, check=True
    )
    assert done.stdout.decode("utf-8") == shipped()

    escaped = shell("new -o λ.toml", env=latin, cwd=tmp_path)

    assert escaped.stdout == "\\u03bb.toml is written. Next: reportgen build \\u03bb.toml\n"
    assert (escaped.returncode, escaped.stderr) == (0, "")
