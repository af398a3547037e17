import numpy as np
import pytest

from reportgen.experiment import Comparison
from reportgen.statistics.rates import compare_counts, compare_rates, rate_interval

RULE = Comparison()


def test_no_event_in_forty_runs_is_no_more_often_than_none_in_thirty():
    for count in range(4, 101):
        low, high = rate_interval(0, count, 0.95)
        assert low == 0.0
        assert high == pytest.approx(1 - 0.025 ** (1 / count))
        assert compare_counts(0, count, 0, 30, RULE).verdict == "undecided"


def test_thirteen_of_120_against_none_of_thirty_is_not_established():
    found = compare_counts(13, 120, 0, 30, RULE)

    assert found.p == pytest.approx(0.072, abs=0.001)
    assert found.verdict == "undecided"
    assert compare_counts(40, 120, 0, 30, RULE).verdict == "more often"
    assert compare_counts(0, 30, 40, 120, RULE).verdict == "less often"


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
