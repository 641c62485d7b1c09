"""How a series' risk changes from day to day: GJR-GARCH with skewed t errors, or exponential weights.

Both are one model with other numbers, so that forecasts, tails and simulations are written once.
"""

from dataclasses import dataclass, replace
from math import exp, lgamma, log, pi, sqrt
from typing import Any

import numpy as np

from marketpulse.risk.estimate import Tail, unreadable
from marketpulse.risk.tails import historical_tail, skewt_tail
from marketpulse.risk.volatility import DECAY, variance_path
from marketpulse.types import FloatArray

__all__ = ["FIT", "FIT_FEWEST", "Model", "fit_ewma_t", "fit_gjr"]

FIT = 1_000
"""Newest returns that a fit looks at."""

FIT_FEWEST = 500
"""Returns below which no GARCH model is fitted."""

_PAIR = 2  # returns, without which there is no error to fit
_LARGEST = 1e75  # as ``unreadable`` takes it
_WARM = 250  # returns until exponential weights have forgotten where they began
_NU = (2.05, 300.0)
_STILL = 1e-300  # variance of a symbol that has never moved


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Returns are ``mu + stretch * sigma * z``, with z from a skewed t of mean 0 and variance 1.

    Attributes
    ----------
    mu, omega, alpha, gamma, beta : of the variance's step, see ``garch_step``
    nu, skew : of the errors' distribution
    stretch : what the errors are larger than sigma says; 1 for GJR
    variance : of the next day, before ``stretch``
    residuals : standardised errors that were seen, oldest first
    n : returns it was fitted on
    """

    mu: float
    omega: float
    alpha: float
    gamma: float
    beta: float
    nu: float
    skew: float
    stretch: float
    variance: float
    residuals: FloatArray
    n: int

    @property
    def sigma(self) -> float:
        """Standard deviation of the next day, in the unit of the returns."""
        return self.stretch * sqrt(self.variance)

    def sigma_over(self, days: int) -> float:
        """Standard deviation of the sum of the next ``days`` returns, in the unit of the returns."""
        losses = float(np.mean(np.where(self.residuals < 0, np.square(self.residuals), 0.0)))
        slope = (self.alpha + self.gamma * losses) * self.stretch**2 + self.beta
        variance, total = self.variance, 0.0
        for _ in range(days):
            total += variance
            variance = self.omega + slope * variance
        return self.stretch * sqrt(total)

    def tail(self, level: float) -> Tail:
        """Tail of the fitted distribution, in standard deviations."""
        return skewt_tail(self.nu, self.skew, level)

    def filtered(self, level: float) -> Tail:
        """Tail of the errors that were seen, in standard deviations."""
        return historical_tail(self.residuals, level)

    def loss(self, tail: Tail, sigma: float | None = None) -> Tail:
        """A tail in standard deviations as a loss of the next day, or at another ``sigma``."""
        by = self.sigma if sigma is None else sigma
        return Tail(by * tail.var - self.mu, by * tail.es - self.mu)

    def follow(self, returns: FloatArray) -> tuple["Model", FloatArray]:
        """Let the model see further returns, parameters as they are.

        Returns
        -------
        the model after the last of them, and ``sigma`` as it was before each
        """
        variance, seen = self.variance, np.empty(len(returns))
        for i, value in enumerate(returns.tolist()):
            seen[i] = variance
            error = value - self.mu
            slope = self.alpha + (self.gamma if error < 0 else 0.0)
            variance = self.omega + slope * error * error + self.beta * variance
        return replace(self, variance=variance), self.stretch * np.sqrt(seen)


def fit_gjr(returns: FloatArray) -> Model | None:
    """Fit GJR-GARCH(1,1) with constant mean and skewed t errors to the newest 1,000 returns.

    Some 50 ms, and the first call imports arch (up to 4 s): keep the answer. None is a fit that
    failed, or fewer than 500 returns.

    Units
    -----
    The model is in the unit of ``returns``.

    NaN rule
    --------
    The caller has looked (``unreadable``).

    References
    ----------
    Glosten, Jagannathan and Runkle (1993), Journal of Finance 48(5); Hansen (1994); the arch package.

    Examples
    --------
    >>> fit_gjr(np.array([0.01, -0.01] * 100)) is None
    True
    """
    window = np.asarray(returns[-FIT:], np.float64)
    if len(window) < FIT_FEWEST or unreadable(window):
        return None
    unit = float(window.std())  # the optimiser wants numbers near 1
    fitted = _arch(window / unit) if unit > 0.0 else None
    if fitted is None or fitted.convergence_flag != 0:
        return None
    values = np.asarray(fitted.params, np.float64)
    mu, omega, alpha, gamma, beta, nu, skew = values.tolist()
    residuals = np.asarray(fitted.std_resid, np.float64)
    if not (np.isfinite(values).all() and np.isfinite(residuals).all() and nu > _NU[0]):
        return None
    variance = float(fitted.conditional_volatility[-1]) ** 2
    before = Model(
        unit * mu, unit**2 * omega, alpha, gamma, beta, nu, skew, 1.0, unit**2 * variance, residuals, len(window)
    )  # fmt: skip
    return before.follow(window[-1:])[0]


def _arch(window: FloatArray) -> Any:
    from arch import arch_model  # noqa: PLC0415 - lazy: up to 4 s that only a fit pays

    try:
        with np.errstate(all="ignore"):  # the optimiser tries numbers that overflow, and leaves them
            model = arch_model(
                window, mean="Constant", vol="GARCH", p=1, o=1, q=1, dist="skewt", rescale=False
            )
            return model.fit(disp="off", show_warning=False)
    except (ArithmeticError, ValueError, np.linalg.LinAlgError):
        return None


def fit_ewma_t(returns: FloatArray) -> Model:
    """Exponential weights of 0.94 with Student t errors, for when there is no GARCH fit.

    The mean is 0. The first variance is that of the first 250 returns, which are then left out of
    the fit of the errors (of fewer than 500 returns, the first half).

    Units
    -----
    The model is in the unit of ``returns``.

    NaN rule
    --------
    Raises ValueError for fewer than two returns, and for one that is not finite or beyond 1e75.

    References
    ----------
    RiskMetrics (1996), chapter 5; errors by maximum likelihood.

    Examples
    --------
    >>> model = fit_ewma_t(np.random.default_rng(1).standard_t(5, 1_250))
    >>> 3 < model.nu < 9
    True
    """
    values = np.asarray(returns[-(FIT + _WARM) :], np.float64)
    if len(values) < _PAIR or not (np.abs(values) <= _LARGEST).all():  # NaN fails this too
        raise ValueError("Exponential weights need two returns, every one of them a finite number.")
    warm = min(_WARM, len(values) // 2)
    start = float(np.mean(np.square(values[:warm]))) or float(np.mean(np.square(values)))
    # After a long stillness the first move would count as hundreds of deviations: a hundredth of the usual one is the least.
    least = max(1e-4 * float(np.mean(np.square(values))), _STILL)
    path = np.maximum(variance_path(np.square(values), DECAY, start), least)
    residuals = (values / np.sqrt(path[:-1]))[warm:]
    nu, scale = _student(residuals)
    stretch = scale * sqrt(nu / (nu - 2))
    return Model(
        0.0, 0.0, 1 - DECAY, 0.0, DECAY, nu, 0.0, stretch, float(path[-1]), residuals / stretch, len(values)
    )  # fmt: skip


def _student(z: FloatArray) -> tuple[float, float]:
    """Degrees of freedom and scale of Student's t around 0 that fit best."""
    from scipy.optimize import minimize  # noqa: PLC0415 - lazy: a fifth of a second

    def unlikely(at: FloatArray) -> float:
        nu, scale = _degrees(at[0]), max(exp(min(at[1], 300.0)), least)
        constant = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(nu * pi) - log(scale)
        return float((nu + 1) / 2 * np.log1p(np.square(z / scale) / nu).sum() - len(z) * constant)

    spread = max(float(np.sqrt(np.mean(np.square(z)))), 1e-12)
    least = 0.1 * spread  # where most days do not move at all, likelihood would make it 0
    with np.errstate(all="ignore"):
        best = minimize(unlikely, np.array([log(4.0), log(0.8 * spread)]), method="Nelder-Mead")
    return _degrees(best.x[0]), max(exp(float(best.x[1])), least)


def _degrees(at: float) -> float:
    return min(max(2 + exp(min(float(at), 7.0)), _NU[0]), _NU[1])
