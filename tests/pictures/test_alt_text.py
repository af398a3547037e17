"""Alt texts say what the inputs of a figure hold."""

import numpy as np
import pytest

from reportgen.pictures.alt_text import alt_text
from reportgen.pictures.picture import Picture

CASES = {
    "a line that ends where it began": (
        {
            "panels": [
                {
                    "title": "A",
                    "xlabel": "step",
                    "ylabel": "w",
                    "series": [{"label": "L1", "x": [0, 1, 2], "y": [1, 9, 1]}],
                }
            ]
        },
        "A, w against step: L1 goes from 1 at 0 to 1 at 2, highest 9 at 1.",
    ),
    "lines of two panels, one without a value": (
        {
            "panels": [
                {
                    "xlabel": "x",
                    "ylabel": "y",
                    "series": [{"label": "a", "x": [0, 4], "y": [2, 2]}],
                    "marks": [{"x": 3, "label": "η·λ"}],
                },
                {
                    "xlabel": "z",
                    "series": [{"label": "b", "x": [0, 1], "y": [np.nan] * 2}],
                    "levels": [{"y": 0.5, "label": "noise"}],
                },
            ]
        },
        "y against x: a is 2 from 0 to 4; a line at 3: η·λ. y against z: b without values; a line at 0.5: noise.",
    ),
    "heat maps": (
        {
            "panels": [
                {"title": "E", "label": "error", "values": [[1, None], [np.inf, 20]]},
                {"title": "S", "label": "zeros", "values": [[0, 1]], "share": True},
            ]
        },
        "E, error over λ and the learning rate: from 1 to 20. S, zeros over λ and the learning rate: from 0% to 100%.",
    ),
    "bars": (
        {
            "rows": [{"label": "a", "value": 1.234}, {"label": "b", "value": -2, "low": -3, "high": 0}],
            "xlabel": "error",
        },
        "error. a: 1.23; b: −2 (−3 to 0).",
    ),
    "intervals": (
        {
            "rows": [
                {"label": "a", "estimate": 1, "low": 0.5, "high": 2, "verdict": "worse"},
                {"label": "b", "estimate": 1, "low": 0, "high": None, "verdict": "undecided"},
            ],
            "xlabel": "difference",
        },
        "difference. a: 1 (0.5 to 2), worse; b: undecided.",
    ),
    "shares": (
        {"parts": ["data", "order"], "rows": [{"label": "a", "values": [0.75, np.nan]}], "xlabel": "share"},
        "share. a: data 75%.",
    ),
    "picks": (
        {"roles": ["counts", "other", "other"], "rows": [{"label": "L1", "shares": [1, 0.5, 0]}], "xlabel": "input"},
        "input. L1: counts 100%, other 25%.",
    ),
    "a strip": (
        {
            "groups": [{"label": "a", "values": [1, 2, 9, np.nan]}, {"label": "b", "values": [np.inf]}],
            "xlabel": "error",
        },
        "error. a: median 2, from 1 to 9; b: no values.",
    ),
    "a histogram": (
        {"groups": [{"label": "a", "zero_share": 0.25, "edges": [-2, -1, 0], "counts": [3, 1], "threshold": 0.01}]},
        "Sizes of weights. a: 25% exactly zero, half of the others below 0.1; a line at 0.01.",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_alt_text_has_the_numbers_of_its_figure(case):
    inputs, text = CASES[case]
    assert alt_text(inputs) == text


def test_a_picture_without_an_alt_text_gets_that_of_its_inputs():
    inputs, text = CASES["bars"]
    assert Picture(name="own", figure="bars", inputs=inputs).alt == text
    assert Picture(name="own", figure="bars", inputs=inputs, alt="Mine.").alt == "Mine."


def test_inputs_of_another_form_need_a_text_of_their_own():
    with pytest.raises(ValueError, match="a picture of x, y needs an alt text of its own"):
        Picture(name="own", figure="agreement", inputs={"x": [1], "y": [2]})
