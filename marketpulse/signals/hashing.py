"""The numbers a signal rests on, as one hash and as text that gives them back."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import isfinite

import numpy as np

from marketpulse.types import Bars

__all__ = ["bars_hash", "feature_hash", "feature_text", "read_seen", "read_text"]

_CANONICAL = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def feature_hash(values: Sequence[float]) -> str:
    """SHA-256 of the numbers as little-endian float64; every NaN is one NaN, and -0.0 is 0.0.

    Units
    -----
    64 hexadecimal characters.

    References
    ----------
    FIPS 180-4 (SHA-256); IEEE 754 binary64.

    Examples
    --------
    >>> feature_hash([1.0, float("nan")])[:16]
    'b60535a407b30920'
    >>> feature_hash([0.0]) == feature_hash([-0.0])
    True
    """
    numbers = np.array(values, dtype="<f8") + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return sha256(numbers.tobytes()).hexdigest()


def feature_text(
    version: str, names: Sequence[str], values: Sequence[float], seen: Mapping[str, int] | None = None
) -> str:
    """Write the numbers as canonical JSON; ``null`` is not defined. ``read_text`` gives the same hash.

    Parameters
    ----------
    seen : by symbol the newest bar that was there, seconds since 1970, of all that they rest on
    """
    numbers = [float(v) + 0.0 if isfinite(v) else None for v in values]
    named: dict[str, object] = {"names": list(names), "values": numbers, "version": version}
    if seen:
        named["seen"] = dict(sorted(seen.items()))
    return _CANONICAL.encode(named)


def read_text(text: str) -> dict[str, float]:
    """Read the numbers back by name."""
    said = json.loads(text)
    values = (float("nan") if v is None else float(v) for v in said["values"])
    return dict(zip(said["names"], values, strict=True))


def read_seen(text: str) -> dict[str, int]:
    """Read back what was there when they were made; empty where it was not kept."""
    return {str(symbol): int(time) for symbol, time in json.loads(text).get("seen", {}).items()}


def bars_hash(bars: Bars) -> str:
    """SHA-256 of the columns of some bars, by which later readers see whether they have changed.

    Units
    -----
    64 hexadecimal characters.

    References
    ----------
    FIPS 180-4 (SHA-256).

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> one = np.ones(1)
    >>> bars_hash(Bars("X", Interval.DAY, np.zeros(1, dtype=np.int64), one, one, one, one, one, "t"))[:16]
    'e39a96ab3d537c68'
    """
    h = sha256()
    for column in (bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume):
        h.update(np.ascontiguousarray(column, dtype=column.dtype.newbyteorder("<")).data)
    return h.hexdigest()
