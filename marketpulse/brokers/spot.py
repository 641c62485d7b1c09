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
from marketpulse.types import Fill, Instrument, OrderRequest, OrderType, Side, TimeInForce

__all__ = [
    "Execution",
    "account_of",
    "as_fill",
    "exact",
    "fitting",
    "moment",
    "number",
    "on_steps",
    "only",
    "price_of",
    "rows_of",
    "side_of",
    "side_shown",
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
    maker : it rested and was taken; None where the venue does not say
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
    maker: bool | None


def exact(value: Decimal) -> str:
    """Write a number out in full, as venues read it: no exponent, no digit changed."""
    return format(value.normalize(), "f")


def fitting(pair: Pair | None, instrument: Instrument, request: OrderRequest) -> Pair:
    """Refuse what the venue's own steps do not fit, before anything is sent; nothing is rounded.

    Raises
    ------
    Rejected
        ``NOT_TRADABLE``, ``UNKNOWN_PAIR``, ``OFF_LOT``, ``OFF_TICK`` or ``TIME_IN_FORCE``.
    """
    if not instrument.tradable:
        raise Rejected("NOT_TRADABLE", f"{instrument.symbol} cannot be traded.")
    if pair is None:
        raise Rejected("UNKNOWN_PAIR", f"The venue does not offer {instrument.symbol}.")
    if request.type is OrderType.MARKET and request.time_in_force is TimeInForce.FOK:
        raise Rejected(
            "TIME_IN_FORCE", "A market order takes what is there, so at this venue it cannot be fok."
        )
    on_steps(pair, request.quantity, request.limit_price, request.stop_price, request.activation_price)
    return pair


def on_steps(pair: Pair, quantity: Decimal | None, *prices: Decimal | None) -> None:
    """Refuse a quantity off the venue's lot and a price off its tick; None is not looked at."""
    if quantity is not None and _off(quantity, pair.lot):
        raise Rejected("OFF_LOT", f"The quantity is not a multiple of the venue's lot of {pair.lot:f}.")
    if any(price is not None and _off(price, pair.tick) for price in prices):
        raise Rejected("OFF_TICK", f"The price is not a multiple of the venue's tick of {pair.tick:f}.")


def _off(value: Decimal, step: Decimal) -> bool:
    return not value.is_finite() or value <= 0 or (step > 0 and value % step != 0)


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


def price_of(name: str, info: dict[str, Any], key: str) -> Decimal | None:
    """Read a price that an order may have; None where it is not there, empty or zero."""
    return None if info.get(key) in (None, "") else number(name, info, key) or None


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


def side_shown(info: dict[str, Any]) -> Side | None:
    """Read the side of an order that may be anybody's; None where it cannot be read."""
    word = str(info.get("side")).lower()
    return Side(word) if word in set(Side) else None


def as_fill(name: str, execution: Execution) -> Fill:
    """Say an execution in the words of the books.

    A buy's fee is often taken from the coin that was bought, and at Binance any fee from BNB: the fill
    names that coin, and the books take the fee from it.

    Raises
    ------
    Uncertain
        There is a fee and nobody says in what.
    """
    if execution.fee and not execution.fee_currency:
        raise Uncertain(f"{name}: a trade whose fee has no currency")
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
        note=json.dumps({"order": execution.order_id}, separators=(",", ":")),
        fee_currency=execution.fee_currency,
        maker=execution.maker,
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
