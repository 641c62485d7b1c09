"""What a member is once it is fitted, as plain numbers: served by numpy where nothing quicker can be used."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketpulse.signals.calibrate import expit
from marketpulse.types import FloatArray

__all__ = ["Grown", "Linear", "Taken"]


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Which columns of a full row a member uses, and what stands for a missing one."""

    at: NDArray[np.int64]
    middle: FloatArray

    def take(self, x: FloatArray) -> FloatArray:
        """The columns used, none missing."""
        part = x[:, self.at]
        return np.where(np.isnan(part), self.middle, part)


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """A logistic regression on ``(x - mean) / scale``, no score beyond ``wide``."""

    taken: Taken
    mean: FloatArray
    scale: FloatArray
    wide: float
    coefficients: FloatArray
    intercept: float

    def raw(self, x: FloatArray) -> FloatArray:
        """Probabilities of full rows."""
        scores = np.clip((self.taken.take(x) - self.mean) / self.scale, -self.wide, self.wide)
        return expit(scores @ self.coefficients + self.intercept)


@dataclass(frozen=True, slots=True, eq=False)
class Grown:
    """Trees of scikit-learn behind the columns they take."""

    taken: Taken
    estimator: Any

    def raw(self, x: FloatArray) -> FloatArray:
        """Probabilities of full rows."""
        found = self.estimator.predict_proba(self.taken.take(x))[:, 1]
        return np.asarray(found, dtype=np.float64)
