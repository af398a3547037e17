from reportgen.penalties import _FREE_COLORS, Look, penalties
from reportgen.pictures import style
from reportgen.pictures.colors import ROLES
from reportgen.store.keys import template_folder


def contrast(one, other):
    """The ratio of WCAG 2."""
    light = []
    for color in (one, other):
        channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])
    return (max(light) + 0.05) / (min(light) + 0.05)


def test_no_two_roles_share_a_color():
    # Replacing one would else replace the other.
    assert len({role.light for role in ROLES.values()}) == len(ROLES)
    assert len({*style.DARK, *style.DARK.values()}) == 2 * len(style.DARK)


def test_the_page_has_the_colors_of_the_roles():
    light, dark = (template_folder() / "static" / "article.css").read_text("utf-8").split("@media", 2)[:2]
    for name, role in ROLES.items():
        assert f"--{name}: {role.light};" in light
        assert f"--{name}: {role.dark};" in (dark if role.dark != role.light else light)


def test_letters_and_marks_stand_out():
    paper = style.DARK[style.PAPER]
    for role in (style.INK, style.MUTED):
        assert contrast(role, style.PAPER) >= 4.5
        assert contrast(style.DARK[role], paper) >= 4.5
    colors = [style.arm_style({}, place).color for place in range(7)]
    assert min(contrast(style.DARK.get(color, color), paper) for color in colors) >= 3


def test_every_penalty_has_a_color_that_stands_out_on_a_dark_page():
    for name in penalties.names():
        color = style.arm_style(penalties[name].look("subgradient").arm).color
        assert contrast(style.DARK.get(color, color), style.DARK[style.PAPER]) >= 3
    for color in _FREE_COLORS:
        assert contrast(style.arm_style(Look("", color).arm).color, style.DARK[style.PAPER]) >= 3
