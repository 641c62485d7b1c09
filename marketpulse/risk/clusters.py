"""Which symbols move together, and so count as one bet."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from marketpulse.risk.estimate import unreadable
from marketpulse.types import FloatArray

__all__ = ["TOGETHER", "Clusters", "clusters"]

TOGETHER = 0.5
"""Mean correlation from which two groups are one."""


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Groups of symbols that move together.

    Attributes
    ----------
    groups : largest first; a symbol that moves by itself is a group of one
    correlation : Ledoit and Wolf's, shape (symbols, symbols), in the order of ``symbols``
    note : what it rests on, or why there are no groups
    """

    symbols: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    correlation: FloatArray
    note: str


def clusters(symbols: Sequence[str], returns: FloatArray, together: float = TOGETHER) -> Clusters:
    """Group symbols by the distance ``sqrt((1 - correlation) / 2)``, mean distance between groups.

    Parameters
    ----------
    returns : simple returns, shape (days, symbols)
    together : correlation at whose distance groups are no longer joined

    Units
    -----
    Correlations.

    NaN rule
    --------
    A column that ``unreadable`` names makes the groups unknown, and the note names its symbol.

    References
    ----------
    Mantegna (1999), Hierarchical structure in financial markets; Ledoit and Wolf (2004).

    Examples
    --------
    >>> clusters(("A",), np.zeros((5, 1))).note
    'unknown: A: 5 returns, fewer than 100'
    """
    names = tuple(symbols)
    if returns.ndim != 2 or returns.shape[1] != len(names):  # noqa: PLR2004 - rows and columns
        raise ValueError("There is one column of returns for each symbol.")
    if not -1.0 < together < 1.0:
        raise ValueError(f"A correlation lies between -1 and 1, not at {together}.")
    if not names:
        return Clusters((), (), np.empty((0, 0)), "no symbols")
    for name, column in zip(names, returns.T, strict=True):
        why = unreadable(column)
        if why:
            why = f"unknown: {name}: {why.removeprefix('unknown: ')}"
            return Clusters(names, (), np.full((len(names), len(names)), np.nan), why)
    from sklearn.covariance import ledoit_wolf  # noqa: PLC0415 - lazy: seconds

    scaled = (returns - returns.mean(axis=0)) / returns.std(axis=0)
    covariance = np.asarray(ledoit_wolf(scaled)[0], np.float64)
    deviation = np.sqrt(np.diag(covariance))
    correlation = covariance / np.outer(deviation, deviation)
    groups = _grouped(names, correlation, sqrt((1.0 - together) / 2.0))
    return Clusters(names, groups, correlation, f"{len(returns)} days, joined above {together:g}")


def _grouped(names: tuple[str, ...], correlation: FloatArray, reach: float) -> tuple[tuple[str, ...], ...]:
    """Join the two nearest groups again and again, until none are near."""
    distance = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, 1.0))
    groups = [[i] for i in range(len(names))]
    while len(groups) > 1:
        near, a, b = min(
            (float(distance[np.ix_(groups[a], groups[b])].mean()), a, b)
            for b in range(len(groups))
            for a in range(b)
        )
        if near > reach:
            break
        groups[a] += groups.pop(b)
    named = (tuple(sorted(names[i] for i in group)) for group in groups)
    return tuple(sorted(named, key=lambda group: (-len(group), group)))
