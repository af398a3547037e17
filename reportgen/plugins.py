"""Plugins: Python files of users that register kinds. An experiment file or a `reportgen.toml` names them.

A plugin is code and runs with the rights of the user. So only named files are loaded, and only from the folder of the
file that names them or below. Each file becomes a module whose name contains a digest of its content: an edited file
is another module, and a worker on another machine receives the files that it does not have.

The plugins in use are a state of the process, which `use` changes: registries then know the kinds of these plugins and
of no others.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any, NamedTuple

from reportgen import registry
from reportgen.disk import files
from reportgen.errors import ExperimentError, RefusedError, ReportgenError, reason
from reportgen.registry import Registry

LARGEST = 5_000_000
"""Bytes of a plugin; a data set may hold its numbers as text."""


@dataclass(frozen=True, kw_only=True)
class Plugin:
    """A file that registers kinds."""

    name: str
    """Its path, relative to the file that names it."""
    digest: str
    """SHA-256 of its content."""

    @property
    def module(self) -> str:
        """The name of its module."""
        return f"reportgen_plugin_{re.sub(r'[^a-zA-Z0-9]', '_', self.file[:-3])}_{self.digest[:8]}"

    @property
    def file(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name


class PluginSource(NamedTuple):
    """Everything that a process needs to load a plugin."""

    plugin: Plugin
    content: bytes
    path: str
    """The absolute path of the file."""
    shown: str
    """Its path in messages."""
    root: str
    """The folder that contains its templates, directly or below."""


class PluginKind(NamedTuple):
    """A kind that a plugin registers."""

    registry: Registry[Any]
    name: str
    thing: Any
    line: int


_sources: dict[str, PluginSource] = {}
_kinds: dict[str, tuple[PluginKind, ...]] = {}
_in_use: dict[str, PluginSource] = {}
"""The plugins that were read, the kinds of the loaded ones, and the plugins in use; by module name."""


def read(names: Sequence[str], folder: Path, place: Callable[[int], str]) -> tuple[Plugin, ...]:
    """Read the plugins `names` in `folder`, without running them.

    `place(i)` is the position at which the i-th one is named. Raises `ExperimentError` with a line for each file that
    cannot be read, and `RefusedError` for a file outside the folder.
    """
    found, mistakes = [], []
    for i, name in enumerate(names):
        try:
            path = (folder / name).resolve(strict=True)
            if not path.is_relative_to(folder.resolve()):
                raise RefusedError(
                    f"{place(i)}: plugin {name} leads out of the folder of this file; copy it there", code="RG702"
                )
            if path.suffix != ".py" or not name.endswith(".py"):
                raise ValueError("it must be a Python file, whose name ends in .py")
            content = files.read(path, LARGEST)
        except (OSError, RuntimeError, ValueError) as error:  # a circle of links is a RuntimeError
            why = reason(error) if isinstance(error, OSError) else str(error)
            mistakes.append(f"{place(i)}: cannot use plugin {name}: {why}")
            continue
        plugin = Plugin(name=name, digest=hashlib.sha256(content).hexdigest())
        _sources[plugin.module] = PluginSource(plugin, content, str(path), str(folder / name), str(folder.resolve()))
        found.append(plugin)
    if mistakes:
        raise ExperimentError("\n".join(mistakes))
    return tuple(found)


def use(plugins: Iterable[Plugin]) -> None:
    """Put the kinds of these plugins into the registries, in place of those of all others; load new plugins.

    Raises `ExperimentError` with a line for each mistake, and then changes nothing.
    """
    wanted = {plugin.module: _sources[plugin.module] for plugin in plugins}
    if wanted == _in_use:
        return
    mistakes: list[str] = []
    taken: dict[tuple[str, str], tuple[PluginSource, PluginKind]] = {}
    for module, source in wanted.items():
        try:
            _kinds[module] = _kinds.get(module) or _load(source)
        except ExperimentError as error:
            mistakes.append(str(error))
            continue
        for kind in _kinds[module]:
            other, first = taken.setdefault((kind.registry.package, kind.name), (source, kind))
            if other is not source:
                mistakes.append(
                    f"{source.shown}:{kind.line}: {kind.registry.kind} {kind.name!r} is in {other.shown}:{first.line} "
                    "too; plugins that are used together need different names"
                )
    if mistakes:
        raise ExperimentError("\n".join(mistakes))
    _in_use.clear()
    _in_use.update(wanted)
    registry.plugged.clear()
    for (package, name), (_, kind) in taken.items():
        registry.plugged.setdefault(package, {})[name] = kind.thing


def sources_in_use() -> tuple[PluginSource, ...]:
    """The plugins in use, to send to another process."""
    return tuple(_in_use.values())


def install(sources: Iterable[PluginSource]) -> None:
    """Use the plugins that another process has sent."""
    sources = tuple(sources)
    for source in sources:
        _sources.setdefault(source.plugin.module, source)
    use(source.plugin for source in sources)


@contextmanager
def using(plugins: Iterable[Plugin]) -> Iterator[None]:
    """Use plugins in this block; an exception in one of them becomes an `ExperimentError` of one line."""
    use(plugins)
    try:
        yield
    except (Exception, SystemExit) as error:
        if (plugin_error := as_plugin_error(error)) is error:
            raise
        raise plugin_error from error


@contextmanager
def blaming(kind: object) -> Iterator[None]:
    """Attribute an exception in this block to `kind` if a plugin registers it, even if no line of it raised."""
    try:
        yield
    except Exception as error:
        plugin_error = as_plugin_error(error)
        if plugin_error is error and not isinstance(error, ReportgenError) and (found := _registration(kind)):
            source, one = found
            what = " ".join(f"{type(error).__name__}: {error}".split())
            plugin_error = ExperimentError(f"{source.shown}:{one.line}: {what} ({one.registry.kind} {one.name!r})")
        if plugin_error is error:
            raise
        raise plugin_error from error


def as_plugin_error(error: BaseException) -> BaseException:
    """The `ExperimentError` that says where a plugin raised `error`; `error` itself if no plugin did."""
    if isinstance(error, ReportgenError) or not isinstance(error, Exception | SystemExit):
        return error
    return _plugin_error(error, _sources) or error


def _plugin_error(error: BaseException, by_module: Mapping[str, PluginSource]) -> ExperimentError | None:
    """The error in one line, with the innermost line of a plugin in its traceback; None if there is no such line."""
    places = []
    traceback = error.__traceback__
    while traceback:
        frame = traceback.tb_frame
        if source := by_module.get(frame.f_globals.get("__name__", "")):
            places.append((source, traceback.tb_lineno, frame.f_code.co_qualname.partition(".")[0]))
        traceback = traceback.tb_next
    if not places:
        return None
    source, line, _ = places[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    # The innermost function may be a helper; the one that a kind is made of stands further up.
    kinds = (
        f" ({kind.registry.kind} {kind.name!r})"
        for source, _, function in reversed(places)
        for kind in _kinds.get(source.plugin.module, ())
        if getattr(kind.thing, "__name__", "") == function
    )
    return ExperimentError(f"{source.shown}:{line}: {what}{next(kinds, '')}")


def kinds_of(plugin: Plugin) -> tuple[PluginKind, ...]:
    """The kinds of a loaded plugin."""
    return _kinds[plugin.module]


def modules_with(*packages: str) -> tuple[str, ...]:
    """The modules of the plugins in use that register kinds of these packages."""
    return tuple(module for module in _in_use if any(kind.registry.package in packages for kind in _kinds[module]))


def module_of(package: str, name: str) -> str:
    """The module of the kind `name`: a plugin in use, or the module of this name in the package."""
    found = (
        module for module in _in_use for kind in _kinds[module] if (kind.registry.package, kind.name) == (package, name)
    )
    return next(found, f"{package}.{name}")


def defining_module(kind: object) -> str:
    """The plugin module that registers a class or function, or else the module that defines it."""
    found = _registration(kind)
    return found[0].plugin.module if found else getattr(kind, "__module__", "")


def _registration(kind: object) -> tuple[PluginSource, PluginKind] | None:
    return next(
        ((_sources[module], one) for module, kinds in _kinds.items() for one in kinds if one.thing is kind), None
    )


def source_code(module: str) -> tuple[str, bytes] | None:
    """The file name and the content of a plugin; None for other modules."""
    source = _sources.get(module)
    return (source.plugin.file, source.content) if source else None


class SectionTemplate(NamedTuple):
    """The template of a section of a plugin, in the folder of the plugin."""

    path: Path
    shown: str
    """Its path in messages."""
    root: Path
    """The folder that the file must be in, with symbolic links resolved."""
    wanted_by: str
    """The position and the name of the section, for messages."""

    @property
    def missing(self) -> str:
        """The message if the file is missing."""
        return f"{self.wanted_by} has no template; write {self.path.name} beside the plugin"

    @property
    def digest(self) -> str:
        """SHA-256 of the file; "none" if it is missing."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return "none"


