"""Small real doubles of the market room's neighbours."""

from collections.abc import Iterable, Sequence

from marketpulse.types import Bars, CorporateAction, Interval, Quote


class MemoryStore:
    """A Store that keeps everything in dictionaries."""

    def __init__(self) -> None:
        self.bars: dict[tuple[str, Interval], Bars] = {}
        self.actions: dict[str, tuple[CorporateAction, ...]] = {}
        self.quotes: dict[str, Quote] = {}
        self.quarantined: list[tuple[str, str]] = []

    def save_bars(self, bars: Bars) -> None:
        self.bars[bars.symbol, bars.interval] = bars

    def load_bars(self, symbol: str, interval: Interval) -> Bars | None:
        return self.bars.get((symbol, interval))

    def save_actions(self, symbol: str, actions: Sequence[CorporateAction]) -> None:
        self.actions[symbol] = tuple(actions)

    def load_actions(self, symbol: str) -> Sequence[CorporateAction]:
        return self.actions.get(symbol, ())

    def save_quotes(self, quotes: Iterable[Quote]) -> None:
        self.quotes |= {q.symbol: q for q in quotes}

    def last_quotes(self) -> dict[str, Quote]:
        return dict(self.quotes)

    def quarantine(self, quote: Quote, reason: str) -> None:
        self.quarantined.append((quote.symbol, reason))
