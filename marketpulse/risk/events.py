"""The event gate: nothing more of a share is bought within so many sessions before its earnings. Pure.

A date that is not known never refuses anything: providers leave many out, and guess others. The gate
says what it knows, from whom and how old that is, and a person decides.
"""

from marketpulse.risk.verdict import granted
from marketpulse.types import Check, Side
from marketpulse.types.earnings import Upcoming

__all__ = ["UNKNOWN", "event_gate"]

UNKNOWN = "not known"
"""The value of a gate whose date is not known."""

_CODE, _LABEL = "EVENT", "Event"
_SALE = granted(_CODE, _LABEL, "A sale passes whatever is due.")
_FAR = granted(_CODE, _LABEL, "No earnings are due within the sessions that are kept free.")


def event_gate(upcoming: Upcoming | None, days: int, side: Side = Side.BUY, *, brief: bool = False) -> Check:
    """Tell whether earnings are so near that nothing more is bought; an unknown date lets it pass.

    Parameters
    ----------
    days : sessions before the earnings in which nothing more is bought, their own day always among
        them; 0 is off
    brief : leave the numbers out where it passes
    """
    if side is Side.SELL:
        return _SALE
    if upcoming is None:
        return _FAR
    day, left = upcoming.day, upcoming.sessions
    if day is None or left is None:
        why = upcoming.why or "No provider has told when earnings are due."
        return Check(_CODE, _LABEL, passed=True, sentence=f"{why} That refuses nothing.", value=UNKNOWN)
    passed = not 0 <= left <= days or days <= 0
    if passed and brief:
        return _FAR
    guess = ", an estimate" if upcoming.estimated else ""
    told = f"Earnings are due on {day.isoformat()} ({upcoming.source}{guess}, {upcoming.age})"
    sessions = f"{left} session{'' if left == 1 else 's'}"
    away = "in the present or next session" if left == 0 else f"in {sessions}"
    if days <= 0:
        sentence = f"{told}, {away}; no session before them is kept free (MARKETPULSE_EVENT_DAYS)."
    elif passed:
        sentence = f"{told}, {away}, more than the {days} in which nothing is bought."
    else:
        sentence = f"{told}, {away}: nothing more is bought until they are out. Sales pass."
    limit = f"more than {days}" if days > 0 else "off"
    return Check(_CODE, _LABEL, passed, sentence, sessions, limit)
