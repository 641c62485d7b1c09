"""What both crypto venues have in common: exact numbers out, checked numbers in.

Whatever is missing, of another shape or not finite in a venue's answer makes the answer Uncertain:
nothing is concluded from half of one.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from marketpulse.brokers.ccxt_line import Pair
from marketpulse.errors import Rejected, Uncertain
from marketpulse.ports import AccountState
from marketpulse.types import Fill, Instrument, OrderRequest, OrderType, Side

__all__ = [
    "Execution",
    "account_of",
    "as_fill",
    "exact",
    "fitting",
    "moment",
    "number",
    "only",
    "rows_of",
    "side_of",
    "sorted_once",
    "text",
]

_BEGINNING = datetime(2010, 1, 1, tzinfo=UTC)  # no venue is older


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade as the venue tells it.

    Attributes
    ----------
    fee : positive when paid, in ``fee_currency``
    """

    trade_id: str
    order_id: str
    client_id: str
    instrument: Instrument
    side: Side
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    time: datetime
    maker: bool


def exact(value: Decimal) -> str:
    """Write a number out in full, as venues read it: no exponent, no digit changed."""
    return format(value.normalize(), "f")


def fitting(pair: Pair | None, instrument: Instrument, request: OrderRequest) -> Pair:
    """Refuse what the venue's own steps do not fit, before anything is sent; nothing is rounded.

    Raises
    ------
    Rejected
        ``NOT_TRADABLE``, ``UNKNOWN_PAIR``, ``OFF_LOT`` or ``OFF_TICK``.
    """
    if not instrument.tradable:
        raise Rejected("NOT_TRADABLE", f"{instrument.symbol} cannot be traded.")
    if pair is None:
        raise Rejected("UNKNOWN_PAIR", f"The venue does not offer {instrument.symbol}.")
    if not request.quantity.is_finite() or request.quantity <= 0 or _off(request.quantity, pair.lot):
        raise Rejected("OFF_LOT", f"The quantity is not a multiple of the venue's lot of {pair.lot:f}.")
    price = request.trigger
    if price is not None and (not price.is_finite() or price <= 0 or _off(price, pair.tick)):
        raise Rejected("OFF_TICK", f"The price is not a multiple of the venue's tick of {pair.tick:f}.")
    if (price is None) is not (request.type is OrderType.MARKET):
        raise Rejected("BAD_REQUEST", "A market order has no price, any other order has one.")
    return pair


def _off(value: Decimal, step: Decimal) -> bool:
    return step > 0 and value % step != 0


def rows_of(name: str, answer: Any) -> list[dict[str, Any]]:
    """Read a list of objects."""
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise Uncertain(f"{name}: the answer had an unexpected shape")
    return answer


def only(name: str, answer: Any) -> dict[str, Any]:
    """Read an object."""
    if not isinstance(answer, dict):
        raise Uncertain(f"{name}: the answer had an unexpected shape")
    return answer


def text(name: str, info: Any, key: str) -> str:
    """Read a name or a number of the venue's; an empty one is refused."""
    value = info.get(key) if isinstance(info, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | str) or value == "":
        raise Uncertain(f"{name}: {key} is missing")
    return str(value)


def number(name: str, info: Any, key: str) -> Decimal:
    """Read an amount to its last digit."""
    try:
        value = Decimal(text(name, info, key))
    except InvalidOperation:
        raise Uncertain(f"{name}: {key} is not a number") from None
    if not value.is_finite():
        raise Uncertain(f"{name}: {key} is not a finite number")
    return value


def moment(name: str, info: Any, key: str) -> datetime:
    """Read a time told in milliseconds since 1970."""
    value = number(name, info, key)
    try:
        time = datetime.fromtimestamp(float(value) / 1000.0, UTC)
    except (OverflowError, OSError, ValueError):
        time = datetime.fromtimestamp(0, UTC)
    if time < _BEGINNING:
        raise Uncertain(f"{name}: {key} is not a time")
    return time


def side_of(name: str, word: str) -> Side:
    """Read a side."""
    try:
        return Side(word.lower())
    except ValueError:
        raise Uncertain(f"{name}: an order without a side") from None


def as_fill(name: str, pair: Pair, execution: Execution) -> Fill:
    """Say an execution in the words of the books.

    The books know a fee in the currency of the price only. A fee in the coin that was bought makes
    the holding smaller than the execution, and one in a third coin comes out of another holding:
    neither can be said in a Fill without a false holding, so neither is.

    Raises
    ------
    Uncertain
        ``FEE_CURRENCY``: nothing may be booked until the books can hold such a fee.
    """
    if execution.fee and execution.fee_currency != pair.quote:
        raise Uncertain(
            f"{name}: FEE_CURRENCY: trade {execution.trade_id} of {execution.instrument.symbol} paid its fee in "
            f"{execution.fee_currency}, which the books cannot hold yet"
        )
    if execution.quantity <= 0 or execution.price <= 0:
        raise Uncertain(f"{name}: a trade without price or quantity")
    return Fill(
        venue=name,
        trade_id=execution.trade_id,
        client_order_id=execution.client_id,
        symbol=execution.instrument.symbol,
        side=execution.side,
        quantity=execution.quantity,
        price=execution.price,
        fee=execution.fee,
        time=execution.time,
        note=json.dumps({"order": execution.order_id, "maker": execution.maker}, separators=(",", ":")),
    )


def sorted_once(fills: Iterable[Fill]) -> list[Fill]:
    """Order by time, each trade once: pages and windows overlap."""
    named = {(fill.symbol, fill.trade_id): fill for fill in fills}
    return sorted(named.values(), key=lambda fill: (fill.time, fill.symbol, fill.trade_id))


def account_of(
    account_id: str, coins: Mapping[str, Decimal], instruments: Iterable[Instrument]
) -> AccountState:
    """Tell coins that an instrument stands for as positions, all others as cash; none is left out.

    Parameters
    ----------
    coins : what is held, whether free or in orders
    """
    symbols: dict[str, str] = {}
    for instrument in instruments:
        base, slash, quote = instrument.symbol.partition("/")
        if slash and base != quote:
            symbols.setdefault(base, instrument.symbol)
    held = {coin: amount for coin, amount in coins.items() if amount}
    return AccountState(
        account_id,
        {coin: amount for coin, amount in held.items() if coin not in symbols},
        {symbols[coin]: amount for coin, amount in held.items() if coin in symbols},
    )
