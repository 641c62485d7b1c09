"""The fold: worked by hand where numbers matter, against whole fractions where they are many."""

import threading
import time
from datetime import date
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Cash, write_action, write_cash, write_halt
from marketpulse.types import ActionKind, CorporateAction, EventKind, OrderState, Reason


def books(script):
    return Books.of(ACCOUNT, script.events)


def split(script, ratio, symbol="AAPL", kind=ActionKind.SPLIT):
    action = CorporateAction(symbol, date(2012, 6, 4), kind, Decimal(ratio))
    return script.add(EventKind.ACTION, symbol, write_action(action))


def test_a_purchase_and_a_sale_by_hand():
    script = Script().cash("100000").order("a", "buy", 10).fill("a", "buy", 10, "100.10", "1.00")
    script.order("b", "buy", 20).fill("b", "buy", 20, "103.10", "1.00")
    script.order("c", "sell", 15).fill("c", "sell", 15, "110", "1.00")
    portfolio = books(script).portfolio
    # cost 1001 + 2062 = 3063, average 102.10; 15 sold at 110 earn 15 * 7.90 = 118.50
    position = portfolio.positions["AAPL"]
    assert (position.quantity, position.average_price, position.realized) == (
        15,
        Decimal("102.1"),
        Decimal("118.5"),
    )
    assert portfolio.cash == Decimal(100000) - 1001 - 2062 + 1650 - 3
    assert (portfolio.realized, portfolio.fees, portfolio.deposits) == (Decimal("118.50"), 3, 100_000)


def test_a_flat_position_stays_listed_with_what_it_earned():
    script = Script().cash(1000).order("a", "buy", 3).fill("a", "buy", 3, "10")
    script.order("b", "sell", 3).fill("b", "sell", 3, "12")
    position = books(script).portfolio.positions["AAPL"]
    assert (position.quantity, position.average_price, position.realized) == (0, 0, 6)


def test_a_third_of_a_cost_is_not_lost():
    script = Script().cash(1000).order("a", "buy", 3).fill("a", "buy", 3, "33.34")
    for i in range(3):
        script.order(f"s{i}", "sell", 1).fill(f"s{i}", "sell", 1, "33.34")
    portfolio = books(script).portfolio
    assert portfolio.cash == 1000
    assert portfolio.realized == 0


def test_a_split_multiplies_units_and_divides_the_average():
    script = split(Script().cash(10000).order("a", "buy", 10).fill("a", "buy", 10, "700"), "7")
    position = books(script).portfolio.positions["AAPL"]
    assert (position.quantity, position.average_price) == (70, 100)
    assert books(script).portfolio.cash == 3000


def test_a_dividend_and_an_action_on_nothing_change_nothing():
    script = Script().cash(10000).order("a", "buy", 10).fill("a", "buy", 10, "700")
    before = books(script).portfolio
    split(script, "2", symbol="MSFT")
    split(script, "1.5", kind=ActionKind.DIVIDEND)
    assert books(script).portfolio == before


def test_an_oversold_position_is_booked_as_it_is():
    script = Script().cash(0).order("a", "buy", 10).fill("a", "buy", 10, "100")
    script.order("b", "sell", 10).fill("b", "sell", 15, "110")
    script.order("c", "buy", 5).fill("c", "buy", 5, "90")
    portfolio = books(script).portfolio
    # 10 bought at 100 sold at 110: +100; 5 more sold at 110 and bought back at 90: +100
    assert portfolio.positions["AAPL"].quantity == 0
    assert portfolio.realized == portfolio.cash == 200


