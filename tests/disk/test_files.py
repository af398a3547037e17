import errno
import os
import stat
from pathlib import Path

import pytest

from reportgen.disk import files
from reportgen.disk.files import OpenFolder
from reportgen.errors import RefusedError


@pytest.fixture
def folder(tmp_path: Path):
    (tmp_path / "out").mkdir()
    descriptor = os.open(tmp_path / "out", os.O_DIRECTORY)
    yield OpenFolder(descriptor, tmp_path / "out")
    os.close(descriptor)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_put_with_the_folders_above_it_as_readable_as_the_umask_lets_it(tmp_path, monkeypatch):
    mask = os.umask(0o027)
    try:
        with monkeypatch.context() as patch:  # the umask is one for all threads
            patch.setattr(os, "umask", lambda mask: pytest.fail("another thread would see another umask"))
            files.put(tmp_path / "a" / "b" / "x.txt", b"content")
    finally:
        os.umask(mask)

    assert (tmp_path / "a" / "b" / "x.txt").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "a" / "b" / "x.txt").stat().st_mode) == 0o640
    assert names(tmp_path / "a" / "b") == ["x.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    (tmp_path / "x").write_bytes(b"old")

    def fail(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    for call in ("write", "fsync", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, fail)
            with pytest.raises(OSError, match="Input/output error"):
                files.put(tmp_path / "x", b"new", durable=True)
        assert (names(tmp_path), (tmp_path / "x").read_bytes()) == (["x"], b"old"), call


def test_a_durable_file_is_on_disk_before_it_is_renamed_and_its_folder_after(tmp_path, monkeypatch):
    done = []
    for name in ("write", "fsync", "rename"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, _n=name, _r=real, **k: (done.append(_n), _r(*a, **k))[1])

    files.put(tmp_path / "x", b"content", durable=True)

    assert done == ["write", "fsync", "rename", "fsync"]


def test_sweeping_removes_what_a_killed_process_left_and_nothing_else(tmp_path):
    kept = [
        ".reportgen-manifest.json",
        ".reportgen-0123.tmp",
        "x.tmp",
        ".reportgen-0123456789abcdef.tmp.txt",
        ".tmp-ab",
    ]
    for name in (*kept, *(f".reportgen-{i:016x}.tmp" for i in range(1000))):
        (tmp_path / name).write_bytes(b"half")

    assert files.remove_temporary_files(tmp_path) == 1000
    assert names(tmp_path) == sorted(kept)


def test_a_folder_is_what_was_opened_whatever_its_name_comes_to_mean(tmp_path, folder):
    (tmp_path / "canary").mkdir()
    (tmp_path / "out").rename(tmp_path / "moved")
    (tmp_path / "out").symlink_to(tmp_path / "canary")

    folder.put("a/x", b"1", None)

    assert names(tmp_path / "canary") == []
    assert (tmp_path / "moved" / "a" / "x").read_bytes() == b"1"


def test_links_in_a_folder_are_never_followed(tmp_path, folder):
    (tmp_path / "canary").mkdir()
    (tmp_path / "canary" / "x").write_bytes(b"mine")
    (tmp_path / "out" / "deep").mkdir()
    for target in ("canary", "nowhere"):
        for place in (tmp_path / "out", tmp_path / "out" / "deep"):
            (place / "link").unlink(missing_ok=True)
            (place / "link").symlink_to(tmp_path / target)
        for name in ("link/x", "deep/link/x", "link"):
            for do in (folder.state, lambda n: folder.read(n, 99), lambda n: folder.remove(n, ("0" * 64,))):
                with pytest.raises(RefusedError) as caught:
                    do(name)
                assert caught.value.code == "RG008", (target, name)
            with pytest.raises(RefusedError):
                folder.put(name, b"new", None)

    assert (tmp_path / "canary" / "x").read_bytes() == b"mine"
    assert names(tmp_path / "canary") == ["x"]
    assert (tmp_path / "out" / "link").is_symlink()


def test_what_was_changed_since_it_was_looked_at_is_not_replaced(tmp_path, folder):
    (tmp_path / "out" / "x").write_bytes(b"old")
    seen = folder.state("x")
    (tmp_path / "out" / "x").write_bytes(b"mine now")

    for expected in (seen, None):
        with pytest.raises(RefusedError) as caught:
            folder.put("x", b"new", expected)

    assert caught.value.code == "RG007"
    assert (names(tmp_path / "out"), (tmp_path / "out" / "x").read_bytes()) == (["x"], b"mine now")
