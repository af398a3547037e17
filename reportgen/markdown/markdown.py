"""Prose: Markdown with front matter, formulas, and references to the results of builds.

`parse` reads a file and reports every mistake that the file alone shows, with its position. `bind` then inserts
pictures and links to other pages. The result is HTML, split at its references; a template prints the HTML and puts
the references in place. Raw HTML in a file is shown as text.
"""

from __future__ import annotations

import logging
import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
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
from reportgen.markdown.formulas import GRAMMAR, keep_together, mathml
from reportgen.markdown.user_pictures import KINDS, load
from reportgen.pictures.media import hashed_name
from reportgen.text import escape_control_characters, number
from reportgen.values import short

LARGEST = 300_000
"""Characters of a file; a long article has a tenth of that."""

_LONGEST = 20_000
"""Characters of a paragraph, a heading or a table cell."""

_DEEPEST = 40
"""Nesting depth of lists and quotes; deeper ones are not read."""

_MOST = 40
"""Mistakes that are listed."""

BLOCKS = ("figure", "animation", "table", "section")
"""Kinds of references that take the place of a paragraph."""

_INLINE = ("number", "claim", "ref")
_CAPTIONED = ("figure", "animation", "table")
_CELLS = ("a caption", "a table")
"""Where an inline reference may be, besides a paragraph."""

Position = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, kw_only=True)
class BuildReference:
    """`{{ KIND NAME SPEC | caption }}`."""

    kind: str
    """One of "figure", "animation", "table", "section", "number", "claim", "ref"."""
    name: str
    """For a number its path."""
    experiment: str | None
    """The experiment that has it; None for the experiment of the page."""
    spec: str = ""
    """The format of a number."""
    caption: tuple[Piece, ...] = ()
    line: int
    column: int

    @property
    def full_name(self) -> str:
        """The name with its experiment, as the author wrote it."""
        return f"{self.experiment}/{self.name}" if self.experiment else self.name

    @property
    def id(self) -> str:
        """The id of a figure or table on the page, for links: `figure-NAME`, `table-EXPERIMENT-NAME`."""
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
    """A link target in the prose, and its position."""

    target: str
    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Prose:
    """A parsed file of prose."""

    name: str
    """The path, for error messages."""
    front: Mapping[str, Any]
    """The front matter: the TOML between the lines `+++`."""
    front_text: str
    """The text of the front matter after an empty line, so that `positions(front_text)` are positions in the file."""
    title: str | None
    """The text of the first `# heading`, which is in no piece."""
    pieces: tuple[Piece, ...]
    """HTML and references in order; `bind` completes them."""
    headings: tuple[Heading, ...]
    opening: tuple[str | BuildReference, ...]
    """The first paragraph, as plain text."""
    links: tuple[Address, ...]
    """Links to other files."""
    pictures: tuple[Address, ...]

    @cached_property
    def references(self) -> tuple[BuildReference, ...]:
        """All references, also those in captions, in the order of the page."""
        return tuple(_references(self.pieces))

    def summary(self, describe: Callable[[BuildReference], str] = lambda reference: "") -> str:
        """The first paragraph as plain text in one line; `describe` gives the text of a reference."""
        return " ".join("".join(part if isinstance(part, str) else describe(part) for part in self.opening).split())


@dataclass(frozen=True)
class BoundProse:
    """Prose with its pictures and links to other pages."""

    pieces: tuple[Piece, ...]
    files: Mapping[str, bytes]
    """Its pictures, named by content: `media/STEM-HASH.png`."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The page around a text that is only a part of it: such a text has no title and no front matter."""

    first_line: int = 1
    """The line of the file at which the text begins."""
    ids: Collection[str] = ()
    """Ids of the rest of the page. The figures and tables of the page have ids too, which need not be given."""
    notes: str = ""
    """The beginning of the ids of footnotes, so that two texts of a page can have some."""


