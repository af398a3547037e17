"""What the section on inputs of networks measures, and what it says of planted measurements."""

import dataclasses
import functools
import operator

import numpy as np
import pytest
from planted import decide

from reportgen.experiment import Comparison, Experiment
from reportgen.sections.kinds import inputs
from reportgen.sections.kinds.inputs import DATA, GRIDS, Inputs
from reportgen.sections.result import plain_findings
from reportgen.statistics.input_selection import NetworkErrors, Trial, choose_strongest, measure_errors
from reportgen.training.trajectory import Trajectory

E = Experiment(comparison=Comparison(resamples=3000))
DRAWS = 24


def ended(kind, strength, *kernels):
    """A run of the section that had these first kernels at its first, its last but one and its last record."""
    run = inputs._run(kind, strength, 1)
    steps = np.array([0, run.steps - inputs._REST, run.steps])[-len(kernels) :]
    layers = [np.zeros((len(kernels), *shape)) for shape in run.shapes]
    for record, kernel in zip(layers[0], kernels, strict=True):
        record[: len(kernel), : len(kernel[0])] = kernel
    layers[1][:] = 1.0
    biases = tuple(np.zeros((len(kernels), o)) for _, o in run.shapes)
    return Trajectory(source=run, steps=steps, kernels=tuple(layers), biases=biases, loss=None, penalty=None)


def measured(t):
    trained = {t.run: t, inputs._refit_run(t, 1): t, inputs._run("none", 0.0, 1): t}
    return inputs._measure(trained, "l1", t.run.strength, 1)


def test_an_input_is_kept_unless_all_its_weights_are_exactly_zero():
    found = measured(ended("l1", 0.1, [[1e-30, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -2.0]]))

    assert np.flatnonzero(found.picked).tolist() == [0, 2]
    assert found.units == 2, "a unit that nothing feeds is not in use"


def test_inputs_that_come_or_go_in_the_last_steps_are_counted():
    first, before, last = [[1.0], [1.0], [0.0]], [[1.0], [1.0], [0.0]], [[2.0], [0.0], [3.0]]

    assert measured(ended("l1", 0.1, first, before, last)).moved == 2
    assert measured(ended("l1", 0.1, first, last, last)).moved == 0


def test_a_refit_sees_only_the_inputs_that_are_kept_and_no_penalty():
    run = inputs._refit_run(ended("l1", 0.1, [[0.0], [2.0]]), 1)
    plain, data = inputs._run("none", 0.0, 1), inputs._run("none", 0.0, 1).draw()

    assert dataclasses.replace(run, data=DATA) == plain
    for masked, whole in ((run.draw().x_train, data.x_train), (run.draw().x_test, data.x_test)):
        np.testing.assert_array_equal(masked[:, 1], whole[:, 1])
        assert not np.delete(masked, 1, axis=1).any()
    np.testing.assert_array_equal(run.draw().y_train, data.y_train)


@pytest.mark.parametrize("fit", ["fit", "refit"])
def test_the_strongest_penalty_within_one_standard_error_is_chosen(fit):
    other = {"fit": "refit", "refit": "fit"}[fit]
    for error, chosen in ((0.1, 3.0), (0.0, 2.0)):
        tried = [
            Trial(
                strength=1.0 + i,
                **{fit: NetworkErrors(choosing, error, 0.0), other: NetworkErrors(i, 0.0, 0.0)},
                **dict.fromkeys(("picked", "units", "ranked", "moved")),
            )
            for i, choosing in enumerate((0.30, 0.25, 0.34, 0.36))
        ]
        assert choose_strongest(tried, operator.attrgetter(fit)).strength == chosen


def test_samples_that_choose_are_not_those_that_measure(monkeypatch):
    """An error of one on the samples for choosing only shows in the one number, and never in the other."""
    t = ended("l1", 0.1, [[1.0]])
    data = t.run.draw()
    before = measure_errors(t, inputs.CHOOSING)
    y = data.y_test.copy()
    y[: inputs.CHOOSING] += 100.0
    monkeypatch.setattr(type(t.run), "draw", lambda run: type(data)(**{**vars(data), "y_test": y}))
    after = measure_errors(t, inputs.CHOOSING)

    assert after.choosing > before.choosing + 1000
    assert after.error == before.error


def planted(spread=0.01, **changes):
    """Findings of a world of these numbers: kind -> [those at the λ for predicting, those at the λ for selecting].

    The first λ of a grid is best as it is, the last after the refit; those between are worse. A number is a mean, or
    one value for each draw.
    """
    rng = np.random.default_rng(0)
    world = {
        "none": [{}, {}],
        "l2": [{}, {}],
        "elastic_net": [{"others": 20}, {"others": 10}],
        "l1": [{"others": 30, "units": 4, "fit": 0.4}, {"others": 10}],
        "group_lasso": [{"others": 25, "units": 8, "fit": 0.4}, {"others": 4, "refit": 0.4}],
    }
    plain = {"found": 10, "double": 0, "others": 39, "units": 10, "ranked": 10, "fit": 0.9, "refit": 0.9, "l2_drops": 0}
    tried = {}
    for kind, grid in GRIDS.items():
        ends = [{**plain, **own, **changes.get(kind, [{}, {}])[i]} for i, own in enumerate(world[kind])]
        tried[kind] = [
            [_measured(kind, grid, place, ends, draw, spread, rng) for place in range(len(grid))]
            for draw in range(DRAWS)
        ]
    return inputs._conclude(tried, E.comparison)


