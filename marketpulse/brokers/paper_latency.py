"""How long an order is on its way to the paper venue: drawn once for each order, and the same whenever it is drawn again."""

from datetime import timedelta
from hashlib import sha256
from math import exp, log
from statistics import NormalDist

__all__ = ["delay", "seed_of"]

_MEDIAN = 0.15
"""Seconds. A home connection to a venue's web door: some tens of milliseconds there, and the venue's own work.
An assumption, not a measurement; half of all orders are slower."""

_SPREAD = 0.6
"""Of the logarithm: one order in a hundred takes four times as long as usual (0.6 s)."""

_BITS = 64


def seed_of(client_id: str, count: int = 0) -> int:
    """Return the seed of an order's latency; ``count`` tells its amendments apart.

    Examples
    --------
    >>> seed_of("MPAAAAAAAAAAAAAAAAAA") == seed_of("MPAAAAAAAAAAAAAAAAAA", 0)
    True
    """
    name = f"latency:{client_id}:{count}".encode()
    return int.from_bytes(sha256(name).digest()[: _BITS // 8], "big")


def delay(seed: int) -> timedelta:
    """Return how long the order travels: lognormal, median 0.15 s.

    Units
    -----
    A timedelta, to the microsecond.

    References
    ----------
    The inverse of the normal distribution at a uniform number made from the seed.

    Examples
    --------
    >>> delay(2**63).total_seconds()
    0.15
    """
    uniform = (seed + 0.5) / 2.0**_BITS
    uniform = min(max(uniform, 2.0**-53), 1.0 - 2.0**-53)  # the float next to 1 has no finite inverse
    return timedelta(seconds=round(exp(log(_MEDIAN) + _SPREAD * NormalDist().inv_cdf(uniform)), 6))
