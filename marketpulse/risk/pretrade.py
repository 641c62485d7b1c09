"""The preview of one order: every gate in order, and what the order would do to the book.

The ticket shows it and ``place`` decides by it, so that a person is never told one thing and
answered another.
"""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from math import isfinite

from marketpulse.risk import gates, gates_desk, gates_market, gates_order, protections
from marketpulse.risk.bought import Bought, book_checks, bought, sizing
from marketpulse.risk.context import OrderContext
from marketpulse.risk.costs import fee, half_spread, impact
from marketpulse.risk.currency import worths
from marketpulse.risk.events import event_gate
from marketpulse.risk.limits import open_risk, open_risk_check, position_check, stops
from marketpulse.risk.prospect import Outlook, Prospect
from marketpulse.risk.reserve import remaining, reserve, reserved_cash
from marketpulse.risk.stress import stressed
from marketpulse.risk.triggers import expected, mark, resting_level
from marketpulse.types import (
    OPEN_STATES,
    Check,
    Instrument,
    Order,
    OrderRequest,
    Position,
    Preview,
    Quote,
    Side,
    StressLoss,
    TimeInForce,
)

__all__ = ["check", "preview", "verdict"]

_NONE = Decimal(0)
_SPOILED = Check("BAD_REQUEST", "Books", passed=False, sentence="The books do not hold a number.")


def preview(request: OrderRequest, context: OrderContext) -> Preview:
    """Pass ``request`` through every gate and say what it would do; pure.

    Gates that need a number which an earlier gate refused are left out, so a refused preview
    always names the reason that came first, and an accepted one has passed them all.
    """
    return _passed(request, context, whole=True)


def verdict(request: OrderRequest, context: OrderContext) -> Preview:
    """The gates and the costs of ``preview``, without what only a screen shows: losses, stress and size.

    It refuses exactly what ``preview`` refuses, in a fraction of the time, while the books are held still.
    """
    return _passed(request, context, whole=False)


def _passed(request: OrderRequest, context: OrderContext, *, whole: bool) -> Preview:
    checks, sizes, book = _gate(request, context, brief=not whole)
    if sizes is None:
        return Preview(request, tuple(checks), position_before=context.units)
    return _outcome(request, context, checks, (sizes, book), whole=whole)


def check(request: OrderRequest, context: OrderContext) -> tuple[Check, ...]:
    """The gates that can refuse: the verdict of ``preview`` without VaR, costs and the numbers of what passed."""
    return tuple(_gate(request, context, brief=True)[0])


def _gate(
    request: OrderRequest, context: OrderContext, *, brief: bool = False
) -> tuple[list[Check], gates.Sizes | None, Bought | None]:
    """Every gate that can refuse, in order, the numbers of the last ones once they were good, and a buy's book."""
    alone = _alone(request, context)
    known = gates_market.price_known(context.datum, context.instrument.symbol)
    checks = [*gates_desk.trading(context, request.side), *alone, known]
    datum = context.datum
    if datum is None or not known.passed:
        return checks, None, None
    rated, rate = gates_desk.rate(request, context)
    checks += [
        gates_market.fresh(datum),
        gates_market.agreed(datum),
        gates_market.session(request, datum),
        gates_desk.settled(request, context),
        gates_desk.pace(request, context.recent, context.per_minute, brief=brief),
        rated,
    ]
    if context.day is not None:
        checks.append(gates_desk.daily_loss(request, context.equity, context.day, brief=brief))
    if context.locks is not None:
        checks += protections.locked(request, context.locks)
    if context.event is not None:
        checks.append(event_gate(context.event, context.event_days, request.side, brief=brief))
    cash, held = _cash(context), context.units
    if not (cash.is_finite() and held.is_finite()):
        return [*checks, _SPOILED], None, None
    if not (rated.passed and all(c.passed for c in alone)):
        return checks, None, None
    sizes = _sizes(request, context, datum.quote, (cash, held, rate))
    checks += _sized(request, context, sizes, brief=brief)
    if request.side is Side.SELL:
        return checks, sizes, None
    book = bought(request, context, sizes, _waiting(request, context.orders, sizes.price)[1])
    return checks + book_checks(request, context, book, brief=brief), sizes, book


def _cash(context: OrderContext) -> Decimal:
    """What the account has of the order's currency; NaN where the books hold no number."""
    account, currency, portfolio = context.account, context.currency, context.portfolio
    if account is not None:
        return portfolio.balances.get((account, currency), _NONE)
    try:
        return portfolio.balance(currency)
    except InvalidOperation:
        return Decimal("NaN")


