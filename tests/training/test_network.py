import numpy as np
import pytest

from reportgen.training.network import Network, RunsFirst, RunsLast, forward

LAYOUTS = [RunsFirst(), RunsLast()]
each_layout = pytest.mark.parametrize("place", LAYOUTS, ids=lambda place: type(place).__name__)
each_activation = pytest.mark.parametrize("activation", ["linear", "relu", "tanh", "sigmoid"])

RUNS, BATCH = 3, 4
NETWORK = Network(hidden=(5, 2))
RNG = np.random.default_rng(0)
KERNELS = [RNG.normal(size=(RUNS, i, o)) for i, o in NETWORK.shapes(2, 3)]
BIASES = [RNG.normal(size=(RUNS, o)) for _, o in NETWORK.shapes(2, 3)]
X = RNG.normal(size=(RUNS, BATCH, 2))
MASKS = [(RNG.random((RUNS, BATCH, units)) < 0.7) / 0.7 for units in NETWORK.hidden]


def stacked(place, arrays):
    return [place.stack(list(array)) for array in arrays]


def stacked_masks(place, masks):
    return [place.batch(mask, np) for mask in masks]


def test_the_default_network_has_the_251_parameters_of_the_post():
    assert Network().shapes(1, 1) == ((1, 10), (10, 10), (10, 10), (10, 1))
    assert Network().parameters(1, 1) == 251
    assert Network(hidden=()).shapes(50, 1) == ((50, 1),)


def test_initial_weights_come_from_the_seed_alone():
    (one, _), (again, _), (other, _) = (Network().initial_weights(1, 1, seed) for seed in (3, 3, 4))

    assert all(np.array_equal(a, b) for a, b in zip(one, again, strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_biases_start_at_zero():
    _, biases = Network().initial_weights(1, 1, 0)

    assert [b.shape for b in biases] == [(10,), (10,), (10,), (1,)]
    assert not np.concatenate(biases).any()


def test_initial_weights_have_the_variance_of_the_paper():
    for initializer, variance, limit in (
        ("glorot_uniform", 2 / 300, (6 / 300) ** 0.5),
        ("glorot_normal", 2 / 300, np.inf),
        ("he_uniform", 2 / 100, (6 / 100) ** 0.5),
        ("he_normal", 2 / 100, np.inf),
    ):
        (w,), _ = Network(hidden=(), initializer=initializer).initial_weights(100, 200, 0)

        assert w.dtype == np.float32, initializer
        assert w.mean() == pytest.approx(0, abs=0.003), initializer
        assert w.var() == pytest.approx(variance, rel=0.05), initializer
        assert np.abs(w).max() <= limit, initializer


@each_activation
def test_forward_is_the_networks_formula(activation):
    function = {
        "linear": lambda z: z,
        "relu": lambda z: np.where(z > 0, z, 0),
        "tanh": np.tanh,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    }[activation]

    predicted = forward(KERNELS, BIASES, X, activation)

    for r in range(RUNS):
        a = X[r]
        for w, b in zip(KERNELS[:-1], BIASES[:-1], strict=True):
            a = function(a @ w[r] + b[r])
        np.testing.assert_allclose(predicted[r], a @ KERNELS[-1][r] + BIASES[-1][r])


@each_layout
@each_activation
def test_a_stack_predicts_what_its_networks_predict(place, activation):
    outputs = place.forward(stacked(place, KERNELS), stacked(place, BIASES), place.batch(X, np), activation, None, np)[
        -1
    ]

    np.testing.assert_allclose(outputs, place.batch(forward(KERNELS, BIASES, X, activation), np))


@each_layout
@each_activation
@pytest.mark.parametrize("dropout", [False, True], ids=["", "dropout"])
def test_backward_is_the_slope_of_forward(place, activation, dropout):
    """Every gradient against a finite difference of sum(predictions * direction)."""
    masks = stacked_masks(place, MASKS) if dropout else None
    kernels, biases, x = stacked(place, KERNELS), stacked(place, BIASES), place.batch(X, np)
    direction = np.random.default_rng(1).normal(size=place.batch(np.zeros((RUNS, BATCH, 3)), np).shape)

    def value():
        return (place.forward(kernels, biases, x, activation, masks, np)[-1] * direction).sum()

    activations = place.forward(kernels, biases, x, activation, masks, np)
    gradients = place.backward(kernels, activations, direction, activation, masks, np)

    for weights, gradient in zip([*kernels, *biases], [*gradients[0], *gradients[1]], strict=True):
        assert gradient.shape == weights.shape
        for place_in_array in np.ndindex(weights.shape):
            kept = weights[place_in_array]
            ends = []
            for nudge in (1e-6, -1e-6):
                weights[place_in_array] = kept + nudge
                ends.append(value())
            weights[place_in_array] = kept
            assert gradient[place_in_array] == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-7)


@each_layout
def test_what_was_stacked_comes_apart_again(place):
    for array in [*KERNELS, *BIASES]:
        np.testing.assert_array_equal(place.unstack(place.stack(list(array))), array)
        recorded = np.stack([place.stack(list(array))] * 2)
        np.testing.assert_array_equal(place.unstack(recorded, 1), np.stack([array] * 2, axis=1))
