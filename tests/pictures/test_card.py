"""The picture of a post for previews elsewhere."""

import itertools
from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import FigureImage
from matplotlib.text import Text
from PIL import Image

from reportgen.pictures import style
from reportgen.pictures.preview_card import LARGEST, SIZE, card_figure, draw_card

SHAPES = [None, (300, 320), (20, 2000), (1, 1)]
LONG = "Why does weight decay not make a network sparse, and what does proximal descent do instead " * 3
TITLES = [
    "λ",
    "L1 and L2 regularization, frame by frame",
    LONG,
    "W" * 400,
    "Регуляризация и Ομαλοποίηση",
    "重み",
    "$x^{ <b>\x00",
    "",
]


def picture(shape):
    if shape is None:
        return None
    out = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)).save(out, "png")
    return out.getvalue()


def test_a_card_is_a_png_of_the_size_and_weight_that_sites_take() -> None:
    for shape in SHAPES:
        content = draw_card(TITLES[1], "Weights at Rest", "Ada · 2026", picture(shape), "#d55e00")
        image = Image.open(BytesIO(content))
        assert (image.format, image.size) == ("PNG", SIZE)
        assert not image.info.keys() - {"transparency"}
        assert len(content) <= LARGEST, shape


def test_words_lie_inside_the_card_and_on_nothing_else() -> None:
    for shape, title in itertools.product(SHAPES, TITLES):
        image = Image.open(BytesIO(picture(shape))) if shape else None
        with style.look():
            figure = card_figure(title, LONG, LONG, image, "#0072b2")
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            renderer = canvas.get_renderer()
            boxes = [text.get_window_extent(renderer) for text in figure.findobj(Text)]
            pictures = [found.get_window_extent(renderer) for found in figure.findobj(FigureImage)]
        assert 0 < len(boxes) <= 5
        assert len(pictures) == (image is not None)
        for i, box in enumerate(boxes):
            assert 60 <= box.x0 <= box.x1 <= SIZE[0] - 60, title
            assert 20 <= box.y0 <= box.y1 <= SIZE[1] - 20, title
            assert not any(box.overlaps(other) for other in pictures), title
            # Lines of text may touch, as high letters and low ones do.
            assert not any(box.shrunk(1, 0.8).overlaps(other.shrunk(1, 0.8)) for other in boxes[:i]), title