def _alone(request: OrderRequest, context: OrderContext) -> list[Check]:
    """The gates that look at the order, its instrument and its venue only."""
    instrument = context.instrument
    checks = [
        gates_order.readable(request, instrument),
        gates_order.quantity(request),
        gates_order.prices(request),
    ]
    if checks[2].passed:
        checks.append(gates_order.tick(request, instrument))
    if checks[1].passed:
        checks.append(gates_order.lot(request, instrument))
    if request.time_in_force is TimeInForce.GTD:
        checks.append(gates_order.good_till(request, context.now))
    if context.venue is not None and checks[0].passed:
        checks.append(gates_desk.offered(request, context.venue))
    return checks


def _sized(request: OrderRequest, context: OrderContext, sizes: gates.Sizes, *, brief: bool) -> list[Check]:
    """The gates that compare numbers, now that all of them are good."""
    symbol, buys = request.symbol, request.side is Side.BUY
    checks = [
        gates.min_notional(request, context.instrument, sizes),
        gates.fat_finger(request, sizes, context.equity),
    ]
    if request.take_profit_price is not None or request.stop_loss_price is not None:
        checks.append(gates_market.exits(request, sizes.bid, sizes.ask, sizes.reference))
    if request.post_only:
        checks.append(gates_market.post_only(request, sizes.bid, sizes.ask))
    if request.reduce_only:
        checks.append(gates.reduces(request, sizes))
    after, highest = sizes.held + request.quantity * request.side.sign, sizes.price
    if buys:
        waiting, highest = _waiting(request, context.orders, sizes.price)
        after += waiting
    return [
        *checks,
        gates.cash(request, sizes, brief=brief),
        gates.holding(request, sizes),
        position_check(
            symbol, float(after) * highest * sizes.rate, context.equity, reduces=not buys, brief=brief
        ),
    ]


def _waiting(request: OrderRequest, orders: tuple[Order, ...], price: float) -> tuple[Decimal, float]:
    """Units that working buys of the symbol may add, and the highest price at which one of them is worth it.

    A stop buys when the price has risen to it, so that is what the position is worth then.
    """
    units, highest = _NONE, mark(request, price)
    for order in orders:
        other = order.request
        if other.symbol == request.symbol and other.side is Side.BUY and order.state in OPEN_STATES:
            units += order.remaining
            highest = max(highest, mark(other, price))
    return units, highest


def _sizes(
    request: OrderRequest, context: OrderContext, quote: Quote, books: tuple[Decimal, Decimal, float]
) -> gates.Sizes:
    """Put the numbers together; ``books`` are cash, units held, and the rate."""
    (cash, held, rate), instrument, buys = books, context.instrument, request.side is Side.BUY
    bid, ask = _best(quote, instrument)
    reference = expected(request, bid, ask, quote.price)
    reserved = reserved_cash(context.orders, context.instruments, context.prices, _drawn(context))
    return gates.Sizes(
        price=quote.price,
        bid=bid,
        ask=ask,
        reference=reference,
        half=(ask - bid) / (ask + bid),
        value=float(request.quantity) * reference,
        need=reserve(instrument, request, request.quantity, ask, context.market) if buys else _NONE,
        free_cash=None if reserved is None else cash - reserved,
        held=held,
        selling=_NONE if buys else remaining(context.orders, instrument.symbol, Side.SELL),
        rate=rate,
    )


def _drawn(context: OrderContext) -> Callable[[Order, Instrument], bool] | None:
    """Which orders are paid from the same cash: of the same account and currency."""
    if not context.orders or context.account is None:
        return None
    account, currency, aliases = context.account, context.currency, context.aliases
    return lambda order, instrument: (
        order.account == account and aliases.get(instrument.currency, instrument.currency) == currency
    )


def _best(quote: Quote, instrument: Instrument) -> tuple[float, float]:
    """Bid and ask as quoted, or the last price with the assumed half spread around it."""
    if quote.bid is not None and quote.ask is not None:
        return quote.bid, quote.ask
    half = half_spread(instrument)
    return quote.price * (1.0 - half), quote.price * (1.0 + half)


