"""Still figures, one file each: functions from plain arrays to a matplotlib `Figure`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from reportgen.registry import Registry

if TYPE_CHECKING:  # a build whose pictures are all stored does not load matplotlib
    from matplotlib.figure import Figure

figures: Registry[Callable[..., Figure]] = Registry("figure", __name__)
"""Functions from keyword inputs to a figure."""
