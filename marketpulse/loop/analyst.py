"""The models' life on the desk: trained in the background, asked after each closed bar, watched ever after."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic, perf_counter
from types import MappingProxyType

from marketpulse.features.scene import History
from marketpulse.loop.care import parts_of, trial_of
from marketpulse.loop.drifting import DriftWatch
from marketpulse.loop.listening import Listener
from marketpulse.loop.modelview import model_view, rests_of
from marketpulse.loop.notary import Notary
from marketpulse.loop.rooms import Rooms
from marketpulse.loop.school import School
from marketpulse.loop.surroundings import Surroundings
from marketpulse.loop.voices import KINDS, VoiceBox
from marketpulse.models.job import BENCHMARK
from marketpulse.pipeline import Again, Decision, decide, recompute
from marketpulse.portfolio.codec import write_signal
from marketpulse.signals import read_seen
from marketpulse.signals.consensus import Circumstances
from marketpulse.signals.health import degraded
from marketpulse.types import (
    AssetClass,
    Bars,
    EventKind,
    HealthPart,
    Instrument,
    ModelStatus,
    ModelView,
    NewEvent,
    Shadow,
    Signal,
    SignalStatistics,
)

__all__ = ["Analyst", "key_of"]

_TIMED = 500
"""Signals whose making is remembered for the card."""

_AT_ONCE = 12
"""Instruments of one turn, so that fifty hold nobody up."""

_CARED = 5.0  # seconds between two looks at the models' health while nothing has ended
_VIEWED = 1.0  # seconds that a picture of the models may be old: members' clocks are slow to read


class Analyst:
    """Holds and asks the models; only the loop's thread calls it.

    Attributes
    ----------
    signals : the newest of each instrument, by symbol
    waiting : bars have closed of more instruments than one turn decides
    """

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self.voices = VoiceBox(rooms)
        self.school = School(rooms, self.voices)
        self._seen: dict[str, int] = {}
        self._bars: dict[str, int] = {}
        self._late: dict[str, int | None] = {}
        self._circumstances: dict[str, Circumstances] = {}
        self.waiting = False
        self.signals: Mapping[str, Signal] = MappingProxyType({})
        self._timed: deque[float] = deque(maxlen=_TIMED)
        self._around = Surroundings(rooms)
        self._drift = {kind: DriftWatch() for kind in KINDS}
        self._moved: set[AssetClass] = set()
        self._cared: dict[AssetClass, tuple[tuple[HealthPart, ...], Shadow | None]]
        self._cared = dict.fromkeys(KINDS, ((), None))
        self._scores, self._care_due = SignalStatistics(), 0.0
        self._equity: float | None = None
        self._viewed: tuple[float, ModelStatus, tuple[ModelView, ...]] = (0.0, self.status, ())

    @property
    def status(self) -> ModelStatus:
        """What the screen says of the first class's model."""
        return self.school.status(KINDS[0])

    def train(self) -> None:
        """Begin a training that is due, or take one in; a model that is new speaks at the next turn."""
        if self.school.turn(self._benchmark()):
            self._seen = {}

    def turn(self) -> Decision | None:
        """Issue signals of some of the bars that have closed; with nothing to issue look at drift, and None.

        Raises
        ------
        StorageError
            They could not be written down; the next turn issues them.
        """
        histories = self.histories()
        due = self._due(histories)
        self.waiting = len(due) > _AT_ONCE
        if not due:
            self._lay_beside(histories)
            return None
        some = due[:_AT_ONCE]
        decision = self._decide(histories, tuple(some))
        self._seen |= {symbol: _newest(histories[symbol]) for symbol in some}
        return decision

    def learn(self, equity: float | None) -> None:
        """Take what the account is worth, to tell whether a book holds a position of it."""
        self._equity = equity

    def frames(self) -> dict[str, Bars]:
        """Adjusted closed bars of all that can be traded and has any."""
        return {symbol: one.adjusted() for symbol, one in self.histories().items()}

    def histories(self) -> dict[str, History]:
        """Closed bars, as received, of all that can be traded and has any."""
        wanted = (i for i in self._rooms.instruments.values() if i.tradable)
        return {i.symbol: one for i in wanted if len((one := self._history(i)).bars)}

    def again(self, signal: Signal) -> Again | None:
        """Compute an issued signal's numbers anew; None where its bars or its numbers are not held any more.

        The probability is told only where the same members vote by the same way as they did then: one that
        rested after a slow answer, or a network that was trained since, is no repaint.
        """
        text, known = self._rooms.store.features(signal.feature_hash), self._rooms.instruments
        seen = {} if text is None else read_seen(text)
        if signal.symbol not in seen or any(one not in known for one in seen):
            return None  # one of them is not followed any more
        then = {one: self._history(known[one]).upto(newest) for one, newest in seen.items()}
        if any(not len(one.bars) or int(one.bars.time[-1]) != seen[s] for s, one in then.items()):
            return None
        market = then.pop(BENCHMARK, None)
        held = self.voices.held.get(known[signal.symbol].asset_class)
        serving = None if held is None else held.serving
        if serving is None or serving.card.version != signal.model_version:
            return recompute(signal, seen, then, market)
        heard = Listener(serving)
        found = recompute(signal, seen, then, market, heard)
        if found is None or heard.heard_as(signal):
            return found
        return replace(found, probability=None)  # others voted then: the same question has another answer

    def care(self, notary: Notary) -> None:
        """See how the models fare on what they have issued; a trial that has been won ends."""
        rooms, now = self._rooms, self._rooms.clock.monotonic()
        if notary.scores is self._scores and now < self._care_due:
            return
        self._scores, self._care_due = notary.scores, now + _CARED
        self.voices.remember()
        for kind, held in self.voices.held.items():
            serving = held.serving
            if serving is None:
                continue
            parts = parts_of(
                held,
                notary,
                drift=self._drift[kind].lines,
                rests=rests_of(serving),
                now=rooms.clock.now(),
                retrain_days=rooms.settings.retrain_days,
            )
            serving.judge(degraded=degraded(parts))
            trial = trial_of(held, notary)
            self._cared[kind] = parts, trial.view()
            if held.trial is not None and self.school.review(kind, trial.judgement()):
                self._seen = {}  # another model speaks now

    def views(self) -> tuple[ModelView, ...]:
        """What a person should know of each class that is traded; up to a second old."""
        now, status = monotonic(), self.status
        made, before, views = self._viewed
        if views and now - made < _VIEWED and status == before:
            return views
        views = tuple(self._view(kind) for kind in KINDS if self._traded(kind))
        self._viewed = now, status, views
        return views

    def _view(self, kind: AssetClass) -> ModelView:
        held, school = self.voices.held[kind], self.school
        return model_view(
            held,
            school.status(kind),
            due=school.due(kind),
            drift=self._drift[kind].lines,
            health=self._cared[kind][0],
            shadow=self._cared[kind][1],
            timed=tuple(self._timed),
            deep=self.voices.networks if kind is KINDS[0] else (),
        )

    def _due(self, histories: Mapping[str, History]) -> list[str]:
        """Instruments whose bar nobody has decided yet, or which have fallen behind since."""
        newest = {symbol: _newest(one) for symbol, one in histories.items()}
        if newest != self._bars:
            self._bars = newest
            self._circumstances = self._around.look(histories, self._equity, self._drifted(histories))
            late = {symbol: one.late for symbol, one in self._circumstances.items()}
            for symbol, bars in late.items():
                if bars != self._late.get(symbol):
                    self._seen.pop(symbol, None)
            self._late = late
        universe = self._rooms.playbook.universe
        return [s for s in universe if s in newest and self._seen.get(s) != newest[s]]

    def _decide(self, histories: Mapping[str, History], symbols: tuple[str, ...]) -> Decision:
        rooms, began = self._rooms, perf_counter()
        decision = decide(
            replace(rooms.playbook, universe=symbols),
            self.voices.voices(),
            histories,
            self._benchmark(),
            rooms.instruments,
            frozenset(s for s in histories if rooms.simulated(s)),
            rooms.clock.now(),
            self._circumstances,
        )
        if decision.signals:
            self._timed.append((perf_counter() - began) / len(decision.signals))
        self._freeze(decision.signals, decision.features)
        every = dict(self.signals) | {s.symbol: s for s in decision.signals}
        ordered = (s for s in rooms.playbook.universe if s in every and s in histories)
        self.signals = MappingProxyType({symbol: every[symbol] for symbol in ordered})
        self._note_drift(histories, decision)
        return decision

    def _freeze(self, signals: tuple[Signal, ...], features: Mapping[str, str]) -> None:
        """Write each issued signal into the ledger, once for each bar, instrument and model."""
        rooms, new = self._rooms, []
        for signal in signals:
            if signal.probability is None:
                continue  # an abstention is shown, not issued
            key = key_of(signal)
            if rooms.ledger.by_key(key) is None:
                rooms.store.save_features(signal.feature_hash, features[signal.feature_hash])
                new.append(
                    NewEvent(signal.time, "desk", EventKind.SIGNAL, signal.symbol, write_signal(signal), key)
                )
        if new:
            rooms.ledger.append(*new)  # one wait for the disk, however many there are

    def _drifted(self, histories: Mapping[str, History]) -> dict[str, float | None]:
        known = self._rooms.instruments
        return {
            symbol: self._drift[known[symbol].asset_class].drifted()
            for symbol in histories
            if known[symbol].asset_class in self._drift
        }

    def _note_drift(self, histories: Mapping[str, History], decision: Decision) -> None:
        """Take the newest rows of what was decided in."""
        for symbol, row in decision.rows.items():
            kind = self._rooms.instruments[symbol].asset_class
            if kind not in self._drift or self._rooms.simulated(symbol):
                continue
            self._moved.add(kind)
            if self._drift[kind].begun:
                self._drift[kind].add({symbol: row}, {symbol: _newest(histories[symbol])})

    def _lay_beside(self, histories: Mapping[str, History]) -> None:
        """Lay the newest rows beside those of the training, where an ensemble serves: one piece in a turn."""
        rooms = self._rooms
        for kind in sorted(self._moved):
            watch, trained = self._drift[kind], self.voices.held[kind].trained
            if trained is None:
                continue
            if not watch.begun:
                of_kind = {s: h for s, h in histories.items() if rooms.instruments[s].asset_class is kind}
                watch.begin(of_kind, self._benchmark())
            elif watch.waits:
                watch.fill(_AT_ONCE)
            else:
                watch.compare(trained.reference)
                self._moved.discard(kind)
            return

    def _history(self, instrument: Instrument) -> History:
        market = self._rooms.market
        return History(market.bars(instrument.symbol), market.actions(instrument.symbol))

    def _benchmark(self) -> History | None:
        instrument = self._rooms.instruments.get(BENCHMARK)
        return None if instrument is None else self._history(instrument)

    def _traded(self, kind: AssetClass) -> bool:
        rooms = self._rooms
        return any(
            i.asset_class is kind and i.tradable and not rooms.simulated(s)
            for s, i in rooms.instruments.items()
        )


def _newest(history: History) -> int:
    """Its newest bar, seconds since 1970."""
    return int(history.bars.time[-1])


def key_of(signal: Signal) -> str:
    """What names an issued signal for ever."""
    return f"signal:{signal.symbol}:{signal.bar}:{signal.model_version}"
