from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC, CLIENT, NOON, ONE, OTHER, REF, BybitDesk
from unit.sources.crypto import pair

from marketpulse.clock import SimClock
from marketpulse.errors import Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef
from marketpulse.types import OrderRequest, OrderState, OrderType, Side, TimeInForce

MARKET = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.00100"))
LIMIT = OrderRequest("BTC/USDT", Side.SELL, OrderType.LIMIT, ONE, Decimal("64000.10"), None, TimeInForce.GTC)
STOP = OrderRequest("BTC/USDT", Side.SELL, OrderType.STOP, ONE, None, Decimal("90.00"))
CREATE = ("POST", "/order/create")
REALTIME, HISTORY, TRADES = ("GET", "/order/realtime"), ("GET", "/order/history"), ("GET", "/execution/list")


@pytest.fixture
def clock():
    return SimClock(NOON)


@pytest.fixture
def desk(clock):
    return BybitDesk(clock)


@pytest.fixture
def broker(desk, clock):
    return desk.broker(clock)


def test_what_is_sent_is_exactly_this(broker, desk):
    for number, request in enumerate((MARKET, LIMIT, STOP)):
        broker.place(f"MP{number}", BTC, request)
    same = {"category": "spot", "symbol": "BTCUSDT"}
    assert desk.wire.sent(*CREATE) == [
        {**same, "side": "Buy", "orderType": "Market", "qty": "0.001", "orderLinkId": "MP0", "marketUnit": "baseCoin"},
        {**same, "side": "Sell", "orderType": "Limit", "qty": "1", "orderLinkId": "MP1", "price": "64000.1", "timeInForce": "GTC"},
        {**same, "side": "Sell", "orderType": "Market", "qty": "1", "orderLinkId": "MP2", "marketUnit": "baseCoin",
         "orderFilter": "StopOrder", "triggerPrice": "90"},
    ]  # fmt: skip
    windows = {
        more["headers"]["X-BAPI-RECV-WINDOW"]
        for more in desk.wire.options
        if "X-BAPI-SIGN" in more["headers"]
    }
    assert windows == {"5000"}


def test_only_the_public_list_and_the_order_are_asked_for(broker, desk):
    broker.place(CLIENT, BTC, MARKET)
    paths = [path for _, path, _ in desk.wire.asked]
    assert sorted(set(paths)) == ["/v5/market/instruments-info", "/v5/market/time", "/v5/order/create"]
    assert {f["category"] for f in desk.wire.sent("GET", "/instruments-info")} == {"spot"}


@pytest.mark.parametrize(
    ("side", "prices", "passed"),
    [
        (Side.SELL, ("90.00", "90.01"), False),
        (Side.SELL, ("90.00", "90.00"), True),
        (Side.SELL, ("90.00", "89.99"), True),
        (Side.BUY, ("110.00", "109.99"), False),
        (Side.BUY, ("110.00", "110.00"), True),
        (Side.BUY, ("110.00", "110.01"), True),
    ],
)
def test_a_stop_that_the_market_has_passed_is_not_sent(broker, desk, side, prices, passed):
    """The venue would take it for an order that waits for the price to come back."""
    stop, desk.last = prices
    request = OrderRequest("BTC/USDT", side, OrderType.STOP, ONE, None, Decimal(stop))
    if not passed:
        broker.place(CLIENT, BTC, request)
        assert len(desk.wire.sent(*CREATE)) == 1
        return
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, request)
    assert caught.value.code == "WOULD_TRIGGER"
    assert desk.wire.sent(*CREATE) == []


def test_a_stop_is_not_sent_without_a_last_price(broker, desk):
    desk.faults[("GET", "/market/tickers")] = [desk.said({"list": []})]
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, STOP)
    assert desk.wire.sent(*CREATE) == []


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
    assert desk.wire.sent(*CREATE) == []


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (170131, "INSUFFICIENT_FUNDS"),
        (110007, "INSUFFICIENT_FUNDS"),
        (170140, "BELOW_MINIMUM"),
        (170136, "BELOW_MINIMUM"),
        (170135, "ABOVE_MAXIMUM"),
        (170137, "OFF_LOT"),
        (170134, "OFF_TICK"),
        (170193, "PRICE_OUT_OF_RANGE"),
        (170121, "UNKNOWN_PAIR"),
        (170151, "MARKET_CLOSED"),
        (170210, "REFUSED"),
        (10001, "BAD_REQUEST"),
        (10024, "NOT_ALLOWED"),
        (170209, "NOT_ALLOWED"),
    ],
)
def test_refusals_are_final_with_a_code_and_a_sentence_of_ours(broker, desk, number, code):
    desk.faults[CREATE] = [desk.said({}, number)]
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, LIMIT)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "number", [10000, 10014, 10016, 170001, 170007, 170032, 170146, 170149, 170234, 1, 999999]
)
def test_an_execution_status_nobody_knows_is_uncertain(broker, desk, number):
    desk.faults[CREATE] = [desk.said({}, number)]
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, MARKET)
    assert len(desk.wire.sent(*CREATE)) == 1


