"""Files with a header and a sum, and the errors that tell of them."""

import errno
import os
import pickle
from hashlib import sha256

import pytest

from reportgen import errors
from reportgen.disk.container import seal, unseal
from reportgen.errors import ReportgenError, reason

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


def test_every_kind_of_error_has_an_exit_code_that_a_shell_sees_as_failure():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ReportgenError)]

    assert errors.ExperimentError.exit_code == 2
    for kind in kinds:
        assert 0 < kind.exit_code < 126, kind  # a shell gives 126 and above a meaning of its own
        assert kind.__doc__, kind


def test_an_error_keeps_its_code_on_the_way_from_another_process_and_a_reason_has_no_python_around_it():
    error = pickle.loads(pickle.dumps(errors.MachineError("disk full", code="RG301")))

    assert (str(error), error.code) == ("disk full", "RG301")
    assert reason(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")) == "No space left on device"
    assert reason(OSError("the cable was cut")) == "the cable was cut"
