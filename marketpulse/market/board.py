"""The last good quote of each instrument, what is wrong with it now, and what is new."""

from dataclasses import dataclass, replace
from threading import Lock

from marketpulse.types import Agreement, Quote, Witness

__all__ = ["Board", "Entry"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the board; ``trouble`` is a sentence without a full stop, empty when all is well."""

    quote: Quote
    trouble: str = ""
    agreement: Agreement = Agreement.ALONE
    witnesses: tuple[Witness, ...] = ()


class Board:
    """Written by whoever fetches, read by the loop; safe from every thread."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._new: dict[str, Quote] = {}
        self._changed: dict[str, None] = {}
        self._lock = Lock()

    def put(
        self,
        quote: Quote,
        agreement: Agreement = Agreement.ALONE,
        witnesses: tuple[Witness, ...] = (),
        trouble: str = "",
    ) -> bool:
        """Take a good quote; False when it is not newer than the one on the board."""
        with self._lock:
            known = self._entries.get(quote.symbol)
            if known is not None and quote.time < known.quote.time:
                return False
            repeated = (
                known is not None and quote.time == known.quote.time and quote.price == known.quote.price
            )
            self._entries[quote.symbol] = Entry(quote, trouble, agreement, witnesses)
            self._changed[quote.symbol] = None
            if not repeated:
                self._new[quote.symbol] = quote
            return not repeated

    def restore(self, quote: Quote) -> None:
        """Put back a quote of an earlier run; it is not news."""
        with self._lock:
            self._entries.setdefault(quote.symbol, Entry(quote))

    def trouble(self, symbol: str, sentence: str) -> None:
        """Say what is wrong with the instrument's feed; the last good quote stays."""
        self._edit(symbol, trouble=sentence)

    def compared(self, symbol: str, agreement: Agreement, witnesses: tuple[Witness, ...]) -> None:
        """Note what other sources say of the price that is shown."""
        self._edit(symbol, agreement=agreement, witnesses=witnesses)

    def _edit(self, symbol: str, **changes: object) -> None:
        with self._lock:
            if (known := self._entries.get(symbol)) is not None:
                self._entries[symbol] = replace(known, **changes)  # type: ignore[arg-type] # checked by callers
                self._changed[symbol] = None

    def entry(self, symbol: str) -> Entry | None:
        """Return the instrument's line, None before its first good quote."""
        return self._entries.get(symbol)

    def drain(self) -> tuple[Quote, ...]:
        """Return the newest good quote of each instrument that got one since the last call."""
        with self._lock:
            fresh, self._new = self._new, {}
        return tuple(fresh.values())

    def changed(self) -> tuple[str, ...]:
        """Return the symbols whose line changed since the last call."""
        with self._lock:
            changed, self._changed = self._changed, {}
        return tuple(changed)

    def quotes(self) -> tuple[Quote, ...]:
        """Return every instrument's last good quote."""
        with self._lock:
            return tuple(e.quote for e in self._entries.values())
