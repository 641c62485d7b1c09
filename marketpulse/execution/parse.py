"""What a person or a program wrote, read as an order: every mistake gets a code and one sentence.

Numbers come as text or whole numbers. A float is refused, because the desk would have to guess
which decimal was meant, and with it NaN and infinity.
"""

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum
from typing import TypeVar

from marketpulse.errors import Refused
from marketpulse.types import Instrument, OrderRequest, OrderType, Side, TimeInForce

__all__ = ["check", "find_instrument", "read_order"]

_FIELDS = ("symbol", "side", "type", "quantity", "limit_price", "stop_price", "time_in_force")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,18})?", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9^./_:-]{1,20}", re.ASCII)
_LONGEST = 40
_SMALLEST = -18  # decimal places
_MOST = {"BAD_QUANTITY": Decimal(10) ** 12, "BAD_PRICE": Decimal(10) ** 9}

_Choice = TypeVar("_Choice", bound=StrEnum)


def read_order(raw: Mapping[str, object], instruments: Mapping[str, Instrument]) -> OrderRequest:
    """Read ``raw`` as an order.

    ``symbol`` in any case, a pair as ``BTC/USDT`` or ``BTC-USDT``; ``side`` buy or sell; ``type``
    market, limit or stop; ``quantity``, ``limit_price`` and ``stop_price`` as text or whole
    numbers; ``time_in_force`` day (also when absent) or gtc. An absent field may be None.

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
        name: _number(given[name], name.replace("_", " "), "BAD_PRICE")
        for name in ("limit_price", "stop_price")
        if name in given
    }
    quantity = _number(given["quantity"], "quantity", "BAD_QUANTITY")
    try:
        request = OrderRequest(instrument.symbol, side, kind, quantity, time_in_force=force, **prices)
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
    trigger = request.trigger
    if trigger is not None:
        _positive(trigger, f"{request.type} price", "BAD_PRICE")
        if trigger % instrument.tick:
            _off("OFF_TICK", trigger, instrument.tick, f"the price step of {instrument.symbol}")
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
