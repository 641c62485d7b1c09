"""What a loss estimate says, which methods there are, and which series cannot be estimated at all."""

from dataclasses import dataclass
from enum import StrEnum
from math import isfinite, nan
from typing import NamedTuple

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["FEWEST", "Estimate", "Method", "Tail", "readable", "unreadable"]

FEWEST = 100
"""Returns below which no loss is estimated."""

_LARGEST = 1e75  # its fourth power is still a number

_HALF = 0.5

_VARIES = 1e-12  # relative to the largest value: below, what varies is rounding


class Method(StrEnum):
    """How a loss is estimated; the headline is the larger of the two GJR estimates."""

    HISTORICAL = "historical"
    NORMAL = "normal"
    CORNISH_FISHER = "cornish_fisher"
    EWMA_T = "ewma_t"
    MONTE_CARLO = "monte_carlo"
    FHS_GJR = "fhs_gjr"
    GJR_SKEWT = "gjr_skewt"
    HEADLINE = "headline"


class Tail(NamedTuple):
    """A value at risk and the expected shortfall beyond it; losses are positive."""

    var: float
    es: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """One number about a loss and what it rests on; ``float()`` of an unknown one is NaN.

    Attributes
    ----------
    value : the loss, positive, in the unit of the returns given; None is unknown
    method : the method that was used, which is not always the one asked for
    n : returns it rests on
    note : the method in words, or why the value is unknown
    error : standard error of a simulated value; None for any other
    """

    value: float | None
    method: Method
    n: int
    note: str
    error: float | None = None

    def __float__(self) -> float:
        return nan if self.value is None else self.value


def unreadable(returns: FloatArray) -> str:
    """Why nothing can be estimated from a series, or an empty text.

    Units
    -----
    ``returns`` in any unit, oldest first.

    NaN rule
    --------
    One value that is not finite makes the whole series unusable: leaving it out would hide a day.

    References
    ----------
    docs/risk.md of this project.

    Examples
    --------
    >>> unreadable(np.array([0.01, np.nan]))
    'unknown: value 2 of 2 is not a finite number'
    """
    if returns.ndim != 1:
        return "unknown: one series of returns is needed"
    bad = np.flatnonzero(~np.isfinite(returns))
    if len(bad):
        return f"unknown: value {bad[0] + 1} of {len(returns)} is not a finite number"
    if len(returns) < FEWEST:
        return f"unknown: {len(returns)} returns, fewer than {FEWEST}"
    largest = float(np.abs(returns).max())
    if largest > _LARGEST:
        return f"unknown: the values are larger than {_LARGEST:g}"
    if float(np.ptp(returns)) <= max(_VARIES * largest, 1.0 / _LARGEST):
        return "unknown: the returns do not vary"
    return ""


def readable(level: float, days: int = 1) -> None:
    """Raise ValueError for a level or a horizon that has no meaning."""
    if not _HALF < level < 1.0:  # NaN fails this too
        raise ValueError(f"A level lies between 0.5 and 1, as 0.99 does, not at {level}.")
    if days < 1 or not isfinite(days) or days != int(days):
        raise ValueError(f"A horizon is a whole number of days from 1, not {days}.")
