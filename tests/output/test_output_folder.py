import ctypes
import errno
import hashlib
import itertools
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from outputs import HERE, MADE_FROM, NEW, OLD, broken, everything, publish, temporaries
from soak import FULL, count, record, seed

from reportgen.errors import MachineError, RefusedError, ReportgenError
from reportgen.output import manifest, output_folder
from reportgen.output.manifest import Manifest

CALLS = ["renameat", "fsync", "unlinkat", "mkdirat", "rename", "renameat2", "fdatasync", "unlink", "rmdir", "mkdir"]


@pytest.fixture
def out(tmp_path):
    publish(tmp_path / "out", "old")
    return tmp_path / "out"


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """What the new site is where nothing went wrong."""
    folder = tmp_path_factory.mktemp("alone")
    publish(folder, "new")
    return everything(folder)


def stats(folder):
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in (folder, *folder.rglob("*"))}


def test_a_site_is_current_if_it_was_made_from_the_same_and_is_unchanged(out):
    def current(version):
        with output_folder.claim(out, {}) as place:
            return place.is_current(MADE_FROM[version])

    before = stats(out)
    assert (current("old"), current("new")) == (True, False)
    assert stats(out) == before
    for name in OLD:
        content = (out / name).read_bytes()
        (out / name).write_bytes(content + b" ")
        assert not current("old")
        (out / name).unlink()
        assert not current("old")
        (out / name).write_bytes(content)
    assert current("old")


def test_an_edited_file_is_kept_with_a_warning_until_it_shall_be_overwritten(tmp_path, alone, caplog, subtests):
    for name in sorted(OLD):
        out = tmp_path / name.replace("/", "-")
        publish(out, "old")
        with subtests.test(name):
            (out / name).write_bytes(OLD[name] + b"mine")
            for _ in range(2):
                caplog.clear()
                publish(out, "new")
                (warning,) = caplog.records
                assert (warning.code, warning.levelname) == ("RG007", "WARNING")
                assert str(out / name) in warning.getMessage()
                assert ("--overwrite-edited" in warning.getMessage()) >= (name in NEW)
                assert (out / name).read_bytes() == OLD[name] + b"mine"

            publish(out, "new", overwrite_edited=True)
            if name not in NEW:  # nothing would take its place
                assert (out / name).read_bytes() == OLD[name] + b"mine"
                (out / name).unlink()
                publish(out, "new")
            caplog.clear()
            publish(out, "new")
            assert caplog.records == []
            left = everything(out)
            assert {name: content for name, content in left.items() if content is not None or name in alone} == alone


def test_a_page_that_was_edited_keeps_what_it_shows(tmp_path):
    for i, name in enumerate(("index.html", "embed/weights.html")):
        out = tmp_path / str(i)
        publish(out, "old")
        (out / name).write_bytes(OLD[name] + b"<p>mine")

        publish(out, "new")

        assert [link for link in broken(out) if link.startswith(f"{Path(name).name} -> ")] == []
        assert {f for f in OLD if f.startswith("media/")} <= everything(out).keys()


def test_a_new_file_does_not_take_the_place_of_a_strangers(out):
    (out / "data" / "new.csv").write_bytes(b"mine")
    before = everything(out)

    for options in ({}, {"overwrite_edited": True}, {"adopt": True}):
        with pytest.raises(RefusedError) as caught:
            publish(out, "new", **options)
        assert caught.value.code == "RG006"
        assert str(out / "data" / "new.csv") in str(caught.value)
        assert everything(out) == before


def test_adopting_adds_to_a_folder_of_strangers_and_deletes_nothing(tmp_path):
    strangers = {"thesis.tex": b"1", "data/mine.csv": b"2", "results.json": NEW["results.json"]}
    for name, content in strangers.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)

    publish(tmp_path, "new", adopt=True)

    assert everything(tmp_path).items() >= {**NEW, **strangers}.items()
    publish(tmp_path, "old")
    assert everything(tmp_path).items() >= {**OLD, "thesis.tex": b"1", "data/mine.csv": b"2"}.items()


