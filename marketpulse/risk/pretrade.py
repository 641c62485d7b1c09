"""The preview of one order: every gate in order, and what the order would do to the book.

The ticket shows it and ``place`` decides by it, so that a person is never told one thing and
answered another.
"""

from decimal import Decimal
from math import isfinite, nan

from marketpulse.risk import gates, gates_desk, gates_market, gates_order
from marketpulse.risk.context import OrderContext
from marketpulse.risk.costs import fee, half_spread, impact
from marketpulse.risk.limits import open_risk, open_risk_check, position_check, stops
from marketpulse.risk.reserve import remaining, reserve, reserved_cash
from marketpulse.risk.var import Var
from marketpulse.types import Check, Instrument, OrderRequest, OrderType, Position, Preview, Quote, Side

__all__ = ["check", "preview"]

_NONE = Decimal(0)
_SPOILED = Check("BAD_REQUEST", "Books", passed=False, sentence="The books do not hold a number.")
_UNKNOWN = Var(None, 0, "unknown, no bars have been read yet")


def preview(request: OrderRequest, context: OrderContext) -> Preview:
    """Pass ``request`` through every gate and say what it would do; pure.

    Gates that need a number which an earlier gate refused are left out, so a refused preview
    always names the reason that came first, and an accepted one has passed them all.
    """
    checks, sizes = _gate(request, context)
    if sizes is None:
        before = context.portfolio.held(context.instrument.symbol)
        return Preview(request, tuple(checks), position_before=before)
    return _outcome(request, context, checks, sizes)


def check(request: OrderRequest, context: OrderContext) -> tuple[Check, ...]:
    """The gates that can refuse: the verdict of ``preview`` without VaR, costs and the numbers of what passed."""
    return tuple(_gate(request, context, brief=True)[0])


def _gate(
    request: OrderRequest, context: OrderContext, *, brief: bool = False
) -> tuple[list[Check], gates.Sizes | None]:
    """Every gate that can refuse, in order, and the numbers of the last ones once they were good."""
    alone = _alone(request, context.instrument)
    known = gates_market.price_known(context.datum, context.instrument.symbol)
    checks = [*gates_desk.trading(context), *alone, known]
    datum = context.datum
    if datum is None or not known.passed:
        return checks, None
    checks += [
        gates_market.fresh(datum),
        gates_market.agreed(datum),
        gates_market.session(request, datum),
        gates_desk.settled(request, context),
    ]
    if not (
        context.portfolio.cash.is_finite() and context.portfolio.held(context.instrument.symbol).is_finite()
    ):
        return [*checks, _SPOILED], None
    if not all(c.passed for c in alone):
        return checks, None
    sizes = _sizes(request, context, datum.quote)
    return checks + _sized(request, context, sizes, brief=brief), sizes


def _alone(request: OrderRequest, instrument: Instrument) -> list[Check]:
    """The gates that look at the order and its instrument only."""
    checks = [
        gates_order.readable(request, instrument),
        gates_order.quantity(request),
        gates_order.prices(request),
    ]
    if checks[2].passed:
        checks.append(gates_order.tick(request, instrument))
    if checks[1].passed:
        checks.append(gates_order.lot(request, instrument))
    return checks


def _sized(request: OrderRequest, context: OrderContext, sizes: gates.Sizes, *, brief: bool) -> list[Check]:
    """The gates that compare numbers, now that all of them are good."""
    symbol, buys = request.symbol, request.side is Side.BUY
    after = sizes.held + request.quantity * request.side.sign
    waiting = remaining(context.orders, symbol, Side.BUY) if buys else _NONE
    # A stop buys when the price has risen to it, so that is what the position is worth then.
    mark = max(sizes.price, float(request.stop_price)) if buys and request.stop_price else sizes.price
    return [
        gates.min_notional(request, context.instrument, sizes),
        gates.fat_finger(request, sizes, context.equity),
        gates.cash(request, sizes, brief=brief),
        gates.holding(request, sizes),
        position_check(symbol, float(after + waiting) * mark, context.equity, reduces=not buys, brief=brief),
    ]


