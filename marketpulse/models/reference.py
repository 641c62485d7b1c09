"""How the features lay when a model was trained, in few numbers, so that drift can be told later."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["Reference", "reference"]

_BINS = 10
_POINTS = 101
_PRESENT = 0.5
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Reference:
    """The training rows of each feature that half of them have and that varies.

    Attributes
    ----------
    names : of the features, one for each line below
    edges : nine deciles; a value lies in bin ``searchsorted(edges, value, side="right")``, from 0 to 9
    shares : of the values in each of the ten bins, summing to 1; equal values can leave a bin empty
    missing : share of rows without the feature
    sketch : 101 quantiles, from the least value to the largest
    rows : training rows
    """

    names: tuple[str, ...]
    edges: tuple[tuple[float, ...], ...]
    shares: tuple[tuple[float, ...], ...]
    missing: tuple[float, ...]
    sketch: tuple[tuple[float, ...], ...]
    rows: int

    def fits(self) -> bool:
        """Whether the parts are of one size and the quantiles in order."""
        lines = (self.edges, self.shares, self.missing, self.sketch)
        if any(len(one) != len(self.names) for one in lines) or self.rows < 1:
            return False
        sizes = zip(lines, (_BINS - 1, _BINS, 0, _POINTS), strict=True)
        if any(len(line) != n for part, n in sizes if n for line in part):  # type: ignore[arg-type]
            return False
        return all(list(line) == sorted(line) for part in (self.edges, self.sketch) for line in part)


def reference(names: Sequence[str], x: FloatArray) -> Reference:
    """Take the measure of the training rows.

    Parameters
    ----------
    x : float64 (rows, features), NaN where one is missing

    Examples
    --------
    >>> found = reference(("a", "b"), np.stack([np.arange(100.0), np.full(100, np.nan)], axis=1))
    >>> found.names, found.edges[0][:2], found.shares[0][:2], found.missing
    (('a',), (9.9, 19.8), (0.1, 0.1), (0.0,))
    """
    kept, edges, shares, missing, sketch = [], [], [], [], []
    for name, column in zip(names, x.T, strict=True):
        values = column[np.isfinite(column)]
        if len(values) < _PRESENT * len(column) or not len(values) or values.min() == values.max():
            continue
        cuts = _rounded(np.quantile(values, np.arange(1, _BINS) / _BINS))
        bins = np.bincount(np.searchsorted(cuts, values, side="right"), minlength=_BINS)
        kept.append(name)
        edges.append(cuts)
        shares.append(_rounded(bins / len(values)))
        missing.append(round(1.0 - len(values) / len(column), _DIGITS))
        sketch.append(_rounded(np.quantile(values, np.linspace(0.0, 1.0, _POINTS))))
    return Reference(tuple(kept), tuple(edges), tuple(shares), tuple(missing), tuple(sketch), len(x))


def _rounded(values: FloatArray) -> tuple[float, ...]:
    """To six significant digits: five thousand numbers in full would be most of the document."""
    return tuple(float(f"{value:.{_DIGITS}g}") for value in values.tolist())
