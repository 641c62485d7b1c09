"""What the account is worth: worked by hand."""

from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from unit.portfolio.folding import T0

from marketpulse.portfolio import Flow, band, converted, currencies, equity, value
from marketpulse.types import Balance, MarketDatum, Portfolio, Position, Quote, Rate, SessionState


def portfolio(*positions, cash="1000"):
    held = {p.symbol: p for p in positions}
    return Portfolio("paper:1", "USD", Decimal(cash), Decimal(5000), positions=MappingProxyType(held))


def position(symbol, quantity, average, realized="0"):
    return Position(symbol, Decimal(quantity), Decimal(average), Decimal(realized))


def mark(symbol, price, change=None, *, stale=False):
    quote = Quote(symbol, price, None, None, None, T0, T0 + timedelta(seconds=1), "tape")
    return MarketDatum(quote, 1.0, stale, SessionState.OPEN, change=change)


def test_equity_and_weights_by_hand():
    book = portfolio(position("AAPL", 10, 90), position("BTC/USDT", "0.5", 2000))
    marks = {"AAPL": mark("AAPL", 100.0, 0.25), "BTC/USDT": mark("BTC/USDT", 4000.0)}
    found = value(book, marks, reserved=Decimal("400.25"), day_start=3500.0, peak=5000.0)
    assert found.equity == 4000.0  # 1000 + 10 * 100 + 0.5 * 4000, a USDT counted as a dollar
    assert found.buying_power == 599.75
    assert found.day_pnl == 500.0
    assert found.open_pnl == 1100.0
    assert (found.drawdown, found.peak) == (pytest.approx(0.2), 5000.0)
    apple, coin = found.positions
    assert (apple.value, apple.unrealized, apple.weight, apple.day_pnl) == (1000.0, 100.0, 0.25, 200.0)
    assert (coin.weight, coin.day_pnl) == (0.5, None)


def test_a_new_peak_has_no_drawdown():
    found = value(portfolio(), {}, peak=900.0)
    assert (found.equity, found.peak, found.drawdown) == (1000.0, 1000.0, 0.0)


@pytest.mark.parametrize("price", [None, float("nan"), 0.0, -1.0, float("inf")])
def test_equity_is_none_while_a_held_instrument_has_no_price(price):
    marks = {} if price is None else {"AAPL": mark("AAPL", price)}
    found = value(portfolio(position("AAPL", 1, 90)), marks, day_start=1.0, peak=50.0, drawdown=0.03)
    assert found.equity is found.day_pnl is found.open_pnl is None
    assert (found.drawdown, found.peak) == (0.03, 50.0)
    assert found.positions[0].value is found.positions[0].weight is None
    assert found.cash == 1000


def test_a_flat_position_needs_no_price():
    found = value(portfolio(position("AAPL", 0, 0, "12.5")), {})
    assert found.equity == 1000.0
    assert found.open_pnl == 0
    assert found.positions[0].realized == Decimal("12.5")


def test_a_stale_mark_counts_and_says_so():
    found = value(portfolio(position("AAPL", 1, 90)), {"AAPL": mark("AAPL", 95.0, stale=True)})
    assert found.equity == 1095.0
    assert found.positions[0].stale


def test_the_days_gain_counts_todays_purchases_from_their_own_price():
    book = portfolio(position("AAPL", 10, 90))
    marks = {"AAPL": mark("AAPL", 110.0, 0.10)}  # yesterday's close was 100
    today = {"AAPL": Flow(Decimal(4), Decimal(4 * 105))}
    assert value(book, marks, today=today).positions[0].day_pnl == pytest.approx(6 * 10 + 4 * 5)
    bought_today = {"AAPL": Flow(Decimal(10), Decimal(1050))}
    no_close = {"AAPL": mark("AAPL", 110.0)}
    assert value(book, no_close, today=bought_today).positions[0].day_pnl == 50.0


def test_stops_are_shown_and_reserves_never_make_buying_power_negative():
    found = value(portfolio(position("AAPL", 1, 90)), {}, stops={"AAPL": Decimal(80)}, reserved=Decimal(2000))
    assert found.positions[0].stop == 80
    assert found.buying_power == 0.0


RUPEE = Rate("INR", 0.0125, "yahoo", 3.0)
KITE = ("kite:1", "INR")


