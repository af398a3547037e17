import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reportgen.penalties.l1 import L1
from reportgen.pictures.picture import Picture
from reportgen.pictures.timeline import Timeline
from reportgen.store.encoding import decode, encode
from reportgen.training.run import Run

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(plain)
def test_plain_values_come_back_as_they_were(value):
    back = decode(encode(value))

    assert back == value
    assert repr(back) == repr(value)  # a tuple is no list, and True is not 1


@given(arrays.arrays(st.sampled_from([np.float32, np.float64, np.int32, np.bool_]), arrays.array_shapes(min_side=0)))
def test_arrays_come_back_with_their_kind_and_shape(array):
    back = decode(encode({"a": array.T}))["a"]

    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array.T)


def test_our_own_values_come_back():
    run = Run(penalty=L1(), strength=0.3)
    picture = Picture(name="p", figure="data", inputs={"x": np.arange(3.0)}, alt="Three numbers")

    assert decode(encode((run, Timeline(rate=5)))) == (run, Timeline(rate=5))
    np.testing.assert_array_equal(decode(encode(picture)).inputs["x"], [0, 1, 2])


class Foreign:
    pass


def test_what_is_not_ours_is_refused():
    for value in (Foreign(), {1, 2}, np.array([Foreign()]), print):
        with pytest.raises(TypeError, match="cannot be stored"):
            encode([value])


def test_a_file_of_the_right_sum_that_we_never_wrote_is_no_value(subtests):
    """Kinds that are not ours, fields that are none, and arrays of objects or of more than there is."""
    good = encode({"a": np.arange(3.0), "b": Timeline(), "c": Run()})
    end = len(good) - 32
    for was, now in (
        (b"Timeline", b"Popen!!!"),
        (b'"rate"', b'"rote"'),
        (b'"<f8"', b'"|O" '),
        (b"[3]", b"[9]"),
        (b"value 1", b"value 9"),
    ):
        with subtests.test(was=was):
            assert was in good
            body = good.replace(was, now)[:end]
            with pytest.raises(ValueError, match=r".+"):
                decode(body + hashlib.sha256(body).digest())
