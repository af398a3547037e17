"""Each penalty at its own strength: chosen by cross-validation on an equal budget, or matched by sparsity."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Picture
from reportgen.sections import Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome, all_outcomes, difference_outcome
from reportgen.sections.equally_sparse import MatchedPenalty, match_shares, mean_zeros
from reportgen.sections.folds import FOLDS, fold_errors, fold_runs
from reportgen.sections.helpers import (
    as_findings,
    collapsed_runs,
    difference_columns,
    errors_without_collapses,
    kinds_by_name,
    own_measure,
    own_penalty,
    table,
    varied_runs,
    vary,
)
from reportgen.sections.questions import SCOPES, ByScope, Question, all_equal, ask
from reportgen.sections.wording import is_post, why_undecided
from reportgen.statistics.comparison import Difference
from reportgen.statistics.rates import RateDifference, compare_rates
from reportgen.statistics.total_error import summarize
from reportgen.statistics.tuning import NO_CHOICE, Choice, Rule, at_choice, choose_strength, errors_at_choice
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

KINDS = kinds_by_name(NoPenalty, L1, L2, ElasticNet, GroupLasso)
TITLES = {kind: of.look().title for kind, of in KINDS.items()}
PENALIZED = tuple(kinds_by_name(L1, L2, ElasticNet, GroupLasso))
GRID = (0.01, 0.03, 0.1, 0.3, 1.0)
"""The strengths that cross-validation chooses from; the section `strength` trains the same values."""
PAIRS = (
    *((kind, "none") for kind in PENALIZED),
    *(("l1", kind) for kind in kinds_by_name(L2, ElasticNet, GroupLasso)),
)
SPARSE = tuple(kinds_by_name(L1, ElasticNet, GroupLasso))
"""The penalties that leave weights at exactly zero."""
SHARES = (0.5, 0.8)
"""Shares of zero weights at which they are matched. Beyond these, a neighbor on the grid may have collapsed."""
RULES: dict[Rule, str] = {"least": "least error", "simplest": "one standard error"}


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One penalty at the λ that one rule chose."""

    label: str
    rule: str
    strength: float | None
    """None if none could be chosen."""
    zero: float
    """Mean share of weights that are exactly zero."""
    one: dict[str, Any]
    """From `summarize`, of the runs on one draw, with their "totals"."""
    fresh: dict[str, Any]
    """The same over fresh draws."""
    lowest: float | None
    """The smallest λ that was chosen on a fresh draw."""
    highest: float | None


@dataclass(frozen=True, kw_only=True)
class CrossValidated:
    """Cross-validation of one penalty, on one draw."""

    label: str
    validation: list[float]
    """Mean error at each strength; empty without a penalty."""
    standard_errors: list[float]
    as_good: int
    """How many strengths are within one standard error of the least."""
    least: Chosen
    simplest: Chosen


@dataclass(frozen=True, kw_only=True)
class FairCollapses:
    """How often networks of a penalty collapsed, and networks without one."""

    label: str
    rule: str
    scope: str
    rates: RateDifference


@dataclass(frozen=True, kw_only=True)
class FairFindings:
    """Each penalty at its own strength."""

    tuned: dict[str, CrossValidated]
    least: Question
    simplest: Question
    cost: Question
    """Each penalty at the λ of one standard error against itself at the λ of least error."""
    equally_sparse: Question
    matched: list[MatchedPenalty]
    freed: dict[str, Difference]
    """By share of zeros: the units that the group lasso keeps alive, minus those of L1."""
    why_freed: str
    collapses: list[FairCollapses]
    edge: list[str]
    """Penalties whose λ of least error on one draw is the first or the last of the grid."""
    elastic_net: str
    shares: list[float]
    grid: list[float]
    folds: int
    """0 if there are too few samples."""
    runs: int
    draws: int
    fresh: bool
    fewest: int
    post: bool
    training_samples: int
    units: int
    equivalence: float
    confidence: float


