"""The alarm of a playbook that demands stops: what is held without one for more than a minute.

An episode begins when units of a position have no confirmed stop and ends when all of them have one
again, or nothing is held. Its alert is one event, its end another. Both are numbered by symbol, so
the ledger tells after a restart whether the alarm was given already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from marketpulse.clock import Clock
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, write_alert
from marketpulse.risk.unprotected import unprotected
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, MarketDatum, NewEvent
from marketpulse.types.alert import severity_of

__all__ = ["PATIENCE", "StopWatch"]

PATIENCE = timedelta(seconds=60)
"""How long a position may be without a confirmed stop, by the desk's clock."""

_RECENT = 500
_BARE, _GUARDED = "unprotected", "guarded"


@dataclass(slots=True)
class _Episode:
    """One position without a stop; ``raised``: its alert stands in the ledger."""

    number: int
    since: datetime
    raised: bool
    units: Decimal = Decimal(0)


class StopWatch:
    """Looks once a turn; only the loop's thread calls it.

    Attributes
    ----------
    notes : one sentence for each position whose alarm has been given and still holds
    """

    def __init__(self, books: Books, ledger: Ledger, clock: Clock) -> None:
        self._books = books
        self._ledger = ledger
        self._clock = clock
        self._open: dict[str, _Episode] = {}
        self._looked = False
        self.notes: tuple[str, ...] = ()

    def turn(self, market: Mapping[str, MarketDatum]) -> None:
        """Compare what is held with the stops that rest."""
        now, portfolio = self._clock.now(), self._books.portfolio
        prices = {symbol: datum.quote.price for symbol, datum in market.items()}
        bare = unprotected(portfolio.positions, self._books.open_orders, prices)
        if not self._looked:
            self._resume(bare, now)
            self._looked = True
        for symbol in [s for s in self._open if s not in bare]:
            self._end(symbol, self._open.pop(symbol), now)
        for symbol, units in bare.items():
            episode = self._open.get(symbol)
            if episode is None:
                number = self._number(symbol) + 1
                episode = self._open[symbol] = _Episode(number, now, raised=False)
            episode.units = units
            if not episode.raised and now - episode.since > PATIENCE:
                self._raise(symbol, episode, now)
        self.notes = tuple(
            _sentence(symbol, e.units, portfolio.held(symbol)) for symbol, e in self._open.items() if e.raised
        )

    def _resume(self, bare: dict[str, Decimal], now: datetime) -> None:
        """Take up what the last run had begun, and end what ended while the desk was down."""
        for symbol in self._books.portfolio.positions:
            number = self._number(symbol)
            going = number > 0 and self._ledger.by_key(self._key(_GUARDED, symbol, number)) is None
            episode = _Episode(number if going else number + 1, self._changed(symbol, now), raised=going)
            if symbol in bare:
                self._open[symbol] = episode
            elif going:
                self._end(symbol, episode, now)

    def _changed(self, symbol: str, now: datetime) -> datetime:
        """Since when it has been as it is: an order's last change, or longer than is remembered."""
        moments = [o.updated for o in self._books.newest(_RECENT) if o.request.symbol == symbol]
        return min(max(moments), now) if moments else now - PATIENCE - timedelta(seconds=1)

    def _number(self, symbol: str) -> int:
        """The number of its last alert, 0 before the first: doubled steps up, then halved ones."""
        known = 0
        step = 1
        while self._ledger.by_key(self._key(_BARE, symbol, known + step)) is not None:
            known, step = known + step, step * 2
        while step > 1:
            step //= 2
            if self._ledger.by_key(self._key(_BARE, symbol, known + step)) is not None:
                known += step
        return known

    def _key(self, what: str, symbol: str, number: int) -> str:
        return f"{what}:{self._books.account}:{symbol}:{number}"

    def _raise(self, symbol: str, episode: _Episode, now: datetime) -> None:
        sentence = _sentence(symbol, episode.units, self._books.held(symbol))
        self._write("UNPROTECTED", sentence, symbol, self._key(_BARE, symbol, episode.number), now)
        episode.raised = True

    def _end(self, symbol: str, episode: _Episode, now: datetime) -> None:
        if episode.raised:
            held = self._books.held(symbol)
            sentence = f"{symbol} has a confirmed stop again." if held else f"{symbol} is not held any more."
            self._write("PROTECTED", sentence, symbol, self._key(_GUARDED, symbol, episode.number), now)

    def _write(self, code: str, sentence: str, symbol: str, key: str, now: datetime) -> None:
        payload = write_alert(Alert(code, sentence, severity_of(code), self._clock.wall()))
        self._ledger.append(NewEvent(now, self._books.account, EventKind.ALERT, symbol, payload, key))


def _sentence(symbol: str, units: Decimal, held: Decimal) -> str:
    return (
        f"{units.normalize():f} of {held.normalize():f} {symbol} have had no confirmed stop for more than "
        f"{PATIENCE.total_seconds():.0f} s, and the playbook demands one."
    )
