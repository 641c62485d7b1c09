"""The ticket: what a person types, and the raw order it stands for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import streamlit as st

from marketpulse import types
from marketpulse.types import Instrument, OrderType, Side, Snapshot, TimeInForce
from pages.fields import get, keep, put, ready
from pages.parts import quantity

__all__ = [
    "Form",
    "Sized",
    "adopt_query",
    "draw",
    "draw_validity",
    "fill_in",
    "nearest",
    "number_or_none",
    "read",
    "set_quantity",
    "set_symbol",
    "set_trigger",
    "size",
    "typed",
]

STARTING_SHARE = 0.05
"""Fraction of equity a fresh ticket proposes, so that the preview has something to show."""

STARTING_STOP = 0.05
"""How far from the last price a fresh stop waits, a fraction."""

_LONGEST = 64
_MOST = Decimal(10) ** 9
_PERCENT = "% of equity"
_QUANTITY = "Quantity"
_VALID = {TimeInForce.DAY: "Day", TimeInForce.GTC: "GTC"}
_TRIGGER = {OrderType.LIMIT: "limit_price", OrderType.STOP: "stop_price"}


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the ticket, as typed.

    Attributes
    ----------
    by_percent : ``amount`` is percent of equity, not units
    trigger : the limit or stop price; a market order leaves it out
    """

    symbol: str
    side: Side
    type: OrderType
    by_percent: bool
    amount: str
    trigger: str
    time_in_force: TimeInForce

    def raw(self, units: str) -> dict[str, object]:
        """The order as the desk reads it, for ``units``."""
        order: dict[str, object] = {
            "symbol": self.symbol,
            "side": self.side.value,
            "type": self.type.value,
            "quantity": units,
            "time_in_force": self.time_in_force.value,
        }
        if self.type in _TRIGGER:
            order[_TRIGGER[self.type]] = self.trigger
        return order


@dataclass(frozen=True, slots=True)
class Sized:
    """How many units the ticket asks for; ``units`` is empty while that is not known, ``why`` says so."""

    units: str
    why: str = ""


def size(form: Form, snapshot: Snapshot) -> Sized:
    """Turn the amount into units; percent of equity is floored to the lot at the last price.

    An unknown symbol is sized all the same, so that the desk can say what is wrong with it.
    """
    if form.symbol not in snapshot.instruments:
        return Sized(form.amount or "1")
    if not form.amount:
        what = "a percentage" if form.by_percent else "a quantity"
        return Sized("", f"Type {what} to see what the order would do.")
    if form.type in _TRIGGER and not form.trigger:
        return Sized("", f"Type a {form.type} price to see what the order would do.")
    return _share(form, snapshot) if form.by_percent else Sized(form.amount)


def _share(form: Form, snapshot: Snapshot) -> Sized:
    amount = form.amount.removesuffix("%").strip()
    share = number_or_none(amount)
    if share is None:
        return Sized("", "The percentage must be a positive number.")
    units = _units_for(float(share) / 100, form.symbol, snapshot)
    if units is None:
        return Sized("", "Percent of equity needs a price and a known equity; type a quantity instead.")
    if not units:
        lot = quantity(snapshot.instruments[form.symbol].lot)
        return Sized("", f"{amount} % of equity buys less than one lot ({lot}).")
    return Sized(f"{units:f}")


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


def read() -> Form:
    """What stands in the ticket now."""
    by_percent = get("ticket_size_by") == _PERCENT
    return Form(
        symbol=_text("ticket_symbol"),
        side=Side(get("ticket_side")),
        type=OrderType(get("ticket_type")),
        by_percent=by_percent,
        amount=_text("ticket_percent" if by_percent else "ticket_quantity"),
        trigger=_text("ticket_trigger"),
        time_in_force=TimeInForce(get("ticket_tif")),
    )


def _text(name: str) -> str:
    return str(get(name) or "").strip()[:_LONGEST]


def typed() -> Form:
    """What a person put into the ticket; quantity and price still as proposed count as nothing typed.

    The proposals move with the market, so two tabs with the same ticket open may hold different ones.
    """
    form, state = read(), st.session_state
    proposed = not form.by_percent and form.amount == state.get("ticket_proposed_quantity")
    unused = form.type not in _TRIGGER or form.trigger == state.get("ticket_proposed_trigger")
    return replace(form, amount="" if proposed else form.amount, trigger="" if unused else form.trigger)


