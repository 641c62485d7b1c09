"""Read a request's body: small, flat, strict JSON, and nothing a rule was not written for."""

import difflib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from fastapi import Request

from marketpulse.api.problem import Fault

__all__ = ["LONGEST_BODY", "fields", "parse", "read_body"]

LONGEST_BODY = 64 * 1024
_LONGEST_TEXT = 500
_LONGEST_NUMBER = 64
_MOST_BRACKETS = 64
_LARGEST_EXPONENT = 300

_Scalar = str | int | Decimal | bool | None


def _bad(message: str) -> Fault:
    return Fault(400, "BAD_JSON", message)


async def read_body(request: Request) -> Mapping[str, object]:
    """Return the body as an object of plain values; stops reading at 64 KiB.

    Raises
    ------
    Fault
        413 ``TOO_LARGE``, 400 ``BAD_JSON`` or 422 ``BAD_REQUEST``.
    """
    too_large = Fault(
        413, "TOO_LARGE", f"A body here is at most {LONGEST_BODY} bytes.", {"Connection": "close"}
    )
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared[:12]) > LONGEST_BODY:
        raise too_large
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > LONGEST_BODY:
            raise too_large
    return parse(bytes(raw))


def parse(raw: bytes) -> Mapping[str, object]:
    """Parse one flat JSON object: names once each, numbers exact and finite, text printable; nothing is {}.

    A number with a fraction becomes the decimal text that was written, so that no digit is lost.

    Raises
    ------
    Fault
        What is wrong, without repeating it.

    Examples
    --------
    >>> parse(b'{"symbol": "AAPL", "quantity": 10, "limit_price": 571.50}')
    {'symbol': 'AAPL', 'quantity': 10, 'limit_price': '571.50'}
    """
    if not raw.strip():
        return {}
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad("The body is not UTF-8 text.") from None
    if text.count("{") + text.count("[") > _MOST_BRACKETS:
        raise _bad("The body is nested too deeply.")
    try:
        found = json.loads(
            text,
            parse_int=_whole,
            parse_float=_exact,
            parse_constant=_no_constant,
            object_pairs_hook=_once,
        )
    except ValueError:
        raise _bad("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise _bad("The body must be a JSON object.")
    return {name: _plain(value) for name, value in found.items()}


def fields(body: Mapping[str, object], known: Iterable[str]) -> dict[str, object]:
    """Keep what was given (null counts as not given); refuse a name that is not known.

    Raises
    ------
    Fault
        422 ``BAD_REQUEST`` with the nearest known name.
    """
    names = tuple(known)
    for name in body:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]}?" if near else f" Known are: {', '.join(names)}."
            raise Fault(422, "BAD_REQUEST", f"The body has a field that is not known here.{hint}")
    return {name: value for name, value in body.items() if value is not None}


def _whole(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise _bad("A number in the body is too long.")
    return int(text)


def _exact(text: str) -> Decimal:
    if len(text) > _LONGEST_NUMBER:
        raise _bad("A number in the body is too long.")
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal itself can hold
        raise _bad("A number in the body is out of range.") from None
    if not number:
        return Decimal(0)
    if abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise _bad("A number in the body is out of range.")
    return number


def _no_constant(_: str) -> _Scalar:
    raise _bad("NaN and Infinity are not JSON numbers.")


def _once(pairs: list[tuple[str, _Scalar]]) -> dict[str, _Scalar]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise _bad("A field appears twice in the body.")
    return dict(pairs)


def _plain(value: object) -> object:
    if isinstance(value, dict | list):
        raise Fault(422, "BAD_REQUEST", "A field of the body must be text, a number, true, false or null.")
    if isinstance(value, str) and (len(value) > _LONGEST_TEXT or not value.isprintable()):
        raise Fault(
            422, "BAD_REQUEST", f"A text must be printable and at most {_LONGEST_TEXT} characters long."
        )
    return format(value, "f") if isinstance(value, Decimal) else value
