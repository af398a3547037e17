"""TOML files whose tables are the fields of dataclasses: every mistake is found at once, with its place.

Keys are not listed anywhere. A new field of a class is a new key, checked, and in the JSON Schema with its docstring.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import inspect
import itertools
import re
import textwrap
import tomllib
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, Strict, ValidationError, create_model, model_validator
from pydantic_core import ErrorDetails

from reportgen.disk import files
from reportgen.errors import ExperimentError, did_you_mean, reason
from reportgen.experiment.toml.positions import Path as _Path
from reportgen.experiment.toml.positions import complaint, positions
from reportgen.values import short, shown, wording

T = TypeVar("T")

_LARGEST = 50_000
"""Bytes of a file; a hand-written one has some thousands."""

_MOST = 40
"""Mistakes that are told; who has more of them begins with these."""


@dataclasses.dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of file."""

    what: str
    """What errors call it, like "experiment file"."""
    model: Callable[[], type[Table]]
    make: Callable[[Any], T]
    """From a table to what it describes; a `ValueError` is a mistake of the file, and its text may begin with a key."""


def load(path: Path, kind: Kind[T]) -> T:
    """Read a file; raises `ExperimentError` with one line for every mistake in it."""
    return parse(read(path, kind.what), str(path), kind)


def read(path: Path, what: str, largest: int = _LARGEST) -> str:
    """The text of a file that somebody wrote by hand; raises `ExperimentError`."""
    try:
        content = files.read(path, largest)
    except OSError as error:
        raise ExperimentError(f"cannot read {what} {path}: {reason(error)}") from error
    except ValueError as error:
        raise ExperimentError(f"cannot use {what} {path}: {error}", code="RG403") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ExperimentError(f"{path}:{line}:1: not UTF-8 text; save the file as UTF-8", code="RG401") from error


def parse(text: str, name: str, kind: Kind[T]) -> T:
    """What `text` describes; `name` stands in front of every mistake."""
    text = text.replace("\r\n", "\n")
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        what, line, column = complaint(error, text)
        raise ExperimentError(f"{name}:{line}:{column}: {what}", code="RG401") from error
    except ValueError as error:  # int() refuses to read thousands of digits
        raise ExperimentError(f"{name}:1:1: not valid TOML: {error}", code="RG401") from error
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply for a file of settings", code="RG401") from error
    code = ""
    try:
        return kind.make(kind.model().model_validate(tables))
    except ValidationError as error:
        complaints = error.errors(include_url=False)
    except ValueError as error:
        complaints = [ErrorDetails(type="value_error", loc=(), msg="", input=None, ctx={"error": error})]
        code = getattr(error.__cause__, "code", "")
    try:
        where = positions(text)
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply for a file of settings", code="RG401") from error
    found = sorted((_place(details, where, kind.model()), i) for i, details in enumerate(complaints))
    mistakes = dict.fromkeys(
        f"{name}:{line}:{column}: {_told(path, complaints[i], kind.model())}"
        for (line, column, path), i in found[:_MOST]
    )
    if more := found[_MOST:]:
        line, column, _ = more[0][0]
        mistakes[f"{name}:{line}:{column}: {len(more):,} more mistakes from here on"] = None
    raise ExperimentError("\n".join(mistakes), code=code)


class Table(BaseModel):
    """A table of a file: no key unknown, no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


def table(cls: type, name: str, /, without: Iterable[str] = (), checked: bool = True, **more: Any) -> type[Table]:
    """The table whose keys are the fields of a dataclass (but `without` some), and `more` as `create_model` takes.

    With `checked` the class' own checks run with the others, so that their complaints come in the same list.
    """
    hints = typing.get_type_hints(cls, include_extras=True)
    told = notes(cls)
    fields: dict[str, Any] = dict(more)
    for part in dataclasses.fields(cls):
        if part.name in without or part.name in more:
            continue
        default: Any = ...
        if part.default is not dataclasses.MISSING:
            default = part.default
        elif part.default_factory is not dataclasses.MISSING:
            default = part.default_factory()
        # TOML has arrays and no tuples.
        hint = Annotated[hints[part.name], Strict(False)] if isinstance(default, tuple) else hints[part.name]
        fields[part.name] = (hint, Field(default, description=told.get(part.name)))

    def check(self: BaseModel) -> BaseModel:
        made(self, cls)
        return self

    checks: dict[str, Any] = {"check": model_validator(mode="after")(check)} if checked else {}
    return create_model(name, __base__=Table, __doc__=inspect.getdoc(cls), __validators__=checks, **fields)


def made(table: BaseModel, cls: Callable[..., T], **more: Any) -> T:
    """The instance of a dataclass that a table describes, with `more` where the table has it in another form."""
    names = {part.name for part in dataclasses.fields(cls)} - more.keys()  # type: ignore[arg-type]
    values = {name: getattr(table, name) for name in type(table).model_fields if name in names}
    try:
        return cls(**values, **more)
    except ExperimentError as error:
        raise ValueError(str(error)) from error


@cache
def notes(cls: type) -> dict[str, str]:
    """What the strings under a dataclass' fields say."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    found = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(note))):
                found[name] = inspect.cleandoc(note)
    return found