def parse(text: str, name: str, around: Surroundings | None = None) -> Prose:
    """Parse prose, which is a whole page unless `around` is given. `name` is the path in messages.

    Raises `ExperimentError` with all mistakes; warns of a heading that skips a level.
    """
    if len(text) > LARGEST:
        raise ExperimentError(f"{name}:1:1: longer than {LARGEST:,} characters; make several pages of it", code="RG403")
    first = around.first_line if around else 1
    reading = _Reading([""] * (first - 1) + _lines(text), around)
    for line, row in enumerate(reading.lines, 1):
        if (clean := escape_control_characters(row)) != row:
            column = next(i for i, character in enumerate(row, 1) if escape_control_characters(character) != character)
            reading.add_mistake(
                (line, column), f"U+{ord(row[column - 1]):04X} is a character that a page cannot hold; delete it"
            )
            reading.lines[line - 1] = clean
    front, front_text = ({}, "") if around else _front(reading)
    tokens = _with_heads(_markdown().parse("\n".join(reading.lines), {"reading": reading}))
    too_deep = next((token for token in tokens if token.level >= _DEEPEST - 1), None)
    if too_deep:
        reading.add_mistake(((too_deep.map or [0])[0] + 1, 1), "lists and quotes are nested too deeply to be read")
    title, headings = _headings(reading, tokens)
    _paragraphs(reading, tokens)
    pieces = _split(reading, _renderer().render(tokens, _markdown().options, {"reading": reading}))
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
    """The `Prose.front_text` of a file, even if the file has mistakes; empty if the front matter is no TOML."""
    return _front(_Reading(_lines(text)))[1]


def bind(
    prose: Prose, folder: Path, root: Path, resolve: Callable[[str], str | None], media: Callable[[str], str]
) -> BoundProse:
    """Insert pictures and links to other pages.

    `folder` is the folder of the file, and `root` the folder of the site, in which every picture must lie. `resolve`
    returns the address of `other.md#anchor`, or None if there is no such page; `media` returns the address of one of
    the returned files. Raises `ExperimentError` with every mistake, and `RefusedError` for a picture outside `root`.
    """
    mistakes: list[tuple[Position, str]] = []
    files: dict[str, bytes] = {}
    values: dict[str, str] = {}
    for count, other in enumerate(prose.links):
        address = resolve(other.target)
        if address is None:
            mistakes.append(((other.line, other.column), f"there is no page {short(other.target)!r} in this site"))
        values[f"l{count}"] = escape(address or "")
    for count, picture in enumerate(prose.pictures):
        try:
            content, width, height = load(folder / picture.target, root)
        except RefusedError as error:
            what = f"{prose.name}:{picture.line}:{picture.column}: {error}"
            raise RefusedError(what, code=error.code) from error
        except ValueError as error:
            mistakes.append(((picture.line, picture.column), f"picture {short(picture.target)!r}: {error}"))
            continue
        file = f"media/{hashed_name(_file_name(picture.target), content)}"
        files[file] = content
        values[f"p{count}"] = f'src="{escape(media(file))}" width="{width}" height="{height}"'
    raise_mistakes(prose.name, mistakes)
    return BoundProse(_fill(prose.pieces, values), dict(sorted(files.items())))


def standalone_html(text: str, name: str) -> Markup:
    """Prose without references, pictures and links to pages as HTML, for a footer; `ExperimentError` if it has any."""
    parsed = parse(text, name)
    items: list[BuildReference | Address] = [*parsed.references, *parsed.links, *parsed.pictures]
    message = "only text and links to the web are allowed here"
    raise_mistakes(name, (((item.line, item.column), message) for item in items))
    return Markup("").join(piece for piece in parsed.pieces if isinstance(piece, Markup))


def _file_name(target: str) -> str:
    stem, _, ending = Path(target).name.rpartition(".")
    return f"{_unaccented_slug(stem) or 'picture'}.{ending.lower()}"


def _fill(pieces: Iterable[Piece], values: Mapping[str, str]) -> tuple[Piece, ...]:
    """Pieces in which `values` replace the marks of links and pictures."""

    def fill_piece(piece: Piece) -> Piece:
        if isinstance(piece, BuildReference):
            return replace(piece, caption=_fill(piece.caption, values))
        return Markup(re.sub("\0([lp]\\d+)\0", lambda mark: values[mark[1]], str(piece)))  # noqa: S704  # ours, escaped

    return tuple(map(fill_piece, pieces))


