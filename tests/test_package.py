"""`import reportgen`: what it offers, to scripts as to the command line."""

from pathlib import Path

import pytest

import reportgen
from reportgen.experiment.file import parse, shipped
from reportgen.pipeline import report_target
from reportgen.pipeline.options import BuildOptions


@pytest.fixture
def builds(monkeypatch):
    """The arguments of each call of `build_report`, which is replaced."""
    calls = []
    monkeypatch.setattr(report_target, "build_report", lambda *values, **more: calls.append((*values, more)))
    return calls


def test_every_name_it_offers_is_there_and_no_other():
    for name in reportgen.__all__:
        assert getattr(reportgen, name) is not None, name
        assert name in dir(reportgen)
    with pytest.raises(AttributeError, match=r"^module 'reportgen' has no attribute 'biuld'$"):
        reportgen.biuld  # noqa: B018  # asking is the test


def test_build_takes_a_file_or_a_value(builds, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(shipped().replace("count = 30", "count = 2"), "utf-8")
    told = []

    reportgen.build(str(file), "there", cache="kept", executor="serial", progress=told.append)
    reportgen.build(parse(shipped()), tmp_path)

    first, out, options, _ = builds[0]
    assert (first.runs.count, out) == (2, Path("there"))
    assert options == BuildOptions(cache=Path("kept"), executor="serial", progress=told.append)
    assert builds[1][:2] == (parse(shipped()), tmp_path)
