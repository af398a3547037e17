"""A build that is killed at each of the system calls that change what is on disk: always one whole site."""

import pytest
from reliability.builds import Counted, command, left_behind, tree
from reliability.tracing import MAKING, calls_made, check_strace, traced
from soak import count

pytestmark = pytest.mark.timeout(3600)  # of a soak


@pytest.mark.parametrize("part", ["out", "store"])
def test_at_every_crash_point_there_is_one_whole_site_and_the_build_goes_on(sites, server, place, part):
    """With everything stored a build has only to publish; with nothing of it stored it writes into the store first."""
    check_strace()
    store = "new" if part == "out" else "old"
    counted = Counted(f"crash points of {'a publication' if part == 'out' else 'the store'}")
    sites.place(place, store=store)
    whole, log = traced(server, command(), place, MAKING)
    assert whole.code == 0, whole.errors
    points = [(name, k) for name, k, line in calls_made(log) if part in line.replace(str(place), "")]
    assert {name for name, _ in points} >= ({"renameat", "mkdir"} if part == "store" else {*MAKING[1:2], "fsync"})
    for name, k in _spread(points, count(8 if part == "out" else 4, len(points))):
        with counted.trying(f"{name} {k}"):
            sites.place(place, store=store)

            crashed, _ = traced(server, command(), place, MAKING, f"{name}:signal=KILL:when={k}")

            assert crashed.code == -9, "it came to its end"
            counted.note(f"left the {sites.is_whole(place / 'out')} site")
            again = server.run(command(), place)
            assert again.code == 0, again.errors
            assert tree(place / "out") == sites.new
            assert left_behind(place / "out") == []
    counted.settle()


def _spread(points, some):
    """`some` of the points, evenly, the first and the last among them."""
    return [points[round(i * (len(points) - 1) / max(some - 1, 1))] for i in range(some)]
