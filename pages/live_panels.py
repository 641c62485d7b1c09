"""Prices on the market page: every instrument in one table, the search, and one instrument in full."""

from collections.abc import Iterator

from marketpulse.types import (
    Headline,
    Instrument,
    MarketDatum,
    SessionState,
    Snapshot,
    Witness,
    matching,
    nearest,
)
from pages import parts, trust
from pages.parts import Column, Markup

__all__ = ["details", "doubts", "found", "headlines", "live_table", "spread_points", "witnesses"]

TIMES = "\u00d7"  # between bid and ask

_LIVE = (
    Column("Symbol"), Column("Last", "right"), Column("Day", "right"), Column("Bid", "right wide"), Column("Ask", "right wide"),
    Column("Spread bps", "right wide"), Column("Source"), Column("Age", "right"), Column("Agree"), Column("Session", "wide"),
)  # fmt: skip
_FOUND = (Column("Symbol"), Column("Name", "wrap"), Column("Last", "right"))
_WITNESSES = (
    Column("Source"),
    Column("Price", "right"),
    Column("Age", "right"),
    Column("Difference", "right"),
    Column("Agrees up to", "right wide"),
)


def spread_points(datum: MarketDatum) -> float | None:
    """Ask minus bid in basis points of the middle; None without both."""
    quote = datum.quote
    if quote.bid is None or quote.ask is None or not quote.mid > 0:
        return None
    return (quote.ask - quote.bid) / quote.mid * 1e4


def live_table(now: Snapshot, chosen: str) -> Markup:
    """Every instrument with all that is needed to believe its price or not."""
    rows = [_row(instrument, now.market.get(symbol)) for symbol, instrument in now.instruments.items()]
    return parts.table(
        _LIVE, rows, row_kinds=["on" if symbol == chosen else "" for symbol in now.instruments]
    )


def _row(instrument: Instrument, datum: MarketDatum | None) -> tuple[object, ...]:
    name = parts.bold(instrument.symbol)
    if datum is None:
        waiting = parts.span("no price yet", "muted", "small")
        return name, parts.span(parts.DASH, "muted"), "", "", "", "", waiting, "", "", ""
    quote = datum.quote
    doubted = "muted" if datum.stale or datum.disputed else ""
    made_up = parts.tag("simulated", "", trust.SIMULATED) if datum.simulated else parts.esc(quote.source)
    return (
        name,
        parts.span(parts.price(quote.price, instrument), doubted),
        parts.span(parts.percent(datum.change, 2, plus=True), parts.tone(datum.change)),
        parts.price(quote.bid, instrument),
        parts.price(quote.ask, instrument),
        parts.number(spread_points(datum)),
        made_up,
        parts.span(parts.age(datum.age), "warn" if datum.stale else "muted", hint=datum.why),
        parts.join(
            trust.agreement(datum, instrument), parts.span(_session(datum), "narrow") if datum.stale else ""
        ),
        _session(datum),
    )


def _session(datum: MarketDatum) -> Markup:
    if datum.stale:
        return parts.tag("STALE", "warn", datum.why)
    return parts.span(datum.session.value, "muted")


def doubts(now: Snapshot) -> str:
    """How many are shown, and how many of them may not be believed."""
    stale = sum(1 for datum in now.market.values() if datum.stale)
    disputed = sum(1 for datum in now.market.values() if datum.disputed)
    words = [f"{len(now.instruments)} symbols", *_counted(stale, "stale"), *_counted(disputed, "disputed")]
    return " \u00b7 ".join(words)


def _counted(number: int, word: str) -> list[str]:
    return [f"{number} {word}"] if number else []


def found(text: str, now: Snapshot) -> tuple[str, Markup | None, list[str]]:
    """What the search says: a sentence, a table of instruments, and the symbols of its rows."""
    known = list(now.instruments.values())
    fits = matching(text, known, most=6)
    near = [] if fits else nearest(text, known)
    if not fits and not near:
        return "No symbol or name here is like it. Add it to the watchlist to have it.", None, []
    rows = [_hit(instrument, now.market.get(instrument.symbol)) for instrument in fits or near]
    head = "" if fits else "Nothing fits. Did you mean"
    return head, parts.table(_FOUND, rows), [instrument.symbol for instrument in fits or near]


