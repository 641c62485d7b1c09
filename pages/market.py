"""Market data: who gives prices and how well, what was not believed, one instrument in full, its book."""

import streamlit as st

from marketpulse import desk
from marketpulse.errors import Refused
from marketpulse.types import Book, Instrument, Side, Snapshot
from pages import book_panels, feed_panels, fields, live_panels, market_chart, parts, trust

WIDE, NARROW = 2.35, 1.0
LONGEST = 40  # characters of what is typed that are read


def chosen(now: Snapshot) -> Instrument:
    """The instrument at the right: the one last picked, before that the first with a book, or the first."""
    symbol = st.session_state.get("market_symbol") or next(iter(now.books), "")
    return now.instruments.get(symbol) or next(iter(now.instruments.values()))


def choose(symbol: str) -> None:
    """Show another instrument in full, and end the search."""
    st.session_state.market_symbol = symbol
    fields.put("market_search", "")


@st.fragment(run_every=parts.REFRESH)
def chart() -> None:
    """The chosen instrument's candles with classic indicators."""
    now = desk.current().snapshot()
    with parts.panel("market_chart", stretch=False):
        market_chart.draw(chosen(now), now)


@st.fragment(run_every=parts.REFRESH)
def providers() -> None:
    """The matrix, the two logs, what is foreseen and what is held."""
    now = desk.current().snapshot()
    with parts.panel("matrix", stretch=False):
        about = now.replay.banner if now.replay else "p50 / p95 in ms over a quarter of an hour"
        parts.title("Providers", about)
        parts.html(feed_panels.matrix(now))
        _again(now)
    left, right = st.columns([1.12, 1], gap="xsmall")
    with left, parts.panel("failover"):
        parts.title("Failover log", feed_panels.switches_about(now))
        parts.html(feed_panels.switches(now))
        parts.html(feed_panels.foresight(now))
    with right, parts.panel("quarantine"):
        parts.title("Quarantine", feed_panels.quarantine_about(now))
        parts.html(feed_panels.quarantine(now))
        parts.title("Coverage", "what the store holds, and what that saves")
        parts.html(feed_panels.coverage(now))


def _again(now: Snapshot) -> None:
    """A button for each provider that is not asked any more, for when its key or plan was mended."""
    shut = [p.name for p in now.providers if any(c.state == "isolated" for c in p.cells)]
    if shut:
        with st.container(horizontal=True, gap="xsmall"):
            for name in shut:
                st.button(f"Ask {name} again", key=f"again_{name}", on_click=_ask_again, args=(name,))


def _ask_again(name: str) -> None:
    try:
        desk.current().ask_again(name)
    except Refused as no:
        parts.say(no.sentence, "block")
    else:
        parts.say(f"{name} is asked again.", "refresh")


@st.fragment(run_every=parts.REFRESH)
def live() -> None:
    """Every instrument; a press on a row shows it in full."""
    now = desk.current().snapshot()
    with parts.panel("live", stretch=False):
        parts.title("Live now", f"what the desk would trade on \u00b7 {live_panels.doubts(now)}")
        table = live_panels.live_table(now, chosen(now).symbol)
        if parts.pick_table(table, list(now.instruments), "live_rows", choose, "All of"):
            st.rerun()  # the instrument is shown by another fragment


@st.fragment(run_every=parts.REFRESH)
def one() -> None:
    """The search, one instrument in full, and its order book."""
    now = desk.current().snapshot()
    with parts.panel("one", stretch=False):
        _search(now)
        _details(chosen(now), now)
    with parts.panel("book"):
        _book(chosen(now), now)


def _search(now: Snapshot) -> None:
    with st.container(horizontal=True, gap="xsmall"):
        st.text_input(
            "Search",
            fields.ready("market_search") or "",
            key="market_search",
            placeholder="Search a symbol or a name",
            label_visibility="collapsed",
            live=True,
            type="search",
            autocomplete="off",
        )
        fields.keep("market_search")
        instrument = chosen(now)
        if st.button("Order", key="market_order", disabled=not instrument.tradable):
            parts.ticket(instrument.symbol, Side.BUY)
    wanted = (fields.get("market_search") or "").strip()[:LONGEST]
    if not wanted:
        return
    said, table, symbols = live_panels.found(wanted, now)
    if said:
        parts.html(parts.span(said, "muted", "small"))
    if table is not None and parts.pick_table(table, symbols, "found_rows", choose, "Show"):
        st.rerun()  # the chart and the table are other fragments


def _details(instrument: Instrument, now: Snapshot) -> None:
    parts.title(instrument.symbol, instrument.name)
    datum = now.market.get(instrument.symbol)
    if datum and datum.disputed:
        parts.html(trust.doubt(instrument.symbol, now))
    parts.html(live_panels.details(instrument, now))
    if datum and datum.why:
        parts.html(parts.span(datum.why, "warn", "small"))
    heard = live_panels.witnesses(instrument, now)
    if heard is not None:
        parts.html(heard)
    parts.html(live_panels.headlines(instrument.symbol, now))


def _book(instrument: Instrument, now: Snapshot) -> None:
    books = tuple(book for book in now.books.get(instrument.symbol, ()) if book.bids and book.asks)
    if not books:
        parts.title("Order book", instrument.symbol)
        parts.html(book_panels.no_book(instrument, now))
        return
    book = _venue(books, instrument)
    made_up = " \u00b7 simulated" if book.source == "simulated" else ""
    about = f"{book.source} \u00b7 {parts.age(now.age(book.time))} old{made_up}"
    parts.title(f"Order book {instrument.symbol}", about)
    parts.html(book_panels.ladder(book, instrument))
    parts.html(book_panels.picture(book, instrument))
    key = f"market_size_{instrument.slug}"
    st.session_state.setdefault(key, book_panels.first_size(book))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.html(parts.span("Cost to trade at once, in units", "muted", "small"))
        size = st.text_input(
            "Size", key=key, live=True, autocomplete="off", width=120, label_visibility="collapsed"
        )
    parts.html(book_panels.cost(book, (size or "")[:LONGEST], instrument))


def _venue(books: tuple[Book, ...], instrument: Instrument) -> Book:
    """The book of the venue that was picked; the desk's own choice before that."""
    names = list(dict.fromkeys(book.source for book in books))
    if len(names) < 2:  # noqa: PLR2004 - one is no choice
        return books[0]
    key = f"market_venue_{instrument.slug}"
    if st.session_state.get(key) not in names:
        st.session_state[key] = names[0]
    picked = st.segmented_control("Venue", names, key=key, required=True, label_visibility="collapsed")
    return next((book for book in books if book.source == picked), books[0])


def main() -> None:
    """Lay out the page; each fragment keeps to its own box."""
    wide, narrow = st.columns([WIDE, NARROW], gap="xsmall")
    with wide:
        with parts.alone():
            chart()
        with parts.alone():
            providers()
        with parts.alone():
            live()
    with narrow:
        one()


main()
