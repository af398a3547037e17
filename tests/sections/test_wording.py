"""Words for paired differences."""

import math

import pytest

from reportgen.sections.wording import describe_difference


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ((-2.1, -2.9, -1.3), "2.1 lower (1.3 to 2.9)"),
        ((2.1, 1.3, 2.9), "2.1 higher (1.3 to 2.9)"),
        ((-0.3, -1.2, 0.6), "0.3 lower (1.2 lower to 0.6 higher)"),
        ((0.0, -0.1, 0.1), "0 (0.1 lower to 0.1 higher)"),
        ((0.0, 0.0, 0.0), "0 (0 to 0)"),
        ((-2.0, -math.inf, -1.0), "2 lower (1 to no limit)"),
        ((-2.0, None, 1.0), "2 lower (no limit to 1 higher)"),
        ((2.0, 1.0, math.inf), "2 higher (1 to no limit)"),
        ((2.0, None, None), "2 higher (no limit to no limit)"),
        ((None, None, None), "not known"),
    ],
)
def test_a_difference_is_told_with_its_side_and_its_interval(ends, words):
    assert describe_difference(dict(zip(("estimate", "low", "high"), ends, strict=True))) == words


def test_a_difference_has_the_words_and_the_format_of_its_text():
    found = {"estimate": -0.25, "low": -0.5, "high": 0.125}

    assert describe_difference(found, ".0%", "fewer", "more") == "25% fewer (50% fewer to 12% more)"
