"""Several builds at once: on one folder one of them wins and the other says who; one store serves them all."""

import re
import signal
import time
from multiprocessing.connection import wait
from pathlib import Path

from reliability.builds import Counted, chance, command, left_behind, tree
from soak import count


def test_of_two_builds_on_one_folder_one_wins_and_the_other_says_who(sites, server, place):
    random, counted, slowest = chance("pairs"), Counted("pairs of builds on one folder"), 0.0
    for i in range(count(8, 100)):
        store = random.choice(["old", "new"])
        skew = random.uniform(0, 1.1) * random.choice([0.1, 1]) * sites.seconds["cold" if store == "old" else "warm"]
        with counted.trying(f"{i}: store {store}, skew {skew:.3f} s"):
            sites.place(place, store=store)
            first = server.start(command(), place)
            first.sleep_until(skew)
            second = server.start(command(), place)

            wait([first.process.sentinel, second.process.sentinel], 120)
            after = time.monotonic() - second.began
            codes = sorted([first.wait(), second.wait()])

            assert codes in ([0, 6], [0, 0]), first.errors + second.errors
            if codes == [0, 6]:
                winner, loser = (first, second) if first.code == 0 else (second, first)
                counted.note("one was told who builds there")
                slowest = max(slowest, after)
                assert re.fullmatch(rf"reportgen\[RG201\]: .*\(process {winner.pid}, since .*\n", loser.errors)
            else:
                counted.note("one found it done")
            assert tree(place / "out") == sites.new
            assert left_behind(place) == []
    counted.name += f", the loser ended {slowest:.2f} s after its start at most"
    counted.settle()


def test_four_builds_share_a_store(sites, server, place):
    random, counted = chance("fours"), Counted("rounds of four builds with one store")
    for i in range(count(2, 25)):
        with counted.trying(i):
            sites.place(place, store=random.choice(["old", None]), site=None)
            builds = []
            for k in range(4):
                builds.append(server.start(command(out=f"out {k}"), place))
                time.sleep(random.uniform(0, 0.3) * sites.seconds["cold"])

            assert [(build.wait(), build.errors) for build in builds] == [(0, "")] * 4

            assert all(tree(place / f"out {k}") == sites.new for k in range(4))
            # Whoever was the last to write an entry has written what each of them would have.
            assert tree(place / "store").items() <= tree(sites.folder / "store-new").items()
            assert left_behind(place) == []
    counted.settle()


def test_nothing_is_cleared_away_under_a_build(sites, server, place):
    """The build stands still at a random moment, and then goes on."""
    random, counted = chance("clearing"), Counted("clean and cache gc during a build")
    for i in range(count(3, 30)):
        after = random.uniform(0, sites.seconds["cold"])
        with counted.trying(f"{i}: after {after:.3f} s"):
            sites.place(place)
            build = server.start(command(), place)
            build.sleep_until(after)
            build.send(signal.SIGSTOP)
            time.sleep(0.01)
            held = _locked_by(build.pid)
            before = tree(place / "out"), tree(place / "store")
            for folder, clearing in (("out", ["clean", "out"]), ("store", ["cache", "gc", "--cache-dir", "store"])):
                if (place / folder).stat().st_ino in held:
                    other = server.run(clearing, place)
                    assert other.code == 6, other.errors
                    assert f"(process {build.pid}," in other.errors
                    counted.note(f"{clearing[0]} was refused")
            assert (tree(place / "out"), tree(place / "store")) == before
            build.send(signal.SIGCONT)

            assert build.wait() == 0, build.errors

            assert tree(place / "out") == sites.new
    counted.settle()


def _locked_by(pid):
    """Inodes of the folders that a process has locked."""
    with Path("/proc/locks").open(encoding="ascii") as locks:
        lines = [line.split() for line in locks]
    return {int(line[5].rsplit(":", 1)[1]) for line in lines if line[1] == "FLOCK" and int(line[4]) == pid}
