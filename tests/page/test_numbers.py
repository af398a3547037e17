"""Numbers and tables as readers and spreadsheets get them."""

from reportgen.page.spreadsheet import csv_bytes
from reportgen.sections import Column, Table
from reportgen.text import at_most, number


def test_numbers_are_written_as_a_reader_wants_them() -> None:
    for value, spec, text in [
        (7_200_000, "", "7,200,000"),
        (0.0, ".1e", "0"),
        (1e-7, "", "10⁻⁷"),
        (-2.5e-7, "", "−2.5·10⁻⁷"),
        (-0.001, ".2f", "0.00"),
        (0.9734, ".1%", "97.3%"),
        (None, ".2f", "–"),
        (float("nan"), ".2f", "–"),
        (float("inf"), ".2f", "∞"),
    ]:
        assert number(value, spec) == text, (value, spec)


def test_what_is_at_most_a_number_is_not_above_it() -> None:
    for value, spec, text in [
        (0.00128, ".1%", "0.2%"),
        (0.00128, ".0%", "1%"),
        (0.1, ".1f", "0.1"),
        (0.3, ".1%", "30.0%"),
        (1.1547, "", "1.16"),
        (1234.5, "", "1,240"),
        (0.002001, ".2g", "0.0021"),
        (9.999, ".2g", "10"),
        (-0.26, ".1f", "−0.2"),
        (1.28e-15, ".1e", "1.3·10⁻¹⁵"),
        (0.0, ".2g", "0"),
        (None, ".2f", "–"),
        (float("inf"), "", "∞"),
    ]:
        assert at_most(value, spec) == text, (value, spec)


def test_a_file_holds_every_row_with_full_numbers() -> None:
    columns = (Column(label="arm"), Column(label="total", format=".1f"))
    rows = (("L1, proximal", 1 / 3), ('"L2"', None), ("none", -1e-17))

    content = csv_bytes(Table(name="t", columns=columns, rows=rows, shown=1))

    assert content.decode() == 'arm,total\n"L1, proximal",0.3333333333333333\n"""L2""",\nnone,-1e-17\n'
