"""Several posts and pages as one site: what is computed for them, what they show, and what leads to them."""

from __future__ import annotations

import dataclasses
import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reportgen.experiment import Experiment
from reportgen.markdown import markdown
from reportgen.page import site_frame
from reportgen.page.article import head_of_report
from reportgen.page.page_head import NavigationEntry, PageHead, SiteFrame, slug
from reportgen.page.report import Report
from reportgen.page.report_files import data_files, page_files
from reportgen.pipeline import stage_keys
from reportgen.pipeline.preview_cache import PreviewCache, cache_key
from reportgen.pipeline.preview_card import with_preview_card
from reportgen.site import feeds, pages
from reportgen.site.folder import SETTINGS, Document, Mistakes, ReportPost, read
from reportgen.store import keys
from reportgen.text import shorten
from reportgen.training.run import settings_to_json

if TYPE_CHECKING:
    from reportgen.pictures.media import Media
    from reportgen.pipeline.toolbox import Toolbox


class SiteTarget:
    """The site in a folder, as a `BuildTarget`.

    Raises `ExperimentError` with a line for every mistake in its files.
    """

    def __init__(self, path: Path, templates: Path | None = None, cache: PreviewCache | None = None) -> None:
        self.folder = read(path)
        site = self.folder.site
        self._templates = templates or site_frame.theme_folder(site, path)
        self.cache = cache or PreviewCache()
        mistakes = Mistakes()
        bound = {one.file: mistakes.trying(lambda one=one: self._bind(one)) for one in self._documents()}  # type: ignore[misc]
        mistakes.end()
        self.bound = {file: one for file, one in bound.items() if one}
        self.formats = tuple(dict.fromkeys(name for e in self.folder.experiments.values() for name in e.formats))
        self.inputs = {"folder of the site": path / SETTINGS} | (
            {"folder of templates": self._templates} if self._templates else {}
        )

    def made_from(self) -> keys.Parts:
        folder = self.folder
        named = {SETTINGS, *(one.file for one in [*folder.pages, *folder.posts]), *self._pictures()}
        return {
            **stage_keys.of_build(folder.experiments, self._templates),
            **{f"file {name}": _digest(folder.path / name) for name in sorted(named)},
            **{f"file {name}": digest for name, digest in site_frame.file_digests(folder.site, folder.path).items()},
        }

    @property
    def experiments(self) -> Mapping[str, Experiment]:
        return self.folder.experiments

    def files(self, reports: Mapping[str, Report], tools: Toolbox) -> Mapping[str, bytes]:
        folder = self.folder
        pages.check(self._documents(), reports)
        frame, css, files = site_frame.read_frame(folder.site, folder.path)
        frame = dataclasses.replace(
            frame,
            navigation=tuple(
                NavigationEntry(label=page.title, path=_path(page)) for page in folder.navigation if page.name
            ),
            feed=bool(folder.site.root and folder.posts),
            posts=bool(folder.posts),
        )
        make = _Pages(self, tools, reports, frame, pages.SiteStyle(templates=self._templates, css=css))
        return {**files, **make.all()}

    def _pictures(self) -> Iterator[str]:
        """Files that texts show, relative to the folder of the site."""
        for one in self._documents():
            folder = PurePosixPath(one.file).parent
            yield from (posixpath.normpath(folder / picture.target) for picture in one.prose.pictures)

    def _bind(self, one: Document) -> markdown.Bound:
        pages = {other.file: _path(other) for other in [*self.folder.pages, *self.folder.posts]}
        home = "../" if one.name else ""

        def resolve(target: str) -> str | None:
            file, mark, anchor = unquote(target).partition("#")
            path = pages.get(posixpath.normpath(PurePosixPath(one.file).parent / file))
            return None if path is None else f"{home}{path}index.html{mark}{anchor}"

        folder = (self.folder.path / one.file).parent
        return markdown.bind(one.prose, folder, self.folder.path, resolve, lambda file: file)

    def _documents(self) -> Iterator[Document]:
        return (one for one in [*self.folder.pages, *self.folder.posts] if isinstance(one, Document))