@functools.cache
def usual():
    return planted()


def _measured(kind, grid, place, ends, draw, spread, rng):
    last = place == len(grid) - 1
    end = {name: value[draw] if isinstance(value, list) else value for name, value in ends[last and place > 0].items()}
    picked = np.zeros(DATA.inputs, bool)
    picked[: end["found"]] = True
    picked[10] = end["double"]
    picked[11 + (np.arange(end["others"]) + 3 * draw) % 39] = True
    if kind in ("none", "l2"):
        picked[:] = not end["l2_drops"]

    def errors(of, best):
        error = end[of] + spread * rng.standard_normal()
        return NetworkErrors(choosing=0.0 if best else 5.0, choosing_error=0.1, error=error)

    return Trial(
        strength=grid[place],
        picked=picked,
        units=end["units"],
        ranked=end["ranked"],
        moved=int(last),
        fit=errors("fit", place == 0),
        refit=errors("refit", last),
    )


def alternate(first, second):
    return [first, second] * (DRAWS // 2)


def predicting(**numbers):
    return [numbers, {}]


def selecting(**numbers):
    return [{}, numbers]


@pytest.mark.parametrize(
    ("claim", "refuted", "undecided"),
    [
        ("penalties-help-where-inputs-are-many", {"fit": 0.9}, {"fit": alternate(0.2, 1.4)}),
        ("equal-errors", {"fit": 0.6}, {"fit": alternate(0.2, 0.6)}),
        ("groups-drop-more", {"others": 30}, {"others": alternate(20, 37)}),
        ("plain-l1-drops-units", {"units": 4}, {"units": alternate(4, 6)}),
    ],
)
def test_what_is_planted_at_the_strength_for_predicting_is_said(claim, refuted, undecided):
    assert_said(claim, {}, {"group_lasso": predicting(**refuted)}, {"group_lasso": predicting(**undecided)})


@pytest.mark.parametrize(
    ("claim", "refuted", "undecided"),
    [
        ("nothing-that-counts-is-lost", {"found": 9}, {"found": [9] * 4 + [10] * (DRAWS - 4)}),
        ("selecting-then-training-anew-predicts-as-well", {"refit": 0.6}, {"refit": alternate(0.3, 0.6)}),
        ("repetition-separates", {"found": 9}, {"others": 19}),
        ("dropping-saves", {"refit": 1.1}, {"refit": alternate(0.4, 1.4)}),
        ("dropping-saves", {"others": 39, "double": 1}, {"refit": alternate(0.3, 1.5)}),
    ],
)
def test_what_is_planted_at_the_strength_for_selecting_is_said(claim, refuted, undecided):
    assert_said(claim, {}, {"group_lasso": selecting(**refuted)}, {"group_lasso": selecting(**undecided)})


@pytest.mark.parametrize(
    ("claim", "supported", "refuted", "undecided"),
    [
        (
            "a-double-deceives",
            {"group_lasso": selecting(double=1)},
            {},
            {"group_lasso": selecting(double=[1] + [0] * (DRAWS - 1))},
        ),
        ("ranking-needs-no-zeros", {}, {"l2": [{"ranked": 9}] * 2}, {"l2": [{"ranked": alternate(9, 10)}] * 2}),
        (
            "shrinking-keeps-every-input",
            {},
            {"l2": [{"l2_drops": 1}] * 2},
            {"l2": [{"l2_drops": alternate(0, 1)}] * 2},
        ),
        (
            "nothing-that-counts-is-lost",
            {},
            {"l1": selecting(found=8)},
            {"l1": selecting(found=[9] + [10] * (DRAWS - 1))},
        ),
    ],
)
def test_what_is_planted_elsewhere_is_said(claim, supported, refuted, undecided):
    assert_said(claim, supported, refuted, undecided)


def assert_said(claim, *worlds):
    (asked,) = [c for c in Inputs.claims if c.name == claim]
    told = [decide(asked, "inputs", plain_findings(planted(**world) if world else usual()), E) for world in worlds]

    assert [one.outcome for one in told] == ["supported", "not supported", "undecided"]
    assert all(one.sentence and "None" not in one.sentence and ": ." not in one.sentence for one in told)


def test_each_strength_is_chosen_for_its_purpose_and_the_matched_pair_is_read_throughout():
    found = usual()

    for kind in inputs.DROPPING:
        assert set(found.arms[kind].predicting.chosen) == {GRIDS[kind][0]}
        assert set(found.arms[kind].selecting.chosen) == {GRIDS[kind][-1]}
    matched = found.matched
    assert (matched.l1_strength, matched.group_strength) == (GRIDS["l1"][0], GRIDS["group_lasso"][0])
    assert (matched.l1_kept, matched.group_kept) == (40, 35)
    assert (matched.l1_units, matched.group_units) == (4, 8)
    assert found.rest.still == found.rest.runs - 3 * DRAWS
