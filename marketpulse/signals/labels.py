"""What a day is said to have led to, known only later: the answers that models learn, and their weights.

Every label carries the row at which it was decided, so that whoever trains can leave out what was not
known yet. A label is NaN, and its end the number of rows, while it has not been decided.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketpulse.types import Bars, FloatArray

__all__ = ["Labels", "beat_median", "rose", "triple_barrier", "uniqueness"]

_FEWEST = 3


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """One answer for each bar.

    Attributes
    ----------
    value : float64, NaN where it is not known
    end : int64, the row of the bar that decided it; the number of rows where it is not known
    """

    value: FloatArray
    end: NDArray[np.int64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows have an answer."""
        return np.isfinite(self.value)


def rose(close: FloatArray, horizon: int) -> Labels:
    """Whether the close ``horizon`` bars later is higher: what a probability means everywhere.

    Units
    -----
    1 where it is higher, 0 where it is lower or the same; ``horizon`` in bars.

    References
    ----------
    The definition. Money is counted from the next open, at which one can trade, and not from here.

    Examples
    --------
    >>> found = rose(np.array([10.0, 11.0, 10.0, 11.0]), 2)
    >>> found.value.tolist(), found.end.tolist()
    ([0.0, 0.0, nan, nan], [2, 3, 4, 4])
    """
    n = len(close)
    value, end = np.full(n, np.nan), np.full(n, n, dtype=np.int64)
    now, later = close[: max(0, n - horizon)], close[horizon:]
    priced = _priced(now) & _priced(later)
    value[: len(now)] = np.where(priced, later > now, np.nan)
    end[: len(now)] = np.where(priced, horizon + np.arange(len(now)), n)
    return Labels(value, end)


def triple_barrier(bars: Bars, atr: FloatArray, width: float = 2.0, span: int = 10) -> Labels:
    """What a purchase at the close met first: its target, its stop, or the end of its time.

    The target lies ``width`` times the bar's ATR above the close, the stop as far below. A later bar
    touches the target with its high and the stop with its low; one that touches both counts as stopped,
    since nobody knows which came first. The last ``span`` rows have no label, even where a barrier has
    been touched: only the quick ones would be known, which are not like the others.

    Units
    -----
    1 target, -1 stop, 0 neither within ``span`` bars; ``atr`` in the currency of the prices.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 3.4.

    Examples
    --------
    Bought at 10 with an ATR of 1; the second bar after it reaches 12:

    >>> from marketpulse.types import Interval
    >>> high, low = np.array([10.0, 11.0, 12.0, 10.0]), np.array([10.0, 9.0, 9.0, 10.0])
    >>> bars = Bars("X", Interval.DAY, np.arange(4), high, high, low, high, np.ones(4), "tape")
    >>> found = triple_barrier(bars, np.full(4, 1.0), 2.0, 3)
    >>> found.value.tolist(), found.end.tolist()
    ([1.0, nan, nan, nan], [2, 4, 4, 4])
    """
    n = len(bars)
    value, end = np.full(n, np.nan), np.full(n, n, dtype=np.int64)
    rows = max(0, n - span)
    now, reach = bars.close[:rows], width * atr[:rows]
    target, stop = now + reach, now - reach
    sound = _priced(now) & (reach > 0.0)
    answer, decided, open_ = np.zeros(rows), np.full(rows, span), np.ones(rows, dtype=bool)
    for later in range(1, span + 1):
        top, bottom = bars.high[later : later + rows], bars.low[later : later + rows]
        sound &= ~open_ | (_priced(top) & _priced(bottom))  # a hole hides which barrier was touched
        stopped, reached = open_ & (bottom <= stop), open_ & (top >= target)
        answer[reached] = 1.0
        answer[stopped] = -1.0
        decided[stopped | reached] = later
        open_ &= ~(stopped | reached)
    value[:rows] = np.where(sound, answer, np.nan)
    end[:rows] = np.where(sound, decided + np.arange(rows), n)
    return Labels(value, end)


