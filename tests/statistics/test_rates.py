import numpy as np
import pytest

from reportgen.experiment import Comparison
from reportgen.statistics.rates import compare_rates, rate_interval

RULE = Comparison()


def test_no_event_in_forty_runs_is_no_more_often_than_none_in_as_many():
    for count in range(4, 101):
        low, high = rate_interval(0, count, 0.95)
        assert low == 0.0
        assert high == pytest.approx(1 - 0.025 ** (1 / count))
        assert compare_rates(np.zeros(count, bool), np.zeros(count, bool), RULE).verdict == "undecided"


def test_two_of_thirty_against_none_is_not_established():
    found = compare_rates(np.arange(30) < 2, np.zeros(30, bool), RULE)

    assert (found.first, found.second, found.p, found.verdict) == (2, 0, 0.5, "undecided")
    assert (found.first_low, found.first_high) == pytest.approx((0.008, 0.221), abs=0.001)
    assert compare_rates(np.arange(30) < 6, np.zeros(30, bool), RULE).verdict == "more often"
    assert compare_rates(np.zeros(30, bool), np.arange(30) < 6, RULE).verdict == "less often"


def test_paired_runs_count_only_where_they_differ():
    both, neither = np.ones(100, bool), np.zeros(100, bool)
    event = np.arange(6) < 6

    assert compare_rates(np.append(both, event), np.append(both, ~event), RULE).verdict == "more often"
    assert compare_rates(np.append(neither, event[:5]), np.append(neither, ~event[:5]), RULE).verdict == "undecided"
    assert compare_rates(both, both, RULE).p == 1.0
    assert compare_rates(neither[:0], neither[:0], RULE).verdict == "undecided"


def test_equal_rates_are_rarely_called_different():
    rng = np.random.default_rng(0)
    drawn = rng.random((2, 2000, 30)) < 0.1
    verdicts = [compare_rates(first, second, RULE).verdict for first, second in zip(*drawn, strict=True)]

    assert verdicts.count("undecided") >= 0.95 * len(verdicts)
