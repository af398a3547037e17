import hashlib
import json
import os
import re

import numpy as np
import pytest
import soak
from hypothesis import given
from hypothesis import strategies as st
from reportgen.network import Network
from reportgen.run import Run
from reportgen.trajectory import Trajectory

from reportgen.errors import DataError, MachineError


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

    assert unusable(path) == (
        f"cannot use trajectory {path}: it is not a trajectory of this version; builds write some into the folder "
        "trajectories, and reportgen.WeightRecorder records any Keras model"
    )


def test_a_folder_of_trajectories_is_met_with_a_file_in_it(tmp_path):
    (tmp_path / "report" / "trajectories").mkdir(parents=True)
    assert unusable(tmp_path / "report") == f"cannot read trajectory {tmp_path / 'report'}: Is a directory"

    file = tmp_path / "report" / "trajectories" / "l1.trajectory"
    file.write_bytes(CONTENT)
    for folder in (file.parent, file.parent.parent):
        assert unusable(folder) == f"cannot read trajectory {folder}: Is a directory; name a file, like {file}"


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


def rewritten(change):
    """A file with a good sum, whose header somebody changed."""
    body = CONTENT[:-32]
    start = MAGIC + 8
    end = start + int.from_bytes(body[MAGIC:start], "little")
    header = json.loads(body[start:end])
    text = change(header)
    text = json.dumps(header).encode() if text is None else text
    body = body[:MAGIC] + len(text).to_bytes(8, "little") + text + body[end:]
    return body + hashlib.sha256(body).digest()


def listed(place, **parts):
    def change(header):
        name, dtype, shape = header["arrays"][place]
        header["arrays"][place] = [parts.get("name", name), parts.get("dtype", dtype), parts.get("shape", shape)]

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            listed(1, dtype="|O"),
            "its header cannot be read: array 'kernel 0' has numbers '|O' or a shape",
        ),
        (
            listed(1, dtype="V8"),
            "its header cannot be read: array 'kernel 0' has numbers 'V8' or a shape",
        ),
        (listed(1, dtype=["<f4"]), "its header cannot be read: array 'kernel 0' has numbers ['<f4'] or a shape"),
        (listed(1, shape=[-1]), "its header cannot be read: array 'kernel 0' has numbers '<f4' or a shape"),
        (listed(1, shape=[1.0]), "its header cannot be read: array 'kernel 0' has numbers '<f4' or a shape"),
        (listed(1, shape=[True]), "its header cannot be read: array 'kernel 0' has numbers '<f4' or a shape"),
        (listed(1, shape=[1 << 40, 0]), "its header cannot be read: array 'kernel 0' has numbers '<f4' or a shape"),
        (listed(1, shape=[1 << 30] * 3), "its header cannot be read: array 'kernel 0' is there twice or larger"),
        (listed(1, shape=[1]), "its header cannot be read: its arrays end before the file does"),
        (listed(1, name="bias 0"), "its header cannot be read: array 'bias 0' is there twice"),
        (listed(1, name="kernel 7"), "its arrays are not those of a trajectory"),
        (listed(0, dtype="<f4"), "its steps do not rise"),
        (listed(1, dtype="<i4"), "its weights are whole numbers"),
        (listed(1, shape=[1, 4, 3]), "its arrays are not of one length"),
        (listed(1, shape=[4, 3, 1]), "its layers have shapes that no layer has"),
        (lambda header: header.update(run=[1]), "its run cannot be read: "),
        (lambda header: header["run"].update(data={"kind": "line", "samples": 1e9}), "its run cannot be read: "),
        (lambda header: header["run"]["data"].update(samples=1.5), "its run cannot be read: samples must be a whole"),
        (lambda header: header["run"]["data"].update(samples=10**6), "its run cannot be read: samples must be less"),
        (lambda header: header["run"]["training"].update(epochs=10**7), "its run cannot be read: epochs must be "),
        (lambda header: header["run"]["network"].update(hidden=[4]), "its weights are not those of its run"),
        (lambda header: header.update(layers=["a"]), "its layers have more names or fewer"),
        (lambda header: header.update(layers=[{}]), "its layers have names that are none"),
        (lambda header: header.update(diverged="never"), "the step at which it diverged is none"),
        (lambda header: header.pop("arrays") and None, "its header cannot be read: 'arrays'"),
        (lambda header: b"[]", "its header cannot be read"),
        (lambda header: b"[" * 100_000, "its header cannot be read"),
        (lambda header: b'{"arrays": []}', "its header cannot be read: its arrays end before"),
    ],
)
def test_a_file_with_a_good_sum_is_not_believed_either(change, said):
    with pytest.raises(ValueError, match=f"^{re.escape(said)}"):
        Trajectory.parse(rewritten(change))


def test_a_header_as_long_as_the_memory_is_not_read():
    body = CONTENT[:MAGIC] + (1 << 62).to_bytes(8, "little") + CONTENT[MAGIC + 8 : -32]
    with pytest.raises(ValueError, match=r"^its header cannot be read$"):
        Trajectory.parse(body + hashlib.sha256(body).digest())


def test_changed_files_with_good_sums_are_trajectories_or_complaints():
    """Whatever is changed, and however the sum is mended: nothing but a reason comes of it."""
    chance = np.random.default_rng([soak.seed, 1])
    done, failed = soak.count(200, 2_000), []
    for i in range(done):
        body = bytearray(CONTENT[:-32])
        for _ in range(chance.integers(1, 4)):
            # Most of what can go wrong stands in the header.
            at = int(chance.integers(0, len(body) if chance.random() < 0.2 else min(1400, len(body))))
            match int(chance.integers(4)):
                case 0:
                    body[at] = int(chance.integers(256))
                case 1:
                    body[at : at + int(chance.integers(1, 9))] = b""
                case 2:
                    body[at:at] = bytes(chance.choice([b"0", b"-", b"9" * 30, b"[", b'"', b"null", b"\0", b"1e999"]))
                case 3:
                    body[at:at] = body[at : at + int(chance.integers(1, 200))]
        if chance.random() < 0.7:  # the length of the header mended too
            end = body.rfind(b"}") + 1
            body[MAGIC : MAGIC + 8] = max(end - MAGIC - 8, 0).to_bytes(8, "little")
        try:
            Trajectory.parse(bytes(body) + hashlib.sha256(body).digest())
        except ValueError:
            continue
        except Exception as error:
            failed.append((i, repr(error)))
    soak.record("changed trajectory files", done, len(failed))
    assert failed == []


@pytest.mark.timeout(30)
def test_a_pipe_is_no_trajectory(tmp_path):
    os.mkfifo(tmp_path / "t")

    assert unusable(tmp_path / "t") == f"cannot use trajectory {tmp_path / 't'}: it is not a regular file"


def test_a_file_that_says_it_is_huge_is_not_read(tmp_path):
    with (tmp_path / "t").open("wb") as file:
        file.write(CONTENT)
        file.truncate(10_000_000_000)

    assert unusable(tmp_path / "t").endswith("it is larger than 2,000,000,000 bytes")
