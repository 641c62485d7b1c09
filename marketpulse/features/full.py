"""The full set of features, for training, replay and live alike: 43 of bars, two of the order book.

Every column is without scale, rests on its own bar and earlier ones, and is NaN while it warms up or
where what it needs is missing; a model treats NaN as missing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

import numpy as np

from marketpulse.features import formulas, measures, turnover
from marketpulse.features.around import ALONE, Around, Depth, around, sound, sound_rows
from marketpulse.features.table import FeatureTable
from marketpulse.features.windows import blank
from marketpulse.features.work import Work
from marketpulse.types import Bars, FloatArray

__all__ = [
    "DEFINITIONS",
    "NAMES",
    "TAIL",
    "VERSION",
    "WORDS",
    "FullDefinition",
    "table",
    "tables",
]

TAIL = 480
"""Bars that the newest row looks back on: 252 for the longest window, and what smoothing still remembers."""


@dataclass(frozen=True, slots=True)
class FullDefinition:
    """One feature.

    Attributes
    ----------
    name : its column
    words : what a person calls it
    formula : the text that the version is the hash of; change it whenever the code changes
    of : the code
    """

    name: str
    words: str
    formula: str
    of: Callable[[Work], FloatArray]


def _momentum(bars: int) -> FullDefinition:
    text = f"log(close/close[-{bars}])/(sigma*sqrt({bars})), sigma=EWMA(.94) of log returns after 63 bars"
    return FullDefinition(f"momentum_{bars}", f"{bars}-day momentum", text, lambda w: w.momentum(bars))


def _trend(bars: int) -> FullDefinition:
    text = f"(close/SMA{bars}-1)/sigma"
    return FullDefinition(
        f"trend_{bars}",
        f"distance to SMA {bars}",
        text,
        lambda w: formulas.trend_gap(w.bars.close, w.sigma, bars),
    )


def _deviation(bars: int) -> FullDefinition:
    text = f"sample deviation of {bars} log returns"
    return FullDefinition(f"sd_{bars}", f"{bars}-day volatility", text, lambda w: w.sd(bars))


def _gap(w: Work) -> FloatArray:
    found = blank(w.logs.shape)
    found[1:] = w.bars.open[1:] / w.bars.close[:-1] - 1.0
    scaled: FloatArray = found / w.sigma
    return scaled


def _beta(w: Work) -> FloatArray:
    own, market = w.sum("return", 60), w.sum("market", 60)
    return measures.beta(own, market, w.sum("market_square", 60), w.sum("market_product", 60), 60)


def _illiquidity(w: Work) -> FloatArray:
    return formulas.z_among(w.illiquidity, w.sum("illiquidity", 63), w.sum("illiquidity_square", 63), 63)


def _volume(w: Work) -> FloatArray:
    return formulas.z_among(w.log_volume, w.sum("log_volume", 63), w.sum("log_volume_square", 63), 63)


def _week_of_volume(w: Work) -> FloatArray:
    return formulas.z_among(w.log_volumes(5)[0] / 5, *w.log_volumes(252), 252)


_D = FullDefinition

DEFINITIONS: tuple[FullDefinition, ...] = (
    *(_momentum(bars) for bars in (1, 2, 3, 5, 10, 21, 63, 126, 252)),
    _D(
        "momentum_12_1",
        "12-1 month momentum",
        "momentum over 231 bars, 21 bars ago",
        lambda w: w.momentum(231, 21),
    ),
    *(_trend(bars) for bars in (20, 50, 200)),
    _D(
        "macd",
        "MACD histogram",
        "MACD(12,26,9) histogram/(close*sigma)",
        lambda w: formulas.macd_strength(w.bars.close, w.sigma),
    ),
    _D(
        "adx_14",
        "ADX 14",
        "ADX14/100, Wilder, movements equal to 1e-9 of the close count for neither side",
        lambda w: w.adx(),
    ),
    _D(
        "direction_14",
        "direction (+DI less -DI)",
        "(+DI14 - -DI14)/100, Wilder, ties as adx_14",
        lambda w: measures.direction_share(w.ways, w.bars.high, w.bars.low, w.bars.close),
    ),
    _D(
        "slope_21",
        "straightness of 21 days",
        "t of the slope of log close on time, 21 bars, within 100",
        lambda w: measures.slope_t(w.bars.close, 21),
    ),
    _D(
        "rsi_14",
        "RSI 14",
        "(RSI14-50)/50, 0 while nothing moves",
        lambda w: formulas.rsi_centred(w.bars.close),
    ),
    _D(
        "rsi_2",
        "RSI 2",
        "(RSI2-50)/50, 0 while nothing moves",
        lambda w: formulas.rsi_centred(w.bars.close, 2),
    ),
    _D(
        "bollinger_20",
        "Bollinger position",
        "(close-mean20)/population sd20",
        lambda w: formulas.bollinger_z(w.bars.close),
    ),
    _D(
        "stochastic_14",
        "stochastic %K 14",
        "(%K14-50)/50, not smoothed",
        lambda w: measures.stochastic_share(w.bars.high, w.bars.low, w.bars.close),
    ),
    _D(
        "high_20",
        "distance to the 20-day high",
        "log(close/max20(high))/(sigma*sqrt(20))",
        lambda w: w.from_extreme(formulas.highest(w.bars.high, 20), 20),
    ),
    _D(
        "low_20",
        "distance to the 20-day low",
        "log(close/min20(low))/(sigma*sqrt(20))",
        lambda w: w.from_extreme(formulas.lowest(w.bars.low, 20), 20),
    ),
    *(_deviation(bars) for bars in (5, 21, 63)),
    _D("sd_ratio", "5-day over 63-day volatility", "sd_5/sd_63", lambda w: w.sd(5) / w.sd(63)),
    _D(
        "atr_14",
        "ATR 14",
        "ATR14/close, Wilder, the first bar with its own range",
        lambda w: formulas.atr_share(w.bars.high, w.bars.low, w.bars.close),
    ),
    _D(
        "range_21",
        "range over close volatility",
        "Parkinson21/sd_21",
        lambda w: measures.range_share(w.sum("range_square", 21), w.sd(21)),
    ),
    _D("sigma_ratio", "newest over 63-day volatility", "sigma/sd_63", lambda w: w.sigma / w.sd(63)),
    _D(
        "downside_21",
        "share of losses in volatility",
        "sqrt(mean21(min(r,0)^2))/sd_21",
        lambda w: measures.downside_share(w.sum("loss_square", 21), w.sd(21)),
    ),
    _D(
        "skew_63",
        "skewness of 63 days",
        "g1 of 63 log returns",
        lambda w: measures.skewness(*w.moments[63], w.sum("square", 63), w.sum("cube", 63)),
    ),
    _D(
        "autocorrelation_63",
        "day-to-day correlation",
        "r1 of 63 log returns",
        lambda w: measures.autocorrelation(w.returns, *w.moments[63], w.sum("product", 62)),
    ),
    _D(
        "high_252",
        "distance to the 252-day high",
        "log(close/max252(close))/(sigma*sqrt(252))",
        lambda w: formulas.high_gap(w.bars.close, w.sigma),
    ),
    _D(
        "volume_63",
        "unusual volume",
        "(log volume-mean63)/population sd63, none below 1e-5",
        _volume,
    ),
    _D(
        "volume_5_252",
        "a week's volume in its year",
        "(mean5 of log volume-mean252)/population sd252, none below 1e-5",
        _week_of_volume,
    ),
    _D(
        "obv_21",
        "slope of OBV",
        "slope of OBV on time, 21 bars/mean volume",
        lambda w: turnover.obv_slope(w.returns, w.volume, w.sum("volume", 21)),
    ),
    _D(
        "mfi_14",
        "MFI 14",
        "(MFI14-50)/50, typical prices equal to 1e-9 count for neither side",
        lambda w: turnover.flow_share(w.sum("flow", 14), w.sum("risen_flow", 14)),
    ),
    _D("illiquidity_63", "unusual illiquidity", "z63 of log(max(|r|,1e-4)/(close*volume))", _illiquidity),
    _D("gap", "overnight gap", "(open/close[-1]-1)/sigma", _gap),
    _D(
        "market_5",
        "the market's 5-day return",
        "momentum_5 of the benchmark, its newest bar closed by then, at most 4 days old",
        lambda w: w.market[1],
    ),
    _D(
        "rank_21",
        "rank of 21-day return",
        "(rank of log(close/close[-21])-.5)/n-.5 among the panel, n>=3",
        lambda w: w.rank,
    ),
    _D(
        "beta_60",
        "beta to the market",
        "slope of 60 log returns on the benchmark's over the same spans",
        _beta,
    ),
    _D(
        "spread",
        "spread",
        "(ask-bid)/(mid*sigma), last book received within the bar",
        lambda w: w.book[0] / w.sigma,
    ),
    _D(
        "imbalance",
        "order book imbalance",
        "(bid-ask units)/sum over 10 levels, last book received within the bar",
        lambda w: w.book[1],
    ),
)

NAMES: tuple[str, ...] = tuple(d.name for d in DEFINITIONS)
"""The columns of every table, in this order."""

WORDS: Mapping[str, str] = MappingProxyType({d.name: d.words for d in DEFINITIONS})
"""What a person calls each feature."""

VERSION = sha256("\n".join(f"{d.name}={d.formula}" for d in DEFINITIONS).encode()).hexdigest()[:16]
"""Names and formulas in one word: a model speaks only about features of its own version."""


def table(bars: Bars, beside: Around = ALONE, depth: Depth | None = None) -> FeatureTable:
    """Compute every feature for every bar.

    A bar whose prices are not finite and positive has a row of NaN, and later rows do not see it.

    Parameters
    ----------
    bars : with splits and dividends worked in, oldest first
    beside : the market and the panel, from ``around``; without it their three columns stay NaN
    depth : recorded order books, from ``depth``; without them ``spread`` and ``imbalance`` stay NaN

    Returns
    -------
    FeatureTable
        Row ``t`` rests on ``bars[: t + 1]`` and on what else had closed by then, and on nothing else.

    Units
    -----
    Every column is without dimension; each definition says in what it is measured.

    References
    ----------
    As in ``formulas`` and ``measures``, one per feature.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> up = np.exp(0.01 * np.arange(300.0))
    >>> day = 86_400 * np.arange(300)
    >>> found = table(Bars("X", Interval.DAY, day, up, up, up, up, np.ones(300), "tape", adjusted=True))
    >>> found.values.shape, found.columns(["momentum_5", "momentum_12_1"])[-1].round(3).tolist()
    ((300, 45), [2.236, 15.199])
    """
    keep = sound_rows(bars)
    clean = bars if keep.all() else sound(bars)
    wide = np.empty((len(NAMES), len(clean)))
    if len(clean):
        work = Work.of(clean, beside, depth)
        for line, definition in zip(wide, DEFINITIONS, strict=True):
            line[:] = definition.of(work)
    values = wide.T
    if clean is not bars:
        values = np.full((len(bars), len(NAMES)), np.nan)
        values[keep] = wide.T
    values.setflags(write=False)
    return FeatureTable(bars.symbol, NAMES, bars.time, values)


def tables(
    panel: Mapping[str, Bars], benchmark: Bars | None, depths: Mapping[str, Depth] | None = None
) -> dict[str, FeatureTable]:
    """One table for each instrument of a panel, ranked against each other."""
    beside, books = around(benchmark, panel), depths or {}
    return {symbol: table(bars, beside, books.get(symbol)) for symbol, bars in panel.items()}
