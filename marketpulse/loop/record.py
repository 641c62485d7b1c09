"""The account's own record, as the background measures it: its days, its trades, and what was tried for them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from marketpulse.loop.equity import EquityLog, market_day
from marketpulse.loop.rooms import Rooms
from marketpulse.performance import Traded, traded
from marketpulse.risk.currency import factor
from marketpulse.types import AssetClass, EventKind, Rate

__all__ = ["Record", "record"]

_FILLS = 2_000  # executions that are looked at; a record that has more is measured over their days
_YEAR, _COIN_YEAR = 252, 365
_SATURDAY = 5  # a day without a session would make the account look calm
_OTHERS = frozenset(EventKind) - {EventKind.MODEL}


@dataclass(frozen=True, slots=True)
class Record:
    """What the account did.

    Attributes
    ----------
    daily : equity at the end of each day, oldest first; days of sessions only, unless ``always``
    traded : what was bought and sold in the last year of them, base currency
    always : nothing but coins was ever traded on a live feed, so every day counts
    trials : configurations that were tried for the signals, the record itself counted
    """

    daily: tuple[float, ...]
    traded: Traded
    always: bool
    trials: int


def record(rooms: Rooms, equity: EquityLog, rates: Mapping[str, Rate]) -> Record:
    """Gather it; money in another currency is told at today's rate."""
    books, known = rooms.books, rooms.instruments
    ever = [known[symbol] for symbol in books.portfolio.positions if symbol in known]
    always = bool(ever) and rooms.tape is None and all(i.asset_class is AssetClass.CRYPTO for i in ever)
    daily = [row for row in equity.daily() if always or row[0].weekday() < _SATURDAY]
    trials = sum(_tried(event.payload.get("trials")) for event in rooms.ledger.read(without=_OTHERS))
    span = daily[-(_COIN_YEAR if always else _YEAR) :]
    return Record(tuple(worth for _, worth in daily), _traded(rooms, span, rates), always, 1 + trials)


def _traded(rooms: Rooms, span: list[tuple[date, float]], rates: Mapping[str, Rate]) -> Traded:
    """What was bought and sold on these days, or on the newest of them that the kept executions reach."""
    base, fills = rooms.books.currency, rooms.books.last_fills(_FILLS)
    if len(fills) == _FILLS:  # of the first one's day some may be missing
        oldest = market_day(fills[0].time)
        span = [row for row in span if row[0] > oldest]
    moves = (
        (
            market_day(fill.time),
            float(fill.price * fill.quantity)
            * fill.side.sign
            * factor(_currency(rooms, fill.symbol), base, rates),
        )
        for fill in fills
    )
    return traded(moves, span)


def _currency(rooms: Rooms, symbol: str) -> str:
    """What the accounts keep the symbol's money as."""
    instrument = rooms.instruments.get(symbol)
    currency = rooms.books.currency if instrument is None else instrument.currency
    return rooms.books.aliases.get(currency, currency)


def _tried(told: object) -> int:
    return told if isinstance(told, int) and told > 0 else 0
