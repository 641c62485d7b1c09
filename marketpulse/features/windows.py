"""Sums and moments over the last bars, each row from its own window only, NaN before it is full.

Every window is summed anew. Running sums would carry the rounding of all that came before: one wild
number in the past would spoil every row after it, and a row would depend on where history starts.
"""

from collections.abc import Callable
from functools import cache

import numpy as np

from marketpulse.types import FloatArray

__all__ = [
    "Sums",
    "about_middle",
    "blank",
    "by_column",
    "centred",
    "mean_and_deviation",
    "moments",
    "total",
    "z_score",
]

_NO_MOVEMENT = 1e-9


def blank(shape: int | tuple[int, ...]) -> FloatArray:
    """Rows that are not defined yet: NaN.

    Units
    -----
    None.

    References
    ----------
    None; in half the time of ``numpy.full``.

    Examples
    --------
    >>> blank(2).tolist()
    [nan, nan]
    """
    found = np.empty(shape)
    found.fill(np.nan)
    return found


def by_column(of: Callable[[FloatArray], FloatArray], values: FloatArray) -> FloatArray:
    """What a function of one series says of each column.

    Units
    -----
    As the function's.

    References
    ----------
    None.

    Examples
    --------
    >>> by_column(np.cumsum, np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [[1.0, 2.0], [4.0, 6.0]]
    """
    if values.ndim == 1:
        return of(values)
    return np.stack([of(column) for column in values.T], axis=1)


class Sums:
    """Sums over the last values of one or several series; windows of different lengths share their work.

    Parameters
    ----------
    values : float64 (rows,) or (rows, series), oldest first
    """

    def __init__(self, values: FloatArray) -> None:
        self._blocks = [values]  # sums of 1, 2, 4, ... values, those of which every window is made

    def over(self, bars: int) -> FloatArray:
        """Sum of the last ``bars`` values: NaN until they are there, and while one of them is NaN."""
        found = blank(self._blocks[0].shape)
        rows = len(found) - bars + 1
        if rows <= 0:
            return found
        whole, at = found[bars - 1 :], 0
        for power in range(bars.bit_length()):
            width = 1 << power
            if power == len(self._blocks):
                half, apart = self._blocks[-1], width >> 1
                self._blocks.append(half[apart:] + half[:-apart])
            if bars & width:
                part = self._blocks[power][at : at + rows]
                np.add(whole if at else 0.0, part, out=whole)
                at += width
        return found


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
    return Sums(values).over(bars)


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
    return moments(total(values, bars), total(np.square(values), bars), bars)


def moments(sums: FloatArray, squares: FloatArray, bars: int) -> tuple[FloatArray, FloatArray]:
    """``mean_and_deviation`` from the sums of the last ``bars`` values and of their squares.

    Units
    -----
    As ``mean_and_deviation``.

    References
    ----------
    As ``mean_and_deviation``.

    Examples
    --------
    >>> mean, deviation = moments(np.array([4.0]), np.array([10.0]), 2)
    >>> mean.tolist(), deviation.round(6).tolist()
    ([2.0], [1.414214])
    """
    mean = sums / bars
    deviation = np.sqrt(np.maximum(squares - bars * np.square(mean), 0.0) / (bars - 1))
    return mean, np.where(deviation > _NO_MOVEMENT, deviation, np.nan)


def centred(values: FloatArray, bars: int) -> FloatArray:
    """Each full window as one row, less its own mean: two passes, for values far from zero.

    Units
    -----
    That of ``values``; ``len(values) - bars + 1`` rows of ``bars``, none when there are too few. Of several
    series, rows by series by ``bars``.

    References
    ----------
    Chan, Golub, LeVeque (1983), Algorithms for computing the sample variance: the two-pass form.

    Examples
    --------
    >>> centred(np.array([1.0, 3.0, 7.0]), 2).tolist()
    [[-1.0, 1.0], [-2.0, 2.0]]
    """
    if len(values) < bars:
        return np.empty((0, *values.shape[1:], bars))
    row = np.ascontiguousarray(values)
    # As numpy's ``sliding_window_view``, which takes ten times as long to say so.
    shape = (len(row) - bars + 1, *row.shape[1:], bars)
    windows = np.ndarray(shape, row.dtype, row, 0, (*row.strides, row.strides[0]))
    mean = total(values, bars)[bars - 1 :] / bars
    apart: FloatArray = np.subtract(windows, mean[..., np.newaxis], order="C")
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
    z, apart = blank(values.shape), centred(values, bars)
    if not len(apart):
        return z
    spread = np.sqrt(np.einsum("...j,...j->...", apart, apart) / bars)
    level = np.abs(values[bars - 1 :] - apart[..., -1])
    np.divide(apart[..., -1], spread, out=z[bars - 1 :], where=spread > 1e-12 * level)
    return z


@cache
def about_middle(bars: int) -> tuple[FloatArray, float]:
    """Numbers of the bars of a window less their mean, and the sum of their squares.

    Units
    -----
    Bars, and bars squared.

    References
    ----------
    Least squares on time.

    Examples
    --------
    >>> about_middle(3)
    (array([-1.,  0.,  1.]), 2.0)
    """
    time: FloatArray = np.arange(bars, dtype=np.float64) - 0.5 * (bars - 1)
    time.setflags(write=False)
    return time, float(np.square(time).sum())
