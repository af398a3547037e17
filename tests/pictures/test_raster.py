"""Scenes made to be difficult: what lies above, beside and across the moving artists."""

import tracemalloc
from io import BytesIO

import numpy as np
import pytest
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from reportgen.pictures import Panel, style
from reportgen.pictures.deltas import write_all
from reportgen.pictures.formats.apng import Apng
from reportgen.pictures.formats.gif import Gif
from reportgen.pictures.palette import Palette
from reportgen.pictures.raster import Mosaic, Raster
from reportgen.pictures.scenes import scenes
from reportgen.training.run import Run
from reportgen.training.trajectory import Trajectory


class Scene:
    """Moves `artist` by calling `move` on a figure made by `draw`."""

    frames = 5

    def __init__(self, draw):
        self.figure = Figure(figsize=(3, 2.2))
        self.moving, self.show = draw(self.figure)


def under_a_line_and_a_legend(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    (moving,) = axes.plot([0, 1], [0, 1], linewidth=5, zorder=1)
    axes.plot([0, 1], [1, 0], "k", linewidth=3, alpha=0.5, label="still", zorder=3)
    axes.legend(loc="center", framealpha=0.5)
    axes.text(0.5, 0.2, "above the legend", zorder=9, bbox={"alpha": 0.4})
    return [moving], lambda frame: moving.set_ydata([frame / 4, 1 - frame / 4])


def between_grid_lines_on_top(figure):
    axes = figure.subplots()
    axes.set_axisbelow(False)
    axes.grid(visible=True)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    (moving,) = axes.plot([0, 1], [0, 1], linewidth=5)
    return [moving], lambda frame: moving.set_ydata([frame / 4, 1 - frame / 4])


def a_map_that_ends_between_pixels(figure):
    axes = figure.add_axes((0.1234, 0.2345, 0.531, 0.617))
    values = np.random.default_rng(0).normal(size=(5, 7, 3))
    image = axes.imshow(values[0], vmin=-2, vmax=2, cmap=style.SIGNED, aspect="auto")
    return [image], lambda frame: image.set_data(values[frame])


def a_map_half_seen(figure):
    moving, show = a_map_that_ends_between_pixels(figure)
    moving[0].set_alpha(0.5)
    return moving, show


def a_label_across_two_axes(figure):
    axes = figure.subplots(1, 2)
    (moving,) = axes[0].plot([0, 1], [0, 1], linewidth=5, clip_on=False)
    label = figure.text(0.5, 0.5, "0", fontsize=30)

    def show(frame):
        moving.set_ydata([frame, 1])
        label.set_text("0" * frame)

    return [moving, label], show


def a_label_that_moves(figure):
    label = figure.text(0.1, 0.1, "here", fontsize=14)
    return [label], lambda frame: label.set_position((0.1 + frame / 10, 0.1 + frame / 9))


def a_label_that_grows(figure):
    label = figure.text(0.05, 0.5, "", fontsize=14)
    return [label], lambda frame: label.set_text("1" if frame in (0, 2, 4) else "1" * 12 * frame)


def a_label_in_many_colors(figure):
    label = figure.text(0.1, 0.1, "here", fontsize=14)
    return [label], lambda frame: label.set_color(f"C{frame}")


def a_label_in_the_middle(figure):
    label = figure.text(0.5, 0.5, "", fontsize=14, ha="center", va="center", rotation=30)
    return [label], lambda frame: label.set_text("Wi" * frame)


def points_that_leave_their_axes(figure):
    axes = figure.subplots()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    points = axes.scatter([0.5, 1], [0.5, 1], s=400, clip_on=False, alpha=0.6)
    return [points], lambda frame: points.set_offsets([[frame / 3, 0.5], [1, frame / 3]])


def a_map_under_a_frame_and_numbers(figure):
    axes = figure.subplots()
    values = np.random.default_rng(0).normal(size=(5, 6, 6))
    values[3, 2:4, 1] = np.nan
    axes.grid(visible=False)
    image = axes.imshow(values[0], vmin=-2, vmax=2, cmap=style.SIGNED)
    axes.text(2, 2, "7", fontsize=20, alpha=0.5)
    return [image], lambda frame: image.set_data(values[frame])


DIFFICULT = [
    under_a_line_and_a_legend,
    between_grid_lines_on_top,
    a_map_that_ends_between_pixels,
    a_map_half_seen,
    a_map_under_a_frame_and_numbers,
    a_label_across_two_axes,
    a_label_that_moves,
    a_label_that_grows,
    a_label_in_many_colors,
    a_label_in_the_middle,
    points_that_leave_their_axes,
]


def assert_exact(scene, raster, indices):
    for index in indices:
        fast = raster.frame(index).copy()
        scene.figure.canvas.draw()
        full = np.asarray(scene.figure.canvas.buffer_rgba())
        np.testing.assert_array_equal(fast.view(np.uint8).reshape(full.shape), full)


@pytest.mark.parametrize("draw", DIFFICULT)
def test_blitting_is_exact(draw):
    for scale in (1, 2):
        with style.look():
            scene = Scene(draw)
            raster = Raster(scene, scale)
            assert raster.frame(0).shape == (211 * scale, 288 * scale)
            assert_exact(scene, raster, (0, 3, 4, 1, 2, 3))


def counting(texts, **look):
    """A scene that shows one text after another."""

    def draw(figure):
        label = figure.text(0.1, 0.5, "", **look)
        return [label], lambda frame: label.set_text(texts[frame])

    scene = Scene(draw)
    scene.frames = len(texts)
    return scene


@pytest.fixture
def drawn(monkeypatch):
    """Every text that matplotlib draws."""
    texts, draw = [], Text.draw

    def counted(text, renderer):
        texts.append(text.get_text())
        draw(text, renderer)

    monkeypatch.setattr(Text, "draw", counted)
    return texts


@pytest.mark.parametrize("look", [{}, {"fontsize": 17, "alpha": 0.5, "color": "C3"}])
def test_digits_are_copied_and_equal_a_full_drawing(drawn, look):
    figure_space, comma_space = "\u2007", "\u2008"
    numbers = [f"{7 * number:,}" for number in range(240)]
    blanks = f"{figure_space}{comma_space}{figure_space * 3}"
    texts = [f"step {blanks[: 5 - len(number)]}{number}" for number in numbers]
    for scale in (1, 2):
        with style.look():
            scene = counting(texts, **look)
            raster = Raster(scene, scale)
            drawn.clear()
            for _ in raster.frames():
                pass
            assert len(drawn) <= 45  # each digit in each place once, and not 240 times
            assert_exact(scene, raster, range(0, 240, 6))


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_letters_that_cannot_be_copied_are_drawn():
    for texts in [
        ["AVAVA", "VAVAV", "AAVVA", "VVAAV", "WAWAW"] * 2,  # letters that move together
        ["fluffy", "office", "fifths", "waffle", "finish"] * 2,
        ["", "1", "", "22", "333"],
        ["one\ntwo", "two\none", "one\none", "six\nsix", "one\ntwo"],
        ["$1_2$", "$2^1$", "$1_1$", "$2_2$", "$1_2$"],
        ["\u4e00\u4e8c", "12", "1\u4e00", "\u4e8c1", "21"],  # letters that the font has not
    ]:
        for style_of_font in ("normal", "italic"):
            with style.look():
                scene = counting(texts, fontsize=15, fontstyle=style_of_font)
                assert_exact(scene, Raster(scene), [0, 1, 2, 3, 4, 0, 2, 1, 4, 3])


def test_a_frame_does_not_draw_what_only_seems_to_lie_above(drawn):
    with style.look():
        scene = Scene(a_map_under_a_frame_and_numbers)
        raster = Raster(scene)
        drawn.clear()
        raster.frame(2)
    assert not any(isinstance(artist, Axis) for artist in raster.live)
    assert drawn == ["7"]


def test_scenes_side_by_side_are_each_as_alone():
    with style.look():
        scenes = [Scene(draw) for draw in (a_map_that_ends_between_pixels, a_label_that_moves, a_label_that_grows)]
        mosaic = Mosaic([Raster(scene) for scene in scenes])
        for index in (0, 4, 1, 2):
            sheet = mosaic.frame(index).copy()
            for scene, part in zip(scenes, np.split(sheet, 3, axis=1), strict=True):
                scene.figure.canvas.draw()
                full = np.asarray(scene.figure.canvas.buffer_rgba())
                np.testing.assert_array_equal(np.ascontiguousarray(part).view(np.uint8).reshape(full.shape), full)


def test_places_hold_all_that_changes():
    with style.look():
        raster = Raster(Scene(a_map_under_a_frame_and_numbers))
        first = raster.frame(0).copy()
        changed = first != raster.frame(3)
        for place in raster.places:
            changed[place.pixels] = False
    assert not changed.any()


def panels(frames):
    """One network whose weights fade."""
    run = Run()
    kernels, biases = run.initial_weights()
    fade = np.linspace(1, 0, frames, dtype=np.float32)
    trajectory = Trajectory(
        source=run,
        steps=np.arange(frames, dtype=np.int32) * 40,
        kernels=tuple(fade[:, None, None] * kernel for kernel in kernels),
        biases=tuple(fade[:, None] * bias for bias in biases),
        loss=None,
        penalty=None,
    )
    return (Panel(title="L1", trajectory=trajectory),)


@pytest.mark.parametrize(("name", "scale"), [("weights", 1), ("fit", 2)])
def test_colors_are_near_and_those_of_letters_nearer(name, scale):
    with style.look():
        scene = scenes[name](panels(12))
        raster = Raster(scene, scale)
        palette = Palette.from_frames(raster.frames(range(0, 12, 2)), raster.colormap)
        letters = np.zeros(raster.frame(0).shape, np.bool_)
        for text in scene.figure.findobj(Text):
            if text.get_visible() and text.get_text():
                left, low, right, high = text.get_window_extent(scene.figure.canvas.get_renderer()).extents
                letters[::-1][round(low) : round(high), round(left) : round(right)] = True
        for frame in raster.frames():
            exact = frame.copy().view(np.uint8).reshape(*frame.shape, 4)[..., :3].astype(int)
            off = np.abs(palette.colors[palette.indices(frame)] - exact).max(axis=-1)
            assert off.max() <= 18
            assert off[letters].max() <= 6


class Nowhere(BytesIO):
    def write(self, data):
        return len(data)


def test_thousands_of_frames_need_no_more_memory_than_hundreds():
    def peak(count):
        with style.look():
            texts = [f"{number:05}" for number in range(count)]
            scene = counting(texts, fontsize=9)
            scene.figure.set_size_inches(0.8, 0.3)
            raster = Raster(scene)
            for _ in raster.frames(range(100)):
                pass
            palette = Palette.from_frames(raster.frames(range(0, 100, 10)), raster.colormap)
            writers = [(kind, Nowhere()) for kind in (Gif(), Apng())]
            tracemalloc.start()
            write_all(writers, raster.frames(range(100, count)), palette, [2] * (count - 100))
            _, highest = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return highest

    # More are the list of delays, and the digits of thousands; one frame kept would be 9 kB.
    assert peak(2_000) < 1.2 * peak(300) + 2_000 * 8 + 60_000
