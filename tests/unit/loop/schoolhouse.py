"""A desk's models with everything real around them but the market and the training process."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

from walks import CUTOFF, trending_walk, walk

from marketpulse.clock import SimClock
from marketpulse.loop.notary import Notary
from marketpulse.loop.rooms import Rooms
from marketpulse.loop.school import School
from marketpulse.loop.voices import VoiceBox
from marketpulse.meter import Meter
from marketpulse.models.record import decode, encode
from marketpulse.pipeline import Playbook
from marketpulse.storage import Ledger, MarketStore
from marketpulse.types import AssetClass, Feed, Instrument, ModelStage, ModelStatus

EQUITY = AssetClass.EQUITY
NOW = CUTOFF + timedelta(days=1)


def instrument(symbol, kind=EQUITY):
    return Instrument(
        symbol,
        symbol,
        kind,
        "USD",
        "24/7",
        Decimal("0.01"),
        Decimal(1),
    )


INSTRUMENTS = {
    "AAA": instrument("AAA"),
    "BBB": instrument("BBB"),
    "^GSPC": instrument("^GSPC", AssetClass.INDEX),
}
BARS = {
    "AAA": trending_walk("AAA", 1600, 0, 0.4),
    "BBB": trending_walk("BBB", 1600, 1, 0.4),
    "^GSPC": walk("^GSPC", 1600, 99),
}


class Bars:
    """A market that knows daily bars and nothing else."""

    def __init__(self, clock):
        self.clock, self.held = clock, dict(BARS)

    def bars(self, symbol):
        return self.held[symbol].until(self.clock.now())

    def actions(self, symbol):
        del symbol
        return ()

    def data(self):
        return {}

    def books(self):
        return {}


class Pupil:
    """A training process that gives what it is told to, when it is told to."""

    def __init__(self):
        self.jobs, self.given, self.first = [], None, None
        self.now = ModelStatus(ModelStage.WAITING, 0.0, "")

    def start(self, job):
        self.jobs.append(job)
        self.given = self.first = None
        self.now = ModelStatus(ModelStage.TRAINING, 0.3, "Walk forward, fit 3 of 9.")

    def end(self, text=None, note="Trained.", stage=ModelStage.READY):
        self.given, self.now = text, ModelStatus(stage, 1.0, note)

    def logistic(self):
        return self.first

    def trained(self):
        return self.given

    def status(self):
        return self.now


class Schoolhouse:
    """Voices and school on a folder; ``restart`` is another process on the same files."""

    def __init__(self, folder, cutoff=None):
        self.folder, self.cutoff = folder, cutoff
        self.clock, self.market = SimClock(NOW), None
        self.market = Bars(self.clock)
        self.open()

    def open(self):
        self.meter, self.pupil = Meter(), Pupil()
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.store = MarketStore.open(self.folder / "market.db")
        settings = SimpleNamespace(retrain_days=7.0, data_dir=self.folder)
        self.rooms = Rooms(
            settings, Feed.REPLAY, self.folder, self.clock, None, False, self.cutoff, self.meter, self.ledger,
            self.store, INSTRUMENTS, self.market, None, None, None, self.pupil, Playbook(("AAA", "BBB")), (),
        )  # fmt: skip
        self.voices = VoiceBox(self.rooms)
        self.school = School(self.rooms, self.voices)

    def notary(self):
        return Notary(self.rooms)

    def close(self):
        self.ledger.close()
        self.store.close()

    def restart(self):
        self.close()
        self.open()

    @property
    def held(self):
        return self.voices.held[EQUITY]


def told(text, *, promoted=True, **card):
    """The same document with another verdict."""
    trained = decode(text)
    record = replace(
        trained.record, promoted=promoted, verdict="It is on trial." if not promoted else "First."
    )
    return encode(replace(trained, record=record, card=replace(trained.card, **card)))
