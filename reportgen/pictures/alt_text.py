"""Alt texts of still pictures, from the inputs of their figures. Needs no matplotlib.

A text depends on the form of the inputs, not on the figure that draws them: rows with a value, groups of values, panels
of lines. So it also describes figures of plugins that take inputs of these forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reportgen.text import number


def alt_text(inputs: Mapping[str, Any]) -> str:
    """What a picture of `inputs` shows: its axes, and the numbers of each of its parts.

    Raises `ValueError` for inputs of a form that it does not know; such a picture needs an alt text of its own.
    """
    for form in (_panels, _rows, _groups):
        if text := form(inputs):
            return text
    raise ValueError(f"a picture of {', '.join(inputs) or 'no inputs'} needs an alt text of its own")


def _panels(inputs: Mapping[str, Any]) -> str:
    told = []
    for panel in inputs.get("panels") or ():
        if "series" in panel:
            axes = f"{panel.get('ylabel') or inputs['panels'][0].get('ylabel', '')} against {panel.get('xlabel', '')}"
            parts = [f"{series['label']} {_path(series)}" for series in panel["series"]]
            parts += [f"a line at {_short(line[key])}: {line['label']}" for line, key in _lines(panel)]
        elif "values" in panel:
            axes = panel.get("label") or "heat map"
            axes += f" over {inputs.get('xlabel', 'λ')} and {inputs.get('ylabel', 'the learning rate')}"
            parts = [_range(panel["values"], ".0%" if panel.get("share") else "")]
        else:
            return ""
        title = panel.get("title") or ""
        told.append(f"{title}{', ' if title else ''}{axes}: {_sentence(parts)}")
    return " ".join(told)


def _rows(inputs: Mapping[str, Any]) -> str:
    parts = []
    for row in inputs.get("rows") or ():
        if "estimate" in row:
            ends = [row["low"], row["high"]]
            found = f"{_short(row['estimate'])} ({_short(ends[0])} to {_short(ends[1])}), {row['verdict']}"
            # No pairs, or so few that they leave an end open.
            found = found if np.isfinite(np.asarray(ends, float)).all() else row["verdict"]
        elif "value" in row:
            ends = [row.get("low"), row.get("high")]
            found = _short(row["value"]) + ("" if None in ends else f" ({_short(ends[0])} to {_short(ends[1])})")
        elif "parts" in inputs:
            shares = zip(inputs["parts"], np.asarray(row["values"], float), strict=True)
            found = ", ".join(f"{part} {number(share, '.0%')}" for part, share in shares if np.isfinite(share))
        elif "roles" in inputs:
            roles, kept = np.array(inputs["roles"]), np.asarray(row["shares"], float)
            means = ((role, kept[roles == role].mean()) for role in dict.fromkeys(inputs["roles"]))
            found = ", ".join(f"{role} {number(float(mean), '.0%')}" for role, mean in means)
        else:
            return ""
        parts.append(f"{row['label']}: {found}")
    return f"{inputs.get('xlabel', '')}. {_sentence(parts)}" if parts else ""


def _groups(inputs: Mapping[str, Any]) -> str:
    parts = []
    for group in inputs.get("groups") or ():
        if "zero_share" in group:
            found = f"{number(group['zero_share'], '.0%')} exactly zero"
            counts, band = np.asarray(group["counts"], float), group.get("threshold")
            if counts.sum():
                # The size in the middle of the weights that are not zero.
                middle = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
                found += f", half of the others below {_short(10 ** float(group['edges'][middle + 1]))}"
            found += f"; a line at {_short(band)}" if band else ""
        elif "values" in group:
            values = np.asarray(group["values"], float)
            known = values[np.isfinite(values)]
            found = f"median {_short(float(np.median(known)))}, {_range(known)}" if len(known) else "no values"
        else:
            return ""
        parts.append(f"{group['label']}: {found}")
    axis = inputs.get("xlabel") or ("Sizes of weights" if parts else "")
    return f"{axis}. {_sentence(parts)}" if parts else ""


def _path(series: Mapping[str, Any]) -> str:
    """The first and the last value of a line, and its extremes where they lie between."""
    x, y = (np.asarray(series[axis], float).ravel() for axis in ("x", "y"))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if not len(y):
        return "without values"
    if y.min() == y.max():
        return f"is {_short(y[0])} from {_short(x[0])} to {_short(x[-1])}"
    told = f"goes from {_short(y[0])} at {_short(x[0])} to {_short(y[-1])} at {_short(x[-1])}"
    ends = sorted((y[0], y[-1]))
    small = 0.02 * float(np.ptp(y))
    for name, place in (("lowest", int(y.argmin())), ("highest", int(y.argmax()))):
        if y[place] < ends[0] - small or y[place] > ends[1] + small:
            told += f", {name} {_short(y[place])} at {_short(x[place])}"
    return told


def _lines(panel: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], str]]:
    named = (("marks", "x"), ("levels", "y"))
    return [(line, axis) for key, axis in named for line in panel.get(key) or ()]


def _range(values: Any, spec: str = ".3g") -> str:
    known = np.asarray([np.nan if v is None else v for v in np.ravel(np.asarray(values, object))], float)
    known = known[np.isfinite(known)]
    ends = (number(float(end), spec or ".3g") for end in (known.min(), known.max())) if len(known) else ()
    return "from " + " to ".join(ends) if len(known) else "no values"


def _sentence(parts: Sequence[str]) -> str:
    return "; ".join(parts) + "."


def _short(value: Any) -> str:
    return number(None if value is None else float(value), ".3g")
