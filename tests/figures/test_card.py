from concurrent.futures import ProcessPoolExecutor
from io import BytesIO
from multiprocessing import get_context

import numpy as np
import pytest
from hostile import SAMPLE
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import FigureImage
from matplotlib.text import Text
from PIL import Image

from reportgen.figures import style
from reportgen.figures.card import LARGEST, SIZE, card, drawn

NOISE = np.random.default_rng(0)
SHAPES = {
    "none": None,
    "square": (300, 320),
    "tall": (900, 200),
    "wide": (480, 960),
    "strip": (20, 2000),
    "dot": (1, 1),
    "noise": (286, 1044),
}
LONG = "Why does weight decay not make a network sparse, and what does proximal descent do instead " * 3
TITLES = {
    "short": "λ",
    "usual": "L1 and L2 regularization, frame by frame",
    "long": LONG,
    "one word": "W" * 400,
    "cyrillic": "Регуляризация нейронных сетей и пути решений",
    "greek": "Ομαλοποίηση και αραιότητα",
    "empty": "",
}


def picture(shape):
    if shape is None:
        return None
    out = BytesIO()
    Image.fromarray(NOISE.integers(0, 255, (*shape, 3), dtype=np.uint8)).save(out, "png")
    return out.getvalue()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_card_is_a_png_of_the_size_and_weight_that_sites_take(shape) -> None:
    content = card(TITLES["usual"], "Weights at Rest", "Ada · 2026", picture(SHAPES[shape]), "#d55e00")
    image = Image.open(BytesIO(content))

    assert (image.format, image.size) == ("PNG", SIZE)
    assert not image.info.keys() - {"transparency"}
    assert len(content) <= LARGEST


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("title", TITLES)
def test_words_lie_inside_the_card_and_on_nothing_else(title, shape) -> None:
    image = Image.open(BytesIO(picture(SHAPES[shape]))) if SHAPES[shape] else None
    with style.look():
        figure = drawn(TITLES[title], LONG, LONG, image, "#0072b2")
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        boxes = [text.get_window_extent(renderer) for text in figure.findobj(Text)]
        pictures = [found.get_window_extent(renderer) for found in figure.findobj(FigureImage)]

    assert boxes
    assert len(boxes) <= 5
    assert len(pictures) == (image is not None)
    for i, box in enumerate(boxes):
        assert box.x0 >= 60
        assert box.x1 <= SIZE[0] - 60
        assert box.y0 >= 20
        assert box.y1 <= SIZE[1] - 20
        assert not any(box.overlaps(other) for other in pictures)
        # Lines of text may touch, as high letters and low ones do.
        assert not any(box.shrunk(1, 0.8).overlaps(other.shrunk(1, 0.8)) for other in boxes[:i])


def test_a_long_title_ends_in_an_ellipsis_after_three_lines() -> None:
    with style.look():
        texts = [text.get_text() for text in drawn(LONG, "", "", None, "#0072b2").findobj(Text)]

    assert len(texts) == 3
    assert texts[-1].endswith(" …")
    assert not any(text.endswith("…") for text in texts[:-1])


def test_a_title_of_letters_that_the_font_lacks_gives_way_to_the_name_of_the_site() -> None:
    with style.look():
        texts = [text.get_text() for text in drawn("重みの正則化", "Weights", "著者", None, "#0072b2").findobj(Text)]

    assert texts == ["Weights"]
    assert card("重みの正則化", "重み", "著者", None)


def test_no_text_breaks_a_card() -> None:
    for text in SAMPLE:
        assert card(text, text, text, None)


def test_other_processes_draw_the_same_bytes() -> None:
    arguments = ("A title", "A site", "A. Author", picture((300, 320)), "#009e73")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        assert pool.submit(card, *arguments).result() == card(*arguments)


def test_what_is_transparent_lies_on_paper() -> None:
    out = BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(out, "png")
    image = Image.open(BytesIO(card("A", "B", "C", out.getvalue()))).convert("RGB")

    assert image.getpixel((SIZE[0] - 248, 322)) == (255, 255, 255)


def test_a_picture_that_cannot_be_read_is_told() -> None:
    with pytest.raises(OSError, match="cannot identify image"):
        card("A", "B", "C", b"<svg/>")
