"""Who gets a dividend: what was held before the ex-day began, from the same events as the books."""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.codec import read_action, read_external
from marketpulse.types import ActionKind, Event, EventKind

__all__ = ["held_before"]

_ZERO = Decimal(0)


def held_before(moves: Iterable[Event], day: date, zone: tzinfo) -> Decimal:
    """Return the units of one instrument that one account held when ``day`` began.

    A trade belongs to the day it has at its exchange; a split of ``day`` itself counts, since a
    dividend of that day is told for each new share.

    Parameters
    ----------
    moves : its fills, external events and actions, oldest first
    zone : of the exchange
    """
    held = _ZERO
    for event in moves:
        payload: Any = event.payload
        if event.kind is EventKind.ACTION:
            action = read_action(payload)
            if action.kind is ActionKind.SPLIT and action.day <= day:
                held *= action.value
        elif event.kind is EventKind.EXTERNAL:
            row = read_external(payload)
            if _day(row.time or event.time, zone) < day:
                held += row.quantity
        elif _day(datetime.fromisoformat(payload["time"]), zone) < day:
            quantity = Decimal(payload["quantity"])
            held += quantity if payload["side"] == "buy" else -quantity
    return held


def _day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()
