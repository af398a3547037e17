"""How much of a result is the result, and how much the seed: sources of spread, a quieter end, and a fair λ."""

import math
from collections.abc import Iterable

import numpy as np

from reportgen.analysis.comparison import Difference, Values, family
from reportgen.analysis.errors import spread, total_error, total_errors
from reportgen.article.common import (
    last_steps,
    listed,
    outcomes,
    penalty,
    stated,
    strength,
    typical_wander,
    vary,
)
from reportgen.article.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.experiment import Experiment
from reportgen.figures import Animation, Picture
from reportgen.run import Run, Schedule, Step

KINDS: dict[str, tuple[str, Step]] = {
    "none": ("no penalty", "subgradient"),
    "l1": ("L1, proximal", "proximal"),
    "l2": ("L2", "subgradient"),
    "elastic_net": ("elastic net", "proximal"),
}
SOURCES = {"data_seed": "data draw", "order_seed": "sample order", "init_seed": "initial weights"}
VARIES = {
    "data_seed": "the data draw varies",
    "order_seed": "the order varies",
    "init_seed": "the initial weights vary",
}
SCHEDULES: tuple[Schedule, Schedule] = ("constant", "linear")
RATES = {"constant": "constant", "linear": "falling to zero"}
GRID = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
FOLDS = 5
_RUNS = 10
_NEAR = 0.01
"""A λ whose cross-validated error is within this share of the least is as good as the one that was chosen."""


