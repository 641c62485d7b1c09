"""The day that has lost too much: written down once, so that a restart does not buy on."""

from collections.abc import Mapping
from datetime import date

from marketpulse.clock import Clock
from marketpulse.loop.equity import market_day
from marketpulse.loop.gate import Gate
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, write_alert
from marketpulse.storage import Ledger
from marketpulse.types import EventKind, MarketDatum, NewEvent
from marketpulse.types.alert import Severity

__all__ = ["DayStop"]


class DayStop:
    """Looks once a turn; only the loop's thread calls it.

    The gate refuses buys from the moment the loss is reached, in ``place`` as in a turn. The event says
    so to a later run: until the next day of the market, whatever equity does meanwhile.
    """

    def __init__(self, gate: Gate, books: Books, ledger: Ledger, clock: Clock) -> None:
        self._gate = gate
        self._books = books
        self._ledger = ledger
        self._clock = clock
        self._asked: date | None = None
        self._written: date | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """One sentence while the day is over for buying."""
        over = self._gate.over == market_day(self._clock.now())
        return (
            ("The day's loss has reached its limit: nothing is bought until the next day.",) if over else ()
        )

    def turn(self, market: Mapping[str, MarketDatum]) -> None:
        """Take up what an earlier run wrote of today, and write down what this one has found."""
        now = self._clock.now()
        today = market_day(now)
        key = f"daily_loss:{self._books.account}:{today.isoformat()}"
        if self._asked != today:
            if self._ledger.by_key(key) is not None:
                self._gate.over = self._written = today
            self._asked = today
        day = self._gate.look(market)
        if day.over and self._written != today:
            sentence = (
                f"The day has lost {day.most:.1%} of what it began with: nothing is bought until the next."
            )
            payload = write_alert(Alert("DAILY_LOSS", sentence, Severity.HIGH, self._clock.wall()))
            event = NewEvent(now, self._books.account, EventKind.ALERT, today.isoformat(), payload, key)
            self._ledger.append(event)
            self._written = today
