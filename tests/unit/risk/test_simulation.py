import numpy as np
import pytest

from marketpulse.risk.garch import Model
from marketpulse.risk.simulation import paths_of, sampling_error, simulate, skewt_draws
from marketpulse.risk.tails import historical_tail, skewt_quantile

CALM = Model(0.0, 0.0, 0.0, 0.0, 1.0, 6.0, -0.2, 1.0, 4.0, np.empty(0), 0)  # the variance stays at 4


def returns(n=700, k=3, together=0.7, seed=5):
    rng = np.random.default_rng(seed)
    shared = rng.standard_t(5, (n, 1))
    return 0.01 * (together * shared + (1 - together) * rng.standard_t(5, (n, k)))


@pytest.fixture(scope="module")
def made():
    return simulate(returns(), ("A", "B", "C"), paths=4000)


def test_one_calm_day_is_sigma_times_the_errors():
    draws = skewt_draws(CALM, 1, 100, 1)
    assert paths_of(CALM, draws) == pytest.approx(2.0 * draws[0])


def test_days_are_added():
    draws = np.array([[1.0, -1.0], [0.5, 0.5]])
    assert paths_of(CALM, draws) == pytest.approx([3.0, -1.0])


def test_a_loss_makes_the_next_day_worse_under_gjr():
    nervous = Model(0.0, 0.0, 0.0, 1.0, 0.5, 6.0, 0.0, 1.0, 1.0, np.empty(0), 0)
    after_loss, after_gain = paths_of(nervous, np.array([[-1.0, 1.0], [1.0, 1.0]]))
    assert after_loss == pytest.approx(-1.0 + 1.5**0.5)
    assert after_gain == pytest.approx(1.0 + 0.5**0.5)


def test_paths_come_in_mirror_images_and_the_seed_decides():
    draws = skewt_draws(CALM, 2, 1000, 7)
    assert draws == pytest.approx(skewt_draws(CALM, 2, 1000, 7))
    assert not np.allclose(draws, skewt_draws(CALM, 2, 1000, 8))
    far, near = np.sort(draws[0, :500]), np.sort(draws[0, 500:])
    p = np.array([0.1, 0.9])
    low, high = skewt_quantile(p, CALM.nu, CALM.skew)
    assert np.quantile(far, 0.1) == pytest.approx(low, abs=0.3)
    assert np.quantile(near, 0.9) == pytest.approx(high, abs=0.3)


def test_the_standard_error_is_what_other_seeds_show():
    rng = np.random.default_rng(0)
    tails = np.array([historical_tail(rng.standard_normal(10_000), 0.99) for _ in range(200)])
    told = np.array([sampling_error(rng.standard_normal(10_000), 0.99) for _ in range(20)]).mean(axis=0)
    assert told == pytest.approx(tails.std(axis=0), rel=0.3)


def test_symbols_keep_their_risk_and_their_company(made):
    history = returns()
    assert made.outcomes.shape == (3, 4000)
    assert not made.notes
    assert np.corrcoef(made.outcomes)[0, 1] == pytest.approx(np.corrcoef(history.T)[0, 1], abs=0.1)
    assert made.outcomes.std(axis=1) == pytest.approx(history.std(axis=0), rel=0.4)
    assert made.degrees in (3, 4, 5, 6, 8, 10, 15, 30)


def test_the_same_seed_gives_the_same_futures(made):
    again = simulate(returns(), ("A", "B", "C"), paths=4000)
    assert np.array_equal(made.outcomes, again.outcomes)


def test_a_book_with_an_order_is_the_book_that_holds_it(made):
    pnl = made.pnl({"A": 100.0, "C": -50.0})
    after = made.with_order(pnl, "B", 30.0, 0.95)
    assert after == pytest.approx(historical_tail(made.pnl({"A": 100.0, "B": 30.0, "C": -50.0}), 0.95))
    with pytest.raises(KeyError):
        made.pnl({"Z": 1.0})
    with pytest.raises(KeyError):
        made.with_order(pnl, "Z", 1.0)


def test_a_value_that_is_none_makes_the_loss_nan(made):
    nan = float("nan")
    assert np.isnan(made.with_order(made.pnl({"A": 1.0}), "B", nan)).all()
    assert np.isnan(made.with_order(made.pnl({"A": nan}), "B", 1.0)).all()


def test_a_symbol_too_young_or_too_still_for_garch_is_named():
    short = simulate(returns(n=200, k=2), ("A", "B"), paths=100)
    assert set(short.notes) == {"A", "B"}
    still = returns(k=2)
    still[:, 1] = 0.0
    made = simulate(still, ("A", "B"), paths=100)
    assert list(made.notes) == ["B"]
    assert np.isfinite(made.outcomes).all()


def test_one_symbol_needs_no_copula():
    made = simulate(returns(k=1), ("A",), days=5, paths=1000)
    assert made.degrees is None
    assert made.outcomes.std() > 1.5 * returns(k=1).std()


def test_twins_do_not_break_the_copula():
    twin = np.repeat(returns(k=1), 2, axis=1)
    made = simulate(twin, ("A", "B"), paths=1000)
    assert np.corrcoef(made.outcomes)[0, 1] > 0.95
