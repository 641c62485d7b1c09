"""The numbers a signal rests on, as one hash and as text that gives them back."""

import json
from collections.abc import Sequence
from hashlib import sha256

import numpy as np

__all__ = ["feature_hash", "feature_text", "read_text"]


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


def feature_text(version: str, names: Sequence[str], values: Sequence[float]) -> str:
    """Write the numbers as canonical JSON; ``null`` is not defined. ``read_text`` gives the same hash."""
    numbers = [float(v) + 0.0 if np.isfinite(v) else None for v in values]
    named = {"names": list(names), "values": numbers, "version": version}
    return json.dumps(named, separators=(",", ":"), allow_nan=False)


def read_text(text: str) -> dict[str, float]:
    """Read the numbers back by name."""
    said = json.loads(text)
    values = (float("nan") if v is None else float(v) for v in said["values"])
    return dict(zip(said["names"], values, strict=True))
