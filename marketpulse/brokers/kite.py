"""Zerodha's Kite: shares on the National Stock Exchange of India, for delivery (product CNC), in rupees.

The venue keeps no client id. Ours goes along as the order's ``tag``, a label that the venue neither checks nor
searches by, so nothing at the venue stops a second order: the order book is read before each order, an order
leaves only if its tag is not there, and whatever was not clearly answered is looked up by its tag.

An answer of 200 says that Kite has the order, not that the exchange took it: the state comes from the order book.
That book lives one day. The venue has no sandbox, so this adapter always moves real money.

Fees: taxes and charges of a trade are not told with it; fills carry none.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketpulse.brokers.kite_login import INDIA, KiteSession, kite_client
from marketpulse.brokers.kite_words import Absent, of_cancel, of_order, of_question, reason
from marketpulse.brokers.web import decimal, listed, spoken, text
from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled, Uncertain
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

__all__ = ["KiteBroker"]

_NAME = "kite"
_GRACE = 120.0  # seconds; well beyond our own patience and the venue's
_BLIND = 2.0  # seconds until the next try when the order book could not be read before an order
_VARIETY, _EXCHANGE, _PRODUCT = "regular", "NSE", "CNC"
_SUFFIX = ".NS"  # of the desk's symbols, since plain INFY is another share, in New York
_PROTECTION = -1  # the venue's own choice; without it a market or stop-market order is refused
_SECOND = timedelta(seconds=1)
_OURS = re.compile(r"MP[0-9A-Z]{18}")  # twenty characters, the most a tag may have
_ID = re.compile(r"[0-9A-Za-z]{1,40}")
_TYPES = {OrderType.MARKET: "MARKET", OrderType.LIMIT: "LIMIT", OrderType.STOP: "SL-M"}
_SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_ENDS = {
    "COMPLETE": OrderState.FILLED,
    "CANCELLED": OrderState.CANCELED,
    "CANCELLED AMO": OrderState.CANCELED,
    "LAPSED": OrderState.EXPIRED,
    "REJECTED": OrderState.REJECTED,
}


class KiteBroker:
    """An account at Zerodha. Blocks; raises Rejected, Uncertain, Throttled and AuthExpired only.

    Parameters
    ----------
    clock : the desk's
    session : today's login, from ``KiteLogin``
    prepare : takes the HTTP session before its first use
    """

    def __init__(
        self, clock: Clock, session: KiteSession, *, prepare: Callable[[Any], None] = lambda _: None
    ) -> None:
        self._clock = clock
        self._prepare = prepare
        self._session = session
        self._vendor: Any = None
        self._days: dict[str, date] = {}  # our client ids that were sent or seen, and their day in India
        self._tags: dict[str, str] = {}  # the venue's id of an order -> its client id

    @property
    def name(self) -> str:
        """``kite``."""
        return _NAME

    @property
    def capabilities(self) -> BrokerCapabilities:
        """Market, limit and stop orders in shares, with real money."""
        return BrokerCapabilities(frozenset(_TYPES), frozenset({AssetClass.EQUITY}), _GRACE, live=True)

    def renew(self, session: KiteSession) -> None:
        """Go on with a new login; what is known of today's orders stays."""
        if session.user_id != self._session.user_id:
            raise AuthExpired("kite: this login is of another account")
        self._session, self._vendor = session, None

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once; a tag that stands in the order book already is that order."""
        fields = _fields(client_id, instrument, request)
        view = self._before(OrderRef(client_id, None, instrument))
        if view is None:
            self._days[client_id] = self._today()
            try:
                answer = spoken(lambda: self._client().place_order(**fields), of_order)
            except (Rejected, Throttled, AuthExpired):
                del self._days[client_id]  # it is not there for certain
                raise
            venue_id = _safe(answer)
            self._tags[venue_id] = client_id
            view = self._after(OrderRef(client_id, venue_id, instrument))
            if view is None:
                return Ack(client_id, venue_id, self._clock.now())
        if view.state is OrderState.REJECTED and not view.filled_quantity:
            raise Rejected(view.code, view.sentence)
        return Ack(client_id, view.ref.venue_id or "", self._clock.now())

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel; one that has ended, or was never there, is left as it is."""
        venue_id = ref.venue_id
        if venue_id is None:
            view = self.find(ref)
            venue_id = view.ref.venue_id if view is not None else None
        if venue_id is None:
            return
        order_id = _safe(venue_id)
        try:
            spoken(lambda: self._client().cancel_order(_VARIETY, order_id), of_cancel)
        except Absent:
            return  # what became of it, ``find`` and ``fills`` tell

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Refuse: it amends nothing in place."""
        del ref, terms
        raise Rejected("NOT_OFFERED", f"{self.name} does not change an order in place.")

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Scan today's order book for our tag.

        Raises
        ------
        Uncertain
            Also for an order that the venue had (it has the venue's number, or this process sent or saw it
            on an earlier day): the book drops nothing within its day, so this one is older and may have traded.
        """
        view = self._scan(ref)
        older = self._days.get(ref.client_id, self._today()) != self._today()
        if view is None and (older or ref.venue_id is not None):
            raise Uncertain(
                "kite: it shows today's orders only, and this one is older; see Zerodha's Console"
            )
        return view

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests, ours or not."""
        wanted = _spelled(instruments)
        named = [(wanted.get(_place_of(row)), row) for row in self._book()] if wanted else []
        views = [self._view(row, instrument) for instrument, row in named if instrument is not None]
        return [view for view in views if view.state not in _ENDS.values()]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Today's executions from ``since`` on, oldest first."""
        wanted = _spelled(instruments)
        rows = self._ask(lambda: self._client().trades()) if wanted else []
        found = []
        for row in rows:
            instrument, time = wanted.get(_place_of(row)), _moment(row)
            # The venue tells whole seconds: one from the second that had begun is not left out.
            if instrument is not None and time > since - _SECOND:
                found.append(self._fill(row, instrument, time))
        return sorted(found, key=lambda fill: (fill.time, fill.trade_id))

    def account(self) -> AccountState:
        """Money free for trading, and units: those of earlier days with today's trades added."""
        margins = spoken(lambda: self._client().margins("equity"), of_question)
        available = margins.get("available") if isinstance(margins, dict) else None
        positions = spoken(lambda: self._client().positions(), of_question)
        net = positions.get("net") if isinstance(positions, dict) else None
        units: dict[str, Decimal] = {}
        for row in self._ask(lambda: self._client().holdings()):
            _count(units, row, decimal(row, "quantity", _NAME) + decimal(row, "t1_quantity", _NAME))
        for row in listed(net, _NAME):
            _count(units, row, decimal(row, "quantity", _NAME))
        cash = {"INR": decimal(available, "live_balance", _NAME)}
        return AccountState(self._session.user_id, cash, {s: n for s, n in units.items() if n})

    def _before(self, ref: OrderRef) -> VenueOrder | None:
        """Look whether the order is there already; without that look nothing is sent."""
        sent = ref.client_id in self._days
        try:
            view = self._scan(ref)
        except (Uncertain, Throttled, AuthExpired) as error:
            if sent:
                raise Uncertain(
                    "kite: the order was sent before, and the order book cannot be read"
                ) from None
            if isinstance(error, Uncertain):
                text = "kite: not sent, since the order book could not be read first"
                raise Throttled(text, _BLIND) from None
            raise
        if view is None and sent:
            raise Uncertain("kite: the order was sent before and is not shown yet")
        return view

    def _after(self, ref: OrderRef) -> VenueOrder | None:
        """Look what the exchange made of an order that Kite has; silence says nothing."""
        try:
            return self._scan(ref)
        except BrokerError:
            return None

    def _scan(self, ref: OrderRef) -> VenueOrder | None:
        book = self._book()
        rows = [row for row in book if _tag(row) == ref.client_id]
        if len(rows) > 1:
            rows = [row for row in rows if row.get("order_id") == ref.venue_id]
            if len(rows) != 1:
                raise Uncertain("kite: several orders carry this tag")
        if not rows and ref.venue_id is not None:
            rows = [row for row in book if row.get("order_id") == ref.venue_id]
        if not rows:
            return None
        if _elsewhere(rows[0], ref.instrument):
            raise Uncertain("kite: the order of this tag is in another share")
        view = self._view(rows[0], ref.instrument)
        if view.ref.client_id != ref.client_id:
            raise Uncertain("kite: the order of this number carries another tag")
        return view

    def _view(self, row: Any, instrument: Instrument) -> VenueOrder:
        venue_id = _safe(row.get("order_id"))
        client_id = self._tags[venue_id] = _client_id(row, venue_id)
        if _OURS.fullmatch(client_id):
            self._days.setdefault(client_id, self._today())
        quantity, filled = decimal(row, "quantity", _NAME), decimal(row, "filled_quantity", _NAME)
        # Every other word is a step on the way, and what is on the way may trade.
        rests = OrderState.PARTIALLY_FILLED if filled else OrderState.ACCEPTED
        state, code, sentence = _ENDS.get(text(row, "status", _NAME), rests), "", ""
        if state is OrderState.REJECTED:
            told = reason(str(row.get("status_message") or row.get("status_message_raw") or ""))
            code, sentence = told.code, told.sentence
        return VenueOrder(OrderRef(client_id, venue_id, instrument), state, quantity, filled, code, sentence)

    def _fill(self, row: Any, instrument: Instrument, time: datetime) -> Fill:
        side = _SIDES.get(text(row, "transaction_type", _NAME))
        if side is None:
            raise Uncertain("kite: an execution is neither a buy nor a sale")
        order_id = _safe(row.get("order_id"))
        # The exchange counts trades anew each day and for each of its machines.
        trade_id = f"{time.astimezone(INDIA):%Y%m%d}-{order_id}-{_safe(row.get('trade_id'))}"
        return Fill(
            venue=_NAME,
            trade_id=trade_id,
            client_order_id=self._owner(order_id),
            symbol=instrument.symbol,
            side=side,
            quantity=decimal(row, "quantity", _NAME),
            price=decimal(row, "average_price", _NAME),
            fee=Decimal(0),
            time=time,
        )

    def _owner(self, order_id: str) -> str:
        """Return the client id of an order; executions name the venue's id only."""
        if order_id not in self._tags:
            for row in self._book():
                venue_id = _safe(row.get("order_id"))
                self._tags[venue_id] = _client_id(row, venue_id)
        return self._tags.setdefault(order_id, f"kite-{order_id}")

    def _today(self) -> date:
        return self._clock.now().astimezone(INDIA).date()

    def _book(self) -> list[Any]:
        return self._ask(lambda: self._client().orders())

    def _ask(self, call: Callable[[], Any]) -> list[Any]:
        """Return the rows of an answer."""
        rows = listed(spoken(call, of_question), _NAME)
        if not all(isinstance(row, dict) for row in rows):
            raise Uncertain("kite: the answer had an unexpected shape")
        return rows

    def _client(self) -> Any:
        """Make the client at the first use after a login."""
        if self._vendor is None:
            session = self._session
            self._vendor = kite_client(session.api_key, session.access_token, self._prepare)
        return self._vendor


