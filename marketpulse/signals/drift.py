"""How far features have moved since a model was trained: population stability and Kolmogorov-Smirnov."""

from collections.abc import Mapping, Sequence
from math import exp, isfinite, sqrt

import numpy as np

from marketpulse.types import DriftLine, FloatArray

__all__ = ["ACT", "BLOCK", "WATCH", "drift", "drifted", "kolmogorov", "ks_sketch", "psi"]

WATCH, ACT = 0.1, 0.25
"""A population stability index from here on is to be watched, and acted upon."""

BLOCK = 21
"""Neighbouring bars that count as one observation: features are sums over many bars and hardly move."""

_LEAST_SHARE = 1e-4
_SURE = 0.05
_FEWEST_BLOCKS = 4
_TERMS = 100
_SMALL = 0.2


def psi(edges: FloatArray, shares: FloatArray, values: FloatArray) -> float:
    """Population stability index of ``values`` against the bins of the training.

    A bin that holds less than 0.0001 is taken to hold that much. With ``n`` independent values and nothing
    changed it is about ``(bins - 1) / n``.

    Parameters
    ----------
    edges : inner bounds of the bins, ascending; a value at a bound lies above it
    shares : of the training in each bin, one more than ``edges``
    values : what is not finite is left out

    Units
    -----
    A sum of fractions times logs; 0.1 is to be watched, 0.25 acted upon. NaN without values.

    References
    ----------
    Siddiqi (2006), Credit Risk Scorecards, for the thresholds; it is Jeffreys' divergence (1946).

    Examples
    --------
    Half and half has become one to three:

    >>> round(psi(np.array([0.0]), np.array([0.5, 0.5]), np.array([-1.0, 1.0, 1.0, 1.0])), 4)
    0.2747
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan")
    found = np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(shares)) / len(known)
    now, then = np.maximum(found, _LEAST_SHARE), np.maximum(shares, _LEAST_SHARE)
    return float(((now - then) * np.log(now / then)).sum())


def kolmogorov(x: float) -> float:
    """Chance that the Kolmogorov statistic of equal distributions, scaled, is above ``x``.

    Units
    -----
    A probability.

    References
    ----------
    Kolmogorov (1933); the second form of the series, for small ``x``, is Feller (1948).

    Examples
    --------
    >>> round(kolmogorov(1.3581), 4), round(kolmogorov(1.6276), 4), kolmogorov(0.0)
    (0.05, 0.01, 1.0)
    """
    if x <= _SMALL:
        return 1.0
    if x < 1.0:
        c = np.pi**2 / (8.0 * x * x)
        below = sqrt(2.0 * np.pi) / x * sum(exp(-((2 * k - 1) ** 2) * c) for k in range(1, _TERMS))
        return float(min(1.0, max(0.0, 1.0 - below)))
    terms = (2.0 * (-1.0) ** (k - 1) * exp(-2.0 * k * k * x * x) for k in range(1, _TERMS))
    return float(min(1.0, max(0.0, sum(terms))))


def ks_sketch(
    sketch: FloatArray, rows: int, values: FloatArray, block: int = BLOCK
) -> tuple[float, float | None]:
    """Two-sample Kolmogorov-Smirnov test of ``values`` against the quantiles of the training.

    Neighbouring bars hang together, so both sizes are divided by ``block`` before the p-value is taken.

    Parameters
    ----------
    sketch : quantiles of the training at equal steps, the least value first and the largest last
    rows : of the training
    values : now; what is not finite is left out
    block : bars that count as one

    Returns
    -------
    tuple
        Largest distance of the two distributions, and its p-value; None with fewer than four blocks.

    Units
    -----
    A fraction and a probability.

    References
    ----------
    Smirnov (1948), Table for estimating the goodness of fit; Stephens (1970) for samples of some ten.

    Examples
    --------
    >>> sketch, now = np.linspace(0.0, 1.0, 101), np.linspace(0.5, 1.5, 100)
    >>> distance, p = ks_sketch(sketch, 1000, now, block=1)
    >>> round(distance, 2), p < 1e-9
    (0.5, True)
    """
    known = np.sort(values[np.isfinite(values)])
    n = len(known)
    if not n:
        return float("nan"), None
    distance = _distance(sketch, known)
    here, there = n / block, rows / block
    if here < _FEWEST_BLOCKS or there < _FEWEST_BLOCKS:
        return distance, None
    size = sqrt(here * there / (here + there))
    return distance, kolmogorov((size + 0.12 + 0.11 / size) * distance)


def _distance(sketch: FloatArray, known: FloatArray) -> float:
    """Compare the empirical distribution with the sketch's, before and after each step of either."""
    n, level = len(known), np.linspace(0.0, 1.0, len(sketch))
    steps, place = np.unique(sketch, return_index=True)
    last = np.append(place[1:], len(sketch)) - 1  # equal quantiles are a jump from the first to the last
    low, high = level[place], level[last]
    spots = np.unique(np.concatenate([known, steps]))
    at = np.searchsorted(steps, spots, side="right") - 1
    inside = np.clip(at, 0, len(steps) - 1)
    exact = (at >= 0) & (steps[inside] == spots)
    between = np.interp(spots, _doubled(steps), np.stack([low, high], axis=1).ravel())
    upper = np.where(exact, high[inside], np.where(at < 0, 0.0, between))
    lower = np.where(exact, low[inside], np.where(at < 0, 0.0, between))
    above = np.searchsorted(known, spots, side="right") / n
    below = np.searchsorted(known, spots, side="left") / n
    return float(max(np.abs(above - upper).max(), np.abs(below - lower).max()))


