"""Providers of market data. A new one is one file here and one line in ``SOURCES``.

Each factory takes the clock, the folder its caches may live in and the keys by their names in the
environment, and imports its vendor's package only then. It raises ConfigError where its key is missing.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from marketpulse.clock import Clock
from marketpulse.errors import ConfigError
from marketpulse.ports import Source
from marketpulse.types import Feed

__all__ = ["SOURCES", "Keys"]

Keys = Mapping[str, str]
"""Secret values by their names in the environment."""


def _tape(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.tape import TapeSource  # noqa: PLC0415 (lazy by design: one source, one import)

    del folder, keys
    return TapeSource(clock)


def _simulated(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.simulated import SimulatedSource  # noqa: PLC0415 (as above)

    del folder, keys
    return SimulatedSource(clock)


def _recorded(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.recorded import RecordedSource  # noqa: PLC0415 (as above)

    del keys
    return RecordedSource(clock, folder.parent / Feed.LIVE.value)  # beside the folder for caches


def _yahoo(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.yahoo import YahooSource  # noqa: PLC0415 (as above)

    del keys
    return YahooSource(clock, folder)


def _binance(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.binance import BinanceSource  # noqa: PLC0415 (as above)

    del keys
    return BinanceSource(clock, folder)


def _bybit(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.bybit import BybitSource  # noqa: PLC0415 (as above)

    del keys
    return BybitSource(clock, folder)


def _finnhub(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.finnhub import FinnhubSource  # noqa: PLC0415 (as above)

    (key,) = _needed("finnhub", keys, "FINNHUB_API_KEY")
    return FinnhubSource(clock, folder, key)


def _alphavantage(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.alphavantage import AlphaVantageSource  # noqa: PLC0415 (as above)

    (key,) = _needed("alphavantage", keys, "ALPHA_VANTAGE_API_KEY")
    return AlphaVantageSource(clock, folder, key)


def _alpaca(clock: Clock, folder: Path, keys: Keys) -> Source:
    from marketpulse.sources.alpaca import AlpacaSource  # noqa: PLC0415 (as above)

    key, secret = _needed("alpaca", keys, "ALPACA_API_KEY", "ALPACA_API_SECRET")
    return AlpacaSource(clock, folder, key, secret)


def _needed(source: str, keys: Keys, *names: str) -> tuple[str, ...]:
    """Return the keys a source cannot do without."""
    missing = [name for name in names if not keys.get(name)]
    if missing:
        raise ConfigError(f"{source}: set {' and '.join(missing)} to use it")
    return tuple(keys[name] for name in names)


SOURCES: Mapping[str, Callable[[Clock, Path, Keys], Source]] = MappingProxyType(
    {
        "tape": _tape,
        "recorded": _recorded,
        "simulated": _simulated,
        "yahoo": _yahoo,
        "finnhub": _finnhub,
        "alphavantage": _alphavantage,
        "alpaca": _alpaca,
        "binance": _binance,
        "bybit": _bybit,
    }
)
"""By name; every factory is ``(clock, folder for caches, keys) -> Source``."""
