"""Settings of a study: how often rows are split, and what counts as practically as good."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from reportgen.values import checked


@checked
class StudySettings:
    """How a study splits rows, and how it decides."""

    folds: Annotated[int, Field(ge=2, le=50)] = 5
    """Parts of the rows, each of which tests what the others taught."""
    repetitions: Annotated[int, Field(ge=1, le=50)] = 4
    """How often the rows are divided anew. Rows with an order in time are divided once."""
    inner_folds: Annotated[int, Field(ge=2, le=50)] = 5
    """Folds within each training part, which choose λ."""
    subsamples: Annotated[int, Field(ge=2, le=1000)] = 50
    """Pairs of complementary halves of the rows, for stability selection."""
    splits: Annotated[int, Field(ge=2, le=1000)] = 50
    """Splits into one half that selects columns and one that tests them; used if there are too few rows for one test
    with all columns."""
    shuffles: Annotated[int, Field(ge=0, le=1000)] = 20
    """How often the target is shuffled, to see what would be kept by chance."""
    tolerance: Annotated[float, Field(ge=0, le=1)] = 0.02
    """The share by which an error may be larger and still count as practically as good."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Of intervals. The accepted probability that any column is wrongly called needed is half of 1 less this."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of every split, half and shuffle."""
