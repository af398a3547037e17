"""Tables as files that spreadsheets open."""

from __future__ import annotations

import csv
import io
import re

from reportgen.sections import Table
from reportgen.text import escape_control_characters


def csv_bytes(table: Table) -> bytes:
    """A comma-separated table. Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_cell(column.label) for column in table.columns])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return file.getvalue().encode()


_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""How a formula begins; some programs skip blanks, and some take the wide letters of East Asia for the narrow ones."""


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    return f"'{escape_control_characters(value)}" if _FORMULA.match(value) else escape_control_characters(value)
