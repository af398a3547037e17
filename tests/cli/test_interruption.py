"""A build that is stopped: at once, with one line, and without leaving processes behind."""

import os
import signal
import subprocess
import sys
import time

import pytest

SCRIPT = """\
import sys, time
from concurrent.futures import wait
from reportgen import pipeline
from reportgen.executors import executors

def build(experiment, out, **options):
    with executors["processes"]() as workers:
        print(workers.submit(__import__("os").getpid).result(), flush=True)
        wait([workers.submit(time.sleep, 600)])

pipeline.build = build
sys.argv = ["reportgen", "build", "--progress", "none"]
from reportgen.cli import main
main()
"""


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")],
)
def test_a_signal_ends_the_build_and_its_processes(tmp_path, sent, code, said):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    program = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    worker = int(program.stdout.readline())
    time.sleep(0.3)

    program.send_signal(sent)
    began = time.monotonic()
    _, errors = program.communicate(timeout=30)

    assert time.monotonic() - began < 10
    assert program.returncode == code
    assert errors == f"reportgen: {said}; run again to resume\n"
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)
