"""What is held: a fold of the ledger's events, and what it is worth at today's prices."""

from marketpulse.portfolio.books import Books, Flow, fill_key
from marketpulse.portfolio.valuation import value

__all__ = ["Books", "Flow", "fill_key", "value"]
