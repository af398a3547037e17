"""Results over a grid of strengths, from no penalty to collapse."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.datasets.line import Line
from reportgen.experiment import Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Panel, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import (
    as_findings,
    default_penalty,
    is_curve,
    kinds_by_name,
    mean,
    strength,
    varied_runs,
)
from reportgen.statistics.comparison import Values, compare, compare_family
from reportgen.statistics.sparsity import zero_share
from reportgen.statistics.total_error import fitted_line, total_errors
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

GRID = (0.0, 0.01, 0.03, 0.1, 0.3, 0.6, 1.0, 1.5, 2.0, 3.0)
"""Strengths in even steps of the logarithm, with more of them near the collapse."""
KINDS = kinds_by_name(L1, L2, ElasticNet)
SCENE = kinds_by_name(L1, L2)
SUMS = dict(zip(SCENE, ("sum_abs", "sum_squares"), strict=True))
"""The key of the sum that each penalty minimizes."""
_FRAMES = tuple(float(f"{λ:.2g}") for λ in np.geomspace(0.01, 3.0, 39))
"""The strengths of the animation's frames after zero."""
_FLAT = 0.1
"""A fitted line with less than this share of the unpenalized slope counts as collapsed."""
_CHEAP = 0.02
"""A penalty at most this share above the least possible counts as the least."""


