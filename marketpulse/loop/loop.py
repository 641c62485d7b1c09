"""The one thread that owns decisions: each turn takes prices in, moves orders, and makes a Snapshot."""

import logging
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack

from marketpulse.errors import ConfigError, MarketPulseError, ProviderError, Refused, StorageError
from marketpulse.loop import tapetime
from marketpulse.loop.actions import due_actions
from marketpulse.loop.alarms import Alarms
from marketpulse.loop.analyst import Analyst
from marketpulse.loop.clockwatch import ClockWatch
from marketpulse.loop.daystop import DayStop
from marketpulse.loop.equity import EquityLog
from marketpulse.loop.gate import Gate
from marketpulse.loop.locks import Locks, rules_of
from marketpulse.loop.notary import Notary
from marketpulse.loop.outbox import Outbox
from marketpulse.loop.picture import Picture
from marketpulse.loop.playing import Player
from marketpulse.loop.recompute import Recompute
from marketpulse.loop.riskwatch import RiskWatch
from marketpulse.loop.rooms import Rooms
from marketpulse.loop.stopwatch import StopWatch
from marketpulse.ports import Sink
from marketpulse.types import AssetClass, Bars, MarketDatum, Snapshot

__all__ = ["Loop"]

_TURN = 0.25  # seconds between turns when nobody nudges
_SAVE_CLOCK = 5.0  # seconds between two notes of where the tape stands
_TRAIN_AFTER = 3.0  # seconds after the start, so that the first page is not slowed
_log = logging.getLogger("marketpulse.loop")


