"""What a user can say about a table: the target, the roles and prices of columns, and how its cells are written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from reportgen.errors import ExperimentError
from reportgen.tables import Role, Task
from reportgen.values import Label, checked

MISSING = ("", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null", "?")
"""The texts of cells that mean a missing value unless the settings list others."""


@checked
class ColumnSettings:
    """What the user says about a column of a table."""

    role: Role | None = None
    """What the column is for; guessed from its cells if it is not stated."""
    cost: Annotated[float, Field(ge=0)] = 0.0
    """The price of the value of one row, in any currency; the report adds up what can be saved."""
    unit: Annotated[Label, Field(max_length=40)] = ""
    """The unit of the numbers, for reports."""


class _NamedTable:
    """An annotation: pairs of a name and a value are written as a table with the names as its keys.

    A tuple of pairs can be hashed, and a dictionary cannot.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        table = core_schema.dict_schema(handler.generate_schema(Label), handler.generate_schema(ColumnSettings))
        pairs = core_schema.no_info_after_validator_function(lambda value: tuple(value.items()), table)
        return core_schema.no_info_before_validator_function(_dictionary, pairs)


def _dictionary(value: Any) -> Any:
    """Pairs, as Python code and stored settings have them, as a dictionary; any other value unchanged."""
    if isinstance(value, Iterable) and not isinstance(value, str | dict):
        pairs = list(value)
        if all(isinstance(pair, tuple | list) and len(pair) == 2 and isinstance(pair[0], str) for pair in pairs):
            if len({name for name, _ in pairs}) < len(pairs):
                raise ValueError("must name each column once")
            return dict(pairs)
    return value


Columns = Annotated[tuple[tuple[Label, ColumnSettings], ...], _NamedTable()]
"""Settings by the names of columns: in a file a table, in Python pairs or a dictionary."""


@checked
class TableSettings:
    """How to read a table, and what its columns are for."""

    target: Annotated[Label, Field(min_length=1)]
    """The name of the column to predict."""
    task: Task | None = None
    """What the target is: a number, one of two classes, or one of several; guessed if it is not stated."""
    columns: Columns = ()
    """What is known about single columns; for the others it is guessed."""
    weights: Label = ""
    """A column with the weight of each row, if there is one."""
    missing: tuple[Annotated[str, Field(max_length=100)], ...] = MISSING
    """The texts of cells that mean a missing value; an empty cell always does."""
    delimiter: Annotated[str, Field(pattern=r'^[^"\r\n\w]?$')] = ""
    """The character between cells; guessed if it is empty."""
    decimal: Annotated[str, Field(pattern=r"^[.,]?$")] = ""
    """The decimal sign, a point or a comma; guessed if it is empty."""
    most_rows: Annotated[int, Field(ge=100, le=1_000_000)] = 20_000
    """Of a table with more rows, this many are drawn and used; the same ones in every build."""

    def __post_init__(self) -> None:
        stated = dict(self.columns)
        for role in ("group", "time"):
            names = [name for name, column in self.columns if column.role == role]
            if len(names) > 1:
                raise ExperimentError(f"columns must have at most one with the role {role!r}, got {', '.join(names)}")
        for key, name in {"target": self.target, "weights": self.weights}.items():
            stated_role = stated[name].role if name in stated else None
            if stated_role in ("group", "time", "ignore"):
                raise ExperimentError(f"{key} must not be a column with the role {stated_role!r}, got {name!r}")
        if self.weights == self.target:
            raise ExperimentError(f"weights must be another column than the target, got {self.weights!r}")
        # What states nothing must not make another experiment, and neither must the order.
        said = sorted(((n, c) for n, c in self.columns if c != _UNSTATED), key=lambda pair: pair[0])
        object.__setattr__(self, "columns", tuple(said))
        if self.delimiter and self.delimiter == self.decimal:
            raise ExperimentError(f"delimiter must differ from the decimal sign, got {self.delimiter!r} for both")

    def column(self, name: str) -> ColumnSettings:
        """What is stated about a column; the defaults for a column that is not named."""
        return dict(self.columns).get(name, _UNSTATED)


_UNSTATED = ColumnSettings()
