"""The variance between runs: its sources, and endings of a training that reduce it."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from reportgen.experiment import Comparison, Experiment
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, difference_outcome
from reportgen.sections.helpers import as_findings, default_penalty, kinds_by_name, strength, vary
from reportgen.statistics import variance
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.variance import SOURCES
from reportgen.training.network import forward
from reportgen.training.run import Recording, Run
from reportgen.training.trajectory import Trajectory

KINDS = kinds_by_name(NoPenalty, L1, L2)
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
_WINDOW = 20
"""The most steps of the last epoch at which weights are recorded."""

_SHARE = "(interval {{ s.low|num('.0%') }} to {{ s.high|num('.0%') }})"


@sections.register("stability")
class Stability(Section):
    """The sources of variance, which the closing remarks of the post suspected."""

    title = "How far a single run can be trusted"
    claims = (
        Claim(
            name="results-depend-on-the-learning-rate",
            post="The results depend on the learning rate.",
            test=lambda f: _is_below(f["endings"]["decayed"]["ratio"], 0.5),
            supported="Results do depend on it. Let the rate fall to zero, and the spread within a draw of the data "
            "shrinks to {{ f.endings.decayed.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.decayed.ratio.low|num('.0%') }} to {{ f.endings.decayed.ratio.high|num('.0%') }}).",
            refuted="With a rate that falls to zero the spread within a draw of the data is not even halved: it is "
            "{{ f.endings.decayed.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.decayed.ratio.low|num('.0%') }} to {{ f.endings.decayed.ratio.high|num('.0%') }}).",
            undecided="Whether a rate that falls to zero halves the spread within a draw of the data is undecided: it "
            "becomes {{ f.endings.decayed.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.decayed.ratio.low|num('.0%') }} to {{ f.endings.decayed.ratio.high|num('.0%') }}).",
        ),
        Claim(
            name="decay-lowers-the-error",
            test=lambda f: difference_outcome(f["endings"]["decayed"]["difference"], "better"),
            supported="{% set d = f.endings.decayed.difference %}The error itself falls too: by "
            "{{ (-d.estimate)|num('.1f') }} on average over {{ d.pairs }} draws of the data (interval of the "
            "difference {{ d.low|num('.1f') }} to {{ d.high|num('.1f') }}).",
            refuted="{% set d = f.endings.decayed.difference %}The mean error is {{ d.verdict }} all the same: it "
            "changes by {{ d.estimate|num('.1f') }} on average over {{ d.pairs }} draws of the data (interval "
            "{{ d.low|num('.1f') }} to {{ d.high|num('.1f') }}).",
            undecided="{% set d = f.endings.decayed.difference %}Whether the mean error falls as well is undecided: it "
            "changes by {{ d.estimate|num('.1f') }} on average over {{ d.pairs }} draws of the data (interval "
            "{{ d.low|num('.1f') }} to {{ d.high|num('.1f') }}, margin {{ f.equivalence|num('g') }}).",
        ),
        Claim(
            name="averaging-quiets-like-decay",
            test=lambda f: _combine_outcomes(
                _is_below(f["endings"]["averaged"]["ratio"], 0.5),
                difference_outcome(f["averaged_decayed"], "practically equal"),
            ),
            supported="{% set d = f.averaged_decayed %}Averaging does nearly what decay does, and takes no other "
            "training: the spread within a draw shrinks to {{ f.endings.averaged.ratio.estimate|num('.0%') }}, and the "
            "mean error is practically that of decay (difference {{ d.estimate|num('.2f') }}, interval "
            "{{ d.low|num('.2f') }} to {{ d.high|num('.2f') }}).",
            refuted="{% set d = f.averaged_decayed %}Averaging does not do what decay does: the spread within a draw "
            "becomes {{ f.endings.averaged.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.averaged.ratio.low|num('.0%') }} to {{ f.endings.averaged.ratio.high|num('.0%') }}), and the "
            "mean error differs from that of decay by {{ d.estimate|num('.2f') }} (interval {{ d.low|num('.2f') }} to "
            "{{ d.high|num('.2f') }}).",
            undecided="{% set d = f.averaged_decayed %}Averaging brings the spread within a draw to "
            "{{ f.endings.averaged.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.averaged.ratio.low|num('.0%') }} to {{ f.endings.averaged.ratio.high|num('.0%') }}); whether "
            "it does as well as decay is undecided (difference of the mean error {{ d.estimate|num('.2f') }}, interval "
            "{{ d.low|num('.2f') }} to {{ d.high|num('.2f') }}).",
        ),
        Claim(
            name="reshuffling-alone-does-not-settle",
            test=lambda f: _is_above(f["endings"]["reshuffled"]["ratio"], 0.5),
            supported="Reshuffling alone does not settle anything. With a new order in every epoch but the same rate, "
            "the spread within a draw stays at {{ f.endings.reshuffled.ratio.estimate|num('.0%') }} of what it was "
            "(interval {{ f.endings.reshuffled.ratio.low|num('.0%') }} to "
            "{{ f.endings.reshuffled.ratio.high|num('.0%') }}): another last few samples, another line.",
            refuted="Reshuffling helps as well: with a new order in every epoch and the same rate, the spread within a "
            "draw is {{ f.endings.reshuffled.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.reshuffled.ratio.low|num('.0%') }} to {{ f.endings.reshuffled.ratio.high|num('.0%') }}).",
            undecided="What reshuffling does is not clear: with a new order in every epoch and the same rate, the "
            "spread within a draw is {{ f.endings.reshuffled.ratio.estimate|num('.0%') }} of what it was (interval "
            "{{ f.endings.reshuffled.ratio.low|num('.0%') }} to {{ f.endings.reshuffled.ratio.high|num('.0%') }}).",
        ),
        Claim(
            name="the-last-iterate-dominates",
            test=lambda f: _is_above(f["endings"]["constant"]["shares"]["last"], 0.5),
            supported="{% set s = f.endings.constant.shares.last %}Most of it is none of the three. With the constant "
            "rate the last iterate, that is at which step of the last epoch training happens to stop, accounts for "
            f"{{{{ s.estimate|num('.0%') }}}} of the variance {_SHARE}.",
            refuted="{% set s = f.endings.constant.shares.last %}With the constant rate the last iterate, that is at "
            "which step of the last epoch training happens to stop, accounts for the smaller part, "
            f"{{{{ s.estimate|num('.0%') }}}} of the variance {_SHARE}.",
            undecided="{% set s = f.endings.constant.shares.last %}With the constant rate the last iterate, that is at "
            "which step of the last epoch training happens to stop, accounts for "
            f"{{{{ s.estimate|num('.0%') }}}} of the variance {_SHARE}.",
        ),
        Claim(
            name="initial-weights-hardly-matter",
            test=lambda f: _is_below(f["endings"]["constant"]["shares"]["init"], 0.1),
            supported="{% set s = f.endings.constant.shares.init %}The initial weights, which one might have "
            "suspected first, account for {{ s.estimate|num('.1%') }} (interval {{ s.low|num('.1%') }} to "
            "{{ s.high|num('.1%') }}).",
            refuted="{% set s = f.endings.constant.shares.init %}The initial weights matter: they account for "
            f"{{{{ s.estimate|num('.0%') }}}} {_SHARE}.",
            undecided="{% set s = f.endings.constant.shares.init %}The initial weights account for "
            f"{{{{ s.estimate|num('.0%') }}}} {_SHARE}, which may be little or not.",
        ),
        Claim(
            name="what-remains-is-the-data",
            test=lambda f: _is_above(f["endings"]["decayed"]["shares"]["data"], 0.5),
            supported="{% set s = f.endings.decayed.shares.data %}What remains is the draw of the data: "
            "{{ s.estimate|num('.1%') }} of the variance (interval {{ s.low|num('.1%') }} to "
            "{{ s.high|num('.1%') }}). Other samples to learn from and other test "
            "samples to be measured by are nothing that a schedule could do anything about.",
            refuted="{% set s = f.endings.decayed.shares.data %}Even so the draw of the data accounts for only "
            f"{{{{ s.estimate|num('.1%') }}}} of the variance {_SHARE}.",
            undecided="{% set s = f.endings.decayed.shares.data %}Of what remains, the draw of the data accounts for "
            f"{{{{ s.estimate|num('.1%') }}}} {_SHARE}, so whether it is most of it is undecided.",
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        return [run for kind in KINDS for trained in TRAINED for run in self._crossed_runs(e, kind, trained)]

    def _crossed_runs(self, e: Experiment, kind: str, trained: str) -> list[Run]:
        """Runs with several orders and initial weights for each draw of the data, all crossed."""
        first = vary(
            e.run(0),
            training={**TRAINED[trained], "full_batch_steps": 0},
            penalty=default_penalty(kind),
            strength=strength(e) if kind != "none" else 0.0,
            step=KINDS[kind].default_step,
        )
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
        found = np.stack([self._moments(e, kind, trained) for kind in KINDS], axis=2)
        # A draw of the data counts only if all its runs ended, for all penalties and endings.
        complete = np.asarray(np.isfinite(found).all(axis=(1, 2, 3)))
        means = np.where(complete[:, None], found[..., 0].mean(axis=2), np.nan)
        place = {name: i for i, name in enumerate(ENDINGS)}
        pairs = [("averaged", "constant"), ("reshuffled", "constant"), ("decayed", "constant"), ("averaged", "decayed")]
        differences = compare_family([(means[:, place[a]], means[:, place[b]]) for a, b in pairs], e.comparison)
        compared = {pair: as_findings(difference) for pair, difference in zip(pairs, differences, strict=True)}
        measured = _measure_shares(found[complete], e.comparison)
        return {
            "endings": {
                name: {
                    "label": label,
                    "shares": {s: measured["shares"][i][j] for j, s in enumerate(SOURCES)},
                    "deviation": measured["deviation"][i],
                    "within": measured["within"][i],
                    "ratio": measured["ratio"][i],
                    "error": float(means[complete, i].mean()) if complete.any() else float("nan"),
                    "difference": compared.get((name, "constant")),
                }
                for i, (name, label) in enumerate(ENDINGS.items())
            },
            "by_penalty": [
                {"label": of.look().title, "ending": name, "deviations": deviations}
                for of, by_ending in zip(KINDS.values(), measured["by_penalty"], strict=True)
                for name, deviations in zip(ENDINGS, by_ending, strict=True)
            ],
            "averaged_decayed": compared["averaged", "decayed"],
            "sources": NAMES,
            "draws": _draw_count(e),
            "draws_used": int(complete.sum()),
            "orders": ORDERS,
            "inits": INITS,
            "window": len(_window_steps(e.run(0))),
            "epoch": _epoch_steps(e.run(0)),
            "strength": strength(e),
            "equivalence": e.comparison.equivalence,
            "confidence": e.comparison.confidence,
        }

    def _moments(self, e: Experiment, kind: str, trained: Trained) -> Values:
        """Moments of each draw of the data by ending, [D, endings, 6]; NaN if one of its runs diverged."""
        shape = (_draw_count(e), ORDERS, INITS)
        residuals = {
            name: np.array([_residuals(trained[r]) for r in self._crossed_runs(e, kind, name)]) for name in TRAINED
        }
        # The errors if training had stopped at each step of the window: [runs, steps].
        errors = {name: np.abs(values).sum(axis=(2, 3)) for name, values in residuals.items()}
        found = {
            name: variance.moments(by_step.mean(axis=1).reshape(shape), by_step.var(axis=1).reshape(shape))
            for name, by_step in errors.items()
        }
        averaged = np.abs(residuals["constant"].mean(axis=1)).sum(axis=(1, 2))
        found["averaged"] = variance.moments(averaged.reshape(shape), np.zeros(shape))
        return np.stack([found[name] for name in ENDINGS], axis=1)

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        rows = [
            {
                "label": ending["label"],
                "values": [ending["shares"][source]["estimate"] for source in SOURCES],
            }
            for ending in findings["endings"].values()
        ]
        told = "; ".join(
            f"{row['label']}: "
            + ", ".join(f"{NAMES[s]} {share:.0%}" for s, share in zip(SOURCES, row["values"], strict=True))
            for row in rows
            if np.isfinite(row["values"]).all()
        )
        yield Picture(
            name="spread",
            figure="shares",
            inputs={
                "parts": [NAMES[source] for source in SOURCES],
                "rows": rows,
                "xlabel": "share of the variance of the total error",
            },
            alt=f"What the variance of the total error is made of, by the way training ends. {told or 'No run ended'}.",
        )
        deviations = [
            {
                "label": f"{ending['label']}: {what}",
                **{"value" if key == "estimate" else key: ending[of][key] for key in ("estimate", "low", "high")},
            }
            for ending in findings["endings"].values()
            for of, what in (("deviation", "in all"), ("within", "within a draw"))
        ]
        if all(np.isfinite([row["value"], row["low"], row["high"]]).all() for row in deviations):
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
                Column(label="penalty"),
                Column(label="training ends with"),
                *(Column(label=label, format=".2f") for label in NAMES.values()),
            ),
            rows=tuple((row["label"], ENDINGS[row["ending"]], *row["deviations"]) for row in findings["by_penalty"]),
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


def _measure_shares(found: Values, rule: Comparison) -> Findings:
    """Shares, standard deviations and their ratios over penalties, from moments [D, endings, penalties, 6]."""
    draws = len(found)
    if draws < 2:
        unknown = _intervals(*(np.full((len(ENDINGS), len(SOURCES)), np.nan),) * 3)
        nothing = [[float("nan")] * len(SOURCES)] * len(ENDINGS)
        column = [row[0] for row in unknown]
        return {
            "shares": unknown,
            **dict.fromkeys(("deviation", "within", "ratio"), column),
            "by_penalty": [nothing] * len(KINDS),
        }

    def statistics(averages: Values) -> dict[str, Values]:
        variances = variance.components(averages, draws, ORDERS, INITS).mean(axis=-2)
        within = np.sqrt(variances[..., 1:].sum(axis=-1))
        first = within[..., :1]
        return {
            "shares": variance.shares(variances),
            "deviation": np.sqrt(variances.sum(axis=-1)),
            "within": within,
            "ratio": np.divide(within, first, out=np.full_like(within, np.nan), where=first > 0),
        }

    resamples = statistics(variance.block_averages(found, rule))
    by_penalty = np.sqrt(variance.components(found.mean(axis=0), draws, ORDERS, INITS))
    return {
        name: _intervals(value, *variance.interval(resamples[name], draws, rule))
        for name, value in statistics(found.mean(axis=0)).items()
    } | {"by_penalty": by_penalty.swapaxes(0, 1).tolist()}


def _intervals(estimate: Values, low: Values, high: Values) -> Any:
    """Numbers with their intervals, in nested lists of the arrays' shape."""
    if estimate.ndim:
        return [_intervals(*parts) for parts in zip(estimate, low, high, strict=True)]
    return {"estimate": float(estimate), "low": float(low), "high": float(high)}


def _is_below(measured: Findings, limit: float) -> bool | Outcome:
    """True if the interval is below the limit, False if above, else undecided."""
    return True if measured["high"] < limit else False if measured["low"] > limit else "undecided"


def _is_above(measured: Findings, limit: float) -> bool | Outcome:
    return True if measured["low"] > limit else False if measured["high"] < limit else "undecided"


def _combine_outcomes(first: bool | Outcome, second: Outcome) -> bool | Outcome:
    """The outcome of two conditions together."""
    outcomes = {first, second == "supported" if second != "undecided" else "undecided"}
    return False if False in outcomes else "undecided" if "undecided" in outcomes else True
