"""Every registered executor keeps the same promises."""

import math
import multiprocessing
import time

import pytest

from reportgen.errors import DataError
from reportgen.executors import executors
from reportgen.penalties.l1 import L1
from reportgen.store.remote import train_elsewhere
from reportgen.training.run import Recording, Run, Training

RUNS = [
    Run(
        training=Training(epochs=3),
        recording=Recording(every=20),
        penalty=L1(),
        strength=strength,
        step="proximal",
        init_seed=seed,
    )
    for strength in (0.0, 0.05)
    for seed in range(3)
]


@pytest.fixture(params=executors.names(), scope="module")
def workers(request):
    with executors[request.param]() as pool:
        yield pool


@pytest.fixture(scope="module")
def expected():
    """What `serial` makes of the runs."""
    with executors["serial"]() as serial:
        return [trajectory.dump() for trajectory in train_elsewhere(serial, RUNS).result()]


def test_jobs_give_what_a_plain_call_gives(workers):
    numbers = range(-3, 20)

    assert list(workers.map(math.exp, numbers)) == list(map(math.exp, numbers))
    assert workers.submit(sorted, [1, 3, 2], reverse=True).result() == [3, 2, 1]


def test_an_error_travels_with_its_kind_its_text_and_its_codes(workers):
    error = workers.submit(raise_data_error).exception()

    assert type(error) is DataError
    assert str(error) == "the data is bad"
    assert (error.exit_code, error.code) == (3, "RG501")


def raise_data_error():
    raise DataError("the data is bad", code="RG501")


def test_training_gives_the_bytes_that_serial_gives(workers, expected):
    chunks = RUNS[:2], RUNS[2:]

    trained = [train_elsewhere(workers, chunk) for chunk in chunks]

    assert [trajectory.dump() for job in trained for trajectory in job.result()] == expected


@pytest.mark.parametrize("name", executors.names())
def test_jobs_that_have_not_begun_can_be_cancelled(name):
    with executors[name]() as workers:
        jobs = [workers.submit(time.sleep, 0.2) for _ in range(12)]
        workers.shutdown(cancel_futures=True)

        assert all(job.done() for job in jobs)
        if name != "serial":  # which does a job as it is handed in
            assert jobs[-1].cancelled()
        with pytest.raises(RuntimeError, match="after shutdown"):
            workers.submit(math.sqrt, 4)


@pytest.mark.timeout(120)  # far less than the jobs take
@pytest.mark.parametrize("name", sorted(set(executors.names()) - {"serial"}))
def test_an_interruption_waits_for_nobody(name):
    workers = executors[name]()
    assert workers.submit(math.sqrt, 4).result() == 2
    jobs = [workers.submit(time.sleep, 300) for _ in range(4)]
    time.sleep(0.5)

    with pytest.raises(KeyboardInterrupt), workers:
        raise KeyboardInterrupt

    assert all(job.done() for job in jobs)
    assert not multiprocessing.active_children()
