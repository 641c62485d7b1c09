"""How much to stake: the fraction under which wealth grows fastest, and what it costs in drawdowns."""

from dataclasses import dataclass
from math import inf, isfinite, log1p, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike

from marketpulse.types import FloatArray

__all__ = [
    "QUARTER",
    "Allocation",
    "chance_of_drawdown",
    "growth_binary",
    "growth_continuous",
    "kelly_binary",
    "kelly_continuous",
    "kelly_weights",
    "shrunk_mean",
]

QUARTER = 0.25
"""Share of the full fraction that is staked."""

_CAP = 0.15
_FEWEST = 60  # returns for a mean and a covariance that say anything
_TABLE = 2
_LARGEST = 1e75  # its square is still a number
_VARIES = 1e-12  # relative to the largest return: below, what varies is rounding


def kelly_binary(p: float, win: float, loss: float = 1.0) -> float:
    """Full Kelly fraction of a bet with two outcomes; negative where the other side is the bet.

    Parameters
    ----------
    p : chance of the win
    win, loss : gained and lost for each unit staked, both positive

    Units
    -----
    A fraction of wealth.

    NaN rule
    --------
    NaN for a chance outside 0 to 1, and for sizes that are not positive and finite.

    References
    ----------
    Kelly (1956); Thorp (2006), The Kelly criterion in blackjack, sports betting and the stock market.

    Examples
    --------
    >>> round(kelly_binary(0.53, 1.0, 1.0), 4)
    0.06
    """
    if not (0.0 <= p <= 1.0 and win > 0.0 and loss > 0.0 and isfinite(win) and isfinite(loss)):
        return nan
    return p / loss - (1.0 - p) / win


def growth_binary(p: float, win: float, loss: float, fraction: float) -> float:
    """Growth of the logarithm of wealth a bet, at a stake of ``fraction``.

    Units
    -----
    A rate a bet.

    NaN rule
    --------
    NaN where a loss would take all, and as ``kelly_binary``.

    References
    ----------
    Thorp (2006), as above.

    Examples
    --------
    >>> round(growth_binary(0.53, 1.0, 1.0, 0.06), 6)
    0.001801
    """
    up, down = fraction * win, -fraction * loss
    if not (isfinite(kelly_binary(p, win, loss)) and up > -1.0 and down > -1.0):
        return nan
    return p * log1p(up) + (1.0 - p) * log1p(down)


def kelly_continuous(mu: float, sigma: float, rate: float = 0.0) -> float:
    """Full Kelly fraction of an asset whose price moves without jumps.

    Parameters
    ----------
    mu, sigma, rate : mean return, volatility and risk-free rate over the same period

    Units
    -----
    A fraction of wealth; above 1 is borrowed.

    NaN rule
    --------
    NaN in, NaN out; NaN for a volatility that is not positive.

    References
    ----------
    Thorp (2006), section 7: 11 %, 15 % and 6 % a year.

    Examples
    --------
    >>> round(kelly_continuous(0.11, 0.15, 0.06), 4)
    2.2222
    """
    variance = sigma * sigma  # not a power, which raises where this is infinite
    known = sigma > 0.0 and 0.0 < variance < inf and isfinite(mu - rate)
    return (mu - rate) / variance if known else nan


def growth_continuous(mu: float, sigma: float, rate: float, fraction: float) -> float:
    """Growth of the logarithm of wealth at a stake of ``fraction``; its volatility is fraction times sigma.

    Units
    -----
    A rate over the period of ``mu``.

    NaN rule
    --------
    NaN in, NaN out.

    References
    ----------
    Thorp (2006), as above.

    Examples
    --------
    >>> round(growth_continuous(0.11, 0.15, 0.06, 1.0), 5)
    0.09875
    """
    spread = fraction * sigma
    found = rate + fraction * (mu - rate) - spread * spread / 2.0
    return found if isfinite(found) else nan


def chance_of_drawdown(left: float, share: float) -> float:
    """Chance that wealth ever falls to ``left`` of where it starts, at ``share`` of the full fraction.

    Parameters
    ----------
    left : fraction of the start, between 0 and 1
    share : 1 for full Kelly, 0.25 for a quarter; 0 never falls

    Units
    -----
    A probability.

    NaN rule
    --------
    NaN outside those ranges; from twice the full fraction on the fall is certain.

    References
    ----------
    Thorp (2006), section 7: left ** (2 / share - 1).

    Examples
    --------
    >>> chance_of_drawdown(0.5, 1.0), round(chance_of_drawdown(0.5, 0.25), 4)
    (0.5, 0.0078)
    """
    if not (0.0 < left < 1.0 and share >= 0.0):
        return nan
    return 0.0 if share == 0.0 else min(1.0, left ** (2.0 / share - 1.0))


