"""Real data: 1,797 digits written by hand, of 8 × 8 pixels."""

from functools import cache
from typing import Annotated

import numpy as np
from pydantic import Field

from reportgen.datasets import Array, Data, datasets, split, without_outliers
from reportgen.values import checked

_DIGITS = 1797
_PIXELS = 64


@datasets.register("digits")
@checked
class Digits:
    """Digits of 43 people in 8 × 8 pixels of 17 grays, scikit-learn's `load_digits`; an output for each of ten classes.

    Inputs are the pixels, row by row, less their mean and divided by their standard deviation in the training samples;
    a pixel that is white in all of them stays 0. A seed chooses the digits for testing. All seeds share the digits, so
    differences between seeds show the effect of the split, which is less than that of new writers.

    References:
        Alpaydin and Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository 1998.
    """

    task = "classes"
    collected = True

    test_samples: Annotated[int, Field(ge=1, le=_DIGITS - 10)] = 450
    """Number of digits for testing; the others are for training."""

    @property
    def shape(self) -> tuple[int, int]:
        return _PIXELS, 10

    @property
    def training_samples(self) -> int:
        return _DIGITS - self.test_samples

    def draw(self, seed: int) -> Data:
        train, test = split(_DIGITS, self.test_samples, np.random.default_rng([seed, 1]))
        pixels, digits = images()
        # The digits for testing must not influence the training, not even by their mean.
        mean, spread = pixels[train].mean(axis=0), pixels[train].std(axis=0)
        x = (pixels - mean) / np.where(spread > 0, spread, 1.0)
        x[:, spread == 0] = 0.0
        y = np.eye(10)[digits]
        return without_outliers(
            x_train=x[train],
            y_train=y[train],
            x_test=x[test],
            y_test=y[test],
            classes=tuple(str(digit) for digit in range(10)),
        )


@cache
def images() -> tuple[Array, np.ndarray[tuple[int], np.dtype[np.intp]]]:
    """The pixels [1797, 64], from 0 to 16, and the digits [1797]."""
    # The table is a file of scikit-learn, which few builds need: importing it takes a second.
    from sklearn.datasets import load_digits

    pixels, digits = load_digits(return_X_y=True)
    pixels = np.asarray(pixels, np.float64)
    pixels.setflags(write=False)
    return pixels, digits
