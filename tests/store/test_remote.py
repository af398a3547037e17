"""Trajectories that come back from elsewhere: what is believed of them, and what is asked for again."""

import dataclasses
import hashlib
from concurrent.futures import Future

import numpy as np
import pytest

from reportgen.errors import MachineError, RefusedError
from reportgen.executors import Workers
from reportgen.store import remote
from reportgen.store.remote import encode_block, train_elsewhere
from reportgen.training.run import Recording, Run, Training
from reportgen.training.trajectory import Trajectory

RUN = Run(training=Training(epochs=1), recording=Recording(every=None))
RUNS = [dataclasses.replace(RUN, init_seed=seed) for seed in range(3)]


def invented(run, **changes):
    """A trajectory of the right shapes that nobody trained."""
    steps = run.recording.steps(run.steps)
    made = Trajectory(
        source=run,
        steps=steps,
        kernels=tuple(np.ones((len(steps), *shape), np.float32) for shape in run.shapes),
        biases=tuple(np.ones((len(steps), shape[1]), np.float32) for shape in run.shapes),
        loss=np.ones(len(steps), np.float32),
        penalty=np.ones(len(steps), np.float32),
    )
    return dataclasses.replace(made, **changes)


GOOD = encode_block([invented(run) for run in RUNS])


def sealed(body: bytes) -> bytes:
    return body + hashlib.sha256(body).digest()


BAD = {
    "nothing": b"",
    "no bytes": None,
    "cut short": GOOD[:-1],
    "a bit flipped": GOOD[:300] + bytes([GOOD[300] ^ 4]) + GOOD[301:],
    "a run too few": encode_block([invented(run) for run in RUNS[:2]]),
    "other runs": encode_block([invented(dataclasses.replace(run, strength=0.1)) for run in RUNS]),
    "more than trajectories": sealed(GOOD[:-32] + b"x"),
    "lengths beyond its end": sealed(GOOD[:26] + b"\xff" * 24 + GOOD[50:-32]),
    "no trajectories in it": sealed(GOOD[:18] + (3).to_bytes(8, "little") + (2).to_bytes(8, "little") * 3 + b"abcdef"),
    "other shapes": encode_block([invented(run, kernels=invented(run).kernels[::-1]) for run in RUNS]),
    "records that are missing": encode_block([invented(run).only(np.array([0])) for run in RUNS]),
    "a header nobody thought of": None,
}
BAD["a header nobody thought of"] = encode_block(
    [invented(run) for run in RUNS[:2]] + [type("", (), {"dump": lambda _: b"x"})()]
)


class Fake(Workers):
    """A cluster that answers what the test says."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.jobs, self.chosen = [], []

    def submit(self, task, /, *args):
        job = Future()
        self.jobs.append(job)
        if self.answers:
            answer = self.answers.pop(0)
            job.set_exception(answer) if isinstance(answer, Exception) else job.set_result(answer)
        return job

    def resubmit(self, failed, task, /, *args):
        self.chosen.append(failed)
        return self.submit(task, *args)


def test_bad_bytes_are_asked_for_again_elsewhere_and_three_times_bad_is_an_error(messages):
    for name, content in BAD.items():
        fake = Fake(content, GOOD)
        assert len(train_elsewhere(fake, RUNS).result(0)) == 3, name
        assert fake.chosen == fake.jobs[:1], name

    fake = Fake(b"1", b"2", b"3", GOOD)
    error = train_elsewhere(fake, RUNS).exception(0)
    assert type(error) is MachineError
    assert len(fake.jobs) == 3
    messages(error)


def test_an_error_of_training_is_not_tried_again():
    fake = Fake(ValueError("of the worker"), GOOD)

    assert str(train_elsewhere(fake, RUNS).exception(0)) == "of the worker"
    assert len(fake.jobs) == 1


def test_other_versions_are_refused_before_anything_is_read():
    wanted = {**remote.versions(), "numpy": "1.0"}

    with pytest.raises(RefusedError) as caught:
        remote.train_away(b"not even a pickle", wanted)

    for text in ("numpy 1.0", f"numpy {remote.versions()['numpy']}", f"code epoch {remote.versions()['code epoch']}"):
        assert text in str(caught.value)
