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
import types

import pytest

from reportgen.errors import ExperimentError, MachineError, RefusedError
from reportgen.executors import dask, executors
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
        "",
        "scheduler.example:8786",
        "tls://scheduler.example",
        "tls://scheduler.example:0",
        "tls://scheduler.example:99999",
        "tls://user:word@scheduler.example:8786",
        "tcp://127.0.0.1@evil.example:8786",
        "tcp://127.0.0.1:8786/path",
        "tcp://127.0.0.1:8786\n",
        "ws://127.0.0.1:8786",
        "inproc://127.0.0.1/1/1",
        "TCP://10.0.0.5:8786",
    ):
        for insecure in (False, True):
            with pytest.raises(ExperimentError, match="the address of a scheduler must be like"):
                executors["dask"](address, insecure=insecure)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)

    with pytest.raises(MachineError) as caught:
        executors["dask"]()

    assert "pip install distributed cryptography" in str(caught.value)


def test_dask_is_imported_only_when_used():
    script = (
        "import sys; from reportgen.executors import executors; executors['dask']; "
        "assert not {'distributed', 'dask'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


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


def kill_worker():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_job_that_kills_its_workers_fails_and_the_others_are_done(workers):
    others = [workers.submit(math.sqrt, number) for number in (4, 9)]
    error = workers.submit(kill_worker).exception(60)

    assert type(error) is MachineError
    assert error.code == "RG302"
    assert [job.result() for job in others] == [2, 3]
    assert workers.submit(math.sqrt, 16).result(60) == 4


def test_a_bad_answer_is_asked_of_another_worker(workers):
    first = workers.submit(os.getpid)
    pid = first.result()

    assert {workers.resubmit(first, os.getpid).result() for _ in range(6)}.isdisjoint({pid})


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


def test_nothing_is_said_on_standard_error_even_when_workers_are_killed():
    script = """
import math, os
from reportgen.executors import executors

if __name__ == "__main__":
    with executors["dask"]() as workers:
        print(workers.submit(math.sqrt, 4).result())
        workers.submit(os.write, 2, b"the noise of a worker").result()
        error = workers.submit(eval, "__import__('os').kill(__import__('os').getpid(), 9)").exception()
        print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=100)

    assert (done.stdout, done.stderr) == ("2.0\nMachineError\n", "")


@pytest.mark.timeout(120)
def test_a_scheduler_that_cannot_be_reached_is_given_up():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        workers = executors["dask"](address)
        with pytest.raises(MachineError) as caught:
            workers.submit(math.sqrt, 4)

    assert str(caught.value).startswith(f"cannot reach the Dask scheduler {address}: ")
    assert "\n" not in str(caught.value)


def test_tls_without_certificates_says_which_settings_are_missing(monkeypatch):
    with pytest.raises(MachineError) as caught:
        executors["dask"]("tls://127.0.0.1:9").submit(math.sqrt, 4)

    assert "DASK_DISTRIBUTED__COMM__TLS__CA_FILE" in str(caught.value)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Files of a certificate authority of our own and of one certificate for all, and of one that is not from it."""
    folder = tmp_path_factory.mktemp("tls")
    openssl = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    for name in ("ca", "stranger"):
        subprocess.run(
            [*openssl, "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"],
            check=True,
            capture_output=True,
        )
    signed = ["-CA", folder / "ca.pem", "-CAkey", folder / "ca.key"]
    subprocess.run(
        [*openssl, "-subj", "/CN=node", *signed, "-keyout", folder / "node.key", "-out", folder / "node.pem"],
        check=True,
        capture_output=True,
    )
    return folder


def settings(folder, cert):
    named = {"CA_FILE": folder / "ca.pem"}
    for role in ("SCHEDULER", "WORKER", "CLIENT"):
        named |= {f"{role}__CERT": folder / f"{cert}.pem", f"{role}__KEY": folder / f"{cert}.key"}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": str(path) for name, path in named.items()}


@pytest.fixture
def cluster(certificates):
    """A scheduler and two workers over TLS, each a program of its own, and the scheduler's address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tls://127.0.0.1:{free.getsockname()[1]}"
    environment = os.environ | settings(certificates, "node")
    command = [sys.executable, "-m", "dask"]
    options = {"env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    port = ["--port", address.rpartition(":")[2]]
    programs = [
        subprocess.Popen(
            [*command, "scheduler", "--protocol", "tls", "--host", "127.0.0.1", *port, "--no-dashboard"],
            **options,
        )
    ]
    programs += [
        subprocess.Popen(
            [*command, "worker", address, "--nthreads", "1", "--host", "127.0.0.1", "--no-dashboard", "--no-nanny"],
            **options,
        )
        for _ in range(2)
    ]
    yield address, programs
    for program in programs:
        program.kill()
        program.wait()


def use(monkeypatch, folder, cert):
    """Dask's settings for this process, which reads its environment only when it is imported."""
    import dask.config

    for name, value in settings(folder, cert).items():
        monkeypatch.setenv(name, value)
    dask.config.refresh()


@pytest.fixture
def settings_afterwards():
    yield
    import dask.config

    dask.config.refresh()


def test_training_over_tls_gives_what_serial_gives(settings_afterwards, cluster, certificates, monkeypatch):
    address, _ = cluster
    use(monkeypatch, certificates, "node")
    with executors["serial"]() as serial, executors["dask"](address) as workers:
        expected = train_elsewhere(serial, RUNS[:3]).result()
        trained = train_elsewhere(workers, RUNS[:3]).result(120)

    assert [trajectory.dump() for trajectory in trained] == [trajectory.dump() for trajectory in expected]


def test_a_stranger_is_not_let_in(settings_afterwards, cluster, certificates, monkeypatch):
    address, _ = cluster
    use(monkeypatch, certificates, "node")
    with executors["dask"](address) as workers:
        assert workers.submit(math.sqrt, 4).result(60) == 2

    use(monkeypatch, certificates, "stranger")
    with pytest.raises(MachineError, match="cannot reach the Dask scheduler"):
        executors["dask"](address).submit(math.sqrt, 4)


def test_a_scheduler_that_dies_ends_the_work_within_seconds(settings_afterwards, cluster, certificates, monkeypatch):
    address, programs = cluster
    use(monkeypatch, certificates, "node")
    with executors["dask"](address) as workers:
        assert workers.submit(math.sqrt, 4).result(60) == 2
        jobs = [workers.submit(time.sleep, 300) for _ in range(4)]
        time.sleep(0.5)

        programs[0].kill()

        errors = [job.exception(15) for job in jobs]
    assert {str(error) for error in errors} == {
        f"lost the Dask scheduler {address}; finished work is stored: run the same command again"
    }
    assert {type(error) for error in errors} == {MachineError}


def test_a_worker_that_does_not_know_what_it_is_asked_is_told_of(workers, monkeypatch):
    only_here = types.ModuleType("only_here")
    exec("def newer(job): ...", vars(only_here))
    monkeypatch.setitem(sys.modules, "only_here", only_here)
    monkeypatch.setattr(dask, "_do", only_here.newer)

    error = workers.submit(math.sqrt, 4).exception(60)

    assert type(error) is RefusedError
    assert str(error).startswith("a worker cannot run a job of this reportgen (")
    assert "only_here" in str(error)
    assert "\n" not in str(error)


def test_a_worker_that_answers_what_no_worker_would_is_told_of(workers, monkeypatch):
    monkeypatch.setattr(dask, "_do", len)

    assert type(workers.submit(math.sqrt, 4).exception(60)) is RefusedError
