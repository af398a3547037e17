import json
import os
import stat
from pathlib import Path

import numpy as np
import pytest

from reportgen import site
from reportgen.errors import MachineError

FILES = {"media/a.svg": b"<svg/>", "index.html": b"<p>1</p>"}


def everything(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_files_are_put_where_they_belong_and_named_in_their_order(tmp_path: Path) -> None:
    written = site.write(tmp_path, FILES)

    assert written == (tmp_path / "media/a.svg", tmp_path / "index.html")
    assert everything(tmp_path) == FILES


def test_what_is_the_same_is_left_alone(tmp_path: Path) -> None:
    before = [path.stat() for path in site.write(tmp_path, FILES)]

    after = [path.stat() for path in site.write(tmp_path, FILES | {"index.html": b"<p>2</p>"})]

    assert (after[0].st_ino, after[0].st_mtime_ns) == (before[0].st_ino, before[0].st_mtime_ns)
    assert after[1].st_ino != before[1].st_ino
    assert (tmp_path / "index.html").read_bytes() == b"<p>2</p>"


def test_a_file_that_cannot_be_put_in_place_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.write(tmp_path, FILES)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(MachineError) as caught:
        site.write(tmp_path, FILES | {"index.html": b"<p>2</p>"})

    assert str(caught.value) == f"cannot write {tmp_path / 'index.html'}: No space left on device"
    assert caught.value.exit_code == 5
    assert everything(tmp_path) == FILES


def test_other_files_of_the_folder_stay(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    site.write(tmp_path, FILES)

    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix", reason="modes of files are a thing of POSIX")
def test_files_are_as_readable_as_any_other(tmp_path: Path) -> None:
    mask = os.umask(0o027)
    try:
        (written, *_) = site.write(tmp_path, FILES)
    finally:
        os.umask(mask)

    assert stat.S_IMODE(written.stat().st_mode) == 0o640


def test_a_folder_that_cannot_be_made_is_an_error_of_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(MachineError) as caught:
        site.check_writable(tmp_path / "file" / "out", "output folder")

    assert str(caught.value) == f"cannot write to the output folder {tmp_path / 'file' / 'out'}: Not a directory"


def test_trying_a_folder_leaves_nothing_in_it(tmp_path: Path) -> None:
    site.check_writable(tmp_path / "a" / "b", "output folder")

    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_results_are_strict_json_with_sorted_keys() -> None:
    value = {"λ": float("nan"), "b": [float("inf"), 0.1, (1, None)], 2: "é"}

    written = site.json_bytes(value)

    assert written.decode() == (
        '{\n "2": "é",\n "b": [\n  null,\n  0.1,\n  [\n   1,\n   null\n  ]\n ],\n "λ": null\n}\n'
    )


def test_arrays_become_lists() -> None:
    value = {"a": np.array([[1.0, np.nan]]), "b": np.array([True]), "c": np.float32(0.5), "d": np.int64(3)}

    assert json.loads(site.json_bytes(value)) == {"a": [[1.0, None]], "b": [True], "c": 0.5, "d": 3}
