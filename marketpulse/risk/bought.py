"""The book as it would be once a buy and all working buys have filled, and how large the buy should be."""

from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from math import inf, isfinite, nan, sqrt

from marketpulse.risk import exposures, gates_book
from marketpulse.risk.context import OrderContext
from marketpulse.risk.costs import fee
from marketpulse.risk.currency import worths
from marketpulse.risk.events import event_gate
from marketpulse.risk.gates import Sizes
from marketpulse.risk.limits import OPEN_RISK, POSITION, open_risk, open_risk_check, stops
from marketpulse.risk.liquidity import liquidity_limit
from marketpulse.risk.prospect import Outlook
from marketpulse.risk.reserve import reserve
from marketpulse.risk.sizing import VAR_BUDGET, Bet, Cap, governor, haircut, shortfall_room, waterfall
from marketpulse.risk.triggers import mark
from marketpulse.types import OPEN_STATES, Check, OrderRequest, Position, Side, Sizing

__all__ = ["Bought", "book_checks", "bought", "sizing"]

_NONE = Decimal(0)
_TINY = 1e-9
_THOUSAND = 1_000.0  # the fee of a usual order, in the instrument's currency
_LARGEST = 1e12  # units; a gate refuses more


@dataclass(frozen=True, slots=True)
class Bought:
    """The book with every working buy filled, but not the one that is asked about.

    Attributes
    ----------
    values : by symbol, base currency; NaN where there is no price or no rate
    positions, prices, at : the same for the open risk: units, marks, and stops with their units
    each : what one unit of the order is worth at its mark, base currency
    outlook : its loss, with more or less money in the order's name
    """

    values: dict[str, float]
    positions: dict[str, Position]
    prices: dict[str, float]
    at: dict[str, list[tuple[Decimal, Decimal]]]
    each: float
    outlook: Outlook


def bought(request: OrderRequest, context: OrderContext, sizes: Sizes, highest: float) -> Bought:
    """Fill all working buys at their marks.

    Parameters
    ----------
    highest : the highest mark of the order and the working buys of its symbol
    """
    books, symbol = context.portfolio, request.symbol
    positions = {name: held for name, held in books.positions.items() if held.quantity}
    prices = dict(context.prices)
    at = stops(context.orders, prices | {symbol: sizes.price}) if context.orders else {}
    prices[symbol] = highest
    for order in context.orders:
        other = order.request
        if other.side is not Side.BUY or order.state not in OPEN_STATES:
            continue
        name = other.symbol
        price = context.prices.get(name, nan)
        prices[name] = max(prices.get(name, nan), mark(other, price)) if isfinite(price) else nan
        positions[name] = _more(positions.get(name), name, order.remaining, context)
        if other.stop_loss_price is not None:
            at.setdefault(name, []).append((order.remaining, other.stop_loss_price))
    values = worths(positions, prices, books.currency, context.rates)
    outlook = Outlook(values, symbol, context.scenarios, context.standing)
    return Bought(values, positions, prices, at, highest * sizes.rate, outlook)


def _more(held: Position | None, symbol: str, units: Decimal, context: OrderContext) -> Position:
    if held is not None:
        return Position(symbol, held.quantity + units, _NONE, currency=held.currency)
    currency = context.instruments[symbol].currency
    return Position(symbol, units, _NONE, currency=context.aliases.get(currency, currency))


def _risk(request: OrderRequest, context: OrderContext, book: Bought) -> float:
    """Open risk with the buy in it."""
    symbol = request.symbol
    positions = {
        **book.positions,
        symbol: _more(book.positions.get(symbol), symbol, request.quantity, context),
    }
    at = book.at
    if request.stop_loss_price is not None:
        at = {**at, symbol: [*at.get(symbol, ()), (request.quantity, request.stop_loss_price)]}
    return open_risk(positions, book.prices, at, context.portfolio.currency, context.rates)


