"""λ from nothing to collapse."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.analysis.errors import line, total_errors
from reportgen.analysis.sparsity import zero_share
from reportgen.article.common import LOOK, is_curve, outcomes, penalty, strength
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Run, Step
from reportgen.trajectory import Trajectory

GRID = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0, 5.0)
KINDS: dict[str, tuple[str, Step]] = {"l1": ("L1, proximal", "proximal"), "l2": ("L2", "subgradient")}
_LOOK = {"l1": "l1-proximal", "l2": "l2"}
_RUNS = 10
_FLAT = 0.1
"""A fitted line with less than this share of the unpenalised slope counts as collapsed."""


@sections.register("strength")
class Strength(Section):
    """The sweep that shows both ends: no penalty, and nothing left to penalise."""

    title = "Turning the dial: λ from nothing to collapse"

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for kind in KINDS for λ in self._grid(e) for run in self._of(e, kind, λ)]

    def _grid(self, e: Experiment) -> list[float]:
        return sorted({*GRID, strength(e)})

    def _of(self, e: Experiment, kind: str, λ: float) -> list[Run]:
        # The learning rate falls to zero, so that the last step's jitter does not hide what λ does.
        changes: dict[str, Any] = {"penalty": penalty(kind), "step": KINDS[kind][1]} if λ else {}
        return outcomes(e, _RUNS, strength=λ, training={"schedule": "linear"}, **changes)

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        layers = len(e.run(0).shapes)
        sweeps: dict[str, Any] = {}
        for kind, (label, _) in KINDS.items():
            points = [self._point([trained[run] for run in self._of(e, kind, λ)], λ, e) for λ in self._grid(e)]
            sweeps[kind] = {"label": label, "points": points, **self._collapse(points)}
        found: Findings = {
            "grid": self._grid(e),
            "runs": min(_RUNS, e.runs.count),
            "sweeps": sweeps,
            "layers": layers,
            "flat": _FLAT,
            "line": self._is_line(e),
            "strength": strength(e),
        }
        if self._is_line(e):
            at = self._grid(e).index(strength(e))
            # The smallest penalty of any network of this depth with this slope; see the section's text.
            m = {kind: abs(sweeps[kind]["points"][at]["slope"]) for kind in KINDS}
            found["theory"] = {
                "l1": {
                    "slope": m["l1"],
                    "least": layers * m["l1"] ** (1 / layers),
                    "measured": sweeps["l1"]["points"][at]["sum_abs"],
                },
                "l2": {
                    "slope": m["l2"],
                    "least": layers * m["l2"] ** (2 / layers),
                    "measured": sweeps["l2"]["points"][at]["sum_squares"],
                },
            }
        return found

    @staticmethod
    def _is_line(e: Experiment) -> bool:
        return is_curve(e) and e.network.activation == "linear"

    def _point(self, trajectories: list[Trajectory], λ: float, e: Experiment) -> dict[str, float]:
        totals = total_errors(trajectories)
        ended = [t for t in trajectories if t.diverged is None]
        kernels = [t.at(-1)[0] for t in ended]
        nan = float("nan")
        point = {
            "strength": λ,
            "error": float(np.nanmedian(totals)) if ended else nan,
            "low": float(np.nanmin(totals)) if ended else nan,
            "high": float(np.nanmax(totals)) if ended else nan,
            "zero": float(np.mean([zero_share(k) for k in kernels])) if ended else nan,
            "sum_abs": float(np.median([sum(np.abs(w).sum() for w in k) for k in kernels])) if ended else nan,
            "sum_squares": float(np.median([sum((w**2).sum() for w in k) for k in kernels])) if ended else nan,
            "diverged": len(trajectories) - len(ended),
        }
        if is_curve(e) and ended:
            point["slope"] = float(np.median([line(t)[0] for t in ended]))
        return point

    def _collapse(self, points: list[dict[str, float]]) -> dict[str, float | None]:
        """The grid values between which the fitted line goes flat."""
        slopes = [abs(p["slope"]) for p in points if "slope" in p]
        flat = [slope < _FLAT * slopes[0] for slope in slopes] if slopes else []
        if not any(flat):
            return {"collapse_after": None, "collapse_by": None}
        first = flat.index(True)
        return {
            "collapse_after": points[first - 1]["strength"] if first else None,
            "collapse_by": points[first]["strength"],
        }

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        def series(key: str, low: str = "", high: str = "") -> list[dict[str, Any]]:
            drawn = []
            for kind, sweep in findings["sweeps"].items():
                points = sweep["points"]
                entry = {
                    "arm": LOOK[_LOOK[kind]],
                    "label": sweep["label"],
                    "x": [p["strength"] for p in points],
                    "y": [p[key] for p in points],
                }
                if low:
                    entry |= {"low": [p[low] for p in points], "high": [p[high] for p in points]}
                drawn.append(entry)
            return drawn

        panels = [
            {"title": "Error", "ylabel": "total error", "series": series("error", "low", "high")},
            {"title": "Zeros", "ylabel": "weights exactly zero", "series": series("zero")},
        ]
        if findings["line"]:
            panels.append({"title": "Slope", "ylabel": "slope of the fitted line", "series": series("slope")})
        for panel in panels:
            # A logarithm with a straight piece about zero, so that λ = 0 is on the axis.
            panel |= {"xlabel": "λ", "xscale": "symlog"}
        l1, l2 = findings["sweeps"]["l1"]["points"], findings["sweeps"]["l2"]["points"]
        yield Picture(
            name="strength",
            figure="curves",
            inputs={"panels": panels},
            alt="Total error, share of exact zeros and slope of the fitted line against λ from 0 to "
            f"{l1[-1]['strength']:g}. "
            f"The error is {l1[0]['error']:.1f} without a penalty, {l1[-1]['error']:.1f} at the largest λ for L1 and "
            f"{l2[-1]['error']:.1f} for L2; exact zeros go up to {max(p['zero'] for p in l1):.0%} with L1 and "
            f"{max(p['zero'] for p in l2):.0%} with L2.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="strength",
            columns=(
                Column(label="penalty"),
                Column(label="λ", format="g"),
                Column(label="median total error", format=".2f"),
                Column(label="exactly zero", format=".1%"),
                Column(label="slope", format=".2f"),
                Column(label="Σ|w|", format=".2f"),
                Column(label="Σw²", format=".2f"),
            ),
            rows=tuple(
                (sweep["label"], p["strength"], p["error"], p["zero"], p.get("slope"), p["sum_abs"], p["sum_squares"])
                for sweep in findings["sweeps"].values()
                for p in sweep["points"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        told = [
            f"{sweep['label']} between λ\u00a0=\u00a0{sweep['collapse_after']:g} and {sweep['collapse_by']:g}"
            for sweep in findings["sweeps"].values()
            if sweep["collapse_after"] is not None
        ]
        return f"Too strong a penalty flattens the fit altogether: {' and '.join(told)}." if told else None