@sections.register("stability")
class Stability(Section):
    """What the closing remarks of the post wished for."""

    title = "How far a single run can be trusted"

    def runs(self, e: Experiment) -> Iterable[Run]:
        yield from (r for kind in KINDS for s in SCHEDULES for source in SOURCES for r in self._of(e, kind, s, source))
        yield from (r for kind in KINDS if kind != "none" for λ in GRID for r in self._folds(e, kind, λ))
        # Whichever λ wins, its final runs are trained already: choosing needs results, and training comes first.
        yield from (r for kind in KINDS for λ in self._strengths(kind) for r in self._final(e, kind, λ))
        yield from (r for arm in e.arms for r in e.arm_runs(arm))

    def _strengths(self, kind: str) -> tuple[float, ...]:
        return (0.0,) if kind == "none" else GRID

    def _of(self, e: Experiment, kind: str, schedule: Schedule, source: str) -> list[Run]:
        """Runs of which only one seed varies."""
        first = self._final(e, kind, strength(e) if kind != "none" else 0.0)[0]
        first = vary(first, training={"schedule": schedule})
        start: int = getattr(first, source)
        return [vary(first, **{source: start + i}) for i in range(min(_RUNS, e.runs.count))]

    def _final(self, e: Experiment, kind: str, λ: float) -> list[Run]:
        return outcomes(
            e, e.runs.count, penalty=penalty(kind), strength=λ, step=KINDS[kind][1], training={"schedule": "linear"}
        )

    def _folds(self, e: Experiment, kind: str, λ: float) -> list[Run]:
        """One run a fold, of as many steps as a run on all training samples takes."""
        run, samples = self._final(e, kind, λ)[0], e.data.training_samples
        # The largest fold leaves so many; a batch of all samples becomes one of all that are left.
        batch = {"batch_size": min(run.training.batch_size, samples - math.ceil(samples / FOLDS))}
        folds = [vary(run, fold=(k, FOLDS), training=batch) for k in range(FOLDS)] if samples >= FOLDS else []
        return [vary(r, training={"epochs": max(round(run.steps / (r.steps / r.training.epochs)), 1)}) for r in folds]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        sources = [
            {
                "penalty": kind,
                "label": KINDS[kind][0],
                "schedule": schedule,
                **{
                    source: _deviation(total_errors(trained[r] for r in self._of(e, kind, schedule, source)))
                    for source in SOURCES
                },
            }
            for kind in KINDS
            for schedule in SCHEDULES
        ]
        by_order, by_data = (
            {
                schedule: float(np.mean([s[source] for s in sources if s["schedule"] == schedule]))
                for schedule in SCHEDULES
            }
            for source in ("order_seed", "data_seed")
        )
        tuned = self._tuned(e, trained)
        return {
            "sources": sources,
            "names": SOURCES,
            "runs": min(_RUNS, e.runs.count),
            "last_iterates": typical_wander(e, trained),
            "last_steps": last_steps(e),
            "by_order": by_order,
            "by_data": by_data,
            "quieter": by_order["constant"] / by_order["linear"] if by_order["linear"] else float("nan"),
            "folds": FOLDS,
            "grid": list(GRID),
            "tuned": tuned,
            "near": _NEAR,
            "tuned_differences": [
                {"first": tuned[a]["label"], "second": tuned[b]["label"], **stated(difference)}
                for a, b, difference in self._tuned_differences(e, tuned)
            ],
            "equivalence": e.comparison.equivalence,
            "tuned_runs": e.runs.count,
        }

    def _tuned(self, e: Experiment, trained: Trained) -> dict[str, Findings]:
        """Each penalty at the λ with the least cross-validated error; test samples are touched once, after that."""
        tuned = {}
        for kind, (label, _) in KINDS.items():
            scores = {
                λ: sum(total_error(trained[r]) for r in self._folds(e, kind, λ))
                for λ in self._strengths(kind)
                if kind != "none"
            }
            λ = min(scores, key=lambda at: np.nan_to_num(scores[at], nan=np.inf)) if scores else 0.0
            totals = total_errors(trained[run] for run in self._final(e, kind, λ))
            tuned[kind] = {
                "label": label,
                "strength": λ,
                "validation": list(scores.values()),
                "as_good": sum(score <= (1 + _NEAR) * min(scores.values()) for score in scores.values()),
                **spread(totals),
                "totals": totals.tolist(),
            }
        return tuned

    def _tuned_differences(self, e: Experiment, tuned: dict[str, Findings]) -> list[tuple[str, str, Difference]]:
        pairs = [("l1", "none"), ("l2", "none"), ("elastic_net", "none"), ("l1", "l2")]
        totals = {kind: np.array(found["totals"]) for kind, found in tuned.items()}
        differences = family([(totals[a], totals[b]) for a, b in pairs], e.comparison)
        return [(a, b, difference) for (a, b), difference in zip(pairs, differences, strict=True)]

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        rows = [
            {"label": f"{name}; learning rate {RATES[schedule]}", "value": self._mean(findings, key, schedule)}
            for schedule in SCHEDULES
            for key, name in SOURCES.items()
        ]
        yield Picture(
            name="spread",
            figure="bars",
            inputs={"rows": rows, "xlabel": "standard deviation of the total error when only this varies"},
            alt="Standard deviation of the total error by what varies. "
            + "; ".join(f"{row['label']}: {row['value']:.2f}" for row in rows)
            + ".",
        )

    @staticmethod
    def _mean(findings: Findings, source: str, schedule: str) -> float:
        return float(np.mean([s[source] for s in findings["sources"] if s["schedule"] == schedule]))

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="spread",
            columns=(
                Column(label="penalty"),
                Column(label="learning rate"),
                *(Column(label=f"only {varies}", format=".2f") for varies in VARIES.values()),
            ),
            rows=tuple(
                (s["label"], RATES[s["schedule"]], *(s[source] for source in SOURCES)) for s in findings["sources"]
            ),
        )
        yield Table(
            name="tuned",
            columns=(
                Column(label="penalty"),
                Column(label="λ by cross-validation", format="g"),
                *(Column(label=label, format=".2f") for label in ("median total error", "lowest", "highest")),
            ),
            rows=tuple(
                (t["label"], t["strength"], t["median"], t["min"], t["max"]) for t in findings["tuned"].values()
            ),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        if math.isnan(sum(findings["by_order"].values())):
            return None
        verdicts = [d["verdict"] for d in findings["tuned_differences"]]
        equal = verdicts.count("practically equal")
        noise = (
            f"With a constant learning rate the order of the samples alone gives the error a standard deviation of "
            f"{findings['by_order']['constant']:.1f}, with one that falls to zero {findings['by_order']['linear']:.2f}"
        )
        decided = [
            f"{d['first']} {d['verdict']} than {d['second']}"
            for d in findings["tuned_differences"]
            if d["verdict"] in ("better", "worse")
        ]
        if decided:
            return f"{noise}. With each penalty at its own λ, {listed(decided)}."
        return f"{noise}. With each penalty at its own λ, {equal} of {len(verdicts)} comparisons are practically equal."


def _deviation(errors: Values) -> float:
    """Standard deviation of the runs that did not diverge; NaN for fewer than two."""
    errors = errors[np.isfinite(errors)]
    return float(errors.std(ddof=1)) if len(errors) > 1 else float("nan")
