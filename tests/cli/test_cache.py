import pytest
from click.testing import CliRunner

from reportgen.cli.commands.cache import _bytes
from reportgen.cli.program import program
from reportgen.errors import ExperimentError
from reportgen.store import Store


@pytest.fixture
def store(tmp_path):
    store = Store(tmp_path / "store")
    for i in range(3):
        store.keep("section", f"{i:064x}", bytes(10_000))
    store.keep("picture", "a" * 64, b"")
    return store


def run(*args):
    done = CliRunner().invoke(program, ["cache", *map(str, args)])
    return done.exit_code, done.output


def test_its_place_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("REPORTGEN_CACHE_DIR", str(tmp_path / "named"))

    assert run("path") == (0, f"{tmp_path / 'named'}\n")
    assert run("path", "--cache-dir", tmp_path) == (0, f"{tmp_path}\n")


def test_its_entries_are_counted_by_kind(store):
    code, told = run("ls", "--cache-dir", store.folder)

    assert code == 0
    lines = [line.split() for line in told.splitlines()]
    assert lines[0] == [str(store.folder)]
    assert [line[:4] for line in lines[2:]] == [["section", "3", "31", "kB"], ["all", "4", "31", "kB"]]


def test_clearing_out_says_what_went(store):
    assert run("gc", "--cache-dir", store.folder) == (0, "0 entries deleted, 0 B\n")
    assert run("gc", "--cache-dir", store.folder, "--max-size", "0") == (0, "4 entries deleted, 31 kB\n")


def test_a_sound_store_is_said_to_be(store):
    assert run("verify", "--cache-dir", store.folder) == (0, "4 entries, none of them damaged\n")


def test_damage_leaves_with_seven_and_is_named(store):
    path = next(store.folder.rglob("*.picture"))
    path.write_bytes(b"")

    code, told = run("verify", "--cache-dir", store.folder)

    assert code == 7
    assert told.splitlines() == [
        f"{path}: it is not a value of this version",
        f"reportgen[RG101]: damaged entries in {store.folder}: 1; builds make them again",
    ]


@pytest.mark.parametrize(
    ("text", "count"), [("0", 0), ("500", 500), ("2GB", 2 * 10**9), ("1.5 mb", 1_500_000), ("3k", 3000)]
)
def test_sizes_are_read(text, count):
    assert _bytes(text) == count


@pytest.mark.parametrize("text", ["", "much", "-1", "2XB", "1e9", "nan"])
def test_what_is_no_size_is_told(text):
    with pytest.raises(ExperimentError, match="must be a number of bytes"):
        _bytes(text)
