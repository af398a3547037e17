"""The pages of a site: texts with the figures and numbers of builds, lists of posts, and the "not found" page."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import escape

from reportgen.errors import ExperimentError, TemplateError, did_you_mean
from reportgen.markdown import markdown
from reportgen.markdown.markdown import BuildReference, Piece
from reportgen.markdown.references import ReferenceTargets, check_references, number_text, value_at
from reportgen.page import policy
from reportgen.page.article import Numbering, UnknownNameError, render_findings, table_file
from reportgen.page.page_head import PageHead
from reportgen.page.report import Report
from reportgen.page.spreadsheet import csv_bytes
from reportgen.pictures.media import Media
from reportgen.sections import Table
from reportgen.sections.player import merge_players
from reportgen.site.folder import Document, Mistakes
from reportgen.text import shorten

Reports = Mapping[str, Report]
"""Reports by the name of their experiment."""


@dataclass(frozen=True, kw_only=True)
class SiteStyle:
    """The templates and styles of all pages of a site."""

    templates: Path | None
    css: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Post:
    """A post in a list."""

    page: PageHead
    picture: Media | None
    """The lead figure, whose files are in the folder `media` of the post."""


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A link to the page before or after this one."""

    title: str
    path: str


def check(documents: Iterable[Document], reports: Reports) -> None:
    """Raise `ExperimentError` with a line for every invalid reference of a text."""
    known = {name: _reference_targets(name, report) for name, report in reports.items()}
    mistakes = Mistakes()
    for document in documents:
        own = document.front.experiment
        if named := document.front.picture:
            media = reports[own].media if own else {}
            if named not in media:
                where = f"in {own}.{did_you_mean(named, media)}" if own else "without an experiment to take it from"
                mistakes.add(f"{document.position('picture')}: there is no picture {named!r} {where}")
        mistakes.collect(
            lambda d=document, own=own: check_references(d.prose, lambda name: known.get(name or own), known)  # type: ignore[misc]
        )
    mistakes.raise_if_any()


def text_page(
    document: Document,
    reports: Reports,
    bound: markdown.BoundProse,
    page: PageHead,
    look: SiteStyle,
    lead: Media | None,
    *,
    posts: Sequence[Post] = (),
    before: PageLink | None = None,
    after: PageLink | None = None,
    origin: PageLink | None = None,
) -> dict[str, bytes]:
    """The files of a text's page by their paths in its folder, with those of the picture `lead`.

    `posts` are listed below the text, and `origin` is the post of its experiment.
    """
    report = _placeable_report(document, reports)
    files = dict(bound.files)

    def source(media: Media, file: str) -> str:
        path = f"media/{media.named(file)}"
        files[path] = media.files[file]
        return path

    def download(table: Table) -> str:
        path = f"media/{table_file(table)}"
        files[path] = csv_bytes(table)
        return path

    names = {
        "pieces": _resolve_pieces(bound.pieces, document.front.experiment, reports),
        "headings": document.prose.headings,
        "posts": posts,
        "before": before,
        "after": after,
        "origin": origin,
        "report": report,
        "claim": lambda name: report.sentences[name] if report else "",
        "source": source,
        "beside": source,
        "download": download,
    }
    try:
        files["index.html"] = _render("text.html", names, page, look)
    except TemplateError as error:
        if isinstance(error.__cause__, UnknownNameError):
            _raise_at_reference(document, error.__cause__)
        raise
    if lead:
        # Lists of posts show it, even if the text does not.
        source(lead, lead.at_rest)
    return files


def _raise_at_reference(document: Document, error: UnknownNameError) -> None:
    """Raise `ExperimentError` at the reference that caused an error; the figures of sections are known only now."""
    for reference in document.prose.references:
        if f"{_full_name(reference, document.front.experiment)!r}" in str(error):
            message = re.sub(r"m\.ref\((['\"])(.*?)\1.*?\)", r"{{ ref \2 }}", str(error))
            place = f"{document.prose.name}:{reference.line}:{reference.column}"
            raise ExperimentError(f"{place}: {message}") from error


