"""Colors of pictures by role, on a light and on a dark page. They need no matplotlib, as pages need none."""

from __future__ import annotations

from typing import NamedTuple


class Role(NamedTuple):
    """The two colors of one role."""

    light: str
    dark: str


ROLES = {
    "paper": Role("#ffffff", "#14171c"),
    "ink": Role("#1f2328", "#dfe3e8"),
    "muted": Role("#59636e", "#a3acb7"),
    "grid": Role("#e2e5e9", "#343a43"),
    "blue": Role("#0072b2", "#4aa3e0"),
    "sky": Role("#56b4e9", "#56b4e9"),
    "vermillion": Role("#d55e00", "#f07f3c"),
    "green": Role("#009e73", "#2fbf94"),
    "purple": Role("#cc79a7", "#cc79a7"),
    "orange": Role("#e69f00", "#e69f00"),
    "gray": Role("#7d858e", "#7d858e"),
}
"""By the name of the variable that has the color in `templates/static/article.css`. No two roles share a color of a
light page, so a drawing can be made in these and changed afterwards."""

PAPER, INK, MUTED, GRID, BLUE, SKY, VERMILLION, GREEN, PURPLE, ORANGE, GRAY = (role.light for role in ROLES.values())

DARK = {role.light: role.dark for role in ROLES.values() if role.light != role.dark}
"""The color on a dark page by that on a light one. Other colors have enough contrast on both."""
