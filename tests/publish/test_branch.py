"""The list of what is ours, and what follows from it; with a real branch in test_pages.py."""

import json

import pytest

from reportgen import manifest
from reportgen.publish import branch
from reportgen.publish.branch import plan
from reportgen.publish.git import Entry

ONE, TWO = "1" * 40, "2" * 40


def listed(**changes):
    return json.dumps({"version": 1, "files": {"a": ONE}} | changes).encode()


@pytest.mark.parametrize("files", [{}, {"a/b.html": ONE, "é": "f" * 64}])
def test_a_list_is_read_as_it_was_written(files):
    assert branch.parse(branch.dump(files)) == files


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b"[" * 100_000,
        listed(version=2),
        listed(version=True),
        listed(version="1"),
        listed(files=[]),
        listed(files={"../x": ONE}),
        listed(files={"/x": ONE}),
        listed(files={".git/config": ONE}),
        listed(files={"x": "1" * 39}),
        listed(files={"x": 1}),
        listed(files={"x": [ONE]}),
    ],
)
def test_anything_else_is_no_list(content):
    assert branch.parse(listed()) == {"a": ONE}
    assert branch.parse(content) is None


def test_a_list_that_is_too_large_is_not_read():
    assert branch.parse(listed() + b" " * manifest.LARGEST) is None


def test_a_list_of_too_many_files_is_none():
    assert branch.parse(branch.dump({str(number): ONE for number in range(manifest.MOST + 1)})) is None


def test_every_file_of_the_branch_ends_up_somewhere():
    there = {name: Entry("100644", ONE) for name in ("same", "changed", "deleted", "edited", "theirs", branch.NAME)}
    known = {"same": ONE, "changed": ONE, "deleted": ONE, "edited": TWO, "gone": ONE}

    change = plan(there, known, {"same": ONE, "changed": TWO, "added": ONE, "gone": ONE}, branch="b")

    assert (change.added, change.changed, change.deleted) == (("added", "gone"), ("changed",), ("deleted",))
    assert change.kept == ("edited", "theirs")
    assert change.ours == {"added": ONE, "changed": TWO, "gone": ONE, "same": ONE}
