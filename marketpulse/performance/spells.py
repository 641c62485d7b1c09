"""The times under water: each fall from a highest point, how deep, and how long until it was made good."""

from dataclasses import dataclass

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["Spell", "spells"]


@dataclass(frozen=True, slots=True)
class Spell:
    """One time under water; indices are of returns, and the time is counted in returns.

    Attributes
    ----------
    start : the first return below the highest point
    trough : the deepest one
    end : the return that reached the highest point again; None while it lasts
    depth : a fraction, positive
    length : returns under water
    """

    start: int
    trough: int
    end: int | None
    depth: float
    length: int


def spells(underwater: FloatArray) -> tuple[Spell, ...]:
    """Find each time under water, oldest first.

    Parameters
    ----------
    underwater : as ``drawdown(...).underwater``: fractions, zero or negative

    Units
    -----
    Depths are fractions, lengths are returns.

    NaN rule
    --------
    A value that is not finite gives no spells at all.

    References
    ----------
    Magdon-Ismail and Atiya (2004), Maximum drawdown, Risk 17(10).

    Examples
    --------
    >>> for spell in spells(np.array([0.0, -0.1, -0.2, 0.0, -0.05])):
    ...     print(spell.depth, spell.length, spell.end)
    0.2 2 3
    0.05 1 None
    """
    if not np.isfinite(underwater).all():
        return ()
    below = np.concatenate([[False], underwater < 0.0, [False]])
    edges = np.flatnonzero(below[1:] != below[:-1])
    found = []
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        trough = start + int(np.argmin(underwater[start:end]))
        until = end if end < len(underwater) else None
        found.append(Spell(start, trough, until, -float(underwater[trough]), end - start))
    return tuple(found)
