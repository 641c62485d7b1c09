"""From a signal to an order with its size, stop and target, or to the first gate that keeps it from one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import isfinite

import numpy as np

from marketpulse.features.indicators import atr
from marketpulse.loop.gate import Gate
from marketpulse.portfolio import Books
from marketpulse.risk.context import Opinion
from marketpulse.risk.stops_rule import Stop, target_price, volatility_stop
from marketpulse.risk.volatility import ewma_volatility
from marketpulse.types import (
    Bars,
    Call,
    Check,
    Edge,
    Instrument,
    MarketDatum,
    OrderRequest,
    OrderType,
    Preview,
    Rung,
    SessionState,
    Side,
    Signal,
    Sizing,
)

__all__ = ["REWARD", "WAITS", "Entry", "Finding", "Lean", "lean", "protect", "unready", "usual_end"]

REWARD = 2.0
"""The target lies this many times as far from the price as the stop."""

WAITS = frozenset(
    {
        "NO_PRICE",
        "STALE_QUOTE",
        "DISPUTED_QUOTE",
        "MARKET_CLOSED",
        "RECOVERING",
        "ORDER_RATE",
        "UNRESOLVED_ORDER",
    }
)
"""What may pass before the session ends, so that it is waited for."""

_WINDOW = 500  # closed days behind the volatility
_FEWEST = 60
_DAYS = 5.0  # over which the stop's floor looks


@dataclass(frozen=True, slots=True)
class Lean:
    """Which way a signal points for the playbook.

    Attributes
    ----------
    chance : of a rise, where it is taken as one; None: not at all
    practice : no edge is shown, and it is taken all the same
    words : where it comes from
    """

    call: Call
    chance: float | None
    practice: bool
    words: str


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of looking at a signal.

    Attributes
    ----------
    request : the order; None where a gate failed
    rung : that gate
    wait : it may still pass
    sentence : why so much and where it would be left
    """

    request: OrderRequest | None
    rung: Rung | None
    wait: bool
    sentence: str


def lean(signal: Signal, *, practice: bool) -> Lean:
    """Read a signal; in practice members are heard too that have shown no skill.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> from marketpulse.types import Vote
    >>> said = Signal("A", "2012-06-01", datetime(2012, 6, 2, tzinfo=UTC), 5, 0.54, 0.54, Edge.NONE, "", "m", "1", "",
    ...     (Vote("trees", 0.54, 0.54, raw=0.6), Vote("boosting", 0.54, 0.54, raw=0.58)))
    >>> lean(said, practice=False).call.value, lean(said, practice=True).call.value
    ('NO SIGNAL', 'UP')
    """
    base, chance = signal.base_rate, signal.probability
    known = f"p {chance:.1%}" if chance is not None else "p unknown"
    words = known if base is None else f"{known}, base {base:.1%}"
    if not practice or signal.edge is Edge.WEAK:
        return Lean(signal.call, chance, practice=False, words=words)
    call = signal.call
    if call is Call.NONE:
        raw = [v.probability if v.raw is None else v.raw for v in signal.votes]
        heard = [p for p in raw if p is not None and isfinite(p)]
        if not heard:
            return Lean(Call.NONE, None, practice=True, words=words)
        chance = sum(heard) / len(heard)
        usual = 0.5 if base is None else base
        call = Call.UP if chance > max(usual, 0.5) else Call.DOWN if chance < min(usual, 0.5) else Call.NONE
        words = f"mean of {len(heard)} unproved opinions {chance:.1%}, base {usual:.1%}"
    return Lean(call, chance, practice=True, words=words)


def unready(datum: MarketDatum | None, symbol: str, *, recovered: bool = True) -> Rung | None:
    """Say what an order at the market has to wait for; None where for nothing."""
    if datum is None:
        return _rung("NO_PRICE", "Price", f"There is no price of {symbol} yet.")
    if datum.session is not SessionState.OPEN:
        return _rung("MARKET_CLOSED", "Session", f"The exchange of {symbol} is closed.")
    if datum.stale:
        return _rung("STALE_QUOTE", "Data", f"The price of {symbol} is stale.")
    if datum.disputed:
        return _rung("DISPUTED_QUOTE", "Data", f"Two sources tell different prices of {symbol}.")
    if not recovered:
        return _rung("RECOVERING", "Start", "The desk is still asking what became of earlier orders.")
    return None


