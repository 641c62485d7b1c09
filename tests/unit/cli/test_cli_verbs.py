from decimal import Decimal

import pytest
from fakes import empty

from marketpulse.types import OrderState, OrderType, TimeInForce


def test_health_in_words_and_in_json(terminal):
    code, out, _ = terminal.run("health")
    assert code == 0
    assert "degraded" in out
    assert "yahoo" in out
    assert "no answer within 4 s" in out
    code, answer = terminal.json("health")
    assert (code, answer["status"], answer["feed"]) == (0, "degraded", "replay")


@pytest.mark.parametrize("symbol", ["BTC-USDT", "BTC/USDT", "btc/usdt"])
def test_quote_takes_a_pair_as_people_write_it(terminal, symbol):
    code, answer = terminal.json("quote", symbol)
    assert (code, answer["symbol"], answer["source"]) == (0, "BTC/USDT", "simulated")
    code, out, _ = terminal.run("quote", symbol)
    assert "64210.5" in out


def test_an_unknown_symbol_is_refused_with_the_nearest(terminal):
    code, out, err = terminal.run("quote", "APPL")
    assert (code, out) == (1, "")
    assert "Did you mean AAPL?" in err
    assert "[UNKNOWN_SYMBOL]" in err
    code, answer = terminal.json("quote", "APPL")
    assert (code, answer["code"]) == (1, "UNKNOWN_SYMBOL")


def test_an_order_is_sent_once_and_watched_until_it_is_filled(terminal):
    def fill():
        if len(terminal.pauses) == 3:
            new = terminal.desk.shown.orders[0]
            price = Decimal("195.76")
            terminal.desk.move(new.id, OrderState.FILLED, filled_quantity=Decimal(10), average_price=price)

    terminal.on_pause = fill
    code, out, _ = terminal.run("order", "buy", "10", "IBM", "--key", "mine")
    assert code == 0
    assert "filled" in out
    assert "195.76" in out
    assert "mine" in out
    assert len(terminal.pauses) == 3
    assert [call[2] for call in terminal.desk.calls] == ["mine"]


def test_what_was_typed_is_what_arrives(terminal):
    terminal.run("order", "sell", "0.05", "BTC-USDT", "--limit", "65000.10", "--tif", "gtc", "--no-wait")
    terminal.run("order", "sell", "5", "AAPL", "--stop", "545", "--no-wait")
    first, second = (call[1] for call in terminal.desk.calls)
    assert (first.symbol, first.type, str(first.limit_price)) == ("BTC/USDT", OrderType.LIMIT, "65000.10")
    assert (first.quantity, first.time_in_force) == (Decimal("0.05"), TimeInForce.GTC)
    assert (second.type, second.stop_price, second.limit_price) == (OrderType.STOP, Decimal(545), None)
    assert second.time_in_force is TimeInForce.DAY
    assert terminal.pauses == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--limit", "190", "--stop", "191"], {"type": "stop_limit", "limit_price": 190, "stop_price": 191}),
        (["--type", "take_profit", "--stop", "210"], {"type": "take_profit", "stop_price": 210}),
        (["--trail", "2%", "--activate", "200"], {"type": "trailing_stop", "trail_percent": 2, "activation_price": 200}),
        (["--trail", "1.50"], {"type": "trailing_stop", "trail_amount": Decimal("1.50")}),
        (["--limit", "190", "--post-only"], {"type": "limit", "post_only": True}),
        (["--limit", "190", "--tif", "ioc"], {"time_in_force": "ioc"}),
        (["--take-profit", "210", "--stop-loss", "180"], {"type": "market", "take_profit_price": 210, "stop_loss_price": 180}),
    ],
)  # fmt: skip
def test_every_kind_of_order_can_be_typed(terminal, words, expected):
    code, _ = terminal.json("order", "buy", "10", "IBM", *words, "--no-wait")
    assert code == 0
    request = terminal.desk.calls[0][1]
    assert {name: getattr(request, name) for name in expected} == expected


def test_an_order_good_till_a_moment(terminal):
    terminal.json("order", "sell", "5", "AAPL", "--limit", "600", "--tif", "gtd", "--until", "2012-06-30T20:00:00Z",
                  "--reduce-only", "--no-wait")  # fmt: skip
    request = terminal.desk.calls[0][1]
    assert request.good_till.isoformat() == "2012-06-30T20:00:00+00:00"
    assert request.reduce_only


def test_replace_changes_what_is_named_and_shows_the_order(terminal):
    code, answer = terminal.json("replace", "o9", "--limit", "189.50", "--key", "r1")
    assert (code, answer["limit_price"], answer["id"]) == (0, "189.50", "o9")
    assert terminal.desk.calls == [("replace", "o9", "r1", {"limit_price": Decimal("189.50")})]
    assert terminal.json("replace", "o4", "--limit", "1")[1]["code"] == "NOT_REPLACEABLE"
    assert terminal.json("replace", "o9")[1]["code"] == "BAD_REQUEST"


