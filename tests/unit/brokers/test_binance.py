from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC, CLIENT, NOON, ONE, OTHER, REF, BinanceDesk, binance_sent, error
from unit.sources.crypto import pair

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected, Uncertain
from marketpulse.ports import OrderRef
from marketpulse.types import OrderRequest, OrderState, OrderType, Side, TimeInForce

MARKET = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.00100"))
LIMIT = OrderRequest("BTC/USDT", Side.SELL, OrderType.LIMIT, ONE, Decimal("64000.10"), None, TimeInForce.GTC)
STOP = OrderRequest("BTC/USDT", Side.SELL, OrderType.STOP, ONE, None, Decimal("90.00"))
POST = ("POST", "/order")


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def desk(clock):
    return BinanceDesk(clock)


@pytest.fixture
def broker(desk, clock):
    return desk.broker(clock)


def test_what_is_sent_is_exactly_this(broker, desk):
    for number, request in enumerate((MARKET, LIMIT, STOP)):
        broker.place(f"MP{number}", BTC, request)
    same = {"symbol": "BTCUSDT", "newOrderRespType": "ACK"}
    assert binance_sent(desk) == [
        {**same, "side": "BUY", "type": "MARKET", "quantity": "0.001", "newClientOrderId": "MP0"},
        {**same, "side": "SELL", "type": "LIMIT", "quantity": "1", "newClientOrderId": "MP1", "price": "64000.1", "timeInForce": "GTC"},
        {**same, "side": "SELL", "type": "STOP_LOSS", "quantity": "1", "newClientOrderId": "MP2", "stopPrice": "90"},
    ]  # fmt: skip
    assert {fields["recvWindow"] for fields in desk.wire.sent(*POST)} == {"5000"}


def test_only_the_public_list_and_the_order_are_asked_for(broker, desk):
    broker.place(CLIENT, BTC, MARKET)
    paths = [path for _, path, _ in desk.wire.asked]
    assert paths == ["/api/v3/exchangeInfo", "/api/v3/time", "/api/v3/order"]


def test_a_quantity_off_the_venues_lot_is_not_sent(broker, desk):
    off = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.000015"))
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, off)
    assert caught.value.code == "OFF_LOT"
    assert binance_sent(desk) == []


def test_a_pair_the_venue_does_not_offer(broker, desk):
    other = pair("ZZZ/USDT")
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, other, MARKET)
    assert caught.value.code == "UNKNOWN_PAIR"
    ref = OrderRef(CLIENT, None, other)
    with pytest.raises(Rejected):
        broker.cancel(ref)
    assert broker.find(ref) is None
    assert (
        list(broker.open_orders([other]))
        == list(broker.fills(datetime(2026, 1, 1, tzinfo=UTC), [other]))
        == []
    )
    assert binance_sent(desk) == []


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (error(-2010, "Account has insufficient balance for requested action."), "INSUFFICIENT_FUNDS"),
        (error(-2010, "Stop price would trigger immediately."), "WOULD_TRIGGER"),
        (error(-2010, "Order would immediately match and take."), "WOULD_TAKE"),
        (error(-1013, "Filter failure: TRAILING_DELTA"), "TRAIL"),
        (error(-2010, "Market is closed."), "REFUSED"),
        (error(-2010, "This symbol is not permitted for this account."), "REFUSED"),
        (error(-2010, "Filter failure: MAX_POSITION"), "POSITION_LIMIT"),
        (error(-1013, "Market is closed."), "MARKET_CLOSED"),
        (error(-1013, "Filter failure: LOT_SIZE"), "OFF_LOT"),
        (error(-1013, "Filter failure: MARKET_LOT_SIZE"), "OFF_LOT"),
        (error(-1013, "Filter failure: PRICE_FILTER"), "OFF_TICK"),
        (error(-1013, "Filter failure: NOTIONAL"), "BELOW_MINIMUM"),
        (error(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), "PRICE_OUT_OF_RANGE"),
        (error(-1013, "Filter failure: MAX_NUM_ORDERS"), "TOO_MANY_ORDERS"),
        (error(-1013, "Invalid quantity."), "BAD_REQUEST"),
        (error(-1111, "Precision is over the maximum defined for this asset."), "BAD_REQUEST"),
        (error(-1121, "Invalid symbol."), "UNKNOWN_PAIR"),
    ],
)
def test_refusals_are_final_with_a_code_and_a_sentence_of_ours(broker, desk, answer, code):
    desk.faults[POST] = [answer]
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, STOP)
    assert caught.value.code == code
    assert answer[2]["msg"] not in caught.value.sentence
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "answer",
    [
        error(-1000, "An unknown error occurred while processing the request."),
        error(-1001, "Internal error; unable to process your request. Please try again."),
        error(-1006, "An unexpected response was received from the message bus."),
        error(-1007, "Timeout waiting for response from backend server.", 408),
        error(-1008, "Server is currently overloaded with other requests.", 503),
        error(-1000, "Unknown error, please check your request or try again later.", 503),
        error(-2011, "This action is disabled on this account."),
        error(-9999, "Something new."),
        error(0, "Something odd."),
        (200, {}, [{"code": -2011, "msg": "Unknown order sent."}]),
    ],
)
def test_an_execution_status_nobody_knows_is_uncertain(broker, desk, answer):
    desk.faults[POST] = [answer]
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, MARKET)
    assert len(binance_sent(desk)) == 1


