from dataclasses import replace
from datetime import date
from decimal import Decimal

import fakes
import pytest

from marketpulse.execution import read_order
from marketpulse.types import Change, Instrument, OrderType, Side, TimeInForce
from pages import order_form, ticket

SNAPSHOT = fakes.empty()


def form(**changes):
    fields = {
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "by_percent": False,
        "amount": "10",
        "time_in_force": TimeInForce.DAY,
    }
    return order_form.Form(**(fields | changes))


def test_a_market_order_has_no_price():
    assert form().raw("10") == {
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "quantity": "10",
        "time_in_force": "day",
    }


@pytest.mark.parametrize("kind", [k for k in OrderType if k is not OrderType.MARKET])
@pytest.mark.parametrize("side", list(Side))
def test_what_the_ticket_proposes_is_an_order_the_desk_can_read(kind, side):
    prices = order_form.first_prices(side, kind, SNAPSHOT.instruments["AAPL"], 571.53)
    wanted = order_form.NEEDED[kind] + order_form.exits(side, kind)
    raw = form(type=kind, side=side, prices=tuple((name, prices[name]) for name in wanted)).raw("10")
    request = read_order(raw, SNAPSHOT.instruments)
    assert request.type is kind
    assert (request.take_profit_price is not None) == bool(order_form.exits(side, kind))


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [("2%", "trail_percent", "2"), ("2 %", "trail_percent", "2"), ("1.50", "trail_amount", "1.50")],
)
def test_a_trail_is_percent_or_money_by_how_it_is_written(text, field, value):
    raw = form(type=OrderType.TRAILING_STOP, prices=(("trail", text), ("activation_price", ""))).raw("10")
    assert raw[field] == value
    assert "activation_price" not in raw


def test_flags_and_the_last_day_reach_the_desk():
    raw = form(
        type=OrderType.LIMIT,
        prices=(("limit_price", "560"),),
        time_in_force=TimeInForce.GTD,
        good_till=order_form.until(date(2012, 6, 21), SNAPSHOT.instruments["AAPL"]),
        flags=frozenset({"post_only"}),
    ).raw("10")
    assert raw["post_only"] is True
    assert raw["good_till"] == "2012-06-22T03:59:59+00:00"  # the end of the day in New York
    coin = order_form.until(date(2012, 6, 21), SNAPSHOT.instruments["BTC/USDT"])
    assert coin == "2012-06-21T23:59:59+00:00"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("limit", "limit price"),
        ("stop", "stop price"),
        ("stop_limit", "stop price"),
        ("trailing_stop", "distance"),
    ],
)
def test_a_missing_price_is_asked_for(kind, said):
    assert said in order_form.size(form(type=OrderType(kind)), SNAPSHOT).why


def test_a_missing_last_day_is_asked_for():
    assert "day" in order_form.size(form(time_in_force=TimeInForce.GTD), SNAPSHOT).why


def test_what_is_typed_reaches_the_desk_unchanged():
    assert order_form.size(form(amount="1e3"), SNAPSHOT).units == "1e3"
    assert order_form.size(form(amount="ten"), SNAPSHOT).units == "ten"


@pytest.mark.parametrize(
    ("symbol", "percent", "units"),
    [
        ("AAPL", "10", "17"),  # 10,000 / 571.53 = 17.497
        ("AAPL", "10 %", "17"),
        ("BTC/USDT", "1", "0.0155"),  # 1,000 / 64,210.50 = 0.015574, lot 0.0001
    ],
)
def test_percent_is_floored_to_the_lot(symbol, percent, units):
    assert order_form.size(form(symbol=symbol, by_percent=True, amount=percent), SNAPSHOT).units == units


@pytest.mark.parametrize("amount", ["0", "-5", "NaN", "Infinity", "1e999", "a lot", "5,5"])
def test_a_percentage_that_is_no_positive_number_sizes_nothing(amount):
    sized = order_form.size(form(by_percent=True, amount=amount), SNAPSHOT)
    assert sized == order_form.Sized("", "The percentage must be a positive number.")


def test_percent_that_buys_less_than_a_lot_says_so():
    sized = order_form.size(form(by_percent=True, amount="0.1"), SNAPSHOT)
    assert sized == order_form.Sized("", "0.1 % of equity buys less than one lot (1).")


def test_percent_needs_a_price():
    sized = order_form.size(form(by_percent=True, amount="5"), fakes.empty(market={}))
    assert "needs a price" in sized.why


def test_an_unknown_symbol_is_left_to_the_desk():
    assert order_form.size(form(symbol="APPL", by_percent=True, amount=""), SNAPSHOT).units == "1"


@pytest.mark.parametrize(
    ("typed", "first"),
    [("APPL", "AAPL"), ("aple", "AAPL"), ("bitcoin", "BTC/USDT"), ("MSTF", "MSFT"), ("etherum", "ETH/USDT")],
)
def test_the_nearest_name(typed, first):
    assert ticket.nearest(typed, SNAPSHOT)[0] == first


def test_nothing_is_near_nonsense():
    assert ticket.nearest("qqqqqqq", SNAPSHOT) == []


# The smallest change that passes ------------------------------------------------------------------------


def propose(desk, raw):
    return desk.change(raw)


def test_a_position_over_its_limit_is_cut_to_it():
    raw = form().raw("100")
    # 15 % of 100,000 is 15,000: 26 x 571.53 = 14,859.78 and 27 would be 15,431.31
    assert propose(fakes.FakeDesk(SNAPSHOT), raw) == Change("quantity", "26")


def test_when_two_checks_refuse_the_smaller_quantity_is_proposed():
    desk = fakes.FakeDesk(SNAPSHOT)
    desk.show(valuation=replace(SNAPSHOT.valuation, buying_power=6_000.0))
    # cash for 10.5 at 571.53, and 15 % of equity is 26
    assert propose(desk, form().raw("100")) == Change("quantity", "10")


def test_nothing_is_proposed_for_an_order_that_passes():
    assert propose(fakes.FakeDesk(SNAPSHOT), form().raw("10")) is None


def test_nothing_is_proposed_for_what_cannot_be_read():
    assert propose(fakes.FakeDesk(SNAPSHOT), form(symbol="APPL").raw("10")) is None


def test_the_lot_of_a_coin_is_kept():
    coin: Instrument = SNAPSHOT.instruments["BTC/USDT"]
    raw = form(symbol="BTC/USDT").raw("5")
    found = propose(fakes.FakeDesk(SNAPSHOT), raw)
    assert Decimal(found.text) % coin.lot == 0
    assert found.text == "0.2336"  # 15,000 / 64,210.50 = 0.23361
