"""Text and numbers as strings that fit where they are shown: a page, a picture, a terminal."""

from __future__ import annotations

import math
import re
import unicodedata
from decimal import ROUND_CEILING, Decimal

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | end) for plane in range(17) for end in (0xFFFE, 0xFFFF))
"""Code points that Unicode reserves as noncharacters."""

_CONTROL_CHARACTERS = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_NONCHARACTERS}]")


def escape_control_characters(text: str) -> str:
    """Text in which the characters that HTML and XML cannot hold are Python escapes: control characters, noncharacters
    and lone surrogates."""
    return _CONTROL_CHARACTERS.sub(_escape, text)


def printable(text: str) -> str:
    """Text in one line, safe in a terminal and in a picture. Line breaks, control characters and characters that change
    the reading direction become Python escapes."""
    return re.sub(
        r"[^\x20-\x7e]",
        lambda c: _escape(c) if unicodedata.category(c[0]) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c[0],
        escape_control_characters(text),
    )


def _escape(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode()


def printable_lines(text: str) -> str:
    """Text whose every line is `printable`; tabs and line breaks stay."""
    return re.sub(r"[^\t\n]+", lambda part: printable(part[0]), text)


def shorten(text: str, max_length: int = 200) -> str:
    """The text in one line of at most `max_length` characters, cut after a whole word."""
    words = " ".join(text.split())
    if len(words) <= max_length:
        return words
    whole = re.sub(r"[\s,;:–—-]*\S*$", "", words[:max_length])
    # Some scripts have no spaces.
    return (whole if len(whole) > max_length / 2 else words[:max_length]) + " …"


def plural(count: int, noun: str, nouns: str = "") -> str:
    """`"1 file"`, `"2,000 files"`; `nouns` is the plural of a noun that takes more than an s."""
    return f"{count:,} {noun if count == 1 else nouns or f'{noun}s'}"


def ordinal(place: int) -> str:
    """`"1st"`, `"12th"`, `"22nd"`."""
    ending = "th" if place // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place:,}{ending}"


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
    """A number for readers: 4,000 and −0.0123, 10⁻⁴ instead of 1e-04, and a dash for None and NaN.

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


def at_most(value: float | None, spec: str = "") -> str:
    """`number`, rounded up, for sentences that say that something is "at most" or "within" this: 0.128% is not 0.1%.

    `spec` has a precision, like ".2f", ".1%", ".2g" or ".1e"; three digits by default.
    """
    if value is None or not math.isfinite(value):
        return number(value, spec)
    precision, kind = re.fullmatch(r".*\.(\d+)([efg%])", spec or ".3g").groups()  # type: ignore[union-attr]
    exact = Decimal(repr(float(value)))  # the digits that a reader of `results.json` sees
    if kind in "eg":
        last = exact.adjusted() + 1 - (int(precision) + 1 if kind == "e" else max(int(precision), 1))
    else:
        last = -int(precision) - 2 * (kind == "%")
    return number(float(exact.quantize(Decimal(1).scaleb(last), ROUND_CEILING)), spec)
