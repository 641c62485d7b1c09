"""The smallest change of a refused order that would pass, found by asking the preview again."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation

from marketpulse.types import OPEN_STATES, Check, Instrument, Order, OrderRequest, Preview, Side
from marketpulse.types.why import Change

__all__ = ["smallest_change"]

_PRICES = (
    "limit_price",
    "stop_price",
    "trail_amount",
    "activation_price",
    "take_profit_price",
    "stop_loss_price",
)
_STEPS = {"OFF_LOT": ("quantity",), "OFF_TICK": _PRICES}
_NONE = Decimal(0)


def smallest_change(
    preview: Preview,
    raw: Mapping[str, object],
    instrument: Instrument,
    orders: Iterable[Order],
    ask: Callable[[Mapping[str, object]], Preview],
) -> Change | None:
    """Propose a quantity or price that passes every check; None where no small change does.

    Parameters
    ----------
    raw : the order as it was written
    orders : those that work
    ask : the preview; a proposal counts only when this finds nothing to refuse
    """
    if not preview.failed:
        return None
    first = preview.failed[0]
    if first.code in _STEPS:
        found = _on_step(first.code, raw, instrument)
    elif preview.request is not None:
        found = _smaller(preview, preview.request, instrument, tuple(orders))
    else:
        found = None
    if found is None or not ask({**raw, found[0]: found[1]}).ok:
        return None
    return Change(*found)


def _smaller(
    preview: Preview, request: OrderRequest, instrument: Instrument, orders: tuple[Order, ...]
) -> tuple[str, str] | None:
    """The largest quantity that every failed check would let through, if it is a smaller one."""
    allowed = [_units(check, preview, request, instrument, orders) for check in preview.failed]
    known = [units for units in allowed if units is not None]
    most = min(known) if len(known) == len(allowed) else preview.sizing.most if preview.sizing else _NONE
    if not 0 < most < request.quantity:
        return None
    return "quantity", f"{most:f}"


def _on_step(code: str, raw: Mapping[str, object], instrument: Instrument) -> tuple[str, str] | None:
    """The name of the field that lies between two steps, and its text on the step below."""
    step = instrument.lot if code == "OFF_LOT" else instrument.tick
    for name in _STEPS[code]:
        if name not in raw:
            continue
        try:
            value, side = Decimal(str(raw[name])), Side(str(raw.get("side")))
            off = value % step
            rounded = instrument.quantity(value) if code == "OFF_LOT" else instrument.price(value, side)
        except (InvalidOperation, ValueError):
            return None
        if off:
            return (name, f"{rounded:f}") if rounded > 0 else None
    return None


def _units(
    check: Check, preview: Preview, request: OrderRequest, instrument: Instrument, orders: tuple[Order, ...]
) -> Decimal | None:
    """The largest quantity that this check would let through."""
    match check.code:
        case "INSUFFICIENT_POSITION":
            return _rounded(instrument, preview.position_before - _waiting(orders, request, Side.SELL))
        case "INSUFFICIENT_CASH" if check.use:
            return _rounded(instrument, request.quantity / Decimal(repr(check.use)))
        case "POSITION_LIMIT" if check.use and preview.position_after is not None:
            whole = preview.position_after + _waiting(orders, request, Side.BUY)
            return _rounded(instrument, request.quantity - whole * (1 - 1 / Decimal(repr(check.use))))
        case _:
            return None


def _rounded(instrument: Instrument, units: Decimal) -> Decimal | None:
    return instrument.quantity(units) if units > 0 else None


def _waiting(orders: tuple[Order, ...], request: OrderRequest, way: Side) -> Decimal:
    """Units that working orders of this side may still trade."""
    same = (
        order.remaining
        for order in orders
        if order.state in OPEN_STATES and order.request.symbol == request.symbol and order.request.side is way
    )
    return sum(same, _NONE)
