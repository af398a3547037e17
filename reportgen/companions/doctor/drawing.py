"""Pictures: the letters that figures need, and every format tried with a picture; for a process of its own."""

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
"""Letters that titles and labels of an experiment may be written in."""


def templates() -> Iterator[Finding | str]:
    """Whether the templates came along when the package was installed."""
    yield "templates"
    from reportgen.experiment import section_names
    from reportgen.store.keys import template_folder

    again = "install reportgen again, from its whole folder: its templates lie beside its code"
    folder = template_folder()
    wanted = ["article.html", "embed.html", *(f"sections/{name}.html" for name in section_names())]
    missing = [name for name in wanted if not (folder / name).is_file()]
    if missing:
        listed = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        yield Finding("templates", "problem", f"'{folder}' is without {listed}", again)
    else:
        yield Finding("templates", "ok", f"those of the page and of {len(wanted) - 2} sections are there")


def fonts() -> Iterator[Finding | str]:
    """Whether the one font of all pictures is there, is drawn with, and has the letters of our own figures."""
    yield "fonts"
    from matplotlib.font_manager import findfont, get_font

    from reportgen.pictures import style

    name = style.FONT
    again = "pip install --force-reinstall matplotlib, which brings it"
    try:
        file = Path(findfont(name, fallback_to_default=False))
        letters = set(map(chr, get_font(file).get_charmap()))
    except (ValueError, OSError, RuntimeError) as error:
        yield Finding("fonts", "problem", f"no font {name}: {' '.join(str(error).split())[:200]}", again)
        return
    missing = sorted(letters_of_figures() - letters)
    if missing or not _draws():
        what = f"has no {' '.join(missing)}" if missing else "draws nothing"
        yield Finding("fonts", "problem", f"{name} in '{file.parent}' {what}", again)
        return
    boxes = [script for script, some in _SCRIPTS.items() if not set(some) <= letters]
    without = f"; titles in {', '.join(boxes)} are right in pages, and boxes in pictures" if boxes else ""
    yield Finding("fonts", "ok", f"{name}, with all letters of our figures{without}")


def letters_of_figures() -> set[str]:
    """Letters beyond ASCII in the strings of the code that draws."""
    from reportgen import pictures

    found: set[str] = set()
    for file in Path(pictures.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        notes = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in notes:
                found |= {letter for letter in node.value if ord(letter) > 127}
    return found


def _draws() -> bool:
    """Whether a letter leaves ink on paper."""
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
    """Encode two frames in each format; a format decodes what it has made, and complains if it is not the same."""
    import numpy as np

    from reportgen.pictures.palette import Palette

    frames = [np.full((48, 64), color, "<u4") for color in (0xFFFFFFFF, 0xFF000000)]
    frames[1][8:40, 16:48] = 0xFF2000FF
    for name in sorted(formats.names(), key=lambda name: (name != "gif", name)):
        yield f"{name} encoder"
        try:
            form = formats[name]()
            form.check_available()
            made = form.encode(frames, Palette.from_frames(frames, np.unique(frames[1])), (20, 20))
        except ReportgenError as error:
            yield _without(name, str(error))
        except Exception as error:
            yield _without(name, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
        else:
            by = form.encoder_identity()
            yield Finding(name, "ok", f"encoded and decoded, {len(made):,} bytes{f', {_short(by)}' if by else ''}")


def _without(name: str, why: str) -> Finding:
    if formats.stated(name, "always"):
        return Finding(name, "problem", f"cannot be made: {why}", "pip install --force-reinstall pillow imageio numpy")
    step = "pip install --upgrade pillow" if name == "webp" else "pip install imageio-ffmpeg"
    return Finding(name, "note", f"cannot be made, and nothing else needs it: {why}", step)


def _short(program: str) -> str:
    """`"ffmpeg version 7.0.2-static Copyright …"` → `"ffmpeg 7.0.2-static"`."""
    words = program.split()
    return " ".join([words[0], words[2]]) if words[1:2] == ["version"] else program[:60]
