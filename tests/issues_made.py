"""Signals and what became of them, made without a desk: for the notary's maths and folds."""

from datetime import UTC, datetime, timedelta

import numpy as np

from marketpulse.portfolio.codec import write_signal
from marketpulse.portfolio.outcome_codec import outcome_key, repaint_key, write_outcome, write_repaint
from marketpulse.types import (
    Bars,
    Call,
    Edge,
    Event,
    EventKind,
    Interval,
    Issued,
    Outcome,
    Repaint,
    Signal,
    Vote,
)

FIRST = datetime(2012, 6, 1, tzinfo=UTC)


def day(n):
    """ISO date of the ``n``-th day."""
    return (FIRST + timedelta(days=n)).date().isoformat()


def bars(close, symbol="AAPL", open_=None, start=FIRST):
    """Adjusted daily bars of consecutive dates."""
    close = np.asarray(close, dtype=float)
    opened = close if open_ is None else np.asarray(open_, dtype=float)
    time = int(start.timestamp()) + 86_400 * np.arange(len(close))
    high, low = np.maximum(opened, close), np.minimum(opened, close)
    return Bars(
        symbol, Interval.DAY, time, opened, high, low, close, np.ones(len(close)), "tape", adjusted=True
    )


def signal(n=0, symbol="AAPL", p=0.6, base=0.54, call=Call.NONE, **more):
    """A signal of the ``n``-th day's bar, with two votes."""
    given = {
        "horizon": 5,
        "edge": Edge.NONE,
        "sentence": "said",
        "model": "ensemble",
        "model_version": "v1",
        "feature_hash": "f" * 64,
        "votes": (Vote("logistic", p, base), Vote("boosting", None, base, "too little")),
        "regime": "rising, calm",
        "data_hash": "d" * 64,
    }
    time = FIRST + timedelta(days=n + 1)
    return Signal(
        symbol=symbol, bar=day(n), time=time, probability=p, base_rate=base, call=call, **(given | more)
    )


def name(of):
    """The id of an issued signal, as new ledgers have it."""
    return f"signal:{of.symbol}:{of.bar}:{of.model_version}"


def result(n=6, p=0.6, base=0.54, rose=True, profit=None):
    """An outcome that ended on the ``n``-th day."""
    return Outcome(
        day(n),
        FIRST + timedelta(days=n + 1),
        rose,
        (p - rose) ** 2,
        (base - rose) ** 2,
        0.5,
        0.6,
        0.01,
        profit,
    )


def kept(of, outcome=None, **more):
    """An issued signal."""
    return Issued(name(of), of, outcome, **more)


class Book:
    """Writes events of signals, numbered."""

    def __init__(self):
        self.events = []

    def add(self, kind, ref, payload, key):
        seq = len(self.events) + 1
        self.events.append(
            Event(seq, FIRST + timedelta(seconds=seq), "desk", kind, ref, payload, key, f"h{seq}")
        )
        return self

    def issue(self, of, key=None):
        return self.add(EventKind.SIGNAL, of.symbol, write_signal(of), key or name(of))

    def end(self, signal_id, outcome=None):
        return self.add(
            EventKind.OUTCOME, signal_id, write_outcome(outcome or result()), outcome_key(signal_id)
        )

    def repaint(self, signal_id, code="DATA"):
        payload = write_repaint(Repaint(FIRST, code, "It differs."))
        return self.add(EventKind.REPAINT, signal_id, payload, repaint_key(signal_id))
