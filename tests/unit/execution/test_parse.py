"""Bad input: a code and one clear sentence for each, and never anything but Refused."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.errors import Refused
from marketpulse.execution.ids import body_hash, client_order_id, intent_id
from marketpulse.execution.parse import check, read_order
from marketpulse.types import AssetClass, Instrument, OrderRequest, OrderType, Side, TimeInForce

INSTRUMENTS = {
    "AAPL": Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1)),
    "^GSPC": Instrument("^GSPC", "S&P 500", AssetClass.INDEX, "USD", "XNYS", Decimal("0.01"), Decimal(1)),
    "BTC/USDT": Instrument(
        "BTC/USDT", "Bitcoin", AssetClass.CRYPTO, "USDT", "24/7", Decimal("0.01"), Decimal("0.00001")
    ),
}
GOOD = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "10"}


def refused(**changes):
    with pytest.raises(Refused) as caught:
        read_order({**GOOD, **changes}, INSTRUMENTS)
    sentence = caught.value.sentence
    assert sentence.endswith(".")
    assert len(sentence) < 200
    return caught.value.code, sentence


def test_a_good_order_is_read():
    request = read_order(
        {**GOOD, "type": "limit", "limit_price": "571.53", "time_in_force": "gtc"}, INSTRUMENTS
    )
    assert request == OrderRequest(
        "AAPL", Side.BUY, OrderType.LIMIT, Decimal(10), Decimal("571.53"), None, TimeInForce.GTC
    )


@pytest.mark.parametrize("symbol", ["BTC/USDT", "BTC-USDT", "btc-usdt", "btc/usdt", " BTC-usdt "])
def test_a_pair_is_found_however_it_is_written(symbol):
    assert read_order({**GOOD, "symbol": symbol, "quantity": "0.00001"}, INSTRUMENTS).symbol == "BTC/USDT"


@pytest.mark.parametrize("quantity", ["10", 10, "10.0", " 10 ", "+10", Decimal("1E+1")])
def test_numbers_are_text_or_whole(quantity):
    assert read_order({**GOOD, "quantity": quantity}, INSTRUMENTS).quantity == 10


@pytest.mark.parametrize(
    "quantity",
    [
        "0", 0, "-1", -1, "nan", "NaN", "inf", "-Infinity", "1e999", "1e2", "", " ", "ten", "0x10", "1,000",
        "1_000", "\uff11\uff10", "1" * 16, "9" * 5000, 10**13, 10**400, 10.0, float("nan"), float("inf"), True, False,
        [], {}, b"10", Decimal("NaN"), Decimal("Infinity"), Decimal(-1), Decimal("1E+999999"),
        Decimal("1E-999999"), "0." + "0" * 18 + "1", "1." + "1" * 19,
    ],
)  # fmt: skip
def test_a_bad_quantity_is_refused(quantity):
    assert refused(quantity=quantity)[0] == "BAD_QUANTITY"


@pytest.mark.parametrize("price", ["0", "-5", "nan", "1e999", 1.5, True, "", 10**10])
@pytest.mark.parametrize("kind", ["limit", "stop"])
def test_a_bad_price_is_refused(kind, price):
    assert refused(type=kind, **{f"{kind}_price": price})[0] == "BAD_PRICE"


def test_an_unknown_symbol_names_the_nearest():
    code, sentence = refused(symbol="APPL")
    assert code == "UNKNOWN_SYMBOL"
    assert "AAPL" in sentence.split("Nearest")[1]


@pytest.mark.parametrize("symbol", [7, ["AAPL"], "", "A" * 10_000_000, "<script>alert(1)</script>"])
def test_a_symbol_that_is_no_name_is_not_repeated(symbol):
    code, sentence = refused(symbol=symbol)
    assert code == "UNKNOWN_SYMBOL"
    assert "script" not in sentence


def test_an_index_is_not_tradable():
    assert refused(symbol="^gspc")[0] == "NOT_TRADABLE"


def test_a_limit_off_the_tick_names_the_neighbours():
    assert refused(type="limit", limit_price="571.123") == (
        "OFF_TICK",
        "571.123 is not a multiple of 0.01, the price step of AAPL; the nearest are 571.12 and 571.13.",
    )


def test_a_quantity_off_the_lot_names_the_neighbours():
    assert refused(quantity="1.5") == (
        "OFF_LOT",
        "1.5 is not a multiple of 1, the lot of AAPL; the nearest are 1 and 2.",
    )
    assert refused(quantity="0.5")[1].endswith("the nearest is 1.")


@pytest.mark.parametrize("field", ["symbol", "side", "type", "quantity"])
def test_a_missing_field_is_named(field):
    assert refused(**{field: None}) == ("BAD_REQUEST", f"The order's {field} is missing.")


def test_an_unknown_field_names_the_nearest():
    code, sentence = refused(quantitty="1")
    assert code == "BAD_REQUEST"
    assert "Nearest: quantity." in sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"side": "hold"}, {"side": 1}, {"type": "stop-limit"}, {"type": None}, {"time_in_force": "aon"},
        {"type": "stop", "stop_price": "5", "time_in_force": "fok"}, {"time_in_force": "gtd"},
        {"good_till": "2026-01-30T21:00:00Z"}, {"time_in_force": "gtd", "good_till": "2026-01-30"},
        {"type": "trailing_stop"}, {"trail_amount": "1"}, {"activation_price": "1"}, {"post_only": True},
        {"type": "trailing_stop", "trail_amount": "1", "trail_percent": "1"}, {"reduce_only": True},
        {"reduce_only": "yes"}, {"take_profit_price": "5", "stop_loss_price": "5"},
        {"side": "sell", "take_profit_price": "5"}, {"side": "sell", "stop_loss_price": "5"},
        {"type": "stop_limit", "limit_price": "5"}, {"type": "take_profit", "limit_price": "5"},
        {"limit_price": "5"}, {"stop_price": "5"}, {"type": "limit"}, {"type": "stop"},
        {"type": "limit", "limit_price": "5", "stop_price": "5"}, {"type": "stop", "limit_price": "5"},
    ],
)  # fmt: skip
def test_an_order_that_contradicts_itself_is_refused(changes):
    assert refused(**changes)[0] == "BAD_REQUEST"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "symbol": st.sampled_from(["AAPL", "btc-usdt"]) | JSON,
            "side": st.sampled_from(["buy", "sell"]) | JSON,
            "type": st.sampled_from(["market", "limit", "stop"]) | JSON,
            "quantity": st.decimals(allow_nan=True).map(str) | JSON,
            "limit_price": st.decimals().map(str) | JSON,
            "stop_price": JSON,
            "time_in_force": JSON,
            "x": JSON,
        },
    )
)
def test_i14_whatever_comes_is_an_order_or_refused(raw):
    try:
        request = read_order(raw, INSTRUMENTS)
    except Refused:
        return
    assert request.quantity.is_finite()
    assert request.quantity > 0
    assert check(request, INSTRUMENTS) is request


def test_ids_are_stable_and_fit_every_venue():
    first = client_order_id("installation", intent_id("ticket"))
    assert first == client_order_id("installation", intent_id("ticket"))
    assert first != client_order_id("another", intent_id("ticket"))
    assert len(first) == 20
    assert first.isalnum()
    assert len({client_order_id("i", intent_id(str(n))) for n in range(10_000)}) == 10_000


def test_a_body_is_the_wish_not_its_spelling():
    one, two, three = (
        read_order({**GOOD, "quantity": q, "symbol": s}, INSTRUMENTS)
        for q, s in (("10", "AAPL"), ("10.00", "aapl"), ("11", "AAPL"))
    )
    assert body_hash(one) == body_hash(two) != body_hash(three)
