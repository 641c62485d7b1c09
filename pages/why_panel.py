"""Why and why not: the ladder of gates of one instrument, now or at a moment before."""

from datetime import UTC, datetime

import streamlit as st

from marketpulse import desk
from marketpulse.errors import MarketPulseError, Refused
from marketpulse.types import Rung, Why
from pages import parts
from pages.parts import Column, Markup

__all__ = ["draw"]

_COLUMNS = (
    Column("Gate", "wide"),
    Column("", "wrap"),
    Column("Value", "right"),
    Column("Limit", "right"),
)


def draw(symbol: str) -> None:
    """Draw the panel; the moment is a field of it, empty for now."""
    parts.title(f"Would {symbol} be bought?", "every gate, in the order in which it is asked")
    typed = st.text_input(
        "At a moment before, in UTC",
        key="why_at",
        placeholder="2012-06-05 16:00 (empty: now)",
        autocomplete="off",
    )
    try:
        why = desk.current().why(symbol, _moment(typed))
    except ValueError:
        parts.html(parts.note("Write the moment as 2012-06-05 16:00.", "warn"))
    except Refused as no:
        parts.html(parts.note(no.sentence, "warn"))
    except MarketPulseError as fault:
        parts.html(parts.note(fault, "down"))
    else:
        parts.html(parts.join(_answer(why), _ladder(why)))


def _moment(typed: str | None) -> datetime | None:
    text = (typed or "").strip()
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _answer(why: Why) -> Markup:
    """The first gate that fails, and the smallest change that would pass."""
    first = why.first
    asked = f"Asked: {why.asked}. " if why.asked else ""
    if first is None:
        said = "Nothing that is known speaks against it." if why.past else "Every gate that is known passes."
        return parts.note(parts.join(parts.bold(said), " ", asked, why.note))
    change = ""
    if why.change is not None:
        change = f"With {why.change.words} {why.change.text} the order itself would pass. "
    lead = parts.bold(f"{first.label}: ", "down")
    return parts.note(parts.join(lead, first.sentence, " ", asked, change, why.note), "warn")


def _ladder(why: Why) -> Markup:
    rows = [_row(rung) for rung in why.rungs]
    kinds = ["bad" if rung is why.first else "" for rung in why.rungs]
    return parts.table(_COLUMNS, rows, row_kinds=kinds)


def _row(rung: Rung) -> tuple[object, ...]:
    mark, kind = {True: ("✓", "muted"), False: ("✕", "down"), None: ("?", "muted")}[rung.passed]
    name = parts.join(parts.span(mark, kind, "mark"), rung.label)
    sentence = parts.join(parts.span(name, "narrow", "gate"), parts.span(rung.sentence, "muted", "small"))
    return name, sentence, parts.span(rung.value, kind), parts.span(rung.limit, "muted")
