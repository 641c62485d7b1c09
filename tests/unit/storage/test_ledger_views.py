"""The views for people: every sum to the last digit, against the Python fold, where a plain SUM is wrong."""

import random
import sqlite3
from contextlib import closing
from decimal import Decimal, localcontext

import pytest
from unit.portfolio.folding import ACCOUNT, T0, Script

from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import (
    Alert,
    Intent,
    Paid,
    write_action,
    write_alert,
    write_halt,
    write_intent,
    write_resume,
)
from marketpulse.portfolio.holding import EXACT
from marketpulse.storage import Ledger
from marketpulse.types import (
    ActionKind,
    CorporateAction,
    EventKind,
    NewEvent,
    OrderRequest,
    OrderType,
    Side,
)
from marketpulse.types.alert import Severity, severity_of


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


BEFORE = (
    "PROTECTED", "OVER", "LATE_ACCEPT", "LATE_FILL", "DAILY_LOSS", "UNPROTECTED", "EXIT_FAILED", "NOT_REPLACED",
    "FLATTEN_STUCK", "OVERFILL", "STRANGE_FILL", "ORPHAN",
)  # fmt: skip
"""Codes that were raised before alerts said their own severity; a later one is never without."""


def test_each_alert_says_how_bad_it_is_and_whether_it_was_seen(view):
    codes = (*BEFORE, "NEVER_HEARD_OF")
    script = Script()
    for code in codes:
        script.add(EventKind.ALERT, "o", {"code": code, "sentence": "from before severities"})
    script.add(EventKind.ALERT, "o", write_alert(Alert("OVERFILL", "x", Severity.LOW, ends="1")))
    script.add(EventKind.ACK, "1", {}, "ack:1")
    rows = view(script)("system_alerts")
    assert [r["severity"] for r in rows] == [*(severity_of(code).value for code in codes), "low"]
    assert [r["acknowledged"] is not None for r in rows] == [True, *[False] * len(codes)]
    assert rows[-1]["ends"] == "1"


SEVERAL = ("paper:1", "binance:2", "kite:3")
MARKETS = [("BTC/USDT", "USDT", ["", "USDT", "BTC", "BNB", "XYZ"]), ("BNB/USDT", "USDT", ["", "BNB"]),
           ("ETH/BTC", "BTC", ["", "ETH", "USDT"]), ("INFY", "INR", ["", "INR"]), ("AAPL", "USD", [""])]  # fmt: skip


def anything(seed, count):
    """Fills, external units, cash, splits and dividends in three accounts, with fees in any currency."""
    dice, script = random.Random(seed), Script()

    def number(digits):
        return Decimal(dice.randint(1, 10**digits)).scaleb(-8)

    for _ in range(count):
        account, (symbol, quote, coins) = dice.choice(SEVERAL), dice.choice(MARKETS)
        side, fee = dice.choice(["buy", "sell"]), number(7) * dice.choice([1, 1, 1, -1, 0])
        more = {"account": account, "fee": fee, "fee_currency": dice.choice(coins)}
        signed = number(11) if side == "buy" else -number(11)
        match dice.choice(
            ["fill", "fill", "fill", "trade", "opening", "cash", "split", "dividend", "deposit"]
        ):
            case "fill":
                script.trade(side, abs(signed), number(11), symbol, currency=quote, **more)
            case "trade":
                script.external("trade", symbol, signed, number(11), quote, **more)
            case "opening":
                script.external("opening", symbol, signed, number(11), quote, account=account, fee=fee)
            case "cash":
                script.external("cash", currency=quote, cash=signed, account=account, fee=fee)
            case "deposit":
                script.cash(signed, quote, account)
            case kind:
                paid = Paid(Decimal(1), number(9), quote) if kind == "dividend" else None
                action = CorporateAction(symbol, T0.date(), ActionKind(kind), Decimal(dice.choice("234")))
                script.add(EventKind.ACTION, symbol, write_action(action, paid), account=account)
    return script


@pytest.mark.parametrize("seed", range(6))
def test_units_cash_and_fees_of_every_account_are_those_of_the_books(view, seed):
    script = anything(seed, 250)
    read, paid = view(script), Decimal(0)
    positions, balances = read("v_positions"), read("v_balances")
    orders = {row["order_id"]: row for row in read("v_orders")}
    for account in SEVERAL:
        books = Books.of(account, script.events)
        mine = [row for row in positions if row["account"] == account]
        assert {row["symbol"]: Decimal(row["quantity"]) for row in mine} == {
            symbol: books.held(symbol) for symbol in books.portfolio.positions
        }
        assert {row["symbol"]: row["currency"] for row in mine} == {
            symbol: position.currency for symbol, position in books.portfolio.positions.items()
        }
        found = {row["currency"]: Decimal(row["amount"]) for row in balances if row["account"] == account}
        assert {k: v for k, v in found.items() if v} == {
            k: v for (_, k), v in books.portfolio.balances.items() if v
        }
        for name, order in books.orders.items():
            assert Decimal(orders[name]["fees"]) == order.fees
        paid += sum(abs(Decimal(row["put_in"])) for row in mine)
    assert paid > 0
    assert sum(row["externals"] for row in positions) > 10


def test_a_fee_in_the_coin_and_one_in_another_by_hand(view):
    script = Script().external("opening", "BNB/USDT", 2, 300, "USDT", account="binance:2")
    script.trade("buy", 1, 200, "BTC/USDT", account="binance:2", fee="0.01", fee_currency="BTC")
    script.trade("buy", 1, 200, "BTC/USDT", account="binance:2", fee="0.5", fee_currency="BNB")
    read = view(script)
    rows = {row["symbol"]: row for row in read("v_positions")}
    coin, bnb = rows["BTC/USDT"], rows["BNB/USDT"]
    assert (coin["quantity"], coin["paid"], coin["fees"], coin["fills"]) == ("1.99", "400", "2", 2)
    assert (bnb["quantity"], bnb["put_in"], bnb["externals"], bnb["fills"]) == ("1.5", "600", 1, 0)
    assert [row["fee_currency"] for row in read("v_fills")] == ["BTC", "BNB"]
    assert [(row["currency"], row["amount"]) for row in read("v_balances")] == [("USDT", "-400")]
    executed = read("trade_executions")[1]
    assert (executed["commission"], executed["commission_currency"], executed["currency"]) == (
        "0.5", "BNB", "USDT",
    )  # fmt: skip


def test_the_orders_show_their_exits_and_conditions(view):
    script = Script()
    request = OrderRequest(
        "AAPL", Side.BUY, OrderType.LIMIT, Decimal(5), Decimal(90), post_only=True,
        take_profit_price=Decimal(110), stop_loss_price=Decimal(80),
    )  # fmt: skip
    intent = Intent("C", request, "body", Decimal(0), T0, parent="p", role="replacement", arrival=90.5)
    script.add(EventKind.ORDER, "a", write_intent(intent)).order("b", "buy", 1)
    first, plain = view(script)("v_orders")
    shown = ("take_profit_price", "stop_loss_price", "post_only", "reduce_only", "parent", "role", "arrival")
    assert [first[name] for name in shown] == ["110", "80", 1, 0, "p", "replacement", "90.5"]
    assert [plain[name] for name in shown] == [None, None, 0, 0, None, None, None]
