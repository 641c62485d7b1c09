"""What a person or a program wrote, read as an order: every mistake gets a code and one sentence.

Numbers come as text or whole numbers. A float is refused, because the desk would have to guess
which decimal was meant, and with it NaN and infinity.
"""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, TypeVar

from marketpulse.errors import Refused
from marketpulse.types import Instrument, OrderRequest, OrderType, Side, TimeInForce

__all__ = ["check", "find_instrument", "read_order"]

_PRICES = (
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "activation_price",
    "take_profit_price",
    "stop_loss_price",
)
_FLAGS = ("reduce_only", "post_only")
_FIELDS = ("symbol", "side", "type", "quantity", *_PRICES, "time_in_force", "good_till", *_FLAGS)
_ON_TICK = frozenset(_PRICES) - {"trail_percent"}
_WHOLE = Decimal(100)
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,18})?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9^./_:-]{1,20}", re.ASCII)
_LONGEST = 40
_SMALLEST = -18  # decimal places
_MOST = {"BAD_QUANTITY": Decimal(10) ** 12, "BAD_PRICE": Decimal(10) ** 9}

_Choice = TypeVar("_Choice", bound=StrEnum)


def read_order(raw: Mapping[str, object], instruments: Mapping[str, Instrument]) -> OrderRequest:
    """Read ``raw`` as an order.

    ``symbol`` in any case, a pair as ``BTC/USDT`` or ``BTC-USDT``; ``side`` buy or sell; ``type`` one
    of OrderType; quantity and prices as text or whole numbers; ``time_in_force`` one of TimeInForce,
    day when absent; ``good_till`` as ISO text with a time zone; ``reduce_only`` and ``post_only`` as
    true or false. An absent field may be None.

    Raises
    ------
    Refused
        With the first thing that is wrong.
    """
    given = {name: value for name, value in raw.items() if value is not None}
    for name in given:
        if name not in _FIELDS:
            raise Refused("BAD_REQUEST", f"An order has no field {_shown(name)}.{_nearest(name, _FIELDS)}")
    for name in ("symbol", "side", "type", "quantity"):
        if name not in given:
            raise Refused("BAD_REQUEST", f"The order's {name} is missing.")
    instrument = find_instrument(given["symbol"], instruments)
    side, kind = _choice(Side, "side", given["side"]), _choice(OrderType, "type", given["type"])
    force = _choice(TimeInForce, "time_in_force", given.get("time_in_force", "day"))
    prices = {
        name: _number(given[name], name.replace("_", " "), "BAD_PRICE") for name in _PRICES if name in given
    }
    flags = {name: _flag(name, given[name]) for name in _FLAGS if name in given}
    till = _moment("good_till", given["good_till"]) if "good_till" in given else None
    quantity = _number(given["quantity"], "quantity", "BAD_QUANTITY")
    fields: dict[str, Any] = {**prices, **flags}
    try:
        request = OrderRequest(
            instrument.symbol, side, kind, quantity, time_in_force=force, good_till=till, **fields
        )
    except ValueError as error:
        raise Refused("BAD_REQUEST", str(error)) from None
    return check(request, instruments)


def check(request: OrderRequest, instruments: Mapping[str, Instrument]) -> OrderRequest:
    """Refuse an order that no venue could read; returns it unchanged.

    Raises
    ------
    Refused
        ``UNKNOWN_SYMBOL``, ``NOT_TRADABLE``, ``BAD_QUANTITY``, ``BAD_PRICE``, ``OFF_LOT`` or ``OFF_TICK``.
    """
    instrument = find_instrument(request.symbol, instruments)
    if not instrument.tradable:
        raise Refused("NOT_TRADABLE", f"{instrument.symbol} is an index: shown, never traded.")
    _positive(request.quantity, "quantity", "BAD_QUANTITY")
    if request.quantity % instrument.lot:
        _off("OFF_LOT", request.quantity, instrument.lot, f"the lot of {instrument.symbol}")
    for name in _PRICES:
        price = getattr(request, name)
        if price is not None:
            _positive(price, name.replace("_", " "), "BAD_PRICE")
            if name in _ON_TICK and price % instrument.tick:
                _off("OFF_TICK", price, instrument.tick, f"the price step of {instrument.symbol}")
    if request.trail_percent is not None and request.trail_percent >= _WHOLE:
        raise Refused("BAD_PRICE", "The trail percent must be below 100.")
    return request


