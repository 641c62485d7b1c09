"""More formulas of the features: direction, shape, volume and the market, one number for each bar.

``returns`` are log returns of closes with NaN in the first row, ``sigma`` the volatility a bar of
``indicators.ewma_sigma``. Row ``t`` of a result rests on rows up to ``t`` only; NaN is not defined.
"""

import numpy as np

from marketpulse.features.formulas import highest, lowest
from marketpulse.features.indicators import wilder
from marketpulse.features.windows import centred, mean_and_deviation, total
from marketpulse.types import FloatArray

__all__ = [
    "autocorrelation",
    "beta",
    "direction_share",
    "downside_share",
    "illiquidity",
    "log_returns",
    "money_flow",
    "obv_slope",
    "range_share",
    "skewness",
    "slope_t",
    "stochastic_share",
]

_LEAST_MOVE = 1e-4
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
    found = np.full(len(close), np.nan)
    found[1:] = np.diff(np.log(close))
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
    found = np.full(len(close), np.nan)
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
    found = np.full(len(close), np.nan)
    apart = centred(np.log(close), bars)
    time = np.arange(bars) - 0.5 * (bars - 1)
    squares = np.einsum("ij,ij->i", apart, apart)
    along = np.einsum("ij,j->i", apart, time)
    explained = np.square(along) / np.square(time).sum()
    moved = squares > 1e-22 * bars
    straight = np.divide(explained, squares, out=np.zeros(len(apart)), where=moved)
    left = np.maximum(1.0 - straight, 1e-12)
    t = np.sign(along) * np.sqrt(straight * (bars - 2) / left)
    found[len(close) - len(apart) :] = np.clip(t, -100.0, 100.0)
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


def range_share(high: FloatArray, low: FloatArray, deviation: FloatArray, bars: int = 21) -> FloatArray:
    """Volatility as the days' ranges show it, over that of the closes.

    Units
    -----
    Without dimension; ``deviation`` is that of log returns over the same ``bars``.

    References
    ----------
    Parkinson (1980), The extreme value method for estimating the variance of the rate of return.

    Examples
    --------
    >>> high, low = np.exp([0.02, 0.02]), np.ones(2)
    >>> range_share(high, low, np.array([np.nan, 0.012]), 2).round(4).tolist()
    [nan, 1.0009]
    """
    ranges = np.sqrt(total(np.square(np.log(high / low)), bars) / (4.0 * np.log(2.0) * bars))
    share: FloatArray = ranges / deviation
    return share


def downside_share(returns: FloatArray, deviation: FloatArray, bars: int = 21) -> FloatArray:
    """Root mean square of the losses, over the deviation of all returns.

    Units
    -----
    Without dimension; ``deviation`` is that of ``returns`` over the same ``bars``.

    References
    ----------
    Sortino, van der Meer (1991), Downside risk: the deviation below a target of zero over all bars.

    Examples
    --------
    >>> downside_share(np.array([-0.02, 0.02]), np.array([np.nan, 0.02]), 2).round(4).tolist()
    [nan, 0.7071]
    """
    losses: FloatArray = np.sqrt(total(np.square(np.minimum(returns, 0.0)), bars) / bars) / deviation
    return losses


def skewness(returns: FloatArray, mean: FloatArray, deviation: FloatArray, bars: int = 63) -> FloatArray:
    """Skewness of the last returns: below zero where the large moves were falls.

    Units
    -----
    Without dimension: the third central moment over the population deviation cubed; ``mean`` and sample
    ``deviation`` are those of the same windows.

    References
    ----------
    Fisher (1930), The moments of the distribution for normal samples: g1.

    Examples
    --------
    >>> skewness(r := np.array([0.0, 0.0, 3.0]), *mean_and_deviation(r, 3), 3).round(4).tolist()
    [nan, nan, 0.7071]
    """
    whole = deviation * np.sqrt((bars - 1) / bars)
    squares, cubes = total(np.square(returns), bars) / bars, total(np.square(returns) * returns, bars) / bars
    third: FloatArray = (cubes - 3.0 * mean * squares + 2.0 * np.square(mean) * mean) / (
        np.square(whole) * whole
    )
    return third


