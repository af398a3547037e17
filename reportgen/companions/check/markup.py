"""One HTML page: what it refers to, which places it has, and whether it is a page that browsers agree on."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from reportgen.companions.check import requests
from reportgen.companions.check.problem import Kind, Problem

LARGEST = 5_000_000
"""Characters of a page, without what is embedded in it, that are parsed."""
DEEPEST = 400
"""Elements inside each other that are parsed; browsers give up at 512."""
MOST = 50
"""Mistakes of markup that are told of one page."""

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
"""Elements whose content is text, whatever it looks like."""

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
"""What a browser fetches when it meets the element."""
_LEADS = {"a": ("href", "xlink:href"), "area": ("href",), "form": ("action",)}
"""Where it goes when a reader says so."""
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
    """An address that a page names."""

    line: int
    address: str
    loads: bool
    """Whether the browser asks for it by itself."""
    card: bool = False
    """Whether it is the picture that other places show for the page."""


@dataclass
class ParsedPage:
    """What the check of links needs to know of a page, and what is wrong with the page alone."""

    ids: set[str] = field(default_factory=set)
    references: list[Hyperlink] = field(default_factory=list)
    base: str = ""
    """The address in its `<base>`, against which its own are read."""
    problems: list[Problem] = field(default_factory=list)


@dataclass(frozen=True)
class _Tag:
    name: str
    line: int
    attributes: dict[str, str]
    text: str
    """Of an element whose content is text."""


def read(file: str, content: bytes) -> ParsedPage:
    """A page as it is in the file. Never raises, whatever the content."""
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
        for below, address in requests.with_lines(code, requests.of_code(kind, code)):
            page.references.append(Hyperlink(line + below - 1, address, loads=True))
    _look(page, text, problem)
    for line, message in _mistakes(text):
        problem("html", line, message)
    return page


def _outline(content: bytes) -> tuple[bytes, list[tuple[str, int, bytes]]]:
    """A page without what is embedded in its addresses, scripts and styles, each line still where it was; and the
    scripts and styles: "script" or "style", line, content."""
    parts, at = [], 0
    for found in _EMBEDDED.finditer(content):
        if found.start() < at:
            continue
        start = found.end()
        end = content.find(found[1], start)
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
        kind = _kind(opened[1].lower(), short[opened.start() : start])
        if kind:
            codes.append((kind, line, code))
        lines = code.count(b"\n")
        parts += [before, b"\n" * lines]
        line += lines
        at = closed.start()
    return b"".join([*parts, short[at:]]), codes


def _kind(name: bytes, tag: bytes) -> str:
    """ "script" or "style", empty for a script that holds data."""
    if name == b"style":
        return "style"
    attributes = _attributes(tag[len("<script") : -1].decode(errors="replace"))
    kind = attributes.get("type", "").strip().lower()
    return "script" if kind in ("", "module", "importmap") or kind.endswith(("javascript", "ecmascript")) else ""


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        value = values[0] or values[1] or values[2]
        found.setdefault(name.lower(), html.unescape(value) if "&" in value else value)
    return found


def _tags(text: str) -> Iterator[_Tag]:
    """Start tags. What follows one that never ends belongs to it, as browsers see it."""
    at, counted, line = text.find("<"), 0, 1
    while at >= 0:
        if text.startswith("<!--", at):
            end = text.find("-->", at + 2)
            if end < 0:
                return
            at = text.find("<", end)
            continue
        found = _TAG.match(text, at)
        if not found:
            if re.match(r"</?[a-zA-Z]", text[at : at + 3]):
                return
            at = text.find("<", at + 1)
            continue
        next_at = found.end()
        if not found[1]:
            name = found[2].lower()
            inside = ""
            if name in _RAW:
                end_tag = _ENDS[name].search(text, next_at)
                next_at = end_tag.start() if end_tag else len(text)
                inside = text[found.end() : next_at]
            line += text.count("\n", counted, at)
            counted = at
            yield _Tag(name, line, _attributes(found[3]), inside)
        at = text.find("<", next_at)


def _look(page: ParsedPage, text: str, problem: Any) -> None:
    headings, language, title, charset, apart = 0, False, False, False, False
    first_lines: dict[str, int] = {}
    whole = re.search(r"<(?:html|body|head)\b|<!doctype", text[:10_000], re.IGNORECASE) is not None
    for tag in _tags(text):
        has = tag.attributes
        if name := has.get("id", ""):
            if name in page.ids:
                problem(
                    "id", tag.line, f"a second element with the id {name!r}; the first is in line {first_lines[name]}"
                )
            page.ids.add(name)
            first_lines.setdefault(name, tag.line)
        elif "id" in has:
            problem("id", tag.line, f"an empty id of <{tag.name}>")
        page.references += _references(tag)
        if missing := _without_words(tag):
            problem("alt", tag.line, missing)
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
                # A page that is shown inside others, or only leads on, has no heading of its own.
                apart |= has.get("name", "").lower() == "robots" and "noindex" in has.get("content", "").lower()
                apart |= has.get("http-equiv", "").lower() == "refresh"
    if not whole:
        return  # what browsers add to a fragment is told as a mistake of its markup
    if not language:
        problem("html", 1, "<html> does not say its language; give it lang")
    if not title:
        problem("html", 1, "it has no title")
    if not charset:
        problem("html", 1, 'it does not name its characters; begin its head with <meta charset="utf-8">')
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
        for _, address in requests.of_code("style", style.encode(errors="replace")):
            yield Hyperlink(tag.line, address, loads=True)
    if tag.name == "iframe" and (inner := has.get("srcdoc")):
        for each in _tags(inner):
            if each.name != "iframe":
                for reference in _references(each):
                    yield Hyperlink(tag.line, reference.address, reference.loads)


def _candidates(srcset: str) -> list[str]:
    """Addresses; after each may come a width or a density, and then a comma."""
    found, expected = [], True
    for word in srcset.split():
        address = word
        if not expected:
            _, comma, address = word.partition(",")
            expected = bool(comma)
        if expected and address:
            found.append(address.strip(","))
            expected = address.endswith(",")
    return [address for address in found if address]


def _without_words(tag: _Tag) -> str:
    """What a picture lacks for those who do not see it."""
    has = tag.attributes
    named = has.get("aria-label", "").strip() or has.get("aria-labeledby", "").strip() or has.get("title", "").strip()
    match tag.name:
        case "img" if "alt" not in has:
            return f'<img src="{_short(has.get("src", ""))}"> has no alt; an empty one says that it is decoration'
        case "area" if "href" in has and not has.get("alt", "").strip():
            return "<area> has no alt"
        case "input" if has.get("type", "").lower() == "image" and not (has.get("alt", "").strip() or named):
            return '<input type="image"> has no alt'
        case "iframe" if not named and has.get("aria-hidden") != "true":
            return f'<iframe src="{_short(has.get("src", ""))}"> has no title'
        case "svg" if has.get("role") == "img" and not named:
            return '<svg role="img"> has no aria-label'
    return ""


def _short(address: str) -> str:
    return address if len(address) <= 80 else f"{address[:79]}…"


def _without_attributes(found: re.Match[str]) -> str:
    """A start tag of which nothing but the name matters to a parser, as many lines long; reading attributes letter by
    letter is a third of its work."""
    names = re.findall(r'([^\s"=]+)="[^"]*"', found[2])
    if len(set(names)) < len(names) or found[1] in _ATTRIBUTES_MATTER:
        return found[0]
    lines = "\n" * found[2].count("\n")
    return f"<{found[1]}{lines}{found[3]}>"


_PLAIN = re.compile(r'<([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9:_-]*="[^"&<>\0]*")++)\s*+(/?)>')
"""A start tag without anything that could be wrong but an attribute that comes twice."""
_ATTRIBUTES_MATTER = frozenset({"input", "font", "annotation", "meta"})
"""Elements whose place depends on their attributes, and whatever names the characters of the page."""


class _Enough(Exception):
    pass


_HARMLESS = frozenset({"unexpected-char-in-comment"})
"""What the standard has allowed since the parser's version of it."""


