"""The page of a report: findings, media and tables rendered by templates."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from itertools import count
from pathlib import Path
from typing import Any

import jinja2
from jinja2.ext import Extension
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from reportgen import plugins
from reportgen.errors import RefusedError, TemplateError, did_you_mean
from reportgen.markdown.formulas import GRAMMAR, keep_together, mathml
from reportgen.page import policy, sandbox
from reportgen.page.embed import LIVE, has_live, live_snippet, snippets
from reportgen.page.page_head import PageHead, SiteFrame, is_english, standalone_head, tag_slug
from reportgen.page.report import Report
from reportgen.page.spreadsheet import csv_bytes
from reportgen.pictures.media import Media, hashed_name
from reportgen.sections import Table, sections
from reportgen.sections.claims import ClaimBlocks
from reportgen.sections.player import PlayerSet
from reportgen.sections.wording import describe_difference, describe_interval, why_undecided
from reportgen.store.keys import template_folder
from reportgen.text import at_most, escape_control_characters, number, ordinal, shorten
from reportgen.values import json_value


def head_of_report(report: Report, path: str = "", site: SiteFrame | None = None) -> PageHead:
    """The metadata of the page of a report; `path` and `site` say where it stands in a site."""
    e = report.experiment
    headline = report.headlines[0] if report.headlines else ""
    return PageHead(
        title=e.title,
        path=path,
        site=site,
        description=shorten(e.abstract or headline or e.title),
        computed=bool(headline and not e.abstract),
        language=e.language,
        author=e.author or (e.site.author if e.site else ""),
        date=e.date,
        tags=e.tags,
    )


def render(
    report: Report,
    *,
    single_file: bool,
    templates: Path | None = None,
    page: PageHead | None = None,
    css: str = "",
    numbering: Numbering | None = None,
    texts: Sequence[Mapping[str, Any]] = (),
    related: Sequence[Any] = (),
) -> str:
    """The article as one HTML page: a single file with everything inside, or with the files in its folder `media`.

    Files in the folder `templates` replace those of the package with the same name; they are rendered in a sandbox.
    `css` is added after our own styles. `numbering` comes from another page with the same figures: then one rendering
    is enough. `texts` are the author's, as `AuthorTexts.placed` returns them. `related` are posts of the same site; the
    page ends with their cards. Raises `TemplateError` for a mistake in a template, and `RefusedError` for a symbolic
    link that leads out of the folder.
    """
    page = page or head_of_report(report)
    if single_file:
        page = standalone_head(page)
    names = {
        "embedded": single_file,
        "source": _cached_by_name(_media_url) if single_file else _media_path,
        "beside": _beside(page) if single_file else _media_path,
        "download": _cached_by_name(_table_url) if single_file else _cached_by_name(_table_path),
        "page": page,
        "css": css,
        "numbering": numbering or Numbering(),
        "texts": texts,
        # A single file shows no picture of another page.
        "related": () if single_file else related,
    }
    return _render_report(
        "article.html", report, names, templates, policy.PICTURES_INSIDE if single_file else policy.PICTURES_BESIDE
    )


def render_embeds(
    report: Report, templates: Path | None = None, page: PageHead | None = None, css: str = ""
) -> dict[str, str]:
    """Pages for the folder `embed`, by file: one for each animation alone, one for the network that trains in the page,
    and one with the snippets of all, in the order of the article."""
    page = page or head_of_report(report)
    title = report.experiment.title
    site = page.site and dataclasses.replace(page.site, home=f"../{page.site.home}")
    page = PageHead(
        title=f"Embed · {title}", path=f"{page.path}embed/", site=site, language=page.language, listed=False
    )
    names = {
        "embedded": False,
        "source": _media_path_from_embed,
        "beside": _media_path_from_embed,
        "download": _table_path,
        "css": css,
    }
    asked = [request.name for section in report.sections for request in section.pictures]
    order = sorted(report.media, key=lambda name: asked.index(name) if name in asked else len(asked))
    moving = {name: report.media[name] for name in order if report.media[name].kind == "animation"}
    pages = {
        f"{name}.html": _render_report(
            "embed.html",
            report,
            {**names, "name": name, "page": dataclasses.replace(page, title=f"{name} · {title}")},
            templates,
            policy.PICTURES_BESIDE,
        )
        for name in moving
    }
    live = has_live(report.findings)
    if live:
        names["live"] = live_snippet()
        pages["live.html"] = _render_report(
            "embed_live.html",
            report,
            {**names, "page": dataclasses.replace(page, title=f"{LIVE} · {title}")},
            templates,
            policy.PICTURES_BESIDE,
        )
    if moving or live:
        names["snippets"] = {name: snippets(name, media_results(media)) for name, media in moving.items()}
        pages["index.html"] = _render_report(
            "embeds.html", report, {**names, "page": page}, templates, policy.PICTURES_BESIDE
        )
    return pages


def media_results(media: Media) -> dict[str, Any]:
    """The entry of a picture in `results.json`; its files are paths in the output folder."""
    return {
        "kind": media.kind,
        "files": sorted(media.published),
        "alt": media.alt,
        "width": media.width,
        "height": media.height,
    }


def _render_report(
    template: str, report: Report, names: Mapping[str, Any], templates: Path | None, pictures: str
) -> str:
    known = {
        "report": report,
        "numbering": Numbering(),
        "claim": lambda name: _look_up(report.sentences, name, "claim"),
        "outcome": lambda name: _look_up(report.claims, name, "claim").outcome,
        "site": names["page"].site,
        **names,
    }
    return render_findings(template, known, templates, pictures)


def render_findings(template: str, known: Mapping[str, Any], templates: Path | None, pictures: str) -> str:
    """A page about findings; `known` has a `Numbering` under "numbering"."""
    e = known["report"].experiment if known.get("report") else None
    labels = () if e is None or is_english(e.language) else sorted({arm.label for arm in e.arms}, key=len, reverse=True)
    finalize = _printable_with_marks(tuple(labels)) if labels else _printable
    text = render_template(template, known, finalize, templates, pictures, known["numbering"])
    if e and labels:
        text = _wrap_marked(text, e.language)
    # A claim that does not apply leaves spaces at the end of its line.
    return re.sub(r"[ \t]+\n", "\n", text)


def render_template(
    template: str,
    known: Mapping[str, Any],
    finalize: Callable[[Any], Any],
    templates: Path | None,
    pictures: str,
    numbering: Numbering | None = None,
) -> str:
    """Render a template with the variables `known`; each value passes through `finalize` before it is printed.

    `pictures` is the source of pictures that the page allows, a constant of `policy`.
    """
    folders = (*([templates] if templates else []), template_folder())
    # Absolute paths, since the working folder may change between calls.
    own = plugins.templates()
    environment = _environment(tuple(folder.resolve() for folder in folders), finalize, tuple(own.items()))
    meter = sandbox.Meter()

    def rendered() -> tuple[policy.Policy, str]:
        its_policy = policy.Policy(environment.loader, pictures)
        given = {
            "drawing": _drawings(),
            **known,
            "policy": its_policy.meta,
            "script": its_policy.script,
            "style": its_policy.style,
        }
        return its_policy, sandbox.render_metered(page, given, meter)

    try:
        page = environment.get_template(template)
        # A text may refer to a later figure. Then the first rendering counts and the second one prints.
        its_policy, text = rendered()
        if numbering and not numbering.complete:
            numbering.start_again(words_in_the_open(text))
            its_policy, text = rendered()
    except sandbox.OutsideError as error:
        raise RefusedError(f"template {error}", code="RG702") from error
    except jinja2.TemplateNotFound as error:
        if wanted := own.get(str(error.name)):
            raise TemplateError(wanted.missing) from error
        raise TemplateError(f"template {error.name} is missing from {folders[0]}") from error
    except jinja2.TemplateSyntaxError as error:
        # An unknown filter or test is an undefined name, too.
        code = "RG701" if isinstance(error, jinja2.TemplateAssertionError) else ""
        raise TemplateError(f"template {error.name}:{error.lineno}: {error.message}", code=code) from error
    except (RecursionError, MemoryError) as error:
        place = _failing_line(error, environment.loader.folders, own) or template
        what = "calls itself endlessly" if isinstance(error, RecursionError) else "needs more memory than is available"
        raise TemplateError(f"template {place}: {what}") from error
    except (jinja2.TemplateRuntimeError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        line = _failing_line(error, environment.loader.folders, own)
        if line is None:
            raise
        code = "RG701" if isinstance(error, jinja2.UndefinedError) else ""
        raise TemplateError(f"template {line}: {error}", code=code) from error
    try:
        return its_policy.insert(text)
    except ValueError as error:
        raise TemplateError(f"template {template}: {error}") from error


class UnknownNameError(jinja2.UndefinedError):
    """A template names a figure, table, section or snippet that does not exist."""


def _failing_line(
    error: BaseException, folders: Iterable[Path], own: Mapping[str, plugins.SectionTemplate]
) -> str | None:
    """`file:line` of the template that `error` comes from; Jinja2 rewrites tracebacks to name template lines.

    It is the innermost one, except that an unknown name comes from the caller of a macro.
    """
    places, traceback = [], error.__traceback__
    alone = {template.path: template.shown for template in own.values()}
    while traceback:
        name = Path(traceback.tb_frame.f_code.co_filename)
        if name in alone:
            places.append((alone[name], traceback.tb_lineno))
        elif folder := next(filter(name.is_relative_to, folders), None):
            places.append((name.relative_to(folder).as_posix(), traceback.tb_lineno))
        traceback = traceback.tb_next
    callers = [place for place in places if place[0] != "macros.html"]
    chosen = callers if isinstance(error, UnknownNameError) and callers else places
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


class _Environment(sandbox.Sandbox):
    loader: sandbox.Folders


@lru_cache(maxsize=8)
def _environment(
    folders: tuple[Path, ...], finalize: Callable[[Any], Any], own: tuple[tuple[str, plugins.SectionTemplate], ...]
) -> _Environment:
    """The environment for templates of `folders` and of plugins; each is compiled once, and again after it changes."""
    environment = _Environment(
        {
            Numbering: frozenset({"among", "find", "minutes", "show"}),
            PlayerSet: frozenset({"data"}),
            Media: frozenset({"named"}),
        },
        finalize,
        {
            "num": _number,
            "at_most": _at_most,
            "ordinal": ordinal,
            "slug": tag_slug,
            "why": why_undecided,
            "interval": describe_interval,
            "difference": describe_difference,
        },
        loader=sandbox.Folders(folders, {name: (template.path, template.root) for name, template in own}),
        undefined=_Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Formulas, ClaimBlocks],
    )
    environment.tests["linkable"] = is_linkable
    environment.policies["json.dumps_function"] = strict_json
    environment.globals.update(snippet=snippet, highlighted=highlighted, known=_look_up, check_section=_check_section)
    environment.globals.update(table_rows=partial(_table_rows, finalize))
    return environment


def _number(value: float | None, spec: str = "") -> str:
    _check_width(spec)
    return number(value, spec)


def _at_most(value: float | None, spec: str = "") -> str:
    _check_width(spec)
    return at_most(value, spec)


def _check_width(spec: str) -> None:
    if re.search(r"\d{4}", spec):
        raise ValueError(f"the format {spec!r} is too wide")


def is_linkable(address: object) -> bool:
    """True if a page may link to an address from a user's file: https, mailto, or an anchor of the page."""
    return isinstance(address, str) and bool(re.fullmatch(r"(?:https://|mailto:|#)[^\s\x00-\x20\x7f-\x9f]+", address))


