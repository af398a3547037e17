import itertools

import numpy as np
import pytest
from scipy.stats import bootstrap, t

from reportgen.experiment import Comparison
from reportgen.statistics import comparison
from reportgen.statistics.comparison import compare, compare_family
from tests import soak


def rule(resamples=2000, **changes):
    return Comparison(resamples=resamples, **changes)


def compared(difference, margin=1.0, **changes):
    difference = np.asarray(difference, float)
    return compare(difference, np.zeros_like(difference), margin, rule(**changes))


def together(*differences, margin=1.0):
    return compare_family([(np.asarray(d, float), np.zeros(len(d))) for d in differences], margin, rule())


NOISE = np.random.default_rng(0).normal(size=30)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)


def test_the_verdict_follows_from_where_the_interval_lies():
    differences = [NOISE - 4, NOISE + 4, NOISE / 10, NOISE * 10, NOISE + 1.0]
    found = [compared(difference) for difference in differences]

    assert [d.verdict for d in found] == ["better", "worse", "practically equal", "undecided", "undecided"]
    assert [d.reason for d in found] == [None, None, None, "noise", "noise"]


def test_the_interval_is_the_hull_of_students_t_and_the_studentized_bootstrap_of_scipy():
    skewed = np.random.default_rng(3).exponential(size=30)
    found = compared(skewed, resamples=50_000)
    students = t.interval(0.95, 29, loc=skewed.mean(), scale=skewed.std(ddof=1) / np.sqrt(30))

    def studentized(sample, axis):
        error = sample.std(axis=axis, ddof=1) / np.sqrt(30)
        return (sample.mean(axis=axis) - skewed.mean()) / error

    drawn = bootstrap((skewed,), studentized, n_resamples=50_000, rng=np.random.default_rng(1)).bootstrap_distribution
    error = skewed.std(ddof=1) / np.sqrt(30)
    low, high = (skewed.mean() - quantile * error for quantile in np.quantile(drawn, [0.975, 0.025]))

    assert found.low == pytest.approx(min(low, students[0]), abs=0.01)
    assert found.high == pytest.approx(max(high, students[1]), abs=0.01)
    assert high > students[1] + 0.05, "the bootstrap sees the tail"


def test_pairs_are_kept_together():
    """Two arms that jitter alike differ by a constant, however large the jitter."""
    jitter = 100 * np.random.default_rng(1).normal(size=30)
    difference = compare(jitter, jitter + 5 + NOISE / 100, 1.0, rule())

    assert (difference.low, difference.high) == pytest.approx((-5, -5), abs=0.01)
    assert difference.superiority == 1


def test_ties_count_half_and_pairs_with_a_run_that_diverged_are_left_out():
    assert compared([0, 0, -1, 1]).superiority == 0.5
    assert compared([np.nan, 1, 2, np.inf]).pairs == 2
    none = compared([np.nan])
    assert (none.verdict, none.reason) == ("undecided", "few pairs")
    assert none.pairs_needed is None  # without a pair there is no mean and no spread to go by


def test_few_pairs_decide_nothing_however_they_agree():
    """Five differences have one sign by chance alone in 6 % of all cases."""
    assert rule().fewest_pairs == 6
    for pairs in (1, 2, 5):
        for effect in (-40.0, 0.0, 40.0):
            few = compared(effect + NOISE[:pairs] / 100)
            assert (few.verdict, few.reason, few.p, few.pairs_needed) == ("undecided", "few pairs", 1.0, 6)
    assert compared(-40 + NOISE[:6] / 100).verdict == "better"


def test_pairs_that_are_all_equal_decide_once_they_exclude_that_three_of_ten_differ():
    assert 0.7**9 < 0.05 < 0.7**8
    for effect, verdict in ((-40.0, "better"), (0.0, "practically equal"), (40.0, "worse")):
        few, enough = compared([effect] * 8), compared([effect] * 9)
        assert (few.verdict, few.reason, few.pairs_needed) == ("undecided", "ties", 9)
        assert (enough.verdict, enough.low, enough.high) == (verdict, effect, effect)