class Entry:
    """Looks at a signal as at an order to enter; asks the gates that every order passes.

    Parameters
    ----------
    gate : of the desk, for sizes; what it last knew of signals may be older than the one that is looked at
    preview : of the order path, whose refusals count
    """

    def __init__(
        self,
        gate: Gate,
        books: Books,
        instruments: Mapping[str, Instrument],
        preview: Callable[[OrderRequest], Preview],
    ) -> None:
        self._gate, self._books, self._instruments = gate, books, instruments
        self._preview = preview

    def look(
        self,
        signal: Signal,
        leaning: Lean,
        datum: MarketDatum | None,
        bars: Bars | None,
        *,
        at_once: bool,
    ) -> Finding:
        """Pass a purchase on this signal through every gate, the first that fails last.

        Parameters
        ----------
        bars : adjusted and closed
        at_once : it has to be able to trade now; else what may still pass is left to the moment of the order
        """
        early = self._alone(signal, leaning)
        if early is not None:
            return _failed(early)
        if at_once or datum is None:
            waits = unready(datum, signal.symbol, recovered=self._gate.recovered)
            if waits is not None or datum is None:
                return _failed(waits or _rung("NO_PRICE", "Price", "There is no price."), wait=True)
        stop = protect(datum.quote.price, bars)
        if stop.price is None:
            return _failed(_rung("STOP", "Stop", f"No stop can be placed: {stop.note}."))
        return self._sized(signal, leaning, datum.quote.price, stop.price, at_once=at_once)

    def _alone(self, signal: Signal, leaning: Lean) -> Rung | None:
        """Gates that no price is needed for."""
        halt, symbol = self._books.halt, signal.symbol
        if halt is not None:
            code = "REDUCING" if halt.reducing else "HALTED"
            word = "Only sales pass" if halt.reducing else "Trading is halted"
            return _rung(code, "Trading", f"{word}: {halt.why}")
        if leaning.call is not Call.UP:
            why = "It calls DOWN, and this desk is never short." if leaning.call is Call.DOWN else signal.why
            return _rung(
                "SIGNAL", "Signal", why or signal.sentence, leaning.words, f"a call of {Call.UP.value}"
            )
        if signal.edge is not Edge.WEAK and not leaning.practice:
            said = "The model's record out of sample does not allow to speak of an edge."
            return _rung("EDGE", "Edge", said, signal.edge.value.lower(), Edge.WEAK.value.lower())
        held = self._books.held(symbol)
        if held > 0:
            said = f"{held.normalize():f} {symbol} are held already; a fresh call adds nothing and extends nothing."
            return _rung("HELD", "Held", said, f"{held.normalize():f}", "0")
        working = any(
            o.request.symbol == symbol and o.request.side is Side.BUY for o in self._books.open_orders
        )
        return _rung("WORKING", "Working", f"A purchase of {symbol} is at work already.") if working else None

    def _sized(self, signal: Signal, leaning: Lean, last: float, stop: float, *, at_once: bool) -> Finding:
        instrument = self._instruments[signal.symbol]
        target = target_price(last, stop, REWARD)
        try:
            exits = instrument.price(stop, Side.SELL), instrument.price(target, Side.SELL)
        except ValueError:
            return _failed(_rung("STOP", "Stop", "The stop lies below the smallest price step."))
        asked = self._asked(signal, leaning, _buy(instrument.symbol, instrument.lot, exits))
        sizing = asked.sizing
        if sizing is None or not sizing.size > 0:
            return _failed(_too_small(asked, instrument.lot))
        request = _buy(instrument.symbol, sizing.size, exits)
        failed = [c for c in self._preview(request).failed if at_once or c.code not in WAITS]
        if failed:
            first = next((c for c in failed if c.code not in WAITS), failed[0])
            return _failed(_of(first), wait=first.code in WAITS)
        return Finding(request, None, wait=False, sentence=_said(signal, leaning, request, sizing))

    def _asked(self, signal: Signal, leaning: Lean, request: OrderRequest) -> Preview:
        """Ask what it is worth by this very signal; a call without an edge is only in practice worth a size."""
        if not leaning.practice:
            return self._gate.supposing(request, signal)
        opinion = Opinion(leaning.chance, signal.horizon, f"practice, {leaning.words}")
        return self._gate.supposing(request, opinion)


def protect(last: float, bars: Bars | None) -> Stop:
    """Where the stop of a purchase at ``last`` belongs, by the closed days before it."""
    known = 0 if bars is None else len(bars)
    if bars is None or known < _FEWEST:
        return Stop(None, None, "", f"{known} days have closed and {_FEWEST} are needed")
    shown = bars[-_WINDOW:]
    width = float(atr(shown.high, shown.low, shown.close)[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        moves = shown.close[1:] / shown.close[:-1] - 1.0
    sigma = float(ewma_volatility(moves)[-1]) * _DAYS**0.5
    return volatility_stop(last, last, width, sigma)


def usual_end(bar: str) -> datetime:
    """When the day of a bar is over; the session after it is the one in which its signal may be played."""
    return datetime.fromisoformat(bar).replace(tzinfo=UTC) + timedelta(days=1)


def _buy(symbol: str, units: Decimal, exits: tuple[Decimal, Decimal]) -> OrderRequest:
    stop, target = exits
    return OrderRequest(
        symbol, Side.BUY, OrderType.MARKET, units, take_profit_price=target, stop_loss_price=stop
    )


def _said(signal: Signal, leaning: Lean, request: OrderRequest, sizing: Sizing) -> str:
    words = "PRACTICE, no edge is shown: " if leaning.practice else ""
    return (
        f"{words}buy {request.quantity.normalize():f} {request.symbol} at the market; {leaning.words}; "
        f"size by {sizing.binding}; stop {request.stop_loss_price}, target {request.take_profit_price}; "
        f"left after {signal.horizon} bars."
    )


def _too_small(asked: Preview, lot: Decimal) -> Rung:
    sizing = asked.sizing
    if sizing is None:
        unknown = _rung("SIZE", "Size", "Without a known equity and price no size is known.")
        return _of(asked.failed[0]) if asked.failed else unknown
    note = sizing.note[:1].upper() + sizing.note[1:]
    return _rung("SIZE", "Size", f"{sizing.binding} leaves nothing. {note}".strip(), "0", f"{lot:f}")


def _of(check: Check) -> Rung:
    return _rung(check.code, check.label, check.sentence, check.value, check.limit)


def _rung(code: str, label: str, sentence: str, value: str = "", limit: str = "") -> Rung:
    return Rung(code, label, passed=False, sentence=sentence, value=value, limit=limit)


def _failed(rung: Rung, *, wait: bool = False) -> Finding:
    return Finding(None, rung, wait, rung.sentence)
