"""NumPy's functions over TensorFlow: the `xp` of penalties inside the compiled training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from reportgen.errors import did_you_mean


class Arrays:
    """A namespace of NumPy's functions, made from the module `tensorflow`.

    Values equal NumPy's to the precision of float32. Python numbers take the type of the arrays beside them. Masks
    count as numbers in `sum` and `mean`, but not in arithmetic: `where` selects by them.
    """

    def __init__(self, tf: Any) -> None:
        self.__dict__.update(_constants(), **_elementwise(tf), **_reductions(tf), **_shapes(tf))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"xp has no {name!r}.{did_you_mean(name, vars(self))}")


def _constants() -> dict[str, Any]:
    return {"e": math.e, "inf": math.inf, "nan": math.nan, "newaxis": None, "pi": math.pi}


def _elementwise(tf: Any) -> dict[str, Any]:
    m = tf.math
    unary = {
        "abs": tf.abs,
        "absolute": tf.abs,
        "arctan": tf.atan,
        "ceil": m.ceil,
        "cos": tf.cos,
        "cosh": tf.cosh,
        "exp": tf.exp,
        "expm1": m.expm1,
        "floor": tf.floor,
        "isfinite": m.is_finite,
        "isinf": m.is_inf,
        "isnan": m.is_nan,
        "log": m.log,
        "log1p": m.log1p,
        "logical_not": tf.logical_not,
        "negative": tf.negative,
        "reciprocal": m.reciprocal,
        "rint": m.rint,
        "sign": tf.sign,
        "sin": tf.sin,
        "sinh": tf.sinh,
        "sqrt": tf.sqrt,
        "square": tf.square,
        "tan": tf.tan,
        "tanh": tf.tanh,
    }
    binary = {
        "add": tf.add,
        "divide": tf.divide,
        "equal": tf.equal,
        "greater": tf.greater,
        "greater_equal": tf.greater_equal,
        "less": tf.less,
        "less_equal": tf.less_equal,
        "logical_and": tf.logical_and,
        "logical_or": tf.logical_or,
        "logical_xor": m.logical_xor,
        "maximum": tf.maximum,
        "minimum": tf.minimum,
        "multiply": tf.multiply,
        "not_equal": tf.not_equal,
        "power": tf.pow,
        "subtract": tf.subtract,
    }

    def clip(a: Any, a_min: Any = None, a_max: Any = None) -> Any:
        if a_min is not None and a_max is not None:
            return tf.clip_by_value(a, a_min, a_max)
        return tf.maximum(a, a_min) if a_max is None else tf.minimum(a, a_max)

    return {
        **unary,
        **{name: _with_common_type(tf, function) for name, function in binary.items()},
        "clip": clip,
        "where": lambda condition, x, y: tf.where(condition, *_common_type(tf, x, y)),
    }


def _with_common_type(tf: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: function(*_common_type(tf, x, y))


def _common_type(tf: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """`x` and `y`; an `x` that is a number becomes a constant of the type of the array `y`."""
    if isinstance(x, int | float) and tf.is_tensor(y):
        x = tf.constant(x, y.dtype)
    return x, y


def _reductions(tf: Any) -> dict[str, Any]:
    def reduce(function: Callable[..., Any]) -> Callable[..., Any]:
        def reduced(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
            return function(a, axis=axis, keepdims=keepdims)

        return reduced

    def counted(function: Callable[..., Any], kind: Any) -> Callable[..., Any]:
        """A reduction that counts a mask as numbers."""

        def reduced(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
            return function(tf.cast(a, kind) if a.dtype == tf.bool else a, axis=axis, keepdims=keepdims)

        return reduced

    return {
        "all": reduce(tf.reduce_all),
        "any": reduce(tf.reduce_any),
        "cumsum": lambda a, axis: tf.cumsum(a, axis),
        "max": reduce(tf.reduce_max),
        "mean": counted(tf.reduce_mean, tf.float32),
        "min": reduce(tf.reduce_min),
        "prod": reduce(tf.reduce_prod),
        "std": reduce(tf.math.reduce_std),
        "sum": counted(tf.reduce_sum, tf.int32),
        "var": reduce(tf.math.reduce_variance),
    }


def _shapes(tf: Any) -> dict[str, Any]:
    return {
        "broadcast_to": tf.broadcast_to,
        "concatenate": lambda arrays, axis=0: tf.concat(arrays, axis),
        "expand_dims": tf.expand_dims,
        "full_like": lambda a, fill_value: tf.zeros_like(a) + fill_value,
        "matmul": tf.matmul,
        "ones_like": tf.ones_like,
        "reshape": tf.reshape,
        "squeeze": tf.squeeze,
        "stack": tf.stack,
        "swapaxes": lambda a, axis1, axis2: tf.experimental.numpy.swapaxes(a, axis1, axis2),
        "transpose": lambda a, axes=None: tf.transpose(a, axes),
        "zeros_like": tf.zeros_like,
    }
