"""Whole studies of tables whose truth is known."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest
import soak
import study_tables
from sklearn.datasets import make_friedman1

from reportgen.errors import DataError
from reportgen.store import encoding
from reportgen.studies import Job, plan, run_job, summarize
from reportgen.studies.evidence import adjusted_p_values
from reportgen.studies.jobs import count_needed
from reportgen.studies.models import learn
from reportgen.studies.summary import corrected_interval
from reportgen.tables.study_settings import StudySettings
from reportgen.values import json_value

QUICK = StudySettings(repetitions=2, inner_folds=3, subsamples=8, splits=20, shuffles=2)


def study(frame, settings=QUICK):
    return summarize(frame, settings, {job: run_job(frame, settings, job) for job in plan(frame, settings)})


def planted(rows, columns, counting, seed=0, **fields):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    return study_tables.table(x, x[:, :counting].sum(axis=1) + rng.normal(size=rows), **fields)


def test_ten_of_fifty_columns_are_kept_and_the_rest_goes_with_its_price():
    found = study(planted(250, 50, 10, costs=np.arange(50)))
    totals = found.totals

    assert totals.kept == tuple(f"x{i}" for i in range(10))
    assert totals.dropped == tuple(f"x{i}" for i in range(10, 50))
    assert totals.saved == sum(range(10, 50))
    assert totals.price == sum(range(50))
    assert totals.cost.high <= found.margin
    assert found.predicts
    assert max(found.shuffled.needed) < found.shuffled.needed_true == 10
    assert {v.reason for v in found.verdicts} == {"needed", "not_needed"}
    fitted = dict(zip(found.fit.columns, found.fit.coefficients, strict=True))
    assert all(abs(fitted[f"x{i}"][0] - 1) < 0.3 for i in range(10))
    with pytest.raises(ValueError, match="unknown kind of job 'x'"):
        run_job(planted(20, 2, 1), QUICK, Job("x", 0))


def test_of_two_columns_that_are_nearly_the_same_either_is_needed():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(200, 8))
    x[:, 7] = x[:, 0] + 0.03 * rng.normal(size=200)
    found = study(study_tables.table(x, x[:, 0] + x[:, 1] + rng.normal(size=200), costs=[3, 1, 1, 1, 1, 1, 1, 2]))
    verdicts = {v.name: v for v in found.verdicts}

    assert np.corrcoef(x[:, 0], x[:, 7])[0, 1] > 0.99
    assert found.totals.either == (("x0", "x7"),)
    assert [verdicts[name].partners for name in ("x0", "x7")] == [("x7",), ("x0",)]
    assert verdicts["x1"].verdict == "keep"
    assert verdicts["x0"].p_cluster <= found.level < verdicts["x0"].p
    assert found.totals.saved_either == 3
    inside = next(name for name in ("x0", "x7") if verdicts[name].in_set)
    outside = "x7" if inside == "x0" else "x0"
    assert any(s.column == inside and s.instead == outside and s.as_good for s in found.substitutes)


def test_pure_noise_keeps_nothing_and_says_that_nothing_predicts():
    found = study(study_tables.noise_table("normal", 150, 8, 3))

    assert found.totals.kept == found.totals.either == ()
    assert not found.predicts
    assert "S04" in [note.code for note in found.notes]


@pytest.mark.parametrize(
    ("kind", "rows", "columns"),
    [
        ("normal", 200, 50),
        ("lognormal", 100, 10),
        ("t3", 150, 10),
        ("groups", 400, 4),
        ("time", 400, 4),
        ("binary", 150, 8),
        ("classes", 150, 8),
    ],
)
def test_at_most_one_draw_of_pure_noise_in_twenty_keeps_a_column(kind, rows, columns):
    draws = soak.count(40, 200)
    kept = 0
    for seed in range(draws):
        p, p_cluster, of = adjusted_p_values(study_tables.noise_table(kind, rows, columns, seed), QUICK)
        kept += count_needed(p, p_cluster, of, QUICK) > 0
    soak.record(f"studies of pure noise ({kind})", draws, kept)

    # More than this many of so many have a probability below one in two hundred, if one in twenty is the rate.
    assert kept <= {40: 6, 200: 19}[draws]


def test_more_columns_than_rows_are_answered():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 80))
    found = study(study_tables.table(x, 3 * x[:, 0] + 3 * x[:, 1] + rng.normal(size=60)))

    assert found.evidence == "splits"
    assert set(found.totals.kept) == {"x0", "x1"}
    assert {"x0", "x1"} <= set(found.totals.smallest_set)


def test_a_column_of_groups_and_similar_rows_of_a_group_do_not_look_like_evidence():
    """Rows of each group repeat each other nearly; read as independent rows, noise of groups often looks needed."""
    of = np.repeat(np.arange(40), 20)
    naive, grouped = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(800, 3))
        x[:, 1] = rng.normal(size=40)[of]
        y = x[:, 0] + 3 * rng.normal(size=40)[of] + 0.1 * rng.normal(size=800)
        naive.append(adjusted_p_values(study_tables.table(x, y), QUICK)[0])
        grouped.append(adjusted_p_values(study_tables.table(x, y, groups=of), QUICK)[0])

    assert (np.array(naive)[:, 1] <= 0.025).mean() >= 0.3
    assert (np.array(grouped)[:, 1] <= 0.025).mean() <= 0.1
    assert (np.array(grouped)[:, 0] <= 0.025).all()


@pytest.mark.parametrize("classes", [("no", "yes"), ("low", "middle", "high")])
def test_planted_columns_of_classes_are_kept(classes):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(300, 6))
    x[:, 5] = rng.integers(3, size=300)
    y = 2 * x[:, 0] + 2 * (x[:, 5] == 1) + rng.logistic(size=300)
    labels = np.digitize(y, [0.5] if len(classes) == 2 else [-0.5, 1.5])
    found = study(study_tables.table(x, labels, classes=classes, levels={5: tuple("abc")}))

    assert {v.name for v in found.verdicts if v.verdict == "keep"} == {"x0", "x5"}
    assert found.error_name == "log-loss"
    assert found.reference_error < 0.85 * found.null_error
    outputs = 1 if len(classes) == 2 else 3
    assert {len(c) for c in found.fit.coefficients} == {outputs} == {len(found.fit.intercept)}


def test_results_are_plain_and_do_not_depend_on_what_was_stored():
    frame = planted(60, 4, 1, levels=None)
    results = {job: run_job(frame, QUICK, job) for job in plan(frame, QUICK)}
    stored = {job: encoding.decode(encoding.encode(found)) for job, found in results.items()}
    found = summarize(frame, QUICK, results)

    assert summarize(frame, QUICK, dict(reversed(stored.items()))) == found
    assert encoding.decode(encoding.encode(found)) == found
    json.dumps(json_value(encoding.python_numbers(found), vars_of), allow_nan=False)
    assert all(np.array_equal(results[j][k], run_job(frame, QUICK, j)[k]) for j in (Job("half", 1), Job("shuffle", 0))
               for k in results[j])  # fmt: skip


def vars_of(value):
    return dict(vars(value)) if hasattr(value, "__dataclass_fields__") else value


def test_a_lone_column_and_useless_columns_are_no_trouble():
    rng = np.random.default_rng(0)
    x = np.column_stack([np.full(60, 3.0), np.full(60, np.nan), rng.normal(size=60)])
    x[::7, 2] = np.nan
    found = study(study_tables.table(x, np.nan_to_num(x[:, 2]) * 3 + rng.normal(size=60)))

    assert {v.name: v.verdict for v in found.verdicts} == {"x0": "can go", "x1": "can go", "x2": "keep"}
    assert study(study_tables.table(x[:, :1], rng.normal(size=60))).totals.smallest_set == ()
    with pytest.raises(DataError, match=r"table\.csv: there is no column to predict 'y' from; give one a role"):
        plan(study_tables.table(x[:, :0], rng.normal(size=60)), QUICK)


def test_the_interval_of_differences_is_wider_than_that_of_independent_folds():
    """Nadeau and Bengio's correction: the variance of the mean of J differences is (1/J + test/train) times theirs."""
    rng = np.random.default_rng(0)
    differences = rng.normal(size=20)
    plain, corrected = (corrected_interval(differences, share, 0.95) for share in (0.0, 0.25))

    ratio = (corrected.high - corrected.mean) / (plain.high - plain.mean)
    assert ratio == pytest.approx(np.sqrt((1 / 20 + 0.25) / (1 / 20)))
    assert plain.high - plain.mean == pytest.approx(2.093 * differences.std(ddof=1) / np.sqrt(20), rel=1e-3)


