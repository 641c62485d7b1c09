"""One client, one lock, one request a call; and no secret in anything that comes out."""

import logging
import traceback
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Lock

import pytest
import requests
from unit.brokers.pairs import BTC, KEY, SECRET, desk_of

from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef, Terms
from marketpulse.types import OrderRequest, OrderType, Side

CLIENT = "MPAAAAAAAAAAAAAAAAAA"
BUY = OrderRequest("BTC/USDT", Side.BUY, OrderType.LIMIT, Decimal(1), Decimal("90.00"))
REF = OrderRef(CLIENT, None, BTC)
CREATE = {"binance": ("POST", "/order"), "bybit": ("POST", "/order/create")}
FIND = {"binance": ("GET", "/order"), "bybit": ("GET", "/order/realtime")}
LIST = {"binance": ("GET", "/exchangeInfo"), "bybit": ("GET", "/instruments-info")}
TIME = {"binance": ("GET", "/api/v3/time"), "bybit": ("GET", "/market/time")}
SKEW = {
    "binance": (400, {}, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}),
    "bybit": (200, {}, {"retCode": 10002, "retMsg": "invalid request", "result": {}}),
}
SPENT = {
    "binance": (429, {"Retry-After": "7"}, {"code": -1003, "msg": "Too much request weight used."}),
    "bybit": (
        200,
        {"X-Bapi-Limit-Reset-Timestamp": "1773068407000"},
        {"retCode": 10006, "retMsg": "Too many"},
    ),
}


@pytest.fixture
def clock():
    return SimClock(datetime(2026, 3, 9, 15, 0, tzinfo=UTC))


@pytest.fixture(params=["binance", "bybit"])
def name(request):
    return request.param


@pytest.fixture
def desk(name, clock):
    return desk_of(name, clock)


@pytest.fixture
def broker(desk, clock):
    return desk.broker(clock)


def test_a_call_is_one_request_that_is_never_repeated(broker, desk, name):
    desk.faults[CREATE[name]] = [requests.exceptions.ReadTimeout("x")] * 5
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, BUY)
    assert len(desk.wire.sent(*CREATE[name])) == 1


def test_the_clients_switches(broker, desk):
    broker.place(CLIENT, BTC, BUY)
    client = broker._line._client
    assert client.options["maxRetriesOnFailure"] == 0
    assert client.options["recvWindow"] == 5000
    assert client.options["adjustForTimeDifference"] is True
    assert client.enableRateLimit is False  # it would sleep
    assert desk.wire.max_redirects == 0
    assert all(0 < more["timeout"] <= 10 for more in desk.wire.options)
    assert len(desk.wires) == 1


def test_the_sandbox_is_another_host(desk, clock):
    hosts = []
    for sandbox in (False, True):
        broker = desk.broker(clock, sandbox=sandbox)
        broker.place(CLIENT, BTC, BUY) if not sandbox else broker.find(REF)
        assert broker.capabilities.live is not sandbox
        client = broker._line._client
        hosts.append(client.implode_hostname(str(client.urls["api"]["private"])))
    assert "test" not in hosts[0]
    assert "testnet" in hosts[1]


def test_nothing_is_sent_while_the_list_of_pairs_is_not_known(broker, desk, name):
    desk.faults[LIST[name]] = [(503, {}, b"<html>busy</html>"), (200, {}, b"<html>soon</html>")]
    for _ in range(2):
        with pytest.raises(Throttled) as caught:
            broker.place(CLIENT, BTC, BUY)
        assert caught.value.retry_after > 0
    assert desk.wire.sent(*CREATE[name]) == []
    broker.place(CLIENT, BTC, BUY)
    assert len(desk.wire.sent(*CREATE[name])) == 1


def test_nothing_is_sent_while_the_venues_time_is_not_known(broker, desk, name):
    desk.faults[TIME[name]] = [(200, {}, b"<html>soon</html>")]
    with pytest.raises(Throttled):
        broker.place(CLIENT, BTC, BUY)
    assert desk.wire.sent(*CREATE[name]) == []


def test_the_list_of_pairs_is_asked_for_once(broker, desk, name):
    for _ in range(3):
        broker.find(REF)
    assert len(desk.wire.sent(*LIST[name])) == 1


def test_a_skewed_order_was_not_read_and_the_time_is_measured_anew(broker, desk, name):
    desk.faults[CREATE[name]] = [SKEW[name]]
    with pytest.raises(Throttled, match="CLOCK_SKEW"):
        broker.place(CLIENT, BTC, BUY)
    measured = len(desk.wire.sent(*TIME[name]))
    broker.place(CLIENT, BTC, BUY)
    assert len(desk.wire.sent(*TIME[name])) == measured + 1
    assert len(desk.orders) == 1


