"""The functions that a penalty gets inside the compiled training, against NumPy's own."""

import re
from pathlib import Path

import numpy as np
import pytest

from reportgen.training.compiled import _XP, tf

A = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
B = np.random.default_rng(1).normal(size=(3, 4, 5)).astype(np.float32)
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, 2.5], np.float32)
MASK = A > 0.3

ONE = {"arctan", "ceil", "cos", "cosh", "exp", "expm1", "floor", "negative", "rint", "sign", "sin", "sinh", "square"}
ONE |= {"abs", "absolute", "tan", "tanh", "zeros_like", "ones_like", "transpose"}
POSITIVE = {"log", "log1p", "reciprocal", "sqrt"}
TWO = {"add", "divide", "equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum", "multiply"}
TWO |= {"not_equal", "subtract"}
LOGICAL = {"logical_and", "logical_or", "logical_xor"}
REDUCTIONS = {"sum", "mean", "max", "min", "prod", "std", "var"}
CONSTANTS = {"e", "inf", "nan", "newaxis", "pi"}

CASES = [
    *((name, (A,), {}) for name in sorted(ONE)),
    *((name, (np.abs(A),), {}) for name in sorted(POSITIVE)),
    *((name, (ODD,), {}) for name in ("isfinite", "isinf", "isnan", "sign", "abs")),
    *((name, pair, {}) for name in sorted(TWO) for pair in ((A, B), (A, A), (A, 0.5), (0.5, A), (A, 1), (1, A))),
    *((name, (MASK, B > 0), {}) for name in sorted(LOGICAL)),
    *(
        (name, (array,), {"axis": axis, "keepdims": keepdims})
        for names, array in ((REDUCTIONS, A), ({"all", "any", "sum", "mean"}, MASK))
        for name in sorted(names)
        for axis in (None, 0, -1, (0, 1), (-2, -1))
        for keepdims in (False, True)
    ),
    ("logical_not", (MASK,), {}),
    ("power", (np.abs(A), B), {}),
    ("power", (A, 2), {}),
    ("power", (2.0, A), {}),
    ("clip", (A, -0.5, 0.5), {}),
    ("clip", (A, -np.abs(B), np.abs(B)), {}),
    ("clip", (A, 0.0, None), {}),
    ("clip", (A, None, 0.0), {}),
    ("where", (MASK, A, B), {}),
    ("where", (MASK, A, 0.0), {}),
    ("where", (MASK, 0, A), {}),
    ("cumsum", (A, 1), {}),
    ("broadcast_to", (A[:1], A.shape), {}),
    ("concatenate", ([A, B],), {"axis": 1}),
    ("concatenate", ([A, B],), {}),
    ("stack", ([A, B],), {"axis": -1}),
    ("expand_dims", (A, 1), {}),
    ("expand_dims", (A,), {"axis": -1}),
    ("squeeze", (A[:1],), {"axis": 0}),
    ("full_like", (A, 0.25), {}),
    ("matmul", (A, np.swapaxes(B, 1, 2)), {}),
    ("reshape", (A, (4, -1)), {}),
    ("swapaxes", (A, 0, 2), {}),
    ("transpose", (A, (1, 0, 2)), {}),
]


def tensors(value):
    if isinstance(value, np.ndarray):
        return tf.constant(value)
    return [tensors(item) for item in value] if isinstance(value, list) else value


def test_every_function_gives_what_numpy_gives():
    @tf.function(jit_compile=True, autograph=False)
    def compiled():
        return [getattr(_XP, name)(*map(tensors, args), **options) for name, args, options in CASES]

    with np.errstate(invalid="ignore"):
        for (name, args, options), found in zip(CASES, compiled(), strict=True):
            expected = np.asarray(getattr(np, name)(*args, **options))
            assert found.shape == expected.shape, (name, options)
            np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6, err_msg=f"{name} {options}")


def test_no_function_is_left_untried():
    assert {name for name, _, _ in CASES} | CONSTANTS == set(vars(_XP))
    for name in CONSTANTS - {"nan", "newaxis"}:
        assert getattr(_XP, name) == getattr(np, name)


def test_operators_work_as_in_numpy():
    w, z = tf.constant(A), tf.constant(B)
    expected = np.where((A > 0) & (B <= 0.5) | ~MASK, -(A**2) + 2 * B / 3 - 1, np.abs(A) % 0.5)

    found = _XP.where((w > 0) & (z <= 0.5) | ~tf.constant(MASK), -(w**2) + 2 * z / 3 - 1, _XP.abs(w) % 0.5)

    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_missing_name_is_met_with_those_there_are():
    known = ", ".join(sorted(vars(_XP)))

    with pytest.raises(AttributeError, match=f"^xp has no 'minimun'. Did you mean 'minimum'\\? Known: {known}.$"):
        _ = _XP.minimun


def test_the_page_on_penalties_lists_every_function():
    page = (Path(__file__).parents[2] / "docs" / "penalty.md").read_text("utf-8")
    listed = re.search(r"^`xp` has (.*?)\n\n", page, re.DOTALL | re.MULTILINE)[1]

    assert re.findall(r"`(\w+)`", listed) == sorted(vars(_XP))
