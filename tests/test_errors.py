import errno
import os
import pickle

import pytest

from reportgen import errors
from reportgen.errors import ReportgenError, did_you_mean, reason

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ReportgenError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_mistake_of_a_reader_has_an_exit_code_a_shell_sees_as_failure(kind):
    assert 0 < kind.exit_code < 126  # a shell gives 126 and above a meaning of its own
    assert kind.__doc__


def test_mistakes_in_an_experiment_leave_with_two():
    assert errors.ExperimentError.exit_code == 2


def test_a_near_miss_is_named_first():
    assert did_you_mean("L1", ["l2", "l1"]) == " Did you mean 'l1'? Known: l1, l2."
    assert did_you_mean("l_1", ["l2", "l1"]) == " Did you mean 'l1'? Known: l1, l2."


def test_a_far_miss_is_not_guessed_at():
    assert did_you_mean("ridge", ["l2", "l1"]) == " Known: l1, l2."


def test_a_reason_has_no_python_around_it():
    assert reason(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "a file")) == "No space left on device"
    assert reason(OSError("the cable was cut")) == "the cable was cut"


def test_an_error_keeps_its_code_on_the_way_from_another_process():
    error = pickle.loads(pickle.dumps(errors.MachineError("disk full", code="RG301")))

    assert (str(error), error.code) == ("disk full", "RG301")
