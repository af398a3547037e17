"""The sandbox of templates: they make text of their variables, and can do nothing else.

A template may come from an unknown author. It can use plain values, the fields of our dataclasses and the functions
that the page passes; it can include files of its folder; and its time and its output are limited.
"""

from __future__ import annotations

import dataclasses
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache, update_wrapper
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from jinja2.sandbox import ImmutableSandboxedEnvironment

SECONDS = 60.0
"""The most seconds of a rendering."""

OUTPUT = 200_000_000
"""The most characters of a page."""

WORK = 2_000_000_000
"""The most characters and items of all values of a rendering together."""

LARGEST_SOURCE = 2_000_000
"""The most bytes of a template, a script or a style sheet."""

_DIGITS = 10_000
"""Binary digits of the largest integer that templates may compute."""


class OutsideError(jinja2.TemplateError):
    """The name of a file outside of the folders of templates."""


class TooMuchError(jinja2.TemplateRuntimeError):
    """A template takes too long or makes too much text."""


OURS = "reportgen"
"""The prefix by which a replaced template extends the package's one: "reportgen/base.html"."""


class Folders(jinja2.BaseLoader):
    """A loader of files by name: the first folder with the file counts, and links out of it are refused.

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
        """The path and the text of the file `name`.

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
                regular = stat.S_ISREG(path.stat().st_mode)  # reading a pipe or a device may never end
            except RecursionError:  # raised by recursive templates
                raise
            except (OSError, RuntimeError, ValueError):  # missing, a loop of links, or not a valid name
                continue
            if not path.is_relative_to(folder):
                raise OutsideError(f"{name} leads out of {folder}")
            if regular:
                return path
        raise jinja2.TemplateNotFound(name)


class Meter:
    """The remaining time and work of one rendering."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS
        self._left = WORK

    def spend(self, work: int = 1) -> None:
        """Count work; raises `TooMuchError` if the work or the time is used up."""
        self._left -= work
        if self._left < 0:
            raise TooMuchError(f"the template makes more than {WORK:,} characters and items")
        if time.monotonic() > self._ends:
            raise TooMuchError(f"the template takes longer than {SECONDS:g} seconds")


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


def _charge(work: int = 1) -> None:
    if meter := _METER.get():
        meter.spend(work)


def render_metered(template: jinja2.Template, known: Mapping[str, Any], meter: Meter) -> str:
    """Render a template of a `Sandbox`, limited by `meter`."""
    token = _METER.set(meter)
    chunks, length = [], 0
    making = template.generate(known)
    try:
        for chunk in making:
            chunks.append(chunk)
            length += len(chunk)
            if length > OUTPUT:
                # Raised inside the template, at the line that exceeded the limit.
                making.throw(TooMuchError(f"the page is longer than {OUTPUT:,} characters"))  # type: ignore[attr-defined]
    finally:
        _METER.reset(token)
    return "".join(chunks)


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with fewer attributes and with a meter.

    `methods` are the methods of our classes that templates may call; their other attributes must be values. Every value
    passes through `finalize` before it is printed; `filters` are added to Jinja2's.
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
            return _charged(finalize(value))

        super().__init__(finalize=printed, autoescape=True, **options)
        self._methods = methods
        for name in ("lipsum", "cycler", "joiner"):
            del self.globals[name]
        for name in ("format", "urlize", "pprint"):  # unlimited widths and patterns, and Python's representations
            del self.filters[name]
        self.filters = {name: _metered(name, filter_) for name, filter_ in {**self.filters, **filters}.items()}
        self.filters |= {"_metered_items": _metered_items, "_charged": _charged}

    def getattr(self, obj: Any, attribute: str) -> Any:
        # `f.values` and `f.items` are first keys, then methods of a dictionary. Values of a dictionary were passed to
        # the template on purpose; the sandbox checks every other attribute.
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        fields: frozenset[str] = _fields(type(obj))  # type: ignore[arg-type]  # a class has a hash
        if attribute in fields and not callable(value := getattr(obj, attribute)):
            return value
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
        # Only fields of dataclasses are open; methods of other objects, such as arrays, can write files.
        return dataclasses.is_dataclass(obj) and not isinstance(obj, type) and not callable(value)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        return None  # `is_safe_attribute` refuses it

    def call(self, context: Any, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        _charge()
        if isinstance(text := getattr(obj, "__self__", None), str):
            _charge_copies([text, *args, *kwargs.values()])
        return _charged(super().call(context, obj, *args, **kwargs))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "%" and isinstance(left, str | bytes):
            raise SecurityError("text % values is not available to templates; the filter num prints numbers")
        if operator == "*" and (isinstance(left, _SIZED) or isinstance(right, _SIZED)):
            _charge_copies([left, right])
        elif operator in ("*", "**") and isinstance(left, int) and isinstance(right, int):
            digits = left.bit_length() + right.bit_length() if operator == "*" else left.bit_length() * abs(right)
            if digits > _DIGITS:
                raise TooMuchError("the template makes a number that is too large")
        return _charged(super().call_binop(context, operator, left, right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        """Parse a template; add metering to every loop and every concatenation."""
        tree = super()._parse(source, name, filename)
        for loop in tree.find_all(nodes.For):
            loop.iter = nodes.Filter(loop.iter, "_metered_items", [], [], None, None, lineno=loop.iter.lineno)
        for text in list(tree.find_all(nodes.Concat)):
            # The concatenation becomes the argument of a filter that charges for it.
            whole = nodes.Concat(text.nodes, lineno=text.lineno)
            text.nodes = [nodes.Filter(whole, "_charged", [], [], None, None, lineno=text.lineno)]
        tree.set_environment(self)
        return tree


@cache
def _fields(kind: Any) -> frozenset[str]:
    """The fields of a dataclass that templates may read; asking the sandbox for each takes longer."""
    named = dataclasses.fields(kind) if dataclasses.is_dataclass(kind) else ()
    return frozenset(field.name for field in named if not field.name.startswith("_"))


def _metered_items(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        _charge()
        yield item


_SIZED = (str, bytes, list, tuple, dict)


def _charged(value: Any) -> Any:
    """Charge for the size of `value` and return it."""
    if isinstance(value, _SIZED):
        _charge(len(value))
    return value


def _charge_copies(values: Iterable[Any]) -> None:
    """Charge beforehand for the product of all sizes, which copies of a text or a list could have."""
    product = 1
    for value in values:
        size = len(value) if isinstance(value, _SIZED) else abs(value) if isinstance(value, int) else 1
        product *= max(1, size)
    if product > 1_000_000:
        _charge(product)


def _metered(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    """A filter with metering. Its first argument may be Jinja2's environment or context, before the filtered value."""
    copies = name not in ("default", "d", "round")
    first = 1 if hasattr(filter_, "jinja_pass_arg") else 0

    def metered(*args: Any, **kwargs: Any) -> Any:
        _charge()
        value, more = args[first], [*args[first + 1 :], *kwargs.values()]
        if more and copies:
            _charge_copies([value if isinstance(value, _SIZED) else 1, *more])
        return _charged(filter_(*args, **kwargs))

    return update_wrapper(metered, filter_)
