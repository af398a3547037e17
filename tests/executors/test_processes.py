"""Worker processes that are killed, and those whose parent is."""

import logging
import math
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from reportgen.errors import MachineError
from reportgen.executors import executors


def kill_once(marker: Path):
    """Dies the first time."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def test_a_job_whose_worker_was_killed_is_done_again(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "reportgen"), executors["processes"]() as workers:
        assert workers.submit(kill_once, tmp_path / "marker").result(60) == "done"

    (said,) = caplog.records
    assert said.getMessage() == "a worker process was killed by SIGKILL; its job starts again"
    assert said.code == "RG302"


def kill_always():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_job_that_kills_twice_fails_and_the_others_are_done():
    with executors["processes"]() as workers:
        jobs = [workers.submit(*job) for job in [(math.sqrt, 4), (kill_always,), (math.sqrt, 9), (kill_always,)]]
        results = [job.exception(60) or job.result() for job in jobs]

    assert results[0::2] == [2, 3]
    for error in results[1::2]:
        assert type(error) is MachineError
        assert error.code == "RG302"
        assert "memory ran out" in str(error)


def run(script: str, folder: Path, **options):
    file = folder / "script.py"
    file.write_text(textwrap.dedent(script))
    return subprocess.Popen(
        [sys.executable, file], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, **options
    )


@pytest.mark.parametrize("name", ["processes", "dask"])
def test_workers_end_when_their_parent_is_killed(tmp_path, name):
    program = run(
        f"""\
        import multiprocessing, os, time
        from reportgen.executors import executors

        if __name__ == "__main__":
            workers = executors["{name}"]()
            for _ in range(8):
                workers.submit(
                    exec, "import time\\nwhile True: print(time.time(), file=open('beat', 'w')), time.sleep(.01)"
                )
            while not os.path.exists("beat"):
                time.sleep(0.05)
            time.sleep(1)
            print(*[child.pid for child in multiprocessing.active_children()], flush=True)
            time.sleep(300)
        """,
        tmp_path,
        start_new_session=True,
    )
    workers = [int(pid) for pid in program.stdout.readline().split()]
    assert len(workers) >= 2
    assert (tmp_path / "beat").exists()

    program.kill()
    wait_until_gone(*workers)
    program.communicate(timeout=10)
    seen = (tmp_path / "beat").read_text()
    time.sleep(1)

    assert (tmp_path / "beat").read_text() == seen


def wait_until_gone(*pids, patience=30):
    """Wait for processes to end; fail if one hangs."""
    end = time.monotonic() + patience
    while any(map(alive, pids)):
        assert time.monotonic() < end, f"still there after {patience} s"
        time.sleep(0.02)


def alive(pid):
    """Whether a process runs; one that nobody has collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_ctrl_c_at_a_terminal_is_for_the_parent_to_decide(tmp_path):
    program = run(
        """\
        import os, signal, time
        from reportgen.executors import executors

        if __name__ == "__main__":
            signal.signal(signal.SIGINT, lambda *_: None)
            with executors["processes"]() as workers:
                jobs = [workers.submit(time.sleep, 1.0) for _ in range(2)]
                for _ in range(5):
                    time.sleep(0.1)
                    os.killpg(0, signal.SIGINT)  # what a terminal does: some of them arrive while workers start
                print([job.result() for job in jobs])
        """,
        tmp_path,
        start_new_session=True,
    )

    assert program.communicate(timeout=60) == ("[None, None]\n", "")


def test_a_script_without_a_guard_is_not_run_again_in_each_process(tmp_path):
    program = run(
        """\
        print("started")
        import math
        from reportgen.executors import executors

        with executors["processes"]() as workers:
            print(sorted(workers.map(math.sqrt, [4, 9])))
        """,
        tmp_path,
    )

    assert program.communicate(timeout=120) == ("started\n[2.0, 3.0]\n", "")
    assert program.returncode == 0
