import errno
import os
import stat
from pathlib import Path

import pytest

from reportgen.disk import files
from reportgen.disk.files import OpenFolder
from reportgen.errors import MachineError, RefusedError, machine_error


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


def test_a_file_takes_the_place_of_another_and_of_a_link_to_it(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "hard").hardlink_to(tmp_path / "mine")
    (tmp_path / "soft").symlink_to(tmp_path / "mine")

    files.put(tmp_path / "hard", b"new")
    files.put(tmp_path / "soft", b"new")

    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert not (tmp_path / "soft").is_symlink()


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


def test_content_is_written_to_the_end_however_little_the_kernel_takes(tmp_path, monkeypatch):
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:3]))

    files.put(tmp_path / "x", b"0123456789")

    assert (tmp_path / "x").read_bytes() == b"0123456789"


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


def test_sweeping_does_not_follow_a_link(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / ".reportgen-0123456789abcdef.tmp").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "real")

    with pytest.raises(NotADirectoryError):
        files.remove_temporary_files(tmp_path / "link")

    assert len(names(tmp_path / "real")) == 1


def test_trouble_says_what_the_system_said_and_a_full_disk_has_its_code(tmp_path, messages):
    for number in (errno.ENOSPC, errno.EDQUOT):
        error = machine_error(Path("out/x"), OSError(number, "No space"))
        assert error.code == "RG301"
    messages(error)
    with pytest.raises(MachineError) as caught, files.as_machine_error(Path("out/x"), "read"):
        raise OSError(errno.EIO, "Input/output error")
    messages(caught.value)

    (tmp_path / "file").write_text("in the way")
    with pytest.raises(MachineError, match="Not a directory"):
        files.check_writable(tmp_path / "file" / "out", "output folder")
    files.check_writable(tmp_path / "a" / "b", "output folder")
    assert names(tmp_path / "a" / "b") == []


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


def test_a_pipe_or_a_folder_is_no_file_and_nobody_waits_for_it(tmp_path, folder):
    os.mkfifo(tmp_path / "out" / "pipe")
    (tmp_path / "out" / "folder").mkdir()

    for name in ("pipe", "folder"):
        with pytest.raises(RefusedError):
            folder.state(name)


def test_what_was_changed_since_it_was_looked_at_is_not_replaced(tmp_path, folder):
    (tmp_path / "out" / "x").write_bytes(b"old")
    seen = folder.state("x")
    (tmp_path / "out" / "x").write_bytes(b"mine now")

    for expected in (seen, None):
        with pytest.raises(RefusedError) as caught:
            folder.put("x", b"new", expected)

    assert caught.value.code == "RG007"
    assert (names(tmp_path / "out"), (tmp_path / "out" / "x").read_bytes()) == (["x"], b"mine now")


def test_only_the_content_that_is_known_is_removed(tmp_path, folder):
    (tmp_path / "out" / "x").write_bytes(b"mine")
    seen = folder.state("x")
    (tmp_path / "out" / "x").write_bytes(b"edited")

    folder.remove("x", (seen.digest,))
    assert names(tmp_path / "out") == ["x"]

    folder.remove("x", (seen.digest, folder.state("x").digest))
    assert names(tmp_path / "out") == []


def test_only_empty_folders_are_removed(tmp_path, folder):
    (tmp_path / "out" / "empty").mkdir()
    (tmp_path / "out" / "full" / "inner").mkdir(parents=True)

    (tmp_path / "out" / "link").symlink_to("empty")

    with pytest.raises(RefusedError):
        folder.remove_folder("link")
    for name in ("empty", "full", "missing"):
        folder.remove_folder(name)

    assert names(tmp_path / "out") == ["full", "link"]


def test_a_large_file_is_not_read_for_a_small_one(tmp_path, folder):
    (tmp_path / "out" / "x").write_bytes(b"12345")

    assert (folder.read("x", 5), folder.read("x", 4), folder.read("y", 4)) == (b"12345", None, None)
