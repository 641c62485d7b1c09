"""The only room that speaks SQL: the ledger (the truth) and the market store (what can be asked again)."""

from marketpulse.storage.faults import DuplicateKey
from marketpulse.storage.ledger import Ledger, Tx
from marketpulse.storage.market_store import MarketStore
from marketpulse.storage.sealing import sealed_ledger

__all__ = ["DuplicateKey", "Ledger", "MarketStore", "Tx", "sealed_ledger"]
