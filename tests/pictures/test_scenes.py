"""What holds for every scene; a new file in `moving` needs an entry in `SAMPLES` and nothing else."""

import dataclasses
import itertools
import re
import xml.etree.ElementTree as ET
from io import BytesIO

import imageio.v3 as iio
import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.legend import Legend
from matplotlib.text import Text
from PIL import Image, ImageSequence

from reportgen.datasets.moons import Moons
from reportgen.datasets.sparse_linear import SparseLinear
from reportgen.experiment.animation_settings import AnimationColors, AnimationSettings, AnimationWords
from reportgen.pictures import scene_look, style
from reportgen.pictures.composition import rasterize
from reportgen.pictures.draw import LARGEST_STILL, render
from reportgen.pictures.picture import Animation, Panel, PictureLook
from reportgen.pictures.raster import Raster
from reportgen.pictures.scenes import scenes
from reportgen.training.network import Network
from reportgen.training.run import Run, Training
from reportgen.training.trajectory import Trajectory

FRAMES = 6
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


def panels(text, *trajectories):
    return {"panels": tuple(Panel(title=text, trajectory=t) for t in trajectories)}


CLASSES = Run(data=Moons(), network=Network(hidden=(6,)), training=Training(loss="logistic"))
PLANE = trajectory(*CLASSES.shapes, source=CLASSES)


SAMPLES = {
    "boundary": [lambda text: panels(text, PLANE), lambda text: panels(text, PLANE, PLANE)],
    "column_path": [
        lambda text: {
            "strengths": np.geomspace(2, 0.01, FRAMES),
            "coefficients": np.linspace(0, 1, FRAMES)[:, None] * np.linspace(-2, 3, 14),
            "names": [f"{text} {i}" for i in range(14)],
            "chosen": 0.1,
        }
    ],
    "constraint_path": [lambda text: {"strengths": np.linspace(0, 2.4, FRAMES)}],
    "fit": [lambda text: panels(text, *[WIDE] * 4)],
    "histogram": [lambda text: panels(text, WIDE), lambda text: panels(text, LARGE, FILTERS, DIVERGED, ZERO, ONE)],
    "network": [lambda text: panels(text, SMALL, LARGE), lambda text: panels(text, DIVERGED, ZERO, ONE, DEEP, WIDE)],
    "paths": [lambda text: panels(text, WIDE), lambda text: panels(text, LARGE, FILTERS, DIVERGED, ZERO, ONE, DEEP)],
    "predicted": [lambda text: panels(text, SEVERAL, WIDE), lambda text: panels(text, PLANE)],
    "singular_values": [lambda text: panels(text, LARGE, FILTERS, DIVERGED, ZERO, ONE, DEEP)],
    "weights": [
        lambda text: panels(text, WIDE, SMALL),
        lambda text: panels(text, LARGE, DIVERGED, DEEP, FILTERS, ZERO, ONE),
    ],
}
WITH_NUMBERS = {"histogram", "predicted"}
"""Scenes that tell a number above every panel; each costs a frame as much as the counter."""
CROSSING = {"network", "paths"}
"""Scenes of thin lines that cross: more shades at their edges than a palette holds."""
# Every registered scene needs a sample.
CASES = [
    pytest.param(name, sample, id=f"{name}-{i}") for name in scenes.names() for i, sample in enumerate(SAMPLES[name])
]


def animation(name, sample, text="L1"):
    return Animation(name="sample", scenes=(name,), inputs=sample(text), alt=f"What {name} shows")


def drawn(scene, index):
    """A frame as matplotlib itself draws it, all of it."""
    canvas = scene_look.SceneCanvas(scene.figure)
    scene.show(index)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy().view(np.uint32)[..., 0]


def channels(frames):
    return np.stack([frame.view(np.uint8).reshape(*frame.shape, 4)[..., :3] for frame in frames])


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "sample"), CASES)
def test_frames_equal_full_drawings_and_files_show_them_in_few_colors(name, sample):
    with scene_look.use(PictureLook()):
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
    assert np.abs(poster.astype(int) - exact[-1]).max() <= 24, "no color further off than in the animation itself"

    assert (media.file, media.poster) == ("sample.gif", "sample.png")
    if media.still:
        drawing = ET.fromstring(media.files[media.still])
        assert [int(drawing.get(side)) for side in ("width", "height")] == [media.width, media.height]
        assert len(media.files[media.still]) <= LARGEST_STILL
    else:
        assert name in CROSSING, "the last frame is too large to be drawn in a page"
    assert (media.height, media.width) == exact.shape[1:3]
    assert (media.height % 2, media.width % 2) == (0, 0), "videos halve the resolution of color"
    assert len(media.files["sample.gif"]) <= 1_000_000
    image = Image.open(BytesIO(media.files["sample.gif"]))
    assert image.info["loop"] == 0
    durations = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
    assert (len(durations), sum(durations)) == (FRAMES, 5000)
    assert durations[-1] >= 1200


def test_no_title_leaves_the_picture():
    for (name, sample), text in itertools.product([case.values for case in CASES], ("$x^{$ <b> _", "W" * 80)):
        with scene_look.use(PictureLook()):
            scene = scenes[name](**sample(text))
            Raster(scene)
            # The moving artists may be anywhere inside their axes, which clip them.
            placed = scene.figure.texts + scene.figure.axes + scene.figure.legends
            renderer = scene.figure.canvas.get_renderer()
            boxes = np.array([a.get_tightbbox(renderer).extents for a in placed if a not in scene.moving])
        assert boxes.min() >= -0.5, (name, text)
        assert (boxes[:, 2:] <= scene.figure.get_size_inches() * 96 + 0.5).all(), (name, text)


