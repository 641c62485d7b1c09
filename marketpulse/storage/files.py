"""The two files of a running desk; where the ledger cannot be used, what is whole of it, elsewhere."""

import logging
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.clock import WallClock
from marketpulse.errors import StorageError
from marketpulse.storage.ledger import Ledger
from marketpulse.storage.market_store import MarketStore
from marketpulse.storage.sealing import sealed_ledger

__all__ = ["Files"]

_log = logging.getLogger("marketpulse.storage")


@dataclass(frozen=True, slots=True)
class Files:
    """Ledger and store.

    Attributes
    ----------
    folder : where both lie
    sealed : why they are copies that take no event, in sentences; empty for a desk that trades
    aside : the folder of the copies, thrown away by ``close``
    """

    folder: Path
    ledger: Ledger
    store: MarketStore
    sealed: str = ""
    aside: TemporaryDirectory[str] | None = None

    @classmethod
    def open(cls, home: Path, fault: str = "") -> "Files":
        """Open the files in ``home``, or copies that only read.

        Parameters
        ----------
        fault : why nothing can be written into ``home``; empty where it can

        Raises
        ------
        StorageError
            Not even a folder for temporary files can be written.
        """
        try:
            return cls._of(home, fault)
        except StorageError as error:
            _log.error("the desk only reads: %s", error)
            sealed = str(error)
        try:
            aside = TemporaryDirectory(prefix="marketpulse-")
        except OSError as error:
            raise StorageError(
                f"{sealed}; no temporary folder can be made either ({error.strerror})"
            ) from None
        place = Path(aside.name)
        try:
            ledger = sealed_ledger(home / "ledger.db", WallClock(), place, sealed)
            return cls(place, ledger, MarketStore.open(place / "market.db"), sealed, aside)
        except BaseException:
            aside.cleanup()
            raise

    @classmethod
    def _of(cls, home: Path, fault: str) -> "Files":
        if fault:
            raise StorageError(fault)
        ledger = Ledger.open(home / "ledger.db", WallClock())
        try:
            return cls(home, ledger, MarketStore.open(home / "market.db"))
        except BaseException:
            ledger.close()
            raise

    def close(self) -> None:
        """Close both, and throw away what was only for this run."""
        self.store.close()
        self.ledger.close()
        if self.aside is not None:
            self.aside.cleanup()
