"""One HTML page: its addresses, its ids, and the mistakes in its markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reportgen.companions.check import requests
from reportgen.companions.check.problem import Kind, Problem

LARGEST = 5_000_000
"""Characters of a page that are parsed, without embedded files."""
DEEPEST = 400
"""Nesting depth that is parsed; browsers stop at 512."""
MOST = 50
"""Mistakes of markup that are reported per page."""

OBSOLETE = frozenset(
    """
    acronym applet basefont bgsound big blink center dir font frame frameset isindex keygen listing marquee
    menuitem multicol nextid nobr noembed noframes param plaintext rb rtc spacer strike tt xmp
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_RAW = frozenset(
    """
    script style textarea title iframe noembed noframes xmp
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Elements whose content is text, even if it looks like tags."""

_LOADS = {
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "script": ("src", "href", "xlink:href"),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "body": ("background",),
    "image": ("href", "xlink:href"),
    "feimage": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
"""Attributes with addresses that a browser fetches by itself."""
_LEADS = {"a": ("href", "xlink:href"), "area": ("href",), "form": ("action",)}
"""Attributes with addresses that a browser opens when the reader follows them."""
_LOADING_RELS = frozenset(
    """
    stylesheet preload modulepreload prefetch preconnect dns-prefetch prerender icon apple-touch-icon mask-icon
    manifest
    """.split()  # noqa: SIM905 - a list of words is read as words
)
_PICTURES = ("og:image", "og:image:secure_url", "twitter:image")
_ADDRESSES = (*_PICTURES, "og:url", "og:video", "og:audio")

_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+)))?""")
_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*+)>""")
_EMBEDDED = re.compile(rb"""=\s{0,9}(["'])data:""")
_CODE = re.compile(rb"<(script|style)\b", re.IGNORECASE)
_ENDS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_CODE_ENDS = {
    name.encode(): re.compile(rb"</" + name.encode() + rb"(?=[\s/>])", re.IGNORECASE) for name in ("script", "style")
}


@dataclass(frozen=True)
class Hyperlink:
    """An address in a page."""

    line: int
    address: str
    loads: bool
    """True if the browser fetches it by itself."""
    card: bool = False
    """True for the picture of the preview card."""


@dataclass
class ParsedPage:
    """The ids and addresses of a page, for the check of links, and the problems of the page itself."""

    ids: set[str] = field(default_factory=set)
    references: list[Hyperlink] = field(default_factory=list)
    base: str = ""
    """The address in `<base>`, against which relative addresses are resolved."""
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Tag:
    name: str
    line: int
    attributes: dict[str, str]
    text: str
    """The content of a raw-text element."""


def parse_page(file: str, content: bytes) -> ParsedPage:
    """Parse a page. Never raises, whatever the content."""
    markup, codes = _outline(content)
    page = ParsedPage()

    def problem(kind: Kind, line: int, message: str) -> None:
        page.problems.append(Problem(kind, file, line, message))

    try:
        text = markup.decode()
    except UnicodeDecodeError as error:
        problem("html", markup.count(b"\n", 0, error.start) + 1, "it is not UTF-8")
        text = markup.decode(errors="replace")
    for kind, line, code in codes:
        for offset, address in requests.with_lines(code, requests.addresses_in_code(kind, code)):
            page.references.append(Hyperlink(line + offset - 1, address, loads=True))
    _read_tags(page, text, problem)
    for line, message in _markup_mistakes(text):
        problem("html", line, message)
    return page


