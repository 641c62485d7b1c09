"""Alpaca: shares listed in the United States, on a paper or a live account.

Each order carries our client id, which the venue keeps unique, so an order whose answer was lost is found by
it. The client package is used for its address, its headers and its one request; what it would add (models
that read numbers through float, four tries in nine seconds) is left out.

Fees: the venue takes no commission; what regulators take is a later activity of its own and not in a fill.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any
from warnings import filterwarnings

from marketpulse.brokers.alpaca_words import Absent, Taken, of_cancel, of_order, of_question
from marketpulse.brokers.offered import given_up, offered
from marketpulse.brokers.web import decimal, harden, listed, moment, price, spoken, text
from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Uncertain
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import (
    AssetClass,
    Fill,
    Instrument,
    OrderRequest,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
)

__all__ = ["AlpacaBroker"]

_NAME = "alpaca"
_TIMEOUT = 10.0  # seconds for one request
_GRACE = 60.0  # seconds; well beyond our own patience and the venue's
_CALENDARS = frozenset({"XNYS", "XNAS", "NYSE", "NASDAQ"})
_OPEN = 500  # resting orders in one answer, the venue's most
_PAGE = 100  # executions in one answer, the venue's most
_PAGES = 200
_OWNERS = 20_000  # orders whose client id is remembered
_SECOND = timedelta(seconds=1)
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_TYPES = {
    OrderType.MARKET: "market",
    OrderType.LIMIT: "limit",
    OrderType.STOP: "stop",
    OrderType.STOP_LIMIT: "stop_limit",
    OrderType.TRAILING_STOP: "trailing_stop",
}
_SHOWN = {word: kind for kind, word in _TYPES.items()}
_FORCES = {
    TimeInForce.DAY: "day",
    TimeInForce.GTC: "gtc",
    TimeInForce.IOC: "ioc",
    TimeInForce.FOK: "fok",
    TimeInForce.GTD: "gtc",  # the desk ends it
}
_AT_ONCE = frozenset({"ioc", "fok"})
_SIDES = {"buy": Side.BUY, "sell": Side.SELL, "sell_short": Side.SELL}
_ENDS = {
    "filled": OrderState.FILLED,
    "canceled": OrderState.CANCELED,
    "expired": OrderState.EXPIRED,
    "rejected": OrderState.REJECTED,
    "replaced": OrderState.CANCELED,  # by an order that is not ours
}
_REASONS = {
    "rejected": ("VENUE_REFUSED", "Alpaca refused the order after it had taken it; Alpaca itself shows why."),
    "replaced": ("REPLACED", "The order was replaced at Alpaca by another one, not by this desk."),
}


@cache
def _package() -> Any:
    """Import the package; returns its part on trading."""
    # It imports a part of websockets that is to go away; nothing of it is used here.
    filterwarnings("ignore", category=DeprecationWarning, module=r"^websockets\.legacy")
    import alpaca.trading.client  # noqa: PLC0415 (lazy: only a live account pays for the package)

    return alpaca.trading


class AlpacaBroker:
    """An account at Alpaca. Blocks; raises Rejected, Uncertain, Throttled and AuthExpired only.

    Parameters
    ----------
    clock : the desk's
    key, secret : of a live account where ``live`` is true, else of a paper account
    live : whether it moves real money; it decides which of the venue's two addresses is spoken to
    prepare : takes the HTTP session before its first use
    """

    def __init__(
        self,
        clock: Clock,
        key: str,
        secret: str,
        *,
        live: bool,
        prepare: Callable[[Any], None] = lambda _: None,
    ) -> None:
        self._clock = clock
        self._keys = (key, secret)
        self._live = live
        self._prepare = prepare
        self._vendor: Any = None
        self._owners: dict[str, str] = {}  # the venue's id of an order -> the client id

    @property
    def name(self) -> str:
        """``alpaca``."""
        return _NAME

    @property
    def capabilities(self) -> BrokerCapabilities:
        """Every kind of order but the take-profit, in shares.

        What the venue calls replacing makes a new order with a new number, so nothing is changed in place.
        """
        return BrokerCapabilities(
            types=frozenset(_TYPES),
            asset_classes=frozenset({AssetClass.EQUITY}),
            grace=_GRACE,
            live=self._live,
            forces=frozenset(_FORCES),
        )

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once; a client id the venue has already is that order."""
        offered("Alpaca", self.capabilities, request)
        body = _body(client_id, instrument, request)
        try:
            answer = spoken(lambda: self._client().post("/orders", body), of_order)
        except Taken:
            return self._there(OrderRef(client_id, None, instrument))
        view = self._view(answer, instrument)
        if view.ref.client_id != client_id:
            raise Uncertain("alpaca: the answer is about another order")
        if view.state is OrderState.REJECTED and not view.filled_quantity:
            raise Rejected(view.code, view.sentence)
        return self._ack(view)

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel; one that has ended, or was never there, is left as it is."""
        venue_id = ref.venue_id
        if venue_id is None:
            view = self.find(ref)
            venue_id = view.ref.venue_id if view is not None else None
        if venue_id is None:
            return
        path = f"/orders/{_safe(venue_id)}"
        try:
            spoken(lambda: self._client().delete(path), of_cancel)
        except Absent:
            return  # what became of it, ``find`` and ``fills`` tell

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Refuse: it amends nothing in place."""
        del ref, terms
        raise Rejected("NOT_OFFERED", f"{self.name} does not change an order in place.")

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Look the order up by our client id."""
        try:
            answer = self._ask("/orders:by_client_order_id", {"client_order_id": ref.client_id})
        except Absent:
            return None
        view = self._view(answer, ref.instrument)
        if view.ref.client_id != ref.client_id:
            raise Uncertain("alpaca: the answer is about another order")
        return view

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests, ours or not; Uncertain when one answer cannot hold them."""
        wanted = _spelled(instruments)
        if not wanted:
            return []
        wish = {"status": "open", "limit": _OPEN, "nested": "false", "symbols": ",".join(wanted)}
        found = listed(self._ask("/orders", wish), _NAME)
        if len(found) >= _OPEN:
            raise Uncertain("alpaca: it shows more open orders than one answer holds")
        named = [(wanted.get(text(order, "symbol", _NAME)), order) for order in found]
        views = [self._view(order, instrument) for instrument, order in named if instrument is not None]
        return [view for view in views if view.state not in _ENDS.values()]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Executions from ``since`` on, under the venue's own ids, oldest first."""
        wanted = _spelled(instruments)
        found = []
        for record in self._executions(since) if wanted else ():
            instrument = wanted.get(text(record, "symbol", _NAME))
            time = moment(record, "transaction_time", _NAME)
            if instrument is not None and time >= since:
                found.append(self._fill(record, instrument, time))
        return found

    def account(self) -> AccountState:
        """Cash as settled and unsettled together, and units held, short ones negative."""
        answer = self._ask("/account", {})
        held = listed(self._ask("/positions", {}), _NAME)
        cash = {text(answer, "currency", _NAME): decimal(answer, "cash", _NAME)}
        units = {text(p, "symbol", _NAME).replace(".", "-"): _signed(p) for p in held}
        return AccountState(text(answer, "account_number", _NAME), cash, units)

    def _there(self, ref: OrderRef) -> Ack:
        """Acknowledge an order the venue said it has already; nothing was sent by saying so."""
        try:
            view = self.find(ref)
        except BrokerError:
            view = None  # also when throttled: the order is there, and must not count as turned away
        if view is None:
            raise Uncertain("alpaca: it has an order of this client id, but does not show it")
        return self._ack(view)

    def _ack(self, view: VenueOrder) -> Ack:
        return Ack(view.ref.client_id, view.ref.venue_id or "", self._clock.now())

    def _view(self, order: Any, instrument: Instrument) -> VenueOrder:
        venue_id, client_id = _safe(text(order, "id", _NAME)), text(order, "client_order_id", _NAME)
        if text(order, "symbol", _NAME) != _spelling(instrument):
            raise Uncertain("alpaca: the answer is about another share")
        self._remember(venue_id, client_id)
        filled = decimal(order, "filled_qty", _NAME)
        # An order by value, which this desk never places, has no quantity.
        quantity = decimal(order, "qty", _NAME) if order.get("qty") is not None else filled
        status = text(order, "status", _NAME)
        # A word we do not know may still trade, so it rests.
        rests = OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED
        state, at_once = _ENDS.get(status, rests), order.get("time_in_force") in _AT_ONCE
        code, sentence = _REASONS.get(status) or given_up(state, at_once=at_once)
        return VenueOrder(
            ref=OrderRef(client_id, venue_id, instrument),
            state=state,
            quantity=quantity,
            filled_quantity=filled,
            code=code,
            sentence=sentence,
            side=_SIDES.get(str(order.get("side"))),
            type=_SHOWN.get(str(order.get("type"))),
            limit_price=price(order, "limit_price", _NAME),
            stop_price=price(order, "stop_price", _NAME),
        )

    def _executions(self, since: datetime) -> list[Any]:
        """Turn the pages of the account's activities."""
        # Asked from a little earlier, since the venue leaves out the moment itself.
        wish = {"after": f"{since.astimezone(UTC) - _SECOND:%Y-%m-%dT%H:%M:%SZ}", "direction": "asc"}
        found: dict[str, Any] = {}
        for _ in range(_PAGES):
            page = listed(self._ask("/account/activities/FILL", {**wish, "page_size": str(_PAGE)}), _NAME)
            known = len(found)
            found |= {text(record, "id", _NAME): record for record in page}
            if len(page) < _PAGE:
                return [r for r in found.values() if r.get("activity_type") == "FILL"]
            if len(found) == known:
                break  # the same page again
            wish["page_token"] = text(page[-1], "id", _NAME)
        raise Uncertain("alpaca: the list of executions has no end")

    def _fill(self, record: Any, instrument: Instrument, time: datetime) -> Fill:
        side = _SIDES.get(text(record, "side", _NAME))
        if side is None:
            raise Uncertain("alpaca: an execution is neither a buy nor a sale")
        return Fill(
            venue=_NAME,
            trade_id=text(record, "id", _NAME),
            client_order_id=self._owner(_safe(text(record, "order_id", _NAME)), time),
            symbol=instrument.symbol,
            side=side,
            quantity=decimal(record, "qty", _NAME),
            price=decimal(record, "price", _NAME),
            fee=Decimal(0),
            time=time,
        )

    def _owner(self, venue_id: str, time: datetime) -> str:
        """Return the client id of an order; executions name the venue's id only."""
        if venue_id not in self._owners:
            try:
                answer = self._ask(f"/orders/{venue_id}", {})
                self._remember(venue_id, text(answer, "client_order_id", _NAME))
            except Absent:
                if (self._clock.now() - time).total_seconds() < _GRACE:
                    # It may be ours: without its name it would be taken for somebody else's.
                    raise Uncertain("alpaca: the order of an execution is not shown yet") from None
                self._remember(venue_id, f"alpaca-{venue_id}")
        return self._owners[venue_id]

    def _remember(self, venue_id: str, client_id: str) -> None:
        if len(self._owners) >= _OWNERS:
            self._owners.clear()  # they are asked for again
        self._owners[venue_id] = client_id

    def _ask(self, path: str, wish: dict[str, Any]) -> Any:
        return spoken(lambda: self._client().get(path, wish), of_question)

    def _client(self) -> Any:
        """Make the client at the first use."""
        if not all(self._keys):
            raise AuthExpired("alpaca: no key is set")
        if self._vendor is None:
            vendor = _package().client.TradingClient(*self._keys, paper=not self._live, raw_data=True)
            # The package offers no way to say it. It would send an order four times in 9 s.
            vendor._retry, vendor._retry_codes = 0, []  # noqa: SLF001 (as said above)
            harden(vendor._session, _TIMEOUT)  # noqa: SLF001 (as above)
            self._prepare(vendor._session)  # noqa: SLF001 (as above)
            self._vendor = vendor
        return self._vendor


