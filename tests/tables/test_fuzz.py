"""Files that were changed at random or made up: each is a frame or a complaint, and never another exception."""

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportgen.errors import ReportgenError
from reportgen.tables import reading
from reportgen.tables.settings import TableSettings

ROWS = [f'{i},{i * 7 % 13}.5,{"xyz"[i % 3]},2024-01-{i % 28 + 1:02d},"q {i}",{i * i % 11}\n' for i in range(40)]
TABLE = "id,a,b,c,d,y\n" + "".join(ROWS)
STRANGE = ["inf", "nan", "1e400", "1,5", "−", "٣", "９", "y\n", "\ufeff", "\u202e", "\ud800", "9" * 400, "1" * 5000]
DATES = ["31.12.2020", "2020-99-99", "12:99", "12/12/12", "1/1/1 25:99", "true", "\x1b[0m"]
PIECES = st.sampled_from([*",;\t|\"'\n\r\0 _%$-9", *STRANGE, *DATES])
EDITS = st.lists(st.tuples(st.integers(0, len(TABLE)), st.integers(0, 12), PIECES), min_size=1, max_size=8)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"])
SWAPS = st.sampled_from(["", ",;", ",\t", ",|", "\n\r", ".,", "y,", "\nx"])
ROLES = [{"columns": {name: {"role": role}}} for name, role in [("b", "group"), ("c", "time"), ("a", "category")]]
TASKS = [{"task": task} for task in ("binary", "classes", "regression")]
MORE = st.sampled_from([{}, *TASKS, {"weights": "a"}, {"delimiter": ";"}, *ROLES])


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz") / "t.csv"


def read(path, content, more):
    """Read a file, and check what comes of it."""
    path.write_bytes(content)
    try:
        frame = reading.load(path, TableSettings(target="y", **more))
    except ReportgenError as error:
        message = str(error)
        assert message
        assert message.isprintable()
        assert len(message) < 3_000
        return
    assert frame.rows >= 20
    assert np.isfinite(frame.target).all()
    for feature in frame.features:
        assert len(feature.values) == frame.rows
        assert not np.isinf(feature.values).any()
        assert feature.name.isprintable()
        assert all(level.isprintable() and len(level) <= 120 for level in feature.levels)
        assert not feature.levels or np.nanmax(feature.values) < len(feature.levels)
    reading.to_bytes(frame)


@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS, swap=SWAPS, encoding=ENCODINGS, more=MORE)
def test_an_edited_table_is_a_frame_or_a_complaint(path, edits, swap, encoding, more):
    text = TABLE
    for at, length, piece in edits:
        text = text[:at] + piece + text[at + length :]
    if swap:
        text = text.replace(swap[0], swap[1:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(path, text.encode(encoding, "replace" if encoding != "utf-8" else "surrogatepass"), more)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".parquet", ".xlsx", ".frame"]))
def test_any_bytes_are_a_complaint(path, content, suffix):
    other = path.with_suffix(suffix)
    starts = {".parquet": b"PAR1", ".xlsx": b"PK\x03\x04", ".frame": b"reportgen frame 1\n", ".csv": b""}
    read(other, starts[suffix] + content, {})
