"""Where templates are rendered: they make text out of what they are given, and can do nothing else.

A template may come from somebody whom the reader of this page does not know. It sees plain values, the fields of our
own dataclasses and the functions that the page hands it; it reads files of its folder; and it ends, after so much time
and so much text.
"""

from __future__ import annotations

import dataclasses
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import update_wrapper
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 60.0
"""How long a rendering may take."""

OUTPUT = 200_000_000
"""The most letters that a page may have."""

WORK = 2_000_000_000
"""The most letters and items that all values of a rendering may have together."""

LARGEST_SOURCE = 2_000_000
"""Bytes of a template, a script or a style sheet."""

_DIGITS = 10_000
"""Binary digits of the largest whole number that templates may reckon with."""


class OutsideError(jinja2.TemplateError):
    """A name that leads out of the folders of templates."""


class TooMuchError(jinja2.TemplateRuntimeError):
    """A template that takes too long, or makes too much."""


OURS = "reportgen"
"""What a template of the package is asked for below, by one that takes its place: "reportgen/page.html"."""


class Folders(jinja2.BaseLoader):
    """Files by name, each from the first of some folders that has it, and never from outside of that folder.

    The last folder is that of the package. `alone` are files by name that lie elsewhere, each with the folder that it
    must not lead out of.
    """

    def __init__(self, folders: Sequence[Path], alone: Mapping[str, tuple[Path, Path]] = MappingProxyType({})) -> None:
        self.folders = tuple(folder.resolve() for folder in folders)
        self._alone = alone

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        path, text = self.read(template)
        written = path.stat().st_mtime_ns

        def unchanged() -> bool:
            try:
                return self._find(template) == path and path.stat().st_mtime_ns == written
            except (OSError, jinja2.TemplateError):
                return False

        return text, str(path), unchanged

    def read(self, name: str) -> tuple[Path, str]:
        """Where the file `name` is, and its text.

        Raises `jinja2.TemplateNotFound`, and `OutsideError` for a link that leads out of its folder.
        """
        path = self._find(name)
        try:
            with path.open("rb") as file:
                content = file.read(LARGEST_SOURCE + 1)
        except OSError as error:
            raise jinja2.TemplateNotFound(name) from error
        if len(content) > LARGEST_SOURCE:
            raise jinja2.TemplateSyntaxError(f"larger than {LARGEST_SOURCE:,} bytes", 1, name, str(path))
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise jinja2.TemplateSyntaxError("not UTF-8 text", line, name, str(path)) from error
        return path, text.replace("\r\n", "\n").replace("\r", "\n")

    def _find(self, name: str) -> Path:
        parts = split_template_path(name)  # refuses ".."
        ours = parts[:1] == [OURS] and len(parts) > 1
        places = [(folder.joinpath(*parts[ours:]), folder) for folder in (self.folders[-1:] if ours else self.folders)]
        for place, folder in [*places, *([self._alone[name]] if name in self._alone else [])]:
            try:
                path = place.resolve(strict=True)
                regular = stat.S_ISREG(path.stat().st_mode)  # a pipe or a device may never end
            except RecursionError:  # of the templates
                raise
            except (OSError, RuntimeError, ValueError):  # not there, a circle of links, no name of a file
                continue
            if not path.is_relative_to(folder):
                raise OutsideError(f"{name} leads out of {folder}")
            if regular:
                return path
        raise jinja2.TemplateNotFound(name)


