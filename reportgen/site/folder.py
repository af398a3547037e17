"""What lies in the folder of a site: its settings, its experiments, its posts and pages."""

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
"""The page that is the front page has this stem."""

RESERVED = frozenset({"data", "embed", "media", "tags", "trajectories"})
"""Names of folders at the top of a site that no post can have."""

LARGEST = 1_000_000
"""Bytes of a Markdown file."""

T = TypeVar("T")

_Glob = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^/\\\x00-\x1f][^\\\x00-\x1f]*$")]


@checked
class Front:
    """What a Markdown file says of itself, between lines of +++ before its text."""

    title: Label = ""
    """The first heading unless given."""
    date: Date = ""
    """The day of its publication, like 2026-11-23; posts need one."""
    updated: Date = ""
    """The day of its last change worth telling."""
    tags: Tags = ()
    abstract: Abstract = ""
    """For previews and lists of posts; the first paragraph unless given."""
    author: Label = ""
    """That of the site unless given."""
    language: Language | None = None
    """That of the site unless given."""
    experiment: Annotated[str, Field(max_length=200)] = ""
    """Whose figures and numbers the text places: a file of this site by its name, or one that comes with reportgen."""
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

    def place(self, key: str) -> str:
        """Where a key stands in the front matter, as errors tell it."""
        line, column = positions(self.prose.front_text).get((key,), (1, 1))
        return f"{self.prose.name}:{line}:{column}"

    @property
    def title(self) -> str:
        """What its page is called."""
        return self.front.title or self.prose.title or self.name

    @property
    def date(self) -> str:
        """The day of its publication."""
        return self.front.date


@dataclass(frozen=True, eq=False, kw_only=True)
class ReportPost:
    """An experiment file whose article is a post."""

    file: str
    name: str
    experiment: Experiment

    @property
    def title(self) -> str:
        """What its page is called."""
        return self.experiment.title

    @property
    def date(self) -> str:
        """The day of its publication."""
        return self.experiment.date


@dataclass(frozen=True, eq=False, kw_only=True)
class SiteFolder:
    """All of a site, read and found free of mistakes."""

    path: Path
    site: SiteSettings
    pages: tuple[Document, ...]
    """In reading order."""
    navigation: tuple[Document, ...]
    posts: tuple[Document | ReportPost, ...]
    """The newest first."""
    experiments: Mapping[str, Experiment]
    """Those that posts are made of, and those that texts refer to, by name."""


@checked
class _Settings:
    """The file of a site: what its pages have in common, and which there are."""

    pages: tuple[_Glob, ...] = ("pages/*.md",)
    """Markdown files, in reading order; names may hold * for many. One called index.md is the front page."""
    navigation: tuple[_Glob, ...] = ()
    """Those of the pages that every page leads to; all of them unless given."""
    posts: tuple[_Glob, ...] = ("posts/*.md", "posts/*.toml")
    """Markdown files and experiment files, each of which becomes a post."""
    experiments: tuple[_Glob, ...] = ("experiments/*.toml",)
    """Experiment files that texts refer to and that are no posts themselves."""
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
    """The site in a folder; raises `ExperimentError` with one line for every mistake in any of its files.

    Raises `RefusedError` for a file that lies outside of the folder.
    """
    file = path / SETTINGS
    if not file.is_file():
        raise ExperimentError(
            f"{path} has no {SETTINGS}, so it is not the folder of a site; reportgen new site -o DIR makes one"
        )
    text = toml.read(file, _SETTINGS.what)
    settings, site = toml.parse(text, str(file), _SETTINGS)
    mistakes = Mistakes()
    found = _Found(path, text, mistakes)
    # Without their kinds, experiment files would seem to be full of mistakes.
    shared = plugins.read(settings.plugins, path, lambda i: found.place("plugins", i))
    plugins.use(shared)
    names = found.files("pages", settings.pages, ".md")
    pages = [_document(path, name, False, mistakes) for name in names]
    navigation = found.files("navigation", settings.navigation, ".md")
    for name in navigation:
        if name not in names:
            mistakes.tell(f"{found.place('navigation')}: navigation: {name} is not among the pages")
    names = found.files("posts", settings.posts, ".md", ".toml")
    posts: list[Document | ReportPost | None] = [
        _document(path, name, True, mistakes) if name.endswith(".md") else _report(path, name, shared, mistakes)
        for name in names
    ]
    for key, error in site_frame.find_mistakes(site, path):
        mistakes.tell(f"{found.place(key)}: {error}")
    known = [page for page in pages if page]
    written = [post for post in posts if post]
    _check_names([*known, *written], path, mistakes)
    files = found.files("experiments", settings.experiments, ".toml")
    # What refers to an experiment with a mistake in it is none itself.
    broken = {PurePosixPath(name).stem for name in names if name.endswith(".toml")}
    experiments = _experiments(path, files, [*known, *written], broken, shared, mistakes)
    mistakes.trying(lambda: plugins.use(plugin for e in experiments.values() for plugin in e.plugins))
    mistakes.end()
    return SiteFolder(
        path=path,
        site=site,
        pages=tuple(known),
        navigation=tuple(page for page in known if not navigation or page.file in navigation),
        posts=tuple(sorted(written, key=lambda post: (post.date, post.name), reverse=True)),
        experiments=experiments,
    )


