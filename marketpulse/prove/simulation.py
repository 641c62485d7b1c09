"""One simulated trading day for each seed, with every fault on; the same seed gives the same day bit for bit.

Clock, chance, venue and provider are arguments; the order path and its storage are the real ones. A day has
lost requests, lost answers, late accepts, fills twice and in any order, partial fills, gaps in the quotes,
cancels, halts, and desks that die at a named point and start again.
"""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from marketpulse.errors import Refused, Unavailable
from marketpulse.execution.kit import POINTS
from marketpulse.portfolio import Books
from marketpulse.prove.check import disagreements
from marketpulse.prove.found import Found
from marketpulse.prove.life import change, wish
from marketpulse.prove.venue import ACCOUNT, INSTRUMENTS, SYMBOLS, Luck
from marketpulse.prove.world import OPENING, Killed, World
from marketpulse.types import (
    Instrument,
    MarketDatum,
    OrderRequest,
    Quote,
    SessionInfo,
    SessionState,
    TimeInForce,
)

__all__ = ["Day", "days"]

_SECONDS = int(timedelta(hours=6, minutes=30).total_seconds())
_CLOSE = OPENING + timedelta(seconds=_SECONDS)
_OLD = 300.0
_LUCK = Luck(lost=0.06, lately=0.14, unanswered=0.22, throttled=0.26, late=4.0, trade=0.05)
_EXPECTED = {
    "HALTED",
    "REDUCING",
    "RECOVERING",
    "UNRESOLVED_ORDER",
    "NOT_REPLACEABLE",
    "BAD_REQUEST",
    "GOOD_TILL_OVER",
}


class _Provider:
    """Prices of the day by seed, with gaps in which it does not answer."""

    def __init__(self, dice: random.Random, world: World) -> None:
        self._dice = dice
        self._world = world
        self._cents = dict.fromkeys(SYMBOLS, 10_000)
        self._silent = dict.fromkeys(SYMBOLS, 0.0)
        self.gaps = 0

    def quote(self, instrument: Instrument) -> Quote:
        """Return the last price, as ``ports.Source`` does."""
        now, symbol, clock = self._world.clock.now(), instrument.symbol, self._world.clock
        if clock.monotonic() < self._silent[symbol]:
            raise Unavailable("no answer")
        if self._dice.random() < 0.02:
            self._silent[symbol] = clock.monotonic() + self._dice.uniform(60, 1800)
            self.gaps += 1
        self._cents[symbol] += self._dice.randint(-120, 120)
        price = self._cents[symbol] / 100
        return Quote(symbol, price, price - 0.01, price + 0.01, None, now, now, "simulated")


