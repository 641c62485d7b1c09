"""Import a broker's statement: what it would do is shown first, and only that is booked."""

import streamlit as st

from marketpulse import desk
from marketpulse.errors import MarketPulseError, Refused
from marketpulse.types import RefusedRow, Statement, StatementRow
from pages import parts
from pages.parts import Column

__all__ = ["draw"]

SHOWN = 20
_LARGEST = 2_000_000
_NEW = (
    Column("Line", "right"),
    Column("Time", "wide"),
    Column("Trade", "wrap"),
    Column("Price", "right"),
    Column("Fee", "right wide"),
)
_LINES = (Column("Line", "right"), Column("Not booked", "wrap"))
_SUMS = (Column("Changes"), Column("", "right"))
_HOW = (
    "A CSV of trades made elsewhere: Alpaca's, Binance's or Kite's own export, this desk's, or one with the columns "
    "time, symbol, side, quantity, price, fee, currency and id."
)


def draw() -> None:
    """Draw the file field, what the file would do, and the button that books it."""
    parts.title("Import a statement", "shown first, then booked")
    accounts = [view.account for view in desk.current().snapshot().accounts]
    if not accounts:
        parts.html(parts.span("No account is known yet.", "muted"))
        return
    account = st.selectbox("Account", accounts, key="statement_account") if len(accounts) > 1 else accounts[0]
    given = st.file_uploader("Statement (CSV)", type="csv", key="statement_file", help=_HOW)
    if given is None:
        parts.html(parts.span(_HOW, "muted", "small"))
        return
    raw = given.getvalue()
    if len(raw) > _LARGEST:
        parts.html(parts.note("The file is larger than 2 MB; split it by year.", "down"))
        return
    found = _ask(raw.decode("utf-8", "replace"), account)
    if found is not None:
        _show(found, raw.decode("utf-8", "replace"))


def _ask(text: str, account: str) -> Statement | None:
    try:
        return desk.current().statement(text, account)
    except Refused as no:
        parts.html(parts.note(no.sentence, "down"))
    except MarketPulseError as fault:
        parts.html(parts.note(f"It could not be read: {fault}", "down"))
    return None


def _show(found: Statement, text: str) -> None:
    said = (
        f"{len(found.rows)} new, {len(found.duplicates)} booked already, {len(found.refused)} not understood"
    )
    parts.html(parts.join(parts.bold(said), parts.span(f" · read as {found.kind}", "muted")))
    for note in found.notes:
        parts.html(parts.span(note, "warn", "small", "block"))
    if found.rows:
        parts.html(parts.table(_NEW, [_row(row) for row in found.rows[:SHOWN]]))
        sums = [(name, f"{number:+f}") for name, number in {**found.units, **found.cash}.items()]
        parts.html(parts.table(_SUMS, sums))
    lines = [*found.refused, *found.duplicates]
    if lines:
        parts.html(parts.table(_LINES, [_line(line) for line in lines[:SHOWN]]))
    hidden = max(0, len(found.rows) - SHOWN) + max(0, len(lines) - SHOWN)
    if hidden:
        parts.html(parts.span(f"{hidden} more lines are not shown here.", "muted", "small"))
    if found.hash:
        st.button(
            f"Book {_many(found)}",
            key="statement_book",
            type="primary",
            on_click=_book,
            args=(text, found),
        )


def _row(row: StatementRow) -> tuple[object, ...]:
    trade = parts.join(parts.side(row.side), " ", parts.quantity(row.quantity), " ", parts.bold(row.symbol))
    return (
        str(row.line),
        parts.span(parts.eastern(row.time, "%Y-%m-%d %H:%M"), "muted"),
        trade,
        f"{row.price:f} {row.currency}",
        f"{row.fee:f} {row.fee_currency}" if row.fee else parts.DASH,
    )


def _line(line: RefusedRow) -> tuple[object, ...]:
    return str(line.line), parts.span(line.sentence, "muted", "small")


def _book(text: str, found: Statement) -> None:
    """Book exactly what was shown (a callback)."""
    try:
        done = desk.current().statement(text, found.account, found.hash)
    except Refused as no:
        parts.say(f"Nothing was booked: {no.sentence}", "block")
    except MarketPulseError as fault:
        parts.say(f"Nothing was booked: {fault}", "error")
    else:
        parts.say(f"Booked {_many(done)}.", "check_circle")


def _many(found: Statement) -> str:
    return f"{len(found.rows)} {'trade' if len(found.rows) == 1 else 'trades'}"
