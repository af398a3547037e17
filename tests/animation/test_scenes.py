"""What holds for every scene; a new file in `moving` needs an entry in `SAMPLES` and nothing else."""

from functools import cache
from io import BytesIO

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image

from reportgen.animation.draw import rasterized, render
from reportgen.animation.raster import Raster
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.figures import Animation, Panel, scenes, style
from reportgen.network import Network
from reportgen.run import Run
from reportgen.trajectory import Trajectory

FRAMES = 12
RNG = np.random.default_rng(0)
STEPS = np.linspace(0, 4000, FRAMES).astype(np.int32)


def trajectory(*shapes, source=None, layers=()):
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
        layers=layers,
    )


CURVE = Run()
WIDE = trajectory(*CURVE.shapes, source=CURVE)
SMALL = trajectory((1, 10), (10, 10), (10, 1), (1, 1))
# Cells narrower than a pixel, and weights that are no numbers.
LARGE, DIVERGED = trajectory((3, 700), (700, 2), (2, 2)), trajectory((2, 3))
DIVERGED.kernels[0][4:] = np.nan
DIVERGED.kernels[0][2, 0] = np.inf, -np.inf, 1
FILTERS = trajectory((3, 3, 2, 4), (5, 4, 6), (5, 5, 64, 64), (7,), layers=("conv2d", "W" * 60, "$x_", "normalization"))
DEEP = trajectory(*[(4, 4)] * 12)
ZERO, ONE = trajectory((2, 3), (3, 1)), trajectory((1, 1))
ZERO.kernels[0][:], ZERO.kernels[1][:] = 0, 0
MANY = Run(data=SparseLinear(inputs=5, relevant=2, samples=40, test_samples=500), network=Network(hidden=(3,)))
SEVERAL = trajectory(*MANY.shapes, source=MANY)
FIRST = WIDE.only(np.array([0]))


def panels(text, *trajectories):
    return {"panels": tuple(Panel(title=text, trajectory=t) for t in trajectories)}


SAMPLES = {
    "constraint_path": [lambda text: {"strengths": np.linspace(0, 2.4, FRAMES)}],
    "fit": [lambda text: panels(text, WIDE), lambda text: panels(text, *[WIDE] * 4)],
    "histogram": [
        lambda text: panels(text, WIDE),
        lambda text: panels(text, LARGE, FILTERS, DIVERGED, ZERO, ONE),
    ],
    "network": [
        lambda text: panels(text, WIDE),
        lambda text: panels(text, SMALL, LARGE),
        lambda text: panels(text, DIVERGED, ZERO, ONE, DEEP, WIDE),
    ],
    "paths": [
        lambda text: panels(text, WIDE),
        lambda text: panels(text, LARGE, FILTERS, DIVERGED, ZERO, ONE, DEEP),
    ],
    "predicted": [lambda text: panels(text, WIDE), lambda text: panels(text, SEVERAL, WIDE)],
    "singular_values": [
        lambda text: panels(text, WIDE),
        lambda text: panels(text, LARGE, FILTERS, DIVERGED, ZERO, ONE, DEEP),
    ],
    "weights": [
        lambda text: panels("", WIDE),
        lambda text: panels(text, WIDE, SMALL),
        lambda text: panels(text, WIDE, LARGE, DIVERGED),
        lambda text: panels(text, FILTERS),
        lambda text: panels(text, DEEP, FILTERS, ZERO, ONE),
    ],
}
WITH_NUMBERS = {"histogram", "predicted"}
"""Scenes that tell a number above every panel; each costs a frame as much as the counter."""
CROSSING = {"network", "paths"}
"""Scenes of thin lines that cross: more shades at their edges than a palette holds."""
CASES = [pytest.param(name, sample, id=f"{name}-{i}") for name in SAMPLES for i, sample in enumerate(SAMPLES[name])]


def animation(name, sample, text="L1"):
    return Animation(name="sample", scenes=(name,), inputs=sample(text), alt=f"What {name} shows")


@cache
def rendered(name, sample):
    return render(animation(name, sample))


def test_every_scene_has_a_sample():
    assert set(SAMPLES) == set(scenes.names())


def drawn(scene, index):
    """A frame as matplotlib itself draws it, all of it."""
    canvas = FigureCanvasAgg(scene.figure)
    scene.show(index)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy().view(np.uint32)[..., 0]


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_a_frame_equals_a_full_drawing(name, sample):
    with style.look():
        scene = scenes[name](**sample("L1"))
        raster = Raster(scene)
        for index in (0, FRAMES // 2, FRAMES - 1, 1):
            fast = raster.frame(index).copy()
            np.testing.assert_array_equal(fast, drawn(scene, index))


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
    assert 10 * np.log10(255**2 / max(error, 1e-9)) >= (46 if name in CROSSING else 50)


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
        placed = scene.figure.texts + scene.figure.axes + scene.figure.legends
        drawn = [a for a in placed if a not in scene.moving]
        boxes = [a.get_tightbbox(scene.figure.canvas.get_renderer()).extents for a in drawn]
    width, height = scene.figure.get_size_inches() * 96

    assert min(box[:2].min() for box in boxes) >= -0.5
    assert max(box[2] for box in boxes) <= width + 0.5
    assert max(box[3] for box in boxes) <= height + 0.5


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_letters_that_stand_still_are_drawn_once(name, sample):
    # They are the slowest thing to draw: a counter is all that a frame can afford.
    with style.look():
        scene = scenes[name](**sample("L1"))
        live = [artist for artist in Raster(scene).live if isinstance(artist, Text | Axis | Legend)]
    numbers = len(scene.figure.axes) if name in WITH_NUMBERS else 0

    assert set(live) <= set(scene.moving)
    assert len(live) == 1 + numbers


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_sizes_are_even(name, sample):
    # Videos halve the resolution of colour.
    with style.look():
        size = scenes[name](**sample("L1")).figure.get_size_inches() * 96

    np.testing.assert_allclose(size % 2, 0, atol=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_odd_weights_are_drawn_without_a_warning(name, sample):
    with style.look():
        raster = Raster(scenes[name](**sample("L1")))
        for _ in raster.frames():
            pass


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "constraint_path"])
def test_one_record_makes_one_frame(name):
    with style.look():
        raster = Raster(scenes[name](**panels("L1", FIRST)))

    assert raster.count == 1
    assert len(np.unique(raster.frame(0))) > 2


def test_scenes_side_by_side_show_their_own_frames_with_one_counter():
    inputs = panels("L1", WIDE, WIDE)
    with style.look():
        mosaic = rasterized(Animation(name="sample", scenes=("weights", "fit"), inputs=inputs, alt=""))
        parts = [scenes["weights"](**inputs), scenes["fit"](**inputs, counter=False)]
        assert sum(isinstance(artist, Text) for part in parts for artist in part.moving) == 1
        for index in (0, 5, FRAMES - 1):
            sheet, left = mosaic.frame(index), 0
            for part in parts:
                full = drawn(part, index)
                high, wide = full.shape
                np.testing.assert_array_equal(sheet[:high, left : left + wide], full)
                left += wide
    assert left == sheet.shape[1]


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
