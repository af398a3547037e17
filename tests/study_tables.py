"""Tables with planted truths, for tests of studies and for the measurement in benchmarks/study.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from reportgen.tables import Feature, Frame


def table(x, y, names=None, classes=(), costs=None, levels=None, **fields: Any) -> Frame:
    """A frame of an array of numbers, or of indices of levels for the columns that `levels` names by position."""
    x = np.asarray(x, np.float64)
    names = names or [f"x{i}" for i in range(x.shape[1])]
    features = tuple(
        Feature(
            name=name,
            values=x[:, i].copy(),
            levels=tuple((levels or {}).get(i, ())),
            cost=0.0 if costs is None else float(costs[i]),
        )
        for i, name in enumerate(names)
    )
    task = "regression" if not classes else "binary" if len(classes) == 2 else "classes"
    return Frame(
        name="table.csv",
        task=task,
        target_name="y",
        target=np.asarray(y, np.float64),
        classes=tuple(classes),
        features=features,
        rows_in_file=len(y),
        **fields,
    )


def noise_table(kind: str, rows: int, columns: int, seed: int) -> Frame:
    """A target that has nothing to do with the columns."""
    rng = np.random.default_rng([seed, rows, columns])
    x, y = rng.normal(size=(rows, columns)), rng.normal(size=rows)
    match kind:
        case "lognormal":
            x, y = np.exp(x), np.exp(y)
        case "t3":
            y = rng.standard_t(3, rows)
        case "correlated":
            x += 1.5 * rng.normal(size=(rows, 1))
        case "groups":
            # Ten rows each: columns and target have a part in common within a group; half of the columns are only that.
            of = np.arange(rows) // 10
            common = rng.normal(size=(of[-1] + 1, columns))[of]
            x = np.where(np.arange(columns) % 2, common, common + x)
            y = y + 1.5 * rng.normal(size=of[-1] + 1)[of]
            return table(x, y, groups=of)
        case "binary":
            return table(x, y > 0.5, classes=("no", "yes"))
        case "rare":
            return table(np.exp(x), y > 1.3, classes=("no", "yes"))
        case "classes":
            return table(x, np.digitize(y, [-0.5, 0.5]), classes=("a", "b", "c"))
        case "time":
            # Random walks that forget slowly.
            for row in range(1, rows):
                x[row] += 0.9 * x[row - 1]
                y[row] += 0.9 * y[row - 1]
            return table(x, y, time=np.arange(rows, dtype=float))
        case "normal":
            pass
        case _:
            raise ValueError(kind)
    return table(x, y)
