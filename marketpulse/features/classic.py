"""The classic indicators that a chart offers, by name: what each is called, where it is drawn, and its lines."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import talib

from marketpulse.features.chart import columns, over
from marketpulse.types import Bars, FloatArray

__all__ = ["CATALOGUE", "Candles", "Indicator", "Pane", "draw"]


class Pane(StrEnum):
    """Where an indicator is drawn."""

    PRICE = "price"  # over the candles, in the currency of the prices
    BELOW = "below"  # in a pane of its own


@dataclass(frozen=True, slots=True)
class Candles:
    """Sound bars as TA-Lib reads them.

    Attributes
    ----------
    longer : high, low and close with one more bar before the first (see ``chart.columns``)
    """

    longer: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray


@dataclass(frozen=True, slots=True)
class Indicator:
    """One entry of the catalogue.

    Attributes
    ----------
    words : what a person calls it, with its settings
    pane : where it is drawn
    lines : the names of its lines
    of : the code; one array for each line
    source : who described it first
    """

    words: str
    pane: Pane
    lines: tuple[str, ...]
    of: Callable[[Candles], tuple[FloatArray, ...]]
    source: str


def _mean(bars: int) -> Indicator:
    return Indicator(
        f"SMA {bars}", Pane.PRICE, (f"sma_{bars}",), lambda c: (talib.SMA(c.close, bars),), "definition"
    )


def _smooth(bars: int) -> Indicator:
    return Indicator(
        f"EMA {bars}", Pane.PRICE, (f"ema_{bars}",), lambda c: (talib.EMA(c.close, bars),), "definition"
    )


def _donchian(c: Candles) -> tuple[FloatArray, ...]:
    top, bottom = talib.MAX(c.high, 20), talib.MIN(c.low, 20)
    return top, 0.5 * (top + bottom), bottom


def _atr(c: Candles, bars: int) -> FloatArray:
    return np.asarray(talib.ATR(c.longer[0], c.longer[1], c.longer[2], bars)[1:])


def _keltner(c: Candles) -> tuple[FloatArray, ...]:
    middle, reach = talib.EMA(c.close, 20), 2.0 * _atr(c, 10)
    return middle + reach, middle, middle - reach


def _vwap(c: Candles) -> tuple[FloatArray, ...]:
    traded = talib.SUM(c.volume, 20)
    return (
        talib.SUM((c.high + c.low + c.close) / 3.0 * c.volume, 20) / np.where(traded > 0.0, traded, np.nan),
    )


def _aroon(c: Candles) -> tuple[FloatArray, ...]:
    down, up = talib.AROON(c.high, c.low, 25)
    return up, down


_I, _P, _B = Indicator, Pane.PRICE, Pane.BELOW

CATALOGUE: Mapping[str, Indicator] = MappingProxyType(
    {
        **{f"sma_{n}": _mean(n) for n in (20, 50, 200)},
        **{f"ema_{n}": _smooth(n) for n in (12, 20, 21, 26, 55)},
        "wma_20": _I("WMA 20", _P, ("wma_20",), lambda c: (talib.WMA(c.close, 20),), "definition"),
        "kama_10": _I("KAMA 10", _P, ("kama_10",), lambda c: (talib.KAMA(c.close, 10),), "Kaufman (1995)"),
        "bollinger": _I(
            "Bollinger bands 20, 2",
            _P,
            ("upper", "middle", "lower"),
            lambda c: talib.BBANDS(c.close, 20, 2.0, 2.0),
            "Bollinger (2001)",
        ),
        "donchian": _I(
            "Donchian channel 20",
            _P,
            ("donchian_upper", "donchian_middle", "donchian_lower"),
            _donchian,
            "Donchian (1960)",
        ),
        "keltner": _I(
            "Keltner channel 20, 2 ATR 10",
            _P,
            ("keltner_upper", "keltner_middle", "keltner_lower"),
            _keltner,
            "Keltner (1960), with ATR",
        ),
        "sar": _I(
            "Parabolic SAR .02, .2",
            _P,
            ("sar",),
            lambda c: (talib.SAR(c.high, c.low, 0.02, 0.2),),
            "Wilder (1978)",
        ),
        "vwap_20": _I("VWAP 20", _P, ("vwap_20",), _vwap, "definition, over 20 bars"),
        "rsi_14": _I("RSI 14", _B, ("rsi",), lambda c: (talib.RSI(c.close, 14),), "Wilder (1978)"),
        "macd": _I(
            "MACD 12, 26, 9",
            _B,
            ("macd", "macd_signal", "macd_histogram"),
            lambda c: talib.MACD(c.close, 12, 26, 9),
            "Appel (2005)",
        ),
        "stochastic": _I(
            "Stochastic 14, 3, 3",
            _B,
            ("k", "d"),
            lambda c: talib.STOCH(c.high, c.low, c.close, fastk_period=14, slowk_period=3, slowd_period=3),
            "Lane (1984)",
        ),
        "atr_14": _I("ATR 14", _B, ("atr",), lambda c: (_atr(c, 14),), "Wilder (1978)"),
        "adx_14": _I(
            "ADX 14, +DI, -DI",
            _B,
            ("adx", "plus_di", "minus_di"),
            lambda c: (
                talib.ADX(c.high, c.low, c.close, 14),
                talib.PLUS_DI(c.high, c.low, c.close, 14),
                talib.MINUS_DI(c.high, c.low, c.close, 14),
            ),
            "Wilder (1978)",
        ),
        "obv": _I(
            "On-balance volume", _B, ("obv",), lambda c: (talib.OBV(c.close, c.volume),), "Granville (1963)"
        ),
        "mfi_14": _I(
            "MFI 14",
            _B,
            ("mfi",),
            lambda c: (talib.MFI(c.high, c.low, c.close, c.volume, 14),),
            "Quong, Soudack (1989)",
        ),
        "cci_20": _I(
            "CCI 20", _B, ("cci",), lambda c: (talib.CCI(c.high, c.low, c.close, 20),), "Lambert (1980)"
        ),
        "williams_14": _I(
            "Williams %R 14",
            _B,
            ("williams",),
            lambda c: (talib.WILLR(c.high, c.low, c.close, 14),),
            "Williams (1979)",
        ),
        "roc_10": _I("Rate of change 10, %", _B, ("roc",), lambda c: (talib.ROC(c.close, 10),), "definition"),
        "aroon_25": _I("Aroon 25", _B, ("aroon_up", "aroon_down"), _aroon, "Chande (1995)"),
        "trix_15": _I("TRIX 15, %", _B, ("trix",), lambda c: (talib.TRIX(c.close, 15),), "Hutson (1983)"),
    }
)
"""Every indicator a chart offers; the nine of ``chart.chart`` with the same settings are among them."""


def draw(bars: Bars, names: Iterable[str]) -> dict[str, FloatArray]:
    """Compute the lines of some indicators for every bar; KeyError for a name that is not in the catalogue.

    Units
    -----
    Over the price: its currency. Below: ATR and MACD in the currency, OBV in units of volume, ROC and
    TRIX in percent, Williams %R -100 to 0, CCI without bounds, the others 0 to 100.

    References
    ----------
    As ``Indicator.source`` of each; TA-Lib's functions of those names.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> up = np.arange(1.0, 41.0)
    >>> bars = Bars("X", Interval.DAY, np.arange(40), up, up, up, up, np.ones(40), "tape")
    >>> {line: values[-1].item() for line, values in draw(bars, ["sma_20", "donchian"]).items()}
    {'sma_20': 30.5, 'donchian_upper': 40.0, 'donchian_middle': 30.5, 'donchian_lower': 21.0}
    """
    wanted = [CATALOGUE[name] for name in names]
    prices, volume = columns(bars)
    if not len(volume):
        return {line: np.full(len(bars), np.nan) for one in wanted for line in one.lines}
    high, low, close = prices[:, 1:]
    candles = Candles(prices, high, low, close, volume)
    found = {line: value for one in wanted for line, value in zip(one.lines, one.of(candles), strict=True)}
    if len(volume) == len(bars):
        return found
    return {line: over(bars, value) for line, value in found.items()}