def _outcome(
    request: OrderRequest,
    context: OrderContext,
    checks: list[Check],
    found: tuple[gates.Sizes, Bought | None],
    *,
    whole: bool,
) -> Preview:
    """What the order would do to cash and position and, where ``whole``, to VaR, stress and open risk."""
    sizes, book = found
    after = max(sizes.held + request.quantity * request.side.sign, _NONE)
    equity, rate = context.equity, sizes.rate
    paid = float(fee(context.instrument, request.quantity, Decimal(repr(sizes.reference))))
    rests = request.limit_price is not None and sizes.reference == float(request.limit_price)
    moved = 0.0 if rests else sizes.value * impact(request.quantity, context.market)
    cash = None
    if sizes.free_cash is not None:
        cash = float(sizes.free_cash) - request.side.sign * sizes.value - paid - moved
    worth = float(after) * sizes.price * rate
    told, shown = _shown(request, context, after, found) if whole else ([], _HIDDEN)
    before, later, stress = shown
    return Preview(
        request,
        (*checks, *told),
        reference_price=sizes.reference,
        notional=_known(sizes.value * rate),
        weight_after=_weight(worth, equity),
        var_before=before.var,
        var_after=later.var,
        var_note=later.note,
        fees=_known(paid * rate),
        slippage=0.0 if rests else _known((sizes.value * sizes.half + moved) * rate),
        cash_after=None if cash is None else _known(cash * rate),
        position_before=sizes.held,
        position_after=after,
        mid=(sizes.bid + sizes.ask) / 2.0,
        es_before=before.es,
        es_after=later.es,
        sizing=sizing(request, context, sizes, book) if book and whole else None,
        stress=stress,
    )


_Shown = tuple[Prospect, Prospect, tuple[StressLoss, ...]]
_UNSEEN = Prospect(None, None, "not looked at")
_HIDDEN: _Shown = (_UNSEEN, _UNSEEN, ())


def _shown(
    request: OrderRequest, context: OrderContext, after: Decimal, found: tuple[gates.Sizes, Bought | None]
) -> tuple[list[Check], _Shown]:
    """Losses before and after, in each scenario too, and the checks that only tell of them."""
    sizes, book = found
    more = float(after - sizes.held) * sizes.price * sizes.rate
    before, later, stress = _losses(request.symbol, context, book, more)
    told = [_var_check(before, later)]
    if book is None:
        told.append(open_risk_check(_open_risk(request, context, after, sizes), context.equity))
    return told, (before, later, stress)


def _losses(
    symbol: str, context: OrderContext, book: Bought | None, more: float
) -> tuple[Prospect, Prospect, tuple[StressLoss, ...]]:
    """Loss of the book as it is, and with ``more`` money in ``symbol``, and both in each scenario."""
    books, standing = context.portfolio, context.standing
    values = worths(books.positions, context.prices, books.currency, context.rates)
    same = book is not None and book.values == values  # no buy is working: its outcomes are at hand
    outlook = book.outlook if book and same else Outlook(values, symbol, context.scenarios, standing)
    stress = stressed(standing.shocks, values, (symbol, more)) if standing else ()
    return outlook.at(0.0), outlook.at(more), stress


def _weight(worth: float, equity: float | None) -> float | None:
    """Return a part of equity, where that is known and there is some."""
    known = equity is not None and isfinite(equity) and equity > 0
    return _known(worth / equity) if known and equity else None


def _known(number: float) -> float | None:
    """What has no rate is not known in the base currency."""
    return number if isfinite(number) else None


def _var_check(before: Prospect, after: Prospect) -> Check:
    if before.var is None or after.var is None:
        note = after.note if after.var is None else before.note
        return Check(
            "VAR", "VaR", passed=True, sentence=f"VaR is {note}; that refuses nothing.", advisory=True
        )
    sentence = f"The 1-day 99 % loss goes from {before.var:,.0f} to {after.var:,.0f}."
    value, now = f"{after.var:,.0f}", f"{before.var:,.0f} now"
    return Check("VAR", "VaR", passed=True, sentence=sentence, value=value, limit=now, advisory=True)


def _open_risk(request: OrderRequest, context: OrderContext, after: Decimal, sizes: gates.Sizes) -> float:
    """Sum of losses at the stops once the order has done its work; a sell stop works by resting."""
    symbol, books = request.symbol, context.portfolio
    prices = {**context.prices, symbol: sizes.price}
    at = stops(context.orders, prices)
    level = resting_level(request, sizes.price) if request.protective else request.stop_loss_price
    if level is not None:
        at.setdefault(symbol, []).append((request.quantity, level))
    positions = dict(books.positions)
    if not request.protective:
        positions[symbol] = Position(symbol, after, _NONE, currency=context.currency)
    return open_risk(positions, prices, at, books.currency, context.rates)
