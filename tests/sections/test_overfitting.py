"""The section on overfitting: claims that can come out in every way, and what its figure shows."""

import numpy as np
import pytest
from numpy.polynomial import legendre
from planted import difference, outcomes, rate

from reportgen.experiment import Comparison
from reportgen.sections.kinds import overfitting
from reportgen.sections.kinds.overfitting import MARGIN, STRENGTHS, compare_forests, compare_turns

VERDICTS = ("better", "practically equal", "undecided")
WAYS = {"weight-decay-helps": "decay", "dropout-helps": "dropout", "early-stopping-helps": "early"}
DIALS = {"shallower-trees-predict-better": "depth", "fewer-inputs-a-split-predict-better": "features"}
RULE = Comparison(resamples=500)


def turns(falls, rises="better"):
    one = {"none": 2.0, "best": 0.4, "strongest": 0.7, "rises": difference(rises)}
    return {
        "draws": 20,
        "turns": {
            "l2": {**one, "title": "L2", "falls": difference("better")},
            "l1": {**one, "title": "L1", "falls": difference(falls)},
        },
    }


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("test-error-falls-and-rises", [turns("better"), turns("worse"), turns("undecided")]),
        ("test-error-falls-and-rises", [turns("better"), turns("better", "practically equal"), turns("undecided")]),
        ("silhouette-finds-the-clusters", [{"kmeans": {"found": rate(events, 20)}} for events in (20, 2, 11)]),
        *(
            (claim, [{"networks": {"differences": {way: difference(v)}}} for v in VERDICTS])
            for claim, way in WAYS.items()
        ),
        *(
            (claim, [{"forests": {dial: {"compared": 4, "difference": difference(v)}}} for v in VERDICTS])
            for claim, dial in DIALS.items()
        ),
    ],
)
def test_each_claim_can_come_out_in_every_way(claim, worlds):
    assert outcomes("overfitting", claim, worlds) == ["supported", "not supported", "undecided"]


@pytest.mark.parametrize(("shift", "verdict"), [(-3.0, "better"), (0.0, "practically equal"), (3.0, "worse")])
def test_the_draws_decide_a_planted_difference_either_way(shift, verdict):
    """Of the curves and of the forests, as many draws as each has."""
    noise = np.random.default_rng(0).standard_normal((3, overfitting._CURVES)) / 10
    errors = 1 + MARGIN * noise
    errors[1] += shift * MARGIN
    found = compare_turns({"l2": errors.T, "l1": errors.T}, RULE)
    assert (
        {turn.falls.verdict for turn in found.values()} == {turn.rises.verdict for turn in found.values()} == {verdict}
    )

    def limited(values):
        measured = np.repeat(10 + noise[: len(values) + 1, : overfitting._DRAWS, None], 2, axis=2)
        measured[-2] += shift * overfitting._FOREST_MARGIN
        return measured

    forests = compare_forests(
        {"samples": 120, **{limit: limited(values) for limit, values in overfitting._LIMITS.items()}}, RULE
    )
    assert forests.depth.difference.verdict == forests.features.difference.verdict == verdict


def test_the_figure_shows_what_the_text_says_of_it(compute):
    """Through every sample at λ = 0; a training error that only rises; a test error that is least in between."""
    figure = compute("overfitting").result.findings["figure"]
    x, y = np.array(figure["x"]), np.array(figure["y"])

    assert figure["strengths"][0] == 0
    assert len(figure["strengths"]) == len(STRENGTHS)
    for path in figure["paths"].values():
        train, test = np.array(path["train"]), np.array(path["test"])
        np.testing.assert_allclose(legendre.legval(x, path["coefficients"][0]), y, atol=0.02)
        assert (np.diff(train) >= -1e-3).all()
        assert train[0] < 1e-3
        assert test[path["best"]] < min(test[0], test[-1]) - MARGIN
        assert 0 < path["best"] < len(test) - 1
    assert figure["paths"]["l1"]["terms"][-1] == 0
    assert figure["paths"]["l2"]["terms"][-1] == overfitting.DEGREE
    free, right, strong = (still["test"] for still in figure["stills"])
    assert right < strong < free


def test_lambda_is_not_chosen_by_the_samples_that_judge_it():
    curves = overfitting.fit_curves()

    judged = [draw["l2"]["judged"][1] for draw in curves["draws"]]
    path = curves["paths"]["l2"]
    assert judged[curves["shown"]] == path["test"][path["best"]]
    free = sorted(draw["l2"]["judged"][0] for draw in curves["draws"])
    assert curves["draws"][curves["shown"]]["l2"]["judged"][0] == free[len(free) // 2]


def test_what_the_other_models_do(compute):
    found = compute("overfitting").result.findings

    assert found["kmeans"]["found"]["events"] > found["kmeans"]["found"]["count"] * 0.9
    assert found["networks"]["ways"]["early"]["mean"] < found["networks"]["ways"]["none"]["mean"]
    assert found["networks"]["stopped_at"] < found["networks"]["steps"] / 2
    for dial in ("depth", "features"):
        assert found["forests"][dial]["train"] == sorted(found["forests"][dial]["train"], reverse=True)
