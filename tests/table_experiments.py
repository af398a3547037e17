"""Small tables with a known answer, as files, and quick studies of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reportgen.datasets.table import TableFile
from reportgen.experiment import Experiment
from reportgen.losses import fitting
from reportgen.sections import sections
from reportgen.tables.settings import ColumnSettings
from reportgen.tables.study_settings import StudySettings
from reportgen.training.run import Training

QUICK = StudySettings(folds=2, repetitions=1, inner_folds=2, subsamples=4, splits=4, shuffles=2)
OF_TABLE = tuple(name for name in sections.names() if sections[name].of_table)
"""The sections about a table, in alphabetical order."""


def rows(count: int = 60, seed: int = 0, classes: int = 0) -> list[dict[str, Any]]:
    """Rows whose target depends on `size` and `place`; `twin` nearly equals `size`, `noise` is noise, some cells of
    `age` are missing. With `classes` the target is one of so many words."""
    rng = np.random.default_rng(seed)
    size, noise, age = rng.normal(size=(3, count))
    place = rng.choice(["north", "south", "west"], count)
    score = 3 * size + 2 * (place == "north") + rng.normal(size=count)
    words = np.array(["low", "middle", "high"])[np.digitize(score, np.quantile(score, [1 / 3, 2 / 3]))]
    if classes == 2:
        words = np.where(score > np.median(score), "high", "low")
    return [
        {
            "size": f"{size[i]:.4f}",
            "twin": f"{size[i] + 0.05 * noise[-i]:.4f}",
            "noise": f"{noise[i]:.4f}",
            "age": "" if i % 9 == 0 else f"{age[i]:.4f}",
            "place": place[i],
            "price": words[i] if classes else f"{10 * score[i]:.3f}",
        }
        for i in range(count)
    ]


def write(path: Path, table: list[dict[str, Any]]) -> Path:
    """The rows as a CSV file."""
    lines = [",".join(table[0]), *(",".join(map(str, row.values())) for row in table)]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def experiment(path: Path, **data: Any) -> Experiment:
    """A quick study of the table in a file, with every section about a table."""
    priced = (("age", ColumnSettings(cost=2.5, unit="years")), ("size", ColumnSettings(cost=4.0)))
    settings = {"target": "price", "columns": priced, **data}
    table = TableFile(file=str(path), **settings)
    return Experiment(
        title="What predicts price?",
        data=table,
        training=Training(loss=fitting(table.found_task)[0]),
        study=QUICK,
        sections=OF_TABLE,
    )