def _references(pieces: Iterable[Piece]) -> Iterable[BuildReference]:
    for piece in pieces:
        if isinstance(piece, BuildReference):
            yield piece
            yield from _references(piece.caption)


def raise_mistakes(name: str, mistakes: Iterable[tuple[Position, str]]) -> None:
    """Raise `ExperimentError` with the mistakes in a file, if there are any, sorted by position."""
    lines = [f"{name}:{line}:{column}: {message}" for (line, column), message in sorted(dict.fromkeys(mistakes))]
    if more := lines[_MOST:]:
        position = more[0].removeprefix(f"{name}:").split(": ")[0]
        lines[_MOST:] = [f"{name}:{position}: {len(more):,} more mistakes from here on"]
    if lines:
        raise ExperimentError("\n".join(lines))


class _Reading:
    """The state of parsing one file."""

    def __init__(self, lines: list[str], around: Surroundings | None = None) -> None:
        self.lines = lines
        self.around = around
        self.ids = frozenset(around.ids if around else ())
        self.notes = around.notes if around else ""
        self.mistakes: list[tuple[Position, str]] = []
        self.warnings: list[tuple[Position, str]] = []
        self.links: list[Address] = []
        self.pictures: list[Address] = []
        self.anchors: list[Address] = []
        self.placed: list[BuildReference] = []
        self.base = 0
        """Offset of the current text in its block; captions are parsed separately."""
        self.within = ""
        """The element of the current text, such as "a caption" or "a heading"; empty for running text."""
        self.unclosed = False
        """True if the rest of the block has no closing braces, so that it need not be searched again."""
        self._rows: list[str] = []
        self._first = 0
        self._cell: str | None = None
        self._column = 0

    def add_mistake(self, position: Position, message: str) -> None:
        self.mistakes.append((position, message))

    def begin_block(self, content: str, line: int, cell_from: int | None) -> int:
        """Begin a block with its text and its line, from 0; return the column at which a table cell ends."""
        self._rows, self._first, self._cell, self.base, self.unclosed = content.split("\n"), line, None, 0, False
        if cell_from is None:
            return 0
        pattern = re.escape(content).replace(r"\|", r"\\?\|")
        found = re.compile(pattern).search(self.lines[line], cell_from)
        self._cell, self._column = found[0] if found else content, found.start() if found else cell_from
        return found.end() if found else cell_from

    def position(self, offset: int) -> Position:
        """The position in the file of a character of the current text."""
        offset += self.base
        row = 0
        while row < len(self._rows) - 1 and offset > len(self._rows[row]):
            offset -= len(self._rows[row]) + 1
            row += 1
        line = min(self._first + row, len(self.lines) - 1)
        if self._cell is not None:
            # A bar in a cell is escaped with a backslash, which the text does not contain.
            start = 0
            for character in self._rows[0][:offset]:
                start += 2 if character == "|" and self._cell.startswith("\\|", start) else 1
            return line + 1, self._column + start + 1
        # The marker of a list or a quote is not part of the text.
        begins = self.lines[line].rfind(self._rows[row].rstrip())
        return line + 1, max(begins, 0) + offset + 1


def _lines(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _front(reading: _Reading) -> tuple[dict[str, Any], str]:
    """The front matter; its lines become empty in `reading`."""
    lines = reading.lines
    if lines[0].rstrip() == "---" and any(re.match(r"\w+: ", line) for line in lines[1:3]):
        what = 'this looks like YAML; front matter is TOML between lines of +++, like title = "…" and date = 2026-11-23'
        reading.add_mistake((1, 1), what)
    if lines[0].rstrip() != "+++":
        return {}, ""
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "+++"), 0)
    if not end:
        reading.add_mistake((1, 1), "front matter without an end; close it with a line +++")
        return {}, ""
    text = "\n".join(["", *lines[1:end], ""])
    lines[: end + 1] = [""] * (end + 1)
    try:
        return tomllib.loads(text), text
    except tomllib.TOMLDecodeError as error:
        what, line, column = syntax_error(error, text)
        reading.add_mistake((min(line, end + 1), column), what)
    except ValueError as error:  # int() refuses to read thousands of digits
        reading.add_mistake((1, 1), f"not valid TOML: {error}")
    except RecursionError:
        reading.add_mistake((1, 1), "front matter nested too deeply")
    return {}, text


