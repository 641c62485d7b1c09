"""Every answer of Alpaca's that is an error, and every exception of its client, in our words."""

import json
from types import SimpleNamespace

import pytest
import requests
from alpaca.common import exceptions as vendor

from marketpulse.brokers.alpaca_words import Absent, Taken, of_cancel, of_order, of_question
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain


def refusal(status, code=None, message=None, headers=None):
    body = {key: value for key, value in (("code", code), ("message", message)) if value is not None}
    return api(status, json.dumps(body), headers)


def api(status, body, headers=None):
    response = SimpleNamespace(status_code=status, headers=headers or {})
    return vendor.APIError(body, SimpleNamespace(response=response, request=None))


ORDERS = [
    (403, 40310000, "insufficient buying power", "INSUFFICIENT_FUNDS"),
    (403, 40310000, "insufficient day trading buying power", "INSUFFICIENT_FUNDS"),
    (403, 40310000, "insufficient qty available for order (requested: 10, available: 5)", "INSUFFICIENT_UNITS"),
    (422, 40310000, "insufficient qty available for order (requested: 10, available: 5)", "INSUFFICIENT_UNITS"),
    (403, 40310000, "insufficient balance for USD", "INSUFFICIENT_UNITS"),
    (403, 40310100, "trade denied due to pattern day trading protection", "DAY_TRADING"),
    (403, 40310000, "potential wash trade detected. use complex orders", "WASH_TRADE"),
    (403, 40310000, "account is not allowed to short", "SHORTING"),
    (422, 42210000, 'asset "GME" cannot be sold short', "SHORTING"),
    (422, 42210000, "asset AAPL is not tradable", "NOT_TRADABLE"),
    (422, 42210000, "asset AAPL is not active", "NOT_TRADABLE"),
    (422, 42210000, 'asset "ZZZZ" not found', "UNKNOWN_SYMBOL"),
    (404, 40410000, "asset not found for ZZZZ", "UNKNOWN_SYMBOL"),
    (422, 42210000, "invalid symbol: 7", "UNKNOWN_SYMBOL"),
    (403, 40310000, "new orders are rejected by user request: trading is suspended", "ACCOUNT_RESTRICTED"),
    (403, 40310000, "account is restricted to liquidation only", "ACCOUNT_RESTRICTED"),
    (422, 42210000, "extended hours order must be DAY limit orders", "MARKET_CLOSED"),
    (422, 42210000, "invalid limit_price 100.001. sub-penny increment does not fulfill minimum pricing criteria", "INVALID_PRICE"),
    (422, 42210000, "stop price must be greater than current price", "INVALID_PRICE"),
    (422, 42210000, "qty must be > 0", "INVALID_QUANTITY"),
    (422, 42210000, 'asset "BRK.A" is not fractionable', "INVALID_QUANTITY"),
    (403, 40310000, "cost basis must be >= minimal amount of order 1", "INVALID_QUANTITY"),
    (400, 40010001, "request body format is invalid", "VENUE_REFUSED"),
    (422, 42210000, "something nobody has heard of", "VENUE_REFUSED"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("status", "code", "message", "ours"), ORDERS, ids=[f"{o[0]} {o[2][:40]}" for o in ORDERS]
)
def test_a_refused_order_has_our_code_and_our_sentence(status, code, message, ours):
    told = of_order(refusal(status, code, message))
    assert type(told) is Rejected
    assert told.code == ours
    assert told.sentence.startswith("Alpaca refused the order")
    assert told.sentence.endswith(".")
    assert message not in told.sentence


def test_a_client_id_that_is_taken_says_that_the_order_is_there():
    assert type(of_order(refusal(422, 40010001, "client_order_id must be unique"))) is Taken
    assert isinstance(Taken("x"), Uncertain)


DOUBTS = [
    *(
        refusal(status, 1, "message")
        for status in (302, 402, 405, 408, 409, 418, 499, 500, 502, 503, 504, 520)
    ),
    *(api(status, "<html>blocked</html>") for status in (400, 403, 404, 422, 500, 504)),
    *(api(403, body) for body in ("", "[]", "7", "null", '{"message": "no number"}', '{"code": 40310000}')),
    api(403, '{"code": true, "message": "x"}'),
    api(403, '{"code": 40310000, "message": 7}'),
    api(403, "[" * 100_000),
    vendor.APIError("{}"),
    vendor.RetryException(),
    requests.ReadTimeout("x"),
    ValueError("x"),
]


@pytest.mark.parametrize("error", DOUBTS, ids=lambda e: f"{type(e).__name__} {getattr(e, 'status_code', '')}")
def test_an_order_that_was_not_refused_by_the_venue_itself_is_in_doubt(error):
    assert type(of_order(error)) is Uncertain
    assert type(of_question(error)) is Uncertain


@pytest.mark.parametrize("say", [of_order, of_question, of_cancel])
def test_what_was_turned_away_unread(say):
    told = say(refusal(429, 42910000, "too many requests.", {"Retry-After": "7"}))
    assert (type(told), told.retry_after) == (Throttled, 7.0)
    told = say(api(429, "<html>"))
    assert (type(told), told.retry_after) == (Throttled, 10.0)
    assert type(say(refusal(401, 40110000, "request is not authorized"))) is AuthExpired
    assert type(say(refusal(403, None, "forbidden."))) is AuthExpired
    assert type(say(refusal(403, 40310000, "forbidden."))) is AuthExpired


def test_not_found_counts_only_from_the_venue_itself():
    assert type(of_question(refusal(404, 40410000, "order not found for X"))) is Absent
    assert type(of_question(refusal(404, 1, "order not found for X"))) is Uncertain
    assert type(of_question(api(404, "<html>404</html>"))) is Uncertain


def test_a_question_is_never_an_answer_about_an_order():
    for status, code, message, _ in ORDERS:
        assert type(of_question(refusal(status, code, message))) in {Uncertain, Absent}


def test_nothing_to_cancel():
    assert type(of_cancel(refusal(422, 42210000, 'order is already in "filled" state'))) is Absent
    assert type(of_cancel(refusal(404, 40410000, "order not found for X"))) is Absent
    assert type(of_cancel(refusal(500, 50010000, "internal server error"))) is Uncertain


def test_every_exception_of_the_client_is_known():
    ours = {n for n, k in vars(vendor).items() if isinstance(k, type) and issubclass(k, Exception)}
    assert ours == {"APIError", "RetryException"}
