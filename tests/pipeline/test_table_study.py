"""Studies from Python."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import table_experiments

import reportgen
from reportgen.errors import ExperimentError


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    found = pd.DataFrame(table_experiments.rows())
    numbers = found.columns.drop("place")
    return found.assign(**{name: pd.to_numeric(found[name]) for name in numbers})


@pytest.mark.parametrize(
    "convert", [lambda df: df, pl.from_pandas, pa.Table.from_pandas, lambda df: df.to_records(index=False)]
)
def test_every_kind_of_frame_gives_the_same_study(convert, frame, cache):
    def study(table):
        columns = {"age": {"cost": 2.5}}
        settings = table_experiments.QUICK
        return reportgen.study(table, target="price", columns=columns, settings=settings, cache=cache)

    result = study(convert(frame))

    assert result.totals == study(frame).totals
    assert "size" in {*result.totals.kept, *(name for part in result.totals.either for name in part)}
    assert result.totals.price == 2.5
    assert "keep: " in str(result)


def test_an_array_and_a_report(frame, cache, tmp_path):
    numbers = frame.drop(columns="place")
    names = list(numbers.columns)
    settings = table_experiments.QUICK
    result = reportgen.study(
        numbers.to_numpy(), names=names, target="price", settings=settings, cache=cache, out=tmp_path / "out"
    )
    selected = json.loads((tmp_path / "out" / "selected.json").read_text())

    assert {v.name for v in result.verdicts} == set(names) - {"price"}
    assert selected["can_go"] == list(result.totals.dropped)
    assert str(tmp_path) not in (tmp_path / "out" / "results.json").read_text()
    with pytest.raises(ExperimentError, match="columns must give settings for 'age'"):
        reportgen.study(frame, target="price", columns={"age": 3}, cache=cache)
    with pytest.raises(ExperimentError, match="a table must be a data frame"):
        reportgen.study(np.arange(3).tolist(), target="price", cache=cache)
