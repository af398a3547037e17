"""The pages of a site: texts with what they place of builds, lists of posts, and the page for what is not there."""

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
from reportgen.markdown.references import Known, check_references, number_text, value_at
from reportgen.page import policy
from reportgen.page.article import Numbering, UnknownNameError, laid_out, table_file
from reportgen.page.page_head import PageHead
from reportgen.page.report import Report
from reportgen.page.spreadsheet import csv_bytes
from reportgen.pictures.media import Media
from reportgen.sections import Table
from reportgen.sections.player import merge_players
from reportgen.site.folder import Document, Mistakes
from reportgen.text import shorten

Reports = Mapping[str, Report]
"""What was computed, by the name of the experiment."""


@dataclass(frozen=True, kw_only=True)
class SiteStyle:
    """What all pages of a site look like."""

    templates: Path | None
    css: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Post:
    """A post as lists show it."""

    page: PageHead
    picture: Media | None
    """Of its lead figure, whose files lie in the folder `media` of the post."""


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A link to the page before or after this one."""

    title: str
    path: str


def check(documents: Iterable[Document], reports: Reports) -> None:
    """Raise `ExperimentError` with a line for every reference of a text to what its experiment does not have."""
    known = {name: _known(name, report) for name, report in reports.items()}
    mistakes = Mistakes()
    for document in documents:
        own = document.front.experiment
        if named := document.front.picture:
            there = reports[own].media if own else {}
            if named not in there:
                where = f"in {own}.{did_you_mean(named, there)}" if own else "without an experiment to take it from"
                mistakes.tell(f"{document.place('picture')}: there is no picture {named!r} {where}")
        mistakes.trying(
            lambda d=document, own=own: check_references(d.prose, lambda name: known.get(name or own), known)  # type: ignore[misc]
        )
    mistakes.end()


def text(
    document: Document,
    reports: Reports,
    bound: markdown.Bound,
    page: PageHead,
    look: SiteStyle,
    lead: Media | None,
    *,
    posts: Sequence[Post] = (),
    before: PageLink | None = None,
    after: PageLink | None = None,
    origin: PageLink | None = None,
) -> dict[str, bytes]:
    """Files of the page of a text, by their paths in its folder, `lead` among them.

    `posts` are listed below it, and `origin` is the post whose experiment it places.
    """
    report = _placed(document, reports)
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
        "pieces": _settled(bound.pieces, document.front.experiment, reports),
        "headings": document.prose.headings,
        "posts": posts,
        "before": before,
        "after": after,
        "origin": origin,
        "report": report,
        "claim": lambda name: report.claims[name].sentence if report else "",
        "source": source,
        "download": download,
    }
    try:
        files["index.html"] = _laid_out("text.html", names, page, look)
    except TemplateError as error:
        if isinstance(error.__cause__, UnknownNameError):
            _tell_place(document, error.__cause__)
        raise
    if lead:
        # Lists show it, also where the text does not.
        for file in filter(None, (lead.poster or lead.file, lead.dark)):
            source(lead, file)
    return files


def _tell_place(document: Document, error: UnknownNameError) -> None:
    """Raise `ExperimentError` if a reference of the text is at fault: what a section shows is known but now."""
    for reference in document.prose.references:
        if f"{_full(reference, document.front.experiment)!r}" in str(error):
            words = re.sub(r"m\.ref\((['\"])(.*?)\1.*?\)", r"{{ ref \2 }}", str(error))
            place = f"{document.prose.name}:{reference.line}:{reference.column}"
            raise ExperimentError(f"{place}: {words}") from error


def summary(document: Document, reports: Reports) -> str:
    """What a text says of itself, or else its first paragraph, in plain words."""

    def say(reference: BuildReference) -> str:
        if reference.kind == "ref":
            return "below"
        return str(_settled([reference], document.front.experiment, reports)[0].unescape())

    return shorten(document.front.abstract or document.prose.summary(say))


def posts(posts: Sequence[Post], page: PageHead, look: SiteStyle) -> bytes:
    """A page that is a list of posts."""
    return _laid_out("posts.html", {"posts": posts}, page, look)


def missing(page: PageHead, look: SiteStyle) -> bytes:
    """What hosts show for an address at which there is nothing; it may stand for any address."""
    return _laid_out("404.html", {}, page, look)


def _laid_out(template: str, names: Mapping[str, Any], page: PageHead, look: SiteStyle) -> bytes:
    known = {"embedded": False, "page": page, "site": page.around, "css": look.css, "numbering": Numbering(), **names}
    return laid_out(template, known, look.templates, policy.BESIDE).encode()


def _known(name: str, report: Report) -> Known:
    kinds = {kind: {m.name for m in report.media.values() if m.kind == kind} for kind in ("picture", "animation")}
    return Known(
        name=name,
        figures=kinds["picture"],
        animations=kinds["animation"],
        tables=set(report.tables),
        sections=set(report.section_of),
        claims={name: claim.sentence for name, claim in report.claims.items()},
        findings=report.findings,
    )


def lead_of_text(document: Document, reports: Reports) -> Media | None:
    """The picture that stands for a text: the one it names, the first that it places, or that of its experiment."""
    own = document.front.experiment
    if document.front.picture:
        return reports[own].media[document.front.picture]
    for reference in document.prose.references:
        if reference.kind in ("figure", "animation"):
            return reports[reference.experiment or own].media[reference.name]
    return reports[own].lead_picture if own else None


def _placed(document: Document, reports: Reports) -> Report | None:
    """What a text can place, as one report, in which things of other experiments are called EXPERIMENT/NAME."""
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


def _full(reference: BuildReference, own: str) -> str:
    elsewhere = reference.experiment and reference.experiment != own
    return f"{reference.experiment}/{reference.name}" if elsewhere else reference.name


def _settled(pieces: Iterable[Piece], own: str, reports: Reports) -> list[Any]:
    """Pieces for the template: numbers and claims as text, and other references by their full names."""

    def settled(piece: Piece) -> Any:
        if not isinstance(piece, BuildReference):
            return piece
        name = piece.experiment or own
        if piece.kind == "claim":
            return escape(reports[name].claims[piece.name].sentence)
        if piece.kind == "number":
            value = value_at(reports[name].findings, piece.name)
            return escape(number_text(value, piece.spec))
        caption = [settled(part) for part in piece.caption]
        return dataclasses.replace(piece, name=_full(piece, own), caption=tuple(caption))

    return [settled(piece) for piece in pieces]
