"""Signals: a consensus in plain words, with the hashes of the numbers and bars it rests on."""

from marketpulse.signals.base import base_rate
from marketpulse.signals.hashing import bars_hash, feature_hash, feature_text, read_seen, read_text
from marketpulse.signals.issue import Frozen, abstain, issue

__all__ = [
    "Frozen",
    "abstain",
    "bars_hash",
    "base_rate",
    "feature_hash",
    "feature_text",
    "issue",
    "read_seen",
    "read_text",
]
