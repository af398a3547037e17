"""What is known about the default experiment, said by the claims of its own sections."""

import dataclasses

import pytest

from reportgen.article.claims import settle
from reportgen.article.results import plain
from reportgen.article.sections import sections
from reportgen.executors.serial import Serial
from reportgen.experiment import Comparison, Runs
from reportgen.experiment.file import parse, shipped
from reportgen.store import Store

NAMES = ("sparsity", "subgradient", "rank", "errors", "closed_form", "penalties")


@pytest.fixture(scope="module")
def experiment():
    """The default experiment with as many runs as make the pictures clear, and as many steps as it has."""
    default = parse(shipped())
    return dataclasses.replace(default, runs=Runs(count=10), comparison=Comparison(resamples=1000), sections=NAMES)


@pytest.fixture(scope="module")
def told(experiment, tmp_path_factory):
    """Findings of each section, as `results.json` has them."""
    made = {name: sections[name]() for name in NAMES}
    runs = [run for section in made.values() for run in section.runs(experiment)]
    trained = Store(tmp_path_factory.mktemp("store")).complete(runs, Serial()).result()
    return {
        name: plain(section.findings(experiment, trained, section.study(experiment))) for name, section in made.items()
    }


@pytest.mark.parametrize(
    ("section", "name", "outcome"),
    [
        ("penalties", "l1-selects-l2-balances", "supported"),
        ("sparsity", "l1-leaves-weights-at-zero", "supported"),
        ("sparsity", "l2-makes-weights-small", "supported"),
        ("sparsity", "dead-units-jump-at-the-band", "supported"),
        ("sparsity", "exact-zeros-need-no-threshold", "supported"),
        ("subgradient", "subgradient-leaves-no-zeros", "supported"),
        ("subgradient", "proximal-steps-give-zeros", "supported"),
        ("subgradient", "the-band-is-as-wide-as-a-step", "supported"),
        ("subgradient", "l1-can-be-minimised", "supported"),
        ("rank", "l2-leaves-one-direction", "supported"),
        ("rank", "without-a-penalty-directions-stay", "supported"),
        ("rank", "unused-directions-fade-at-the-rate-of-the-penalty", "supported"),
        ("rank", "l1-and-l2-end-with-one-direction", "supported"),
        ("closed_form", "training-finds-ridge", "supported"),
        ("closed_form", "proximal-steps-find-the-lasso", "supported"),
        ("closed_form", "both-find-the-same-zeros", "supported"),
        ("errors", "last-steps-jitter", "supported"),
        ("errors", "l2-predicts-better-than-l1", "undecided"),
    ],
)
def test_the_default_experiment_says(section, name, outcome, told, experiment):
    (claim,) = [claim for claim in sections[section].claims if claim.name == name]

    settled = settle(claim, section, told[section], experiment)

    assert settled.outcome == outcome, settled.sentence


def test_dead_units_jump_from_a_few_to_nine_of_ten(told):
    """The layers beside the ends differ: in the middle one no unit is dead until the threshold is there."""
    quarter, _, at, *_ = told["sparsity"]["l1"]["dead"]

    assert max(quarter) < 4
    assert min(at) > 8.5


def test_a_median_weight_lies_in_the_middle_of_the_band(told):
    shares = [s["median"] / s["band"] for s in told["subgradient"]["settings"]]

    assert shares == pytest.approx([0.5] * len(shares), abs=0.08)


def test_rank_one_changes_nothing_under_l2_and_everything_without_a_penalty(told):
    assert told["rank"]["l2"]["change_largest"] < 1e-4
    assert told["rank"]["l2"]["second_halfway"] == pytest.approx(0.003, abs=0.002)
    assert 5 < told["rank"]["free"]["change"] < 30


def test_the_lasso_of_scikit_learn_is_met_to_a_thousandth_of_the_weights(told):
    assert told["closed_form"]["lasso"]["difference"] < 5e-3
    assert told["closed_form"]["ridge"]["difference"] < 1e-5


def test_both_conditions_are_told_for_every_pair(told):
    pairs = told["errors"]["pairs"]

    assert len(pairs) == 15
    assert all(p["names"] == p["other"]["names"] for p in pairs)
    assert all(p["pairs"] == p["other"]["pairs"] == 10 for p in pairs)
    assert any(p["estimate"] != p["other"]["estimate"] for p in pairs)
