"""Signals: a vote in plain words, with the hash of the numbers it rests on."""

from marketpulse.signals.hashing import feature_hash, feature_text, read_text
from marketpulse.signals.issue import issue

__all__ = ["feature_hash", "feature_text", "issue", "read_text"]
