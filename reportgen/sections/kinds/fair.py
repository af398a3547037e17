"""Each penalty at its own strength: chosen by cross-validation on an equal budget, or matched by sparsity."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reportgen.experiment import Experiment
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.group_lasso import GroupLasso
from reportgen.penalties.l1 import L1
from reportgen.penalties.l2 import L2
from reportgen.penalties.none import NoPenalty
from reportgen.pictures.picture import Animation, Picture
from reportgen.sections import Column, Findings, Section, Table, Trained, sections
from reportgen.sections.claims import Claim, Outcome
from reportgen.sections.helpers import (
    as_findings,
    collapsed_runs,
    errors_without_collapses,
    kinds_by_name,
    mean,
    own_penalty,
    varied_runs,
    vary,
)
from reportgen.sections.wording import is_post, why_any_undecided, why_undecided
from reportgen.statistics.comparison import Values, compare_family
from reportgen.statistics.rates import compare_rates
from reportgen.statistics.sparsity import dead_units, zero_share
from reportgen.statistics.total_error import summarize, total_errors
from reportgen.statistics.tuning import Choice, choose_strength, find_share
from reportgen.text import number
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

KINDS = kinds_by_name(NoPenalty, L1, L2, ElasticNet, GroupLasso)
GRID = (0.01, 0.03, 0.1, 0.3, 1.0)
"""The strengths that cross-validation chooses from; the section `strength` trains the same values."""
FOLDS = 5
PAIRS = (
    *((kind, "none") for kind in kinds_by_name(L1, L2, ElasticNet, GroupLasso)),
    *(("l1", kind) for kind in kinds_by_name(L2, ElasticNet, GroupLasso)),
)
SPARSE = tuple(kinds_by_name(L1, ElasticNet, GroupLasso))
"""The penalties that leave weights at exactly zero."""
SHARES = (0.5, 0.8)
"""Shares of zero weights at which they are matched. Beyond these, a neighbor on the grid may have collapsed."""
RULES = {"least": "least error", "simplest": "one standard error"}
SCOPES = {"one": "one draw", "fresh": "fresh draws"}


@sections.register("fair")
class Fair(Section[Findings]):
    """A fair comparison: each penalty at its own strength, as the closing remarks of the post asked for."""

    title = "Each penalty at its own λ"
    claims = (
        Claim(
            name="tuned-penalties-are-equal",
            test=lambda f: _all_equal(f["differences"]["least"]),
        ),
        Claim(
            name="the-choice-is-not-sharp",
            test=lambda f: _is_flat([t["as_good"] for t in f["tuned"].values() if t["validation"]]),
        ),
        Claim(
            name="one-standard-error-costs-little",
            test=lambda f: _all_equal([d for d in f["cost"] if d["kind"] in f["moved"]]) if f["moved"] else None,
        ),
        Claim(
            name="equally-sparse-equally-good",
            test=lambda f: _all_equal([d for m in f["matched"] for d in m["differences"]]) if f["matched"] else None,
        ),
        Claim(
            name="groups-free-units",
            test=lambda f: _keeps_fewer_units(f["matched"]) if f["units"] else None,
        ),
    )

    def runs(self, e: Experiment) -> Iterable[Run]:
        # The final runs of every λ are trained, since the choice of λ is known only after training.
        for kind in KINDS:
            for λ in _strengths(kind):
                fresh = self._fresh_runs(e, kind, λ)
                yield from self._final_runs(e, kind, λ)
                yield from fresh
                if kind != "none":
                    yield from (fold for run in (self._first_final_run(e, kind, λ), *fresh) for fold in _fold_runs(run))

    def _final_runs(self, e: Experiment, kind: str, λ: float, count: int | None = None) -> list[Run]:
        """Runs on all training samples of the experiment's first draw."""
        changes: dict[str, Any] = {"penalty": own_penalty(e, kind), "step": KINDS[kind].default_step} if λ else {}
        # One draw, even if the experiment has fresh ones: the choice of λ is made on it.
        changes["data_seed"] = e.data_seed
        return varied_runs(e, count or e.runs.count, strength=λ, training={"schedule": "linear"}, **changes)

    def _first_final_run(self, e: Experiment, kind: str, λ: float) -> Run:
        """The first of `_final_runs`."""
        return self._final_runs(e, kind, λ, count=1)[0]

    def _fresh_runs(self, e: Experiment, kind: str, λ: float) -> list[Run]:
        """One run on all training samples of each fresh draw, with its own seeds."""
        first, seed = self._first_final_run(e, kind, λ), e.runs.seed
        return [
            vary(first, data_seed=e.data_seed + 1 + i, order_seed=seed + i, init_seed=seed + i)
            for i in range(_draw_count(e))
        ]

    def findings(self, e: Experiment, trained: Trained, study: object) -> Findings:
        chosen = {kind: self._choose_strengths(e, kind, trained) for kind in KINDS}
        ended = {scope: {kind: self._final_trajectories(e, kind, scope, trained) for kind in KINDS} for scope in SCOPES}
        collapsed = {
            scope: {k: np.array(list(map(collapsed_runs, ts))) for k, ts in by.items()} for scope, by in ended.items()
        }
        totals = {
            scope: {k: np.array(list(map(errors_without_collapses, ts))) for k, ts in by.items()}
            for scope, by in ended.items()
        }
        picked = {
            rule: {
                scope: {kind: _errors_at_choice(totals[scope][kind], chosen[kind][scope], rule) for kind in KINDS}
                for scope in SCOPES
            }
            for rule in RULES
        }
        differences = {rule: _compare_pairs(e, picked[rule], PAIRS) for rule in RULES}
        penalized = [kind for kind in KINDS if kind != "none"]
        ends = {
            scope: {**picked["simplest"][scope], **{f"{k} least": picked["least"][scope][k] for k in penalized}}
            for scope in SCOPES
        }
        cost = _compare_pairs(e, ends, [(kind, f"{kind} least") for kind in penalized])
        matched = self._match_shares(e, trained, totals)
        return {
            "tuned": {kind: self._summarize_tuning(e, kind, chosen[kind], picked, trained) for kind in KINDS},
            "differences": differences,
            "decided": [
                {"first": d["first"], "second": d["second"], "where": where, **d[scope]}
                for d in differences["least"]
                for scope, where in (("one", "on one draw"), ("fresh", "over fresh draws"))
                if d[scope]["verdict"] in ("better", "worse")
            ],
            "open": sum(d[scope]["verdict"] == "undecided" for d in differences["least"] for scope in SCOPES),
            "why": {
                "least": _reasons(differences["least"]),
                "cost": _reasons(cost),
                "freed": _reasons_of_counts([m["freed"] for m in matched]),
                "matched": _reasons([d for m in matched for d in m["differences"]]),
            },
            "collapses": _collapses(e, collapsed, chosen),
            "edge": _at_edges(chosen),
            "elastic_net": own_penalty(e, "elastic_net").term,
            "shares": list(SHARES),
            "cost": [{**d, "kind": kind} for kind, d in zip(penalized, cost, strict=True)],
            "moved": [
                kind
                for kind in penalized
                if any(c.least != c.simplest for scope in SCOPES for c in chosen[kind][scope])
            ],
            "matched": matched,
            "grid": list(GRID),
            "folds": FOLDS if _can_fold(e) else 0,
            "budget": len(GRID) * FOLDS,
            "runs": e.runs.count,
            "draws": _draw_count(e),
            "fresh": e.fresh_data,
            "fewest": e.comparison.fewest_pairs,
            "post": is_post(e),
            "training_samples": e.data.training_samples,
            "units": sum(e.network.hidden),
            "equivalence": e.margin,
            "confidence": e.comparison.confidence,
        }

    def _choose_strengths(self, e: Experiment, kind: str, trained: Trained) -> dict[str, list[Choice]]:
        """The choices of cross-validation by scope: one on the experiment's own draw, and one on each fresh draw."""
        grid = _strengths(kind)
        firsts = {"one": [[self._first_final_run(e, kind, λ) for λ in grid]]}
        firsts["fresh"] = list(map(list, zip(*(self._fresh_runs(e, kind, λ) for λ in grid), strict=True)))
        return {
            scope: [
                choose_strength(np.array([_fold_errors(run, trained) for run in runs]))
                if kind != "none"
                else _NO_CHOICE
                for runs in by_draw
            ]
            for scope, by_draw in firsts.items()
        }

    def _final_trajectories(self, e: Experiment, kind: str, scope: str, trained: Trained) -> list[list[Trajectory]]:
        """Trajectories of the final runs, [strengths][runs or draws]."""
        if scope == "one":
            return [[trained[run] for run in self._final_runs(e, kind, λ)] for λ in _strengths(kind)]
        return [[trained[run] for run in self._fresh_runs(e, kind, λ)] for λ in _strengths(kind)]

    def _summarize_tuning(
        self,
        e: Experiment,
        kind: str,
        chosen: Mapping[str, list[Choice]],
        picked: Mapping[str, Mapping[str, Mapping[str, Values]]],
        trained: Trained,
    ) -> Findings:
        (choice,), grid = chosen["one"], _strengths(kind)
        ended = self._final_trajectories(e, kind, "one", trained)
        tuning: Findings = {
            "label": KINDS[kind].look().title,
            "validation": choice.means.tolist() if kind != "none" else [],
            "standard_errors": choice.errors.tolist() if kind != "none" else [],
            "as_good": int((choice.means <= choice.means[choice.least] + choice.errors[choice.least]).sum()),
        }
        for rule in RULES:
            place = getattr(choice, rule)
            fresh = [grid[getattr(c, rule)] for c in chosen["fresh"] if _is_made(c)]
            tuning[rule] = {
                "strength": grid[place] if _is_made(choice) else None,
                "one": {**summarize(picked[rule]["one"][kind]), "totals": picked[rule]["one"][kind].tolist()},
                "zero": mean([zero_share(t.at(-1)[0]) for t in ended[place] if t.diverged is None]),
                "fresh": {
                    **summarize(picked[rule]["fresh"][kind]),
                    "totals": picked[rule]["fresh"][kind].tolist(),
                    "strengths": fresh,
                    "lowest": min(fresh, default=None),
                    "highest": max(fresh, default=None),
                },
            }
        return tuning

    def _match_shares(
        self, e: Experiment, trained: Trained, totals: Mapping[str, Mapping[str, Values]]
    ) -> list[Findings]:
        """Compare the sparse penalties at equal shares of zero weights, interpolated between grid values."""
        share: dict[str, dict[str, Values]] = {scope: {} for scope in SCOPES}
        live: dict[str, Values] = {}
        for kind in SPARSE:
            for scope in SCOPES:
                ended = self._final_trajectories(e, kind, scope, trained)
                zeros = [mean([zero_share(t.at(-1)[0]) for t in ts if t.diverged is None]) for ts in ended]
                share[scope][kind] = np.array(zeros)
                if scope == "one":
                    live[kind] = np.array([[_live_units(t) for t in ts] for ts in ended])
        matched: list[Findings] = []
        for target in SHARES:
            places = {scope: {kind: find_share(share[scope][kind], target) for kind in SPARSE} for scope in SCOPES}
            if any(place is None for by in places.values() for place in by.values()):
                continue
            interpolated: dict[str, dict[str, Values]] = {
                scope: {kind: place.interpolate(totals[scope][kind]) for kind, place in by.items() if place}
                for scope, by in places.items()
            }
            alive = {kind: place.interpolate(live[kind]) for kind, place in places["one"].items() if place}
            matched.append(
                {
                    "share": target,
                    "alive": alive,
                    "totals": interpolated,
                    "arms": {
                        kind: {
                            "label": KINDS[kind].look().title,
                            "strength": place.strength(GRID),
                            "live": mean([units for units in alive[kind] if math.isfinite(units)]),
                            **summarize(interpolated["one"][kind]),
                        }
                        for kind, place in places["one"].items()
                        if place
                    },
                }
            )
        # One family for all target shares, since they answer one question.
        pairs = [(a, b) for i, a in enumerate(SPARSE) for b in SPARSE[i + 1 :]]
        errors = {
            scope: {f"{kind} {m['share']}": m["totals"][scope][kind] for m in matched for kind in SPARSE}
            for scope in SCOPES
        }
        asked = [(f"{a} {m['share']}", f"{b} {m['share']}") for m in matched for a, b in pairs]
        compared = _compare_pairs(e, errors, asked) if asked else []
        # A count of units needs no margin.
        freed = compare_family([(m["alive"]["group_lasso"], m["alive"]["l1"]) for m in matched], 0.0, e.comparison)
        for i, m in enumerate(matched):
            del m["totals"], m["alive"]
            m["freed"] = as_findings(freed[i])
            m["differences"] = compared[i * len(pairs) : (i + 1) * len(pairs)]
        return matched

    def media(
        self, e: Experiment, trained: Trained, study: object, findings: Findings
    ) -> Iterable[Picture | Animation]:
        tuned = {k: t for k, t in findings["tuned"].items() if k != "none" and t["least"]["strength"] is not None}
        if tuned:
            yield Picture(
                name="validation",
                figure="curves",
                inputs={"panels": [_validation_panel(kind, t) for kind, t in tuned.items()]},
                alt="Cross-validated error against λ, a panel for each penalty. "
                + "; ".join(
                    f"{t['label']}: least at λ = {t['least']['strength']:g}, within one standard error of it up to "
                    f"λ = {t['simplest']['strength']:g}"
                    for t in tuned.values()
                )
                + ".",
            )
        rows = [
            {
                "label": f"{d['first']} − {d['second']}, {name}",
                **{key: d[scope][key] for key in ("estimate", "low", "high", "verdict")},
            }
            for d in findings["differences"]["least"]
            for scope, name in SCOPES.items()
            if np.isfinite([d[scope]["low"], d[scope]["high"]]).all()
        ]
        if rows:
            margin = findings["equivalence"]
            yield Picture(
                name="fair",
                figure="intervals",
                inputs={"rows": rows, "equivalence": (-margin, margin), "xlabel": "difference of the total error"},
                alt="Differences of the total error, each penalty at its own cross-validated λ. "
                + "; ".join(
                    f"{row['label']}: {number(row['estimate'], '.2f')}, interval {number(row['low'], '.2f')} to "
                    f"{number(row['high'], '.2f')}, {row['verdict']}"
                    for row in rows
                )
                + ".",
            )

    def tables(self, e: Experiment, findings: Findings) -> Iterable[Table]:
        yield Table(
            name="tuned",
            columns=(
                Column(label="penalty"),
                Column(label="rule"),
                Column(label="λ", format="g"),
                Column(label="exactly zero, mean", format=".0%"),
                *(Column(label=label, format=".2f") for label in ("median total error", "lowest", "highest")),
                Column(label="λ on fresh draws"),
                Column(label="median over fresh draws", format=".2f"),
            ),
            rows=tuple(
                (
                    t["label"],
                    label if t["validation"] else "–",
                    t[rule]["strength"],
                    t[rule]["zero"],
                    *(t[rule]["one"][key] for key in ("median", "min", "max")),
                    " to ".join(dict.fromkeys(number(t[rule]["fresh"][end], "g") for end in ("lowest", "highest"))),
                    t[rule]["fresh"]["median"],
                )
                for t in findings["tuned"].values()
                for rule, label in RULES.items()
                if t["validation"] or rule == "least"
            ),
        )
        compared = [(RULES[rule], d) for rule, pairs in findings["differences"].items() for d in pairs]
        compared += [(f"{m['share']:.0%} zeros", d) for m in findings["matched"] for d in m["differences"]]
        yield Table(
            name="fair",
            columns=(
                Column(label="first − second"),
                Column(label="λ by"),
                *(
                    Column(label=f"{scope}: {label}", format=form)
                    for scope in SCOPES.values()
                    for label, form in (("mean difference", ".2f"), ("from", ".2f"), ("to", ".2f"), ("verdict", ""))
                ),
            ),
            rows=tuple(
                (
                    f"{d['first']} − {d['second']}",
                    rule,
                    *(d[scope][key] for scope in SCOPES for key in ("estimate", "low", "high", "verdict")),
                )
                for rule, d in compared
            ),
        )
        if findings["collapses"]:
            keys = ("label", "rule", "scope", "first", "first_count", "first_low", "first_high", "second", "verdict")
            yield Table(
                name="fair-collapses",
                columns=(
                    Column(label="penalty"),
                    Column(label="λ by"),
                    Column(label="data"),
                    Column(label="collapsed", format="d"),
                    Column(label="of", format="d"),
                    Column(label="share from", format=".0%"),
                    Column(label="to", format=".0%"),
                    Column(label="without a penalty", format="d"),
                    Column(label="verdict"),
                ),
                rows=tuple(
                    tuple(None if c["kind"] == "none" and key == "second" else c[key] for key in keys)
                    for c in findings["collapses"]
                ),
            )
        if findings["matched"]:
            # A network without hidden layers has no units to count.
            shown = ["strength", *(["live"] if findings["units"] else []), "median"]
            yield Table(
                name="matched",
                columns=(
                    Column(label="weights exactly zero", format=".0%"),
                    Column(label="penalty"),
                    Column(label="λ", format=".3g"),
                    *([Column(label="units alive, mean", format=".1f")] if findings["units"] else []),
                    Column(label="median total error", format=".2f"),
                ),
                rows=tuple(
                    (m["share"], arm["label"], *(arm[key] for key in shown))
                    for m in findings["matched"]
                    for arm in m["arms"].values()
                ),
            )

    def headline(self, e: Experiment, findings: Findings) -> str | None:
        verdicts = [d[scope]["verdict"] for d in findings["differences"]["least"] for scope in SCOPES]
        equal, undecided = verdicts.count("practically equal"), verdicts.count("undecided")
        if findings["decided"]:
            clauses = "; ".join(
                f"{d['first']} is {d['verdict']} than {d['second']} {d['where']}" for d in findings["decided"]
            )
            others = len(verdicts) - len(findings["decided"])
            rest = f" Of the other {others} comparisons {undecided} {'is' if undecided == 1 else 'are'} undecided."
            return f"With each penalty at its own cross-validated λ, {clauses}.{rest if undecided else ''}"
        if not equal:
            return None
        return (
            f"With each penalty at its own cross-validated λ, {equal} of {len(verdicts)} comparisons, on one draw of "
            f"the data and over {findings['draws']} fresh ones, are practically equal"
            + (f", and the other {undecided} undecided." if undecided else ".")
        )


