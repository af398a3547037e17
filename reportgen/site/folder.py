"""What lies in the folder of a site: its settings, its experiments, its posts and pages."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, TypeVar

from pydantic import Field

from reportgen import toml
from reportgen.article import prose
from reportgen.article.prose import Prose
from reportgen.errors import ExperimentError, did_you_mean
from reportgen.experiment import Experiment
from reportgen.experiment.file import load, on_offer, parse, shipped, site_made, site_table
from reportgen.experiment.site import Date, Language, Site, Tags
from reportgen.values import Checked, Label

SETTINGS = "reportgen.toml"

FRONT = "index"
"""The page that is the front page has this stem."""

RESERVED = frozenset({"data", "embed", "media", "tags", "trajectories"})
"""Names of folders at the top of a site that no post can have."""

LARGEST = 1_000_000
"""Bytes of a Markdown file."""

T = TypeVar("T")

_Glob = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^/\\\x00-\x1f][^\\\x00-\x1f]*$")]


@dataclass(frozen=True, kw_only=True)
class Front(Checked):
    """What a Markdown file says of itself, between lines of +++ before its text."""

    title: Label = ""
    """The first heading unless given."""
    date: Date = ""
    """The day of its publication, like 2026-11-23; posts need one."""
    updated: Date = ""
    """The day of its last change worth telling."""
    tags: Tags = ()
    abstract: Annotated[Label, Field(max_length=1_000)] = ""
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

    @property
    def title(self) -> str:
        """What its page is called."""
        return self.front.title or self.prose.title or self.name

    @property
    def date(self) -> str:
        """The day of its publication."""
        return self.front.date


@dataclass(frozen=True, eq=False, kw_only=True)
class Report:
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
class Folder:
    """All of a site, read and found free of mistakes."""

    path: Path
    site: Site
    pages: tuple[Document, ...]
    """In reading order."""
    navigation: tuple[Document, ...]
    posts: tuple[Document | Report, ...]
    """The newest first."""
    experiments: Mapping[str, Experiment]
    """Those that posts are made of, and those that texts refer to, by name."""


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """The file of a site: what its pages have in common, and which there are."""

    site: Site
    pages: tuple[_Glob, ...] = ("pages/*.md",)
    """Markdown files, in reading order; names may hold * for many. One called index.md is the front page."""
    navigation: tuple[_Glob, ...] = ()
    """Those of the pages that every page leads to; all of them unless given."""
    posts: tuple[_Glob, ...] = ("posts/*.md", "posts/*.toml")
    """Markdown files and experiment files, each of which becomes a post."""
    experiments: tuple[_Glob, ...] = ("experiments/*.toml",)
    """Experiment files that texts refer to and that are no posts themselves."""


@cache
def _settings_model() -> type[toml.Table]:
    notes = toml.notes(_Settings)
    more: dict[str, Any] = {
        part.name: (list[_Glob], Field(part.default, description=notes[part.name], validate_default=False))
        for part in dataclasses.fields(_Settings)
        if part.name != "site"
    }
    return site_table("reportgen.toml", **more)


def _settings_made(file: Any) -> _Settings:
    names = ("pages", "navigation", "posts", "experiments")
    return _Settings(site=site_made(file), **{name: tuple(getattr(file, name)) for name in names})


_SETTINGS = toml.Kind("settings of a site", _settings_model, _settings_made)


@cache
def _front_model() -> type[toml.Table]:
    import datetime

    notes = toml.notes(Front)
    days: dict[str, Any] = {
        name: (datetime.date | None, Field(None, description=notes[name])) for name in ("date", "updated")
    }
    return toml.table(Front, "front matter", checked=False, **days)


def _front_made(file: Any) -> Front:
    days = {name: day.isoformat() if (day := getattr(file, name)) else "" for name in ("date", "updated")}
    return toml.made(file, Front, **days, tags=tuple(file.tags))


_FRONT = toml.Kind("front matter", _front_model, _front_made)


def schema() -> dict[str, Any]:
    """JSON Schema of a `reportgen.toml`."""
    return toml.schema(_settings_model(), "reportgen site")


def read(path: Path) -> Folder:
    """The site in a folder; raises `ExperimentError` with one line for every mistake in any of its files."""
    file = path / SETTINGS
    if not file.is_file():
        raise ExperimentError(
            f"{path} has no {SETTINGS}, so it is not the folder of a site; reportgen new site -o DIR makes one"
        )
    settings = toml.load(file, _SETTINGS)
    mistakes = _Mistakes()
    pages = [_document(path, name, False, mistakes) for name in _found(path, settings.pages, {".md"}, mistakes)]
    navigation = [*_found(path, settings.navigation, {".md"}, mistakes)]
    posts: list[Document | Report | None] = [
        _document(path, name, True, mistakes) if name.endswith(".md") else _report(path, name, mistakes)
        for name in _found(path, settings.posts, {".md", ".toml"}, mistakes)
    ]
    known = [page for page in pages if page]
    written = [post for post in posts if post]
    for name in navigation:
        if name not in {page.file for page in known}:
            mistakes.tell(f"{file}: navigation: {name} is not among the pages")
    _check_names([*known, *written], path, mistakes)
    experiments = _experiments(path, settings, [*known, *written], mistakes)
    mistakes.end()
    return Folder(
        path=path,
        site=settings.site,
        pages=tuple(known),
        navigation=tuple(page for page in known if not navigation or page.file in navigation),
        posts=tuple(sorted(written, key=lambda post: (post.date, post.name), reverse=True)),
        experiments=experiments,
    )


class _Mistakes:
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
        if self._lines:
            raise ExperimentError("\n".join(self._lines), code=self._code if len(self._lines) == 1 else "")


def _found(path: Path, patterns: Iterable[str], endings: set[str], mistakes: _Mistakes) -> Iterator[str]:
    """Names of files, relative to the folder, in the order of the patterns and of the alphabet."""
    told: set[str] = set()
    for pattern in patterns:
        if ".." in PurePosixPath(pattern).parts:
            mistakes.tell(f"{path / SETTINGS}: {pattern!r} leads out of the folder of the site; files lie inside of it")
            continue
        names = sorted(file.relative_to(path).as_posix() for file in path.glob(pattern) if file.is_file())
        if not names and "*" not in pattern:
            mistakes.tell(f"{path / SETTINGS}: there is no file {pattern}")
        for name in names:
            if PurePosixPath(name).suffix not in endings:
                mistakes.tell(f"{path / SETTINGS}: {name} must end in {' or '.join(sorted(endings))} to be on the site")
            elif name not in told:
                told.add(name)
                yield name


def _document(path: Path, file: str, post: bool, mistakes: _Mistakes) -> Document | None:
    def make() -> Document:
        parsed = prose.parse(toml.read(path / file, "text", LARGEST), str(path / file))
        front = toml.parse(parsed.front_text, str(path / file), _FRONT)
        if post and not front.date:
            raise ExperimentError(
                f"{path / file}:1:1: a post needs a date, like date = 2026-11-23 between lines of +++"
            )
        if not (front.title or parsed.title):
            raise ExperimentError(f"{path / file}:1:1: it has no title; begin it with a line like # Title")
        stem = PurePosixPath(file).stem
        name = "" if stem == FRONT and not post else stem
        return Document(file=file, name=name, front=front, prose=parsed, post=post)

    return mistakes.trying(make)


def _report(path: Path, file: str, mistakes: _Mistakes) -> Report | None:
    def make() -> Report:
        experiment = load(path / file)
        if not experiment.date:
            raise ExperimentError(f"{path / file}:1:1: a post needs a date, like date = 2026-11-23 above the tables")
        if experiment.site:
            raise ExperimentError(
                f"{path / file}:1:1: a post of a site has no table [site]; {SETTINGS} tells it for all"
            )
        return Report(file=file, name=PurePosixPath(file).stem, experiment=experiment)

    return mistakes.trying(make)


def _check_names(all_: Iterable[Document | Report], path: Path, mistakes: _Mistakes) -> None:
    taken: dict[str, str] = {}
    for one in all_:
        if one.name and not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,80}", one.name):
            mistakes.tell(
                f"{path / one.file}: its name becomes an address, so it must be small letters, digits, - and _; "
                f"rename it, to {_proposed(one.name)!r} for instance"
            )
        elif one.name in RESERVED:
            mistakes.tell(f"{path / one.file}: the site has a folder {one.name!r} of its own; rename the file")
        elif one.name in taken:
            mistakes.tell(f"{path / one.file}: {path / taken[one.name]} has the same name; rename one of them")
        taken.setdefault(one.name, one.file)


def _proposed(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "post"


def _experiments(
    path: Path, settings: _Settings, all_: Iterable[Document | Report], mistakes: _Mistakes
) -> dict[str, Experiment]:
    """Experiments by name: those of posts, and whatever else texts refer to."""
    here = {one.name: one.experiment for one in all_ if isinstance(one, Report)}
    files = {PurePosixPath(name).stem: name for name in _found(path, settings.experiments, {".toml"}, mistakes)}
    for name in files.keys() & here.keys():
        mistakes.tell(f"{path / files[name]}: a post has the same name; rename one of them")
    wanted: dict[str, str] = {}
    for one in all_:
        if isinstance(one, Document):
            if one.front.experiment:
                wanted.setdefault(one.front.experiment, f"{path / one.file}:1:1: experiment")
            for reference in one.prose.references:
                place = f"{path / one.file}:{reference.line}:{reference.column}"
                if reference.experiment:
                    wanted.setdefault(reference.experiment, place)
                elif not one.front.experiment and reference.kind != "ref":
                    mistakes.tell(
                        f"{place}: {reference.kind} {reference.name} of which experiment? Name one before the text, "
                        'like experiment = "quick" between lines of +++, or write quick/' + reference.name
                    )
    for name, place in wanted.items():
        if name in here:
            continue
        found: Experiment | None
        if name in files:
            found = mistakes.trying(lambda name=name: load(path / files[name]))  # type: ignore[misc]
        elif name in on_offer():
            found = parse(shipped(name), f"{name}.toml")
        else:
            mistakes.tell(
                f"{place}: there is no experiment {name!r}.{did_you_mean(name, {*here, *files, *on_offer()})}"
            )
            continue
        if found:
            here[name] = found
    return here