def _body(client_id: str, instrument: Instrument, request: OrderRequest) -> dict[str, str]:
    """Write the order in the venue's words, its numbers as text."""
    if not _known(instrument):
        raise Rejected("NOT_TRADABLE", f"{instrument.symbol} is no share that Alpaca trades.")
    if request.activation_price is not None:
        raise Rejected("TRAIL", "Alpaca follows from the start: leave activation_price out.")
    whole = request.quantity == request.quantity.to_integral_value()
    waits = request.time_in_force is not TimeInForce.DAY or request.type is OrderType.TRAILING_STOP
    if waits and not whole:
        sentence = "Alpaca trades parts of a share in day orders only, and not in trailing stops."
        raise Rejected("INVALID_QUANTITY", sentence)
    body = {
        "symbol": _spelling(instrument),
        "qty": f"{request.quantity:f}",
        "side": request.side.value,
        "type": _TYPES[request.type],
        "time_in_force": _FORCES[request.time_in_force],
        "client_order_id": client_id,
    }
    prices = {
        "limit_price": request.limit_price,
        "stop_price": request.stop_price,
        "trail_price": request.trail_amount,
        "trail_percent": request.trail_percent,
    }
    return body | {key: f"{amount:f}" for key, amount in prices.items() if amount is not None}


def _known(instrument: Instrument) -> bool:
    equity = instrument.asset_class is AssetClass.EQUITY
    return equity and instrument.calendar in _CALENDARS and instrument.currency == "USD"


def _spelling(instrument: Instrument) -> str:
    """Return the venue's symbol: ``BRK.B`` for our ``BRK-B``."""
    return instrument.symbol.replace("-", ".")


def _spelled(instruments: Iterable[Instrument]) -> dict[str, Instrument]:
    return {_spelling(i): i for i in instruments if _known(i)}


def _signed(position: Any) -> Decimal:
    units = decimal(position, "qty", _NAME)
    return -abs(units) if position.get("side") == "short" else units


def _safe(venue_id: str) -> str:
    """Return an id that may stand in an address."""
    if not _ID.fullmatch(venue_id):
        raise Uncertain("alpaca: an order's id could not be read")
    return venue_id