def book_checks(
    request: OrderRequest, context: OrderContext, book: Bought, *, brief: bool = False
) -> list[Check]:
    """Pass a buy through the limits of the book."""
    symbol, equity, standing = request.symbol, context.equity, context.standing
    units = float(request.quantity)
    values = {**book.values, symbol: book.values.get(symbol, 0.0) + units * book.each}
    found = [
        open_risk_check(_risk(request, context, book), equity, refuses=True, brief=brief),
        gates_book.gross(values, equity, _gross(context), brief=brief),
        *_lies(request, context, (book, values), brief=brief),
    ]
    if context.drawdown is not None:
        found.append(gates_book.drawdown(context.drawdown))
    if standing is None:
        return found
    moving = gates_book.cluster(symbol, values, equity, standing)
    if moving is not None:
        found.append(moving)
    if standing.red:
        found.append(gates_book.red_zone(symbol, values[symbol], equity))
    after = book.outlook.at(units * book.each)
    return [*found, gates_book.shortfall(after, equity, unread=context.scenarios is None)]


def _gross(context: OrderContext) -> float:
    return gates_book.GROSS if context.bounds is None else context.bounds.gross


def _lies(
    request: OrderRequest, context: OrderContext, book: tuple[Bought, dict[str, float]], *, brief: bool
) -> list[Check]:
    """Where the money would lie, and how long it would take to have it back."""
    bounds, symbol, (filled, values) = context.bounds, request.symbol, book
    if bounds is None:
        return []
    units = float(request.quantity) + _units(filled, symbol)
    return [
        *exposures.limits(
            symbol,
            values,
            context.equity,
            bounds=bounds,
            instruments=context.instruments,
            portfolio=context.portfolio,
            rates=context.rates,
            brief=brief,
        ),
        liquidity_limit(
            symbol,
            units,
            context.usual,
            bounds.liquidity_days,
            bounds.volume_share,
            unread=context.scenarios is None,
            brief=brief,
        ),
    ]


def _units(book: Bought, symbol: str) -> float:
    held = book.positions.get(symbol)
    return 0.0 if held is None else float(held.quantity)


def sizing(request: OrderRequest, context: OrderContext, sizes: Sizes, book: Bought) -> Sizing | None:
    """Walk from the signal to a size for this buy, on the numbers its gates look at."""
    equity = context.equity
    if equity is None or not (isfinite(equity) and equity > 0 and book.each > 0 and isfinite(book.each)):
        return None
    whole = sum(book.values.values())
    alike = book.outlook.correlation()
    fall = 0.0 if context.drawdown is None else context.drawdown
    governed = governor(fall, gates_book.DRAWDOWN)
    return waterfall(
        _bet(context, sizes),
        _caps(request, context, sizes, book),
        alike=(
            haircut(alike, whole / equity),
            f"{alike:.2f} to the book" if isfinite(alike) else "taken as 1",
        ),
        governed=(governed, f"x {governed:.2f}, {fall:.1%} down"),
        worth=book.each,
        equity=equity,
        lot=partial(_lot, context),
    )


def _lot(context: OrderContext, units: Decimal) -> Decimal:
    return context.instrument.quantity(units)


def _bet(context: OrderContext, sizes: Sizes) -> Bet:
    """What the signal says, and what a round trip costs."""
    opinion, market = context.opinion, context.market
    if opinion is None:
        return Bet(None, 0.0, 0.0, "There is no signal.")
    if opinion.chance is None or market is None:
        return Bet(
            None, 0.0, 0.0, opinion.why if opinion.chance is None else "How far it moves is not known."
        )
    price = Decimal(repr(sizes.price))
    one = Decimal(repr(max(_THOUSAND / sizes.price, 1e-8)))
    paid = float(fee(context.instrument, one, price)) / (float(one) * sizes.price)
    move = market.sigma * sqrt(opinion.horizon)
    return Bet(opinion.chance, move, 2 * (paid + sizes.half), opinion.why, opinion.right)


