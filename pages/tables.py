"""What a Snapshot holds, as tables: key figures, watchlist, signals, positions."""

from collections.abc import Sequence

import numpy as np

from marketpulse.types import (
    Call,
    Edge,
    MarketDatum,
    PositionView,
    Signal,
    Snapshot,
    Valuation,
)
from pages import parts, trust
from pages.model_words import call_mark, edge_tag, edge_tone
from pages.parts import Column, Markup

__all__ = ["held", "key_figures", "positions", "signals", "watchlist"]

_SAMPLES = 60
_Tile = tuple[object, object, object, object]


# Key figures --------------------------------------------------------------------------------------------


def key_figures(now: Snapshot) -> Markup:
    """Six tiles, each number with what to read it against; a line only where there is a history."""
    book = now.valuation
    return parts.tiles(
        [_equity(book), _day(book), _open(book), _buying_power(book), _var(now), _drawdown(book)]
    )


def _equity(book: Valuation) -> _Tile:
    context = parts.span("a held instrument has no price", "warn")
    if book.equity is not None:
        start = float(book.deposits)
        context = _gain((book.equity - start) / start if start else None, "since the start")
    return "Equity", parts.money(book.equity), context, _line([value for _, value in book.curve])


def _day(book: Valuation) -> _Tile:
    before = None if book.equity is None or book.day_pnl is None else book.equity - book.day_pnl
    context = _gain(book.day_pnl / before if before and book.day_pnl is not None else None, "today")
    today = book.curve[-1][0].date() if book.curve else None
    line = _line([value for time, value in book.curve if time.date() == today])
    return "Day P&L", parts.money(book.day_pnl, plus=True), context, line


def _open(book: Valuation) -> _Tile:
    cost = sum(float(position.quantity * position.average_price) for position in book.positions)
    context: object = "nothing held"
    if cost and book.open_pnl is not None:
        context = _gain(book.open_pnl / cost, "on cost")
    return "Open P&L", parts.money(book.open_pnl, plus=True), context, ""


def _buying_power(book: Valuation) -> _Tile:
    reserved = float(book.cash) - book.buying_power
    context = f"{parts.money(reserved, 0)} reserved by orders" if reserved >= 1 else "all cash is free"
    return "Buying power", parts.money(book.buying_power), context, ""


def _var(now: Snapshot) -> _Tile:
    risk = now.risk
    name = "VaR 99%, 1 day"
    if risk.var is None:
        return name, "unknown", risk.var_note.removeprefix("unknown, "), ""
    context = (
        f"{parts.percent(risk.var_fraction, 2)} of equity · {risk.bars} days" if risk.var else risk.var_note
    )
    return name, parts.money(risk.var, 0), context, ""


def _drawdown(book: Valuation) -> _Tile:
    values = np.array([value for _, value in book.curve])
    depth = values / np.maximum.accumulate(values) - 1.0 if len(values) else values
    return (
        "Drawdown",
        parts.percent(-book.drawdown, 2),
        f"from {parts.money(book.peak, 0)}",
        _line(depth.tolist()),
    )


def _gain(fraction: float | None, than: str) -> Markup:
    return parts.join(parts.span(parts.percent(fraction, 2, plus=True), parts.tone(fraction)), " ", than)


def _line(values: Sequence[float]) -> Markup:
    """At most some sixty of the values, evenly taken, the last one among them; nothing if none moved."""
    if not values or min(values) == max(values):
        return Markup("")
    if len(values) > _SAMPLES:
        values = [values[i] for i in np.linspace(0, len(values) - 1, _SAMPLES).astype(int)]
    return parts.spark(values, parts.tone(values[-1] - values[0]), width=64, height=28)


# Market -------------------------------------------------------------------------------------------------


def watchlist(now: Snapshot, chosen: str) -> Markup:
    """Every instrument with its price; the row of ``chosen`` is lit."""
    columns = (
        Column("Symbol"),
        Column(_span_of(now), "wide"),
        Column("Last", "right"),
        Column("Day", "right"),
        Column("Source", "right", "30%"),
    )
    rows = [_watched(now, symbol) for symbol in now.instruments]
    return parts.table(
        columns, rows, row_kinds=["on" if symbol == chosen else "" for symbol in now.instruments]
    )


def _span_of(now: Snapshot) -> str:
    """How many closes the small lines hold."""
    longest = max((len(datum.spark) for datum in now.market.values()), default=0)
    return f"{longest} d" if longest else ""


