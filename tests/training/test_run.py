import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.datasets.line import Line
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.errors import ExperimentError
from reportgen.penalties import penalties
from reportgen.penalties.l1 import L1
from reportgen.training.network import Network
from reportgen.training.run import Recording, Run, Start, Training, run_from_json, settings_to_json

SMALL = Line(samples=13, test_samples=3)

SEEDS = "data_seed", "order_seed", "init_seed"
START = Start.from_arrays(
    [np.array([[0.1, -2.5]]), np.array([[1e-30], [3.0]])], [np.array([0.5, 0.0]), np.array([7.0])]
)
STARTED = Run(network=Network(hidden=(2,)), start=START)


class OneScale(L1):
    """A penalty whose proximal step takes one scale for all weights, like a plugin that says nothing."""

    scale_per_weight = False


trainings = st.builds(
    Training,
    batch_size=st.integers(1, 10),
    epochs=st.integers(1, 5),
    order=st.sampled_from(["fixed", "reshuffled"]),
)


def test_runs_that_cannot_be_are_refused(messages):
    told = {}
    for make in (
        *(lambda x=x: Run(strength=x) for x in (-0.1, math.inf, math.nan)),
        *(lambda name=name: Run(**{name: -1}) for name in SEEDS),
        *(lambda fold=fold: Run(data=SMALL, fold=fold) for fold in ((5, 5), (-1, 5), (0, 11))),
        lambda: Run(training=Training(batch_size=41)),
        lambda: Run(network=Network(hidden=(3,)), start=START),
        lambda: Run(training=Training(optimizer="adam"), penalty=OneScale(), step="proximal"),
        lambda: Start(kernels=(((1.0, 2.0), (3.0,)),), biases=((0.0, 0.0),)),
        lambda: Start(kernels=(((1.0, 2.0),),), biases=((0.0,),)),
        lambda: Start.from_arrays([np.array([[np.nan]])], [np.array([0.0])]),
    ):
        with pytest.raises(ExperimentError) as caught:
            make()
        told[str(len(told))] = caught.value
    messages(**told)


@given(training=trainings, seed=st.integers(0, 1000))
def test_an_epoch_sees_every_sample_once(training, seed):
    order = Run(data=SMALL, training=training, order_seed=seed).order()

    assert order.shape == (training.epochs * training.batches(10), training.batch_size)
    assert order.dtype == np.int32
    for epoch in order.reshape(training.epochs, -1):
        assert sorted(epoch[:10]) == list(range(10))
        assert set(epoch[10:]) <= {-1}
        assert len(epoch[10:]) < training.batch_size


def test_a_reshuffled_order_changes_from_epoch_to_epoch():
    epochs = Run(training=Training(epochs=3, order="reshuffled")).order().reshape(3, 40)

    assert not np.array_equal(epochs[0], epochs[1])
    assert not np.array_equal(epochs[1], epochs[2])


def test_each_seed_moves_its_own_part_and_no_other():
    run = Run()
    for seed in SEEDS:
        moved = replace(run, **{seed: 1})
        same = {
            "data_seed": np.array_equal(run.draw().y_train, moved.draw().y_train),
            "order_seed": np.array_equal(run.order(), moved.order()),
            "init_seed": np.array_equal(run.initial_weights()[0][0], moved.initial_weights()[0][0]),
        }
        assert same == {name: name != seed for name in same}


@given(every=st.none() | st.integers(1, 30), at=st.lists(st.integers(0, 60), max_size=5), last=st.integers(1, 50))
def test_records_rise_from_the_first_weights_to_the_last(every, at, last):
    steps = Recording(every=every, at=tuple(at)).steps(last)

    assert steps[0] == 0
    assert steps[-1] == last
    assert np.all(np.diff(steps) > 0)
    assert set(steps) == {0, last} | {a for a in at if a <= last} | set(range(0, last, every) if every else ())


def test_a_run_survives_being_written_as_json():
    run = Run(
        data=SparseLinear(inputs=7, relevant=2),
        network=Network(hidden=(3, 4), activation="tanh", dropout=0.25),
        training=Training(optimizer="adam", schedule="cosine", batch_size=8, loss="huber"),
        strength=0.25,
        step="proximal",
        recording=Recording(every=None, at=(3, 5), loss=False),
        data_seed=1,
        order_seed=2,
        init_seed=3,
    )
    kinds = [replace(run, penalty=penalties[name]()) for name in penalties.names()]
    for one in (*kinds, Run(fold=(1, 5)), STARTED):
        revived = run_from_json(json.loads(json.dumps(settings_to_json(one))))
        assert (revived, hash(revived)) == (one, hash(one))


def test_every_training_sample_is_tested_in_one_fold_and_no_other_sample_is():
    whole = Run(data=SMALL).draw()
    for folds in (2, 3, 5, 10):
        parts = [Run(data=SMALL, fold=(k, folds)) for k in range(folds)]

        assert [len(run.draw().x_train) for run in parts] == [run.training_samples for run in parts]
        for run in parts:
            assert not set(run.draw().x_train.flat) & set(run.draw().x_test.flat)
            assert not set(whole.x_test.flat) & (set(run.draw().x_train.flat) | set(run.draw().x_test.flat))
        tested = np.concatenate([run.draw().x_test for run in parts])
        np.testing.assert_array_equal(np.sort(tested, axis=0), np.sort(whole.x_train, axis=0))


def test_a_nudge_moves_each_initial_weight_by_about_a_millionth_and_leaves_the_settings_of_others_as_they_were():
    still, moved = Run().initial_weights()[0], Run(nudge=1).initial_weights()[0]
    shifts = np.concatenate([(b / a - 1).ravel() for a, b in zip(still, moved, strict=True)])

    assert np.std(shifts) == pytest.approx(1e-6, rel=0.3)
    assert not np.array_equal(moved[0], Run(nudge=2).initial_weights()[0][0])
    assert "nudge" not in settings_to_json(Run())
    assert run_from_json(settings_to_json(Run(nudge=3))) == Run(nudge=3)
