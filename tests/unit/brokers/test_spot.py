from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC, INDEX, KNOWN
from unit.sources.crypto import pair as instrument

from marketpulse.brokers.ccxt_line import Pair
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
from marketpulse.errors import Rejected, Uncertain
from marketpulse.types import OrderRequest, OrderType, Side

PAIR = Pair("BTCUSDT", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"))
NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)


def trade(**fields):
    plain = {
        "trade_id": "t1", "order_id": "7", "client_id": "MP1", "instrument": BTC, "side": Side.BUY,
        "quantity": Decimal("0.5"), "price": Decimal("100.01"), "fee": Decimal("0.05"), "fee_currency": "USDT",
        "time": NOW, "maker": False,
    }  # fmt: skip
    return Execution(**plain | fields)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("0.00001", "0.00001"),
        ("1E-8", "0.00000001"),
        ("1E+3", "1000"),
        ("10.0", "10"),
        ("123456789.123456789", "123456789.123456789"),
        ("64000.10", "64000.1"),
    ],
)
def test_numbers_are_written_out_and_never_changed(value, written):
    assert exact(Decimal(value)) == written
    assert Decimal(exact(Decimal(value))) == Decimal(value)


@pytest.mark.parametrize(
    ("request_of", "code"),
    [
        (("market", "0.00001", None), None),
        (("market", "0.000015", None), "OFF_LOT"),
        (("market", "0", None), "OFF_LOT"),
        (("market", "-1", None), "OFF_LOT"),
        (("market", "NaN", None), "OFF_LOT"),
        (("limit", "1", "100.01"), None),
        (("limit", "1", "100.015"), "OFF_TICK"),
        (("limit", "1", "0"), "OFF_TICK"),
        (("limit", "1", "Infinity"), "OFF_TICK"),
        (("stop", "1", "99.999"), "OFF_TICK"),
    ],
)
def test_what_does_not_fit_is_refused_and_never_rounded(request_of, code):
    kind, quantity, price = request_of
    price = None if price is None else Decimal(price)
    request = OrderRequest(
        "BTC/USDT", Side.BUY, OrderType(kind), Decimal(quantity),
        price if kind == "limit" else None, price if kind == "stop" else None,
    )  # fmt: skip
    if code is None:
        assert fitting(PAIR, BTC, request) is PAIR
        return
    with pytest.raises(Rejected) as caught:
        fitting(PAIR, BTC, request)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")


def test_what_is_not_offered_is_refused():
    request = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal(1))
    for pair, what, code in ((PAIR, INDEX, "NOT_TRADABLE"), (None, BTC, "UNKNOWN_PAIR")):
        with pytest.raises(Rejected) as caught:
            fitting(pair, what, request)
        assert caught.value.code == code


def test_a_step_of_zero_binds_nothing():
    request = OrderRequest("BTC/USDT", Side.BUY, OrderType.MARKET, Decimal("0.123456789"))
    assert fitting(PAIR._replace(lot=Decimal(0)), BTC, request)


@pytest.mark.parametrize("value", [None, "", "x", "NaN", "Infinity", True, 1.5, [], {}])
def test_what_is_no_amount_is_no_answer(value):
    with pytest.raises(Uncertain, match=r"^v: k is"):
        number("v", {"k": value}, "k")


def test_amounts_keep_every_digit():
    assert number("v", {"k": "0.12345678901234567890"}, "k") == Decimal("0.12345678901234567890")
    assert number("v", {"k": 7}, "k") == 7
    assert number("v", {"k": "-0.5"}, "k") == Decimal("-0.5")


@pytest.mark.parametrize("value", [None, "", "x", 0, -1, "1", 10**18, "NaN", True])
def test_what_is_no_time_is_no_answer(value):
    with pytest.raises(Uncertain):
        moment("v", {"k": value}, "k")


def test_times_are_aware_utc():
    assert moment("v", {"k": str(int(NOW.timestamp() * 1000))}, "k") == NOW


@pytest.mark.parametrize("answer", [None, "x", 5, {}, [None], ["x"], [[]]])
def test_what_is_no_list_of_objects_is_no_answer(answer):
    with pytest.raises(Uncertain):
        rows_of("v", answer)


@pytest.mark.parametrize("answer", [None, "x", 5, [], [{}]])
def test_what_is_no_object_is_no_answer(answer):
    with pytest.raises(Uncertain):
        only("v", answer)
    with pytest.raises(Uncertain):
        text("v", answer, "k")


def test_sides():
    assert [side_of("v", word) for word in ("Buy", "SELL")] == [Side.BUY, Side.SELL]
    with pytest.raises(Uncertain):
        side_of("v", "Hold")


def test_a_fee_in_the_currency_of_the_price_is_booked():
    fill = as_fill("v", trade())
    assert (fill.quantity, fill.price, fill.fee, fill.venue) == (
        Decimal("0.5"),
        Decimal("100.01"),
        Decimal("0.05"),
        "v",
    )
    assert (fill.fee_currency, fill.maker, fill.note) == ("USDT", False, '{"order":"7"}')
    assert as_fill("v", trade(fee=Decimal("-0.01"))).fee == Decimal("-0.01")  # a maker's rebate
    assert as_fill("v", trade(maker=None)).maker is None


@pytest.mark.parametrize("coin", ["BTC", "BNB", "USDC"])
def test_a_fee_in_another_coin_names_it(coin):
    fill = as_fill("v", trade(fee_currency=coin))
    assert (fill.fee, fill.fee_currency) == (Decimal("0.05"), coin)


def test_a_fee_in_no_coin_is_never_booked():
    with pytest.raises(Uncertain, match="currency"):
        as_fill("v", trade(fee_currency=""))
    assert as_fill("v", trade(fee_currency="", fee=Decimal(0))).fee == 0


@pytest.mark.parametrize(
    "fields", [{"quantity": Decimal(0)}, {"price": Decimal(0)}, {"quantity": Decimal(-1)}]
)
def test_what_is_no_trade_is_not_booked(fields):
    with pytest.raises(Uncertain):
        as_fill("v", trade(**fields))


def test_a_trade_told_twice_is_one_and_the_oldest_comes_first():
    late = as_fill("v", trade(trade_id="a", time=NOW))
    early = as_fill("v", trade(trade_id="b", time=NOW.replace(hour=1)))
    assert sorted_once([late, early, late]) == [early, late]


def test_coins_of_known_pairs_are_positions_and_all_others_cash():
    coins = {"USDT": Decimal(5), "BTC": Decimal("0.1"), "BNB": Decimal(1), "XRP": Decimal(0)}
    account = account_of("id", coins, [INDEX, BTC, instrument("BTC/EUR")])
    assert account.cash == {"USDT": 5, "BNB": 1}
    assert account.positions == {"BTC/USDT": Decimal("0.1")}
    assert account_of("id", coins, []).positions == {}
    assert set(KNOWN) == {"BTC/USDT", "^GSPC"}
