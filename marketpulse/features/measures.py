"""More formulas of the features: direction, shape and the market, one number for each bar.

``returns`` are log returns of closes with NaN in the first row, ``sigma`` the volatility a bar of
``indicators.ewma_sigma``. Row ``t`` of a result rests on rows up to ``t`` only; NaN is not defined.
"""

from math import sqrt

import numpy as np

from marketpulse.features.formulas import highest, lowest
from marketpulse.features.indicators import wilder
from marketpulse.features.windows import about_middle, blank, centred, moments
from marketpulse.types import FloatArray

__all__ = [
    "autocorrelation",
    "beta",
    "direction_share",
    "downside_share",
    "log_returns",
    "range_share",
    "skewness",
    "slope_t",
    "stochastic_share",
]

_TIE = 1e-9
_ROUNDING = 1e-12


def log_returns(close: FloatArray) -> FloatArray:
    """Log return of each bar; a movement below 1e-12 is the rounding of an adjusted price, so none.

    Units
    -----
    A fraction; NaN for the first bar.

    References
    ----------
    The definition.

    Examples
    --------
    >>> log_returns(np.exp([0.0, 0.25, 0.25])).round(9).tolist()
    [nan, 0.25, 0.0]
    """
    found, logs = blank(close.shape), np.log(close)
    np.subtract(logs[1:], logs[:-1], out=found[1:])
    found[np.abs(found) < _ROUNDING] = 0.0
    return found


def direction_share(
    ways: tuple[FloatArray, FloatArray],
    high: FloatArray,
    low: FloatArray,
    close: FloatArray,
    period: int = 14,
) -> FloatArray:
    """+DI less -DI: which way the new ground was gained, as a share of the ground covered.

    Units
    -----
    -1 (all down) to 1 (all up), without dimension; ``period`` in bars. ``ways`` are Wilder's averages
    of ``movements`` up and down, in the currency of the prices.

    References
    ----------
    Wilder (1978), New Concepts in Technical Trading Systems; equal movements as in ``movements``.

    Examples
    --------
    Each day one higher, one and a half from yesterday's close to today's high:

    >>> price = np.arange(100.0, 130.0)
    >>> high, low = price + 0.5, price - 0.5
    >>> direction_share((np.ones(29), np.zeros(29)), high, low, price).round(4)[-1].tolist()
    0.6667
    """
    found = blank(close.shape)
    before = close[:-1]
    span = wilder(np.maximum(high[1:], before) - np.minimum(low[1:], before), period)
    found[1:] = (ways[0] - ways[1]) / np.where(span > _TIE * close[1:], span, np.nan)
    return found


def slope_t(close: FloatArray, bars: int) -> FloatArray:
    """t-statistic of the slope of log close on time: how straight the way was, and which way.

    Units
    -----
    Without dimension, cut to -100 .. 100 (a straight line has no residuals); 0 where the window is flat.

    References
    ----------
    Student (1908); ordinary least squares of one regressor, n - 2 degrees of freedom.

    Examples
    --------
    >>> slope_t(np.exp([0.0, 1.0, 1.0, 2.0]), 4).round(4)[-1].tolist()
    4.2426
    """
    found = blank(close.shape)
    apart = centred(np.log(close), bars)
    time, spread = about_middle(bars)
    squares = np.einsum("...j,...j->...", apart, apart)
    along = np.einsum("...j,j->...", apart, time)
    explained = np.square(along) / spread
    moved = squares > 1e-22 * bars
    straight = np.divide(explained, squares, out=np.zeros(squares.shape), where=moved)
    left = np.maximum(1.0 - straight, 1e-12)
    t = np.sign(along) * np.sqrt(straight * (bars - 2) / left)
    found[len(close) - len(apart) :] = np.minimum(np.maximum(t, -100.0), 100.0)
    return found


def stochastic_share(high: FloatArray, low: FloatArray, close: FloatArray, period: int = 14) -> FloatArray:
    """Where the close lies between the lowest low and the highest high (%K, not smoothed), centred.

    Units
    -----
    -1 (at the low) to 1 (at the high): ``(%K - 50) / 50``. NaN where nothing has moved.

    References
    ----------
    Lane (1984), Lane's stochastics.

    Examples
    --------
    >>> stochastic_share(np.array([4.0, 5.0]), np.array([1.0, 2.0]), np.array([3.0, 4.0]), 2).tolist()
    [nan, 0.5]
    """
    top, bottom = highest(high, period), lowest(low, period)
    span = np.where(top - bottom > _TIE * close, top - bottom, np.nan)
    return 2.0 * (close - bottom) / span - 1.0


