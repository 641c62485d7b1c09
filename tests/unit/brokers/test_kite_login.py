from datetime import UTC, datetime

import pytest
import requests
from unit.brokers.share_venues import KiteWire, said, told
from unit.sources.canned_web import failures, key, leaks

from marketpulse.brokers.kite_login import INDIA, KiteLogin
from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, Throttled, Uncertain

NOW = datetime(2026, 3, 9, 3, 30, tzinfo=UTC)
SECRET, PAGE, TOKEN = key(6), key(7), key(8)


@pytest.fixture
def wire():
    wire = KiteWire(SimClock(NOW))
    wire.page, wire.token = PAGE, TOKEN
    return wire


@pytest.fixture
def login(wire):
    return KiteLogin(SimClock(NOW), key(3), prepare=wire.mount)


def test_the_login_page_is_zerodhas(login, wire):
    assert login.login_url() == f"https://kite.zerodha.com/connect/login?api_key={key(3)}&v=3"
    assert wire.canned.asked == []


def test_the_token_of_the_page_becomes_a_session(login, wire):
    session = login.exchange(PAGE, SECRET)
    assert (session.api_key, session.access_token, session.user_id) == (key(3), TOKEN, "AB1234")
    assert session.expires == datetime(2026, 3, 10, 0, 30, tzinfo=UTC)
    (request,) = wire.canned.asked
    assert not leaks(request.body, SECRET)  # a hash of it goes out
    kept = repr({**vars(login), **{name: getattr(login, name) for name in vars(login)}})
    assert not leaks(kept, SECRET) + leaks(kept, PAGE) + leaks(kept, TOKEN)
    assert not leaks(f"{session!r}{session}", TOKEN) + leaks(repr(session), key(3))


@pytest.mark.parametrize(
    ("here", "ends"),
    [
        ("2026-03-09 09:00", "2026-03-10 06:00"),
        ("2026-03-09 23:59", "2026-03-10 06:00"),
        ("2026-03-10 03:00", "2026-03-10 06:00"),
        ("2026-03-10 05:59", "2026-03-10 06:00"),
        ("2026-03-10 06:00", "2026-03-11 06:00"),
        ("2026-12-31 10:00", "2027-01-01 06:00"),
    ],
)
def test_a_session_ends_at_six_in_the_morning_in_india(wire, here, ends):
    def moment(text):
        return datetime.fromisoformat(text).replace(tzinfo=INDIA).astimezone(UTC)

    session = KiteLogin(SimClock(moment(here)), key(3), prepare=wire.mount).exchange(PAGE, SECRET)
    assert session.expires == moment(ends)
    assert session.expires.tzinfo is UTC


def test_a_token_that_is_too_old_says_what_to_do(login):
    with pytest.raises(AuthExpired, match="open Kite's login page again"):
        login.exchange(key(9), SECRET)


@pytest.mark.parametrize(
    ("effect", "kind"),
    [
        (requests.ReadTimeout("x"), Uncertain),
        (b"<html>", Uncertain),
        (told({}), Uncertain),
        (told({"access_token": "", "user_id": "A", "login_time": None}), Uncertain),
        ((429, {"status": "error", "message": "x", "error_type": "NetworkException"}), Throttled),
    ],
)
def test_an_exchange_without_an_answer_gives_no_session(login, wire, effect, kind):
    wire.plant("POST", "/token", effect)
    with pytest.raises(kind):
        login.exchange(PAGE, SECRET)


def test_no_failure_shows_a_secret(login, wire, caplog):
    for secret in (key(3), SECRET, PAGE, TOKEN):
        for effect in failures("https://api.kite.trade/session/token", secret):
            wire.plant("POST", "/token", effect)
            assert not leaks(said(lambda: login.exchange(PAGE, SECRET), caplog), secret), effect
            wire.planted.clear()
