"""Answers why: of the desk as it is by asking the preview, of a past moment by what the ledger holds."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np

from marketpulse.loop.decided import decided_then
from marketpulse.loop.equity import market_day
from marketpulse.loop.rooms import Rooms
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import read_alert, read_denial, read_halt, read_signal
from marketpulse.portfolio.desk_codec import read_halt_terms
from marketpulse.risk.changes import smallest_change
from marketpulse.risk.why import Edges, ladder
from marketpulse.types import Event, EventKind, Instrument, Interval, Preview, Signal
from marketpulse.types.why import Rung, Why

__all__ = ["why_now", "why_then"]

_BARS = 260
_FEWEST = 60
_LOOKBACK = timedelta(days=1)
_UNKEPT = "Prices, limits and orders of that moment are kept only where an order was refused; none was."


def why_now(
    rooms: Rooms,
    instrument: Instrument,
    signal: Signal | None,
    ask: Callable[[Mapping[str, object]], Preview],
    quantity: Decimal | None = None,
    *,
    approval: Rung | None = None,
) -> Why:
    """Pass a buy at the market through every gate.

    Parameters
    ----------
    ask : the desk's preview
    approval : what the desk itself has decided; None where it only suggests
    quantity : None: what the signal is worth, or the limits let through, or one lot
    """
    raw = {"symbol": instrument.symbol, "side": "buy", "type": "market"}
    units = quantity or _size(ask, raw, instrument)
    order = {**raw, "quantity": f"{units:f}"}
    preview = ask(order)
    cost = None
    if preview.notional and preview.fees is not None and preview.slippage is not None:
        cost = 2.0 * (preview.fees + preview.slippage) / preview.notional
    edges = Edges(cost, _move(rooms, instrument.symbol, 1 if signal is None else signal.horizon))
    return Why(
        symbol=instrument.symbol,
        time=rooms.clock.now(),
        past=False,
        asked=f"buy {units:f} {instrument.symbol} at the market",
        rungs=ladder(preview, signal, edges, approval),
        change=smallest_change(preview, order, instrument, rooms.books.open_orders, ask),
        note=_note(preview, signal),
    )


def _note(preview: Preview, signal: Signal | None) -> str:
    """What the sizing says, less the signal's own sentence, which has a rung of its own."""
    said = preview.sizing.note if preview.sizing else ""
    return said.replace(signal.sentence, "").strip() if signal is not None else said


def _size(
    ask: Callable[[Mapping[str, object]], Preview], raw: Mapping[str, object], instrument: Instrument
) -> Decimal:
    sizing = ask({**raw, "quantity": f"{instrument.lot:f}"}).sizing
    if sizing is None:
        return instrument.lot
    return sizing.size or sizing.most or instrument.lot


def _move(rooms: Rooms, symbol: str, horizon: int) -> float | None:
    """Mean absolute return over the horizon, of the last year's closed days."""
    close = rooms.market.history(symbol, Interval.DAY, _BARS).close[:-1]
    if horizon < 1 or len(close) < _FEWEST + horizon or not np.all(close > 0):
        return None
    return float(np.mean(np.abs(close[horizon:] / close[:-horizon] - 1.0)))


def why_then(rooms: Rooms, symbol: str, at: datetime) -> Why:
    """Say what the ledger holds of a moment: nothing is computed anew, and what is not kept is said."""
    moment = at.astimezone(UTC)
    events = tuple(event for event in rooms.ledger.read() if event.time <= moment)
    denials = [e for e in events if e.kind is EventKind.DENIED and e.payload.get("symbol") == symbol]
    last = denials[-1] if denials and moment - denials[-1].time <= _LOOKBACK else None
    refused = tuple(_refusals(last)) if last is not None else ()
    unkept = () if refused else (Rung("GATES", "Other gates", None, _UNKEPT),)
    return Why(
        symbol=symbol,
        time=moment,
        past=True,
        asked="" if last is None else f"the order refused at {last.time:%Y-%m-%d %H:%M:%S} UTC",
        rungs=(
            *decided_then(events, symbol, moment),
            Rung("DATA", "Data", None, "How fresh the price was then is not kept."),
            _signal_then(events, symbol),
            _trading_then(events),
            *_day_then(events, moment),
            *refused,
            *_books_then(rooms, events, symbol),
            *unkept,
        ),
        note=f"Told from the ledger's {len(events)} events up to then.",
    )


def _signal_then(events: tuple[Event, ...], symbol: str) -> Rung:
    newest = next((e for e in reversed(events) if e.kind is EventKind.SIGNAL and e.ref == symbol), None)
    if newest is None:
        return Rung("SIGNAL", "Signal", passed=False, sentence="No signal had been issued for it.")
    signal = read_signal(newest.payload)
    value = "abstains" if signal.probability is None else f"p {signal.probability:.1%}"
    base = "" if signal.base_rate is None else f"base {signal.base_rate:.1%}"
    passed = signal.probability is not None and signal.base_rate is not None
    up = passed and (signal.probability or 0.0) > (signal.base_rate or 0.0)
    sentence = f"Of the bar of {signal.bar}: {signal.edge.value.lower()}. {signal.sentence}"
    return Rung("SIGNAL", "Signal", up, sentence, value, base)


def _trading_then(events: tuple[Event, ...]) -> Rung:
    kinds = {EventKind.HALT, EventKind.RESUME}
    newest = next((e for e in reversed(events) if e.kind in kinds), None)
    if newest is None or newest.kind is EventKind.RESUME:
        return Rung("HALTED", "Trading", passed=True, sentence="Trading was not halted.")
    reducing, _ = read_halt_terms(newest.payload)
    word = "Only sales passed" if reducing else "Trading was halted"
    code = "REDUCING" if reducing else "HALTED"
    return Rung(code, "Trading", passed=False, sentence=f"{word}: {read_halt(newest.payload)}.")


def _day_then(events: tuple[Event, ...], moment: datetime) -> Iterator[Rung]:
    day = market_day(moment)
    for event in events:
        if event.kind is EventKind.ALERT and market_day(event.time) == day:
            said = read_alert(event.payload)
            if said.code == "DAILY_LOSS":
                yield Rung("DAILY_LOSS", "Day's loss", passed=False, sentence=said.sentence)


def _refusals(event: Event) -> Iterator[Rung]:
    for reason in read_denial(event.payload)[1]:
        label = reason.code.replace("_", " ").capitalize()
        yield Rung(
            reason.code,
            label,
            passed=False,
            sentence=reason.sentence,
            value=reason.value,
            limit=reason.limit,
        )


def _books_then(rooms: Rooms, events: tuple[Event, ...], symbol: str) -> Iterator[Rung]:
    books = Books.of(rooms.books.accounts, events, rooms.books.currency)
    held = f"{books.held(symbol).normalize():f}"
    yield Rung("HELD", "Held", None, f"The books held {held} {symbol} then.", held)
    cash = f"{books.cash:,.2f}"
    sentence = f"Cash in {books.currency} was {cash}, before what working buys held back."
    yield Rung("CASH", "Cash", None, sentence, cash)
