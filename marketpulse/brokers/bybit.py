"""Bybit spot through ccxt: orders of crypto pairs from a unified account, real money unless it is the sandbox.

The venue's own endpoints are called through ccxt's signing, so each field is the one that is written
here: a market order names its quantity in the coin, not in what it costs, and the name of an order is ours.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from marketpulse.brokers.bybit_codes import ROWS
from marketpulse.brokers.ccxt_line import Absent, Line, Make, Pair, There, options_of, prepared
from marketpulse.brokers.spot import (
    Execution,
    account_of,
    as_fill,
    exact,
    fitting,
    moment,
    number,
    only,
    rows_of,
    side_of,
    sorted_once,
    text,
)
from marketpulse.clock import Clock
from marketpulse.errors import Rejected, Uncertain
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import AssetClass, Fill, Instrument, OrderRequest, OrderState, OrderType, Side

__all__ = ["BybitBroker"]

_NAME = "bybit"
_GRACE = 30.0  # seconds; a request lives 5 at the venue, the rest is for a slow back end and its history
_SPOT = {"category": "spot"}
_PAGES = 60  # answers to one question
_ORDERS, _TRADES = 50, 100  # rows in one answer, the venue's limits
_WEEK = timedelta(days=7)  # the venue's longest period in one question
_KEPT = timedelta(days=730)  # as long as the venue keeps executions
_STATES = {
    "Created": OrderState.ACCEPTED,
    "New": OrderState.ACCEPTED,
    "Untriggered": OrderState.ACCEPTED,
    "Triggered": OrderState.ACCEPTED,
    "PartiallyFilled": OrderState.PARTIALLY_FILLED,
    "Filled": OrderState.FILLED,
    "Cancelled": OrderState.CANCELED,
    "PartiallyFilledCanceled": OrderState.CANCELED,
    "Deactivated": OrderState.CANCELED,
    "Rejected": OrderState.REJECTED,
}


class BybitBroker:
    """Orders on Bybit spot.

    ``orderLinkId`` is unique at the venue; a name that this object has handed over before is looked
    up before it is handed over again all the same.

    Parameters
    ----------
    instruments : what can be traded; a coin that one of them stands for is a position
    sandbox : the venue's test network, whose money is not real
    make : makes one of ccxt's clients from its options
    """

    def __init__(
        self,
        clock: Clock,
        instruments: Mapping[str, Instrument],
        key: str,
        secret: str,
        *,
        sandbox: bool,
        make: Make | None = None,
    ) -> None:
        self._clock = clock
        self._instruments = instruments
        self._live = not sandbox
        options, build = options_of(key, secret), make or _client
        self._line = Line(_NAME, clock, lambda: prepared(build(options), sandbox=sandbox), ROWS, _steps)
        self._handed: set[str] = set()

    @property
    def name(self) -> str:
        """``bybit``."""
        return _NAME

    @property
    def capabilities(self) -> BrokerCapabilities:
        """Market, limit and stop orders of crypto pairs."""
        return BrokerCapabilities(
            frozenset(OrderType), frozenset({AssetClass.CRYPTO}), grace=_GRACE, live=self._live
        )

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once; a duplicate is the order that is there.

        A day order is sent as good till canceled: the desk ends it.
        """
        pair = fitting(self._line.pair(instrument), instrument, request)
        if client_id in self._handed and (there := self._there(client_id, instrument)):
            return there
        if request.stop_price is not None:
            self._not_passed(pair, request.side, request.stop_price)
        self._handed.add(client_id)
        order = _order(client_id, pair, request)
        try:
            reply = only(_NAME, self._line.write(lambda client: client.private_post_v5_order_create(order)))
        except There:
            ack = self._there(client_id, instrument)
            if ack is None:
                raise Uncertain(f"{_NAME}: it has the order, but does not show it yet") from None
            return ack
        result = only(_NAME, reply.get("result"))
        if text(_NAME, result, "orderLinkId") != client_id:
            raise Uncertain(f"{_NAME}: the answer was about another order")
        return Ack(client_id, text(_NAME, result, "orderId"), moment(_NAME, reply, "time"))

    def _not_passed(self, pair: Pair, side: Side, stop: Decimal) -> None:
        """Refuse a stop that the market has passed: the venue would wait for the price to come back.

        It reads from the last price which way a spot order is to be triggered.
        """
        query = {**_SPOT, "symbol": pair.id}
        row = self._list(lambda client: client.public_get_v5_market_tickers(query))[0]
        last = number(_NAME, row[0] if row else None, "lastPrice")
        if last >= stop if side is Side.BUY else last <= stop:
            sentence = "The market has passed the stop price already: the order would trade at once."
            raise Rejected("WOULD_TRIGGER", sentence)

    def _there(self, client_id: str, instrument: Instrument) -> Ack | None:
        view = self.find(OrderRef(client_id, None, instrument))
        if view is None or view.ref.venue_id is None:
            return None
        return Ack(client_id, view.ref.venue_id, self._clock.now())

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel by our own name.

        Raises
        ------
        Rejected
            ``NOT_OPEN``: nothing of this name rests there.
        """
        pair = self._line.pair(ref.instrument)
        if pair is None:
            raise _not_open()
        order = {**_SPOT, "symbol": pair.id, "orderLinkId": ref.client_id}
        try:
            only(_NAME, self._line.write(lambda client: client.private_post_v5_order_cancel(order)))
        except Absent:
            raise _not_open() from None

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Refuse: it amends nothing in place."""
        del ref, terms
        raise Rejected("NOT_OFFERED", f"{self.name} does not change an order in place.")

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Ask by our own name, among what rests first, since orders move from there to the history."""
        pair = self._line.pair(ref.instrument)
        if pair is None:
            return None
        query = {**_SPOT, "symbol": pair.id, "orderLinkId": ref.client_id}
        try:
            rows = self._list(lambda client: client.private_get_v5_order_realtime(query))[0]
            rows = rows or self._list(lambda client: client.private_get_v5_order_history(query))[0]
        except Absent:
            return None
        if not rows:
            return None
        view = _view(rows[0], pair, ref.instrument)
        if view.ref.client_id != ref.client_id or len(rows) > 1:
            raise Uncertain(f"{_NAME}: the answer was about another order")
        return view

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests."""
        wanted = self._wanted(instruments)
        found: dict[str, VenueOrder] = {}
        if wanted:
            query = {**_SPOT, "limit": _ORDERS}
            for row in self._all(lambda client, q: client.private_get_v5_order_realtime(q), query):
                pair, instrument = wanted.get(text(_NAME, row, "symbol"), (None, None))
                if pair is not None and instrument is not None:
                    view = _view(row, pair, instrument)
                    found[str(view.ref.venue_id)] = view
        ended = {OrderState.FILLED, OrderState.CANCELED, OrderState.REJECTED}
        return [view for view in found.values() if view.state not in ended]

    def _wanted(self, instruments: Iterable[Instrument]) -> dict[str, tuple[Pair, Instrument]]:
        pairs = ((self._line.pair(instrument), instrument) for instrument in instruments)
        return {pair.id: (pair, instrument) for pair, instrument in pairs if pair is not None}

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Executions from ``since`` on, oldest first.

        Raises
        ------
        Uncertain
            Also where one cannot be said in a Fill (``spot.as_fill``); then none is told.
        """
        wanted = self._wanted(instruments)
        found = []
        for row in self._trades(since) if wanted else ():
            pair, instrument = wanted.get(text(_NAME, row, "symbol"), (None, None))
            if pair is not None and instrument is not None and moment(_NAME, row, "execTime") >= since:
                found.append(as_fill(_NAME, pair, _execution(row, instrument)))
        return sorted_once(found)

    def _trades(self, since: datetime) -> Iterator[dict[str, Any]]:
        end = self._clock.wall() + timedelta(minutes=1)  # the venue's clock may be a little ahead
        since = max(since, end - _KEPT)
        while end > since:
            start = max(since, end - _WEEK)
            query = {**_SPOT, "limit": _TRADES, "startTime": _ms(start), "endTime": _ms(end)}
            yield from self._all(lambda client, q: client.private_get_v5_execution_list(q), query)
            end = start

    def _all(
        self, ask: Callable[[Any, dict[str, Any]], Any], query: dict[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Turn page after page; a list that does not end is no list."""
        for _ in range(_PAGES):
            rows, cursor = self._list(partial(_asked, ask, query))
            yield from rows
            if not rows or not cursor:
                return
            query = {**query, "cursor": cursor}
        raise Uncertain(f"{_NAME}: too much to be listed in one go")

    def _list(self, ask: Callable[[Any], Any]) -> tuple[list[dict[str, Any]], str]:
        result = only(_NAME, only(_NAME, self._line.read(ask)).get("result"))
        return rows_of(_NAME, result.get("list")), str(result.get("nextPageCursor") or "")

    def account(self) -> AccountState:
        """What is held, free or in orders; coins of known pairs are positions, all others cash."""
        query = {"accountType": "UNIFIED"}
        rows = self._list(lambda client: client.private_get_v5_account_wallet_balance(query))[0]
        user = only(_NAME, self._line.read(lambda client: client.private_get_v5_user_query_api()))
        if len(rows) != 1:
            raise Uncertain(f"{_NAME}: no unified account, or more than one")
        coins: dict[str, Decimal] = {}
        for row in rows_of(_NAME, rows[0].get("coin")):
            if number(_NAME, row, "borrowAmount"):
                raise Uncertain(f"{_NAME}: LOAN: the account owes coins, which the books cannot hold")
            coins[text(_NAME, row, "coin")] = number(_NAME, row, "walletBalance")
        account_id = text(_NAME, only(_NAME, user.get("result")), "userID")
        return account_of(account_id, coins, self._instruments.values())


