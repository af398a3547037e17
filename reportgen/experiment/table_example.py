"""The example of a table with named, priced columns: 442 diabetes patients, as a CSV file and its experiment file."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from reportgen.datasets.diabetes import INPUTS, measurements
from reportgen.experiment.table_file import experiment_text
from reportgen.tables.reading import from_frame
from reportgen.tables.settings import ColumnSettings, TableSettings

TARGET = "progression"

_COLUMNS = (
    ("age", ColumnSettings(unit="years")),
    ("sex", ColumnSettings(role="category")),
    ("body mass index", ColumnSettings(cost=2, unit="kg/m²")),
    ("blood pressure", ColumnSettings(cost=3, unit="mmHg")),
    ("total cholesterol", ColumnSettings(cost=6, unit="mg/dl")),
    ("LDL", ColumnSettings(cost=9, unit="mg/dl")),
    ("HDL", ColumnSettings(cost=7, unit="mg/dl")),
    ("cholesterol ratio", ColumnSettings(cost=13)),
    ("triglycerides (log)", ColumnSettings(cost=8)),
    ("glucose", ColumnSettings(cost=4, unit="mg/dl")),
)
"""Readable names for `INPUTS`, in their order."""

_ABOUT = """\
# 442 diabetes patients: ten measurements, and the progression of the disease one year later.
#
# Source: Bradley Efron, Trevor Hastie, Iain Johnstone and Robert Tibshirani, Least Angle Regression, Annals of
# Statistics 32 (2004), 407-499. Published with the paper, without terms of use, at
# https://www4.stat.ncsu.edu/~boos/var.select/diabetes.html; the numbers are those that scikit-learn distributes
# (BSD 3-Clause, copyright 2007-2026 the scikit-learn developers). The source calls the sexes 1 and 2 and states no
# units of the blood values; those below fit their sizes.
#
# The prices are examples: nothing for what a patient says, little for what a nurse measures, more for laboratory
# values. Put in your own.
#
"""


def example_files() -> dict[str, bytes]:
    """The files of the example by their names."""
    packaged = (resources.files("reportgen.datasets") / "diabetes.csv").read_text("utf-8")
    names = [name for name, _ in _COLUMNS]
    header, rows = packaged.split("\n", 1)
    if header != ",".join((*INPUTS, TARGET)):
        raise ValueError(f"the columns of diabetes.csv are {header}")
    settings = TableSettings(target=TARGET, columns=_COLUMNS)
    frame = from_frame(measurements(), settings, [*names, TARGET], "patients.csv")
    table = ",".join((*names, TARGET)) + "\n" + rows
    return {
        "patients.csv": table.encode(),
        "patients.toml": (_ABOUT + experiment_text(Path("patients.csv"), frame, settings)).encode(),
    }
