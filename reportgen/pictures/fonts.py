"""Fonts for the words of a user: which installed font has the characters that the default font lacks.

Pictures are drawn with a font that comes with matplotlib, so they are the same on every machine. Only words with
characters that it lacks, as in Chinese or Hindi, are drawn with a font of the system. Its content is part of the cache
key of the pictures.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from reportgen.errors import MachineError, did_you_mean
from reportgen.text import printable

DEFAULT = "DejaVu Sans"
"""The font of all text; it comes with matplotlib."""

# Loading fonts takes a fifth of a second, which a build whose pictures are stored should not pay for a title in Latin.
_USUAL = {
    *map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x391, 0x3A2), *range(0x3A3, 0x3CA))),
    *map(chr, range(0x410, 0x450)),
    *"\u2007\u2008–—‘’‚“”„…€√λ−₀₁₂₃₄₅₆₇₈₉·×Σ≤≥→",
}
"""Characters that the default font has; a test compares this set with the font."""

_SUGGESTIONS = {
    "CJK": ("Noto Sans CJK SC", "fonts-noto-cjk"),
    "HIRAGANA": ("Noto Sans CJK JP", "fonts-noto-cjk"),
    "KATAKANA": ("Noto Sans CJK JP", "fonts-noto-cjk"),
    "HANGUL": ("Noto Sans CJK KR", "fonts-noto-cjk"),
}
"""A font and its Debian package by script, the first word of a character's name in Unicode."""
_EMOJI = ("Noto Emoji", "fonts-noto-core")

_VARIANTS = {"zh-tw": "TC", "zh-hk": "HK", "zh": "SC", "ja": "JP", "ko": "KR"}
"""The end of a font's name by language: Chinese, Japanese and Korean draw some characters differently."""


@dataclass(frozen=True)
class FontChoice:
    """The fonts of a picture."""

    families: tuple[str, ...] = (DEFAULT,)
    """The first that has a character draws it."""
    files: tuple[str, ...] = ()
    """Files of those that matplotlib does not bring."""
    identity: str = ""
    """A digest of the content of these files, for cache keys."""
    lacking: tuple[str, ...] = ()
    """A message for each text with characters that no installed font has."""

    def load(self) -> None:
        """Make the fonts known to matplotlib in this process."""
        from matplotlib.font_manager import fontManager

        known = {entry.fname for entry in fontManager.ttflist}
        for file in self.files:
            if file not in known:
                fontManager.addfont(file)
            # While it is set, matplotlib finds its own fonts only. Its list was made when it was imported, so that no
            # fonts of the system come in but these.
            os.environ.pop("MPL_IGNORE_SYSTEM_FONTS", None)

    def warn(self) -> None:
        """Log a warning for each text that would show boxes."""
        for message in self.lacking:
            logging.getLogger("reportgen").warning("%s", message, extra={"code": "RG304"})


DEFAULT_FONTS = FontChoice()
"""The choice for texts that the default font can draw."""


def choose(texts: Mapping[str, str], font: str = "", language: str = "en") -> FontChoice:
    """The fonts for texts of a user; their keys name them in messages, like "the title".

    `font` comes first if it is given; raises `MachineError` if it is not installed.
    """
    if not font and all(_USUAL.issuperset(text) for text in texts.values()):
        return DEFAULT_FONTS
    return _choose(tuple(texts.items()), font, language.casefold())


@cache
def _choose(texts: tuple[tuple[str, str], ...], font: str, language: str) -> FontChoice:
    installed = _installed()
    if font and font not in installed:
        raise MachineError(f"no font {font!r} is installed.{_near(font, installed)}", code="RG304")
    families = [*([font] if font else []), DEFAULT]
    wanted = {c for _, text in texts for c in printable(text) if unicodedata.category(c)[0] not in "CZ"}
    missing = wanted - set().union(*(_characters(installed[family]) for family in families))
    while missing:
        # Fonts with equal coverage in the order of `_preference`, so that the choice does not depend on the disk.
        found = {family: len(missing & _characters(file)) for family, file in installed.items()}
        best = min(installed, key=lambda family: (-found[family], *_preference(family, language)))
        if not found[best]:
            break
        families.append(best)
        missing -= _characters(installed[best])
    own = [installed[family] for family in families if not _is_bundled(installed[family])]
    digests = [hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in own]
    lacking = [
        _message(where, characters)
        for where, text in texts
        if (characters := "".join(dict.fromkeys(c for c in text if c in missing)))
    ]
    return FontChoice(tuple(dict.fromkeys(families)), tuple(own), " ".join(digests), tuple(lacking))


def _message(where: str, characters: str) -> str:
    shown = characters if len(characters) <= 12 else f"{characters[:12]}…"
    family, package = _suggestion(characters[0])
    return (
        f"no installed font has “{shown}” in {where}, so pictures show boxes there; "
        f"install one that has, such as {family} (package {package} on Debian and Ubuntu)"
    )


def _suggestion(character: str) -> tuple[str, str]:
    script = unicodedata.name(character, "").split(" ")[0].split("-")[0]
    if script in _SUGGESTIONS:
        return _SUGGESTIONS[script]
    if unicodedata.category(character).startswith("S"):
        return _EMOJI
    return f"Noto Sans {script.title()}".strip(), "fonts-noto-core"


def _near(font: str, installed: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(font.casefold(), {name.casefold(): name for name in installed}, n=3, cutoff=0.5)
    by_name = {name.casefold(): name for name in installed}
    if close:
        return did_you_mean(font, [by_name[name] for name in close])
    return " fc-list : family lists those that are."


def _preference(family: str, language: str) -> tuple[Any, ...]:
    variant = _VARIANTS.get(language) or _VARIANTS.get(language.split("-")[0], "SC")
    mathematical = family.startswith(("cm", "STIX"))
    return mathematical, "Mono" in family, not family.endswith(variant), "Sans" not in family, family


def _is_bundled(file: str) -> bool:
    from matplotlib import get_data_path

    return Path(file).is_relative_to(get_data_path())


def _folders() -> list[str]:
    """The folders of fonts of this system; `isolate_process` keeps matplotlib itself from reading them."""
    from matplotlib import font_manager

    if sys.platform == "win32":
        return [font_manager.win32FontDirectory(), *font_manager.MSUserFontDirectories]
    return [*font_manager.X11FontDirectories, *font_manager.OSXFontDirectories]


@cache
def _installed() -> dict[str, str]:
    """The file of each installed font, by family; upright and regular where there is a choice."""
    from matplotlib import get_data_path
    from matplotlib.font_manager import findSystemFonts, ttfFontProperty
    from matplotlib.ft2font import FT2Font

    ranked: dict[str, tuple[tuple[Any, ...], str]] = {}
    for file in [*findSystemFonts([f"{get_data_path()}/fonts/ttf"]), *findSystemFonts(_folders())]:
        with suppress(Exception):  # a file that is damaged, or a kind of font that matplotlib does not draw
            about: Any = ttfFontProperty(FT2Font(file))
            # A font of last resort draws the block of a character instead of the character, and a font with colors
            # has pictures that matplotlib cannot draw.
            if about.name.startswith("Last Resort") or "Color" in about.name:
                continue
            rank = (not _is_bundled(file), about.style != "normal", abs(_weight(about.weight) - 400), file)
            if about.name not in ranked or rank < ranked[about.name][0]:
                ranked[about.name] = rank, file
    return {name: file for name, (_, file) in sorted(ranked.items())}


def _weight(weight: Any) -> int:
    from matplotlib.font_manager import weight_dict

    return int(weight_dict.get(weight, weight))


@cache
def _characters(file: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(file).get_charmap()))