def _outline(content: bytes) -> tuple[bytes, list[tuple[str, int, bytes]]]:
    """A page without embedded files, scripts and styles, with all line numbers kept; and the scripts and styles: kind
    ("script" or "style"), line, content."""
    parts, at = [], 0
    for match in _EMBEDDED.finditer(content):
        if match.start() < at:
            continue
        start = match.end()
        end = content.find(match[1], start)
        if end < 0:
            break
        parts += [content[at:start], b"\n" * content.count(b"\n", start, end)]
        at = end
    short = b"".join([*parts, content[at:]]) if parts else content

    parts, codes, at, line = [], [], 0, 1
    while opened := _CODE.search(short, at):
        start = short.find(b">", opened.end()) + 1
        closed = _CODE_ENDS[opened[1].lower()].search(short, start) if start else None
        if not closed:
            break
        before, code = short[at:start], short[start : closed.start()]
        line += before.count(b"\n")
        kind = _code_kind(opened[1].lower(), short[opened.start() : start])
        if kind:
            codes.append((kind, line, code))
        lines = code.count(b"\n")
        parts += [before, b"\n" * lines]
        line += lines
        at = closed.start()
    return b"".join([*parts, short[at:]]), codes


def _code_kind(name: bytes, tag: bytes) -> str:
    """ "script" or "style"; empty for a script element that holds data."""
    if name == b"style":
        return "style"
    attributes = _attributes(tag[len("<script") : -1].decode(errors="replace"))
    kind = attributes.get("type", "").strip().lower()
    return "script" if kind in ("", "module", "importmap") or kind.endswith(("javascript", "ecmascript")) else ""


