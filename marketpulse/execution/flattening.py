"""Flatten: trading is halted, everything that rests is canceled, and what is held is sold until nothing is.

That it goes on stands in the ledger; what is sold next follows from what is held. So it outlives a crash,
and an order that fails is followed by another one, after a wait.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from marketpulse.errors import Refused
from marketpulse.execution.ending import Ender
from marketpulse.execution.journal import DESK
from marketpulse.execution.kin import Deriver, Kin
from marketpulse.execution.kit import Kit
from marketpulse.portfolio.codec import write_halt
from marketpulse.portfolio.desk_codec import write_flatten
from marketpulse.portfolio.families import FLATTEN
from marketpulse.types import (
    OPEN_STATES,
    EventKind,
    Halt,
    Instrument,
    MarketDatum,
    OrderRequest,
    OrderState,
    OrderType,
    SessionState,
    Side,
    TimeInForce,
)

__all__ = ["Flattener", "begin"]

_WORD = "FLATTEN"
_WHY = "all is being sold (flatten)"
_SENTENCE = "All that rests is canceled, for all that is held is being sold."
_WAIT, _LONGEST = 5.0, 300.0  # seconds after a failure, doubled with each


def begin(kit: Kit, ender: Ender, confirm: object) -> Halt:
    """Halt, cancel all that rests, and write down that all is to be sold; ``confirm`` is typed.

    Raises
    ------
    Refused
        ``BAD_CONFIRMATION``.
    StorageError
        The ledger could not be written: orders are refused all the same, but nothing is sold yet.
    """
    if confirm != _WORD:
        raise Refused("BAD_CONFIRMATION", f"Type {_WORD}, in capitals, to sell all that is held.")
    journal = kit.journal
    with journal.lock:
        if journal.books.halt is None:
            journal.stop = journal.stop or Halt(kit.clock.now(), _WHY)
        with journal.holding() as books:
            halted = books.halt is not None and not books.halt.reducing
            if books.families.flatten is None:
                with journal.writing() as draft:
                    if not halted:
                        draft.add(EventKind.HALT, "halt", write_halt(_WHY), account=DESK)
                    draft.add(EventKind.FLATTEN, "flatten", write_flatten(done=False), account=DESK)
                    for order in books.open_orders:
                        ender.want(draft, order, "FLATTENED", _SENTENCE)
                    kit.probe("flatten.appended")
                kit.probe("flatten.committed")
            journal.stop = None
            return books.halt or Halt(kit.clock.now(), _WHY)


class Flattener:
    """Sells what the kit's accounts hold. Only the account's own turn calls it.

    Parameters
    ----------
    instruments : of all accounts: it is over when none of them holds anything
    """

    def __init__(
        self, kit: Kit, ender: Ender, deriver: Deriver, instruments: Mapping[str, Instrument]
    ) -> None:
        self._kit = kit
        self._ender = ender
        self._deriver = deriver
        self._instruments = instruments
        self._alarmed: set[str] = set()

    def turn(self, market: Mapping[str, MarketDatum]) -> None:
        """Take the flatten one step further, if there is one; asks no venue."""
        with self._kit.journal.holding() as books:
            number = books.families.flatten
            if number is None:
                return
            self._cancel()
            for account, instrument, units in list(self._held(market)):
                if account in self._kit.venues and not self._busy(account, instrument.symbol):
                    self._sell(number, account, instrument, units, market.get(instrument.symbol))
            if not books.open_orders and not any(True for _ in self._held(market)):
                with self._kit.journal.writing() as draft:
                    draft.add(EventKind.FLATTEN, "flatten", write_flatten(done=True), account=DESK)

    def _cancel(self) -> None:
        """An order that came to life again, or was on its way: it ends too."""
        books = self._kit.books
        rests = [o for o in self._kit.open_orders if o.role != FLATTEN and self._kept(o.id, o.state)]
        if rests:
            with self._kit.journal.writing() as draft:
                for order in rests:
                    self._ender.want(draft, books.order(order.id) or order, "FLATTENED", _SENTENCE)

    def _kept(self, order_id: str, state: OrderState) -> bool:
        line = self._kit.books.line(order_id)
        return line is not None and not line.unwanted and state is not OrderState.PENDING_CANCEL

    def _held(self, market: Mapping[str, MarketDatum]) -> Iterator[tuple[str, Instrument, Decimal]]:
        """What can be sold: all but what is too little for an order."""
        books = self._kit.books
        for account in books.accounts:
            for symbol, units in books.units(account).items():
                instrument = self._instruments.get(symbol)
                if instrument is None or units <= 0:
                    continue
                whole, datum = instrument.quantity(units), market.get(symbol)
                worth = whole * Decimal(repr(datum.quote.price)) if datum is not None else None
                if whole and (worth is None or worth >= instrument.min_notional):
                    yield account, instrument, whole

    def _busy(self, account: str, symbol: str) -> bool:
        return any(o.account == account and o.request.symbol == symbol for o in self._kit.open_orders)

    def _sell(
        self, number: int, account: str, instrument: Instrument, units: Decimal, datum: MarketDatum | None
    ) -> None:
        if datum is None or datum.stale or datum.disputed or datum.session is not SessionState.OPEN:
            return  # the next turn may have a price
        families, name = self._kit.books.families, f"flatten:{number}:{account}:{instrument.symbol}"
        tried = families.count(name, FLATTEN)
        last = families.last(name, FLATTEN)
        if last is not None and last.state not in OPEN_STATES and not last.filled:
            wait = min(_LONGEST, _WAIT * 2.0 ** min(tried - 1, 16))
            self._alarm(instrument, last.id, last.reasons[0].sentence if last.reasons else "")
            if self._kit.clock.now() - last.updated < timedelta(seconds=wait):
                return
        forces = self._kit.venues[account].broker.capabilities.forces
        force = TimeInForce.GTC if TimeInForce.GTC in forces else TimeInForce.DAY
        request = OrderRequest(
            instrument.symbol,
            Side.SELL,
            OrderType.MARKET,
            units,
            time_in_force=force,
            reduce_only=True,
        )
        kin = Kin(f"{name}:{tried + 1}", None, FLATTEN, account)
        self._deriver.derive(request, kin, datum)

    def _alarm(self, instrument: Instrument, order_id: str, why: str) -> None:
        if order_id in self._alarmed:
            return
        sentence = f"{instrument.symbol} could not be sold; it is tried again. {why}".strip()
        with self._kit.journal.writing() as draft:
            draft.alert("FLATTEN_STUCK", sentence, instrument.symbol, f"alert:flatten:{order_id}")
        self._alarmed.add(order_id)