def test_too_many_requests_say_how_long_to_wait(broker, desk, name):
    desk.faults[CREATE[name]] = [SPENT[name]]
    desk.faults[FIND[name]] = [SPENT[name]]
    for ask in (lambda: broker.find(REF), lambda: broker.place(CLIENT, BTC, BUY)):
        with pytest.raises(Throttled) as caught:
            ask()
        assert caught.value.retry_after == 7.0


def test_an_earlier_answer_does_not_explain_a_later_silence(broker, desk, name):
    """The refusal of one order must not be read as the refusal of the next, whose answer was lost."""
    refused = {
        "binance": (
            400,
            {},
            {"code": -2010, "msg": "Account has insufficient balance for requested action."},
        ),
        "bybit": (200, {}, {"retCode": 170131, "retMsg": "Balance insufficient", "result": {}}),
    }
    desk.faults[CREATE[name]] = [refused[name], lambda: requests.exceptions.ConnectionError("reset")]
    with pytest.raises(Rejected) as caught:
        broker.place(CLIENT, BTC, BUY)
    assert caught.value.code == "INSUFFICIENT_FUNDS"
    with pytest.raises(Uncertain):
        broker.place("MPBBBBBBBBBBBBBBBBBB", BTC, BUY)
    assert [o["client"] for o in desk.orders] == ["MPBBBBBBBBBBBBBBBBBB"]


def test_calls_of_several_threads_wait_for_each_other(broker, desk, name):
    """ccxt's client is not threadsafe: while one call runs, the lock is held."""
    broker.find(REF)
    held = []
    desk.faults[FIND[name]] = [
        lambda: held.append(broker._line._lock.locked()) or requests.exceptions.Timeout("x")
    ]
    with pytest.raises(Uncertain):
        broker.find(REF)
    assert held == [True]
    assert isinstance(broker._line._lock, type(Lock()))
    assert not broker._line._lock.locked()


LOST = [
    lambda: requests.exceptions.ReadTimeout("x"),
    lambda: requests.exceptions.ConnectTimeout("x"),
    lambda: requests.exceptions.ConnectionError("x"),
    lambda: requests.exceptions.ChunkedEncodingError("Connection broken: x"),
    lambda: requests.exceptions.SSLError("x"),
    lambda: requests.exceptions.TooManyRedirects("x"),
    lambda: ConnectionResetError("x"),
    lambda: OSError("x"),
    lambda: KeyError("x"),
    lambda: TypeError("x"),
    lambda: ArithmeticError("x"),
    (200, {}, b""),
    (200, {}, b"<!DOCTYPE html><html></html>"),
    (200, {}, b'{"chart":{"result":[{"meta":{"cur'),
    (200, {}, {}),
    (200, {}, []),
    (200, {}, b"null"),
    (200, {}, b'"accepted"'),
    (200, {}, {"symbol": "BTCUSDT", "orderId": None, "clientOrderId": CLIENT, "transactTime": 1773068400000}),
    (200, {}, {"symbol": "ETHUSDT", "orderId": 5, "clientOrderId": CLIENT, "transactTime": 1773068400000}),
    (200, {}, {"symbol": "BTCUSDT", "orderId": 5, "clientOrderId": "MPZ", "transactTime": 1773068400000}),
    (200, {}, {"retCode": 0, "retMsg": "OK", "result": {}, "time": 1773068400000}),
    (200, {}, {"retCode": 0, "retMsg": "OK", "result": {"orderId": "", "orderLinkId": CLIENT}, "time": 1773068400000}),
    (200, {}, {"retCode": 0, "retMsg": "OK", "result": {"orderId": "5", "orderLinkId": "MPZ"}, "time": 1773068400000}),
    *[(status, {}, b"<html>sorry</html>") for status in (400, 401, 403, 404, 408, 451, 500, 502, 503, 504, 520)],
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(LOST)))
def test_whatever_is_no_clear_answer_to_an_order_is_uncertain(broker, desk, name, number):
    fault = LOST[number]
    desk.faults[CREATE[name]] = [fault]
    if name == "bybit" and isinstance(fault, tuple) and fault[0] == 403:
        with pytest.raises(Throttled):  # so Bybit bans an address
            broker.place(CLIENT, BTC, BUY)
        return
    with pytest.raises(Uncertain):
        broker.place(CLIENT, BTC, BUY)


@pytest.mark.parametrize("number", range(len(LOST)))
def test_whatever_is_no_clear_answer_to_a_question_is_no_answer(broker, desk, name, number):
    ends = {
        "binance": [FIND[name], ("GET", "/openOrders"), ("GET", "/myTrades"), ("GET", "/account"), ("DELETE", "/order")],
        "bybit": [FIND[name], FIND[name], ("GET", "/execution/list"), ("GET", "/wallet-balance"), ("POST", "/order/cancel")],
    }[name]  # fmt: skip
    since = datetime(2026, 3, 9, tzinfo=UTC)
    broker.place(CLIENT, BTC, BUY)
    asks = [
        lambda: broker.find(REF),
        lambda: broker.open_orders([BTC]),
        lambda: broker.fills(since, [BTC]),
        broker.account,
        lambda: broker.cancel(REF),
    ]
    for end, ask in zip(ends, asks, strict=True):
        desk.faults = {end: [LOST[number]]}
        try:
            answer = ask()
        except (Uncertain, Throttled):
            continue
        # An empty list is a list, and a cancel is believed only by what is found afterwards.
        assert not answer
        assert ask is asks[-1] or LOST[number][2] == []


