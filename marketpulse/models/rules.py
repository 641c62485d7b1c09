"""Classic strategies, each a vote between -1 (falls) and 1 (rises) made of features of the bar."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from marketpulse.types import FloatArray

__all__ = ["RULES", "Rule"]

Row = Mapping[str, FloatArray]
_EXTREME = 0.8  # RSI of 10 or 90


@dataclass(frozen=True, slots=True)
class Rule:
    """One strategy.

    Attributes
    ----------
    name, words : what it is called, what it does
    looks_at : the features it uses
    of : the code; NaN in, no vote out
    """

    name: str
    words: str
    looks_at: tuple[str, ...]
    of: Callable[[Row], FloatArray]

    def vote(self, names: Sequence[str], x: FloatArray) -> FloatArray:
        """Its vote on each row, 0 where it has none."""
        return self.say({name: x[:, names.index(name)] for name in self.looks_at})

    def say(self, row: Row) -> FloatArray:
        """``vote`` from the features by name."""
        vote = self.of(row)
        return np.asarray(np.minimum(np.maximum(np.where(np.isnan(vote), 0.0, vote), -1.0), 1.0))


def _crossing(row: Row) -> FloatArray:
    """The mean of 50 over that of 200: the close is then less far above the one than above the other."""
    return np.asarray(np.tanh((row["trend_200"] - row["trend_50"]) / 2.0))


def _reversion(row: Row) -> FloatArray:
    """RSI under 30 votes for a rise, over 70 for a fall, the more the further out."""
    rsi = row["rsi_14"]
    beyond = np.maximum(np.abs(rsi) - 0.4, 0.0)
    return np.asarray(-np.sign(rsi) * np.minimum(1.0, beyond / 0.2))


def _dip(row: Row) -> FloatArray:
    """RSI of two days at an extreme, in the direction of the long trend only."""
    up = (row["trend_200"] > 0.0) & (row["rsi_2"] < -_EXTREME)
    down = (row["trend_200"] < 0.0) & (row["rsi_2"] > _EXTREME)
    return up.astype(np.float64) - down.astype(np.float64)


def _breakout(row: Row) -> FloatArray:
    """A close within a fifth of a week's expected move of the 20-day high or low."""
    high = np.maximum(0.0, 1.0 + row["high_20"] / 0.1)
    low = np.maximum(0.0, 1.0 - row["low_20"] / 0.1)
    return np.asarray(high - low)


def _momentum(row: Row) -> FloatArray:
    return np.asarray(np.tanh(row["momentum_12_1"]))


RULES: tuple[Rule, ...] = (
    Rule("trend crossing", "mean of 50 bars over that of 200", ("trend_50", "trend_200"), _crossing),
    Rule("RSI reversion", "against an RSI of 14 under 30 or over 70", ("rsi_14",), _reversion),
    Rule(
        "dip in a trend",
        "against an RSI of 2 under 10 or over 90, with SMA 200",
        ("rsi_2", "trend_200"),
        _dip,
    ),
    Rule("breakout", "with a close at the 20-bar high or low", ("high_20", "low_20"), _breakout),
    Rule(
        "12-1 momentum",
        "with the return of the last year without the last month",
        ("momentum_12_1",),
        _momentum,
    ),
)
