import math
from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from pydantic import Field

from reportgen.errors import ExperimentError
from reportgen.values import Checked


@dataclass(frozen=True)
class Value(Checked):
    count: Annotated[int, Field(ge=1)] = 1
    kind: Literal["a", "b"] = "a"
    share: float = 0.5
    widths: tuple[Annotated[int, Field(le=9)], ...] = ()
    inner: "Value | None" = None
    anything: object = None


def test_a_value_within_its_bounds_is_made():
    assert Value(count=3, kind="b", widths=(9,), inner=Value()).widths == (9,)


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"count": 0}, "count must be greater than or equal to 1, got 0"),
        ({"count": "x"}, "count must be a whole number, got 'x'"),
        ({"share": math.nan}, "share must be a finite number, got nan"),
        ({"share": math.inf}, "share must be a finite number, got inf"),
        ({"kind": "c"}, "kind must be 'a' or 'b', got 'c'"),
        ({"widths": (10,)}, "widths must be less than or equal to 9, got 10"),
        ({"widths": [1]}, "widths must be a tuple, got [1]"),
        ({"kind": "x" * 99}, "kind must be 'a' or 'b', got '" + "x" * 56 + "..."),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_name(fields, complaint):
    with pytest.raises(ExperimentError) as refused:
        Value(**fields)

    assert str(refused.value) == complaint
