import csv
import io

import pytest

from reportgen.article.sections import Column, Table
from reportgen.article.spreadsheet import csv_bytes
from reportgen.text import holdable


def test_a_file_holds_every_row_with_full_numbers() -> None:
    table = Table(
        name="t",
        columns=(Column(label="arm"), Column(label="total", format=".1f")),
        rows=(("L1, proximal", 1 / 3), ('"L2"', None), ("none", -1e-17)),
        shown=1,
    )

    assert csv_bytes(table).decode() == ('arm,total\n"L1, proximal",0.3333333333333333\n"""L2""",\nnone,-1e-17\n')


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\u00a0-1", "\ufeff=1", "\u200b@x", "＝1", "＋1"]
)
def test_text_is_never_a_formula(text: str) -> None:
    table = Table(name="t", columns=(Column(label=text),), rows=((text,),))

    heading, row = csv_bytes(table).decode().replace('"', "").split("\n")[:2]

    assert heading == row == f"'{holdable(text)}"


@pytest.mark.parametrize("text", ["a=1", "L1 − L2", "x\n=1", 'a "b", c'])
def test_other_text_is_left_alone(text: str) -> None:
    table = Table(name="t", columns=(Column(label=text),), rows=((text,), (text,)))

    assert list(csv.reader(io.StringIO(csv_bytes(table).decode(), newline=""))) == [[text]] * 3


@pytest.mark.parametrize("text", ["a\rb", "a\0b", "a\ud800b"])
def test_what_would_break_a_file_is_written_out(text: str) -> None:
    table = Table(name="t", columns=(Column(label="x"),), rows=((text,),))

    assert csv_bytes(table).decode() == f"x\n{holdable(text)}\n"
