"""The fill engine: orders meet one moment of their market. Pure, so paper, replay and backtest share it.

State in, market in, executions out; the time, the seed and the book are in the arguments. In doubt the trader gets
the worse of two: a paper account that flatters teaches nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType

from marketpulse.brokers.paper_fees import charge
from marketpulse.brokers.paper_model import Part, Pool, Tick, Working
from marketpulse.brokers.paper_note import write_note
from marketpulse.brokers.paper_price import Inputs, Priced, Rule, price
from marketpulse.brokers.paper_queue import advance, join, through
from marketpulse.brokers.paper_trigger import look, trigger_of
from marketpulse.types import OrderState, OrderType, Side, TimeInForce

__all__ = ["SHARE", "Met", "end", "meet"]

SHARE = Decimal("0.1")
"""Of a bar's volume that can be ours, all orders together. Who wants more moves the market by more than the
square-root law says, and trades against himself."""

_ZERO = Decimal(0)
_LIMITED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_STOPS = frozenset({OrderType.STOP, OrderType.TRAILING_STOP})
_ENDS = {
    TimeInForce.IOC: "What could not trade at once was given up.",
    TimeInForce.FOK: "It could not trade as a whole at once, so nothing traded.",
}


@dataclass(frozen=True, slots=True)
class Met:
    """What came of it: the same orders in the same order, their executions, and what is used up."""

    orders: tuple[Working, ...]
    parts: tuple[Part, ...]
    pool: Pool


@dataclass(slots=True)
class _Moment:
    """One call of ``meet``: the market, and what our own orders take from it while it lasts."""

    tick: Tick
    pool: Pool
    parts: list[Part]
    printed: Decimal = _ZERO  # units of the trades at the last price that were ours


def meet(orders: Sequence[Working], tick: Tick, pool: Pool) -> Met:
    """Let orders of one instrument meet its market, those first that came first.

    Parameters
    ----------
    pool : what the orders took before, as the last call returned it
    """
    moment, after = _Moment(tick, pool, []), list(orders)
    for i in range(len(after)):
        traded = len(moment.parts)
        after[i] = _one(after[i], moment)
        if after[i].group and len(moment.parts) > traded:
            group, own = after[i].group, i
            after = [_freed(o) if o.group == group and j != own else o for j, o in enumerate(after)]
    return Met(tuple(after), tuple(moment.parts), moment.pool)


def end(order: Working, code: str, sentence: str, state: OrderState = OrderState.CANCELED) -> Working:
    """Take an order off, and say why; one that has ended is left as it is."""
    return replace(order, state=state, code=code, sentence=sentence) if order.open else order


def _freed(order: Working) -> Working:
    return end(order, "OCO", "The other order of its pair has traded.")


def _one(order: Working, moment: _Moment) -> Working:
    tick = moment.tick
    # A price from before the order arrived is a price that nobody could have had; one that it has met is used up.
    if not order.open or tick.received <= max(order.arrives, order.met or order.arrives):
        return order
    order = replace(order, met=tick.received)
    till = order.request.good_till
    if till is not None and tick.received >= till:
        return end(order, "TIME_OVER", "The time it was good till is over.", OrderState.EXPIRED)
    stop = None
    if order.waits:
        order = look(order, tick.last)
        if order.waits:
            return order
        if order.request.type in _STOPS:
            stop = trigger_of(order)  # through a gap it fills where the market is, never better than its stop
    if order.request.type not in _LIMITED:
        return _at_once(_take(order, moment, None, stop))
    return _resting(order, moment) if order.rests else _arriving(order, moment)


def _arriving(order: Working, moment: _Moment) -> Working:
    """A limit comes to the market: it takes what is within it, and what is left stands in the queue."""
    tick, limit, side = moment.tick, order.request.limit_price or _ZERO, order.request.side
    touch = Decimal(repr(tick.touch(side)))
    crosses = touch <= limit if side is Side.BUY else touch >= limit
    if crosses and order.request.post_only:
        return end(order, "POST_ONLY", "It would have traded at once, and it was to rest only.")
    if crosses:
        order = _take(order, moment, limit, None)
    order = replace(_at_once(order), rests=True, first=tick.last)
    return join(order, tick) if order.open else order


def _resting(order: Working, moment: _Moment) -> Working:
    """Others stand before us at our price: they are served first, and only trades tell that they were."""
    tick = moment.tick
    if order.first is None:  # after a restart: what was traded before this moment is not known
        return join(replace(order, first=tick.last), tick)
    order = replace(order, moved=order.moved or tick.printed or tick.last != order.first)
    order, own = advance(order, tick, moment.printed)
    order = join(order, tick)
    if through(order, tick):
        return _served(order, moment, Rule.THROUGH, order.left, "limit traded through")
    if own > 0:
        before = order.filled
        order = _served(order, moment, Rule.QUEUE, min(order.left, own), "limit after its queue")
        moment.printed += order.filled - before
    return order


def _at_once(order: Working) -> Working:
    force = order.request.time_in_force
    return end(order, "NOT_AT_ONCE", _ENDS[force], OrderState.EXPIRED) if force in _ENDS else order


def _take(order: Working, moment: _Moment, limit: Decimal | None, stop: Decimal | None) -> Working:
    """Trade now: through the levels of the book, or without one at the touch plus our own impact."""
    tick, side, pool = moment.tick, order.request.side, moment.pool
    common = Inputs(side, order.left, limit=limit, stop=stop, move=Decimal(repr(tick.move)))
    touch = Decimal(repr(tick.touch(side)))
    free = _free(tick, side, pool)
    if tick.facing(side):
        worst = max if side is Side.BUY else min  # a newer quote may be worse than the book
        levels = tuple((worst(Decimal(repr(at)), touch), units) for at, _, units in free if units > 0)
        rule, inputs = Rule.WALK, replace(common, levels=levels)
    else:
        used = pool.used if tick.activity and pool.bar == tick.activity.bar else _ZERO
        rule, inputs = (
            Rule.SPREAD,
            replace(
                common,
                wanted=min(order.left, _allowance(tick, pool)),
                touch=touch,
                already=max(order.filled, used),
                daily=tick.activity.daily if tick.activity else None,
            ),
        )
    priced = price(rule, inputs, order.instrument)
    whole = order.request.time_in_force is not TimeInForce.FOK
    if priced is None or not (whole or priced.quantity == order.left):
        return order
    if rule is Rule.WALK:
        moment.pool = _taken(pool, free, side, priced.used)
    return _book(order, moment, (rule, _why(order, stop)), inputs, priced)


def _served(order: Working, moment: _Moment, rule: Rule, wanted: Decimal, why: str) -> Working:
    """Others take what we offer, at our limit; never more of it than our share of what trades."""
    tick, request = moment.tick, order.request
    touch, limit = Decimal(repr(tick.touch(request.side))), request.limit_price or _ZERO
    gap = touch if tick.opening and (limit - touch) * request.side.sign > 0 else None
    wanted = min(wanted, _allowance(tick, moment.pool))
    inputs = Inputs(request.side, wanted, limit=limit, gap=gap)
    priced = price(rule, inputs, order.instrument)
    return order if priced is None else _book(order, moment, (rule, why), inputs, priced)


def _why(order: Working, stop: Decimal | None) -> str:
    kind = order.request.type
    if kind in _LIMITED:
        return f"{kind.words} crossing on arrival"
    return kind.words if stop is None else f"{kind.words}, at the worse of stop and market"


def _book(order: Working, moment: _Moment, how: tuple[Rule, str], inputs: Inputs, fill: Priced) -> Working:
    """Write the execution down, and count it against our share."""
    maker = how[0] in {Rule.THROUGH, Rule.QUEUE}
    before = (order.filled, order.paid, order.fees)
    fee = charge(order.instrument, inputs.side, before, (fill.quantity, fill.expected), maker=maker)
    activity, pool = moment.tick.activity, moment.pool
    if activity is not None:
        used = pool.used if pool.bar == activity.bar else _ZERO
        moment.pool = replace(pool, bar=activity.bar, used=used + fill.quantity)
    moment.parts.append(
        Part(
            client_id=order.client_id,
            trade=order.trades + 1,
            quantity=fill.quantity,
            price=fill.expected,
            optimistic=fill.optimistic,
            pessimistic=fill.pessimistic,
            fee=fee,
            maker=maker,
            note=write_note(order, moment.tick, how, inputs, fill, pool=moment.pool),
        )
    )
    done = order.left == fill.quantity
    return replace(
        order,
        filled=order.filled + fill.quantity,
        paid=order.paid + fill.quantity * fill.expected,
        fees=order.fees + fee,
        trades=order.trades + 1,
        state=OrderState.FILLED if done else OrderState.PARTIALLY_FILLED,
    )


def _allowance(tick: Tick, pool: Pool) -> Decimal:
    """Units that may still be ours in this bar; nothing while no volume is known: none would be invented."""
    if tick.activity is None:
        return _ZERO
    used = pool.used if pool.bar == tick.activity.bar else _ZERO
    return max(_ZERO, SHARE * Decimal(repr(tick.activity.volume)) - used)


_Free = tuple[tuple[float, float, Decimal], ...]
"""Price, units shown, units not taken by us yet."""


def _free(tick: Tick, side: Side, pool: Pool) -> _Free:
    """Take what we took before off the book, as long as it shows the same there: it knows nothing of us."""
    found = []
    for at, shown in tick.facing(side):
        before, ours = pool.taken.get((side, at), (shown, _ZERO))
        found.append((at, shown, Decimal(repr(shown)) - (ours if before == shown else _ZERO)))
    return tuple(found)


def _taken(pool: Pool, free: _Free, side: Side, used: Sequence[Decimal]) -> Pool:
    """Remember what is gone; levels that the book no longer shows so are forgotten."""
    other = {key: value for key, value in pool.taken.items() if key[0] is not side}
    units = iter(used)
    for at, shown, left in free:
        gone = Decimal(repr(shown)) - left + (next(units, _ZERO) if left > 0 else _ZERO)
        if gone > 0:
            other[side, at] = (shown, gone)
    return replace(pool, taken=MappingProxyType(other))