def two_currencies(**more):
    held = {
        "AAPL": position("AAPL", 10, 90),
        "INFY": Position("INFY", Decimal(100), Decimal(1500), Decimal(80), "INR"),
    }
    balances = {("alpaca:1", "USD"): Decimal(1000), KITE: Decimal(-4000), ("alpaca:1", "EUR"): Decimal(0)}
    return Portfolio(
        "alpaca:1", "USD", Decimal(1000), Decimal(5000), positions=held, balances=balances, **more
    )


def test_equity_over_two_currencies_by_hand():
    marks = {"AAPL": mark("AAPL", 100.0), "INFY": mark("INFY", 1600.0, 0.0)}
    found = value(two_currencies(), marks, rates={"INR": RUPEE}, day_start=2900.0)
    # 1000 - 4000 * 0.0125 + 10 * 100 + 100 * 1600 * 0.0125
    assert found.equity == pytest.approx(1000 - 50 + 1000 + 2000)
    infy = found.positions[1]
    assert (infy.currency, infy.own_value, infy.own_unrealized) == ("INR", 160_000.0, 10_000.0)
    assert (infy.value, infy.unrealized, infy.day_pnl) == (2000.0, 125.0, 0.0)
    assert infy.weight == pytest.approx(2000 / 3950)
    assert found.open_pnl == pytest.approx(225.0)
    assert found.day_pnl == pytest.approx(1050.0)
    assert found.rates == (RUPEE,)
    assert found.unknown == ()
    assert found.balances == (
        Balance("alpaca:1", "EUR", Decimal(0), None),
        Balance("alpaca:1", "USD", Decimal(1000), 1000.0),
        Balance(*KITE, Decimal(-4000), -50.0),
    )


@pytest.mark.parametrize(
    ("rates", "why"),
    [
        ({}, "There is no rate from INR to USD."),
        (
            {"INR": Rate("INR", None, "USDINR=X from yahoo is stale or disputed", 7200.0)},
            "There is no rate from INR to USD (USDINR=X from yahoo is stale or disputed).",
        ),
        ({"INR": Rate("INR", float("nan"), "")}, "There is no rate from INR to USD."),
    ],
)
def test_without_a_rate_equity_is_unknown_with_a_sentence_and_never_a_number(rates, why):
    marks = {"AAPL": mark("AAPL", 100.0), "INFY": mark("INFY", 1600.0)}
    found = value(two_currencies(), marks, rates=rates, day_start=1.0, peak=50.0, drawdown=0.03)
    assert found.equity is found.day_pnl is found.open_pnl is found.positions[1].value is None
    assert found.unknown == (why,)
    assert (found.positions[1].own_value, found.positions[0].value) == (160_000.0, 1000.0)
    assert found.drawdown == 0.03


def test_a_price_that_is_missing_is_named_too():
    found = value(two_currencies(), {"AAPL": mark("AAPL", 100.0)}, rates={"INR": RUPEE})
    assert found.unknown == ("INFY has no price.",)


def test_currencies_that_need_a_rate():
    assert currencies(two_currencies()) == ("INR",)
    assert currencies(portfolio(position("AAPL", 1, 90))) == ()


def test_the_gate_and_the_picture_add_up_alike():
    prices = {"AAPL": 100.0, "INFY": 1600.0}
    assert equity(two_currencies(), prices, {"INR": RUPEE}) == pytest.approx(3950.0)
    assert equity(two_currencies(), {**prices, "INFY": float("nan")}, {"INR": RUPEE}) is None
    assert equity(two_currencies(), prices) is None


def test_the_band_is_equity_at_the_fills_other_prices():
    book = two_currencies(
        worse_in={"USD": Decimal(-3), "INR": Decimal(-80)}, better_in={"USD": Decimal(2), "INR": Decimal(0)}
    )
    marks = {"AAPL": mark("AAPL", 100.0), "INFY": mark("INFY", 1600.0)}
    found = value(book, marks, rates={"INR": RUPEE}, samples=[(1.0, 2.0)])
    assert (found.equity_low, found.equity_high) == (pytest.approx(3946.0), pytest.approx(3952.0))
    assert found.band == ((1.0, 2.0),)
    assert band(book, None, {}) is band(book, 1.0, {}) is None
    plain = value(two_currencies(), marks, rates={"INR": RUPEE})
    assert plain.equity_low is plain.equity_high is None


def test_amounts_without_a_rate_are_not_added():
    assert converted({"EUR": Decimal(1)}, "USD", {}) is None
    assert converted({"EUR": Decimal(0), "USD": Decimal(2)}, "USD", {}) == 2.0
