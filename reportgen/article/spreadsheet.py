"""Tables as files that spreadsheets open."""

from __future__ import annotations

import csv
import io

from reportgen.article.sections import Table


def csv_bytes(table: Table) -> bytes:
    """A comma-separated table. Text that a spreadsheet would take for a formula gets an apostrophe in front."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([_cell(column.label) for column in table.columns])
    writer.writerows([_cell(value) for value in row] for row in table.rows)
    return file.getvalue().encode()


def _cell(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
