import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportgen.network import Network
from reportgen.run import Recording, Run, Start, Training, describe, revive

from reportgen.datasets.line import Line
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.errors import DataError, ExperimentError
from reportgen.penalties import penalties
from reportgen.penalties.elastic_net import ElasticNet

SMALL = Line(samples=13, test_samples=3)

trainings = st.builds(
    Training,
    batch_size=st.integers(1, 10),
    epochs=st.integers(1, 5),
    order=st.sampled_from(["fixed", "reshuffled"]),
)


@pytest.mark.parametrize(
    ("strength", "complaint"),
    [(-0.1, "be greater than or equal to 0"), (math.inf, "be a finite number"), (math.nan, "be a finite number")],
)
def test_a_strength_that_is_no_amount_is_refused(strength, complaint):
    with pytest.raises(ExperimentError) as error:
        Run(strength=strength)

    assert str(error.value) == f"strength must {complaint}, got {strength!r}"


@pytest.mark.parametrize("seed", ["data_seed", "order_seed", "init_seed"])
def test_a_seed_that_no_generator_takes_is_refused(seed):
    with pytest.raises(ExperimentError) as error:
        Run(**{seed: -1})

    assert str(error.value) == f"{seed} must be greater than or equal to 0, got -1"


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("data", [Line(slope=1e39), Line(start=-1e308, stop=1e308), Line(noise=1e300)])
def test_data_beyond_what_networks_compute_with_cannot_be_used(data):
    with pytest.raises(DataError) as error:
        Run(data=data).draw()

    assert str(error.value) == f"the data hold numbers beyond ±10³⁸, too large to compute with: {data}"


def test_a_batch_larger_than_the_training_set_is_refused():
    with pytest.raises(ExperimentError) as error:
        Run(training=Training(batch_size=41))

    assert str(error.value) == "batch_size must be at most the number of training samples (40), got 41"


def test_the_default_run_is_the_one_of_the_post():
    run = Run()

    assert run.shapes == ((1, 10), (10, 10), (10, 10), (10, 1))
    assert run.steps == 4000
    assert (run.training.learning_rate, run.training.batch_size, run.training.loss) == (0.01, 1, "absolute")


@given(training=trainings, seed=st.integers(0, 1000))
def test_an_epoch_sees_no_sample_twice(training, seed):
    order = Run(data=SMALL, training=training, order_seed=seed).order()

    assert order.shape == (training.epochs * training.batches(10), training.batch_size)
    assert order.dtype == np.int32
    for epoch in order.reshape(training.epochs, -1):
        assert len(set(epoch)) == len(epoch) > 10 - training.batch_size
        assert set(epoch) <= set(range(10))


@given(training=trainings.filter(lambda t: 10 % t.batch_size == 0), seed=st.integers(0, 1000))
def test_an_epoch_of_batches_that_fit_sees_every_sample_once(training, seed):
    order = Run(data=SMALL, training=training, order_seed=seed).order()

    for epoch in order.reshape(training.epochs, -1):
        assert sorted(epoch) == list(range(10))


def test_a_fixed_order_is_the_same_in_every_epoch():
    epochs = Run(training=Training(epochs=3)).order().reshape(3, 40)

    assert np.all(epochs == epochs[0])
    assert not np.array_equal(epochs[0], np.arange(40))


def test_a_reshuffled_order_changes_from_epoch_to_epoch():
    epochs = Run(training=Training(epochs=3, order="reshuffled")).order().reshape(3, 40)

    assert not np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[1], epochs[2])


def test_the_first_epochs_do_not_depend_on_how_many_follow():
    short, long = (Run(training=Training(epochs=n, order="reshuffled")).order() for n in (2, 5))

    np.testing.assert_array_equal(long[:80], short)


def test_a_remainder_waits_for_the_next_shuffle():
    run = Run(data=SMALL, training=Training(batch_size=4, epochs=40, order="reshuffled"))

    assert run.steps == 80
    assert set(run.order().flat) == set(range(10))


@pytest.mark.parametrize("seed", ["data_seed", "order_seed", "init_seed"])
def test_each_seed_moves_its_own_part_and_no_other(seed):
    run = Run()
    moved = replace(run, **{seed: 1})

    same = {
        "data_seed": np.array_equal(run.draw().y_train, moved.draw().y_train),
        "order_seed": np.array_equal(run.order(), moved.order()),
        "init_seed": np.array_equal(run.initial_weights()[0][0], moved.initial_weights()[0][0]),
    }

    assert same == {name: name != seed for name in same}


@pytest.mark.parametrize("dropout", [0.0, 0.2, 0.5])
def test_masks_silence_the_share_asked_for(dropout):
    run = Run(network=Network(dropout=dropout), training=Training(batch_size=4, epochs=50))

    masks = run.masks()

    assert masks.shape == (run.steps, 4, 30)
    assert 1 - masks.mean() == pytest.approx(dropout, abs=0.01)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.2, 0.2, 0.2, 0.2]),
        ("linear", [0.2, 0.15, 0.1, 0.05]),
        ("cosine", [0.2, 0.1 + 0.1 * 2**-0.5, 0.1, 0.1 - 0.1 * 2**-0.5]),
    ],
)
def test_a_schedule_falls_from_the_first_step_to_the_last(schedule, expected):
    rates = Training(learning_rate=0.2, schedule=schedule).rates(4)

    np.testing.assert_allclose(rates, expected, rtol=1e-6)