@sections.register("fair")
class Fair(Section[FairFindings]):
    """A fair comparison: each penalty at its own strength, as the closing remarks of the post asked for."""

    title = "Each penalty at its own λ"
    claims = (
        Claim(name="tuned-penalties-are-equal", test=lambda f: all_equal(f.least)),
        Claim(
            name="the-choice-is-not-sharp",
            test=lambda f: _is_flat([t.as_good for t in f.tuned.values() if t.validation]),
        ),
        Claim(name="one-standard-error-costs-little", test=lambda f: all_equal(f.cost)),
        Claim(name="equally-sparse-equally-good", test=lambda f: all_equal(f.equally_sparse)),
        Claim(
            name="groups-free-units",
            test=lambda f: all_outcomes(*map(difference_outcome, f.freed.values())) if f.units else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        # The final runs of every λ are trained, since the choice of λ is known only after training.
        for kind in KINDS:
            for λ in _strengths(kind):
                fresh = _fresh_runs(e, kind, λ)
                yield from _final_runs(e, kind, λ)
                yield from fresh
                if kind != "none":
                    yield from (fold for run in (_final_runs(e, kind, λ)[0], *fresh) for fold in fold_runs(run))

    def findings(self, e: Experiment, trained: Trained, study: object) -> FairFindings:
        chosen = {kind: _choose_strengths(e, kind, trained) for kind in KINDS}
        makers = {"one": _final_runs, "fresh": _fresh_runs}
        ended = {
            scope: {k: [[trained[r] for r in runs(e, k, λ)] for λ in _strengths(k)] for k in KINDS}
            for scope, runs in makers.items()
        }
        totals = {
            s: {k: np.array(list(map(errors_without_collapses, ts))) for k, ts in by.items()} for s, by in ended.items()
        }
        picked: dict[Rule, ByScope] = {
            rule: {s: {k: errors_at_choice(by[k], chosen[k][s], rule) for k in KINDS} for s, by in totals.items()}
            for rule in RULES
        }
        moved = [k for k in PENALIZED if any(c.least != c.simplest for s in SCOPES for c in chosen[k][s])]
        ends = {
            s: {**picked["simplest"][s], **{f"{k} least": picked["least"][s][k] for k in PENALIZED}} for s in SCOPES
        }
        sparse = {kind: TITLES[kind] for kind in SPARSE}
        matched = match_shares(ended, totals, GRID, sparse, SHARES, e.comparison)
        return FairFindings(
            tuned={k: _summarize_tuning(k, chosen[k], picked, ended["one"][k]) for k in KINDS},
            least=ask(e, picked["least"], PAIRS, RULES["least"], TITLES),
            simplest=ask(e, picked["simplest"], PAIRS, RULES["simplest"], TITLES),
            cost=ask(e, ends, [(kind, f"{kind} least") for kind in moved], "one standard error − least error", TITLES),
            equally_sparse=ask(e, matched.errors, matched.pairs, "{} zeros", TITLES),
            matched=matched.penalties,
            freed=matched.freed,
            why_freed=_why_counts_undecided(matched.freed.values()),
            collapses=_collapses(e, ended, chosen),
            edge=[
                TITLES[k]
                for k in PENALIZED
                if chosen[k]["one"][0].is_made and chosen[k]["one"][0].least in (0, len(GRID) - 1)
            ],
            elastic_net=own_penalty(e, "elastic_net").term,
            shares=list(SHARES),
            grid=list(GRID),
            folds=FOLDS if e.data.training_samples >= FOLDS else 0,
            runs=e.runs.count,
            draws=_draw_count(e),
            fresh=e.fresh_data,
            fewest=e.comparison.fewest_pairs,
            post=is_post(e),
            training_samples=e.data.training_samples,
            units=sum(e.network.hidden),
            equivalence=e.margin,
            confidence=e.comparison.confidence,
        )

    def media(self, e: Experiment, trained: Trained, study: object, findings: FairFindings) -> Iterable[Picture]:
        tuned = {kind: t for kind, t in findings.tuned.items() if t.validation and t.least.strength is not None}
        if tuned:
            yield Picture(
                name="validation",
                figure="curves",
                inputs={"panels": [_validation_panel(e, kind, t) for kind, t in tuned.items()]},
            )
        rows = [
            {"label": f"{c.first} − {c.second}, {place}"} | as_findings(difference)
            for c in findings.least.comparisons
            for difference, place in zip((c.one, c.fresh), SCOPES.values(), strict=True)
            if math.isfinite(difference.high - difference.low)
        ]
        if rows:
            keys, margin = ("label", "estimate", "low", "high", "verdict"), findings.equivalence
            yield Picture(
                name="fair",
                figure="intervals",
                inputs={
                    "rows": [{key: row[key] for key in keys} for row in rows],
                    "equivalence": (-margin, margin),
                    "xlabel": "difference of the total error",
                },
            )

    def tables(self, e: Experiment, findings: FairFindings) -> Iterable[Table]:
        errors = {"one.median": "median total error", "one.min": "lowest", "one.max": "highest"}
        draws = {"lowest": "λ on fresh draws, from", "highest": "to", "fresh.median": "median over fresh draws"}
        columns = {
            "label": ("penalty", ""),
            "rule": ("rule", ""),
            "strength": ("λ", "g"),
            "zero": ("exactly zero", ".0%"),
        }
        columns |= {key: (label, ".2f") for key, label in errors.items()}
        columns |= {key: (label, ".2f" if "." in key else "g") for key, label in draws.items()}
        yield table("tuned", [c for t in findings.tuned.values() for c in (t.least, t.simplest)], columns)
        questions = (findings.least, findings.simplest, findings.cost, findings.equally_sparse)
        pairs = {"first": ("first", ""), "second": ("second", ""), "by": ("λ by", "")}
        for scope, place in SCOPES.items():
            pairs |= difference_columns(scope, "mean difference", f"{place}: ")
        yield table("fair", [c for question in questions for c in question.comparisons], pairs)
        if findings.collapses:
            named = {"label": ("penalty", ""), "rule": ("λ by", ""), "scope": ("data", "")}
            counts = {"first": "collapsed", "first_count": "of", "second": "without a penalty"}
            named |= {f"rates.{key}": (label, "d") for key, label in counts.items()}
            shares = {"rates.first_low": ("rate from", ".0%"), "rates.first_high": ("to", ".0%")}
            yield table("fair-collapses", findings.collapses, named | shares | {"rates.verdict": ("verdict", "")})
        if findings.matched:
            names = {"share": ("weights exactly zero", ".0%"), "label": ("penalty", ""), "strength": ("λ", ".3g")}
            # A network without hidden layers has no units to count.
            units = {"live": ("units alive, mean", ".1f")} if findings.units else {}
            yield table("matched", findings.matched, names | units | {"error.median": ("median total error", ".2f")})

    def headline(self, e: Experiment, findings: FairFindings) -> str | None:
        question = findings.least
        asked = 2 * len(question.comparisons)
        others, undecided = asked - len(question.decided), question.undecided
        own = "With each penalty at its own cross-validated λ"
        if question.decided:
            told = "; ".join(f"{d.first} is {d.difference.verdict} than {d.second} {d.where}" for d in question.decided)
            rest = f" Of the other {others} comparisons {undecided} {'is' if undecided == 1 else 'are'} undecided."
            return f"{own}, {told}.{rest if undecided else ''}"
        if undecided == asked:
            return None
        return (
            f"{own}, {asked - undecided} of {asked} comparisons, on one draw of the data and over {findings.draws} "
            f"fresh ones, are practically equal{f', and the other {undecided} undecided' if undecided else ''}."
        )


def _strengths(kind: str) -> tuple[float, ...]:
    return (0.0,) if kind == "none" else GRID


def _draw_count(e: Experiment) -> int:
    """Number of fresh draws of the data: a third of the number of runs, or as many as can decide something."""
    return max(e.runs.count // 3, min(e.comparison.fewest_pairs, e.runs.count), 2)


def _final_runs(e: Experiment, kind: str, λ: float) -> list[Run]:
    """Runs on all training samples of the experiment's first draw."""
    changes: dict[str, Any] = {"penalty": own_penalty(e, kind), "step": KINDS[kind].default_step} if λ else {}
    # One draw, even if the experiment has fresh ones: the choice of λ is made on it.
    changes["data_seed"] = e.data_seed
    return varied_runs(e, e.runs.count, strength=λ, training={"schedule": "linear"}, **changes)


def _fresh_runs(e: Experiment, kind: str, λ: float) -> list[Run]:
    """One run on all training samples of each fresh draw, with its own seeds."""
    first, seed = _final_runs(e, kind, λ)[0], e.runs.seed
    return [
        vary(first, data_seed=e.data_seed + 1 + i, order_seed=seed + i, init_seed=seed + i)
        for i in range(_draw_count(e))
    ]


def _choose_strengths(e: Experiment, kind: str, trained: Trained) -> dict[str, list[Choice]]:
    """The choices of cross-validation by scope: one on the experiment's own draw, and one on each fresh draw."""
    by_strength = [(_final_runs(e, kind, λ)[:1], _fresh_runs(e, kind, λ)) for λ in _strengths(kind)]
    return {
        scope: [
            choose_strength(np.array([fold_errors(run, trained) for run in runs])) if kind != "none" else NO_CHOICE
            for runs in zip(*draws, strict=True)
        ]
        for scope, draws in zip(SCOPES, zip(*by_strength, strict=True), strict=True)
    }


def _summarize_tuning(
    kind: str, chosen: Mapping[str, list[Choice]], picked: Mapping[Rule, ByScope], ended: list[list[Trajectory]]
) -> CrossValidated:
    (choice,), grid = chosen["one"], _strengths(kind)

    def at(rule: Rule) -> Chosen:
        place = getattr(choice, rule)
        errors = {scope: by[kind] for scope, by in picked[rule].items()}
        fresh = [grid[getattr(c, rule)] for c in chosen["fresh"] if c.is_made]
        return Chosen(
            label=TITLES[kind],
            rule=RULES[rule] if kind != "none" else "–",
            strength=grid[place] if choice.is_made else None,
            zero=mean_zeros(ended[place]),
            one=summarize(errors["one"]) | {"totals": errors["one"].tolist()},
            fresh=summarize(errors["fresh"]) | {"totals": errors["fresh"].tolist()},
            lowest=min(fresh, default=None),
            highest=max(fresh, default=None),
        )

    return CrossValidated(
        label=TITLES[kind],
        validation=choice.means.tolist() if kind != "none" else [],
        standard_errors=choice.errors.tolist() if kind != "none" else [],
        as_good=choice.as_good,
        least=at("least"),
        simplest=at("simplest"),
    )


def _collapses(
    e: Experiment,
    ended: Mapping[str, Mapping[str, list[list[Trajectory]]]],
    chosen: Mapping[str, Mapping[str, Sequence[Choice]]],
) -> list[FairCollapses]:
    """How often networks collapsed at the λ of each rule, compared with those without a penalty."""
    collapsed: dict[str, dict[str, NDArray[np.bool_]]] = {
        scope: {k: np.array(list(map(collapsed_runs, ts))) for k, ts in by.items()} for scope, by in ended.items()
    }
    found = []
    for kind, rule, scope in itertools.product(PENALIZED, RULES, SCOPES):
        rates = compare_rates(
            at_choice(collapsed[scope][kind], chosen[kind][scope], rule), collapsed[scope]["none"][0], e.comparison
        )
        if rates.first or rates.second:
            found.append(FairCollapses(label=TITLES[kind], rule=RULES[rule], scope=SCOPES[scope], rates=rates))
    return found


def _why_counts_undecided(differences: Iterable[Difference]) -> str:
    """Why differences of a count, which have no margin, are undecided."""
    known = {d.reason: why_undecided(as_findings(d)) for d in differences}
    return "; ".join({"noise": "an interval includes zero"}.get(reason, why) for reason, why in known.items() if reason)


def _validation_panel(e: Experiment, kind: str, tuned: CrossValidated) -> dict[str, Any]:
    """The panel of one penalty: cross-validated errors with standard errors, and the choices of both rules."""
    means, errors = np.array(tuned.validation), np.array(tuned.standard_errors)
    marks = {tuned.least.strength: "least"}
    marks[tuned.simplest.strength] = "both" if tuned.simplest.strength in marks else "1 SE"
    series = {"label": tuned.label, "arm": KINDS[kind].look().arm, "x": list(GRID), "y": means.tolist()}
    series |= {"low": (means - errors).tolist(), "high": (means + errors).tolist()}
    return {
        **{"title": tuned.label, "xlabel": "λ", "ylabel": f"mean {own_measure(e).title}", "xscale": "log"},
        "series": [series],
        "marks": [{"x": λ, "label": label} for λ, label in marks.items()],
    }


def _is_flat(as_good: Sequence[int]) -> bool | Outcome:
    """True if for every penalty several strengths are as good as the best one, which counts as one of them."""
    return "undecided" if 0 in as_good else min(as_good) > 1
