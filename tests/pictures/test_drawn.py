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


def test_a_long_line_keeps_its_extremes():
    y = np.sin(np.arange(5000))
    y[1234], y[4321] = 9, -9
    with style.look():
        figure = figures["curves"](panels=[{"series": [{"label": "loss", "x": np.arange(5000), "y": y}]}])
    line = figure.axes[0].lines[0]

    assert len(line.get_xdata()) <= 600
    assert (line.get_ydata().max(), line.get_ydata().min()) == (9, -9)
