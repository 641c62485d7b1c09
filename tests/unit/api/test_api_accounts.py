"""The accounts over REST: shown whole, armed and adopted by typed words only."""

from dataclasses import replace

import accounts
import pytest
from fakes import FakeDesk, snapshot

from marketpulse.errors import Refused, StorageError

ROWS = [
    ("GET", "/api/v1/accounts", None),
    ("POST", "/api/v1/arm", {"broker": "alpaca", "account_id": "A1"}),
    ("POST", "/api/v1/adopt", {"broker": "binance", "account_id": "B7", "typed": "ADOPT B7"}),
    ("POST", "/api/v1/login", {"broker": "kite", "request_token": "abc123"}),
]
POSTS = ROWS[1:]


class LiveDesk(FakeDesk):
    """A desk with two live accounts and one on paper, which writes down what is asked of it."""

    def __init__(self):
        rows = (accounts.PAPER, accounts.ALPACA, accounts.BINANCE)
        super().__init__(snapshot(accounts=rows))
        self.refusal = None

    def _done(self, *call):
        if self.refusal is not None:
            raise self.refusal
        self.calls.append(call)
        return replace(accounts.ALPACA, armed=True, note="")

    def arm(self, broker, account_id):
        return self._done("arm", broker, account_id)

    def adopt(self, broker, account_id, typed):
        return self._done("adopt", broker, account_id, typed)

    def login(self, broker, request_token):
        return self._done("login", broker, request_token)


@pytest.fixture
def live(door):
    door.desk = LiveDesk()
    return door


@pytest.mark.parametrize(("method", "path", "body"), ROWS)
def test_accounts_need_the_token(live, method, path, body):
    reply = live.client.request(method, path, json=body)
    assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")
    assert live.desk.calls == []


def test_all_accounts_are_shown_whole(live):
    paper, alpaca, binance = live.get("/api/v1/accounts").json()["accounts"]
    assert (paper["account"], paper["mode"], paper["armed"]) == ("paper:desk", "paper", True)
    assert (alpaca["broker"], alpaca["account_id"], alpaca["mode"]) == ("alpaca", "A1", "live")
    assert (alpaca["armed"], alpaca["reconciled"], alpaca["difference"]) == (False, True, [])
    assert alpaca["note"] == accounts.ALPACA.note
    assert alpaca["external"] == [
        {
            "client_id": "web-1", "venue_id": "V9", "symbol": "AAPL", "side": "buy", "quantity": "5",
            "filled_quantity": "0", "limit_price": "500.00", "stop_price": None, "ours": False,
        }
    ]  # fmt: skip
    assert binance["difference"] == [{"what": "BTC/USDT", "books": "0.5", "venue": "0.75"}]
    assert (binance["phrase"], binance["reconciled"]) == ("ADOPT B7", False)


@pytest.mark.parametrize(("method", "path", "body"), POSTS)
def test_each_verb_is_called_with_what_was_typed(live, method, path, body):
    reply = live.client.request(method, path, json=body, headers=live.headers())
    assert reply.status_code == 200
    assert live.desk.calls == [(path.rpartition("/")[2], *body.values())]
    assert reply.json()["armed"] is True


@pytest.mark.parametrize(("method", "path", "body"), POSTS)
@pytest.mark.parametrize("wrong", [None, "", 5, True, "x" * 81])
def test_what_is_missing_or_no_text_is_refused_by_name(live, method, path, body, wrong):
    for name in body:
        reply = live.client.request(method, path, json=body | {name: wrong}, headers=live.headers())
        assert (reply.status_code, reply.json()["code"]) == (422, "BAD_REQUEST")
        assert name in reply.json()["message"]
    assert live.desk.calls == []


@pytest.mark.parametrize(("method", "path", "body"), POSTS)
def test_an_unknown_field_is_refused(live, method, path, body):
    reply = live.client.request(method, path, json=body | {"force": "yes"}, headers=live.headers())
    assert (reply.status_code, reply.json()["code"]) == (422, "BAD_REQUEST")
    assert live.desk.calls == []


@pytest.mark.parametrize("row", POSTS)
@pytest.mark.parametrize(
    "answer",
    [
        (Refused("NOT_ARMED", "Set MARKETPULSE_LIVE=1."), 422, "NOT_ARMED"),
        (Refused("BAD_CONFIRMATION", "Type ADOPT B7."), 422, "BAD_CONFIRMATION"),
        (Refused("UNKNOWN_ACCOUNT", "There is none."), 422, "UNKNOWN_ACCOUNT"),
        (StorageError("disk full"), 503, "STORAGE"),
    ],
)
def test_a_refusal_keeps_its_code_and_sentence(live, row, answer):
    (method, path, body), (refusal, status, code) = row, answer
    live.desk.refusal = refusal
    reply = live.client.request(method, path, json=body, headers=live.headers())
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    if isinstance(refusal, Refused):
        assert reply.json()["message"] == refusal.sentence


def test_the_answer_and_the_description_hold_no_token(live):
    token = "t0ken" * 4
    live.desk.refusal = Refused("LOGIN_FAILED", "kite did not take the login.")
    reply = live.post("/api/v1/login", {"broker": "kite", "request_token": token})
    assert token not in reply.text
    described = live.client.get("/openapi.json").json()["paths"]
    assert {"/api/v1/accounts", "/api/v1/arm", "/api/v1/adopt", "/api/v1/login"} <= set(described)