def test_differences_that_only_rounding_tells_apart_are_equal():
    values = np.random.default_rng(9).normal(20, 5, 12)
    found = compare(values + 2.1, values, 1.0, rule())

    assert len(np.unique(values + 2.1 - values)) > 1
    assert (found.low, found.high) == pytest.approx((2.1, 2.1))
    assert (found.high - found.low, found.verdict) == (0, "worse")


def test_two_pairs_that_differ_among_ties_leave_the_interval_open():
    few = compared([0.0] * 28 + [0.1, 0.2])

    assert (few.verdict, few.reason) == ("undecided", "ties")
    assert (few.low, few.high) == (-np.inf, np.inf)


@pytest.mark.parametrize("runs", [6, 8, 10, 30])
def test_a_family_is_decided_at_once_if_its_effects_are_plain(runs):
    """Fifteen pairs of six arms: the resolution of p does not condemn them."""
    rng = np.random.default_rng(4)
    arms = [100 * i + 0.01 * rng.normal(size=runs) for i in range(6)]
    found = compare_family(list(itertools.combinations(arms, 2)), 1.0, rule())

    assert {d.verdict for d in found} == {"better"}


def test_a_family_lets_the_clearest_difference_stand_and_withdraws_a_marginal_one_among_many():
    rng = np.random.default_rng(5)
    clear, marginal = NOISE - 4, NOISE - 1.55
    assert [compared(d).verdict for d in (clear, marginal)] == ["better", "better"]

    found = together(marginal, clear, *rng.normal(0, 5, (13, 30)))

    assert [(d.verdict, d.reason) for d in found[:2]] == [("undecided", "family"), ("better", None)]
    assert found[0].p > compared(marginal).p
    assert (found[0].low, found[0].high) == (compared(marginal).low, compared(marginal).high)


def test_comparisons_that_are_decided_step_down_and_leave_more_to_the_others():
    marginal = NOISE - 1.62
    rng = np.random.default_rng(6)
    clear, unclear = rng.normal(-20, 1, (9, 30)), rng.normal(0, 5, (9, 30))

    assert together(marginal, *clear)[0].verdict == "better"
    assert together(marginal, *unclear)[0].verdict == "undecided"


def test_a_skewed_sample_of_few_pairs_is_undecided_though_its_interval_clears_the_margin():
    skewed = np.random.default_rng(11).lognormal(size=12) / 10
    found = compared(skewed - skewed.mean() - 1.21)

    assert found.high < -1
    assert (found.verdict, found.reason) == ("undecided", "skew")


def test_many_pairs_are_drawn_a_few_resamples_at_a_time_and_nothing_else_changes(monkeypatch):
    values = np.random.default_rng(0).normal(0.5, 2, 300)
    whole = compare(values, np.zeros(300), 1.0, rule())
    monkeypatch.setattr(comparison, "_DRAWN", 300 * 7)
    parts = compare(values, np.zeros(300), 1.0, rule())

    assert parts.verdict == whole.verdict
    assert (parts.low, parts.high) == pytest.approx((whole.low, whole.high), abs=0.02)


def test_the_interval_of_superiority_is_wilsons():
    from scipy.stats import binomtest

    found = compared(np.where(np.arange(30) < 21, -1.0, 1.0))
    theirs = binomtest(21, 30).proportion_ci(method="wilson")

    assert found.superiority == 0.7
    assert (found.superiority_low, found.superiority_high) == pytest.approx((theirs.low, theirs.high))
    assert [compared(effect + NOISE).superiority_low for effect in (50.0,)] == [0.0]


def _ties(rng, size):
    return np.where(rng.random(size) < 0.7, 0.0, rng.normal(1, 1, size))


PLANTED = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0, 1.0),
    "t3": (lambda rng, n: rng.standard_t(3, n), 0.0, 3**0.5),
    "exponential": (lambda rng, n: rng.exponential(size=n), 1.0, 1.0),
    "lognormal": (lambda rng, n: rng.lognormal(size=n), np.e**0.5, ((np.e - 1) * np.e) ** 0.5),
    "70 % ties": (_ties, 0.3, 0.51**0.5),
}
"""Differences as they come, with their mean and standard deviation."""


