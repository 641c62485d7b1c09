"""Venues behind the Broker port. A new one is one file here and one line in ``BROKERS``.

Each factory takes the clock, the instruments, the keys by their names in the environment and whether the
venue's test network is meant, and imports its vendor's package only when it is first spoken to. It raises
ConfigError where its key is missing, or where there is no test network.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from marketpulse.brokers.paper import PaperBroker
from marketpulse.clock import Clock
from marketpulse.errors import ConfigError
from marketpulse.ports import Broker
from marketpulse.types import Instrument

__all__ = ["BROKERS", "Keys", "Make", "PaperBroker"]

Keys = Mapping[str, str]
"""Secret values by their names in the environment."""

Make = Callable[[Clock, Mapping[str, Instrument], Keys, bool], Broker]
"""``(clock, instruments, keys, sandbox) -> Broker``."""


def _alpaca(clock: Clock, instruments: Mapping[str, Instrument], keys: Keys, sandbox: bool) -> Broker:  # noqa: FBT001 (the shape of a factory)
    from marketpulse.brokers.alpaca import AlpacaBroker  # noqa: PLC0415 (lazy by design: one venue, one import)

    del instruments
    key, secret = _needed("alpaca", keys)
    return AlpacaBroker(clock, key, secret, live=not sandbox)


def _binance(clock: Clock, instruments: Mapping[str, Instrument], keys: Keys, sandbox: bool) -> Broker:  # noqa: FBT001 (as above)
    from marketpulse.brokers.binance import BinanceBroker  # noqa: PLC0415 (as above)

    return BinanceBroker(clock, instruments, *_needed("binance", keys), sandbox=sandbox)


def _bybit(clock: Clock, instruments: Mapping[str, Instrument], keys: Keys, sandbox: bool) -> Broker:  # noqa: FBT001 (as above)
    from marketpulse.brokers.bybit import BybitBroker  # noqa: PLC0415 (as above)

    return BybitBroker(clock, instruments, *_needed("bybit", keys), sandbox=sandbox)


def _kite(clock: Clock, instruments: Mapping[str, Instrument], keys: Keys, sandbox: bool) -> Broker:  # noqa: FBT001 (as above)
    from marketpulse.brokers.kite_account import KiteAccount  # noqa: PLC0415 (as above)

    del instruments
    if sandbox:
        raise ConfigError(
            "Kite has no test network: leave nse out of MARKETPULSE_ROUTES or unset MARKETPULSE_SANDBOX"
        )
    return KiteAccount(clock, *_needed("kite", keys))


def _needed(broker: str, keys: Keys) -> tuple[str, str]:
    """Return key and secret, which no venue does without."""
    names = [f"{broker.upper()}_API_{part}" for part in ("KEY", "SECRET")]
    missing = [name for name in names if not keys.get(name)]
    if missing:
        raise ConfigError(f"set {' and '.join(missing)} to trade there")
    return keys[names[0]], keys[names[1]]


BROKERS: Mapping[str, Make] = MappingProxyType(
    {"alpaca": _alpaca, "binance": _binance, "bybit": _bybit, "kite": _kite}
)
"""Live venues by name; the settings say which of them trades what."""
