"""Binance spot through ccxt: orders of crypto pairs, real money unless it is the sandbox.

The venue's own endpoints are called through ccxt's signing, so each field is the one that is written
here: a market order has no price (ccxt would turn one into an amount of the quote coin), and the name of
an order is ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from marketpulse.brokers.amending import not_open
from marketpulse.brokers.binance_codes import ROWS
from marketpulse.brokers.binance_order import end_of, order_of, type_of
from marketpulse.brokers.ccxt_line import Absent, Line, Make, Pair, There, options_of, prepared
from marketpulse.brokers.offered import offered
from marketpulse.brokers.spot import (
    Execution,
    account_of,
    as_fill,
    fitting,
    moment,
    number,
    only,
    price_of,
    rows_of,
    side_shown,
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

__all__ = ["BinanceBroker"]

_NAME = "binance"
_GRACE = 30.0  # seconds; a request lives 5 at the venue, the rest is for a slow back end and its replicas
_PAGE = 1000  # trades in one answer, the venue's limit
_PAGES = 60  # answers to one question about trades
_DAY = timedelta(days=1)  # the venue's longest period in one question
_SHORTEST = timedelta(seconds=1)
_STATES = {
    "NEW": OrderState.ACCEPTED,
    "PENDING_NEW": OrderState.ACCEPTED,
    "PARTIALLY_FILLED": OrderState.PARTIALLY_FILLED,
    "FILLED": OrderState.FILLED,
    "PENDING_CANCEL": OrderState.PENDING_CANCEL,
    "CANCELED": OrderState.CANCELED,
    "REJECTED": OrderState.REJECTED,
    "EXPIRED": OrderState.EXPIRED,
    "EXPIRED_IN_MATCH": OrderState.EXPIRED,
}


class BinanceBroker:
    """Orders on Binance spot.

    A name is unique at the venue among open orders only, so a name that this object has handed over
    before is looked up before it is handed over again.

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
        self._names: dict[tuple[str, str], str] = {}  # (pair, the venue's number) -> client id

    @property
    def name(self) -> str:
        """``binance``."""
        return _NAME

    @property
    def capabilities(self) -> BrokerCapabilities:
        """Every kind of order, in crypto pairs; nothing is changed in place."""
        return BrokerCapabilities(
            types=frozenset(OrderType),
            asset_classes=frozenset({AssetClass.CRYPTO}),
            grace=_GRACE,
            live=self._live,
            forces=frozenset(TimeInForce),
            post_only=True,
        )

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once; a duplicate is the order that is there.

        A day order, and one with a date, is sent as good till canceled: the desk ends it.
        """
        offered("Binance", self.capabilities, request)
        pair = fitting(self._line.pair(instrument), instrument, request)
        if client_id in self._handed and (there := self._there(client_id, instrument)):
            return there
        self._handed.add(client_id)
        order = order_of(client_id, pair, request)
        try:
            reply = only(_NAME, self._line.write(lambda client: client.private_post_order(order)))
        except There:
            ack = self._there(client_id, instrument)
            if ack is None:
                raise Uncertain(f"{_NAME}: it has the order, but does not show it yet") from None
            return ack
        if (text(_NAME, reply, "clientOrderId"), text(_NAME, reply, "symbol")) != (client_id, pair.id):
            raise Uncertain(f"{_NAME}: the answer was about another order")
        venue_id = text(_NAME, reply, "orderId")
        self._names[pair.id, venue_id] = client_id
        return Ack(client_id, venue_id, moment(_NAME, reply, "transactTime"))

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
        order = {"symbol": pair.id, "origClientOrderId": ref.client_id}
        try:
            only(_NAME, self._line.write(lambda client: client.private_delete_order(order)))
        except Absent:
            raise not_open() from None

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Refuse: it amends nothing in place."""
        del ref, terms
        raise Rejected("NOT_OFFERED", f"{self.name} does not change an order in place.")

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Ask by our own name; of several orders of one name the venue shows the newest."""
        pair = self._line.pair(ref.instrument)
        if pair is None:
            return None
        query = {"symbol": pair.id, "origClientOrderId": ref.client_id}
        try:
            reply = self._line.read(lambda client: client.private_get_order(query))
        except Absent:
            return None
        view = self._view(only(_NAME, reply), pair, ref.instrument)
        if view.ref.client_id != ref.client_id:
            raise Uncertain(f"{_NAME}: the answer was about another order")
        return view

    def _view(self, row: dict[str, Any], pair: Pair, instrument: Instrument) -> VenueOrder:
        if text(_NAME, row, "symbol") != pair.id:
            raise Uncertain(f"{_NAME}: the answer was about another pair")
        state = _STATES.get(text(_NAME, row, "status"))
        if state is None:
            raise Uncertain(f"{_NAME}: an order in a state that is not known")
        ref = OrderRef(text(_NAME, row, "clientOrderId"), text(_NAME, row, "orderId"), instrument)
        self._names[pair.id, str(ref.venue_id)] = ref.client_id
        code, sentence = end_of(row, state)
        return VenueOrder(
            ref=ref,
            state=state,
            quantity=number(_NAME, row, "origQty"),
            filled_quantity=number(_NAME, row, "executedQty"),
            code=code,
            sentence=sentence,
            side=side_shown(row),
            type=type_of(row),
            limit_price=price_of(_NAME, row, "price"),
            stop_price=price_of(_NAME, row, "stopPrice"),
        )

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests, pair by pair."""
        return [view for instrument in instruments for view in self._open(instrument)]

    def _open(self, instrument: Instrument) -> list[VenueOrder]:
        pair = self._line.pair(instrument)
        if pair is None:
            return []
        reply = self._line.read(lambda client: client.private_get_openorders({"symbol": pair.id}))
        return [self._view(row, pair, instrument) for row in rows_of(_NAME, reply)]

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Executions from ``since`` on, oldest first.

        Raises
        ------
        Uncertain
            Also where one is not whole; then none is told.
        """
        return sorted_once(fill for instrument in instruments for fill in self._fills(since, instrument))

    def _fills(self, since: datetime, instrument: Instrument) -> list[Fill]:
        pair = self._line.pair(instrument)
        if pair is None:
            return []
        rows = [row for row in self._trades(pair, since) if moment(_NAME, row, "time") >= since]
        self._learn(pair, {int(number(_NAME, row, "orderId")) for row in rows})
        return [as_fill(_NAME, self._execution(pair, instrument, row)) for row in rows]

    def _execution(self, pair: Pair, instrument: Instrument, row: dict[str, Any]) -> Execution:
        if text(_NAME, row, "symbol") != pair.id or not isinstance(row.get("isBuyer"), bool):
            raise Uncertain(f"{_NAME}: a trade of another pair, or without a side")
        order = text(_NAME, row, "orderId")
        return Execution(
            trade_id=f"{pair.id}-{text(_NAME, row, 'id')}",  # the venue counts pair by pair
            order_id=order,
            client_id=self._names[pair.id, order],
            instrument=instrument,
            side=Side.BUY if row["isBuyer"] else Side.SELL,
            quantity=number(_NAME, row, "qty"),
            price=number(_NAME, row, "price"),
            fee=number(_NAME, row, "commission"),
            fee_currency=text(_NAME, row, "commissionAsset"),
            time=moment(_NAME, row, "time"),
            maker=row["isMaker"] if isinstance(row.get("isMaker"), bool) else None,
        )

    def _trades(self, pair: Pair, since: datetime) -> list[dict[str, Any]]:
        """The newest thousand, and where they do not reach back far enough, day by day what was before.

        A period that fills a whole answer is asked for again in halves, since the venue does not say
        which end of it is missing.
        """
        newest = self._page({"symbol": pair.id, "limit": _PAGE})
        oldest = min((moment(_NAME, row, "time") for row in newest), default=since)
        if len(newest) < _PAGE or oldest <= since:
            return newest
        found, asked, periods = newest, 1, _days(since, oldest)
        while periods:
            start, end = periods.pop()
            if asked >= _PAGES or end - start < _SHORTEST:
                raise Uncertain(f"{_NAME}: too many trades to be listed in one go")
            period = {"startTime": _ms(start), "endTime": _ms(end)}
            rows = self._page({"symbol": pair.id, "limit": _PAGE, **period})
            asked += 1
            if len(rows) < _PAGE:
                found = found + rows
            else:
                half = start + (end - start) / 2
                periods += [(start, half), (half, end)]
        return found

    def _page(self, query: dict[str, Any]) -> list[dict[str, Any]]:
        return rows_of(_NAME, self._line.read(lambda client: client.private_get_mytrades(query)))

    def _learn(self, pair: Pair, orders: set[int]) -> None:
        """Learn our names of orders: the venue's trades carry its own numbers only."""
        while unknown := {order for order in orders if (pair.id, str(order)) not in self._names}:
            for row in self._orders_from(pair, min(unknown)):
                self._names[pair.id, text(_NAME, row, "orderId")] = text(_NAME, row, "clientOrderId")
            if (pair.id, str(min(unknown))) not in self._names:
                raise Uncertain(f"{_NAME}: a trade of an order that the venue does not show")

    def _orders_from(self, pair: Pair, order: int) -> list[dict[str, Any]]:
        query = {"symbol": pair.id, "orderId": order, "limit": _PAGE}
        return rows_of(_NAME, self._line.read(lambda client: client.private_get_allorders(query)))

    def account(self) -> AccountState:
        """What is held, free or in orders; coins of known pairs are positions, all others cash."""
        reply = only(_NAME, self._line.read(lambda client: client.private_get_account()))
        coins: dict[str, Decimal] = {}
        for row in rows_of(_NAME, reply.get("balances")):
            coins[text(_NAME, row, "asset")] = number(_NAME, row, "free") + number(_NAME, row, "locked")
        return account_of(text(_NAME, reply, "uid"), coins, self._instruments.values())


def _client(options: dict[str, Any]) -> Any:
    from ccxt import binance  # noqa: PLC0415 (lazy: only a live account pays for ccxt)

    return binance(options)


def _steps(info: Any) -> tuple[Decimal, Decimal]:
    filters = {row["filterType"]: row for row in info["filters"]}
    return (
        number(_NAME, filters["PRICE_FILTER"], "tickSize"),
        number(_NAME, filters["LOT_SIZE"], "stepSize"),
    )


def _days(start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    periods: list[tuple[datetime, datetime]] = []
    while end > start and len(periods) <= _PAGES:
        before = max(start, end - _DAY)
        periods.append((before, end))
        end = before
    return periods[::-1]


def _ms(time: datetime) -> int:
    return int(time.astimezone(UTC).timestamp() * 1000)
