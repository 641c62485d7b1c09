"""Makes the Snapshot: reads every room once and freezes what it saw."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from math import isfinite
from types import MappingProxyType

from marketpulse import __version__
from marketpulse.clock import ALWAYS
from marketpulse.loop.alarms import Alarms
from marketpulse.loop.analyst import Analyst
from marketpulse.loop.equity import EquityLog, market_day, week_began
from marketpulse.loop.execution_log import ExecutionLog
from marketpulse.loop.gate import Gate
from marketpulse.loop.locks import Locks
from marketpulse.loop.lotlog import LotLog
from marketpulse.loop.notary import Notary
from marketpulse.loop.playing import Player
from marketpulse.loop.rooms import Rooms
from marketpulse.performance import returns, sharpe
from marketpulse.portfolio import Flow, band, converted, put_in, value
from marketpulse.portfolio.codec import read_booking, read_external
from marketpulse.risk import Scenarios, stops, view
from marketpulse.types import (
    AccountView,
    DeskStatus,
    Event,
    EventKind,
    Fill,
    Halt,
    MarketDatum,
    Mode,
    Order,
    ProviderHealth,
    Rate,
    ReplayInfo,
    RiskView,
    Snapshot,
    Valuation,
)

__all__ = ["Picture"]

_ORDERS = 500
_FILLS = 500
_EVENTS = 60
_FEWEST_DAYS = 20  # daily returns before a Sharpe ratio says anything
_SATURDAY = 5  # a day without a session would make the account look calm
_LONG = 1_000  # events of which every one is read; of older ones only what is added up here
_QUIET = frozenset(
    {EventKind.SIGNAL, EventKind.OUTCOME}
)  # one a bar for each instrument: they have pages of their own
_UNREAD = frozenset({EventKind.ORDER, EventKind.DENIED, EventKind.STATE, EventKind.MARK}) | _QUIET
_OUTSIDE = frozenset({EventKind.CASH, EventKind.EXTERNAL})
_NOTHING = Flow(Decimal(0), Decimal(0))


class Picture:
    """Takes pictures of the rooms; one thread at a time.

    Attributes
    ----------
    notes : sentences of the watches, shown after the settings' problems
    player : its proposals are shown; None on a desk that has none
    notary : what it keeps of issued signals is shown
    dress : puts what the background has measured beside the risk of this moment
    """

    def __init__(self, rooms: Rooms, gate: Gate, equity: EquityLog, alarms: Alarms, locks: Locks) -> None:
        self._rooms = rooms
        self._alarms, self._locks = alarms, locks
        self._gate = gate
        self._equity = equity
        self._started = rooms.clock.wall()
        self._begun = rooms.clock.now()
        self._numbers = count(1)
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._seq = 0
        self._fills: deque[tuple[str, Fill]] = deque(maxlen=_FILLS)
        self._outside: deque[Event] = deque(maxlen=_FILLS)
        self._lots = LotLog()
        self._executed = ExecutionLog(rooms.market.history, rooms.clock)
        self._drawdown = 0.0
        self.notes: tuple[str, ...] = ()
        self.player: Player | None = None
        self.notary: Notary | None = None
        self.dress: Callable[[RiskView], RiskView] = lambda seen: seen

    def take(self, analyst: Analyst) -> Snapshot:
        """Freeze the desk as it is now."""
        rooms, books, providers = self._rooms, self._rooms.books, self._rooms.market.providers()
        now, data, accounts = rooms.clock.now(), rooms.market.data(), rooms.execution.accounts
        open_orders, events, orders = books.open_orders, self._news(), books.newest(_ORDERS)
        valuation, lots = self._value(now, data, open_orders), self._lots.read(books.accounts)
        seen = Snapshot(
            number=next(self._numbers),
            time=now,
            wall=rooms.clock.wall(),
            started=self._started,
            version=__version__,
            mode=_mode(accounts),
            feed=rooms.feed,
            account=books.account,
            accounts=accounts,
            status=self._status(providers, data),
            halt=self._halt(),
            sessions=rooms.market.sessions(),
            instruments=MappingProxyType(dict(rooms.instruments)),
            market=data,
            providers=providers,
            valuation=valuation,
            risk=self._risk(data, open_orders, valuation),
            orders=orders,
            fills=tuple(reversed(books.last_fills(_FILLS))),
            events=events,
            replay=self._replay(),
            notes=(*((rooms.sealed,) if rooms.sealed else ()), *rooms.problems, *self._said(), *self.notes),
            books=rooms.market.books(),
            headlines=rooms.market.headlines(),
            feeds=rooms.market.feeds(),
            intervals=rooms.market.intervals(),
            lots=lots[0],
            closed=lots[1],
            quality=self._executed.take(orders),
            alerts=self._alarms.shown,
            locks=self._locks.now(valuation.equity),
        )
        return self._spoken(seen, analyst)

    def _spoken(self, seen: Snapshot, analyst: Analyst) -> Snapshot:
        """Add what the models say, what became of it, and what the desk does with it."""
        player, notary = self.player, self.notary
        return replace(
            seen,
            signals=analyst.signals,
            model=analyst.status,
            models=analyst.views(),
            issued=() if notary is None else notary.issued,
            scores=seen.scores if notary is None else notary.scores,
            conduct=seen.conduct if player is None else player.mode,
            practice=player is not None and player.practice,
            proposals=() if player is None else player.shown,
        )

    def _said(self) -> tuple[str, ...]:
        return self.player.notes if self.player else ()

    def _halt(self) -> Halt | None:
        """A desk whose ledger takes nothing is halted, whatever its last event was."""
        sealed = self._rooms.sealed
        return Halt(self._begun, sealed) if sealed else self._rooms.books.halt

    def touch(self, snapshot: Snapshot, changed: Mapping[str, MarketDatum]) -> Snapshot:
        """Return ``snapshot`` with newer prices of a few instruments; the rest of it stays as it was."""
        clock = self._rooms.clock
        market = MappingProxyType({**snapshot.market, **changed})
        return replace(
            snapshot, number=next(self._numbers), time=clock.now(), wall=clock.wall(), market=market
        )

    def _value(
        self, now: datetime, data: Mapping[str, MarketDatum], open_orders: tuple[Order, ...]
    ) -> Valuation:
        books, log = self._rooms.books, self._equity
        portfolio, rates = books.portfolio, self._gate.rates(data)
        equity = self._gate.equity(data)
        if equity is not None:
            log.add(now, equity, band(portfolio, equity, rates))
        start = log.day_start(now, *self._paid_in(log.day_began(now), rates))
        self._gate.began(market_day(now), start, equity)
        self._locks.learn(log, log.week_start(now, *self._paid_in(week_began(now), rates)), equity)
        valuation = value(
            portfolio,
            data,
            rates=rates,
            reserved=books.reserved_cash,
            day_start=start,
            peak=log.peak,
            drawdown=self._drawdown,
            today=self._today(log.day_began(now)),
            stops=_nearest(open_orders),
            curve=log.curve,
            samples=log.band,
        )
        self._drawdown = valuation.drawdown
        return valuation

    def _paid_in(self, began: datetime, rates: Mapping[str, Rate]) -> tuple[float | None, float | None]:
        """What was ever put in, and what of it since the day began, base currency; None without a rate."""
        books = self._rooms.books
        since: dict[str, Decimal] = {}
        for event in self._outside:
            if event.time >= began and event.account in books.accounts:
                currency, amount = put_in(event, books.aliases)
                since[currency] = since.get(currency, Decimal(0)) + amount
        base, ever = books.currency, books.portfolio.deposits_in
        return converted(ever, base, rates), converted(since, base, rates)

    def _today(self, market_day: datetime) -> dict[str, Flow]:
        """What was traded since each instrument's own day began: midnight in UTC for what never closes."""
        recorded, today = self._rooms.recorded, self._rooms.clock.market(ALWAYS)
        coin_day = datetime.combine(today.date(), datetime.min.time(), UTC)
        flows: dict[str, Flow] = {}
        for symbol, units, price, moment, fill in self._moved():
            instrument = self._rooms.instruments.get(symbol)
            always = instrument is not None and instrument.calendar == ALWAYS
            time = self._ordered(fill) if fill is not None and always and not recorded else moment
            if time >= (coin_day if always else market_day):
                old = flows.get(symbol, _NOTHING)
                flows[symbol] = Flow(old.units + units, old.paid + units * price)
        return flows

    def _moved(self) -> Iterator[tuple[str, Decimal, Decimal, datetime, Fill | None]]:
        """Yield symbol, units, price and time of each trade of the accounts, those made elsewhere too."""
        accounts = self._rooms.books.accounts
        for account, fill in self._fills:
            if account in accounts:
                yield fill.symbol, fill.quantity * fill.side.sign, fill.price, fill.time, fill
        for event in self._outside:
            if event.kind is EventKind.EXTERNAL and event.account in accounts:
                row = read_external(event.payload)
                yield row.symbol, row.quantity, row.price, row.time or event.time, None

    def _ordered(self, fill: Fill) -> datetime:
        """When its order was placed by the wall clock: on replay a fill's own time is the tape's."""
        order = self._rooms.books.by_client(fill.client_order_id)
        line = None if order is None else self._rooms.books.line(order.id)
        return fill.time if line is None else line.intent.wall

    def _risk(
        self, data: Mapping[str, MarketDatum], open_orders: tuple[Order, ...], valuation: Valuation
    ) -> RiskView:
        ratio, note = self._sharpe()
        seen = view(
            self._rooms.books.portfolio,
            open_orders,
            prices={symbol: datum.quote.price for symbol, datum in data.items()},
            instruments=self._rooms.instruments,
            equity=valuation.equity,
            scenarios=self._gate.scenarios or Scenarios({}),
            sharpe=ratio,
            sharpe_note=note,
            rates=self._gate.rates(data),
        )
        return self.dress(seen)

    def _sharpe(self) -> tuple[float | None, str]:
        today = self._equity.day_began(self._rooms.clock.now()).date()
        ended = [equity for day, equity in self._equity.daily() if day < today and day.weekday() < _SATURDAY]
        daily = returns(ended)
        if len(daily) < _FEWEST_DAYS:
            return None, f"unknown, {len(daily)} of {_FEWEST_DAYS} days"
        found = sharpe(daily)
        if not isfinite(found.value):
            return None, "unknown, equity has not moved"
        return found.value, f"{found.n} daily returns"

    def _news(self) -> tuple[Event, ...]:
        """Take over what was written since; the first time most of a long history is passed over unread."""
        ledger, last = self._rooms.ledger, self._rooms.books.seq
        if not self._seq and last > _LONG:
            fills: deque[Event] = deque(maxlen=_FILLS)
            for event in ledger.read(without=_UNREAD):
                if event.seq > last - _LONG:
                    break
                if event.kind is EventKind.FILL:
                    fills.append(event)
                self._note(event)
            self._fills.extend(map(_booked, fills))
            self._seq = last - _LONG
        for event in ledger.read(after=self._seq):
            self._note(event)
            if event.kind is EventKind.FILL:
                self._fills.append(_booked(event))
            if event.kind not in {EventKind.SIGNAL, EventKind.PROPOSAL}:
                self._events.appendleft(event)
        return tuple(self._events)

    def _note(self, event: Event) -> None:
        self._seq = event.seq
        self._alarms.note(event)
        self._locks.note(event)
        self._lots.note(event)
        if event.kind in _OUTSIDE:
            self._outside.append(event)

    def _status(self, providers: tuple[ProviderHealth, ...], data: Mapping[str, MarketDatum]) -> DeskStatus:
        if self._halt() is not None:
            return DeskStatus.HALTED
        well = all(p.ok for p in providers) and not any(datum.stale for datum in data.values())
        return DeskStatus.OK if well else DeskStatus.DEGRADED

    def _replay(self) -> ReplayInfo | None:
        tape, start = self._rooms.tape, self._rooms.cutoff
        if tape is None or start is None:
            return None
        ended = tape.ended
        seconds = 60.0 / self._rooms.settings.replay_speed
        banner = (
            "The tape has ended and trading is closed. To archive this replay and start again: "
            "stop the desk, then python -m marketpulse start --again"
            if ended
            else f"REPLAY: your own recording, {tape.speed:g} times as fast as it was"
            if self._rooms.recorded
            else f"REPLAY: real daily bars, path inside the day interpolated, 1 trading day = {seconds:g} s"
        )
        return ReplayInfo(start, tape.end, tape.speed, ended, banner)


def _mode(accounts: tuple[AccountView, ...]) -> Mode:
    """Live as soon as one live account is armed."""
    return Mode.LIVE if any(a.armed and a.mode is Mode.LIVE for a in accounts) else Mode.PAPER


def _nearest(orders: tuple[Order, ...]) -> dict[str, Decimal]:
    """The stop that would trigger first, by symbol."""
    return {symbol: max(price for _, price in rows) for symbol, rows in stops(orders).items() if rows}


def _booked(event: Event) -> tuple[str, Fill]:
    """Read an execution with its account."""
    return event.account, read_booking(event.payload).fill
