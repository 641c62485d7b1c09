"""Prices, ages, sessions, bars and order books, from whichever source answers."""

from marketpulse.market.feed import choose_feed
from marketpulse.market.instruments import indian_shares, instruments, stranger
from marketpulse.market.market import Market
from marketpulse.market.pace import Pace
from marketpulse.market.store import Store
from marketpulse.market.watchlist import calendar_reaches, read_watchlist

__all__ = [
    "Market",
    "Pace",
    "Store",
    "calendar_reaches",
    "choose_feed",
    "indian_shares",
    "instruments",
    "read_watchlist",
    "stranger",
]
