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
KINDS: dict[str, tuple[str, Step]] = {
    "l1": ("L1, proximal", "proximal"),
    "l2": ("L2", "subgradient"),
    "elastic_net": ("elastic net", "proximal"),
}
_LOOK = {"l1": "l1-proximal", "l2": "l2", "elastic_net": "elastic_net"}
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
            "equivalence": e.comparison.equivalence,
            **self._calm(sweeps, e.comparison.equivalence),
        }
        if self._is_line(e):
            at = self._grid(e).index(strength(e))
            # The smallest penalty of any network of this depth with this slope; see the section's text.
            m = {kind: abs(sweeps[kind]["points"][at]["slope"]) for kind in ("l1", "l2")}
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
        if is_curve(e):
            point["slope"] = float(np.median([line(t)[0] for t in ended])) if ended else nan
        return point

    @staticmethod
    def _calm(sweeps: dict[str, Any], margin: float) -> dict[str, float]:
        """The largest λ up to which no penalty moves the median error by more than the margin, and L1's zeros there."""
        rows = list(zip(*(sweep["points"] for sweep in sweeps.values()), strict=True))
        calm = 0
        while calm + 1 < len(rows) and all(
            abs(p["error"] - free["error"]) <= margin for p, free in zip(rows[calm + 1], rows[0], strict=True)
        ):
            calm += 1
        return {"calm_until": rows[calm][0]["strength"], "zero_then": sweeps["l1"]["points"][calm]["zero"]}

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
        sweeps = {sweep["label"]: sweep["points"] for sweep in findings["sweeps"].values()}
        yield Picture(
            name="strength",
            figure="curves",
            inputs={"panels": panels},
            alt="Total error, share of exact zeros and slope of the fitted line against λ from 0 to "
            f"{findings['grid'][-1]:g}. Without a penalty the error is {next(iter(sweeps.values()))[0]['error']:.1f}. "
            + "; ".join(
                f"{label}: {points[-1]['error']:.1f} at the largest λ, up to {max(p['zero'] for p in points):.0%} "
                "exact zeros"
                for label, points in sweeps.items()
            )
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="strength",
            columns=(
                Column(label="penalty"),
                Column(label="λ", format="g"),
                Column(label="median total error", format=".2f"),
                Column(label="exactly zero, mean", format=".1%"),
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
            f"{sweep['label']} between {sweep['collapse_after']:g} and {sweep['collapse_by']:g}"
            for sweep in findings["sweeps"].values()
            if sweep["collapse_after"] is not None
        ]
        if not told:
            return None
        calm = (
            f"Up to λ\u00a0=\u00a0{findings['calm_until']:g} no penalty changes the median error by more than "
            f"{findings['equivalence']:g}; beyond, "
        )
        return (
            f"{calm if findings['calm_until'] else 'As λ grows, '}there is a λ at which the fit goes flat: "
            f"{'; '.join(told)}."
        )