class _Pages:
    """The pages of a site, one kind after the other."""

    def __init__(
        self, site: SiteTarget, tools: Toolbox, reports: pages.Reports, top: SiteFrame, look: pages.SiteStyle
    ) -> None:
        self._folder = site.folder
        self._site = site.folder.site
        self._cache = site.cache
        self._bound = site.bound
        self._tools = tools
        self._reports = reports
        self._look = look
        self._drawn = cache_key(keys.files(look.templates)) if look.templates else ""
        self._top, self._below = top, dataclasses.replace(top, home="../")

    def all(self) -> dict[str, bytes]:
        """Every file but those that `site_frame.read_frame` names."""
        folder, site = self._folder, self._site
        made: dict[str, bytes] = {}
        posts = []
        for one in folder.posts:
            page, picture, files = self._report(one) if isinstance(one, ReportPost) else self._text(one)
            posts.append(pages.Post(page=page, picture=picture))
            made |= {f"{one.name}/{name}": content for name, content in files.items()}
        known = [post.page for post in posts]
        # The order of reading is that of the pages; the front page is none of it.
        order = [page for page in folder.pages if page.name]
        for i, one in enumerate(order):
            before, after = order[i - 1] if i else None, order[i + 1] if i + 1 < len(order) else None
            page, _, files = self._text(one, before, after)
            known.append(page)
            made |= {f"{one.name}/{name}": content for name, content in files.items()}
        front = next((page for page in folder.pages if not page.name), None)
        page, files = self._front(front, posts)
        made |= files
        tags, files = self._tags(posts)
        made |= files
        nowhere = dataclasses.replace(self._top, home=urlsplit(site.root).path or "/")
        made["404.html"] = pages.missing(
            PageHead(title="Not found", around=nowhere, language=site.language, listed=False), self._look
        )
        if site.root:
            made["sitemap.xml"] = feeds.sitemap([page, *known, *tags])
            made["robots.txt"] = feeds.robots(site)
            if posts:
                made["feed.xml"] = feeds.atom(site, [post.page for post in posts])
        folders = {name.rpartition("/")[0] for name in made}
        made["_headers"] = feeds.headers(
            {name.removesuffix("media") for name in folders if PurePosixPath(name).name == "media"}
        )
        made[".nojekyll"] = b""
        return made

    def _report(self, post: ReportPost) -> tuple[PageHead, Media | None, dict[str, bytes]]:
        report = self._reports[post.name]
        picture = report.lead_picture
        page = head_of_report(report, f"{post.name}/", self._below)
        page = dataclasses.replace(page, author=page.author or self._site.author)
        page, card = with_preview_card(page, picture, self._site, self._tools)
        files = self._cache(
            (
                cache_key(settings_to_json(post.experiment)),
                page,
                self._look,
                self._drawn,
                cache_key(stage_keys.section_templates()),
            ),
            lambda: {**data_files(report), **page_files(report, self._look.templates, page, self._look.css)},
        )
        return page, picture, {**files, **card}

    def _text(
        self, one: Document, before: Document | None = None, after: Document | None = None
    ) -> tuple[PageHead, Media | None, dict[str, bytes]]:
        page = PageHead(
            title=one.title,
            path=_path(one),
            around=self._below,
            description=pages.summary(one, self._reports),
            language=one.front.language or self._site.language,
            author=one.front.author or self._site.author,
            kind="article" if one.post else "website",
            date=one.front.date,
            updated=one.front.updated,
            tags=one.front.tags,
        )
        picture = pages.lead_of_text(one, self._reports)
        page, card = with_preview_card(page, picture, self._site, self._tools) if one.post else (page, {})
        files = pages.text(
            one,
            self._reports,
            self._bound[one.file],
            page,
            self._look,
            picture if one.post else None,
            before=_way(before),
            after=_way(after),
            origin=self._origin(one),
        )
        return page, picture, {**files, **card}

    def _origin(self, text: Document) -> pages.PageLink | None:
        """The post that tells all of the experiment of a text, if there is one."""
        posts = (post for post in self._folder.posts if isinstance(post, ReportPost))
        return _way(next((post for post in posts if post.name == text.front.experiment), None))

    def _front(self, text: Document | None, posts: Sequence[pages.Post]) -> tuple[PageHead, dict[str, bytes]]:
        site = self._site
        page = PageHead(
            title=site.title,
            around=self._top,
            description=shorten(site.description),
            language=site.language,
            author=site.author,
            kind="website",
        )
        picture = pages.lead_of_text(text, self._reports) if text else posts[0].picture if posts else None
        page, card = with_preview_card(page, picture, self._site, self._tools)
        if text is None:
            return page, {"index.html": pages.posts(posts, page, self._look), **card}
        page = dataclasses.replace(
            page, title=text.title, description=page.description or pages.summary(text, self._reports)
        )
        files = pages.text(text, self._reports, self._bound[text.file], page, self._look, None, posts=posts)
        return page, {**files, **card}

    def _tags(self, posts: Sequence[pages.Post]) -> tuple[list[PageHead], dict[str, bytes]]:
        """A page for each tag; tags that differ only by capitals and marks are one."""
        known: dict[str, str] = {}
        for post in posts:
            for tag in post.page.tags:
                known.setdefault(slug(tag), tag)
        found, files = [], {}
        for name, tag in sorted(known.items()):
            tagged = [post for post in posts if name in map(slug, post.page.tags)]
            page = PageHead(
                title=tag,
                path=f"tags/{name}/",
                around=dataclasses.replace(self._top, home="../../"),
                description=f"{len(tagged)} post{'s' if len(tagged) > 1 else ''} on {tag}",
                language=self._site.language,
                kind="website",
            )
            found.append(page)
            files[f"tags/{name}/index.html"] = pages.posts(tagged, page, self._look)
        return found, files


def _way(other: Document | ReportPost | None) -> pages.PageLink | None:
    return pages.PageLink(title=other.title, path=_path(other)) if other else None


def _path(one: Document | ReportPost) -> str:
    return f"{one.name}/" if one.name else ""


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "none"
