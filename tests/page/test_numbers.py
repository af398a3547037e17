"""Numbers and tables as readers and spreadsheets get them."""

import csv
import io

from reportgen.page.spreadsheet import csv_bytes
from reportgen.sections import Column, Table
from reportgen.text import escape_control_characters, number


def test_numbers_are_written_as_a_reader_wants_them() -> None:
    for value, spec, text in [
        (7_200_000, "", "7,200,000"),
        (0.0, ".1e", "0"),
        (-4000.4, "", "−4,000"),
        (0.012345, "", "0.0123"),
        (1e-7, "", "10⁻⁷"),
        (-2.5e-7, "", "−2.5·10⁻⁷"),
        (2e-12, ".0e", "2·10⁻¹²"),
        (-0.001, ".2f", "0.00"),
        (-0.001, "+.2f", "0.00"),
        (0.9734, ".1%", "97.3%"),
        (-3.5, "+.1f", "−3.5"),
        (None, ".2f", "–"),
        (float("nan"), ".2f", "–"),
        (float("inf"), ".2f", "∞"),
    ]:
        assert number(value, spec) == text, (value, spec)


def table(text: str) -> str:
    return csv_bytes(Table(name="t", columns=(Column(label=text),), rows=((text,),))).decode()


def test_a_file_holds_every_row_with_full_numbers() -> None:
    columns = (Column(label="arm"), Column(label="total", format=".1f"))
    rows = (("L1, proximal", 1 / 3), ('"L2"', None), ("none", -1e-17))

    content = csv_bytes(Table(name="t", columns=columns, rows=rows, shown=1))

    assert content.decode() == 'arm,total\n"L1, proximal",0.3333333333333333\n"""L2""",\nnone,-1e-17\n'


def test_text_is_never_a_formula_and_other_text_is_left_alone() -> None:
    for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1", "\u00a0-1", "\ufeff=1", "\u200b@x", "＝1", "＋1"):
        heading, row = table(text).replace('"', "").split("\n")[:2]
        assert heading == row == f"'{escape_control_characters(text)}", repr(text)
    for text in ("a=1", "L1 − L2", "x\n=1", 'a "b", c'):
        assert list(csv.reader(io.StringIO(table(text), newline=""))) == [[text]] * 2, repr(text)


def test_what_would_break_a_file_is_written_out() -> None:
    for text in ("a\rb", "a\0b", "a\ud800b"):
        assert table(text) == f"{escape_control_characters(text)}\n" * 2