def test_reduce_and_flatten(terminal):
    code, out, _ = terminal.run("reduce", "--why", "a test")
    assert code == 0
    assert "Only sales pass" in out
    assert terminal.desk.shown.halt.reducing
    assert terminal.json("flatten", "--confirm", "yes")[1]["code"] == "BAD_CONFIRMATION"
    code, answer = terminal.json("flatten", "--confirm", "FLATTEN")
    assert (code, answer["halted"], answer["reducing"]) == (0, True, False)


def test_each_order_gets_a_fresh_key_and_says_it(terminal):
    keys = {terminal.json("order", "buy", "1", "IBM", "--no-wait")[1]["idempotency_key"] for _ in range(3)}
    assert len(keys) == 3
    assert {call[2] for call in terminal.desk.calls} == keys


def test_the_same_key_makes_one_order(terminal):
    first = terminal.json("order", "buy", "1", "IBM", "--key", "k", "--no-wait")[1]
    again = terminal.json("order", "buy", "1", "IBM", "--key", "k", "--no-wait")[1]
    assert first["id"] == again["id"]
    code, answer = terminal.json("order", "buy", "2", "IBM", "--key", "k")
    assert (code, answer["code"]) == (1, "IDEMPOTENCY_CONFLICT")
    assert len(terminal.desk.calls) == 1


def test_it_waits_no_longer_than_five_seconds(terminal):
    code, answer = terminal.json("order", "buy", "1", "IBM")
    assert (code, answer["state"]) == (0, "new")
    assert sum(terminal.pauses) == pytest.approx(5.0, abs=0.11)


@pytest.mark.parametrize(("price", "looks"), [((), 51), (("--limit", "190"), 1)])
def test_a_working_limit_order_is_settled_and_a_working_market_order_is_not(terminal, price, looks):
    terminal.on_pause = lambda: terminal.desk.move(terminal.desk.shown.orders[0].id, OrderState.ACCEPTED)
    code, answer = terminal.json("order", "buy", "1", "IBM", *price)
    assert (code, answer["state"]) == (0, "accepted")
    assert len(terminal.pauses) == pytest.approx(looks, abs=1 if looks > 1 else 0)


def test_an_order_not_yet_listed_is_still_shown(terminal, monkeypatch):
    before = terminal.desk.shown
    monkeypatch.setattr(terminal.desk, "snapshot", lambda: before)
    code, answer = terminal.json("order", "buy", "1", "IBM")
    assert (code, answer["state"], answer["symbol"]) == (0, "new", "IBM")


def test_a_refusal_ends_in_one_with_its_code_and_key(terminal):
    code, out, err = terminal.run("order", "buy", "100000", "IBM", "--key", "big")
    assert (code, out) == (1, "")
    assert "the limit is 15.0%" in err
    assert "(key big) [POSITION_LIMIT]" in err


def test_an_order_that_ends_badly_ends_in_one(terminal):
    terminal.on_pause = lambda: terminal.desk.move(terminal.desk.shown.orders[0].id, OrderState.REJECTED)
    code, out, _ = terminal.run("order", "buy", "1", "IBM")
    assert code == 1
    assert "rejected" in out


def test_orders_and_no_orders(terminal):
    code, out, _ = terminal.run("orders")
    assert code == 0
    assert len(out.splitlines()) == 1 + len(terminal.desk.shown.orders)
    assert len(terminal.json("orders")[1]["orders"]) == len(terminal.desk.shown.orders)
    terminal.desk.shown = empty(number=terminal.desk.shown.number + 100)
    assert terminal.run("orders") == (0, "No orders yet.\n", "")


def test_cancel(terminal):
    assert terminal.run("cancel", "o9") == (0, "Order o9 is pending_cancel.\n", "")
    assert terminal.json("cancel", "o4")[1]["code"] == "NOT_CANCELABLE"
    assert terminal.json("cancel", "../../halt")[1]["code"] in {
        "NOT_FOUND",
        "UNKNOWN_ORDER",
        "METHOD_NOT_ALLOWED",
    }


def test_halt_and_resume(terminal):
    code, out, _ = terminal.run("halt", "--why", "a test")
    assert code == 0
    assert "resume" in out
    assert terminal.desk.shown.halt.why == "a test"
    assert terminal.json("order", "buy", "1", "IBM")[1]["code"] == "HALTED"
    assert terminal.json("resume", "--confirm", "yes")[1]["code"] == "BAD_CONFIRMATION"
    assert terminal.json("resume", "--confirm", "RESUME")[1]["halted"] is False
    assert terminal.desk.shown.halt is None


class Typed:
    """A keyboard."""

    def __init__(self, line, is_terminal=True):
        self.line = line
        self.is_terminal = is_terminal

    def isatty(self):
        return self.is_terminal

    def readline(self):
        return self.line


def test_resume_asks_for_the_word_on_a_terminal_only(terminal, monkeypatch):
    terminal.desk.halt("x")
    monkeypatch.setattr("sys.stdin", Typed("RESUME\n", is_terminal=False))
    code, _, err = terminal.run("resume")
    assert (code, "add: --confirm RESUME" in err) == (1, True)
    monkeypatch.setattr("sys.stdin", Typed("no\n"))
    assert terminal.run("resume")[0] == 1
    monkeypatch.setattr("sys.stdin", Typed("RESUME\n"))
    code, out, _ = terminal.run("resume")
    assert (code, "Trading goes on." in out) == (0, True)
