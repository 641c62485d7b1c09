"""Providers of market data. A new one is one file here and one line in ``SOURCES``.

Each factory takes the clock, the folder its caches may live in and the keys by their names in the
environment, and imports its vendor's package only then. It raises ConfigError where its key is missing.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from marketpulse.clock import Clock
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


SOURCES: Mapping[str, Callable[[Clock, Path, Keys], Source]] = MappingProxyType(
    {"tape": _tape, "recorded": _recorded, "simulated": _simulated, "yahoo": _yahoo, "binance": _binance}
)
"""By name; every factory is ``(clock, folder for caches, keys) -> Source``."""
