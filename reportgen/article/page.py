"""The page: findings, media and tables put into the templates."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
import math_core
from jinja2.ext import Extension
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from reportgen.animation import Media
from reportgen.article.claims import Settled
from reportgen.article.embed import snippets
from reportgen.article.numbers import number
from reportgen.article.player import Players
from reportgen.article.sections import Findings, Table, sections
from reportgen.article.spreadsheet import csv_bytes
from reportgen.errors import TemplateError, did_you_mean
from reportgen.experiment import Experiment
from reportgen.sources import template_folder


@dataclass(frozen=True, eq=False, kw_only=True)
class Chapter:
    """One section, computed and ready to be told."""

    name: str
    number: int
    title: str
    findings: Findings


@dataclass(frozen=True, eq=False, kw_only=True)
class Article:
    """Everything that the templates may use."""

    experiment: Experiment
    chapters: tuple[Chapter, ...]
    headlines: tuple[str, ...]
    media: Mapping[str, Media]
    tables: Mapping[str, Table]
    claims: Mapping[str, Settled] = field(default_factory=dict)
    """Every claim of the chapters, decided, by name."""
    players: Players = field(default_factory=Players)
    """Those animations that the page draws itself where scripts are on."""
    facts: Findings
    """About the build as a whole: how many runs and steps, how many diverged, versions."""


def render(article: Article, *, single_file: bool, folder: Path | None = None) -> str:
    """The article as one HTML page: alone with everything inside it, or beside its `media` and `data` folders.

    `folder` holds the templates; those of the package unless given.
    """
    names = {
        "embedded": single_file,
        "source": _embedded if single_file else _beside,
        "download": _download if single_file else _data_file,
    }
    return _rendered("article.html", article, names, folder)


def render_embeds(article: Article, items: Mapping[str, Any], folder: Path | None = None) -> dict[str, str]:
    """Pages for the folder `embed`, by file: one for each animation alone, and one with the snippets of all.

    `items` are the media as `results.json` has them.
    """
    names = {"embedded": False, "source": _above, "download": _data_file}
    moving = [name for name, media in article.media.items() if media.kind == "animation"]
    pages = {f"{name}.html": _rendered("embed.html", article, {**names, "name": name}, folder) for name in moving}
    if moving:
        names["snippets"] = {name: snippets(name, items[name]) for name in moving}
        pages["index.html"] = _rendered("embeds.html", article, names, folder)
    return pages


def _rendered(template: str, article: Article, names: Mapping[str, Any], folder: Path | None) -> str:
    folder = folder or template_folder()
    numbering = Numbering()
    known = {
        "article": article,
        "chapter_of": {chapter.name: chapter for chapter in article.chapters},
        "numbering": numbering,
        "claim": lambda name: _known(article.claims, name, "claim").sentence,
        **names,
    }
    try:
        page = _environment(folder).get_template(template)
        # A text may refer to a figure further down, so the first rendering counts and the second one prints.
        text = page.render(known)
        if numbering.used:
            numbering.start_again()
            text = page.render(known)
        # A claim that does not apply leaves a space at the end of its line.
        return re.sub(r"[ \t]+\n", "\n", text)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"template {error.name} is missing from {folder}") from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"template {error.name}:{error.lineno}: {error.message}") from error
    except (jinja2.UndefinedError, TypeError, ValueError, ArithmeticError) as error:
        line = _failing_line(error, folder)
        if line is None:
            raise
        raise TemplateError(f"template {line}: {error}") from error


class Absent(jinja2.UndefinedError):
    """A template asks for a figure, table, section or snippet that there is none of."""


def _failing_line(error: BaseException, folder: Path) -> str | None:
    """`file:line` of the template that `error` comes from; Jinja2 rewrites tracebacks to name template lines.

    It is the innermost one, except that a name which is absent was given by whoever called the macro.
    """
    places, traceback = [], error.__traceback__
    while traceback:
        name = Path(traceback.tb_frame.f_code.co_filename)
        if name.is_relative_to(folder):
            places.append((name.relative_to(folder).as_posix(), traceback.tb_lineno))
        traceback = traceback.tb_next
    callers = [place for place in places if place[0] != "macros.html"]
    chosen = callers if isinstance(error, Absent) and callers else places
    return "{}:{}".format(*chosen[-1]) if chosen else None


class _Undefined(jinja2.StrictUndefined):
    @property
    def _undefined_message(self) -> str:
        known: Any = self._undefined_obj
        if isinstance(known, jinja2.environment.TemplateModule):
            known = [name for name in vars(known) if not name.startswith("_")]
        if isinstance(known, Mapping | list) and isinstance(self._undefined_name, str):
            return f"there is no {self._undefined_name!r} here.{did_you_mean(self._undefined_name, map(str, known))}"
        return super()._undefined_message


class _Environment(jinja2.Environment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        # `f.values` and `f.items` are findings first, methods of a dictionary second.
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


@lru_cache(maxsize=4)
def _environment(folder: Path) -> jinja2.Environment:
    """The templates of `folder`, each compiled once and again when its file changes."""
    environment = _Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=_Undefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Formulas],
    )
    environment.filters["num"] = number
    environment.globals.update(
        style=partial(_style, folder),
        script=partial(_script, folder),
        json_text=_json_text,
        snippet=snippet,
        known=_known,
        check_section=_check_section,
    )
    return environment


def _printable(value: Any) -> Any:
    if value is None or (callable(value) and not isinstance(value, jinja2.Undefined)):
        raise TypeError(f"{value!r} cannot be printed")
    return value


class Numbering:
    """Numbers of figures and tables in the order in which the page shows them; complete after one rendering."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}
        self._shown: dict[tuple[str, str], int] = {}
        self._counting = True
        self._asked = False

    @property
    def used(self) -> bool:
        """Whether anything has asked for a number."""
        return self._asked

    def start_again(self) -> None:
        """Begin the rendering that prints what the one before has counted."""
        self._known, self._shown, self._counting = self._shown, {}, False

    def show(self, kind: str, name: str) -> int:
        """The number of the figure or table ("figure", "table") that stands here."""
        self._asked = True
        if (kind, name) in self._shown:
            raise Absent(f"{kind} {name!r} is shown twice; refer to it with m.ref({name!r})")
        number = 1 + sum(other == kind for other, _ in self._shown)
        self._shown[kind, name] = number
        return number

    def find(self, name: str, kind: str | None = None) -> tuple[str, int]:
        """Kind and number of what is called `name`, wherever on the page it stands."""
        self._asked = True
        if self._counting:
            return kind or "figure", 0
        found = [place for place in self._known if place[1] == name and kind in (None, place[0])]
        if not found:
            known = {shown for other, shown in self._known if kind in (None, other)}
            raise Absent(f"this page shows no {kind or 'figure or table'} {name!r}.{did_you_mean(name, known)}")
        if len(found) > 1:
            raise Absent(f'{name!r} is a figure and a table; say which: m.ref({name!r}, "table")')
        return found[0][0], self._known[found[0]]


