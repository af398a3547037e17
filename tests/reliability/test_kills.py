"""Builds that are killed at any moment: the same command then does the rest, and nothing shows."""

import pytest
from reliability.builds import Counted, chance, command, left_behind, tree
from soak import count

pytestmark = pytest.mark.timeout(3600)  # of a soak

TRAINED = {"REPORTGEN_STUB_TRAINED": "trained"}


def test_a_build_that_was_killed_goes_on_where_it_was(sites, server, place):
    random, counted = chance("kills"), Counted("builds killed at a random time")
    i = 0
    while counted.done < count(8, 180):
        i += 1
        # An empty store, one of what the old site needed, one of all that the new one needs; a site to replace or none.
        store, site = random.choice([("old", "old"), ("old", None), (None, "old"), ("new", "old")])
        after = random.uniform(0, sites.seconds[which := "warm" if store == "new" else "cold"])
        with counted.trying(f"{i}: store {store}, site {site}, after {after:.3f} s"):
            folder = sites.place(place, store=store, site=site)
            build = server.start(command(), folder, env=TRAINED)
            build.sleep_until(after)
            build.kill_group()
            build.wait()
            if not sites.was_in_time(build, which):
                counted.done -= 1
                continue
            if site and (folder / "out").exists():
                counted.note(f"left the {sites.is_whole(folder / 'out')} site")

            again = server.run(command(), folder, env=TRAINED)

            assert again.code == 0, again.errors
            assert tree(folder / "out") == sites.new
            assert left_behind(folder / "out") == []
            _at_most_one_job_twice(folder)
    counted.settle()


def _at_most_one_job_twice(folder):
    note = folder / "trained"
    jobs = note.read_text("utf-8").splitlines() if note.exists() else []
    twice = [
        line for k, line in enumerate(jobs) if set(line.split()) & {name for one in jobs[:k] for name in one.split()}
    ]
    assert len(twice) <= 1, f"{len(twice)} jobs were done twice"
