"""Every registered executor keeps the same promises."""

import math
import os
import subprocess
import sys
import textwrap

import pytest

from reportgen.errors import DataError, ExperimentError
from reportgen.executors import executors


@pytest.fixture(params=executors.names(), scope="module")
def workers(request):
    with executors[request.param]() as pool:
        yield pool


def test_jobs_give_what_a_plain_call_gives(workers):
    numbers = range(-3, 20)

    assert list(workers.map(math.exp, numbers)) == list(map(math.exp, numbers))


def test_arguments_travel_by_position_and_by_name(workers):
    assert workers.submit(divmod, 17, 5).result() == (3, 2)
    assert workers.submit(sorted, [1, 3, 2], reverse=True).result() == [3, 2, 1]


def test_an_error_travels_with_its_kind_its_text_and_its_exit_code(workers):
    error = workers.submit(raise_data_error).exception()

    assert type(error) is DataError
    assert str(error) == "the data is bad"
    assert error.exit_code == 3


def raise_data_error():
    raise DataError("the data is bad")


def test_one_failure_leaves_the_others_alone(workers):
    jobs = [workers.submit(math.sqrt, number) for number in (4, -1, 9)]

    assert [jobs[0].result(), jobs[2].result()] == [2.0, 3.0]
    with pytest.raises(ValueError, match=r"math domain error|expected a nonnegative input"):
        jobs[1].result()


def test_a_name_that_is_not_known():
    with pytest.raises(ExperimentError) as caught:
        executors["proceses"]
    known = ", ".join(executors.names())
    assert str(caught.value) == f"unknown executor 'proceses'. Did you mean 'processes'? Known: {known}."


def test_processes_are_others_and_compute_on_one_thread():
    with executors["processes"]() as workers:
        assert workers.submit(os.getpid).result() != os.getpid()
        assert workers.submit(os.getenv, "OMP_NUM_THREADS").result() == "1"


def test_a_script_without_a_guard_is_not_run_again_in_each_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""\
            print("started")
            import math
            from reportgen.executors import executors

            with executors["processes"]() as workers:
                print(sorted(workers.map(math.sqrt, [4, 9])))
        """)
    )

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)

    assert done.stdout == "started\n[2.0, 3.0]\n"
    assert done.stderr == ""
    assert done.returncode == 0
