import numpy as np
import pytest
from arch.data import sp500

from marketpulse.risk import Method, fits, judge, walk_forward
from marketpulse.risk import walk as module
from marketpulse.risk.garch import fit_gjr
from marketpulse.risk.var import historical_var
from marketpulse.risk.walk import Forecasts

RETURNS = sp500.load()["Adj Close"].pct_change().dropna().to_numpy()


@pytest.fixture(scope="module")
def fitted():
    return fits(RETURNS)


@pytest.mark.slow
@pytest.mark.parametrize("level", [0.99, 0.95])
def test_the_headline_passes_its_own_backtest_on_the_sp500(fitted, level):
    """The acceptance of docs/risk.md: 4,030 days of 1999 to 2018, window 1,000, refit every 22."""
    found = judge(walk_forward(RETURNS, level, fitted)[Method.HEADLINE], level)
    assert found.n == 4030
    assert found.kupiec.p_value > 0.05
    assert found.independence.p_value > 0.05
    assert found.joint.p_value > 0.05
    assert 0.9 <= found.es_ratio <= 1.1
    assert found.replaced < 4030 * 0.02
    plain = judge(walk_forward(RETURNS, level, fitted)[Method.HISTORICAL], level)
    assert found.quantile_loss < plain.quantile_loss


@pytest.mark.slow
def test_the_normal_distribution_does_not(fitted):
    found = judge(walk_forward(RETURNS, 0.99, fitted)[Method.NORMAL])
    assert found.kupiec.p_value < 1e-6
    assert found.es_ratio > 1.2
    assert found.worst > 20


@pytest.fixture(scope="module")
def short():
    """Fits and forecasts of 60 days after a window of 600."""
    values = RETURNS[:660]
    blocks = fits(values, window=600, refit=22)
    return values, blocks, walk_forward(values, 0.99, blocks)


def test_every_method_has_an_estimate_of_every_day(short):
    _, blocks, found = short
    assert set(found) == set(Method)
    assert [(b.start, b.stop) for b in blocks] == [(600, 622), (622, 644), (644, 660)]
    for forecasts in found.values():
        assert len(forecasts.var) == len(forecasts.es) == len(forecasts.returns) == 60
        assert (forecasts.es >= forecasts.var).all()
        assert (forecasts.var > 0).all()


def test_an_estimate_knows_the_days_before_it_only(short):
    values, _, found = short
    later = values.copy()
    later[640:] *= 5
    other = walk_forward(later, 0.99, window=600, refit=22)
    for method, forecasts in found.items():
        assert other[method].var[:41] == pytest.approx(forecasts.var[:41], rel=1e-9), method
        assert other[method].var[45] != forecasts.var[45]


def test_estimates_are_those_of_the_single_calls(short):
    values, _, found = short
    assert found[Method.HISTORICAL].var[7] == historical_var(values[107:607])
    model = fit_gjr(values[:600])
    assert found[Method.GJR_SKEWT].var[0] == pytest.approx(model.loss(model.tail(0.99)).var)
    assert found[Method.FHS_GJR].es[0] == pytest.approx(model.loss(model.filtered(0.99)).es)
    assert found[Method.MONTE_CARLO].var == pytest.approx(found[Method.GJR_SKEWT].var, rel=0.1)


def test_the_headline_is_the_larger_each_day_with_its_own_shortfall(short):
    _, _, found = short
    one, two, headline = found[Method.FHS_GJR], found[Method.GJR_SKEWT], found[Method.HEADLINE]
    assert headline.var == pytest.approx(np.maximum(one.var, two.var))
    assert headline.es == pytest.approx(np.where(one.var >= two.var, one.es, two.es))


def test_where_a_fit_fails_exponential_weights_serve_and_the_days_are_counted(monkeypatch):
    calls = iter(range(100))
    monkeypatch.setattr(module, "fit_gjr", lambda r: fit_gjr(r) if next(calls) != 1 else None)
    found = walk_forward(RETURNS[:660], 0.99, window=600)
    assert found[Method.HEADLINE].replaced == 22
    assert found[Method.EWMA_T].replaced == 0
    assert found[Method.HEADLINE].var[22:44] == pytest.approx(found[Method.EWMA_T].var[22:44])


def test_a_window_too_short_for_garch_leaves_those_methods_out():
    found = walk_forward(RETURNS[:400], 0.95, window=150)
    assert set(found) == {
        Method.HISTORICAL, Method.NORMAL, Method.CORNISH_FISHER, Method.EWMA_T, Method.HEADLINE
    }  # fmt: skip
    assert np.array_equal(found[Method.HEADLINE].var, found[Method.EWMA_T].var)


def made(returns, var=2.0, es=2.5):
    return Forecasts(np.asarray(returns, float), np.full(len(returns), var), np.full(len(returns), es))


def test_a_judgement_counts():
    returns = np.ones(600)
    returns[[10, 300, 301, 500]] = -3.0
    found = judge(made(returns))
    assert (found.n, found.exceedances, found.rate) == (600, 4, 4 / 600)
    assert found.zone == "green"
    assert found.worst == 2
    assert found.es_ratio == pytest.approx(1.2)
    assert found.mean_var == 2.0
    assert found.quantile_loss == pytest.approx((596 * 0.01 * 3.0 + 4 * 0.99 * 1.0) / 600)
    assert found.note == ""


def test_ten_exceedances_in_the_newest_250_days_are_red():
    returns = np.ones(600)
    returns[-250:-240] = -3.0
    assert judge(made(returns)).zone == "red"
    returns = np.ones(600)
    returns[-260:-250] = -3.0
    assert judge(made(returns)).zone == "green"


def test_too_few_days_are_not_judged():
    few = judge(made(np.ones(99)))
    assert (few.n, few.rate) == (99, 0.0)
    assert few.kupiec.p_value is few.joint.p_value is few.zone is few.worst is few.es_ratio is None
    assert few.note == "unknown: 99 days to test on, fewer than 100"
    assert judge(made([])).rate is None
    less_than_a_year = judge(made(np.ones(249)))
    assert less_than_a_year.zone is None
    assert less_than_a_year.kupiec.p_value is not None
    assert "249 days" in less_than_a_year.note


@pytest.mark.parametrize("returns", [
    [], [0.01], np.ones(2000), np.zeros(2000), np.r_[RETURNS[:1100], np.nan], np.r_[np.inf, RETURNS[:1100]], RETURNS[:1000]
])  # fmt: skip
def test_what_cannot_be_walked_gives_no_forecasts(returns):
    assert walk_forward(np.array(returns), 0.99) == {}


def test_a_still_stretch_is_walked_through():
    returns = np.r_[np.zeros(150), RETURNS[:200]]
    found = walk_forward(returns, 0.99, window=100)
    assert all(np.isfinite(f.var).all() and np.isfinite(f.es).all() for f in found.values())


@pytest.mark.parametrize(("window", "refit"), [(99, 22), (1000, 0)])
def test_a_window_and_a_refit_have_a_least(window, refit):
    with pytest.raises(ValueError, match="window"):
        fits(RETURNS, window, refit)
