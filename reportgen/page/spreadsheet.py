"""Tables as files that spreadsheets open."""

from __future__ import annotations

import csv
import io
import math
import re

from reportgen.sections import Table
from reportgen.text import escape_control_characters


def csv_bytes(table: Table) -> bytes:
    """A table as CSV. An apostrophe precedes text that a spreadsheet would take for a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_cell(column.label) for column in table.columns])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return file.getvalue().encode()


_FORMULA = re.compile(r"[\s\ufeff\u200b-\u200f\u2060]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""The start of a formula; some programs skip spaces, and some accept the full-width characters of East Asia."""


def _cell(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None  # an empty cell, as `results.json` has null
    if not isinstance(value, str):
        return value
    return f"'{escape_control_characters(value)}" if _FORMULA.match(value) else escape_control_characters(value)
