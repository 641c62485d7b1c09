"""Causal, scale-free numbers made of adjusted bars, and the indicators the chart draws."""

from marketpulse.features.indicators import ema, rsi
from marketpulse.features.table import FEATURES, VERSION, WORDS, FeatureTable, compute

__all__ = ["FEATURES", "VERSION", "WORDS", "FeatureTable", "compute", "ema", "rsi"]
