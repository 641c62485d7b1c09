"""What working orders hold back: cash for buys, units for sells."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from math import isfinite

from marketpulse.risk.costs import Liquidity, fee, slippage
from marketpulse.risk.triggers import worst
from marketpulse.types import OPEN_STATES, Instrument, Order, OrderRequest, Side

__all__ = ["MARGIN", "remaining", "reserve", "reserved_cash"]

MARGIN = 0.01
"""Room for the price to move before a market or stop order fills; an assumption, a fraction."""


def reserve(
    instrument: Instrument,
    request: OrderRequest,
    quantity: Decimal,
    price: float,
    market: Liquidity | None = None,
) -> Decimal:
    """Cash that a buy of ``quantity`` units must find, fee included.

    An order with a limit never pays more than that. A market order is reckoned from ``price`` (the
    ask), a stop order from its stop or ``price``, whichever is dearer, a target from the cheaper of the
    two, a trailing stop from its distance above where it begins; all with slippage and MARGIN on top.
    Rounded up.

    Units
    -----
    Prices and the result in the instrument's currency.

    Raises
    ------
    ValueError
        ``price`` is needed and is not a positive finite number.
    """
    if request.limit_price is not None:
        most = request.limit_price
    else:
        start = worst(request, price)
        most = instrument.price(start * (1.0 + slippage(instrument, quantity, market) + MARGIN), Side.SELL)
    return quantity * most + fee(instrument, quantity, most)


def reserved_cash(
    orders: Iterable[Order],
    instruments: Mapping[str, Instrument],
    prices: Mapping[str, float],
    drawn: Callable[[Order, Instrument], bool] | None = None,
) -> Decimal | None:
    """Cash held back by all open buys, or None when the price of one of them is not known.

    Parameters
    ----------
    prices : last good price by symbol, in the instrument's currency
    drawn : tells whether an order is paid from the cash that is meant; None: all are
    """
    total = Decimal(0)
    for order in orders:
        request = order.request
        if request.side is not Side.BUY or order.state not in OPEN_STATES:
            continue
        instrument = instruments[request.symbol]
        if drawn is not None and not drawn(order, instrument):
            continue
        price = prices.get(request.symbol, 0.0)
        if request.limit_price is None and not (isfinite(price) and price > 0):
            return None
        total += reserve(instrument, request, order.remaining, price)
    return total


def remaining(orders: Iterable[Order], symbol: str, side: Side) -> Decimal:
    """Units of ``symbol`` that open orders on one side may still trade."""
    return sum(
        (
            order.remaining
            for order in orders
            if order.request.symbol == symbol and order.request.side is side and order.state in OPEN_STATES
        ),
        Decimal(0),
    )
