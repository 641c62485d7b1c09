"""Tells a sink of the ledger's events, from a saved place on: none is lost, and none is doubled unless an answer was.

The place is saved after the sink has answered. A process that dies between the two sends those events
again, each with its number, so a person sees that it is a repeat. Nothing here can slow the desk.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from marketpulse.errors import StorageError, Undelivered
from marketpulse.meter import Meter
from marketpulse.ports import Sink
from marketpulse.storage import Ledger
from marketpulse.types import Event

__all__ = ["Outbox"]

_LOOK = 0.5  # seconds between two looks at the ledger
_PACE = 3.0  # seconds between two messages: what comes meanwhile goes together
_BATCH = 200
_PASSED = 2_000  # events of no interest before the place is saved
_FIRST_WAIT, _LONGEST_WAIT = 2.0, 300.0


class Outbox:
    """Follows one ledger for one sink, on a thread of its own.

    Attributes
    ----------
    trouble : why the last message did not arrive, empty while all do

    Parameters
    ----------
    folder : where the place is kept, as ``NAME.json``
    pace : seconds between two messages
    """

    def __init__(self, ledger: Ledger, folder: Path, sink: Sink, meter: Meter, pace: float = _PACE) -> None:
        self._ledger, self._sink, self._meter, self._pace = ledger, sink, meter, pace
        self._file = folder / f"{sink.name}.json"
        self._stop = threading.Event()
        self._failures = 0
        self.trouble = ""
        self._place = self._saved = self._load()
        self._thread = threading.Thread(target=self._run, name=f"sink {sink.name}", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def close(self) -> None:
        """End after the message that is under way; again is harmless."""
        self._stop.set()
        self._sink.close()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        wait = 0.0
        while not self._stop.wait(wait):
            wait = self._turn()

    def _turn(self) -> float:
        """Send what has come, as far as one message holds it; returns the seconds to wait."""
        try:
            return self._pace if self._deliver() else _LOOK
        except Undelivered as error:
            return self._later(str(error), error.retry_after)
        except (StorageError, OSError) as error:
            return self._later(f"{self._sink.name}: its place could not be kept ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001 - the thread's top level: a fault here must not end it
            return self._later(f"{self._sink.name} failed ({type(error).__name__})", _LONGEST_WAIT)

    def _later(self, why: str, retry_after: float = 0.0) -> float:
        if why != self.trouble and not self._stop.is_set():
            self._meter.fault(self._sink.name, why)
        self.trouble, self._failures = why, self._failures + 1
        wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (self._failures - 1))
        return max(retry_after, wait)

    def _deliver(self) -> bool:
        wanted, last = [], self._place
        for event in self._news():
            last = event.seq
            if self._sink.wants(event):
                wanted.append(event)
                if len(wanted) == _BATCH:
                    break
        if wanted:
            count = self._sink.send(wanted)
            if count < len(wanted):
                last = wanted[count - 1].seq
        self._place = last
        if wanted or last - self._saved >= _PASSED:
            self._save()
        self.trouble, self._failures = "", 0
        return bool(wanted)

    def _news(self) -> Iterator[Event]:
        return self._ledger.read(after=self._place)

    def _load(self) -> int:
        """Where this ledger was left, or its end: what was before the sink came is not told anew."""
        newest = self._ledger.last()
        end = 0 if newest is None else newest.seq
        with suppress(OSError, ValueError, KeyError, TypeError):
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            if kept["ledger"] == self._ledger.installation and 0 <= int(kept["seq"]) <= end:
                return int(kept["seq"])
        with suppress(OSError):
            self._write(end)
        return end

    def _save(self) -> None:
        self._write(self._place)
        self._saved = self._place

    def _write(self, seq: int) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({"ledger": self._ledger.installation, "seq": seq}), encoding="utf-8")
        fresh.replace(self._file)