def test_beside_an_exact_copy_no_column_is_needed_alone():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(150, 3))
    color = rng.integers(0, 3, 150)
    y = 2 * x[:, 0] - x[:, 1] + 2 * (color == 1) + rng.normal(size=150)
    copies = np.column_stack([x, 2.5 * x[:, 0] + 3, color, (color + 1) % 3])
    names = ["a", "b", "noise", "a2", "color", "colour"]
    frame = study_tables.table(copies, y, names, levels={4: "rgb", 5: "brg"})

    verdicts = {v.name: v for v in study(frame, QUICK).verdicts}

    assert {name for name in names if verdicts[name].verdict == "either"} == {"a", "a2", "color", "colour"}
    assert verdicts["a"].partners == ("a2",)
    assert verdicts["a"].p == 1
    assert verdicts["b"].verdict == "keep"
    assert verdicts["noise"].verdict == "can go"


def test_of_few_columns_the_best_set_is_found_where_dropping_one_by_one_misses_it():
    """The sum of two columns says all, but either of the two with noise in it is dropped later."""
    rng = np.random.default_rng(0)
    u, v = rng.normal(size=(2, 300))
    total = u + v
    x = np.column_stack([u + 0.01 * rng.normal(size=300), v + 0.01 * rng.normal(size=300), total])
    y = total + 0.5 * rng.normal(size=300)
    model = learn(study_tables.table(x, y), np.arange(300))

    assert model.best_sets()[1] == (2,)
    assert model.best_sets()[3] == (0, 1, 2)
    for size in (1, 2):
        by_hand = max(itertools.combinations(range(3), size), key=model.explained)
        assert model.best_sets()[size] == by_hand


