"""Values that check themselves once, when they are made, by the bounds in their own annotations; values as JSON."""

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
from reportgen.text import holdable

T = TypeVar("T")

STRICT = ConfigDict(strict=True, allow_inf_nan=False, extra="forbid", arbitrary_types_allowed=True)
"""No value of another type, no number that is none, no unknown name."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(dataclasses.field,))
def checked(cls: type[T]) -> type[T]:
    """Make a class a frozen dataclass that pydantic validates by its annotations, wherever it is made.

    From Python a mistake is an `ExperimentError` that names the field. In a file, where tables become instances, it
    is one of the mistakes that `toml` lists, and so is an `ExperimentError` from the class' `__post_init__`, which
    runs after the fields are checked.
    """
    if rules := cls.__dict__.get("__post_init__"):
        cls.__post_init__ = _as_validator(rules)  # type: ignore[attr-defined]
    made: Any = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    made.__pydantic_config__ = STRICT
    made.__get_pydantic_core_schema__ = _or_table
    made.__init__ = _checking(made.__init__)
    return made  # type: ignore[no-any-return]


def _as_validator(rules: Callable[[Any], None]) -> Callable[[Any], None]:
    """`__post_init__` whose `ExperimentError` is a mistake to pydantic, listed with the others."""

    @functools.wraps(rules)
    def __post_init__(self: Any) -> None:
        try:
            rules(self)
        except ExperimentError as error:
            raise ValueError(str(error)) from error

    return __post_init__


def _or_table(source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
    """The schema of a checked class, which takes a dictionary for an instance; strict ones do not."""
    schema = handler(source)
    made: Any = handler.resolve_ref_schema(schema)
    made["strict"] = False
    return schema


def _checking(init: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` that validates; the one of the dataclass gives its signature."""

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
    """The validator of a class. Pydantic builds it when it is first needed, so that an import costs nothing."""
    return TypeAdapter(kind)


def _refusal(details: ErrorDetails) -> ExperimentError:
    """The first mistake of a value, by the name of its field."""
    rule = details.get("ctx", {}).get("error")
    if rule and isinstance(rule.__cause__, ExperimentError):
        return rule.__cause__
    field = ".".join(part for part in details["loc"] if isinstance(part, str))
    return ExperimentError(f"{field} {wording(details)}")


def plain(value: Any, parts: Callable[[Any], Any] = lambda value: value) -> Any:
    """A value in what JSON has: lists for arrays and tuples, None for numbers that are not finite.

    `parts` is asked first, and may give a dictionary for a value that JSON has no word for.
    """
    value = parts(value)
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item, parts) for key, item in value.items()}
    return [plain(item, parts) for item in value] if isinstance(value, list | tuple) else value


def wording(details: ErrorDetails) -> str:
    """A complaint of pydantic's in our words: "must be greater than 0, got -1"."""
    message, given = details["msg"], details["input"]
    match details["type"]:
        case "missing":
            return "is required and missing"
        case "unexpected_keyword_argument":
            return "is not known"
    for theirs, ours in _WORDS.items():
        message = message.replace(theirs, ours)
    return message if given == "" else f"{message}, got {shown(given)}"


_WORDS = {
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


def shown(given: Any) -> str:
    """A value as an error message shows it: short."""
    return short(repr(given))


def short(text: str) -> str:
    """A text that fits into a line of other text."""
    return text if len(text) <= 60 else f"{text[:57]}..."


def _on_one_line(text: str) -> str:
    if holdable(text) != text or set(text) & {"\n", "\t"}:
        raise PydanticCustomError("text", "must be one line without control characters")
    depth = 0
    for c in text:
        direction = unicodedata.bidirectional(c)
        depth += (direction in _OPENING) - (direction in _CLOSING and depth > 0)
    if depth:
        # The rest of the sentence in which the report sets this text would be read backwards.
        raise PydanticCustomError("text", "must close every change of direction of reading that it opens")
    return text


_OPENING, _CLOSING = ("LRE", "RLE", "LRO", "RLO", "LRI", "RLI", "FSI"), ("PDF", "PDI")

Label = Annotated[str, Field(max_length=500), AfterValidator(_on_one_line)]
"""A line that somebody wrote: a title, a name, a label. What is in it is shown, and is never more than text."""

Abstract = Annotated[str, Field(max_length=1_000), AfterValidator(_on_one_line)]
"""The same for some sentences."""
