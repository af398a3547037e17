"""What holds for every still figure; a new file in `stills` needs an entry in `SAMPLES` and nothing else."""

import xml.etree.ElementTree as ET
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from io import BytesIO
from multiprocessing import get_context

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from reportgen.animation.draw import render
from reportgen.figures import Picture, figures, style

RNG = np.random.default_rng(0)
X = np.linspace(0.5, 9.5, 40)
Y = 2 * X + RNG.uniform(0, 2, 40)
EVERY_FOURTH = np.arange(40) % 4 == 0
EDGES = np.linspace(-6, 1, 30)
POINTS = RNG.normal(size=(90, 2))
ERRORS = RNG.lognormal(2, 0.5, 30)
COUNTS = RNG.integers(0, 9, 29)
KERNELS = [np.where(RNG.random(shape) < 0.2, 1.0, 0.0) for shape in ((1, 10), (10, 40), (40, 1))]
SIZES = RNG.normal(size=20)
LANDSCAPE = np.array([[0.1, 0.2, 0.3], [0.2, 0.5, 0.9], [0.3, 1, np.nan], [0.4, np.inf, np.nan]])
LINES = np.sin(X) * RNG.normal(1, 0.2, (8, 1))


def series(text, x):
    return {"label": text, "x": x, "y": np.sqrt(x) + 1, "low": np.sqrt(x) + 0.5, "high": np.sqrt(x) + 2}


def curves(text):
    sweep, steps = np.r_[0, np.logspace(-3, 1, 9)], np.arange(4000)
    return {
        "panels": [
            {
                "title": text,
                "xlabel": text,
                "ylabel": text,
                "xscale": "log",
                "series": [series(text, sweep), series(f"{text} too", sweep)],
                "marks": [{"x": 0.3, "label": text}],
                "levels": [{"y": 3, "label": text}],
            },
            {"yscale": "log", "series": [series(text, steps + 1.0)]},
            {"xscale": "log", "yscale": "log", "series": [{"label": text, "x": sweep, "y": np.zeros(10), "arm": 3}]},
        ]
    }


SAMPLES = {
    "agreement": lambda text: {"x": X, "y": Y, "xlabel": text, "ylabel": text},
    "bars": lambda text: {
        "rows": [{"label": text, "value": v, "low": 0.8 * v, "high": 1.2 * v} for v in (0, 3, -2, 1234.5)],
        "xlabel": text,
    },
    "clusters": lambda text: {
        "panels": [
            {"title": text, "points": POINTS, "labels": np.arange(90) % k, "centres": POINTS[:k]} for k in (1, 3, 12)
        ]
    },
    "coefficients": lambda text: {
        "truth": np.where(EVERY_FOURTH, Y, 0),
        "estimates": [{"label": text, "values": np.where(EVERY_FOURTH | (X > 9), Y - 1, 0)} for _ in range(3)],
    },
    "constraint": lambda text: {},
    "curves": curves,
    "data": lambda text: {
        "x_train": X,
        "y_train": Y,
        "outlier_train": EVERY_FOURTH,
        "x_test": X[:10],
        "y_test": Y[:10],
        "outlier_test": EVERY_FOURTH[:10],
        "truth_x": [0, 10],
        "truth_y": [1, 21],
        "xlabel": text,
        "ylabel": text,
    },
    "fits": lambda text: {
        "panels": [
            {"title": text, "x": X, "y": np.sin(X), "grid": X, "lines": LINES, "truth": truth}
            for truth in (np.sin(X), None, None)
        ]
    },
    "heat_maps": lambda text: {
        "panels": [{"title": text, "values": [[1, 20, np.nan], [0.5, 0, 1234]]} for _ in range(5)],
        "columns": 3,
        "x": [text, "10%", "20%"],
        "y": ["0", text],
        "xlabel": text,
        "ylabel": text,
    },
    "intervals": lambda text: {
        "rows": [
            {"label": text, "estimate": v, "low": v - 1, "high": v + 2, "verdict": verdict}
            for v, verdict in ((-5, "better"), (0, "practically equal"), (1, "undecided"), (9, text))
        ],
        "equivalence": (-1, 1),
        "xlabel": text,
    },
    "landscape": lambda text: {
        "strengths": [0, 0.01, 0.1, 1.0],
        "learning_rates": [0.001, 0.01, 0.03],
        "panels": [
            {"title": text, "values": LANDSCAPE * 100, "label": text},
            {"title": text, "values": LANDSCAPE, "label": text, "share": True},
        ],
        "diverged": [[0, 0, 0], [0, 0, 0.2], [0, 0, 0.6], [0, 0, 1]],
        "best": (1, 1),
        "xlabel": text,
        "ylabel": text,
        "products": text[:3],
    },
    "network_graph": lambda text: {
        "kernels": KERNELS,
        "title": text,
    },
    "paths": lambda text: {
        "x": X,
        "lines": np.outer(1 / X, SIZES),
        "marked_x": X[::8],
        "marked": np.outer(1 / X[::8], SIZES),
        "highlighted": np.arange(20) < 4,
        "labels": {"highlighted": text, "others": f"{text} too", "marked": f"{text} again"},
        "xlabel": text,
        "ylabel": text,
        "mark": {"x": 3.0, "label": text},
    },
    "penalty_contours": lambda text: {},
    "penalty_curves": lambda text: {},
    "penalty_surfaces": lambda text: {},
    "shares": lambda text: {
        "parts": [text, "data draw", "order", "last iterate"],
        "rows": [{"label": text, "values": values} for values in ([0.5, 0.3, 0.15, 0.05], [0, 0, 0, 1], [np.nan] * 4)],
        "xlabel": text,
    },
    "picks": lambda text: {
        "roles": [text, *[f"{text} too"] * 9, *["other"] * 40],
        "rows": [{"label": text, "shares": np.linspace(end, 1, 50), "note": text} for end in (0, 0.5, 1)],
        "xlabel": text,
    },
    "strip": lambda text: {
        "groups": [{"label": text, "values": ERRORS + row} for row in range(6)]
        + [{"label": text, "values": [np.nan, 3.0, np.inf]}, {"label": text, "values": [np.nan]}],
        "xlabel": text,
    },
    "weight_histogram": lambda text: {
        "groups": [{"label": text, "zero_share": zero, "edges": EDGES, "counts": COUNTS} for zero in (0, 0.97, 1)],
        "threshold": 0.003,
    },
}