def autocorrelation(
    returns: FloatArray, mean: FloatArray, deviation: FloatArray, bars: int = 63
) -> FloatArray:
    """Correlation of each return of the window with the one before it in the window.

    Units
    -----
    Without dimension, about -1 (back and forth) to 1 (on and on); ``mean`` and sample ``deviation`` are
    those of the same windows.

    References
    ----------
    Box, Jenkins (1970), Time Series Analysis: the sample autocorrelation r1.

    Examples
    --------
    >>> autocorrelation(r := np.array([1.0, -1.0, 1.0, -1.0]), *mean_and_deviation(r, 4), 4).tolist()
    [nan, nan, nan, -0.75]
    """
    before = np.full(len(returns), np.nan)
    before[1:] = returns[:-1]
    products = total(returns * before, bars - 1)
    whole = bars * mean
    first = np.full(len(returns), np.nan)
    first[bars - 1 :] = returns[: max(0, len(returns) - bars + 1)]
    both = 2.0 * whole - first - returns  # the window without its first, and without its last
    centred_products = products - mean * both + (bars - 1) * np.square(mean)
    share: FloatArray = centred_products / (np.square(deviation) * (bars - 1))
    return share


def obv_slope(returns: FloatArray, volume: FloatArray, bars: int = 21) -> FloatArray:
    """Slope of the on-balance volume over the window, in units of a bar's mean volume.

    Units
    -----
    -1 (every unit traded on falling bars) to 1 (on rising ones); NaN where nothing was traded.

    References
    ----------
    Granville (1963), New Key to Stock Market Profits; least squares on time.

    Examples
    --------
    >>> obv_slope(np.array([np.nan, 0.1, 0.1, 0.1]), np.full(4, 5.0), 3).round(9).tolist()
    [nan, nan, 1.0, 1.0]
    """
    found = np.full(len(returns), np.nan)
    time = np.arange(bars) - 0.5 * (bars - 1)
    # A step at one bar lifts every later bar of the window, so its weight is the sum of theirs.
    weights = (np.cumsum(time[::-1])[::-1] / np.square(time).sum())[1:]
    steps = np.sign(returns) * volume
    if len(steps) >= bars:
        found[bars - 1 :] = np.convolve(steps, weights[::-1], "valid")[1:]
    traded = total(volume, bars) / bars
    slope: FloatArray = found / np.where(traded > 0.0, traded, np.nan)
    return slope


def money_flow(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, period: int = 14
) -> FloatArray:
    """Money flow index, centred: the turnover of rising bars against that of falling ones.

    Typical prices closer than 1e-9 are equal and count for neither side. Not TA-Lib's, which has nothing
    to say any more after one bar whose volume is not known.

    Units
    -----
    -1 (all on falling bars) to 1 (all on rising ones): ``(MFI - 50) / 50``. NaN where there was neither.

    References
    ----------
    Quong, Soudack (1989), Volume-weighted RSI: money flow.

    Examples
    --------
    >>> price = np.array([1.0, 2.0, 3.0, 2.0])
    >>> money_flow(price, price, price, np.ones(4), 3).round(4).tolist()
    [nan, nan, nan, 0.4286]
    """
    typical = (high + low + close) / 3.0
    change = np.diff(typical, prepend=np.nan)
    way = np.where(np.abs(change) > _TIE * typical, np.sign(change), 0.0)
    way[:1] = np.nan
    flow = typical * volume
    both = total(np.abs(way) * flow, period)
    share: FloatArray = total(way * flow, period) / np.where(both > 0.0, both, np.nan)
    return share


def illiquidity(returns: FloatArray, close: FloatArray, volume: FloatArray) -> FloatArray:
    """Log of how far a unit of turnover moves the price; a return counts as a basis point at least.

    Units
    -----
    Log of a fraction per unit of currency: only its change over time means something, so take its z.

    References
    ----------
    Amihud (2002), Illiquidity and stock returns: |return| over turnover.

    Examples
    --------
    >>> illiquidity(np.array([0.01]), np.array([10.0]), np.array([5.0])).round(4).tolist()
    [-8.5172]
    """
    moved: FloatArray = np.log(np.maximum(np.abs(returns), _LEAST_MOVE) / (close * volume))
    return moved


def beta(returns: FloatArray, market: FloatArray, bars: int = 60) -> FloatArray:
    """Slope of the returns on the market's over the same spans.

    Units
    -----
    Without dimension: 1 moves as much as the market.

    References
    ----------
    Sharpe (1964), Capital asset prices; ordinary least squares.

    Examples
    --------
    >>> beta(np.array([0.02, -0.02]), np.array([0.01, -0.01]), 2).round(9).tolist()
    [nan, 2.0]
    """
    mean, deviation = mean_and_deviation(market, bars)
    together = total(returns * market, bars) - mean * total(returns, bars)
    slope: FloatArray = together / (np.square(deviation) * (bars - 1))
    return slope