_NO_CHOICE = Choice(0, 0, np.full(1, np.nan), np.full(1, np.nan))
"""The choice for a network without a penalty, which has no strength."""


def _strengths(kind: str) -> tuple[float, ...]:
    return (0.0,) if kind == "none" else GRID


def _draw_count(e: Experiment) -> int:
    """Number of fresh draws of the data: a third of the number of runs, or as many as can decide something."""
    enough = min(e.comparison.fewest_pairs, e.runs.count)
    return max(e.runs.count // 3, enough, 2)


def _is_made(choice: Choice) -> bool:
    """False if no strength could be chosen: there are no folds, or at every strength a fold diverged."""
    return choice is _NO_CHOICE or bool(np.isfinite(choice.means[choice.least]))


def _collapses(
    e: Experiment,
    collapsed: Mapping[str, Mapping[str, NDArray[np.bool_]]],
    chosen: Mapping[str, Mapping[str, Sequence[Choice]]],
) -> list[Findings]:
    """How often networks collapsed at the λ of each rule, compared with those without a penalty."""
    found = []
    for kind, rule, scope in itertools.product(KINDS, RULES, SCOPES):
        own = _at_choice(collapsed[scope][kind], chosen[kind][scope], rule)
        if own.any() and (kind != "none" or rule == "least"):
            rates = compare_rates(own, collapsed[scope]["none"][0], e.comparison)
            named = {"label": KINDS[kind].look().title, "kind": kind, "rule": RULES[rule], "scope": SCOPES[scope]}
            found.append(named | as_findings(rates) | ({"rule": "–", "verdict": "–"} if kind == "none" else {}))
    return found


def _at_edges(chosen: Mapping[str, Mapping[str, Sequence[Choice]]]) -> list[str]:
    """Penalties whose λ of least error on one draw is the first or the last of the grid."""
    edges = (0, len(GRID) - 1)
    return [
        KINDS[kind].look().title
        for kind, choices in chosen.items()
        if kind != "none" and _is_made(choices["one"][0]) and choices["one"][0].least in edges
    ]


def _reasons_of_counts(differences: Iterable[Findings]) -> str:
    """Why differences of a count, which have no margin, are undecided."""
    known = {d["reason"]: why_undecided(d) for d in differences}
    return "; ".join({"noise": "an interval includes zero"}.get(reason, why) for reason, why in known.items() if reason)


def _reasons(differences: Iterable[Findings]) -> str:
    return why_any_undecided(d[scope] for d in differences for scope in SCOPES)


def _can_fold(e: Experiment) -> bool:
    return e.data.training_samples >= FOLDS


def _fold_runs(run: Run) -> list[Run]:
    """One run for each fold, with as many steps as a run on all training samples."""
    samples = run.data.training_samples
    if samples < FOLDS:
        return []
    # A batch of all samples becomes a batch of all that the largest fold leaves.
    batch = {"batch_size": min(run.training.batch_size, samples - math.ceil(samples / FOLDS))}
    folds = [vary(run, fold=(k, FOLDS), training=batch) for k in range(FOLDS)]
    epochs = [max(round(run.batch_steps / (r.batch_steps / r.training.epochs)), 1) for r in folds]
    return [vary(r, training={"epochs": count}) for r, count in zip(folds, epochs, strict=True)]


def _fold_errors(run: Run, trained: Trained) -> Values:
    """Mean absolute error of each fold on its held-out samples."""
    folds = _fold_runs(run)
    if not folds:
        return np.full(FOLDS, np.nan)
    return np.array(
        [total / r.draw().y_test.size for r, total in zip(folds, total_errors(trained[r] for r in folds), strict=True)]
    )


def _errors_at_choice(totals: Values, choices: Sequence[Choice], rule: str) -> Values:
    """Total errors [runs] at the strength that `rule` chose, for all runs or for each; NaN without a choice."""
    picked = _at_choice(totals, choices, rule)
    made = np.repeat([_is_made(choice) for choice in choices], len(picked) // len(choices))
    errors: Values = np.where(made, picked, np.nan)
    return errors


def _at_choice(values: NDArray[Any], choices: Sequence[Choice], rule: str) -> NDArray[Any]:
    """Values [runs] of `values` [strengths, runs] at the strength that `rule` chose."""
    places = [getattr(choice, rule) for choice in choices]
    picked: NDArray[Any] = values[places * (values.shape[1] // len(places)), np.arange(values.shape[1])]
    return picked


def _compare_pairs(
    e: Experiment, totals: Mapping[str, Mapping[str, Values]], pairs: Sequence[tuple[str, str]]
) -> list[Findings]:
    """Compare each pair in both scopes; a scope is a family. Names begin with the kind that gives the label."""
    by_scope = {
        scope: [
            as_findings(d)
            for d in compare_family([(totals[scope][a], totals[scope][b]) for a, b in pairs], e.margin, e.comparison)
        ]
        for scope in SCOPES
    }
    label = {name: KINDS[name.partition(" ")[0]].look().title for pair in pairs for name in pair}
    return [
        {"first": label[a], "second": label[b], **{scope: by_scope[scope][i] for scope in SCOPES}}
        for i, (a, b) in enumerate(pairs)
    ]


def _live_units(trajectory: Trajectory) -> float:
    """Number of hidden units with incoming and outgoing weights; NaN for a run that diverged."""
    if trajectory.diverged is not None:
        return float("nan")
    return float(sum((~dead).sum() for dead in dead_units(trajectory.at(-1)[0], 0.0)))


def _validation_panel(kind: str, tuned: Findings) -> dict[str, Any]:
    """The panel of one penalty: cross-validated errors with standard errors, and the choices of both rules."""
    means, errors = np.array(tuned["validation"]), np.array(tuned["standard_errors"])
    marks: dict[float, str] = {tuned["least"]["strength"]: "least"}
    marks[tuned["simplest"]["strength"]] = "both" if tuned["simplest"]["strength"] in marks else "1 SE"
    return {
        "title": tuned["label"],
        "xlabel": "λ",
        "ylabel": "mean absolute error",
        "xscale": "log",
        "series": [
            {
                "label": tuned["label"],
                "arm": KINDS[kind].look().arm,
                "x": list(GRID),
                "y": means.tolist(),
                "low": (means - errors).tolist(),
                "high": (means + errors).tolist(),
            }
        ],
        "marks": [{"x": λ, "label": label} for λ, label in marks.items()],
    }


def _all_equal(differences: Sequence[Findings]) -> bool | Outcome:
    """True if all are practically equal in both scopes, False if one is better or worse, else undecided."""
    verdicts = {d[scope]["verdict"] for d in differences for scope in SCOPES}
    return True if verdicts == {"practically equal"} else False if verdicts & {"better", "worse"} else "undecided"


def _is_flat(as_good: Sequence[int]) -> bool | Outcome:
    """True if for every penalty several strengths are as good as the best one, which counts as one of them."""
    return "undecided" if 0 in as_good else min(as_good) > 1


def _keeps_fewer_units(matched: Sequence[Findings]) -> bool | Outcome | None:
    """True if group lasso keeps fewer units at every share, False if it keeps more at one, else undecided."""
    verdicts = {m["freed"]["verdict"] for m in matched}
    if not verdicts:
        return None
    return True if verdicts == {"better"} else False if "worse" in verdicts else "undecided"
