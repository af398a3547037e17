"""TOML files whose tables are the fields of dataclasses: all mistakes are reported at once, with line and column.

There is no list of keys. A new field of a class is a new key, checked, and in the JSON Schema with its docstring.
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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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
from reportgen.experiment.toml.positions import positions, syntax_error
from reportgen.values import STRICT, adapter, describe_mistake, short, short_repr

T = TypeVar("T")

_LARGEST = 50_000
"""Bytes of a file that is read; a hand-written one has some thousands."""

_MOST = 40
"""Mistakes that are reported; the number of the others follows."""


@dataclasses.dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of file."""

    what: str
    """The name of the kind in messages, like "experiment file"."""
    model: Callable[[], Any]
    """The class whose fields are the keys of the file, or a `TomlTable` that makes an instance of that class."""


def load(path: Path, kind: Kind[T]) -> T:
    """Read a file; raises `ExperimentError` with one line for every mistake in it."""
    return parse(read(path, kind.what), str(path), kind)


def read(path: Path, what: str, largest: int = _LARGEST) -> str:
    """The text of a hand-written file; raises `ExperimentError`."""
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
    """The value that `text` describes; every message begins with `name`."""
    text = text.replace("\r\n", "\n")
    try:
        tables = _replace_sequences(tomllib.loads(text), list, tuple)
    except tomllib.TOMLDecodeError as error:
        message, line, column = syntax_error(error, text)
        raise ExperimentError(f"{name}:{line}:{column}: {message}", code="RG401") from error
    except ValueError as error:  # int() refuses thousands of digits
        raise ExperimentError(f"{name}:1:1: not valid TOML: {error}", code="RG401") from error
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply for a file of settings", code="RG401") from error
    model = kind.model()
    try:
        value: T = adapter(model).validate_python(tables, context=IN_FILE)
        return value
    except ValidationError as error:
        errors = [details for details in error.errors(include_url=False) if not _is_miscounted(details)]
    try:
        where = positions(text)
        located = sorted((_locate(details, where, model), i) for i, details in enumerate(errors))
        messages = dict.fromkeys(
            _without_repeated_lists(
                f"{name}:{line}:{column}: {_message(key, errors[i], model)}"
                for (line, column, key), i in located[:_MOST]
            )
        )
    except RecursionError as error:
        raise ExperimentError(f"{name}:1:1: nested too deeply for a file of settings", code="RG401") from error
    if more := located[_MOST:]:
        line, column, _ = more[0][0]
        messages[f"{name}:{line}:{column}: {len(more):,} more mistakes from here on"] = None
    rule = errors[0].get("ctx", {}).get("error") if len(errors) == 1 else None
    raise ExperimentError("\n".join(messages), code=getattr(rule and rule.__cause__, "code", ""))


def _without_repeated_lists(messages: Iterable[str]) -> Iterator[str]:
    """The messages, with each long list of what is allowed once."""
    known: set[str] = set()
    for message in messages:
        allowed = re.search(r"must be one of (?:'[^']*'(?:, | or )){8,}'[^']*'", message)
        if allowed and allowed[0] in known:
            yield message.replace(allowed[0], "must be one of those listed above")
        else:
            known |= {allowed[0]} if allowed else set()
            yield message


def _is_miscounted(details: ErrorDetails) -> bool:
    """True if pydantic calls an array too short because it counted only the valid items."""
    return details["type"] == "too_short" and details["ctx"]["actual_length"] < len(details["input"])


IN_FILE = "in a file"
"""The validation context of values from a file: TOML has dates, which are text in Python."""


def _replace_sequences(
    value: Any, old: type[list[Any] | tuple[Any, ...]], new: type[list[Any] | tuple[Any, ...]]
) -> Any:
    """`value` with its sequences in another type: TOML has arrays, our classes have tuples."""
    if isinstance(value, dict):
        return {key: _replace_sequences(item, old, new) for key, item in value.items()}
    return new(_replace_sequences(item, old, new) for item in value) if isinstance(value, old) else value


class TomlTable(BaseModel):
    """A table whose keys are not the fields of one class."""

    model_config = {**STRICT, "frozen": True}
    classes: ClassVar[Sequence[type]] = ()
    """The dataclasses whose fields are its keys."""