def _planted_rates(name, pairs, samples):
    """Shares of samples in which the interval covers the mean, and in which a verdict is false, on the worse side.

    Every sample is also taken mirrored. "better" and "practically equal" are false: the mean is at the edge.
    """
    draw, mean, deviation = PLANTED[name]
    rng = np.random.default_rng(pairs)
    counts = np.zeros((2, 3))
    for _ in range(samples):
        apart = draw(rng, pairs) - mean
        for side, mirrored in enumerate((apart, -apart)):
            # 10⁻⁹ keeps a sample of ties off the edge itself.
            at_edge = compared(mirrored - 1 + 1e-9)
            equal = compared(mirrored / deviation / 4 + 1 - 1e-9)
            counts[side] += (
                at_edge.low <= -1 <= at_edge.high,
                at_edge.verdict == "better",
                equal.verdict == "practically equal",
            )
    covered, better, equal = (counts / samples).T
    return covered.mean(), better.max(), equal.max()


@pytest.mark.parametrize("pairs", [6, 10, 30])
@pytest.mark.parametrize("name", PLANTED)
def test_intervals_and_verdicts_hold_for_differences_as_they_come(name, pairs):
    samples = soak.count(30, 1000)
    covered, better, equal = _planted_rates(name, pairs, samples)
    for event, share in {"not covered": 1 - covered, "false better": better, "false equal": equal}.items():
        soak.record(f"{name}, {pairs} pairs, {event}", samples, round(samples * share))
    # What was measured with 1000 samples, and three standard errors of the count of today.
    slack = 3 * (0.05 / samples) ** 0.5
    least = {"lognormal": {6: 0.86, 10: 0.91, 30: 0.92}, "70 % ties": {6: 0.83}}.get(name, {}).get(pairs, 0.93)

    assert covered >= least - slack
    assert better <= 0.05 + slack
    assert equal <= 0.05 + slack


@pytest.mark.parametrize("pairs", [10, 30])
def test_a_family_of_equal_arms_is_rarely_told_apart(pairs):
    """Six arms, skewed and of unequal scales, of which one collapses in no run: any verdict between two is false."""
    rng, samples = np.random.default_rng(7), soak.count(30, 300)
    wrong = 0
    for _ in range(samples):
        arms = (rng.lognormal(size=(6, pairs)) - np.e**0.5) * np.arange(1, 7)[:, None]
        family = compare_family(list(itertools.combinations(arms, 2)), 0.0, rule())
        wrong += any(d.verdict != "undecided" for d in family)
    soak.record(f"six equal lognormal arms, {pairs} pairs", samples, wrong)

    assert wrong / samples <= 0.05 + 3 * (0.05 / samples) ** 0.5


@pytest.mark.parametrize(
    ("mean", "draw"),
    [
        (-1.6, lambda rng, n: rng.normal(size=n)),
        (0.3, lambda rng, n: rng.normal(size=n)),
        (1.5, lambda rng, n: rng.exponential(size=n) - 1),
    ],
    ids=["better", "equal", "worse, skewed"],
)
def test_the_pairs_it_would_take_decide_four_experiments_of_five(mean, draw):
    """Among five others whose means are at the edge, so that none of them is decided and leaves the family."""
    rng = np.random.default_rng(8)
    first = draw(rng, 12)
    first = 2 * (first - first.mean()) / first.std(ddof=1) + mean
    others = [2 * draw(rng, 12) + 1 for _ in range(5)]
    needed = together(first, *others)[0].pairs_needed
    decided = [
        together(2 * draw(rng, needed) + mean, *(2 * draw(rng, needed) + 1 for _ in others))[0].verdict != "undecided"
        for _ in range(soak.count(60, 400))
    ]

    assert needed > 12
    assert np.mean(decided) == pytest.approx(0.8, abs=0.16)


def test_no_practical_number_of_pairs_is_named_at_the_edge():
    assert compared(NOISE + 1.0).pairs_needed is None
    assert compared(NOISE * 10 + 1.001).pairs_needed is None