def _mistakes(text: str) -> list[tuple[int, str]]:
    """What a browser has to guess at: line and message."""
    if len(text) > LARGEST:
        return [(1, f"it is too large to be parsed: {len(text):,} characters")]
    from tinyhtml5.parser import HTMLParser  # type: ignore[import-untyped]

    class Reader(HTMLParser):  # type: ignore[misc]  # it has no annotations
        found: list[tuple[int, str]]

        def parse_error(self, errorcode: str, datavars: dict[str, Any] | None = None) -> None:
            if errorcode in _HARMLESS:
                return
            if len(self.found) == MOST:
                self.found.append((self.line, f"more mistakes of markup than {MOST}; the rest is not told"))
                raise _Enough
            names = dict.fromkeys(name for key, name in (datavars or {}).items() if key.lower().endswith("name"))
            about = ", ".join(f"<{name}>" for name in names)
            self.found.append((self.line, f"{errorcode.replace('-', ' ')} {about}".rstrip()))

        def reset(self) -> None:
            super().reset()
            self.tree.open_elements = Open()

        def too_deep(self) -> None:
            self.found.append(
                (self.line, f"elements lie deeper inside each other than {DEEPEST}; the rest is not parsed")
            )
            raise _Enough

        @property
        def line(self) -> int:
            return int(self.tokenizer.stream.position()[0])

    class Open(list[Any]):
        """Elements that are not closed yet. What the parser does with one takes as long as there are others."""

        def append(self, element: Any) -> None:
            if len(self) == DEEPEST:
                reader.too_deep()
            super().append(element)

    reader = Reader()
    reader.found = []
    try:
        reader.parse(_PLAIN.sub(_without_attributes, text))
    except _Enough:
        pass
    except Exception as error:  # whatever a page makes the parser do, it must not end a build
        reader.found.append((1, f"the parser of HTML gave up: {type(error).__name__}"))
    return list(dict.fromkeys(reader.found))