def range_share(squares: FloatArray, deviation: FloatArray, bars: int = 21) -> FloatArray:
    """Volatility as the days' ranges show it, over that of the closes.

    Units
    -----
    Without dimension; ``squares`` are sums of ``log(high / low)**2`` over the last ``bars``, ``deviation``
    that of log returns over the same.

    References
    ----------
    Parkinson (1980), The extreme value method for estimating the variance of the rate of return.

    Examples
    --------
    >>> range_share(np.array([2 * 0.02**2]), np.array([0.012]), 2).round(4).tolist()
    [1.0009]
    """
    ranges = np.sqrt(squares / (4.0 * np.log(2.0) * bars))
    share: FloatArray = ranges / deviation
    return share


def downside_share(squares: FloatArray, deviation: FloatArray, bars: int = 21) -> FloatArray:
    """Root mean square of the losses, over the deviation of all returns.

    Units
    -----
    Without dimension; ``squares`` are sums of ``min(return, 0)**2`` over the last ``bars``, ``deviation``
    that of all returns over the same.

    References
    ----------
    Sortino, van der Meer (1991), Downside risk: the deviation below a target of zero over all bars.

    Examples
    --------
    >>> downside_share(np.array([0.02**2]), np.array([0.02]), 2).round(4).tolist()
    [0.7071]
    """
    losses: FloatArray = np.sqrt(squares / bars) / deviation
    return losses


def skewness(
    mean: FloatArray, deviation: FloatArray, squares: FloatArray, cubes: FloatArray, bars: int = 63
) -> FloatArray:
    """Skewness of the last returns: below zero where the large moves were falls.

    Units
    -----
    Without dimension: the third central moment over the population deviation cubed; ``mean``, sample
    ``deviation`` and the sums of squares and cubes are those of the same windows.

    References
    ----------
    Fisher (1930), The moments of the distribution for normal samples: g1.

    Examples
    --------
    Of 0, 0 and 3:

    >>> one, two, three = np.array([3.0]), np.array([9.0]), np.array([27.0])
    >>> skewness(*moments(one, two, 3), two, three, 3).round(4).tolist()
    [0.7071]
    """
    whole = deviation * sqrt((bars - 1) / bars)
    second = squares / bars
    third: FloatArray = (cubes / bars - 3.0 * mean * second + 2.0 * np.square(mean) * mean) / (
        np.square(whole) * whole
    )
    return third


def autocorrelation(
    returns: FloatArray, mean: FloatArray, deviation: FloatArray, products: FloatArray, bars: int = 63
) -> FloatArray:
    """Correlation of each return of the window with the one before it in the window.

    Units
    -----
    Without dimension, about -1 (back and forth) to 1 (on and on); ``mean`` and sample ``deviation`` are
    those of the same windows, ``products`` the sums of their ``bars - 1`` products.

    References
    ----------
    Box, Jenkins (1970), Time Series Analysis: the sample autocorrelation r1.

    Examples
    --------
    >>> back_and_forth, deviation = np.array([1.0, -1.0, 1.0, -1.0]), np.full(4, np.sqrt(4 / 3))
    >>> autocorrelation(back_and_forth, np.zeros(4), deviation, np.full(4, -3.0), 4).round(4).tolist()
    [nan, nan, nan, -0.75]
    """
    whole = bars * mean
    first = blank(returns.shape)
    first[bars - 1 :] = returns[: max(0, len(returns) - bars + 1)]
    both = 2.0 * whole - first - returns  # the window without its first, and without its last
    centred_products = products - mean * both + (bars - 1) * np.square(mean)
    share: FloatArray = centred_products / (np.square(deviation) * (bars - 1))
    return share


def beta(
    own: FloatArray, market: FloatArray, squares: FloatArray, products: FloatArray, bars: int = 60
) -> FloatArray:
    """Slope of the returns on the market's over the same spans, from sums over the last ``bars``.

    Units
    -----
    Without dimension: 1 moves as much as the market. ``own`` and ``market`` are sums of returns,
    ``squares`` of the market's squares, ``products`` of own and market.

    References
    ----------
    Sharpe (1964), Capital asset prices; ordinary least squares.

    Examples
    --------
    Of 0.02 and -0.02 on 0.01 and -0.01:

    >>> beta(np.zeros(1), np.zeros(1), np.array([2e-4]), np.array([4e-4]), 2).round(9).tolist()
    [2.0]
    """
    mean, deviation = moments(market, squares, bars)
    together = products - mean * own
    slope: FloatArray = together / (np.square(deviation) * (bars - 1))
    return slope
