"""The folder of a site: its settings, experiments, posts and pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import Field

from reportgen import plugins
from reportgen.errors import ExperimentError, RefusedError, did_you_mean
from reportgen.experiment import Experiment, toml
from reportgen.experiment.file import PluginNames, load, parse, shipped, shipped_descriptions
from reportgen.experiment.site_settings import Date, Language, SiteSettings, Tags
from reportgen.experiment.toml.positions import positions
from reportgen.markdown import markdown
from reportgen.markdown.markdown import BuildReference, Prose
from reportgen.page import site_frame
from reportgen.plugins import Plugin
from reportgen.values import Abstract, Label, checked, short

SETTINGS = "reportgen.toml"

FRONT = "index"
"""The stem of the front page's file."""

RESERVED = frozenset({"data", "embed", "media", "tags", "trajectories"})
"""Names of folders of the site, which no post can have."""

LARGEST = 1_000_000
"""Bytes of a Markdown file."""

T = TypeVar("T")

_Glob = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^/\\\x00-\x1f][^\\\x00-\x1f]*$")]


@checked
class Front:
    """The front matter of a Markdown file, between lines of +++ before its text."""

    title: Label = ""
    """The title; the first heading unless given."""
    date: Date = ""
    """The day of publication, like 2026-11-23; posts need one."""
    updated: Date = ""
    """The day of the last important change."""
    tags: Tags = ()
    abstract: Abstract = ""
    """For previews and lists of posts; the first paragraph unless given."""
    author: Label = ""
    """The author; the author of the site unless given."""
    language: Language | None = None
    """The language; the language of the site unless given."""
    experiment: Annotated[str, Field(max_length=200)] = ""
    """The experiment whose figures and numbers the text shows: a file of this site, or a shipped one."""
    picture: Annotated[str, Field(max_length=200)] = ""
    """The figure or animation for previews and lists; the first in the text unless given."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Document:
    """A Markdown file."""

    file: str
    """Relative to the folder of the site."""
    name: str
    """The folder of its page; empty for the front page."""
    front: Front
    prose: Prose
    post: bool

    def position(self, key: str) -> str:
        """The position of a key of the front matter, for errors."""
        line, column = positions(self.prose.front_text).get((key,), (1, 1))
        return f"{self.prose.name}:{line}:{column}"

    @property
    def title(self) -> str:
        """The title of the page."""
        return self.front.title or self.prose.title or self.name

    @property
    def date(self) -> str:
        """The day of publication."""
        return self.front.date


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportPost:
    """An experiment file whose article is a post."""

    file: str
    name: str
    experiment: Experiment

    @property
    def title(self) -> str:
        """The title of the page."""
        return self.experiment.title

    @property
    def date(self) -> str:
        """The day of publication."""
        return self.experiment.date


@dataclass(frozen=True, eq=False, kw_only=True)
class SiteFolder:
    """The files of a site, read and free of mistakes."""

    path: Path
    site: SiteSettings
    pages: tuple[Document, ...]
    """In reading order."""
    navigation: tuple[Document, ...]
    posts: tuple[Document | ReportPost, ...]
    """The newest first."""
    experiments: Mapping[str, Experiment]
    """The experiments of posts and those that texts refer to, by name."""


@checked
class _Settings:
    """The settings file of a site: its pages, and what they have in common."""

    pages: tuple[_Glob, ...] = ("pages/*.md",)
    """Markdown files, in reading order; names may hold * for many. One called index.md is the front page."""
    navigation: tuple[_Glob, ...] = ()
    """The pages in the navigation; all pages unless given."""
    posts: tuple[_Glob, ...] = ("posts/*.md", "posts/*.toml")
    """Markdown files and experiment files, each of which becomes a post."""
    experiments: tuple[_Glob, ...] = ("experiments/*.toml",)
    """Experiment files that texts refer to, without a post of their own."""
    plugins: PluginNames = ()
    """Python files with kinds of your own for all experiments of the site. They are code, and run when it is read."""


@cache
def _settings_table() -> type[toml.TomlTable]:
    return toml.table_class(
        SETTINGS,
        _Settings,
        SiteSettings,
        make=lambda file: (toml.instance_from(file, _Settings), toml.instance_from(file, SiteSettings)),
    )


_SETTINGS: toml.Kind[tuple[_Settings, SiteSettings]] = toml.Kind("settings of a site", _settings_table)

_FRONT: toml.Kind[Front] = toml.Kind("front matter", lambda: Front)


def schema() -> dict[str, Any]:
    """JSON Schema of a `reportgen.toml`."""
    return toml.schema(_SETTINGS, "reportgen site")


def read(path: Path) -> SiteFolder:
    """Read the site in a folder; raises `ExperimentError` with one line for every mistake in any of its files.

    Raises `RefusedError` for a file outside the folder.
    """
    file = path / SETTINGS
    if not file.is_file():
        raise ExperimentError(
            f"{path} has no {SETTINGS}, so it is not the folder of a site; reportgen new site -o DIR makes one"
        )
    text = toml.read(file, _SETTINGS.what)
    settings, site = toml.parse(text, str(file), _SETTINGS)
    mistakes = Mistakes()
    listed = _ListedFiles(path, text, mistakes)
    # Without their kinds, experiment files would seem to be full of mistakes.
    shared = plugins.read(settings.plugins, path, lambda i: listed.position("plugins", i))
    plugins.use(shared)
    names = listed.files("pages", settings.pages, ".md")
    pages = [_document(path, name, False, mistakes) for name in names]
    navigation = listed.files("navigation", settings.navigation, ".md")
    for name in navigation:
        if name not in names:
            mistakes.add(f"{listed.position('navigation')}: navigation: {name} is not among the pages")
    names = listed.files("posts", settings.posts, ".md", ".toml")
    posts: list[Document | ReportPost | None] = [
        _document(path, name, True, mistakes) if name.endswith(".md") else _report(path, name, shared, mistakes)
        for name in names
    ]
    for key, error in site_frame.find_mistakes(site, path):
        mistakes.add(f"{listed.position(key)}: {error}")
    known = [page for page in pages if page]
    written = [post for post in posts if post]
    _check_names([*known, *written], path, mistakes)
    files = listed.files("experiments", settings.experiments, ".toml")
    # A reference to an experiment file with a mistake is no mistake itself.
    broken = {PurePosixPath(name).stem for name in names if name.endswith(".toml")}
    experiments = _experiments(path, files, [*known, *written], broken, shared, mistakes)
    mistakes.collect(lambda: plugins.use(plugin for e in experiments.values() for plugin in e.plugins))
    mistakes.raise_if_any()
    return SiteFolder(
        path=path,
        site=site,
        pages=tuple(known),
        navigation=tuple(page for page in known if not navigation or page.file in navigation),
        posts=tuple(sorted(written, key=lambda post: (post.date, post.name), reverse=True)),
        experiments=experiments,
    )


class Mistakes:
    """Collects the mistakes in the files of a site, so that they are reported together."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}
        self._code = ""

    def add(self, line: str) -> None:
        self._lines |= dict.fromkeys(line.splitlines())

    def collect(self, call: Callable[[], T]) -> T | None:
        """The result of `call`; None if it raises `ExperimentError`, whose mistakes are added."""
        try:
            return call()
        except ExperimentError as error:
            self._code = self._code or error.code
            self.add(str(error))
            return None

    def raise_if_any(self) -> None:
        """Raise `ExperimentError` with a line for each mistake, if there are any."""
        if self._lines:
            raise ExperimentError("\n".join(self._lines), code=self._code if len(self._lines) == 1 else "")


