"""Prose: Markdown with front matter, formulas, and references to what a build has found and drawn.

`parse` reads a file and knows every mistake in it that the file alone shows, with its place. `bind` then puts in what
lies around it, pictures and links to other pages. What comes out is HTML cut at its references; a template prints the
one and places the other. Raw HTML in a file is text.
"""

from __future__ import annotations

import logging
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, image, link
from markdown_it.rules_inline.autolink import autolink
from markdown_it.token import Token
from markupsafe import Markup, escape
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

from reportgen.errors import ExperimentError, RefusedError, did_you_mean
from reportgen.experiment.toml.positions import syntax_error
from reportgen.markdown.formulas import GRAMMAR, kept, mathml
from reportgen.markdown.user_pictures import KINDS, load
from reportgen.pictures.media import content_named
from reportgen.text import escape_control_characters, number
from reportgen.values import short

LARGEST = 300_000
"""Letters of a file; a long article has a tenth of that."""

_LONGEST = 20_000
"""Letters of a paragraph, a heading or a cell of a table."""

_DEEPEST = 40
"""Levels of lists and quotes in each other; what lies deeper is not read."""

_MOST = 40
"""Mistakes that are told."""

BLOCKS = ("figure", "animation", "table", "section")
"""Kinds of references that take the place of a paragraph."""

_INLINE = ("number", "claim", "ref")
_CAPTIONED = ("figure", "animation", "table")
_CELLS = ("a caption", "a table")
"""Where those that stand in a line may stand, besides a paragraph."""

Place = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, kw_only=True)
class BuildReference:
    """`{{ KIND NAME SPEC | caption }}`."""

    kind: str
    """One of "figure", "animation", "table", "section", "number", "claim", "ref"."""
    name: str
    """For a number its path."""
    experiment: str | None
    """Whose it is; None for the experiment of the page."""
    spec: str = ""
    """How a number is written."""
    caption: tuple[Piece, ...] = ()
    line: int
    column: int

    @property
    def told(self) -> str:
        """Its name as the author wrote it."""
        return f"{self.experiment}/{self.name}" if self.experiment else self.name

    @property
    def id(self) -> str:
        """What a figure or a table is called on the page, for links: `figure-NAME`, `table-EXPERIMENT-NAME`."""
        kind = "figure" if self.kind == "animation" else self.kind
        return "-".join(filter(None, (kind, self.experiment, self.name)))


Piece = Markup | BuildReference


@dataclass(frozen=True)
class Heading:
    """A heading below the title."""

    level: int
    id: str
    text: str


