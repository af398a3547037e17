"""The penalties as surfaces over the plane of two weights."""

from __future__ import annotations

from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from reportgen.pictures import penalty_plane, style
from reportgen.pictures.stills import figures
from reportgen.statistics import plane


@figures.register("penalty_surfaces")
def penalty_surfaces() -> Figure:
    """Four penalties on two weights that leave one unit, each cut off where it is 1: the rim is its ball.

    The lines of a surface are its own level lines and rays from zero, so edges and corners are drawn exactly.
    """
    levels = np.linspace(0, 1, 11)
    angles = np.linspace(0, 2 * np.pi, 49)
    figure = style.blank_figure(600)
    colors = matplotlib.colormaps["viridis"]
    for index, of in enumerate(penalty_plane.SHAPES):
        axes: Any = figure.add_subplot(2, 2, index + 1, projection="3d")
        rings = np.stack([np.zeros((49, 2)), *(plane.level_line(of, level, angles) for level in levels[1:])])
        heights = np.repeat(levels[:, np.newaxis], 49, axis=1)
        surface = axes.plot_surface(
            rings[..., 0],
            rings[..., 1],
            heights,
            facecolors=colors(0.15 + 0.8 * (heights[:-1, :-1] + heights[1:, 1:]) / 2),
            rstride=1,
            cstride=1,
            linewidth=0.25,
            edgecolor="#ffffff66",
            shade=False,
        )
        surface.set_rasterized(True)  # thousands of facets are too many for an SVG
        axes.plot(*rings[-1].T, np.full(49, -0.42), color=matplotlib.rcParams["axes.edgecolor"], linewidth=1.6)
        axes.set(xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), zlim=(-0.42, 1))
        axes.set(xticks=(-1, 0, 1), yticks=(-1, 0, 1), zticks=(0, 1))
        axes.set_xlabel("w₁", labelpad=-4)
        axes.set_ylabel("w₂", labelpad=-4)
        axes.tick_params(pad=-3)
        axes.view_init(elev=27, azim=-72)
        axes.set_box_aspect((1, 1, 0.85), zoom=1.0)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_pane_color((0, 0, 0, 0))
        axes.set_title(of.title, y=0.98)
    return figure
