"""What the loop works with, joined by ``build``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.brokers.paper import PaperBroker
from marketpulse.clock import Clock, ReplayClock
from marketpulse.execution import Execution
from marketpulse.market import Market
from marketpulse.meter import Meter
from marketpulse.models import Trainer
from marketpulse.pipeline import Playbook
from marketpulse.portfolio import Books
from marketpulse.settings import Settings
from marketpulse.storage import Ledger, MarketStore
from marketpulse.types import AssetClass, Feed, Instrument

__all__ = ["Rooms"]


@dataclass(frozen=True, slots=True)
class Rooms:
    """The rooms of one running desk.

    Attributes
    ----------
    folder : of this feed: ``<data>/replay`` or ``<data>/live``
    tape : the replay clock, None on a live feed
    recorded : the tape is this desk's own recording, in which pairs keep to the tape's clock too
    broker : the paper venue; None with live accounts, which have no paper beside them
    cutoff : models train on bars that had closed before; None: on all held bars
    problems : one sentence for each bad setting
    sealed : why the ledger takes nothing in this run, in sentences; empty for a desk that trades
    aside : the folder of a sealed desk's own files, thrown away at the end
    """

    settings: Settings
    feed: Feed
    folder: Path
    clock: Clock
    tape: ReplayClock | None
    recorded: bool
    cutoff: datetime | None
    meter: Meter
    ledger: Ledger
    store: MarketStore
    instruments: Mapping[str, Instrument]
    market: Market
    books: Books
    broker: PaperBroker | None
    execution: Execution
    trainer: Trainer
    playbook: Playbook
    problems: tuple[str, ...]
    sealed: str = ""
    aside: TemporaryDirectory[str] | None = None

    def simulated(self, symbol: str) -> bool:
        """Whether the prices of an instrument are made up: pairs on the packaged tape."""
        pair = self.instruments[symbol].asset_class is AssetClass.CRYPTO
        return pair and self.feed is Feed.REPLAY and not self.recorded
