"""Providers of market data. A new one is one file here and one line in ``SOURCES``.

Each factory takes the clock and the folder its caches may live in, and imports its vendor's
package only then.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from marketpulse.clock import Clock
from marketpulse.ports import Source

__all__ = ["SOURCES"]


def _tape(clock: Clock, folder: Path) -> Source:
    from marketpulse.sources.tape import TapeSource  # noqa: PLC0415 (lazy by design: one source, one import)

    del folder
    return TapeSource(clock)


def _simulated(clock: Clock, folder: Path) -> Source:
    from marketpulse.sources.simulated import SimulatedSource  # noqa: PLC0415 (as above)

    del folder
    return SimulatedSource(clock)


def _yahoo(clock: Clock, folder: Path) -> Source:
    from marketpulse.sources.yahoo import YahooSource  # noqa: PLC0415 (as above)

    return YahooSource(clock, folder)


def _binance(clock: Clock, folder: Path) -> Source:
    from marketpulse.sources.binance import BinanceSource  # noqa: PLC0415 (as above)

    return BinanceSource(clock, folder)


SOURCES: Mapping[str, Callable[[Clock, Path], Source]] = MappingProxyType(
    {"tape": _tape, "simulated": _simulated, "yahoo": _yahoo, "binance": _binance}
)
"""By name; every factory is ``(clock, folder for caches) -> Source``."""
