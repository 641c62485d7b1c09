"""Scenarios as moves: a name's own where its bars hold the time, else by beta, and marked."""

from datetime import UTC, date, datetime
from math import isnan, nan

import numpy as np
import pytest
from tickets import INSTRUMENTS, ask, bars, context, portfolio
from unit.risk.test_prospect import standing

from marketpulse.risk.pretrade import preview
from marketpulse.risk.stress import SCENARIOS, Scenario, read_scenarios, shocks, stressed

CRASH = SCENARIOS[0]


def day(when):
    return int(datetime(when.year, when.month, when.day, tzinfo=UTC).timestamp()) // 86_400


def through(symbol, fall):
    """Bars over the crash of 1987: flat, then lower on the last day."""
    first = day(date(1987, 10, 1))
    closes = np.full(day(CRASH.end) - first + 1, 100.0)
    closes[-1] = 100.0 * (1 + fall)
    return bars(symbol, closes, first)


def series(symbol, beta, seed=1, n=400):
    moves = np.random.default_rng(seed).normal(0, 0.01, n)
    return bars(symbol, 100 * np.exp(np.cumsum(beta * moves)), 15_000)


def test_a_name_with_prices_of_the_time_moves_as_it_did():
    shock = shocks({"AAPL": through("AAPL", -0.3)}, INSTRUMENTS, None, [CRASH])[0]
    assert shock.moves["AAPL"] == pytest.approx(-0.3)
    assert shock.own == {"AAPL"}
    assert shock.about == "the index's published fall"


def test_a_name_without_moves_with_its_index_by_its_beta():
    shock = shocks({"AAPL": series("AAPL", 1.5)}, INSTRUMENTS, series("^GSPC", 1.0), [CRASH])[0]
    assert shock.moves["AAPL"] == pytest.approx(1.5 * CRASH.market, rel=1e-6)
    assert "AAPL" not in shock.own | shock.assumed
    assert shock.moves["IBM"] == CRASH.market
    assert "IBM" in shock.assumed


def test_the_index_of_the_time_is_taken_where_it_is_held():
    shock = shocks({}, INSTRUMENTS, through("^GSPC", -0.1), [CRASH])[0]
    assert (shock.moves["IBM"], shock.about) == (pytest.approx(-0.1), "prices of the time")


def test_nothing_falls_below_nothing():
    shock = shocks({"AAPL": series("AAPL", 9.0)}, INSTRUMENTS, series("^GSPC", 1.0), [CRASH])[0]
    assert shock.moves["AAPL"] == -1.0


def test_coins_follow_bitcoin_where_it_has_a_figure_and_else_the_market():
    winter = next(s for s in SCENARIOS if s.name.startswith("Crypto"))
    now, then = (shocks({}, INSTRUMENTS, None, [s])[0].moves["BTC/USDT"] for s in (winter, CRASH))
    assert (now, then) == (winter.coins, CRASH.market)


def test_an_unknown_value_is_named_and_not_counted_as_nothing():
    made = shocks({}, INSTRUMENTS, None, [CRASH])
    line = stressed(made, {"AAPL": 100.0, "IBM": nan})[0]
    assert (line.pnl, line.unknown) == (None, ("IBM",))
    assert stressed(made, {})[0].pnl == 0.0
    assert stressed(made, {"AAPL": 100.0}, ("STRANGE", 5.0))[0].after is None


def test_a_preview_shows_each_scenario_as_it_is_and_with_the_order_in():
    found = preview(ask(), context(portfolio=portfolio("90000", AAPL="100"), standing=standing()))
    assert len(found.stress) == len(SCENARIOS)
    first = found.stress[0]
    assert (first.pnl, first.after) == (pytest.approx(-2_050.0), pytest.approx(-2_255.0))


def test_ones_own_scenarios_are_read_and_bad_ones_are_told():
    made, problems = read_scenarios(
        "Chips: AAPL -30%, market -5; Coins halve: coins -50; bad; X: IBM x", INSTRUMENTS
    )
    assert [s.name for s in made] == ["Chips", "Coins halve"]
    assert (dict(made[0].names), made[0].market, made[1].coins) == ({"AAPL": -0.3}, -0.05, -0.5)
    assert len(problems) == 2
    shock = shocks({}, INSTRUMENTS, None, made)[0]
    assert (shock.moves["AAPL"], shock.moves["IBM"], shock.about) == (-0.3, -0.05, "your own")
    assert read_scenarios("X: AAPL -130", INSTRUMENTS)[0] == ()
    assert read_scenarios("X: STRANGE -10", INSTRUMENTS)[0] == ()


def test_bars_with_a_hole_at_the_day_are_no_prices_of_the_time():
    late = bars("AAPL", [100.0, 50.0], day(date(1987, 11, 20)))
    assert shocks({"AAPL": late}, INSTRUMENTS, None, [CRASH])[0].own == frozenset()
    zero = through("AAPL", -1.0)
    moved = shocks({"AAPL": zero}, INSTRUMENTS, None, [Scenario("x", -0.2, None, CRASH.start, CRASH.end)])[0]
    assert not isnan(moved.moves["AAPL"])