@dataclass(frozen=True)
class Address:
    """A file that the prose names, and where it does."""

    target: str
    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A file of prose, read."""

    name: str
    """Its path, as told in errors."""
    front: Mapping[str, Any]
    """What stands between the lines `+++`, as it stands there."""
    front_text: str
    """Its text, behind an empty line, so that `positions(front_text)` are places in the file."""
    title: str | None
    """Of the first `# heading`, which is in no piece."""
    pieces: tuple[Piece, ...]
    """To be printed in order, once `bind` has put in what lies around the file."""
    headings: tuple[Heading, ...]
    opening: tuple[str | BuildReference, ...]
    """The first paragraph, as plain text."""
    links: tuple[Address, ...]
    """Links to other files."""
    pictures: tuple[Address, ...]

    @cached_property
    def references(self) -> tuple[BuildReference, ...]:
        """All of them, with those in captions, in the order of the page."""
        return tuple(_references(self.pieces))

    def summary(self, say: Callable[[BuildReference], str] = lambda reference: "") -> str:
        """The first paragraph as plain text in one line; `say` gives the words for its references."""
        return " ".join("".join(part if isinstance(part, str) else say(part) for part in self.opening).split())


@dataclass(frozen=True)
class Bound:
    """Prose with what lies around it."""

    pieces: tuple[Piece, ...]
    files: Mapping[str, bytes]
    """The pictures that it shows, named by content: `media/STEM-HASH.png`."""


def parse(text: str, name: str) -> Prose:
    """Read prose; `name` stands in front of every mistake. Raises `ExperimentError` with all of them.

    Warns of a heading that skips a level.
    """
    if len(text) > LARGEST:
        raise ExperimentError(f"{name}:1:1: larger than {LARGEST:,} letters; make several pages of it", code="RG403")
    reading = _Reading(_lines(text))
    for line, row in enumerate(reading.lines, 1):
        if (clean := escape_control_characters(row)) != row:
            column = next(i for i, letter in enumerate(row, 1) if escape_control_characters(letter) != letter)
            reading.mistake(
                (line, column), f"U+{ord(row[column - 1]):04X} is no letter that a page can hold; delete it"
            )
            reading.lines[line - 1] = clean
    front, front_text = _front(reading)
    tokens = _with_heads(_markdown().parse("\n".join(reading.lines), {"reading": reading}))
    too_deep = next((token for token in tokens if token.level >= _DEEPEST - 1), None)
    if too_deep:
        reading.mistake(((too_deep.map or [0])[0] + 1, 1), "lists and quotes are nested too deeply to be read")
    title, headings = _headings(reading, tokens)
    _paragraphs(reading, tokens)
    pieces = _cut(reading, _renderer().render(tokens, _markdown().options, {"reading": reading}))
    _check_anchors(reading, headings, pieces)
    raise_mistakes(name, reading.mistakes)
    for place, text in reading.warnings:
        logging.getLogger("reportgen").warning("%s:%d:%d: %s", name, *place, text)
    return Prose(
        name=name,
        front=front,
        front_text=front_text,
        title=title,
        pieces=pieces,
        headings=headings,
        opening=_opening(tokens),
        links=tuple(reading.links),
        pictures=tuple(reading.pictures),
    )


def front_text(text: str) -> str:
    """The front matter of a file as `Prose.front_text` has it, whatever is wrong below; nothing if it is no TOML."""
    return _front(_Reading(_lines(text)))[1]


def bind(
    prose: Prose, folder: Path, root: Path, resolve: Callable[[str], str | None], media: Callable[[str], str]
) -> Bound:
    """Put in pictures, and links to other pages.

    `folder` is where the file of prose lies, and `root` the folder of the site, out of which no picture may come.
    `resolve` makes `other.md#anchor` an address, or None if there is no such page, and `media` the address of one of
    the returned files. Raises `ExperimentError` with every mistake, and `RefusedError` for a picture from outside.
    """
    mistakes: list[tuple[Place, str]] = []
    files: dict[str, bytes] = {}
    put: dict[str, str] = {}
    for count, other in enumerate(prose.links):
        address = resolve(other.target)
        if address is None:
            mistakes.append(((other.line, other.column), f"there is no page {short(other.target)!r} in this site"))
        put[f"l{count}"] = escape(address or "")
    for count, picture in enumerate(prose.pictures):
        try:
            content, width, height = load(folder / picture.target, root)
        except RefusedError as error:
            what = f"{prose.name}:{picture.line}:{picture.column}: {error}"
            raise RefusedError(what, code=error.code) from error
        except ValueError as error:
            mistakes.append(((picture.line, picture.column), f"picture {short(picture.target)!r}: {error}"))
            continue
        file = f"media/{content_named(_file_name(picture.target), content)}"
        files[file] = content
        put[f"p{count}"] = f'src="{escape(media(file))}" width="{width}" height="{height}"'
    raise_mistakes(prose.name, mistakes)
    return Bound(_filled(prose.pieces, put), dict(sorted(files.items())))


def alone(text: str, name: str) -> Markup:
    """Prose that stands by itself as HTML, like the end of a page. Raises `ExperimentError` if it needs anything."""
    parsed = parse(text, name)
    places = [(one.line, one.column) for one in parsed.references]
    places += [(one.line, one.column) for one in (*parsed.links, *parsed.pictures)]
    raise_mistakes(name, ((place, "only text and links to the web can stand here") for place in places))
    return Markup("").join(piece for piece in parsed.pieces if isinstance(piece, Markup))


def _file_name(target: str) -> str:
    stem, _, ending = Path(target).name.rpartition(".")
    return f"{_slug(stem) or 'picture'}.{ending.lower()}"


def _filled(pieces: Iterable[Piece], put: Mapping[str, str]) -> tuple[Piece, ...]:
    def fill(piece: Piece) -> Piece:
        if isinstance(piece, BuildReference):
            return replace(piece, caption=_filled(piece.caption, put))
        return Markup(re.sub("\0([lp]\\d+)\0", lambda mark: put[mark[1]], str(piece)))  # noqa: S704  # ours, escaped

    return tuple(map(fill, pieces))


def _references(pieces: Iterable[Piece]) -> Iterable[BuildReference]:
    for piece in pieces:
        if isinstance(piece, BuildReference):
            yield piece
            yield from _references(piece.caption)


def raise_mistakes(name: str, mistakes: Iterable[tuple[Place, str]]) -> None:
    """Raise `ExperimentError` with the mistakes in a file, if there are any, in the order of their places."""
    told = [f"{name}:{line}:{column}: {what}" for (line, column), what in sorted(dict.fromkeys(mistakes))]
    if more := told[_MOST:]:
        place = more[0].removeprefix(f"{name}:").split(": ")[0]
        told[_MOST:] = [f"{name}:{place}: {len(more):,} more mistakes from here on"]
    if told:
        raise ExperimentError("\n".join(told))


class _Reading:
    """What one file has come to, while it is read."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.mistakes: list[tuple[Place, str]] = []
        self.warnings: list[tuple[Place, str]] = []
        self.links: list[Address] = []
        self.pictures: list[Address] = []
        self.anchors: list[Address] = []
        self.placed: list[BuildReference] = []
        self.base = 0
        """Where the text that is read begins in that of its block: captions are read apart."""
        self.within = ""
        """What the text that is read belongs to, where it is not running text: "a caption", "a heading"."""
        self.unclosed = False
        """Whether the rest of the block has no end of braces, and need not be looked through again."""
        self._rows: list[str] = []
        self._first = 0
        self._cell: str | None = None
        self._column = 0

    def mistake(self, place: Place, what: str) -> None:
        self.mistakes.append((place, what))

    def begin(self, content: str, line: int, cell_from: int | None) -> int:
        """The text of a block, which begins in `line`, counted from 0; returns where a cell of a table ends."""
        self._rows, self._first, self._cell, self.base, self.unclosed = content.split("\n"), line, None, 0, False
        if cell_from is None:
            return 0
        pattern = re.escape(content).replace(r"\|", r"\\?\|")
        found = re.compile(pattern).search(self.lines[line], cell_from)
        self._cell, self._column = found[0] if found else content, found.start() if found else cell_from
        return found.end() if found else cell_from

    def at(self, offset: int) -> Place:
        """The place in the file of a letter of the text that is read."""
        offset += self.base
        row = 0
        while row < len(self._rows) - 1 and offset > len(self._rows[row]):
            offset -= len(self._rows[row]) + 1
            row += 1
        line = min(self._first + row, len(self.lines) - 1)
        if self._cell is not None:
            # A bar in a cell is written with a backslash, which its text has no more.
            start = 0
            for letter in self._rows[0][:offset]:
                start += 2 if letter == "|" and self._cell.startswith("\\|", start) else 1
            return line + 1, self._column + start + 1
        # What stands before a line of a list or a quote is not part of its text.
        begins = self.lines[line].rfind(self._rows[row].rstrip())
        return line + 1, max(begins, 0) + offset + 1


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _front(reading: _Reading) -> tuple[dict[str, Any], str]:
    """The front matter, whose lines are then empty."""
    lines = reading.lines
    if lines[0].rstrip() == "---" and any(re.match(r"\w+: ", line) for line in lines[1:3]):
        what = 'this looks like YAML; front matter is TOML between lines of +++, like title = "…" and date = 2026-11-23'
        reading.mistake((1, 1), what)
    if lines[0].rstrip() != "+++":
        return {}, ""
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "+++"), 0)
    if not end:
        reading.mistake((1, 1), "front matter without an end; close it with a line +++")
        return {}, ""
    text = "\n".join(["", *lines[1:end], ""])
    lines[: end + 1] = [""] * (end + 1)
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        what, line, column = syntax_error(error, text)
        reading.mistake((min(line, end + 1), column), what)
    except ValueError as error:  # int() refuses to read thousands of digits
        reading.mistake((1, 1), f"not valid TOML: {error}")
    except RecursionError:
        reading.mistake((1, 1), "front matter nested too deeply")
    return {}, text


# Reading


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Every link is one: what it leads to is looked at later, so that a mistake is told, not shown as text."""
        return True


@cache
def _markdown() -> _Markdown:
    markdown = _Markdown("js-default", {"maxNesting": _DEEPEST})
    markdown.use(footnote_plugin, inline=False).use(deflist_plugin)
    markdown.core.ruler.at("inline", _read_blocks)
    markdown.block.ruler.before("fence", "formula_block", _formula_block, {"alt": ["paragraph", "reference", "list"]})
    markdown.inline.ruler.after("escape", "formula", _formula)
    markdown.inline.ruler.push("reference", _reference)
    for name, rule in (("link", link), ("image", image), ("autolink", autolink)):
        markdown.inline.ruler.at(name, _placing(rule))
    return markdown


@cache
def _renderer() -> _Renderer:
    """Not that of the parser, whose plugins bring HTML of their own."""
    return _Renderer(_markdown())


def _read_blocks(state: StateCore) -> None:
    """Read the text of each block, knowing where it stands."""
    reading: _Reading = state.env["reading"]
    line, cell_from, before = 0, 0, ""
    for token in state.tokens:
        if token.map:
            line = token.map[0]
        if token.type == "tr_open":
            cell_from = 0
        if token.type == "inline":
            cell = before in ("th_open", "td_open")
            cell_from = reading.begin(token.content, line, cell_from if cell else None)
            reading.within = {"heading_open": "a heading", "dt_open": "a term"}.get(before, "a table" if cell else "")
            token.children = []
            if len(token.content) > _LONGEST:
                reading.mistake((line + 1, 1), f"a paragraph of more than {_LONGEST:,} letters; make several of it")
            else:
                state.md.inline.parse(token.content, state.md, state.env, token.children)
        before = token.type


_Rule = Callable[[StateInline, bool], bool]


def _placing(rule: _Rule) -> _Rule:
    """`rule`, whose token then knows its place."""

    def placing(state: StateInline, silent: bool) -> bool:
        start, before, reading = state.pos, len(state.tokens), state.env["reading"]
        base, within = reading.base, reading.within
        if rule is image:  # reads its description apart
            reading.base, reading.within = base + start + 2, "the description of a picture"
        done = rule(state, silent)
        reading.base, reading.within = base, within
        if done and not silent:
            token = next(token for token in state.tokens[before:] if token.type in ("link_open", "image"))
            token.meta["place"] = reading.at(start)
        return done

    return placing


_IN_TEXT = re.compile(GRAMMAR, re.DOTALL)


def _formula(state: StateInline, silent: bool) -> bool:
    found = _IN_TEXT.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "$" else None
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        tex = (found["display"] or found["inline"]).strip()
        _convert(
            token, tex, bool(found["display"]), found["after"] or "", state.env["reading"].at(state.pos), state.env
        )
    state.pos = found.end()
    return True


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """`$$` at the beginning of a line, up to the line that ends with it; no empty line between."""
    if state.is_code_block(start):
        return False
    rows: list[str] = []
    for line in range(start, end):
        row = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()
        if not row or state.sCount[line] < state.blkIndent or (not rows and not row.startswith("$$")):
            return False
        rows.append(row if rows else row[2:])
        if rows[-1].endswith("$$"):
            break
    tex = "\n".join(rows)
    if not tex.endswith("$$") or "$$" in tex[:-2]:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        token.block, token.map = True, [start, line + 1]
        _convert(token, tex[:-2].strip(), True, "", (start + 1, state.tShift[start] + 1), state.env)
        state.line = line + 1
    return True


def _convert(token: Token, tex: str, display: bool, after: str, place: Place, env: Any) -> None:
    # TeX takes braces in braces for a group of letters.
    if inside := re.search(rf"\{{\{{\s*({'|'.join(BLOCKS + _INLINE)})\s", tex):
        env["reading"].mistake(place, f"a {inside[1]} cannot stand in a formula; end the formula before it")
    try:
        token.content = kept(mathml(tex, display), after)
    except ValueError as error:
        env["reading"].mistake(place, f"formula {short(tex)!r}: {error}")


_BRACES = re.compile(rf"\\.|(?P<tick>`+)(?!`).*?(?<!`)(?P=tick)(?!`)|{GRAMMAR}|(?P<brace>\{{\{{|\}}\}})", re.DOTALL)


def _reference(state: StateInline, silent: bool) -> bool:
    reading: _Reading = state.env["reading"]
    start = state.pos
    if reading.unclosed or not state.src.startswith("{{", start):
        return False
    end = _closing(state.src, start + 2, state.posMax)
    if end is None:
        if silent:
            return False
        reading.unclosed = True
        reading.mistake(reading.at(start), "braces that are never closed; \\{{ where the page is to show them")
        return False
    if not silent:
        token = state.push("reference", "", 0)
        head, bar, caption = state.src[start + 2 : end].partition("|")
        place = token.meta["place"] = reading.at(start)
        try:
            linked = state.linkLevel and reading.within in ("", *_CELLS)
            told = _told(head, bool(bar), place, "a link" if linked else reading.within)
        except ValueError as error:
            reading.mistake(place, str(error))
        else:
            token.meta["reference"] = told
            token.children = []
            base, within = reading.base, reading.within
            reading.base += start + 2 + len(head) + 1 + len(caption) - len(caption.lstrip())
            reading.within = "a caption"
            state.md.inline.parse(caption.strip(), state.md, state.env, token.children)
            reading.base, reading.within = base, within
    state.pos = end + 2
    return True


def _closing(text: str, start: int, end: int) -> int | None:
    """Where the braces close that open before `start`: code, formulas and braces in a caption are passed over."""
    depth = 1
    for found in _BRACES.finditer(text, start, end):
        if found["brace"]:
            depth += 1 if found["brace"] == "{{" else -1
            if not depth:
                return found.start()
    return None


def _told(head: str, captioned: bool, place: Place, within: str) -> BuildReference:
    """The reference whose braces begin with `head`; `ValueError` says what is wrong with it."""
    kind, *words = head.split() or [""]
    if kind not in BLOCKS + _INLINE:
        raise ValueError(f"there is no reference {short(kind)!r}.{did_you_mean(kind, BLOCKS + _INLINE)}")
    usage = f"{{{{ {kind} {'PATH' if kind == 'number' else 'NAME'} }}}}"
    if not words:
        raise ValueError(f"{kind} of what? Write {usage}")
    if within and (kind in BLOCKS or within not in _CELLS):
        if kind in BLOCKS:
            raise ValueError(f"a {kind} cannot stand in {within}; give it a paragraph of its own")
        if within != "a link" or kind != "number":
            raise ValueError(f"a {kind} cannot stand in {within}")
    if captioned and kind not in _CAPTIONED:
        raise ValueError(f"a {kind} has no caption; write {usage}")
    name, *spec = words
    experiment, slash, rest = name.partition("/")
    if len(spec) > (kind == "number"):
        raise ValueError(f"{short(' '.join(words))!r} is more than a name; write {usage}")
    if slash and not (experiment and rest):
        raise ValueError(f"{short(name)!r} names nothing; write EXPERIMENT/NAME")
    if slash and kind == "section":
        raise ValueError("a section is told of the page's own experiment; write {{ section NAME }}")
    if spec:
        _check_spec(spec[0])
    return BuildReference(
        kind=kind,
        name=rest if slash else name,
        experiment=experiment if slash else None,
        spec=spec[0] if spec else "",
        line=place[0],
        column=place[1],
    )


def _check_spec(spec: str) -> None:
    wrong = ValueError(f"{short(spec)!r} is no format of numbers; write one like .2f, .1% or .3g")
    if not re.fullmatch(r"\+?,?(\.\d{1,2})?[defg%]?", spec):
        raise wrong
    try:
        number(0.5, spec)
    except ValueError:
        try:
            number(1, spec)
        except ValueError:
            raise wrong from None


# What blocks there are


def _headings(reading: _Reading, tokens: list[Token]) -> tuple[str | None, tuple[Heading, ...]]:
    """The title, whose tokens are taken out, and the headings, whose tokens get their ids."""
    title: str | None = None
    found: list[Heading] = []
    taken = {
        used
        for token in tokens
        for child in token.children or ()
        if (placed := child.meta.get("reference")) and placed.kind == "section"
        for used in (placed.name, f"{placed.name}-title")
    }
    level, gone = 1, set()
    for i, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        text = _plain(tokens[i + 1].children or [])
        place = (token.map or [0])[0] + 1, 1
        depth = int(token.tag[1:])
        if not text:
            reading.mistake(place, "a heading without words")
        if depth == 1:
            if title is not None or token.level:
                reading.mistake(place, "a page has one # heading, its title; write ## here")
            title = text
            gone |= {i, i + 1, i + 2}
            continue
        if depth > level + 1:
            reading.warnings.append((place, f"heading {short(text)!r} skips a level; write {'#' * (level + 1)}"))
        level = depth
        heading = Heading(depth, _unused(_slug(text), taken), text)
        taken.add(heading.id)
        found.append(heading)
        token.attrSet("id", heading.id)
    tokens[:] = [token for i, token in enumerate(tokens) if i not in gone]
    return title, tuple(found)


def _slug(text: str) -> str:
    """Small letters, those of every script, with hyphens between the words: `uber-gewichte`, `веса`."""
    letters = (unicodedata.normalize("NFD", letter) for letter in unicodedata.normalize("NFC", text.casefold()))
    bare = (letter[0] if letter and letter[0].isascii() else unicodedata.normalize("NFC", letter) for letter in letters)
    kept = (letter if unicodedata.category(letter[0])[0] in "LNM" else "-" for letter in bare if letter)
    return re.sub("-+", "-", "".join(kept)).strip("-")[:80]


_OURS = re.compile(r"(?:page|figure|table|player|live|pause|embed|fn|fnref)(?:-|\d|$)")
"""Ids that templates give."""


def _unused(slug: str, taken: set[str]) -> str:
    slug = slug or "part"
    if _OURS.match(slug):
        slug = f"on-{slug}"
    name, count = slug, 1
    while name in taken:
        count += 1
        name = f"{slug}-{count}"
    return name


def _plain(tokens: Iterable[Token]) -> str:
    return " ".join("".join(part for part in _words(tokens) if isinstance(part, str)).split())


def _words(tokens: Iterable[Token]) -> Iterable[str | BuildReference]:
    for token in tokens:
        if token.type in ("text", "code_inline", "text_special"):
            yield token.content
        elif token.type in ("softbreak", "hardbreak"):
            yield " "
        elif token.type == "formula":
            yield unescape(re.sub("<[^>]*>", "", token.content))
        elif token.type == "reference" and "reference" in token.meta:
            yield token.meta["reference"]


def _opening(tokens: Sequence[Token]) -> tuple[str | BuildReference, ...]:
    for before, token in pairwise(tokens):
        if before.type == "paragraph_open" and before.level == 0 and not before.hidden:
            return tuple(_words(token.children or []))
    return ()


def _paragraphs(reading: _Reading, tokens: Sequence[Token]) -> None:
    """Figures take the place of the paragraphs that they are alone in."""
    before: Token | None = None
    for i, token in enumerate(tokens):
        if token.type == "inline" and (children := token.children):
            blocks = [child for child in children if _kind(child) in BLOCKS]
            rest = [
                child
                for child in children
                if child not in blocks and child.type != "softbreak" and (child.type != "text" or child.content.strip())
            ]
            in_paragraph = before is not None and before.type == "paragraph_open"
            alone = not rest or (not blocks and len(rest) == 1 and rest[0].type == "image")
            if in_paragraph and alone:
                assert before is not None  # noqa: S101 - for the type checker
                # Before the end of the last paragraph of a footnote stand the ways back to the text.
                end = next(token for token in tokens[i + 1 :] if token.type == "paragraph_close")
                before.hidden = end.hidden = True
                token.children = blocks or rest
                for child in token.children:
                    child.meta["alone"] = True
            for block in blocks:
                kind, place = _kind(block), block.meta["place"]
                if not (in_paragraph and alone):
                    reading.mistake(place, f"a {kind} stands in running text; give it a paragraph of its own")
                elif kind == "section" and token.level != 1:
                    reading.mistake(place, "a section cannot stand in a list or a quote")
        before = token


def _with_heads(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without those heads of tables that hold no word, which Markdown wants and readers hear."""
    kept: list[Token] = []
    for token in tokens:
        kept.append(token)
        if token.type == "thead_close":
            start = max(i for i, other in enumerate(kept) if other.type == "thead_open")
            if not any(part.content for part in kept[start:] if part.type == "inline"):
                del kept[start:]
    return kept