def test_a_link_inside_the_output_is_refused_and_not_followed(tmp_path, subtests):
    added = next(name for name in NEW if name.startswith("media/new"))
    places = "media", "embed", "data", "old/deep", "index.html", added, manifest.NAME
    for i, (place, target) in enumerate(itertools.product(places, ("full", "empty", "nowhere"))):
        base = tmp_path / str(i)
        out, canary = base / "out", base / "full"
        publish(out, "old")
        if (out / place).is_dir():
            shutil.move(out / place, canary)
        else:
            canary.write_bytes((out / place).read_bytes() if (out / place).exists() else NEW[place])
            (out / place).unlink(missing_ok=True)
        (base / "empty").mkdir()
        (out / place).symlink_to(base / target)
        before = everything(base)
        for do in (lambda out: publish(out, "new"), output_folder.clean):
            if do == output_folder.clean and place == added:
                continue  # it is not ours to clean
            with subtests.test(place=place, target=target):
                with pytest.raises(RefusedError) as caught:
                    do(out)
                assert caught.value.code == "RG008"
                assert everything(base) == before


def exchange(first: Path, second: Path) -> None:
    """Swap two names in one step."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(-100, os.fsencode(first), -100, os.fsencode(second), 2):
        raise OSError(ctypes.get_errno(), "renameat2")


def test_a_link_that_is_swapped_in_meanwhile_is_not_followed(tmp_path):
    (tmp_path / "canary").mkdir()
    for name in ("weights.html", "weights.gif", "table.csv", "mine.txt"):
        (tmp_path / "canary" / name).write_bytes(OLD.get(f"embed/{name}", b"mine"))
    canary = stats(tmp_path / "canary")
    outcomes = []
    for i in range(races := count(20, 200)):
        out = tmp_path / f"out{i}"
        publish(out, "old")
        (out / "link").symlink_to(tmp_path / "canary")
        swapped = out / ("embed", "data", "media")[i % 3]
        stop = threading.Event()

        def swap(out=out, swapped=swapped, stop=stop):
            while not stop.is_set():
                exchange(out / "link", swapped)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for version in ("new", "old"):
                publish(out, version)
            output_folder.clean(out)
            outcomes.append("done")
        except ReportgenError as error:
            outcomes.append(error.code)
        finally:
            stop.set()
            thread.join()
        if stats(tmp_path / "canary") != canary:
            outcomes[-1] = "followed"
    record("races with a link that is swapped in", races, outcomes.count("followed"), seed)

    assert set(outcomes) <= {"done", "RG007", "RG008"}
    assert stats(tmp_path / "canary") == canary


def hostile(chance: random.Random, good: bytes, canary: Path) -> bytes:
    """A manifest that somebody made, or that was damaged."""
    value = json.loads(good)
    digest = hashlib.sha256(b"mine").hexdigest()
    names = [
        *("../canary", "../../canary", str(canary), "a/../../canary", "./../canary", "media/../../canary", "//canary"),
        *("..", ".", "", "../out/../canary", "canary\0", ".git/config", "mine.txt/", "media", "link", "link/mine"),
        *("\\..\\canary", "mine.txt\n", "\ud800", "x" * 5000, manifest.NAME),
    ]
    match chance.randrange(5):
        case 0:
            place = chance.randrange(len(good))
            return good[:place] + bytes(chance.choices(range(256), k=chance.randrange(4))) + good[place + 1 :]
        case 1:
            return good[: chance.randrange(len(good))]
        case 2:
            value["files"] |= {chance.choice(names): [digest] for _ in range(chance.randint(1, 4))}
        case 3:
            value[chance.choice(["files", "version", "made_from"])] = chance.choice(
                [None, [], {}, "x", 7, {"../canary": [digest]}, {"a": digest}, [["../canary", [digest]]], {"a": [[]]}]
            )
        case 4:
            return good.replace(b'"files": {', b'"files": {"index.html": ["%s"],' % digest.encode(), 1)
    return json.dumps(value).encode()


def test_a_hostile_manifest_deletes_nothing_that_is_not_ours(tmp_path):
    chance = random.Random(seed)
    good = tmp_path / "good"
    publish(good, "old")
    wrong = 0
    for i in range(manifests := count(300, 2_000)):
        out = tmp_path / "a" / "out"
        shutil.copytree(good, out)
        for place in (tmp_path / "canary", tmp_path / "a" / "canary", out / "mine.txt"):
            place.write_bytes(b"mine")
        (out / "link").symlink_to(tmp_path / "a")
        content = hostile(chance, (good / manifest.NAME).read_bytes(), tmp_path / "canary")
        (out / manifest.NAME).write_bytes(content)
        before = everything(tmp_path)
        known = manifest.parse(content)
        try:
            if i % 2:
                output_folder.clean(out)
            else:
                publish(out, "new")
        except RefusedError as error:
            wrong += error.code not in ("RG006", "RG008") or everything(tmp_path) != before
        after = everything(tmp_path)
        for name in before.keys() - after.keys():
            inside = name.removeprefix("a/out/")
            allowed = known and (inside == manifest.NAME or before[name] is None or inside in known.files)
            wrong += not (allowed and name != inside)
        shutil.rmtree(out)
    record("hostile manifests", manifests, wrong, seed)

    assert wrong == 0


NAMES = ["a", "b.html", "media/x", "media/y", "data/deep/z", "index.html", "own"]
contents = st.sampled_from([b"", b"1", b"2"])


@settings(max_examples=count(150, 1_000), deadline=None)
@given(
    tree=st.dictionaries(st.sampled_from(NAMES), contents),
    known=st.dictionaries(st.sampled_from(NAMES), st.lists(contents, min_size=1, max_size=2)),
    wanted=st.none() | st.dictionaries(st.sampled_from(NAMES), contents),
    overwrite=st.booleans(),
)
def test_only_what_the_manifest_lists_with_its_content_is_deleted_or_replaced(tree, known, wanted, overwrite):
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        for name, content in tree.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(content)
        digests = {name: tuple(hashlib.sha256(c).hexdigest() for c in each) for name, each in known.items()}
        (out / manifest.NAME).write_bytes(Manifest(digests, {}).dump())
        refused = False
        if wanted is None:
            deleted = {path.relative_to(out).as_posix() for path in output_folder.clean(out)}
        else:
            try:
                with output_folder.claim(out, {}) as place:
                    place.publish(wanted, {}, overwrite_edited=overwrite)
            except RefusedError:
                refused = True
        after = everything(out)
    ours = {name for name in tree if tree[name] in known.get(name, ())}
    changed = {name for name in tree if after.get(name) != tree[name]}
    if wanted is None:
        assert changed == deleted == ours
    elif refused:
        assert changed == set()
        assert any(name not in known and tree.get(name, content) != content for name, content in wanted.items())
    else:
        assert changed <= ours | (known.keys() & wanted.keys() if overwrite else set())
        assert {name for name in wanted if after[name] != wanted[name]} <= tree.keys() - ours
        assert not {name for name in changed if name not in wanted and tree[name] not in known[name]}


# Interruptions


def strace(out: Path, version: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["strace", "-f", "-qq", "-e", "signal=none", *options, sys.executable, HERE, out, version],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        timeout=60,
    )


needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")


def crossings(log: str) -> list[tuple[str, int]]:
    """Each system call at which a process can be killed, as a name and how often it had been called."""
    names = re.findall(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\(", log, re.MULTILINE)
    return [(name, k) for name in CALLS for k in range(1, names.count(name) + 1)]


@needs_strace
def test_killed_at_any_step_it_leaves_the_old_or_the_new_site_and_is_resumed(tmp_path, alone):
    for before, after in (("old", "new"), (None, "new"), ("new", "clean")):

        def start(before=before) -> Path:
            out = tmp_path / "out"
            shutil.rmtree(out, ignore_errors=True)
            if before:
                publish(out, before)
            return out

        done = strace(start(), after, "-e", f"trace={','.join(CALLS)}")
        assert done.returncode == 0, done.stderr
        steps = crossings(done.stderr)
        assert len(steps) > 20
        if not FULL:
            steps = random.Random(seed).sample(steps, 6)
        wrong = []
        for call, k in steps:
            out = start()
            done = strace(out, after, "-e", f"inject={call}:signal=KILL:when={k}")
            state = [] if after == "clean" else broken(out)
            publish(out, "new")
            if done.returncode not in (-9, 137) or state or everything(out) != alone:
                wrong.append((call, k, done.returncode, state))
        record(f"kills at a step of publication ({before} to {after})", len(steps), len(wrong), seed)
        assert wrong == []


class Injected:
    """Makes the k-th of all calls that change something fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, at: int) -> None:
        self.left, self.number, self.hit = at, number, ""
        self.written: set[int] = set()
        for name in ("open", "write", "fsync", "rename", "mkdir", "unlink", "rmdir", "close"):
            monkeypatch.setattr(os, name, self.failing(name, getattr(os, name)))

    def failing(self, name, real):
        def call(*arguments, **options):
            if name == "write":
                self.written.add(arguments[0])
            counts = name != "close" or arguments[0] in self.written  # closing tells of what was not written
            if name == "close":
                self.written.discard(arguments[0])
                real(*arguments)
            self.left -= counts
            if counts and self.left == 0:
                self.hit = name
                raise OSError(self.number, os.strerror(self.number))
            return real(*arguments, **options) if name != "close" else None

        return call


