"""Formulas: TeX as MathML, and how they are written in templates and in Markdown."""

from __future__ import annotations

import re
from functools import cache

import math_core

GRAMMAR = r"\$\$(?P<display>.+?)\$\$|\$(?=[^\s$])(?P<inline>[^$\n]*?[^\s$\\])\$(?!\d)(?P<after>[.,;:!?)’”]*)"
"""`$...$` in a line, `$$...$$` on a line of its own, as in Pandoc: a dollar sign before a space or after one opens or
closes nothing, neither does one before a digit close. For `re.DOTALL`."""

_LONGEST = 2_000
"""Letters of a formula. The converter calls itself for each level of braces and ends the process at some thousands."""

_DEEPEST = 12
"""Brackets open at once. The converter takes twice as long for each that is never closed."""

_BRACKET = re.compile(
    r"(?P<open>[\[(⟨⟦⌈⌊⟮⌜⌞]|\\(?:\{|l(?:brack|paren|brace|angle|floor|ceil|[vV]ert|group|moustache)(?![a-z])|llbracket|[ul]lcorner))"
    r"|[\])⟩⟧⌉⌋⟯⌝⌟]|\\(?:\}|r(?:brack|paren|brace|angle|floor|ceil|[vV]ert|group|moustache)(?![a-z])|rrbracket|[ul]rcorner)"
)


@cache
def mathml(tex: str, display: bool) -> str:
    """A formula as MathML for a page; raises `ValueError` that says what is wrong with it."""
    if len(tex) > _LONGEST:
        raise ValueError(f"it has {len(tex):,} letters, of which at most {_LONGEST:,} are read")
    if _depth(tex) > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} brackets are open at once")
    try:
        done: str = math_core.LatexToMathML(fancy_error=False).convert_with_local_state(tex, displaystyle=display)
    except math_core.LatexError as error:
        raise ValueError(str(error).partition(": ")[2]) from error
    # A page whose policy forbids inline styles still aligns its equations.
    done = re.sub(r'style="text-align: (left|right);[^"]*"', r'class="\1"', done)
    # Braces would mean something to Jinja2; MathML has them as text only.
    done = done.replace("{{", "{&#123;").replace("{%", "&#123;%").replace("{#", "&#123;#")
    if not display:
        return done
    # A wide formula scrolls in its own box; a span, because it may stand in a paragraph.
    return f'<span class="formula" role="group" aria-label="Formula" tabindex="0">{done}</span>'


def kept(formula: str, after: str) -> str:
    """A formula and the punctuation behind it, which stay on one line."""
    return f'<span class="keep">{formula}{after}</span>' if after else formula


def _depth(tex: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.finditer(tex):
        depth = depth + 1 if bracket["open"] else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest
