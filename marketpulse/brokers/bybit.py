"""Bybit spot through ccxt: orders of crypto pairs from a unified account, real money unless it is the sandbox.

The venue's own endpoints are called through ccxt's signing, so each field is the one that is written
here: a market order names its quantity in the coin, not in what it costs, and the name of an order is ours.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from marketpulse.brokers.amending import Amending, not_open
from marketpulse.brokers.bybit_codes import ROWS
from marketpulse.brokers.bybit_order import SPOT, execution_of, order_of, view_of
from marketpulse.brokers.ccxt_line import Absent, Line, Make, Pair, There, options_of, prepared
from marketpulse.brokers.offered import offered
from marketpulse.brokers.spot import (
    account_of,
    as_fill,
    exact,
    fitting,
    moment,
    number,
    on_steps,
    only,
    rows_of,
    sorted_once,
    text,
)
from marketpulse.clock import Clock
from marketpulse.errors import Rejected, Uncertain
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

__all__ = ["BybitBroker"]

_NAME = "bybit"
_GRACE = 30.0  # seconds; a request lives 5 at the venue, the rest is for a slow back end and its history
_FILTERS = ("Order", "StopOrder")  # a cancel finds what waits for its trigger by the second only
_PAGES = 60  # answers to one question
_ORDERS, _TRADES = 50, 100  # rows in one answer, the venue's limits
_WEEK = timedelta(days=7)  # the venue's longest period in one question
_KEPT = timedelta(days=730)  # as long as the venue keeps executions
_TYPES = frozenset(OrderType) - {OrderType.TRAILING_STOP}


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
        self._changes = Amending(_NAME, clock, _GRACE)

    @property
    def name(self) -> str:
        """``bybit``."""
        return _NAME

    @property
    def capabilities(self) -> BrokerCapabilities:
        """Every kind of order but the trailing stop, in crypto pairs; prices and quantity are changed in place."""
        return BrokerCapabilities(
            types=_TYPES,
            asset_classes=frozenset({AssetClass.CRYPTO}),
            grace=_GRACE,
            live=self._live,
            forces=frozenset(TimeInForce),
            post_only=True,
            amends=True,
        )

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once; a duplicate is the order that is there.

        A day order, and one with a date, is sent as good till canceled: the desk ends it.
        """
        offered("Bybit", self.capabilities, request)
        pair = fitting(self._line.pair(instrument), instrument, request)
        if client_id in self._handed and (there := self._there(client_id, instrument)):
            return there
        if request.stop_price is not None:
            with_it = request.type is not OrderType.TAKE_PROFIT
            self._not_passed(pair, request.stop_price, rises=with_it is (request.side is Side.BUY))
        self._handed.add(client_id)
        order = order_of(client_id, pair, request)
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

    def _not_passed(self, pair: Pair, trigger: Decimal, *, rises: bool) -> None:
        """Refuse a trigger that the market has passed: the venue would wait for the price to come back.

        It reads from the last price which way a spot order is to be triggered.
        """
        last = self._last(pair)
        if last >= trigger if rises else last <= trigger:
            raise Rejected("WOULD_TRIGGER", "The market has passed the trigger price already.")

    def _last(self, pair: Pair) -> Decimal:
        query = {**SPOT, "symbol": pair.id}
        row = self._list(lambda client: client.public_get_v5_market_tickers(query))[0]
        return number(_NAME, row[0] if row else None, "lastPrice")

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
            raise not_open()
        order = {**SPOT, "symbol": pair.id, "orderLinkId": ref.client_id}
        for kind in _FILTERS:
            wish = order | {"orderFilter": kind}
            try:
                only(_NAME, self._line.write(partial(_cancel, wish)))
            except Absent:
                continue
            return
        raise not_open()

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Change prices or quantity in place; see ``Amending``."""
        return self._changes.change(ref, terms, self.find, lambda view: self._amend(view, terms))

    def _amend(self, view: VenueOrder, terms: Terms) -> None:
        pair = self._line.pair(view.ref.instrument)
        if pair is None:
            raise not_open()
        on_steps(pair, terms.quantity, terms.limit_price, terms.stop_price)
        if terms.stop_price is not None and view.stop_price is not None:
            # What waits above the market is triggered by a rise, and a new trigger must be above it as well.
            self._not_passed(pair, terms.stop_price, rises=view.stop_price > self._last(pair))
        named = {"qty": terms.quantity, "price": terms.limit_price, "triggerPrice": terms.stop_price}
        order = {**SPOT, "symbol": pair.id, "orderLinkId": view.ref.client_id}
        order |= {key: exact(value) for key, value in named.items() if value is not None}
        try:
            only(_NAME, self._line.write(lambda client: client.private_post_v5_order_amend(order)))
        except Absent:
            raise not_open() from None

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Ask by our own name, among what rests first, since orders move from there to the history."""
        pair = self._line.pair(ref.instrument)
        if pair is None:
            return None
        query = {**SPOT, "symbol": pair.id, "orderLinkId": ref.client_id}
        try:
            rows = self._list(lambda client: client.private_get_v5_order_realtime(query))[0]
            rows = rows or self._list(lambda client: client.private_get_v5_order_history(query))[0]
        except Absent:
            return None
        if not rows:
            return None
        view = view_of(rows[0], pair, ref.instrument)
        if view.ref.client_id != ref.client_id or len(rows) > 1:
            raise Uncertain(f"{_NAME}: the answer was about another order")
        return view

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests."""
        wanted = self._wanted(instruments)
        found: dict[str, VenueOrder] = {}
        if wanted:
            query = {**SPOT, "limit": _ORDERS}
            for row in self._all(lambda client, q: client.private_get_v5_order_realtime(q), query):
                pair, instrument = wanted.get(text(_NAME, row, "symbol"), (None, None))
                if pair is not None and instrument is not None:
                    view = view_of(row, pair, instrument)
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
            Also where one is not whole; then none is told.
        """
        wanted = self._wanted(instruments)
        found = []
        for row in self._trades(since) if wanted else ():
            pair, instrument = wanted.get(text(_NAME, row, "symbol"), (None, None))
            if pair is not None and instrument is not None and moment(_NAME, row, "execTime") >= since:
                found.append(as_fill(_NAME, execution_of(row, pair, instrument)))
        return sorted_once(found)

    def _trades(self, since: datetime) -> Iterator[dict[str, Any]]:
        end = self._clock.wall() + timedelta(minutes=1)  # the venue's clock may be a little ahead
        since = max(since, end - _KEPT)
        while end > since:
            start = max(since, end - _WEEK)
            query = {**SPOT, "limit": _TRADES, "startTime": _ms(start), "endTime": _ms(end)}
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


def _cancel(wish: dict[str, Any], client: Any) -> Any:
    return client.private_post_v5_order_cancel(wish)


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


def _ms(time: datetime) -> int:
    return int(time.astimezone(UTC).timestamp() * 1000)