def test_whatever_cannot_be_written_leaves_the_old_or_the_new_site_and_nothing_else(
    tmp_path, alone, monkeypatch, subtests
):
    numbers = errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS
    for i, (number, before) in enumerate(itertools.product(numbers, ("old", None))):
        wrong, hits = [], []
        for k in itertools.count(1, 1) if FULL else itertools.count(1 + 3 * i, 24):  # together every third call
            out = tmp_path / f"{number}{before}{k}"
            if before:
                publish(out, before)
            with monkeypatch.context() as patch, output_folder.claim(out, {}) as place:
                injected = Injected(patch, number, k)
                try:
                    place.publish(NEW, MADE_FROM["new"])
                    if injected.hit:
                        wrong.append((k, injected.hit, "unnoticed"))
                except MachineError as error:
                    expected = "RG301" if number in (errno.ENOSPC, errno.EDQUOT) else ""
                    if error.code != expected or str(out) not in str(error):
                        wrong.append((k, injected.hit, str(error)))
            if not injected.hit:
                break
            hits.append(injected.hit)
            state = broken(out) + temporaries(out)
            publish(out, "new")
            if state or everything(out) != alone:
                wrong.append((k, injected.hit, state))
        record(f"writes that fail with {errno.errorcode[number]} ({before} to new)", len(hits), len(wrong))
        with subtests.test(number=errno.errorcode[number], before=before):
            assert wrong == []
            assert {*hits} >= {"open", "write", "fsync", "rename", "close"} if FULL else hits


