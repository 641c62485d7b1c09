"""How many days the market would need to take a position over, against a limit. Only buys are refused."""

from math import inf, isfinite, nan

import numpy as np

from marketpulse.risk.verdict import granted
from marketpulse.types import Bars, Check

__all__ = ["DAYS", "SHARE", "WINDOW", "liquidity_days", "liquidity_limit", "usual_volume"]

WINDOW = 21
"""Daily bars whose median volume is a usual day's: a month of sessions."""

SHARE = 0.10
"""Part of a usual day's volume that may be ours without moving the price much; an assumption."""

DAYS = 5.0
"""Most days in which a position could be sold, where the setting says nothing else."""

_ROUNDING = 1e-9
_LIQUID = granted("LIQUIDITY_LIMIT", "Days to sell", "The market takes the position over in time.")
_UNREAD = granted(
    "LIQUIDITY_LIMIT",
    "Days to sell",
    "The usual volume is not known before daily bars have been read; that refuses nothing.",
)


def usual_volume(bars: Bars) -> float:
    """Median volume of the newest 21 daily bars.

    Units
    -----
    Units of the instrument a day.

    NaN rule
    --------
    NaN with fewer bars, and where one of them has no volume that is a number.

    References
    ----------
    The median, since a single day of an index change or of results is many usual ones.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> flat = np.ones(21)
    >>> days = np.arange(21) * 86_400
    >>> usual_volume(Bars("X", Interval.DAY, days, flat, flat, flat, flat, np.arange(21.0), "x", True))
    10.0
    """
    last = bars.volume[-WINDOW:]
    if len(last) < WINDOW or not np.isfinite(last).all():
        return nan
    return float(np.median(last))


def liquidity_days(units: float, median: float, share: float = SHARE) -> float:
    """Days in which so many units could be sold.

    Parameters
    ----------
    median : units that are traded on a usual day
    share : part of them that may be ours

    Units
    -----
    Days.

    NaN rule
    --------
    NaN where a number is not known; infinite where nothing is traded.

    References
    ----------
    Days to liquidate at a constant participation rate, as in SEC rule 22e-4 and CESR/10-788.

    Examples
    --------
    5,000 units where 10,000 are traded a day, a tenth of which may be ours:

    >>> liquidity_days(5_000.0, 10_000.0, 0.10)
    5.0
    """
    if not (isfinite(units) and isfinite(median) and median >= 0.0 and 0.0 < share <= 1.0):
        return nan
    if not units:
        return 0.0
    taken = median * share
    return abs(units) / taken if taken > 0.0 else inf


def liquidity_limit(
    symbol: str,
    units: float,
    median: float,
    most: float = DAYS,
    share: float = SHARE,
    *,
    unread: bool = False,
    brief: bool = False,
) -> Check:
    """Compare the days a position needs with the limit.

    Parameters
    ----------
    units : held, with the order and all working buys
    unread : no daily bar of anything has been read since the start, so nothing can be known yet
    brief : leave the numbers out where it passes
    """
    if unread:
        return _UNREAD
    days = liquidity_days(units, median, share)
    passed = days <= most + _ROUNDING
    if passed and brief:
        return _LIQUID
    if isfinite(days):
        verb = "within" if passed else "beyond"
        sentence = (
            f"{symbol} could be sold in {days:.1f} days at {share:.0%} of its usual volume, "
            f"{verb} the {most:g} allowed."
        )
    elif days == inf:
        sentence = f"Nothing is traded of {symbol} on a usual day, so it could not be sold."
    else:
        sentence = f"The usual volume of {symbol} is not known: it needs {WINDOW} daily bars with volume."
    shown = f"{days:.1f} d" if isfinite(days) else "unknown"
    use = days / most if isfinite(days) and most > 0 else None
    return Check("LIQUIDITY_LIMIT", "Days to sell", passed, sentence, shown, f"{most:g} d", use)
