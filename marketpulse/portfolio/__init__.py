"""What is held: a fold of the ledger's events, and what it is worth at today's prices."""

from marketpulse.portfolio.books import Books, Flow, fill_key
from marketpulse.portfolio.lots import LotBook
from marketpulse.portfolio.sums import alias_of, currency_of, put_in
from marketpulse.portfolio.valuation import band, converted, currencies, equity, value

__all__ = [
    "Books",
    "Flow",
    "LotBook",
    "alias_of",
    "band",
    "converted",
    "currencies",
    "currency_of",
    "equity",
    "fill_key",
    "put_in",
    "value",
]
