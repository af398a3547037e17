"""`reportgen serve` as a process: what it prints, and how it ends."""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from previews import ask, until

from reportgen.cli.program import program


@pytest.fixture
def serve(tmp_path):
    """A function that starts a server and gives its process and the address that it printed."""
    started = []

    def serve(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-m", "reportgen", "serve", "--port", "0", *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "REPORTGEN_CACHE_DIR": str(tmp_path / "cache")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, process.stdout.readline().rstrip("\n")

    yield serve
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def wrong(tmp_path):
    """An experiment file that is refused at once."""
    file = tmp_path / "wrong.toml"
    file.write_text('title = "T"\nsektions = []\n')
    return file


def tree(folder):
    return {
        file.relative_to(folder): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.rglob("*")
        if file.is_file()
    }


def end(process, sent=signal.SIGINT):
    process.send_signal(sent)
    out, said = process.communicate(timeout=20)
    return process.returncode, out, said


@pytest.mark.timeout(60)
def test_a_signal_ends_it_and_nothing_is_deleted(serve, wrong, tmp_path):
    (tmp_path / "output" / "mine").mkdir(parents=True)
    (tmp_path / "output" / "mine" / "notes.txt").write_text("mine")
    before = tree(tmp_path)
    process, address = serve(wrong)
    until(lambda: b"unknown key" in ask(address, "/")[2])

    status, out, said = end(process, signal.SIGTERM)

    assert (status, out) == (143, "")
    assert "Traceback" not in said
    assert {name: digest for name, digest in tree(tmp_path).items() if name.parts[0] != "cache"} == before


@pytest.mark.timeout(120)
def test_a_build_under_way_ends_with_its_workers(serve, tmp_path):
    process, address = serve("--progress", "none")
    workers = []

    def training():
        with contextlib.suppress(OSError):
            children = subprocess.run(
                ["ps", "-ww", "-o", "pid=,args=", "--ppid", str(process.pid)],
                capture_output=True,
                text=True,
                check=False,
            )
            workers[:] = [int(line.split()[0]) for line in children.stdout.splitlines() if "spawn_main" in line]
        return workers and b"train" in ask(address, "/")[2]

    until(training, 90)

    status, _, said = end(process)

    assert status == 130
    assert said.endswith("reportgen: interrupted; run again to resume\n")
    assert "worker" not in said
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(program, ["serve", *arguments], prog_name="reportgen")


def test_other_machines_are_refused_unless_they_are_allowed(run, wrong):
    said = run(str(wrong), "--host", "0.0.0.0")

    assert said.exit_code == 4
    assert said.stderr.startswith("reportgen[RG802]: ")
    # --expose alone exposes nothing, and a folder needs a site.
    assert run(str(wrong), "--expose").exit_code == run(".").exit_code == 2


@pytest.mark.timeout(300)
def test_an_experiment_is_what_a_build_writes(serve, report, cache, small_experiment):
    from reportgen.cli.commands.serve import _Preview
    from reportgen.pipeline.options import BuildOptions

    source = _Preview(None, BuildOptions(cache=cache, executor="serial"), None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("reportgen.experiment.file.parse", lambda *_: small_experiment)
        files = source.build(lambda stage, done, total: None)

    assert {name: (report / name).read_bytes() == content for name, content in files.items()} == dict.fromkeys(
        files, True
    )
    assert "index.html" in files
