"""Fonts for the words of a user, with fonts made for these tests in a folder of the system's."""

import logging

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from reportgen.errors import MachineError
from reportgen.experiment import Arm, Experiment
from reportgen.experiment.animation_settings import AnimationSettings, AnimationWords
from reportgen.pictures import fonts, scene_look
from reportgen.pictures.picture import PictureLook
from reportgen.pictures.preview_card import draw_card
from reportgen.pipeline import stage_keys
from reportgen.pipeline.picture_look import font_identity, picture_look


def _rectangle(wide, high):
    pen = TTGlyphPen(None)
    for corner, point in enumerate([(0, 0), (0, high), (wide, high), (wide, 0)]):
        (pen.lineTo if corner else pen.moveTo)(point)
    pen.closePath()
    return pen.glyph()


def write_font(folder, family, characters, wide=1000):
    """A font whose glyphs are full squares, and half as high for characters that it lacks."""
    square, lacking = (_rectangle(wide - 100, high) for high in (800, 400))
    names = [".notdef", *(f"u{ord(c):04x}" for c in characters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): f"u{ord(c):04x}" for c in characters})
    builder.setupGlyf(dict.fromkeys(names, square) | {".notdef": lacking})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (wide, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular", "fullName": family})
    builder.setupOS2()
    builder.setupPost()
    folder.mkdir(exist_ok=True)
    builder.save(folder / f"{family.replace(' ', '')}.ttf")


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A system without fonts; `write_font` installs some, before the first choice."""
    monkeypatch.setattr(fonts, "_folders", lambda: [str(tmp_path / "fonts")])
    monkeypatch.setenv("MPL_IGNORE_SYSTEM_FONTS", "1")
    caches = fonts._installed, fonts._choose, fonts._characters
    for cached in caches:
        cached.cache_clear()
    yield tmp_path / "fonts"
    for cached in caches:
        cached.cache_clear()


def test_the_default_font_has_every_character_that_is_taken_for_usual():
    assert not fonts._USUAL - fonts._characters(fonts._installed()[fonts.DEFAULT])
    assert fonts._USUAL.issuperset("".join(vars(AnimationWords()).values()))


def test_characters_that_no_font_has_are_told_with_a_font_that_has_them(system, messages, caplog):
    texts = {
        "the title": "L1 正则化 of weights",
        "Japanese": "重み",
        "Korean": "가중치",
        "Hindi": "भार",
        "emoji": "🚀",
        "fine": "Gewichte, веса, βάρη ≈ ☃",
    }
    told = fonts.choose(texts)
    assert told.families == (fonts.DEFAULT,)
    messages(*told.lacking)
    assert len(told.lacking) == 5
    with caplog.at_level(logging.WARNING):
        told.warn()
    assert [(record.message, record.code) for record in caplog.records] == [(text, "RG304") for text in told.lacking]


def drawn(text, choice):
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with scene_look.use(PictureLook(fonts=choice)):
        figure = Figure(figsize=(1, 1))
        figure.text(0.1, 0.4, text)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        return np.asarray(canvas.buffer_rgba())[..., 0] < 128


def test_an_installed_font_with_the_characters_draws_them(system):
    write_font(system, "Squares", "正则")
    choice = fonts.choose({"the title": "正则化"})

    assert choice.families == (fonts.DEFAULT, "Squares")
    assert "“化” in the title" in choice.lacking[0]
    # Full squares, and not the boxes of a character that is missing.
    assert drawn("正", choice).sum() > 2 * drawn("正", fonts.FontChoice()).sum()
    np.testing.assert_array_equal(drawn("L1", choice), drawn("L1", fonts.FontChoice()))


def test_a_font_that_is_named_comes_first_and_must_be_installed(system):
    write_font(system, "Latin Squares", "Ll1")
    choice = fonts.choose({"the title": "L1 λ"}, "Latin Squares")

    assert choice.families == ("Latin Squares", fonts.DEFAULT)
    assert choice.lacking == ()
    assert drawn("l", choice).sum() > 2 * drawn("l", fonts.FontChoice()).sum()
    with pytest.raises(
        MachineError, match=r"no font 'Latin Square' is installed\. Did you mean 'Latin Squares'\?"
    ) as no:
        fonts.choose({}, "Latin Square")
    assert (no.value.exit_code, no.value.code) == (5, "RG304")


def test_of_two_fonts_the_one_for_the_language_is_taken(system):
    for variant in ("SC", "JP", "KR"):
        write_font(system, f"Noto Sans CJK {variant}", "重")
    for language, variant in {"zh-CN": "SC", "ja": "JP", "ko": "KR", "en": "SC"}.items():
        assert fonts.choose({"it": "重"}, language=language).families[1] == f"Noto Sans CJK {variant}"


def test_files_that_are_no_fonts_do_not_matter(system):
    write_font(system, "Squares", "正")
    (system / "damaged.ttf").write_bytes(b"not a font")
    assert fonts.choose({"it": "正"}).families[1] == "Squares"


def test_pictures_are_drawn_again_when_the_font_of_their_words_is_another_one(system):
    plain = Experiment(arms=(Arm(name="l1", label="L1"),))
    han = Experiment(arms=(Arm(name="l1", label="正"),))

    def keys(e, moves=True):
        return stage_keys.of_picture("item", [], (), picture_look(e), moves)

    without = font_identity(han)
    write_font(system, "Squares", "正")
    for cached in (fonts._installed, fonts._choose):
        cached.cache_clear()
    assert (font_identity(plain), without) == ("", "")
    assert font_identity(han)
    assert keys(han)["fonts"] == keys(han, moves=False)["fonts"] == font_identity(han)
    assert "fonts" not in keys(plain)
    # Settings of animations are of no account for stills.
    dark = Experiment(animation=AnimationSettings(theme="dark"))
    assert keys(dark, moves=False) == keys(plain, moves=False)
    assert keys(dark) != keys(plain)


def test_a_preview_card_shows_words_in_a_font_that_has_them(system):
    missing = draw_card("正则", "", "Ada", None)
    write_font(system, "Squares", "正则")
    for cached in (fonts._installed, fonts._choose):
        cached.cache_clear()
    assert draw_card("正则", "", "Ada", None, fonts=fonts.choose({"it": "正则"}).files) != missing
