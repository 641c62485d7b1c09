"""Every exception of kiteconnect at every status, and Kite's own sentences, in our words."""

import pytest
import requests
from kiteconnect import exceptions as vendor

from marketpulse.brokers.kite_words import (
    Absent,
    of_cancel,
    of_change,
    of_login,
    of_order,
    of_question,
    reason,
)
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain

KINDS = [k for k in vars(vendor).values() if isinstance(k, type) and issubclass(k, vendor.KiteException)]
STATUSES = (400, 401, 403, 404, 405, 410, 429, 500, 502, 503, 504)
REFUSED = {
    *(
        (kind, 400)
        for kind in ("GeneralException", "InputException", "OrderException", "PermissionException")
    ),
    ("PermissionException", 403),
}


def expected(kind, status):
    """What may be said of an order; anything but a plain refusal is doubt."""
    if status == 429:
        return Throttled
    if kind == "TokenException":
        return AuthExpired
    return Rejected if (kind, status) in REFUSED else Uncertain


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_change_is_judged_as_an_order_in_words_of_its_own(kind, status):
    told = of_change(kind("the vendor's own words", code=status))
    assert type(told) is expected(kind.__name__, status)
    assert "refused the order" not in str(told)
    assert "the vendor's own words" not in str(told)
    assert type(of_change(requests.ReadTimeout("x"))) is Uncertain


def test_every_exception_of_the_client_is_known():
    assert {k.__name__ for k in KINDS} == {
        "KiteException", "GeneralException", "TokenException", "PermissionException", "OrderException",
        "InputException", "DataException", "NetworkException",
    }  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_class_and_status_decide_together(kind, status):
    error = kind("the vendor's own words", code=status)
    assert type(of_order(error)) is expected(kind.__name__, status)
    asked = expected(kind.__name__, status)
    assert type(of_question(error)) is (Uncertain if asked is Rejected else asked)
    for say in (of_order, of_question, of_cancel, of_login):
        assert "own words" not in str(say(error))


def test_a_login_that_has_ended_says_what_to_do():
    assert "log in to Kite again" in str(of_order(vendor.TokenException("x")))
    assert "open Kite's login page again" in str(of_login(vendor.TokenException("x")))
    assert type(of_login(vendor.InputException("x"))) is Uncertain


def test_the_quota_is_one_of_seconds():
    assert of_order(vendor.NetworkException("Too many requests", code=429)).retry_after == 1.0


@pytest.mark.parametrize(
    "sentence",
    [
        "Order request timed out. Please check the order book and confirm before placing again.",
        "Timeout while placing the order.",
        "The OMS is in maintenance.",
    ],
)
def test_a_refusal_that_speaks_of_doubt_is_none(sentence):
    assert type(of_order(vendor.OrderException(sentence, code=400))) is Uncertain


@pytest.mark.parametrize(
    "error", [requests.ReadTimeout("x"), requests.ConnectionError("x"), KeyError("order_id"), TypeError("x")]
)
def test_what_is_no_answer_is_doubt(error):
    for say in (of_order, of_question, of_cancel):
        assert type(say(error)) is Uncertain


SENTENCES = [
    (
        "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80.",
        "INSUFFICIENT_FUNDS",
    ),
    ("RMS:Margin Exceeds,Required:90, Available:10", "INSUFFICIENT_FUNDS"),
    ("Holdings need to be authorised at CDSL. Enter your TPIN.", "AUTHORISE_SALE"),
    ("RMS:Rule: Check holdings including BTST for entity", "INSUFFICIENT_UNITS"),
    ("No IP address is registered for this app. Please add a static IP.", "ADDRESS_NOT_REGISTERED"),
    ("Market orders without market protection are not allowed via API.", "MARKET_PROTECTION"),
    (
        "Tick size for this script is 5.00 paise. Kindly enter price in the multiple of tick size",
        "INVALID_PRICE",
    ),
    ("RMS:Rule: Check circuit limit including square off order exceeds", "PRICE_BAND"),
    ("Your order could not be converted to a After Market Order (AMO).", "MARKET_CLOSED"),
    ("Markets are closed right now.", "MARKET_CLOSED"),
    ("The instrument you are placing an order for has either expired or does not exist.", "UNKNOWN_SYMBOL"),
    ("Trading in this scrip is blocked", "NOT_PERMITTED"),
    ("Invalid `quantity`.", "INVALID_QUANTITY"),
    ("Invalid `price`.", "INVALID_PRICE"),
    ("A reason of next year", "VENUE_REFUSED"),
    ("", "VENUE_REFUSED"),
]


@pytest.mark.parametrize(("sentence", "code"), SENTENCES)
def test_a_refusal_has_our_code_and_our_sentence(sentence, code):
    told = of_order(vendor.OrderException(sentence, code=400))
    assert (type(told), told.code) == (Rejected, code)
    assert told.sentence.startswith("Kite refused the order")
    assert told.sentence.endswith(".")
    assert reason(sentence).code == code


def test_a_login_without_permission_is_told_of_the_static_address():
    told = of_order(vendor.PermissionException("Insufficient permission for that call."))
    assert told.code == "NOT_PERMITTED"
    assert "static IP" in told.sentence
    assert (
        of_order(vendor.PermissionException("IP address is not whitelisted")).code == "ADDRESS_NOT_REGISTERED"
    )


@pytest.mark.parametrize("status", [400, 404])
def test_nothing_to_cancel(status):
    assert type(of_cancel(vendor.OrderException("Couldn't find that `order_id`.", code=status))) is Absent
    assert type(of_cancel(vendor.OrderException("x", code=500))) is Uncertain
    assert type(of_cancel(vendor.TokenException("x"))) is AuthExpired