@pytest.mark.parametrize(("number", "wait"), [(10006, 1.0), (10018, 1.0), (170005, 1.0), (170222, 1.0)])
def test_too_many_requests_without_a_word_how_long(broker, desk, number, wait):
    desk.faults[CREATE] = [desk.said({}, number)]
    with pytest.raises(Throttled) as caught:
        broker.place(CLIENT, BTC, MARKET)
    assert caught.value.retry_after == wait


def test_an_address_that_is_banned_waits_a_minute(broker, desk):
    desk.faults[CREATE] = [(403, {}, b"<html>Forbidden</html>")]
    with pytest.raises(Throttled) as caught:
        broker.place(CLIENT, BTC, MARKET)
    assert caught.value.retry_after == 60.0


@pytest.mark.parametrize("number", [170141, 110072])
def test_a_duplicate_is_the_order_that_is_there(broker, desk, clock, number):
    first = broker.place(CLIENT, BTC, LIMIT)
    desk.faults[CREATE] = [desk.said({}, number)]
    assert desk.broker(clock).place(CLIENT, BTC, LIMIT).venue_id == first.venue_id
    assert len(desk.orders) == 1


def test_a_duplicate_that_is_not_shown_yet_is_uncertain(broker, desk):
    desk.faults[CREATE] = [desk.said({}, 170141)]
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, LIMIT)


def test_a_name_that_has_been_filled_is_not_sent_again(broker, desk):
    first = broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal(10)))
    desk.trade()
    assert broker.place(CLIENT, BTC, MARKET).venue_id == first.venue_id
    assert len(desk.wire.sent(*CREATE)) == 1


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("New", OrderState.ACCEPTED),
        ("Untriggered", OrderState.ACCEPTED),
        ("Triggered", OrderState.ACCEPTED),
        ("PartiallyFilled", OrderState.PARTIALLY_FILLED),
        ("PartiallyFilledCanceled", OrderState.CANCELED),
        ("Deactivated", OrderState.CANCELED),
        ("Rejected", OrderState.REJECTED),
        ("SomethingNew", None),
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
    assert bool(view.code) is bool(view.sentence) is (state is OrderState.REJECTED)


