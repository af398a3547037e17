"""A Dask cluster: addresses, workers that are killed, schedulers that go away, certificates."""

import contextlib
import math
import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from reportgen.errors import ExperimentError, MachineError, RefusedError
from reportgen.executors import executors
from reportgen.store import remote
from reportgen.store.remote import train_elsewhere
from reportgen.training.run import Recording, Run, Training

KILLS = 2

RUNS = [Run(training=Training(epochs=5), recording=Recording(every=20), init_seed=seed) for seed in range(12)]


@pytest.fixture
def no_connections(monkeypatch):
    def refuse(*_):
        raise AssertionError("it tried to connect")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def test_tcp_to_other_machines_is_refused_before_anything_is_connected(no_connections, messages):
    for host in (
        *("10.0.0.5", "scheduler.example", "0.0.0.0", "[::]", "[2001:db8::1]", "127.0.0.1.example.com"),
        *("localhost.example.com", "2130706433", "127.1", "169.254.169.254"),
    ):
        with pytest.raises(RefusedError) as caught:
            executors["dask"](f"tcp://{host}:8786")

        assert caught.value.code == "RG951", host
        executors["dask"](f"tcp://{host}:8786", insecure=True).shutdown()
    messages(caught.value)
    for address in ("tls://scheduler.example", "tcp://127.0.0.1", "tcp://localhost", "tcp://[::1]"):
        executors["dask"](f"{address}:8786").shutdown()


def test_what_is_no_address_is_a_mistake(no_connections):
    for address in (
        *(
            "",
            "scheduler.example:8786",
            "tls://scheduler.example",
            "tls://scheduler.example:99999",
            "ws://127.0.0.1:8786",
        ),
        *("tls://user:word@scheduler.example:8786", "tcp://127.0.0.1@evil.example:8786", "tcp://127.0.0.1:8786/path"),
        *("tcp://127.0.0.1:8786\n", "TCP://10.0.0.5:8786"),
    ):
        for insecure in (False, True):
            with pytest.raises(ExperimentError, match="the address of a scheduler must be like"):
                executors["dask"](address, insecure=insecure)


@pytest.fixture
def workers():
    with executors["dask"]() as pool:
        yield pool


def workers_of(pool):
    """Process ids of a local cluster's workers, without asking the cluster, which may be busy replacing them."""
    return [child.pid for child in multiprocessing.active_children() if "Dask Worker" in child.name]


def test_workers_killed_while_they_train_change_nothing(workers):
    with executors["serial"]() as serial:
        expected = [trajectory.dump() for trajectory in train_elsewhere(serial, RUNS).result()]
    rng = random.Random(7)
    workers.submit(math.sqrt, 4).result()
    stop = threading.Event()
    killed = []

    def kill():
        while not stop.wait(rng.uniform(1.5, 2.5)) and len(killed) < KILLS:
            with contextlib.suppress(ProcessLookupError, IndexError):
                killed.append(rng.choice(workers_of(workers)))
                os.kill(killed[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    trained = [train_elsewhere(workers, RUNS[i : i + 2]) for i in range(0, len(RUNS), 2)]
    got = [trajectory.dump() for job in trained for trajectory in job.result(240)]
    stop.set()
    killer.join()

    assert killed
    assert got == expected


def test_a_worker_with_other_versions_refuses(workers, monkeypatch):
    here = remote.versions()
    monkeypatch.setattr(remote, "versions", lambda: {**here, "tensorflow": "9.9"})

    error = train_elsewhere(workers, RUNS[:1]).exception(60)

    assert type(error) is RefusedError
    assert f"tensorflow {here['tensorflow']}, code epoch" in str(error)
    assert "this machine has reportgen" in str(error)
    assert "tensorflow 9.9" in str(error)


def test_a_cluster_of_our_own_listens_on_loopback_and_only_to_its_own_key(workers):
    workers.submit(math.sqrt, 4).result()
    address = workers._cluster.scheduler_address
    assert address.startswith("tls://127.0.0.1:")

    import distributed

    with pytest.raises(OSError, match=r"."):
        distributed.Client(address, security=distributed.Security.temporary(), timeout=2)
    ours = {str(pid) for pid in [os.getpid(), *workers_of(workers)]}
    listening = [
        line for line in subprocess.check_output(["ss", "-Hltnp"], text=True).splitlines() if _owner(line) & ours
    ]
    assert len(listening) >= 3
    assert {line.split()[3].rpartition(":")[0] for line in listening} == {"127.0.0.1"}


def _owner(line):
    return {part.split(",")[0] for part in line.split("pid=")[1:]}


def settings(folder, cert):
    named = {"CA_FILE": folder / "ca.pem"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        named |= {f"{role}__CERT": folder / f"{cert}.pem", f"{role}__KEY": folder / f"{cert}.key"}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(path) for name, path in named.items()}


@pytest.fixture
def cluster(tmp_path):
    """A scheduler and two workers over TLS, each a program of its own: the scheduler's address, and the programs.

    In `tmp_path` are the certificates `ca`, of an authority, `node`, from it and for all, and `stranger`, not from it.
    """
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    signed = ["-CA", "ca.pem", "-CAkey", "ca.key"]
    for name, more in {"ca": [], "stranger": [], "node": signed}.items():
        files = ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        call = [*openssl, "-subj", f"/CN={name}", *more, *files]
        subprocess.run(call, check=True, capture_output=True, cwd=tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = f"tls://127.0.0.1:{port}"
    here = ["--host", "127.0.0.1", "--no-dashboard"]
    worker = ["worker", address, "--nthreads", "1", "--no-nanny", *here]
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    programs = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments], env=os.environ | settings(tmp_path, "node"), **options
        )
        for arguments in (["scheduler", "--protocol", "tls", "--port", port, *here], worker, worker)
    ]
    yield address, programs
    for program in programs:
        program.kill()
        program.wait()


@pytest.fixture
def identify(tmp_path, monkeypatch):
    """Sets which certificate this process has; Dask reads its environment only when it is imported."""
    import dask.config

    def identify(cert):
        for name, value in settings(tmp_path, cert).items():
            monkeypatch.setenv(name, value)
        dask.config.refresh()

    yield identify
    monkeypatch.undo()
    dask.config.refresh()


def test_over_tls_training_is_that_of_serial_strangers_stay_out_and_a_dead_scheduler_ends_the_work(cluster, identify):
    address, programs = cluster
    with executors["serial"]() as serial:
        expected = train_elsewhere(serial, RUNS[:3]).result()
    identify("node")
    with executors["dask"](address) as workers:
        trained = train_elsewhere(workers, RUNS[:3]).result(120)
    assert [trajectory.dump() for trajectory in trained] == [trajectory.dump() for trajectory in expected]

    identify("stranger")
    with pytest.raises(MachineError, match="cannot reach the Dask scheduler"):
        executors["dask"](address).submit(math.sqrt, 4)

    identify("node")
    with executors["dask"](address) as workers:
        assert workers.submit(math.sqrt, 4).result(60) == 2
        jobs = [workers.submit(time.sleep, 300) for _ in range(4)]
        time.sleep(0.5)
        programs[0].kill()
        errors = [job.exception(60) for job in jobs]
    lost = f"lost the Dask scheduler {address}; finished work is stored: run the same command again"
    assert {(type(error), str(error)) for error in errors} == {(MachineError, lost)}
