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
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ValidationError, create_model, model_validator
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import ErrorDetails, core_schema

from reportgen.disk import files
from reportgen.errors import ExperimentError, did_you_mean, reason
from reportgen.experiment.toml.positions import Path as _Path
from reportgen.experiment.toml.positions import complaint, positions
from reportgen.values import STRICT, adapter, describe_mistake, short, short_repr

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
    model: Callable[[], Any]
    """The class that its keys are the fields of, or a `Table` that makes an instance of that class."""


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
        tables = _converted(tomllib.loads(text), list, tuple)
    except tomllib.TOMLDecodeError as error:
        what, line, column = complaint(error, text)
        raise ExperimentError(f"{name}:{line}:{column}: {what}", code="RG401") from error
    except ValueError as error:  # int() refuses to read thousands of digits
        raise ExperimentError(f"{name}:1:1: not valid TOML: {error}", code="RG401") from error
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply for a file of settings", code="RG401") from error
    model = kind.model()
    try:
        made: T = adapter(model).validate_python(tables, context=IN_FILE)
        return made
    except ValidationError as error:
        complaints = [details for details in error.errors(include_url=False) if not _miscounted(details)]
    try:
        where = positions(text)
        found = sorted((_place(details, where, model), i) for i, details in enumerate(complaints))
        mistakes = dict.fromkeys(
            f"{name}:{line}:{column}: {_told(path, complaints[i], model)}" for (line, column, path), i in found[:_MOST]
        )
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply for a file of settings", code="RG401") from error
    if more := found[_MOST:]:
        line, column, _ = more[0][0]
        mistakes[f"{name}:{line}:{column}: {len(more):,} more mistakes from here on"] = None
    rule = complaints[0].get("ctx", {}).get("error") if len(complaints) == 1 else None
    raise ExperimentError("\n".join(mistakes), code=getattr(rule and rule.__cause__, "code", ""))


def _miscounted(details: ErrorDetails) -> bool:
    """Whether an array is said to be too short because pydantic counted the valid items only."""
    return details["type"] == "too_short" and details["ctx"]["actual_length"] < len(details["input"])


IN_FILE = "in a file"
"""The validation context of what a file holds: TOML has days, which in Python are text."""


def _converted(value: Any, old: type[list[Any] | tuple[Any, ...]], new: type[list[Any] | tuple[Any, ...]]) -> Any:
    """`value` with sequences of another type: TOML has arrays, our classes have tuples."""
    if isinstance(value, dict):
        return {key: _converted(item, old, new) for key, item in value.items()}
    return new(_converted(item, old, new) for item in value) if isinstance(value, old) else value


class Table(BaseModel):
    """A table whose keys are not the fields of one class."""

    model_config = {**STRICT, "frozen": True}
    classes: ClassVar[Sequence[type]] = ()
    """Those whose fields it has."""


def table(
    name: str,
    *classes: type,
    make: Callable[[Any], Any],
    keys: Mapping[str, Any] = MappingProxyType({}),
    without: Collection[str] = (),
) -> type[Table]:
    """A table with the fields of dataclasses (but `without` some) and `keys`, which are as `create_model` takes them.

    `make` makes of the table what it stands for; an `ExperimentError` is a mistake of the file, and its text may begin
    with a key. The last class gives the description.
    """
    fields: dict[str, Any] = {}
    for cls in classes:
        hints = typing.get_type_hints(cls, include_extras=True)
        fields |= {part.name: (hints[part.name], part) for part in dataclasses.fields(cls) if part.name not in without}
    own = {key: value for key, value in keys.items() if key not in fields}

    def check(self: BaseModel) -> Any:
        try:
            return make(self)
        except ExperimentError as error:
            raise ValueError(str(error)) from error

    made: type[Table] = create_model(
        name,
        __base__=Table,
        __doc__=inspect.getdoc(classes[-1]),
        __validators__={"check": model_validator(mode="after")(check)},  # type: ignore[dict-item]
        **{**own, **fields, **keys},
    )
    made.classes = classes
    return made


def part(table: BaseModel, cls: Callable[..., T], **more: Any) -> T:
    """The instance of a dataclass from those keys of a table that are its fields, and from `more`."""
    names = {part.name for part in dataclasses.fields(cls)} & type(table).model_fields.keys()  # type: ignore[arg-type]
    return cls(**{name: getattr(table, name) for name in names} | more)


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


