"""Real data: measurements of 442 diabetes patients, and the progression of the disease after a year."""

from functools import cache
from importlib import resources
from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, split, without_outliers
from reportgen.values import checked

INPUTS = ("age", "sex", "bmi", "bp", "tc", "ldl", "hdl", "tch", "ltg", "glu")
"""Age in years, sex (1 or 2), body mass index, mean blood pressure, and six measurements of the blood serum."""
_PATIENTS = 442


@datasets.register("diabetes")
@checked
class Diabetes:
    """Disease progression of 442 patients after one year, from ten measurements at its beginning.

    Inputs and target are standardized by the mean and the standard deviation of the training samples. A seed chooses
    the patients for testing. All seeds share the patients, so differences between seeds show the effect of the split,
    which is less than that of new patients.

    References:
        Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, Annals of Statistics 2004.
    """

    test_samples: Annotated[int, Field(ge=1, le=_PATIENTS - 2)] = 110
    """Number of patients for testing; the others are for training."""

    @property
    def shape(self) -> tuple[int, int]:
        return len(INPUTS), 1

    @property
    def training_samples(self) -> int:
        return _PATIENTS - self.test_samples

    def draw(self, seed: int) -> Data:
        train, test = split(_PATIENTS, self.test_samples, np.random.default_rng([seed, 1]))
        patients = measurements()
        # The patients for testing must not influence the training, not even by their mean.
        scaled = (patients - patients[train].mean(axis=0)) / patients[train].std(axis=0)
        return without_outliers(
            x_train=scaled[train, :-1],
            y_train=scaled[train, -1:],
            x_test=scaled[test, :-1],
            y_test=scaled[test, -1:],
        )


@cache
def measurements() -> Array:
    """One row for each patient, in the units of the study: the inputs, then the progression."""
    with (resources.files("reportgen.datasets") / "diabetes.csv").open("rb") as file:
        table: Array = np.loadtxt(file, delimiter=",", skiprows=1)
    table.setflags(write=False)
    return table