def _sizes(request: OrderRequest, context: OrderContext, quote: Quote) -> gates.Sizes:
    instrument = context.instrument
    bid, ask = _best(quote, instrument)
    reference = _reference(request, bid, ask)
    reserved = reserved_cash(context.orders, context.instruments, context.prices)
    buys = request.side is Side.BUY
    return gates.Sizes(
        price=quote.price,
        reference=reference,
        half=(ask - bid) / (ask + bid),
        notional=float(request.quantity) * reference,
        need=reserve(instrument, request, request.quantity, reference, context.market)
        if buys
        else Decimal(0),
        free_cash=None if reserved is None else context.portfolio.cash - reserved,
        held=context.portfolio.held(instrument.symbol),
        selling=_NONE if buys else remaining(context.orders, instrument.symbol, Side.SELL),
    )


def _best(quote: Quote, instrument: Instrument) -> tuple[float, float]:
    """Bid and ask as quoted, or the last price with the assumed half spread around it."""
    if quote.bid is not None and quote.ask is not None:
        return quote.bid, quote.ask
    half = half_spread(instrument)
    return quote.price * (1.0 - half), quote.price * (1.0 + half)


def _reference(request: OrderRequest, bid: float, ask: float) -> float:
    """Where the order is expected to fill: at the market, or at its own price when that comes later."""
    now = ask if request.side is Side.BUY else bid
    if request.trigger is None:
        return now
    own = float(request.trigger)
    # A limit fills at the market or better than its limit, a stop at its price or worse.
    lower = (request.type is OrderType.LIMIT) is (request.side is Side.BUY)
    return min(own, now) if lower else max(own, now)


def _outcome(
    request: OrderRequest, context: OrderContext, checks: list[Check], sizes: gates.Sizes
) -> Preview:
    """What the order would do to cash, position, VaR and open risk."""
    after = max(sizes.held + request.quantity * request.side.sign, _NONE)
    symbol, equity = request.symbol, context.equity
    paid = float(fee(context.instrument, request.quantity, Decimal(repr(sizes.reference))))
    rests = request.type is OrderType.LIMIT and sizes.reference == float(request.trigger or 0)
    moved = 0.0 if rests else sizes.notional * impact(request.quantity, context.market)
    cash = None
    if sizes.free_cash is not None:
        cash = float(sizes.free_cash) - request.side.sign * sizes.notional - paid - moved
    before, later = _vars(context, symbol, float(after) * sizes.price)
    risk = _open_risk(request, context, after, sizes.price)
    worth = float(after) * sizes.price
    return Preview(
        request,
        (*checks, _var_check(before, later), open_risk_check(risk, equity)),
        reference_price=sizes.reference,
        notional=sizes.notional,
        weight_after=worth / equity if equity is not None and isfinite(equity) and equity > 0 else None,
        var_before=before.value,
        var_after=later.value,
        var_note=later.note,
        fees=paid,
        slippage=0.0 if rests else sizes.notional * sizes.half + moved,
        cash_after=cash,
        position_before=sizes.held,
        position_after=after,
    )


def _vars(context: OrderContext, symbol: str, worth: float) -> tuple[Var, Var]:
    """VaR of the book as it is, and with ``symbol`` worth ``worth``."""
    if context.scenarios is None:
        return _UNKNOWN, _UNKNOWN
    values = {
        s: float(position.quantity) * context.prices.get(s, nan)
        for s, position in context.portfolio.positions.items()
        if position.quantity
    }
    return context.scenarios.var(values), context.scenarios.var({**values, symbol: worth})


def _var_check(before: Var, after: Var) -> Check:
    if before.value is None or after.value is None:
        note = after.note if after.value is None else before.note
        return Check(
            "VAR", "VaR", passed=True, sentence=f"VaR is {note}; that refuses nothing.", advisory=True
        )
    sentence = f"The 1-day 99 % loss goes from {before.value:,.0f} to {after.value:,.0f}."
    value, now = f"{after.value:,.0f}", f"{before.value:,.0f} now"
    return Check("VAR", "VaR", passed=True, sentence=sentence, value=value, limit=now, advisory=True)


def _open_risk(request: OrderRequest, context: OrderContext, after: Decimal, price: float) -> float:
    """Sum of losses at the stops once the order has done its work; a sell stop works by resting."""
    at = stops(context.orders)
    positions = dict(context.portfolio.positions)
    if request.side is Side.SELL and request.stop_price is not None:
        at.setdefault(request.symbol, []).append((request.quantity, request.stop_price))
    else:
        positions[request.symbol] = Position(request.symbol, after, Decimal(0))
    return open_risk(positions, {**context.prices, request.symbol: price}, at)
