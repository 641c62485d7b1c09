"""The model's life on the desk: trained once in the background, then asked after each closed bar."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from marketpulse.errors import MarketPulseError
from marketpulse.loop.rooms import Rooms
from marketpulse.models import Logistic
from marketpulse.pipeline import decide
from marketpulse.portfolio.codec import write_signal
from marketpulse.types import (
    AssetClass,
    Bars,
    EventKind,
    Feed,
    Instrument,
    ModelStage,
    ModelStatus,
    NewEvent,
    Signal,
)

__all__ = ["Analyst"]

_NAME = "logistic"
_BENCHMARK = "^GSPC"
_FEWEST = 300  # bars an instrument needs to take part in training
_REPLAY_GAP_DAYS = 20  # the last labels end at the cutoff, so the last training bar lies before it
_LIVE_DAYS = 7.0  # a stored model older than this is trained anew on a live feed


class Analyst:
    """Trains, holds and asks the model; only the loop's thread calls it."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms
        self._model: Logistic | None = self._stored()
        self._training = False
        self._seen: dict[str, int] = {}
        self.signals: Mapping[str, Signal] = MappingProxyType({})

    @property
    def status(self) -> ModelStatus:
        """What the screen says of the model."""
        if self._model is not None:
            return ModelStatus(ModelStage.READY, 1.0, "", self._model.card)
        if self._training:
            return self._rooms.trainer.status()
        return ModelStatus(ModelStage.WAITING, 0.0, "Training starts when daily bars have been read.")

    def train(self) -> None:
        """Start the child process, once, when there is something to learn from."""
        if self._model is not None or self._training:
            return
        cutoff = self._rooms.cutoff or self._rooms.clock.now()
        real = (i for i in self._rooms.instruments.values() if i.tradable and not self._simulated(i.symbol))
        panel = [bars for i in real if len(bars := self._adjusted(i, cutoff)) >= _FEWEST]
        if not panel:
            return
        source = ", ".join(sorted({b.source for b in panel}))
        self._rooms.trainer.start(panel, self._benchmark(cutoff), cutoff, source)
        self._training = True

    def turn(self) -> None:
        """Take a finished model in, and issue signals for bars that have closed since the last turn."""
        fresh = self._collect()
        frames = self.frames()
        seen = {symbol: int(bars.time[-1]) for symbol, bars in frames.items() if len(bars)}
        if seen == self._seen and not fresh:
            return
        self._seen = seen
        models = {} if self._model is None else dict.fromkeys(AssetClass, (self._model, self._model.card))
        decision = decide(
            self._rooms.playbook,
            models,
            frames,
            self._benchmark(),
            self._rooms.instruments,
            frozenset(s for s in frames if self._simulated(s)),
            self._rooms.clock.now(),
        )
        self._freeze(decision.signals, decision.features)
        self.signals = MappingProxyType({s.symbol: s for s in decision.signals})

    def _freeze(self, signals: tuple[Signal, ...], features: Mapping[str, str]) -> None:
        """Write each issued signal into the ledger, once for each bar and instrument."""
        rooms = self._rooms
        for digest, text in features.items():
            rooms.store.save_features(digest, text)
        for signal in signals:
            if signal.probability is None:
                continue  # an abstention is shown, not issued
            key = f"signal:{signal.symbol}:{signal.bar}"
            if rooms.ledger.by_key(key) is None:
                rooms.ledger.append(_event(signal, key))

    def _collect(self) -> bool:
        """Take the trained model from the child process; True when it is new."""
        text = self._rooms.trainer.result() if self._training and self._model is None else None
        if text is None:
            return False
        try:
            self._model = Logistic.from_json(text)
        except MarketPulseError as error:
            self._rooms.meter.fault("model", str(error))
            return False
        self._rooms.store.save_model(_NAME, self._model.card.version, text)
        return True

    def _stored(self) -> Logistic | None:
        """Return the model of the last run if it still fits."""
        rooms = self._rooms
        text = rooms.store.latest_model(_NAME)
        if text is None:
            return None
        try:
            model = Logistic.from_json(text)
        except MarketPulseError as error:
            rooms.meter.fault("model", f"{error}; it is trained anew")
            return None
        if rooms.cutoff is not None:
            gap = rooms.cutoff.date() - datetime.fromisoformat(model.card.last_bar).date()
            return model if 0 < gap.days <= _REPLAY_GAP_DAYS else None
        age = (rooms.clock.wall() - model.card.trained).total_seconds() / 86_400
        return model if age <= _LIVE_DAYS else None

    def frames(self) -> dict[str, Bars]:
        """Adjusted closed bars of all that can be traded and has any."""
        wanted = (i for i in self._rooms.instruments.values() if i.tradable)
        return {i.symbol: bars for i in wanted if len(bars := self._adjusted(i))}

    def _adjusted(self, instrument: Instrument, cutoff: datetime | None = None) -> Bars:
        """Cut first, then adjust: what happened after the cutoff must not rescale what lies before it."""
        market = self._rooms.market
        bars = market.bars(instrument.symbol)
        if cutoff is not None:
            bars = bars.until(cutoff)
        return bars.adjust(market.actions(instrument.symbol))

    def _benchmark(self, cutoff: datetime | None = None) -> Bars | None:
        instrument = self._rooms.instruments.get(_BENCHMARK)
        bars = None if instrument is None else self._adjusted(instrument, cutoff)
        return bars if bars is not None and len(bars) else None

    def _simulated(self, symbol: str) -> bool:
        pair = self._rooms.instruments[symbol].asset_class is AssetClass.CRYPTO
        return pair and self._rooms.feed is Feed.REPLAY and not self._rooms.recorded


def _event(signal: Signal, key: str) -> NewEvent:
    return NewEvent(signal.time, "desk", EventKind.SIGNAL, signal.symbol, write_signal(signal), key)
