"""Kinds of things that come one to a file: penalties, data sets, figures, sections, executors."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from typing import Generic, TypeVar

from reportgen.errors import ExperimentError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one kind, each the name of a file in `package` that registers itself under it.

    A file is imported when its name is asked for, so that listing the names costs nothing. Code outside the package
    adds to a registry with `register` too; it has then to be imported before the name is used.
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self._package = package
        self._known: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that puts a class or function under `name`."""

        def add(thing: T) -> T:
            self._known[name] = thing
            return thing

        return add

    def names(self) -> tuple[str, ...]:
        """Every name, sorted; imports nothing but the package itself."""
        spec = importlib.util.find_spec(self._package)
        folders = (spec.submodule_search_locations if spec else None) or []
        files = {module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_")}
        return tuple(sorted(files | self._known.keys()))

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            if name not in self.names():
                raise ExperimentError(f"unknown {self.kind} {name!r}.{did_you_mean(name, self.names())}")
            importlib.import_module(f"{self._package}.{name}")
        return self._known[name]

    def holds(self, thing: object) -> bool:
        """Whether the class of `thing` is registered here."""
        return type(thing) in self._known.values()

    def name_of(self, thing: object) -> str:
        """The name that the class of `thing` is registered under."""
        return next(name for name, known in self._known.items() if known is type(thing))


C = TypeVar("C", bound=type)

storable: dict[str, type] = {}
"""Dataclasses that `encoding` can write down, by their names."""


def stored(cls: C) -> C:
    """Decorator of a frozen dataclass whose instances may be stored; its fields must be of kinds that can be."""
    storable[cls.__name__] = cls
    return cls