class _Described(GenerateJsonSchema):
    """JSON Schema with the strings below a class' fields. Pydantic reads them too, but with every import."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _described(super().dataclass_schema(schema), [schema["cls"]])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _described(super().model_schema(schema), schema["cls"].classes)


def _described(node: JsonSchemaValue, classes: Iterable[type]) -> JsonSchemaValue:
    for cls in classes:
        for name, note in notes(cls).items():
            if name in node["properties"]:
                node["properties"][name].setdefault("description", note)
    return node


def schema(kind: Kind[Any], title: str) -> dict[str, Any]:
    """JSON Schema of a file."""
    described = adapter(kind.model()).json_schema(schema_generator=_Described)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **described, "title": title}


def _place(details: ErrorDetails, where: Mapping[_Path, tuple[int, int]], model: Any) -> tuple[int, int, str]:
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


def _walked(model: Any, loc: _Path) -> tuple[_Path, Sequence[type]]:
    """`loc` as the file has it, and the tables that the last part of it may be a key of.

    pydantic puts the chosen kind of a table into its paths, and the file has no such key.
    """
    path: _Path = ()
    above: Sequence[type] = ()
    tables: Sequence[type] = (model,)
    for part in loc:
        chosen = [table for table in tables if part in _tags(table)]
        if len(tables) > 1 and chosen:
            tables = chosen
            continue
        path, above = (*path, part), tables
        if isinstance(part, str):
            tables = [below for table in tables for below in _tables(_keys(table).get(part))]
    return path, above


def _tables(annotation: Any) -> list[type]:
    """The tables that a value of this type may be made of."""
    if isinstance(annotation, type) and (issubclass(annotation, Table) or dataclasses.is_dataclass(annotation)):
        return [annotation]
    if typing.get_origin(annotation) in (Annotated, list, tuple, typing.Union, UnionType):
        return [table for part in typing.get_args(annotation) for table in _tables(part)]
    return []


def _keys(table: type) -> dict[str, Any]:
    """The keys of a table, and the types of their values."""
    if issubclass(table, Table):
        return {name: field.annotation for name, field in table.model_fields.items()}
    hints = typing.get_type_hints(table, include_extras=True)
    return {part.name: hints[part.name] for part in dataclasses.fields(table)}  # type: ignore[arg-type]


def _tags(table: type) -> set[Any]:
    """What may stand in those keys of a table that have but one value, and so tell its kind."""
    return {
        typing.get_args(kind)[0]
        for kind in _keys(table).values()
        if typing.get_origin(kind) is Literal and len(typing.get_args(kind)) == 1
    }


def _told(key: str, details: ErrorDetails, model: Any) -> str:
    """`"key: what is wrong, what is allowed"`."""
    what = _wording(details, model)
    return f"{key}: {what.removeprefix(key.rpartition('.')[2] + ' ')}" if key else what


def _wording(details: ErrorDetails, model: Any) -> str:
    kind, given, context = details["type"], _converted(details["input"], tuple, list), details.get("ctx", {})
    key = str(details["loc"][-1]) if details["loc"] else ""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = {name for table in _walked(model, details["loc"])[1] for name in _keys(table)}
        return f"unknown key.{did_you_mean(short(key), known)}"
    if kind == "literal_error":
        known = set(_listed(context["expected"]))
        return f"must be one of {context['expected']}, got {short_repr(given)}.{_closest(given, known)}"
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        known = set(_listed(context["expected_tags"]))
        return f"{_discriminator(context)} {short_repr(tag)} is not known.{did_you_mean(short(tag), known)}"
    if kind == "union_tag_not_found":
        return f"{_discriminator(context)} is required and missing"
    if kind == "value_error" and (not details["loc"] or isinstance(context["error"].__cause__, ExperimentError)):
        return str(context["error"])
    if kind == "dataclass_type":
        return f"must be a table, got {short_repr(given)}"
    # TOML has arrays, which become tuples.
    return describe_mistake({**details, "input": given}).replace(
        "must be a tuple", 'must be an array, like ["one", "two"]'
    )


def _listed(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _closest(given: Any, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(short(str(given)), sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _discriminator(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")
