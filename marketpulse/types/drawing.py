"""What a chart can show beside its candles, and the lines of one such choice."""

from collections.abc import Mapping
from dataclasses import dataclass

from numpy import int64
from numpy.typing import NDArray

from marketpulse.types.market import FloatArray

__all__ = ["Drawing", "IndicatorOffer"]


@dataclass(frozen=True, slots=True)
class IndicatorOffer:
    """An indicator that can be asked for.

    Attributes
    ----------
    name : what it is asked for by
    words : what a person calls it, with its settings
    below : drawn in a pane of its own; else over the candles, in the currency of the prices
    lines : the names of its lines
    source : who described it first
    """

    name: str
    words: str
    below: bool
    lines: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """The lines of one indicator over the newest bars of an instrument, the forming one last.

    Attributes
    ----------
    time : int64 seconds since 1970 UTC, the opening times of the bars
    lines : float64 by name, one number for each bar; NaN where it cannot be told
    """

    name: str
    time: NDArray[int64]
    lines: Mapping[str, FloatArray]