def told(key, signature):
    """Answers that repeat what was sent, as venues and networks do."""
    echo = f"{key} {signature} origin_string[{key}]"
    return [
        requests.exceptions.ConnectionError(
            f"HTTPSConnectionPool: url: /order?signature={signature}&key={key}"
        ),
        requests.exceptions.ReadTimeout(f"url: /order?signature={signature}&key={key}"),
        (500, {}, f"<html>{echo}</html>".encode()),
        (403, {}, f"<html>{echo}</html>".encode()),
        (429, {"Retry-After": key}, f"<html>{echo}</html>".encode()),
        (400, {}, {"code": -2010, "msg": echo, "retCode": 170210, "retMsg": echo}),
        (400, {}, {"code": -1022, "msg": echo, "retCode": 10004, "retMsg": echo}),
        (200, {}, {"retCode": 10004, "retMsg": echo, "result": {}}),
        (
            200,
            {},
            {"orderId": echo, "clientOrderId": echo, "symbol": echo, "status": echo, "transactTime": echo},
        ),
        (
            200,
            {},
            {"retCode": 0, "retMsg": echo, "result": {"list": [{"symbol": echo, "orderStatus": echo}]}},
        ),
    ]


def signatures(wire):
    found = [fields["signature"] for _, _, fields in wire.asked if "signature" in fields]
    heads = [more["headers"] or {} for more in wire.options]
    return found + [h[k] for h in heads for k in h if k.upper() == "X-BAPI-SIGN"]


@pytest.mark.parametrize("number", range(10))
def test_no_key_secret_or_signature_gets_out(broker, desk, number, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("ccxt.base.exchange").setLevel(logging.DEBUG)
    rests = OrderRef("MPBBBBBBBBBBBBBBBBBB", None, BTC)
    broker.place(rests.client_id, BTC, BUY)
    sign = signatures(desk.wire)[0]
    since = datetime(2026, 3, 9, tzinfo=UTC)
    asks = [
        lambda: broker.place(CLIENT, BTC, BUY),
        lambda: broker.cancel(REF),
        lambda: broker.find(REF),
        lambda: broker.open_orders([BTC]),
        lambda: broker.fills(since, [BTC]),
        broker.account,
        lambda: broker.replace(rests, Terms(limit_price=Decimal("91.00"))),
    ]
    texts = [repr(broker), str(broker), repr(broker._line), repr(broker.capabilities)]
    for ask in asks:
        fault = told(KEY, sign)[number]
        # A change is looked at first, which must not fail for its own answer to be met.
        methods = ("POST",) if ask is asks[-1] else ("GET", "POST", "DELETE")
        desk.faults = {(method, ""): [fault] for method in methods}
        try:
            texts.append(repr(ask()))
        except BrokerError as error:
            seen: BaseException | None = error
            while seen is not None:  # the chain below it as well: some loggers print that
                texts += [str(seen), repr(seen), *map(str, seen.args)]
                seen = seen.__cause__ or seen.__context__
            texts += traceback.format_exception(error)
    texts += [record.getMessage() for record in caplog.records]
    all_signs = signatures(desk.wire)
    assert len(all_signs) >= len(asks)
    for hidden in (KEY, SECRET, *all_signs):
        assert not [text for text in texts if hidden in text]


def test_a_refused_key_is_said_and_nothing_was_sent(broker, desk, name):
    bad = {
        "binance": [(401, {}, {"code": c, "msg": "x"}) for c in (-2014, -2015, -1022, -1002)],
        "bybit": [(200, {}, {"retCode": c, "retMsg": "x", "result": {}}) for c in (10003, 10004, 10005, 10010, 33004)],
    }[name]  # fmt: skip
    for answer in bad:
        desk.faults = {CREATE[name]: [answer], FIND[name]: [answer]}
        with pytest.raises(AuthExpired):
            broker.find(REF)
        with pytest.raises(AuthExpired):
            broker.place(CLIENT, BTC, BUY)
    assert desk.orders == []


def test_our_own_errors_pass_as_they_are(broker):
    def ask(_):
        raise Rejected("CODE", "as it was")

    with pytest.raises(Rejected, match="as it was"):
        broker._line.read(ask)


def test_the_grace_outlives_a_request(broker):
    """A request is valid for 5 s at the venue after it was signed; nothing may be final before that."""
    assert timedelta(seconds=broker.capabilities.grace) >= timedelta(seconds=5 + 6 + 10)
