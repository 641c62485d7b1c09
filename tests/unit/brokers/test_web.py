import logging
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import requests
from requests import exceptions as http
from requests.adapters import HTTPAdapter
from unit.sources.canned_web import Canned
from urllib3.exceptions import HTTPError

from marketpulse.brokers.web import decimal, harden, listed, lost, moment, refused, spoken, text, wait
from marketpulse.errors import AuthExpired, Rejected, Uncertain

SECRET = "Bearer " + "Q7" * 12


def answer(status=200, **headers) -> requests.Response:
    found = requests.Response()
    found.status_code, found.url, found._content = status, "https://x.test", b""
    found.headers.update(headers)
    return found


def test_no_request_waits_longer_than_the_session_is_told_and_none_is_repeated(monkeypatch):
    seen = []
    monkeypatch.setattr(HTTPAdapter, "send", lambda *_, **named: seen.append(named["timeout"]) or answer())
    session = requests.Session()
    harden(session, 3.0)
    session.get("https://x.test")
    session.post("https://x.test", timeout=60)
    assert seen == [3.0, 3.0]
    assert session.get_adapter("https://x.test").max_retries.total == 0


def test_an_order_is_not_carried_to_another_host():
    canned = Canned(lambda _: (307, b"", {"Location": "https://elsewhere.test/"}))
    session = requests.Session()
    harden(session, 3.0)
    canned.mount(session)
    with pytest.raises(http.TooManyRedirects):
        session.post("https://x.test/", data={"a": "b"}, headers={"Authorization": SECRET})
    assert len(canned.asked) == 1


def test_the_lines_that_hold_addresses_are_not_logged():
    harden(requests.Session(), 3.0)
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


def test_numbers_are_read_as_they_are_written():
    session = requests.Session()
    harden(session, 3.0)
    Canned(lambda _: b'{"a": 0.10, "b": 12345678901234567.89, "c": 3}').mount(session)
    told = session.get("https://x.test").json()
    assert told == {"a": Decimal("0.10"), "b": Decimal("12345678901234567.89"), "c": 3}
    assert str(told["a"]) == "0.10"


@pytest.mark.parametrize("body", [b"NaN", b"[Infinity]", b"-Infinity", b"", b"{", b"<html>"])
def test_what_is_no_json_is_not_read(body):
    session = requests.Session()
    harden(session, 3.0)
    Canned(lambda _: body).mount(session)
    with pytest.raises(ValueError, match=r"."):
        session.get("https://x.test").json()


def every(kind):
    for child in kind.__subclasses__():
        yield child
        yield from every(child)


def made(kind):
    """An exception of a class, whatever its constructor wants."""
    error = kind.__new__(kind)
    Exception.__init__(error, SECRET)
    return error


NETWORK = sorted(
    {http.RequestException, *every(http.RequestException), HTTPError, *every(HTTPError)}, key=repr
)
OTHERS = [
    OSError,
    TimeoutError,
    ConnectionResetError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
]


@pytest.mark.parametrize("kind", [*NETWORK, *OTHERS, ZeroDivisionError], ids=lambda kind: kind.__qualname__)
def test_whatever_the_network_or_an_answer_does_nobody_knows_what_became_of_the_order(kind):
    told = lost("x", made(kind))
    expected = AuthExpired if issubclass(kind, http.InvalidHeader) else Uncertain
    assert type(told) is expected
    assert SECRET not in str(told)


def test_a_key_that_cannot_be_sent_was_not_sent():
    error = UnicodeEncodeError("latin-1", "\u20ac", 0, 1, SECRET)
    assert type(lost("x", error)) is AuthExpired


def test_the_vendors_error_is_not_even_the_context_of_ours():
    def fail():
        raise ValueError(SECRET)

    with pytest.raises(Uncertain) as failure:
        spoken(fail, lambda error: lost("x", error))
    assert failure.value.__context__ is None
    assert failure.value.__cause__ is None


def test_an_error_of_ours_passes_as_it_is():
    ours = Rejected("CODE", "Sentence.")

    def fail():
        raise ours

    with pytest.raises(Rejected) as failure:
        spoken(fail, lambda error: lost("x", error))
    assert failure.value is ours
    assert spoken(lambda: 7, lambda error: lost("x", error)) == 7


def test_a_refusal_is_told_in_our_words():
    table = ((("one",), "FIRST", "First."), (("two", "three"), "SECOND", "Second."))
    assert refused("It is TWO.", table, "X").code == "SECOND"
    assert refused("one and two", table, "X").sentence == "First."
    other = refused(SECRET, table, "X")
    assert (other.code, SECRET in other.sentence) == ("VENUE_REFUSED", False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 1.0), ("99999", 300.0), ("soon", 5.0), ("-3", 5.0), ("\u0663", 5.0)],
)
def test_a_venue_may_ask_for_a_pause_within_reason(header, seconds):
    assert wait({"Retry-After": header}, 5.0) == seconds
    assert wait({}, 5.0) == 5.0


@pytest.mark.parametrize(
    "value", [None, "", "x", "NaN", "Infinity", True, 1.5, [], {}, "1e30", Decimal("1e-30"), Decimal("sNaN")]
)
def test_what_is_no_number_is_not_read(value):
    with pytest.raises(Uncertain, match="x: n is"):
        decimal({"n": value}, "n", "x")


@pytest.mark.parametrize("value", ["10.50", Decimal("10.50"), 10, "-3", "0"])
def test_a_number_is_read_exactly(value):
    assert str(decimal({"n": value}, "n", "x")) == str(value)


@pytest.mark.parametrize("fields", [None, [], "n", {}, {"n": None}, {"n": ""}, {"n": 7}])
def test_a_word_must_be_there(fields):
    with pytest.raises(Uncertain, match="x: n is missing"):
        text(fields, "n", "x")


def test_a_moment_has_its_offset():
    told = {
        "t": "2026-03-09T11:00:00.5-04:00",
        "naive": "2026-03-09T11:00:00",
        "not": "soon",
        "early": "0001-01-01T00:00:00+14:00",
    }
    assert moment(told, "t", "x") == datetime(2026, 3, 9, 15, 0, 0, 500_000, tzinfo=UTC)
    for key in ("naive", "not", "early"):
        with pytest.raises(Uncertain, match="is not a moment"):
            moment(told, key, "x")


def test_a_list_is_a_list():
    assert listed([1], "x") == [1]
    for other in ({}, None, "text", 7):
        with pytest.raises(Uncertain, match="unexpected shape"):
            listed(other, "x")