def beat_median(
    closes: Mapping[str, FloatArray], days: Mapping[str, NDArray[np.int64]], horizon: int
) -> dict[str, Labels]:
    """Whether an instrument's return over ``horizon`` bars is above the median of its panel on that date.

    Compared are the returns that started on one date and were decided on one date; ``end`` is the row
    in the instrument's own bars.

    Units
    -----
    1 above the median, 0 at or below it, NaN where fewer than three are compared; ``days`` int64,
    ascending, any unit of time.

    References
    ----------
    The definition; cross-sectional targets as in Gu, Kelly, Xiu (2020), Empirical asset pricing via
    machine learning.

    Examples
    --------
    >>> closes = {"A": np.array([1.0, 1.1]), "B": np.array([2.0, 2.1]), "C": np.array([3.0, 2.9])}
    >>> found = beat_median(closes, dict.fromkeys("ABC", np.array([1, 2])), 1)
    >>> [found[name].value[0].item() for name in "ABC"]
    [1.0, 0.0, 0.0]
    """
    spans = {}
    for name, close in closes.items():
        at, rows = days[name], max(0, len(close) - horizon)
        priced = _priced(close[:rows]) & _priced(close[horizon:])
        moved = np.full(rows, np.nan)
        moved[priced] = np.log(close[horizon:][priced] / close[:rows][priced])
        spans[name] = (np.stack([at[:rows], at[horizon:]], axis=1), moved)
    if not spans:
        return {}
    pairs, place = np.unique(
        np.concatenate([pair for pair, _ in spans.values()]), axis=0, return_inverse=True
    )
    wide = np.full((len(pairs), len(spans)), np.nan)
    column = np.repeat(np.arange(len(spans)), [len(moved) for _, moved in spans.values()])
    wide[place, column] = np.concatenate([moved for _, moved in spans.values()])
    middle = _medians(wide)[place]
    found, start = {}, 0
    for name, (_, moved) in spans.items():
        n, own = len(closes[name]), middle[start : start + len(moved)]
        start += len(moved)
        value, end = np.full(n, np.nan), np.full(n, n, dtype=np.int64)
        compared = np.isfinite(moved) & np.isfinite(own)
        value[: len(moved)] = np.where(compared, moved > own, np.nan)
        end[: len(moved)] = np.where(compared, horizon + np.arange(len(moved)), n)
        found[name] = Labels(value, end)
    return found


def uniqueness(start: NDArray[np.int64], end: NDArray[np.int64]) -> FloatArray:
    """How far each label is alone: the mean, over the bars it spans, of one over the labels that span them.

    A label spans the returns of the bars after ``start`` up to and with ``end``. Labels of one
    instrument; overlapping ones say the same thing several times, and together weigh as one.

    Units
    -----
    A weight above 0 and at most 1; ``start`` and ``end`` are rows, ``end`` the later one.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, section 4.4.

    Examples
    --------
    Three labels on the returns 1-3, 3-4 and 5-6; the third return belongs to two of them:

    >>> uniqueness(np.array([0, 2, 4]), np.array([3, 4, 6])).round(4).tolist()
    [0.8333, 0.75, 1.0]
    """
    if not len(start):
        return np.empty(0)
    first = int(start.min())
    last = int(end.max()) - first
    steps = np.bincount(start - first, minlength=last + 1) - np.bincount(end - first, minlength=last + 1)
    at_once = np.cumsum(steps)[:last]  # entry k: how many labels hold the return of row k + 1
    shares = np.concatenate([[0.0], np.cumsum(1.0 / np.maximum(at_once, 1))])
    weights: FloatArray = (shares[end - first] - shares[start - first]) / (end - start)
    return weights


def _medians(wide: FloatArray) -> FloatArray:
    """The median of each row over what is known; NaN where fewer than three are."""
    enough = np.isfinite(wide).sum(axis=1) >= _FEWEST
    found = np.full(len(wide), np.nan)
    found[enough] = np.nanmedian(wide[enough], axis=1)
    return found


def _priced(values: FloatArray) -> NDArray[np.bool_]:
    return np.isfinite(values) & (values > 0.0)