@needs_strace
def test_what_a_name_leads_to_is_on_disk_before_the_name_is(out):
    """A loss of power keeps what was synchronized and may lose anything else."""
    done = strace(out, "new", "-y", "-e", "trace=openat,write,fsync,renameat,unlinkat,mkdirat")
    assert done.returncode == 0, done.stderr
    unwritten, unlinked, renamed = set(), set(), []
    root = str(out)
    for line in done.stderr.splitlines():
        line = re.sub(r"^\[pid +\d+\] ", "", line)
        if " = -1 " in line:
            continue
        if found := re.match(r"write\(\d+<(.*?)>", line):
            if found[1].startswith(root):
                unwritten.add(found[1])
        elif found := re.match(r"fsync\(\d+<(.*?)>\)", line):
            unwritten.discard(found[1])
            unlinked.discard(found[1])
        elif found := re.match(r'renameat\(\d+<(.*?)>, "(.*?)", \d+<.*?>, "(.*?)"\)', line):
            folder, temporary, name = found.groups()
            assert f"{folder}/{temporary}" not in unwritten, line
            if f"{folder}/{name}" in (f"{root}/index.html", f"{root}/{manifest.NAME}"):
                assert unlinked == set(), line
            unlinked.add(folder)
            renamed.append(name)
        elif found := re.match(r'(?:mkdirat|unlinkat)\(\d+<(.*?)>, "(.*?)"', line):
            unlinked.add(found[1])
            unlinked.discard(f"{found[1]}/{found[2]}")  # a folder that is gone

    assert (renamed[0], renamed[-2:]) == (manifest.NAME, ["index.html", manifest.NAME])
    assert unlinked == set()
