import numpy as np
import pytest

from reportgen.experiment import Comparison
from reportgen.statistics import comparison
from reportgen.statistics.comparison import compare, compare_family, widened_level


def rule(resamples=2000, **changes):
    return Comparison(resamples=resamples, **changes)


def compared(difference, equivalence=1.0, **changes):
    difference = np.asarray(difference, float)
    return compare(difference, np.zeros_like(difference), rule(equivalence, **changes))


def together(*differences, **changes):
    return compare_family([(np.asarray(d, float), np.zeros(len(d))) for d in differences], rule(**changes))


NOISE = np.random.default_rng(0).normal(size=30)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)


def test_the_verdict_follows_from_where_the_interval_lies():
    differences = [NOISE - 4, NOISE + 4, NOISE / 10, NOISE * 10, NOISE + 1.0]
    verdicts = ["better", "worse", "practically equal", "undecided", "undecided"]

    assert [compared(difference).verdict for difference in differences] == verdicts


def test_the_interval_is_that_of_scipy_and_about_students():
    from scipy.stats import bootstrap, t

    ours = compared(NOISE, resamples=20_000)
    settings = {"method": "percentile", "n_resamples": 20_000, "random_state": 1}
    theirs = bootstrap((NOISE,), np.mean, confidence_level=1 - widened_level(0.05, 30), **settings).confidence_interval

    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.02)
    assert (ours.low, ours.high) == pytest.approx(
        t.interval(0.95, 29, loc=NOISE.mean(), scale=1 / np.sqrt(30)), abs=0.03
    )


def test_pairs_are_kept_together():
    """Two arms that jitter alike differ by a constant, however large the jitter."""
    jitter = 100 * np.random.default_rng(1).normal(size=30)
    difference = compare(jitter, jitter + 5, rule())

    assert (difference.low, difference.high) == pytest.approx((-5, -5))
    assert difference.superiority == 1


def test_ties_count_half_and_pairs_with_a_run_that_diverged_are_left_out():
    assert compared([0, 0, -1, 1]).superiority == 0.5
    assert compared([np.nan, 1, 2, np.inf]).pairs == 2
    assert compared([np.nan]).verdict == "undecided"


def test_an_undecided_comparison_says_how_many_pairs_it_would_take():
    undecided = compared(NOISE * 4)
    assert undecided.verdict == "undecided"

    enough = compared(np.tile(NOISE * 4, -(-undecided.pairs_needed // 30)))
    assert enough.verdict == "practically equal"


def test_few_pairs_decide_nothing_however_they_agree():
    """Five differences have one sign by chance alone in 6% of all cases."""
    for pairs in (1, 2, 5):
        for difference in (-40.0, 0.0, 40.0):
            few = compared([difference] * pairs)
            assert (few.verdict, few.pairs_needed) == ("undecided", 6)
            assert few.p >= 2 / 2**pairs
    assert compared(NOISE - 4).pairs_needed is None, "decided"


def test_holm_lets_the_clearest_difference_stand_and_withdraws_a_marginal_one_among_many():
    clear, marginal = NOISE - 4, NOISE - 1.42
    assert [compared(d).verdict for d in (clear, marginal)] == ["better", "better"]

    found = together(marginal, clear, *[NOISE * 10] * 13)

    assert [d.verdict for d in found[:2]] == ["undecided", "better"]
    assert found[0].pairs_needed > 30
    assert found[2:] == [compared(NOISE * 10)] * 13


def experiments(count, effect, size=30):
    """Verdicts on so many experiments with a planted effect, in standard deviations."""
    rng = np.random.default_rng(2)
    return [compared(rng.normal(effect, 1, size), equivalence=0.0, seed=i) for i in range(count)]


def test_planted_ties_are_rarely_called_different_and_their_intervals_cover_the_truth():
    found = experiments(800, 0.0)
    verdicts = [d.verdict for d in found[:400]]

    assert verdicts.count("better") <= 0.05 * 400
    assert verdicts.count("better") + verdicts.count("worse") <= 0.07 * 400  # 5%, and two standard errors
    assert np.mean([d.low <= 0 <= d.high for d in found]) == pytest.approx(0.95, abs=0.02)


def test_a_planted_effect_of_one_standard_deviation_is_found():
    assert [d.verdict for d in experiments(400, -1.0)].count("better") >= 0.9 * 400


def test_the_interval_of_superiority_covers_the_truth():
    from scipy.stats import binomtest

    found = compared(np.where(np.arange(30) < 21, -1.0, 1.0))
    theirs = binomtest(21, 30).proportion_ci(method="wilson")

    assert found.superiority == 0.7
    assert (found.superiority_low, found.superiority_high) == pytest.approx((theirs.low, theirs.high))


def test_many_pairs_are_drawn_a_few_resamples_at_a_time_and_nothing_else_changes(monkeypatch):
    values = np.random.default_rng(0).normal(0.5, 2, 300)
    whole = compare(values, np.zeros(300), rule())
    monkeypatch.setattr(comparison, "_DRAWN", 300 * 7)
    parts = compare(values, np.zeros(300), rule())

    assert parts.verdict == whole.verdict
    for key in ("estimate", "low", "high", "p", "superiority"):
        assert getattr(parts, key) == pytest.approx(getattr(whole, key), rel=1e-12)
