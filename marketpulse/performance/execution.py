"""How well orders were executed: against the price when they were wanted, and against the bar they traded in.

Every measure is from the trader's side: positive means worse, whichever the side of the order.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from math import isfinite
from statistics import fmean

from marketpulse.types import OPEN_STATES, Fill, Order, OrderState, Quality

__all__ = ["Vwap", "execution_quality", "slippage_of"]

Vwap = Callable[[str, datetime], float | None]
"""The volume-weighted price of the bar of a symbol in which a moment lies; None is unknown."""

_MANY = 2  # groups smaller than the whole are listed when there are that many of them


def slippage_of(side_sign: int, price: float, reference: float | None) -> float | None:
    """Distance of a price from a reference, a fraction of it, positive when it is worse for the trader.

    Units
    -----
    ``price`` and ``reference`` in the same currency; the result a fraction.

    References
    ----------
    Perold (1988), The implementation shortfall: paper versus reality.

    Examples
    --------
    A buy at 100.10 against a mid of 100 costs ten basis points, a sale at that price gains them:

    >>> round(slippage_of(1, 100.10, 100.0), 6), round(slippage_of(-1, 100.10, 100.0), 6)
    (0.001, -0.001)
    """
    if reference is None or not (isfinite(reference) and reference > 0 and isfinite(price)):
        return None
    return side_sign * (price / reference - 1.0)


def execution_quality(orders: Iterable[Order], vwap: Vwap) -> tuple[Quality, ...]:
    """Measure all orders, and then each venue, type and symbol of which there are several.

    Parameters
    ----------
    orders : with their fills; denied ones and those that were never sent are left out
    vwap : asked once for each fill

    Units
    -----
    Ratios and distances are fractions; ``seconds`` runs from the intent to each fill by the desk's
    clock, and means are weighted by quantity times price.

    References
    ----------
    Perold (1988) for the arrival price; Berkowitz, Logue and Noser (1988), The total cost of
    transactions on the NYSE, for the volume-weighted price.

    Examples
    --------
    >>> execution_quality((), lambda symbol, time: None)
    ()
    """
    sent = [order for order in orders if order.state is not OrderState.DENIED and order.venue_id]
    if not sent:
        return ()
    seen: dict[str, float | None] = {}

    def once(fill: Fill) -> float | None:
        if fill.trade_id not in seen:
            seen[fill.trade_id] = vwap(fill.symbol, fill.time)
        return seen[fill.trade_id]

    rows = [_row("", "", "", sent, once)]
    rows += [_row(v, "", "", group, once) for v, group in _groups(sent, _venue)]
    rows += [_row("", "", t, group, once) for t, group in _groups(sent, lambda o: o.request.type.value)]
    rows += [_row("", s, "", group, once) for s, group in _groups(sent, lambda o: o.request.symbol)]
    return tuple(rows)


def _venue(order: Order) -> str:
    return order.account.partition(":")[0]


def _groups(orders: Sequence[Order], of: Callable[[Order], str]) -> list[tuple[str, list[Order]]]:
    found: dict[str, list[Order]] = {}
    for order in orders:
        found.setdefault(of(order), []).append(order)
    return sorted(found.items()) if len(found) >= _MANY else []


def _row(
    venue: str, symbol: str, kind: str, orders: Sequence[Order], vwap: Callable[[Fill], float | None]
) -> Quality:
    ended = [order for order in orders if order.state not in OPEN_STATES]
    wanted = [float(o.filled_quantity / o.request.quantity) for o in ended if o.request.quantity]
    pairs = [(order, fill) for order in orders for fill in order.fills]
    return Quality(
        venue=venue,
        symbol=symbol,
        type=kind,
        orders=len(orders),
        fills=len(pairs),
        fill_ratio=fmean(wanted) if wanted else None,
        slippage=_mean(pairs, lambda o, f: slippage_of(f.side.sign, float(f.price), o.arrival)),
        against_vwap=_mean(pairs, lambda _, f: slippage_of(f.side.sign, float(f.price), vwap(f))),
        spread_paid=_mean(pairs, lambda _, f: slippage_of(f.side.sign, float(f.price), _mid(f))),
        seconds=_mean(pairs, lambda o, f: max(0.0, (f.time - o.created).total_seconds())),
    )


def _mean(
    pairs: Sequence[tuple[Order, Fill]], measure: Callable[[Order, Fill], float | None]
) -> float | None:
    """Weigh what could be measured by the money that changed hands."""
    found = [(number, float(f.quantity * f.price)) for o, f in pairs if (number := measure(o, f)) is not None]
    weight = sum(w for _, w in found)
    return sum(number * w for number, w in found) / weight if weight > 0 else None


def _mid(fill: Fill) -> float | None:
    """Return the mid of the quote that the fill met, where its note tells both sides."""
    try:
        note = json.loads(fill.note)
        bid, ask = float(note["bid"]), float(note["ask"])
    except (ValueError, KeyError, TypeError):
        return None
    return (bid + ask) / 2.0 if isfinite(bid) and isfinite(ask) and 0 < bid <= ask else None
