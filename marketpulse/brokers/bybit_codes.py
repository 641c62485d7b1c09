"""What Bybit's refusals mean, by ccxt's class and Bybit's number. What is not here is in doubt.

In doubt on purpose: 10000 and 10016 (server errors that ccxt shows as final), 170001, 170007, 170032,
170146 ("creation timed out", which ccxt shows as InvalidOrder), 170147, 170149, 170234, any 5xx, and every
number that is not listed.
"""

from typing import Any

from marketpulse.brokers.offered import given_up
from marketpulse.brokers.verdicts import Outcome, Row, Verdict, rejects
from marketpulse.types import OrderState

__all__ = ["ROWS", "end_of"]

_PAUSE = 1.0  # seconds after too many requests, where no header names them: its windows are short
_BAN = 60.0  # seconds after a 403; it lasts ten minutes, asking once a minute is harmless
_FUNDS = "The account at the venue does not hold enough."
_UNREAD = "The venue could not read the order."


def _rows(numbers: str, kinds: str, verdict: Verdict) -> list[Row]:
    return [Row(number, frozenset(kinds.split()), verdict) for number in numbers.split()]


def _refused(numbers: str, kinds: str, code: str, sentence: str) -> list[Row]:
    return [rejects(number, kinds, code, sentence) for number in numbers.split()]


_NOT_SENT: tuple[Row, ...] = (
    *_rows("10002", "InvalidNonce", Verdict(Outcome.SKEWED)),
    *_rows("10006 10018 170222", "RateLimitExceeded", Verdict(Outcome.THROTTLED, pause=_PAUSE)),
    *_rows("170005", "InvalidOrder", Verdict(Outcome.THROTTLED, pause=_PAUSE)),
    Row("", frozenset({"RateLimitExceeded", "DDoSProtection"}), Verdict(Outcome.THROTTLED, pause=_BAN)),
    *_rows("10003 10004 10007 33004", "AuthenticationError", Verdict(Outcome.LOGIN)),
    *_rows("10005 10010 10028", "PermissionDenied", Verdict(Outcome.LOGIN)),
)

_REJECTED: tuple[Row, ...] = (
    *_refused("170033 170131 110004 110007 110012", "InsufficientFunds", "INSUFFICIENT_FUNDS", _FUNDS),
    *_refused("170121", "InvalidOrder BadSymbol", "UNKNOWN_PAIR", "The venue does not offer this pair."),
    *_refused("10001", "BadSymbol", "UNKNOWN_PAIR", "The venue does not offer this pair."),
    *_refused("10001 170105 170130", "BadRequest", "BAD_REQUEST", _UNREAD),
    *_refused("170115 170116 170117 170202 170203", "InvalidOrder", "BAD_REQUEST", _UNREAD),
    *_refused("170137 170148", "InvalidOrder", "OFF_LOT", "The quantity does not fit the venue's lot."),
    *_refused("170134", "InvalidOrder", "OFF_TICK", "The price does not fit the venue's tick."),
    *_refused(
        "170136 170140 110094", "InvalidOrder", "BELOW_MINIMUM", "The order is smaller than the venue takes."
    ),
    *_refused(
        "170124 170135 170197 170198 170228 170229",
        "InvalidOrder",
        "ABOVE_MAXIMUM",
        "The order is larger than the venue takes.",
    ),
    *_refused(
        "170132 170133 170192 170193 170194 110003 170204 170206",
        "InvalidOrder",
        "PRICE_OUT_OF_RANGE",
        "The price is too far from the market for this venue.",
    ),
    *_refused("170151 170157", "InvalidOrder", "MARKET_CLOSED", "The venue does not trade this pair now."),
    *_refused(
        "110009 110020", "InvalidOrder", "TOO_MANY_ORDERS", "The venue holds as many open orders as it takes."
    ),
    *_refused("170210", "InvalidOrder", "REFUSED", "The venue refused the order."),
    *_refused(
        "10024 10027 10029 170201 170224",
        "PermissionDenied",
        "NOT_ALLOWED",
        "The venue does not let this account trade the pair.",
    ),
    *_refused(
        "170209", "RestrictedLocation", "NOT_ALLOWED", "The venue does not offer this pair at this place."
    ),
    *_refused(
        "170241",
        "ManualInteractionNeeded",
        "NOT_ALLOWED",
        "The venue wants its risk notice read first, on its site.",
    ),
)

ROWS: tuple[Row, ...] = (
    *_rows("110072 170141", "InvalidOrder", Verdict(Outcome.THERE)),
    *_rows("110001 170213", "OrderNotFound", Verdict(Outcome.ABSENT)),
    # Answers to a cancel: ended before it came.
    *_rows("110008 110010 170139 170142 170143 170190", "InvalidOrder", Verdict(Outcome.ABSENT)),
    *_NOT_SENT,
    *_REJECTED,
)

_ENDS = {
    "EC_PostOnlyWillTakeLiquidity": (
        "WOULD_TAKE",
        "The order would have taken what rests instead of resting itself, so the venue gave it up.",
    ),
    "EC_NoImmediateQtyToFill": given_up(OrderState.CANCELED, at_once=True),
    "EC_NoEnoughQtyToFill": given_up(OrderState.CANCELED, at_once=True),
}


def end_of(reason: Any, state: OrderState) -> tuple[str, str]:
    """Return code and sentence for an order that ended badly, by the venue's word for why; else two empty ones."""
    if state not in {OrderState.REJECTED, OrderState.CANCELED}:
        return "", ""
    unknown = ("VENUE_REJECTED", "The venue refused it.") if state is OrderState.REJECTED else ("", "")
    return _ENDS.get(reason, unknown) if isinstance(reason, str) else unknown