class Meter:
    """What one rendering has left, in time and in work."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS
        self._left = WORK

    def spend(self, work: int = 1) -> None:
        """Count some work; raises `TooMuchError` where it or the time is used up."""
        self._left -= work
        if self._left < 0:
            raise TooMuchError(f"the template makes more than {WORK:,} letters and items")
        if time.monotonic() > self._ends:
            raise TooMuchError(f"the template takes longer than {SECONDS:g} seconds")


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


def _spend(work: int = 1) -> None:
    if meter := _METER.get():
        meter.spend(work)


def rendered(template: jinja2.Template, known: Mapping[str, Any], meter: Meter) -> str:
    """The text of a template of a `Sandbox`."""
    token = _METER.set(meter)
    chunks, length = [], 0
    making = template.generate(known)
    try:
        for chunk in making:
            chunks.append(chunk)
            length += len(chunk)
            if length > OUTPUT:
                # Raised in the template, at the line that made one letter too many.
                making.throw(TooMuchError(f"the page is longer than {OUTPUT:,} letters"))  # type: ignore[attr-defined]
    finally:
        _METER.reset(token)
    return "".join(chunks)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, with less to reach and with a meter.

    `methods` are those of our own classes that templates may call; of their other attributes they see values only.
    Every value goes through `finalize` before it is printed, and `filters` are ours beside Jinja2's.
    """

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(
        self,
        methods: Mapping[type, frozenset[str]],
        finalize: Callable[[Any], Any],
        filters: Mapping[str, Callable[..., Any]],
        **options: Any,
    ) -> None:
        def printed(value: Any) -> Any:
            return _counted(finalize(value))

        super().__init__(finalize=printed, autoescape=True, **options)
        self._methods = methods
        for name in ("lipsum", "cycler", "joiner"):
            del self.globals[name]
        for name in ("format", "urlize", "pprint"):  # widths and patterns that have no limit, and Python's own words
            del self.filters[name]
        self.filters = {name: _metered(name, filter_) for name, filter_ in {**self.filters, **filters}.items()}
        self.filters |= {"_each": _each, "_counted": _counted}

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `f.values` and `f.items` are findings first, methods of a dictionary second. What a dictionary holds was
        # given to the template; every other attribute goes the way of the sandbox.
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if not super().is_safe_attribute(obj, attr, value):
            return False
        if isinstance(obj, str):
            return attr not in ("format", "format_map")
        if isinstance(obj, dict | list | tuple) or type(obj).__module__.startswith("jinja2."):
            return True
        if attr in self._methods.get(type(obj), ()):
            return True
        # An array has methods that write files. Nothing but fields is open that we have not thought of.
        return dataclasses.is_dataclass(obj) and not isinstance(obj, type) and not callable(value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        return None  # `is_safe_attribute` refuses it

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        _spend()
        if isinstance(text := getattr(obj, "__self__", None), str):
            _foresee([text, *args, *kwargs.values()])
        return _counted(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str | bytes):
            raise SecurityError("text % values is not available to templates; the filter num prints numbers")
        if operator == "*" and (isinstance(left, _SIZED) or isinstance(right, _SIZED)):
            _foresee([left, right])
        elif operator in ("*", "**") and isinstance(left, int) and isinstance(right, int):
            digits = left.bit_length() + right.bit_length() if operator == "*" else left.bit_length() * abs(right)
            if digits > _DIGITS:
                raise TooMuchError("the template makes a number that is too large")
        return _counted(super().call_binop(context, operator, left, right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """A template in which every loop is counted, and all texts that are put together."""
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_each", [], [], None, None, lineno=loop.iter.lineno)
        for text in list(tree.find_all(nodes.Concat)):
            # The node stays where it is and what it joins becomes one value, which a filter counts.
            whole = nodes.Concat(text.nodes, lineno=text.lineno)
            text.nodes = [nodes.Filter(whole, "_counted", [], [], None, None, lineno=text.lineno)]
        tree.set_environment(self)
        return tree


def _each(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        _spend()
        yield item


_SIZED = (str, bytes, list, tuple, dict)


def _counted(value: Any) -> Any:
    """`value`, paid for."""
    if isinstance(value, _SIZED):
        _spend(len(value))
    return value


def _foresee(values: Iterable[Any]) -> None:
    """Pay beforehand for what could be made of so many copies of a text or a list."""
    product = 1
    for value in values:
        size = len(value) if isinstance(value, _SIZED) else abs(value) if isinstance(value, int) else 1
        product *= max(1, size)
    if product > 1_000_000:
        _spend(product)


def _metered(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter that is paid for. It may ask Jinja2 for an environment or context before the value that it filters."""
    copies = name not in ("default", "d", "round")
    first = 1 if hasattr(filter_, "jinja_pass_arg") else 0

    def metered(*args: Any, **kwargs: Any) -> Any:
        _spend()
        value, more = args[first], [*args[first + 1 :], *kwargs.values()]
        if more and copies:
            _foresee([value if isinstance(value, _SIZED) else 1, *more])
        return _counted(filter_(*args, **kwargs))

    return update_wrapper(metered, filter_)