def test_a_test_that_is_sure_is_not_overruled_by_few_folds():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(60, 3))
    y = 2 * x[:, 0] - x[:, 1] + rng.normal(size=60)
    result = study(study_tables.table(x, y), dataclasses.replace(QUICK, folds=2, repetitions=1))

    assert {v.name for v in result.verdicts if v.verdict == "keep"} == {"x0", "x1"}
    assert result.predicts
    assert "S04" not in {note.code for note in result.notes}


def test_of_friedmans_function_the_five_inputs_that_count_come_first():
    """Friedman, Multivariate Adaptive Regression Splines, 1991; the inputs after the fifth count for nothing."""
    x, y = make_friedman1(n_samples=300, n_features=10, noise=1.0, random_state=0)

    result = study(study_tables.table(x, y))

    order = sorted(result.verdicts, key=lambda verdict: verdict.rank)
    # Of the third the mean of y does not depend on a line: (x - 1/2) squared is flat on average.
    assert {v.name for v in order[:4]} == {"x0", "x1", "x3", "x4"}
    assert {v.name for v in result.verdicts if v.verdict == "keep"} == {"x0", "x1", "x3", "x4"}
    assert max(v.picked for v in result.verdicts[5:]) < 0.5
    assert "keep: x0, x1, x3, x4\n" in str(result)