class Loop:
    """Runs until it is closed; ``snapshot`` may be read from any thread."""

    def __init__(self, rooms: Rooms, gate: Gate, equity: EquityLog) -> None:
        self.rooms = rooms
        self._gate = gate
        self._day_stop = DayStop(gate, rooms.books, rooms.ledger, rooms.clock)
        self._stop_watch = StopWatch(rooms.books, rooms.ledger, rooms.clock)
        live = rooms.broker is None
        self._clock_watch = ClockWatch(rooms.clock, rooms.ledger, rooms.execution.halt, live=live)
        self._analyst = Analyst(rooms)
        self.alarms = Alarms.of(rooms)
        self._risk_watch = RiskWatch(rooms, gate, equity)
        self.locks = gate.locks = Locks(rooms.books, rooms.ledger, rooms.clock, rules_of(rooms.settings))
        self.player = Player(rooms, gate)
        self._picture = Picture(rooms, gate, equity, self.alarms, self.locks)
        self._picture.dress = self._risk_watch.dress
        self._picture.player = self.player
        self.notary = self._picture.notary = Notary(rooms)
        self._recompute = Recompute(rooms, self.notary, self._analyst.again)
        self._outboxes: tuple[Outbox, ...] = ()
        self._unissued = ""
        self._wake = threading.Event()
        self._nudged = False
        self._stop = threading.Event()
        self._turned = threading.Condition()
        self._turns = 0, 0  # begun, ended
        self._publishing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="loop", daemon=True)
        self._born = time.monotonic()
        self._saved = self._born
        self._bars_seen: dict[str, int] = {}
        self._frames: Mapping[str, Bars] = {}
        self._turn_market()
        self._watch(rooms.market.data())
        self.snapshot: Snapshot = self._picture.take(self._analyst)

    def start(self) -> None:
        """Ask venues about what was left over, then begin to turn; a sealed desk asks nobody."""
        if not self.rooms.sealed:
            self.rooms.execution.recover()
            self.rooms.execution.start()
        self._gate.recovered = self.rooms.execution.recovered
        self._publish()
        self.rooms.market.on_change(self._came)
        self._thread.start()

    def close(self) -> None:
        """Finish the turn, stop the threads, note where the tape stands, close the files."""
        self._stop.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10)
        rooms = self.rooms
        with ExitStack() as all_of_them:  # last in, first out; one that fails does not keep the others open
            for room in (
                rooms.ledger,
                rooms.store,
                rooms.market,
                rooms.trainer,
                self._risk_watch,
                rooms.execution,
            ):
                all_of_them.callback(room.close)
            for box in self._outboxes:
                all_of_them.callback(box.close)
            self._save_clock()
        if rooms.aside is not None:
            rooms.aside.cleanup()

    def train(self, kind: AssetClass) -> None:
        """Train a class's models as soon as nothing else is trained; raises Refused where it cannot be."""
        self._analyst.school.wish(kind)

    def attach(self, sink: Sink) -> None:
        """Tell a sink of the ledger's events from now on, or from where it was left."""
        outbox = Outbox(self.rooms.ledger, self.rooms.folder / "sinks", sink, self.rooms.meter)
        self._outboxes = (*self._outboxes, outbox)
        outbox.start()

    def nudge(self) -> None:
        """Show what was just committed, and turn at once to send it; never fails its caller's commit."""
        self._show()
        self._nudged = True
        self._wake.set()

    def whole_turn(self, seconds: float) -> bool:
        """Wait for a turn that begins from now on to end; False when that took too long."""
        wanted = self._turns[0] + 1
        self.nudge()
        with self._turned:
            return self._turned.wait_for(lambda: self._turns[1] >= wanted, seconds)

    def settle(self, seconds: float) -> bool:
        """Wait until a signal stands for each closed bar; False when that took too long."""
        until = time.monotonic() + seconds
        while self.whole_turn(max(0.0, until - time.monotonic())):
            if not self._analyst.waiting:
                return True
        return False

    def _show(self) -> None:
        try:
            self._publish()
        except MarketPulseError as error:
            self.rooms.meter.fault("snapshot", str(error))  # the loop's next turn tries again

    def _run(self) -> None:
        """Take whole turns four times a second and when nudged; between them, show prices as they come."""
        due = 0.0
        while not self._stop.is_set():
            started = time.monotonic()
            if self._nudged or started >= due:
                self._nudged = False
                self._turns = self._turns[0] + 1, self._turns[1]
                self._guarded()
                with self._turned:
                    self._turns = self._turns[0], self._turns[0]
                    self._turned.notify_all()
                self.rooms.meter.observe("loop turn", time.monotonic() - started)
                due = time.monotonic() + _TURN
            else:
                self._tick()
            self._wake.wait(max(0.0, due - time.monotonic()))
            self._wake.clear()

    def _came(self) -> None:
        """Show a price on the thread that took it in; while a picture is being taken, the loop does."""
        if self._publishing.acquire(blocking=False):
            try:
                self._touch()
            finally:
                self._publishing.release()
        else:
            self._wake.set()

    def _tick(self) -> None:
        with self._publishing:
            self._touch()

    def _touch(self) -> None:
        """Show the prices that came in since, and nothing else: what they are worth follows with the turn."""
        changed = self.rooms.market.changed()
        if changed:
            self.snapshot = self._picture.touch(self.snapshot, changed)

    def _guarded(self) -> None:
        """One turn; what goes wrong decides by its class what happens next."""
        try:
            self._turn()
        except ProviderError as error:
            self.rooms.meter.fault("provider", str(error))  # the next turn asks again
        except ConfigError as error:
            self._halt(f"A setting stopped the desk: {error}")
        except MarketPulseError as error:
            self._halt(f"{type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001 - the thread's top level: it must stop trading, not the desk
            _log.exception("a turn of the loop failed")
            self._halt("An unforeseen fault in the loop; the log has its details.")

    def _turn(self) -> None:
        rooms = self.rooms
        self._turn_market()
        data = rooms.market.data()
        if rooms.sealed:
            self._publish()
            return
        if rooms.broker is not None:
            rooms.broker.match(data, rooms.market.books())
        rooms.execution.turn(data, rooms.market.sessions())
        self._gate.recovered = rooms.execution.recovered
        self._watch(data)
        self._analyst.learn(self.snapshot.valuation.equity)
        self._issue()
        self._judge()
        self._play(data)
        if time.monotonic() - self._born > _TRAIN_AFTER:
            self._analyst.train()
        if time.monotonic() - self._saved > _SAVE_CLOCK:
            self._save_clock()
        self._publish()
        self._alert()

    def _issue(self) -> None:
        """Give signals of the bars that have closed."""
        try:
            self._analyst.turn()
            self._unissued = ""
        except StorageError as error:
            self._unissued = f"Signals could not be written down and are issued later: {error}"
            self.rooms.meter.fault("signals", str(error))  # the next turn issues them

    def _judge(self) -> None:
        """Score the signals that have ended, and look at some again."""
        try:
            self.notary.turn(self._frames)
            self._recompute.turn()
            self._analyst.care(self.notary)
        except StorageError as error:
            self.rooms.meter.fault("notary", str(error))  # the next turn goes on from what the ledger holds

    def _play(self, data: Mapping[str, MarketDatum]) -> None:
        """Make proposals of new signals, or orders, as the playbook's mode says."""
        try:
            self.player.turn(self._analyst.signals, data)
        except StorageError as error:
            self.rooms.meter.fault("play", str(error))  # the next turn goes on from what the ledger holds

    def _alert(self) -> None:
        """Raise and end alerts by what has just been shown."""
        try:
            self.locks.turn()
            self.alarms.turn(self.snapshot)
        except StorageError as error:
            self.rooms.meter.fault("alerts", str(error))  # the next turn tries again

    def _watch(self, data: Mapping[str, MarketDatum]) -> None:
        """See whether the day has lost too much, and what is held without a stop."""
        if self.rooms.sealed:
            return
        try:
            if self.rooms.tape is None:  # a tape's time is its own
                self._clock_watch.turn()
            self._day_stop.turn(data)
            self._risk_watch.turn(self._analyst.signals)
            if self.rooms.playbook.demands_stops and self._gate.recovered:
                self._stop_watch.turn(data)
        except StorageError as error:
            self.rooms.meter.fault("watch", str(error))  # it counts in memory; the next turn writes it down
        silent = tuple(f"{box.trouble}." for box in self._outboxes if box.trouble)
        watches = (self._clock_watch, self._day_stop, self._stop_watch, self._risk_watch)
        told = (
            *(note for watch in watches for note in watch.notes),
            *self.notary.notes,
            *self._analyst.voices.notes,
            *((self._unissued,) if self._unissued else ()),
        )
        self._picture.notes = (*told, *silent)

    def _turn_market(self) -> None:
        """Take prices in; when a bar has closed, measure risk on the new bars."""
        self.rooms.market.poll()
        frames = self._analyst.frames()
        self._frames = frames
        seen = {symbol: int(bars.time[-1]) for symbol, bars in frames.items()}
        if seen != self._bars_seen:
            self._bars_seen = seen
            self._gate.learn(frames)
            self._risk_watch.learn(frames)
            if not self.rooms.sealed:
                self._book_actions()

    def _book_actions(self) -> None:
        """Work new splits and dividends of what is or was held into the books."""
        rooms, today = self.rooms, self.rooms.clock.now().date()
        for action in due_actions(rooms.books, rooms.instruments, rooms.market.actions, today):
            rooms.execution.adjust(action)

    def _publish(self) -> None:
        with self._publishing:
            self.snapshot = self._picture.take(self._analyst)

    def _halt(self, why: str) -> None:
        """Stop trading; where even that cannot be written, no order can be committed either."""
        self.rooms.meter.fault("loop", why)
        try:
            halt = self.rooms.books.halt
            if halt is None or halt.reducing:
                self.rooms.execution.halt(why)
        except (MarketPulseError, Refused) as error:
            self.rooms.meter.fault("halt", str(error))
        self._show()

    def _save_clock(self) -> None:
        self._saved = time.monotonic()
        rooms = self.rooms
        if rooms.tape is None or rooms.cutoff is None or rooms.sealed:
            return
        try:
            tapetime.save(rooms.folder, tapetime.TapeTime(rooms.cutoff, rooms.tape.now()))
        except OSError as error:
            rooms.meter.fault("clock", f"the tape's time could not be saved ({error.strerror})")
