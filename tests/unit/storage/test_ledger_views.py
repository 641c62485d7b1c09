"""The views for people: every sum to the last digit, against the Python fold, where a plain SUM is wrong."""

import random
import sqlite3
from contextlib import closing
from decimal import Decimal, localcontext

import pytest
from unit.portfolio.folding import ACCOUNT, T0, Script

from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, write_action, write_alert, write_halt, write_resume
from marketpulse.portfolio.holding import EXACT
from marketpulse.storage import Ledger
from marketpulse.types import ActionKind, CorporateAction, EventKind, NewEvent


@pytest.fixture
def view(path, clock):
    """Write a script's events into a ledger; then each call reads one view as a list of rows by name."""

    def write(script):
        ledger = Ledger.open(path, clock)
        ledger.append(*(NewEvent(e.time, e.account, e.kind, e.ref, e.payload, e.key) for e in script.events))
        ledger.close()

        def read(name):
            with closing(sqlite3.connect(path)) as raw:
                raw.row_factory = sqlite3.Row
                return [dict(row) for row in raw.execute(f"SELECT * FROM {name}")]  # noqa: S608  our own names

        return read

    return write


def split(script, symbol, ratio):
    action = CorporateAction(symbol, T0.date(), ActionKind.SPLIT, Decimal(ratio))
    return script.add(EventKind.ACTION, symbol, write_action(action))


def many(seed, count):
    """Hundreds of fills with up to twelve digits after the point, in two symbols, with splits between."""
    dice = random.Random(seed)
    script = Script().cash("1000000.01")
    for i in range(count):
        if i % 10 == 0:
            script.order(f"o{i // 10}", "buy", "1000")
        if i and i % 150 == 0:
            split(script, "AAPL", dice.choice(["4", "0.1", "1.5"]))
        quantity = Decimal(dice.randint(1, 10**12)).scaleb(-dice.randint(4, 8))
        price = Decimal(dice.randint(1, 10**14)).scaleb(-dice.randint(5, 12))
        fee = Decimal(dice.randint(-9, 10**9)).scaleb(-10)
        side, symbol = dice.choice(["buy", "buy", "sell"]), dice.choice(["AAPL", "BTC/USDT"])
        script.fill(f"o{i // 10}", side, quantity, price, fee, symbol=symbol)
    return script


@pytest.mark.parametrize("seed", range(3))
def test_every_sum_is_exact_and_a_plain_sum_is_not(view, seed):
    script = many(seed, 600)
    books, read = Books.of(ACCOUNT, script.events), view(script)
    positions = read("v_positions")
    with localcontext(EXACT):
        cash = Decimal("1000000.01")
        for row in positions:
            assert Decimal(row["quantity"]) == books.held(row["symbol"])
            cash += Decimal(row["received"]) - Decimal(row["paid"]) - Decimal(row["fees"])
        assert cash == books.cash
        assert sum(Decimal(row["fees"]) for row in positions) == books.portfolio.fees
    naive = "(SELECT sum(quantity * price) AS total FROM v_fills)"
    with localcontext(EXACT):
        exact = sum((fill.quantity * fill.price for fill in books.fills), Decimal(0))
        assert Decimal(read(naive)[0]["total"]) != exact
        assert sum(Decimal(row["value"]) for row in read("v_fills")) == exact
        assert sum(Decimal(row["value"]) for row in read("trade_executions")) == exact