def _asked(ask: Callable[[Any, dict[str, Any]], Any], query: dict[str, Any], client: Any) -> Any:
    return ask(client, query)


def _client(options: dict[str, Any]) -> Any:
    from ccxt import bybit  # noqa: PLC0415 (lazy: only a live account pays for ccxt)

    return bybit(options)


def _steps(info: Any) -> tuple[Decimal, Decimal]:
    return (
        number(_NAME, info["priceFilter"], "tickSize"),
        number(_NAME, info["lotSizeFilter"], "basePrecision"),
    )


def _order(client_id: str, pair: Pair, request: OrderRequest) -> dict[str, Any]:
    order = {
        **_SPOT,
        "symbol": pair.id,
        "side": request.side.value.capitalize(),
        "orderType": "Limit" if request.type is OrderType.LIMIT else "Market",
        "qty": exact(request.quantity),
        "orderLinkId": client_id,
    }
    if request.limit_price is not None:
        return {**order, "price": exact(request.limit_price), "timeInForce": "GTC"}
    order["marketUnit"] = "baseCoin"  # else a market buy's quantity is what it may cost
    if request.stop_price is not None:
        order |= {"orderFilter": "StopOrder", "triggerPrice": exact(request.stop_price)}
    return order


def _view(row: dict[str, Any], pair: Pair, instrument: Instrument) -> VenueOrder:
    if text(_NAME, row, "symbol") != pair.id:
        raise Uncertain(f"{_NAME}: the answer was about another pair")
    state = _STATES.get(text(_NAME, row, "orderStatus"))
    if state is None:
        raise Uncertain(f"{_NAME}: an order in a state that is not known")
    venue_id = text(_NAME, row, "orderId")
    ref = OrderRef(_client_id(row, venue_id), venue_id, instrument)
    code, sentence = ("VENUE_REJECTED", "The venue refused it.") if state is OrderState.REJECTED else ("", "")
    filled = number(_NAME, row, "cumExecQty")
    return VenueOrder(ref, state, number(_NAME, row, "qty"), filled, code, sentence)


def _client_id(row: dict[str, Any], venue_id: str) -> str:
    """Return the order's name, or for one placed by hand, which has none, the venue's number."""
    return str(row.get("orderLinkId") or f"bybit:{venue_id}")


def _execution(row: dict[str, Any], instrument: Instrument) -> Execution:
    if text(_NAME, row, "execType") != "Trade":
        raise Uncertain(f"{_NAME}: an execution that is no trade")
    order = text(_NAME, row, "orderId")
    fee = number(_NAME, row, "execFee")
    return Execution(
        trade_id=text(_NAME, row, "execId"),
        order_id=order,
        client_id=_client_id(row, order),
        instrument=instrument,
        side=side_of(_NAME, text(_NAME, row, "side")),
        quantity=number(_NAME, row, "execQty"),
        price=number(_NAME, row, "execPrice"),
        fee=fee,
        fee_currency=text(_NAME, row, "feeCurrency") if fee else "",
        time=moment(_NAME, row, "execTime"),
        maker=row.get("isMaker") is True,
    )


def _not_open() -> Rejected:
    return Rejected("NOT_OPEN", "The venue has no open order of this name.")


def _ms(time: datetime) -> int:
    return int(time.astimezone(UTC).timestamp() * 1000)
