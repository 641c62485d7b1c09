"""The meta-model as the desk asks it: how likely a call of the ensemble is right. It scales sizes only."""

from dataclasses import dataclass

import numpy as np

from marketpulse.features.full import NAMES
from marketpulse.models.artefact import LinearRecord
from marketpulse.models.plain import Linear, Taken
from marketpulse.signals.calibrate import LEAST, MOST, logit
from marketpulse.types import FloatArray

__all__ = ["INPUTS", "Meta", "inputs"]

INPUTS = ("distance", "agreed", "sd_63", "sigma_ratio", "trend")
"""Log-odds from the base rate, share of the vote on this side, two of volatility, the trend seen from the call."""

_AT = tuple(NAMES.index(name) for name in ("sd_63", "sigma_ratio", "trend_50"))


@dataclass(frozen=True, slots=True)
class Meta:
    """A meta-model in few numbers.

    Attributes
    ----------
    columns : which of ``INPUTS`` it takes
    middle : what stands for a missing one
    numbers : of the logistic regression on them
    plain : share of right calls, a fraction
    kept : share of its opinion, less that, that is kept
    calls : that have ended, on which it was learned
    skill : out-of-sample Brier skill against the share of right calls known at the time
    """

    columns: tuple[int, ...]
    middle: tuple[float, ...]
    numbers: LinearRecord
    plain: float
    kept: float
    calls: int
    skill: float

    def right(self, probability: float, base: float, agreed: float, row: FloatArray) -> float:
        """How likely a call is right, a fraction.

        Parameters
        ----------
        probability, base : of the consensus; the call is on the side on which they differ
        agreed : share of the vote on that side
        row : the bar's full row, in the order of ``features.full.NAMES``
        """
        x = inputs(np.array([probability]), np.array([base]), np.array([agreed]), row[None, :])
        one = self.numbers
        linear = Linear(
            Taken(np.array(self.columns, dtype=np.int64), np.array(self.middle)),
            np.array(one.mean),
            np.array(one.scale),
            one.wide,
            np.array(one.coefficients),
            one.intercept,
        )
        said = float(linear.raw(x)[0])
        return min(MOST, max(LEAST, self.plain + self.kept * (said - self.plain)))

    def fits(self) -> bool:
        """Whether its parts are of one size and its rates between 0 and 1."""
        one = self.numbers
        sized = all(
            len(part) == len(self.columns) for part in (self.middle, one.mean, one.scale, one.coefficients)
        )
        known = all(0 <= at < len(INPUTS) for at in self.columns) and all(x > 0.0 for x in one.scale)
        return sized and known and 0.0 <= self.plain <= 1.0 and 0.0 <= self.kept <= 1.0


def inputs(p: FloatArray, base: FloatArray, agreed: FloatArray, x: FloatArray) -> FloatArray:
    """What it looks at, (calls, inputs) in the order of ``INPUTS``.

    Parameters
    ----------
    p, base, agreed : of each call
    x : full rows
    """
    apart = logit(p) - logit(base)
    deviation, ratio, trend = (x[:, at] for at in _AT)
    return np.stack([np.abs(apart), agreed, deviation, ratio, np.sign(apart) * trend], axis=1)
