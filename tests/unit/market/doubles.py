"""Small real doubles of the market room's neighbours."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from math import inf

from marketpulse.clock import Clock
from marketpulse.errors import NoData, ProviderError
from marketpulse.guard import Chain, FailoverLog, Pool
from marketpulse.ports import Capability, Limits, Put
from marketpulse.types import (
    AssetClass,
    Bars,
    Book,
    CorporateAction,
    Coverage,
    Headline,
    Instrument,
    Interval,
    Quarantined,
    Quote,
)
from marketpulse.types.earnings import Earnings

SLOW = (Capability.QUOTE, Capability.BARS, Capability.ACTIONS)


class MemoryStore:
    """A Store that keeps everything in dictionaries."""

    def __init__(self) -> None:
        self.bars: dict[tuple[str, Interval], Bars] = {}
        self.actions: dict[str, tuple[CorporateAction, ...]] = {}
        self.quotes: dict[str, Quote] = {}
        self.recorded: list[Quote] = []
        self.books: list[Book] = []
        self.lines: list[Quarantined] = []
        self.states: dict[str, str] = {}
        self.minutes: dict[tuple[str, Interval], Bars] = {}

    @property
    def quarantined_reasons(self) -> list[tuple[str, str]]:
        return [(line.symbol, line.reason) for line in self.lines]

    def save_bars(self, bars: Bars) -> None:
        self.bars[bars.symbol, bars.interval] = bars

    def load_bars(self, symbol: str, interval: Interval) -> Bars | None:
        return self.bars.get((symbol, interval))

    def save_intraday(self, bars: Bars) -> None:
        self.minutes[bars.symbol, bars.interval] = bars

    def load_intraday(self, symbol: str, interval: Interval, start: datetime, end: datetime) -> Bars | None:
        del start, end
        return self.minutes.get((symbol, interval))

    def save_actions(self, symbol: str, actions: Sequence[CorporateAction]) -> None:
        self.actions[symbol] = tuple(actions)

    def load_actions(self, symbol: str) -> Sequence[CorporateAction]:
        return self.actions.get(symbol, ())

    def save_quotes(self, quotes: Iterable[Quote]) -> None:
        fresh = list(quotes)
        self.recorded += fresh
        self.quotes |= {q.symbol: q for q in fresh}

    def last_quotes(self) -> dict[str, Quote]:
        return dict(self.quotes)

    def save_book(self, book: Book) -> None:
        self.books.append(book)

    def quarantine(self, line: Quarantined) -> None:
        self.lines.append(line)

    def quarantined(self, limit: int = 100) -> tuple[Quarantined, ...]:
        return tuple(reversed(self.lines))[:limit]

    def save_provider_states(self, states: Mapping[str, str]) -> None:
        self.states |= states

    def provider_states(self) -> dict[str, str]:
        return dict(self.states)

    def prune(self, before: datetime) -> None:
        self.recorded = [q for q in self.recorded if q.time >= before]

    def coverage(self) -> tuple[Coverage, ...]:
        return (Coverage("daily", None, f"{len(self.bars)} instruments"),)


class StandIn:
    """A live source that says what the test puts in; ``error`` is raised instead while it is set."""

    def __init__(
        self,
        name: str,
        clock: Clock,
        classes: tuple[AssetClass, ...],
        offered: tuple[Capability, ...] = SLOW,
    ) -> None:
        self.name = name
        self.capabilities = frozenset((c, a) for c in offered for a in classes)
        self.limits = Limits(per_minute=inf, deadline=inf)
        self.clock = clock
        self.prices: dict[str, float] = {}
        self.days: dict[str, Bars] = {}
        self.minutes: dict[str, Bars] = {}
        self.splits: dict[str, tuple[CorporateAction, ...]] = {}
        self.ladders: dict[str, Book] = {}
        self.titles: dict[str, tuple[Headline, ...]] = {}
        self.results: dict[str, tuple[Earnings, ...]] = {}
        self.extra: dict[str, object] = {}
        self.error: ProviderError | None = None
        self.asked: list[tuple[str, str]] = []

    def _ask(self, what: str, instrument: Instrument) -> None:
        self.asked.append((what, instrument.symbol))
        if self.error is not None:
            raise self.error

    def quote(self, instrument: Instrument) -> Quote:
        self._ask("quote", instrument)
        return self.say(instrument.symbol)

    def say(self, symbol: str) -> Quote:
        now = self.clock.now()
        plain = Quote(symbol, self.prices[symbol], None, None, 10.0, now, now, self.name)
        return replace(plain, **self.extra)

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        del start, end
        self._ask("bars", instrument)
        held = self.days if interval is Interval.DAY else self.minutes
        if instrument.symbol not in held:
            raise NoData(f"{self.name}: no bars of {instrument.symbol}")
        return held[instrument.symbol]

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        del start, end
        self._ask("actions", instrument)
        return self.splits.get(instrument.symbol, ())

    def book(self, instrument: Instrument, depth: int) -> Book:
        del depth
        self._ask("book", instrument)
        now = self.clock.now()
        return replace(self.ladders[instrument.symbol], time=now, received=now, source=self.name)

    def news(self, instrument: Instrument) -> Sequence[Headline]:
        self._ask("news", instrument)
        return self.titles.get(instrument.symbol, ())

    def events(self, instrument: Instrument) -> Sequence[Earnings]:
        self._ask("events", instrument)
        return self.results.get(instrument.symbol, ())

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        for instrument in instruments:
            put(self.say(instrument.symbol))
        await asyncio.Event().wait()


def chains_of(pool: Pool, log: FailoverLog | None, *groups: tuple[str, list[StandIn]]) -> list[Chain]:
    """One chain for each capability that a group of sources offers, in their order."""
    for source in {s.name: s for _, sources in groups for s in sources}.values():
        pool.add(source)
    found = []
    for what, sources in groups:
        for capability in Capability:
            members = [s for s in sources if any(c is capability for c, _ in s.capabilities)]
            if members:
                found.append(Chain(f"{capability} {what}", capability, members, pool, log=log))
    return found
