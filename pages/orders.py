"""Orders: the ticket with its live preview, what is under way, and the blotter."""

from collections.abc import Mapping

import streamlit as st

from marketpulse import desk
from marketpulse.types import Preview, Snapshot
from pages import blotter, parts, preview, proposals, review, safety, ticket, trust, working
from pages.order_form import LABELS, Form, number_or_none, size
from pages.parts import Column

LIFE = 1  # seconds between two looks at orders under way

TIMES = "\u00d7"  # between bid and ask

_FACTS = (Column(""), Column("", "right"))


@st.fragment(run_every=parts.REFRESH)
def ticket_and_preview() -> None:
    """Ticket and preview in one fragment, so that typing redraws nothing else."""
    left, right = st.columns([1, 2.55], gap="xsmall")
    now = desk.current().snapshot()
    ticket.fill_in(now)
    review.open_ticket()
    with left, parts.panel("ticket"):
        _head(now)
        ticket.draw(now)
        form = ticket.read()
        sized = size(form, now)
        raw = form.raw(sized.units)
        seen = desk.current().preview(raw) if sized.units else None
        _suggestions(form.symbol, now)
        parts.html(trust.doubt(form.symbol, now))
        parts.html(parts.table(_FACTS, _facts(form, sized.units, now)))
        _line(form.symbol, now)
        st.space("stretch")
        outcome = st.session_state.get("ticket_outcome")
        parts.html(review.tell(outcome, now) if outcome else "")
        ticket.draw_until(now)
        _last_row(form, raw, seen)
    with right, parts.panel("preview"):
        preview.draw(seen, sized.why, raw, now)
    review.keep_up()


def _head(now: Snapshot) -> None:
    """The panel's name and the last price of what is in the ticket."""
    symbol = ticket.read().symbol
    instrument, datum = now.instruments.get(symbol), now.market.get(symbol)
    if instrument is None or datum is None:
        parts.title("Ticket", "")
        return
    move = parts.span(parts.percent(datum.change, 2, plus=True), parts.tone(datum.change))
    about = parts.join(symbol, " ", parts.price(datum.quote.price, instrument), " ", move)
    parts.title("Ticket", about)


def _suggestions(symbol: str, now: Snapshot) -> None:
    """Names like the one that was typed, when the desk does not know it."""
    if not symbol or symbol in now.instruments:
        return
    close = ticket.nearest(symbol, now)
    parts.html(parts.span("Did you mean" if close else "No name on this desk is like it.", "muted", "small"))
    with st.container(horizontal=True, gap="xsmall"):
        for name in close:
            st.button(name, key=f"take_{name}", on_click=ticket.set_symbol, args=(name, now))


def _facts(form: Form, units: str, now: Snapshot) -> list[tuple[object, object]]:
    """What is known of the instrument and of our stake in it."""
    instrument, datum = now.instruments.get(form.symbol), now.market.get(form.symbol)
    if instrument is None or datum is None:
        return []
    quote = datum.quote
    rows: list[tuple[object, object]] = []
    if form.by_percent and units:
        rows.append(("Quantity", parts.join(parts.bold(units), parts.span(" floored to the lot", "muted"))))
    for name, label in LABELS.items():
        if name != "trail" and (wanted := number_or_none(form.price(name))):
            moved = float(wanted) / quote.price - 1
            words = label.removesuffix(" (optional)").removesuffix(" at")
            rows.append((f"{words} from last", parts.percent(moved, 2, plus=True)))
    if quote.bid is not None and quote.ask is not None:
        wide = f" {(quote.ask - quote.bid) / quote.mid * 1e4:.1f} bps"
        both = f"{parts.price(quote.bid, instrument)} {TIMES} {parts.price(quote.ask, instrument)}"
        rows.append((f"Bid {TIMES} ask", parts.join(both, parts.span(wide, "muted"))))
    plates = trust.plates(datum, instrument)
    about = parts.span(
        trust.basis(datum).removesuffix(", DISPUTED"), "muted", hint=trust.seen(datum, instrument)
    )
    rows.append(("Price from", parts.join(*plates, about, by=" ")))
    if instrument.currency != now.valuation.currency:
        same = f"1 {instrument.currency} counted as 1 {now.valuation.currency}"
        rows.append(("Currency", parts.span(same, "muted")))
    held = next((p for p in now.valuation.positions if p.symbol == form.symbol and p.quantity), None)
    at = f" at {parts.price(held.average_price, instrument)}" if held else ""
    rows.append(("Held", parts.join(parts.quantity(held.quantity if held else 0), parts.span(at, "muted"))))
    return [(parts.span(name, "muted"), value) for name, value in rows]


def _line(symbol: str, now: Snapshot) -> None:
    """The last closes as a line, to see at a glance what is bought or sold."""
    datum = now.market.get(symbol)
    if datum is None or not datum.spark:
        return
    kind = parts.tone(datum.spark[-1] - datum.spark[0])
    parts.html(
        parts.stack(parts.spark(datum.spark, kind, width=262, height=52), f"last {len(datum.spark)} days")
    )


def _last_row(form: Form, raw: Mapping[str, object], seen: Preview | None) -> None:
    """How long the order stays, and the way on."""
    ready = seen is not None and seen.ok
    label = (
        f"Review {form.side} {raw['quantity']} {form.symbol}" if ready else "Refused" if seen else "Review"
    )
    why = seen.failed[0].sentence if seen and not seen.ok else ""
    parts.html(parts.span(why, "narrow", "small", "down"))  # drawn empty too: nothing below it may shift
    with st.container(horizontal=True, gap="xsmall"):
        ticket.draw_validity()
        st.button(
            label,
            key="review",
            type="primary",
            width="stretch",
            disabled=not ready,
            on_click=review.ask,
        )


@st.fragment(run_every=LIFE)
def under_way() -> None:
    """Working orders, the last events and HALT; says it when an order of this session ends."""
    now = desk.current().snapshot()
    working.follow(now)
    with parts.panel("working"):
        working.working_orders(now)
        working.events(now)
        working.signal(now, ticket.read().symbol)
        st.space("stretch")
        safety.switches(now, "panel")
    review.keep_up()
    if not review.is_open():
        parts.show_said()  # a toast drawn by a fragment would take the place of an open dialog


@st.fragment(run_every=parts.REFRESH)
def history() -> None:
    """Every order so far."""
    with parts.panel("blotter", stretch=False):
        blotter.blotter(desk.current().snapshot())


@st.fragment(run_every=parts.REFRESH)
def phone_halt() -> None:
    """HALT at the phone's bottom edge."""
    safety.switches(desk.current().snapshot(), "phone")


def main() -> None:
    """Lay out the page."""
    ticket.adopt_query(desk.current().snapshot())
    review.begin()
    with parts.alone():
        proposals.answers()
    wide, right = st.columns([3.55, 1.3], gap="xsmall")
    with wide:
        ticket_and_preview()
    with right:
        under_way()
    with parts.alone():
        proposals.panel()
    with parts.alone():
        history()
    with st.bottom:
        phone_halt()
    review.show_when_open()


main()