def test_a_duplicate_is_the_order_that_is_there(broker, desk, clock):
    """Another process of the desk, which does not know that the name was handed over before."""
    first = broker.place(CLIENT, BTC, LIMIT)
    again = desk.broker(clock).place(CLIENT, BTC, LIMIT)
    assert again.venue_id == first.venue_id
    assert len(desk.orders) == 1


def test_a_duplicate_that_is_not_shown_yet_is_uncertain(broker, desk):
    desk.faults = {
        POST: [error(-2010, "Duplicate order sent.")],
        ("GET", "/order"): [error(-2013, "Order does not exist.")],
    }
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, LIMIT)


def test_a_name_that_has_been_filled_is_not_sent_again(broker, desk):
    """The venue would take it: there a name is unique among open orders only."""
    first = broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal(10)))
    desk.trade()
    assert desk.orders[0]["state"] == "filled"
    assert broker.place(CLIENT, BTC, MARKET).venue_id == first.venue_id
    assert len(binance_sent(desk)) == 1


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("NEW", OrderState.ACCEPTED),
        ("PENDING_NEW", OrderState.ACCEPTED),
        ("PARTIALLY_FILLED", OrderState.PARTIALLY_FILLED),
        ("PENDING_CANCEL", OrderState.PENDING_CANCEL),
        ("EXPIRED", OrderState.EXPIRED),
        ("EXPIRED_IN_MATCH", OrderState.EXPIRED),
        ("REJECTED", OrderState.REJECTED),
        ("SOMETHING_NEW", None),
    ],
)
def test_the_venues_states(broker, desk, word, state):
    broker.place(CLIENT, BTC, LIMIT)
    desk.orders[0]["state"] = word
    if state is None:
        with pytest.raises(Uncertain):
            broker.find(REF)
        return
    view = broker.find(REF)
    assert view.state is state
    assert bool(view.code) is bool(view.sentence) is (word in {"REJECTED", "EXPIRED_IN_MATCH"})