def strict_json(value: Any, **options: Any) -> str:
    """JSON for scripts: null for numbers that are not finite, and ASCII characters only."""
    options = {"separators": (",", ":"), **options}
    return json.dumps(json_value(value), allow_nan=False, ensure_ascii=True, **options)


def _printable(value: Any) -> Any:
    if isinstance(value, str) and not isinstance(value, Markup):
        text = escape_control_characters(value)
        # Blanks at the end of a line are taken away from a page at last; those of a text are its own.
        return escape(text).replace("\n", Markup("&#10;")) if "\n" in text else text
    if value is None or (callable(value) and not isinstance(value, jinja2.Undefined)):
        raise TypeError(f"{value!r} cannot be printed")
    return value


_BEGIN, _END = "\ufdd0", "\ufdd1"
"""Marks around a label of the experiment in a page that is being made. They are no characters of any text."""


@lru_cache(maxsize=8)
def _printable_with_marks(labels: tuple[str, ...]) -> Callable[[Any], Any]:
    """`_printable` that marks `labels` in values, longer labels first."""
    known = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(str(escape(label))) for label in labels)})(?!\w)")

    def printable(value: Any) -> Any:
        text = _printable(value)
        if not isinstance(value, str) or isinstance(value, Markup):
            return text
        return Markup(known.sub(rf"{_BEGIN}\g<0>{_END}", str(escape(text))))  # noqa: S704  # escaped

    return printable


