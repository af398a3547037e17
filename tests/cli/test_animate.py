"""`reportgen animate`, from trajectory files to an animation, and what it says where it cannot make one."""

import importlib
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from reportgen.animation import presets
from reportgen.animation.animate import animate
from reportgen.figures.timeline import Timeline
from reportgen.run import Run
from reportgen.trajectory import Trajectory

from reportgen.cli.program import program
from reportgen.penalties.elastic_net import ElasticNet
from reportgen.penalties.l1 import L1

RECORDS = 40
WRITERS = "builds write some into the folder trajectories, and reportgen.WeightRecorder records any Keras model"
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
    """Runs what has to fail: the exit code and the one line it says; no file may come of it."""

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


def test_one_trajectory_needs_no_list(here):
    drawn = [animate(one, here / name) for one, name in (("mine.trajectory", "a.gif"), (["mine.trajectory"], "b.gif"))]

    assert drawn[0].file.read_bytes() == drawn[1].file.read_bytes()


@pytest.mark.parametrize("suffix", ["gif", "apng", "mp4", "webm", "webp"])
def test_the_end_of_the_name_is_the_format(run, here, suffix):
    magic = {"gif": b"GIF89a", "apng": b"PNG", "mp4": b"ftyp", "webm": b"\x1aE\xdf\xa3", "webp": b"WEBP"}
    said = run("mine.trajectory", "-o", f"a.{suffix.upper()}", "--frames", "8")

    assert said.exit_code == 0, said.stderr
    assert magic[suffix] in (here / f"a.{suffix.upper()}").read_bytes()[:16]
    assert ", 8 frames, 5.0 s, " in said.stdout


def test_scenes_and_trajectories_side_by_side(run, here):
    run("l1.trajectory", "-o", "weights.gif", "--frames", "4")
    run("l1.trajectory", "-o", "fit.gif", "--scene", "fit", "--frames", "4")
    said = run("l1.trajectory", "--scene", "weights", "--scene", "fit", "--frames", "4")

    assert said.exit_code == 0, said.stderr
    widths = [opened(here / f"{name}.gif").width for name in ("weights", "fit", "weights-fit")]
    assert widths[2] == widths[0] + widths[1]


def test_scale_and_poster(run, here):
    run("mine.trajectory", "-o", "plain.gif", "--frames", "4")
    said = run("mine.trajectory", "-o", "crisp.gif", "--frames", "4", "--scale", "2", "--poster")

    plain, crisp, poster = (opened(here / name) for name in ("plain.gif", "crisp.gif", "crisp.png"))
    assert crisp.size == poster.size == (2 * plain.width, 2 * plain.height)
    assert said.stdout.endswith("\ncrisp.png: its last frame\n")
    crisp.seek(3)
    np.testing.assert_array_equal(np.asarray(crisp.convert("RGB")), np.asarray(poster.convert("RGB")))


@pytest.mark.parametrize(
    ("options", "frames", "seconds"),
    [
        (["--length", "4"], RECORDS, 4.0),
        (["--length", "3"], 30, 3.0),  # of which it moves three quarters, at 13 frames a second
        (["--length", "2", "--fps", "5"], 8, 2.0),
        (["--length", "3", "--hold", "1", "--frames", "11"], 11, 3.0),
        (["--fps", "50"], RECORDS, 5.0),  # no more than were recorded
        (["--preset", "slack"], 39, 5.0),  # 10 a second
        (["--preset", "slack", "--fps", "2"], 8, 5.0),
        (["--pace", "slow-in", "--frames", "10"], 10, 5.0),
    ],
)
def test_time_is_what_was_asked_for(run, here, options, frames, seconds):
    said = run("mine.trajectory", "-o", "a.gif", *options)
    assert f", {frames} frames, {seconds} s, " in said.stdout, said.stderr


@pytest.fixture
def titles(monkeypatch):
    """The titles that reach a scene."""
    from reportgen.animation import animate as module

    told = []

    def remember(name, scenes, panels, *rest):
        told.extend(panel.title for panel in panels)
        return real(name, scenes, panels, *rest)

    real = module.training_animation
    monkeypatch.setattr(module, "training_animation", remember)
    return told


@pytest.mark.parametrize(
    ("trainings", "said"),
    [
        ([L1_RUN], [""]),
        ([None], [""]),
        ([L1_RUN, None], ["L1, λ = 0.3", "t1"]),
        ([Run(), Run(penalty=ElasticNet(), strength=0.01)], ["no penalty", "elastic net, λ = 0.01"]),
        ([L1_RUN, Run(penalty=L1(), strength=0.3, step="proximal")], ["L1, λ = 0.3", "L1, λ = 0.3, proximal"]),
        ([Run(), Run(init_seed=1)], ["no penalty, seed 0", "no penalty, seed 1"]),
    ],
)
def test_titles_tell_trainings_apart(run, here, titles, trainings, said):
    for index, training in enumerate(trainings):
        trajectory(training, records=3).save(here / f"t{index}.trajectory")
    done = run(*[f"t{index}.trajectory" for index in range(len(trainings))])

    assert done.exit_code == 0, done.stderr
    assert titles == said