def _known(mapping: Mapping[str, Any], name: str, kind: str) -> Any:
    """`mapping[name]`, or an error that names what is there: for templates that refer to media and tables."""
    if name not in mapping:
        raise Absent(f"there is no {kind} {name!r} in this build.{did_you_mean(name, mapping)}")
    return mapping[name]


def _check_section(name: str) -> str:
    """Nothing, for a section that an experiment may ask for; else an error."""
    if name not in sections.names():
        raise Absent(f"there is no section {name!r}.{did_you_mean(name, sections.names())}")
    return ""


def _beside(_: Media, file: str) -> str:
    return f"media/{file}"


def _above(_: Media, file: str) -> str:
    return f"../media/{file}"


def _embedded(media: Media, file: str) -> str:
    if file.endswith(".svg"):
        return _svg(media.files[file])
    # An APNG is a PNG, and a browser that knows no moving ones shows its first frame.
    kinds = {"png": "image/png", "gif": "image/gif", "apng": "image/png"}
    return _data(kinds[file.rpartition(".")[2]], media.files[file])


def _svg(content: bytes) -> Markup:
    """An SVG as text inside an address: a quarter smaller than in base64. Nothing in it can end an attribute."""
    text = " ".join(content.decode().replace('"', "'").split("\n"))
    return Markup("data:image/svg+xml," + quote(text, safe=" !'()*+,-./:;<=>?@[]_~"))  # noqa: S704  # no " and no & left


def _data_file(table: Table) -> str:
    return f"data/{table.name}.csv"