class _ListedFiles:
    """The files that the settings of a site list."""

    def __init__(self, path: Path, text: str, mistakes: Mistakes) -> None:
        self._path = path
        self._root = path.resolve()
        self._mistakes = mistakes
        self._positions = positions(text.replace("\r\n", "\n"))

    def position(self, *key: str | int) -> str:
        """The position of a key of the settings, or of an item of it, for errors."""
        line, column = self._positions.get(key, (1, 1))
        return f"{self._path / SETTINGS}:{line}:{column}"

    def files(self, key: str, patterns: Sequence[str], *endings: str) -> list[str]:
        """Names of files, relative to the folder, in the order of the patterns and of the alphabet."""
        found: dict[str, None] = {}
        whole = True
        for i, pattern in enumerate(patterns):
            place = self.position(key, i)
            if ".." in PurePosixPath(pattern).parts:
                raise RefusedError(f"{place}: {pattern!r} leads outside the folder of the site", code="RG702")
            try:
                names = sorted(file.relative_to(self._path).as_posix() for file in self._path.glob(pattern))
            except (ValueError, IndexError):
                self._mistakes.add(f"{place}: {key}: {pattern!r} is no pattern; ** stands alone between slashes")
                whole = False
                continue
            names = [name for name in names if self._is_file(name)]
            if not names and not set(pattern) & set("*?["):
                self._mistakes.add(f"{place}: {key}: there is no file {pattern}")
                whole = False
            found |= dict.fromkeys(names)
        if not found and whole and patterns and (key,) in self._positions:
            self._mistakes.add(f"{self.position(key)}: {key}: there is no such file; delete the line if there are none")
        for name in found:
            if not name.endswith(endings):
                what = f"{name} must end in {' or '.join(endings)} to be among the {key}"
                self._mistakes.add(f"{self.position(key)}: {what}")
        return [name for name in found if name.endswith(endings)]

    def _is_file(self, name: str) -> bool:
        file = self._path / name
        if not file.is_file():
            return False
        if not file.resolve().is_relative_to(self._root):
            raise RefusedError(f"{file} leads outside the folder of the site; copy the file into it", code="RG702")
        return True


