"""The page: findings, media and tables put into the templates."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from jinja2.ext import Extension
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from reportgen import plugins
from reportgen.errors import RefusedError, TemplateError, did_you_mean
from reportgen.markdown.formulas import GRAMMAR, kept, mathml
from reportgen.page import policy, sandbox
from reportgen.page.embed import snippets
from reportgen.page.page_head import PageHead, SiteFrame, alone, slug
from reportgen.page.report import Report
from reportgen.page.spreadsheet import csv_bytes
from reportgen.pictures.media import Media, content_named
from reportgen.sections import Table, sections
from reportgen.sections.player import PlayerSet
from reportgen.store.keys import template_folder
from reportgen.text import escape_control_characters, number, shorten
from reportgen.values import json_value


def head_of_report(report: Report, path: str = "", around: SiteFrame | None = None) -> PageHead:
    """The metadata of the page of a report; `path` and `around` say where it stands in a site."""
    e = report.experiment
    headline = report.headlines[0] if report.headlines else ""
    return PageHead(
        title=e.title,
        path=path,
        around=around,
        description=shorten(e.abstract or headline or e.title),
        language=e.language,
        author=e.author or (e.site.author if e.site else ""),
        date=e.date,
        tags=e.tags,
    )


def render(
    report: Report, *, single_file: bool, templates: Path | None = None, page: PageHead | None = None, css: str = ""
) -> str:
    """The article as one HTML page: alone with everything inside it, or beside the files in its folder `media`.

    Files in the folder `templates` take the place of those of the package that have the same name. They are read, and
    rendered in a sandbox. `css` comes after our own styles. Raises `TemplateError` for a mistake in one of them, and
    `RefusedError` for a link in it that leads out of it.
    """
    page = page or head_of_report(report)
    if single_file:
        page = alone(page)
    names = {
        "embedded": single_file,
        "source": _once(_embedded) if single_file else _beside,
        "download": _once(_download) if single_file else _once(_data_file),
        "page": page,
        "css": css,
    }
    return _page("article.html", report, names, templates, policy.ALONE if single_file else policy.BESIDE)


def render_embeds(
    report: Report, templates: Path | None = None, page: PageHead | None = None, css: str = ""
) -> dict[str, str]:
    """Pages for the folder `embed`, by file: one for each animation alone, and one with the snippets of all."""
    page = page or head_of_report(report)
    title = report.experiment.title
    around = page.around and dataclasses.replace(page.around, home=f"../{page.around.home}")
    page = PageHead(
        title=f"Embed · {title}", path=f"{page.path}embed/", around=around, language=page.language, listed=False
    )
    names = {"embedded": False, "source": _above, "download": _data_file, "css": css}
    moving = {name: media for name, media in report.media.items() if media.kind == "animation"}
    pages = {
        f"{name}.html": _page(
            "embed.html",
            report,
            {**names, "name": name, "page": dataclasses.replace(page, title=f"{name} · {title}")},
            templates,
            policy.BESIDE,
        )
        for name in moving
    }
    if moving:
        names["snippets"] = {name: snippets(name, described(media)) for name, media in moving.items()}
        pages["index.html"] = _page("embeds.html", report, {**names, "page": page}, templates, policy.BESIDE)
    return pages


def described(media: Media) -> dict[str, Any]:
    """A picture as `results.json` has it; its files are paths in the output folder."""
    return {
        "kind": media.kind,
        "files": sorted(media.published),
        "alt": media.alt,
        "width": media.width,
        "height": media.height,
    }


def _page(template: str, report: Report, names: Mapping[str, Any], templates: Path | None, pictures: str) -> str:
    known = {
        "report": report,
        "numbering": Numbering(),
        "claim": lambda name: _known(report.claims, name, "claim").sentence,
        "site": names["page"].around,
        **names,
    }
    return laid_out(template, known, templates, pictures)


def laid_out(template: str, known: Mapping[str, Any], templates: Path | None, pictures: str) -> str:
    """A page about findings; `known` has a `Numbering` under "numbering"."""
    text = rendered(template, known, _printable, templates, pictures, known["numbering"])
    # A claim that does not apply leaves a space at the end of its line.
    return re.sub(r"[ \t]+\n", "\n", text)


def rendered(
    template: str,
    known: Mapping[str, Any],
    finalize: Callable[[Any], Any],
    templates: Path | None,
    pictures: str,
    numbering: Numbering | None = None,
) -> str:
    """The page that a template makes of what is `known`; each value goes through `finalize` before it is printed.

    `pictures` says where the page takes them from, one of those in `policy`.
    """
    folders = (*([templates] if templates else []), template_folder())
    # In full, for the working folder may be another one when the same name comes again.
    own = plugins.templates()
    environment = _environment(tuple(folder.resolve() for folder in folders), finalize, tuple(own.items()))
    its_policy = policy.Policy(environment.loader, pictures)
    given = {**known, "policy": its_policy.meta, "script": its_policy.script, "style": its_policy.style}
    meter = sandbox.Meter()
    try:
        page = environment.get_template(template)
        # A text may refer to a figure further down, so the first rendering counts and the second one prints.
        text = sandbox.rendered(page, given, meter)
        if numbering and numbering.used:
            numbering.start_again()
            text = sandbox.rendered(page, given, meter)
    except sandbox.OutsideError as error:
        raise RefusedError(f"template {error}", code="RG702") from error
    except jinja2.TemplateNotFound as error:
        if wanted := own.get(str(error.name)):
            raise TemplateError(wanted.missing) from error
        raise TemplateError(f"template {error.name} is missing from {folders[0]}") from error
    except jinja2.TemplateSyntaxError as error:
        # An unknown filter or test is a name that is missing, too.
        code = "RG701" if isinstance(error, jinja2.TemplateAssertionError) else ""
        raise TemplateError(f"template {error.name}:{error.lineno}: {error.message}", code=code) from error
    except (RecursionError, MemoryError) as error:
        place = _failing_line(error, environment.loader.folders, own) or template
        what = "calls itself without end" if isinstance(error, RecursionError) else "needs more memory than there is"
        raise TemplateError(f"template {place}: {what}") from error
    except (jinja2.TemplateRuntimeError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        line = _failing_line(error, environment.loader.folders, own)
        if line is None:
            raise
        code = "RG701" if isinstance(error, jinja2.UndefinedError) else ""
        raise TemplateError(f"template {line}: {error}", code=code) from error
    try:
        return its_policy.settled(text)
    except ValueError as error:
        raise TemplateError(f"template {template}: {error}") from error


class UnknownNameError(jinja2.UndefinedError):
    """A template asks for a figure, table, section or snippet that there is none of."""


def _failing_line(
    error: BaseException, folders: Iterable[Path], own: Mapping[str, plugins.SectionTemplate]
) -> str | None:
    """`file:line` of the template that `error` comes from; Jinja2 rewrites tracebacks to name template lines.

    It is the innermost one, except that a name which is absent was given by whoever called the macro.
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
    """The templates of `folders` and those of plugins, each compiled once and again when its file changes."""
    environment = _Environment(
        {
            Numbering: frozenset({"among", "find", "show"}),
            PlayerSet: frozenset({"data", "only"}),
            Media: frozenset({"named"}),
        },
        finalize,
        {"num": _number, "slug": slug},
        loader=sandbox.Folders(folders, {name: (template.path, template.root) for name, template in own}),
        undefined=_Undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Formulas],
    )
    environment.tests["linkable"] = linkable
    environment.policies["json.dumps_function"] = strict_json
    environment.globals.update(snippet=snippet, known=_known, check_section=_check_section)
    return environment