def test_an_order_is_looked_for_among_what_rests_and_then_in_the_history(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    assert broker.find(REF).state is OrderState.ACCEPTED
    assert desk.wire.sent(*HISTORY) == []
    broker.cancel(REF)
    assert broker.find(REF).state is OrderState.CANCELED
    for end in (REALTIME, HISTORY):
        assert desk.wire.sent(*end)[-1] == {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": CLIENT}
    assert broker.find(OrderRef(OTHER, None, BTC)) is None


def test_an_answer_about_another_order_is_no_answer(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    row = desk.row(desk.orders[0])
    for rows in (
        [row | {"orderLinkId": OTHER}],
        [row | {"symbol": "ETHUSDT"}],
        [row | {"orderId": ""}],
        [row, row],
    ):
        desk.faults[REALTIME] = [desk.said({"list": rows})]
        with pytest.raises(Uncertain):
            broker.find(REF)


def test_a_cancel_goes_by_our_name(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    broker.cancel(REF)
    same = {"category": "spot", "symbol": "BTCUSDT", "orderLinkId": CLIENT}
    assert desk.wire.sent("POST", "/order/cancel") == [same | {"orderFilter": "Order"}]
    for number in (170213, 110001, 170142, 170139, 110008, 110010, 170143, 170190):
        desk.faults[("POST", "/order/cancel")] = [desk.said({}, number)] * 2
        with pytest.raises(Rejected) as caught:
            broker.cancel(REF)
        assert caught.value.code == "NOT_OPEN"


def test_what_waits_for_its_trigger_is_canceled_as_what_it_is(broker, desk):
    """The venue looks for an order among those that rest in the book, unless it is told otherwise."""
    broker.place(CLIENT, BTC, STOP)
    broker.cancel(REF)
    assert [f["orderFilter"] for f in desk.wire.sent("POST", "/order/cancel")] == ["Order", "StopOrder"]
    assert broker.find(REF).state is OrderState.CANCELED


def test_a_cancel_whose_first_answer_was_lost_goes_no_further(broker, desk):
    broker.place(CLIENT, BTC, STOP)
    desk.faults[("POST", "/order/cancel")] = [(503, {}, b"")]
    with pytest.raises(Uncertain):
        broker.cancel(REF)
    assert len(desk.wire.sent("POST", "/order/cancel")) == 1


def test_pages_of_open_orders_are_turned_and_orders_without_a_name_are_told_apart(broker, desk):
    for number in range(5):
        broker.place(f"MP{number}", BTC, LIMIT)
    desk.orders[0]["client"] = desk.orders[1]["client"] = ""  # placed by hand, at the venue's own screen
    names = [view.ref.client_id for view in broker.open_orders([BTC])]
    assert names == ["bybit:7000", "bybit:7001", "MP2", "MP3", "MP4"]


def test_what_has_ended_meanwhile_does_not_rest(broker, desk):
    broker.place(CLIENT, BTC, LIMIT)
    ended = desk.row(desk.orders[0]) | {"orderStatus": "Filled"}
    desk.faults[REALTIME] = [desk.said({"list": [ended]})]
    assert list(broker.open_orders([BTC])) == []


def test_a_list_without_an_end_is_no_answer(broker, desk):
    broker.find(REF)
    row = {"symbol": "ZZZUSDT"}
    desk.faults[REALTIME] = [desk.said({"list": [row], "nextPageCursor": "more"})] * 99
    with pytest.raises(Uncertain):
        broker.open_orders([BTC])
    assert len(desk.wire.sent(*REALTIME)) <= 62


def test_trades_are_asked_for_week_by_week_and_page_by_page(broker, desk, clock):
    since = clock.now()
    for number in range(3):
        broker.place(f"MP{number}", BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
        desk.trade()
        clock.advance(6 * 86_400.0)
    fills = broker.fills(since, [BTC])
    assert [f.trade_id for f in fills] == [f"e{500 + n}" for n in range(6)]
    assert [f.client_order_id for f in fills] == ["MP0", "MP0", "MP1", "MP1", "MP2", "MP2"]
    asked = desk.wire.sent(*TRADES)
    assert all(int(f["endTime"]) - int(f["startTime"]) <= 7 * 86_400_000 for f in asked)
    assert min(int(f["startTime"]) for f in asked) == int(since.timestamp() * 1000)


def test_nothing_is_asked_beyond_what_the_venue_keeps(broker, desk):
    broker.fills(datetime(1970, 1, 1, tzinfo=UTC), [BTC])
    assert len(desk.wire.sent(*TRADES)) <= 106


@pytest.mark.parametrize(
    ("trade", "coin"),
    [("Buy 0.001", "BTC"), ("Sell 0.1", "USDT"), ("Buy -0.1", "USDT"), ("Sell -0.001", "BTC")],
)
def test_a_fee_without_a_coin_is_in_the_one_that_the_venues_rule_names(broker, desk, clock, trade, coin):
    side, fee = trade.split()
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    desk.trade()
    row = desk.trade_row(desk.trades[0]) | {"side": side, "execFee": fee}
    del row["feeCurrency"]
    desk.faults[TRADES] = [desk.said({"list": [row]})]
    (fill,) = broker.fills(clock.now() - timedelta(hours=1), [BTC])
    assert (fill.fee, fill.fee_currency) == (Decimal(fee), coin)


@pytest.mark.parametrize(
    "row",
    [
        {"execType": "Funding"},
        {"side": "None"},
        {"execFee": "x"},
        {"execId": ""},
        {"execQty": "0"},
    ],
)
def test_a_trade_that_is_not_whole_is_no_answer(broker, desk, clock, row):
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    desk.trade()
    desk.faults[TRADES] = [desk.said({"list": [desk.trade_row(desk.trades[0]) | row]})]
    with pytest.raises(Uncertain):
        broker.fills(clock.now() - timedelta(hours=1), [BTC])


def test_a_fee_in_the_coin_that_was_bought_names_it(broker, desk, clock):
    broker.place(CLIENT, BTC, OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, ONE))
    for coin in ("BTC", "BNB"):
        desk.fee = (Decimal("0.001"), coin)
        desk.fill(desk.orders[0], Decimal("0.5"))
    fills = broker.fills(clock.now(), [BTC])
    assert [(f.fee, f.fee_currency, f.maker) for f in fills] == [
        (Decimal("0.001"), "BTC", False), (Decimal("0.001"), "BNB", False),
    ]  # fmt: skip


def test_the_account(broker, desk):
    account = broker.account()
    assert account.account_id == "4711"
    assert account.cash == {"USDT": Decimal(1000), "BNB": Decimal(1)}
    assert account.positions == {"BTC/USDT": Decimal("0.3")}
    desk.loan = "0.1"
    with pytest.raises(Uncertain, match="LOAN"):
        broker.account()
    desk.faults[("GET", "/wallet-balance")] = [desk.said({"list": []})]
    with pytest.raises(Uncertain):
        broker.account()