def _caps(request: OrderRequest, context: OrderContext, sizes: Sizes, book: Bought) -> list[Cap]:
    """Every limit as units of this order, in the order in which they are applied."""
    equity, each, symbol, standing = context.equity or nan, book.each, request.symbol, context.standing
    here = book.values.get(symbol, 0.0)
    room = (POSITION * equity - here) / each
    alone = book.outlook.alone()
    budget = inf if alone == 0.0 else VAR_BUDGET * equity / (alone * each)
    caps = [
        Cap("VaR budget", budget, f"{VAR_BUDGET:.0%} of equity, alone", hard=False),
        Cap(f"{POSITION:.0%} per position", room, f"{here / equity:.1%} held" if here else ""),
    ]
    if standing is not None and standing.red:
        half = (gates_book.HALF * POSITION * equity - here) / each
        caps.append(Cap("Red zone", half, "half a position"))
    group = standing.cluster(symbol) if standing else (symbol,)
    if len(group) > 1:
        held = sum(book.values.get(name, 0.0) for name in group)
        most = (gates_book.CLUSTER * equity - held) / each
        caps.append(Cap(f"{gates_book.CLUSTER:.0%} together", most, f"{held / equity:.1%} held"))
    caps.append(_open_risk_cap(request, context, book))
    whole = sum(map(abs, book.values.values()))
    gross = (_gross(context) * equity - whole) / each
    caps.append(Cap(f"{_gross(context):.0%} gross", gross, f"{whole / equity:.0%} held"))
    caps += _lying_caps(request, context, book)
    if standing is not None and context.scenarios is not None:
        caps.append(_shortfall_cap(equity, book, min(cap.units for cap in caps[1:])))
    caps.append(_cash_cap(request, context, sizes, caps))
    return caps


def _lying_caps(request: OrderRequest, context: OrderContext, book: Bought) -> list[Cap]:
    """The limits of where money may lie, of the days to sell, and of an event that is near."""
    bounds, symbol, equity = context.bounds, request.symbol, context.equity or nan
    found = []
    if bounds is not None:
        found = exposures.caps(
            symbol,
            book.values,
            equity,
            each=book.each,
            bounds=bounds,
            instruments=context.instruments,
            portfolio=context.portfolio,
            rates=context.rates,
        )
        if context.scenarios is not None:
            most = bounds.liquidity_days * bounds.volume_share * context.usual - _units(book, symbol)
            found.append(Cap("Days to sell", most, f"{bounds.liquidity_days:g} at most"))
    if not event_gate(context.event, context.event_days).passed:
        found.append(Cap("Event", 0.0, "earnings are near"))
    return found


def _shortfall_cap(equity: float, book: Bought, most: float) -> Cap:
    """The expected shortfall, looked for no further than ``most``, which the limits before leave."""
    name, note = "ES 99 %, 1 d", f"{gates_book.SHORTFALL:.0%} of equity"
    if not book.outlook.known:
        return Cap(name, 0.0, "not known")
    ceiling = max(0.0, most) * book.each

    def loss(money: float) -> float:
        found = book.outlook.at(money).es
        return nan if found is None else found

    free = shortfall_room(loss, gates_book.SHORTFALL * equity, ceiling)
    return Cap(name, free / book.each, note) if free < ceiling else Cap(name, inf, "room to spare")


def _open_risk_cap(request: OrderRequest, context: OrderContext, book: Bought) -> Cap:
    equity = context.equity or nan
    now = open_risk(book.positions, book.prices, book.at, context.portfolio.currency, context.rates)
    price = book.prices[request.symbol]
    stop = request.stop_loss_price
    part = 1.0 if stop is None else max(_TINY, 1.0 - float(stop) / price)
    most = (OPEN_RISK * equity - now) / (book.each * part)
    return Cap(f"{OPEN_RISK:.0%} open risk", most, f"{now / equity:.1%}" + ("" if stop else ", no stop"))


def _cash_cap(request: OrderRequest, context: OrderContext, sizes: Sizes, caps: list[Cap]) -> Cap:
    """Free cash over what a unit needs; needs grow with the size, so they are taken at the largest one."""
    if sizes.free_cash is None:
        return Cap("Cash", nan, "not known")
    most = min(cap.units for cap in caps if cap.hard)
    known = isfinite(most) and most < _LARGEST  # reckoning cents of more is no use
    largest = max(Decimal(1), Decimal(repr(most))) if known else request.quantity
    need = reserve(context.instrument, request, largest, sizes.ask, context.market) / largest
    return Cap(
        "Cash", float(sizes.free_cash) / float(need) if need > 0 else nan, f"{sizes.free_cash:,.0f} free"
    )
