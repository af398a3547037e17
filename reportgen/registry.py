"""Registries of kinds, one file each: penalties, data sets, figures, sections, executors."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from reportgen.errors import ExperimentError, did_you_mean

T = TypeVar("T")

plugged: dict[str, dict[str, Any]] = {}
"""Kinds of the plugins in use, by package and name. `plugins.use` puts them there."""

_recorders: list[Callable[[Registry[Any], str, Any], None]] = []


@contextmanager
def recorded_by(record: Callable[[Registry[Any], str, Any], None]) -> Iterator[None]:
    """Hand what is registered within the block to `record`, and keep nothing of it."""
    _recorders.append(record)
    try:
        yield
    finally:
        _recorders.pop()


class Registry(Generic[T]):
    """Names of one kind, each the name of a file in `package` that registers itself under it.

    A file is imported when its name is asked for, so listing the names imports nothing. Code outside the package
    can add to a registry with `register`; it must be imported before the name is used.
    The kinds of plugins are known while these are in use.

    `base` is the class that its classes derive from, `needs` are attributes that they must have, and `has_fields` says
    that they are frozen dataclasses.
    """

    def __init__(
        self, kind: str, package: str, base: type = object, needs: tuple[str, ...] = (), has_fields: bool = False
    ) -> None:
        self.kind = kind
        self.package = package
        self.base = base
        self.needs = needs
        self.has_fields = has_fields
        self._known: dict[str, T] = {}
        self._plugin_names: dict[T, str] = {}
        """Also those of plugins that are not in use any more: a value of theirs still knows its name."""

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that registers a class or function under `name`; a class must derive from the base of its kind."""

        if not isinstance(name, str):
            raise ExperimentError(f'a {self.kind} is registered under a name, like @register("mine"), got {name!r}')

        def add(thing: T) -> T:
            if isinstance(thing, type) and not issubclass(thing, self.base):
                base = f"{self.base.__module__}.{self.base.__qualname__}"
                raise ExperimentError(f"{self.kind} {name!r}: class {thing.__name__} must derive from {base}")
            # A plugin may be the first to import kinds of ours, which register themselves meanwhile.
            ours = sys._getframe(1).f_globals.get("__name__") == f"{self.package}.{name}"
            if _recorders and not ours:
                _recorders[-1](self, name, thing)
                self._plugin_names[thing] = name
            else:
                self._known[name] = thing
            return thing

        return add

    def files(self) -> set[str]:
        """The names of the package's own kinds."""
        spec = importlib.util.find_spec(self.package)
        folders = (spec.submodule_search_locations if spec else None) or []
        return {module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_")}

    def names(self) -> tuple[str, ...]:
        """Every name, sorted; imports only the package itself."""
        return tuple(sorted(self.files() | self._known.keys() | self._plugged.keys()))

    @property
    def _plugged(self) -> dict[str, T]:
        return plugged.get(self.package, {})

    def __getitem__(self, name: str) -> T:
        if name in self._plugged:
            return self._plugged[name]
        if name not in self._known:
            if name not in self.names():
                raise ExperimentError(f"unknown {self.kind} {name!r}.{did_you_mean(name, self.names())}")
            importlib.import_module(f"{self.package}.{name}")
        return self._known[name]

    def holds(self, thing: object) -> bool:
        """True if the class of `thing` is registered here."""
        return type(thing) in self._known.values() or type(thing) in self._plugin_names

    def name_of(self, thing: object) -> str:
        """The name under which `thing`, or its class, is registered."""
        known = [*self._known.items(), *((name, kind) for kind, name in self._plugin_names.items())]
        return next(name for name, kind in known if kind is thing or kind is type(thing))

    def stated(self, name: str, attribute: str) -> Any:
        """The value of `attribute` in the class under `name`, None if it has none; imports no kind."""
        if (known := self._plugged.get(name) or self._known.get(name)) is not None:
            return getattr(known, attribute, None)
        spec = importlib.util.find_spec(f"{self.package}.{name}")
        return stated_in(Path(spec.origin), attribute) if spec and spec.origin else None

    def stating(self, attribute: str, value: object) -> tuple[str, ...]:
        """The names of the classes whose `attribute` is `value`; imports no kind."""
        return tuple(name for name in self.names() if self.stated(name, attribute) == value)


@cache
def stated_in(file: Path, attribute: str) -> Any:
    """The literal that a class in a Python file assigns to `attribute`, None if there is none; nothing is run."""
    for kind in ast.parse(file.read_bytes()).body:
        for part in kind.body if isinstance(kind, ast.ClassDef) else ():
            match part:
                case (
                    ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value))
                    | ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value))
                ) if name == attribute:
                    return value
    return None


C = TypeVar("C", bound=type)

storable: dict[str, type] = {}
"""Dataclasses that `encoding` can store, by their names."""


def stored(cls: C) -> C:
    """Decorator of a frozen dataclass that the store can hold; its fields must be values that `encoding` can store."""
    storable[cls.__name__] = cls
    return cls
