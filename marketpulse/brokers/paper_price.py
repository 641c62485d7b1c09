"""What an execution of the paper venue costs, from its written inputs alone: so any fill can be computed again.

Three prices for each: the expected one is booked, the optimistic and the pessimistic one stand beside it. All are
rounded against the trader, and none of them beats the order's own limit.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal, localcontext
from enum import StrEnum
from math import isfinite
from types import MappingProxyType

from marketpulse.risk.costs import Liquidity, impact
from marketpulse.types import Instrument, Side

__all__ = ["Inputs", "Priced", "Rule", "price"]

_ZERO = Decimal(0)
_DIGITS = 60


class Rule(StrEnum):
    """How a price came about."""

    WALK = "walk"  # through the levels of the order book
    SPREAD = "spread"  # without a book: the touch, and the square-root law of impact
    THROUGH = "through"  # a resting limit, once others have traded beyond it
    QUEUE = "queue"  # a resting limit, once those who stood before it are gone


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a price depends on.

    Attributes
    ----------
    wanted : units asked for, after every cap
    limit : no worse price than this, None: any
    stop : no better price than this, None: any (a stop that is triggered now)
    move : how far the price moves until somebody looks again
    levels : price and free units, best first
    touch : the best price somebody takes at
    already : units of it that moved the market before
    daily : units a day and volatility, None: not known, no impact
    gap : where the market opened beyond the limit
    """

    side: Side
    wanted: Decimal
    limit: Decimal | None = None
    stop: Decimal | None = None
    move: Decimal = _ZERO
    levels: tuple[tuple[Decimal, Decimal], ...] = ()
    touch: Decimal | None = None
    already: Decimal = _ZERO
    daily: Liquidity | None = None
    gap: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Priced:
    """Units and prices.

    Attributes
    ----------
    used : units of each level that were taken, best first
    """

    quantity: Decimal
    expected: Decimal
    optimistic: Decimal
    pessimistic: Decimal
    used: tuple[Decimal, ...] = ()


def price(rule: Rule, inputs: Inputs, instrument: Instrument) -> Priced | None:
    """Return how much trades at which price, or None when nothing does."""
    with localcontext(prec=_DIGITS):
        return _BY_RULE[rule](inputs, instrument)


def _walk(inputs: Inputs, instrument: Instrument) -> Priced | None:
    within = [(p, free) for p, free in inputs.levels if not _beyond(p, inputs.limit, inputs.side)]
    quantity = _lots(min(inputs.wanted, sum((free for _, free in within), _ZERO)), instrument)
    if quantity <= 0:
        return None
    left, paid, worst, used = quantity, _ZERO, within[0][0], []
    for at, free in within:
        taken = min(left, free)
        used.append(taken)
        paid, left = paid + taken * at, left - taken
        worst = at if taken else worst
        if left <= 0:
            break
    return _bands(inputs, instrument, quantity, (within[0][0], paid / quantity, worst), tuple(used))


def _spread(inputs: Inputs, instrument: Instrument) -> Priced | None:
    if inputs.touch is None or _beyond(inputs.touch, inputs.limit, inputs.side):
        return None
    quantity = _lots(min(inputs.wanted, _bearable(inputs)), instrument)
    if quantity <= 0:
        return None
    pushed = Decimal(repr(impact(inputs.already + quantity, inputs.daily)))
    average = inputs.touch * (1 + inputs.side.sign * pushed)
    return _bands(inputs, instrument, quantity, (inputs.touch, average, average))


def _bearable(inputs: Inputs) -> Decimal:
    """Units that can be taken before their own impact reaches the limit."""
    daily = inputs.daily
    if inputs.limit is None or inputs.touch is None or not impact(inputs.already + inputs.wanted, daily):
        return inputs.wanted
    room = float(inputs.side.sign * (inputs.limit / inputs.touch - 1))
    bearable = inputs.wanted
    if daily is not None and room < impact(inputs.already + inputs.wanted, daily):
        # The inverse of impact; a little less, so that rounding never carries it beyond the limit.
        bearable = Decimal(repr(daily.adv * (room / daily.sigma) ** 2 * (1.0 - 1e-9))) - inputs.already
    return max(_ZERO, min(inputs.wanted, bearable))


def _rest(inputs: Inputs, instrument: Instrument) -> Priced | None:
    quantity = _lots(inputs.wanted, instrument)
    if inputs.limit is None or quantity <= 0:
        return None
    best = inputs.limit if inputs.gap is None else _better(inputs.limit, inputs.gap, inputs.side)
    return _rounded(inputs, instrument, quantity, (best, inputs.limit, inputs.limit))


_BY_RULE: Mapping[Rule, Callable[[Inputs, Instrument], Priced | None]] = MappingProxyType(
    {Rule.WALK: _walk, Rule.SPREAD: _spread, Rule.THROUGH: _rest, Rule.QUEUE: _rest}
)


def _bands(
    inputs: Inputs,
    instrument: Instrument,
    quantity: Decimal,
    prices: tuple[Decimal, Decimal, Decimal],
    used: tuple[Decimal, ...] = (),
) -> Priced | None:
    """Expected: the average, or the stop where that is worse. Beside it the touch, and the worst of three.

    The three: the last level taken, twice the way from the touch to the average, and the expected
    price after one more move of the market.
    """
    side, (touch, average, last) = inputs.side, prices
    expected = average if inputs.stop is None else _worse(average, inputs.stop, side)
    worst = _worse(last, touch + 2 * (average - touch), side)
    worst = _worse(worst, expected + side.sign * inputs.move, side)
    worst = _worse(worst, expected, side)
    return _rounded(inputs, instrument, quantity, (touch, expected, worst), used)


def _rounded(
    inputs: Inputs,
    instrument: Instrument,
    quantity: Decimal,
    prices: tuple[Decimal, Decimal, Decimal],
    used: tuple[Decimal, ...] = (),
) -> Priced | None:
    """Put the three prices on the tick, against the trader; None when a sale would bring nothing."""
    optimistic, expected, worst = (_against(p, inputs, instrument) for p in prices)
    if expected is None or optimistic is None:
        return None
    return Priced(quantity, expected, optimistic, worst or instrument.tick, used)


def _against(at: Decimal, inputs: Inputs, instrument: Instrument) -> Decimal | None:
    # Instrument.price rounds in the trader's favour for a limit; here the other way: a buy pays the
    # tick above, a sale gets the tick below.
    other = Side.SELL if inputs.side is Side.BUY else Side.BUY
    if at <= 0 or not isfinite(float(at)):
        return None
    try:
        rounded = instrument.price(at, other)
    except ValueError:
        return None  # a sale below the smallest price step
    return rounded if inputs.limit is None else _better(rounded, inputs.limit, inputs.side)


def _beyond(at: Decimal, limit: Decimal | None, side: Side) -> bool:
    return limit is not None and (at > limit if side is Side.BUY else at < limit)


def _worse(one: Decimal, other: Decimal, side: Side) -> Decimal:
    return max(one, other) if side is Side.BUY else min(one, other)


def _better(one: Decimal, other: Decimal, side: Side) -> Decimal:
    return min(one, other) if side is Side.BUY else max(one, other)


def _lots(units: Decimal, instrument: Instrument) -> Decimal:
    """Whole lots of it; what is asked for may itself be odd, as after a change of the lot."""
    return (units / instrument.lot).to_integral_value(ROUND_DOWN) * instrument.lot
