"""The protections of a running desk: level with the books when an order asks, and the same after a restart."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from marketpulse.clock import Clock
from marketpulse.errors import Refused
from marketpulse.loop.equity import EquityLog, day_began, market_day, week_began
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, write_alert
from marketpulse.portfolio.trades import Trades
from marketpulse.risk.protections import Rules, drawdown_lock, trade_locks, week_lock
from marketpulse.settings import Settings
from marketpulse.storage import Ledger
from marketpulse.storage.faults import DuplicateKey
from marketpulse.types import Event, EventKind, Json, NewEvent
from marketpulse.types.alert import Severity
from marketpulse.types.lock import Lock

__all__ = ["Locks", "rules_of"]

_WORD = "UNLOCK"
_LONGEST = 60
_EVER = datetime.min.replace(tzinfo=UTC)
_WEEK, _DOWN = "WEEKLY_LOSS", "MAX_DRAWDOWN"


def rules_of(settings: Settings) -> Rules:
    """Take the rules from the settings."""
    return Rules(
        cooldown=settings.cooldown,
        stop_outs=settings.stop_outs,
        losing_trades=settings.losing_trades,
        lock_days=settings.lock_days,
        weekly_loss=settings.weekly_loss,
        drawdown=settings.max_drawdown,
    )


class Locks:
    """Which protections hold; safe from every thread.

    What sales set off is counted from the books at the moment of the question, under the books' lock where
    an order is placed. A week that lost too much and a deep drawdown stay, whatever equity does later, and
    are written down once.
    """

    def __init__(self, books: Books, ledger: Ledger, clock: Clock, rules: Rules | None = None) -> None:
        self._books, self._ledger, self._clock, self._rules = books, ledger, clock, rules or Rules()
        self._lock = threading.RLock()
        self._trades = self._fresh()
        self._lifted: dict[str, datetime] = {}
        self._latched: dict[str, Lock] = {}
        self._unwritten: set[str] = set()
        self._numbers = 0
        self._peak: float | None = None
        self._week: float | None = None
        self._counted: tuple[object, tuple[Lock, ...]] | None = None

    def _fresh(self) -> Trades:
        return Trades(self._books.accounts, self._stopped)

    def _stopped(self, order_id: str) -> bool:
        line = self._books.line(order_id)
        return line is not None and line.protective

    def note(self, event: Event) -> None:
        """Take over what earlier runs and this one have written, each once and in order."""
        if event.account.partition(":")[0] != self._books.account.partition(":")[0]:
            return  # paper and live accounts share a live feed's ledger, and no protection
        with self._lock:
            if event.kind is EventKind.UNLOCK:
                self._lift(event.ref, event.time)
            elif event.kind is EventKind.ALERT and event.payload.get("code") in {_WEEK, _DOWN}:
                self._remember(str(event.payload["code"]), event)

    def _remember(self, code: str, event: Event) -> None:
        self._numbers += code == _DOWN
        ends = None if code == _DOWN else _next_week(event.time)
        sentence = str(event.payload["sentence"])
        self._latched[code] = Lock(code, code, "", sentence, event.time, ends)
        self._unwritten.discard(code)

    def _lift(self, name: str, moment: datetime) -> None:
        self._lifted[name] = moment
        latched = self._latched.get(name)
        if latched is not None and latched.since <= moment:
            del self._latched[name]
            self._unwritten.discard(name)
        if name == _DOWN:
            self._peak = None

    def learn(self, log: EquityLog, week: float | None, equity: float | None) -> None:
        """Take over what the week began with and the highest equity, of all that was seen before."""
        with self._lock:
            self._week = week
            if self._peak is None:
                after = self._lifted.get(_DOWN)
                seen = [v for t, v in log.curve if after is None or t > after]
                self._peak = max(seen if after else [*seen, log.peak], default=equity)
            if equity is not None and self._peak is not None:
                self._peak = max(self._peak, equity)

    def now(self, equity: float | None) -> tuple[Lock, ...]:
        """Tell which protections hold at this moment.

        Parameters
        ----------
        equity : base currency, None when it is not known
        """
        with self._lock:
            now = self._clock.now()
            if self._trades.accounts != self._books.accounts:  # a venue has told whose account it is
                self._trades = self._fresh()
            self._trades.follow(self._books.moved(self._trades.seq))
            self._latch(equity, now)
            held = (*self._by_trades(now), *self._latched.values())
            return tuple(lock for lock in held if lock.until is None or now < lock.until)

    def _by_trades(self, now: datetime) -> tuple[Lock, ...]:
        """What sales have set off, ended or not; counted anew only after a move, a lift or midnight."""
        state = self._trades.accounts, self._trades.seq, market_day(now), tuple(self._lifted.items())
        if self._counted is None or self._counted[0] != state:
            begun = day_began(now)
            day = begun, day_began(begun + timedelta(hours=36))
            found = trade_locks(self._trades.newest, self._rules, _EVER, day, self._lifted)
            self._counted = state, found
        return self._counted[1]

    def _latch(self, equity: float | None, now: datetime) -> None:
        self._latched = {n: k for n, k in self._latched.items() if k.until is None or now < k.until}
        begun = week_began(now)
        lifted = self._lifted.get(_WEEK)
        if _WEEK not in self._latched and (lifted is None or lifted < begun):
            self._take(week_lock(equity, self._week, self._rules.weekly_loss, now, _next_week(now)))
        if _DOWN not in self._latched and self._peak is not None:
            self._take(drawdown_lock(equity, self._peak, self._rules.drawdown, now))

    def _take(self, lock: Lock | None) -> None:
        if lock is not None:
            self._latched[lock.name] = lock
            self._unwritten.add(lock.name)

    def turn(self) -> None:
        """Write down what has begun to hold for longer than this run.

        Raises
        ------
        StorageError
            It could not be written; it holds all the same, and the next turn tries it again.
        """
        with self._lock:
            waiting = [self._latched[name] for name in sorted(self._unwritten) if name in self._latched]
            number = self._numbers + 1
        for lock in waiting:
            which = str(number) if lock.name == _DOWN else f"{week_began(lock.since):%Y-%m-%d}"
            key = f"lock:{lock.name}:{self._books.account}:{which}"
            alert = Alert(lock.code, lock.sentence, Severity.HIGH, self._clock.wall())
            self._append(EventKind.ALERT, self._books.account, write_alert(alert), key)
            with self._lock:
                self._unwritten.discard(lock.name)

    def lift(self, name: str, confirm: str, equity: float | None) -> Lock:
        """Lift one protection; what happened before counts no more.

        Raises
        ------
        Refused
            ``BAD_CONFIRMATION``, or ``UNKNOWN_LOCK``: it does not hold.
        """
        found = next((lock for lock in self.now(equity) if lock.name == name[:_LONGEST]), None)
        if found is None:
            raise Refused("UNKNOWN_LOCK", "No protection of this name holds now.")
        if confirm != _WORD:
            raise Refused("BAD_CONFIRMATION", f"Type {_WORD}, in capitals, to lift it.")
        self.turn()
        now = self._clock.now()
        self._append(
            EventKind.UNLOCK, found.name, {"code": found.code, "sentence": found.sentence}, None, now
        )
        with self._lock:
            self._lift(found.name, now)
        return found

    def _append(
        self,
        kind: EventKind,
        ref: str,
        payload: Mapping[str, Json],
        key: str | None,
        now: datetime | None = None,
    ) -> None:
        new = NewEvent(now or self._clock.now(), self._books.account, kind, ref, payload, key)
        with suppress(DuplicateKey):
            self._ledger.append(new)


def _next_week(moment: datetime) -> datetime:
    """The first moment of the next market week; nine days on is in it, however long the hours are."""
    return week_began(week_began(moment) + timedelta(days=9))