def table_class(
    name: str,
    *classes: type,
    make: Callable[[Any], Any],
    keys: Mapping[str, Any] = MappingProxyType({}),
    without: Collection[str] = (),
) -> type[TomlTable]:
    """The class of a table with the fields of dataclasses but `without` some, and `keys` as `create_model` takes them.

    `make` turns the table into the value that it describes. Its `ExperimentError` is a mistake in the file, and its
    message may begin with a key. The docstring of the last class is the description.
    """
    fields: dict[str, Any] = {}
    for cls in classes:
        hints = typing.get_type_hints(cls, include_extras=True)
        fields |= {f.name: (hints[f.name], f) for f in dataclasses.fields(cls) if f.name not in without}
    own = {key: value for key, value in keys.items() if key not in fields}

    def check(self: BaseModel) -> Any:
        try:
            return make(self)
        except ExperimentError as error:
            raise ValueError(str(error)) from error

    result: type[TomlTable] = create_model(
        name,
        __base__=TomlTable,
        __doc__=inspect.getdoc(classes[-1]),
        __validators__={"check": model_validator(mode="after")(check)},  # type: ignore[dict-item]
        **{**own, **fields, **keys},
    )
    result.classes = classes
    return result


def instance_from(table: BaseModel, cls: Callable[..., T], **more: Any) -> T:
    """The instance of a dataclass with the keys of a table that are its fields, and with `more`."""
    names = {field.name for field in dataclasses.fields(cls)} & type(table).model_fields.keys()  # type: ignore[arg-type]
    return cls(**{name: getattr(table, name) for name in names} | more)


@cache
def field_docstrings(cls: type) -> dict[str, str]:
    """The string under each field of a dataclass, by the name of the field."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef))
    docstrings = {}
    for field, below in itertools.pairwise(body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(docstring))):
                docstrings[name] = inspect.cleandoc(docstring)
    return docstrings


class _SchemaWithDocstrings(GenerateJsonSchema):
    """JSON Schema with the docstrings of fields. Pydantic could read them too, but would do so at every import."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> JsonSchemaValue:
        return _with_docstrings(super().dataclass_schema(schema), [schema["cls"]])

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        return _with_docstrings(super().model_schema(schema), schema["cls"].classes)


def _with_docstrings(node: JsonSchemaValue, classes: Iterable[type]) -> JsonSchemaValue:
    # Fields that a class inherits are described in the class that states them.
    stating = [base for cls in classes for base in cls.__mro__ if dataclasses.is_dataclass(base)]
    for cls in stating:
        for name, docstring in field_docstrings(cls).items():
            if name in node["properties"]:
                node["properties"][name].setdefault("description", docstring)
    return node


def schema(kind: Kind[Any], title: str) -> dict[str, Any]:
    """JSON Schema of a kind of file."""
    definitions = adapter(kind.model()).json_schema(schema_generator=_SchemaWithDocstrings)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **definitions, "title": title}


def _locate(details: ErrorDetails, where: Mapping[_Path, tuple[int, int]], model: Any) -> tuple[int, int, str]:
    """Line, column and key of one error of pydantic."""
    path, _ = _path_in_file(model, details["loc"])
    if details["type"] == "value_error":
        # A check of several keys: its message begins with the key to change, like "strength" or "text[2].before".
        named = _describe_error(details, model).split()[0]
        if (exact := (*path, *_named_path(named))) in where:
            path = exact
        else:
            candidates = [known for known in where if known[: len(path)] == path and known[-1] == named]
            path = min(candidates, key=len, default=path)
    position = next((where[path[:n]] for n in range(len(path), 0, -1) if path[:n] in where), (1, 1))
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{short(part)}" for part in path).lstrip(".")
    return (*position, key)


def _named_path(name: str) -> _Path:
    """The path of a key such as "text[2].before", whose items count from 1."""
    return tuple(
        int(index) - 1 if index else key for key, index in re.findall(r"(?:^|\.)([\w-]+)|\[([1-9]\d*)\]", name)
    )


