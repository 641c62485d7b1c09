"""What the notary needs, and nothing else: a real ledger and store, a clock, and bars that the test plants."""

from datetime import timedelta
from types import SimpleNamespace

from issues_made import FIRST, bars, name

from marketpulse.clock import SimClock
from marketpulse.loop.notary import Notary
from marketpulse.market.history import empty_bars
from marketpulse.portfolio.codec import write_signal
from marketpulse.signals import feature_hash, feature_text
from marketpulse.storage import Ledger, MarketStore
from marketpulse.types import EventKind, NewEvent

DAY = 86_400


class Prices:
    """A market that tells the last closed bar and the forming one, where the test planted it."""

    def __init__(self):
        self.forming = {}

    def history(self, symbol, interval, n):
        assert interval == "1d"
        return self.forming.get(symbol, empty_bars(symbol))[-n:]


class Court:
    """One desk's files; ``restart`` is another process on them."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = SimClock(FIRST)
        self.market = Prices()
        self.frames = {}
        self.open()

    def open(self):
        self.ledger = Ledger.open(self.folder / "ledger.db", self.clock)
        self.store = MarketStore.open(self.folder / "market.db")
        self.rooms = SimpleNamespace(
            ledger=self.ledger,
            store=self.store,
            clock=self.clock,
            market=self.market,
            books=SimpleNamespace(account="paper:desk"),
        )
        self.notary = Notary(self.rooms)

    def close(self):
        self.ledger.close()
        self.store.close()

    def restart(self):
        self.close()
        self.open()

    def issue(self, *signals):
        for one in signals:
            event = NewEvent(one.time, "desk", EventKind.SIGNAL, one.symbol, write_signal(one), name(one))
            self.ledger.append(event)

    def keep(self, *values, version="v"):
        """Keep a row of features as an issued signal's; returns its hash."""
        names = [f"f{n}" for n in range(len(values))]
        digest = feature_hash(values)
        self.store.save_features(digest, feature_text(version, names, values))
        return digest

    def day(self, n, closes, opens=None, symbol="AAPL"):
        """It is ``n`` days after the first, a minute after midnight, and these bars have closed."""
        self.clock.advance((FIRST + timedelta(days=n, minutes=1) - self.clock.now()).total_seconds())
        self.frames[symbol] = bars(closes, symbol, opens)

    def turn(self):
        self.notary.turn(self.frames)

    def events(self, *kinds):
        return [event for event in self.ledger.read() if event.kind in kinds]
