"""Splits and dividends, derived from the ratio of adjusted to raw close.

The adjusted close is the raw close times a factor that changes only on the day an action comes into
force. The factor carries noise, because the file's adjusted closes were rounded to about a cent;
a step counts as an action when it is larger than that noise can explain, and its size is measured
between the means of whole runs of days, which divides the noise by the square root of their length.

Accuracy on the tape, against what the companies announced: every split ratio is exact. A dividend is
within 0.02 % of the share's price, the precision of the file's own factor: half a cent on a share of
25, ten cents on one of 580 (AAPL's three of 2.65 come out as 2.64, 2.75 and 2.57). Dividends smaller
than the noise would be missed; on the tape there are none.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from marketpulse.types import ActionKind, CorporateAction, FloatArray

__all__ = ["derive"]

_ROUNDING = 0.006  # half a cent, and the file's own float noise
_SPLIT_TOLERANCE = 0.02
_LARGEST_DIVIDEND = 0.30  # of the price; beyond it a step is a split
_RUN = 60  # days on each side that are averaged


def _steps(raw: FloatArray, adjusted: FloatArray) -> list[int]:
    """Rows whose factor differs from the row before by more than rounding explains."""
    ratio = np.log(adjusted / raw)
    noise = _ROUNDING / adjusted
    return [int(i) + 1 for i in np.nonzero(np.diff(ratio) > noise[1:] + noise[:-1])[0]]


def _levels(factor: FloatArray, rows: Sequence[int], at: int) -> float:
    """Return the factor before row ``rows[at]`` over the factor after it, from means of runs."""
    row = rows[at]
    start = max(rows[at - 1] if at else 0, row - _RUN)
    end = min(rows[at + 1] if at + 1 < len(rows) else len(factor), row + _RUN)
    return float(np.mean(factor[start:row]) / np.mean(factor[row:end]))


def derive(
    symbol: str, days: Sequence[date], raw: FloatArray, adjusted: FloatArray
) -> tuple[CorporateAction, ...]:
    """Find the splits (near k:1 or 1:k) and dividends behind an adjusted close.

    Parameters
    ----------
    days : trading days, oldest first
    raw, adjusted : closes in the instrument's currency, same length, positive

    Returns
    -------
    tuple of CorporateAction
        Oldest first; a dividend is cash per share, rounded to the cent.

    Examples
    --------
    >>> import numpy as np
    >>> week = [date(2003, 2, d) for d in (12, 13, 14, 18, 19)]
    >>> derive("X", week, np.array([48.0, 48, 48, 24, 24]), np.array([24.0, 24, 24, 24, 24]))[0].value
    Decimal('2')
    """
    rows = _steps(raw, adjusted)
    factor = adjusted / raw
    found = []
    for at, row in enumerate(rows):
        step = _levels(factor, rows, at)
        shares = 1.0 / step
        whole = max(2, round(shares))
        if abs(shares / whole - 1.0) < _SPLIT_TOLERANCE:
            found.append(CorporateAction(symbol, days[row], ActionKind.SPLIT, Decimal(whole)))
        elif 0.0 < 1.0 - step < _LARGEST_DIVIDEND:
            cash = Decimal(repr((1.0 - step) * float(raw[row - 1]))).quantize(Decimal("0.01"))
            found.append(CorporateAction(symbol, days[row], ActionKind.DIVIDEND, cash))
    return tuple(found)
