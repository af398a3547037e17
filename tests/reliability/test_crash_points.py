"""A build that is killed at each of the system calls that change what is on disk: always one whole site."""

import pytest
from reliability.builds import Counted, command, left_behind, tree
from reliability.tracing import MAKING, calls_made, check_strace, traced
from soak import FULL, count


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("store", ["new", "old"], ids=["publishing", "everything"])
def test_at_every_crash_point_there_is_one_whole_site_and_the_build_goes_on(sites, server, place, store):
    """With everything stored it is the publication alone; else also the store's own writes."""
    check_strace()
    counted = Counted(f"crash points of {'a publication' if store == 'new' else 'a build with all its work'}")
    sites.place(place, store=store)
    whole, log = traced(server, command(), place, MAKING)
    assert whole.code == 0, whole.errors
    points = [(name, k) for name, k, _ in calls_made(log)]
    assert {name.removesuffix("at") for name, _ in points} >= {"rename", "fsync", "unlink", "mkdir"}
    print(len(points), "points")
    for name, k in _spread(points, len(points) if FULL else count(8, 0) if store == "new" else 5):
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
