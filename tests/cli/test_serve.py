"""`reportgen serve` as a process: what it prints, and how it ends."""

import contextlib
import hashlib
import os
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

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
@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_and_nothing_is_deleted(serve, wrong, tmp_path, sent, code):
    (tmp_path / "output" / "mine").mkdir(parents=True)
    (tmp_path / "output" / "mine" / "notes.txt").write_text("mine")
    before = tree(tmp_path)
    process, address = serve(wrong)
    until(lambda: b"unknown key" in ask(address, "/")[2])

    status, out, said = end(process, sent)

    assert status == code
    assert out == ""
    assert "Traceback" not in said
    assert {name: digest for name, digest in tree(tmp_path).items() if name.parts[0] != "cache"} == before


@pytest.mark.timeout(60)
def test_a_mistake_in_the_file_is_told_and_waited_for(serve, wrong):
    process, address = serve(wrong)
    until(lambda: b"unknown key" in ask(address, "/")[2])
    wrong.write_text('titel = "T"\n')
    until(lambda: b"titel" in ask(address, "/")[2])

    _, _, said = end(process)

    assert said.startswith(f"reportgen: serving {wrong}; Ctrl-C ends it\n")
    assert "wrong.toml:2:1: " in said
    assert "wrong.toml:1:1: " in said
    assert said.count("waiting for a change") == 2


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


def test_a_port_in_use_says_so(run, wrong):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = run(str(wrong), "--port", str(port))

    assert said.exit_code == 5
    assert said.stdout == ""
    assert said.stderr.startswith(f"reportgen[RG801]: port {port} of 127.0.0.1 is in use")


def test_other_machines_are_refused_unless_they_are_allowed(run, wrong):
    said = run(str(wrong), "--host", "0.0.0.0")

    assert said.exit_code == 4
    assert said.stderr.startswith("reportgen[RG802]: ")
    # --expose alone exposes nothing, and a folder needs a site.
    assert run(str(wrong), "--expose").exit_code == run(".").exit_code == 2


def test_what_is_exposed_is_warned_of(run, wrong, monkeypatch, caplog):
    monkeypatch.setattr(
        "reportgen.companions.serve.serve", lambda source, ready, **options: ready("http://localhost:1/")
    )

    said = run(str(wrong), "--host", "0.0.0.0", "--expose")

    assert said.stdout == "http://localhost:1/\n"
    assert [(record.code, record.getMessage()) for record in caplog.records] == [
        ("RG802", "everyone who can reach 0.0.0.0 can read this preview")
    ]


@pytest.mark.timeout(60)
def test_any_address_of_this_machine_alone_can_be_chosen(serve, wrong):
    process, address = serve(wrong, "--host", "127.3.2.1")

    assert urlsplit(address).hostname == "127.3.2.1"
    assert ask(address, "/")[0] == 503
    assert ask(address, "/", host="evil.example")[0] == 403
    assert end(process)[0] == 130


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