def test_the_orders_are_those_of_the_books(view):
    script = (
        many(9, 200).order("n", "buy", "5").order("d", "sell", "7", limit="9.50", denied=("HALTED", "NO"))
    )
    script.order("r", "buy", "5").move("r", "submitting").move(
        "r", "rejected", "TOO_LATE", "It was late.", "v7"
    )
    script.order("p", "buy", "5").move("p", "submitting").move("p", "accepted", venue_id="v8")
    script.fill("p", "buy", "2", "1E+2", to="partially_filled").move(
        "p", "pending_cancel", "CANCEL", "Asked."
    )
    books, read = Books.of(ACCOUNT, script.events), view(script)
    rows = {row["order_id"]: row for row in read("v_orders")}
    assert list(rows) == list(books.orders)
    with localcontext(EXACT):
        for name, order in books.orders.items():
            row = rows[name]
            assert (row["state"], row["symbol"]) == (order.state, order.request.symbol)
            assert (row["created"], row["updated"]) == tuple(
                t.isoformat(timespec="microseconds") for t in (order.created, order.updated)
            )
            assert Decimal(row["filled"]) == order.filled_quantity
            assert Decimal(row["fees"]) == order.fees
            assert Decimal(row["value"]) == sum(f.quantity * f.price for f in order.fills)
            assert row["code"] == ("; ".join(r.code for r in order.reasons) or None)
            assert row["venue_id"] == order.venue_id
    assert rows["d"]["sentence"] == "HALTED. NO."
    assert (rows["r"]["sentence"], rows["p"]["sentence"]) == ("It was late.", "Asked.")
    assert (rows["d"]["limit_price"], rows["d"]["quantity"]) == ("9.50", "7")


@pytest.mark.parametrize(
    ("quantity", "price", "value"),
    [
        ("1E-8", "0.00000001", "0.0000000000000001"),
        ("0.000000000001", "0.000000000001", "0.000000000000000000000001"),
        ("999999999999.999999999999", "999999999999.999999999999", "999999999999999999999998.000000000000000000000001"),
        ("1E+2", "12.50", "1250"),
        ("1.0000000000000", "3", "3"),  # thirteen digits after the point, but nothing is lost
        ("007.10", "1", "7.1"),
    ],
)  # fmt: skip
def test_a_number_at_the_limits_is_exact(view, quantity, price, value):
    read = view(Script().order("o", "buy", "1").fill("o", "buy", quantity, price))
    assert read("v_fills")[0]["value"] == value
    assert read("v_positions")[0]["paid"] == value
    assert Decimal(read("v_positions")[0]["quantity"]) == Decimal(quantity)


@pytest.mark.parametrize("quantity", ["1E-13", "1E+12", "0.1234567890123"])
def test_a_number_beyond_the_limits_is_unknown_and_never_wrong(view, quantity):
    read = view(Script().order("o", "buy", "1").fill("o", "buy", "1", "2").fill("o", "buy", quantity, "2"))
    assert [row["value"] for row in read("v_fills")] == ["2", None]
    position, order = read("v_positions")[0], read("v_orders")[0]
    assert (position["quantity"], position["paid"], position["received"]) == (None, None, "0")
    assert (order["filled"], order["value"], order["fees"]) == (None, None, "0")


def test_a_rebate_and_a_sale_below_zero_keep_their_signs(view):
    script = (
        Script()
        .order("o", "buy", "1")
        .fill("o", "buy", "1", "2", "-0.3")
        .fill("o", "sell", "3.25", "2", "0.1")
    )
    position = view(script)("v_positions")[0]
    assert (position["quantity"], position["fees"]) == ("-2.25", "-0.2")


def test_a_split_that_leaves_a_remainder_is_unknown(view):
    script = Script().order("o", "buy", "1").fill("o", "buy", "0.000000000001", "2")
    position = view(split(script, "AAPL", "0.5"))("v_positions")[0]
    assert (position["quantity"], position["paid"]) == (None, "0.000000000002")


def test_alerts_halts_and_their_end_are_listed(view):
    script = Script().cash("1")
    script.add(EventKind.ALERT, "o", write_alert(Alert("LATE_FILL", "It came late.")))
    script.add(EventKind.HALT, "halt", write_halt("by hand"), account="desk")
    script.add(EventKind.RESUME, "halt", write_resume(), account="desk")
    said = [(row["kind"], row["code"], row["sentence"]) for row in view(script)("system_alerts")]
    assert said == [
        ("alert", "LATE_FILL", "It came late."),
        ("halt", "HALT", "by hand"),
        ("resume", "RESUME", "Trading goes on."),
    ]
