"""A protection that holds: what it keeps from being bought, until when, and how it is lifted."""

from dataclasses import dataclass
from datetime import datetime

__all__ = ["Lock"]


@dataclass(frozen=True, slots=True)
class Lock:
    """A protection that refuses buys now; sales always pass.

    Attributes
    ----------
    name : ``COOLDOWN:AAPL``; unique while it holds
    code : ``COOLDOWN``, ``STOP_OUTS``, ``LOSING_SYMBOL``, ``WEEKLY_LOSS`` or ``MAX_DRAWDOWN``
    symbol : what it keeps from being bought; empty: anything
    sentence : why it holds
    since : when what caused it happened, by the desk's clock
    until : when it ends by itself, by the desk's clock; None: it does not
    typed : what must be typed to lift it now
    """

    name: str
    code: str
    symbol: str
    sentence: str
    since: datetime
    until: datetime | None
    typed: str = "UNLOCK"
