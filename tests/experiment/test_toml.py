"""What is no TOML or no text, and mistakes by the hundred: one line each, with a place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import ExperimentError
from reportgen.experiment.file import load, parse


def complaint(text):
    with pytest.raises(ExperimentError) as caught:
        parse(text, "f.toml")
    return str(caught.value)


def test_what_is_no_toml_is_told_with_its_place(messages):
    messages(
        **{
            "no value": complaint("title = "),
            "a key twice": complaint("title = 'x'\ntitle = 'y'"),
            "NUL": complaint("a\x00b = 1"),
            "an open bracket": complaint("[[x"),
            "a number of 9,000 digits": complaint(f"x = {'9' * 9000}"),
            "nested without end": complaint(f"x = {'[' * 5000}{']' * 5000}"),
        }
    )


def test_mistakes_by_the_hundred_are_counted():
    lines = complaint("".join(f"key{i} = 1\n" for i in range(100))).splitlines()

    assert len(lines) == 41
    assert lines[-1].endswith(" more mistakes from here on")


def test_a_file_that_is_no_text_is_told_with_the_line(tmp_path):
    (tmp_path / "binary").write_bytes(b"title = 'x'\n\xff\n")

    with pytest.raises(ExperimentError, match=r"binary:2:1: not UTF-8 text"):
        load(tmp_path / "binary")


@given(st.text())
def test_no_text_makes_reading_fail_but_by_lines_with_places(text):
    for content in (text, f'title = "x"\n{text}', f"[data]\n{text}"):
        with pytest.raises(ExperimentError) as caught:
            parse(content, "f.toml")
        assert all(line.startswith("f.toml:") for line in str(caught.value).split("\n"))
