"""The numbered notes on a table: one list of their codes, which the documentation shows too."""

from __future__ import annotations

from reportgen.tables import Note

TITLES = {
    "T01": "A column gives the target away",
    "T02": "Two columns say the same",
    "T03": "A column only identifies rows",
    "T04": "A column has one value",
    "T05": "A column is empty",
    "T06": "Most values of a column are missing",
    "T07": "A column holds dates",
    "T08": "There are few rows",
    "T09": "A class is rare",
    "T10": "Rows are repeated",
    "T11": "Rows have no target",
    "T12": "Only a sample of the rows is used",
    "T13": "The encoding is guessed",
    "T14": "The delimiter is guessed among several that fit",
    "T15": "A column has extreme values",
    "T16": "Rare levels are merged",
    "T17": "A column looks like groups of rows",
    "T18": "Numbers can be read in two ways",
    "T19": "Days and months can be confused",
    "T20": "The task is guessed",
}
"""The title of each code, in the order of the documentation."""


def note(code: str, text: str, column: str = "") -> Note:
    """A note with a code of the list; another code is a mistake of the caller and raises `KeyError`."""
    TITLES[code]
    return Note(code=code, column=column, text=text)
