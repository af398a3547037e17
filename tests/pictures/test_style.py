import matplotlib
from matplotlib.figure import Figure

from reportgen.penalties import _FREE_COLORS, COLORS, Look, penalties
from reportgen.penalties.none import NoPenalty
from reportgen.pictures import style


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
    assert len({*style.DARK, *style.DARK.values()}) == 2 * len(style.DARK)


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


def test_colors_have_the_names_that_penalties_give_them():
    assert [style.arm_style(place).color for place in range(len(COLORS))] == [getattr(style, c.upper()) for c in COLORS]


def test_a_color_that_has_no_name_keeps_its_marker_and_dash():
    mine = style.arm_style("#44aa99")

    assert mine == style.arm_style({"arm": "#44aa99"}, 3)
    assert mine.color == "#44aa99"


def test_an_arm_keeps_its_own_style_wherever_it_stands():
    assert style.arm_style({"arm": 3}, 0) == style.arm_style({"arm": 3}, 5) == style.arm_style(3)
    assert style.arm_style(NoPenalty.look().arm).color == style.GRAY, "the baseline"
    assert len({style.arm_style({}, place) for place in range(40)}) == 40


def test_numbers_read_as_written_by_hand():
    for value, text in [
        (0, "0"),
        (12.5, "12.5"),
        (1200, "1,200"),
        (-4, "−4"),
        (6.917, "6.92"),
        (1.5e-9, "1.5·10⁻⁹"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
    ]:
        assert style.number(value) == text


def test_a_long_label_ends_in_an_ellipsis():
    assert style.wrap_label("one two three four five six", 9, 2) == "one two\nthree …"


def test_a_logarithmic_axis_shows_zero():
    with style.look():
        axes = Figure().subplots()
        style.scale(axes, "x", "log", [0, 0.01, 1])
        axes.plot([0, 0.01, 1], [1, 2, 3])
        ticks = [axes.xaxis.get_major_formatter()(tick, 0) for tick in axes.xaxis.get_majorticklocs()]
    assert ticks[:3] == ["0", "0.01", "0.1"]


def test_the_look_ends_with_its_block():
    before = dict(matplotlib.rcParams)
    with style.look():
        assert matplotlib.rcParams["text.parse_math"] is False
    assert dict(matplotlib.rcParams) == before