def find_instrument(symbol: object, instruments: Mapping[str, Instrument]) -> Instrument:
    """Find what ``symbol`` names, in any case and with ``-`` or ``/`` between the two of a pair.

    Raises
    ------
    Refused
        ``UNKNOWN_SYMBOL``, with the nearest names.
    """
    if not isinstance(symbol, str):
        raise Refused("UNKNOWN_SYMBOL", "The symbol must be text, such as AAPL or BTC/USDT.")
    name = symbol.strip().upper() if len(symbol) <= _LONGEST else ""
    found = instruments.get(symbol) or instruments.get(name) or instruments.get(name.replace("-", "/"))
    if found is None:
        raise Refused(
            "UNKNOWN_SYMBOL", f"The desk does not know {_shown(symbol)}.{_nearest(name, instruments)}"
        )
    return found


def _choice(kind: type[_Choice], field: str, value: object) -> _Choice:
    names = [str(member.value) for member in kind]
    text = value.strip().lower() if isinstance(value, str) and len(value) <= _LONGEST else ""
    if text not in names:
        raise Refused(
            "BAD_REQUEST", f"The {field} must be one of: {', '.join(names)}.{_nearest(text, names)}"
        )
    return kind(text)


def _flag(field: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise Refused("BAD_REQUEST", f"{field} must be true or false.")
    return value


def _moment(field: str, value: object) -> datetime:
    """Read ISO text with a time zone, or an aware datetime."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value)[:_LONGEST])
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Refused("BAD_REQUEST", f"{field} must be a time with its zone, such as 2026-01-30T21:00:00Z.")
    return moment.astimezone(UTC)


def _number(value: object, field: str, code: str) -> Decimal:
    """Read text, a whole number or a Decimal; nothing else, and nothing that is not plain digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Refused(code, f'The {field} must be written as text ("10.5") or a whole number.')
    if isinstance(value, Decimal):
        return _positive(value, field, code)
    if isinstance(value, int):
        text = str(value) if abs(value) <= _MOST["BAD_QUANTITY"] else ""
    else:
        text = value.strip() if len(value) <= _LONGEST else ""
    if not _NUMBER.fullmatch(text):
        raise Refused(code, f"The {field} must be a plain number such as 10 or 10.5.")
    return _positive(Decimal(text), field, code)


def _positive(number: Decimal, field: str, code: str) -> Decimal:
    if not (isinstance(number, Decimal) and number.is_finite()):
        raise Refused(code, f"The {field} must be a number.")
    if not 0 < number <= _MOST[code] or number.adjusted() < _SMALLEST:
        raise Refused(code, f"The {field} must be above zero and at most {_MOST[code]:,}.")
    return number


def _off(code: str, number: Decimal, step: Decimal, what: str) -> None:
    below = number // step * step
    near = [f"{n:f}" for n in (below, below + step) if n > 0]
    raise Refused(
        code,
        f"{number:f} is not a multiple of {step:f}, {what}; the nearest {'are' if len(near) > 1 else 'is'} "
        f"{' and '.join(near)}.",
    )


def _shown(name: object) -> str:
    """Repeat a name only if it looks like one: what a stranger wrote is not for our log or screen."""
    return repr(name) if isinstance(name, str) and _NAME.fullmatch(name) else "what was written there"


def _nearest(name: object, names: Collection[str]) -> str:
    text = name[:_LONGEST] if isinstance(name, str) else ""
    close = get_close_matches(text, list(names), n=3, cutoff=0.5)
    return f" Nearest: {', '.join(close)}." if close else ""