def test_titles_may_be_given(run, titles):
    run("l1.trajectory", "mine.trajectory", "--title", "ours", "--title", "theirs", "--frames", "3")
    assert titles == ["ours", "theirs"]


def test_an_animation_that_is_there_is_replaced(run, here):
    (here / "weights.gif").write_bytes(b"old")
    run("mine.trajectory", "--frames", "3")
    assert opened(here / "weights.gif").n_frames == 3


def test_the_same_trajectory_gives_the_same_bytes(run, here):
    for name in ("a.gif", "b.gif"):
        run("mine.trajectory", "-o", name, "--frames", "5")
    assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()


def test_one_record_is_one_frame(run, here):
    trajectory(records=1).save(here / "one.trajectory")
    assert ", 1 frame, 5.0 s, " in run("one.trajectory").stdout


def test_no_record_is_no_animation(refused, here):
    trajectory(records=0).save(here / "none.trajectory")
    code, line = refused("none.trajectory")

    assert code == 3
    assert line == "there is no step at which all the trajectories were recorded; they share no animation"


def test_ten_thousand_records_of_which_hundreds_are_shown(run, here):
    trajectory(shapes=((2, 2),), records=10_000).save(here / "long.trajectory")
    said = run("long.trajectory", "--length", "9.2", "--fps", "50")

    assert ", 401 frames, 9.2 s, " in said.stdout, said.stderr


def test_ten_thousand_frames_need_their_time(refused):
    assert refused("mine.trajectory", "--frames", "10000") == (
        2,
        "10,000 frames in 3.8 s are more than 50 a second; try --length 202 or --frames 191",
    )
    assert refused("mine.trajectory", "--frames", "100000") == (
        2,
        "100,000 frames in 3.8 s are more than 50 a second; try --frames 191",
    )


def test_weights_that_are_no_numbers_are_grey(run, here):
    diverged = trajectory(shapes=((2, 3),))
    diverged.kernels[0][5:] = np.nan
    diverged.save(here / "diverged.trajectory")

    assert run("diverged.trajectory", "--poster").exit_code == 0
    colours = np.asarray(opened(here / "weights.png").convert("RGB")).reshape(-1, 3)
    assert (colours == (0x7D, 0x85, 0x8E)).all(axis=1).sum() > 1000


def test_kernels_of_a_convolution(run, here):
    trajectory(shapes=((3, 3, 2, 4), (8, 2))).save(here / "conv.trajectory")
    said = run("conv.trajectory", "--frames", "3")
    assert said.exit_code == 0, said.stderr


def test_an_odd_size_becomes_even_in_a_film(run, monkeypatch):
    from reportgen.animation.raster import Raster

    whole = Raster.frame
    monkeypatch.setattr(Raster, "frame", lambda self, index: whole(self, index)[:-1, :-3])
    gif, film = (run("mine.trajectory", "--frames", "3", "-o", f"a.{kind}").stdout for kind in ("gif", "mp4"))

    odd, even = ([int(side) for side in text.split()[1].strip(",").split("×")] for text in (gif, film))
    assert [side % 2 for side in odd] == [1, 1]
    assert even == [side + 1 for side in odd]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["mine.trajectory", "-o", "a.avi"], 2, "a.avi ends in no format of animations, which are .{formats}"),
        (
            ["mine.trajectory", "-o", "trajectory"],
            2,
            "trajectory ends in no format of animations, which are .{formats}",
        ),
        (
            ["mine.trajectory", "--scene", "wieghts"],
            2,
            "unknown scene 'wieghts'. Did you mean 'weights'? Known: {scenes}.",
        ),
        (["mine.trajectory", "--scene", "constraint_path"], 2, "unknown scene 'constraint_path'. Known: {scenes}."),
        (["no.trajectory"], 3, "cannot read trajectory no.trajectory: No such file or directory"),
        (
            ["mine.trajectory", "--title", "a", "--title", "b"],
            2,
            "2 titles for 1 trajectories; give each its own, or none",
        ),
        (
            ["mine.trajectory", "--fps", "5", "--frames", "9"],
            2,
            "--fps and --frames both say how many frames there are; give one of them",
        ),
        (["mine.trajectory", "--length", "700"], 2, "length must be less than or equal to 600, got 700.0"),
        (["mine.trajectory", "--hold", "6"], 2, "hold must be below length (5.0), got 6.0"),
        (["mine.trajectory", "--fps", "0"], 2, "rate must be greater than 0, got 0.0"),
        (["mine.trajectory", "--fps", "nan"], 2, "rate must be a finite number, got nan"),
        (["mine.trajectory", "--frames", "0"], 2, "Invalid value for '--frames': 0 is not in the range x>=2."),
        (["mine.trajectory", "--scale", "0"], 2, "Invalid value for '--scale': 0 is not in the range 1<=x<=4."),
        (
            ["mine.trajectory", "--preset", "myspace"],
            2,
            "Invalid value for '--preset': 'myspace' is not one of 'github', 'x', 'slack', 'slide'.",
        ),
        ([], 2, "Missing argument 'TRAJECTORY [TRAJECTORY]...'."),
        (["mine.trajectory", "-o", "no/a.gif"], 5, "cannot write no/a.gif: No such file or directory"),
        (["mine.trajectory", "-o", "l1.trajectory/a.gif"], 5, "cannot write l1.trajectory/a.gif: Not a directory"),
        (
            ["mine.trajectory", "-o", "a.webp", "--preset", "github"],
            2,
            "github takes gif, mp4 or webm, not webp; try a file that ends in .gif",
        ),
        (
            ["mine.trajectory", "--preset", "x", "--scale", "4"],
            2,
            "x takes at most 1280×1080 pixels of a gif, and this has 2560×1920; try --scale 2",
        ),
    ],
)
def test_what_cannot_be_drawn_is_told_in_a_line(refused, arguments, code, line):
    from reportgen.animation.animate import training_scenes
    from reportgen.animation.formats import formats

    wanted = line.format(formats=", .".join(formats.names()), scenes=", ".join(training_scenes()))
    assert refused(*arguments) == (code, wanted)