def _fields(client_id: str, instrument: Instrument, request: OrderRequest) -> dict[str, Any]:
    """Write the order in the venue's words, its numbers as text."""
    if not _known(instrument):
        raise Rejected("NOT_TRADABLE", f"{instrument.symbol} is no share that Kite trades on the NSE.")
    kind = _TYPES.get(request.type)
    if kind is None:
        raise Rejected("ORDER_TYPE", f"This desk does not place {request.type} orders at Kite.")
    if request.time_in_force is not TimeInForce.DAY:
        raise Rejected("TIME_IN_FORCE", "Kite keeps an order for its day only: place it as a day order.")
    if request.quantity != request.quantity.to_integral_value():
        raise Rejected("INVALID_QUANTITY", "Kite trades whole shares only.")
    if not _OURS.fullmatch(client_id):
        raise Rejected("CLIENT_ID", "The order's name does not fit into Kite's tag.")
    fields: dict[str, Any] = {
        "variety": _VARIETY,
        "exchange": _EXCHANGE,
        "tradingsymbol": _spelling(instrument),
        "transaction_type": request.side.value.upper(),
        "quantity": f"{request.quantity.to_integral_value():f}",
        "product": _PRODUCT,
        "order_type": kind,
        "validity": "DAY",
        "tag": client_id,
    }
    if request.limit_price is not None:
        return fields | {"price": f"{request.limit_price:f}"}
    if request.stop_price is not None:
        fields["trigger_price"] = f"{request.stop_price:f}"
    return fields | {"market_protection": _PROTECTION}


