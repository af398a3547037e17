"""What the section on choosing inputs says of planted worlds, and the refit."""

from types import SimpleNamespace

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Comparison, Experiment
from reportgen.sections.kinds import selection
from reportgen.sections.kinds.selection import DATA, FACTORS, UNIVERSAL, Selection, linear_run, refit

E = Experiment(comparison=Comparison(resamples=1000))
DRAWS = 12


def draws(spread=0.1, seed=0, **means):
    """Counts of each draw around these means; every error also stands for those on both halves of the samples."""
    rng = np.random.default_rng(seed)
    values = {name: mean + spread * rng.standard_normal(DRAWS) for name, mean in means.items()}
    for fit in ("error", "refit"):
        values |= {f"{half}_{fit}": values[fit] for half in ("choosing", "checking")}
    return [{name: float(each[i]) for name, each in values.items()} for i in range(DRAWS)]


def world(spread=0.1, l2_keeps=DRAWS, best=(2, 5), **l1):
    """Findings of a world in which L1 keeps and errs like this; along the path it errs least at these two strengths."""
    l1 = {"picked": 12, "found": 10, "false_picks": 2, "error": 2.4, "refit": 1.3, **l1}
    others = {"picked": 50, "found": 10, "false_picks": 40, "error": 2.1, "refit": 2.1}
    counts = {kind: draws(spread, **(l1 if kind == "l1" else others)) for kind in selection.ARMS}
    for i, count in enumerate(counts["l2"]):
        count["picked"] = 50.0 if i < l2_keeps else 49.0
    errors = [dict(zip(("error", "refit"), (2 + abs(i - at) for at in best), strict=True)) for i in range(len(FACTORS))]
    path = [draws(spread, i, **{**l1, **error}) for i, error in enumerate(errors)]
    return selection._conclude(counts, path, E.comparison)


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        ("l1-selects-inputs", {}, {"found": 6}, {"false_picks": 4}),
        ("l1-selects-inputs", {"spread": 0, "found": 9, "false_picks": 4}, {"false_picks": 9}, {"found": 9}),
        ("l2-selects-nothing", {}, {"l2_keeps": 1}, {"l2_keeps": 7}),
        ("fewer-inputs-cost-less", {}, {"refit": 2.6}, {"refit": 2.3}),
        ("fewer-inputs-cost-less", {"refit": 2.1, "spread": 0.03}, {"picked": 50.2}, {"refit": 2.29}),
        ("refitting-takes-the-bias-away", {}, {"error": 0.8}, {"error": 1.51}),
        ("predicting-is-not-selecting", {}, {"best": (3, 3)}, {"best": (3, 4), "spread": 1.0}),
    ],
)
def test_what_is_planted_is_what_is_said(claim, supported, refuted, undecided):
    (asked,) = [c for c in Selection.claims if c.name == claim]
    told = [decide(asked, "selection", world(**planted), E) for planted in (supported, refuted, undecided)]

    assert [one.outcome for one in told] == ["supported", "not supported", "undecided"]
    assert all(one.sentence and "None" not in one.sentence and ": ." not in one.sentence for one in told)


def test_a_refit_is_least_squares_on_the_inputs_that_are_kept():
    data = linear_run("l1", UNIVERSAL, 0).draw()
    kept = np.arange(DATA.inputs) % 3 == 0
    predicted = refit(data, kept)
    x, y = data.x_train[:, kept], data.y_train
    centered = np.linalg.solve((x - x.mean(0)).T @ (x - x.mean(0)), (x - x.mean(0)).T @ (y - y.mean()))

    np.testing.assert_allclose(predicted, (data.x_test[:, kept] - x.mean(0)) @ centered + y.mean())
    np.testing.assert_allclose(refit(data, kept & False), np.full((DATA.test_samples, 1), y.mean()))


def test_the_strengths_are_compared_on_other_samples_than_those_that_choose_them():
    """A strength that is best on the one half only is chosen, and does not help on the other."""
    found = world()
    lucky = [draws(**{"picked": 12, "found": 10, "false_picks": 2, "error": 2, "refit": 2}) for _ in FACTORS]
    for count in lucky[0]:
        count["choosing_error"] = 0.0
    for count in lucky[-1]:
        count["choosing_refit"] = 0.0
    counts = dict.fromkeys(selection.ARMS, lucky[1])
    lucky_found = selection._conclude(counts, lucky, E.comparison)

    assert found.two_strengths["refit"]["verdict"] == "better"
    assert lucky_found.predicting.strength < lucky_found.selecting.strength
    assert {d["verdict"] for d in lucky_found.two_strengths.values()} == {"practically equal"}


def test_each_half_of_the_samples_has_errors_of_its_own():
    run = linear_run("l1", UNIVERSAL, 0)
    data, w = run.draw(), DATA.weights(0)
    w[0] += 0.5
    trained = SimpleNamespace(run=run, kernels=[np.array([w])], predict=lambda x: x @ w)
    found, half = selection._count_inputs(trained, 0), DATA.test_samples // 2
    squares = (data.x_test @ w - data.y_test) ** 2

    assert found["choosing_error"] == pytest.approx(squares[:half].mean())
    assert found["checking_error"] == pytest.approx(squares[half:].mean())
    assert found["error"] == pytest.approx(squares.mean())