def _kind(token: Token) -> str:
    reference = token.meta.get("reference")
    return reference.kind if reference else ""


def _check_anchors(reading: _Reading, headings: Iterable[Heading], pieces: Iterable[Piece]) -> None:
    """Links into the page lead somewhere, and nothing is shown twice."""
    shown: set[str] = set()
    sections = set()
    for reference in _references(pieces):
        if reference.kind == "section":
            sections |= {reference.name, f"{reference.name}-title"}
        if reference.kind in BLOCKS:
            if reference.id in shown:
                told = reference.told
                what = f"{reference.kind} {told!r} is shown twice; refer to it with {{{{ ref {told} }}}}"
                reading.mistake((reference.line, reference.column), what)
            shown.add(reference.id)
    known = {heading.id for heading in headings} | shown | sections
    for anchor in reading.anchors:
        # What a section of ours shows is not known here.
        elsewhere = sections and anchor.target.startswith(("figure-", "table-"))
        if anchor.target not in known and not elsewhere:
            what = f"there is no heading and no figure {short(anchor.target)!r} on this page."
            reading.mistake((anchor.line, anchor.column), what + (did_you_mean(anchor.target, known) if known else ""))


# Writing


def _cut(reading: _Reading, html: str) -> tuple[Piece, ...]:
    """HTML, cut at its references."""
    parts = re.split("\0r(\\d+)\0", html)
    pieces = [reading.placed[int(part)] if i % 2 else Markup(part) for i, part in enumerate(parts)]  # noqa: S704  # ours
    return tuple(piece for piece in pieces if piece)


