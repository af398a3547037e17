"""Formulas: their syntax in templates and Markdown, and the conversion of TeX to MathML."""

from __future__ import annotations

import re
from functools import cache

import math_core

GRAMMAR = r"\$\$(?P<display>.+?)\$\$|\$(?=[^\s$])(?P<inline>[^$\n]*?[^\s$\\])\$(?!\d)(?P<after>[.,;:!?)’”]*)"
"""`$...$` in a line, `$$...$$` on a line of its own, as in Pandoc: an opening dollar sign has no space after it, and a
closing one has no space before it and no digit after it. For `re.DOTALL`."""

_LONGEST = 2_000
"""Characters of a formula. The converter recurses for each level of braces and crashes at some thousands."""

_DEEPEST = 12
"""Open brackets at the same time. Each unclosed bracket doubles the time of the converter."""

_BRACKET = re.compile(
    r"(?P<open>[\[(⟨⟦⌈⌊⟮⌜⌞]|\\(?:\{|l(?:brack|paren|brace|angle|floor|ceil|[vV]ert|group|moustache)(?![a-z])|llbracket|[ul]lcorner))"
    r"|[\])⟩⟧⌉⌋⟯⌝⌟]|\\(?:\}|r(?:brack|paren|brace|angle|floor|ceil|[vV]ert|group|moustache)(?![a-z])|rrbracket|[ul]rcorner)"
)


@cache
def mathml(tex: str, display: bool) -> str:
    """A formula as MathML; raises `ValueError` with a message about what is wrong with it."""
    if len(tex) > _LONGEST:
        raise ValueError(f"it has {len(tex):,} characters; at most {_LONGEST:,} are allowed")
    if _depth(tex) > _DEEPEST:
        raise ValueError(f"more than {_DEEPEST} brackets are open at once")
    try:
        html: str = math_core.LatexToMathML(fancy_error=False).convert_with_local_state(tex, displaystyle=display)
    except math_core.LatexError as error:
        raise ValueError(str(error).partition(": ")[2]) from error
    # Classes align equations on pages whose policy forbids inline styles.
    html = re.sub(r'style="text-align: (left|right);[^"]*"', r'class="\1"', html)
    # Jinja2 would interpret braces; MathML has them as text only.
    html = html.replace("{{", "{&#123;").replace("{%", "&#123;%").replace("{#", "&#123;#")
    if not display:
        return html
    # A wide formula scrolls in its own box; a span, because it may be inside a paragraph.
    return f'<span class="formula" role="group" aria-label="Formula" tabindex="0">{html}</span>'


def keep_together(formula: str, after: str) -> str:
    """A formula and the punctuation after it, without a line break between them."""
    return f'<span class="keep">{formula}{after}</span>' if after else formula


def _depth(tex: str) -> int:
    depth = deepest = 0
    for bracket in _BRACKET.finditer(tex):
        depth = depth + 1 if bracket["open"] else max(0, depth - 1)
        deepest = max(deepest, depth)
    return deepest
