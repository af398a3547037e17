"""Values that check themselves when they are created, by the bounds in their annotations; values as JSON."""

from __future__ import annotations

import dataclasses
import functools
import math
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, dataclass_transform

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import ArgsKwargs, CoreSchema, ErrorDetails, PydanticCustomError

from reportgen.errors import ExperimentError
from reportgen.text import escape_control_characters

T = TypeVar("T")

STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", arbitrary_types_allowed=True)
"""Settings of pydantic: no value of another type, no NaN or infinity, no unknown field."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def checked(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass whose instances pydantic validates by their annotations.

    A mistake in a Python call is an `ExperimentError` that names the field. A mistake in a file, where tables become
    instances, is one of those that `toml` lists. So is an `ExperimentError` from the class' `__post_init__`, which
    runs after the fields are checked.
    """
    if rules := cls.__dict__.get("__post_init__"):
        cls.__post_init__ = _as_validator(rules)  # type: ignore[attr-defined]
    checked_class: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    checked_class.__pydantic_config__ = STRICT
    checked_class.__get_pydantic_core_schema__ = _schema_with_tables
    checked_class.__init__ = _validating(checked_class.__init__)
    return checked_class  # type: ignore[no-any-return]


def _as_validator(rules: Callable[[Any], None]) -> Callable[[Any], None]:
    """`__post_init__` whose `ExperimentError` pydantic lists with the other mistakes."""

    @functools.wraps(rules)
    def __post_init__(self: Any) -> None:
        try:
            rules(self)
        except ExperimentError as error:
            raise ValueError(str(error)) from error

    return __post_init__


def _schema_with_tables(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of a checked class, which also takes a dictionary for an instance; a strict schema does not."""
    schema = handler(source)
    class_schema: Any = handler.resolve_ref_schema(schema)
    class_schema["strict"] = False
    return schema


def _validating(init: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` that validates, with the signature of the dataclass' own."""

    @functools.wraps(init)
    def __init__(self: Any, **fields: Any) -> None:
        try:
            validator = adapter(type(self)).validator  # type: ignore[arg-type]  # mypy takes the class for a value
            validator.validate_python(ArgsKwargs((), fields), self_instance=self)
        except ValidationError as error:
            raise _refusal(error.errors()[0]) from None

    return __init__


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """The validator of a class, built when it is first needed, so that an import costs nothing."""
    return TypeAdapter(kind)


def _refusal(details: ErrorDetails) -> ExperimentError:
    """The error for a mistake in a value, with the name of its field."""
    rule = details.get("ctx", {}).get("error")
    if rule and isinstance(rule.__cause__, ExperimentError):
        return rule.__cause__
    field = ".".join(part for part in details["loc"] if isinstance(part, str))
    return ExperimentError(f"{field} {describe_mistake(details)}")


def json_value(value: Any, convert: Callable[[Any], Any] = lambda value: value) -> Any:
    """A value as JSON can hold it: lists for arrays and tuples, None for numbers that are not finite.

    `convert` is called first on every value; it may return a dictionary for a type that JSON does not have.
    """
    value = convert(value)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): json_value(item, convert) for key, item in value.items()}
    return [json_value(item, convert) for item in value] if isinstance(value, list | tuple) else value


def describe_mistake(details: ErrorDetails) -> str:
    """A message for an error of pydantic: "must be greater than 0, got -1"."""
    message, value = details["msg"], details["input"]
    match details["type"]:
        case "missing":
            return "is required and missing"
        case "unexpected_keyword_argument":
            return "is not known"
    for wording, ours in _WORDING.items():
        message = message.replace(wording, ours)
    return message if value == "" else f"{message}, got {short_repr(value)}"


_WORDING = {
    "Value error, ": "",
    "Value should have at least 1 item after validation, not 0": "must not be empty",
    "Input should": "must",
    "String should": "must",
    "List should": "must",
    "must be a valid ": "must be a ",
    "a integer": "a whole number",
    "a dictionary or object to extract fields from": "a table",
    "must be a list": "must be an array",
}


def short_repr(value: Any) -> str:
    """The `repr` of a value, short enough for an error message."""
    return short(repr(value))


def short(text: str) -> str:
    """A text cut to 60 characters, to fit into a line of other text."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _check_one_line(text: str) -> str:
    if escape_control_characters(text) != text or set(text) & {"\n", "\t"}:
        raise PydanticCustomError("text", "must be one line without control characters")
    depth = 0
    for character in text:
        direction = unicodedata.bidirectional(character)
        depth += (direction in _OPENING) - (direction in _CLOSING and depth > 0)
    if depth:
        # The rest of the sentence around this text would be shown backwards.
        raise PydanticCustomError("text", "must close every change of reading direction that it opens")
    return text


_OPENING, _CLOSING = ("LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI"), ("PDF", "PDI")

Label = Annotated[str, Field(max_length=500), AfterValidator(_check_one_line)]
"""One line of text from a user: a title, a name, a label. Pages show it as text, never as markup."""

Abstract = Annotated[str, Field(max_length=1_000), AfterValidator(_check_one_line)]
"""One line of text from a user, for several sentences."""
