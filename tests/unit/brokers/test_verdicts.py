import inspect

import ccxt
import pytest
from ccxt.base import errors as vendor

from marketpulse.brokers import binance_codes, bybit_codes
from marketpulse.brokers.verdicts import Failure, Outcome, Row, Verdict, failure_of, judge, wait_told

TABLES = {"binance": binance_codes.ROWS, "bybit": bybit_codes.ROWS}
CLASSES = [k for _, k in inspect.getmembers(vendor, inspect.isclass) if issubclass(k, Exception)]
LIMITS = {"RateLimitExceeded", "DDoSProtection"}

# Numbers of which the venues themselves do not know what became of the order.
IN_DOUBT = {
    "binance": "-1000 -1001 -1004 -1006 -1007 -1008 -1010 -1016 -3000",
    "bybit": "10000 10014 10016 170001 170007 170032 170146 170147 170149 170150 170234 340099",
}


def outcome(name, kind, number, text=""):
    return judge(Failure(kind, number, text, None), TABLES[name]).outcome


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", CLASSES, ids=lambda k: k.__name__)
def test_a_class_of_ccxts_alone_decides_nothing_but_too_many_requests(name, kind):
    expected = Outcome.THROTTLED if kind.__name__ in LIMITS else Outcome.UNCERTAIN
    assert outcome(name, kind.__name__, "") is expected


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("kind", CLASSES, ids=lambda k: k.__name__)
def test_a_number_that_nobody_has_listed_is_in_doubt_whatever_the_class(name, kind):
    assert outcome(name, kind.__name__, "-987654") is Outcome.UNCERTAIN


@pytest.mark.parametrize(
    ("name", "number"), [(name, number) for name, numbers in IN_DOUBT.items() for number in numbers.split()]
)
def test_a_number_that_says_nothing_certain_is_in_doubt_whatever_the_class(name, number):
    assert {outcome(name, kind.__name__, number, "timeout") for kind in CLASSES} == {Outcome.UNCERTAIN}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    "kind", ["OperationFailed", "ExchangeError", "BaseError", "NetworkError", "RequestTimeout", "KeyError"]
)
def test_a_number_under_an_unexpected_class_is_in_doubt(name, kind):
    for row in TABLES[name]:
        assert outcome(name, kind, row.number, row.says) is Outcome.UNCERTAIN


def client_of(name):
    return getattr(ccxt, name)()


def raised_for(client, number, words):
    """What ccxt makes of a refusal with this number and sentence, on an order."""
    if client.id == "binance":
        url, body = "https://api.binance.com/api/v3/order", {"code": int(number or 0), "msg": words}
        status = 400
    else:
        url, body = "https://api.bybit.com/v5/order/create", {"retCode": int(number or 0), "retMsg": words}
        status = 200
    text = client.json(body)
    try:
        client.handle_errors(status, "", url, "POST", {}, text, client.parse_json(text), {}, "")
    except ccxt.BaseError as error:
        return type(error).__name__
    return ""


@pytest.mark.parametrize("name", TABLES)
def test_every_line_fits_what_ccxt_really_raises(name):
    client = client_of(name)
    for row in TABLES[name]:
        if not row.number:
            continue
        sentences = [row.says.upper() or "x", *TOLD.get((name, row.number), ())]
        kinds = {raised_for(client, row.number, sentence) for sentence in sentences}
        assert kinds & row.kinds, (row.number, kinds)


# Sentences by which ccxt finds another class than by the number.
TOLD = {
    ("binance", "-2010"): [
        "Account has insufficient balance for requested action.",
        "Stop price would trigger immediately.",
        "Order would immediately match and take.",
    ],
    ("binance", "-1013"): ["Market is closed."],
    ("bybit", "10001"): ["Not supported symbols"],
}


