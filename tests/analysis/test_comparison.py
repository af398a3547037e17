import dataclasses

import numpy as np
import pytest

from reportgen.analysis.comparison import compare, holm, interquartile_mean


def compared(difference, equivalence=1.0, **changes):
    settings = {"confidence": 0.95, "resamples": 2000, "seed": 0, **changes}
    difference = np.asarray(difference, float)
    return compare(difference, np.zeros_like(difference), equivalence, **settings)


NOISE = np.random.default_rng(0).normal(size=30)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)


@pytest.mark.parametrize(
    ("difference", "verdict"),
    [
        (NOISE - 4, "better"),
        (NOISE + 4, "worse"),
        (NOISE / 10, "practically equal"),
        (NOISE * 10, "undecided"),
        (NOISE + 1.0, "undecided"),
    ],
)
def test_the_verdict_follows_from_where_the_interval_lies(difference, verdict):
    assert compared(difference).verdict == verdict


def test_the_interval_surrounds_the_mean_and_narrows_with_pairs():
    few, many = compared(NOISE), compared(np.tile(NOISE, 16))

    assert few.low < few.estimate < few.high
    assert few.estimate == pytest.approx(NOISE.mean(), abs=1e-12)
    assert (few.high - few.low) / (many.high - many.low) == pytest.approx(4, rel=0.1)


def test_the_interval_is_that_of_scipy():
    from scipy.stats import bootstrap

    ours = compared(NOISE, resamples=20_000)
    theirs = bootstrap((NOISE,), np.mean, method="percentile", n_resamples=20_000, random_state=1).confidence_interval

    assert ours.low == pytest.approx(theirs.low, abs=0.02)
    assert ours.high == pytest.approx(theirs.high, abs=0.02)


def test_pairs_are_kept_together():
    """Two arms that jitter alike differ by a constant, however large the jitter."""
    jitter = 100 * np.random.default_rng(1).normal(size=30)
    difference = compare(jitter, jitter + 5, 1.0, 0.95, 1000, 0)

    assert (difference.low, difference.high) == pytest.approx((-5, -5))
    assert difference.superiority == 1


def test_ties_count_half_for_superiority():
    assert compared([0, 0, -1, 1]).superiority == 0.5


def test_pairs_with_a_run_that_diverged_are_left_out():
    assert compared([np.nan, 1, 2, np.inf]).pairs == 2
    assert compared([np.nan]).verdict == "undecided"


def test_an_undecided_comparison_says_how_many_pairs_it_would_take():
    undecided = compared(NOISE * 4)
    assert undecided.verdict == "undecided"

    enough = compared(np.tile(NOISE * 4, -(-undecided.pairs_needed // 30)))
    assert enough.verdict == "practically equal"


@pytest.mark.parametrize("pairs", [1, 2, 5])
@pytest.mark.parametrize("difference", [-40.0, 0.0, 40.0])
def test_few_pairs_decide_nothing_however_they_agree(pairs, difference):
    """Five differences have one sign by chance alone in 6% of all cases."""
    few = compared([difference] * pairs)

    assert (few.verdict, few.pairs_needed) == ("undecided", 6)
    assert few.p >= 2 / 2**pairs


def test_decided_comparisons_need_no_more_pairs():
    assert compared(NOISE - 4).pairs_needed is None


def test_the_same_seed_gives_the_same_interval():
    assert compared(NOISE) == compared(NOISE)
    assert compared(NOISE) != compared(NOISE, seed=1)


def test_holm_lets_the_clearest_difference_stand_and_withdraws_a_marginal_one_among_many():
    clear, marginal = compared(NOISE - 4), compared(NOISE - 1.42)
    assert [clear.verdict, marginal.verdict] == ["better", "better"]
    ties = [compared(NOISE * 10)] * 13

    family = holm([marginal, clear, *ties], 1.0, 0.95)

    assert [d.verdict for d in family[:2]] == ["undecided", "better"]
    assert family[0].pairs_needed > 30
    assert family[2:] == ties


def test_holm_on_a_single_comparison_changes_nothing():
    alone = compared(NOISE - 1.42)

    assert holm([alone], 1.0, 0.95) == [alone]


def test_planted_ties_are_rarely_called_different():
    rng = np.random.default_rng(2)
    verdicts = [compared(rng.normal(size=30), equivalence=0.0, resamples=500).verdict for _ in range(400)]

    assert sum(v in ("better", "worse") for v in verdicts) <= 0.09 * 400


def test_interquartile_mean_ignores_both_tails():
    assert interquartile_mean(np.array([-1e9, 1, 2, 3, 4, 5, 6, 1e9])) == 3.5
    assert interquartile_mean(np.array([7.0])) == 7.0


def test_differences_are_plain_values():
    assert set(dataclasses.asdict(compared(NOISE))) >= {"estimate", "low", "high", "superiority", "verdict"}
