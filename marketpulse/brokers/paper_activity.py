"""How much trades now, from the bars that the desk holds: what the paper venue's cap and impact rest on."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from math import isfinite

import numpy as np

from marketpulse.brokers.paper_model import Activity
from marketpulse.clock import ALWAYS
from marketpulse.errors import MarketPulseError, Refused
from marketpulse.risk.costs import liquidity
from marketpulse.types import Bars, Instrument, Interval

__all__ = ["History", "activity"]

History = Callable[[str, Interval, int], Bars]
"""Symbol, interval, how many: the newest bars, the forming one last; may refuse."""

_MINUTE = 60
_OLD = 1800  # seconds after which the last minute bar says nothing of now
_DAYS = 22  # twenty returns, and the forming day
_MINUTES = {"XNYS": 390, "XBOM": 375, ALWAYS: 1440}
_LONGEST = 1440  # of a session that is not known: the longer it is, the less trades in a minute of it


def activity(history: History, instrument: Instrument, now: datetime) -> Activity | None:
    """Return the volume of the minute, and the usual day.

    The minute's volume is that of the forming or of the last minute bar, the larger. Where only daily bars
    exist it is the usual day's, spread evenly over the session: less than what trades near open and
    close, and more than at noon.
    """
    minutes, days = (
        _bars(history, instrument, *asked) for asked in ((Interval.MINUTE, 2), (Interval.DAY, _DAYS))
    )
    usual = liquidity(days) if days is not None and len(days) else None
    stamp = int(now.timestamp())
    if minutes is not None and len(minutes) and stamp - int(minutes.time[-1]) < _OLD:
        return Activity(int(minutes.time[-1]), float(np.max(minutes.volume[-2:])), usual)
    if usual is None or days is None:
        return None
    a_day = usual.adv if isfinite(usual.adv) else float(np.mean(days.volume))
    if not isfinite(a_day):
        return None
    return Activity(stamp - stamp % _MINUTE, a_day / _MINUTES.get(instrument.calendar, _LONGEST), usual)


def _bars(history: History, instrument: Instrument, interval: Interval, count: int) -> Bars | None:
    with suppress(Refused, MarketPulseError):  # nobody offers them
        return history(instrument.symbol, interval, count)
    return None
