"""Entries of the store that are damaged in any way are made again, with one warning, and nothing shows in the site."""

import shutil

from reliability.builds import Counted, chance, command, tree
from soak import count

from reportgen.store.housekeeping import damaged_entries


def test_damaged_entries_are_made_again(sites, server, place):
    """Each build finds many; what is counted is the entries that it found damaged and made again."""
    random, counted = chance("damage"), Counted("damaged entries of the store")
    of_the_old_site = tree(sites.folder / "store-old")
    whole = {name: entry for name, entry in tree(sites.folder / "store-new").items() if name not in of_the_old_site}
    builds = 0
    while counted.done < count(30, 1_000):
        builds += 1
        shutil.rmtree(place, ignore_errors=True)
        sites.place(place, store="new", site=None)
        share = random.choice([0.0, 0.3, 1.0])
        # A section is always read, so at least one is found.
        spoilt = {name for name in whole if random.random() < share}
        spoilt.add(random.choice([name for name in whole if name.endswith(".section")]))
        how = {name: _spoil(random, place / "store" / name, whole) for name in sorted(spoilt)}
        noticed = {str(entry.path.relative_to(place / "store")) for entry, _ in damaged_entries(place / "store")}

        build = server.run(command(), place)

        after = tree(place / "store")
        made_again = [name for name in spoilt if after.get(name) == whole[name]]
        for name in spoilt:
            # What is a whole run under another's name only who asks for that run can tell.
            exchanged = name.endswith(".trajectory") and how[name].endswith(".trajectory")
            if name in made_again or not (name in noticed or exchanged):
                with counted.trying(f"{name} {how[name]}"):
                    assert name in noticed or exchanged, "it is taken for undamaged"
                    assert build.code == 0, build.errors
                    assert [line.split(":")[0] for line in build.errors.splitlines()] == ["reportgen[RG101]"]
                    assert tree(place / "out") == sites.new
            else:
                counted.note("more that no build needed")
        assert made_again, build.errors
    counted.note(f"builds that found them: {builds}")
    counted.settle()


def _spoil(random, path, whole):
    """Damage one entry, and say how."""
    content = path.read_bytes()
    way = random.choice(["bit", "cut", "swap", "longer", "zeros"])
    if way == "bit":
        at, bit = random.randrange(len(content)), random.randrange(8)
        spoilt = content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]
        way = f"bit {bit} of byte {at}"
    elif way == "cut":
        at = random.randrange(len(content))
        spoilt, way = content[:at], f"cut at {at}"
    elif way == "swap":
        other = random.choice([name for name in whole if whole[name] != content])
        spoilt, way = whole[other], f"what is in {other}"
    elif way == "longer":
        spoilt = content + random.randbytes(random.randrange(1, 100))
    else:
        at = random.randrange(len(content) - 1)
        spoilt, way = content[:at] + bytes(len(content) - at), f"zeros from {at}"
    path.write_bytes(spoilt)
    return way
