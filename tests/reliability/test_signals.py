"""Ctrl-C and SIGTERM at any moment: an end that says what to do, and nothing is lost."""

import signal
import time
from pathlib import Path

import pytest
from reliability.builds import Counted, chance, command, left_behind, tree
from soak import count

TOLD = {
    signal.SIGINT: (130, "reportgen: interrupted; run again to resume\n"),
    signal.SIGTERM: (143, "reportgen: terminated; run again to resume\n"),
}
PATIENCE = 30
"""Seconds after which a build that was told to end has hung."""


@pytest.mark.parametrize("sent", TOLD, ids=lambda sent: sent.name)
def test_one_signal_ends_a_build_that_can_be_resumed(sites, server, place, sent):
    random, counted = chance(sent.name), Counted(f"builds that {sent.name} ended")
    i = 0
    while counted.done < count(2, 30):
        i += 1
        after = random.uniform(0, sites.seconds["cold"])
        with counted.trying(f"{i}: after {after:.3f} s"):
            sites.place(place)
            build = server.start(command(), place)
            _wait_until(build, listening=True)
            build.sleep_until(after)
            build.send(sent)
            build.wait(PATIENCE)
            if not sites.was_in_time(build, "cold"):
                counted.done -= 1
                continue
            if build.code == -sent:
                counted.note("not yet or no longer at work")
                assert build.errors == ""
                assert tree(place / "out") in (sites.old, sites.new)
            else:
                assert (build.code, build.errors) == TOLD[sent]
            counted.note(f"left the {sites.is_whole(place / 'out')} site")
            assert left_behind(place) == []

            sites.finish(place)
    counted.settle()


@pytest.mark.parametrize("sent", TOLD, ids=lambda sent: sent.name)
def test_a_second_signal_ends_it_at_once(sites, server, place, sent):
    """The build is busy with something that takes no notice of the first one."""
    random, counted = chance(f"twice {sent.name}"), Counted(f"builds that {sent.name} ended at the second time")
    for i in range(count(1, 20)):
        with counted.trying(i):
            sites.place(place)
            build = server.start(command(), place, env={"REPORTGEN_STUB_STUCK": "stuck"})
            while not (place / "stuck").exists():
                assert build.code is None, build.errors
                time.sleep(0.001)
            build.send(sent)
            # Two signals that arrive before the first is handled are one to a process.
            _wait_until(build, listening=False)
            time.sleep(random.uniform(0, 0.1))
            assert build.code is None, build.errors
            build.send(sent)
            assert build.wait(PATIENCE) == -sent
            counted.note(f"left the {sites.is_whole(place / 'out')} site")

            sites.finish(place)
    counted.settle()


def _wait_until(build, *, listening):
    """Wait until the program handles signals itself, or has handled one; before that it has nothing to end in order.

    It handles SIGTERM last. Python itself handles SIGINT from the start, so that tells nothing.
    """
    status, end = Path(f"/proc/{build.pid}/status"), time.monotonic() + PATIENCE
    while status.exists() and time.monotonic() < end:
        caught = next(line for line in status.read_text("ascii").splitlines() if line.startswith("SigCgt:"))
        if bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1) == listening:
            return
        time.sleep(0.001)