def shrunk_mean(returns: FloatArray, rate: float = 0.0) -> float:
    """Mean return drawn towards the risk-free one by how little is known of it.

    By the factor ``1 - 1 / t^2`` of its t-statistic; a t within 1 leaves nothing of it.

    Units
    -----
    The unit of ``returns``, per period.

    NaN rule
    --------
    NaN for fewer than two returns or one that is not finite.

    References
    ----------
    James and Stein (1961), positive part; docs/risk.md of this project.

    Examples
    --------
    >>> round(shrunk_mean(np.array([0.02, 0.01, 0.03, 0.02])), 4)
    0.0192
    """
    n = len(returns)
    if n < _TABLE or not np.isfinite(returns).all() or float(np.abs(returns).max()) > _LARGEST:
        return nan
    excess = float(returns.mean()) - rate
    square = float(returns.var(ddof=1)) / n
    if square <= 0.0 or excess * excess == 0.0:
        return rate + excess
    return rate + max(0.0, 1.0 - square / (excess * excess)) * excess


@dataclass(frozen=True, slots=True, eq=False)
class Allocation:
    """Stakes of several assets; empty arrays and a note where they are unknown.

    Attributes
    ----------
    full : the Kelly fractions, of either sign, without limit
    weights : the stakes: long only, ``share`` of Kelly, none above the cap
    growth, volatility : of the logarithm of wealth a period, at ``weights``
    mean : the shrunk means used
    """

    full: FloatArray
    weights: FloatArray
    growth: float | None
    volatility: float | None
    mean: FloatArray
    note: str


def kelly_weights(
    returns: ArrayLike, rate: float = 0.0, share: float = QUARTER, cap: float = _CAP
) -> Allocation:
    """Stakes in several assets at once: shrunk means, Ledoit and Wolf's covariance.

    The stakes maximise ``w (m - r) - w S w / (2 share)`` between 0 and ``cap``, which without the
    bounds is ``share`` of the full fractions.

    Parameters
    ----------
    returns : simple returns, shape (periods, assets), oldest first
    rate : risk-free return a period

    References
    ----------
    Thorp (2006); Ledoit and Wolf (2004), Journal of Multivariate Analysis 88(2).

    Examples
    --------
    >>> kelly_weights(np.zeros((3, 2))).note
    'unknown: 3 returns, fewer than 60'
    """
    matrix = np.asarray(returns, np.float64)
    if matrix.ndim != _TABLE or not matrix.shape[1] or not (share > 0.0 and cap > 0.0):
        raise ValueError("A matrix of returns is needed, one column an asset, and a share and a cap above 0.")
    nothing, n = np.empty(0), len(matrix)
    why = (
        f"unknown: {n} returns, fewer than {_FEWEST}" if n < _FEWEST
        else "unknown: a return is not a finite number" if not np.isfinite(matrix).all()
        else f"unknown: the returns are larger than {_LARGEST:g}" if (size := np.abs(matrix).max(axis=0)).max() > _LARGEST
        else "unknown: an asset does not vary" if not (np.ptp(matrix, axis=0) > np.maximum(_VARIES * size, 1.0 / _LARGEST)).all()
        else ""
    )  # fmt: skip
    if why:
        return Allocation(nothing, nothing, None, None, nothing, why)
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - lazy: seconds

    covariance = np.asarray(ledoit_wolf(matrix)[0], np.float64)
    mean = np.array([shrunk_mean(column, rate) for column in matrix.T])
    excess = mean - rate
    weights = _bounded(covariance / share, excess, cap)
    spread = float(weights @ covariance @ weights)
    note = f"{share:g} of Kelly, Ledoit-Wolf covariance, shrunk means, {n} returns, at most {cap:g} each"
    return Allocation(
        full=np.asarray(np.linalg.solve(covariance, excess), np.float64),
        weights=weights,
        growth=rate + float(weights @ excess) - spread / 2.0,
        volatility=sqrt(spread),
        mean=mean,
        note=note,
    )


def _bounded(square: FloatArray, linear: FloatArray, cap: float) -> FloatArray:
    """Maximise ``linear w - w square w / 2`` with each weight from 0 to ``cap``, one weight at a time."""
    weights = np.zeros(len(linear))
    diagonal = np.diag(square)
    for _ in range(10_000):
        before = weights.copy()
        for i in range(len(linear)):
            slope = linear[i] - square[i] @ weights
            weights[i] = min(cap, max(0.0, weights[i] + slope / diagonal[i]))
        if np.abs(weights - before).max() <= 1e-12 * cap:
            break
    return weights
