"""How old a price may be, and the words for a price that is too old."""

from datetime import datetime, timedelta

from marketpulse.types import AssetClass, Quote, SessionInfo, SessionState

__all__ = ["CADENCE", "ago", "is_stale", "patience", "tape_age"]

CADENCE = {AssetClass.EQUITY: 5.0, AssetClass.INDEX: 5.0, AssetClass.CRYPTO: 4.0}
"""Seconds between two questions about one instrument on a live feed."""

_LEAST = {AssetClass.EQUITY: 60.0, AssetClass.INDEX: 60.0, AssetClass.CRYPTO: 15.0}
_MISSED = 3
_CLOSE_SLACK = timedelta(minutes=5)  # the last trade of a session may come before its bell
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0


def patience(asset_class: AssetClass, speed: float | None) -> float:
    """Return the age in desk seconds beyond which a price is stale.

    Three missed cadences, at least a minute for shares and 15 s for pairs; a replay, where nothing
    is fetched, counts the cadences only and multiplies them with its ``speed`` (None: wall clock).
    """
    missed = _MISSED * CADENCE[asset_class]
    return max(_LEAST[asset_class], missed) if speed is None else missed * speed


def is_stale(quote: Quote, age: float, session: SessionInfo, last_close: datetime, limit: float) -> bool:
    """Tell whether ``quote`` is too old to price an order.

    While the exchange is closed the last session's close is not stale, however old.
    """
    if session.state is SessionState.CLOSED:
        return quote.time < last_close - _CLOSE_SLACK
    return age > limit


def tape_age(quote: Quote, now: datetime, last_close: datetime, opened: datetime) -> float:
    """Return a quote's age in seconds that the tape ran: its clock jumps from a close to the next open."""
    age = (now - quote.time).total_seconds()
    if quote.time <= last_close < opened <= now:
        age -= (opened - last_close).total_seconds()
    return max(0.0, age)


def ago(seconds: float) -> str:
    """Say an age in words.

    Examples
    --------
    >>> ago(42.4), ago(200), ago(7300), ago(200_000)
    ('42 s', '3 min', '2 h', '2 days')
    """
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds // _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds // _HOUR:.0f} h"
    return f"{seconds // _DAY:.0f} days"