def templates() -> dict[str, SectionTemplate]:
    """The section templates of the plugins in use, by the names under which pages include them."""
    return {
        f"sections/{kind.name}.html": SectionTemplate(
            Path(source.path).with_name(f"{kind.name}.html"),
            str(Path(source.shown).with_name(f"{kind.name}.html")),
            Path(source.root),
            f"{source.shown}:{kind.line}: section {kind.name!r}",
        )
        for module, source in _in_use.items()
        for kind in _kinds[module]
        if kind.registry.kind == "section"
    }


def _load(source: PluginSource) -> tuple[PluginKind, ...]:
    """Run a plugin and return its kinds; raises `ExperimentError` with one line."""
    name = source.plugin.module
    kinds: list[PluginKind] = []

    def record(of: Registry[Any], kind: str, thing: Any) -> None:
        _check(of, kind, thing, kinds)
        kinds.append(PluginKind(of, kind, thing, _line(source.path)))

    made = importlib.util.module_from_spec(importlib.machinery.ModuleSpec(name, _Loader(source)))
    made.__file__ = source.path
    sys.modules[name] = made
    try:
        with registry.recorded_by(record):
            exec(compile(source.content, source.path, "exec", dont_inherit=True), vars(made))  # noqa: S102
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _load_error(error, source) from error
    if not kinds:
        del sys.modules[name]
        raise ExperimentError(
            f'{source.shown}:1: it registers no kind; it needs a line like @penalties.register("mine") above a class'
        )
    return tuple(kinds)


