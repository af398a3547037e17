import hashlib
import json
import os

import numpy as np
import pytest
import soak
from hypothesis import given
from hypothesis import strategies as st

from reportgen.errors import DataError, MachineError
from reportgen.training.network import Network
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory


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


def test_what_is_saved_is_loaded_without_running_code(tmp_path, monkeypatch):
    monkeypatch.setattr("pickle.loads", None)
    monkeypatch.setattr("pickle.load", None)
    x = np.linspace(-1, 1, 5)[:, None]
    made().save(tmp_path / "t")

    loaded = Trajectory.load(tmp_path / "t")

    assert_same(loaded, made())
    np.testing.assert_array_equal(loaded.predict(x, 1), made().predict(x, 1))


CONTENT = made().dump()
MAGIC = len(b"reportgen trajectory 1\n")


def test_any_damage_is_noticed():
    damaged = [CONTENT[:place] + bytes([CONTENT[place] ^ 16]) + CONTENT[place + 1 :] for place in range(len(CONTENT))]
    for content in (*damaged, *(CONTENT[:length] for length in range(len(CONTENT))), CONTENT + b"x"):
        with pytest.raises(ValueError, match=r"^it is (not a trajectory of this version|damaged or cut short)$"):
            Trajectory.parse(content)


def unusable(path):
    with pytest.raises(DataError) as error:
        Trajectory.load(path)
    return str(error.value)


@pytest.mark.timeout(30)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path, messages):
    body = CONTENT[:-32].replace(b'"penalty": {"kind": "none"}', b'"penalty": {"kind": "nune"}')
    for name, content in {
        "damaged": CONTENT[:-100],
        "another kind": b"\x80\x04pickled",
        "another version": b"reportgen trajectory 2\n",
        "unknown penalty": body + hashlib.sha256(body).digest(),
    }.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "empty folder").mkdir()
    (tmp_path / "report" / "trajectories").mkdir(parents=True)
    (tmp_path / "report" / "trajectories" / "l1.trajectory").write_bytes(CONTENT)
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(10_000_000_000)

    messages(
        **{
            name: unusable(tmp_path / name)
            for name in (
                *("damaged", "another kind", "another version", "unknown penalty", "empty folder", "report", "pipe"),
                *("report/trajectories", "huge", "missing"),
            )
        }
    )
    with pytest.raises(MachineError) as caught:
        made().save(tmp_path / "no folder" / "t")
    messages(caught.value)


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


FORGED = {
    "objects": listed(1, dtype="|O"),
    "a negative shape": listed(1, shape=[-1]),
    "a shape of no size": listed(1, shape=[1 << 40, 0]),
    "a shape larger than the memory": listed(1, shape=[1 << 30] * 3),
    "an array twice": listed(1, name="bias 0"),
    "steps that are fractions": listed(0, dtype="<f4"),
    "arrays of two lengths": listed(1, shape=[1, 4, 3]),
    "data that are floats": lambda header: header["run"].update(data={"kind": "line", "samples": 1e9}),
    "too many epochs": lambda header: header["run"]["training"].update(epochs=10**7),
    "another network": lambda header: header["run"]["network"].update(hidden=[4]),
    "too few names of layers": lambda header: header.update(layers=["a"]),
    "a step that is a word": lambda header: header.update(diverged="never"),
    "a header that is a list": lambda header: b"[]",
    "a header without end": lambda header: b"[" * 100_000,
}


def test_a_file_with_a_good_sum_is_not_believed_either(messages):
    told = {}
    for case, change in FORGED.items():
        with pytest.raises(ValueError, match=r"^its |^the step ") as caught:
            Trajectory.parse(rewritten(change))
        told[case] = caught.value
    messages(**told)


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
