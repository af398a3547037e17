"""The pages of a site: texts with the figures and numbers of builds, lists of posts, and the "not found" page."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reportgen.errors import TemplateError, did_you_mean
from reportgen.markdown import markdown
from reportgen.markdown.markdown import BuildReference
from reportgen.markdown.references import check_references
from reportgen.page import policy
from reportgen.page.article import Numbering, render_findings, table_file
from reportgen.page.author_text import AuthorTexts, raise_at_reference, reference_targets, resolve_pieces
from reportgen.page.page_head import PageHead, tag_slug
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

    @property
    def key(self) -> Hashable:
        """Everything that a list shows of the post."""
        return self.page, self.picture and self.picture.named(self.picture.at_rest)


MOST_RELATED = 6
"""The most posts that another one leads to at its end."""


def related_posts(post: Post, posts: Iterable[Post]) -> list[Post]:
    """The posts that share a tag with `post`, those with most tags in common first, and otherwise in order."""

    def shared(other: Post) -> int:
        return len({*map(tag_slug, post.page.tags)} & {*map(tag_slug, other.page.tags)})

    others = [other for other in posts if other.page.path != post.page.path and shared(other)]
    return sorted(others, key=shared, reverse=True)[:MOST_RELATED]


@dataclass(frozen=True, kw_only=True)
class PageLink:
    """A link to the page before or after this one."""

    title: str
    path: str


def check(documents: Iterable[Document], reports: Reports, texts: Mapping[str, AuthorTexts]) -> None:
    """Raise `ExperimentError` with a line for every invalid reference of a text.

    `texts` are those in experiment files, by the name of the experiment.
    """
    known = {name: reference_targets(name, report) for name, report in reports.items()}
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
    for name, written in texts.items():
        mistakes.collect(lambda name=name, written=written: written.check(reports[name]))  # type: ignore[misc]
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
    related: Sequence[Post] = (),
) -> dict[str, bytes]:
    """The files of a text's page by their paths in its folder, with those of the picture `lead`.

    `posts` are listed below the text, `related` ones at its end, and `origin` is the post of its experiment.
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
        "pieces": resolve_pieces(bound.pieces, document.front.experiment, reports, mark=page.english),
        "headings": document.prose.headings,
        "posts": posts,
        "before": before,
        "after": after,
        "origin": origin,
        "related": related,
        "report": report,
        "claim": lambda name: report.sentences[name] if report else "",
        "outcome": lambda name: report.claims[name].outcome if report else None,
        "source": source,
        "beside": source,
        "download": download,
    }
    try:
        files["index.html"] = _render("text.html", names, page, look)
    except TemplateError as error:
        raise_at_reference(document.prose, document.front.experiment, error)
        raise
    if lead:
        # Lists of posts show it, even if the text does not.
        source(lead, lead.at_rest)
    return files


def summary(document: Document, reports: Reports) -> str:
    """The abstract of a text, or else its first paragraph, as plain text."""

    def describe(reference: BuildReference) -> str:
        if reference.kind == "ref":
            return "below"
        return str(resolve_pieces([reference], document.front.experiment, reports)[0].unescape())

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
