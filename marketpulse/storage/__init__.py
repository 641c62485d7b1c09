"""The only room that speaks SQL: the ledger (the truth) and the market store (what can be asked again)."""

from marketpulse.storage.faults import DuplicateKey
from marketpulse.storage.files import Files
from marketpulse.storage.hold import Hold
from marketpulse.storage.ledger import Ledger, Tx
from marketpulse.storage.market_store import MarketStore
from marketpulse.storage.sealing import sealed_ledger

__all__ = ["DuplicateKey", "Files", "Hold", "Ledger", "MarketStore", "Tx", "sealed_ledger"]
