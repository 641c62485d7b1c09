"""What one says without any model: how often it rose so far."""

from collections.abc import Iterable

import numpy as np

from marketpulse.types import Bars

__all__ = ["FIRST_ROW", "base_rate"]

FIRST_ROW = 252
"""Bars before the first one that models are trained on."""


def base_rate(panel: Iterable[Bars], horizon: int, now: int) -> float | None:
    """Share of rises over ``horizon`` bars among those that had ended before ``now``, over all instruments.

    Parameters
    ----------
    panel : adjusted bars
    now : seconds since 1970, of the newest bar

    Returns
    -------
    float or None
        A fraction; None while not one has ended.

    Units
    -----
    A fraction.

    References
    ----------
    The climatological forecast of Murphy (1973), A new vector partition of the probability score,
    estimated on the past only.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> up = np.linspace(1.0, 2.0, 300)
    >>> day = 86_400 * np.arange(300)
    >>> base_rate([Bars("X", Interval.DAY, day, up, up, up, up, up, "t")], 5, int(day[-1]))
    1.0
    """
    rose = known = 0
    for bars in panel:
        close = bars.close[: int(np.searchsorted(bars.time, now, side="left"))]
        before, after = close[FIRST_ROW : len(close) - horizon], close[FIRST_ROW + horizon :]
        good = np.isfinite(before) & np.isfinite(after) & (before > 0.0) & (after > 0.0)
        rose += int(np.count_nonzero((after > before) & good))
        known += int(np.count_nonzero(good))
    return rose / known if known else None
