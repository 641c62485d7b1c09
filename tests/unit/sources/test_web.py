import logging

import pytest
import requests
from requests.adapters import HTTPAdapter

from marketpulse.errors import AuthFailed, BadData, NotEntitled, RateLimited, Unavailable
from marketpulse.sources.vendor import translated
from marketpulse.sources.web import be_impatient, request_errors, status_error


def test_no_request_waits_longer_than_the_session_is_told(monkeypatch):
    seen = []
    monkeypatch.setattr(HTTPAdapter, "send", lambda *_, **named: seen.append(named["timeout"]) or answer())
    session = requests.Session()
    be_impatient(session, 3.0)
    session.get("https://x.test")
    session.get("https://x.test", timeout=60)
    assert seen == [3.0, 3.0]


def answer() -> requests.Response:
    found = requests.Response()
    found.status_code, found.url = 200, "https://x.test"
    return found


def test_a_key_in_a_header_is_not_carried_to_another_host(monkeypatch):
    asked = []

    def send(_, request, **named):
        del named
        asked.append(request.url)
        found = answer()
        found.status_code, found.headers["Location"], found.request = 302, "https://elsewhere.test/", request
        found.raw, found._content = None, b""
        return found

    monkeypatch.setattr(HTTPAdapter, "send", send)
    session = requests.Session()
    be_impatient(session, 3.0)
    with pytest.raises(BadData), translated(request_errors("x")):
        session.get("https://x.test/")
    assert asked == ["https://x.test/"]


def test_the_lines_that_hold_addresses_are_not_logged():
    be_impatient(requests.Session(), 3.0)
    assert not logging.getLogger("urllib3.connectionpool").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, AuthFailed),
        (402, NotEntitled),
        (403, NotEntitled),
        (404, BadData),
        (418, BadData),
        (429, RateLimited),
        (500, Unavailable),
        (599, Unavailable),
        (None, Unavailable),
        ("x", Unavailable),
    ],
)
def test_a_status_says_what_to_do_next(status, error):
    assert type(status_error("x", status, {}, 5.0)) is error


@pytest.mark.parametrize(
    ("told", "wait"),
    [("7", 7.0), ("0", 1.0), ("99999", 300.0), ("soon", 5.0), ("", 5.0), ("-3", 5.0), ("٣", 5.0)],
)
def test_a_pause_is_the_providers_within_reason(told, wait):
    error = status_error("x", 429, {"Retry-After": told}, 5.0)
    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


def test_children_stand_before_their_parents():
    kinds = [kind for kind, _ in request_errors("x")]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:place])
