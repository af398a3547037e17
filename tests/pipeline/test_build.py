"""Whole builds: what they write, that they repeat, and how they meet trouble."""

import csv
import dataclasses
import json
import os
import pickle
import subprocess
import sys

import reportgen
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment import Arm
from reportgen.page import results as results_schema
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.training.network import Network


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_results_hold_every_number_of_every_table(report):
    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    results = json.loads((report / "results.json").read_text("utf-8"), parse_constant=refuse)

    assert results["schema"] == results_schema.SCHEMA
    for name, table in results["tables"].items():
        with (report / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            heading, *rows = csv.reader(file)
        assert heading == table["columns"]
        assert len(rows) == len(table["rows"])
        for told, kept in zip(table["rows"], rows, strict=True):
            for value, cell in zip(told, kept, strict=True):
                assert cell.lstrip("'") == ("" if value is None else str(value)) or float(cell) == value


def test_building_again_changes_no_file_and_does_not_import_tensorflow(report, cache, small_experiment, tmp_path):
    before = {path: path.stat().st_mtime_ns for path in report.rglob("*")}
    script = (
        "import pickle, sys, pathlib, reportgen;"
        "e, out, cache = pickle.loads(bytes.fromhex(sys.argv[1])), *sys.argv[2:];"
        "reportgen.build(e, out, cache=cache, executor='serial');"
        "print(any(name.split('.')[0] == 'tensorflow' for name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, pickle.dumps(small_experiment).hex(), report, cache],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )

    assert done.stdout == "False\n"
    assert {path: path.stat().st_mtime_ns for path in report.rglob("*")} == before


def test_two_builds_from_nothing_give_the_same_bytes(report, small_experiment, tmp_path):
    """Another folder, hash seed, locale and time zone, and nothing stored: everything is trained and drawn anew."""
    script = (
        "import pickle, sys, reportgen;"
        "reportgen.build(pickle.loads(bytes.fromhex(sys.argv[1])), 'out here', cache='store')"
    )
    subprocess.run(
        [sys.executable, "-c", script, pickle.dumps(small_experiment).hex()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Kathmandu"},
        check=True,
    )

    first, second = contents(report), contents(tmp_path / "out here")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_another_experiment_makes_a_whole_article_too(small_experiment, cache, tmp_path):
    """Several inputs, a ReLU network, mini-batches and a single arm, whose label is hostile."""
    other = dataclasses.replace(
        small_experiment,
        title="<script>alert(1)</script> & {{ 7 * 7 }}",
        data=SparseLinear(inputs=4, relevant=2, samples=12, test_samples=8),
        network=Network(hidden=(3,), activation="relu"),
        training=dataclasses.replace(small_experiment.training, batch_size=4),
        arms=(Arm(name="only", label="<b>$x^{", penalty=L2(), strength=0.1),),
        sweep=dataclasses.replace(small_experiment.sweep, arm="only"),
        runs=dataclasses.replace(small_experiment.runs, count=2),
    )

    built = reportgen.build(other, tmp_path / "out", cache=cache)

    page = built.front.read_text("utf-8")
    assert "<script>alert" not in page
    assert "{{ 7 * 7 }}" in page
    assert "&lt;b&gt;$x^{" in page


def test_runs_that_diverge_are_told_and_the_build_goes_on(small_experiment, cache, tmp_path):
    wild = dataclasses.replace(
        small_experiment,
        training=dataclasses.replace(small_experiment.training, loss="squared", learning_rate=1.0),
        arms=(Arm(name="none"), Arm(name="l1", penalty=L1(), strength=0.3, step="proximal")),
        runs=dataclasses.replace(small_experiment.runs, count=2),
        sections=("experiment", "errors", "motion", "sparsity"),
        sweep=None,
    )

    built = reportgen.build(wild, tmp_path / "out", cache=cache)

    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    step = results["findings"]["errors"]["diverged"][0]["step"]
    assert len(results["findings"]["errors"]["diverged"]) == 4
    page = " ".join(built.front.read_text("utf-8").split())
    assert built.diverged_listed == 4
    # The comparison is repeated at rest, on fresh data, from nudged weights.
    assert built.diverged > 4
    assert f"besides the arms, {built.diverged - 4} diverged too" in page
    assert f"diverged at step {step}" in page
