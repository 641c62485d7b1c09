"""The feature table: one row per bar, one column per definition, and the version of the definitions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from marketpulse.features import formulas
from marketpulse.features.around import sound, sound_rows
from marketpulse.features.indicators import ewma_sigma
from marketpulse.types import Bars, FloatArray

__all__ = ["DEFINITIONS", "FEATURES", "MARKET", "VERSION", "WORDS", "Definition", "FeatureTable", "compute"]

_DAY = 86_400
_OLDEST_MARKET = 4 * _DAY
"""A benchmark bar older than a long weekend says nothing about today."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One feature.

    Attributes
    ----------
    name : its column
    words : what a person calls it
    formula : the text that the version is the hash of; change it whenever the code changes
    of : the code, from cleaned bars and their volatility a bar
    """

    name: str
    words: str
    formula: str
    of: Callable[[Bars, FloatArray], FloatArray]


MARKET = "market_5"
"""The one feature that needs a benchmark."""


def _market(market: Bars, sigma: FloatArray) -> FloatArray:
    return formulas.momentum(market.close, sigma, 5)


_M = "log(close/close[-{0}])/(sigma*sqrt({0})), sigma=EWMA(.94) of log returns after 63 bars"

DEFINITIONS = (
    Definition("momentum_5", "5-day momentum", _M.format(5), lambda b, s: formulas.momentum(b.close, s, 5)),
    Definition(
        "momentum_21", "21-day momentum", _M.format(21), lambda b, s: formulas.momentum(b.close, s, 21)
    ),
    Definition(
        "rsi_14", "RSI 14", "(RSI14-50)/50, 0 while nothing moves", lambda b, _: formulas.rsi_centred(b.close)
    ),
    Definition(
        "macd",
        "MACD histogram",
        "MACD(12,26,9) histogram/(close*sigma)",
        lambda b, s: formulas.macd_strength(b.close, s),
    ),
    Definition(
        "adx_14",
        "ADX 14",
        "ADX14/100, Wilder, movements equal to 1e-9 of the close count for neither side",
        lambda b, _: formulas.adx_share(b.high, b.low, b.close),
    ),
    Definition(
        "bollinger_20",
        "Bollinger position",
        "(close-mean20)/population sd20",
        lambda b, _: formulas.bollinger_z(b.close),
    ),
    Definition(
        "atr_14",
        "ATR 14",
        "ATR14/close, Wilder, the first bar with its own range",
        lambda b, _: formulas.atr_share(b.high, b.low, b.close),
    ),
    Definition(
        "trend_50", "distance to SMA 50", "(close/SMA50-1)/sigma", lambda b, s: formulas.trend_gap(b.close, s)
    ),
    Definition(
        "volume_63",
        "unusual volume",
        "(log volume-mean63)/population sd63, none below 1e-5",
        lambda b, _: formulas.volume_z(b.volume),
    ),
    Definition(
        "high_252",
        "distance to the 252-day high",
        "log(close/max252(close))/(sigma*sqrt(252))",
        lambda b, s: formulas.high_gap(b.close, s),
    ),
    Definition(
        MARKET,
        "the market's 5-day return",
        _M.format(5) + ", of the benchmark, its newest bar at or before the date, at most 4 days old",
        _market,
    ),
)

FEATURES: tuple[str, ...] = tuple(d.name for d in DEFINITIONS)
"""The columns of every table, in this order."""

WORDS: Mapping[str, str] = MappingProxyType({d.name: d.words for d in DEFINITIONS})
"""What a person calls each feature."""

VERSION = sha256("\n".join(f"{d.name}={d.formula}" for d in DEFINITIONS).encode()).hexdigest()[:16]
"""Names and formulas in one word: a model speaks only about features of its own version."""


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Features of one instrument, row by row with its bars.

    Attributes
    ----------
    names : the columns
    time : int64 seconds since 1970 UTC, the opening times of the bars
    values : float64 (bars, features), NaN where not yet defined; read-only
    """

    symbol: str
    names: tuple[str, ...]
    time: NDArray[np.int64]
    values: FloatArray

    def __len__(self) -> int:
        return len(self.time)

    def columns(self, names: Sequence[str]) -> FloatArray:
        """The columns called ``names``, in that order; KeyError for an unknown one."""
        at = {name: i for i, name in enumerate(self.names)}
        return self.values[:, [at[name] for name in names]]


def compute(bars: Bars, benchmark: Bars | None) -> FeatureTable:
    """Compute every feature for every bar.

    A bar whose prices are not finite and positive has a row of NaN, and later rows do not see it.

    Parameters
    ----------
    bars : daily, with splits and dividends worked in, oldest first
    benchmark : daily bars of the market, joined by date; without it ``market_5`` stays NaN

    Returns
    -------
    FeatureTable
        Row ``t`` rests on ``bars[: t + 1]`` and on benchmark bars up to the same date, and on nothing else.

    Units
    -----
    Every column is without dimension; each definition says in what it is measured.

    References
    ----------
    As in ``formulas``, one per feature.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> up = np.exp(0.01 * np.arange(300.0))
    >>> day = 86_400 * np.arange(300)
    >>> bars = Bars("X", Interval.DAY, day, up, up, up, up, np.ones(300), "tape", adjusted=True)
    >>> table = compute(bars, None)
    >>> table.values.shape, table.columns(["momentum_5", "high_252"])[-1].round(3).tolist()
    ((300, 11), [2.236, 0.0])
    """
    values = np.full((len(bars), len(FEATURES)), np.nan)
    good, clean = sound_rows(bars), sound(bars)
    sigma = ewma_sigma(clean.close)
    for k, definition in enumerate(DEFINITIONS):
        if definition.name != MARKET:
            values[good, k] = definition.of(clean, sigma)
        elif benchmark is not None:
            values[good, k] = _aligned(clean.time, benchmark)
    values.setflags(write=False)
    return FeatureTable(bars.symbol, FEATURES, bars.time, values)


def _aligned(time: NDArray[np.int64], benchmark: Bars) -> FloatArray:
    """The market's feature on each date of ``time``: its newest bar at or before that date."""
    market = sound(benchmark)
    if not len(market):
        return np.full(len(time), np.nan)
    moved = _market(market, ewma_sigma(market.close))
    row = np.searchsorted(market.time // _DAY, time // _DAY, side="right") - 1
    known = np.maximum(row, 0)
    fresh = (row >= 0) & (time // _DAY * _DAY - market.time[known] // _DAY * _DAY <= _OLDEST_MARKET)
    return np.where(fresh, moved[known], np.nan)