def test_a_partly_filled_order_shows_both_numbers(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    desk.fill(desk.orders[0], Decimal("0.25"))
    view = broker.find(REF)
    assert (view.state, view.quantity, view.filled_quantity) == (
        OrderState.PARTIALLY_FILLED,
        1,
        Decimal("0.25"),
    )


def test_an_answer_about_another_order_or_pair_is_no_answer(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    for row in ({"clientOrderId": "MPZ"}, {"symbol": "ETHUSDT"}, {"orderId": None}, {"executedQty": "x"}):
        desk.faults[("GET", "/order")] = [(200, {}, desk.row(desk.orders[0]) | row)]
        with pytest.raises(Uncertain):
            broker.find(REF)
    desk.faults[("GET", "/openOrders")] = [(200, {}, [desk.row(desk.orders[0]) | {"symbol": "ETHUSDT"}])]
    with pytest.raises(Uncertain):
        broker.open_orders([BTC])


def test_an_archived_order_is_none(broker, desk):
    desk.faults[("GET", "/order")] = [
        error(-2026, "Order was canceled or expired with no executed qty over 90 days ago.")
    ]
    assert broker.find(REF) is None


def test_a_cancel_goes_by_our_name(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    broker.cancel(REF)
    (fields,) = desk.wire.sent("DELETE", "/order")
    assert (fields["symbol"], fields["origClientOrderId"]) == ("BTCUSDT", CLIENT)
    with pytest.raises(Rejected) as caught:
        broker.cancel(REF)
    assert caught.value.code == "NOT_OPEN"


def test_trades_learn_their_names_from_the_venue_after_a_restart(broker, desk, clock):
    for client in (CLIENT, OTHER):
        broker.place(client, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    desk.trade()
    anew = desk.broker(clock)
    fills = anew.fills(clock.now(), [BTC])
    assert [f.client_order_id for f in fills] == [CLIENT, CLIENT, OTHER, OTHER]
    assert [f.trade_id for f in fills] == [f"BTCUSDT-{n}" for n in (500, 501, 502, 503)]
    assert len(desk.wire.sent("GET", "/allOrders")) == 1
    anew.fills(clock.now(), [BTC])
    assert len(desk.wire.sent("GET", "/allOrders")) == 1


def test_a_trade_of_an_order_the_venue_does_not_show_is_no_answer(broker, desk, clock):
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    desk.trade()
    desk.faults[("GET", "/allOrders")] = [(200, {}, [])]
    with pytest.raises(Uncertain):
        desk.broker(clock).fills(clock.now(), [BTC])


def test_a_fee_in_the_coin_that_was_bought_names_it(broker, desk, clock):
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    for coin in ("BTC", "BNB"):
        desk.fee = (Decimal("0.001"), coin)
        desk.fill(desk.orders[0], Decimal("0.5"))
    fills = broker.fills(clock.now(), [BTC])
    assert [(f.fee, f.fee_currency, f.maker) for f in fills] == [
        (Decimal("0.001"), "BTC", False), (Decimal("0.001"), "BNB", False),
    ]  # fmt: skip


def test_a_trade_that_does_not_say_who_rested(broker, desk, clock):
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    desk.trade()
    row = desk.trade_row(desk.trades[0])
    desk.faults[("GET", "/myTrades")] = [
        (200, {}, [row | {"id": n, "isMaker": m} for n, m in enumerate((True, None))])
    ]
    assert [f.maker for f in broker.fills(clock.now(), [BTC])] == [True, None]


@pytest.mark.parametrize(
    "row", [{"isBuyer": None}, {"symbol": "ETHUSDT"}, {"commission": None}, {"qty": "0"}, {"id": None}]
)
def test_a_trade_that_is_not_whole_is_no_answer(broker, desk, clock, row):
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    desk.trade()
    rows = [desk.trade_row(desk.trades[0]) | row]
    desk.faults[("GET", "/myTrades")] = [(200, {}, rows)]
    with pytest.raises(Uncertain):
        broker.fills(clock.now(), [BTC])


class Busy(BinanceDesk):
    """A desk with many trades, told as the venue tells them: the newest, or those of a period."""

    def reply(self, method, path, fields):
        if not path.endswith("/myTrades"):
            return super().reply(method, path, fields)
        rows = [self.trade_row(t) for t in self.trades]
        if "startTime" in fields:
            start, end = int(fields["startTime"]), int(fields["endTime"])
            assert end - start <= 86_400_000  # else the venue refuses
            rows = [row for row in rows if start <= row["time"] <= end][: int(fields["limit"])]
        return 200, {}, rows[-int(fields["limit"]) :]


def busy(clock, trades, apart):
    desk = Busy(clock)
    broker = desk.broker(clock)
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal(trades)))
    for _ in range(trades):
        desk.fill(desk.orders[0], ONE)
        clock.advance(apart)
    return broker, desk


def test_more_trades_than_an_answer_holds_are_all_listed():
    start = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)
    broker, desk = busy(SimClock(start), 3500, 60.0)
    fills = broker.fills(start, [BTC])
    assert [f.trade_id for f in fills] == [f"BTCUSDT-{500 + n}" for n in range(3500)]
    assert len(desk.wire.sent("GET", "/myTrades")) < 12


def test_trades_before_the_moment_asked_for_cost_no_further_question():
    clock = SimClock(NOON)
    broker, desk = busy(clock, 1200, 60.0)
    fills = broker.fills(clock.now() - timedelta(minutes=10), [BTC])
    assert len(fills) == 10
    assert len(desk.wire.sent("GET", "/myTrades")) == 1


def test_more_than_can_be_listed_is_no_answer():
    clock = SimClock(NOON)
    broker, desk = busy(clock, 1000, 1.0)
    with pytest.raises(Uncertain):
        broker.fills(datetime(2025, 1, 1, tzinfo=UTC), [BTC])
    assert len(desk.wire.sent("GET", "/myTrades")) <= 61
    broker, _ = busy(clock, 2500, 0.0)  # all in one moment: no period can be cut short enough
    with pytest.raises(Uncertain):
        broker.fills(clock.now() - timedelta(days=1), [BTC])


def test_the_account(broker):
    account = broker.account()
    assert account.account_id == "31337"
    assert account.cash == {"USDT": Decimal(1000), "BNB": Decimal(1)}
    assert account.positions == {"BTC/USDT": Decimal("0.3")}
