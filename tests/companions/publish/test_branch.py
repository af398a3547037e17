"""The list of what is ours on a branch; with a real branch in test_pages.py."""

import json

from reportgen.companions.publish import branch
from reportgen.output import manifest

ONE = "1" * 40


def listed(**changes):
    return json.dumps({"version": 1, "files": {"a": ONE}} | changes).encode()


def test_a_list_is_read_as_it_was_written_and_anything_else_is_none():
    assert branch.parse(listed()) == {"a": ONE}
    for files in ({}, {"a/b.html": ONE, "é": "f" * 64}):
        assert branch.parse(branch.dump(files)) == files
    for content in (
        *(b"", b"[]", b"{", b"\xff", b"[" * 100_000),
        *(listed(version=version) for version in (2, True, "1")),
        listed(files=[]),
        *(listed(files={name: ONE}) for name in ("../x", "/x", ".git/config")),
        *(listed(files={"x": id_}) for id_ in ("1" * 39, 1, [ONE])),
        listed() + b" " * manifest.LARGEST,
        branch.dump({str(number): ONE for number in range(manifest.MOST + 1)}),
    ):
        assert branch.parse(content) is None, content[:60]
