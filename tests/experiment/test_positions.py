"""The line map against a writer that knows where it puts each key, with tomllib as the judge of what is TOML."""

import json
import string
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from soak import count

from reportgen.experiment.toml.positions import positions, syntax_error

BARE = set(string.ascii_letters + string.digits + "-_")

SCALARS = st.sampled_from(
    [
        *("1", "-0.5e3", "true", "1979-05-27T07:32:00Z", '"a # b"', r'"quoted \" and ]}, = "', r"'C:\no\escape'"),
        *('"""one\ntwo = "2"\n[three]\n"""', "'''\none\n''two''\n'''", '""""four quotes""""', "[]", "{}"),
    ]
)
KEYS = st.text(st.sampled_from("abz09-_ .é\"'#=[]\t"), max_size=4) | st.sampled_from(["a", "name", "strength", "b.c"])
BLANKS = st.sampled_from(["", " ", "\t", "  "])
LINES = st.sampled_from(["", "\n", "# a comment = 1\n", "  # [table]\n\n"])


class Writer:
    """Writes TOML and notes where."""

    def __init__(self, data):
        self.data = data
        self.text = ""
        self.expected = {}

    def blank(self):
        return self.data.draw(BLANKS)

    def mark(self, path):
        lines = self.text.split("\n")
        self.expected[path] = (len(lines), len(lines[-1]) + 1)

    def key(self, key):
        ways = [json.dumps(key, ensure_ascii=self.data.draw(st.booleans()))]
        if key and set(key) <= BARE:
            ways.append(key)
        if not set(key) & set("'\t"):
            ways.append(f"'{key}'")
        return self.data.draw(st.sampled_from(ways))

    def keys(self, path):
        return f"{self.blank()}.{self.blank()}".join(map(self.key, path))

    def value(self, path, depth):
        kind = self.data.draw(st.sampled_from(["scalar"] * 3 + ["array", "inline"] * (depth < 3)))
        if kind == "scalar":
            self.text += self.data.draw(SCALARS)
        elif kind == "array":
            self.text += "["
            for i in range(self.data.draw(st.integers(1, 3))):
                self.text += self.data.draw(st.sampled_from(["", " ", "\n", " # ] , [\n\t"]))
                self.mark((*path, i))
                self.value((*path, i), depth + 1)
                self.text += self.blank() + ","
            self.text += self.data.draw(st.sampled_from(["", "\n", "# end ]\n"])) + "]"
        else:
            self.text += "{" + self.blank()
            for i, key in enumerate(self.data.draw(st.lists(KEYS, min_size=1, max_size=3, unique=True))):
                self.text += ("," if i else "") + self.blank()
                self.pair(path, key, depth + 1)
            self.text += self.blank() + "}"

    def pair(self, path, key, depth):
        dotted = self.data.draw(st.lists(KEYS, max_size=2)) if depth < 2 else []
        self.mark((*path, key, *dotted))
        self.text += self.keys((key, *dotted)) + self.blank() + "=" + self.blank()
        self.value((*path, key, *dotted), depth)

    def pairs(self, path, keys):
        for key in keys:
            self.text += self.data.draw(LINES) + self.blank()
            self.pair(path, key, 0)
            self.text += self.blank() + self.data.draw(st.sampled_from(["\n", "# after = it\n"]))

    def document(self):
        names = self.data.draw(st.lists(KEYS, max_size=6, unique=True))
        split = self.data.draw(st.integers(0, len(names)))
        self.pairs((), names[:split])
        for name in names[split:]:
            below = self.data.draw(st.lists(KEYS, max_size=3, unique=True))
            if self.data.draw(st.booleans()):
                self.text += f"[{self.blank()}{self.keys((name,))}{self.blank()}]\n"
                self.pairs((name,), below)
            else:
                for i in range(self.data.draw(st.integers(1, 3))):
                    self.text += f"[[{self.blank()}{self.keys((name,))}{self.blank()}]] # no. {i}\n"
                    self.pairs((name, i), below)


def leaves(value, path=()):
    if isinstance(value, dict) and value:
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list) and value:
        return [leaf for i, item in enumerate(value) for leaf in leaves(item, (*path, i))]
    return [path]


@given(data=st.data())
@settings(max_examples=count(60, 400), deadline=None)
def test_every_key_and_item_is_found_where_it_was_written(data):
    writer = Writer(data)
    writer.document()

    found = positions(writer.text)

    assert {path: found.get(path) for path in writer.expected} == writer.expected
    assert set(leaves(tomllib.loads(writer.text))) - {()} <= found.keys()


def test_what_is_often_mistaken_is_told_with_the_way_out(messages):
    told = {}
    for line in ("date = 22.11.2026", "date = 2026-13-22", "strength = 0,3", "title = Mine"):
        text = f"x = 1\n{line}\n"
        with pytest.raises(tomllib.TOMLDecodeError) as caught:
            tomllib.loads(text)
        told[line] = syntax_error(caught.value, text)
    messages(**told)
