"""How to repeat the fit of a table without reportgen: code for scikit-learn, and the chosen columns as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reportgen.experiment import Experiment
from reportgen.sections import Section, Trained, sections
from reportgen.studies.complete import table_of
from reportgen.studies.models import LogisticModel
from reportgen.studies.result import StudyResult
from reportgen.tables import Frame
from reportgen.tables.design import MOST_LEVELS

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
                "error_is": study.error_name,
                "error_of_models_of_this_size": totals.error,
                "error_of_models_with_all_columns": study.reference_error,
                "price_of_all": totals.price,
                "price_without_those_that_can_go": totals.price - totals.saved,
                "coefficients": dict(zip(fit.columns, fit.coefficients, strict=True)),
                "intercept": fit.intercept,
                "filled_with": dict(fit.fills),
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


_READERS = {
    ".frame": "frame",
    ".parquet": "read_parquet",
    ".xlsx": "read_excel",
    ".xls": "read_excel",
    ".ods": "read_excel",
}


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
        steps.append("    (SimpleImputer(add_indicator=True), numbers),")
    if categories:
        rare = any(len(feature.levels) > MOST_LEVELS for feature in frame.features if feature.name in chosen)
        options = f'max_categories={MOST_LEVELS + 1}, handle_unknown="infrequent_if_exist"' if rare else ""
        options = options or 'handle_unknown="ignore"'
        encoder = f'OneHotEncoder(drop="if_binary", sparse_output=False, {options})'
        steps.append(f"    ({encoder}, categories),")
    estimator = "LogisticRegression" if frame.classes else "LinearRegression"
    target = _quoted(frame.target_name)
    fit = ["table[chosen]", f"table[{target}]"]
    if weights:
        fit.append(f"{estimator.lower()}__sample_weight=table[{_quoted(weights)}]")
    encoders = [*(["OneHotEncoder"] if categories else []), "StandardScaler"]
    lines = [
        "import pandas as pd",
        "from sklearn.compose import make_column_transformer",
        *(["from sklearn.impute import SimpleImputer"] if numbers else []),
        f"from sklearn.linear_model import {estimator}",
        "from sklearn.pipeline import make_pipeline",
        f"from sklearn.preprocessing import {', '.join(encoders)}",
        "",
        *_reading(reader, arguments),
        f"table = table.dropna(subset=[{target}])",
        *(_assigned("numbers", numbers) if numbers else []),
        *(_assigned("categories", categories) if categories else []),
        f"chosen = {' + '.join(name for name, of in (('numbers', numbers), ('categories', categories)) if of)}",
        "prepare = make_column_transformer(",
        *steps,
        ")",
    ]
    if frame.classes:
        lines += [
            "# Hardly any penalty: just so much that coefficients stay finite where columns separate the classes.",
            f"classifier = LogisticRegression(C=1 / ({LogisticModel.STABLE} * len(table)), max_iter=1000)",
            "model = make_pipeline(prepare, StandardScaler(), classifier)",
        ]
    else:
        lines.append("model = make_pipeline(prepare, StandardScaler(), LinearRegression())")
    lines += [f"model.fit({', '.join(fit)})", "print(model.predict(table[chosen])[:5])"]
    return "\n".join(lines) + "\n"


def _reading(reader: str, arguments: list[str]) -> list[str]:
    if reader == "frame":
        return ["# `table` is the data frame that was studied."]
    line = f"table = pd.{reader}({', '.join(arguments)})"
    if len(line) <= 80:
        return [line]
    return [f"table = pd.{reader}(", *(f"    {argument}," for argument in arguments), ")"]


def _quoted(text: str) -> str:
    """A string of Python in double quotes; the escapes of JSON are Python's, too."""
    return json.dumps(text, ensure_ascii=False)


def _assigned(variable: str, names: list[str]) -> list[str]:
    """A list of names in lines of at most 80 characters."""
    line = f"{variable} = [{', '.join(map(_quoted, names))}]"
    return [line] if len(line) <= 80 else [f"{variable} = [", *(f"    {_quoted(name)}," for name in names), "]"]
