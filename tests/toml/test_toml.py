"""Files whose tables are dataclasses: every mistake at once, each at its place."""

from dataclasses import dataclass, field
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from reportgen import toml
from reportgen.errors import ExperimentError
from reportgen.values import Checked


@dataclass(frozen=True, kw_only=True)
class Inner(Checked):
    """A part."""

    low: int = 0
    """The lower end."""
    high: int = 1
    """The upper end."""

    def __post_init__(self):
        super().__post_init__()
        if self.low > self.high:
            raise ExperimentError(f"low must be at most high, got {self.low}")


@dataclass(frozen=True, kw_only=True)
class Whole(Checked):
    """All of it."""

    name: Annotated[str, Field(min_length=1)]
    """What it is called."""
    numbers: tuple[int, ...] = ()
    inner: Inner = field(default_factory=Inner)


def _model():
    inner = toml.table(Inner, "inner")
    return toml.table(Whole, "whole", checked=False, inner=(inner, Field(default_factory=inner)))


def _make(file):
    return toml.made(file, Whole, inner=toml.made(file.inner, Inner), numbers=tuple(file.numbers))


KIND = toml.Kind("whole file", _model, _make)


def told(text):
    with pytest.raises(ExperimentError) as caught:
        toml.parse(text, "f.toml", KIND)
    return str(caught.value).splitlines()


def test_a_file_becomes_what_it_describes():
    found = toml.parse('name = "x"\nnumbers = [1, 2]\r\n[inner]\nhigh = 7\n', "f.toml", KIND)

    assert found == Whole(name="x", numbers=(1, 2), inner=Inner(high=7))


def test_all_mistakes_are_told_in_the_order_of_the_file():
    assert told('numbers = [1, "two", 3.5]\nname = ""\n\n[inner]\nlow = 3\nlov = 1\n') == [
        "f.toml:1:15: numbers[2]: must be a whole number, got 'two'",
        "f.toml:1:22: numbers[3]: must be a whole number, got 3.5",
        "f.toml:2:1: name: must have at least 1 character",
        "f.toml:6:1: inner.lov: unknown key. Did you mean 'low'? Known: high, low.",
    ]


def test_what_is_missing_is_told_where_the_file_begins():
    assert told("numbers = []\n") == ["f.toml:1:1: name: is required and missing"]


def test_a_rule_about_several_keys_points_at_the_one_to_change():
    assert told('name = "x"\n[inner]\nhigh = 1\nlow = 3\n') == [
        "f.toml:4:1: inner.low: must be at most high, got 3",
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name = ", "1:1"),
        ("name = 'x'\nname = 'y'", "2:"),
        ("a\x00b = 1", "1:"),
        ("[[x", "1:"),
        ("x = " + "9" * 9000, "1:1"),
    ],
)
def test_what_is_no_toml_is_told_with_its_place(text, place):
    (line,) = told(text)

    assert line.startswith(f"f.toml:{place}")
    assert "not valid TOML" in line


def test_a_file_nested_without_end_is_told():
    (line,) = told("x = " + "[" * 5000 + "]" * 5000)

    assert line == "f.toml:1:1: nested too deeply for a file of settings"


def test_mistakes_by_the_hundred_are_counted():
    lines = told('name = "x"\n' + "".join(f"key{i} = 1\n" for i in range(100)))

    assert len(lines) == 41
    assert lines[-1] == "f.toml:42:1: 60 more mistakes from here on"


def test_files_that_are_none_are_told_by_name(tmp_path):
    def said(path):
        with pytest.raises(ExperimentError) as caught:
            toml.load(path, KIND)
        return str(caught.value).replace(str(tmp_path), "")

    (tmp_path / "binary").write_bytes(b"name = 'x'\n\xff\n")
    (tmp_path / "large").write_bytes(b" " * 50_001)

    assert said(tmp_path / "none") == "cannot read whole file /none: No such file or directory"
    assert said(tmp_path) == "cannot read whole file : Is a directory"
    assert said(tmp_path / "binary") == "/binary:2:1: not UTF-8 text; save the file as UTF-8"
    assert said(tmp_path / "large") == "cannot use whole file /large: it is larger than 50,000 bytes"


def test_a_mark_of_the_byte_order_is_no_part_of_the_file(tmp_path):
    (tmp_path / "f.toml").write_bytes(b"\xef\xbb\xbfname = 'x'\n")

    assert toml.load(tmp_path / "f.toml", KIND).name == "x"


@given(st.text())
def test_no_text_makes_reading_fail_but_by_lines_with_places(text):
    for content in (text, f'name = "x"\n{text}', f"[inner]\n{text}"):
        try:
            toml.parse(content, "f.toml", KIND)
        except ExperimentError as error:
            assert all(line.startswith("f.toml:") for line in str(error).split("\n"))  # noqa: PT017  # either is fine


def test_the_schema_has_the_words_under_the_fields():
    known = toml.schema(_model(), "whole")

    assert known["properties"]["name"]["description"] == "What it is called."
    assert known["required"] == ["name"]
    assert known["additionalProperties"] is False
    assert known["$defs"]["inner"]["properties"]["low"]["description"] == "The lower end."