# Reading


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Accept every link; mistakes in its target are reported later instead of shown as text."""
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
        markdown.inline.ruler.at(name, _with_position(rule))
    return markdown


@cache
def _renderer() -> _Renderer:
    """Our renderer; the parser's has the HTML of its plugins."""
    return _Renderer(_markdown())


def _read_blocks(state: StateCore) -> None:
    """Parse the text of each block, keeping track of its position."""
    reading: _Reading = state.env["reading"]
    line, cell_from, before = 0, 0, ""
    for token in state.tokens:
        if token.map:
            line = token.map[0]
        if token.type == "tr_open":
            cell_from = 0
        if token.type == "inline":
            cell = before in ("th_open", "td_open")
            cell_from = reading.begin_block(token.content, line, cell_from if cell else None)
            reading.within = {"heading_open": "a heading", "dt_open": "a term"}.get(before, "a table" if cell else "")
            token.children = []
            if len(token.content) > _LONGEST:
                reading.add_mistake((line + 1, 1), f"a paragraph of more than {_LONGEST:,} characters; split it")
            else:
                state.md.inline.parse(token.content, state.md, state.env, token.children)
        before = token.type


_Rule = Callable[[StateInline, bool], bool]


def _with_position(rule: _Rule) -> _Rule:
    """A rule that also stores the position in the token."""

    def apply(state: StateInline, silent: bool) -> bool:
        start, before, reading = state.pos, len(state.tokens), state.env["reading"]
        base, within = reading.base, reading.within
        if rule is image:  # parses its alt text separately
            reading.base, reading.within = base + start + 2, "the alt text of a picture"
        done = rule(state, silent)
        reading.base, reading.within = base, within
        if done and not silent:
            token = next(token for token in state.tokens[before:] if token.type in ("link_open", "image"))
            token.meta["place"] = reading.position(start)
        return done

    return apply


_IN_TEXT = re.compile(GRAMMAR, re.DOTALL)


def _formula(state: StateInline, silent: bool) -> bool:
    found = _IN_TEXT.match(state.src, state.pos, state.posMax) if state.src[state.pos] == "$" else None
    if found is None:
        return False
    if not silent:
        token = state.push("formula", "", 0)
        tex = (found["display"] or found["inline"]).strip()
        _convert(
            token,
            tex,
            bool(found["display"]),
            found["after"] or "",
            state.env["reading"].position(state.pos),
            state.env,
        )
    state.pos = found.end()
    return True


