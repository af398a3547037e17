"""Variance components of a nested design, against variances that were planted."""

import numpy as np
import pytest

from reportgen.statistics.variance import FEWEST_BLOCKS, SOURCES, coefficients, deviation, mean_squares, share

ORDERS, INITS = 3, 2
WORLDS = {
    "half data": {"data": 9.0, "order": 3.0, "init": 1.0, "both": 0.0, "last": 5.0},
    "half last": {"data": 6.0, "order": 2.0, "init": 1.0, "both": 1.0, "last": 10.0},
}
DRAWN = {"normal": lambda rng, size: rng.normal(size=size), "exponential": lambda rng, size: rng.exponential(size=size)}


def errors(rng, blocks, steps, variances, law="normal", shared_noise=False):
    """Errors [D, orders, inits, steps] with parts of planted variances; runs of one order may share the last part."""
    sizes = {"data": (1, 1, 1), "order": (ORDERS, 1, 1), "init": (1, INITS, 1), "both": (ORDERS, INITS, 1)}
    sizes["last"] = (ORDERS, 1 if shared_noise else INITS, steps)
    parts = [DRAWN[law](rng, (blocks, *size)) * variances[name] ** 0.5 for name, size in sizes.items()]
    return 20 + sum(np.broadcast_to(part, (blocks, ORDERS, INITS, steps)) for part in parts)


def estimates(values):
    """The five components of errors."""
    return coefficients(ORDERS, INITS, values.shape[-1]) @ mean_squares(values).mean(axis=0)


def shares(values, source):
    """The share of one source with its interval."""
    parts = coefficients(ORDERS, INITS, values.shape[-1])
    return share(mean_squares(values), parts[SOURCES.index(source)], parts.sum(axis=0), 0.95)


@pytest.mark.parametrize("shared_noise", [False, True])
@pytest.mark.parametrize("steps", [2, 6, 20])
def test_planted_variances_are_estimated_without_bias(steps, shared_noise):
    """From few draws, with much noise at each step and nothing joint, which the noise once went into."""
    rng, planted = np.random.default_rng(steps), {"data": 9.0, "order": 4.0, "init": 1.0, "both": 0.0, "last": 130.0}
    found = np.array([estimates(errors(rng, 3, steps, planted, shared_noise=shared_noise)) for _ in range(2000)])
    bias = found.mean(axis=0) - list(planted.values())

    assert (np.abs(bias) < 4 * found.std(axis=0) / 2000**0.5 + 1e-9).all()


def test_what_is_estimated_does_not_depend_on_the_recorded_steps():
    """An epoch of forty steps, of which all or every second is recorded."""
    rng, planted = np.random.default_rng(1), {"data": 1.0, "order": 1.0, "init": 1.0, "both": 1.0, "last": 50.0}
    epochs = [errors(rng, 3, 40, planted) for _ in range(1000)]
    apart = np.array([estimates(epoch) - estimates(epoch[..., 1::2]) for epoch in epochs])

    assert (np.abs(apart.mean(axis=0)) < 4 * apart.std(axis=0) / 1000**0.5).all()


def test_components_add_up_to_the_variance_of_an_error():
    values = errors(np.random.default_rng(2), 4000, 7, WORLDS["half data"])

    assert estimates(values).sum() == pytest.approx(values[:, 0, 0, 0].var(), rel=0.05)
    assert estimates(values).sum() == pytest.approx(sum(WORLDS["half data"].values()), rel=0.05)


def test_a_single_step_has_no_last_iterate():
    values = errors(np.random.default_rng(3), 400, 1, {**WORLDS["half data"], "last": 0.0})

    assert estimates(values)[-1] == 0
    assert shares(values, "last") == pytest.approx((0, 0, 0), abs=1e-9)
    assert estimates(values)[:-1] == pytest.approx([9, 3, 1, 0], abs=1)


