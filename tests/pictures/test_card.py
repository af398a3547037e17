"""The picture of a post for previews elsewhere."""

import itertools
import subprocess
import sys
from io import BytesIO

import numpy as np
from PIL import Image

from reportgen.pictures.preview_card import LARGEST, SIZE, draw_card, lay_out

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
        card = lay_out(title, LONG, LONG, image, "#0072b2")

        assert 0 < len(card.texts) <= 5
        assert len(card.pictures) == (image is not None)
        for i, (left, top, width, height) in enumerate(card.texts):
            assert 60 <= left <= left + width <= SIZE[0] - 60, title
            assert 20 <= top <= top + height <= SIZE[1] - 20, title
            others = [*card.pictures, *card.texts[:i]]
            assert not any(overlap((left, top, width, height), other) for other in others), title


def overlap(one, other):
    return all(one[i] < other[i] + other[i + 2] and other[i] < one[i] + one[i + 2] for i in (0, 1))


def test_a_new_title_needs_no_matplotlib() -> None:
    code = (
        "import sys; from reportgen.pictures.preview_card import draw_card; draw_card('A', 'B', 'C', None);"
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
