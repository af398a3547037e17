"""What counts as a change."""

import os

import pytest

from reportgen import manifest
from reportgen.serve.watching import snapshot


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "one.md").write_text("one")
    return tmp_path


def changed(folder, change):
    before = snapshot([folder])
    change()
    return snapshot([folder]) != before


def test_nothing_is_no_change(folder):
    assert not changed(folder, lambda: None)
    assert list(snapshot([folder])) == [str(folder / "posts" / "one.md")]


def test_a_file_that_was_written_replaced_added_or_removed_is_a_change(folder):
    file = folder / "posts" / "one.md"
    assert changed(folder, lambda: file.write_text("another"))
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns

    def replace():
        (folder / "new").write_text("anotheR")
        os.utime(folder / "new", ns=times)
        (folder / "new").replace(file)

    assert changed(folder, replace)
    assert changed(folder, lambda: (folder / "two.md").write_text(""))
    assert changed(folder, (folder / "two.md").unlink)


@pytest.mark.parametrize(
    "name", [".git/HEAD", "posts/.one.md.swp", "posts/one.md~", "posts/#one.md#", "posts/4913", "__pycache__/a.pyc"]
)
def test_what_editors_and_tools_leave_is_no_change(folder, name):
    def leave():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("x")

    assert not changed(folder, leave)


def test_what_a_build_wrote_is_no_change(folder):
    def build():
        (folder / "output").mkdir()
        (folder / "output" / manifest.NAME).write_text("{}")
        (folder / "output" / "index.html").write_text("x")

    assert not changed(folder, build)


def test_a_link_that_leads_back_up_or_nowhere_is_no_trouble(folder):
    (folder / "posts" / "up").symlink_to(folder)
    (folder / "posts" / "nowhere").symlink_to(folder / "gone")

    assert list(snapshot([folder, folder / "gone"])) == [str(folder / "posts" / "one.md")]


def test_one_file_is_watched_whatever_its_name(tmp_path):
    file = tmp_path / ".hidden.toml"
    file.write_text("")

    assert list(snapshot([file])) == [str(file)]
