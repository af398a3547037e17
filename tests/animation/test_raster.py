"""Scenes made to be difficult: what lies above, beside and across the moving artists."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from reportgen.animation.raster import Raster
from reportgen.figures import style


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


@pytest.mark.parametrize(
    "draw",
    [
        under_a_line_and_a_legend,
        between_grid_lines_on_top,
        a_map_that_ends_between_pixels,
        a_map_half_seen,
        a_label_across_two_axes,
    ],
)
def test_blitting_is_exact(draw):
    with style.look():
        scene = Scene(draw)
        raster = Raster(scene)
        for index in (0, 3, 4, 1):
            fast = raster.frame(index).copy()
            scene.figure.canvas.draw()
            full = np.asarray(scene.figure.canvas.buffer_rgba())
            np.testing.assert_array_equal(fast.view(np.uint8).reshape(full.shape), full)