def fill_in(snapshot: Snapshot) -> None:
    """Give every field a value, once, before its widget is drawn for the first time."""
    if get("ticket_symbol") is not None:
        return
    put("ticket_side", Side.BUY)
    put("ticket_type", OrderType.MARKET)
    put("ticket_size_by", _QUANTITY)
    put("ticket_percent", f"{STARTING_SHARE:.0%}".rstrip("%"))
    put("ticket_tif", TimeInForce.DAY)
    set_symbol(next((instrument.symbol for instrument in _tradable(snapshot)), ""), snapshot)


def set_symbol(symbol: str, snapshot: Snapshot) -> None:
    """Take another instrument into the ticket (a callback)."""
    put("ticket_symbol", symbol)
    units = _units_for(STARTING_SHARE, symbol, snapshot)
    text = st.session_state.ticket_proposed_quantity = f"{units:f}" if units else ""
    put("ticket_quantity", text)
    _propose_price(snapshot)


def set_quantity(units: str) -> None:
    """Put a quantity into the ticket (a callback)."""
    put("ticket_size_by", _QUANTITY)
    put("ticket_quantity", units)


def set_trigger(text: str) -> None:
    """Put a limit or stop price into the ticket (a callback)."""
    put("ticket_trigger", text)


def draw(snapshot: Snapshot) -> None:
    """Draw the fields, in the order in which Tab walks through them."""
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
    _choice("Side", list(Side), "ticket_side", on_change=_side_changed, args=(snapshot,))
    _choice("Type", list(OrderType), "ticket_type", on_change=_propose_price, args=(snapshot,))
    _choice("Size by", [_QUANTITY, _PERCENT], "ticket_size_by")
    form = read()
    priced = form.type in _TRIGGER
    with st.grid(2 if priced else 1, min_column_width=110, gap="xsmall"):
        if form.by_percent:
            _field(_PERCENT, "ticket_percent")
        else:
            _field("Quantity", "ticket_quantity")
        if priced:
            _field(f"{form.type.capitalize()} price", "ticket_trigger")


def draw_validity() -> None:
    """Draw how long the order stays."""
    st.selectbox(
        "Valid",
        list(_VALID),
        index=list(_VALID).index(ready("ticket_tif")),
        format_func=lambda value: _VALID[value],
        key="ticket_tif",
        label_visibility="collapsed",
        width=84,
    )
    keep("ticket_tif")


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


def _field(label: str, name: str) -> None:
    """A number as text: exact as typed, and sent while typing."""
    st.text_input(label, ready(name), key=name, live=True, autocomplete="off")
    keep(name)


def _symbol_changed(snapshot: Snapshot) -> None:
    symbol = _known(_text("ticket_symbol"), snapshot)
    if symbol:
        set_symbol(symbol, snapshot)


def _side_changed(snapshot: Snapshot) -> None:
    if get("ticket_type") is OrderType.STOP:
        _propose_price(snapshot)


def _propose_price(snapshot: Snapshot) -> None:
    text = st.session_state.ticket_proposed_trigger = _first_price(snapshot)
    put("ticket_trigger", text)


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


def _units_for(share: float, symbol: object, snapshot: Snapshot) -> Decimal | None:
    """Units worth ``share`` of equity at the last price; None where that cannot be told."""
    instrument, datum = snapshot.instruments.get(str(symbol)), snapshot.market.get(str(symbol))
    equity = snapshot.valuation.equity
    if instrument is None or datum is None or not equity or equity <= 0 or datum.quote.price <= 0:
        return None
    return instrument.quantity(share * equity / datum.quote.price)


def _first_price(snapshot: Snapshot) -> str:
    """A price to start from: a limit at the last one, a stop on the side where it waits."""
    symbol, way = _text("ticket_symbol"), Side(get("ticket_side"))
    instrument, datum = snapshot.instruments.get(symbol), snapshot.market.get(symbol)
    if instrument is None or datum is None or datum.quote.price <= 0:
        return ""
    stops = get("ticket_type") is OrderType.STOP
    start = datum.quote.price * (1 + way.sign * STARTING_STOP if stops else 1)
    return f"{instrument.price(start, way):f}"


def number_or_none(text: str) -> Decimal | None:
    """Read a positive number of plausible size; None for anything else."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value <= _MOST else None
