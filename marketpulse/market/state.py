"""What the market room remembers; a feed writes it, the facade reads it."""

from dataclasses import dataclass, field

from marketpulse.clock import Clock
from marketpulse.market.board import Board
from marketpulse.market.history import History
from marketpulse.market.sessions import Sessions

__all__ = ["State"]


@dataclass(frozen=True, slots=True)
class State:
    """Last good quotes, bars and calendars of one desk, each safe from every thread."""

    clock: Clock
    sessions: Sessions = field(default_factory=Sessions)
    board: Board = field(default_factory=Board)
    history: History = field(default_factory=History)
