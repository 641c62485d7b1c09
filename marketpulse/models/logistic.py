"""The logistic model as the desk serves it: numpy only, pure, from checked JSON."""

from collections.abc import Sequence
from math import exp

import numpy as np

from marketpulse.features import WORDS
from marketpulse.models.document import Document, decode
from marketpulse.types import Card, Vote

__all__ = ["Logistic"]

_LEAST, _MOST = 0.02, 0.98
_NAMED = 3


class Logistic:
    """A trained logistic regression behind the Model port."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._coefficients = np.array(document.coefficients)
        self._means = np.array(document.means)
        self._scales = np.array(document.scales)

    @classmethod
    def from_json(cls, text: str) -> "Logistic":
        """Read what ``train`` wrote; raises BadModel for anything else."""
        return cls(decode(text))

    @property
    def card(self) -> Card:
        """What a person should know of it."""
        return self._document.card

    @property
    def name(self) -> str:
        """As on its card."""
        return self._document.card.name

    @property
    def horizon(self) -> int:
        """Bars ahead."""
        return self._document.card.horizon

    @property
    def shrink(self) -> float:
        """The share of its opinion that the desk keeps, a fraction; the rest is the base rate."""
        return self._document.shrink

    def raw(self, features: Sequence[float]) -> float:
        """P(close[t+h] > close[t]) before shrinkage, a fraction; NaN for NaN features."""
        return _logistic(self._document.intercept + float(self._weights(features).sum()))

    def vote(self, features: Sequence[float]) -> Vote:
        """Give the probability shrunk to the base rate, cut to 2 % .. 98 %; abstain on a missing feature.

        ``contributions`` are log-odds against the mean feature, before shrinkage, largest first.
        """
        card = self._document.card
        if len(features) != len(card.features):
            why = f"{len(features)} features came, {len(card.features)} are needed"
            return Vote(card.name, None, card.base_rate, why)
        missing = [WORDS[n] for n, x in zip(card.features, features, strict=True) if not np.isfinite(x)]
        if missing:
            return Vote(card.name, None, card.base_rate, f"not defined yet: {_listed(missing)}")
        p = card.base_rate + self._document.shrink * (self.raw(features) - card.base_rate)
        parts = zip(card.features, self._weights(features).tolist(), strict=True)
        ordered = tuple(sorted(parts, key=lambda part: -abs(part[1])))
        return Vote(card.name, min(_MOST, max(_LEAST, p)), card.base_rate, self._main(ordered), ordered)

    def _weights(self, features: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        scaled = (np.asarray(features, dtype=np.float64) - self._means) / self._scales
        return np.asarray(self._coefficients * scaled)

    def _main(self, ordered: Sequence[tuple[str, float]]) -> str:
        parts = ", ".join(f"{WORDS[name]} {part:+.2f}" for name, part in ordered[:_NAMED])
        return f"{self._document.shrink:.0%} of its opinion is kept; mainly {parts}".replace("%", " %", 1)


def _logistic(log_odds: float) -> float:
    """1 / (1 + exp(-x)) without overflow on either side."""
    if log_odds >= 0.0:
        return 1.0 / (1.0 + exp(-log_odds))
    grown = exp(log_odds)
    return grown / (1.0 + grown)


def _listed(words: Sequence[str]) -> str:
    more = len(words) - _NAMED
    return ", ".join(words[:_NAMED]) + (f" and {more} more" if more > 0 else "")