def _number(value: float | None, spec: str = "") -> str:
    if re.search(r"\d{4}", spec):
        raise ValueError(f"the format {spec!r} is too wide")
    return number(value, spec)


def linkable(address: object) -> bool:
    """Whether a page may make a link of an address that somebody wrote: to the web, to a mailbox, into the page."""
    return isinstance(address, str) and bool(re.fullmatch(r"(?:https://|mailto:|#)[^\s\x00-\x20\x7f-\x9f]+", address))


def strict_json(value: Any, **options: Any) -> str:
    """JSON for scripts: null for numbers that are not finite, and no letter beyond ASCII."""
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
            raise UnknownNameError(f"{kind} {name!r} is shown twice; refer to it with m.ref({name!r})")
        number = 1 + sum(other == kind for other, _ in self._shown)
        self._shown[kind, name] = number
        return number

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of some figures that the page has shown up to here."""
        return [name for name in names if ("figure", name) in self._shown]

    def find(self, name: str, kind: str | None = None) -> tuple[str, int]:
        """Kind and number of what is called `name`, wherever on the page it stands."""
        self._asked = True
        if self._counting:
            return kind or "figure", 0
        found = [place for place in self._known if place[1] == name and kind in (None, place[0])]
        if not found:
            known = {shown for other, shown in self._known if kind in (None, other)}
            raise UnknownNameError(
                f"this page shows no {kind or 'figure or table'} {name!r}.{did_you_mean(name, known)}"
            )
        if len(found) > 1:
            raise UnknownNameError(f'{name!r} is a figure and a table; say which: m.ref({name!r}, "table")')
        return found[0][0], self._known[found[0]]


def _known(mapping: Mapping[str, Any], name: str, kind: str) -> Any:
    """`mapping[name]`, or an error that names what is there: for templates that refer to media and tables."""
    if name not in mapping:
        raise UnknownNameError(f"there is no {kind} {name!r} in this build.{did_you_mean(name, mapping)}")
    return mapping[name]


def _check_section(name: str) -> str:
    """Nothing, for a section that an experiment may ask for; else an error."""
    if name not in sections.names():
        raise UnknownNameError(f"there is no section {name!r}.{did_you_mean(name, sections.names())}")
    return ""


def _once(make: Callable[..., str]) -> Callable[..., str]:
    """`make` of a picture or a table, done once a page, though that is rendered twice."""
    made: dict[tuple[str, ...], str] = {}

    def known(item: Media | Table, *file: str) -> str:
        key = (item.name, *file)
        if key not in made:
            made[key] = make(item, *file)
        return made[key]

    return known


def _beside(media: Media, file: str) -> str:
    return f"media/{media.named(file)}"


def _above(media: Media, file: str) -> str:
    return f"../media/{media.named(file)}"


def _embedded(media: Media, file: str) -> Markup:
    if file.endswith(".svg"):
        return _svg(media.files[file])
    # An APNG is a PNG, and a browser that knows no moving ones shows its first frame.
    suffix = file.rpartition(".")[2]
    return _data("image/png" if suffix.endswith("png") else f"image/{suffix}", media.files[file])


def _svg(content: bytes) -> Markup:
    """An SVG as text inside an address: a quarter smaller than in base64. Nothing in it can end an attribute."""
    text = " ".join(content.decode().replace('"', "'").split("\n"))
    # As `urllib.parse.quote` does it, which takes most of the time that a page takes.
    return Markup("data:image/svg+xml," + _UNSAFE.sub(lambda found: quote(found[0]), text))  # noqa: S704  # no " and no & left


_UNSAFE = re.compile(r"[^A-Za-z0-9 !'()*+,\-./:;<=>?@\[\]_~]+")


def _data_file(table: Table) -> str:
    return f"media/{table_file(table)}"


def table_file(table: Table) -> str:
    """What a table is called in the folder `media`."""
    return content_named(f"{table.name}.csv", csv_bytes(table))


def _download(table: Table) -> Markup:
    return _data("text/csv", csv_bytes(table))


def _data(kind: str, content: bytes) -> Markup:
    return Markup(f"data:{kind};base64,{base64.b64encode(content).decode()}")  # noqa: S704  # letters, digits, + / =


@cache
def snippet(name: str) -> Markup:
    """A highlighted code example from `sections/snippets`; the test suite runs each of them."""
    files = {file.stem: file for file in (Path(__file__).parents[1] / "sections" / "snippets").glob("[!_]*.py")}
    if name not in files:
        raise UnknownNameError(f"there is no snippet {name!r}.{did_you_mean(name, files)}")
    code = files[name].read_text(encoding="utf-8").split("# --8<--\n")[-1]
    return Markup(highlight(code.strip() + "\n", PythonLexer(), HtmlFormatter(nowrap=True)).rstrip())  # noqa: S704  # our own files


class Formulas(Extension):
    r"""TeX between dollar signs becomes MathML: `$...$` in a line, `$$...$$` on a line of its own.

    As in Pandoc, a dollar sign before a space or after one opens or closes nothing, neither does one before a digit
    close; `\$` is a dollar sign always. What stands in Jinja2's own braces is left alone.
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
            return kept(done, match["after"]) + "\n" * match[0].count("\n")

        return self._FORMULA.sub(formula, source)
