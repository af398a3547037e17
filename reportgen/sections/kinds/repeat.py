"""How to repeat the fit of a table without reportgen: code for scikit-learn, and the chosen columns as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import Experiment
from reportgen.sections import Section, Trained, sections
from reportgen.studies.complete import table_of
from reportgen.studies.result import StudyResult
from reportgen.tables import Frame

SELECTED = "selected.json"


@dataclass(frozen=True, kw_only=True)
class RepeatFindings:
    """What a user of scikit-learn needs."""

    file: str
    target: str
    code: str
    """A program that fits the model of the smallest set; empty if that set is empty."""
    selected: dict[str, Any]
    """The content of `selected.json`."""
    sampled: bool
    """Whether the study used a sample of the rows, and the program uses all."""


@sections.register("repeat")
class Repeat(Section[RepeatFindings]):
    """Code and files to take away."""

    title = "Repeat it"
    of_table = True

    def findings(self, e: Experiment, trained: Trained, study: StudyResult) -> RepeatFindings:
        data = table_of(e)
        totals, fit = study.totals, study.fit
        return RepeatFindings(
            file=data.file,
            target=study.target,
            code=_code(data.file, data.frame, fit.features, data.weights) if fit.features else "",
            selected={
                "file": data.file,
                "target": study.target,
                "task": study.task,
                "classes": study.classes,
                "columns": fit.features,
                "keep": totals.kept,
                "either": totals.either,
                "can_go": totals.dropped,
                "cannot_tell": totals.open,
                "error": totals.error,
                "error_with_all": study.reference_error,
                "error_is": study.error_name,
                "price": totals.price,
                "saved": totals.saved,
                "coefficients": dict(zip(fit.columns, fit.coefficients, strict=True)),
                "intercept": fit.intercept,
                "lasso": {
                    "alpha": study.lasso.strength,
                    "coefficients": dict(zip(study.lasso.columns, study.lasso.coefficients, strict=True)),
                    "intercept": study.lasso.intercept,
                },
            },
            sampled=data.frame.rows < data.most_rows < data.frame.rows_in_file,
        )

    def files(self, e: Experiment, findings: RepeatFindings) -> Mapping[str, Any]:
        return {SELECTED: findings.selected}


_READERS = {".parquet": "read_parquet", ".xlsx": "read_excel", ".xls": "read_excel", ".ods": "read_excel"}


def _code(file: str, frame: Frame, chosen: tuple[str, ...], weights: str) -> str:
    """A program that reads the table and fits least squares, or logistic regression, on the chosen columns."""
    kinds = {feature.name: bool(feature.levels) for feature in frame.features}
    numbers = [name for name in chosen if not kinds[name]]
    categories = [name for name in chosen if kinds[name]]
    reader = next((name for suffix, name in _READERS.items() if file.lower().endswith(suffix)), "read_csv")
    arguments = [_quoted(file)]
    if reader == "read_csv":
        arguments += [f"{name}={value}" for name, value in frame.reading]
    steps = []
    if numbers:
        steps.append(f"    (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler()), {_list(numbers)}),")
    if categories:
        steps.append(f'    (OneHotEncoder(handle_unknown="ignore"), {_list(categories)}),')
    estimator = "LogisticRegression" if frame.classes else "LinearRegression"
    options = "C=np.inf, max_iter=1000" if frame.classes else ""
    fit = ["table[chosen]", f"table[{_quoted(frame.target_name)}]"]
    if weights:
        fit.append(f"{estimator.lower()}__sample_weight=table[{_quoted(weights)}]")
    lines = [
        *(["import numpy as np"] if frame.classes else []),
        "import pandas as pd",
        "from sklearn.compose import make_column_transformer",
        *(["from sklearn.impute import SimpleImputer"] if numbers else []),
        f"from sklearn.linear_model import {estimator}",
        "from sklearn.pipeline import make_pipeline",
        f"from sklearn.preprocessing import {_names(numbers, categories)}",
        "",
        *_reading(reader, arguments),
        f"table = table.dropna(subset=[{_quoted(frame.target_name)}])",
        f"chosen = {_list([*numbers, *categories])}",
        "prepare = make_column_transformer(",
        *steps,
        ")",
        f"model = make_pipeline(prepare, {estimator}({options}))",
        f"model.fit({', '.join(fit)})",
        "print(model.predict(table[chosen])[:5])",
    ]
    return "\n".join(lines) + "\n"


def _reading(reader: str, arguments: list[str]) -> list[str]:
    line = f"table = pd.{reader}({', '.join(arguments)})"
    if len(line) <= 80:
        return [line]
    return [f"table = pd.{reader}(", *(f"    {argument}," for argument in arguments), ")"]


def _names(numbers: list[str], categories: list[str]) -> str:
    return ", ".join([*(["OneHotEncoder"] if categories else []), *(["StandardScaler"] if numbers else [])])


def _quoted(text: str) -> str:
    """A string of Python in double quotes; the escapes of JSON are Python's, too."""
    return json.dumps(text, ensure_ascii=False)


def _list(names: list[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"
