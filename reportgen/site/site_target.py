"""A site as a build target: its experiments, and the files made from its posts and pages."""

from __future__ import annotations

import dataclasses
import hashlib
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reportgen.experiment import Experiment, toml
from reportgen.markdown import markdown
from reportgen.page import site_frame
from reportgen.page.article import head_of_report
from reportgen.page.author_text import AuthorTexts
from reportgen.page.page_head import NavigationEntry, PageHead, SiteFrame, tag_slug
from reportgen.page.report import Report
from reportgen.page.report_files import data_files, page_files
from reportgen.pipeline import stage_keys
from reportgen.pipeline.preview_cache import PreviewCache, cache_key
from reportgen.pipeline.preview_card import with_preview_card
from reportgen.site import feeds, pages
from reportgen.site.folder import SETTINGS, Document, Mistakes, ReportPost, read
from reportgen.store import keys
from reportgen.text import plural, shorten
from reportgen.training.run import settings_to_json

if TYPE_CHECKING:
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
        documents = {document.file: document for document in self._documents()}
        bound = {file: mistakes.collect(lambda d=d: self._bind(d)) for file, d in documents.items()}  # type: ignore[misc]
        self.texts = {
            post.name: texts
            for post in self.folder.posts
            if isinstance(post, ReportPost) and post.experiment.text
            if (texts := mistakes.collect(lambda p=post: self._read_texts(p)))  # type: ignore[misc]
        }
        mistakes.raise_if_any()
        self.bound = {file: document for file, document in bound.items() if document}
        self.formats = tuple(dict.fromkeys(name for e in self.folder.experiments.values() for name in e.formats))
        self.inputs = {"folder of the site": path / SETTINGS} | (
            {"folder of templates": self._templates} if self._templates else {}
        )

    def made_from(self) -> keys.Parts:
        folder = self.folder
        named = {SETTINGS, *(document.file for document in [*folder.pages, *folder.posts]), *self._pictures()}
        return {
            **stage_keys.of_build(folder.experiments, self._templates),
            **{f"file {name}": _digest(folder.path / name) for name in sorted(named)},
            **{f"file {name}": digest for name, digest in site_frame.file_digests(folder.site, folder.path).items()},
            **{f"picture {name}/{file}": file for name, texts in self.texts.items() for file in texts.files},
        }

    @property
    def experiments(self) -> Mapping[str, Experiment]:
        return self.folder.experiments

    def files(self, reports: Mapping[str, Report], tools: Toolbox) -> Mapping[str, bytes]:
        folder = self.folder
        pages.check(self._documents(), reports, self.texts)
        frame, css, files = site_frame.read_frame(folder.site, folder.path)
        frame = dataclasses.replace(
            frame,
            navigation=tuple(
                NavigationEntry(label=page.title, path=_page_path(page)) for page in folder.navigation if page.name
            ),
            feed=bool(folder.site.root and folder.posts),
            posts=bool(folder.posts),
        )
        writer = _SiteWriter(self, tools, reports, frame, pages.SiteStyle(templates=self._templates, css=css))
        return {**files, **writer.files()}

    def _pictures(self) -> Iterator[str]:
        """Pictures in texts, by their paths in the folder of the site."""
        for document in self._documents():
            folder = PurePosixPath(document.file).parent
            yield from (posixpath.normpath(folder / picture.target) for picture in document.prose.pictures)

    def _bind(self, document: Document) -> markdown.BoundProse:
        home = "../" if document.name else ""

        def resolve(target: str) -> str | None:
            path = self._resolve(document.file, target)
            return None if path is None else f"{home}{path}"

        folder = (self.folder.path / document.file).parent
        return markdown.bind(document.prose, folder, self.folder.path, resolve, lambda file: file)

    def _read_texts(self, post: ReportPost) -> AuthorTexts:
        file, root = self.folder.path / post.file, self.folder.path
        return AuthorTexts(
            post.experiment,
            file.parent,
            str(file),
            toml.read(file, "experiment file"),
            root=root,
            resolve=lambda target: self._resolve(post.file, target),
            homes=("../", self.folder.site.root or "../"),
        )

    def _resolve(self, file: str, target: str) -> str | None:
        """The address, relative to the site, of a page that a text links to by its file; None if there is none."""
        pages = {other.file: _page_path(other) for other in [*self.folder.pages, *self.folder.posts]}
        name, mark, anchor = unquote(target).partition("#")
        path = pages.get(posixpath.normpath(PurePosixPath(file).parent / name))
        return None if path is None else f"{path}index.html{mark}{anchor}"

    def _documents(self) -> Iterator[Document]:
        return (document for document in [*self.folder.pages, *self.folder.posts] if isinstance(document, Document))


