"""The picture of a post for previews elsewhere."""

from io import BytesIO

import numpy as np
import pytest
from hostile import SAMPLE
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import FigureImage
from matplotlib.text import Text
from PIL import Image

from reportgen.pictures import style
from reportgen.pictures.preview_card import LARGEST, SIZE, card_figure, draw_card

SHAPES = [None, (300, 320), (900, 200), (480, 960), (20, 2000), (1, 1), (286, 1044)]
LONG = "Why does weight decay not make a network sparse, and what does proximal descent do instead " * 3
TITLES = ["λ", "L1 and L2 regularization, frame by frame", LONG, "W" * 400, "Регуляризация и Ομαλοποίηση", ""]


def picture(shape):
    if shape is None:
        return None
    out = BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (*shape, 3), dtype=np.uint8)).save(out, "png")
    return out.getvalue()


def words(*arguments):
    with style.look():
        return [text.get_text() for text in card_figure(*arguments, None, "#0072b2").findobj(Text)]


def test_a_card_is_a_png_of_the_size_and_weight_that_sites_take() -> None:
    for shape in (None, (300, 320), (1, 1), (286, 1044)):
        content = draw_card(TITLES[1], "Weights at Rest", "Ada · 2026", picture(shape), "#d55e00")
        image = Image.open(BytesIO(content))
        assert (image.format, image.size) == ("PNG", SIZE)
        assert not image.info.keys() - {"transparency"}
        assert len(content) <= LARGEST, shape


@pytest.mark.parametrize("shape", SHAPES)
def test_words_lie_inside_the_card_and_on_nothing_else(shape) -> None:
    image = Image.open(BytesIO(picture(shape))) if shape else None
    for title in TITLES:
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
            assert box.x0 >= 60, title
            assert box.x1 <= SIZE[0] - 60, title
            assert box.y0 >= 20, title
            assert box.y1 <= SIZE[1] - 20, title
            assert not any(box.overlaps(other) for other in pictures), title
            # Lines of text may touch, as high letters and low ones do.
            assert not any(box.shrunk(1, 0.8).overlaps(other.shrunk(1, 0.8)) for other in boxes[:i]), title


def test_a_title_ends_after_three_lines_or_gives_way_where_the_font_lacks_its_letters() -> None:
    long = words(LONG, "", "")

    assert [text.endswith("…") for text in long] == [False, False, True]
    assert words("重みの正則化", "Weights", "著者") == ["Weights"]
    assert draw_card("重みの正則化", "重み", "著者", None)


def test_no_text_breaks_a_card() -> None:
    for text in SAMPLE[::4]:
        assert draw_card(text, text, text, None), text


def test_what_is_transparent_lies_on_paper_and_what_is_no_picture_is_told() -> None:
    out = BytesIO()
    Image.new("RGBA", (300, 300), (0, 0, 0, 0)).save(out, "png")
    image = Image.open(BytesIO(draw_card("A", "B", "C", out.getvalue()))).convert("RGB")

    assert image.getpixel((SIZE[0] - 248, 322)) == (255, 255, 255)
    with pytest.raises(OSError, match="cannot identify image"):
        draw_card("A", "B", "C", b"<svg/>")
