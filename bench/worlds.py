"""Made-up histories whose truth is known: noise in which nothing can be foreseen, and planted states."""

from statistics import NormalDist

import numpy as np

from marketpulse.types import Bars, Interval

__all__ = ["NOISE", "PLANTED", "bars_of", "noise", "planted"]

SIGMA = 0.01
NOISE = ("random walk", "garch", "drifting noise")
PLANTED = ("two states", "slow state")


def noise(kind: str, seed: int, n: int = 2_500) -> Bars:
    """A random walk, GARCH(1,1) with fat tails, or noise with a drift of a twentieth of its size."""
    rng = np.random.default_rng((NOISE.index(kind), seed, 11))
    shocks = rng.standard_normal(n)
    if kind == "random walk":
        returns = SIGMA * shocks
    elif kind == "garch":
        shocks = rng.standard_t(6, n) / np.sqrt(1.5)
        returns, variance = np.zeros(n), SIGMA**2
        for t in range(n):
            returns[t] = np.sqrt(variance) * shocks[t]
            variance = 0.02 * SIGMA**2 + 0.08 * returns[t] ** 2 + 0.90 * variance
    else:
        returns = SIGMA * (shocks + 0.05)
    return bars_of(returns, np.zeros(n), rng)


def planted(kind: str, seed: int, n: int = 2_500, horizon: int = 5, strength: float = 0.4):
    """A state that lasts, raises the volume and moves the daily mean by ``strength`` of its deviation.

    Returns the bars and the oracle: the chance, for who knows the state, of a higher close ``horizon``
    bars later.
    """
    rng = np.random.default_rng((PLANTED.index(kind), seed, 13))
    stay = 0.98
    state = np.zeros(n)
    state[0] = 1.0
    for t in range(1, n):
        if kind == "two states":  # 1 or -1, fifty days at a time
            state[t] = state[t - 1] * (1.0 if rng.random() < stay else -1.0)
        else:
            state[t] = stay * state[t - 1] + np.sqrt(1 - stay**2) * rng.standard_normal()
    fade = 2 * stay - 1 if kind == "two states" else stay
    # the state of a day's close moves the next day's return
    returns = SIGMA * (strength * np.concatenate([[0.0], state[:-1]]) + rng.standard_normal(n))
    mean = strength * state * sum(fade**k for k in range(horizon))
    return bars_of(returns, state, rng), np.array([NormalDist().cdf(x) for x in mean / np.sqrt(horizon)])


def bars_of(returns, state, rng) -> Bars:
    """Daily bars with these log returns; the volume shows the state through noise of a third of its size."""
    n = len(returns)
    close = 100.0 * np.exp(np.cumsum(returns))
    before = np.concatenate([[100.0], close[:-1]])
    opened = before * np.exp(rng.normal(0.0, 0.001, n))
    wide = np.exp(np.abs(rng.normal(0.0, 0.004, (2, n))))
    return Bars(
        "W",
        Interval.DAY,
        86_400 * (11_000 + np.arange(n, dtype=np.int64)),
        opened,
        np.maximum(opened, close) * wide[0],
        np.minimum(opened, close) / wide[1],
        close,
        np.round(1e6 * np.exp(0.5 * state + rng.normal(0.0, 0.3, n))),
        "made up",
        adjusted=True,
    )
