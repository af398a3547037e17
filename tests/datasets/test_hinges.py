import numpy as np
import pytest

from reportgen.datasets.hinges import Hinges
from reportgen.errors import ExperimentError


@pytest.mark.parametrize("seed", range(5))
def test_the_function_depends_on_the_inputs_that_count_and_on_no_other(seed):
    dataset = Hinges()
    x = np.random.default_rng(seed).standard_normal((200, dataset.inputs))

    for i, role in enumerate(dataset.roles):
        moved = x.copy()
        moved[:, i] += 1.0
        changed = not np.allclose(dataset.function(moved, seed), dataset.function(x, seed))
        assert changed == (role in ("counts", "has a double"))


def test_the_double_says_nearly_what_the_first_input_says():
    dataset = Hinges(samples=20_000)
    correlations = np.corrcoef(dataset.draw(0).x_train.T)
    double = dataset.roles.index("double")

    assert correlations[0, double] == pytest.approx(0.9, abs=0.01)
    np.fill_diagonal(correlations, 0)
    correlations[0, double] = correlations[double, 0] = 0
    assert np.abs(correlations).max() < 0.04
    assert dataset.draw(0).x_train.std(axis=0) == pytest.approx(1, abs=0.03)


def test_no_line_explains_it():
    """The noise has a variance of a quarter; a linear model of the inputs that count leaves far more."""
    data = Hinges(samples=20_000).draw(1)
    with_constant = np.column_stack([data.x_train, np.ones(len(data.x_train))])
    _, (left,), *_ = np.linalg.lstsq(with_constant, data.y_train, rcond=None)

    assert left / len(data.x_train) > 1.0


def test_noise_has_the_size_asked_for():
    dataset = Hinges(noise=0.25)
    data = dataset.draw(3)

    assert (data.y_test - dataset.function(data.x_test, 3)).std() == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize(
    ("relevant", "complaint"),
    [(3, "must be even, since inputs count in pairs, got 3"), (6, "must be less than inputs (6), got 6")],
)
def test_inputs_that_cannot_count_are_refused(relevant, complaint):
    with pytest.raises(ExperimentError) as error:
        Hinges(inputs=6, relevant=relevant)

    assert str(error.value) == f"relevant {complaint}"
