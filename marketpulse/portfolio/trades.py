"""Sales as trades that won or lost: what the protections count. Level with the books whenever it is asked."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from marketpulse.portfolio.lots import LotBook
from marketpulse.types import Event, EventKind, LotMethod

__all__ = ["MOST", "Trade", "Trades"]

MOST = 1_000
"""Trades remembered, the newest."""


@dataclass(frozen=True, slots=True)
class Trade:
    """One order that sold, all its fills together.

    Attributes
    ----------
    time : of its last fill, by the desk's clock
    gain : against average cost and after fees, in the instrument's currency
    stopped : a protective stop sold it
    """

    order: str
    symbol: str
    time: datetime
    gain: Decimal
    stopped: bool


class Trades:
    """The last trades of a set of accounts, oldest first; one thread at a time.

    Parameters
    ----------
    stopped : tells of an order's id whether it was a protective stop
    """

    def __init__(self, accounts: tuple[str, ...], stopped: Callable[[str], bool]) -> None:
        self.accounts = accounts
        self.seq = 0
        self._stopped = stopped
        self._lots = LotBook(LotMethod.AVERAGE, keep=0)
        self._trades: deque[Trade] = deque(maxlen=MOST)

    def follow(self, events: Iterable[Event]) -> "Trades":
        """Fold what moved units, oldest first, each once; returns itself."""
        for event in events:
            if event.seq <= self.seq:
                continue
            before = self._gained()
            self._lots.replay((event,))
            self.seq = event.seq
            if (
                event.kind is EventKind.FILL
                and event.account in self.accounts
                and event.payload["side"] == "sell"
            ):
                self._sold(event, self._gained() - before)
        return self

    def _sold(self, event: Event, gain: Decimal) -> None:
        for place in range(len(self._trades) - 1, max(-1, len(self._trades) - 20), -1):
            same = self._trades[place]
            if same.order == event.ref:  # another fill of an order that sells
                self._trades[place] = replace(same, time=event.time, gain=same.gain + gain)
                return
        symbol = str(event.payload["symbol"])
        self._trades.append(Trade(event.ref, symbol, event.time, gain, self._stopped(event.ref)))

    def _gained(self) -> Decimal:
        """What all sales have gained, over all currencies: one event moves one of them."""
        return sum(self._lots.realized.values(), Decimal(0)) - sum(self._lots.fees.values(), Decimal(0))

    @property
    def newest(self) -> tuple[Trade, ...]:
        """The trades that are remembered, oldest first."""
        return tuple(self._trades)