def _watched(now: Snapshot, symbol: str) -> tuple[object, ...]:
    instrument, datum = now.instruments[symbol], now.market.get(symbol)
    name = parts.bold(symbol if instrument.tradable else instrument.name)
    if datum is None:
        return name, "", parts.span(parts.DASH, "muted"), "", parts.span("no price yet", "muted", "small")
    last = parts.price(datum.quote.price, instrument)
    change = parts.span(parts.percent(datum.change, 2, plus=True), parts.tone(datum.change))
    kind = parts.tone(datum.spark[-1] - datum.spark[0]) if datum.spark else "muted"
    return name, parts.spark(datum.spark, kind), _trust(last, datum), change, trust.origin(datum, instrument)


def _trust(text: str, datum: MarketDatum | None) -> Markup:
    """A price that may not be believed is grey; source, age and agreement are under the pointer."""
    kind = "muted" if datum is None or datum.stale or datum.disputed else ""
    return parts.span(text, kind, hint=trust.basis(datum))


def signals(now: Snapshot) -> Markup:
    """Each signal's probability beside its base rate (the tick), and what may be said of it."""
    columns = (
        Column("Symbol"),
        Column("", "", "24%"),
        Column("p", "right"),
        Column("Base", "right"),
        Column("", "right"),
    )
    rows = [_signal(signal) for signal in now.signals.values()]
    return parts.table(columns, rows)


def _signal(signal: Signal) -> tuple[object, ...]:
    edge = edge_tag(signal.edge, signal.sentence)
    base = parts.span(parts.percent(signal.base_rate), "muted")
    if signal.probability is None:
        silent = parts.tag("abstains", hint=signal.sentence)
        return parts.bold(signal.symbol), "", parts.span(parts.DASH, "muted"), base, silent
    if signal.call is not Call.NONE:
        edge = parts.join(call_mark(signal.call), edge, by=" ")
    kind: parts.Tone = "muted" if signal.edge is Edge.NONE else edge_tone(signal.edge)
    picture = parts.bar(_zoom(signal.probability), kind, _zoom(signal.base_rate))
    return parts.bold(signal.symbol), picture, parts.bold(parts.percent(signal.probability)), base, edge


def _zoom(probability: float | None) -> float | None:
    """Where a probability lies between 30 % and 80 %, since none comes near 0 or 1."""
    return None if probability is None else (probability - 0.3) / 0.5


# Book ---------------------------------------------------------------------------------------------------


def positions(now: Snapshot) -> Markup:
    """What is held, largest first."""
    columns = (
        Column("Symbol"),
        Column(_span_of(now), "wide"),
        Column("Qty", "right"),
        Column("Average", "right wide"),
        Column("Last", "right"),
        Column("Price from", "wide"),
        Column("Day", "right wide"),
        Column("Open P&L", "right"),
        Column("Return", "right wide"),
        Column("Weight", "right wide", "15%"),
    )
    return parts.table(columns, [_position(now, position) for position in held(now)])


def held(now: Snapshot) -> list[PositionView]:
    """Positions with units, largest first."""
    units = [position for position in now.valuation.positions if position.quantity]
    return sorted(units, key=lambda position: -(position.value or 0.0))


def _position(now: Snapshot, position: PositionView) -> tuple[object, ...]:
    instrument, datum = now.instruments.get(position.symbol), now.market.get(position.symbol)
    spent = float(position.quantity * position.average_price)
    gain = position.unrealized / spent if position.unrealized is not None and spent else None
    name = parts.bold(position.symbol)
    marks = trust.plates(datum, instrument) if datum else []
    if position.stale and not (datum and datum.stale):
        marks = [parts.tag("STALE", "warn"), *marks]
    return (
        parts.join(name, *marks, parts.span(_from(datum), "narrow", "small", "muted"), by=" "),
        parts.spark(datum.spark, parts.tone(datum.spark[-1] - datum.spark[0]))
        if datum and datum.spark
        else "",
        parts.quantity(position.quantity),
        parts.price(position.average_price, instrument),
        _trust(parts.price(position.last, instrument), datum),
        parts.span(_from(datum), "muted", "small"),
        _signed(position.day_pnl),
        _signed(position.unrealized),
        parts.span(parts.percent(gain, 2, plus=True), parts.tone(gain)),
        parts.weight(position.weight, full=0.25),
    )


def _from(datum: MarketDatum | None) -> str:
    """What the mark rests on, without the plates that stand at the symbol."""
    if datum is None:
        return "no price yet"
    words = [datum.quote.source, parts.age(datum.age)]
    return " ".join(words if datum.disputed else [*words, f"\u00b7 {trust.agreement_words(datum)}"])


def _signed(amount: float | None) -> Markup:
    return parts.span(parts.number(amount, plus=True), parts.tone(amount))
