"""What an account is worth at the last good prices: estimates beside the owed numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from math import isfinite

from marketpulse.portfolio.books import Flow
from marketpulse.types import MarketDatum, Portfolio, Position, PositionView, Valuation

__all__ = ["value"]

_NOTHING = Flow(Decimal(0), Decimal(0))


def value(
    portfolio: Portfolio,
    marks: Mapping[str, MarketDatum],
    *,
    reserved: Decimal = Decimal(0),
    day_start: float | None = None,
    peak: float = 0.0,
    drawdown: float = 0.0,
    today: Mapping[str, Flow] | None = None,
    stops: Mapping[str, Decimal] | None = None,
    curve: Sequence[tuple[datetime, float]] = (),
) -> Valuation:
    """Mark the positions at their last price and sum up.

    Crypto is quoted in USDT; in this release one USDT counts as one US dollar.

    Parameters
    ----------
    marks : last good quotes by symbol; a stale one still values a position, and says so
    reserved : cash that working buys hold back
    day_start : equity when the day began, None when it is not known
    peak : highest equity before now
    drawdown : the last known one, repeated while equity is not known
    today : what was traded since the day began, by symbol
    stops : the stop price that protects a position, by symbol

    Returns
    -------
    Valuation
        Equity is None, never a number, while a held instrument has no price.

    Units
    -----
    Base currency throughout; ``drawdown`` a fraction of the peak.

    Examples
    --------
    >>> book = Portfolio("paper:1", cash=Decimal("99000"), deposits=Decimal("100000"))
    >>> round(value(book, {}, reserved=Decimal("500"), peak=100000.0).drawdown, 6)
    0.01
    """
    today, stops = today or {}, stops or {}
    views = [
        _position(position, marks.get(symbol), today.get(symbol, _NOTHING), stops.get(symbol))
        for symbol, position in portfolio.positions.items()
    ]
    values = [view.value for view in views if view.quantity]
    known = [v for v in values if v is not None]
    equity = float(portfolio.cash) + sum(known) if len(known) == len(values) else None
    if equity is not None:
        peak = max(peak, equity)
        drawdown = 1.0 - equity / peak if peak > 0 else 0.0
        views = [_weighed(view, equity) for view in views]
    return Valuation(
        currency=portfolio.currency,
        cash=portfolio.cash,
        deposits=portfolio.deposits,
        realized=portfolio.realized,
        fees=portfolio.fees,
        equity=equity,
        buying_power=max(0.0, float(portfolio.cash - reserved)),
        day_pnl=equity - day_start if equity is not None and day_start is not None else None,
        open_pnl=_total([view.unrealized for view in views if view.quantity]),
        drawdown=drawdown,
        peak=peak,
        positions=tuple(views),
        curve=tuple(curve),
    )


def _total(numbers: Sequence[float | None]) -> float | None:
    known = [n for n in numbers if n is not None]
    return sum(known) if len(known) == len(numbers) else None


def _weighed(view: PositionView, equity: float) -> PositionView:
    if view.value is None or equity <= 0:
        return view
    return replace(view, weight=view.value / equity)


def _position(
    position: Position, datum: MarketDatum | None, flow: Flow, stop: Decimal | None
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
        value=worth,
        unrealized=gain,
        day_pnl=day,
        weight=None,
        stale=datum is not None and datum.stale,
        stop=stop,
    )


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