class _SiteWriter:
    """Makes the files of a site from its folder and the reports."""

    def __init__(
        self, site: SiteTarget, tools: Toolbox, reports: pages.Reports, top: SiteFrame, look: pages.SiteStyle
    ) -> None:
        self._folder = site.folder
        self._site = site.folder.site
        self._cache = site.cache
        self._bound = site.bound
        self._texts = site.texts
        self._tools = tools
        self._reports = reports
        self._look = look
        self._drawn = cache_key(keys.files(look.templates)) if look.templates else ""
        self._top, self._below = top, dataclasses.replace(top, home="../")

    def files(self) -> dict[str, bytes]:
        """All files of the site, without those of `site_frame.read_frame`."""
        folder, site = self._folder, self._site
        contents: dict[str, bytes] = {}
        heads = {document.name: self._head(document) for document in folder.posts}
        posts = [post for post, _ in heads.values()]
        for document in folder.posts:
            post, files = heads[document.name]
            related = pages.related_posts(post, posts)
            if isinstance(document, ReportPost):
                files = {**files, **self._report(document, post, related)}
            else:
                files = {**files, **self._text(document, post, related=related)}
            contents |= {f"{document.name}/{name}": content for name, content in files.items()}
        known = [post.page for post in posts]
        # The reading order is that of the pages, without the front page.
        order = [page for page in folder.pages if page.name]
        for i, document in enumerate(order):
            before, after = order[i - 1] if i else None, order[i + 1] if i + 1 < len(order) else None
            post, _ = self._head(document)
            files = self._text(document, post, before, after)
            known.append(post.page)
            contents |= {f"{document.name}/{name}": content for name, content in files.items()}
        front = next((page for page in folder.pages if not page.name), None)
        page, files = self._front(front, posts)
        contents |= files
        tags, files = self._tags(posts)
        contents |= files
        frame = dataclasses.replace(self._top, home=urlsplit(site.root).path or "/")
        contents["404.html"] = pages.not_found_page(PageHead(title="Not found", site=frame, listed=False), self._look)
        if site.root:
            contents["sitemap.xml"] = feeds.sitemap([page, *known, *tags])
            contents["robots.txt"] = feeds.robots(site)
            if posts:
                contents["feed.xml"] = feeds.atom(site, [post.page for post in posts])
        folders = {name.rpartition("/")[0] for name in contents}
        contents["_headers"] = feeds.headers(
            {name.removesuffix("media") for name in folders if PurePosixPath(name).name == "media"}
        )
        contents[".nojekyll"] = b""
        return contents

    def _head(self, document: Document | ReportPost) -> tuple[pages.Post, Mapping[str, bytes]]:
        """A page as lists show it, and the file of its preview card."""
        if isinstance(document, ReportPost):
            report = self._reports[document.name]
            page = head_of_report(report, f"{document.name}/", self._below)
            page = dataclasses.replace(page, author=page.author or self._site.author)
            picture = report.lead_picture
        else:
            page = PageHead(
                title=document.title,
                path=_page_path(document),
                site=self._below,
                description=pages.summary(document, self._reports),
                language=document.front.language or self._site.language,
                author=document.front.author or self._site.author,
                kind="article" if document.post else "website",
                date=document.front.date,
                updated=document.front.updated,
                tags=document.front.tags,
            )
            picture = pages.lead_of_text(document, self._reports)
            if not document.post:
                return pages.Post(page=page, picture=picture), {}
        page, card = with_preview_card(page, picture, self._site, self._tools)
        return pages.Post(page=page, picture=picture), card

    def _report(self, document: ReportPost, post: pages.Post, related: Sequence[pages.Post]) -> Mapping[str, bytes]:
        report, texts = self._reports[document.name], self._texts.get(document.name)
        return self._cache(
            (
                cache_key(settings_to_json(document.experiment)),
                post.page,
                self._look,
                self._drawn,
                cache_key(stage_keys.section_templates()),
                tuple(texts.files) if texts else (),
                tuple(other.key for other in related),
            ),
            lambda: {
                **data_files(report),
                **page_files(report, self._look.templates, post.page, self._look.css, texts, related),
            },
        )

    def _text(
        self,
        document: Document,
        post: pages.Post,
        before: Document | None = None,
        after: Document | None = None,
        related: Sequence[pages.Post] = (),
    ) -> Mapping[str, bytes]:
        return pages.text_page(
            document,
            self._reports,
            self._bound[document.file],
            post.page,
            self._look,
            post.picture if document.post else None,
            before=_page_link(before),
            after=_page_link(after),
            origin=self._origin(document),
            related=related,
        )

    def _origin(self, text: Document) -> pages.PageLink | None:
        """A link to the post of a text's experiment; None if it has no post."""
        posts = (post for post in self._folder.posts if isinstance(post, ReportPost))
        return _page_link(next((post for post in posts if post.name == text.front.experiment), None))

    def _front(self, text: Document | None, posts: Sequence[pages.Post]) -> tuple[PageHead, dict[str, bytes]]:
        site = self._site
        page = PageHead(
            title=site.title,
            site=self._top,
            description=shorten(site.description),
            language=site.language,
            author=site.author,
            kind="website",
        )
        picture = pages.lead_of_text(text, self._reports) if text else posts[0].picture if posts else None
        page, card = with_preview_card(page, picture, self._site, self._tools)
        if text is None:
            return page, {"index.html": pages.posts_page(posts, page, self._look), **card}
        page = dataclasses.replace(
            page, title=text.title, description=page.description or pages.summary(text, self._reports)
        )
        files = pages.text_page(text, self._reports, self._bound[text.file], page, self._look, None, posts=posts)
        return page, {**files, **card}

    def _tags(self, posts: Sequence[pages.Post]) -> tuple[list[PageHead], dict[str, bytes]]:
        """A page for each tag; tags that differ only in capitals and punctuation share a page."""
        known: dict[str, str] = {}
        for post in posts:
            for tag in post.page.tags:
                known.setdefault(tag_slug(tag), tag)
        found, files = [], {}
        for name, tag in sorted(known.items()):
            tagged = [post for post in posts if name in map(tag_slug, post.page.tags)]
            page = PageHead(
                title=tag,
                path=f"tags/{name}/",
                site=dataclasses.replace(self._top, home="../../"),
                description=f"{plural(len(tagged), 'post')} on {tag}",
                computed=True,
                language=self._site.language,
                kind="website",
            )
            found.append(page)
            files[f"tags/{name}/index.html"] = pages.posts_page(tagged, page, self._look)
        return found, files


def _page_link(other: Document | ReportPost | None) -> pages.PageLink | None:
    return pages.PageLink(title=other.title, path=_page_path(other)) if other else None


def _page_path(document: Document | ReportPost) -> str:
    return f"{document.name}/" if document.name else ""


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "none"
