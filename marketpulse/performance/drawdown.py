"""How far below its highest point the account is, and has been."""

from dataclasses import dataclass
from math import nan

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["Drawdown", "drawdown"]


@dataclass(frozen=True, slots=True, eq=False)
class Drawdown:
    """Losses from the highest point so far.

    Attributes
    ----------
    depth : the deepest, a fraction, positive; NaN when it cannot be told
    now : the present one, a fraction, positive; NaN when it cannot be told
    underwater : one per return, fractions, zero or negative, for the picture
    """

    depth: float
    now: float
    underwater: FloatArray


def drawdown(returns: FloatArray) -> Drawdown:
    """Measure losses from the highest point, the start included.

    The wealth begins at 1.0 before the first return, so a loss on the first day counts.

    Parameters
    ----------
    returns : simple returns, shape (n,), oldest first

    Units
    -----
    Fractions; ``depth`` positive, ``underwater`` zero or negative.

    NaN rule
    --------
    A return that is not finite makes everything NaN. No returns: both numbers NaN.

    References
    ----------
    Magdon-Ismail and Atiya (2004), Maximum drawdown, Risk 17(10).

    Examples
    --------
    >>> d = drawdown(np.array([-0.1, 0.2, -0.25]))
    >>> round(d.depth, 4), round(d.now, 4), d.underwater.round(2)
    (0.25, 0.25, array([-0.1 ,  0.  , -0.25]))
    """
    if not len(returns) or not np.isfinite(returns).all():
        return Drawdown(nan, nan, np.full(len(returns), nan))
    wealth = np.cumprod(1.0 + np.asarray(returns, np.float64))
    underwater = wealth / np.maximum(1.0, np.maximum.accumulate(wealth)) - 1.0
    return Drawdown(max(0.0, -float(underwater.min())), max(0.0, -float(underwater[-1])), underwater)