def test_an_order_lives_through_its_events():
    script = Script().cash(10000).order("a", "buy", 10, limit="100", reserve="1001")
    assert books(script).orders["a"].state is OrderState.NEW
    script.move("a", "submitting").move("a", "accepted", venue_id="V1")
    script.fill("a", "buy", 4, "99.50", "0.40", to="partially_filled")
    live = books(script)
    order = live.orders["a"]
    assert (order.state, order.venue_id, order.filled_quantity) == (OrderState.PARTIALLY_FILLED, "V1", 4)
    assert (order.average_price, order.fees, order.remaining) == (Decimal("99.5"), Decimal("0.40"), 6)
    assert [f.quantity for f in order.fills] == [4]
    assert live.by_client("C-a") == order
    assert live.open_orders == (order,)
    assert live.reserved_cash == Decimal("600.6")
    script.move("a", "pending_cancel", "CANCELED", "Canceled on request.").move(
        "a", "canceled", "CANCELED", "Done."
    )
    ended = books(script)
    assert ended.open_orders == ()
    assert ended.reserved_cash == 0
    assert ended.orders["a"].reasons == (Reason("CANCELED", "Done."),)


def test_a_denied_order_keeps_its_reasons_and_moves_nothing():
    script = Script().cash(100).order("a", "buy", 10, denied=("INSUFFICIENT_CASH", "POSITION_LIMIT"))
    order = books(script).orders["a"]
    assert order.state is OrderState.DENIED
    assert [r.code for r in order.reasons] == ["INSUFFICIENT_CASH", "POSITION_LIMIT"]
    assert books(script).open_orders == ()


def test_working_sells_are_units_not_yet_sold():
    script = (
        Script().cash(0).order("a", "sell", 10, limit="5").order("b", "sell", 4, limit="5", symbol="MSFT")
    )
    script.move("a", "submitting").fill("a", "sell", 3, "5", to="partially_filled")
    assert books(script).working_sells("AAPL") == 7
    assert books(script).working_sells("MSFT") == 4
    assert books(script).working_sells("IBM") == 0


def test_a_wish_to_cancel_is_remembered_until_it_can_be_passed_on():
    script = Script().order("a", "buy", 1, limit="5").move("a", "submitting")
    script.move("a", "submitting", "CANCEL_REQUESTED").move("a", "unknown", "ANSWER_LOST")
    assert books(script).line("a").unwanted
    script.move("a", "accepted")
    assert books(script).line("a").unwanted
    script.move("a", "pending_cancel")
    assert not books(script).line("a").unwanted


def test_halt_and_resume():
    script = Script().add(EventKind.HALT, "halt", write_halt("enough"), account="desk")
    halt = books(script).halt
    assert (halt.why, halt.since) == ("enough", script.events[0].time)
    assert books(script.add(EventKind.RESUME, "halt", {}, account="desk")).halt is None


def test_other_accounts_and_other_kinds_are_passed_over():
    script = Script().cash(100)
    script.add(EventKind.CASH, "deposit", {"amount": "5", "currency": "USD", "why": "x"}, account="live:2")
    live = books(script)
    assert live.portfolio.cash == 100
    assert live.seq == 2
    assert live.updated == script.events[-1].time


def test_i10_an_event_folded_twice_counts_once():
    script = Script().cash(1000).order("a", "buy", 3).fill("a", "buy", 3, "10")
    twice = books(script).replay(script.events)
    assert twice.portfolio == books(script).portfolio
    assert twice.has_fill("paper", "T2")
    assert not twice.has_fill("paper", "T9")


def test_newest_and_last_fills():
    script = Script().cash(1000)
    for i in range(5):
        script.order(f"o{i}", "buy", 1).fill(f"o{i}", "buy", 1, 10 + i)
    live = books(script)
    assert [o.id for o in live.newest(2)] == ["o4", "o3"]
    assert [o.id for o in live.newest(9)] == ["o4", "o3", "o2", "o1", "o0"]
    assert [f.price for f in live.last_fills(2)] == [13, 14]
    assert live.last_fills(0) == ()
    assert len(live.fills) == 5


def cost_of(live, symbol):
    """The cost itself: the position shows its quotient, which is rounded."""
    return sum(holding.cost for (_, named), (holding, _) in live._sums._places.items() if named == symbol)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["buy", "sell"]),
        st.integers(1, 10**9).map(lambda n: Decimal(n).scaleb(-8)),
        st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-8)),
        st.integers(0, 10**4).map(lambda n: Decimal(n).scaleb(-2)),
    ),
    max_size=30,
)


