from dataclasses import replace
from decimal import Decimal
from itertools import repeat

import accounts
import pytest
from fakes import snapshot

from marketpulse.errors import Refused, StorageError
from marketpulse.types import OrderState

PLACED = {"id", "client_order_id", "state", "filled_quantity", "average_price", "reasons"}
TRADING = [
    ("GET", "/api/v1/portfolio"),
    ("GET", "/api/v1/orders"),
    ("GET", "/api/v1/orders/o1"),
    ("POST", "/api/v1/orders"),
    ("DELETE", "/api/v1/orders/o9"),
    ("PATCH", "/api/v1/orders/o9"),
    ("GET", "/api/v1/lots"),
    ("GET", "/api/v1/execution-quality"),
    ("POST", "/api/v1/halt"),
    ("POST", "/api/v1/reduce"),
    ("POST", "/api/v1/flatten"),
    ("POST", "/api/v1/resume"),
]


@pytest.mark.parametrize(("method", "path"), TRADING)
@pytest.mark.parametrize(
    "given", [None, "Bearer", "Bearer ", "Bearer wrong", "Basic {token}", "{token}", "Bearer ü"]
)
def test_trading_needs_the_token(door, method, path, given):
    headers = {} if given is None else {"Authorization": given.format(token=door.token).encode("latin-1")}
    reply = door.client.request(method, path, headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (401, "UNAUTHORIZED")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert door.token not in reply.text
    assert door.desk.calls == []


def test_the_token_may_be_written_as_clients_write_it(door):
    for written in (f"Bearer {door.token}", f"bearer {door.token}", f"Bearer  {door.token} "):
        assert door.client.get("/api/v1/portfolio", headers={"Authorization": written}).status_code == 200


def test_the_portfolio_is_decimal_text(door):
    answer = door.get("/api/v1/portfolio").json()
    assert set(answer) == {"cash", "equity", "realized", "unrealized", "positions"}
    valuation = door.desk.snapshot().valuation
    assert Decimal(answer["cash"]) == valuation.cash
    assert abs(float(answer["equity"]) - valuation.equity) <= 0.0051
    apple = answer["positions"][0]
    assert apple == {
        "symbol": "AAPL", "quantity": "20", "average_price": "565.20", "last": "571.53", "unrealized": "126.60",
        "source": "tape", "age_seconds": 2.0, "stale": False, "agreement": "alone",
    }  # fmt: skip


def test_a_position_without_a_price_says_so(door):
    door.desk.show(market={})
    apple = door.get("/api/v1/portfolio").json()["positions"][0]
    assert (apple["source"], apple["age_seconds"], apple["agreement"]) == (None, None, None)


def test_the_blotter_says_what_was_asked_and_what_became_of_it(door):
    answer = door.get("/api/v1/orders").json()
    assert answer["next"] is None
    assert [o["id"] for o in answer["orders"]] == [o.id for o in door.desk.snapshot().orders]
    denied = next(o for o in answer["orders"] if o["state"] == "denied")
    assert denied["reasons"][0]["code"] == "POSITION_LIMIT"
    assert set(denied["reasons"][0]) == {"code", "message"}
    assert set(denied) > PLACED
    assert door.get("/api/v1/orders/o7").json()["filled_quantity"] == "0.8"


def test_an_order_is_201_with_the_promised_members(door):
    reply = door.order()
    assert reply.status_code == 201
    assert set(reply.json()) == PLACED
    assert (reply.json()["state"], reply.json()["filled_quantity"], reply.json()["reasons"]) == (
        "new",
        "0",
        [],
    )
    assert reply.headers["Location"] == f"/api/v1/orders/{reply.json()['id']}"
    assert "Idempotency-Replayed" not in reply.headers


@pytest.mark.parametrize("quantity", ["10", 10, 10.0, "10.0"])
def test_a_quantity_arrives_exactly(door, quantity):
    assert door.order(quantity=quantity).status_code == 201
    assert door.desk.calls[0][1].quantity == Decimal(10)


def test_a_fraction_in_json_loses_no_digit(door):
    body = b'{"symbol":"BTC-USDT","side":"buy","type":"limit","quantity":0.0003,"limit_price":60000.10}'
    assert door.post("/api/v1/orders", body).status_code == 201
    asked = door.desk.calls[0][1]
    assert (str(asked.quantity), str(asked.limit_price)) == ("0.0003", "60000.10")


def test_null_is_not_given(door):
    assert door.order(limit_price=None, stop_price=None, time_in_force=None).status_code == 201


def test_the_same_key_and_body_is_one_order(door):
    first, again = door.order(), door.order()
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(door.desk.calls) == 1


def test_the_same_key_with_another_body_is_409(door):
    door.order()
    reply = door.order(quantity="11")
    assert (reply.status_code, reply.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert len(door.desk.calls) == 1


def test_a_refusal_is_the_same_again(door):
    first, again = door.order(quantity="100000"), door.order(quantity="100000")
    assert first.status_code == again.status_code == 422
    assert first.json() == again.json()
    assert first.json()["code"] == "POSITION_LIMIT"
    assert len(door.desk.calls) == 1


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_there_is_no_order(door, key):
    headers = door.headers(**({} if key is None else {"Idempotency-Key": key}))
    reply = door.client.post("/api/v1/orders", headers=headers, json={})
    assert (reply.status_code, reply.json()["code"]) == (400, "IDEMPOTENCY_KEY_MISSING")


@pytest.mark.parametrize("key", ["x" * 129, "tab\there", "ü", "\x7f"])
def test_a_key_that_cannot_be_kept_is_refused(door, key):
    headers = [("Authorization", f"Bearer {door.token}"), ("Idempotency-Key", key.encode("latin-1"))]
    reply = door.client.post("/api/v1/orders", headers=headers, json={})
    assert (reply.status_code, reply.json()["code"]) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_two_keys_are_refused(door):
    headers = [("Authorization", f"Bearer {door.token}"), ("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    assert (
        door.client.post("/api/v1/orders", headers=headers, json={}).json()["code"]
        == "IDEMPOTENCY_KEY_INVALID"
    )


@pytest.mark.parametrize("key", ["x", "x" * 128, "a key with spaces", "{'json': \"ish\"}"])
def test_keys_of_every_printable_kind_work(door, key):
    assert door.order(key=key).status_code == 201


def test_a_body_over_64_kib_is_not_read(door):
    reply = door.post("/api/v1/orders", b'{"symbol":"' + b"A" * 10_000_000 + b'"}')
    assert (reply.status_code, reply.json()["code"]) == (413, "TOO_LARGE")

    headers = door.headers(**{"Idempotency-Key": "k"})
    chunks = repeat(b" " * 4096, 32)
    reply = door.client.post("/api/v1/orders", headers=headers, content=chunks)
    assert (reply.status_code, reply.json()["code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "99999999999999999999", "65537"])
def test_a_length_that_cannot_be_is_too_large(door, length):
    headers = door.headers(**{"Idempotency-Key": "k", "Content-Length": length})
    assert door.client.post("/api/v1/orders", headers=headers, content=b"{}").status_code == 413


def test_cancel_answers_where_the_order_is(door):
    reply = door.client.delete("/api/v1/orders/o9", headers=door.headers())
    assert (reply.status_code, reply.json()["state"]) == (200, "pending_cancel")
    assert set(reply.json()) == PLACED


def test_canceling_what_is_over_is_refused_and_what_is_unknown_is_404(door):
    over = door.client.delete("/api/v1/orders/o4", headers=door.headers())
    assert (over.status_code, over.json()["code"]) == (422, "NOT_CANCELABLE")
    unknown = door.client.delete("/api/v1/orders/o99", headers=door.headers())
    assert (unknown.status_code, unknown.json()["code"]) == (404, "UNKNOWN_ORDER")
    assert door.get("/api/v1/orders/o99").status_code == 404


@pytest.mark.parametrize(("body", "why"), [({"why": "a test"}, "a test"), ({}, None), (b"", None)])
def test_halt_stops_and_keeps_the_reason(door, body, why):
    reply = door.post("/api/v1/halt", body, key=None)
    assert reply.status_code == 200
    assert reply.json()["halted"] is True
    assert reply.json()["why"] == (why or "halted over REST, no reason given")
    assert door.order().json()["code"] == "HALTED"


@pytest.mark.parametrize("body", [{"why": 1}, {"why": True}, {"reason": "x"}, {"why": "x" * 501}])
def test_a_halt_that_cannot_be_read_is_said(door, body):
    assert door.post("/api/v1/halt", body, key=None).status_code == 422


@pytest.mark.parametrize(
    "body", [{"confirm": "yes"}, {"confirm": "resume"}, {}, {"confirm": None}, {"confirm": 1}]
)
def test_resume_wants_the_word(door, body):
    door.desk.halt("x")
    reply = door.post("/api/v1/resume", body, key=None)
    assert (reply.status_code, reply.json()["code"]) == (422, "BAD_CONFIRMATION")
    assert door.desk.snapshot().halt is not None


def test_resume_trades_again(door):
    door.desk.halt("x")
    assert door.post("/api/v1/resume", {"confirm": "RESUME"}, key=None).json()["halted"] is False
    assert door.order().status_code == 201


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (Refused("READ_ONLY", "The ledger is read-only."), 503, "READ_ONLY"),
        (Refused("HALTED", "Trading is halted."), 422, "HALTED"),
        (Refused("UNKNOWN_SYMBOL", "No such symbol."), 422, "UNKNOWN_SYMBOL"),
        (StorageError("disk full at /secret/place"), 503, "STORAGE"),
        (RuntimeError("secret"), 500, "INTERNAL"),
    ],
)
def test_each_error_of_the_desk_has_its_status(door, monkeypatch, raised, status, code):
    def place(*_):
        raise raised

    monkeypatch.setattr(door.desk, "place", place)
    reply = door.order()
    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert "secret" not in reply.text


def test_what_has_no_price_is_null(door):
    valuation = snapshot().valuation

    held = replace(valuation.positions[0], last=None, unrealized=None, value=None)
    door.desk.show(valuation=replace(valuation, equity=None, open_pnl=float("nan"), positions=(held,)))
    answer = door.get("/api/v1/portfolio").json()
    assert (answer["equity"], answer["unrealized"]) == (None, None)
    assert (answer["positions"][0]["last"], answer["positions"][0]["unrealized"]) == (None, None)


def test_a_flat_position_is_not_listed(door):

    valuation = snapshot().valuation
    flat = replace(valuation.positions[0], quantity=Decimal(0))
    door.desk.show(valuation=replace(valuation, positions=(flat,)))
    assert door.get("/api/v1/portfolio").json()["positions"] == []


def test_the_venues_progress_is_seen(door):
    made = door.order().json()["id"]
    door.desk.move(made, OrderState.FILLED, filled_quantity=Decimal(10), average_price=Decimal("195.76"))
    found = door.get(f"/api/v1/orders/{made}").json()
    assert (found["state"], found["filled_quantity"], found["average_price"]) == ("filled", "10", "195.76")


def test_who_placed_an_order_finds_it_before_the_next_snapshot(door, monkeypatch):
    before, snapshots = door.desk.shown, door.desk.snapshot
    monkeypatch.setattr(door.desk, "snapshot", lambda: before)
    made = door.order(quantity="1").json()["id"]
    second = door.order(key="k2", quantity="2").json()["id"]
    assert door.get(f"/api/v1/orders/{made}").json()["state"] == "new"
    listed = [o["id"] for o in door.get("/api/v1/orders").json()["orders"]]
    assert listed == [second, made, *(o.id for o in before.orders)]
    monkeypatch.setattr(door.desk, "snapshot", snapshots)
    listed = [o["id"] for o in door.get("/api/v1/orders").json()["orders"]]
    assert listed == [second, made, *(o.id for o in before.orders)]


def test_a_provider_is_asked_again_and_a_stranger_is_refused(door):
    name = door.desk.shown.providers[0].name
    assert door.post(f"/api/v1/providers/{name}/ask-again", key=None).status_code == 204
    assert ("ask_again", name) in door.desk.calls
    reply = door.post("/api/v1/providers/nobody/ask-again", key=None)
    assert (reply.status_code, reply.json()["code"]) == (422, "UNKNOWN_PROVIDER")
    assert door.client.post(f"/api/v1/providers/{name}/ask-again").status_code == 401


def change(door, body, key="r1", order_id="o9"):
    headers = door.headers(**({"Idempotency-Key": key} if key else {}))
    return door.client.patch(f"/api/v1/orders/{order_id}", json=body, headers=headers)


def test_a_resting_order_is_changed_by_name(door):
    reply = change(door, {"limit_price": "189.50", "quantity": 7})
    assert (reply.status_code, reply.json()["id"]) == (200, "o9")
    assert door.desk.calls == [
        ("replace", "o9", "r1", {"limit_price": Decimal("189.50"), "quantity": Decimal(7)})
    ]


@pytest.mark.parametrize(
    ("body", "order_id", "key", "answer"),
    [
        ({}, "o9", "k", (422, "BAD_REQUEST")),
        ({"symbol": "IBM"}, "o9", "k", (422, "BAD_REQUEST")),
        ({"limit_price": "1"}, "o9", None, (400, "IDEMPOTENCY_KEY_MISSING")),
        ({"limit_price": "1"}, "o99", "k", (404, "UNKNOWN_ORDER")),
        ({"limit_price": "1"}, "o4", "k", (422, "NOT_REPLACEABLE")),
    ],
)
def test_a_change_that_cannot_be_made_says_why(door, body, order_id, key, answer):
    reply = change(door, body, key, order_id)
    assert (reply.status_code, reply.json()["code"]) == answer


def test_reducing_is_a_halt_that_says_so(door):
    answer = door.post("/api/v1/reduce", {"why": "a test"}, key=None).json()
    assert (answer["halted"], answer["reducing"], answer["why"]) == (True, True, "a test")


def test_selling_everything_wants_the_word(door):
    reply = door.post("/api/v1/flatten", {"confirm": "yes"}, key=None)
    assert (reply.status_code, reply.json()["code"]) == (422, "BAD_CONFIRMATION")
    assert door.desk.calls == []
    assert door.post("/api/v1/flatten", {"confirm": "FLATTEN"}, key=None).json()["halted"] is True


def test_lots_and_quality_are_told_as_the_snapshot_holds_them(door):
    door.desk.show(lots=accounts.LOTS, closed=accounts.SOLD, quality=accounts.QUALITY)
    lots = door.get("/api/v1/lots").json()
    assert lots["held"][1]["cost"] == "6200.00"
    assert lots["sold"][0]["gain"] == "30.00"
    first, *_ = door.get("/api/v1/execution-quality").json()["quality"]
    assert (first["venue"], first["slippage"], first["fills"]) == ("", 0.00042, 7)


def test_an_order_tells_its_conditions_and_its_kin(door):
    reply = door.order(
        type="limit", limit_price="190", post_only=True, time_in_force="gtd", good_till="2012-07-01T00:00:00Z",
        take_profit_price="210", stop_loss_price="180",
    )  # fmt: skip
    found = door.get(f"/api/v1/orders/{reply.json()['id']}").json()
    assert (found["post_only"], found["take_profit_price"], found["stop_loss_price"]) == (True, "210", "180")
    assert found["good_till"].startswith("2012-07-01T00:00:00")
    assert (found["role"], found["parent"], found["account"]) == ("", None, "paper:1")
