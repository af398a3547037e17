"""What holds for every scene; a new file in `moving` needs an entry in `SAMPLES` and nothing else."""

from functools import cache
from io import BytesIO

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image

from reportgen.animation.draw import render
from reportgen.animation.raster import Raster
from reportgen.figures import Animation, Panel, scenes, style
from reportgen.run import Run
from reportgen.trajectory import Trajectory

FRAMES = 12
RNG = np.random.default_rng(0)
STEPS = np.linspace(0, 4000, FRAMES).astype(np.int32)


def trajectory(*shapes, source=None):
    """Weights that fade to zero, with biases that stay; nothing is trained."""

    def fading(shape):
        fade = np.linspace(1, 0, FRAMES).reshape(-1, *[1] * len(shape))
        return (RNG.normal(size=(1, *shape)) * fade).astype(np.float32)

    return Trajectory(
        source=source,
        steps=STEPS,
        kernels=tuple(fading(shape) for shape in shapes),
        biases=tuple(np.ones((FRAMES, shape[-1]), np.float32) for shape in shapes),
        loss=None,
        penalty=None,
    )


CURVE = Run()
WIDE = trajectory(*CURVE.shapes, source=CURVE)
SMALL = trajectory((1, 10), (10, 10), (10, 1), (1, 1))
# Cells narrower than a pixel, and weights that are no numbers.
LARGE, DIVERGED = trajectory((3, 700), (700, 2), (2, 2)), trajectory((2, 3))
DIVERGED.kernels[0][4:] = np.nan


def panels(text, *trajectories):
    return {"panels": tuple(Panel(title=text, trajectory=t) for t in trajectories)}


SAMPLES = {
    "constraint_path": [lambda text: {"strengths": np.linspace(0, 2.4, FRAMES)}],
    "fit": [lambda text: panels(text, WIDE), lambda text: panels(text, *[WIDE] * 4)],
    "weights": [
        lambda text: panels("", WIDE),
        lambda text: panels(text, WIDE, SMALL),
        lambda text: panels(text, WIDE, LARGE, DIVERGED),
    ],
}
CASES = [pytest.param(name, sample, id=f"{name}-{i}") for name in SAMPLES for i, sample in enumerate(SAMPLES[name])]


def animation(name, sample, text="L1"):
    return Animation(name="sample", scenes=(name,), inputs=sample(text), alt=f"What {name} shows")


@cache
def rendered(name, sample):
    return render(animation(name, sample))


def test_every_scene_has_a_sample():
    assert set(SAMPLES) == set(scenes.names())


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_frame_equals_a_full_drawing(name, sample):
    with style.look():
        scene = scenes[name](**sample("L1"))
        raster = Raster(scene)
        for index in (0, FRAMES // 2, FRAMES - 1, 1):
            fast = raster.frame(index).copy()
            scene.show(index)
            scene.figure.canvas.draw()
            full = np.asarray(scene.figure.canvas.buffer_rgba())
            np.testing.assert_array_equal(fast.view(np.uint8).reshape(full.shape), full)


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_gif_shows_the_frames_in_few_colours(name, sample):
    item, media = animation(name, sample), rendered(name, sample)
    decoded = iio.imread(media.files[media.file], plugin="pillow", extension=".gif")[..., :3]
    with style.look():
        raster = Raster(scenes[name](**item.inputs))
        exact = np.stack([frame.copy().view(np.uint8).reshape(*frame.shape, 4)[..., :3] for frame in raster.frames()])

    assert decoded.shape == exact.shape
    assert len(np.unique(decoded @ [1, 256, 65536])) <= 255
    assert np.abs(decoded.astype(int) - exact).max() <= 24
    error = float(((decoded.astype(float) - exact) ** 2).mean())
    assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 50


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_media_tell_a_page_what_it_needs(name, sample):
    media = rendered(name, sample)
    gif = Image.open(BytesIO(media.files["sample.gif"]))
    durations = []
    for index in range(gif.n_frames):
        gif.seek(index)
        durations.append(gif.info["duration"])

    assert (media.name, media.kind, media.alt) == ("sample", "animation", f"What {name} shows")
    assert (media.file, media.dark, media.poster) == ("sample.gif", None, "sample.png")
    assert gif.size == (media.width, media.height)
    assert gif.info["loop"] == 0
    assert gif.n_frames == FRAMES
    assert sum(durations) == 5000
    assert durations[-1] >= 1200
    assert len(media.files["sample.gif"]) <= 1_000_000


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_poster_is_the_last_frame(name, sample):
    item, media = animation(name, sample), rendered(name, sample)
    with style.look():
        raster = Raster(scenes[name](**item.inputs))
        last = raster.frame(FRAMES - 1)
        exact = last.view(np.uint8).reshape(*last.shape, 4)[..., :3]

    shown = iio.imread(media.files["sample.png"])[..., :3]
    assert shown.shape == exact.shape
    # A poster has a palette too; no colour may be further off than in the animation itself.
    assert np.abs(shown.astype(int) - exact).max() <= 24


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_the_same_animation_gives_the_same_bytes(name, sample):
    assert render(animation(name, sample)).files == rendered(name, sample).files


@pytest.mark.parametrize("text", ["$x^{$ <b> _", "W" * 80, ""])
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_no_title_leaves_the_picture(name, sample, text):
    with style.look():
        scene = scenes[name](**sample(text))
        Raster(scene)
        # The moving artists may be anywhere inside their axes, which clip them.
        drawn = [a for a in scene.figure.texts + scene.figure.axes if a not in scene.moving]
        boxes = [a.get_tightbbox(scene.figure.canvas.get_renderer()).extents for a in drawn]
    width, height = scene.figure.get_size_inches() * 96

    assert min(box[:2].min() for box in boxes) >= -0.5
    assert max(box[2] for box in boxes) <= width + 0.5
    assert max(box[3] for box in boxes) <= height + 0.5


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_letters_that_stand_still_are_drawn_once(name, sample):
    # They are the slowest thing to draw: a counter is all that a frame can afford.
    with style.look():
        live = Raster(scenes[name](**sample("L1"))).live
    assert sum(isinstance(artist, Text | Axis | Legend) for artist in live) == 1


def test_weights_have_one_scale_with_white_in_the_middle():
    with style.look():
        scene = scenes["weights"](**panels("L1", WIDE, SMALL))
    limits = {image.get_clim() for image in scene.moving[:8]}
    ((low, high),) = limits

    assert low == -high
    assert high == max(np.abs(kernel).max() for kernel in WIDE.kernels + SMALL.kernels)
    assert min(style.SIGNED(0.5)[:3]) > 0.98


def test_a_single_weight_is_a_large_square():
    with style.look():
        scene = scenes["weights"](**panels("L1", SMALL))
    box = scene.moving[3].axes.get_position()
    width, height = box.width * 640, box.height * 480

    assert width == pytest.approx(height)
    assert width > 120


def test_a_thin_matrix_can_be_seen():
    with style.look():
        scene = scenes["weights"](**panels("L1", LARGE))
    sizes = [image.axes.get_position().size * (640, 480) for image in scene.moving[:3]]

    assert min(map(min, sizes)) > 13


def test_the_counter_does_not_tremble():
    with style.look():
        scene = scenes["weights"](**panels("L1", WIDE))
        Raster(scene)
        counter, renderer = scene.moving[-1], scene.figure.canvas.get_renderer()
        widths = set()
        for frame in range(FRAMES):
            scene.show(frame)
            widths.add(round(counter.get_window_extent(renderer).width))
    assert len(widths) == 1
