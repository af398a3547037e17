"""Smaller networks, in planted worlds."""

import numpy as np
import pytest
from planted import difference, outcomes, rate
from scipy.stats import permutation_test

from reportgen.sections.kinds.adjusted import PUBLISHED, _permutation_share

ALL = ["supported", "not supported", "undecided"]


def world(verdict="better", share=0.01, improved=True, unharmed=30, fewer=30):
    kind = {"difference": difference(verdict)}
    return {
        "hidden": [10, 10, 10],
        "parameters": 251,
        "studied": {"label": "L1", "parameters": 8.0, "change": 1e-6, "unharmed": rate(unharmed)},
        "post": {
            "kinds": {"l1": kind, "l2": kind},
            "permutation_share": share,
            "improved": improved,
            "hidden": [10, 10, 1],
            "parameters": 143,
            "fewer": rate(fewer),
        },
    }


@pytest.mark.parametrize(
    ("claim", "worlds"),
    [
        ("dead-units-can-go", [world(unharmed=n) for n in (30, 1, 15)]),
        ("published-totals-tell", [world(), world(improved=False), world(share=0.5)]),
        ("adjusting-helps", [world(v) for v in ("better", "practically equal", "undecided")]),
        ("adjusting-helps-l2", [world(v) for v in ("better", "worse", "undecided")]),
        ("fewer-than-by-eye", [world(fewer=n) for n in (30, 1, 15)]),
    ],
)
def test_a_claim_comes_out_as_its_world_is(claim, worlds):
    assert outcomes("adjusted", claim, worlds) == ALL


def test_the_published_totals_are_exchanged_in_every_way():
    before, after = (np.array(PUBLISHED[when]) for when in ("before", "after"))
    theirs = permutation_test((before, after), lambda a, b: a.mean() - b.mean(), n_resamples=np.inf)
    assert (before.mean(), after.mean()) == pytest.approx((20.0809, 15.1119), abs=1e-4)
    assert _permutation_share(before, after) == pytest.approx(theirs.pvalue)
    assert theirs.pvalue == pytest.approx(0.56, abs=0.005)
    assert _permutation_share(np.arange(5.0), np.arange(5.0) + 100) == pytest.approx(2 / 252)


def test_what_l1_sets_to_zero_is_removed_and_no_output_moves(compute):
    found = compute("adjusted").result.findings
    arm = next(arm for arm in found["arms"] if arm["name"] == found["studied"]["name"])
    assert arm["parameters"] < found["parameters"]
    assert arm["change"] < 1e-4