@sections.register("strength")
class Strength(Section):
    """Results of every penalty at strengths from zero to collapse."""

    title = "Turning the dial: λ from nothing to collapse"
    claims = (
        Claim(
            name="strength-scales-the-penalty",
            post="λ scales the penalty's part in the cost; at zero the penalty is switched off.",
            test=lambda f: all(
                _is_decreasing([p[f["sums"][kind]] for p in f["sweeps"][kind]["points"]]) for kind in f["sums"]
            ),
            supported="At the left end the penalty is off, and as λ grows, what the penalty counts shrinks without "
            "exception: Σ|w| under L1 from {{ f.sweeps.l1.points[0].sum_abs|num('.1f') }} to "
            "{{ f.sweeps.l1.points[-1].sum_abs|num('.2f') }}, Σw² under L2 from "
            "{{ f.sweeps.l2.points[0].sum_squares|num('.1f') }} to "
            "{{ f.sweeps.l2.points[-1].sum_squares|num('.2f') }}, in the median.",
            refuted="At the left end the penalty is off, but a larger λ does not always leave less of what the penalty "
            "counts: somewhere along the dial the median of Σ|w| under L1, or of Σw² under L2, rises.",
        ),
        Claim(
            name="moderate-strengths-cost-no-error",
            test=lambda f: _is_calm(f),
            supported="Up to λ = {{ f.calm_until|num('g') }} every penalty predicts practically as well as none: over "
            "{{ f.runs }} paired runs {{ f.on }}, each mean difference of the total error lies, with its interval, "
            "within the margin of {{ f.equivalence|num('g') }}. Over the same stretch the share of exact zeros under "
            "L1 goes from {{ f.sweeps.l1.points[0].zero|num('.0%') }} to {{ f.zero_then|num('.0%') }}.",
            refuted="Already at or below the λ = {{ f.strength|num('g') }} of this article some penalty changes the "
            "total error beyond the margin of {{ f.equivalence|num('g') }}: "
            "{% for d in f.changed %}{{ d.label }} is {{ d.verdict }} than no penalty at λ = {{ d.strength|num('g') }}"
            "{{ '' if loop.last else '; ' }}{% endfor %} ({{ f.runs }} paired runs {{ f.on }}).",
            undecided="Whether the penalties cost anything up to the λ = {{ f.strength|num('g') }} of this article is "
            "undecided for {{ f.open }} of the {{ f.asked }} comparisons with no penalty ({{ f.runs }} paired runs "
            "{{ f.on }}, margin {{ f.equivalence|num('g') }}).",
        ),
        Claim(
            name="every-penalty-can-collapse-the-fit",
            test=lambda f: all(c["by"] is not None for c in f["collapses"]) if f["line"] else None,
            supported="At the right end the penalty has won, and the fitted line is flat. In the median run the "
            "collapse comes "
            "{% for c in f.collapses %}between {{ c.after|num('g') }} and {{ c.by|num('g') }} for {{ c.label }}"
            "{{ '' if loop.last else ' and ' if loop.revindex == 2 else ', ' }}{% endfor %}.",
            refuted="Not every penalty flattens the line within this range: "
            "in the median run {% for c in f.collapses %}{{ c.label }} "
            "{% if c.by is none %}does not{% else %}does by λ = {{ c.by|num('g') }}{% endif %}"
            "{{ '' if loop.last else ', ' }}{% endfor %}.",
        ),
        Claim(
            name="l1-collapses-before-l2",
            test=lambda f: _collapses_earlier(f["sooner"]) if f["line"] else None,
            supported="L1 collapses at a smaller λ than L2 in {{ f.sooner.superiority|num('.0%') }} of the "
            "{{ f.runs }} pairs of runs, ties counted half (interval {{ f.sooner.superiority_low|num('.0%') }} to "
            "{{ f.sooner.superiority_high|num('.0%') }}). That says less than it seems to, since the same λ is not the "
            "same strength for the two.",
            refuted="L1 does not collapse before L2: it does at a smaller λ in only "
            "{{ f.sooner.superiority|num('.0%') }} of the {{ f.runs }} pairs of runs, ties counted half (interval "
            "{{ f.sooner.superiority_low|num('.0%') }} to {{ f.sooner.superiority_high|num('.0%') }}).",
            undecided="Which of L1 and L2 collapses first is undecided: L1 does in "
            "{{ f.sooner.superiority|num('.0%') }} of the {{ f.runs }} pairs of runs, ties counted half (interval "
            "{{ f.sooner.superiority_low|num('.0%') }} to {{ f.sooner.superiority_high|num('.0%') }}).",
        ),
        Claim(
            name="networks-as-cheap-as-can-be",
            test=lambda f: max(t["most"] for t in f["theory"].values()) < 1 + f["cheap"] if f["line"] else None,
            supported="So at this λ training finds networks about as cheap as any of this depth can be: no run's "
            "penalty exceeds the least for its own slope by more than "
            "{{ ([f.theory.l1.most, f.theory.l2.most]|max - 1)|num('.1%') }}.",
            refuted="Training does not find the cheapest networks everywhere: in the worst run the penalty is "
            "{{ (f.theory.l1.most - 1)|num('.1%') }} (L1) and {{ (f.theory.l2.most - 1)|num('.1%') }} (L2) above the "
            "least for its own slope.",
            undecided="Some runs have no slope of their own, so there is nothing to set their penalty against.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (run for kind in KINDS for λ in self._grid(e) for run in self._runs_at(e, kind, λ))
        yield from (self._runs_at(e, kind, λ)[0] for kind in SCENE for λ in (0.0, *_FRAMES))

    def _grid(self, e: Experiment) -> list[float]:
        return sorted({*GRID, strength(e)})

    def _runs_at(self, e: Experiment, kind: str, λ: float) -> list[Run]:
        # The learning rate decreases to zero, so that jitter does not hide the effect of λ.
        changes: dict[str, Any] = {"penalty": default_penalty(kind), "step": KINDS[kind].default_step} if λ else {}
        return varied_runs(e, e.runs.count, strength=λ, training={"schedule": "linear"}, **changes)

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        layers, grid = len(e.run(0).shapes), self._grid(e)
        ended = {kind: [[trained[run] for run in self._runs_at(e, kind, λ)] for λ in grid] for kind in KINDS}
        totals = {kind: [total_errors(trajectories) for trajectories in ended[kind]] for kind in KINDS}
        asked = [(kind, i) for kind in KINDS for i, λ in enumerate(grid) if λ]
        differences = compare_family([(totals[kind][i], totals[kind][0]) for kind, i in asked], e.margin, e.comparison)
        compared = {place: as_findings(difference) for place, difference in zip(asked, differences, strict=True)}
        sweeps: dict[str, Any] = {}
        for kind, of in KINDS.items():
            points = [
                {**_grid_point(ended[kind][i], totals[kind][i], λ, e), "difference": compared.get((kind, i))}
                for i, λ in enumerate(grid)
            ]
            sweeps[kind] = {"label": of.look().title, "points": points}
        below = [
            {"label": KINDS[kind].look().title, "strength": grid[i], "verdict": difference["verdict"]}
            for (kind, i), difference in compared.items()
            if grid[i] <= strength(e)
        ]
        calm = _last_calm_index(sweeps)
        found: Findings = {
            "grid": grid,
            "runs": e.runs.count,
            "on": "each on its own draw of the data" if e.fresh_data else "on one draw of the data",
            "sweeps": sweeps,
            "sums": SUMS,
            "layers": layers,
            "flat": _FLAT,
            "cheap": _CHEAP,
            "line": is_curve(e) and e.network.activation == "linear",
            "strength": strength(e),
            "equivalence": e.margin,
            "calm_until": grid[calm],
            "zero_then": sweeps["l1"]["points"][calm]["zero"],
            "changed": [d for d in below if d["verdict"] in ("better", "worse")],
            "open": sum(d["verdict"] == "undecided" for d in below),
            "asked": len(below),
            "collapses": [],
            "frames": len(_FRAMES) + 1,
        }
        if found["line"]:
            flat = {kind: _slope_shares(ended[kind]) for kind in KINDS}
            found["collapses"] = [
                {"label": of.look().title, **_collapse_range(flat[kind], grid)} for kind, of in KINDS.items()
            ]
            found["sooner"] = as_findings(
                compare(_collapse_indices(flat["l1"]), _collapse_indices(flat["l2"]), 0.0, e.comparison)
            )
            found["theory"] = _compare_with_least(ended, grid.index(strength(e)), layers)
            if isinstance(e.data, Line):
                found["exactly"] = {"slope": e.data.slope, **_least_sums(np.array([e.data.slope]), layers)}
        return found

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        def series(key: str, kinds: Iterable[str] = KINDS, low: str = "", high: str = "") -> list[dict[str, Any]]:
            drawn = []
            for kind in kinds:
                points = findings["sweeps"][kind]["points"]
                entry = {
                    "arm": KINDS[kind].look().arm,
                    "label": findings["sweeps"][kind]["label"],
                    "x": [p["strength"] for p in points],
                    "y": [p[key] for p in points],
                }
                if low:
                    entry |= {"low": [p[low] for p in points], "high": [p[high] for p in points]}
                drawn.append(entry)
            return drawn

        panels = [
            {"title": "Error", "ylabel": "total error", "series": series("error", low="low", high="high")},
            {"title": "Zeros", "ylabel": "weights exactly zero", "series": series("zero")},
        ]
        if findings["line"]:
            panels.append({"title": "Slope", "ylabel": "slope of the fitted line", "series": series("slope")})
        yield Picture(
            name="strength",
            figure="curves",
            # Logarithmic with a linear part around zero, so that λ = 0 is on the axis.
            inputs={"panels": [panel | {"xlabel": "λ", "xscale": "symlog"} for panel in panels]},
            alt="Total error, share of exact zeros and slope of the fitted line against λ from 0 to "
            f"{findings['grid'][-1]:g}. Without a penalty the error is "
            f"{findings['sweeps']['l1']['points'][0]['error']:.1f}. "
            + "; ".join(
                f"{sweep['label']}: {sweep['points'][-1]['error']:.1f} at the largest λ, up to "
                f"{max(p['zero'] for p in sweep['points']):.0%} exact zeros"
                for sweep in findings["sweeps"].values()
            )
            + ".",
        )
        if findings["line"]:
            yield self._sums_picture(findings, series)
        yield self._strength_animation(e, trained, findings)

    @staticmethod
    def _sums_picture(findings: Findings, series: Any) -> Picture:
        """The picture of each penalty's sum, and the least possible sum for the fitted slopes."""
        panels = []
        for (kind, key), title in zip(SUMS.items(), ("Σ|w| under L1", "Σw² under L2"), strict=True):
            (measured,), (least,) = (series(which, [kind]) for which in (key, f"least_{key}"))
            panels.append(
                {
                    "title": title,
                    "xlabel": "λ",
                    "ylabel": title.partition(" ")[0],
                    "xscale": "symlog",
                    "series": [measured, {**least, "label": "least for the slope", "arm": NoPenalty.look().arm}],
                }
            )
        theory = findings["theory"]
        return Picture(
            name="sums",
            figure="curves",
            inputs={"panels": panels},
            alt="The penalty against λ, and the least that it could be for the slopes fitted there. At "
            f"λ = {findings['strength']:g}: Σ|w| under L1 is {theory['l1']['measured']:.3f} and could be "
            f"{theory['l1']['least']:.3f}, Σw² under L2 is {theory['l2']['measured']:.3f} and could be "
            f"{theory['l2']['least']:.3f}.",
        )

    def _strength_animation(self, e: Experiment, trained: Trained, findings: Findings) -> Animation:
        """The animation of final weights over λ, all from one start."""
        strengths = (0.0, *_FRAMES)
        panels = [
            Panel(
                title=of.look().title,
                trajectory=_final_records([trained[self._runs_at(e, kind, λ)[0]] for λ in strengths]),
                arm=of.look().arm,
            )
            for kind, of in SCENE.items()
        ]
        shares = [
            f"{panel.title}: {zero_share([w[0] for w in panel.trajectory.kernels]):.0%} of the weights exactly zero at "
            f"λ = 0, {zero_share([w[-1] for w in panel.trajectory.kernels]):.0%} at λ = {strengths[-1]:g}"
            for panel in panels
        ]
        return Animation(
            name="weights-strength",
            scenes=("weights",),
            inputs={"panels": tuple(panels), "dial": ("λ =", tuple(f"{λ:.3f}" for λ in strengths))},
            alt=f"The weight matrices that one start ends in, trained anew at each of {len(strengths)} values of λ. "
            f"{'; '.join(shares)}.",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="strength",
            columns=(
                Column(label="penalty"),
                Column(label="λ", format="g"),
                Column(label="median total error", format=".2f"),
                Column(label="mean difference from none", format=".2f"),
                Column(label="from", format=".2f"),
                Column(label="to", format=".2f"),
                Column(label="verdict"),
                Column(label="exactly zero, mean", format=".1%"),
                Column(label="slope", format=".2f"),
                Column(label="Σ|w|", format=".2f"),
                Column(label="least Σ|w|", format=".2f"),
                Column(label="Σw²", format=".2f"),
                Column(label="least Σw²", format=".2f"),
            ),
            rows=tuple(
                (
                    sweep["label"],
                    p["strength"],
                    p["error"],
                    *((p["difference"] or {}).get(key) for key in ("estimate", "low", "high")),
                    (p["difference"] or {"verdict": "–"})["verdict"],
                    p["zero"],
                    *(p.get(key) for key in ("slope", "sum_abs", "least_sum_abs", "sum_squares", "least_sum_squares")),
                )
                for sweep in findings["sweeps"].values()
                for p in sweep["points"]
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        told = [
            f"{c['label']} between {c['after']:g} and {c['by']:g}"
            for c in findings["collapses"]
            if c["after"] is not None and c["by"] is not None
        ]
        if not told:
            return None
        calm = (
            f"Up to λ\u00a0=\u00a0{findings['calm_until']:g} every penalty predicts practically as well as none; "
            "beyond, "
        )
        return (
            f"{calm if findings['calm_until'] else 'As λ grows, '}there is a λ at which the fit goes flat: "
            f"{'; '.join(told)}."
        )


def _grid_point(trajectories: list[Trajectory], totals: Values, λ: float, e: Experiment) -> Findings:
    ended = [t for t in trajectories if t.diverged is None]
    kernels = [t.at(-1)[0] for t in ended]
    layers = len(e.run(0).shapes)
    sums = {"sum_abs": _kernel_sums(kernels, np.abs), "sum_squares": _kernel_sums(kernels, np.square)}
    errors = totals[np.isfinite(totals)]
    point: Findings = {
        "strength": λ,
        "error": _median(errors),
        "low": float(errors.min()) if len(errors) else float("nan"),
        "high": float(errors.max()) if len(errors) else float("nan"),
        "zero": mean([zero_share(k) for k in kernels]),
        **{key: _median(values) for key, values in sums.items()},
        "diverged": len(trajectories) - len(ended),
    }
    if is_curve(e):
        slopes = np.array([fitted_line(t)[0] for t in ended])
        point |= {"slope": _median(slopes), **_least_sums(slopes, layers)}
    return point


def _least_sums(slopes: Values, layers: int) -> dict[str, float]:
    """The smallest Σ|w| and Σw² of networks of this depth with such slopes, medians; see the section's text."""
    least = {"least_sum_abs": layers * np.abs(slopes) ** (1 / layers)}
    least["least_sum_squares"] = layers * np.abs(slopes) ** (2 / layers)
    return {key: _median(values) for key, values in least.items()}


def _kernel_sums(kernels: list[Any], size: Any) -> Values:
    return np.array([sum(float(size(w.astype(np.float64)).sum()) for w in k) for k in kernels])


def _median(values: Values) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _compare_with_least(ended: dict[str, list[list[Trajectory]]], at: int, layers: int) -> Findings:
    """Compare each run's penalty at one strength with the least for its slope."""
    found = {}
    for kind, power, size in zip(SCENE, (1, 2), (np.abs, np.square), strict=True):
        finished = [t for t in ended[kind][at] if t.diverged is None]
        slopes = np.abs([fitted_line(t)[0] for t in finished]) if finished else np.array([np.nan])
        least = layers * slopes ** (power / layers)
        measured = _kernel_sums([t.at(-1)[0] for t in finished], size) if finished else np.array([np.nan])
        ratio = np.divide(measured, least, out=np.full_like(least, np.nan), where=least > 1e-6)
        found[kind] = {
            "slope": float(np.median(slopes)),
            "least": float(np.median(least)),
            "measured": float(np.median(measured)),
            "ratio": float(np.median(ratio)),
            "most": float(ratio.max()),
        }
    return found


def _last_calm_index(sweeps: dict[str, Any]) -> int:
    """The index of the largest λ up to which every penalty is practically equal to none."""
    rows = list(zip(*(sweep["points"] for sweep in sweeps.values()), strict=True))
    calm = 0
    while calm + 1 < len(rows) and all(p["difference"]["verdict"] == "practically equal" for p in rows[calm + 1]):
        calm += 1
    return calm


def _is_calm(f: Findings) -> bool | Outcome:
    if f["changed"]:
        return False
    return "undecided" if f["open"] else True


def _slope_shares(by_strength: list[list[Trajectory]]) -> Values:
    """Slopes [strengths, runs] as shares of the median slope at the first strength; NaN for runs that diverged."""
    slopes = [[abs(fitted_line(t)[0]) if t.diverged is None else np.nan for t in runs] for runs in by_strength]
    return np.array(slopes) / _median(np.array([slope for slope in slopes[0] if np.isfinite(slope)]))


def _collapse_range(flat: Values, grid: list[float]) -> dict[str, float | None]:
    """The strengths between which the median line becomes flat for good, and the first with any flat line."""
    medians = [_median(row[np.isfinite(row)]) for row in flat]
    gone = [median < _FLAT for median in medians]
    first = next((i for i in range(len(grid)) if all(gone[i:])), len(grid))
    some = np.flatnonzero((flat < _FLAT).any(axis=1))
    return {
        "after": grid[first - 1] if first else None,
        "by": grid[first] if first < len(grid) else None,
        "first": grid[int(some[0])] if len(some) else None,
    }


def _collapse_indices(flat: Values) -> Values:
    """For each run the index of the strength from which on its line is flat; one beyond the last if it never is."""
    return np.array([np.flatnonzero(np.r_[True, ~(run < _FLAT)])[-1] for run in flat.T], np.float64)


def _collapses_earlier(sooner: Findings) -> bool | Outcome:
    return True if sooner["superiority_low"] > 0.5 else False if sooner["superiority_high"] < 0.5 else "undecided"


def _is_decreasing(values: list[float]) -> bool:
    """True if no value is above the one before, up to rounding."""
    return all(later <= earlier * 1.001 + 1e-6 for earlier, later in itertools.pairwise(values))


def _final_records(trajectories: list[Trajectory]) -> Trajectory:
    """A trajectory whose records are the final weights of several trainings."""
    first = trajectories[0]
    return Trajectory(
        source=first.source,
        steps=np.arange(len(trajectories), dtype=np.int32),
        kernels=tuple(np.stack([t.kernels[i][-1] for t in trajectories]) for i in range(len(first.kernels))),
        biases=tuple(np.stack([t.biases[i][-1] for t in trajectories]) for i in range(len(first.biases))),
        loss=None,
        penalty=None,
    )
