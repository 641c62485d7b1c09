import numpy as np
import pytest
from arch import arch_model
from arch.data import sp500

from marketpulse.risk.garch import fit_ewma_t, fit_gjr
from marketpulse.risk.simulation import paths_of
from marketpulse.risk.volatility import ewma_volatility

RETURNS = sp500.load()["Adj Close"].pct_change().dropna().to_numpy()


@pytest.fixture(scope="module")
def fitted():
    return fit_gjr(RETURNS[:1500])


def test_the_sp500_model_of_archs_documentation():
    # arch documentation, Introduction to ARCH Models: GARCH(1,1), constant mean, normal errors.
    found = arch_model(100 * RETURNS).fit(disp="off", show_warning=False)
    assert found.params.to_numpy() == pytest.approx([0.0564, 0.0175, 0.1022, 0.8852], abs=0.003)
    assert found.loglikelihood == pytest.approx(-6936.72, abs=0.01)


def test_only_the_newest_1000_returns_are_fitted(fitted):
    again = fit_gjr(RETURNS[500:1500])
    assert (fitted.n, fitted.sigma) == (1000, again.sigma)


def test_the_next_days_sigma_is_archs_own_forecast(fitted):
    theirs = arch_model(100 * RETURNS[500:1500], p=1, o=1, q=1, dist="skewt").fit(
        disp="off", show_warning=False
    )
    forecast = theirs.forecast(horizon=1, reindex=False).variance.iloc[-1, 0] ** 0.5
    assert 100 * fitted.sigma == pytest.approx(forecast, rel=0.01)
    assert fitted.skew == pytest.approx(theirs.params["lambda"], abs=0.02)


def test_the_unit_of_the_returns_hardly_matters(fitted):
    money = fit_gjr(1e6 * RETURNS[:1500])
    assert money.sigma == pytest.approx(1e6 * fitted.sigma, rel=2e-3)
    assert money.mu == pytest.approx(1e6 * fitted.mu, abs=1e6 * 0.01 * fitted.sigma)


def test_further_returns_move_the_variance_and_nothing_else(fitted):
    later, sigma = fitted.follow(RETURNS[1500:1503])
    assert sigma[0] == fitted.sigma
    error = RETURNS[1500] - fitted.mu
    slope = fitted.alpha + (fitted.gamma if error < 0 else 0.0)
    assert sigma[1] ** 2 == pytest.approx(fitted.omega + slope * error**2 + fitted.beta * fitted.sigma**2)
    assert (later.nu, later.n) == (fitted.nu, fitted.n)
    assert later.sigma != fitted.sigma
    one, two = fitted.follow(RETURNS[1500:1502])[0].follow(RETURNS[1502:1503])
    assert one.sigma == pytest.approx(later.sigma)
    assert two == pytest.approx(sigma[2:])


def test_the_sigma_of_five_days_is_what_paths_show(fitted):
    draws = np.random.default_rng(1).choice(fitted.residuals, (5, 100_000))
    assert fitted.sigma_over(5) == pytest.approx(paths_of(fitted, draws).std(), rel=0.02)
    assert fitted.sigma_over(1) == fitted.sigma
    ewma = fit_ewma_t(RETURNS[:1250])
    assert ewma.sigma_over(5) > 5**0.5 * ewma.sigma  # heavy tails feed on themselves


def test_residuals_have_about_unit_variance(fitted):
    assert np.mean(fitted.residuals**2) == pytest.approx(1, abs=0.1)
    assert fitted.tail(0.99).var == pytest.approx(fitted.filtered(0.99).var, rel=0.2)


def test_under_500_returns_and_without_movement_there_is_no_fit():
    assert fit_gjr(RETURNS[:499]) is None
    assert fit_gjr(np.full(600, 0.01)) is None


def test_exponential_weights_end_where_riskmetrics_does():
    model = fit_ewma_t(RETURNS[:1250])
    assert model.variance**0.5 == pytest.approx(ewma_volatility(RETURNS[:1250])[-1], rel=1e-6)
    assert np.mean(model.residuals**2) == pytest.approx(1, abs=0.15)
    assert model.tail(0.99).es > model.tail(0.99).var


def test_student_t_errors_are_found_again():
    model = fit_ewma_t(np.random.default_rng(3).standard_t(5, 1250))
    assert 3.5 < model.nu < 8


@pytest.mark.parametrize("returns", [np.zeros(300), np.full(300, 0.01), np.r_[np.zeros(299), 0.1]])
def test_exponential_weights_of_what_hardly_moves_are_finite(returns):
    model = fit_ewma_t(returns)
    assert np.isfinite([model.sigma, *model.loss(model.tail(0.99))]).all()
