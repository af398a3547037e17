"""The code and the coefficients that a report on a table gives away."""

import json
import subprocess
import sys

import numpy as np
import pytest
import table_experiments

KINDS = {"numbers": 0, "two classes": 2, "three classes": 3}


@pytest.mark.parametrize("classes", KINDS.values(), ids=KINDS)
def test_the_code_fits_the_model_whose_coefficients_are_in_the_file(classes, compute, tmp_path):
    rows = table_experiments.rows(120, classes=classes)
    # A file as programs in Germany write it.
    lines = [";".join(rows[0]), *(";".join(row.values()).replace(".", ",") for row in rows)]
    (tmp_path / "houses.csv").write_text("\n".join(lines) + "\n", "utf-8-sig")
    result = compute("repeat", table_experiments.experiment(tmp_path / "houses.csv")).result
    found, selected = result.findings, result.files["selected.json"]
    code = found["code"].replace(json.dumps(str(tmp_path / "houses.csv")), '"houses.csv"')
    proba = "predict_proba" if classes else "predict"
    code += f"\nprint('all', model.{proba}(table[chosen]).tolist())\n"
    (tmp_path / "repeat.py").write_text(code, "utf-8")

    done = subprocess.run([sys.executable, "repeat.py"], cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    printed = np.array(json.loads(done.stdout.rpartition("all ")[2]))
    outputs = np.array([predicted(row, selected) for row in rows])
    if classes == 2:
        outputs = np.column_stack([1 / (1 + np.exp(outputs)), 1 / (1 + np.exp(-outputs))])
    elif classes:
        outputs = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
        order = np.argsort(selected["classes"])  # scikit-learn sorts classes
        outputs = outputs[:, order]
    assert "size" in selected["columns"]
    np.testing.assert_allclose(printed, outputs.reshape(printed.shape), atol=1e-3 if classes else 1e-6)


def predicted(row, selected):
    """The outputs of the model for a row, from its coefficients in original units."""
    total = np.array(selected["intercept"], float)
    for name, values in selected["coefficients"].items():
        feature, _, level = name.partition("=")
        if name.endswith(" (missing)"):
            present = row[name.removesuffix(" (missing)")] == ""
        elif level:
            present = row[feature] == level
        else:
            present = float(row[feature]) if row[feature] else selected["filled_with"][feature]
        total = total + present * np.array(values)
    return total if len(total) > 1 else total[0]
