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
from reportgen.pictures import presets, scene_look
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
        assert line.startswith(("reportgen: ", "reportgen[RG30", "Error: ", "mine.toml:")), said.stderr
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


SETTINGS = """\
sections = ["errors"]
[data]
name = "line"
[[arms]]
name = "plain"
penalty = "none"
[animation]
width = 400
height = 300
theme = "dark"
[animation.words]
step = "Schritt"
layer = "Schicht"
"""


def test_settings_come_from_a_file_and_options_come_first(run, here, monkeypatch):
    (here / "mine.toml").write_text(SETTINGS, "utf-8")
    module, used = importlib.import_module("reportgen.pictures.animate"), []
    drawn = module.rasterize
    monkeypatch.setattr(module, "rasterize", lambda *item: (used.append(scene_look.settings()), drawn(*item))[1])

    for options, expected in [
        ("", (400, 300, "#14171c", "Schritt", "Schicht")),
        ("--width 500 --word step=pas", (500, 300, "#14171c", "pas", "Schicht")),
        ("--theme light --color paper=#ffffee", (400, 300, "#ffffee", "Schritt", "Schicht")),
    ]:
        said = run("mine.trajectory", "-o", "a.gif", "--frames", "3", "--settings", "mine.toml", *options.split())
        assert said.exit_code == 0, said.stderr
        image = opened(here / "a.gif")
        red, green, blue = image.convert("RGB").getpixel((0, 0))
        words = used[-1].words
        assert (*image.size, f"#{red:02x}{green:02x}{blue:02x}", words.step, words.layer) == expected


def test_a_color_for_each_trajectory(run, here):
    trajectory(L1_RUN, seed=1).save(here / "l2.trajectory")
    options = "--scene fit --frames 3 --color arm=#cc00cc --color arm=#008800 -o a.gif"
    assert run("l1.trajectory", "l2.trajectory", *options.split()).exit_code == 0

    colors = set(map(tuple, np.asarray(opened(here / "a.gif").convert("RGB")).reshape(-1, 3).tolist()))
    assert {(0xCC, 0, 0xCC), (0, 0x88, 0)} <= colors


def test_one_side_sets_the_other(run, here):
    for options, size in [("--width 960", (960, 720)), ("--height 240", (320, 240)), ("--preset slide", (1920, 1080))]:
        said = run("mine.trajectory", "-o", "a.gif", "--frames", "3", *options.split())
        assert said.exit_code == 0, said.stderr
        assert opened(here / "a.gif").size == size


def test_every_preset_fits_the_frame_of_its_place(run, here):
    for name, place in presets.PRESETS.items():
        said = run("mine.trajectory", "-o", "a.gif", "--preset", name)
        assert said.exit_code == 0, said.stderr
        assert opened(here / "a.gif").size == (place.frame or (640 * place.scale, 480 * place.scale))


def test_mistakes_in_settings_are_told_in_a_line(refused, here, messages):
    (here / "mine.toml").write_text(SETTINGS.replace("400", "4"), "utf-8")
    lines = {}
    for options, code in {
        "--color paper": 2,
        "--color papper=#ffffff": 2,
        "--color paper=red": 2,
        "--color paper=#222222": 2,
        "--color positive=#ffffff": 2,
        "--color positive=#aa0000 --color negative=#AA0000": 2,
        "--color arm=#aa0000 --color arm=#0000aa": 2,
        "--word stepp=x": 2,
        "--word step=": 2,
        "--width 20": 2,
        "--width 640 --scale 2": 2,
        "--preset x --width 1920": 2,
        "--font No-Such-Font": 5,
        "--settings mine.toml": 2,
        "--settings no.toml": 2,
    }.items():
        ended, lines[options] = refused("mine.trajectory", *options.split())
        assert ended == code, options
    messages(**lines)


def test_too_few_recorded_steps_are_told_with_what_would_be_enough(run, here, caplog):
    trajectory(records=11, every=100).save(here / "few.trajectory")
    trajectory(records=11, every=1).save(here / "short.trajectory")

    def warned(*arguments):
        caplog.clear()
        assert run(*arguments, "-o", "a.gif").exit_code == 0
        return [record.message for record in caplog.records]

    # 51 frames of 1,000 steps, one each 20 steps.
    assert warned("few.trajectory", "--frames", "51") == [
        "11 recorded steps for 51 frames; record with every = 20 to have enough"
    ]
    assert warned("short.trajectory", "--frames", "51") == [
        "11 recorded steps for 51 frames, and a training of 10 steps has no more than 11; ask for fewer frames"
    ]
    assert warned("few.trajectory", "--frames", "11") == []
    assert warned("mine.trajectory") == [], "nearly as many as there are frames by default"
    assert len(warned("few.trajectory", "--preset", "slide")) == 1


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
