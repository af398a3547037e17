"""Numbers as a reader wants them."""

import re


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
