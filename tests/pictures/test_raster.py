"""Scenes made to be difficult: what lies above, beside and across the moving artists."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from reportgen.pictures import style
from reportgen.pictures.raster import Raster


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


def a_label_across_two_axes(figure):
    axes = figure.subplots(1, 2)
    (moving,) = axes[0].plot([0, 1], [0, 1], linewidth=5, clip_on=False)
    label = figure.text(0.5, 0.5, "0", fontsize=30)

    def show(frame):
        moving.set_ydata([frame, 1])
        label.set_text("0" * frame)

    return [moving, label], show


def a_label_that_grows(figure):
    label = figure.text(0.05, 0.5, "", fontsize=14)
    return [label], lambda frame: label.set_text("1" if frame in (0, 2, 4) else "1" * 12 * frame)


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
    a_map_under_a_frame_and_numbers,
    a_label_across_two_axes,
    a_label_that_grows,
    points_that_leave_their_axes,
]


def assert_exact(scene, raster, indices):
    for index in indices:
        fast = raster.frame(index).copy()
        scene.figure.canvas.draw()
        full = np.asarray(scene.figure.canvas.buffer_rgba())
        np.testing.assert_array_equal(fast.view(np.uint8).reshape(full.shape), full)


def test_blitting_is_exact():
    for draw in DIFFICULT:
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


def test_digits_are_copied_and_equal_a_full_drawing(monkeypatch):
    drawn, draw = [], Text.draw
    monkeypatch.setattr(Text, "draw", lambda text, renderer: (drawn.append(text), draw(text, renderer)))
    figure_space, comma_space = "\u2007", "\u2008"
    numbers = [f"{7 * number:,}" for number in range(240)]
    blanks = f"{figure_space}{comma_space}{figure_space * 3}"
    with style.look():
        scene = counting([f"step {blanks[: 5 - len(number)]}{number}" for number in numbers], alpha=0.5, color="C3")
        raster = Raster(scene)
        drawn.clear()
        for _ in raster.frames():
            pass
        assert len(drawn) <= 45  # each digit in each place once, and not 240 times
        assert_exact(scene, raster, range(0, 240, 6))


@pytest.mark.filterwarnings("ignore:Glyph .* missing from font")
def test_letters_that_cannot_be_copied_are_drawn():
    for texts in [
        ["AVAVA", "VAVAV", "AAVVA", "VVAAV", "WAWAW"] * 2,  # letters that move together
        ["", "1", "", "22", "333"],
        ["one\ntwo", "two\none", "one\none", "six\nsix", "one\ntwo"],
        ["$1_2$", "$2^1$", "$1_1$", "$2_2$", "$1_2$"],
        ["\u4e00\u4e8c", "12", "1\u4e00", "\u4e8c1", "21"],  # letters that the font has not
    ]:
        with style.look():
            scene = counting(texts, fontsize=15, fontstyle="italic")
            assert_exact(scene, Raster(scene), [0, 1, 2, 3, 4, 0, 2, 1, 4, 3])
