"""Ctrl-C and SIGTERM at any moment: an end within seconds that says what to do, and nothing is lost."""

import signal
import time
from pathlib import Path

import pytest
from reliability.builds import Counted, chance, command, left_behind, tree
from soak import count

pytestmark = pytest.mark.timeout(3600)  # of a soak

TOLD = {
    signal.SIGINT: (130, "reportgen: interrupted; run again to resume\n"),
    signal.SIGTERM: (143, "reportgen: terminated; run again to resume\n"),
}


@pytest.mark.parametrize("sent", TOLD, ids=lambda sent: sent.name)
def test_one_signal_ends_a_build_that_can_be_resumed(sites, server, place, sent):
    random, counted = chance(sent.name), Counted(f"builds that {sent.name} ended")
    code, told = TOLD[sent]
    i = 0
    while counted.done < count(2, 50):
        i += 1
        after = random.uniform(0, sites.seconds["cold"])
        with counted.trying(f"{i}: after {after:.3f} s"):
            sites.place(place)
            build = server.start(command(), place)
            _wait_until_it_listens(build, sent)
            build.sleep_until(after)
            build.send(sent)
            began = time.monotonic()
            build.wait()
            if not sites.was_in_time(build, "cold"):
                counted.done -= 1
                continue
            if build.code == -sent:
                counted.note("not yet or no longer at work")
                assert build.errors == ""
                assert tree(place / "out") in (sites.old, sites.new)
            else:
                assert (build.code, build.errors) == (code, told)
                assert time.monotonic() - began < 5
            counted.note(f"left the {sites.is_whole(place / 'out')} site")
            assert left_behind(place) == []

            again = server.run(command(), place)

            assert again.code == 0, again.errors
            assert tree(place / "out") == sites.new
    counted.settle()


@pytest.mark.parametrize("sent", TOLD, ids=lambda sent: sent.name)
def test_a_second_signal_ends_it_at_once(sites, server, place, sent):
    """The build is busy with something that takes no notice of the first one."""
    random, counted = chance(f"twice {sent.name}"), Counted(f"builds that {sent.name} ended at the second time")
    for i in range(count(1, 50)):
        with counted.trying(i):
            sites.place(place)
            build = server.start(command(), place, env={"REPORTGEN_STUB_STUCK": "stuck"})
            while not (place / "stuck").exists():
                server.wait(build, 0)
                assert build.code is None, build.errors
                time.sleep(0.001)
            build.send(sent)
            time.sleep(random.uniform(0.05, 0.2))
            server.wait(build, 0)
            assert build.code is None, build.errors
            build.send(sent)
            began = time.monotonic()
            assert build.wait() == -sent
            assert time.monotonic() - began < 2
            counted.note(f"left the {sites.is_whole(place / 'out')} site")

            again = server.run(command(), place)

            assert again.code == 0, again.errors
            assert tree(place / "out") == sites.new
            assert left_behind(place / "out") == []
    counted.settle()


def _wait_until_it_listens(build, number):
    """Until the program has its own way with a signal; before that it has nothing to end in good order."""
    status = Path(f"/proc/{build.pid}/status")
    while status.exists():
        caught = next(line for line in status.read_text("ascii").splitlines() if line.startswith("SigCgt:"))
        if int(caught.split()[1], 16) >> (number - 1) & 1:
            return
        time.sleep(0.001)
