"""The ticket's fields: what a person types, and what the desk puts there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import streamlit as st

from marketpulse import types
from marketpulse.types import Instrument, OrderType, Side, Snapshot, TimeInForce
from pages.fields import get, keep, put, ready
from pages.order_form import (
    AT_ONCE,
    LABELS,
    NEEDED,
    Form,
    exits,
    first_prices,
    size,
    until,
)

__all__ = [
    "adopt_query",
    "draw",
    "draw_until",
    "draw_validity",
    "fill_in",
    "nearest",
    "read",
    "set_price",
    "set_quantity",
    "set_symbol",
    "typed",
]

STARTING_SHARE = 0.05
"""Fraction of equity a fresh ticket proposes, so that the preview has something to show."""

_LONGEST = 64
_PERCENT = "% of equity"
_QUANTITY = "Quantity"
_MORE = "more"
_FIRST = (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP)
_REST = tuple(kind for kind in OrderType if kind not in _FIRST)
_VALID = {
    TimeInForce.DAY: "Day",
    TimeInForce.GTC: "GTC",
    TimeInForce.IOC: "IOC",
    TimeInForce.FOK: "FOK",
    TimeInForce.GTD: "Until",
}
_WEEK = timedelta(days=7)
_FARTHEST = timedelta(days=365)


def nearest(typed: str, snapshot: Snapshot) -> list[str]:
    """Up to three symbols whose symbol or name looks like what was typed."""
    return [instrument.symbol for instrument in types.nearest(typed, _tradable(snapshot))]


def adopt_query(snapshot: Snapshot) -> None:
    """Fill the ticket from ``?symbol=AAPL&side=buy``, once; the address is clean afterwards."""
    symbol, side = st.query_params.get("symbol"), st.query_params.get("side")
    if symbol is None and side is None:
        return
    fill_in(snapshot)
    if side in (Side.BUY.value, Side.SELL.value):
        put("ticket_side", Side(side))
    if symbol is not None:
        set_symbol(_known(symbol, snapshot) or symbol, snapshot)
    st.session_state.pop("ticket_pending", None)  # a review left open was of another order
    st.query_params.clear()


def _kind() -> OrderType:
    chosen = get("ticket_type")
    return OrderType(get("ticket_more") if chosen == _MORE else chosen)


def _names(side: Side, kind: OrderType) -> tuple[str, ...]:
    """The price fields in use, the exits only while they are switched on."""
    return NEEDED[kind] + (exits(side, kind) if get("ticket_exits") else ())


def read() -> Form:
    """What stands in the ticket now."""
    by_percent = get("ticket_size_by") == _PERCENT
    side, kind, symbol = Side(get("ticket_side")), _kind(), _text("ticket_symbol")
    force, day = TimeInForce(get("ticket_tif")), get("ticket_until")
    if force in AT_ONCE and kind not in {OrderType.MARKET, OrderType.LIMIT}:
        force = TimeInForce.DAY
    instruments: dict[str, Instrument] = st.session_state.get("ticket_instruments", {})
    flags = set()
    if kind is OrderType.LIMIT and force not in AT_ONCE and get("ticket_post_only"):
        flags.add("post_only")
    if side is Side.SELL and get("ticket_reduce_only"):
        flags.add("reduce_only")
    return Form(
        symbol=symbol,
        side=side,
        type=kind,
        by_percent=by_percent,
        amount=_text("ticket_percent" if by_percent else "ticket_quantity"),
        prices=tuple((name, _text(f"ticket_{name}")) for name in _names(side, kind)),
        time_in_force=force,
        good_till=until(day, instruments.get(symbol)) if force is TimeInForce.GTD and day else "",
        flags=frozenset(flags),
    )


def _text(name: str) -> str:
    return str(get(name) or "").strip()[:_LONGEST]


def typed() -> Form:
    """What a person put into the ticket; quantity and prices still as proposed count as nothing typed.

    The proposals move with the market, so two tabs with the same ticket open may hold different ones.
    """
    form, state = read(), st.session_state
    proposed = not form.by_percent and form.amount == state.get("ticket_proposed_quantity")
    offered = state.get("ticket_proposed_prices", {})
    prices = tuple((name, "" if text == offered.get(name) else text) for name, text in form.prices)
    return replace(form, amount="" if proposed else form.amount, prices=prices)


def fill_in(snapshot: Snapshot) -> None:
    """Give every field a value, once, before its widget is drawn for the first time."""
    st.session_state.ticket_instruments = snapshot.instruments
    if get("ticket_symbol") is not None:
        return
    put("ticket_side", Side.BUY)
    put("ticket_type", OrderType.MARKET)
    put("ticket_more", _REST[0])
    put("ticket_size_by", _QUANTITY)
    put("ticket_percent", f"{STARTING_SHARE:.0%}".rstrip("%"))
    put("ticket_tif", TimeInForce.DAY)
    put("ticket_until", (snapshot.time + _WEEK).date())
    for name in ("ticket_exits", "ticket_post_only", "ticket_reduce_only"):
        put(name, value=False)
    set_symbol(next((instrument.symbol for instrument in _tradable(snapshot)), ""), snapshot)


def set_symbol(symbol: str, snapshot: Snapshot) -> None:
    """Take another instrument into the ticket (a callback)."""
    put("ticket_symbol", symbol)
    units = _units_for(symbol, snapshot)
    text = st.session_state.ticket_proposed_quantity = units
    put("ticket_quantity", text)
    _propose_prices(snapshot)


def set_quantity(units: str) -> None:
    """Put a quantity into the ticket (a callback)."""
    put("ticket_size_by", _QUANTITY)
    put("ticket_quantity", units)


def set_price(name: str, text: str) -> None:
    """Put one price into the ticket, by the name it has in an order (a callback)."""
    if name in {"trail_percent", "trail_amount"}:
        put("ticket_trail", f"{text}%" if name == "trail_percent" else text)
    else:
        put(f"ticket_{name}", text)


def draw(snapshot: Snapshot) -> None:
    """Draw the fields, in the order in which Tab walks through them."""
    _symbol(snapshot)
    changed: dict[str, Any] = {"on_change": _propose_prices, "args": (snapshot,)}
    _choice("Side", list(Side), "ticket_side", on_change=_side_changed, args=(snapshot,))
    _choice("Type", [*_FIRST, _MORE], "ticket_type", **changed)
    if get("ticket_type") == _MORE:
        _select("Kind of order", _REST, "ticket_more", lambda kind: kind.words.capitalize(), **changed)
    _choice("Size by", [_QUANTITY, _PERCENT], "ticket_size_by")
    form = read()
    with st.grid(2 if NEEDED[form.type] else 1, min_column_width=110, gap="xsmall"):
        if form.by_percent:
            _field(_PERCENT, "ticket_percent")
        else:
            _field("Quantity", "ticket_quantity")
        for name in NEEDED[form.type]:
            _field(LABELS[name], f"ticket_{name}")
    _conditions(form)


def _conditions(form: Form) -> None:
    """Draw what only some orders have: exits, post only, reduce only."""
    possible = exits(form.side, form.type)
    with st.container(horizontal=True, gap="small"):
        if possible:
            said = "Exits" if form.side is Side.BUY else "Target too"
            _switch(said, "ticket_exits", _EXITS if form.side is Side.BUY else _OTHER_SIDE)
        if form.type is OrderType.LIMIT and form.time_in_force not in AT_ONCE:
            _switch("Post only", "ticket_post_only", "Given up rather than take what rests at its price.")
        if form.side is Side.SELL:
            _switch("Reduce only", "ticket_reduce_only", "Refused where it would sell more than is held.")
    if possible and get("ticket_exits"):
        with st.grid(2, min_column_width=110, gap="xsmall"):
            for name in possible:
                _field(LABELS[name], f"ticket_{name}")


_EXITS = (
    "The desk guards what has filled: a stop rests at the venue; once the target is reached, "
    "a limit order takes its place."
)
_OTHER_SIDE = (
    "Once the target is reached, the stop is canceled and a limit order sells there: one cancels the other."
)


def draw_validity() -> None:
    """Draw how long the order stays."""
    at_once = _kind() in {OrderType.MARKET, OrderType.LIMIT}
    offered = [force for force in _VALID if at_once or force not in AT_ONCE]
    chosen = ready("ticket_tif")
    st.selectbox(
        "Valid",
        offered,
        index=offered.index(chosen) if chosen in offered else 0,
        format_func=lambda value: _VALID[value],
        key="ticket_tif",
        label_visibility="collapsed",
        width=84,
    )
    keep("ticket_tif")


def draw_until(snapshot: Snapshot) -> None:
    """Draw the last day of an order that is good till a day."""
    if get("ticket_tif") is not TimeInForce.GTD:
        return
    today = snapshot.time.date()
    day = ready("ticket_until")
    st.date_input(
        "Good until the end of",
        value=min(max(day, today), today + _FARTHEST),
        min_value=today,
        max_value=today + _FARTHEST,
        key="ticket_until",
    )
    keep("ticket_until")


def _symbol(snapshot: Snapshot) -> None:
    names = {i.symbol: f"{i.symbol} · {i.name}" for i in _tradable(snapshot)}
    symbols, now = list(names), ready("ticket_symbol")
    st.selectbox(
        "Symbol",
        symbols,
        index=symbols.index(now) if now in names else None,
        format_func=lambda symbol: names.get(symbol, symbol),
        key="ticket_symbol",
        accept_new_options=True,
        label_visibility="collapsed",
        on_change=_symbol_changed,
        args=(snapshot,),
    )
    keep("ticket_symbol")


def _choice(label: str, options: Sequence[str], name: str, **on: Any) -> None:
    """One of a few, as wide as the ticket; choosing the chosen one again keeps it."""
    st.segmented_control(
        label,
        options,
        default=ready(name),
        format_func=lambda option: option if option in (_QUANTITY, _PERCENT) else option.capitalize(),
        key=name,
        required=True,
        width="stretch",
        label_visibility="collapsed",
        **on,
    )
    keep(name)


def _select(label: str, options: Sequence[Any], name: str, words: Any, **on: Any) -> None:
    st.selectbox(
        label,
        options,
        index=list(options).index(ready(name)),
        format_func=words,
        key=name,
        label_visibility="collapsed",
        **on,
    )
    keep(name)


def _switch(label: str, name: str, hint: str) -> None:
    st.toggle(label, value=bool(ready(name)), key=name, help=hint)
    keep(name)


def _field(label: str, name: str) -> None:
    """A number as text: exact as typed, and sent while typing."""
    st.text_input(label, ready(name), key=name, live=True, autocomplete="off")
    keep(name)


def _symbol_changed(snapshot: Snapshot) -> None:
    symbol = _known(_text("ticket_symbol"), snapshot)
    if symbol:
        set_symbol(symbol, snapshot)


def _side_changed(snapshot: Snapshot) -> None:
    """Turn the proposals round, and leave what was typed (a callback)."""
    before = st.session_state.get("ticket_proposed_prices", {})
    own = {name: text for name in LABELS if (text := _text(f"ticket_{name}")) != before.get(name, "")}
    _propose_prices(snapshot)
    for name, text in own.items():
        put(f"ticket_{name}", text)


def _propose_prices(snapshot: Snapshot) -> None:
    """Fill the price fields of the chosen kind, its exits too (a callback)."""
    symbol = _text("ticket_symbol")
    instrument, datum = snapshot.instruments.get(symbol), snapshot.market.get(symbol)
    offered: dict[str, str] = {}
    if instrument is not None and datum is not None and datum.quote.price > 0:
        offered = first_prices(Side(get("ticket_side")), _kind(), instrument, datum.quote.price)
    st.session_state.ticket_proposed_prices = offered
    for name in LABELS:
        put(f"ticket_{name}", offered.get(name, ""))


def _tradable(snapshot: Snapshot) -> list[Instrument]:
    return [instrument for instrument in snapshot.instruments.values() if instrument.tradable]


def _known(typed: str, snapshot: Snapshot) -> str | None:
    """The instrument meant by ``aapl``, ``btc-usdt``, ``BTC`` or ``Apple Inc.``; never a guess."""
    wanted = typed.strip().casefold()
    for instrument in _tradable(snapshot):
        names = (instrument.symbol, instrument.slug, instrument.symbol.split("/")[0], instrument.name)
        if wanted in {name.casefold() for name in names}:
            return instrument.symbol
    return None


def _units_for(symbol: str, snapshot: Snapshot) -> str:
    """Units of the share of equity that a fresh ticket proposes; empty where that cannot be told."""
    form = Form(symbol, Side.BUY, OrderType.MARKET, by_percent=True, amount=f"{STARTING_SHARE * 100:g}")
    return size(form, snapshot).units if symbol in snapshot.instruments else ""