class Day:
    """One desk from the opening until an hour after the close, however often it dies in between."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.world = World(folder, seed, _LUCK)
        self.found: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._answered: set[str] = set()
        self._placed: list[tuple[str, OrderRequest]] = []
        self._provider = _Provider(random.Random(f"{seed} prices"), self.world)
        self._market: dict[str, MarketDatum] = {}

    def run(self) -> str:
        """Live the day and return the hash of the last event: it covers all events before it."""
        dice = self.world.dice
        while self.world.clock.now() < _CLOSE:
            self.world.advance(dice.uniform(1.0, 600.0))
            if dice.random() < 0.25:
                self.world.die_at = dice.choice(POINTS)
            self._alive(lambda: self._act(dice))
            self._alive(self._turn)
        self.world.die_at = ""
        self._settle()
        events = list(self.world.ledger.read())
        self.found += disagreements(events, self.world.venue, self._answered)
        self.found["broken chain"] += self.world.ledger.verify() != len(events)
        fold = Books.of(ACCOUNT, events)
        self.found["books that are not the fold"] += fold.portfolio != self.world.books.portfolio
        self.found["orders left open"] += len(fold.open_orders)
        self.notes.update(self.world.venue.happened)
        self.notes.update({"orders": len(self._placed), "fills": len(fold.fills)})
        self.notes.update(f"{order.role} order" for order in fold.orders.values() if order.role)
        self.notes["quote gap"] += self._provider.gaps
        self.world.ledger.close()
        return events[-1].hash

    def _alive(self, do: object) -> None:
        """Do something, and start again if it was the last thing the process did."""
        try:
            do()  # type: ignore[operator]
        except Killed:
            self.notes["killed"] += 1
            self.world.restart()

    def _act(self, dice: random.Random) -> None:
        drawn, execution = dice.random(), self.world.execution
        if drawn < 0.5:
            self._place(self._timed(wish(dice)))
        elif drawn < 0.58 and self._placed:
            key, request = dice.choice(self._placed)
            placed = execution.place(request, key)
            self.found["double click that made an order"] += not placed.repeated
        elif drawn < 0.7 and self.world.books.open_orders:
            self._try(lambda: execution.cancel(dice.choice(self.world.books.open_orders).id))
        elif drawn < 0.85 and self.world.books.open_orders:
            self._change(dice)
        elif drawn < 0.9:
            stop = dice.choice([execution.halt, execution.halt, execution.reduce])
            stop("as drawn")
        elif drawn < 0.91:
            execution.flatten("FLATTEN")
            self.notes["flatten"] += 1
        else:
            execution.resume("RESUME")

    def _change(self, dice: random.Random) -> None:
        """Ask for other terms, twice: the second time nothing new is asked for."""
        order, key = dice.choice(self.world.books.open_orders), f"c{self.notes['changes wanted']}"
        self.notes["changes wanted"] += 1
        terms = change(dice, order)

        def do() -> None:
            self.world.execution.replace(order.id, key, terms)
            again = self.world.execution.replace(order.id, key, terms)
            self.found["double click that made a change"] += not again.repeated

        self._try(do)

    def _timed(self, request: OrderRequest) -> OrderRequest:
        """Let some orders live for the day, and some until a time of it."""
        drawn = self.world.dice.random()
        if request.time_in_force is not TimeInForce.GTC or drawn < 0.4:
            return request
        if drawn < 0.8:
            return replace(request, time_in_force=TimeInForce.DAY)
        till = self.world.clock.now() + timedelta(seconds=self.world.dice.uniform(60, 7200))
        return replace(request, time_in_force=TimeInForce.GTD, good_till=till)

    def _place(self, request: OrderRequest) -> None:
        key = f"k{self.notes['wishes']}"
        self.notes["wishes"] += 1

        def do() -> None:
            order = self.world.execution.place(request, key).order
            self._answered.add(order.client_order_id)
            self._placed.append((key, request))

        self._try(do)

    def _try(self, do: object) -> None:
        try:
            do()  # type: ignore[operator]
        except Refused as refused:
            self.found[f"refused with {refused.code}"] += refused.code not in _EXPECTED

    def _turn(self) -> None:
        self.world.execution.turn(self._look(), self._sessions())

    def _look(self) -> Mapping[str, MarketDatum]:
        now = self.world.clock.now()
        state = SessionState.OPEN if now < _CLOSE else SessionState.CLOSED
        for symbol in SYMBOLS:
            known = self._market.get(symbol)
            try:
                quote = self._provider.quote(INSTRUMENTS[symbol])
            except Unavailable:
                if known is None:
                    continue
                quote = known.quote
            age = (now - quote.time).total_seconds()
            self._market[symbol] = MarketDatum(quote, age, stale=age > _OLD, session=state)
        return self._market

    def _sessions(self) -> Mapping[str, SessionInfo]:
        if self.world.clock.now() < _CLOSE:
            return {"XNYS": SessionInfo("XNYS", SessionState.OPEN, _CLOSE)}
        opening = OPENING + timedelta(days=1)
        return {"XNYS": SessionInfo("XNYS", SessionState.CLOSED, opening)}

    def _settle(self) -> None:
        """After the close the venue is in a good mood; what still rests is canceled."""
        self.world.venue.faults = False
        self.world.execution.resume("RESUME")
        for _ in range(200):
            self.world.advance(31.0)
            self._turn()
            if self.world.execution.recovered:
                for order in self.world.books.open_orders:
                    self.world.execution.cancel(order.id)
                if not self.world.books.open_orders:
                    self.world.advance(60.0)
                    self._turn()
                    if not self.world.books.open_orders:  # else an exit was tried again
                        break


def days(seed: int, size: int, folder: Path) -> Found:
    """Live the days of ``size`` seeds from ``seed`` on, each of them twice."""
    faults, notes, seeds = Counter[str](), Counter[str](), []
    for each in range(seed, seed + size):
        hashes, found = set(), Counter[str]()
        for _ in range(2):
            with TemporaryDirectory(dir=folder) as place:
                day = Day(Path(place), each)
                hashes.add(day.run())
            found |= day.found
        found["two runs of one seed differ"] += len(hashes) != 1
        if found := +found:
            faults += found
            seeds.append(each)
        notes += day.notes
    return Found(size, dict(faults), dict(notes), tuple(seeds))
