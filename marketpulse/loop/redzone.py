"""The alarm of a headline that has been exceeded too often: while it holds, new sizes are halved.

An episode begins when the newest 250 days of the backtest fall into Basel's red zone and ends when a
later backtest is out of it. Both are events of the ledger, numbered, so that a restart goes on from there.
"""

from marketpulse.clock import Clock
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, write_alert
from marketpulse.storage import Ledger
from marketpulse.types import BacktestView, Event, EventKind, NewEvent
from marketpulse.types.alert import Severity

__all__ = ["RedZone"]

_REF = "headline"
_BEGAN, _ENDED = "red_zone", "red_zone_over"


class RedZone:
    """Remembers whether the headline is in the red zone; only the loop's thread calls it.

    Attributes
    ----------
    on : it is
    """

    def __init__(self, books: Books, ledger: Ledger, clock: Clock) -> None:
        self._books, self._ledger, self._clock = books, ledger, clock
        self._number = 0
        while self._event(_BEGAN, self._number + 1) is not None:
            self._number += 1
        self.on = self._number > 0 and self._event(_ENDED, self._number) is None

    def judge(self, headline: BacktestView) -> None:
        """Take the newest backtest.

        Raises
        ------
        StorageError
            The ledger could not be written; the state stays as it was.
        """
        red = headline.zone == "red"
        if red and not self.on:
            sentence = (
                f"The headline VaR was exceeded on {headline.recent} of the newest 250 days of this book, which is "
                "Basel's red zone: buys above half the usual position are refused until it is left."
            )
            self._write("RED_ZONE", sentence, Severity.HIGH, self._key(_BEGAN, self._number + 1))
            self._number += 1
            self.on = True
        elif self.on and not red:
            began = self._event(_BEGAN, self._number)
            sentence = f"The headline VaR is in the {headline.zone} zone again; usual sizes pass."
            ends = str(began.seq) if began else ""
            self._write("RED_ZONE_OVER", sentence, Severity.LOW, self._key(_ENDED, self._number), ends)
            self.on = False

    def _key(self, what: str, number: int) -> str:
        return f"{what}:{self._books.account}:{number}"

    def _event(self, what: str, number: int) -> Event | None:
        return self._ledger.by_key(self._key(what, number))

    def _write(self, code: str, sentence: str, severity: Severity, key: str, ends: str = "") -> None:
        payload = write_alert(Alert(code, sentence, severity, self._clock.wall(), ends))
        now = self._clock.now()
        self._ledger.append(NewEvent(now, self._books.account, EventKind.ALERT, _REF, payload, key))