_EXTERNAL = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\x7f-\x9f]+", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]|%5c|%2f", re.IGNORECASE)
"""Schemes, and paths that are not relative."""


class _Renderer(RendererHTML):
    """HTML as article pages have it; the names of methods are those of tokens."""

    def reference(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        told = tokens[i].meta.get("reference")
        if told is None:  # a mistake, which has been told
            return ""
        reading: _Reading = env["reading"]
        caption = _cut(reading, self.renderInline(tokens[i].children or [], options, env))
        reading.placed.append(replace(told, caption=caption))
        return f"\0r{len(reading.placed) - 1}\0"

    def formula(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return f"<p>{tokens[i].content}</p>\n" if tokens[i].block else tokens[i].content

    def fence(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        language = (tokens[i].info.split() or [""])[0]
        code, known = _highlighted(tokens[i].content, language)
        return (
            f'<figure class="code">\n<div class="scroll" role="group" aria-label="Code{": " * known}'
            f'{escapeHtml(language) * known}" tabindex="0">\n<pre><code>{code}</code></pre>\n</div>\n</figure>\n'
        )

    def code_block(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return self.fence(tokens, i, options, env)

    def table_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return '<div class="scroll" role="group" aria-label="Table" tabindex="0">\n<table>\n'

    def table_close(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return "</table>\n</div>\n"

    def th_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return (
            f'<th scope="col"{_aligned(tokens[i])}>' if tokens[i + 1].content else self.td_open(tokens, i, options, env)
        )

    def th_close(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return "</th>\n" if tokens[i - 1].content else "</td>\n"

    def td_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return f"<td{_aligned(tokens[i])}>"

    def link_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        token, reading = tokens[i], env["reading"]
        href, place = str(token.attrGet("href") or ""), token.meta["place"]
        if _EXTERNAL.fullmatch(href):
            token.attrSet("rel", "noopener noreferrer")
        elif href.startswith("#") and len(href) > 1:
            reading.anchors.append(Address(unquote(href[1:]), *place))
        elif not href or href == "#" or _ELSEWHERE.match(href):
            known = "https://…, http://…, mailto:…, #heading or another-page.md"
            reading.mistake(place, f"a link to {short(href)!r} leads nowhere; write {known}")
        else:
            reading.links.append(Address(unquote(href), *place))
            token.attrSet("href", f"\0l{len(reading.links) - 1}\0")
        return self.renderToken(tokens, i, options, env)

    def image(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        token, reading = tokens[i], env["reading"]
        address, place = str(token.attrGet("src") or ""), token.meta["place"]
        alt = " ".join(self.renderInlineAsText(token.children, options, env).split())
        if _ELSEWHERE.match(address) or not address:
            reading.mistake(place, f"picture {short(address)!r} is no file beside this one; a page fetches nothing")
        elif Path(unquote(address)).suffix.lower() not in KINDS:
            reading.mistake(place, f"picture {short(unquote(address))!r} is none of {', '.join(sorted(KINDS))}")
        elif not alt:
            what = f"![what it shows]({short(address)})"
            reading.mistake(place, f"picture {short(unquote(address))!r} has no description; write {what}")
        reading.pictures.append(Address(unquote(address), *place))
        shown = f'<img \0p{len(reading.pictures) - 1}\0 alt="{escapeHtml(alt)}" loading="lazy" decoding="async">'
        title = escapeHtml(str(token.attrGet("title") or ""))
        if token.meta.get("alone"):
            caption = f"\n<figcaption>{title}</figcaption>" if title else ""
            return f'<figure class="picture">\n<div class="frame">{shown}</div>{caption}\n</figure>\n'
        return shown.replace("<img ", f'<img title="{title}" ') if title else shown

    def footnote_block_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return '<section class="footnotes" role="doc-endnotes" aria-label="Notes">\n<ol>\n'

    def footnote_block_close(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return "</ol>\n</section>\n"

    def footnote_open(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return f'<li id="fn{tokens[i].meta["id"] + 1}">\n'

    def footnote_close(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return "</li>\n"

    def footnote_ref(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        note, name = tokens[i].meta["id"] + 1, _note_name(tokens[i])
        return f'<sup><a href="#fn{note}" id="fnref{name}" role="doc-noteref" aria-label="Note {note}">{note}</a></sup>'

    def footnote_anchor(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        name = _note_name(tokens[i])
        # The second letter asks for an arrow, not for a picture of one.
        return f' <a href="#fnref{name}" role="doc-backlink" aria-label="Back to the text">↩\ufe0e</a>'


def _note_name(token: Token) -> str:
    return f"{token.meta['id'] + 1}" + (f"-{token.meta['subId'] + 1}" if token.meta["subId"] else "")


def _aligned(token: Token) -> str:
    style = str(token.attrGet("style") or "")
    name = {"right": "number", "center": "center"}.get(style.rpartition(":")[2])
    return f' class="{name}"' if name else ""


def _highlighted(code: str, language: str) -> tuple[str, bool]:
    """Code as HTML, and whether its language is known; any other stays plain."""
    if not language or len(code) > _LONGEST or language not in _languages():
        return escapeHtml(code), False
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import get_lexer_by_name

    lexer = get_lexer_by_name(language, stripnl=False)
    return highlight(code, lexer, HtmlFormatter(nowrap=True)), True


@cache
def _languages() -> frozenset[str]:
    from pygments.lexers import get_all_lexers

    # Without plugins: what else is installed must not change a page.
    return frozenset(alias for lexer in get_all_lexers(plugins=False) for alias in lexer[1])
