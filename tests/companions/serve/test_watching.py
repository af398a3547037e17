"""What counts as a change."""

import os

import pytest

from reportgen.companions.serve.watching import snapshot
from reportgen.output import manifest


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "one.md").write_text("one")
    return tmp_path


def changed(folder, change):
    before = snapshot([folder])
    change()
    return snapshot([folder]) != before


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


def test_what_editors_tools_and_builds_leave_is_no_change(folder):
    def leave():
        for name in (
            *(".git/HEAD", "posts/.one.md.swp", "posts/one.md~", "posts/#one.md#", "posts/4913", "__pycache__/a.pyc"),
            *(f"output/{manifest.NAME}", "output/index.html"),
        ):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text("{}")

    assert not changed(folder, leave)
