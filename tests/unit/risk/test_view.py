from dataclasses import replace
from decimal import Decimal
from math import sqrt

import numpy as np
import pytest
from tickets import INSTRUMENTS, order, portfolio, sell, stop, walk

from marketpulse.risk.var import Scenarios
from marketpulse.risk.view import view
from marketpulse.types import OrderType, Rate

PRICES = {"AAPL": 100.0, "IBM": 200.0}
WALKS = {"AAPL": walk("AAPL", 1), "IBM": walk("IBM", 2), "BTC/USDT": walk("BTC/USDT", 3)}


def look(books, equity=100_000.0, orders=(), prices=PRICES, walks=WALKS, **changes):
    return view(
        books,
        orders,
        prices=prices,
        instruments=INSTRUMENTS,
        equity=equity,
        scenarios=Scenarios(walks),
        **changes,
    )


def test_a_book_of_two_shares():
    found = look(portfolio("70000", AAPL="100", IBM="100"))
    assert found.gross == pytest.approx(0.3)
    assert found.open_risk == pytest.approx(0.3)
    assert found.exposure == (("equity", pytest.approx(0.3)),)
    assert found.bars == len(found.scenario_pnl) == 500
    assert found.var_fraction == pytest.approx(found.var / 100_000)
    profits = np.array([p for _, p in found.scenario_pnl])
    assert found.var == -np.sort(profits)[4]
    assert found.volatility == pytest.approx(profits.std(ddof=1) / 100_000 * sqrt(252))
    assert [day for day, _ in found.scenario_pnl][-1] == "1971-08-24"  # day 600 of 1970


def test_the_limits_show_the_largest_position_and_the_open_risk():
    position, risk = look(portfolio("70000", AAPL="100", IBM="100")).limits
    assert (position.code, position.value, position.passed) == ("POSITION_LIMIT", "20.0%", False)
    assert "IBM" in position.sentence
    assert (risk.code, risk.value, risk.advisory) == ("OPEN_RISK", "30.0%", False)


def test_a_resting_stop_lowers_the_open_risk():
    found = look(portfolio("90000", AAPL="100"), orders=(order(stop("95", quantity=100)),))
    assert found.open_risk == pytest.approx(0.005)


def test_an_empty_book_risks_nothing():
    found = look(portfolio())
    assert (found.var, found.volatility, found.gross, found.open_risk) == (0.0, 0.0, 0.0, 0.0)
    assert found.exposure == found.scenario_pnl == ()
    assert all(check.passed for check in found.limits)


def test_few_bars_leave_var_and_volatility_unknown():
    found = look(portfolio("90000", AAPL="100"), walks={"AAPL": walk("AAPL", 1, n=50)})
    assert (found.var, found.volatility, found.var_note) == (None, None, "unknown, 49 bars")
    assert found.gross == pytest.approx(0.1)


@pytest.mark.parametrize("equity", [None, float("nan"), 0.0, 100_000.0])
def test_a_position_without_a_price_makes_everything_unknown(equity):
    found = look(portfolio("90000", AAPL="100"), equity=equity, prices={})
    assert found.var is found.var_fraction is found.volatility is found.gross is found.open_risk is None
    assert not any(check.passed for check in found.limits)


def test_a_book_of_coins_counts_365_days_a_year():
    found = look(portfolio("90000", **{"BTC/USDT": "1"}), prices={"BTC/USDT": 5_000.0})
    profits = np.array([p for _, p in found.scenario_pnl])
    assert found.volatility == pytest.approx(profits.std(ddof=1) / 100_000 * sqrt(365))
    assert found.exposure == (("crypto", 0.05),)


def test_a_sharpe_ratio_measured_elsewhere_is_passed_on():
    found = look(portfolio(), sharpe=1.2, sharpe_note="90 sessions")
    assert (found.sharpe, found.sharpe_note) == (1.2, "90 sessions")


def test_a_trailing_stop_lowers_the_open_risk():
    trail = sell(100, type=OrderType.TRAILING_STOP, trail_percent=Decimal(5))
    assert look(portfolio("90000", AAPL="100"), orders=(order(trail),)).open_risk == pytest.approx(0.005)


def test_what_is_held_in_another_currency_is_told_in_the_base_currency_or_not_at_all():
    books = portfolio("90000", AAPL="100")
    books = replace(books, positions={"AAPL": replace(books.positions["AAPL"], currency="INR")})
    found = look(books, rates={"INR": Rate("INR", 0.5, "x")})
    assert (found.gross, found.open_risk) == (pytest.approx(0.05), pytest.approx(0.05))
    assert found.var == pytest.approx(look(portfolio("90000", AAPL="50")).var)
    unknown = look(books, rates={})
    assert unknown.var is unknown.gross is unknown.open_risk is None
    assert not any(check.passed for check in unknown.limits)