def _download(table: Table) -> str:
    return _data("text/csv", csv_bytes(table))


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _style(folder: Path) -> Markup:
    """The style sheet, to stand in the page."""
    return Markup(_static(folder, "article.css"))  # noqa: S704  # our own file


def _script(folder: Path, name: str) -> Markup:
    """`static/NAME` as a script element of the page."""
    code = _static(folder, name)
    if found := re.search("</script|<!--", code, re.IGNORECASE):
        raise ValueError(f"static/{name} holds {found[0]!r}, which would end or hide a script inside a page")
    return Markup(f"<script>\n{code}</script>")  # noqa: S704  # our own file


def _json_text(json: str) -> Markup:
    """JSON to stand in a script element, whatever its strings hold."""
    return Markup(json.replace("<", "\\u003c"))  # noqa: S704  # what could end the element is gone


def _static(folder: Path, name: str) -> str:
    try:
        return (folder / "static" / name).read_text(encoding="utf-8")
    except OSError as error:
        raise jinja2.TemplateNotFound(f"static/{name}") from error


@cache
def snippet(name: str) -> Markup:
    """A highlighted code example from `article/snippets`; the test suite runs each of them."""
    folder = Path(__file__).parent / "snippets"
    file = folder / f"{name}.py"
    if not file.is_file():
        raise Absent(f"there is no snippet {name!r}.{did_you_mean(name, (f.stem for f in folder.glob('[!_]*.py')))}")
    code = file.read_text(encoding="utf-8").split("# --8<--\n")[-1]
    return Markup(highlight(code.strip() + "\n", PythonLexer(), HtmlFormatter(nowrap=True)).rstrip())  # noqa: S704  # our own files


class Formulas(Extension):
    r"""TeX between dollar signs becomes MathML: `$...$` in a line, `$$...$$` on a line of its own.

    As in Pandoc, a dollar sign before a space or after one opens or closes nothing, neither does one before a digit
    close; `\$` is a dollar sign always. What stands in Jinja2's own braces is left alone.
    """

    _FORMULA = re.compile(
        r"(?P<jinja>\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\})|(?P<dollar>\\\$)"
        r"|\$\$(?P<display>.+?)\$\$|\$(?=[^\s$])(?P<inline>[^$\n]*?[^\s$\\])\$(?!\d)(?P<after>[.,;:!?)’”]*)",
        re.DOTALL,
    )

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Replace the formulas of a template before Jinja2 reads it, keeping its lines."""

        def fail(message: str, match: re.Match[str]) -> jinja2.TemplateSyntaxError:
            line = source.count("\n", 0, match.start()) + 1
            return jinja2.TemplateSyntaxError(message, line, name, filename)

        def formula(match: re.Match[str]) -> str:
            if match["jinja"]:
                if match["jinja"].startswith("{{") and self._FORMULA.search(match["jinja"], 2):
                    raise fail("a formula cannot stand inside {{ }}; put the text into a {% call %} block", match)
                return match[0]
            if match["dollar"]:
                return "$"
            tex = (match["display"] or match["inline"]).strip()
            if re.search(r"\{\{|\{%", tex):
                raise fail(
                    f"formula {tex!r}: a value cannot stand inside a formula; end it before and begin anew", match
                )
            try:
                mathml = _mathml(tex, bool(match["display"]))
            except ValueError as error:
                raise fail(f"formula {tex!r}: {error}", match) from error
            if match["after"]:
                mathml = f'<span class="keep">{mathml}{match["after"]}</span>'
            return mathml + "\n" * match[0].count("\n")

        return self._FORMULA.sub(formula, source)


@cache
def _mathml(tex: str, display: bool) -> str:
    try:
        mathml: str = math_core.LatexToMathML(fancy_error=False).convert_with_local_state(tex, displaystyle=display)
    except math_core.LatexError as error:
        raise ValueError(str(error).partition(": ")[2]) from error
    # A page whose policy forbids inline styles still aligns its equations.
    mathml = re.sub(r'style="text-align: (left|right);[^"]*"', r'class="\1"', mathml)
    # Braces would mean something to Jinja2; MathML has them as text only.
    mathml = mathml.replace("{{", "{&#123;").replace("{%", "&#123;%").replace("{#", "&#123;#")
    if not display:
        return mathml
    # A wide formula scrolls in its own box; a span, because it may stand in a paragraph.
    return f'<span class="formula" role="group" aria-label="Formula" tabindex="0">{mathml}</span>'
