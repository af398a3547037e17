"""The variance between runs: its sources, and endings of a training that reduce it."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from reportgen.experiment import Arm, Experiment
from reportgen.penalties import Penalty
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, any_outcome, difference_outcome
from reportgen.sections.helpers import as_findings, mean, vary
from reportgen.sections.wording import is_post
from reportgen.statistics import variance
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.variance import FEWEST_BLOCKS, SOURCES, NumberWithInterval
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

TRAINED: dict[str, dict[str, Any]] = {
    "constant": {"schedule": "constant", "order": "fixed"},
    "reshuffled": {"schedule": "constant", "order": "reshuffled"},
    "decayed": {"schedule": "linear", "order": "fixed"},
}
ENDINGS = {
    "constant": "constant rate, last step",
    "averaged": "constant rate, averaged",
    "reshuffled": "constant rate, reshuffled",
    "decayed": "rate falling to zero",
}
"""The endings of a training. Averages are taken of the runs with a constant rate, after training."""
NAMES = {
    "data": "data draw",
    "order": "sample order",
    "init": "initial weights",
    "both": "order and weights jointly",
    "last": "last iterate",
}
ORDERS, INITS = 3, 2
MOST_ARMS = 3
_WINDOW = 20
"""The most steps of the last epoch at which weights are recorded."""
EQUAL_SPREAD = 1.25
"""Standard deviations of which one is at most this many times the other are practically equal."""


@sections.register("stability")
class Stability(Section[Findings]):
    """The sources of variance, which the closing remarks of the post suspected."""

    title = "How far a single run can be trusted"
    claims = (
        Claim(
            name="results-depend-on-the-schedule",
            post="The results depend on the learning rate.",
            test=lambda f: any_outcome(
                _is_another_spread(f["endings"]["decayed"]["ratio"]),
                difference_outcome(f["endings"]["decayed"]["difference"], "better", "worse"),
            ),
        ),
        Claim(
            name="decay-lowers-the-error",
            test=lambda f: difference_outcome(f["endings"]["decayed"]["difference"], "better"),
        ),
        Claim(
            name="averaging-does-as-well-as-decay",
            test=lambda f: _of_several_steps(
                f,
                all_outcomes(
                    _is_below(f["averaged_decayed_ratio"], EQUAL_SPREAD),
                    difference_outcome(f["averaged_decayed"], "better", "practically equal"),
                ),
            ),
        ),
        Claim(
            name="reshuffling-alone-does-not-settle",
            test=lambda f: _is_above(f["endings"]["reshuffled"]["ratio"], 0.5),
        ),
        Claim(
            name="the-last-iterate-dominates",
            test=lambda f: _of_several_steps(f, _is_above(f["endings"]["constant"]["shares"]["last"], 0.5)),
        ),
        Claim(
            name="initial-weights-hardly-matter",
            test=lambda f: _is_below(f["endings"]["constant"]["shares"]["init"], 0.1),
        ),
        Claim(
            name="what-remains-is-the-data",
            test=lambda f: _is_above(f["endings"]["decayed"]["shares"]["data"], 0.5),
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for arm in _arms(e) for trained in TRAINED for run in self._crossed_runs(e, arm, trained)]

    def _crossed_runs(self, e: Experiment, arm: Arm, trained: str) -> list[Run]:
        """Runs with several orders and initial weights for each draw of the data, all crossed."""
        training = {**TRAINED[trained], "full_batch_steps": 0}
        first = vary(e.run(0), training=training, penalty=arm.penalty, strength=arm.strength, step=arm.step)
        first = vary(first, recording=Recording(every=None, at=_window_steps(first), loss=False))
        return [
            vary(
                first,
                data_seed=e.data_seed + d,
                order_seed=e.runs.seed + d * ORDERS + o,
                init_seed=e.runs.seed + d * INITS + i,
            )
            for d in range(_draw_count(e))
            for o in range(ORDERS)
            for i in range(INITS)
        ]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        errors: dict[str, list[Values]] = {name: [] for name in ENDINGS}
        for arm in _arms(e):
            for name in TRAINED:
                residuals = np.array([_residuals(trained[run]) for run in self._crossed_runs(e, arm, name)])
                # The errors if training had stopped at each step of the window: [runs, steps].
                errors[name].append(np.abs(residuals).sum(axis=(2, 3)))
                if name == "constant":
                    averaged = residuals.mean(axis=1, keepdims=True)
                    errors["averaged"].append(np.abs(averaged).sum(axis=(2, 3)))
        design = (len(_arms(e)), _draw_count(e), ORDERS, INITS, -1)
        return measure(e, {name: np.array(by_arm).reshape(design) for name, by_arm in errors.items()})

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        if findings["refusal"]:
            return
        rows = [
            {
                "label": ending["label"],
                # No bar has a negative part.
                "values": [max(ending["shares"][source]["estimate"], 0.0) for source in SOURCES],
            }
            for ending in findings["endings"].values()
        ]
        told = "; ".join(
            f"{row['label']}: "
            + ", ".join(f"{NAMES[s]} {share:.0%}" for s, share in zip(SOURCES, row["values"], strict=True))
            for row in rows
        )
        yield Picture(
            name="spread",
            figure="shares",
            inputs={
                "parts": [NAMES[source] for source in SOURCES],
                "rows": rows,
                "xlabel": "share of the variance of the total error",
            },
            alt=f"What the variance of the total error is made of, by the way training ends. {told}.",
        )
        deviations = [
            {
                "label": f"{ending['label']}: {what}",
                **{"value" if key == "estimate" else key: ending[of][key] for key in ("estimate", "low", "high")},
            }
            for ending in findings["endings"].values()
            for of, what in (("deviation", "in all"), ("within", "within a draw"))
        ]
        yield Picture(
            name="endings",
            figure="bars",
            inputs={"rows": deviations, "xlabel": "standard deviation of the total error"},
            alt="Standard deviation of the total error, in all and within one draw of the data. "
            + "; ".join(
                f"{row['label']} {row['value']:.2f}, interval {row['low']:.2f} to {row['high']:.2f}"
                for row in deviations
            )
            + ".",
        )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="spread",
            columns=(
                Column(label="training ends with"),
                *(Column(label=label, format=".2f") for label in ("mean total error", "standard deviation")),
                *(
                    Column(label=f"{label}{edge}", format=".1%")
                    for label in NAMES.values()
                    for edge in ("", ", from", ", to")
                ),
            ),
            rows=tuple(
                (
                    ending["label"],
                    ending["error"],
                    ending["deviation"]["estimate"],
                    *(ending["shares"][s][key] for s in SOURCES for key in ("estimate", "low", "high")),
                )
                for ending in findings["endings"].values()
            ),
        )
        yield Table(
            name="deviations",
            columns=(
                Column(label="arm"),
                Column(label="training ends with"),
                *(Column(label=label, format=".2f") for label in NAMES.values()),
            ),
            rows=tuple((row["label"], ENDINGS[row["ending"]], *row["deviations"]) for row in findings["by_arm"]),
        )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        constant, decayed = (findings["endings"][name]["within"]["estimate"] for name in ("constant", "decayed"))
        if not math.isfinite(constant + decayed):
            return None
        return (
            f"On one draw of the data, order, initial weights and the moment of stopping give the error a standard "
            f"deviation of {constant:.1f} with a constant learning rate and of {decayed:.2f} with one that falls to "
            "zero."
        )


def _draw_count(e: Experiment) -> int:
    """Number of draws of the data: a third of the number of runs."""
    return max(e.runs.count // 3, 2)


def _epoch_steps(run: Run) -> int:
    """Number of steps in the last epoch."""
    return run.training.batches(run.training_samples)


def _window_steps(run: Run) -> tuple[int, ...]:
    """The recorded steps of the last epoch, evenly spaced, including the last."""
    count = min(_epoch_steps(run), _WINDOW)
    return tuple(int(step) for step in np.round(run.steps - np.arange(count)[::-1] * (_epoch_steps(run) / count)))


def _residuals(trajectory: Trajectory) -> Values:
    """Residuals on the test samples, [steps of the window, samples, outputs]; NaN if the run diverged."""
    run, data = trajectory.run, trajectory.run.draw()
    if trajectory.diverged is not None:
        return np.full((len(_window_steps(run)), *data.y_test.shape), np.nan)
    records = np.isin(trajectory.steps, _window_steps(run))
    kernels, biases = ([w[records] for w in part] for part in (trajectory.kernels, trajectory.biases))
    return np.asarray(forward(kernels, biases, data.x_test, run.network.activation) - data.y_test, np.float64)


def measure(e: Experiment, errors: Mapping[str, Values]) -> Findings:
    """Findings from the errors of each ending, [arms, draws, orders, inits, steps]; those of diverged runs are NaN."""
    # A draw of the data counts only if all its runs ended, for all arms and endings.
    complete = np.all([np.isfinite(values).all(axis=(0, 2, 3, 4)) for values in errors.values()], axis=0)
    draws = int(complete.sum())
    means = {name: np.where(complete, values.mean(axis=(0, 2, 3, 4)), np.nan) for name, values in errors.items()}
    pairs = [("averaged", "constant"), ("reshuffled", "constant"), ("decayed", "constant"), ("averaged", "decayed")]
    differences = compare_family([(means[a], means[b]) for a, b in pairs], e.margin, e.comparison)
    compared = {pair: as_findings(difference) for pair, difference in zip(pairs, differences, strict=True)}
    confidence = e.comparison.confidence
    by_arm = {name: [_mean_squares(of_arm[complete]) for of_arm in values] for name, values in errors.items()}
    squares = {name: np.mean(of_arms, axis=0) for name, of_arms in by_arm.items()}
    parts = {name: variance.coefficients(ORDERS, INITS, values.shape[-1]) for name, values in errors.items()}
    within = {name: part[1:].sum(axis=0) for name, part in parts.items()}

    def ratio(above: str, below: str) -> dict[str, float]:
        both = np.hstack([squares[above], squares[below]])
        nothing = np.zeros_like(within[above])
        first, second = np.hstack([within[above], nothing]), np.hstack([nothing, within[below]])
        return _as_interval(variance.deviation(both, first, confidence, relative_to=second))

    endings: dict[str, Any] = {
        name: {
            "label": label,
            "shares": {
                source: _as_interval(variance.share(squares[name], part, parts[name].sum(axis=0), confidence))
                for source, part in zip(SOURCES, parts[name], strict=True)
            },
            "deviation": _as_interval(variance.deviation(squares[name], parts[name].sum(axis=0), confidence)),
            "within": _as_interval(variance.deviation(squares[name], within[name], confidence)),
            "ratio": ratio(name, "constant"),
            "error": mean(means[name][complete].tolist()),
            "difference": compared.get((name, "constant")),
        }
        for name, label in ENDINGS.items()
    }
    known = [number["estimate"] for ending in endings.values() for number in (ending["within"], ending["ratio"])]
    return {
        "endings": endings,
        "by_arm": [
            {"label": arm.label, "ending": name, "deviations": _deviations(parts[name], by_arm[name][i])}
            for i, arm in enumerate(_arms(e))
            for name in ENDINGS
        ],
        "averaged_decayed": compared["averaged", "decayed"],
        "averaged_decayed_ratio": ratio("averaged", "decayed"),
        "refusal": ""
        if np.isfinite(known).all()
        else f"every run ended on {draws} of {len(complete)} draws of the data, and it takes {FEWEST_BLOCKS}"
        if draws < FEWEST_BLOCKS
        else "the errors of runs on one draw of the data do not differ",
        "sources": NAMES,
        "draws": len(complete),
        "draws_used": draws,
        "orders": ORDERS,
        "inits": INITS,
        "window": len(_window_steps(e.run(0))),
        "several_steps": len(_window_steps(e.run(0))) > 1,
        "epoch": _epoch_steps(e.run(0)),
        "arms": [{"label": arm.label, "strength": arm.strength} for arm in _arms(e)],
        "post": is_post(e),
        "equivalence": e.margin,
        "spread_margin": EQUAL_SPREAD,
        "confidence": confidence,
    }


def _arms(e: Experiment) -> list[Arm]:
    """The first arm of each kind of penalty, `MOST_ARMS` at most; without strength, a penalty is none."""
    kinds: dict[type[Penalty], Arm] = {}
    for arm in e.arms:
        kinds.setdefault(type(arm.penalty) if arm.strength else NoPenalty, arm)
    return list(kinds.values())[:MOST_ARMS]


def _mean_squares(errors: Values) -> Values:
    return variance.mean_squares(errors) if len(errors) >= FEWEST_BLOCKS else np.empty((0, 8))


def _deviations(parts: Values, squares: Values) -> list[float]:
    """The standard deviation of each source; zero for an estimate of its variance below zero."""
    if not len(squares):
        return [math.nan] * len(parts)
    deviations: list[float] = np.sqrt(np.maximum(parts @ squares.mean(axis=0), 0.0)).tolist()
    return deviations


def _as_interval(number: NumberWithInterval) -> dict[str, float]:
    return dict(zip(("estimate", "low", "high"), number, strict=True))


def _is_below(measured: Findings, limit: float) -> bool | Outcome:
    """True if the interval is below the limit, False if above, else undecided."""
    return True if measured["high"] < limit else False if measured["low"] > limit else "undecided"


def _is_above(measured: Findings, limit: float) -> bool | Outcome:
    return True if measured["low"] > limit else False if measured["high"] < limit else "undecided"


def _is_another_spread(ratio: Findings) -> bool | Outcome:
    """True if the interval is outside of what is practically equal, False if within."""
    if ratio["low"] > EQUAL_SPREAD or ratio["high"] < 1 / EQUAL_SPREAD:
        return True
    return False if ratio["low"] >= 1 / EQUAL_SPREAD and ratio["high"] <= EQUAL_SPREAD else "undecided"


def _of_several_steps(f: Findings, outcome: bool | Outcome | None) -> bool | Outcome | None:
    """The outcome, unless an epoch has a single step: then no claim about stopping at another one applies."""
    return outcome if f["several_steps"] else None
