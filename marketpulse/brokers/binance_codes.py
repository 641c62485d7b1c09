"""What Binance's refusals mean, by ccxt's class and Binance's number. What is not here is in doubt.

In doubt on purpose: -1000, -1001, -1006 and -1007 (it says itself that it does not know), -1008 and
any 5xx, and every number that is not listed.
"""

from marketpulse.brokers.verdicts import Outcome, Row, Verdict, rejects

__all__ = ["ROWS"]

_BAN = 60.0  # seconds after too many requests, where no header names them
_LIMITED = frozenset({"DDoSProtection", "RateLimitExceeded"})
_UNREAD = "-1100 -1101 -1102 -1103 -1104 -1105 -1106 -1111 -1114 -1115 -1116 -1117 -1118 -1130"
_REFUSED = "InvalidOrder BadRequest PermissionDenied AccountSuspended OperationRejected MarketClosed"


def _row(number: str, kinds: str, outcome: Outcome, says: str = "") -> Row:
    return Row(number, frozenset(kinds.split()), Verdict(outcome), says)


def _filter(words: str, code: str, sentence: str) -> Row:
    return rejects("-1013", "BadRequest InvalidOrder", code, sentence, words)


_FILTERS = (
    _filter(
        "lot_size", "OFF_LOT", "The quantity does not fit the venue's lot, or is too small or too large."
    ),
    _filter("percent_price", "PRICE_OUT_OF_RANGE", "The price is too far from the market for this venue."),
    _filter("price_filter", "OFF_TICK", "The price does not fit the venue's tick or range."),
    _filter("notional", "BELOW_MINIMUM", "The order's value is outside what the venue takes."),
    _filter("trailing_delta", "TRAIL", "The distance of the trailing stop is outside what the venue takes."),
    _filter("max_num", "TOO_MANY_ORDERS", "The venue holds as many open orders of this pair as it takes."),
    _filter("max_position", "POSITION_LIMIT", "The venue allows no larger holding of this coin."),
    _filter("", "BAD_REQUEST", "The order breaks a rule of the venue for this pair."),
)

_REJECTED = (
    rejects(
        "-2010", "InsufficientFunds", "INSUFFICIENT_FUNDS", "The account at the venue does not hold enough."
    ),
    rejects(
        "-2010",
        "OrderImmediatelyFillable",
        "WOULD_TAKE",
        "The order would have taken what rests instead of resting itself, so the venue gave it up.",
        "match and take",
    ),
    rejects(
        "-2010",
        "OrderImmediatelyFillable",
        "WOULD_TRIGGER",
        "The market has passed the trigger price already.",
    ),
    rejects(
        "-2010",
        _REFUSED,
        "POSITION_LIMIT",
        "The venue allows no larger holding of this coin.",
        "max_position",
    ),
    rejects("-2010", _REFUSED, "REFUSED", "The venue refused the order."),
    rejects("-1013", "MarketClosed", "MARKET_CLOSED", "The venue does not trade this pair now."),
    rejects("-1121", "BadSymbol", "UNKNOWN_PAIR", "The venue does not offer this pair."),
    *(
        rejects(number, "BadRequest", "BAD_REQUEST", "The venue could not read the order.")
        for number in _UNREAD.split()
    ),
    rejects("-1014", "InvalidOrder", "BAD_REQUEST", "The venue does not know this kind of order."),
)

ROWS: tuple[Row, ...] = (
    # The number of a duplicate is that of any refusal; its sentence tells. It must stand first.
    _row("-2010", "InvalidOrder", Outcome.THERE, "duplicate"),
    _row("-2011", "OrderNotFound", Outcome.ABSENT),
    _row("-2013", "OrderNotFound", Outcome.ABSENT),
    _row("-2026", "InvalidOrder", Outcome.ABSENT),  # ended long ago with nothing traded, and archived
    _row("-1021", "InvalidNonce", Outcome.SKEWED),
    *(Row(number, _LIMITED, Verdict(Outcome.THROTTLED, pause=_BAN)) for number in ("-1003", "-1015", "")),
    *(_row(number, "AuthenticationError", Outcome.LOGIN) for number in ("-1002", "-1022", "-2008", "-2014")),
    # After a first success ccxt takes -2015 for a ban; Binance says only that the key may not do it now.
    _row("-2015", "AuthenticationError DDoSProtection PermissionDenied", Outcome.LOGIN),
    *_FILTERS,
    *_REJECTED,
)
