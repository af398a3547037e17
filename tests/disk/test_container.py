"""Files with a header and a sum, and the errors that tell of them."""

from hashlib import sha256

import pytest

from reportgen.disk.container import seal, unseal

MAGIC = b"reportgen thing 1\n"
CONTENT = seal(MAGIC, {"a": [1, "λ"]}, [b"bytes", b"", b"more"])


def test_what_was_sealed_is_what_is_found():
    header, payload = unseal(MAGIC, CONTENT)

    assert header == {"a": [1, "λ"]}
    assert bytes(payload) == b"bytesmore"


def test_any_damage_and_another_kind_are_noticed():
    for place in range(len(CONTENT)):
        for bit in range(8):
            damaged = bytearray(CONTENT)
            damaged[place] ^= 1 << bit
            with pytest.raises(ValueError, match=r"^it is "):
                unseal(MAGIC, bytes(damaged))
        with pytest.raises(ValueError, match=r"^it is "):
            unseal(MAGIC, CONTENT[:place])
    with pytest.raises(ValueError, match=r"^it is not a thing of this version$"):
        unseal(MAGIC, CONTENT.replace(b"thing 1", b"thing 2", 1))


def test_a_header_that_is_none_is_told_although_the_sum_is_right():
    for length, text in ((3, b"[1]"), (1, b"{"), (5000, b"[" * 5000), (1, b"\xff"), (2**60, b"{}")):
        body = MAGIC + length.to_bytes(8, "little") + text
        with pytest.raises(ValueError, match=r"^its header cannot be read$"):
            unseal(MAGIC, body + sha256(body).digest())
