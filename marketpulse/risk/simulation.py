"""Possible outcomes of the next days: paths of one series, and of many series that move together."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import lgamma, log, pi, sqrt

import numpy as np

from marketpulse.risk.estimate import FEWEST, Tail
from marketpulse.risk.garch import FIT, Model, fit_ewma_t, fit_gjr
from marketpulse.risk.tails import historical_tail, skewt_quantile, special
from marketpulse.types import FloatArray

__all__ = ["PATHS", "SEED", "Futures", "paths_of", "sampling_error", "simulate", "skewt_draws"]

PATHS = 10_000
SEED = 20_260_101
"""The same data gives the same numbers; another seed shows how far chance moves them."""

_BATCHES = 20
_TABLE = 2
_DEGREES = (3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 30.0)  # of the copula, tried one by one
_ODDS = np.tanh(np.linspace(-1.0, 1.0, 2_001) * 9.0)  # from -1 to 1, dense at both ends


def paths_of(model: Model, draws: FloatArray) -> FloatArray:
    """Sum of the days' returns on each path, when each day's risk follows from the day before.

    Returns are added, not compounded: the exposure of today is held on each day, which loses a
    little more on a falling path, and holds for money as for percent.

    Parameters
    ----------
    draws : standardised errors, shape (days, paths)

    Units
    -----
    The unit of the returns that the model was fitted on, over all days.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Barone-Adesi, Giannopoulos and Vosper (1999), VaR without correlations for portfolios of
    derivative securities, Journal of Futures Markets 19(5).

    Examples
    --------
    >>> one = Model(0.0, 0.0, 0.5, 0.0, 0.5, 8.0, 0.0, 1.0, 4.0, np.empty(0), 0)
    >>> paths_of(one, np.array([[1.0, -1.0], [1.0, 0.0]]))
    array([ 4., -2.])
    """
    variance = np.full(draws.shape[1], model.variance)
    total = np.zeros(draws.shape[1])
    for day in draws:
        error = model.stretch * np.sqrt(variance) * day
        total += model.mu + error
        slope = model.alpha + model.gamma * (error < 0)
        variance = model.omega + slope * error * error + model.beta * variance
    return total


def skewt_draws(model: Model, days: int, paths: int, seed: int) -> FloatArray:
    """Standardised errors from the model's distribution, each with its mirror image in probability.

    Units
    -----
    Standard deviations, shape (days, paths); ``paths`` even.

    References
    ----------
    Glasserman, Monte Carlo Methods in Financial Engineering, section 4.2 (antithetic variates).

    Examples
    --------
    >>> one = Model(0.0, 0.0, 0.5, 0.0, 0.5, 8.0, 0.0, 1.0, 4.0, np.empty(0), 0)
    >>> float(abs(skewt_draws(one, 1, 10, 1).sum())) < 1e-9
    True
    """
    half = np.random.default_rng(seed).random((days, paths // 2))
    return skewt_quantile(np.concatenate([half, 1.0 - half], axis=1), model.nu, model.skew)


def sampling_error(outcomes: FloatArray, level: float) -> Tail:
    """Standard errors of the VaR and the ES of simulated outcomes, from twenty batches.

    A path and its mirror image, half the array apart, fall into the same batch.

    Units
    -----
    The unit of ``outcomes``.

    References
    ----------
    Glasserman, as above, appendix A.1 (batches).

    Examples
    --------
    >>> error = sampling_error(np.random.default_rng(1).standard_normal(10_000), 0.99)
    >>> 0.01 < error.var < 0.1
    True
    """
    half = len(outcomes) // 2
    size = half // _BATCHES
    pairs = np.stack([outcomes[:half], outcomes[half : 2 * half]])[:, : size * _BATCHES]
    batches = pairs.reshape(2, _BATCHES, size).transpose(1, 0, 2).reshape(_BATCHES, 2 * size)
    tails = np.array([historical_tail(batch, level) for batch in batches])
    var, es = tails.std(axis=0, ddof=1) / sqrt(_BATCHES)
    return Tail(float(var), float(es))


@dataclass(frozen=True, slots=True, eq=False)
class Futures:
    """Simulated returns of several symbols over the same paths, kept for many questions.

    Attributes
    ----------
    outcomes : sums of the days' simple returns, shape (symbols, paths)
    notes : by symbol, where no GARCH model could be fitted
    degrees : degrees of freedom of the t copula; None of a single symbol
    """

    symbols: tuple[str, ...]
    days: int
    outcomes: FloatArray
    notes: Mapping[str, str]
    degrees: float | None

    def pnl(self, values: Mapping[str, float]) -> FloatArray:
        """Profit of a book on each path, in the unit of ``values``; KeyError for a strange symbol."""
        weights = np.zeros(len(self.symbols))
        for symbol, value in values.items():
            weights[self.symbols.index(symbol) if symbol in self.symbols else _strange(symbol)] = value
        return weights @ self.outcomes

    def with_order(self, pnl: FloatArray, symbol: str, value: float, level: float = 0.99) -> Tail:
        """Loss of a book, whose profits are ``pnl``, once an order of ``value`` is in it."""
        at = self.symbols.index(symbol) if symbol in self.symbols else _strange(symbol)
        return historical_tail(pnl + value * self.outcomes[at], level)


def _strange(symbol: str) -> int:
    raise KeyError(symbol)


def simulate(
    matrix: FloatArray,
    symbols: tuple[str, ...],
    days: int = 1,
    paths: int = PATHS,
    seed: int = SEED,
) -> Futures:
    """Simulate what several symbols do together over the next days.

    Each symbol has its own GJR-GARCH model with skewed t errors; the errors of one day are joined
    by a Student t copula, its correlations from Kendall's tau. A symbol whose fit fails follows
    exponential weights with t errors, and a note says so. Paths come in pairs of mirror images.

    Parameters
    ----------
    matrix : simple returns, shape (days, symbols), oldest first, readable (see ``unreadable``)

    Units
    -----
    Fractions over ``days``.

    NaN rule
    --------
    Raises ValueError for fewer than 100 days, no symbol, and a return that is not finite.

    References
    ----------
    McNeil, Frey and Embrechts, Quantitative Risk Management, sections 7.3 and 7.5.

    Examples
    --------
    >>> made = simulate(np.random.default_rng(1).standard_normal((200, 2)), ("A", "B"), paths=100)
    >>> made.outcomes.shape, sorted(made.notes)
    ((2, 100), ['A', 'B'])
    """
    window = np.asarray(matrix[-FIT:], np.float64)
    if window.ndim != _TABLE or window.shape[1] != len(symbols) or not symbols or len(window) < FEWEST:
        raise ValueError(f"A simulation needs a matrix of {FEWEST} returns or more, one column a symbol.")
    fitted = [fit_gjr(column) for column in window.T]
    models = [model or fit_ewma_t(column) for model, column in zip(fitted, window.T, strict=True)]
    notes = {
        symbol: "no GARCH fit; exponential weights instead"
        for symbol, model in zip(symbols, fitted, strict=True)
        if model is None
    }
    if len(models) == 1:
        draws = [skewt_draws(models[0], days, paths, seed)]
        degrees = None
    else:
        draws, degrees = _joined(models, days, paths, seed)
    outcomes = np.stack([paths_of(model, draw) for model, draw in zip(models, draws, strict=True)])
    return Futures(symbols, days, outcomes, notes, degrees)


def _joined(models: list[Model], days: int, paths: int, seed: int) -> tuple[list[FloatArray], float]:
    """Errors of all models, joined by a t copula fitted to the errors that were seen together."""
    rows = min(len(model.residuals) for model in models)
    seen = np.column_stack([model.residuals[-rows:] for model in models])
    correlation = _kendall(seen)
    degrees = _copula_degrees(seen, correlation)
    rng = np.random.default_rng(seed)
    factor = np.linalg.cholesky(correlation)
    normal = rng.standard_normal((days, paths // 2, len(models))) @ factor.T
    mixing = np.sqrt(degrees / rng.chisquare(degrees, (days, paths // 2)))[:, :, None]
    joint = np.concatenate([normal * mixing, -normal * mixing], axis=1)
    # From the copula's t to the model's skewed t by a table: two special functions a number are slow.
    odds = np.clip((1.0 + _ODDS) / 2.0, 1e-9, 1.0 - 1e-9)
    at = special().stdtrit(degrees, odds)
    return [
        np.interp(joint[:, :, i], at, skewt_quantile(odds, model.nu, model.skew))
        for i, model in enumerate(models)
    ], degrees


def _kendall(seen: FloatArray) -> FloatArray:
    """Correlations that Kendall's tau implies, made positive definite where they are not."""
    from scipy.stats import kendalltau  # noqa: PLC0415 - lazy: half a second

    count = seen.shape[1]
    found = np.eye(count)
    for i in range(count):
        for j in range(i):
            tau = float(kendalltau(seen[:, i], seen[:, j]).statistic)
            found[i, j] = found[j, i] = np.sin(pi / 2 * tau) if np.isfinite(tau) else 0.0
    values, vectors = np.linalg.eigh(found)
    mended = (vectors * np.maximum(values, 1e-6)) @ vectors.T
    scale = np.sqrt(np.diag(mended))
    return np.asarray(mended / np.outer(scale, scale), np.float64)


def _copula_degrees(seen: FloatArray, correlation: FloatArray) -> float:
    """Degrees of freedom under which what was seen together is likeliest."""
    ranks = seen.argsort(axis=0).argsort(axis=0) + 1.0
    uniform = ranks / (len(seen) + 1.0)
    count = seen.shape[1]
    inverse, (_, determinant) = np.linalg.inv(correlation), np.linalg.slogdet(correlation)

    def likelihood(nu: float) -> float:
        x = special().stdtrit(nu, uniform)
        square = np.einsum("ij,jk,ik->i", x, inverse, x)
        joint = lgamma((nu + count) / 2) - lgamma(nu / 2) - count / 2 * log(nu * pi) - determinant / 2
        single = lgamma((nu + 1) / 2) - lgamma(nu / 2) - 0.5 * log(nu * pi)
        together = len(x) * joint - (nu + count) / 2 * np.log1p(square / nu).sum()
        alone = len(x) * count * single - (nu + 1) / 2 * np.log1p(np.square(x) / nu).sum()
        return float(together - alone)

    return max(_DEGREES, key=likelihood)
