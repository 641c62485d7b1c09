"""One Kite account over its daily logins."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.brokers.share_venues import KiteWire
from unit.sources.canned_web import TATA, key, leaks

from marketpulse.brokers.kite_account import KiteAccount
from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired
from marketpulse.execution import Login
from marketpulse.ports import OrderRef, Terms
from marketpulse.types import OrderRequest, OrderState, OrderType, Side

NOW = datetime(2026, 3, 9, 6, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 3, 10, 0, 30, tzinfo=UTC)
SECRET, PAGE, TOKEN = key(6), key(7), key(8)
CLIENT = "MPAAAAAAAAAAAAAAAAAA"
REF = OrderRef(CLIENT, None, TATA)
BUY = OrderRequest("TCS.NS", Side.BUY, OrderType.MARKET, Decimal(10))


@pytest.fixture
def clock():
    return SimClock(NOW)


@pytest.fixture
def wire(clock):
    wire = KiteWire(clock)
    wire.page, wire.token = PAGE, TOKEN
    wire.tokens = {f"token {key(3)}:{TOKEN}"}
    return wire


@pytest.fixture
def account(clock, wire):
    return KiteAccount(clock, key(3), SECRET, prepare=wire.mount)


def test_before_a_login_nothing_is_sent_and_nothing_is_known(account, wire):
    assert isinstance(account, Login)
    assert account.login_expires is None
    for call in (
        account.account,
        lambda: account.place(CLIENT, TATA, BUY),
        lambda: account.cancel(REF),
        lambda: account.replace(REF, Terms()),
        lambda: account.find(REF),
        lambda: account.open_orders([TATA]),
        lambda: account.fills(NOW, [TATA]),
    ):
        with pytest.raises(AuthExpired):
            call()
    assert wire.canned.asked == []
    assert account.name == "kite"
    assert account.capabilities.live


def test_a_login_opens_the_account_until_the_next_morning(account, wire, clock):
    assert account.login_url().startswith("https://kite.zerodha.com/connect/login?")
    account.log_in(PAGE)
    assert account.login_expires == EXPIRES
    assert account.account().account_id == "AB1234"
    assert account.account().holds_back
    account.place(CLIENT, TATA, BUY)
    assert account.find(REF).state is not OrderState.REJECTED
    clock.advance((EXPIRES - NOW).total_seconds())
    assert account.login_expires is None
    asked = len(wire.canned.asked)
    with pytest.raises(AuthExpired):
        account.account()
    assert len(wire.canned.asked) == asked


def test_a_session_that_the_venue_ends_early_wants_a_new_login(account, wire):
    account.log_in(PAGE)
    known, wire.tokens = wire.tokens, set()
    with pytest.raises(AuthExpired):
        account.account()
    assert account.login_expires is None
    wire.tokens = known
    account.log_in(PAGE)
    assert account.login_expires == EXPIRES
    assert account.account().account_id == "AB1234"


def test_a_failed_login_changes_nothing(account):
    account.log_in(PAGE)
    with pytest.raises(AuthExpired):
        account.log_in(key(9))
    assert account.login_expires == EXPIRES


def test_the_secret_stands_in_no_text(account):
    account.log_in(PAGE)
    assert not leaks(f"{vars(account)}{account!r}", SECRET)
