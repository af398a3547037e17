"""Cache keys: digests of everything that a stored result depends on.

A stage depends on the source of its module and of all our modules that this one imports, directly or indirectly; on the
versions of libraries; and on its part of the experiment.
"""

from __future__ import annotations

import hashlib
import json
import pkgutil
import platform
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

from reportgen import plugins
from reportgen.training.run import settings_to_json

Parts = Mapping[str, str]
"""The parts that a result depends on, by names for users: files, versions, settings."""

_ROOT = Path(__file__).parents[2]

# Imports in functions count too; a line of a docstring that looks like an import does no harm.
_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+(reportgen[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n]*)|import[ \t]+(reportgen[\w.]*))",
    re.MULTILINE,
)


def code(*modules: str) -> Parts:
    """Digests of the source of `modules` and of our modules that they import, by path."""
    found: set[str] = set()
    waiting = list(modules)
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += _imports(name)
    return dict(sorted((source.path, source.digest) for name in found if (source := _source(name))))


def of_kinds(*values: object) -> Parts:
    """Digests of the files that define the classes of `values`, for kinds that users may add or edit."""
    found = (_source(plugins.defining_module(type(value))) for value in values)
    return {source.path: source.digest for source in found if source}


def package(name: str) -> tuple[str, ...]:
    """The modules of a package with one kind in each file, for stages that may use any of them."""
    folder = _ROOT / name.replace(".", "/")
    return tuple(f"{name}.{module.name}" for module in pkgutil.iter_modules([str(folder)]))


def template_folder() -> Path:
    """The folder of the templates: in the installed package, or beside it in a checkout."""
    inside = _ROOT / "reportgen" / "templates"
    return next((folder for folder in (inside, _ROOT / "templates") if folder.is_dir()), inside)


def everything() -> tuple[str, ...]:
    """The names of all our modules."""
    return tuple(
        ".".join(file.relative_to(_ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in sorted((_ROOT / "reportgen").rglob("*.py"))
    )


def files(folder: Path) -> Parts:
    """Digests of all files in a folder of templates, by path."""
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return {f"templates/{path.relative_to(folder).as_posix()}": _digest(path.read_bytes()) for path in found}


def versions(*libraries: str) -> Parts:
    """Versions of installed libraries, of "python", and of the "machine"."""
    return {f"version of {name}": _version(name) for name in libraries}


def settings(value: Any, name: str) -> Parts:
    """The settings in a value of an experiment as JSON, by dotted name."""
    return dict(_leaves(settings_to_json(value), name))


def key(parts: Parts) -> str:
    """The cache key of a result that depends on `parts` alone."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{name}.{key}")
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for place, item in enumerate(value):
            yield from _leaves(item, f"{name}.{item.get('name', place)}")
    else:
        yield name, json.dumps(value)


@cache
def _version(name: str) -> str:
    if name == "python":
        return platform.python_version()
    if name == "machine":
        return f"{platform.system()}, {platform.machine()}"
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


class _Source(NamedTuple):
    path: str
    content: bytes
    digest: str


@cache
def _source(module: str) -> _Source | None:
    """The source of one of our modules or of a plugin; None if there is no such module."""
    if plugin := plugins.source_code(module):
        return _Source(*plugin, _digest(plugin[1]))
    path = _ROOT / module.replace(".", "/")
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            content = file.read_bytes()
            return _Source(file.relative_to(_ROOT).as_posix(), content, _digest(content))
    return None


@cache
def _imports(module: str) -> frozenset[str]:
    """Our modules that a module imports, and its package."""
    named = {module.rpartition(".")[0]}
    source = _source(module)
    for origin, names, plain in _IMPORT.findall(source.content if source else b""):
        name = (origin or plain).decode()
        named.add(name)
        # `from reportgen.a import b`: `b` may be a module.
        named |= {f"{name}.{word}" for word in re.findall(r"\w+", re.sub("#.*", "", names.decode())) if origin}
    # Importing a module runs the packages above it; the one at the top imports nothing by itself.
    above = {name[: dot.start()] for name in named for dot in re.finditer(r"\.", name)}
    return frozenset(name for name in (named | above) - {"reportgen"} if _source(name))
