"""What holds for every scene; a new file in `moving` needs an entry in `SAMPLES` and nothing else."""

from io import BytesIO

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import AxesImage
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image, ImageSequence

from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.pictures import Animation, Panel, style
from reportgen.pictures.draw import rasterize, render
from reportgen.pictures.raster import Raster
from reportgen.pictures.scenes import scenes
from reportgen.training.network import Network
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory

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


def test_every_scene_has_a_sample():
    assert set(SAMPLES) == set(scenes.names())


def drawn(scene, index):
    """A frame as matplotlib itself draws it, all of it."""
    canvas = FigureCanvasAgg(scene.figure)
    scene.show(index)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy().view(np.uint32)[..., 0]


def channels(frames):
    return np.stack([frame.view(np.uint8).reshape(*frame.shape, 4)[..., :3] for frame in frames])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_frames_equal_full_drawings_and_files_show_them_in_few_colors(name, sample):
    with style.look():
        scene = scenes[name](**sample("L1"))
        raster = Raster(scene)
        exact = channels([frame.copy() for frame in raster.frames()])
        for index in (0, FRAMES // 2, FRAMES - 1, 1):
            fast = raster.frame(index).copy()
            np.testing.assert_array_equal(fast, drawn(scene, index))
    # Letters are the slowest thing to draw: a counter is all that a frame can afford.
    live = [artist for artist in raster.live if isinstance(artist, Text | Axis | Legend)]
    assert set(live) <= set(scene.moving)
    assert len(live) == 1 + (len(scene.figure.axes) if name in WITH_NUMBERS else 0)

    media = render(animation(name, sample))
    gif = iio.imread(media.files["sample.gif"], plugin="pillow", extension=".gif")[..., :3]
    assert gif.shape == exact.shape
    assert len(np.unique(gif @ [1, 256, 65536])) <= 255
    assert np.abs(gif.astype(int) - exact).max() <= 24
    error = float(((gif.astype(float) - exact) ** 2).mean())
    assert 10 * np.log10(255**2 / max(error, 1e-9)) >= (46 if name in CROSSING else 50)
    poster = iio.imread(media.files["sample.png"])[..., :3]
    # A poster has a palette too; no color may be further off than in the animation itself.
    assert np.abs(poster.astype(int) - exact[-1]).max() <= 24

    assert (media.name, media.kind, media.alt) == ("sample", "animation", f"What {name} shows")
    assert (media.file, media.dark, media.poster) == ("sample.gif", None, "sample.png")
    assert (media.height, media.width) == exact.shape[1:3]
    assert (media.height % 2, media.width % 2) == (0, 0), "videos halve the resolution of color"
    assert len(media.files["sample.gif"]) <= 1_000_000
    image = Image.open(BytesIO(media.files["sample.gif"]))
    assert image.info["loop"] == 0
    durations = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
    assert (len(durations), sum(durations)) == (FRAMES, 5000)
    assert durations[-1] >= 1200


def test_the_same_animation_gives_the_same_bytes():
    item = animation("weights", SAMPLES["weights"][1])

    assert render(item).files == render(item).files


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_no_title_leaves_the_picture(name, sample):
    for text in ("$x^{$ <b> _", "W" * 80, ""):
        with style.look():
            scene = scenes[name](**sample(text))
            Raster(scene)
            # The moving artists may be anywhere inside their axes, which clip them.
            placed = scene.figure.texts + scene.figure.axes + scene.figure.legends
            renderer = scene.figure.canvas.get_renderer()
            boxes = np.array([a.get_tightbbox(renderer).extents for a in placed if a not in scene.moving])
        assert boxes.min() >= -0.5, text
        assert (boxes[:, 2:] <= scene.figure.get_size_inches() * 96 + 0.5).all(), text


def test_one_record_makes_one_frame():
    for name in SAMPLES.keys() - {"constraint_path"}:
        with style.look():
            raster = Raster(scenes[name](**panels("L1", FIRST)))
        assert raster.count == 1, name
        assert len(np.unique(raster.frame(0))) > 2, name


def test_scenes_side_by_side_show_their_own_frames_with_one_counter():
    inputs = panels("L1", WIDE, WIDE)
    with style.look():
        mosaic = rasterize(Animation(name="sample", scenes=("weights", "fit"), inputs=inputs, alt=""))
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


def test_a_single_weight_is_a_large_square_and_a_thin_matrix_can_be_seen():
    def sizes(trajectory):
        with style.look():
            scene = scenes["weights"](**panels("L1", trajectory))
        return [image.axes.get_position().size * (640, 480) for image in scene.moving if isinstance(image, AxesImage)]

    width, height = sizes(SMALL)[3]
    assert width == pytest.approx(height)
    assert width > 120
    assert min(map(min, sizes(LARGE))) > 13


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
