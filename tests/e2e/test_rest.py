"""The real desk over REST: one order per key, and the same books after SIGKILL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal

import httpx
import pytest
from served import Served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    desk = Served(tmp_path_factory.mktemp("rest")).start()
    yield desk
    desk.stop()


def filled(order_id):
    return lambda answer: any(o["id"] == order_id and o["state"] == "filled" for o in answer["orders"])


def test_health_says_what_runs(served):
    answer = httpx.get(served.url + "/health", timeout=5).json()
    assert answer["mode"] == "paper"
    assert answer["feed"] == "replay"
    assert answer["status"] in {"ok", "degraded"}
    assert answer["providers"]


def test_prices_move_and_carry_source_and_age(served):
    first = served.get("/api/live/market-data/AAPL").json()
    assert first["source"] == "tape"
    assert first["stale"] is False
    assert first["age_seconds"] >= 0
    served.until("/api/live/market-data/AAPL", lambda d: d["price"] != first["price"])
    pair = served.get("/api/live/market-data/BTC-USDT").json()
    assert pair["source"] == "simulated"


def test_the_same_key_sent_sixteen_times_at_once_is_one_order(served):
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: served.order("sixteen"), range(16)))
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["id"] for a in answers}) == 1
    served.until("/api/v1/orders", filled(answers[0].json()["id"]))
    assert served.order("sixteen", quantity="11").status_code == 409


def test_a_refusal_is_answered_the_same_again(served):
    first = served.order("refused", side="sell", quantity="100000")
    again = served.order("refused", side="sell", quantity="100000")
    assert first.status_code == again.status_code == 422
    assert first.json()["code"] == again.json()["code"] == "INSUFFICIENT_POSITION"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"symbol": "APPL"}, "UNKNOWN_SYMBOL"),
        ({"quantity": "0"}, "BAD_QUANTITY"),
        ({"quantity": "-1"}, "BAD_QUANTITY"),
        ({"quantity": "NaN"}, "BAD_QUANTITY"),
        ({"quantity": "1e30"}, "BAD_QUANTITY"),
        ({"quantity": "0.5"}, "OFF_LOT"),
        ({"type": "limit", "limit_price": "500.001"}, "OFF_TICK"),
        ({"quantity": "5000"}, "FAT_FINGER"),
        ({"quantity": "200"}, "INSUFFICIENT_CASH"),
        ({"quantity": "30"}, "POSITION_LIMIT"),
    ],
)
def test_bad_input_has_a_code_and_a_sentence(served, change, code):
    answer = served.order(f"bad-{change}", **change)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["code"] == code
    assert answer.json()["message"].endswith((".", "?"))


def test_killed_and_started_again_it_knows_everything(tmp_path):
    desk = Served(tmp_path).start()
    try:
        order = desk.order("before").json()
        desk.until("/api/v1/orders", filled(order["id"]))
        price = Decimal(str(desk.get("/api/live/market-data/AAPL").json()["price"]))
        below = str((price * Decimal("0.85")).quantize(Decimal("0.01")))
        resting = desk.order("resting", type="limit", limit_price=below).json()
        desk.until("/api/v1/orders", lambda a: a["orders"][0]["state"] == "accepted")
        before = desk.get("/api/v1/portfolio").json()
        blotter = desk.get("/api/v1/orders").json()
        clock = desk.get("/api/live/market-data/AAPL").json()["time"]
        desk.kill()
        desk.start()
        after = desk.get("/api/v1/portfolio").json()
        assert Decimal(after["cash"]) == Decimal(before["cash"])
        held = [(p["symbol"], p["quantity"], p["average_price"]) for p in before["positions"]]
        assert [(p["symbol"], p["quantity"], p["average_price"]) for p in after["positions"]] == held
        assert desk.get("/api/v1/orders").json() == blotter
        assert desk.order("before").json()["id"] == order["id"]
        again = desk.get("/api/live/market-data/AAPL").json()["time"]
        assert datetime.fromisoformat(again) >= datetime.fromisoformat(clock).replace(microsecond=0)
        canceled = httpx.delete(
            f"{desk.url}/api/v1/orders/{resting['id']}", headers=desk.headers(), timeout=5
        )
        assert canceled.status_code == 200, canceled.text
        desk.until("/api/v1/orders", lambda a: all(o["state"] != "accepted" for o in a["orders"]))
    finally:
        desk.stop()


def test_halt_refuses_the_very_next_order_and_survives_a_kill(tmp_path):
    desk = Served(tmp_path).start()
    try:
        headers = desk.headers()
        assert httpx.post(
            f"{desk.url}/api/v1/halt", headers=headers, json={"why": "a test"}, timeout=5
        ).is_success
        assert desk.order("halted").json()["code"] == "HALTED"
        desk.kill()
        desk.start()
        assert desk.get("/health").json()["status"] == "halted"
        assert desk.order("halted-too").json()["code"] == "HALTED"
        resume = f"{desk.url}/api/v1/resume"
        assert httpx.post(resume, headers=headers, json={"confirm": "yes"}, timeout=5).status_code == 422
        assert httpx.post(resume, headers=headers, json={"confirm": "RESUME"}, timeout=5).is_success
        assert desk.order("resumed").status_code == 201
    finally:
        desk.stop()


def test_a_second_desk_names_the_first(served):
    other = Served(served.folder)
    other.environment = served.environment
    with pytest.raises(AssertionError) as stopped:
        other.start(20)
    assert str(served.process.pid) in str(stopped.value)