def _known(instrument: Instrument) -> bool:
    listed_there = instrument.calendar == "XBOM" and instrument.currency == "INR"
    equity = instrument.asset_class is AssetClass.EQUITY
    return equity and listed_there and instrument.symbol.endswith(_SUFFIX)


def _spelling(instrument: Instrument) -> str:
    """Return the venue's symbol: ``INFY`` for our ``INFY.NS``."""
    return instrument.symbol.removesuffix(_SUFFIX)


def _spelled(instruments: Iterable[Instrument]) -> dict[tuple[str, str], Instrument]:
    return {(_EXCHANGE, _spelling(i)): i for i in instruments if _known(i)}


def _place_of(row: Any) -> tuple[str, str]:
    return text(row, "exchange", _NAME), text(row, "tradingsymbol", _NAME)


def _elsewhere(row: Any, instrument: Instrument) -> bool:
    return _place_of(row) != (_EXCHANGE, _spelling(instrument))


def _tag(row: Any) -> str:
    tag = row.get("tag")
    return tag if isinstance(tag, str) else ""


def _client_id(row: Any, venue_id: str) -> str:
    """Return our client id; another program's tag is a label that many orders may share."""
    tag = _tag(row)
    return tag if _OURS.fullmatch(tag) else f"kite-{venue_id}"


def _count(units: dict[str, Decimal], row: Any, more: Decimal) -> None:
    """Add to what is held of a share for delivery, on whichever exchange it was traded."""
    if text(row, "product", _NAME) == _PRODUCT:
        symbol = text(row, "tradingsymbol", _NAME) + _SUFFIX
        units[symbol] = units.get(symbol, Decimal(0)) + more


def _moment(row: Any) -> datetime:
    """Return when the exchange traded; the client gives a time without a zone."""
    told = row.get("exchange_timestamp") or row.get("fill_timestamp")
    if not isinstance(told, datetime) or told.tzinfo is not None:
        raise Uncertain("kite: the time of an execution could not be read")
    return told.replace(tzinfo=INDIA).astimezone(UTC)


def _safe(venue_id: Any) -> str:
    """Return an id that may stand in an address."""
    if not isinstance(venue_id, str) or not _ID.fullmatch(venue_id):
        raise Uncertain("kite: an order's number could not be read")
    return venue_id