def summary(document: Document, reports: Reports) -> str:
    """The abstract of a text, or else its first paragraph, as plain text."""

    def describe(reference: BuildReference) -> str:
        if reference.kind == "ref":
            return "below"
        return str(_resolve_pieces([reference], document.front.experiment, reports)[0].unescape())

    return shorten(document.front.abstract or document.prose.summary(describe))


def posts_page(posts: Sequence[Post], page: PageHead, look: SiteStyle) -> bytes:
    """A page with a list of posts."""
    return _render("posts.html", {"posts": posts}, page, look)


def not_found_page(page: PageHead, look: SiteStyle) -> bytes:
    """The page that hosts show for unknown addresses, so its links must work from any address."""
    return _render("404.html", {}, page, look)


def _render(template: str, names: Mapping[str, Any], page: PageHead, look: SiteStyle) -> bytes:
    known = {"embedded": False, "page": page, "site": page.site, "css": look.css, "numbering": Numbering(), **names}
    return render_findings(template, known, look.templates, policy.PICTURES_BESIDE).encode()


def _reference_targets(name: str, report: Report) -> ReferenceTargets:
    kinds = {kind: {m.name for m in report.media.values() if m.kind == kind} for kind in ("picture", "animation")}
    return ReferenceTargets(
        name=name,
        figures=kinds["picture"],
        animations=kinds["animation"],
        tables=set(report.tables),
        sections=set(report.section_of),
        claims=dict(report.sentences),
        findings=report.findings,
    )


def lead_of_text(document: Document, reports: Reports) -> Media | None:
    """The picture of a text in lists: the one it names, the first that it shows, or that of its experiment."""
    own = document.front.experiment
    if document.front.picture:
        return reports[own].media[document.front.picture]
    for reference in document.prose.references:
        if reference.kind in ("figure", "animation"):
            return reports[reference.experiment or own].media[reference.name]
    return reports[own].lead_picture if own else None


def _placeable_report(document: Document, reports: Reports) -> Report | None:
    """One report with everything that a text can show; names from other experiments become EXPERIMENT/NAME."""
    own = document.front.experiment
    named = dict.fromkeys([own, *(r.experiment or "" for r in document.prose.references)])
    parts = {name: reports[name] for name in named if name}
    if not parts:
        return None
    places = {name: "" if name == own else f"{name}/" for name in parts}
    sections = [r.name for r in document.prose.references if r.kind == "section"]
    base = next(iter(parts.values()))
    return dataclasses.replace(
        base,
        sections=tuple(base.section_of[name] for name in sections),
        media={f"{places[name]}{key}": media for name, part in parts.items() for key, media in part.media.items()},
        tables={f"{places[name]}{key}": table for name, part in parts.items() for key, table in part.tables.items()},
        players=merge_players({places[name]: part.players for name, part in parts.items()}),
    )


def _full_name(reference: BuildReference, own: str) -> str:
    elsewhere = reference.experiment and reference.experiment != own
    return f"{reference.experiment}/{reference.name}" if elsewhere else reference.name


def _resolve_pieces(pieces: Iterable[Piece], own: str, reports: Reports) -> list[Any]:
    """Pieces for the template: numbers and claims become text, other references get their full names."""

    def resolve(piece: Piece) -> Any:
        if not isinstance(piece, BuildReference):
            return piece
        name = piece.experiment or own
        if piece.kind == "claim":
            return escape(reports[name].sentences[piece.name])
        if piece.kind == "number":
            value = value_at(reports[name].findings, piece.name)
            return escape(number_text(value, piece.spec))
        caption = [resolve(part) for part in piece.caption]
        return dataclasses.replace(piece, name=_full_name(piece, own), caption=tuple(caption))

    return [resolve(piece) for piece in pieces]
