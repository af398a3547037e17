"""Plugins: Python files of a user's own that register kinds, named in an experiment file or in a `reportgen.toml`.

A plugin is code: it runs with the rights of whoever builds. So only files that are named are loaded, and only those
that lie beside the file that names them or below. Each becomes a module whose name follows from its content, so that
an edited file is another module, and a worker on another machine can be sent what it lacks.

Which plugins are in use is a state of the process. `use` changes it: registries know the kinds of these plugins then,
and of no others.
"""

from __future__ import annotations

import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    """As the file that names it has it: a path relative to that file."""
    digest: str
    """SHA-256 of its content."""

    @property
    def module(self) -> str:
        """The name of the module it becomes."""
        return f"reportgen_plugin_{re.sub(r'[^a-zA-Z0-9]', '_', self.file[:-3])}_{self.digest[:8]}"

    @property
    def file(self) -> str:
        """The last part of its name."""
        return PurePosixPath(self.name).name


class PluginSource(NamedTuple):
    """All that a process needs to load a plugin."""

    plugin: Plugin
    content: bytes
    path: str
    """Where the file is, in full."""
    shown: str
    """The same as messages have it."""
    root: str
    """The folder that its templates may lie in or below."""


class PluginKind(NamedTuple):
    """A kind that a plugin registers."""

    registry: Registry[Any]
    name: str
    thing: Any
    line: int


_sources: dict[str, PluginSource] = {}
_kinds: dict[str, tuple[PluginKind, ...]] = {}
_in_use: dict[str, PluginSource] = {}
"""Plugins that were read, the kinds of those that were loaded, and those whose kinds registries know; by module."""


def read(names: Sequence[str], folder: Path, place: Callable[[int], str]) -> tuple[Plugin, ...]:
    """Read the plugins called `names` in `folder`; nothing in them is run.

    `place(i)` says where the i-th of them is named. Raises `ExperimentError` with a line for each that cannot be read,
    and `RefusedError` for one that lies outside of the folder.
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
    """Have registries know the kinds of these plugins, and of no others; loads those that were not loaded before.

    Raises `ExperimentError` with a line for each mistake; what was in use then remains so.
    """
    wanted = {plugin.module: _sources[plugin.module] for plugin in plugins}
    if wanted == _in_use:
        return
    mistakes: list[str] = []
    taken: dict[tuple[str, str], tuple[PluginSource, PluginKind]] = {}
    for module, source in wanted.items():
        try:
            _kinds[module] = _kinds.get(module) or _loaded(source)
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


def in_use() -> tuple[PluginSource, ...]:
    """The plugins whose kinds registries know, as another process needs them."""
    return tuple(_in_use.values())


def install(sources: Iterable[PluginSource]) -> None:
    """Use plugins that another process has sent."""
    sources = tuple(sources)
    for source in sources:
        _sources.setdefault(source.plugin.module, source)
    use(source.plugin for source in sources)


@contextmanager
def at_work(plugins: Iterable[Plugin]) -> Iterator[None]:
    """Use plugins for what follows; a mistake in one of them is an `ExperimentError` of one line."""
    use(plugins)
    try:
        yield
    except (Exception, SystemExit) as error:
        if (told := explained(error)) is error:
            raise
        raise told from error


@contextmanager
def blamed(kind: object) -> Iterator[None]:
    """Blame what goes wrong in the block on a kind that a plugin registers, also where none of its lines is at work."""
    try:
        yield
    except Exception as error:
        told = explained(error)
        if told is error and not isinstance(error, ReportgenError) and (found := _registration(kind)):
            source, one = found
            what = " ".join(f"{type(error).__name__}: {error}".split())
            told = ExperimentError(f"{source.shown}:{one.line}: {what} ({one.registry.kind} {one.name!r})")
        if told is error:
            raise
        raise told from error


def explained(error: BaseException) -> BaseException:
    """`error`, or if a plugin raised it the `ExperimentError` that says where."""
    if isinstance(error, ReportgenError) or not isinstance(error, Exception | SystemExit):
        return error
    return _explained(error, {source.path: source for source in _sources.values()}) or error


def _explained(error: BaseException, by_path: dict[str, PluginSource]) -> ExperimentError | None:
    """The error in one line, if a file of `by_path` is on the way to it."""
    places = []
    traceback = error.__traceback__
    while traceback:
        code = traceback.tb_frame.f_code
        if code.co_filename in by_path:
            places.append((by_path[code.co_filename], traceback.tb_lineno, code.co_qualname.partition(".")[0]))
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
    """The kinds that a plugin registers, which has been in use."""
    return _kinds[plugin.module]


def registered(*packages: str) -> tuple[str, ...]:
    """The modules of plugins in use that register kinds of these packages."""
    return tuple(module for module in _in_use if any(kind.registry.package in packages for kind in _kinds[module]))


def module_of(package: str, name: str) -> str:
    """The module of the kind `name`: that of a plugin in use, or the file of this name in its package."""
    found = (
        module for module in _in_use for kind in _kinds[module] if (kind.registry.package, kind.name) == (package, name)
    )
    return next(found, f"{package}.{name}")


def home(kind: object) -> str:
    """The module that registers a class or function as a kind, or else the one that defines it."""
    found = _registration(kind)
    return found[0].plugin.module if found else getattr(kind, "__module__", "")


def _registration(kind: object) -> tuple[PluginSource, PluginKind] | None:
    return next(
        ((_sources[module], one) for module, kinds in _kinds.items() for one in kinds if one.thing is kind), None
    )


def content(module: str) -> tuple[str, bytes] | None:
    """The name of a plugin's file, and what is in it; None for a module that is no plugin."""
    source = _sources.get(module)
    return (source.plugin.file, source.content) if source else None


