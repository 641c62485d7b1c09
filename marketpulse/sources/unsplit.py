"""Take a vendor's split adjustment back, so that the desk holds what was traded on the day."""

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["unsplit"]


def unsplit(rows: FloatArray, dividends: FloatArray, splits: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Undo the vendor's split adjustment of prices, volumes and dividends.

    Parameters
    ----------
    rows : open, high, low, close (currency) and volume (units), oldest first
    dividends : cash per share on each row's day, 0 for none
    splits : new shares per old share on each row's day, 0 for none

    Examples
    --------
    >>> import numpy as np
    >>> rows = np.array([[24.0, 24, 24, 24, 200], [25.0, 25, 25, 25, 100]])
    >>> unsplit(rows, np.array([0.1, 0.0]), np.array([0.0, 2.0]))[0][0].tolist()
    [48.0, 48.0, 48.0, 48.0, 100.0]
    """
    ratio = np.where(splits > 0, splits, 1.0)
    after = np.append(np.cumprod(ratio[::-1])[::-1][1:], 1.0)  # product of the splits still to come
    raw = rows.copy()
    with np.errstate(
        over="ignore"
    ):  # what is too large becomes infinite, and is taken out by the market room
        raw[:, :4] = np.round(rows[:, :4] * after[:, None], 6)
        raw[:, 4] = rows[:, 4] / after
        return raw, dividends * after