def test_scenes_of_one_network_are_side_by_side_and_those_of_several_in_rows_with_one_counter():
    for networks, room, places in (
        (1, (scene_look.WIDTH // 2, 0), [(0, 0), (scene_look.WIDTH // 2, 0)]),
        (2, (scene_look.WIDTH, 0), [(0, 0), (0, None)]),
    ):
        inputs = panels("L1", *[WIDE] * networks)
        with scene_look.use(PictureLook()):
            mosaic = rasterize(Animation(name="sample", scenes=("weights", "fit"), inputs=inputs, alt=""))
            with scene_look.room(*room):
                parts = [scenes["weights"](**inputs), scenes["fit"](**inputs, counter=False)]
            assert sum(isinstance(artist, Text) for part in parts for artist in part.moving) == 1
            for index in (0, 5, FRAMES - 1):
                sheet = mosaic.frame(index)
                for part, (left, top) in zip(parts, places, strict=True):
                    full = drawn(part, index)
                    high, wide = full.shape
                    top = sheet.shape[0] - high if top is None else top
                    np.testing.assert_array_equal(sheet[top : top + high, left : left + wide], full)
            assert sheet.shape[1] == scene_look.WIDTH


OWN = AnimationSettings(
    width=700,
    height=500,
    theme="dark",
    colors=AnimationColors(paper="#10203a", ink="#f0e8d8", positive="#e0a030", negative="#30c0a0"),
)


@pytest.mark.parametrize(("name", "sample"), CASES)
def test_frames_follow_size_and_colors_and_still_equal_full_drawings(name, sample):
    with scene_look.use(PictureLook(animation=OWN)):
        raster = rasterize(animation(name, sample))
        parts = [raster] if isinstance(raster, Raster) else raster._parts
        frames = {index: raster.frame(index).copy() for index in (0, FRAMES // 2, FRAMES - 1)}
        for part in parts:
            for index in (0, FRAMES // 2, FRAMES - 1):
                np.testing.assert_array_equal(part.frame(index), drawn(part._scene, index))
    for frame in frames.values():
        assert frame.shape == (500, 700)
        colors = channels([frame])[0].reshape(-1, 3)
        assert (colors[[0, -1]] == (0x10, 0x20, 0x3A)).all()
        usual = [tuple(bytes.fromhex(color[1:])) for color in (style.PAPER, style.INK, style.MUTED, style.GRID)]
        for color in usual:
            assert not (colors == color).all(axis=1).any(), "a color that was not replaced"


def smallest_text(figure):
    """The height of the smallest visible text, in CSS pixels."""
    return min(
        text.get_fontsize() / 0.75 for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()
    )


def test_all_text_can_be_read_on_a_telephone():
    # The column of text is 328 pixels wide on a telephone that is 360 wide.
    for name, sample in [case.values for case in CASES]:
        with scene_look.use(PictureLook()):
            scene = scenes[name](**sample("L1"))
            shown = 328 / (scene.figure.get_size_inches()[0] * 96)
            for frame in (0, FRAMES - 1):
                scene.show(frame)
                assert shown * smallest_text(scene.figure) >= 9, (name, frame)


@pytest.mark.parametrize("size", [(320, 240), (640, 480), (1920, 1080), (1080, 1080)])
def test_whatever_the_size_all_of_the_picture_is_filled_and_nothing_leaves_it(size):
    for name, sample in [case.values for case in CASES]:
        if name == "constraint_path":
            continue  # it has a shape of its own
        settings = AnimationSettings(width=size[0], height=size[1])
        with scene_look.use(PictureLook(animation=settings)):
            raster = rasterize(animation(name, sample, "a title with several words"))
            assert isinstance(raster, Raster), "no margin around it"
            assert raster.frame(0).shape == size[::-1]
            figure = raster._scene.figure
            placed = figure.texts + figure.axes + figure.legends
            renderer = figure.canvas.get_renderer()
            boxes = np.array([a.get_tightbbox(renderer).extents for a in placed if a not in raster._scene.moving])
            assert boxes.min() >= -1, (name, size)
            assert (boxes[:, 2:] <= np.array(size) + 1).all(), (name, size)


def test_words_of_the_author_replace_ours():
    ours = dataclasses.asdict(AnimationWords())
    said = AnimationWords(**{word: f"W{i}" for i, word in enumerate(ours)})
    with scene_look.use(PictureLook(animation=AnimationSettings(words=said))):
        shown = set()
        for name, sample in [case.values for case in CASES]:
            scene = scenes[name](**sample(""))
            scene.show(0)
            shown |= {text.get_text() for text in scene.figure.findobj(Text)}
    words = set(re.findall(r"[^\W\d_]{2,}", " ".join(shown)))
    # What remains is of the data and of mathematics: classes, the names of layers, which may be cut, the weights w₁ and
    # w₂.
    of_data = rf"{'|'.join(CLASSES.draw().classes)}|W+$|conv|con$|normal|log$|w[₁₂]$"
    assert [word for word in sorted(words) if not re.match(of_data, word)] == []
    texts = " ".join(shown)
    unused = [word for i, word in enumerate(ours) if not re.search(rf"W{i}\b", texts)]
    assert set(unused) <= {"no_penalty", "by_plain_gradient", "seed"}, "these are in titles that `animate` makes"