def test_an_output_that_is_a_folder(refused, here):
    (here / "a.gif").mkdir()
    assert refused("mine.trajectory", "-o", "a.gif") == (5, "cannot write a.gif: it is a folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_locked(refused, here):
    (here / "locked").mkdir(0o500)
    assert refused("mine.trajectory", "-o", "locked/a.gif") == (5, "cannot write locked/a.gif: Permission denied")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda whole: whole[:-100], "it is damaged or cut short"),
        (
            lambda whole: whole.replace(b"trajectory 1", b"trajectory 9", 1),
            f"it is not a trajectory of this version; {WRITERS}",
        ),
        (lambda whole: b"", f"it is not a trajectory of this version; {WRITERS}"),
    ],
)
def test_a_trajectory_that_cannot_be_used(refused, here, content, why):
    (here / "bad.trajectory").write_bytes(content((here / "mine.trajectory").read_bytes()))
    assert refused("bad.trajectory") == (3, f"cannot use trajectory bad.trajectory: {why}")


def test_trajectories_without_a_common_step(refused, here):
    late = trajectory()
    late.steps[:] += 5
    late.save(here / "late.trajectory")
    code, line = refused("mine.trajectory", "late.trajectory")

    assert code == 3
    assert line == "there is no step at which all the trajectories were recorded; they share no animation"


def test_a_scene_that_needs_data_that_nobody_knows(refused):
    code, line = refused("mine.trajectory", "--scene", "fit")

    assert code == 3
    assert "scene 'fit' needs the data" in line


def test_without_ffmpeg_nothing_is_begun(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    monkeypatch.setattr(Trajectory, "load", lambda path: pytest.fail("work began"))

    assert refused("mine.trajectory", "-o", "a.mp4") == (
        5,
        "mp4 needs ffmpeg, which comes with pip install imageio-ffmpeg",
    )


def test_a_disk_that_is_full(refused, monkeypatch):
    from reportgen.animation import animate as module

    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "put", full)
    assert refused("mine.trajectory", "--frames", "3") == (5, "disk full writing weights.gif: No space left on device")


def test_a_file_that_a_place_would_refuse_is_not_written(refused, monkeypatch):
    tight = presets.Preset(name="github", formats={"gif": presets.Limits(bytes=10_000)}, scale=2)
    importlib.import_module("reportgen.cli.commands.animate")  # its choices are those of all presets
    monkeypatch.setattr(presets, "PRESETS", {"github": tight})
    code, line = refused("mine.trajectory", "--preset", "github", "--frames", "10")

    assert code == 1
    assert line.startswith("github takes at most 0.01 MB of a gif, and this has 0.")
    assert " MB; try --frames " in line
    assert line.endswith(" or --scale 1")


def test_a_preset_takes_the_largest_scale_that_fits(run, here):
    one = run("mine.trajectory", "--preset", "x", "--frames", "3", "-o", "one.gif")
    two = run("mine.trajectory", "mine.trajectory", "--preset", "x", "--frames", "3", "-o", "two.gif")

    assert one.stdout.startswith("one.gif: 1280×960, ")
    assert two.stdout.startswith("two.gif: 960×"), two.stderr


def test_help_lists_the_scenes_that_show_a_training(run):
    said = " ".join(run("--help").stdout.split())
    assert "One of fit, " in said
    assert "constraint_path" not in said


def test_help_of_all_commands_draws_nothing():
    code = "import sys; sys.argv[1:] = ['--help']\nfrom reportgen.cli import main\ntry: main()\nexcept SystemExit: pass"
    loaded = f"{code}\nprint([name for name in ('numpy', 'pydantic', 'matplotlib') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)

    assert "\n  animate " in done.stdout
    assert done.stdout.endswith("[]\n")


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


def test_the_documentation_says_what_is_said(refused, here):
    trajectory(records=400).save(here / "long.trajectory")
    page = (Path(__file__).parents[2] / "docs" / "own-model.md").read_text("utf-8")
    code, line = refused("long.trajectory", "--preset", "x", "--length", "20", "--frames", "400")

    assert code == 2
    assert f"\nreportgen: {line}\n" in page