def _load_error(error: BaseException, source: PluginSource) -> ExperimentError:
    if isinstance(error, SyntaxError) and error.filename == source.path:
        return ExperimentError(f"{source.shown}:{error.lineno or 1}: {type(error).__name__}: {error.msg}")
    plugin_error = _plugin_error(error, {source.plugin.module: source}) or ExperimentError(
        f"{source.shown}:1: {type(error).__name__}: {error}"
    )
    if isinstance(error, ReportgenError):  # its text needs no name of an exception
        return ExperimentError(str(plugin_error).replace(f"{type(error).__name__}: ", "", 1))
    if isinstance(error, ModuleNotFoundError) and Path(source.path).with_name(f"{error.name}.py").exists():
        return ExperimentError(
            f"{plugin_error}; a plugin cannot import files beside it: put what it needs into one file"
        )
    return plugin_error


def _line(path: str) -> int:
    """The line of a file that is executing now."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame else 1


def _check(of: Registry[Any], name: str, thing: Any, before: Sequence[PluginKind]) -> None:
    """Raise `ExperimentError` if `thing` cannot be a kind."""
    what = f"{of.kind} {name!r}"
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,40}", name):
        raise ExperimentError(f"{what}: a name is small letters, digits, - and _, at most 41 of them")
    if name in of.files():
        raise ExperimentError(f"{what} is one of reportgen's own; choose another name")
    if any((kind.registry, kind.name) == (of, name) for kind in before):
        raise ExperimentError(f"{what} is registered twice")
    if not callable(thing):
        raise ExperimentError(f"{what} must be a class or a function, got {type(thing).__name__}")
    if of.base is not object and not isinstance(thing, type):
        raise ExperimentError(f"{what} must be a class that derives from {of.base.__module__}.{of.base.__qualname__}")
    missing = sorted(
        {*getattr(thing, "__abstractmethods__", ()), *(part for part in of.needs if not hasattr(thing, part))}
    )
    if missing:
        raise ExperimentError(f"{what}: class {thing.__name__} has no {', '.join(missing)}")
    if getattr(thing, "in_page", False):
        raise ExperimentError(f"{what}: in_page must be False, since the scripts of the page do not have it")
    if of.has_fields and not getattr(getattr(thing, "__dataclass_params__", None), "frozen", False):
        raise ExperimentError(f"{what}: class {thing.__name__} must be a frozen dataclass; put @checked right above it")


class _Loader(importlib.abc.InspectLoader):
    """Provides the source of a plugin for tracebacks, in processes that cannot read the file."""

    def __init__(self, source: PluginSource) -> None:
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source.content.decode("utf-8", "replace")

    def exec_module(self, module: ModuleType) -> None:
        raise ImportError("a plugin is loaded by its experiment")
