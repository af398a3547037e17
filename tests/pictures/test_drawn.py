"""What a reader must be able to see in single figures."""

import numpy as np
from matplotlib.text import Text

from reportgen.pictures import style
from reportgen.pictures.stills import figures


def words(name, **inputs):
    with style.look():
        figure = figures[name](**inputs)
        figure.draw_without_rendering()
    return [text.get_text() for text in figure.findobj(Text) if text.get_text() and text.get_visible()]


def test_a_strip_shows_every_run_and_the_median():
    values = [1.0, 2.0, 3.0, 4.0, 50.0, 60.0, 70.0]
    with style.look():
        figure = figures["strip"](groups=[{"label": "L1", "values": values}], xlabel="error")
    dots = np.concatenate([line.get_xdata() for line in figure.axes[0].lines if line.get_marker() not in ("None", "")])

    assert sorted(dots) == values
    assert "4" in words("strip", groups=[{"label": "L1", "values": values}], xlabel="error")


def test_a_hundred_percent_is_said_only_of_all_weights():
    groups = [{"label": "L1", "zero_share": share, "edges": [0, 1], "counts": [1]} for share in (0.9996, 1.0)]
    told = words("weight_histogram", groups=groups, threshold=0.003)

    assert "99.9%" in told
    assert "100%" in told


def test_coefficients_count_what_was_found_and_made_up():
    told = words(
        "coefficients",
        truth=[1, 0, 2, 0, 3],
        estimates=[{"label": "L1", "values": [1, 0.1, 0, 0, 3]}],
    )
    assert "2 of 3 found, 1 false" in told


def test_the_constraint_figure_says_where_the_solutions_are():
    told = words("constraint")

    assert "L1: w = (0, 0.94)" in told
    assert any(text.startswith("L2: w = (0.49, ") for text in told)


def test_a_label_has_one_style_in_all_panels():
    a, b = ({"label": label, "x": [1, 2], "y": [1, 2]} for label in "ab")
    with style.look():
        figure = figures["curves"](panels=[{"series": [a, b]}, {"series": [b]}])
    first, second = figure.axes[:2]

    assert first.lines[1].get_color() == second.lines[0].get_color() != first.lines[0].get_color()


def test_a_long_line_keeps_its_extremes():
    y = np.sin(np.arange(5000))
    y[1234], y[4321] = 9, -9
    with style.look():
        figure = figures["curves"](panels=[{"series": [{"label": "loss", "x": np.arange(5000), "y": y}]}])
    line = figure.axes[0].lines[0]

    assert len(line.get_xdata()) <= 600
    assert (line.get_ydata().max(), line.get_ydata().min()) == (9, -9)
