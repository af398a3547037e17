import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import DataError, MachineError
from reportgen.network import Network
from reportgen.run import Run
from reportgen.trajectory import Trajectory


def made(hidden=(3,), records=4, seed=0, curve=True, diverged=None):
    """A trajectory of the right shapes with numbers out of thin air; nothing is trained."""
    run = Run(network=Network(hidden=hidden), init_seed=seed)
    rng = np.random.default_rng(seed)

    def drawn(*shape):
        return rng.normal(size=(records, *shape)).astype(np.float32)

    return Trajectory(
        source=run,
        steps=np.arange(records, dtype=np.int32) * 20,
        kernels=tuple(drawn(i, o) for i, o in run.shapes),
        biases=tuple(drawn(o) for _, o in run.shapes),
        loss=drawn() if curve else None,
        penalty=drawn() if curve else None,
        diverged=diverged,
    )


def assert_same(one, other):
    assert one.run == other.run
    assert one.diverged == other.diverged
    pairs = [(one.steps, other.steps), (one.loss, other.loss), (one.penalty, other.penalty)]
    pairs += [*zip(one.kernels, other.kernels, strict=True), *zip(one.biases, other.biases, strict=True)]
    for a, b in pairs:
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a, b, strict=True)


@given(
    hidden=st.lists(st.integers(1, 4), max_size=3).map(tuple),
    records=st.integers(0, 5),
    seed=st.integers(0, 100),
    curve=st.booleans(),
    diverged=st.none() | st.integers(1, 100),
)
def test_what_is_dumped_is_parsed(hidden, records, seed, curve, diverged):
    trajectory = made(hidden, records, seed, curve, diverged)

    assert_same(Trajectory.parse(trajectory.dump()), trajectory)


def test_equal_trajectories_are_equal_bytes():
    assert made().dump() == made().dump()
    assert made(seed=1).dump() != made(seed=2).dump()


def test_what_is_saved_is_loaded(tmp_path):
    made().save(tmp_path / "t")

    assert_same(Trajectory.load(tmp_path / "t"), made())


def test_a_loaded_trajectory_predicts_what_the_saved_one_did(tmp_path):
    made().save(tmp_path / "t")
    x = np.linspace(-1, 1, 5)[:, None]

    loaded = Trajectory.load(tmp_path / "t")

    np.testing.assert_array_equal(loaded.predict(x), made().predict(x))
    np.testing.assert_array_equal(loaded.predict(x, 1), made().predict(x, 1))


def test_a_prediction_is_that_of_the_record_asked_for():
    t = made(hidden=())
    x = np.array([[2.0]])

    assert t.predict(x)[0, 0] == pytest.approx(2 * t.kernels[0][-1, 0, 0] + t.biases[0][-1, 0])
    assert t.predict(x, 0)[0, 0] == pytest.approx(2 * t.kernels[0][0, 0, 0] + t.biases[0][0, 0])


CONTENT = made().dump()
MAGIC = len(b"reportgen trajectory 1\n")


@given(place=st.integers(0, len(CONTENT) - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_is_noticed(place, bit):
    damaged = bytearray(CONTENT)
    damaged[place] ^= 1 << bit

    with pytest.raises(ValueError, match=r"^it is") as error:
        Trajectory.parse(bytes(damaged))

    told = "not a trajectory of this version" if place < MAGIC else "damaged or cut short"
    assert str(error.value) == f"it is {told}"


@given(kept=st.integers(0, len(CONTENT) - 1))
def test_any_cut_is_noticed(kept):
    with pytest.raises(ValueError, match=r"^it is"):
        Trajectory.parse(CONTENT[:kept])


@given(more=st.binary(min_size=1, max_size=50))
def test_anything_appended_is_noticed(more):
    with pytest.raises(ValueError, match=r"^it is damaged or cut short$"):
        Trajectory.parse(CONTENT + more)


def unusable(path):
    with pytest.raises(DataError) as error:
        Trajectory.load(path)
    return str(error.value)


def test_a_damaged_file_is_named(tmp_path):
    path = tmp_path / "t"
    path.write_bytes(CONTENT[:-100])

    assert unusable(path) == f"cannot use trajectory {path}: it is damaged or cut short"


@pytest.mark.parametrize("content", [b"", b"reportgen trajectory 2\n", b"\x80\x04pickled"])
def test_another_kind_of_file_is_named(tmp_path, content):
    path = tmp_path / "t"
    path.write_bytes(content)

    assert unusable(path) == f"cannot use trajectory {path}: it is not a trajectory of this version"


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "t"

    assert unusable(path) == f"cannot read trajectory {path}: No such file or directory"


def test_a_run_of_an_unknown_kind_is_named(tmp_path):
    body = CONTENT[:-32].replace(b'"penalty": {"kind": "none"}', b'"penalty": {"kind": "nune"}')
    path = tmp_path / "t"
    path.write_bytes(body + hashlib.sha256(body).digest())

    assert unusable(path) == (
        f"cannot use trajectory {path}: its run cannot be read: unknown penalty 'nune'. Did you mean 'none'? "
        "Known: elastic_net, group_lasso, l1, l2, none."
    )


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "no folder" / "t"

    with pytest.raises(MachineError) as error:
        made().save(path)

    assert str(error.value) == f"cannot write trajectory {path}: No such file or directory"


def test_loading_reads_numbers_and_never_runs_code(tmp_path, monkeypatch):
    monkeypatch.setattr("pickle.loads", None)
    monkeypatch.setattr("pickle.load", None)
    made().save(tmp_path / "t")

    assert_same(Trajectory.load(tmp_path / "t"), made())
