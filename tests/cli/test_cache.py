"""`reportgen cache` and `reportgen clean`: what is counted, checked and deleted."""

import pytest
from click.testing import CliRunner
from outputs import NEW, everything, publish

from reportgen.cli.program import program
from reportgen.store.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    for i in range(3):
        store.keep("section", f"{i:064x}", bytes(10_000))
    store.keep("picture", "a" * 64, b"")
    return store


def run(*arguments):
    done = CliRunner().invoke(program, [*map(str, arguments)], prog_name="reportgen")
    return done.exit_code, done.output


def test_its_entries_are_counted_by_kind_and_cleared_out(store):
    _, told = run("cache", "ls", "--cache-dir", store.folder)

    lines = [line.split() for line in told.splitlines()]
    assert lines[0] == [str(store.folder)]
    assert [line[:4] for line in lines[2:]] == [["section", "3", "31", "kB"], ["all", "4", "31", "kB"]]
    for options, text in [((), "0 entries deleted, 0 B\n"), (("--max-size", "0"), "4 entries deleted, 31 kB\n")]:
        assert run("cache", "gc", "--cache-dir", store.folder, *options) == (0, text)


def test_damage_leaves_with_seven_and_is_named(store):
    assert run("cache", "verify", "--cache-dir", store.folder)[0] == 0
    path = next(store.folder.rglob("*.picture"))
    path.write_bytes(b"")

    code, told = run("cache", "verify", "--cache-dir", store.folder)

    assert code == 7
    assert str(path) in told
    assert "RG101" in told


def test_what_reportgen_wrote_is_listed_and_deleted_and_the_rest_stays(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish(tmp_path / "out", "new")
    (tmp_path / "out" / "data" / "mine.csv").write_text("mine")
    before = everything(tmp_path)

    code, listed = run("clean", "out", "--dry-run")
    assert (code, listed.splitlines()) == (0, [*(f"out/{name}" for name in sorted(NEW)), "12 files would be deleted."])
    assert everything(tmp_path) == before

    assert run("clean", "out")[0] == 0
    assert everything(tmp_path) == {"out": None, "out/data": None, "out/data/mine.csv": b"mine"}
