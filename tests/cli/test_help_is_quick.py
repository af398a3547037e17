import subprocess
import sys
import time


def seconds(*arguments):
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


def test_help_comes_at_once():
    """0.15 s on a quiet machine. A test machine is not one: what Python itself takes is measured beside it."""
    alone = min(seconds("-c", "pass") for _ in range(5))
    helped = min(seconds("-m", "reportgen", "--help") for _ in range(5))

    assert helped < 0.15 or helped < 12 * alone
