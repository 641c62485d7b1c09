"""The recurrent network's numbers, its inputs, and the arithmetic it stands for; numpy only."""

from dataclasses import dataclass

import numpy as np

from marketpulse.signals.calibrate import expit
from marketpulse.types import FloatArray

__all__ = ["COLUMNS", "STEPS", "UNITS", "Weights", "forward", "windows"]

COLUMNS = ("momentum_1", "gap", "volume_63", "sigma_ratio", "stochastic_14", "trend_20", "market_5")
"""Features that make one step; none has a scale, and none is a price."""

STEPS = 32
"""Bars it looks back on."""

UNITS = 24

_WIDE = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """One LSTM layer and a logistic end; gates in the order input, output, forget, cell.

    Attributes
    ----------
    inward : (4 units, inputs)
    recurrent : (4 units, units)
    bias : (4 units,)
    outward : (units,)
    offset : log-odds where the state is zero
    """

    inward: FloatArray
    recurrent: FloatArray
    bias: FloatArray
    outward: FloatArray
    offset: float


def forward(weights: Weights, x: FloatArray) -> FloatArray:
    """Probabilities of sequences (rows, steps, inputs); the reference for what is exported.

    References
    ----------
    Hochreiter, Schmidhuber (1997), Long short-term memory; Gers et al. (2000) for the forget gate.

    Examples
    --------
    >>> one = Weights(np.zeros((4, 2)), np.zeros((4, 1)), np.zeros(4), np.ones(1), 0.0)
    >>> forward(one, np.ones((3, 5, 2))).tolist()
    [0.5, 0.5, 0.5]
    """
    units = weights.recurrent.shape[1]
    state, cell = np.zeros((len(x), units)), np.zeros((len(x), units))
    for step in range(x.shape[1]):
        gates = x[:, step] @ weights.inward.T + state @ weights.recurrent.T + weights.bias
        into, out, forget, new = np.split(gates, 4, axis=1)
        cell = expit(forget) * cell + expit(into) * np.tanh(new)
        state = expit(out) * np.tanh(cell)
    return expit(state @ weights.outward + weights.offset)


def windows(values: FloatArray, steps: int = STEPS) -> FloatArray:
    """Sequences that end with each row: (rows, steps, columns), NaN where one reaches before the first row.

    Values beyond six are taken as six; a missing one inside makes its sequences missing.

    Examples
    --------
    >>> windows(np.array([[1.0], [2.0], [9.0]]), 2)[:, :, 0].tolist()
    [[nan, 1.0], [1.0, 2.0], [2.0, 6.0]]
    """
    before = np.full((steps - 1, values.shape[1]), np.nan)
    padded = np.concatenate([before, np.clip(values, -_WIDE, _WIDE)])
    return np.lib.stride_tricks.sliding_window_view(padded, steps, axis=0).transpose(0, 2, 1)