class SectionTemplate(NamedTuple):
    """Where the template of a plugin's section is looked for: beside the plugin."""

    path: Path
    shown: str
    """The same as messages have it."""
    root: Path
    """The folder that it must not lead out of."""
    wanted_by: str
    """The section, as messages have it."""

    @property
    def missing(self) -> str:
        """What is wrong where there is none."""
        return f"{self.wanted_by} has no template; write {self.path.name} beside the plugin"

    @property
    def digest(self) -> str:
        """SHA-256 of the file, "none" where there is none."""
        try:
            return hashlib.sha256(self.path.read_bytes()).hexdigest()
        except OSError:
            return "none"


def templates() -> dict[str, SectionTemplate]:
    """The templates of sections of plugins in use, by the names that pages include them under."""
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


def _loaded(source: PluginSource) -> tuple[PluginKind, ...]:
    """Run a plugin and return the kinds that it registers; raises `ExperimentError` of one line."""
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
    told = _explained(error, {source.path: source}) or ExperimentError(
        f"{source.shown}:1: {type(error).__name__}: {error}"
    )
    if isinstance(error, ReportgenError):  # a rule of ours, which says itself what is wrong
        return ExperimentError(str(told).replace(f"{type(error).__name__}: ", "", 1))
    if isinstance(error, ModuleNotFoundError) and Path(source.path).with_name(f"{error.name}.py").exists():
        return ExperimentError(f"{told}; a plugin cannot import files beside it: put what it needs into one file")
    return told


def _line(path: str) -> int:
    """The line of a file that is being executed."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename != path:
        frame = frame.f_back
    return frame.f_lineno if frame else 1


def _check(of: Registry[Any], name: str, thing: Any, before: Sequence[PluginKind]) -> None:
    """Raise `ExperimentError` for what cannot be a kind."""
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
    if of.has_fields and not getattr(getattr(thing, "__dataclass_params__", None), "frozen", False):
        raise ExperimentError(f"{what}: class {thing.__name__} must be a frozen dataclass; put @checked right above it")


class _Loader(importlib.abc.InspectLoader):
    """Knows the source of a plugin, for tracebacks in processes that do not see the file."""

    def __init__(self, source: PluginSource) -> None:
        self._source = source

    def get_source(self, fullname: str) -> str:
        return self._source.content.decode("utf-8", "replace")

    def exec_module(self, module: ModuleType) -> None:
        raise ImportError("a plugin is loaded by its experiment")
