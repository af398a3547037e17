"""Builds that are killed at any moment: always one whole site, and the same command then does the rest."""

import pytest
from reliability.builds import Counted, chance, command
from reliability.tracing import MAKING, calls_made, check_strace, traced
from soak import count

TRAINED = {"REPORTGEN_STUB_TRAINED": "trained"}


def test_a_build_that_was_killed_goes_on_where_it_was(sites, server, place):
    random, counted = chance("kills"), Counted("builds killed at a random time")
    i = 0
    while counted.done < count(4, 100):
        i += 1
        # An empty store, one of what the old site needed, one of all that the new one needs; a site to replace or none.
        store, site = random.choice([("old", "old"), ("old", None), (None, "old"), ("new", "old")])
        after = random.uniform(0, sites.seconds[which := "warm" if store == "new" else "cold"])
        with counted.trying(f"{i}: store {store}, site {site}, after {after:.3f} s"):
            sites.place(place, store=store, site=site)
            build = server.start(command(), place, env=TRAINED)
            build.sleep_until(after)
            build.kill_group()
            build.wait()
            if not sites.was_in_time(build, which):
                counted.done -= 1
                continue
            if site:
                counted.note(f"left the {sites.is_whole(place / 'out')} site")

            sites.finish(place, env=TRAINED)

            _at_most_one_job_twice(place)
    counted.settle()


def _at_most_one_job_twice(folder):
    note = folder / "trained"
    jobs = note.read_text("utf-8").splitlines() if note.exists() else []
    twice = [
        line for k, line in enumerate(jobs) if set(line.split()) & {name for one in jobs[:k] for name in one.split()}
    ]
    assert len(twice) <= 1, f"{len(twice)} jobs were done twice"


@pytest.mark.parametrize("part", ["out", "store"])
def test_killed_at_a_call_that_changes_the_disk_it_leaves_one_whole_site(sites, server, place, part):
    """With everything stored a build has only to publish; with nothing of it stored it writes into the store first."""
    check_strace()
    store = "new" if part == "out" else "old"
    counted = Counted(f"crash points of {'a publication' if part == 'out' else 'the store'}")
    sites.place(place, store=store)
    whole, log = traced(server, command(), place, MAKING)
    assert whole.code == 0, whole.errors
    points = [(name, k) for name, k, line in calls_made(log) if part in line.replace(str(place), "")]
    assert {name for name, _ in points} >= ({"renameat", "mkdir"} if part == "store" else {"renameat", "fsync"})
    # Evenly, the first and the last among them.
    last, some = len(points) - 1, count(4 if part == "out" else 3, len(points))
    for name, k in [points[round(i * last / (some - 1))] for i in range(some)]:
        with counted.trying(f"{name} {k}"):
            sites.place(place, store=store)

            crashed, _ = traced(server, command(), place, MAKING, f"{name}:signal=KILL:when={k}")

            assert crashed.code == -9, "it came to its end"
            counted.note(f"left the {sites.is_whole(place / 'out')} site")
            sites.finish(place)
    counted.settle()
