"""The smallest change of a refused ticket that would pass, found by asking the desk again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from marketpulse.types import Check, Instrument, OrderRequest, Preview, Side, Snapshot

__all__ = ["Fix", "fix"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that was tried and passes.

    Attributes
    ----------
    field : ``quantity`` or ``price``
    text : what to type there
    """

    field: str
    text: str


def fix(
    preview: Preview,
    raw: Mapping[str, object],
    snapshot: Snapshot,
    ask: Callable[[Mapping[str, object]], Preview],
) -> Fix | None:
    """Propose a quantity or price that passes every check; None where no small change does.

    Parameters
    ----------
    ask : the desk's preview; a proposal counts only when this finds nothing to refuse
    """
    request = preview.request
    if request is None or not preview.failed:
        return None
    instrument = snapshot.instruments.get(request.symbol)
    if instrument is None:
        return None
    first = preview.failed[0]
    if first.code == "OFF_TICK" and request.trigger is not None:
        name = "limit_price" if request.limit_price is not None else "stop_price"
        text = f"{instrument.price(request.trigger, request.side):f}"
        return Fix("price", text) if ask({**raw, name: text}).ok else None
    units = _units(first, preview, request, instrument, snapshot)
    if units is None or not 0 < units < request.quantity:
        return None
    text = f"{units:f}"
    return Fix("quantity", text) if ask({**raw, "quantity": text}).ok else None


def _units(
    check: Check, preview: Preview, request: OrderRequest, instrument: Instrument, snapshot: Snapshot
) -> Decimal | None:
    """The largest quantity that this check would let through."""
    match check.code:
        case "OFF_LOT":
            return instrument.quantity(request.quantity)
        case "INSUFFICIENT_POSITION":
            return _rounded(instrument, preview.position_before - _waiting(snapshot, request, Side.SELL))
        case "INSUFFICIENT_CASH" if check.use:
            return _rounded(instrument, request.quantity / Decimal(repr(check.use)))
        case "POSITION_LIMIT" if check.use and preview.position_after is not None:
            whole = preview.position_after + _waiting(snapshot, request, Side.BUY)
            return _rounded(instrument, request.quantity - whole * (1 - 1 / Decimal(repr(check.use))))
        case _:
            return None


def _rounded(instrument: Instrument, units: Decimal) -> Decimal | None:
    return instrument.quantity(units) if units > 0 else None


def _waiting(snapshot: Snapshot, request: OrderRequest, way: Side) -> Decimal:
    """Units that working orders of this side may still trade."""
    same = (
        order.remaining
        for order in snapshot.working
        if order.request.symbol == request.symbol and order.request.side is way
    )
    return sum(same, Decimal(0))
