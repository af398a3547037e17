"""From the results of all jobs to verdicts about columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

from reportgen.studies import stability
from reportgen.studies.crossvalidation import CANDIDATES, LASSO
from reportgen.studies.evidence import adjust, aggregate
from reportgen.studies.jobs import Arrays, Job, count_needed, level_of, splits_of
from reportgen.studies.models import LinearModel, SquaredModel, Weights, joined, learn
from reportgen.studies.result import (
    ColumnVerdict,
    DropTotals,
    ErrorDifference,
    LassoCurve,
    LassoPath,
    PathKnot,
    PenaltyScore,
    PickShares,
    Reason,
    RepeatableFit,
    ShuffledTargets,
    SizePoint,
    StudyResult,
    Substitute,
    Verdict,
)
from reportgen.tables import Array, Frame, Note
from reportgen.tables.folds import Split
from reportgen.tables.study_settings import StudySettings

TITLES = {
    "S01": "The best λ is the smallest that was tried",
    "S02": "The lasso keeps other columns in other folds",
    "S03": "Most columns cannot be decided about",
    "S04": "Nothing is known to predict the target",
}
"""The title of each code of a note on a study, in the order of the documentation."""

LEAST_SHARE = 0.05
"""For classes the tolerance is at least that of this share of the error without columns: where classes are nearly
separated, the log-loss is so small that 2 % of it is nothing."""


def summarize(frame: Frame, settings: StudySettings, results: Mapping[Job, Arrays]) -> StudyResult:
    """The result of a study from those of its jobs."""
    return _Summary(frame, settings, results).result()


def corrected_interval(differences: Array, test_share: float, confidence: float) -> ErrorDifference:
    """The interval of a mean of paired differences over folds that share rows: corrected resampled t.

    The variance is (1/J + `test_share`) times that of the J differences, where `test_share` is the number of test rows
    divided by that of training rows.

    References:
        Nadeau and Bengio, Inference for the Generalization Error, Machine Learning 2003.
    """
    from scipy.stats import t as student

    count = len(differences)
    mean = float(differences.mean())
    if count < 2:
        return ErrorDifference(mean, -math.inf, math.inf)
    width = math.sqrt((1 / count + test_share) * float(differences.var(ddof=1)))
    width *= float(student.ppf((1 + confidence) / 2, count - 1))
    return ErrorDifference(mean, mean - width, mean + width)


class _Summary:
    def __init__(self, frame: Frame, settings: StudySettings, results: Mapping[Job, Arrays]) -> None:
        self.frame, self.settings = frame, settings
        by_kind: dict[str, list[Arrays]] = {kind: [] for kind in ("whole", "outer", "half", "split", "shuffle")}
        for job in sorted(results):
            by_kind[job.kind].append(results[job])
        self.jobs = by_kind
        (self.whole,) = by_kind["whole"]
        self.outer = by_kind["outer"]
        self.names = [feature.name for feature in frame.features]
        self.model: LinearModel = learn(frame, np.arange(frame.rows))
        rows = np.array([one["rows"] for one in self.outer], np.float64)
        self.test_share = float((rows[:, 1] / rows[:, 0]).mean())
        measures = np.array([one["measures"] for one in self.outer])
        """[folds, candidates, rules, measures]"""
        self.errors = self.shown(measures[..., 0])
        self.further = measures[..., 1:]
        self.references = np.array([int(one["reference"]) for one in self.outer])
        self.reference = self.errors[np.arange(len(self.outer)), self.references, 0]
        self.null = self.shown(np.array([one["null"][0] for one in self.outer]))
        self.margin = settings.tolerance * float(self.reference.mean())
        if frame.classes:
            self.margin = max(self.margin, settings.tolerance * LEAST_SHARE * float(self.null.mean()))

    def shown(self, losses: Array) -> Array:
        """Errors in the unit of the target, from losses."""
        return losses if self.frame.classes else np.sqrt(losses)

    def difference(self, errors: Array, of: Array | None = None) -> ErrorDifference:
        """The interval of errors [folds] less those of the reference."""
        reference = self.reference if of is None else of
        return corrected_interval(errors - reference, self.test_share, self.settings.confidence)

    def result(self) -> StudyResult:
        """Everything."""
        frame, settings = self.frame, self.settings
        over_null = self.difference(self.reference, self.null)
        sizes = self.sizes()
        chosen = self.smallest_set(sizes)
        p, p_cluster = self.p_values()
        verdicts = self.verdicts(sizes, chosen, p, p_cluster)
        # A test over all rows may be sure where the few folds are not.
        predicts = over_null.high < 0 or any(v.reason in ("needed", "one_of", "small") for v in verdicts)
        return StudyResult(
            name=frame.name,
            task=frame.task,
            target=frame.target_name,
            target_unit=frame.target_unit,
            classes=frame.classes,
            rows=frame.rows,
            rows_in_file=frame.rows_in_file,
            error_name="log-loss" if frame.classes else "root mean squared error",
            further_names=("share of wrong classes", "Brier score") if frame.classes else ("mean absolute error",),
            outer_folds=len(self.outer),
            margin=self.margin,
            tolerance=settings.tolerance,
            confidence=settings.confidence,
            test_share=self.test_share,
            reference_errors=tuple(self.reference.tolist()),
            level=level_of(settings),
            reference_error=float(self.reference.mean()),
            null_error=float(self.null.mean()),
            over_null=over_null,
            predicts=predicts,
            evidence="one model" if "alone" in self.whole else "splits",
            verdicts=verdicts,
            totals=self.totals(verdicts, sizes, chosen),
            sizes=sizes,
            every_set=self.model.tries_every_set,
            has_groups=not self.model.lasso_is_grouped,
            penalties=self.penalties(),
            curve=self.curve(),
            path=self.path(),
            picks=self.picks(),
            shuffled=self.shuffled(p, p_cluster),
            substitutes=self.substitutes(chosen),
            fit=self.repeatable("none", 0.0, self.model.refit(chosen), chosen),
            lasso=self.lasso(),
            notes=self.notes(sizes, verdicts, predicts=predicts),
        )

    def sizes(self) -> tuple[SizePoint, ...]:
        """The error by number of columns, and where it is practically as good.

        Tests follow each other from the size with the least inner error on all rows downwards, and end with the first
        that fails, so that their number needs no correction. Larger sizes do not count: a model without a penalty may
        be worse than the reference there only because it is too large.
        """
        # Folds may have tried different sizes at the upper end.
        tried = min((one["sizes"] for one in self.outer), key=len)
        start = int(self.whole["sizes"][self.whole["size_losses"].argmin()])
        points: list[SizePoint] = []
        still = True
        for size in reversed([size for size in tried if all(size in one["sizes"] for one in self.outer)]):
            losses = [one["by_size"][int(np.flatnonzero(one["sizes"] == size)[0]), 0] for one in self.outer]
            errors = self.shown(np.array(losses))
            difference = self.difference(errors)
            passes = difference.high <= self.margin
            still = still and (passes or size > start)
            points.append(SizePoint(int(size), float(errors.mean()), difference, passes and still))
        return tuple(reversed(points))

    def smallest_set(self, sizes: tuple[SizePoint, ...]) -> list[int]:
        """Features of the smallest set that is practically as good, in their order of need."""
        good = [point.size for point in sizes if point.as_good]
        usable = set(self.model.present.tolist())
        if not good:
            return [index for index in self.whole["order"].tolist() if index in usable]
        kept = self.whole["sets"][int(np.flatnonzero(self.whole["sizes"] <= good[0])[-1])]
        return [index for index in self.whole["order"].tolist() if index in usable and kept[index]]

    def chosen_shares(self, size: int) -> Array:
        """The share of outer folds in which the best set of at most `size` features has each of them."""
        found = [one["sets"][int(np.flatnonzero(one["sizes"] <= size)[-1])] for one in self.outer]
        return np.asarray(np.mean(found, axis=0))

    def p_values(self) -> tuple[Array, Array]:
        """Adjusted p-values of features, and of their clusters."""
        of = self.whole["clusters"]
        if "alone" in self.whole:
            return adjust(self.whole["alone"], self.whole["together"], of)
        alone, together = (
            aggregate(np.array([one[key] for one in self.jobs["split"]])) for key in ("alone", "together")
        )
        return adjust(alone, together, of, factor=False)

    def verdicts(
        self, sizes: tuple[SizePoint, ...], chosen: list[int], p: Array, p_cluster: Array
    ) -> tuple[ColumnVerdict, ...]:
        """The drop-list."""
        level = level_of(self.settings)
        of = self.whole["clusters"]
        picks = stability.probabilities(np.array([one["picks"] for one in self.jobs["half"]], np.float64))
        good = [point.size for point in sizes if point.as_good]
        shares = self.chosen_shares(good[0] if good else len(self.names))
        kept = np.array([one["kept"][LASSO, 0] for one in self.outer], np.float64).mean(axis=0)
        without = self.shown(np.array([one["without"] for one in self.outer]))
        fit = self.repeatable("none", 0.0, self.model.refit(chosen), chosen)
        rank = np.empty(len(self.names), int)
        rank[self.whole["order"]] = np.arange(len(self.names)) + 1
        smaller = any(point.as_good for point in sizes)
        found = []
        for index, feature in enumerate(self.frame.features):
            members = np.flatnonzero(of == of[index])
            verdict: Verdict
            reason: Reason
            of_cluster = len(members) > 1 and p_cluster[index] <= level and (p[members] > level).all()
            if index not in self.model.present:
                verdict, reason = "can go", "constant"
            elif p[index] <= level:
                verdict, reason = ("keep", "needed") if index in chosen else ("can go", "small")
            elif of_cluster and np.isin(members, chosen).any():
                verdict, reason = "either", "one_of"
            elif of_cluster:
                verdict, reason = "can go", "small"
            elif index not in chosen:
                verdict, reason = "can go", "not_needed"
            else:
                verdict, reason = "cannot tell", "in_set" if smaller else "cost_unclear"
            mine = np.flatnonzero(self.model.group == index)
            names = [self.model.design.columns[j].name for j in mine]
            found.append(
                ColumnVerdict(
                    name=feature.name,
                    role="category" if feature.levels else "number",
                    unit=feature.unit,
                    price=feature.cost,
                    verdict=verdict,
                    reason=reason,
                    partners=tuple(self.names[m] for m in members if m != index) if verdict == "either" else (),
                    in_set=index in chosen,
                    p=float(p[index]),
                    p_cluster=float(p_cluster[index]),
                    cost=self.difference(without[:, 1 + index], without[:, 0]),
                    picked=float(picks[index]),
                    kept_folds=float(kept[index]),
                    chosen_folds=float(shares[index]),
                    coefficients=tuple(
                        (name, values)
                        for name, values in zip(fit.columns, fit.coefficients, strict=True)
                        if index in chosen and name in names
                    ),
                    rank=int(rank[index]),
                )
            )
        return tuple(found)

    def totals(
        self, verdicts: tuple[ColumnVerdict, ...], sizes: tuple[SizePoint, ...], chosen: list[int]
    ) -> DropTotals:
        """What the drop-list costs and saves."""
        good = [point for point in sizes if point.as_good]
        smallest = good[0] if good else None
        cost = smallest.difference if smallest else ErrorDifference(0.0, 0.0, 0.0)
        reference = float(self.reference.mean())
        scale = 1 / reference if reference else 0.0
        names: dict[Verdict, tuple[str, ...]] = {
            verdict: tuple(v.name for v in verdicts if v.verdict == verdict)
            for verdict in ("keep", "either", "can go", "cannot tell")
        }
        either = tuple(dict.fromkeys(tuple(sorted((v.name, *v.partners))) for v in verdicts if v.verdict == "either"))
        prices = {v.name: v.price for v in verdicts}
        return DropTotals(
            dropped=names["can go"],
            kept=names["keep"],
            either=either,
            open=names["cannot tell"],
            smallest_set=tuple(self.names[index] for index in chosen),
            error=smallest.error if smallest else reference,
            cost=cost,
            relative=ErrorDifference(cost.mean * scale, cost.low * scale, cost.high * scale),
            price=sum(prices.values()),
            saved=sum(prices[name] for name in names["can go"]),
            saved_either=sum(sum(prices[n] for n in part) - min(prices[n] for n in part) for part in either),
        )

    def penalties(self) -> tuple[PenaltyScore, ...]:
        """Errors of the candidates at both choices of λ."""
        strengths = np.array([one["strengths"] for one in self.outer])
        kept = np.array([one["kept"] for one in self.outer]).sum(axis=3)
        rules: tuple[Literal["least", "simplest"], ...] = ("least", "simplest")
        return tuple(
            PenaltyScore(
                penalty=candidate.penalty,
                refitted=candidate.refitted,
                rule=rule,
                error=float(self.errors[:, index, at].mean()),
                difference=self.difference(self.errors[:, index, at]),
                further=tuple(self.further[:, index, at].mean(axis=0).tolist()),
                kept=float(kept[:, index, at].mean()),
                strength=float(np.median(strengths[:, index, at])),
                chosen=float((self.references == index).mean()) if rule == "least" else 0.0,
            )
            for index, candidate in enumerate(CANDIDATES)
            for at, rule in enumerate(rules)
            if candidate.penalty != "none" or rule == "least"
        )

    def curve(self) -> LassoCurve:
        """The lasso's errors of inner folds by λ."""
        strengths, means, errors = self.whole["curve"].tolist()
        least, simplest = self.whole["chosen"][LASSO].tolist()
        return LassoCurve(
            strengths=tuple(strengths),
            means=tuple(means),
            errors=tuple(errors),
            kept=tuple(self.whole["curve_kept"].sum(axis=1).tolist()),
            least=least,
            simplest=simplest,
        )

    def path(self) -> LassoPath:
        """The lasso's path in original units."""
        design = self.model.design
        strengths = self.whole["path_strengths"]
        scaled = Weights(self.whole["path_w"], self.whole["path_b"])
        w, b = design.original_units(scaled.w, scaled.b)
        where = {float(strength): index for index, strength in enumerate(strengths)}
        knots = []
        for strength, column, enters in self.whole["knots"].tolist():
            at = where.get(strength)
            at_knot = () if at is None or self.frame.classes else tuple(w[at, :, 0].tolist())
            knots.append(PathKnot(strength, design.columns[int(column)].name, bool(enters), at_knot))
        return LassoPath(
            strengths=tuple(strengths.tolist()),
            columns=tuple(column.name for column in design.columns),
            features=tuple(design.group.tolist()),
            scales=tuple(column.scale for column in design.columns),
            coefficients=tuple(tuple(tuple(row) for row in at) for at in w.tolist()),
            intercepts=tuple(tuple(row) for row in b.tolist()),
            sizes=tuple(np.abs(scaled.w).sum(axis=(1, 2)).tolist()),
            knots=tuple(knots),
        )

    def picks(self) -> PickShares:
        """Stability selection."""
        count = len(self.names)
        picked = stability.number_to_pick(count)
        pairs = len(self.jobs["half"])
        shares = stability.probabilities(np.array([one["picks"] for one in self.jobs["half"]], np.float64))
        threshold = stability.least_threshold(picked, count, pairs, 1.0)
        return PickShares(
            picked=picked,
            halves=2 * pairs,
            shares=tuple(shares.tolist()),
            threshold=threshold,
            stable=tuple(name for name, share in zip(self.names, shares, strict=True) if share >= threshold),
            bound=stability.meinshausen_buhlmann_bound(picked, count, threshold),
            bound_unimodal=stability.unimodal_bound(picked, count, threshold, pairs),
            bound_concave=stability.concave_bound(picked, count, threshold, pairs),
        )

    def shuffled(self, p: Array, p_cluster: Array) -> ShuffledTargets:
        """What shuffled targets would keep."""
        curve = self.curve()
        return ShuffledTargets(
            by_lasso=tuple(int(one["by_lasso"]) for one in self.jobs["shuffle"]),
            needed=tuple(int(one["needed"]) for one in self.jobs["shuffle"]),
            by_lasso_true=curve.kept[curve.least],
            needed_true=count_needed(p, p_cluster, self.whole["clusters"], self.settings),
        )

    def substitutes(self, chosen: list[int]) -> tuple[Substitute, ...]:
        """For each column of the smallest set, those of its nearest columns outside that can take its place."""
        correlations = self.whole["correlations"]
        outside = [index for index in range(len(self.names)) if index not in chosen]
        # A logistic model takes so long that fewer are tried.
        nearest, most, splits = (5, 30, splits_of(self.frame, self.settings))
        if self.frame.classes:
            nearest, most, splits = (2, 10, splits[: self.settings.folds])
        pairs = [
            (column, other)
            for column in chosen[:most]
            for other in self._candidates(column, chosen, outside, correlations)[:nearest]
        ]
        if not pairs:
            return ()
        losses = np.array([self._substituted(split, chosen, pairs) for split in splits])
        errors = self.shown(losses)
        found = []
        for index, (column, other) in enumerate(pairs):
            cost = self.difference(errors[:, 1 + index], errors[:, 0])
            correlation = float(correlations[column, other])
            found.append(Substitute(self.names[column], self.names[other], correlation, cost, cost.high <= self.margin))
        return tuple(found)

    def _candidates(self, column: int, chosen: list[int], outside: list[int], correlations: Array) -> list[int]:
        """Columns that could take the place of one, the best first: by the fit with them instead, or if that takes too
        long by their correlation with it."""
        near = sorted(outside, key=lambda other: -correlations[column, other])[:100]
        if not isinstance(self.model, SquaredModel):
            return [other for other in near if correlations[column, other] >= 0.2]
        model, rest = self.model, [feature for feature in chosen if feature != column]
        return sorted(near, key=lambda other: -model.explained([*rest, other]))

    def _substituted(self, split: Split, chosen: list[int], pairs: list[tuple[int, int]]) -> list[float]:
        """Errors of the smallest set, and with one column in place of another."""
        model = learn(self.frame, split.train)
        sets = [chosen, *([other if c == column else c for c in chosen] for column, other in pairs)]
        models = [model.refit(features) for features in sets]
        losses: list[float] = model.losses(joined(models), split.test).tolist()
        return losses

    def repeatable(self, penalty: str, strength: float, weights: Weights, features: list[int]) -> RepeatableFit:
        """A fit on all rows in original units."""
        design = self.model.design
        w, b = design.original_units(weights.w[0], weights.b[0])
        wanted = np.flatnonzero(np.isin(design.group, features))
        filled = {column.feature for column in design.columns if column.kind == "missing"}
        return RepeatableFit(
            penalty=penalty,
            strength=strength,
            features=tuple(self.names[index] for index in features),
            columns=tuple(design.columns[j].name for j in wanted),
            coefficients=tuple(tuple(w[j].tolist()) for j in wanted),
            intercept=tuple(b.tolist()),
            fills=tuple(
                (self.names[column.feature], column.level)
                for column in (design.columns[j] for j in wanted)
                if column.kind == "value" and column.feature in filled
            ),
        )

    def lasso(self) -> RepeatableFit:
        """The lasso at the λ of least error."""
        strength = float(self.whole["strengths"][LASSO, 0])
        grid = self.whole["curve"][0]
        index = int(self.whole["chosen"][LASSO, 0])
        weights = self.model.path("lasso", grid[: index + 1])[[index]]
        return self.repeatable("lasso", strength, weights, list(range(len(self.names))))

    def notes(
        self, sizes: tuple[SizePoint, ...], verdicts: tuple[ColumnVerdict, ...], *, predicts: bool
    ) -> tuple[Note, ...]:
        """What a reader should know before trusting the numbers."""
        found = []
        names = {"lasso": "lasso", "elastic_net": "elastic net", "group_lasso": "group lasso"}
        at_end = [
            names[candidate.penalty]
            for candidate, (least, _), count in zip(CANDIDATES, self.whole["chosen"], self.whole["counts"], strict=True)
            if candidate.penalty in names and not candidate.refitted and least == count - 1
        ]
        if at_end:
            text = (
                f"The best λ of {' and '.join(at_end)} is the smallest that was tried: hardly any penalty is best "
                "here. Compare it with the fit without a penalty."
            )
            found.append(("S01", text))
        agreement = _mean_agreement([frozenset(np.flatnonzero(one["kept"][LASSO, 0]).tolist()) for one in self.outer])
        if agreement < 0.5:
            text = (
                f"The lasso keeps other columns in other folds: two folds have {agreement:.0%} of what either keeps in "
                "common. Use the verdicts, not the set of the lasso."
            )
            found.append(("S02", text))
        undecided = sum(v.verdict == "cannot tell" for v in verdicts)
        if undecided > len(verdicts) / 2:
            text = (
                f"With {self.frame.rows:,} rows errors are too uncertain to decide about most columns. "
                "More rows, or a larger tolerance, would decide more."
            )
            found.append(("S03", text))
        if not predicts:
            text = (
                "No model is shown to be better than one without columns: nothing here is known to predict "
                f"{self.frame.target_name!r}. Do not use these models to predict."
            )
            found.append(("S04", text))
        return tuple(Note(code=code, column="", text=text) for code, text in found)


def _mean_agreement(sets: list[frozenset[int]]) -> float:
    """Mean over pairs of the share of common members among all members; 1 if there is nothing to compare."""
    shares = [len(a & b) / len(a | b) if a | b else 1.0 for index, a in enumerate(sets) for b in sets[:index]]
    return float(np.mean(shares)) if shares else 1.0