@pytest.mark.parametrize("name", TABLES)
def test_every_number_that_ccxt_lists_is_judged_as_this_table_says(name):
    """Of the venue's hundreds of numbers only those that are certain are anything but in doubt."""
    client, found = client_of(name), {}
    exact = client.exceptions["exact"] | client.exceptions.get("spot", {}).get("exact", {})
    for number, kind in exact.items():
        if number.lstrip("-").isdigit():
            found.setdefault(outcome(name, kind.__name__, number), set()).add(number)
    del found[Outcome.UNCERTAIN]
    listed = {row.number for row in TABLES[name] if row.number}
    assert set().union(*found.values()) <= listed
    assert found[Outcome.SKEWED] == {"binance": {"-1021"}, "bybit": {"10002"}}[name]
    assert (
        found[Outcome.THROTTLED]
        == {
            "binance": {"-1003", "-1015"},
            "bybit": {"10006", "10018", "170005", "170222"},
        }[name]
    )
    assert (
        found[Outcome.ABSENT]
        == {
            "binance": {"-2011", "-2013", "-2026"},
            "bybit": {"110001", "170213", "110008", "110010", "170139", "170142", "170143", "170190"},
        }[name]
    )


@pytest.mark.parametrize("name", TABLES)
def test_every_rejection_has_a_code_and_a_sentence_of_ours(name):
    for row in TABLES[name]:
        if row.verdict.outcome is Outcome.REJECTED:
            assert row.verdict.code.isupper()
            assert row.verdict.sentence.endswith(".")
        if row.verdict.outcome is Outcome.THROTTLED:
            assert row.verdict.pause > 0


@pytest.mark.parametrize("name", TABLES)
def test_no_line_is_hidden_by_one_before_it(name):
    rows = TABLES[name]
    for place, row in enumerate(rows):
        for before in rows[:place]:
            same = before.number == row.number and row.kinds <= before.kinds
            assert not (same and before.says in row.says), (row.number, row.says)


def test_a_duplicate_is_there_and_not_refused():
    assert outcome("binance", "InvalidOrder", "-2010", "Duplicate order sent.") is Outcome.THERE
    assert outcome("binance", "InvalidOrder", "-2010", "Something else.") is Outcome.REJECTED
    for number in ("170141", "110072"):
        assert outcome("bybit", "InvalidOrder", number) is Outcome.THERE


def test_the_first_fitting_line_counts():
    one, two = Verdict(Outcome.THERE), Verdict(Outcome.ABSENT)
    rows = [Row("1", frozenset({"A"}), one, "word"), Row("1", frozenset({"A", "B"}), two)]
    assert judge(Failure("A", "1", "A WORD", None), rows) is one
    assert judge(Failure("A", "1", "none", None), rows) is two
    assert judge(Failure("B", "1", "word", None), rows) is two
    assert judge(Failure("C", "1", "word", None), rows).outcome is Outcome.UNCERTAIN


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (None, ""),
        ("<html>", ""),
        ([{"code": -2011}], ""),
        ({}, ""),
        ({"code": -2010}, "-2010"),
        ({"code": "-2010"}, "-2010"),
        ({"retCode": 10006}, "10006"),
        ({"code": None}, ""),
        ({"code": True}, ""),
        ({"code": [1]}, ""),
    ],
)
def test_the_number_is_read_from_the_answer(body, number):
    failure = failure_of(ValueError("text"), body, None, 0.0)
    assert (failure.kind, failure.number, failure.wait) == ("ValueError", number, None)
    assert "text" not in repr(failure)


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        (None, None),
        ({}, None),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": 7}, 7.0),
        ({"Retry-After": "0"}, None),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "Fri, 27 Nov 2026 20:00:00 GMT"}, None),
        ({"Retry-After": "99999999"}, 259_200.0),
        ({"X-Bapi-Limit-Reset-Timestamp": "1002500"}, 2.5),
        ({"X-Bapi-Limit-Reset-Timestamp": "999000"}, None),
    ],
)
def test_the_wait_a_refusal_asks_for(headers, wait):
    assert wait_told(headers, 1000.0) == wait