def _doubled(steps: FloatArray) -> FloatArray:
    """Each step twice, the second time a hair later, so that a jump can be interpolated across."""
    return np.stack([steps, np.nextafter(steps, np.inf)], axis=1).ravel()


def drift(
    names: Sequence[str],
    *,
    edges: FloatArray,
    shares: FloatArray,
    sketch: FloatArray,
    rows: int,
    recent: FloatArray,
    words: Mapping[str, str],
    blocks: Sequence[int] | None = None,
) -> tuple[DriftLine, ...]:
    """Lay the newest rows beside the training's, feature by feature; the one that moved most comes first.

    Parameters
    ----------
    names : of the features, in the order of all that follows
    edges, shares, sketch : (features, 9), (features, 10), (features, 101) of the training
    rows : of the training
    recent : (bars, features) now; NaN is left out, and a feature without any value has no line
    words : what a feature is, for a person
    blocks : rows of ``recent`` that count as one, for each feature; ``BLOCK`` where it is not told

    Units
    -----
    As in ``DriftLine``.

    References
    ----------
    As in ``psi`` and ``ks_sketch``.

    Examples
    --------
    >>> sketch = np.linspace(0.0, 1.0, 101)[None]
    >>> edges, shares = np.arange(1, 10)[None] / 10, np.full((1, 10), 0.1)
    >>> now = np.linspace(0.5, 1.0, 252)[:, None]
    >>> (line,) = drift(
    ...     ("a",), edges=edges, shares=shares, sketch=sketch, rows=5000, recent=now, words={"a": "what a is"}
    ... )
    >>> line.words, line.rows, line.psi > 0.25, line.p_value < 0.05
    ('what a is', 252, True, True)
    """
    lines = []
    for i, name in enumerate(names):
        values = recent[:, i][np.isfinite(recent[:, i])]
        if not len(values):
            continue
        _, p_value = ks_sketch(sketch[i], rows, values, BLOCK if blocks is None else blocks[i])
        moved = psi(edges[i], shares[i], values)
        lines.append(DriftLine(name, words.get(name, name), moved, p_value, len(values)))
    return tuple(sorted(lines, key=lambda line: (-line.psi, line.feature)))


def drifted(lines: Sequence[DriftLine]) -> tuple[DriftLine, ...]:
    """Those that moved for certain: an index to act upon, and not by chance, given how many are looked at.

    References
    ----------
    Bonferroni (1936): a p-value below 0.05 divided by the number of features.

    Examples
    --------
    >>> lines = [DriftLine("a", "", 0.4, 1e-6, 252), DriftLine("b", "", 0.4, 0.2, 252), DriftLine("c", "", 0.4, None, 9)]
    >>> [line.feature for line in drifted(lines)]
    ['a']
    """
    return tuple(
        line
        for line in lines
        if isfinite(line.psi)
        and line.psi >= ACT
        and line.p_value is not None
        and line.p_value * len(lines) < _SURE
    )
