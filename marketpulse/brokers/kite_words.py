"""What an error of kiteconnect means: for an order that was sent, for a question, for a cancel.

The client's class follows a word in the body, so a class alone is no guide: the same ``OrderException`` is a
refusal with status 400 and an accident with 500. Zerodha's own advice is to look into the order book after
every answer to an order that is not a plain 400.
"""

from typing import NamedTuple

from marketpulse.brokers.web import Refusals, lost, refused
from marketpulse.errors import AuthExpired, BrokerError, Rejected, Throttled, Uncertain

__all__ = ["Absent", "of_cancel", "of_change", "of_login", "of_order", "of_question", "reason"]

_PAUSE = 1.0  # seconds; the quota is one of seconds: ten orders
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 400, 403, 404, 429
_DOUBT = ("timed out", "timeout", "order book", "orderbook", "try after", "maintenance")
_LOGIN = "kite: the login has ended, as it does every morning; log in to Kite again"

_REFUSALS: Refusals = (
    (
        ("insufficient fund", "insufficient margin", "required margin", "margin exceeds"),
        "INSUFFICIENT_FUNDS",
        "Kite refused the order: the account's money does not cover it.",
    ),
    (
        ("tpin", "cdsl", "authoris", "authoriz"),
        "AUTHORISE_SALE",
        "Kite refused the order: the sale of these shares must be authorised with CDSL first.",
    ),
    (
        ("insufficient holding", "insufficient stock", "insufficient quantity", "holding"),
        "INSUFFICIENT_UNITS",
        "Kite refused the order: the account does not hold that many units.",
    ),
    (
        ("static ip", "ip address", "whitelist", "registered ip"),
        "ADDRESS_NOT_REGISTERED",
        "Kite refused the order: it takes orders only from the static IP address that is registered with it.",
    ),
    (
        ("market protection",),
        "MARKET_PROTECTION",
        "Kite refused the order: its market protection is not allowed.",
    ),
    (
        ("tick size", "multiple of"),
        "INVALID_PRICE",
        "Kite refused the order: its price is no multiple of the share's tick.",
    ),
    (
        ("circuit", "price band", "price range", "execution range"),
        "PRICE_BAND",
        "Kite refused the order: its price lies outside the band of the day.",
    ),
    (
        ("market is closed", "markets are closed", "(amo)", "after market", "market hours"),
        "MARKET_CLOSED",
        "Kite refused the order: the exchange is closed.",
    ),
    (
        (
            "does not exist",
            "has either expired",
            "invalid tradingsymbol",
            "invalid `tradingsymbol`",
            "instrument",
        ),
        "UNKNOWN_SYMBOL",
        "Kite refused the order: it does not know this share on the NSE.",
    ),
    (
        ("blocked", "not allowed", "suspended", "trade to trade", "not enabled", "not permitted"),
        "NOT_PERMITTED",
        "Kite refused the order: the account may not place it, or not in this share.",
    ),
    (("quantity", "freeze"), "INVALID_QUANTITY", "Kite refused the order: its quantity is not allowed."),
    (("price",), "INVALID_PRICE", "Kite refused the order: its price is not allowed."),
)


_NO_CHANGE: Refusals = (
    (("being processed", "try later"), "BUSY", "Kite is at work on the order: ask for the change again."),
    (
        ("couldn't find", "not open", "cannot be modified"),
        "NOT_OPEN",
        "Kite has no open order of this number.",
    ),
    (
        ("maximum allowed order modif", "modification limit", "modifications"),
        "NOT_OFFERED",
        "Kite changes an order only so often, and not once more.",
    ),
)


class Absent(Uncertain):
    """The venue says that there is nothing to cancel."""


class _Said(NamedTuple):
    kind: str
    status: int | None
    words: str


def reason(words: str) -> Rejected:
    """Return the rejection that the venue's sentence tells of."""
    return refused(words, _REFUSALS, "Kite")


def of_order(error: Exception) -> BrokerError:
    """Say what became of an order: refused for certain only by class and status together."""
    said = _said(error)
    if said is None:
        return lost("kite", error)
    turned_away = _turned_away(said)
    if turned_away is not None:
        return turned_away
    if said.kind == "PermissionException" and said.status in {_BAD_REQUEST, _FORBIDDEN}:
        told = reason(said.words)
        unsaid = told.code == "VENUE_REFUSED"
        sentence = (
            "Kite refused the order: this login may not place it. Orders need a registered static IP address."
        )
        return Rejected("NOT_PERMITTED", sentence) if unsaid else told
    final = said.kind in {"GeneralException", "InputException", "OrderException"}
    if final and said.status == _BAD_REQUEST and not any(word in said.words for word in _DOUBT):
        return reason(said.words)
    return Uncertain(f"kite: the order was not clearly answered ({said.kind}, status {said.status})")


def of_change(error: Exception) -> BrokerError:
    """As an order; a refusal leaves the order as it was."""
    told, said = of_order(error), _said(error)
    if not isinstance(told, Rejected) or said is None:
        return told
    for words, code, sentence in _NO_CHANGE:
        if any(word in said.words for word in words):
            return Rejected(code, sentence)
    return Rejected(told.code, told.sentence.replace("refused the order", "refused the change", 1))


def of_question(error: Exception) -> BrokerError:
    """Say what a question's failure means; nothing about an order is concluded from it."""
    said = _said(error)
    if said is None:
        return lost("kite", error)
    unusable = Uncertain(f"kite: no usable answer ({said.kind}, status {said.status})")
    return _turned_away(said) or unusable


def of_cancel(error: Exception) -> BrokerError:
    """As a question; a refusal says that the order is not there, has ended, or cannot be reached just now."""
    said = _said(error)
    refusals = {"GeneralException", "InputException", "OrderException"}
    if said is not None and said.kind in refusals and said.status in {_BAD_REQUEST, _NOT_FOUND}:
        return Absent("kite: there is nothing to cancel just now")
    return of_question(error)


def of_login(error: Exception) -> BrokerError:
    """As a question; a token that is refused here is the one from the login page."""
    told = of_question(error)
    if isinstance(told, AuthExpired):
        return AuthExpired("kite: the login was refused or is too old; open Kite's login page again")
    return told


def _turned_away(said: _Said) -> BrokerError | None:
    """Return an error for what was turned away unread, else None."""
    if said.status == _TOO_MANY:
        return Throttled("kite: too many requests", _PAUSE)
    if said.kind == "TokenException":
        return AuthExpired(_LOGIN)
    return None


def _said(error: Exception) -> _Said | None:
    """Read class, status and words of the client's own exceptions; None for any other."""
    from kiteconnect import exceptions as vendor  # noqa: PLC0415 (lazy: only a live account pays for the package)

    if not isinstance(error, vendor.KiteException):
        return None
    status = getattr(error, "code", None)
    return _Said(type(error).__name__, status if isinstance(status, int) else None, str(error).lower())
