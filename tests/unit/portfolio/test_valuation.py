"""What the account is worth: worked by hand."""

from datetime import timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from unit.portfolio.folding import T0

from marketpulse.portfolio import Flow, value
from marketpulse.types import MarketDatum, Portfolio, Position, Quote, SessionState


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