_TAG = re.compile(
    r"<!--.*?-->|<(script|style|title|textarea|option|svg|math)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE
)
"""Tags, comments, and elements that can hold no other element of HTML."""


def _wrap_marked(html: str, language: str) -> str:
    """Put marked labels into elements of their language; marks elsewhere than in text are deleted."""
    html = _TAG.sub(lambda tag: tag[0].replace(_BEGIN, "").replace(_END, ""), html)
    return html.replace(_BEGIN, f'<span lang="{escape(language)}">').replace(_END, "</span>")


WORDS_A_MINUTE = 220

_UNREAD = frozenset({"details", "footer", "head", "math", "nav", "noscript", "pre", "script", "style", "svg", "table"})
_TAG_OR_WORD = re.compile(r"<(?P<end>/?)(?P<tag>[a-z]+[0-9]?)\b[^>]*>|<[^>]+>|(?P<word>[^\s<]+)")


def words_in_the_open(page: str) -> int:
    """The number of words of a page outside of folds, tables, code, formulas, and what surrounds the text."""
    words = depth = 0
    # Scripts have tags in strings. The animations at the end have the captions of figures above.
    read = re.sub(r"<(script|style)\b.*?</\1>", "", page.partition('<section class="kept"')[0], flags=re.DOTALL)
    for found in _TAG_OR_WORD.finditer(read):
        if found["tag"] in _UNREAD:
            depth += -1 if found["end"] else 1
        elif found["word"] and depth == 0:
            words += 1
    return words


