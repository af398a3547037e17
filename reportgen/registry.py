"""Registries of kinds, one file each: penalties, data sets, figures, sections, executors."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, TypeVar

from reportgen.errors import ExperimentError, did_you_mean

T = TypeVar("T")


class Registry(Generic[T]):
    """Names of one kind, each the name of a file in `package` that registers itself under it.

    A file is imported when its name is asked for, so listing the names imports nothing. Code outside the package
    can add to a registry with `register`; it must be imported before the name is used.
    """

    def __init__(self, kind: str, package: str, base: type = object) -> None:
        self.kind = kind
        self.package = package
        self._base = base
        self._known: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that registers a class or function under `name`; a class must derive from the base of its kind."""

        def add(thing: T) -> T:
            if isinstance(thing, type) and not issubclass(thing, self._base):
                base = f"{self._base.__module__}.{self._base.__qualname__}"
                raise ExperimentError(f"{self.kind} {name!r}: class {thing.__name__} must derive from {base}")
            self._known[name] = thing
            return thing

        return add

    def names(self) -> tuple[str, ...]:
        """Every name, sorted; imports only the package itself."""
        spec = importlib.util.find_spec(self.package)
        folders = (spec.submodule_search_locations if spec else None) or []
        files = {module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_")}
        return tuple(sorted(files | self._known.keys()))

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            if name not in self.names():
                raise ExperimentError(f"unknown {self.kind} {name!r}.{did_you_mean(name, self.names())}")
            importlib.import_module(f"{self.package}.{name}")
        return self._known[name]

    def holds(self, thing: object) -> bool:
        """True if the class of `thing` is registered here."""
        return type(thing) in self._known.values()

    def name_of(self, thing: object) -> str:
        """The name under which `thing`, or its class, is registered."""
        return next(name for name, known in self._known.items() if known is thing or known is type(thing))

    def stated(self, name: str, attribute: str) -> Any:
        """The value of `attribute` in the class under `name`, None if it has none; imports no kind."""
        if name in self._known:
            return getattr(self._known[name], attribute, None)
        spec = importlib.util.find_spec(f"{self.package}.{name}")
        return stated_in(Path(spec.origin), attribute) if spec and spec.origin else None

    def stating(self, attribute: str, value: object) -> tuple[str, ...]:
        """The names of the classes whose `attribute` is `value`; imports no kind."""
        return tuple(name for name in self.names() if self.stated(name, attribute) == value)


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