@given(every=st.none() | st.integers(1, 30), at=st.lists(st.integers(0, 60), max_size=5), last=st.integers(1, 50))
def test_records_rise_from_the_first_weights_to_the_last(every, at, last):
    steps = Recording(every=every, at=tuple(at)).steps(last)

    assert steps[0] == 0
    assert steps[-1] == last
    assert np.all(np.diff(steps) > 0)
    assert set(steps) == {0, last} | {a for a in at if a <= last} | set(range(0, last, every) if every else ())


@pytest.mark.parametrize("name", penalties.names())
def test_a_run_survives_being_written_as_json(name):
    run = Run(
        data=SparseLinear(inputs=7, relevant=2),
        network=Network(hidden=(3, 4), activation="tanh", dropout=0.25),
        training=Training(optimizer="adam", schedule="cosine", batch_size=8, loss="huber"),
        penalty=penalties[name](),
        strength=0.25,
        step="proximal",
        recording=Recording(every=None, at=(3, 5), loss=False),
        data_seed=1,
        order_seed=2,
        init_seed=3,
    )

    assert revive(json.loads(json.dumps(describe(run)))) == run


def test_a_description_names_kinds_as_an_experiment_file_does():
    description = describe(Run(penalty=ElasticNet(mix=0.75), strength=0.1))

    assert description["penalty"] == {"kind": "elastic_net", "mix": 0.75}
    assert description["data"]["kind"] == "line"
    assert description["strength"] == 0.1


def test_a_description_of_an_unknown_kind_is_refused():
    description = describe(Run())
    description["penalty"] = {"kind": "ridge"}

    with pytest.raises(ExperimentError, match=r"^unknown penalty 'ridge'\. Known: "):
        revive(description)


def test_equal_runs_are_one_run():
    assert Run(strength=0.3) == Run(strength=0.3)
    assert len({Run(strength=0.3), Run(strength=0.3), Run(strength=0.4)}) == 2


@pytest.mark.parametrize("folds", [2, 3, 5, 10])
def test_every_training_sample_is_tested_in_one_fold(folds):
    whole = Run(data=SMALL).draw()
    parts = [Run(data=SMALL, fold=(k, folds)) for k in range(folds)]

    assert [len(run.draw().x_train) for run in parts] == [run.training_samples for run in parts]
    for run in parts:
        assert not set(run.draw().x_train.flat) & set(run.draw().x_test.flat)
    tested = np.concatenate([run.draw().x_test for run in parts])
    np.testing.assert_array_equal(np.sort(tested, axis=0), np.sort(whole.x_train, axis=0))


def test_a_fold_leaves_the_test_samples_out_of_it():
    whole = Run(data=SMALL).draw()
    part = Run(data=SMALL, fold=(0, 5)).draw()

    assert not set(whole.x_test.flat) & (set(part.x_train.flat) | set(part.x_test.flat))


@pytest.mark.parametrize("fold", [(5, 5), (-1, 5), (0, 11)])
def test_a_fold_that_does_not_exist_is_refused(fold):
    with pytest.raises(ExperimentError) as error:
        Run(data=SMALL, fold=fold)

    assert str(error.value) == f"fold must be (k, folds) with 0 <= k < folds <= 10, got {fold}"


def test_a_run_on_a_fold_survives_being_written_as_json():
    run = Run(fold=(1, 5))

    assert revive(json.loads(json.dumps(describe(run)))) == run


def test_drawn_data_cannot_be_changed_under_another_run():
    with pytest.raises(ValueError, match="read-only"):
        Run().draw().x_train[0] = 0


START = Start.of([np.array([[0.1, -2.5]]), np.array([[1e-30], [3.0]])], [np.array([0.5, 0.0]), np.array([7.0])])
STARTED = Run(network=Network(hidden=(2,)), start=START)


def test_a_run_that_begins_from_weights_survives_being_written_as_json():
    revived = revive(json.loads(json.dumps(describe(STARTED))))

    assert revived == STARTED
    assert hash(revived) == hash(STARTED)
    for was, now in zip(START.arrays()[0], revived.initial_weights()[0], strict=True):
        np.testing.assert_array_equal(was, now)
        assert now.dtype == np.float32


def test_weights_to_begin_from_take_the_place_of_those_of_the_seed():
    kernels, biases = STARTED.initial_weights()

    np.testing.assert_array_equal(kernels[0], np.float32([[0.1, -2.5]]))
    np.testing.assert_array_equal(biases[1], [7.0])
    assert replace(STARTED, start=None) != STARTED


def test_weights_of_other_shapes_than_the_network_are_refused():
    with pytest.raises(ExperimentError) as error:
        Run(network=Network(hidden=(3,)), start=START)

    assert str(error.value) == "start must have kernels of the shapes ((1, 3), (3, 1)), got ((1, 2), (2, 1))"


@pytest.mark.parametrize(
    ("kernels", "biases"),
    [(((1.0, 2.0), (3.0,)), (0.0, 0.0)), (((1.0, 2.0),), (0.0,))],
    ids=["a row is short", "a bias is missing"],
)
def test_weights_that_make_no_layer_are_refused(kernels, biases):
    with pytest.raises(ExperimentError) as error:
        Start(kernels=(kernels,), biases=(biases,))

    assert str(error.value) == "start must have, for each layer, as many biases as its kernel has columns"


def test_weights_that_are_no_numbers_are_refused():
    with pytest.raises(ExperimentError, match=r"^kernels must be a finite number, got nan$"):
        Start.of([np.array([[np.nan]])], [np.array([0.0])])