@given(STEPS)
def test_i05_the_sums_are_exact(steps):
    """Cash, fees and units equal whole-fraction sums; cost and realised P&L explain cash to the last digit."""
    script = Script().cash("100000")
    cash, units, fees = Fraction(100_000), Fraction(0), Fraction(0)
    for i, (side, quantity, price, fee) in enumerate(steps):
        script.order(f"o{i}", side, quantity).fill(f"o{i}", side, quantity, price, fee)
        sign = 1 if side == "buy" else -1
        cash -= sign * Fraction(quantity) * Fraction(price) + Fraction(fee)
        units += sign * Fraction(quantity)
        fees += Fraction(fee)
    live = books(script)
    portfolio = live.portfolio
    assert (Fraction(portfolio.cash), Fraction(portfolio.fees)) == (cash, fees)
    assert Fraction(live.held("AAPL")) == units
    cost = Fraction(cost_of(live, "AAPL"))
    assert 100_000 - fees + Fraction(portfolio.realized) - cost == cash


def test_a_hundred_thousand_fills_fold_in_a_moment():
    script = Script().cash(10**9)
    for i in range(1000):
        script.order(f"o{i}", "buy" if i % 3 else "sell", 1000, symbol=f"S{i % 20}")
        for _ in range(100):
            script.fill(
                f"o{i}",
                "buy" if i % 3 else "sell",
                10,
                "123.45",
                "1.00",
                to="partially_filled",
                symbol=f"S{i % 20}",
            )
    best = float("inf")
    for _ in range(3):
        started = time.process_time()
        live = books(script)
        best = min(best, time.process_time() - started)
    assert live.portfolio.fees == 100_000
    # The aim is 0.2 s on a quiet machine; the limit leaves room for a busy one.
    assert best < 0.6


def test_books_may_be_read_while_they_are_written():
    script = Script().cash(10**9)
    for i in range(3000):
        script.order(f"o{i}", "buy", 1).fill(f"o{i}", "buy", 1, "10", symbol=f"S{i % 50}")
    live, faults = Books(ACCOUNT), []

    def read():
        while live.seq < len(script.events):
            try:
                portfolio = live.portfolio
                bought = sum(p.quantity for p in portfolio.positions.values())
                assert portfolio.cash == portfolio.deposits - bought * 10
                working = {order.id for order in live.open_orders}  # asked first: orders only grow
                assert working <= set(live.orders)
                list(live.newest(5))
            except Exception as error:  # noqa: BLE001  reported by the test's own thread
                faults.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for event in script.events:
        live.apply(event)
    for reader in readers:
        reader.join()
    assert faults == []


def test_an_empty_ledger_is_an_empty_book():
    live = Books(ACCOUNT)
    assert live.portfolio.cash == 0
    assert live.orders == {}
    assert live.order("x") is live.by_client("x") is live.line("x") is live.updated is None


def test_an_account_that_becomes_known_brings_what_it_did_in_earlier_runs():
    script = Script()
    script.add(EventKind.CASH, "x", write_cash(Cash(Decimal(70), "USD", "in")), account="alpaca:A1")
    script.add(EventKind.CASH, "x", write_cash(Cash(Decimal(5), "USD", "in")), account="kite:K1")
    live = Books.of(("alpaca:?", "kite:K1"), script.events)
    assert live.portfolio.cash == Decimal(5)
    live.admit("alpaca:?", "alpaca:A1", script.events)
    assert live.accounts == ("alpaca:A1", "kite:K1")
    assert live.balance("USD", "alpaca:A1") == Decimal(70)
    assert live.portfolio == Books.of(live.accounts, script.events).portfolio
    script.add(EventKind.CASH, "x", write_cash(Cash(Decimal(1), "USD", "in")), account="alpaca:A1")
    live.apply(script.events[-1])
    assert live.balance("USD", "alpaca:A1") == Decimal(71)