@pytest.mark.parametrize(("law", "fewest"), [("normal", 0.95), ("exponential", 0.88)])
@pytest.mark.parametrize(("world", "source"), [("half data", "data"), ("half last", "last"), ("half data", "both")])
def test_intervals_of_ten_draws_hold_the_planted_share(law, fewest, world, source):
    """A share of exactly a half is on the wrong side of it, as a verdict would be, just as often as it is missed."""
    rng, planted, designs = np.random.default_rng(4), WORLDS[world], 200
    truth, held = planted[source] / sum(planted.values()), 0
    for _ in range(designs):
        _, low, high = shares(errors(rng, 10, 20, planted, law), source)
        held += low <= truth <= high

    assert held >= fewest * designs


@pytest.mark.parametrize("law", DRAWN)
def test_the_fewest_draws_are_told_little_rather_than_something_wrong(law):
    rng, planted, held = np.random.default_rng(5), WORLDS["half data"], 0
    for _ in range(100):
        _, low, high = shares(errors(rng, FEWEST_BLOCKS, 20, planted, law), "data")
        held += low <= 0.5 <= high

    assert held >= 97


@pytest.mark.parametrize("blocks", range(1, FEWEST_BLOCKS))
def test_fewer_draws_are_refused(blocks):
    values, parts = errors(np.random.default_rng(6), blocks, 20, WORLDS["half data"]), coefficients(ORDERS, INITS, 20)

    assert np.isnan(shares(values, "data")).all()
    assert np.isnan(deviation(mean_squares(values), parts.sum(axis=0), 0.95)).all()


def test_the_interval_of_what_is_absent_begins_at_zero_and_narrows():
    rng, planted = np.random.default_rng(7), WORLDS["half data"]
    few, many = (shares(errors(rng, blocks, 20, planted), "both") for blocks in (10, 300))

    assert few[1] == many[1] == 0
    assert many[2] < min(few[2], 0.02)


def test_orders_that_change_nothing_at_all_have_no_share():
    """As with all samples in one batch."""
    values = errors(np.random.default_rng(8), 10, 1, {"data": 1.0, "order": 0.0, "init": 1.0, "both": 0.0, "last": 0.0})

    assert shares(values, "order") == pytest.approx((0, 0, 0), abs=1e-9)


def test_errors_that_never_vary_have_no_shares():
    values, parts = np.full((10, ORDERS, INITS, 20), 3.0), coefficients(ORDERS, INITS, 20)

    assert np.isnan(shares(values, "data")).all()
    assert np.isnan(deviation(mean_squares(values), parts[1:].sum(axis=0), 0.95)).all()


def test_deviations_and_their_ratios_hold_what_was_planted():
    rng, planted, held = np.random.default_rng(9), WORLDS["half data"], np.zeros(3)
    parts = coefficients(ORDERS, INITS, 20)
    both = np.hstack([parts, np.zeros_like(parts)]), np.hstack([np.zeros_like(parts), parts])
    quiet = {name: variance / (1 if name == "data" else 16) for name, variance in planted.items()}
    for _ in range(400):
        loud, calm = (mean_squares(errors(rng, 10, 20, variances)) for variances in (planted, quiet))
        pair = np.hstack([loud, calm])
        for i, (truth, found) in enumerate(
            [
                (sum(planted.values()) ** 0.5, deviation(loud, parts.sum(axis=0), 0.95)),
                (3.0, deviation(loud, parts[1:].sum(axis=0), 0.95)),
                (0.25, deviation(pair, both[1][1:].sum(axis=0), 0.95, relative_to=both[0][1:].sum(axis=0))),
            ]
        ):
            held[i] += found[1] <= truth <= found[2]

    assert (held >= 0.94 * 400).all()


def test_no_deviation_is_the_root_of_something_negative():
    for orders in (2, 3, 5):
        for inits in (2, 3, 5):
            for steps in (1, 2, 20):
                parts = coefficients(orders, inits, steps)
                assert (parts.sum(axis=0) >= -1e-12).all()
                assert (parts[1:].sum(axis=0)[: 4 if steps == 1 else 8] >= -1e-12).all()
