"""The slow part: every method, its backtest on the past of the book, parts that add up, the red zone."""

import numpy as np
import pytest

from marketpulse.risk.report import Held, Scales, backtests, estimates, futures_of, parts, together

DAY = 86_400


def held(matrix, values, symbols=None):
    names = symbols or tuple(f"S{i}" for i in range(matrix.shape[1]))
    return Held(names, np.asarray(values, float), DAY * np.arange(len(matrix), dtype=np.int64), matrix)


@pytest.fixture(scope="module")
def calm():
    return 0.01 * np.random.default_rng(3).standard_t(6, (700, 2))


def jumpy():
    """Calm years, then a fall of 9 % every 18 days of the last 250: no model has seen its like."""
    quiet = 0.01 * np.random.default_rng(4).standard_normal((1_300, 1))
    quiet[-250::18] = -0.09 - 0.004 * np.arange(14)[:, None]
    return quiet


def test_every_method_is_told_for_both_levels_and_horizons(calm):
    found = estimates(held(calm, [1_000.0, 2_000.0]))
    assert len(found) == 8 * 4
    assert {(loss.level, loss.days) for loss in found} == {(0.95, 1), (0.99, 1), (0.95, 5), (0.99, 5)}
    for loss in found:
        assert loss.es >= loss.var > 0
    top = {loss.method: loss for loss in found if (loss.level, loss.days) == (0.99, 1)}
    assert top["headline"].var == max(top["fhs_gjr"].var, top["gjr_skewt"].var)


def test_a_return_that_is_no_number_makes_everything_unknown(calm):
    broken = calm.copy()
    broken[5, 0] = np.nan
    assert all(loss.var is None and "unknown" in loss.note for loss in estimates(held(broken, [1.0, 1.0])))
    assert backtests(held(broken, [1.0, 1.0])) == ((), ())
    assert futures_of(("A", "B"), broken) is None


def test_too_few_days_have_no_backtest():
    short = 0.01 * np.random.default_rng(1).standard_normal((199, 1))
    assert backtests(held(short, [1.0])) == ((), ())


def test_the_days_under_test_carry_their_dates_and_the_estimate_of_the_day_before(calm):
    views, days = backtests(held(calm, [1_000.0, 1_000.0]))
    headline = next(v for v in views if (v.method, v.level) == ("headline", 0.99))
    assert (headline.n, len(days), headline.zone) == (200, 200, None)
    assert days[-1][0] == "1971-12-01"
    assert headline.exceedances == sum(1 for _, pnl, var in days if pnl < -var)
    assert {v.level for v in views if v.method == "headline"} == {0.95, 0.99}


@pytest.mark.slow
def test_a_book_can_be_driven_into_the_red_zone():
    views, days = backtests(held(jumpy(), [10_000.0]))
    headline = next(v for v in views if (v.method, v.level) == ("headline", 0.99))
    assert headline.zone == "red"
    assert headline.recent >= 10
    assert headline.p_kupiec < 0.05
    assert sum(1 for _, pnl, var in days if pnl < -var) == headline.recent


def test_the_parts_add_up_to_the_headline(calm):
    book = held(calm, [1_000.0, 2_000.0])
    kept = futures_of(book.symbols, calm)
    headline = next(x for x in estimates(book) if (x.method, x.level, x.days) == ("headline", 0.99, 1))
    lines, scales = parts(book, kept, headline)
    assert sum(line.var for line in lines) == pytest.approx(headline.var, rel=1e-9)
    assert sum(line.es for line in lines) == pytest.approx(headline.es, rel=1e-9)
    assert scales.var >= 1.0 <= scales.es
    assert parts(book, kept, None)[1] == Scales()


def test_names_that_move_together_are_found():
    base = np.random.default_rng(2).normal(0, 0.01, 300)
    noise = np.random.default_rng(3).normal(0, 0.003, (300, 3))
    groups, rows, note = together(("A", "B", "C"), np.column_stack([base, base, noise[:, 0]]) + noise)
    assert groups[0] == ("A", "B")
    assert rows[0][1] > 0.8
    assert "250 days" in note
    assert together(("A", "B"), np.zeros((300, 2)))[1] == ()
