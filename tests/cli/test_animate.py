"""`reportgen animate`, from trajectory files to an animation, and what it says where it cannot make one."""

import importlib
import sys
from io import BytesIO

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from reportgen.cli.program import program
from reportgen.penalties.l1 import L1
from reportgen.pictures import presets
from reportgen.pictures.animate import animate
from reportgen.pictures.timeline import Timeline
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

RECORDS = 40
L1_RUN = Run(penalty=L1(), strength=0.3)


def trajectory(run=None, shapes=((3, 4), (4, 2)), records=RECORDS, seed=0, every=10):
    """Weights that fade to zero; nothing is trained."""
    rng = np.random.default_rng(seed)
    shapes = run.shapes if run else shapes
    fade = np.linspace(1, 0, records)

    def fading(shape):
        return (rng.normal(size=(1, *shape)) * fade.reshape(-1, *[1] * len(shape))).astype(np.float32)

    return Trajectory(
        source=run,
        steps=np.arange(records, dtype=np.int32) * every,
        kernels=tuple(fading(shape) for shape in shapes),
        biases=tuple(np.zeros((records, shape[-1]), np.float32) for shape in shapes),
        loss=None,
        penalty=None,
    )


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to be in, with trajectories of a run and of another model."""
    monkeypatch.chdir(tmp_path)
    trajectory(L1_RUN).save(tmp_path / "l1.trajectory")
    trajectory().save(tmp_path / "mine.trajectory")
    return tmp_path


@pytest.fixture
def run(here):
    runner = CliRunner()
    return lambda *arguments: runner.invoke(program, ["animate", *map(str, arguments)], prog_name="reportgen")


@pytest.fixture
def refused(run, here):
    """Runs what has to fail: the exit code and the one line it prints; no file may come of it."""

    def refused(*arguments):
        before = sorted(here.rglob("*"))
        said = run(*arguments)
        assert sorted(here.rglob("*")) == before
        assert said.stdout == ""
        *_, line = said.stderr.splitlines()
        assert line.startswith(("reportgen: ", "reportgen[RG30", "Error: ")), said.stderr
        return said.exit_code, line.split(": ", 1)[1]

    return refused


def opened(file):
    return Image.open(BytesIO(file.read_bytes()))


def test_a_trajectory_alone_is_enough(run, here):
    said = run("mine.trajectory")

    image = opened(here / "weights.gif")
    width, height = image.size
    size = round((here / "weights.gif").stat().st_size / 1000)
    assert said.exit_code == 0
    assert said.stdout == f"weights.gif: {width}×{height}, {RECORDS} frames, 5.0 s, {size} kB\n"
    assert image.n_frames == RECORDS
    assert said.stderr.startswith(f"reportgen: draw: {RECORDS} done in ")
    assert {file.name for file in here.iterdir()} == {"l1.trajectory", "mine.trajectory", "weights.gif"}


def test_the_end_of_the_name_is_the_format(run, here):
    magic = {"gif": b"GIF89a", "apng": b"PNG", "mp4": b"ftyp", "webm": b"\x1aE\xdf\xa3", "webp": b"WEBP"}
    for suffix, begin in magic.items():
        said = run("mine.trajectory", "-o", f"a.{suffix.upper()}", "--frames", "4")

        assert said.exit_code == 0, said.stderr
        assert begin in (here / f"a.{suffix.upper()}").read_bytes()[:16], suffix
        assert ", 4 frames, 5.0 s, " in said.stdout, suffix


def test_scenes_and_trajectories_side_by_side(run, here):
    run("l1.trajectory", "-o", "weights.gif", "--frames", "4")
    run("l1.trajectory", "-o", "fit.gif", "--scene", "fit", "--frames", "4")
    said = run("l1.trajectory", "--scene", "weights", "--scene", "fit", "--frames", "4")

    assert said.exit_code == 0, said.stderr
    sizes = [opened(here / f"{name}.gif").size for name in ("weights", "fit", "weights-fit")]
    assert [width for width, _ in sizes] == [640, 640, 640]
    assert sizes[2][1] < sizes[0][1], "half as wide, each, so not as high"


def test_time_is_what_was_asked_for(run, here):
    for options, frames, seconds in [
        ("--length 3", 30, 3.0),  # of which it moves three quarters, at 13 frames a second
        ("--length 3 --hold 1 --frames 11", 11, 3.0),
        ("--preset slack --fps 2", 8, 5.0),
        ("--pace slow-in --frames 10", 10, 5.0),
    ]:
        said = run("mine.trajectory", "-o", "a.gif", *options.split())
        assert f", {frames} frames, {seconds} s, " in said.stdout, said.stderr


def test_the_same_trajectory_gives_the_same_bytes_and_replaces_what_is_there(run, here):
    (here / "a.gif").write_bytes(b"old")
    for name in ("a.gif", "b.gif"):
        run("mine.trajectory", "-o", name, "--frames", "5")
    assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()


def test_what_cannot_be_drawn_is_told_in_a_line(refused, here, messages):
    whole = (here / "mine.trajectory").read_bytes()
    (here / "cut.trajectory").write_bytes(whole[:-100])
    lines = {}
    for arguments, code in {
        "mine.trajectory -o a.avi": 2,
        "mine.trajectory --scene wieghts": 2,
        "mine.trajectory --scene fit": 3,
        "mine.trajectory --fps 5 --frames 9": 2,
        "mine.trajectory --frames 10000": 2,
        "mine.trajectory -o no/a.gif": 5,
        "mine.trajectory -o a.webp --preset github": 2,
        "no.trajectory": 3,
        "cut.trajectory": 3,
    }.items():
        ended, lines[arguments] = refused(*arguments.split())
        assert ended == code, arguments
    messages(**lines)


def test_without_ffmpeg_nothing_is_begun(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setattr(Trajectory, "load", lambda path: pytest.fail("work began"))

    assert refused("mine.trajectory", "-o", "a.mp4") == (
        5,
        "mp4 needs ffmpeg; pip install imageio-ffmpeg",
    )


def test_a_file_that_a_place_would_refuse_is_not_written(refused, monkeypatch):
    tight = presets.Preset(name="github", formats={"gif": presets.PresetLimits(bytes=10_000)}, scale=2)
    importlib.import_module("reportgen.cli.commands.animate")  # its choices are those of all presets
    monkeypatch.setattr(presets, "PRESETS", {"github": tight})
    code, line = refused("mine.trajectory", "--preset", "github", "--frames", "10")

    assert code == 1
    assert line.startswith("github takes at most 0.01 MB of a gif, and this has 0.")
    assert " MB; try --frames " in line
    assert line.endswith(" or --scale 1")


def test_from_python(here):
    steps = []
    done = animate(
        [trajectory(), "l1.trajectory"],
        here / "mine.gif",
        scenes=["weights"],
        timeline=Timeline(length=2.0, hold=0.5, rate=4),
        poster=True,
        progress=lambda *step: steps.append(step),
    )

    assert (done.file, done.poster) == (here / "mine.gif", here / "mine.png")
    assert (done.frames, done.seconds, done.bytes) == (7, 2.0, (here / "mine.gif").stat().st_size)
    assert opened(done.file).size == (done.width, done.height)
    assert steps == [("draw", index, 7) for index in range(1, 8)]
