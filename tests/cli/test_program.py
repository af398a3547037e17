"""What the command says and returns, whatever goes wrong. Where it would work, `pipeline.build` is replaced."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import reportgen
from reportgen import pipeline
from reportgen.cli.program import Terminated, program
from reportgen.errors import DataError, MachineError, ReportgenError
from reportgen.experiment.file import on_offer, parse, schema, shipped


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *arguments: runner.invoke(program, arguments, prog_name="reportgen")


@pytest.fixture
def builds(monkeypatch):
    """Calls of `pipeline.build`, which is replaced; the value of "result" is what it returns or raises."""
    calls = []

    def build(experiment, out, **options):
        calls.append((experiment, out, options))
        if isinstance(build.result, BaseException):
            raise build.result
        options["progress"]("train", 3, 3)
        return build.result

    build.result = pipeline.Built(Path("output/report.html"), (), ("L1 finds zeros.",), 0)
    build.calls = calls
    monkeypatch.setattr(pipeline, "build", build)
    return build


def test_help_lists_every_command(run):
    said = run("--help")

    assert said.exit_code == 0
    for name in ("animate", "build", "embed", "new", "schema"):
        assert f"\n  {name} " in said.stdout


def test_version(run):
    assert run("--version").stdout == f"reportgen {reportgen.__version__}\n"


def test_an_unknown_command_is_met_with_the_one_meant(run):
    said = run("bild")

    assert said.exit_code == 2
    assert said.stderr.endswith(
        "Error: unknown command 'bild'. Did you mean 'build'? "
        "Known: animate, build, cache, clean, diff, embed, new, publish, schema.\n"
    )


def test_an_unknown_option_is_met_with_the_one_meant(run):
    said = run("build", "--outptu", "x")

    assert said.exit_code == 2
    assert "No such option '--outptu'. (Did you mean one of: '--adopt', '--output'?)" in said.stderr


def test_new_prints_an_experiment_that_can_be_read(run):
    assert parse(run("new").stdout_bytes.decode("utf-8")) == parse(shipped())


def test_new_writes_a_file_once(run, tmp_path):
    file = tmp_path / "mine.toml"
    assert run("new", "-o", str(file)).stdout == f"{file} is written. Next: reportgen build {file}\n"
    assert file.read_text("utf-8") == shipped()
    file.write_text("my work")

    again = run("new", "-o", str(file))

    assert (again.exit_code, again.stdout) == (2, "")
    assert again.stderr == f"reportgen: {file} exists already and is left as it is; give -o another name\n"
    assert file.read_text() == "my work"


def test_new_into_a_folder_that_is_not_there(run, tmp_path):
    said = run("new", "-o", str(tmp_path / "no" / "mine.toml"))

    assert said.exit_code == 5
    assert said.stderr == f"reportgen: cannot write {tmp_path / 'no' / 'mine.toml'}: No such file or directory\n"


def test_new_of_an_unknown_name(run):
    said = run("new", "defaut")

    assert said.exit_code == 2
    assert said.stderr.startswith("reportgen: unknown experiment 'defaut'. Did you mean 'default'? Known: ")


def test_new_lists_what_it_can_print_with_a_line_about_each(run):
    said = run("new", "--list")
    listed = dict(line.split(maxsplit=1) for line in said.stdout.splitlines())

    assert (said.exit_code, said.stderr) == (0, "")
    assert listed.keys() == on_offer().keys() | {"site", "workflow"}
    assert on_offer().items() <= listed.items()
    for name in on_offer():
        assert run("new", name).stdout_bytes.decode("utf-8") == shipped(name)


def test_new_writes_the_file_that_was_named(run, tmp_path):
    run("new", "quick", "-o", str(tmp_path / "mine.toml"))

    assert (tmp_path / "mine.toml").read_text("utf-8") == shipped("quick")


def test_schema_is_what_the_experiment_files_are_checked_by(run):
    assert json.loads(run("schema").stdout_bytes) == schema()


def test_build_without_a_file_builds_the_default_into_output(run, builds):
    said = run("build")

    (experiment, out, options), *_ = builds.calls
    assert said.exit_code == 0
    assert experiment == parse(shipped())
    assert out == Path("output")
    assert (options["cache"], options["executor"]) == (None, "processes")
    assert said.stdout.endswith("- L1 finds zeros.\n")


def test_build_passes_on_what_it_is_told(run, builds, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(shipped().replace("count = 30", "count = 2"), "utf-8")

    run("build", str(file), "-o", "there", "--cache-dir", "kept", "--executor", "serial", "--progress", "none")

    (experiment, out, options), *_ = builds.calls
    assert experiment.runs.count == 2
    assert out == Path("there")
    assert (options["cache"], options["executor"]) == (Path("kept"), "serial")


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
    assert not builds.calls
    assert not (tmp_path / "out").exists()


def test_a_file_that_is_not_there(run, builds):
    said = run("build", "no.toml")

    assert said.exit_code == 2
    assert said.stderr == "reportgen: cannot read experiment file no.toml: No such file or directory\n"


def test_an_unknown_executor_builds_nothing(run, builds):
    said = run("build", "--executor", "dusk")

    assert said.exit_code == 2
    assert said.stderr.startswith("reportgen: unknown executor 'dusk'.")
    assert not builds.calls


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (ReportgenError("it failed"), 1, "reportgen: it failed"),
        (DataError("the data is bad"), 3, "reportgen: the data is bad"),
        (MachineError("disk full"), 5, "reportgen: disk full"),
        (
            OSError(errno.ENOSPC, "No space left on device", "out/x"),
            5,
            "reportgen[RG301]: disk full writing out/x: No space left on device",
        ),
        (OSError(errno.EIO, "Input/output error"), 5, "reportgen: Input/output error"),
        (MemoryError(), 5, "reportgen: out of memory"),
        (
            KeyError("a\nb"),
            70,
            "reportgen: mistake in reportgen: KeyError: 'a\\nb' (--debug shows where)",
        ),
        (KeyboardInterrupt(), 130, "reportgen: interrupted; run again to resume"),
        (Terminated(), 143, "reportgen: terminated; run again to resume"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_is_one_line_and_an_exit_code(run, builds, error, code, line):
    builds.result = error

    said = run("build", "--progress", "none")

    assert (said.exit_code, said.stdout, said.stderr) == (code, "", f"{line}\n")


@pytest.mark.parametrize(("error", "code"), [(KeyError("a"), 70), (DataError("bad"), 3)])
def test_debug_shows_where(run, builds, error, code):
    builds.result = error

    said = run("build", "--debug")

    assert said.exit_code == code
    assert said.stderr.startswith("Traceback (most recent call last):")
    assert "in build\n    raise build.result" in said.stderr


def test_the_exit_code_of_a_command_is_kept(run, monkeypatch):
    monkeypatch.setattr("reportgen.cli.commands.new.emit", lambda _: click.get_current_context().exit(7))

    assert run("new").exit_code == 7


# From here on in processes of their own: what a shell sees.


def shell(arguments, *, env=None, **options):
    environment = {**os.environ, **(env or {})}
    # Without a buffer nothing is left to be written, and to fail, when Python exits.
    environment.pop("PYTHONUNBUFFERED", None)
    command = f"{sys.executable} -m reportgen {arguments}"
    options = {"timeout": 120, "check": False, **options}
    return subprocess.run(command, shell=True, capture_output=True, text=True, env=environment, **options)


def modules_loaded_by(*arguments):
    code = (
        "import sys, contextlib, io\n"
        "from reportgen.cli import main\n"
        f"sys.argv = ['reportgen', *{arguments!r}]\n"
        "try:\n"
        "    with contextlib.redirect_stdout(io.StringIO()): main()\n"
        "except SystemExit: pass\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in done.stdout.split()}


HEAVY = {"numpy", "pydantic", "matplotlib", "rich", "tensorflow", "keras", "jinja2", "sklearn", "PIL", "imageio"}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["build", "--help"], ["new", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    assert not HEAVY & modules_loaded_by(*arguments)


def test_an_experiment_is_checked_without_loading_tensorflow_or_matplotlib():
    assert not {"tensorflow", "keras", "matplotlib", "sklearn"} & modules_loaded_by("schema")


def test_importing_the_package_loads_nothing_heavy():
    done = subprocess.run(
        [sys.executable, "-c", "import reportgen, sys; print(*sys.modules)"], capture_output=True, text=True, check=True
    )
    assert not HEAVY & {name.split(".")[0] for name in done.stdout.split()}


def test_a_reader_who_has_gone_gets_no_traceback():
    done = shell("schema | true; exit ${PIPESTATUS[0]}", executable="/bin/bash")

    assert done.stderr == ""
    assert done.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", ["new", "schema", "--help", "--version"])
def test_a_full_disk_behind_standard_output_is_told(arguments):
    done = shell(f"{arguments} > /dev/full")

    assert done.stderr == "reportgen[RG301]: disk full writing to standard output: No space left on device\n"
    assert done.returncode == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_help_of_a_command_is_told():
    done = shell("build --help > /dev/full")

    assert done.stderr == "reportgen[RG301]: disk full writing a file: No space left on device\n"
    assert done.returncode == 5


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(closed):
    done = shell(f"new {closed}")

    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_result_does_not_depend_on_the_encoding_of_the_terminal(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "reportgen", "new"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=True,
    )
    assert done.stdout.decode("utf-8") == shipped()


def test_what_a_terminal_cannot_write_is_escaped(tmp_path):
    done = shell("new -o λ.toml", env={"PYTHONIOENCODING": "latin-1"}, cwd=tmp_path)

    assert done.stdout == "\\u03bb.toml is written. Next: reportgen build \\u03bb.toml\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_no_file_takes_the_number_of_a_closed_stream(tmp_path):
    code = "from reportgen.cli.terminal import prepare; prepare(); f = open('n', 'w'); f.write(str(f.fileno()))"

    subprocess.run(f'{sys.executable} -c "{code}" <&- >&- 2>&-', shell=True, check=True, cwd=tmp_path)

    assert int((tmp_path / "n").read_text()) > 2


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda folder: (folder / "out").write_text("a file"), "File exists"),
        (lambda folder: (folder / "out").symlink_to("nowhere/else"), "File exists"),
    ],
    ids=["a file in its place", "a dangling link"],
)
def test_an_output_folder_that_cannot_be_is_known_before_training(tmp_path, make, reason):
    make(tmp_path)

    done = shell(f"build -o {tmp_path}/out --cache-dir {tmp_path}/cache --progress json")

    assert done.stderr == f"reportgen: cannot write to the output folder {tmp_path}/out: {reason}\n"
    assert (done.returncode, done.stdout) == (5, "")
    assert not (tmp_path / "cache").exists()


def test_an_output_folder_below_a_file(tmp_path):
    (tmp_path / "file").touch()

    done = shell(f"build -o {tmp_path}/file/out")

    assert done.stderr == f"reportgen: cannot write to the output folder {tmp_path}/file/out: Not a directory\n"
    assert done.returncode == 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_output_folder(tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)

    done = shell(f"build -o {tmp_path}/out")

    assert done.stderr == f"reportgen: cannot write to the output folder {tmp_path}/out: Permission denied\n"
    assert done.returncode == 5
