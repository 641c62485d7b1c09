"""Writing to the store from the market room: a full disk stops no prices, and a closed store none either."""

from collections.abc import Callable

from marketpulse.errors import StorageError
from marketpulse.market.store import Store
from marketpulse.meter import Meter

__all__ = ["Keeping"]


class Keeping:
    """Pass writes to the store until closed; a failure is metered and told by False."""

    def __init__(self, store: Store, meter: Meter) -> None:
        self.store = store
        self._meter = meter
        self._closed = False

    def close(self) -> None:
        """Write nothing from now on: a vendor's late answer finds the store closed."""
        self._closed = True

    def __call__(self, write: Callable[[Store], None]) -> bool:
        """Do one write."""
        if self._closed:
            return False
        try:
            write(self.store)
        except StorageError as error:
            self._meter.fault("market.store", str(error))
            return False
        return True
