"""One row's opinions pooled and decided in plain floats, at a tenth of what arrays of one cost.

Each function says what its namesake in ``calibrate`` or ``consensus`` says of a single row.
"""

from collections.abc import Sequence
from math import inf, log, sqrt, tanh

from marketpulse.signals.calibrate import LEAST, MOST

__all__ = [
    "FEWEST_VOTES",
    "MAJORITY",
    "MEAN_MOVE",
    "Heard",
    "agreement",
    "expit",
    "hurdle",
    "logit",
    "pool",
    "quorum",
    "reach",
]

FEWEST_VOTES = 2
MAJORITY = 0.6
MEAN_MOVE = 0.7978845608
"""Mean size of a normal variable with deviation 1: sqrt(2 / pi)."""

_NEAR = 1e-4  # as ``calibrate.logit`` cuts

Heard = Sequence[tuple[float, float]]
"""Share and probability of each member that is heard and does not abstain."""


def logit(p: float) -> float:
    """Log-odds, as ``calibrate.logit``.

    Examples
    --------
    >>> logit(0.5), round(logit(0.0), 3)
    (0.0, -9.21)
    """
    cut = min(max(p, _NEAR), 1.0 - _NEAR)
    return log(cut / (1.0 - cut))


def expit(odds: float) -> float:
    """Probability of log-odds, within 2 % and 98 %.

    Examples
    --------
    >>> expit(0.0), expit(-1e6)
    (0.5, 0.02)
    """
    return min(max(0.5 * (1.0 + tanh(0.5 * odds)), LEAST), MOST)


def pool(heard: Heard, base: float, stretch: float) -> float:
    """The mean log-odds of those who are heard, stretched away from the base rate; that rate without any.

    Examples
    --------
    >>> round(pool([(0.5, 0.8), (0.5, 0.5)], 0.5, 1.0), 4), pool([], 0.53, 1.2)
    (0.6667, 0.53)
    """
    total = odds = 0.0
    for share, p in heard:
        total += share
        odds += share * logit(p)
    if not total > 0.0:
        return base
    pooled = expit(odds / total)
    if stretch == 1.0 or pooled == base:
        return pooled
    level = logit(base)
    return expit(level + stretch * (logit(pooled) - level))


def hurdle(sigma: float, horizon: int, cost: float) -> float:
    """How far a probability must lie from one half before a trade pays, as ``consensus.hurdle``.

    Examples
    --------
    >>> round(hurdle(0.01, 5, 0.0005), 4), hurdle(float("nan"), 5, 0.0005)
    (0.028, inf)
    """
    move = MEAN_MOVE * sigma * sqrt(horizon)
    return cost / move if move > 0.0 else inf


def reach(p: float, base: float) -> float:
    """How far an opinion lies beyond both the base rate and one half, as ``consensus.reach``.

    Examples
    --------
    >>> round(reach(0.6, 0.54), 2), reach(0.52, 0.54)
    (0.06, 0.0)
    """
    return max(0.0, p - max(base, 0.5)) - max(0.0, min(base, 0.5) - p)


def agreement(heard: Heard, base: float, apart: float) -> float:
    """How much of the vote lies on a side of the base rate; 0 where nobody is heard or there is no side.

    Parameters
    ----------
    apart : above 0 for the side above the base rate, below 0 for that below it

    Examples
    --------
    >>> agreement([(0.3, 0.6), (0.2, 0.4)], 0.5, 0.01)
    0.6
    """
    total = with_it = 0.0
    for share, p in heard:
        total += share
        if (p - base) * apart > 0.0:
            with_it += share
    return with_it / total if total else 0.0


def quorum(heard: int, agreed: float, beyond: float, needed: float) -> int:
    """Which way it is decided: 1, -1, or 0 for NO SIGNAL, as ``consensus.quorum``.

    Parameters
    ----------
    heard : members
    agreed : share of their vote on the side of the pooled opinion
    beyond : that opinion's ``reach``
    needed : as from ``hurdle``

    Examples
    --------
    >>> quorum(2, 1.0, 0.075, 0.02), quorum(2, 1.0, -0.075, 0.02), quorum(1, 1.0, 0.075, 0.02)
    (1, -1, 0)
    """
    carried = heard >= FEWEST_VOTES and agreed >= MAJORITY and abs(beyond) > needed
    return (beyond > 0.0) - (beyond < 0.0) if carried else 0
