"""The choice of λ, and what counts as a kept input."""

import numpy as np

from reportgen.sections.kinds import inputs
from reportgen.training.trajectory import Trajectory

BAND = inputs._TRAINING.learning_rate * 0.1


def ended(kind, strength, kernel):
    """A run of the section that ended with this first kernel, and ones behind it."""
    run = inputs._run(kind, strength, 1)
    kernels = [np.zeros((1, *shape)) for shape in run.shapes]
    kernels[0][0, : len(kernel), : len(kernel[0])] = kernel
    kernels[1][:] = 1.0
    biases = tuple(np.zeros((1, o)) for _, o in run.shapes)
    return Trajectory(source=run, steps=np.array([0]), kernels=tuple(kernels), biases=biases, loss=None, penalty=None)


def test_an_input_is_kept_if_the_next_proximal_step_alone_would_keep_it():
    for kind, kernel, kept in [
        ("l1", [[0.9, -0.9], [1.1, 0.0]], [1]),
        # The norm of two weights of 0.9 is 1.27; that of a group of ten has to pass √10.
        ("group_lasso", [[0.9, 0.9], [3.0, 0.0], [3.0, 3.0]], [2]),
        ("elastic_net", [[0.4, 0.0], [0.6, 0.0]], [1]),
        ("l2", [[1e-6, 0.0], [0.0, 0.0]], [0]),
    ]:
        picked, _ = inputs.kept_inputs_and_units(ended(kind, 0.1, np.array(kernel) * BAND))
        assert np.flatnonzero(picked).tolist() == kept, kind
    _, units = inputs.kept_inputs_and_units(ended("l1", 0.1, [[1.0, 0.5 * BAND, 1.0]]))
    assert np.flatnonzero(units).tolist() == [0, 2], "a unit that nothing feeds is not in use"


def test_the_strongest_penalty_within_one_standard_error_is_chosen():
    for error, chosen in ((0.1, 3.0), (0.0, 2.0)):
        tried = [{"λ": 1.0 + i, "choosing": e, "choosing_error": error} for i, e in enumerate((0.30, 0.25, 0.34, 0.36))]
        assert inputs.choose_strongest(tried)["λ"] == chosen


def test_samples_that_choose_are_not_those_that_measure(monkeypatch):
    """An error of one on the samples for choosing only shows in the one number, and never in the other."""
    t = ended("l1", 0.1, [[1.0]])
    data = t.run.draw()
    before = inputs._measure_run(t)
    y = data.y_test.copy()
    y[: inputs.CHOOSING] += 100.0
    monkeypatch.setattr(type(t.run), "draw", lambda run: type(data)(**{**vars(data), "y_test": y}))
    after = inputs._measure_run(t)

    assert after["choosing"] > before["choosing"] + 1000
    assert after["error"] == before["error"]
