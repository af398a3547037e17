import pytest
from hypothesis import given
from hypothesis import strategies as st
from reportgen.container import seal, unseal

MAGIC = b"reportgen thing 1\n"
CONTENT = seal(MAGIC, {"a": [1, "λ"]}, [b"bytes", b"", b"more"])


def test_what_was_sealed_is_what_is_found():
    header, payload = unseal(MAGIC, CONTENT)

    assert header == {"a": [1, "λ"]}
    assert bytes(payload) == b"bytesmore"


@given(place=st.integers(0, len(CONTENT) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(place, bit):
    damaged = bytearray(CONTENT)
    damaged[place] ^= 1 << bit

    with pytest.raises(ValueError, match=r"^it is "):
        unseal(MAGIC, bytes(damaged))


@pytest.mark.parametrize("length", range(len(CONTENT)))
def test_any_cut_is_noticed(length):
    with pytest.raises(ValueError, match=r"^it is "):
        unseal(MAGIC, CONTENT[:length])


def test_another_kind_is_told():
    with pytest.raises(ValueError, match=r"^it is not a thing of this version$"):
        unseal(MAGIC, CONTENT.replace(b"thing 1", b"thing 2", 1))


@pytest.mark.parametrize("text", [b"[1]", b"{", b"[" * 5000, b"\xff"])
def test_a_header_that_is_none_is_told_although_the_sum_is_right(text):
    from hashlib import sha256

    body = MAGIC + len(text).to_bytes(8, "little") + text
    with pytest.raises(ValueError, match=r"^its header cannot be read$"):
        unseal(MAGIC, body + sha256(body).digest())


def test_a_header_longer_than_the_file_is_told():
    from hashlib import sha256

    body = MAGIC + (2**60).to_bytes(8, "little") + b"{}"
    with pytest.raises(ValueError, match=r"^its header cannot be read$"):
        unseal(MAGIC, body + sha256(body).digest())
