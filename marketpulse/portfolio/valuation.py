"""What the accounts are worth at the last good prices: estimates beside the owed numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from math import isfinite
from types import MappingProxyType

from marketpulse.portfolio.books import Flow
from marketpulse.types import Balance, MarketDatum, Portfolio, Position, PositionView, Rate, Valuation

__all__ = ["band", "converted", "currencies", "equity", "value"]

_NOTHING = Flow(Decimal(0), Decimal(0))
_NO_RATES: Mapping[str, Rate] = MappingProxyType({})


def value(
    portfolio: Portfolio,
    marks: Mapping[str, MarketDatum],
    *,
    rates: Mapping[str, Rate] = _NO_RATES,
    reserved: Decimal = Decimal(0),
    day_start: float | None = None,
    peak: float = 0.0,
    drawdown: float = 0.0,
    today: Mapping[str, Flow] | None = None,
    stops: Mapping[str, Decimal] | None = None,
    curve: Sequence[tuple[datetime, float]] = (),
    samples: Sequence[tuple[float, float]] = (),
) -> Valuation:
    """Mark the positions at their last price, turn all into the base currency, and sum up.

    Parameters
    ----------
    marks : last good quotes by symbol; a stale one still values a position, and says so
    rates : into the base currency, by currency; without one nothing of that currency is converted
    reserved : cash that working buys hold back, base currency
    day_start : equity when the day began, None when it is not known
    peak : highest equity before now
    drawdown : the last known one, repeated while equity is not known
    today : what was traded since the day began, by symbol
    stops : the stop price that protects a position, by symbol
    samples : the band of the curve

    Returns
    -------
    Valuation
        Equity is None, never a number, while something held has no price or no rate; ``unknown`` says what.

    Units
    -----
    Base currency throughout, but for what a position says of its own; ``drawdown`` a fraction of the peak.

    Examples
    --------
    >>> book = Portfolio("paper:1", cash=Decimal("99000"), deposits=Decimal("100000"))
    >>> round(value(book, {}, reserved=Decimal("500"), peak=100000.0).drawdown, 6)
    0.01
    """
    views = _views(portfolio, marks, rates, today or {}, stops or {})
    worth = equity(portfolio, {symbol: datum.quote.price for symbol, datum in marks.items()}, rates)
    if worth is not None:
        peak = max(peak, worth)
        drawdown = 1.0 - worth / peak if peak > 0 else 0.0
        views = [_weighed(view, worth) for view in views]
    return replace(
        _summed(portfolio, worth, views, rates),
        buying_power=max(0.0, float(portfolio.cash - reserved)),
        day_pnl=worth - day_start if worth is not None and day_start is not None else None,
        drawdown=drawdown,
        peak=peak,
        curve=tuple(curve),
        band=tuple(samples),
    )


def _views(
    portfolio: Portfolio,
    marks: Mapping[str, MarketDatum],
    rates: Mapping[str, Rate],
    today: Mapping[str, Flow],
    stops: Mapping[str, Decimal],
) -> list[PositionView]:
    return [
        _position(
            position,
            marks.get(symbol),
            _factor(position.currency, portfolio.currency, rates),
            flow=today.get(symbol, _NOTHING),
            stop=stops.get(symbol),
        )
        for symbol, position in portfolio.positions.items()
    ]


def _summed(
    portfolio: Portfolio, worth: float | None, views: Sequence[PositionView], rates: Mapping[str, Rate]
) -> Valuation:
    """Everything that follows from the books, their value and the rates alone."""
    low, high = band(portfolio, worth, rates) or (None, None)
    return Valuation(
        currency=portfolio.currency,
        cash=portfolio.cash,
        deposits=portfolio.deposits,
        realized=portfolio.realized,
        fees=portfolio.fees,
        equity=worth,
        buying_power=0.0,
        day_pnl=None,
        open_pnl=_total([view.unrealized for view in views if view.quantity]),
        drawdown=0.0,
        peak=0.0,
        positions=tuple(views),
        equity_low=low,
        equity_high=high,
        balances=_balances(portfolio, rates),
        rates=tuple(rates[c] for c in currencies(portfolio) if c in rates),
        unknown=tuple(_missing(portfolio, views, rates)),
        realized_in=portfolio.realized_in,
        fees_in=portfolio.fees_in,
        dividends_in=portfolio.dividends_in,
        deposits_in=portfolio.deposits_in,
    )


def currencies(portfolio: Portfolio) -> tuple[str, ...]:
    """Return the currencies beside the base that equity needs a rate for, sorted."""
    cash = {currency for (_, currency), amount in portfolio.balances.items() if amount}
    held = {position.currency for position in portfolio.positions.values() if position.quantity}
    return tuple(sorted((cash | held) - {portfolio.currency}))


def equity(
    portfolio: Portfolio, prices: Mapping[str, float], rates: Mapping[str, Rate] = _NO_RATES
) -> float | None:
    """Add up cash and holdings; None when something has no price or no rate.

    Parameters
    ----------
    prices : last good prices by symbol, in the position's own currency

    Units
    -----
    Base currency.

    References
    ----------
    None: a sum of products.

    Examples
    --------
    >>> book = Portfolio("a:1", balances={("a:1", "USD"): Decimal(10), ("a:1", "INR"): Decimal(800)})
    >>> equity(book, {}, {"INR": Rate("INR", 0.0125, "yahoo")}), equity(book, {})
    (20.0, None)
    """
    base, total = portfolio.currency, 0.0
    for (_, currency), amount in portfolio.balances.items():
        cash = converted({currency: amount}, base, rates)
        if cash is None:
            return None
        total += cash
    for symbol, position in portfolio.positions.items():
        if position.quantity:
            price, rate = prices.get(symbol), _factor(position.currency, base, rates)
            if price is None or rate is None or not _good(price):
                return None
            total += float(position.quantity) * price * rate
    return total if isfinite(total) else None


def _factor(currency: str, base: str, rates: Mapping[str, Rate]) -> float | None:
    if currency == base:
        return 1.0
    rate = rates.get(currency)
    known = rate is not None and rate.value is not None and _good(rate.value)
    return rate.value if rate is not None and known else None


def _balances(portfolio: Portfolio, rates: Mapping[str, Rate]) -> tuple[Balance, ...]:
    found = []
    for (account, currency), amount in sorted(portfolio.balances.items()):
        rate = _factor(currency, portfolio.currency, rates)
        found.append(Balance(account, currency, amount, None if rate is None else float(amount) * rate))
    return tuple(found)


def _missing(portfolio: Portfolio, views: Iterable[PositionView], rates: Mapping[str, Rate]) -> list[str]:
    """Say what keeps equity from being known."""
    found = [f"{view.symbol} has no price." for view in views if view.quantity and view.last is None]
    for currency in currencies(portfolio):
        if _factor(currency, portfolio.currency, rates) is None:
            rate = rates.get(currency)
            why = f" ({rate.source})" if rate is not None and rate.source else ""
            found.append(f"There is no rate from {currency} to {portfolio.currency}{why}.")
    return found


def converted(amounts: Mapping[str, Decimal], base: str, rates: Mapping[str, Rate]) -> float | None:
    """Add up amounts by currency in the base currency; None when one of them has no rate.

    Units
    -----
    Base currency.

    References
    ----------
    None: a sum of products.

    Examples
    --------
    >>> converted({"USD": Decimal(1), "INR": Decimal(0)}, "USD", {})
    1.0
    """
    total = 0.0
    for currency, amount in amounts.items():
        if amount:
            rate = _factor(currency, base, rates)
            if rate is None:
                return None
            total += float(amount) * rate
    return total


def band(portfolio: Portfolio, worth: float | None, rates: Mapping[str, Rate]) -> tuple[float, float] | None:
    """Equity had every paper fill been at its pessimistic or optimistic price; None where none has another.

    Units
    -----
    Base currency.

    References
    ----------
    None: cash differs by quantity times the distance of the prices.

    Examples
    --------
    >>> worse, better = {"USD": Decimal(-3)}, {"USD": Decimal(2)}
    >>> band(Portfolio("a:1", worse_in=worse, better_in=better), 100.0, {})
    (97.0, 102.0)
    """
    if worth is None or not portfolio.worse_in:
        return None
    down = converted(portfolio.worse_in, portfolio.currency, rates)
    up = converted(portfolio.better_in, portfolio.currency, rates)
    return None if down is None or up is None else (worth + down, worth + up)


def _total(numbers: Sequence[float | None]) -> float | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if len(known) == len(numbers) else None


def _weighed(view: PositionView, worth: float) -> PositionView:
    if view.value is None or worth <= 0:
        return view
    return replace(view, weight=view.value / worth)


def _position(
    position: Position,
    datum: MarketDatum | None,
    rate: float | None,
    *,
    flow: Flow,
    stop: Decimal | None,
) -> PositionView:
    last = datum.quote.price if datum is not None and _good(datum.quote.price) else None
    units, worth, gain, day = float(position.quantity), None, None, None
    if last is not None:
        worth = units * last
        gain = worth - units * float(position.average_price)
        day = _day(position.quantity, last, datum.change if datum else None, flow)
    return PositionView(
        symbol=position.symbol,
        quantity=position.quantity,
        average_price=position.average_price,
        realized=position.realized,
        last=last,
        value=_times(worth, rate),
        unrealized=_times(gain, rate),
        day_pnl=_times(day, rate),
        weight=None,
        stale=datum is not None and datum.stale,
        stop=stop,
        currency=position.currency,
        own_value=worth,
        own_unrealized=gain,
    )


def _times(number: float | None, rate: float | None) -> float | None:
    return None if number is None or rate is None else number * rate


def _good(price: float) -> bool:
    return isfinite(price) and price > 0


def _day(quantity: Decimal, last: float, change: float | None, flow: Flow) -> float | None:
    """Gain since the last close: of what was held then, and of what was traded since at its own price."""
    before = float(quantity - flow.units)
    if not before:
        return float(quantity) * last - float(flow.paid)
    if change is None or not isfinite(change) or change <= -1.0:
        return None
    return float(quantity) * last - before * last / (1.0 + change) - float(flow.paid)
