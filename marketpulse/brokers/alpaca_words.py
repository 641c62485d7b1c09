"""What an error of alpaca-py means: for an order that was sent, for a question, for a cancel.

The client's own class says nothing: everything is an ``APIError``. So the status counts, and where one status has
several meanings, the number and the words in the body.
"""

from json import loads
from typing import Any, NamedTuple

from marketpulse.brokers.web import Refusals, lost, refused, wait
from marketpulse.errors import AuthExpired, BrokerError, Throttled, Uncertain

__all__ = ["Absent", "Taken", "of_cancel", "of_order", "of_question"]

_PAUSE = 10.0  # seconds after a 429 that names no time; the quota is one of minutes
_NOT_FOUND = 40410000  # the venue's own number; a bare 404 may come from anything on the way
_FINAL = frozenset({400, 403, 404, 422})

_REFUSALS: Refusals = (
    (
        ("buying power",),
        "INSUFFICIENT_FUNDS",
        "Alpaca refused the order: the account's buying power does not cover it.",
    ),
    (
        ("insufficient qty", "insufficient balance", "insufficient position"),
        "INSUFFICIENT_UNITS",
        "Alpaca refused the order: the account does not hold that many units free of other orders.",
    ),
    (
        ("day trad", "day-trad"),
        "DAY_TRADING",
        "Alpaca refused the order: the rule on pattern day trading forbids it.",
    ),
    (
        ("wash trade", "opposite side"),
        "WASH_TRADE",
        "Alpaca refused the order: it could trade against another order of this account.",
    ),
    (
        ("to short", "sold short", "short sell", "short sale", "shorting"),
        "SHORTING",
        "Alpaca refused the order: this account or this share cannot be sold short.",
    ),
    (
        ("not tradable", "not tradeable", "not active", "halted"),
        "NOT_TRADABLE",
        "Alpaca refused the order: the share cannot be traded there now.",
    ),
    (
        ("not found", "invalid symbol", "could not find"),
        "UNKNOWN_SYMBOL",
        "Alpaca refused the order: it does not know this symbol.",
    ),
    (
        ("restricted", "blocked", "suspended", "not eligible", "not allowed", "not permitted"),
        "ACCOUNT_RESTRICTED",
        "Alpaca refused the order: the account may not place it.",
    ),
    (
        ("market hours", "market is closed", "extended"),
        "MARKET_CLOSED",
        "Alpaca refused the order: the exchange is closed.",
    ),
    (
        ("price", "increment", "pricing"),
        "INVALID_PRICE",
        "Alpaca refused the order: its price is not allowed.",
    ),
    (
        ("qty", "quantity", "fraction", "notional", "cost basis"),
        "INVALID_QUANTITY",
        "Alpaca refused the order: its quantity is not allowed.",
    ),
)


class Absent(Uncertain):
    """The venue itself says that it has no such order, or nothing of it to cancel."""


class Taken(Uncertain):
    """The venue has an order of this client id already."""


class _Said(NamedTuple):
    status: int | None
    code: int | None
    words: str


def _said(error: Exception) -> _Said:
    """Read status, the venue's number and its words; None and empty where the answer is not the venue's own."""
    status = getattr(error, "status_code", None)
    code, words = None, ""
    try:
        body = loads(str(error))
    except (RecursionError, ValueError):
        body = None
    if isinstance(body, dict):
        number, sentence = body.get("code"), body.get("message")
        code = number if isinstance(number, int) and not isinstance(number, bool) else None
        words = sentence.lower() if isinstance(sentence, str) else ""
    return _Said(status if isinstance(status, int) else None, code, words)


def of_order(error: Exception) -> BrokerError:
    """Say what became of an order: refused for certain only by a status and a number of the venue's own."""
    if not _of_the_venue(error):
        return lost("alpaca", error)
    said = _said(error)
    turned_away = _turned_away(said, error)
    if turned_away is not None:
        return turned_away
    if said.status not in _FINAL or said.code is None or not said.words:
        return Uncertain(f"alpaca: the order was not clearly answered (status {said.status})")
    if "client_order_id" in said.words and "unique" in said.words:
        return Taken("alpaca: an order of this client id is there already")
    return refused(said.words, _REFUSALS, "Alpaca")


def of_question(error: Exception) -> BrokerError:
    """Say what a question's failure means; nothing is concluded but for the venue's own "not found"."""
    if not _of_the_venue(error):
        return lost("alpaca", error)
    said = _said(error)
    if said.status == 404 and said.code == _NOT_FOUND:  # noqa: PLR2004 (HTTP's number)
        return Absent("alpaca: it is not there")
    return _turned_away(said, error) or Uncertain(f"alpaca: no usable answer (status {said.status})")


def of_cancel(error: Exception) -> BrokerError:
    """As a question; 422 says that the order has ended or is about to."""
    if _of_the_venue(error) and _said(error).status == 422:  # noqa: PLR2004 (HTTP's number)
        return Absent("alpaca: there is nothing to cancel")
    return of_question(error)


def _turned_away(said: _Said, error: Exception) -> BrokerError | None:
    """Return an error for what was turned away unread, else None."""
    if said.status == 429:  # noqa: PLR2004 (HTTP's number)
        headers: Any = getattr(getattr(error, "response", None), "headers", {})
        return Throttled("alpaca: too many requests", wait(headers, _PAUSE))
    forbidden = said.status == 403 and said.words.startswith("forbidden")  # noqa: PLR2004 (as above)
    if said.status == 401 or forbidden:  # noqa: PLR2004 (as above)
        return AuthExpired(
            "alpaca: the key was refused; a paper key does not open a live account, nor the reverse"
        )
    return None


def _of_the_venue(error: Exception) -> bool:
    """Whether it is the client's class for an answer that is an error."""
    from alpaca.common.exceptions import APIError  # noqa: PLC0415 (lazy: only a live account pays for the package)

    return isinstance(error, APIError)
