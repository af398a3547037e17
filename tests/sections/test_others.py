"""The section on other ways to limit a model: claims that can come out in every way, and draws enough for that."""

import numpy as np
import pytest
from planted import difference, outcomes, rate

from reportgen.experiment import Comparison, Experiment
from reportgen.sections.kinds.others import (
    _DRAWS,
    _FEATURES,
    _FOREST_MARGIN,
    _LEAF_MARGIN,
    _MODERATE,
    _compare_limits,
)

VERDICTS = ("better", "practically equal", "undecided")
WAYS = {"weight-decay-helps": "decay", "dropout-helps": "dropout", "early-stopping-helps": "early"}
MARGINS = {"each": _FOREST_MARGIN, "leaves": _LEAF_MARGIN}
DIALS = {"shallower-trees": "depth", "fewer-inputs-a-split": "features"}


def forests(dial, question, verdict):
    values = {"moderate": 4, "values": [4, 10], question: difference(verdict)}
    return {"forest": {dial: values, "margin": 1.0}}


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        (
            "silhouette-finds-the-clusters",
            [{"kmeans": {"found": rate(events, 20)}} for events in (20, 2, 11)],
        ),
        *((claim, [{"differences": {way: difference(v)}} for v in VERDICTS]) for claim, way in WAYS.items()),
        *((claim, [forests(dial, "leaves_difference", v) for v in VERDICTS]) for claim, dial in DIALS.items()),
        *(
            (f"{claim}-predict-better", [forests(dial, "difference", v) for v in VERDICTS])
            for claim, dial in DIALS.items()
        ),
    ],
)
def test_each_claim_can_come_out_in_every_way(claim, worlds):
    assert outcomes("others", claim, worlds) == ["supported", "not supported", "undecided"]


@pytest.mark.parametrize(("shift", "verdict"), [(-2.0, "better"), (0.0, "practically equal"), (2.0, "worse")])
def test_the_draws_decide_a_planted_difference_either_way(shift, verdict):
    """Simplicity is judged by leaves and prediction by errors, each with its own margin."""
    noise = np.random.default_rng(0).standard_normal((2, _DRAWS)) / 10

    def dial(moderate):
        at = {what: margin * np.array([shift + noise[0], noise[1]]) for what, margin in MARGINS.items()}
        return {"values": [moderate, max(_FEATURES)], **at}

    compared = _compare_limits({name: dial(m) for name, m in _MODERATE.items()}, Experiment(comparison=Comparison()))

    for name in _MODERATE:
        assert compared[name]["difference"]["verdict"] == compared[name]["leaves_difference"]["verdict"] == verdict


def test_what_the_section_measures(compute):
    """Depth limits the leaves; inputs per split cannot, since every tree grows until each leaf has one sample."""
    found = compute("others").result.findings
    forest, kmeans = found["forest"], found["kmeans"]

    assert kmeans["found"]["events"] > kmeans["found"]["count"] * 0.9
    assert max(forest["depth"]["leaves"][0]) == 2.0
    assert forest["depth"]["leaves_difference"]["verdict"] == "better"
    assert abs(forest["features"]["leaves_difference"]["estimate"]) < 1
    assert found["ways"]["early"]["mean"] < found["ways"]["none"]["mean"]
    assert found["stopped_at"] < found["steps"] / 2