class Numbering:
    """Numbers of figures and tables in the order in which the page shows them."""

    def __init__(self) -> None:
        self._expected: dict[tuple[str, str], int] = {}
        self._shown: dict[tuple[str, str], int] = {}
        self._told: dict[tuple[str, str | None], tuple[str, int] | None] = {}
        self._counting = True
        self._words: int | None = None
        self._words_missed = False

    def for_same_figures(self) -> Numbering:
        """A numbering for another page, which probably shows the same figures and tables in the same order."""
        other = Numbering()
        other._expected, other._words = dict(self._shown), self._words
        return other

    @property
    def complete(self) -> bool:
        """True if every number that the page printed is right."""
        right = all(_places(self._shown, *asked) == [told] for asked, told in self._told.items())
        return right and not self._words_missed

    def start_again(self, words: int) -> None:
        """Start the second rendering, which prints the numbers that the first one counted; `words` to read there."""
        self._expected, self._shown, self._told, self._counting = self._shown, {}, {}, False
        self._words, self._words_missed = words, False

    def minutes(self) -> int:
        """How many minutes it takes to read the page, without what is folded away."""
        self._words_missed = self._words is None
        return max(1, round((self._words or 0) / WORDS_A_MINUTE))

    def show(self, kind: str, name: str) -> int:
        """Number the figure or table ("figure", "table") that is shown here."""
        if (kind, name) in self._shown:
            raise UnknownNameError(f"{kind} {name!r} is shown twice; refer to it with m.ref({name!r})")
        number = 1 + sum(other == kind for other, _ in self._shown)
        self._shown[kind, name] = number
        return number

    def among(self, names: Iterable[str]) -> list[str]:
        """The figures of `names` that the page has shown so far."""
        return [name for name in names if ("figure", name) in self._shown]

    def find(self, name: str, kind: str | None = None) -> tuple[str, int]:
        """Kind and number of the figure or table called `name`, anywhere on the page."""
        found = _places({**self._expected, **self._shown}, name, kind)
        if self._counting and len(found) != 1:
            self._told[name, kind] = None
            return kind or "figure", 0
        if not found:
            known = {shown for other, shown in self._expected if kind in (None, other)}
            raise UnknownNameError(
                f"this page shows no {kind or 'figure or table'} {name!r}.{did_you_mean(name, known)}"
            )
        if len(found) > 1:
            raise UnknownNameError(f'{name!r} is a figure and a table; say which: m.ref({name!r}, "table")')
        self._told[name, kind] = found[0]
        return found[0]


def _places(numbers: Mapping[tuple[str, str], int], name: str, kind: str | None) -> list[tuple[str, int]]:
    """Kind and number of each figure or table called `name`."""
    return [(k, number) for (k, called), number in numbers.items() if called == name and kind in (None, k)]


def _look_up(mapping: Mapping[str, Any], name: str, kind: str) -> Any:
    """`mapping[name]`, or an error with suggestions: for templates that refer to media and tables."""
    if name not in mapping:
        raise UnknownNameError(f"there is no {kind} {name!r} in this build.{did_you_mean(name, mapping)}")
    return mapping[name]


def _check_section(name: str) -> str:
    """An empty string; raises `UnknownNameError` if there is no such section."""
    if name not in sections.names():
        raise UnknownNameError(f"there is no section {name!r}.{did_you_mean(name, sections.names())}")
    return ""