def _formula_block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A formula from a line that begins with `$$` to a line that ends with it, without empty lines."""
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


def _convert(token: Token, tex: str, display: bool, after: str, place: Position, env: Any) -> None:
    # TeX reads double braces as a group.
    if inside := re.search(rf"\{{\{{\s*({'|'.join(BLOCKS + _INLINE)})\s", tex):
        env["reading"].add_mistake(place, f"a {inside[1]} cannot stand in a formula; end the formula before it")
    try:
        token.content = keep_together(mathml(tex, display), after)
    except ValueError as error:
        env["reading"].add_mistake(place, f"formula {short(tex)!r}: {error}")


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
        reading.add_mistake(reading.position(start), "braces that are never closed; write \\{{ to show them")
        return False
    if not silent:
        token = state.push("reference", "", 0)
        head, bar, caption = state.src[start + 2 : end].partition("|")
        place = token.meta["place"] = reading.position(start)
        try:
            linked = state.linkLevel and reading.within in ("", *_CELLS)
            reference = _parse_reference(head, bool(bar), place, "a link" if linked else reading.within)
        except ValueError as error:
            reading.add_mistake(place, str(error))
        else:
            token.meta["reference"] = reference
            token.children = []
            base, within = reading.base, reading.within
            reading.base += start + 2 + len(head) + 1 + len(caption) - len(caption.lstrip())
            reading.within = "a caption"
            state.md.inline.parse(caption.strip(), state.md, state.env, token.children)
            reading.base, reading.within = base, within
    state.pos = end + 2
    return True


def _closing(text: str, start: int, end: int) -> int | None:
    """The offset of the braces that close those before `start`, past code, formulas and braces in a caption."""
    depth = 1
    for found in _BRACES.finditer(text, start, end):
        if found["brace"]:
            depth += 1 if found["brace"] == "{{" else -1
            if not depth:
                return found.start()
    return None


def _parse_reference(head: str, captioned: bool, place: Position, within: str) -> BuildReference:
    """Parse the text of a reference before its caption; raises `ValueError` with what is wrong."""
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
        raise ValueError("a section must be of the page's own experiment; write {{ section NAME }}")
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


# Blocks


def _headings(reading: _Reading, tokens: list[Token]) -> tuple[str | None, tuple[Heading, ...]]:
    """The title, whose tokens are removed, and the headings, whose tokens get ids."""
    title: str | None = None
    found: list[Heading] = []
    taken = {
        used
        for token in tokens
        for child in token.children or ()
        if (placed := child.meta.get("reference")) and placed.kind == "section"
        for used in (placed.name, f"{placed.name}-title")
    } | reading.ids
    level, gone = 1, set()
    for i, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        text = _plain_text(tokens[i + 1].children or [])
        place = (token.map or [0])[0] + 1, 1
        depth = int(token.tag[1:])
        if not text:
            reading.add_mistake(place, "a heading without text")
        if depth == 1 and reading.around:
            reading.add_mistake(place, "the page has its title from elsewhere; write ## here")
            continue
        if depth == 1:
            if title is not None or token.level:
                reading.add_mistake(place, "a page has one # heading, its title; write ## here")
            title = text
            gone |= {i, i + 1, i + 2}
            continue
        if depth > level + 1:
            reading.warnings.append((place, f"heading {short(text)!r} skips a level; write {'#' * (level + 1)}"))
        level = depth
        heading = Heading(depth, _unused_id(_unaccented_slug(text), taken), text)
        taken.add(heading.id)
        found.append(heading)
        token.attrSet("id", heading.id)
    tokens[:] = [token for i, token in enumerate(tokens) if i not in gone]
    return title, tuple(found)


def _unaccented_slug(text: str) -> str:
    """Text for an id or a file name: lower case, Latin letters without accents, hyphens between words
    (`uber-gewichte`, `веса`)."""
    letters = (unicodedata.normalize("NFD", letter) for letter in unicodedata.normalize("NFC", text.casefold()))
    bare = (letter[0] if letter and letter[0].isascii() else unicodedata.normalize("NFC", letter) for letter in letters)
    kept = (letter if unicodedata.category(letter[0])[0] in "LNM" else "-" for letter in bare if letter)
    return re.sub("-+", "-", "".join(kept)).strip("-")[:80]


_RESERVED_IDS = re.compile(r"(?:page|figure|table|player|live|pause|embed|fn|fnref)(?:-|\d|$)")
"""Ids that templates use."""


def _unused_id(slug: str, taken: set[str]) -> str:
    slug = slug or "part"
    if _RESERVED_IDS.match(slug):
        slug = f"on-{slug}"
    name, count = slug, 1
    while name in taken:
        count += 1
        name = f"{slug}-{count}"
    return name


def _plain_text(tokens: Iterable[Token]) -> str:
    return " ".join("".join(part for part in _text_parts(tokens) if isinstance(part, str)).split())


def _text_parts(tokens: Iterable[Token]) -> Iterable[str | BuildReference]:
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
            return tuple(_text_parts(token.children or []))
    return ()


def _paragraphs(reading: _Reading, tokens: Sequence[Token]) -> None:
    """Let figures replace paragraphs that contain nothing else, and report figures in running text."""
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
                # The last paragraph of a footnote ends with the links back to the text.
                end = next(token for token in tokens[i + 1 :] if token.type == "paragraph_close")
                before.hidden = end.hidden = True
                token.children = blocks or rest
                for child in token.children:
                    child.meta["alone"] = True
            for block in blocks:
                kind, place = _kind(block), block.meta["place"]
                if not (in_paragraph and alone):
                    reading.add_mistake(place, f"a {kind} stands in running text; give it a paragraph of its own")
                elif kind == "section" and token.level != 1:
                    reading.add_mistake(place, "a section cannot stand in a list or a quote")
        before = token


def _with_heads(tokens: Sequence[Token]) -> list[Token]:
    """Tokens without empty table heads, which Markdown requires and screen readers would read out."""
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
    """Report links to missing anchors of the page, and figures that are shown twice."""
    shown: set[str] = set()
    sections = set()
    for reference in _references(pieces):
        if reference.kind == "section":
            sections |= {reference.name, f"{reference.name}-title"}
        if reference.kind in BLOCKS:
            if reference.id in shown:
                name = reference.full_name
                message = f"{reference.kind} {name!r} is shown twice; refer to it with {{{{ ref {name} }}}}"
                reading.add_mistake((reference.line, reference.column), message)
            shown.add(reference.id)
    known = {heading.id for heading in headings} | shown | sections | reading.ids
    for anchor in reading.anchors:
        # The figures of a section are not known yet.
        elsewhere = (sections or reading.around) and anchor.target.startswith(("figure-", "table-"))
        if anchor.target not in known and not elsewhere:
            what = f"there is no heading and no figure {short(anchor.target)!r} on this page."
            reading.add_mistake(
                (anchor.line, anchor.column), what + (did_you_mean(anchor.target, known) if known else "")
            )


# Writing


def _split(reading: _Reading, html: str) -> tuple[Piece, ...]:
    """HTML, split at its references."""
    parts = re.split("\0r(\\d+)\0", html)
    pieces = [reading.placed[int(part)] if i % 2 else Markup(part) for i, part in enumerate(parts)]  # noqa: S704  # ours
    return tuple(piece for piece in pieces if piece)


_EXTERNAL = re.compile(r"(?:https?://|mailto:)[^\s\x00-\x20\x7f-\x9f]+", re.IGNORECASE)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|[/\\]|%5c|%2f", re.IGNORECASE)
"""Schemes, and paths that are not relative."""


class _Renderer(RendererHTML):
    """HTML as article pages have it; the names of methods are those of tokens."""

    def reference(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        reference = tokens[i].meta.get("reference")
        if reference is None:  # an invalid reference, which was reported
            return ""
        reading: _Reading = env["reading"]
        caption = _split(reading, self.renderInline(tokens[i].children or [], options, env))
        reading.placed.append(replace(reference, caption=caption))
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
            reading.add_mistake(place, f"a link to {short(href)!r} leads nowhere; write {known}")
        else:
            reading.links.append(Address(unquote(href), *place))
            token.attrSet("href", f"\0l{len(reading.links) - 1}\0")
        return self.renderToken(tokens, i, options, env)

    def image(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        token, reading = tokens[i], env["reading"]
        address, place = str(token.attrGet("src") or ""), token.meta["place"]
        alt = " ".join(self.renderInlineAsText(token.children, options, env).split())
        if _ELSEWHERE.match(address) or not address:
            reading.add_mistake(
                place, f"picture {short(address)!r} is no file of the site; pages load nothing from elsewhere"
            )
        elif Path(unquote(address)).suffix.lower() not in KINDS:
            reading.add_mistake(place, f"picture {short(unquote(address))!r} is none of {', '.join(sorted(KINDS))}")
        elif not alt:
            what = f"![what it shows]({short(address)})"
            reading.add_mistake(place, f"picture {short(unquote(address))!r} has no alt text; write {what}")
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
        return f'<li id="{env["reading"].notes}fn{tokens[i].meta["id"] + 1}">\n'

    def footnote_close(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        return "</li>\n"

    def footnote_ref(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        note, name, start = tokens[i].meta["id"] + 1, _note_name(tokens[i]), env["reading"].notes
        place = f'href="#{start}fn{note}" id="{start}fnref{name}"'
        return f'<sup><a {place} role="doc-noteref" aria-label="Note {note}">{note}</a></sup>'

    def footnote_anchor(self, tokens: Sequence[Token], i: int, options: Any, env: Any) -> str:
        name = _note_name(tokens[i])
        # The variation selector asks for a text arrow, not for an emoji.
        start = env["reading"].notes
        return f' <a href="#{start}fnref{name}" role="doc-backlink" aria-label="Back to the text">↩\ufe0e</a>'


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

    # Without plugins, so that other installed packages do not change a page.
    return frozenset(alias for lexer in get_all_lexers(plugins=False) for alias in lexer[1])
