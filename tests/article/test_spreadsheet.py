import pytest

from reportgen.article.sections import Column, Table
from reportgen.article.spreadsheet import csv_bytes


def test_a_file_holds_every_row_with_full_numbers() -> None:
    table = Table(
        name="t",
        columns=(Column(label="arm"), Column(label="total", format=".1f")),
        rows=(("L1, proximal", 1 / 3), ('"L2"', None), ("none", -1e-17)),
        shown=1,
    )

    assert csv_bytes(table).decode() == ('arm,total\n"L1, proximal",0.3333333333333333\n"""L2""",\nnone,-1e-17\n')


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_text_is_never_a_formula(text: str) -> None:
    table = Table(name="t", columns=(Column(label=text),), rows=((text,),))

    heading, row = csv_bytes(table).decode().replace('"', "").split("\n")[:2]

    assert heading == row == f"'{text}"