def _path_in_file(model: Any, loc: _Path) -> tuple[_Path, Sequence[type]]:
    """The path of `loc` in the file, and the tables that may have the last part of it as a key.

    The paths of pydantic contain the chosen kind of a table, for which the file has no key.
    """
    path: _Path = ()
    above: Sequence[type] = ()
    tables: Sequence[type] = (model,)
    names_follow = False
    for part in loc:
        chosen = [table for table in tables if part in _tags(table)]
        if len(tables) > 1 and chosen:
            tables = chosen
            continue
        path, above = (*path, part), tables
        if names_follow:
            names_follow, above = False, ()
        elif isinstance(part, str):
            found = [_keys(table).get(part) for table in tables]
            tables = [below for annotation in found for below in _tables(annotation)]
            names_follow = any(map(_has_names, found))
    return path, above


def _has_names(annotation: Any) -> bool:
    """True for pairs of a name and a table, which a file has as a table whose keys are the names."""
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    match typing.get_args(annotation):
        case (pair, last) if last is Ellipsis and typing.get_origin(pair) is tuple:
            return len(typing.get_args(pair)) == 2 and bool(_tables(typing.get_args(pair)[1]))
    return False


def _tables(annotation: Any) -> list[type]:
    """The tables from which a value of this type may be made."""
    if isinstance(annotation, type) and (issubclass(annotation, TomlTable) or dataclasses.is_dataclass(annotation)):
        return [annotation]
    if typing.get_origin(annotation) in (Annotated, list, tuple, typing.Union, UnionType):
        return [table for part in typing.get_args(annotation) for table in _tables(part)]
    return []


def _keys(table: type) -> dict[str, Any]:
    """The keys of a table, and the types of their values."""
    if issubclass(table, TomlTable):
        return {name: field.annotation for name, field in table.model_fields.items()}
    hints = typing.get_type_hints(table, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(table)}  # type: ignore[arg-type]


def _tags(table: type) -> set[Any]:
    """The values of those keys of a table that allow only one value, which identify its kind."""
    return {
        typing.get_args(kind)[0]
        for kind in _keys(table).values()
        if typing.get_origin(kind) is Literal and len(typing.get_args(kind)) == 1
    }


def _message(key: str, details: ErrorDetails, model: Any) -> str:
    """`"key: what is wrong, what is allowed"`."""
    text = _describe_error(details, model)
    for name in (key, key.rpartition(".")[2]):
        text = text.removeprefix(f"{name} ")
    return f"{key}: {text}" if key else text


def _describe_error(details: ErrorDetails, model: Any) -> str:
    """What is wrong and what is allowed."""
    kind, value, context = details["type"], _replace_sequences(details["input"], tuple, list), details.get("ctx", {})
    key = str(details["loc"][-1]) if details["loc"] else ""
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        known = {name for table in _path_in_file(model, details["loc"])[1] for name in _keys(table)}
        return f"unknown key.{did_you_mean(short(key), known)}"
    if kind == "literal_error":
        known = set(_quoted_names(context["expected"]))
        return f"must be one of {context['expected']}, got {short_repr(value)}.{_suggestion(value, known)}"
    if kind == "union_tag_invalid":
        tag = str(context["tag"])
        known = set(_quoted_names(context["expected_tags"]))
        return f"{_discriminator(context)} {short_repr(tag)} is not known.{did_you_mean(short(tag), known)}"
    if kind == "union_tag_not_found":
        return f"{_discriminator(context)} is required and missing"
    if kind == "value_error" and (not details["loc"] or isinstance(context["error"].__cause__, ExperimentError)):
        return str(context["error"])
    if kind == "dataclass_type":
        return f"must be a table, got {short_repr(value)}"
    # TOML has arrays, which become tuples.
    return describe_mistake({**details, "input": value}).replace(
        "must be a tuple", 'must be an array, like ["one", "two"]'
    )


def _quoted_names(expected: str) -> list[str]:
    return re.findall(r"'([^']*)'", expected)


def _suggestion(value: Any, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(short(str(value)), sorted(known), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _discriminator(context: Mapping[str, Any]) -> str:
    return str(context["discriminator"]).strip("'")
