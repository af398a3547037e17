"""The result of a study: plain numbers, texts and tuples, which can be stored and written as JSON.

Errors are in the unit of the target: the root of the mean squared error. For classes they are the mean log-loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportgen.registry import stored
from reportgen.tables import Note, Role, Task

Verdict = Literal["keep", "either", "can go", "cannot tell"]

Reason = Literal["needed", "small", "one_of", "not_needed", "in_set", "cost_unclear", "constant"]
"""Why a verdict was given.

needed: a test finds an effect, and the column is in the smallest set that is practically as good.
small: a test finds an effect, but models of fewer columns, without this one, are practically as good.
one_of: the column and its partners are similar; a test finds an effect of them together, of none alone.
not_needed: models of fewer columns, without this one, are practically as good, and no test finds an effect.
in_set: the column is in the smallest set, but no test finds an effect.
cost_unclear: no test finds an effect, and no smaller set is shown to be practically as good.
constant: the column has one value only, so nothing can be learned from it.
"""


@stored
@dataclass(frozen=True)
class ErrorDifference:
    """The mean of paired differences over outer folds, with its interval."""

    mean: float
    low: float
    high: float


@stored
@dataclass(frozen=True, kw_only=True)
class ColumnVerdict:
    """What a study says about one column of the table, and why."""

    name: str
    role: Role
    unit: str
    price: float
    verdict: Verdict
    reason: Reason
    partners: tuple[str, ...]
    """For "either": the columns that can take its place."""
    in_set: bool
    """Whether the smallest set that is practically as good has it."""
    p: float
    """That it has no effect, adjusted for testing all columns."""
    p_cluster: float
    """That neither it nor any column similar to it has an effect, adjusted."""
    cost: ErrorDifference
    """Increase of the error of ridge regression with all columns if this one is dropped alone."""
    picked: float
    """The share of halves of the rows in which it is among the first columns on the lasso path."""
    kept_folds: float
    """The share of outer folds in which the lasso with the λ of least error keeps it."""
    chosen_folds: float
    """The share of outer folds in which the best set of the size of the smallest set has it."""
    coefficients: tuple[tuple[str, tuple[float, ...]], ...]
    """The coefficients of its columns in the model with the smallest set, in original units, one for each output;
    empty if it is not in the set."""
    rank: int
    """Its place in the order of columns on all rows, from 1."""


@stored
@dataclass(frozen=True, kw_only=True)
class DropTotals:
    """What all columns that can go cost and save together."""

    dropped: tuple[str, ...]
    kept: tuple[str, ...]
    either: tuple[tuple[str, ...], ...]
    """Each a set of similar columns, of which one is needed."""
    open: tuple[str, ...]
    """Columns about which the study cannot tell."""
    smallest_set: tuple[str, ...]
    """The smallest set of columns that is practically as good; all if no smaller one is shown to be."""
    error: float
    """Mean error of models with at most as many columns as the smallest set, selected anew in each outer fold."""
    cost: ErrorDifference
    """That error less the error of the reference."""
    relative: ErrorDifference
    """The same as a share of the error of the reference."""
    price: float
    """Price of all columns for one row."""
    saved: float
    """Price of the dropped columns."""
    saved_either: float
    """Saved in addition if of similar columns only the cheapest stays."""


@stored
@dataclass(frozen=True)
class SizePoint:
    """The error of models with at most so many columns, over outer folds."""

    size: int
    error: float
    difference: ErrorDifference
    """Less the error of the reference."""
    as_good: bool
    """Whether this size is practically as good as the reference, and so is every size between it and the one with the
    least inner error."""


@stored
@dataclass(frozen=True, kw_only=True)
class PenaltyScore:
    """The error of a penalty over outer folds, with λ chosen by inner folds."""

    penalty: str
    refitted: bool
    """Whether the model is learned anew without the penalty, on what it kept."""
    rule: Literal["least", "simplest"]
    """λ of the least inner error, or the largest within one standard error of it."""
    error: float
    difference: ErrorDifference
    """Less the error of the reference."""
    further: tuple[float, ...]
    """For classes the error rate and the Brier score, for numbers the mean absolute error."""
    kept: float
    """Mean number of features kept."""
    strength: float
    """Median of the chosen λ."""
    chosen: float
    """The share of outer folds in which this candidate is the reference."""


@stored
@dataclass(frozen=True, kw_only=True)
class LassoCurve:
    """Errors of the lasso over inner folds of all rows, by λ; descending. Mean squared errors, or log-losses."""

    strengths: tuple[float, ...]
    means: tuple[float, ...]
    errors: tuple[float, ...]
    """Standard errors over folds."""
    kept: tuple[int, ...]
    """Features with a weight, on all rows."""
    least: int
    simplest: int
    """Indices of the chosen λ."""


@stored
@dataclass(frozen=True, kw_only=True)
class LassoPath:
    """The weights of the lasso on all rows by λ, in original units."""

    strengths: tuple[float, ...]
    """Descending; for a number the knots of the path are among them exactly."""
    columns: tuple[str, ...]
    """Columns of the design: a number, its indicator of missing values, or a level of a category."""
    features: tuple[int, ...]
    """The index of the feature of each column."""
    scales: tuple[float, ...]
    """The standard deviation of each column: the coefficient times this is that of the scaled column."""
    coefficients: tuple[tuple[tuple[float, ...], ...], ...]
    """[strengths, columns, outputs]"""
    intercepts: tuple[tuple[float, ...], ...]
    """[strengths, outputs]"""
    sizes: tuple[float, ...]
    """Sum of absolute weights of scaled columns, by λ."""
    knots: tuple[PathKnot, ...]


@stored
@dataclass(frozen=True)
class PathKnot:
    """A λ at which a column enters or leaves the path."""

    strength: float
    column: str
    enters: bool
    coefficients: tuple[float, ...]
    """Of all columns in original units, at this λ; empty for classes, whose path is known on a grid only."""


@stored
@dataclass(frozen=True, kw_only=True)
class PickShares:
    """Stability selection."""

    picked: int
    """How many features each half picks."""
    halves: int
    shares: tuple[float, ...]
    """The share of halves that picked each feature."""
    threshold: float
    """Shares from here on count as stable: the least for which at most one false pick is expected."""
    stable: tuple[str, ...]
    bound: float
    """The expected number of false picks at the threshold at most, by Meinshausen and Bühlmann."""
    bound_unimodal: float
    """The same by Shah and Samworth, for unimodal shares; infinite (None in JSON) where it does not hold."""
    bound_concave: float
    """The same by Shah and Samworth, for r-concave shares."""


@stored
@dataclass(frozen=True, kw_only=True)
class ShuffledTargets:
    """What would be kept if the target had nothing to do with the columns: one number for each shuffle."""

    by_lasso: tuple[int, ...]
    """Features that the lasso with the λ of least error keeps."""
    needed: tuple[int, ...]
    """Features, or sets of similar features, that the test calls needed."""
    by_lasso_true: int
    """The same with the true target."""
    needed_true: int


@stored
@dataclass(frozen=True)
class Substitute:
    """A column that could take the place of one in the smallest set."""

    column: str
    instead: str
    correlation: float
    """Of the two, in absolute value; canonical for categories."""
    cost: ErrorDifference
    """Error with the substitute less error with the column, over outer folds."""
    as_good: bool
    """Whether the upper limit is within the tolerance."""


@stored
@dataclass(frozen=True, kw_only=True)
class RepeatableFit:
    """What a user of scikit-learn needs to repeat a fit on all rows."""

    penalty: str
    strength: float
    """λ, which is scikit-learn's `alpha`, on columns that `StandardScaler` has scaled; 0 for no penalty."""
    features: tuple[str, ...]
    """The features that are given to the model."""
    columns: tuple[str, ...]
    coefficients: tuple[tuple[float, ...], ...]
    """[columns, outputs], in original units."""
    intercept: tuple[float, ...]
    fills: tuple[tuple[str, float], ...]
    """What replaces missing values of numbers, by feature; of features without missing values there is none."""


