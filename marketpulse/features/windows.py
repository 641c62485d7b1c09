"""Sums and moments over the last bars, each row from its own window only, NaN before it is full.

Every window is summed anew. Running sums would carry the rounding of all that came before: one wild
number in the past would spoil every row after it, and a row would depend on where history starts.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from marketpulse.types import FloatArray

__all__ = ["centred", "mean_and_deviation", "total", "z_score"]

_NO_MOVEMENT = 1e-9


def total(values: FloatArray, bars: int) -> FloatArray:
    """Sum of the last ``bars`` values.

    Units
    -----
    That of ``values``; NaN until ``bars`` values are there, and while one of them is NaN.

    References
    ----------
    The definition.

    Examples
    --------
    >>> total(np.array([1.0, 2.0, 4.0]), 2).tolist()
    [nan, 3.0, 6.0]
    """
    found = np.full(len(values), np.nan)
    rows = len(values) - bars + 1
    if rows <= 0:
        return found
    whole, blocks, width, at = np.zeros(rows), values, 1, 0
    while width <= bars:  # blocks of 1, 2, 4, ... values, those of which the window is made
        if bars & width:
            whole += blocks[at : at + rows]
            at += width
        blocks = blocks[width:] + blocks[:-width]
        width *= 2
    found[bars - 1 :] = whole
    return found


def mean_and_deviation(values: FloatArray, bars: int) -> tuple[FloatArray, FloatArray]:
    """Mean and sample deviation (n - 1) of the last ``bars`` values, for values that lie around zero.

    Units
    -----
    That of ``values``. The deviation is NaN where it is below 1e-9: that is rounding, not movement.

    References
    ----------
    The definition, by sums of squares; ``z_score`` is for values far from zero.

    Examples
    --------
    >>> mean, deviation = mean_and_deviation(np.array([1.0, 3.0]), 2)
    >>> mean.tolist(), deviation.round(6).tolist()
    ([nan, 2.0], [nan, 1.414214])
    """
    mean = total(values, bars) / bars
    variance = np.maximum(total(np.square(values), bars) - bars * np.square(mean), 0.0) / (bars - 1)
    deviation = np.sqrt(variance)
    return mean, np.where(deviation > _NO_MOVEMENT, deviation, np.nan)


def centred(values: FloatArray, bars: int) -> FloatArray:
    """Each full window as one row, less its own mean: two passes, for values far from zero.

    Units
    -----
    That of ``values``; ``len(values) - bars + 1`` rows of ``bars``, none when there are too few.

    References
    ----------
    Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance: the two-pass form.

    Examples
    --------
    >>> centred(np.array([1.0, 3.0, 7.0]), 2).tolist()
    [[-1.0, 1.0], [-2.0, 2.0]]
    """
    if len(values) < bars:
        return np.empty((0, bars))
    windows = sliding_window_view(values, bars)
    mean = total(values, bars)[bars - 1 :] / bars
    apart: FloatArray = windows - mean[:, np.newaxis]
    return apart


def z_score(values: FloatArray, bars: int) -> FloatArray:
    """The last value of each window against the window's own mean and population deviation.

    Units
    -----
    Population standard deviations; NaN where the window is flat to 1e-12 of its level.

    References
    ----------
    As ``centred``.

    Examples
    --------
    >>> z_score(np.array([1.0, 1.0, 4.0]), 3).round(6).tolist()
    [nan, nan, 1.414214]
    """
    z = np.full(len(values), np.nan)
    apart = centred(values, bars)
    spread = np.sqrt(np.einsum("ij,ij->i", apart, apart) / bars)
    last = values[len(values) - len(apart) :]
    level = np.abs(last - apart[:, -1]) if len(apart) else last[:0]
    z[len(values) - len(apart) :] = np.divide(
        apart[:, -1], spread, out=np.full(len(apart), np.nan), where=spread > 1e-12 * level
    )
    return z
