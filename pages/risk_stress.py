"""Stress and size, drawn: the book in bad times, and the steps from a signal to a size."""

import streamlit as st

from marketpulse.types import SizeStep, Sizing, Snapshot, StressLoss
from pages import parts, ticket
from pages.parts import Column

__all__ = ["size", "stress", "stress_after"]

_STRESS = (
    Column("Scenario"), Column("", "wide", "16%"), Column("P&L", "right"), Column("Of equity", "right"),
    Column("Own prices", "right wide"), Column("By beta", "wrap wide"),
)  # fmt: skip
_AFTER = (Column("Scenario"), Column("Now", "right"), Column("Then", "right"), Column("", "wide", "22%"))
_SIZE = (
    Column("Step"), Column("", "wrap wide"), Column("Allows", "right wide"), Column("Units", "right"),
    Column("Equity", "right"),
)  # fmt: skip


def stress(now: Snapshot) -> None:
    """The present book in each scenario."""
    parts.title("Stress", "this book, by the moves of those days")
    lines, equity = now.risk.stress, now.valuation.equity
    if not any(p.quantity for p in now.valuation.positions) or not lines:
        parts.html(parts.empty("Nothing is held", "With a position, bad times are tried on it here."))
        return
    worst = max((-(one.pnl or 0.0) for one in lines), default=0.0) or 1.0
    parts.html(parts.table(_STRESS, [_line(one, worst, equity) for one in lines]))
    about = {one.about: one.name for one in lines if one.about.startswith("assumed")}
    words = "By beta: no prices of that time are held, so the name moves with its index. "
    words += " ".join(f"{name} is {text}." for text, name in about.items())
    parts.html(parts.span(words, "muted", "small"))


def _line(one: StressLoss, worst: float, equity: float | None) -> tuple[object, ...]:
    if one.pnl is None:
        why = f"unknown: {', '.join(one.unknown)}"
        return (
            one.name,
            "",
            parts.span("unknown", "muted"),
            parts.DASH,
            parts.DASH,
            parts.span(why, "muted", "small"),
        )
    count = len(one.own) + len(one.mapped)
    named = ", ".join(one.mapped)
    return (
        one.name,
        parts.bar(max(0.0, -one.pnl) / worst, "muted"),
        parts.span(parts.number(one.pnl, 0), parts.tone(one.pnl)),
        parts.percent(one.pnl / equity if equity else None),
        f"{len(one.own)} of {count}",
        parts.span("all" if not one.own and count > 1 else named or parts.DASH, "muted", "small", hint=named),
    )


def stress_after(lines: tuple[StressLoss, ...], equity: float | None) -> None:
    """The scenarios with the order in, as shares of equity."""
    known = [one for one in lines if one.pnl is not None and one.after is not None]
    if not known or not equity:
        return
    parts.title("Stress with it in", "share of equity")
    worst = max(max(-(one.after or 0.0), -(one.pnl or 0.0)) for one in known) or 1.0
    rows = [
        (
            one.name,
            parts.percent((one.pnl or 0.0) / equity),
            parts.span(
                parts.percent((one.after or 0.0) / equity), parts.tone((one.after or 0.0) - (one.pnl or 0.0))
            ),
            parts.bar(max(0.0, -(one.after or 0.0)) / worst, "muted", max(0.0, -(one.pnl or 0.0)) / worst),
        )
        for one in sorted(known, key=lambda one: one.after or 0.0)[:4]
    ]
    parts.html(parts.table(_AFTER, rows))


def size(found: Sizing | None, wanted: str) -> None:
    """The steps from the signal to a size, and buttons that take one.

    Parameters
    ----------
    wanted : the quantity that stands in the ticket; a button that would change nothing is left out
    """
    if found is None or not found.steps:
        return
    parts.title("Size", f"bound by {found.binding}")
    rows = [_step(step) for step in found.steps]
    kinds = ["on" if step.binding else "" for step in found.steps]
    parts.html(parts.table(_SIZE, rows, row_kinds=kinds))
    parts.html(parts.span(_said(found), "muted", "small"))
    signal, most = f"{found.size.normalize():f}", f"{found.most.normalize():f}"
    with st.container(horizontal=True, gap="xsmall", key="sizes"):
        if found.size and signal != wanted:
            st.button(f"Use {signal}", key="use_size", on_click=ticket.set_quantity, args=(signal,))
        if found.most and most not in (wanted, signal):
            st.button(f"Largest allowed {most}", key="use_most", on_click=ticket.set_quantity, args=(most,))


def _said(found: Sizing) -> str:
    if found.size:
        return found.note
    most = (
        f"Your own view: the limits let {found.most.normalize():f} pass, bound by {found.bound}."
        if found.most
        else f"The limits let nothing pass: {found.bound}."
    )
    return f"{found.note} {most}"


def _step(step: SizeStep) -> tuple[object, ...]:
    return (
        step.name,
        parts.span(step.note, "muted", "small"),
        parts.DASH if step.cap is None else parts.number(step.cap, _places(step.cap)),
        parts.number(step.units, _places(step.units)),
        parts.percent(step.share),
    )


def _places(units: float) -> int:
    """Parts of a unit matter where there are few."""
    return 0 if units == 0 or units >= 100 else 1 if units >= 1 else 4  # noqa: PLR2004 - as above