LONG = "an arm of which the name goes on and on until nobody could reasonably be asked to read to its end"
HOSTILE = ("$x^{$", "<b>&amp;</b> ]]> --", "_hidden_", "\\frac{", "", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "a\nb\tc")


def picture(name, text="L1, proximal"):
    return Picture(name="sample", figure=name, inputs=SAMPLES[name](text), alt=f"What {name} shows")


@cache
def rendered(name):
    return render(picture(name))


def test_every_figure_has_a_sample():
    assert set(SAMPLES) == set(figures.names())


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("text", ["L1", LONG, HOSTILE[5]], ids=["short", "long", "wide"])
def test_nothing_is_drawn_outside_the_figure(name, text):
    with style.look():
        figure = figures[name](**SAMPLES[name](text))
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = figure.get_tightbbox(canvas.get_renderer()).extents * 96

    width, height = figure.get_size_inches() * 96
    left, bottom, right, top = drawn

    assert left >= -0.5
    assert bottom >= -0.5
    assert right <= width + 0.5
    assert top <= height + 0.5


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("text", HOSTILE)
def test_no_label_breaks_a_drawing(name, text):
    if SAMPLES[name](text):  # a figure without inputs has no labels of anybody's
        media = render(picture(name, text))
        ET.fromstring(media.files[media.file])


@pytest.mark.parametrize("name", SAMPLES)
def test_media_tell_a_page_what_it_needs(name):
    media = rendered(name)

    assert (media.name, media.kind, media.alt) == ("sample", "picture", f"What {name} shows")
    assert set(media.files) == {media.file, media.dark}
    assert media.poster is None
    assert media.dark.startswith("sample-dark.")
    if media.file.endswith(".png"):
        assert Image.open(BytesIO(media.files[media.file])).size == (2 * media.width, 2 * media.height)
    else:
        svg = ET.fromstring(media.files[media.file])
        points = [float(svg.get(side).removesuffix("pt")) for side in ("width", "height")]
        assert [round(p * 96 / 72) for p in points] == [media.width, media.height]


@pytest.mark.parametrize("name", SAMPLES)
def test_files_are_small(name):
    assert max(map(len, rendered(name).files.values())) <= 130_000


@pytest.mark.parametrize("name", SAMPLES)
def test_a_dark_picture_has_every_role_replaced(name):
    media = rendered(name)
    if media.file.endswith(".svg"):
        light, dark = media.files[media.file].decode(), media.files[media.dark].decode()
        assert light.count(style.PAPER) > 0
        assert not [role for role in style.DARK if role in dark]
        assert not [role for role in style.DARK.values() if role in light]
        assert "#000000" not in light
    else:
        corners = [
            Image.open(BytesIO(media.files[f])).convert("RGB").getpixel((1, 1)) for f in (media.file, media.dark)
        ]
        assert ["#{:02x}{:02x}{:02x}".format(*corner) for corner in corners] == [style.PAPER, style.DARK[style.PAPER]]


def test_other_processes_draw_the_same_bytes():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(render, map(picture, SAMPLES)))

    assert [rendered(name).files for name in SAMPLES] == [media.files for media in there]


def test_the_settings_of_a_user_do_not_show():
    here = render(picture("strip")).files
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.hashsalt": "other", "text.usetex": True}):
        assert render(picture("strip")).files == here