class Mistakes:
    """What is wrong with files of a site, so that all of it is told at once."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}
        self._code = ""

    def tell(self, line: str) -> None:
        self._lines |= dict.fromkeys(line.splitlines())

    def trying(self, make: Callable[[], T]) -> T | None:
        """What `make` returns; nothing, if it tells a mistake."""
        try:
            return make()
        except ExperimentError as error:
            self._code = self._code or error.code
            self.tell(str(error))
            return None

    def end(self) -> None:
        """Raise `ExperimentError` with a line for each, if there are any."""
        if self._lines:
            raise ExperimentError("\n".join(self._lines), code=self._code if len(self._lines) == 1 else "")


class _Found:
    """Files that the settings of a site name."""

    def __init__(self, path: Path, text: str, mistakes: Mistakes) -> None:
        self._path = path
        self._root = path.resolve()
        self._mistakes = mistakes
        self._places = positions(text.replace("\r\n", "\n"))

    def place(self, *key: str | int) -> str:
        """Where a key of the settings stands, or an item of it."""
        line, column = self._places.get(key, (1, 1))
        return f"{self._path / SETTINGS}:{line}:{column}"

    def files(self, key: str, patterns: Sequence[str], *endings: str) -> list[str]:
        """Names of files, relative to the folder, in the order of the patterns and of the alphabet."""
        found: dict[str, None] = {}
        whole = True
        for i, pattern in enumerate(patterns):
            place = self.place(key, i)
            if ".." in PurePosixPath(pattern).parts:
                raise RefusedError(f"{place}: {pattern!r} leads out of the folder of the site", code="RG702")
            try:
                names = sorted(file.relative_to(self._path).as_posix() for file in self._path.glob(pattern))
            except (ValueError, IndexError):
                self._mistakes.tell(f"{place}: {key}: {pattern!r} is no pattern; ** stands alone between slashes")
                whole = False
                continue
            names = [name for name in names if self._is_file(name)]
            if not names and not set(pattern) & set("*?["):
                self._mistakes.tell(f"{place}: {key}: there is no file {pattern}")
                whole = False
            found |= dict.fromkeys(names)
        if not found and whole and patterns and (key,) in self._places:
            self._mistakes.tell(f"{self.place(key)}: {key}: there is no such file; leave it out if there shall be none")
        for name in found:
            if not name.endswith(endings):
                what = f"{name} must end in {' or '.join(endings)} to be among the {key}"
                self._mistakes.tell(f"{self.place(key)}: {what}")
        return [name for name in found if name.endswith(endings)]

    def _is_file(self, name: str) -> bool:
        file = self._path / name
        if not file.is_file():
            return False
        if not file.resolve().is_relative_to(self._root):
            raise RefusedError(f"{file} leads out of the folder of the site; copy the file there", code="RG702")
        return True


def _document(path: Path, file: str, post: bool, mistakes: Mistakes) -> Document | None:
    name = str(path / file)
    text = mistakes.trying(lambda: toml.read(path / file, "text", LARGEST))
    if text is None:
        return None
    front = mistakes.trying(lambda: toml.parse(markdown.front_text(text), name, _FRONT))
    parsed = mistakes.trying(lambda: markdown.parse(text, name))
    if front and post and not front.date:
        mistakes.tell(f"{name}:1:1: a post needs a date, like date = 2026-11-23 between lines of +++")
    if not (front and parsed):
        return None
    if not (front.title or parsed.title):
        mistakes.tell(f"{name}:1:1: it has no title; begin it with a line like # Title")
    stem = PurePosixPath(file).stem
    return Document(file=file, name="" if stem == FRONT and not post else stem, front=front, prose=parsed, post=post)


def _report(path: Path, file: str, shared: tuple[Plugin, ...], mistakes: Mistakes) -> ReportPost | None:
    experiment = mistakes.trying(lambda: load(path / file, shared))
    if experiment is None:
        return None
    if not experiment.date:
        mistakes.tell(f"{path / file}:1:1: a post needs a date, like date = 2026-11-23 above the tables")
    if experiment.site:
        line, column = positions(toml.read(path / file, "experiment file").replace("\r\n", "\n"))["site",]
        mistakes.tell(
            f"{path / file}:{line}:{column}: a post of a site has no table [site]; {SETTINGS} tells it for all"
        )
    return ReportPost(file=file, name=PurePosixPath(file).stem, experiment=experiment)


def _check_names(all_: Iterable[Document | ReportPost], path: Path, mistakes: Mistakes) -> None:
    taken: dict[str, str] = {}
    for one in all_:
        place = f"{path / one.file}:1:1"
        if one.name and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,80}", one.name):
            mistakes.tell(
                f"{place}: its name becomes an address, so it must be small letters, digits, - and _; "
                f"rename it, to {_proposed(one.name)!r} for instance"
            )
        elif one.name in RESERVED:
            mistakes.tell(f"{place}: the site has a folder {one.name!r} of its own; rename the file")
        elif one.name in taken:
            mistakes.tell(f"{place}: {path / taken[one.name]} has the same name; rename one of them")
        taken.setdefault(one.name, one.file)


def _proposed(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80] or "post"


def _experiments(
    path: Path,
    others: Sequence[str],
    all_: Sequence[Document | ReportPost],
    broken: Collection[str],
    shared: tuple[Plugin, ...],
    mistakes: Mistakes,
) -> dict[str, Experiment]:
    """Experiments by name: those of posts, and whatever else texts refer to; `others` are files that are no posts."""
    here = {one.name: one.experiment for one in all_ if isinstance(one, ReportPost)}
    there: dict[str, Experiment | None] = {}
    for file in others:
        name = PurePosixPath(file).stem
        if name in here:
            mistakes.tell(f"{path / file}:1:1: a post has the same name; rename one of them")
        elif name in there:
            mistakes.tell(f"{path / file}:1:1: another experiment has the same name; rename one of them")
        # Of one that nothing refers to, mistakes are told all the same.
        there[name] = mistakes.trying(lambda file=file: load(path / file, shared))  # type: ignore[misc]
    wanted: dict[str, str] = {}
    for one in all_:
        if isinstance(one, Document):
            if one.front.experiment:
                wanted.setdefault(one.front.experiment, f"{one.place('experiment')}: experiment")
            for reference in one.prose.references:
                place = f"{path / one.file}:{reference.line}:{reference.column}"
                if reference.experiment:
                    wanted.setdefault(reference.experiment, place)
                elif not one.front.experiment and reference.kind != "ref":
                    mistakes.tell(f"{place}: {_whose(reference)}")
    for name, place in wanted.items():
        if name in here or name in broken:
            continue
        if name in there:
            found = there[name]
        elif name in shipped_descriptions():
            found = parse(shipped(name), f"{name}.toml")
        else:
            known = {*here, *there, *shipped_descriptions()}
            mistakes.tell(f"{place}: there is no experiment {short(name)!r}.{did_you_mean(name, known)}")
            continue
        if found:
            here[name] = found
    return here


def _whose(reference: BuildReference) -> str:
    what = f"{reference.kind} {reference.name} of which experiment?"
    before = 'Name one before the text, like experiment = "quick" between lines of +++'
    # A section is told of the experiment of its page.
    return f"{what} {before}" + ("" if reference.kind == "section" else f", or write quick/{reference.name}")