def _document(path: Path, file: str, post: bool, mistakes: Mistakes) -> Document | None:
    name = str(path / file)
    text = mistakes.collect(lambda: toml.read(path / file, "text", LARGEST))
    if text is None:
        return None
    front = mistakes.collect(lambda: toml.parse(markdown.front_text(text), name, _FRONT))
    parsed = mistakes.collect(lambda: markdown.parse(text, name))
    if front and post and not front.date:
        mistakes.add(f"{name}:1:1: a post needs a date, like date = 2026-11-23 between lines of +++")
    if not (front and parsed):
        return None
    if not (front.title or parsed.title):
        mistakes.add(f"{name}:1:1: it has no title; begin it with a line like # Title")
    stem = PurePosixPath(file).stem
    return Document(file=file, name="" if stem == FRONT and not post else stem, front=front, prose=parsed, post=post)


def _report(path: Path, file: str, shared: tuple[Plugin, ...], mistakes: Mistakes) -> ReportPost | None:
    experiment = mistakes.collect(lambda: load(path / file, shared))
    if experiment is None:
        return None
    if not experiment.date:
        mistakes.add(f"{path / file}:1:1: a post needs a date, like date = 2026-11-23 above the tables")
    if experiment.site:
        line, column = positions(toml.read(path / file, "experiment file").replace("\r\n", "\n"))["site",]
        mistakes.add(
            f"{path / file}:{line}:{column}: a post of a site has no table [site]; {SETTINGS} has it for all posts"
        )
    return ReportPost(file=file, name=PurePosixPath(file).stem, experiment=experiment)


def _check_names(documents: Iterable[Document | ReportPost], path: Path, mistakes: Mistakes) -> None:
    taken: dict[str, str] = {}
    for document in documents:
        place = f"{path / document.file}:1:1"
        if document.name and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,80}", document.name):
            mistakes.add(
                f"{place}: its name becomes an address, so it may have lower-case letters, digits, - and _ only; "
                f"rename it, to {_suggest_name(document.name)!r} for instance"
            )
        elif document.name in RESERVED:
            mistakes.add(f"{place}: the site has a folder {document.name!r} of its own; rename the file")
        elif document.name in taken:
            mistakes.add(f"{place}: {path / taken[document.name]} has the same name; rename one of them")
        taken.setdefault(document.name, document.file)


def _suggest_name(name: str) -> str:
    """A valid name for a post: ASCII letters and digits with hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "post"


def _experiments(
    path: Path,
    others: Sequence[str],
    documents: Sequence[Document | ReportPost],
    broken: Collection[str],
    shared: tuple[Plugin, ...],
    mistakes: Mistakes,
) -> dict[str, Experiment]:
    """Experiments by name: those of posts and those that texts refer to; `others` are files without posts."""
    used = {document.name: document.experiment for document in documents if isinstance(document, ReportPost)}
    unused: dict[str, Experiment | None] = {}
    for file in others:
        name = PurePosixPath(file).stem
        if name in used:
            mistakes.add(f"{path / file}:1:1: a post has the same name; rename one of them")
        elif name in unused:
            mistakes.add(f"{path / file}:1:1: another experiment has the same name; rename one of them")
        # Mistakes are also reported for a file that nothing refers to.
        unused[name] = mistakes.collect(lambda file=file: load(path / file, shared))  # type: ignore[misc]
    references: dict[str, str] = {}
    for document in documents:
        if isinstance(document, Document):
            if document.front.experiment:
                references.setdefault(document.front.experiment, f"{document.position('experiment')}: experiment")
            for reference in document.prose.references:
                place = f"{path / document.file}:{reference.line}:{reference.column}"
                if reference.experiment:
                    references.setdefault(reference.experiment, place)
                elif not document.front.experiment and reference.kind != "ref":
                    mistakes.add(f"{place}: {_missing_experiment(reference)}")
    for name, place in references.items():
        if name in used or name in broken:
            continue
        if name in unused:
            found = unused[name]
        elif name in shipped_descriptions():
            found = parse(shipped(name), f"{name}.toml")
        else:
            known = {*used, *unused, *shipped_descriptions()}
            mistakes.add(f"{place}: there is no experiment {short(name)!r}.{did_you_mean(name, known)}")
            continue
        if found:
            used[name] = found
    return used


def _missing_experiment(reference: BuildReference) -> str:
    what = f"{reference.kind} {reference.name} of which experiment?"
    before = 'Name one before the text, like experiment = "quick" between lines of +++'
    # A section is always of the experiment of its page.
    return f"{what} {before}" + ("" if reference.kind == "section" else f", or write quick/{reference.name}")