def _attributes(text: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        value = values[0] or values[1] or values[2]
        attributes.setdefault(name.lower(), html.unescape(value) if "&" in value else value)
    return attributes


def _tags(text: str) -> Iterator[_Tag]:
    """The start tags of a page. Like browsers, it reads everything after an unclosed tag as part of that tag."""
    at, counted, line = text.find("<"), 0, 1
    while at >= 0:
        if text.startswith("<!--", at):
            end = text.find("-->", at + 2)
            if end < 0:
                return
            at = text.find("<", end)
            continue
        tag = _TAG.match(text, at)
        if not tag:
            if re.match(r"</?[a-zA-Z]", text[at : at + 3]):
                return
            at = text.find("<", at + 1)
            continue
        next_at = tag.end()
        if not tag[1]:
            name = tag[2].lower()
            inside = ""
            if name in _RAW:
                end_tag = _ENDS[name].search(text, next_at)
                next_at = end_tag.start() if end_tag else len(text)
                inside = text[tag.end() : next_at]
            line += text.count("\n", counted, at)
            counted = at
            yield _Tag(name, line, _attributes(tag[3]), inside)
        at = text.find("<", next_at)


def _read_tags(page: ParsedPage, text: str, problem: Any) -> None:
    """Add the ids and addresses in the tags of a page, and report problems of its tags."""
    headings, language, title, charset, apart = 0, False, False, False, False
    first_lines: dict[str, int] = {}
    whole = re.search(r"<(?:html|body|head)\b|<!doctype", text[:10_000], re.IGNORECASE) is not None
    for tag in _tags(text):
        has = tag.attributes
        if name := has.get("id", ""):
            if name in page.ids:
                problem(
                    "id", tag.line, f"a second element with the id {name!r}; the first is on line {first_lines[name]}"
                )
            page.ids.add(name)
            first_lines.setdefault(name, tag.line)
        elif "id" in has:
            problem("id", tag.line, f"an empty id of <{tag.name}>")
        page.references += _references(tag)
        if message := _missing_alternative(tag):
            problem("alt", tag.line, message)
        if tag.name in OBSOLETE:
            problem("html", tag.line, f"<{tag.name}> is obsolete")
        match tag.name:
            case "html":
                language = bool(has.get("lang", "").strip())
            case "title":
                title = title or bool(tag.text.strip())
            case "base":
                page.base = page.base or has.get("href", "")
            case "a" if "name" in has:
                page.ids.add(has["name"])
            case "h1":
                headings += 1
                if headings == 2:
                    problem("html", tag.line, "a second <h1>; a page has one")
            case "meta":
                charset |= "charset" in has or has.get("http-equiv", "").lower() == "content-type"
                # A page that is shown inside another page, or only redirects, has no heading of its own.
                apart |= has.get("name", "").lower() == "robots" and "noindex" in has.get("content", "").lower()
                apart |= has.get("http-equiv", "").lower() == "refresh"
    if not whole:
        return  # the parser reports what browsers add to a fragment
    if not language:
        problem("html", 1, "<html> does not state its language; add a lang attribute")
    if not title:
        problem("html", 1, "it has no title")
    if not charset:
        problem("html", 1, 'it does not state its encoding; begin its head with <meta charset="utf-8">')
    if not headings and not apart:
        problem("html", 1, "it has no <h1>")


def _references(tag: _Tag) -> Iterator[Hyperlink]:
    has = tag.attributes
    loading = _LOADS.get(tag.name, ())
    for key in (*loading, *_LEADS.get(tag.name, ())):
        if key in has:
            for address in _candidates(has[key]) if key == "srcset" else (has[key],):
                yield Hyperlink(tag.line, address, loads=key in loading)
    if tag.name == "link" and "href" in has:
        loads = not _LOADING_RELS.isdisjoint(has.get("rel", "").lower().split())
        yield Hyperlink(tag.line, has["href"], loads)
        if loads:
            for address in _candidates(has.get("imagesrcset", "")):
                yield Hyperlink(tag.line, address, loads)
    if tag.name == "meta":
        content = has.get("content", "")
        name = (has.get("property") or has.get("name") or "").lower()
        if name in _ADDRESSES:
            yield Hyperlink(tag.line, content, loads=False, card=name in _PICTURES)
        if has.get("http-equiv", "").lower() == "refresh" and (
            to := re.search(r"(?i)url\s*=\s*['\"]?([^'\"]+)", content)
        ):
            yield Hyperlink(tag.line, to[1].strip(), loads=True)
    if style := has.get("style"):
        for _, address in requests.addresses_in_code("style", style.encode(errors="replace")):
            yield Hyperlink(tag.line, address, loads=True)
    if tag.name == "iframe" and (inner := has.get("srcdoc")):
        for inner_tag in _tags(inner):
            if inner_tag.name != "iframe":
                for reference in _references(inner_tag):
                    yield Hyperlink(tag.line, reference.address, reference.loads)


def _candidates(srcset: str) -> list[str]:
    """The addresses of a srcset; a width or a density and a comma may follow each."""
    addresses, expected = [], True
    for word in srcset.split():
        address = word
        if not expected:
            _, comma, address = word.partition(",")
            expected = bool(comma)
        if expected and address:
            addresses.append(address.strip(","))
            expected = address.endswith(",")
    return [address for address in addresses if address]


def _missing_alternative(tag: _Tag) -> str:
    """The message if an element has no text alternative for screen readers; empty if it has one or needs none."""
    has = tag.attributes
    named = has.get("aria-label", "").strip() or has.get("aria-labelledby", "").strip() or has.get("title", "").strip()
    match tag.name:
        case "img" if "alt" not in has:
            return f'<img src="{_short(has.get("src", ""))}"> has no alt text; write alt="" for a decorative picture'
        case "area" if "href" in has and not has.get("alt", "").strip():
            return "<area> has no alt text"
        case "input" if has.get("type", "").lower() == "image" and not (has.get("alt", "").strip() or named):
            return '<input type="image"> has no alt text'
        case "iframe" if not named and has.get("aria-hidden") != "true":
            return f'<iframe src="{_short(has.get("src", ""))}"> has no title'
        case "svg" if has.get("role") == "img" and not named:
            return '<svg role="img"> has no aria-label'
    return ""


def _short(address: str) -> str:
    return address if len(address) <= 80 else f"{address[:79]}…"


def _without_attributes(tag: re.Match[str]) -> str:
    """A start tag without its attributes, with the same number of lines; reading attributes character by character is a
    third of the parser's work. Duplicate attributes stay, since they are mistakes."""
    names = re.findall(r'([^\s"=]+)="[^"]*"', tag[2])
    if len(set(names)) < len(names) or tag[1] in _ATTRIBUTES_MATTER:
        return tag[0]
    lines = "\n" * tag[2].count("\n")
    return f"<{tag[1]}{lines}{tag[3]}>"


_PLAIN_TAG = re.compile(r'<([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9:_-]*="[^"&<>\0]*")++)\s*+(/?)>')
"""A start tag whose only possible mistake is a duplicate attribute."""
_ATTRIBUTES_MATTER = frozenset({"input", "font", "annotation", "meta"})
"""Elements whose attributes the parser needs: for the position of the element, or for the encoding of the page."""


_DRAWING = re.compile(r"<svg\b[^>]*>(.*?)</svg>", re.DOTALL)


_ROW = r'<tr>(?:<(t[hd])(?: [a-z]+="[^"<&]*")*+>[^<&]*+</\{}>)++</tr>'
_MORE_ROWS = re.compile(rf"(?<=</tr>)(\s*+{_ROW.format(2)})+")
"""Rows of plain cells after another row: what is wrong with them is wrong with the first."""


def _without_text(found: re.Match[str]) -> str:
    return "\n" * found[0].count("\n")


def _without_content(drawing: re.Match[str]) -> str:
    """A drawing without what is in it, with the same number of lines, if that is correct XML of drawings: a browser
    finds no mistake there, and a page of charts has more of it than of text."""
    from xml.parsers.expat import ExpatError, ParserCreate

    parser = ParserCreate()
    odd: list[str] = []
    parser.StartElementHandler = lambda name, _: odd.extend({name} - _DRAWN)
    try:
        parser.Parse(drawing[0].encode(), True)
    except ExpatError:
        return drawing[0]
    return drawing[0] if odd else f"<svg>{chr(10) * drawing[0].count(chr(10))}</svg>"


_DRAWN = frozenset(
    """
    svg g path use text tspan rect circle ellipse line polyline polygon image defs clipPath
    """.split()  # noqa: SIM905 - a list of words is read as words
)
"""Elements of drawings; a browser ends a drawing at most others."""


class _StopParsing(Exception):
    pass


_HARMLESS = frozenset({"unexpected-char-in-comment"})
"""Errors of the parser that the current standard allows."""


def _markup_mistakes(text: str) -> list[tuple[int, str]]:
    """Line and message of every markup mistake."""
    if len(text) > LARGEST:
        return [(1, f"it is too large to be parsed: {len(text):,} characters")]
    from tinyhtml5.parser import HTMLParser  # type: ignore[import-untyped]

    class Reader(HTMLParser):  # type: ignore[misc]  # it has no annotations
        mistakes: list[tuple[int, str]]

        def parse_error(self, errorcode: str, datavars: dict[str, Any] | None = None) -> None:
            if errorcode in _HARMLESS:
                return
            if len(self.mistakes) == MOST:
                self.mistakes.append((self.line, f"more than {MOST} mistakes in the markup; the rest is not listed"))
                raise _StopParsing
            names = dict.fromkeys(name for key, name in (datavars or {}).items() if key.lower().endswith("name"))
            about = ", ".join(f"<{name}>" for name in names)
            self.mistakes.append((self.line, f"{errorcode.replace('-', ' ')} {about}".rstrip()))

        def reset(self) -> None:
            super().reset()
            self.tree.open_elements = Open()

        def too_deep(self) -> None:
            self.mistakes.append(
                (self.line, f"elements are nested more than {DEEPEST} levels deep; the rest is not parsed")
            )
            raise _StopParsing

        @property
        def line(self) -> int:
            return int(self.tokenizer.stream.position()[0])

    class Open(list[Any]):
        """The open elements, limited in depth: the parser's work per element grows with their number."""

        def append(self, element: Any) -> None:
            if len(self) == DEEPEST:
                reader.too_deep()
            super().append(element)

    reader = Reader()
    reader.mistakes = []
    try:
        plain = _MORE_ROWS.sub(_without_text, _DRAWING.sub(_without_content, text))
        reader.parse(_PLAIN_TAG.sub(_without_attributes, plain))
    except _StopParsing:
        pass
    except Exception as error:  # a bug of the parser must not end a build
        reader.mistakes.append((1, f"the HTML parser failed: {type(error).__name__}"))
    return list(dict.fromkeys(reader.mistakes))
