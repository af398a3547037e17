"""Values that check themselves once, when they are made, by the bounds in their own annotations."""

from __future__ import annotations

import dataclasses
import typing
import unicodedata
from functools import cache
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from reportgen.errors import ExperimentError
from reportgen.text import holdable


class Checked:
    """Base of the frozen dataclasses that describe an experiment.

    Raises `ExperimentError`, naming the field, for a value that its annotation does not allow. A subclass with rules of
    its own calls `super().__post_init__()` first.
    """

    def __post_init__(self) -> None:
        for name, adapter in _adapters(type(self)):  # type: ignore[arg-type]  # mypy takes the class for a value
            try:
                adapter.validate_python(getattr(self, name))
            except ValidationError as error:
                details = error.errors()[0]
                raise ExperimentError(f"{name} {wording(details['msg'], details['input'])}") from None


_CONFIG = ConfigDict(strict=True, allow_inf_nan=False)
"""No value of another type, and no number that is none."""


@cache
def _adapters(cls: type) -> list[tuple[str, TypeAdapter[Any]]]:
    """A validator for each field whose annotation says something that can be checked."""
    hints = typing.get_type_hints(cls, include_extras=True)
    adapters = []
    for field in dataclasses.fields(cls):
        try:
            adapters.append((field.name, TypeAdapter(hints[field.name], config=_CONFIG)))
        except PydanticUserError:
            continue  # a protocol or another of our own classes, which has checked itself
    return adapters


def wording(message: str, given: Any) -> str:
    """A complaint of pydantic's in our words: "must be greater than 0, got -1"."""
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
    "must be a date": "must be a day without quotes, like 2026-11-23",
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