@stored
@dataclass(frozen=True, kw_only=True)
class StudyResult:
    """Everything that a study found out about a table."""

    name: str
    task: Task
    target: str
    target_unit: str
    classes: tuple[str, ...]
    rows: int
    rows_in_file: int
    error_name: str
    """The deciding error: "root mean squared error" or "log-loss"."""
    further_names: tuple[str, ...]
    """The names of the further errors."""
    outer_folds: int
    """Outer folds over all repetitions."""
    margin: float
    """The difference in error that counts as practically none."""
    tolerance: float
    confidence: float
    test_share: float
    """Test rows divided by training rows, on average over outer folds."""
    reference_errors: tuple[float, ...]
    """Of the reference in each outer fold."""
    level: float
    """Columns whose adjusted p-value is at most this are needed."""
    reference_error: float
    """Of the best candidate with all columns, chosen by inner folds."""
    null_error: float
    """Of the model without columns."""
    over_null: ErrorDifference
    """Error of the reference less that of the model without columns."""
    predicts: bool
    """Whether the reference is better than the model without columns beyond its interval, or a test is sure of an
    effect."""
    evidence: Literal["one model", "splits"]
    """Whether columns were tested in one model of all rows, or by halves."""
    verdicts: tuple[ColumnVerdict, ...]
    totals: DropTotals
    sizes: tuple[SizePoint, ...]
    every_set: bool
    """Whether every set of columns was tried for `sizes`; otherwise columns were dropped one after another."""
    has_groups: bool
    """Whether a feature has several weights; otherwise the group lasso is the lasso."""
    penalties: tuple[PenaltyScore, ...]
    curve: LassoCurve
    path: LassoPath
    picks: PickShares
    shuffled: ShuffledTargets
    substitutes: tuple[Substitute, ...]
    fit: RepeatableFit
    """Least squares (or nearly unpenalized logistic regression) with the smallest set."""
    lasso: RepeatableFit
    """The lasso with the λ of least error."""
    notes: tuple[Note, ...]

    def __str__(self) -> str:
        """The drop-list in a few lines."""
        totals = self.totals
        lines = [
            f"{self.error_name} of {self.target}: {self.reference_error:.4g} with all {len(self.verdicts)} columns to "
            f"choose from, {self.null_error:.4g} with none"
        ]
        either = [" or ".join(part) for part in totals.either]
        named = {"keep": totals.kept, "either": either, "can go": totals.dropped, "cannot tell": totals.open}
        lines += [f"{verdict}: {', '.join(names)}" for verdict, names in named.items() if names]
        low, mean, high = (f"{getattr(totals.relative, part):+.1%}" for part in ("low", "mean", "high"))
        lines.append(f"error of models of {len(totals.smallest_set)} columns: {mean} ({low} to {high})")
        if totals.price:
            lines.append(f"price of a row: {totals.price - totals.saved:g} instead of {totals.price:g}")
        lines += [f"{note.code}: {note.text}" for note in self.notes]
        return "\n".join(lines)


stored(Note)