def _cached_by_name(make: Callable[..., str]) -> Callable[..., str]:
    """`make` with its results cached by name, since a page is rendered twice."""
    made: dict[tuple[str, ...], str] = {}

    def known(item: Media | Table, *file: str) -> str:
        key = (item.name, *file)
        if key not in made:
            made[key] = make(item, *file)
        return made[key]

    return known


def _drawings() -> Callable[[Media], Markup]:
    """A function from a picture to its SVG for the inside of one page, where each has ids of its own; "" without one.

    For an animation it is the last frame.
    """
    numbers = count()
    return lambda media: Markup(media.inline(f"s{next(numbers)}-"))  # noqa: S704  # escaped when it was drawn


def _beside(page: PageHead) -> Callable[[Media, str], str]:
    """The address of a file beside a single file: absolute if its site has an address, since the file may be moved."""
    address = page.address if page.site else ""
    return lambda media, file: address + _media_path(media, file)


def _media_path(media: Media, file: str) -> str:
    return f"media/{media.named(file)}"


def _media_path_from_embed(media: Media, file: str) -> str:
    return f"../media/{media.named(file)}"


def _media_url(media: Media, file: str) -> Markup:
    # An APNG is a PNG, of which old browsers show the first frame.
    suffix = file.rpartition(".")[2]
    return data_url("image/png" if suffix.endswith("png") else f"image/{suffix}", media.files[file])


_SHORT = 24
"""The most characters of a text in a table that stays on one line."""


def _table_rows(printable: Callable[[Any], Any], table: Table) -> Markup:
    """The rows of a table that a page shows. Tables have thousands of cells, too many for a template.

    `printable` prints a value as the templates of the page do.
    """
    numeric = table.numeric
    rows = []
    for row in table.rows[: table.shown]:
        cells = []
        for i, value in enumerate(row):
            text = value if isinstance(value, str) else _number(value, table.columns[i].format)
            if i == 0 and not numeric[0]:
                start, end = 'th scope="row"', "th"
            else:
                start = end = "td"
            look = "number" if numeric[i] and end == "td" else "short" if len(text) <= _SHORT else ""
            named = f' class="{look}"' if look else ""
            cells.append(f"<{start}{named}>{escape(printable(text))}</{end}>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return Markup("\n".join(rows))  # noqa: S704  # escaped


def _table_path(table: Table) -> str:
    return f"media/{table_file(table)}"


def table_file(table: Table) -> str:
    """The file name of a table in the folder `media`."""
    return hashed_name(f"{table.name}.csv", csv_bytes(table))


def _table_url(table: Table) -> Markup:
    return data_url("text/csv", csv_bytes(table))


def data_url(kind: str, content: bytes) -> Markup:
    """A file as an address that holds its content."""
    return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")  # noqa: S704  # only base64 characters


@cache
def snippet(name: str) -> Markup:
    """A highlighted code example from `sections/snippets`; the test suite runs each of them."""
    files = {file.stem: file for file in (Path(__file__).parents[1] / "sections" / "snippets").glob("[!_]*.py")}
    if name not in files:
        raise UnknownNameError(f"there is no snippet {name!r}.{did_you_mean(name, files)}")
    code = files[name].read_text(encoding="utf-8").split("# --8<--\n")[-1]
    return highlighted(code)


def highlighted(code: str) -> Markup:
    """Python code with its syntax marked."""
    return Markup(highlight(code.strip() + "\n", PythonLexer(), HtmlFormatter(nowrap=True)).rstrip())  # noqa: S704  # Pygments escapes


class Formulas(Extension):
    r"""TeX between dollar signs becomes MathML: `$...$` in a line, `$$...$$` on a line of its own.

    As in Pandoc, an opening dollar sign has no space after it, a closing one no space before it and no digit after it;
    `\$` is a literal dollar sign. Text inside Jinja2's braces is left unchanged.
    """

    _FORMULA = re.compile(rf"(?P<jinja>\{{#.*?#\}}|\{{\{{.*?\}}\}}|\{{%.*?%\}})|(?P<dollar>\\\$)|{GRAMMAR}", re.DOTALL)

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
                done = mathml(tex, bool(match["display"]))
            except ValueError as error:
                raise fail(f"formula {tex!r}: {error}", match) from error
            return keep_together(done, match["after"]) + "\n" * match[0].count("\n")

        return self._FORMULA.sub(formula, source)
