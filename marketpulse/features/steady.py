"""The same number whatever unit a price came in: what models are trained on and asked about."""

from dataclasses import replace

import numpy as np

from marketpulse.features.around import sound_rows
from marketpulse.types import Bars, FloatArray

__all__ = ["plain", "steady"]

_KEPT_BITS = 2.0**32
_DIGITS = 9


def plain(bars: Bars) -> Bars:
    """Prices as multiples of the first sound close, to 32 bits."""
    good = sound_rows(bars)
    first = int(good.argmax()) if len(good) and not good[0] else 0
    if not good[first : first + 1].any():
        return bars
    unit = float(bars.close[first])
    prices = np.concatenate((bars.open, bars.high, bars.low, bars.close)) / unit
    opened, high, low, close = _rounded(prices).reshape(4, -1)
    return replace(bars, open=opened, high=high, low=low, close=close)


def steady(values: FloatArray) -> FloatArray:
    """Features with what differs by rounding alone rounded away, so that it cannot flip a tree.

    Units
    -----
    As they come.

    References
    ----------
    IEEE 754 binary32; docs/models.md of this project.

    Examples
    --------
    >>> steady(np.array([0.1 + 0.2])) == steady(np.array([0.3]))
    array([ True])
    """
    return np.asarray(np.round(values, _DIGITS).astype(np.float32).astype(np.float64))


def _rounded(values: FloatArray) -> FloatArray:
    part, power = np.frexp(values)
    return np.asarray(np.ldexp(np.round(part * _KEPT_BITS) / _KEPT_BITS, power))
