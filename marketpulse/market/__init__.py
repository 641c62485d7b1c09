"""Prices, ages, sessions and bars, from whichever source answers."""

from marketpulse.market.feed import choose_feed
from marketpulse.market.instruments import instruments
from marketpulse.market.market import Market
from marketpulse.market.store import Store

__all__ = ["Market", "Store", "choose_feed", "instruments"]
