"""Tests of pictures: templates, fonts and encoders; run in a process of their own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reportgen.companions.doctor.finding import Finding
from reportgen.errors import ReportgenError
from reportgen.pictures.formats import formats

_SCRIPTS = {"Greek": "αλ", "Cyrillic": "бя", "Arabic": "بع", "Hebrew": "אב", "Hindi": "कह", "Chinese": "中文",
            "Japanese": "かナ", "Korean": "한글"}  # fmt: skip
"""Characters of scripts in which an experiment may have its titles and labels."""


def templates() -> Iterator[Finding | str]:
    """Check that the templates were installed with the package."""
    yield "templates"
    from reportgen.experiment import section_names
    from reportgen.store.keys import template_folder

    step = "install reportgen again, from its whole folder: its templates lie beside its code"
    folder = template_folder()
    required = ["article.html", "embed.html", *(f"sections/{name}.html" for name in section_names())]
    missing = [name for name in required if not (folder / name).is_file()]
    if missing:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        yield Finding("templates", "problem", f"'{folder}' lacks {listed}", step)
    else:
        yield Finding("templates", "ok", f"templates of the page and of {len(required) - 2} sections are installed")


def fonts() -> Iterator[Finding | str]:
    """Check that the font of all pictures is installed, can be drawn, and has every character of our figures."""
    yield "fonts"
    from matplotlib.font_manager import findfont, get_font

    from reportgen.pictures import style
    from reportgen.pictures.fonts import choose

    name = style.FONT
    step = "pip install --force-reinstall matplotlib, which brings it"
    try:
        file = Path(findfont(name, fallback_to_default=False))
        characters = set(map(chr, get_font(file).get_charmap()))
    except (ValueError, OSError, RuntimeError) as error:
        yield Finding("fonts", "problem", f"no font {name}: {' '.join(str(error).split())[:200]}", step)
        return
    missing = sorted(characters_of_figures() - characters)
    if missing or not _can_draw():
        fault = f"has no {' '.join(missing)}" if missing else "draws nothing"
        yield Finding("fonts", "problem", f"{name} in '{file.parent}' {fault}", step)
        return
    boxes = [script for script, sample in _SCRIPTS.items() if choose({script: sample}).lacking]
    note = f"; no font of this system has {', '.join(boxes)}, whose words are correct in pages and boxes in pictures"
    note = note if boxes else ""
    yield Finding("fonts", "ok", f"{name}, with every character of our figures{note}")


def characters_of_figures() -> set[str]:
    """Characters beyond ASCII in the strings of the code that draws."""
    from reportgen import pictures

    characters: set[str] = set()
    for file in Path(pictures.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                characters |= {character for character in node.value if ord(character) > 127}
    return characters


def _can_draw() -> bool:
    """True if drawing a character changes pixels."""
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from reportgen.pictures.style import look

    with look():
        figure = Figure((1, 1))
        figure.text(0.2, 0.2, "λ", fontsize=40)
        canvas: Any = FigureCanvasAgg(figure)
        canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())
    return bool(pixels.min() != pixels[..., :3].max())


def encoders() -> Iterator[Finding | str]:
    """Encode two frames in each format; a format raises if the file it wrote does not decode to the same frames."""
    import numpy as np

    from reportgen.pictures.palette import Palette

    frames = [np.full((48, 64), color, "<u4") for color in (0xFFFFFFFF, 0xFF000000)]
    frames[1][8:40, 16:48] = 0xFF2000FF
    for name in sorted(formats.names(), key=lambda name: (name != "gif", name)):
        yield f"{name} encoder"
        try:
            form = formats[name]()
            form.check_available()
            content = form.encode(frames, Palette.from_frames(frames, np.unique(frames[1])), (20, 20))
        except ReportgenError as error:
            yield _encoder_failure(name, str(error))
        except Exception as error:
            yield _encoder_failure(name, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
        else:
            program = form.encoder_identity()
            text = f"encoded and decoded, {len(content):,} bytes{f', {_name_and_version(program)}' if program else ''}"
            yield Finding(name, "ok", text)


def _encoder_failure(name: str, why: str) -> Finding:
    if formats.stated(name, "always"):
        step = "pip install --force-reinstall pillow imageio numpy"
        return Finding(name, "problem", f"cannot be encoded: {why}", step)
    step = "pip install --upgrade pillow" if name == "webp" else "pip install imageio-ffmpeg"
    return Finding(name, "note", f"cannot be encoded; everything else works without it: {why}", step)


def _name_and_version(program: str) -> str:
    """`"ffmpeg version 7.0.2-static Copyright …"` → `"ffmpeg 7.0.2-static"`."""
    words = program.split()
    return " ".join([words[0], words[2]]) if words[1:2] == ["version"] else program[:60]
