"""How long an order lives: a day order to the end of the session it was made for, a gtd order to its time.

What trades around the clock has no close; its day ends at midnight UTC. The next opening or the
closing is written into the intent, so that a restart, or a replay clock that jumps from a close to
the next open, cannot give an order a second day.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from marketpulse.clock import ALWAYS, Clock
from marketpulse.execution.kit import market_time
from marketpulse.portfolio.codec import Intent
from marketpulse.types import Instrument, Order, SessionInfo, SessionState, TimeInForce

__all__ = ["is_over", "limits"]

_SESSION = timedelta(hours=12)  # longer than any session of an exchange that closes, shorter than a day


def limits(
    force: TimeInForce, instrument: Instrument, sessions: Mapping[str, SessionInfo], clock: Clock
) -> tuple[datetime | None, datetime | None]:
    """When the order's session opens and when it closes, as far as that is known now."""
    if force is not TimeInForce.DAY:
        return None, None
    info = sessions.get(instrument.calendar)
    if instrument.calendar == ALWAYS:
        midnight = clock.market(instrument.calendar).replace(hour=0, minute=0, second=0, microsecond=0)
        return None, midnight + timedelta(days=1)
    if info is None:
        return None, None
    return (None, info.changes) if info.state is SessionState.OPEN else (info.changes, None)


def is_over(
    order: Order, intent: Intent, instrument: Instrument, sessions: Mapping[str, SessionInfo], clock: Clock
) -> bool:
    """Tell whether a day order has outlived its session, or a gtd order its time."""
    force, now = order.request.time_in_force, market_time(instrument, clock)
    if force is TimeInForce.GTD:
        return order.request.good_till is not None and now >= order.request.good_till
    if force is not TimeInForce.DAY:
        return False
    if intent.expires is not None:
        return now >= intent.expires
    begins = intent.opens or order.created
    info = sessions.get(instrument.calendar)
    if now < begins or info is None:
        return False
    # Closed again: the next opening is no longer the one the order waits for.
    closed = info.state is SessionState.CLOSED and intent.opens is not None and info.changes != intent.opens
    return closed or now - begins >= _SESSION
