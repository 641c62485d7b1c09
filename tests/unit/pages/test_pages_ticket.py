from dataclasses import replace
from decimal import Decimal

import fakes
import pytest

from marketpulse.types import Check, Instrument, OrderType, Preview, Side, TimeInForce
from pages import fixes, ticket

SNAPSHOT = fakes.empty()


def form(**changes):
    fields = {
        "symbol": "AAPL",
        "side": Side.BUY,
        "type": OrderType.MARKET,
        "by_percent": False,
        "amount": "10",
        "trigger": "",
        "time_in_force": TimeInForce.DAY,
    }
    return ticket.Form(**(fields | changes))


def test_a_market_order_leaves_a_typed_price_out():
    assert form(trigger="560").raw("10") == {
        "symbol": "AAPL",
        "side": "buy",
        "type": "market",
        "quantity": "10",
        "time_in_force": "day",
    }


@pytest.mark.parametrize(("kind", "field"), [("limit", "limit_price"), ("stop", "stop_price")])
def test_the_price_goes_where_the_type_wants_it(kind, field):
    raw = form(type=OrderType(kind), trigger="560.10").raw("10")
    assert raw[field] == "560.10"
    assert len(raw) == 6


def test_what_is_typed_reaches_the_desk_unchanged():
    assert ticket.size(form(amount="1e3"), SNAPSHOT).units == "1e3"
    assert ticket.size(form(amount="ten"), SNAPSHOT).units == "ten"


@pytest.mark.parametrize(
    ("symbol", "percent", "units"),
    [
        ("AAPL", "10", "17"),  # 10,000 / 571.53 = 17.497
        ("AAPL", "10 %", "17"),
        ("BTC/USDT", "1", "0.0155"),  # 1,000 / 64,210.50 = 0.015574, lot 0.0001
    ],
)
def test_percent_is_floored_to_the_lot(symbol, percent, units):
    assert ticket.size(form(symbol=symbol, by_percent=True, amount=percent), SNAPSHOT).units == units


@pytest.mark.parametrize("amount", ["0", "-5", "NaN", "Infinity", "1e999", "a lot", "5,5"])
def test_a_percentage_that_is_no_positive_number_sizes_nothing(amount):
    sized = ticket.size(form(by_percent=True, amount=amount), SNAPSHOT)
    assert sized == ticket.Sized("", "The percentage must be a positive number.")


def test_percent_that_buys_less_than_a_lot_says_so():
    sized = ticket.size(form(by_percent=True, amount="0.1"), SNAPSHOT)
    assert sized == ticket.Sized("", "0.1 % of equity buys less than one lot (1).")


def test_percent_needs_a_price():
    sized = ticket.size(form(by_percent=True, amount="5"), fakes.empty(market={}))
    assert "needs a price" in sized.why


def test_an_unknown_symbol_is_left_to_the_desk():
    assert ticket.size(form(symbol="APPL", by_percent=True, amount=""), SNAPSHOT).units == "1"


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
    return fixes.fix(desk.preview(raw), raw, desk.snapshot(), desk.preview)


def test_a_position_over_its_limit_is_cut_to_it():
    raw = form().raw("100")
    # 15 % of 100,000 is 15,000: 26 x 571.53 = 14,859.78 and 27 would be 15,431.31
    assert propose(fakes.FakeDesk(SNAPSHOT), raw) == fixes.Fix("quantity", "26")


def test_when_two_checks_refuse_the_smaller_quantity_is_proposed():
    desk = fakes.FakeDesk(SNAPSHOT)
    desk.show(valuation=replace(SNAPSHOT.valuation, buying_power=6_000.0))
    # cash for 10.5 at 571.53, and 15 % of equity is 26
    assert propose(desk, form().raw("100")) == fixes.Fix("quantity", "10")


def test_nothing_is_proposed_for_an_order_that_passes():
    assert propose(fakes.FakeDesk(SNAPSHOT), form().raw("10")) is None


def test_nothing_is_proposed_for_what_cannot_be_read():
    assert propose(fakes.FakeDesk(SNAPSHOT), form(symbol="APPL").raw("10")) is None


def refusal(code):
    """What the desk answers when it cannot even read the order."""
    return Preview(None, (Check(code, "Order", False, "Between two steps."),))


@pytest.mark.parametrize(("side", "text"), [("buy", "560.10"), ("sell", "560.11")])
def test_a_price_off_the_tick_is_rounded_away_from_more_exposure(side, text):
    raw = form(side=Side(side), type=OrderType.LIMIT, trigger="560.107").raw("10")
    passed = Preview(fakes.ORDERS[0].request, ())
    assert fixes.fix(refusal("OFF_TICK"), raw, SNAPSHOT, lambda _: passed) == fixes.Fix("price", text)


def test_a_quantity_off_the_lot_is_rounded_down():
    raw, passed = form().raw("10.5"), Preview(fakes.ORDERS[0].request, ())
    assert fixes.fix(refusal("OFF_LOT"), raw, SNAPSHOT, lambda _: passed) == fixes.Fix("quantity", "10")
    assert fixes.fix(refusal("OFF_LOT"), form().raw("0.5"), SNAPSHOT, lambda _: passed) is None


def test_a_proposal_that_does_not_pass_is_not_made():
    refused = refusal("OFF_LOT")
    assert fixes.fix(refused, form().raw("10.5"), SNAPSHOT, lambda _: refused) is None


def test_the_lot_of_a_coin_is_kept():
    coin: Instrument = SNAPSHOT.instruments["BTC/USDT"]
    raw = form(symbol="BTC/USDT").raw("5")
    found = propose(fakes.FakeDesk(SNAPSHOT), raw)
    assert Decimal(found.text) % coin.lot == 0
    assert found.text == "0.2336"  # 15,000 / 64,210.50 = 0.23361