def _hit(instrument: Instrument, datum: MarketDatum | None) -> tuple[object, ...]:
    last = parts.price(datum.quote.price, instrument) if datum else parts.DASH
    told = parts.span(last, hint=trust.basis(datum))
    return parts.bold(instrument.symbol), parts.span(instrument.name, "muted"), told


def details(instrument: Instrument, now: Snapshot) -> Markup:
    """One instrument's price with its source, age, agreement, day and session."""
    datum = now.market.get(instrument.symbol)
    if datum is None:
        return parts.empty(
            "No price yet", "The desk asks for it; the reason stands in the strip when nobody answers."
        )
    return parts.kv(_facts(instrument, datum), 2)


def _facts(instrument: Instrument, datum: MarketDatum) -> Iterator[tuple[object, object, object]]:
    quote = datum.quote
    change = parts.span(parts.percent(datum.change, 2, plus=True), parts.tone(datum.change))
    yield "Last", parts.price(quote.price, instrument), parts.join(change, f" {instrument.currency}")
    both = f"{parts.price(quote.bid, instrument)} {TIMES} {parts.price(quote.ask, instrument)}"
    wide = spread_points(datum)
    yield f"Bid {TIMES} ask", both, f"{parts.number(wide)} bps" if wide is not None else ""
    old = parts.span(f"{parts.age(datum.age)} old", "warn" if datum.stale else "muted")
    yield "Source", quote.source, parts.join(old, *_plates(datum), by=" ")
    yield "Agreement", trust.agreement(datum, instrument), "" if datum.witnesses else "no second source"
    closed = datum.session is SessionState.CLOSED
    yield "Session", datum.session.value, "its last price stands" if closed and not datum.stale else ""
    told = f"volume {parts.number(quote.volume, 0)}" if quote.volume is not None else ""
    span = f"{parts.price(quote.low, instrument)} to {parts.price(quote.high, instrument)}"
    known = quote.low is not None and quote.high is not None
    yield "Day", span if known else parts.DASH, told or "range and volume are not told"


def _plates(datum: MarketDatum) -> list[Markup]:
    stale = [parts.tag("STALE", "warn", datum.why)] if datum.stale else []
    return [*stale, parts.tag("simulated", "", trust.SIMULATED)] if datum.simulated else stale


def witnesses(instrument: Instrument, now: Snapshot) -> Markup | None:
    """What the other sources last said; None when nobody did."""
    datum = now.market.get(instrument.symbol)
    if datum is None or not datum.witnesses:
        return None
    rows = [_witness(one, instrument, now) for one in datum.witnesses]
    return parts.table(_WITNESSES, rows)


def _witness(one: Witness, instrument: Instrument, now: Snapshot) -> tuple[object, ...]:
    close = abs(one.difference) <= one.tolerance
    return (
        one.source,
        parts.price(one.price, instrument),
        parts.age(now.age(one.time)),
        parts.span(parts.percent(one.difference, 2, plus=True), "" if close else "warn"),
        parts.span(parts.percent(one.tolerance, 2), "muted"),
    )


def headlines(symbol: str, now: Snapshot, most: int = 5) -> Markup:
    """What was written of it; a provider's words are text, its address opens a tab of its own."""
    news = now.headlines.get(symbol, ())[:most]
    if not news:
        offered = any(cell.capability == "news" for health in now.providers for cell in health.cells)
        words = "Nothing was written lately." if offered else _how_to_get_news(now)
        return parts.span(words, "muted", "small")
    return parts.join(*(_headline(one, now) for one in news))


def _headline(one: Headline, now: Snapshot) -> Markup:
    told = f"{one.publisher or one.source} \u00b7 {parts.age(now.age(one.time))}"
    return parts.span(parts.stack(parts.link(one.title, one.url), told), "block", "news")


def _how_to_get_news(now: Snapshot) -> str:
    if now.replay:
        return "The tape carries no news."
    return "No provider of news is set. Set FINNHUB_API_KEY in .env to add Finnhub."
