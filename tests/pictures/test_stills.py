"""What holds for every still figure; a new file in `stills` needs an entry in `SAMPLES` and nothing else."""

import re
import xml.etree.ElementTree as ET
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from reportgen.pictures import style
from reportgen.pictures.colors import ROLES
from reportgen.pictures.draw import render
from reportgen.pictures.picture import Picture
from reportgen.pictures.stills import figures
from reportgen.pictures.svg import _relative, markup

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


def labels(text, axes="xy"):
    return {f"{axis}label": text for axis in axes}


def curves(text):
    sweep, steps = np.r_[0, np.logspace(-3, 1, 9)], np.arange(4000)
    return {
        "panels": [
            {
                "title": text,
                **labels(text),
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
    "agreement": lambda text: {"x": X, "y": Y, **labels(text)},
    "bars": lambda text: {
        "rows": [{"label": text, "value": v, "low": 0.8 * v, "high": 1.2 * v} for v in (0, 3, -2, 1234.5)],
        **labels(text, "x"),
    },
    "clusters": lambda text: {
        "panels": [
            {"title": text, "points": POINTS, "labels": np.arange(90) % k, "centers": POINTS[:k]} for k in (1, 3, 12)
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
        **labels(text),
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
        **labels(text),
    },
    "matrix_grid": lambda text: {
        "panels": [
            {"title": text, "detail": text, "kernels": kernels}
            for kernels in ([[[1.0, -2.0]], [[0.0], [np.nan]]], [[[0.0, 0.0]], [[0.0], [0.0]]])
        ],
        "columns": 2,
    },
    "intervals": lambda text: {
        "rows": [
            {"label": text, "estimate": v, "low": v - 1, "high": v + 2, "verdict": verdict}
            for v, verdict in ((-5, "better"), (0, "practically equal"), (1, "undecided"), (9, text))
        ],
        "equivalence": (-1, 1),
        **labels(text, "x"),
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
        **labels(text),
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
        **labels(text),
        "mark": {"x": 3.0, "label": text},
    },
    "penalty_curves": lambda text: {},
    "penalty_surfaces": lambda text: {},
    "shares": lambda text: {
        "parts": [text, "data draw", "order", "last iterate"],
        "rows": [{"label": text, "values": values} for values in ([0.5, 0.3, 0.15, 0.05], [0, 0, 0, 1], [np.nan] * 4)],
        **labels(text, "x"),
    },
    "picks": lambda text: {
        "roles": [text, *[f"{text} too"] * 9, *["other"] * 40],
        "rows": [{"label": text, "shares": np.linspace(end, 1, 50), "note": text} for end in (0, 0.5, 1)],
        **labels(text, "x"),
    },
    "strip": lambda text: {
        "groups": [{"label": text, "values": ERRORS + row} for row in range(6)]
        + [{"label": text, "values": [np.nan, 3.0, np.inf]}, {"label": text, "values": [np.nan]}],
        **labels(text, "x"),
    },
    "weight_histogram": lambda text: {
        "groups": [
            {"label": text, "zero_share": zero, "edges": EDGES, "counts": COUNTS, "threshold": threshold}
            for zero, threshold in ((0, None), (0.97, 0.003), (1, 0.03))
        ],
    },
}

LONG = "an arm of which the name goes on and on until nobody could reasonably be asked to read to its end"
HOSTILE = "_hidden_ $x^{$ <b>&amp;</b> ]]> -- \\frac{ a\nb\tc"


def picture(name, text="L1, proximal"):
    return Picture(name="sample", figure=name, inputs=SAMPLES[name](text), alt=f"What {name} shows")


@cache
def rendered(name):
    return render(picture(name))


@pytest.mark.parametrize("name", figures.names())
def test_any_label_stays_inside_the_picture(name):
    for text in (LONG, "W" * 35):
        with style.look():
            figure = figures[name](**SAMPLES[name](text))
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            drawn = figure.get_tightbbox(canvas.get_renderer()).extents * 96
        assert drawn.min() >= -0.5, text
        assert (drawn[2:] <= figure.get_size_inches() * 96 + 0.5).all(), text
    if SAMPLES[name](""):  # a figure without inputs has no labels of anybody's
        media = render(picture(name, HOSTILE))
        ET.fromstring(media.files[media.file])


SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", figures.names())
def test_media_tell_a_page_what_it_needs(name):
    media = rendered(name)
    drawing = ET.fromstring(media.files[media.file])

    assert (media.name, media.kind, media.alt) == ("sample", "picture", f"What {name} shows")
    assert (media.file, set(media.files), media.poster) == ("sample.svg", {"sample.svg"}, None)
    assert len(media.files[media.file]) <= 75_000
    assert [int(drawing.get(side)) for side in ("width", "height")] == [media.width, media.height]
    assert (drawing.get("role"), drawing.get("aria-label")) == ("img", media.alt)
    assert drawing.findall(f".//{SVG}text")
    sizes = [float(e.get("font-size")) for e in drawing.iter() if e.get("font-size")]
    assert min(sizes) * 4 / 3 * 360 / max(360, media.width) >= 9, "legible on a telephone"


@pytest.mark.parametrize("name", figures.names())
def test_a_page_has_pictures_in_its_own_colors_and_ids_and_without_styles(name):
    media = rendered(name)
    first, second = (ET.fromstring(media.inline(prefix)) for prefix in ("a-", "b-"))

    ids = [{e.get("id") for e in drawing.iter() if e.get("id")} for drawing in (first, second)]
    assert not ids[0] & ids[1]
    for drawing, known in zip((first, second), ids, strict=True):
        assert not [e for e in drawing.iter() if "style" in e.attrib or e.tag == "style"]
        asked = {e.get("href")[1:] for e in drawing.iter("use")}
        asked |= {e.get("clip-path")[5:-1] for e in drawing.iter() if e.get("clip-path")}
        assert asked == known
    given = {value for e in first.iter() for key, value in e.attrib.items() if key in ("fill", "stroke")}
    assert not given & {role.light for role in ROLES.values()}
    assert {value for value in given if "var(" in value} <= {f"var(--{role})" for role in ROLES}


def test_a_text_stays_where_it_is_aligned_in_any_font_and_a_clip_is_there_where_it_cuts():
    with style.look():
        figure = Figure(figsize=(4, 3))
        axes = figure.add_axes((0.1, 0.1, 0.8, 0.8), xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])
        for aligned, words in {"left": "start", "center": "two\nlines", "right": "end"}.items():
            axes.text(0.5, 0.5, words, ha=aligned)
        axes.text(0.5, 0.5, "up", rotation=90, va="top")
        axes.text(0.5, 0.5, "重み")
        axes.plot([0, 1], [0, 1], color="#123456")
        axes.plot([0, 2], [0, 2], color="#654321")
        drawing = ET.fromstring(markup([figure], "A < B"))
    texts = {text.text: text for text in drawing.iter(f"{SVG}text")}
    outer = {id(child): parent for parent in drawing.iter() for child in parent}
    anchors = {
        words: text.get("text-anchor") or outer[id(text)].get("text-anchor", "start") for words, text in texts.items()
    }
    middle = 4 * 72 / 2

    assert anchors == {"start": "start", "two": "middle", "lines": "middle", "end": "end", "up": "end", "重み": "start"}
    assert {float(texts[words].get("x")) for words in ("start", "two", "lines", "end")} == {middle}
    assert [words for words, text in texts.items() if text.get("textLength")] == ["重み"]
    clipped = {e.get("stroke") for e in drawing.iter() if e.get("clip-path")}
    assert clipped == {"#654321"}
    assert drawing.get("aria-label") == "A < B"


def test_a_clip_is_not_moved_by_the_place_of_a_shape_that_is_used():
    """x and y of a use move its own clip-path, too; a band that its panel cuts would be cut away."""
    series = {"label": "s", "x": [1, 2, 3], "y": [1, 2, 3], "low": [0, 0, 0], "high": [9, 9, 9]}
    with style.look():
        text = markup([figures["curves"](panels=[{"xlabel": "x", "ylabel": "y", "series": [series]}])], "a band")

    assert re.search("<g[^>]*clip-path[^>]*><use", text)
    assert not re.search("<use[^>]*clip-path", text)


def test_paths_are_shorter_and_end_where_they_ended():
    path = "M 10.04 20.06 L 10.04 30.12 L 12.34 30.12 L 12.34 30.12 z M 1 2 C 1 2 3 4 5.55 6"

    assert _relative(path) == "M10 20.1v10h2.3zM1 2c0 0 2 2 4.6 4"


def test_other_processes_and_the_settings_of_a_user_change_no_byte():
    names = ["strip", "curves"]
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        there = list(pool.map(render, map(picture, names)))
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.hashsalt": "other", "text.usetex": True}):
        again = render(picture("strip")).files

    assert [rendered(name).files for name in names] == [media.files for media in there]
    assert rendered("strip").files == again


def test_a_strip_shows_every_run():
    values = [1.0, 2.0, 3.0, 4.0, 50.0, 60.0, 70.0]
    with style.look():
        figure = figures["strip"](groups=[{"label": "L1", "values": values}], xlabel="error")
    dots = [line.get_xdata() for line in figure.axes[0].lines if line.get_marker() not in ("None", "")]

    assert sorted(np.concatenate(dots)) == values


def test_a_sweep_of_one_learning_rate_or_one_strength_has_a_landscape_too():
    whole = SAMPLES["landscape"]("x")
    for strengths, rates in (([0, 0.1], [0.01]), ([0.1], [0.001, 0.01]), ([0], [0.01])):
        panels = [{**panel, "values": panel["values"][: len(strengths), : len(rates)]} for panel in whole["panels"]]
        lost = [row[: len(rates)] for row in whole["diverged"][: len(strengths)]]
        shown = {**whole, "strengths": strengths, "learning_rates": rates, "panels": panels, "diverged": lost}
        with style.look():
            figures["landscape"](**(shown | {"best": (0, 0)})).canvas.draw()
