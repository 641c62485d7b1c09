import json
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from arch.data import sp500
from hypothesis import given, settings
from hypothesis import strategies as st
from tickets import bars, walk

from marketpulse.risk.var import Scenarios, historical_shortfall, historical_var

HULL = json.loads((Path(__file__).parents[2] / "answers" / "hull_historical_simulation.json").read_text())
PNL = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=300).map(np.array)
LEVEL = st.floats(0.5, 0.999)


def hull():
    rest = np.zeros(HULL["scenarios"] - len(HULL["worst_losses"]))
    return np.concatenate([rest, -np.array(HULL["worst_losses"])])


def test_hull_fifth_worst_of_500_is_the_99_percent_var():
    assert historical_var(hull(), HULL["level"]) == pytest.approx(HULL["var"], abs=HULL["tolerance"])


def test_hull_mean_of_the_five_worst_is_the_historical_shortfall():
    answer = historical_shortfall(hull(), HULL["level"])
    assert answer == pytest.approx(HULL["expected_shortfall"], abs=HULL["tolerance"])


def test_hull_profit_of_the_first_scenario():
    case = HULL["scenario_1"]
    scenarios = Scenarios({symbol: bars(symbol, levels) for symbol, levels in case["levels"].items()})
    _, pnl = scenarios.pnl(case["values"])
    assert pnl == pytest.approx([case["profit"]], abs=case["tolerance"])


def test_the_sp500_breaks_its_99_percent_var_about_as_often_as_others_measured():
    # 500-day historical simulation, S&P 500 1999-2018, 4,030 days out of sample: 1.59 % with the
    # interpolated quantile; the k-th worst is a little more cautious.
    close = sp500.load()["Adj Close"].to_numpy()
    returns = close[1:] / close[:-1] - 1
    days = range(1000, len(returns))
    broken = sum(returns[i] < -historical_var(returns[i - 500 : i], 0.99) for i in days)
    assert len(days) == 4030
    assert 0.010 < broken / len(days) <= 0.0159


@settings(deadline=None)
@given(PNL, LEVEL, LEVEL)
def test_var_and_shortfall_grow_with_the_level(pnl, one, two):
    low, high = sorted((one, two))
    assert 0.0 <= historical_var(pnl, low) <= historical_var(pnl, high)
    assert historical_shortfall(pnl, low) <= historical_shortfall(pnl, high) + 1e-6


@settings(deadline=None)
@given(PNL, LEVEL, st.floats(0.01, 100))
def test_var_scales_with_the_book_and_never_exceeds_the_shortfall(pnl, level, scale):
    var = historical_var(pnl, level)
    assert historical_var(pnl * scale, level) == pytest.approx(var * scale, rel=1e-9)
    assert historical_shortfall(pnl, level) >= var * (1 - 1e-12)


@settings(deadline=None)
@given(PNL, LEVEL)
def test_no_more_than_the_tail_is_worse_than_the_var(pnl, level):
    assert (
        np.sum(pnl < -historical_var(pnl, level)) <= len(pnl) * (1 - level) + 1e-6
        or len(pnl) * (1 - level) < 1
    )


@pytest.mark.parametrize(
    "bad", [[], [float("nan")], [1.0, float("nan")], [1.0, float("-inf")], [float("inf")]]
)
def test_a_number_that_is_none_makes_the_answer_nan(bad):
    assert isnan(historical_var(np.array(bad)))
    assert isnan(historical_shortfall(np.array(bad)))


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 99.0, float("nan")])
def test_a_level_is_a_fraction(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        historical_var(np.zeros(10), level)


def test_an_empty_book_loses_nothing():
    assert Scenarios({}).var({}).value == 0.0
    assert Scenarios({"A": walk("A", 1)}).var({"A": 0.0}).value == 0.0


def test_under_100_bars_it_is_unknown_and_says_how_many_there_are():
    scenarios = Scenarios({"A": walk("A", 1, n=100)})
    found = scenarios.var({"A": 1.0})
    assert (found.value, found.bars, found.note) == (None, 99, "unknown, 99 bars")
    assert Scenarios({"A": walk("A", 1, n=101)}).var({"A": 1.0}).value is not None


def test_a_symbol_without_bars_or_price_makes_it_unknown_and_is_named():
    scenarios = Scenarios({"A": walk("A", 1)})
    assert "B" in scenarios.var({"A": 1.0, "B": 1.0}).note
    assert scenarios.var({"A": float("nan")}).value is None


@pytest.mark.filterwarnings("error")
def test_a_hole_in_the_prices_makes_it_unknown():
    closes = np.full(300, 100.0)
    closes[150] = 0.0
    assert Scenarios({"A": bars("A", closes)}).var({"A": 1.0}).value is None


def test_only_the_newest_500_returns_count():
    closes = np.concatenate([[100.0, 1.0], np.full(500, 1.0)])  # the crash lies just outside
    assert Scenarios({"A": bars("A", closes)}).var({"A": 100.0}).value == 0.0
    assert Scenarios({"A": bars("A", closes[:-1])}).aligned(["A"]).matrix.min() == pytest.approx(-0.99)


def test_symbols_on_one_calendar_are_aligned_by_date():
    scenarios = Scenarios({"A": walk("A", 1, n=300), "B": walk("B", 2, n=200, first_day=150)})
    together = scenarios.aligned(["A", "B"])
    assert len(together.days) == 149
    assert together.days[0] == 151 * 86_400
    alone = scenarios.aligned(["A"])
    assert together.matrix[:, 0] == pytest.approx(alone.matrix[150:, 0])


def test_a_return_spans_from_one_common_date_to_the_next():
    weekdays = bars("A", [100.0, 110.0], first_day=4, every=3)  # Friday, Monday
    everyday = bars("C", [10.0, 20.0, 30.0, 40.0], first_day=4)
    together = Scenarios({"A": weekdays, "C": everyday}).aligned(["A", "C"])
    assert together.matrix == pytest.approx(np.array([[0.1, 3.0]]))


def test_another_clock_is_aligned_from_the_end():
    tape, simulated = walk("A", 1, n=301), walk("SIM", 2, n=201, first_day=9_000)
    together = Scenarios({"A": tape, "SIM": simulated}).aligned(["A", "SIM"])
    assert together.matrix.shape == (200, 2)
    assert together.matrix[-1] == pytest.approx(
        [tape.close[-1] / tape.close[-2] - 1, simulated.close[-1] / simulated.close[-2] - 1]
    )


def test_the_days_shown_are_those_of_most_symbols():
    series = {
        "A": walk("A", 1, n=300),
        "B": walk("B", 2, n=300),
        "0SIM": walk("0SIM", 3, n=300, first_day=9_000),
    }
    assert Scenarios(series).aligned(series).days[-1] == 299 * 86_400


def test_aligned_returns_are_kept_for_the_next_preview():
    scenarios = Scenarios({"A": walk("A", 1), "B": walk("B", 2)})
    assert scenarios.aligned(["A", "B"]) is scenarios.aligned(["B", "A"])


def test_profit_is_value_times_return():
    scenarios = Scenarios({"A": bars("A", [100.0, 101.0, 99.99]), "B": bars("B", [50.0, 50.0, 52.0])})
    days, pnl = scenarios.pnl({"A": 1000.0, "B": 500.0})
    assert pnl == pytest.approx([10.0, 10.0])
    assert list(days) == [86_400, 172_800]
