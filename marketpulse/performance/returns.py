"""From an equity curve to returns, one per session."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["returns", "sessions"]


def returns(equity: Sequence[float] | FloatArray) -> FloatArray:
    """Simple returns between neighbouring values, shape (n - 1,); empty for fewer than two.

    Units
    -----
    Fractions per step of ``equity``.

    NaN rule
    --------
    A value that is not finite and positive makes the returns on both its sides NaN.

    References
    ----------
    Bacon, Practical Portfolio Performance Measurement and Attribution, chapter 2.

    Examples
    --------
    >>> returns([100.0, 110.0, 99.0])
    array([ 0.1, -0.1])
    """
    values = np.asarray(equity, np.float64)
    values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
    return np.asarray(values[1:] / values[:-1] - 1.0, np.float64)


def sessions(curve: Sequence[tuple[datetime, float]], closes: Sequence[datetime]) -> FloatArray:
    """Equity at the end of each session: the last sample at or before each close.

    Sessions before the first sample are left out, as are those that ended after the last one, so
    that an unfinished session does not count. Take sessions of the exchange for an account in
    shares and midnights for one in coins: days without trading would make the account look calm.

    Parameters
    ----------
    curve : (time, equity) samples, aware, oldest first
    closes : ends of sessions, aware, oldest first

    Units
    -----
    The unit of ``curve``.

    NaN rule
    --------
    A NaN sample is taken as any other; it says that equity was not known then.

    References
    ----------
    CFA Institute, Global Investment Performance Standards: values at the end of each period.

    Examples
    --------
    >>> from datetime import UTC
    >>> noon = [datetime(2012, 6, day, 12, tzinfo=UTC) for day in (1, 2, 3)]
    >>> closes = [datetime(2012, 6, day, 20, tzinfo=UTC) for day in (1, 2, 3)]
    >>> sessions([(noon[0], 100.0), (noon[1], 104.0), (noon[2], 103.0)], closes)
    array([100., 104.])
    """
    if not curve:
        return np.empty(0)
    at = np.array([moment.timestamp() for moment, _ in curve])
    value = np.array([equity for _, equity in curve], np.float64)
    end = np.array([moment.timestamp() for moment in closes])
    ended = end[(end >= at[0]) & (end <= at[-1])]
    return np.asarray(value[np.searchsorted(at, ended, side="right") - 1], np.float64)
