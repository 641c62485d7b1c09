"""Small real doubles of the market room's neighbours."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf

from marketpulse.clock import Clock
from marketpulse.errors import NoData, ProviderError
from marketpulse.ports import Capability, Limits
from marketpulse.types import AssetClass, Bars, CorporateAction, Instrument, Interval, Quote


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


class StandIn:
    """A live source that says what the test puts in; ``error`` is raised instead while it is set."""

    def __init__(self, name: str, clock: Clock, classes: tuple[AssetClass, ...]) -> None:
        self.name = name
        self.capabilities = frozenset((c, a) for c in Capability for a in classes)
        self.limits = Limits(per_minute=inf, deadline=inf)
        self.clock = clock
        self.prices: dict[str, float] = {}
        self.days: dict[str, Bars] = {}
        self.splits: dict[str, tuple[CorporateAction, ...]] = {}
        self.extra: dict[str, object] = {}
        self.error: ProviderError | None = None
        self.asked: list[tuple[str, str]] = []

    def _ask(self, what: str, instrument: Instrument) -> None:
        self.asked.append((what, instrument.symbol))
        if self.error is not None:
            raise self.error

    def quote(self, instrument: Instrument) -> Quote:
        self._ask("quote", instrument)
        now = self.clock.now()
        plain = Quote(
            instrument.symbol, self.prices[instrument.symbol], None, None, 10.0, now, now, self.name
        )
        return replace(plain, **self.extra)

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        del interval, start, end
        self._ask("bars", instrument)
        if instrument.symbol not in self.days:
            raise NoData(f"{self.name}: no bars of {instrument.symbol}")
        return self.days[instrument.symbol]

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        del start, end
        self._ask("actions", instrument)
        return self.splits.get(instrument.symbol, ())
