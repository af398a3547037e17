import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from reportgen.output.manifest import Manifest, is_valid_name, parse

A = hashlib.sha256(b"a").hexdigest()

ordinary = st.text(st.characters(categories=["L", "N"], include_characters="-_. "), min_size=1, max_size=12)
names = st.lists(ordinary, min_size=1, max_size=3).map("/".join).filter(is_valid_name)
digests = st.binary(max_size=3).map(lambda content: hashlib.sha256(content).hexdigest())


def written(files, **changed):
    return json.dumps({"version": 1, "made_from": {}, "files": files, **changed}).encode()


@given(
    files=st.dictionaries(names, st.lists(digests, min_size=1, max_size=3).map(tuple)),
    made_from=st.none() | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), digests),
)
def test_what_is_written_is_read_back(files, made_from):
    known = Manifest(files, made_from)

    assert parse(known.dump()) == known
    assert Manifest(dict(reversed(files.items())), made_from).dump() == known.dump()


def test_a_manifest_that_names_what_is_not_ours_is_none():
    for name in (
        *("", ".", "..", "../x", "a/../x", "a/..", "./a", "a/./b", "/etc/passwd", "//x", "a//b", "a/"),
        *("a\0b", "a\nb", "\x1b[31m", "a\u202eb", "a\\b", "..\\x", "\ud800", "x" * 1001),
        *(".git/config", ".GIT/config", "a/.git/hooks/x", ".reportgen-manifest.json", "a/.reportgen-manifest.json"),
    ):
        assert not is_valid_name(name), name
        assert parse(written({"index.html": [A], name: [A]})) is None, name