def schema(model: type[Table], title: str) -> dict[str, Any]:
    """JSON Schema of a file."""
    described = model.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "title": title}


def _place(details: ErrorDetails, where: Mapping[_Path, tuple[int, int]], model: type[Table]) -> tuple[int, int, str]:
    """Line, column and key of one complaint of pydantic's."""
    path, _ = _walked(model, details["loc"])
    if details["type"] == "value_error":
        # A check over several keys: its text begins with the one to change.
        named = [
            known for known in where if known[: len(path)] == path and known[-1] == _wording(details, model).split()[0]
        ]
        path = min(named, key=len, default=path)
    place = next((where[path[:n]] for n in range(len(path), 0, -1) if path[:n] in where), (1, 1))
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{short(part)}" for part in path).lstrip(".")
    return (*place, key)


def _walked(model: type[Table], loc: _Path) -> tuple[_Path, Sequence[type[Table]]]:
    """`loc` as the file has it, and the tables that the last part of it may be a key of.

    pydantic puts the chosen kind of a table into its paths, and the file has no such key.
    """
    path: _Path = ()
    above: Sequence[type[Table]] = ()
    tables: Sequence[type[Table]] = (model,)
    for part in loc:
        chosen = [table for table in tables if part in _tags(table)]
        if len(tables) > 1 and chosen:
            tables = chosen
            continue
        path, above = (*path, part), tables
        if isinstance(part, str):
            fields = [table.model_fields[part] for table in tables if part in table.model_fields]
            tables = [table for field in fields for table in _tables(field.annotation)]
    return path, above


def _tables(annotation: Any) -> list[type[Table]]:
    """The tables that a value of this type may be made of."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        return [annotation]
    if typing.get_origin(annotation) in (Annotated, list, tuple, typing.Union, UnionType):
        return [table for part in typing.get_args(annotation) for table in _tables(part)]
    return []


def _tags(table: type[Table]) -> set[Any]:
    """What may stand in those keys of a table that have but one value, and so tell its kind."""
    types = [field.annotation for field in table.model_fields.values()]
    return {
        typing.get_args(kind)[0]
        for kind in types
        if typing.get_origin(kind) is Literal and len(typing.get_args(kind)) == 1
    }


def _told(key: str, details: ErrorDetails, model: type[Table]) -> str:
    """`"key: what is wrong, what is allowed"`."""
    what = _wording(details, model)
    return f"{key}: {what.removeprefix(key.rpartition('.')[2] + ' ')}" if key else what


def _wording(details: ErrorDetails, model: type[Table]) -> str:
    kind, given, context = details["type"], details["input"], details.get("ctx", {})
    key = str(details["loc"][-1]) if details["loc"] else ""
    if kind == "extra_forbidden":
        known = {name for table in _walked(model, details["loc"])[1] for name in table.model_fields}
        return f"unknown key.{did_you_mean(short(key), known)}"
    if kind == "missing":
        return "is required and missing"
    if kind == "literal_error":
        known = set(_listed(context["expected"]))
        return f"must be one of {context['expected']}, got {shown(given)}.{_closest(given, known)}"
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        known = set(_listed(context["expected_tags"]))
        return f"{_discriminator(context)} {shown(tag)} is not known.{did_you_mean(short(tag), known)}"
    if kind == "union_tag_not_found":
        return f"{_discriminator(context)} is required and missing"
    if kind == "value_error" and (not details["loc"] or isinstance(context["error"].__cause__, ExperimentError)):
        return str(context["error"])
    # TOML has arrays, which become tuples.
    return wording(details["msg"], given).replace("must be a tuple", 'must be an array, like ["one", "two"]')


def _listed(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _closest(given: Any, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(short(str(given)), sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _discriminator(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")
