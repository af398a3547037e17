"""Text and numbers as strings that fit where they are shown: a page, a picture, a terminal."""

from __future__ import annotations

import re
import unicodedata

_NONE = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
"""Code points that Unicode will never assign to a character."""

_UNHOLDABLE = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_NONE}]")


def holdable(text: str) -> str:
    """Text without what HTML and XML cannot hold, control characters and halves of surrogate pairs: those are written
    as Python writes them."""
    return _UNHOLDABLE.sub(_written_out, text)


def printable(text: str) -> str:
    """Text in one line, without characters that a terminal obeys, a picture cannot show, or that turn the direction of
    reading: those are written as Python writes them."""
    return re.sub(
        r"[^\x20-\x7e]",
        lambda c: _written_out(c) if unicodedata.category(c[0]) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c[0],
        holdable(text),
    )


def _written_out(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def harmless(text: str) -> str:
    """Lines of text without what a terminal obeys."""
    return re.sub(r"[^\t\n]+", lambda part: printable(part[0]), text)


def shortened(text: str, most: int = 200) -> str:
    """A text in one line of at most so many characters, ending with a whole word."""
    words = " ".join(text.split())
    if len(words) <= most:
        return words
    whole = re.sub(r"[\s,;:–—-]*\S*$", "", words[:most])
    # There are scripts without blanks.
    return (whole if len(whole) > most / 2 else words[:most]) + " …"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`"1 file"`, `"2,000 files"`; `nouns` is the plural of a noun that takes more than an s."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def size_text(count: float) -> str:
    """Bytes in a unit that keeps the number short: `"812 B"`, `"14 kB"`, `"2.1 MB"`, `"1 GB"`, `"25 MiB"`."""
    if count < 1000:
        return f"{count:.0f} B"
    if count < 999_500:
        return f"{count / 1e3:.0f} kB"
    # Hosts state their limits in whole MB or MiB.
    if count % 2**20 == 0:
        return f"{count // 2**20:,.0f} MiB"
    unit, name = (10**9, "GB") if count >= 999_950_000 else (10**6, "MB")
    return f"{count / unit:,.1f} {name}" if count % unit else f"{count // unit:,.0f} {name}"


def number(value: float | None, spec: str = "") -> str:
    """A number as a reader wants it: 4,000 and −0.0123, 10⁻⁴ instead of 1e-04, and a dash where there is none.

    Integers are printed in full and others with three digits, unless `spec` says otherwise.
    """
    if value is None or value != value:
        return "–"
    if value == 0 and "e" in spec:
        return "0"
    text = format(value, spec or (",d" if isinstance(value, int) else ".3g"))
    if not spec and "e+" in text and abs(value) < 1e6:
        text = f"{value:,.0f}"
    if match := re.fullmatch(r"(-?[\d.]+)e([+-]\d+)", text):
        exponent = str(int(match[2])).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
        text = f"{match[1]}·10{exponent}" if float(match[1]) != 1 else f"10{exponent}"
    if text.startswith("-") and not text.strip("-0.,%"):
        text = text[1:]  # -0.00 is zero
    return text.replace("-", "−").replace("inf", "∞")
