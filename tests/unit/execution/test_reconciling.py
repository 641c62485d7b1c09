"""Books against venue: what stands through two looks halts, is named, and may be believed."""

from decimal import Decimal

import pytest
from unit.execution.bench import INSTRUMENTS, Killed, buy, sell
from unit.execution.live import LiveBench

from marketpulse.errors import Refused, Throttled, Uncertain
from marketpulse.execution.ids import client_order_id
from marketpulse.execution.kit import LIVE_POINTS
from marketpulse.execution.venue import Pace
from marketpulse.portfolio import Books
from marketpulse.types import Difference, Halt


@pytest.fixture
def desk(tmp_path):
    bench = LiveBench(tmp_path, units={"AAPL": "3"})
    yield bench
    bench.ledger.close()


def code(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code


def test_an_account_with_something_in_it_is_named_halted_and_adopted(desk):
    desk.turn()
    assert desk.view().difference == ()
    desk.turn(5)
    view = desk.view()
    assert view.difference == (
        Difference("AAPL", Decimal(0), Decimal(3)),
        Difference("USD", Decimal(0), Decimal(1000)),
    )
    assert not view.reconciled
    assert view.phrase == "ADOPT A1"
    assert "AAPL 0 here, 3 there; USD 0 here, 1000 there" in desk.books.halt.why
    for wrong in ("adopt A1", "ADOPT", "ADOPT A1 ", "", None, 5):
        assert code(desk.execution.adopt, "alpaca", "A1", wrong) == "BAD_CONFIRMATION"
    adopted = desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    assert adopted.reconciled
    assert adopted.difference == ()
    desk.same(desk.alpaca, "alpaca:A1")
    assert isinstance(desk.books.halt, Halt)
    desk.turn(1)
    assert desk.view().reconciled
    assert desk.view().checked == desk.clock.now()
    assert code(desk.execution.adopt, "alpaca", "A1", "ADOPT A1") == "NOTHING_TO_ADOPT"


def test_the_other_account_stays_apart(desk):
    desk.turn().turn(5)
    desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    assert [d.what for d in desk.view("binance").difference] == ["USDT"]
    assert desk.books.balance("USDT") == 0
    assert desk.books.balance("USD", "binance:B1") == 0


def test_what_was_adopted_survives_a_restart_and_folds_again_to_the_same(desk):
    desk.adopted()
    desk.restart().turn(1)
    assert desk.view().reconciled
    again = Books.of(desk.books.accounts, desk.ledger.read())
    assert again.portfolio == desk.books.portfolio


@pytest.mark.parametrize(
    ("cash", "stands"), [("1000.01", False), ("999.99", False), ("1000.02", True), ("999.98", True)]
)
def test_a_cent_is_no_difference_and_two_are(desk, cash, stands):
    desk.adopted()
    desk.alpaca.cash["USD"] = Decimal(cash)
    desk.turn(61).turn(5)
    assert bool(desk.view().difference) is stands
    assert bool(desk.books.halt) is stands


@pytest.mark.parametrize(("more", "stands"), [("0.00000001", False), ("0.00000002", True)])
def test_the_smallest_unit_of_a_coin_is_no_difference(desk, more, stands):
    desk.turn().turn(5)
    desk.execution.adopt("binance", "B1", "ADOPT B1")
    desk.execution.resume("RESUME")
    desk.binance.units["BTC/USDT"] = Decimal(more)
    desk.turn(61).turn(5)
    assert bool(desk.view("binance").difference) is stands


@pytest.mark.parametrize(("off", "stands"), [("0.00000008", False), ("0.00000009", True)])
def test_each_execution_in_coins_may_have_been_rounded(desk, off, stands):
    desk.ready()
    for name in ("c1", "c2"):
        order = desk.place(buy("0.01", "BTC/USDT", limit="100"), name)
        desk.turn(1)
        desk.binance.execute(order.client_order_id, "0.01", "100", currency="USDT")
        desk.turn(2)
    desk.binance.cash["USDT"] += Decimal(off)
    desk.turn(61).turn(5)
    assert bool(desk.view("binance").difference) is stands


def test_a_passing_difference_halts_nothing(desk):
    desk.adopted()
    desk.alpaca.cash["USD"] += 50
    desk.turn(61)
    desk.alpaca.cash["USD"] -= 50
    desk.turn(5).turn(5)
    assert desk.books.halt is None
    assert desk.view().reconciled


def test_a_difference_that_changes_between_two_looks_is_looked_at_again(desk):
    desk.adopted()
    desk.alpaca.cash["USD"] += 50
    desk.turn(61)
    desk.alpaca.cash["USD"] += 1
    desk.turn(5)
    assert desk.books.halt is None
    desk.turn(5)
    assert desk.view().difference == (Difference("USD", Decimal(1000), Decimal(1051)),)


def test_units_that_vanish_halt_and_orders_are_refused_until_adopted(desk):
    desk.ready()
    desk.alpaca.units["AAPL"] = Decimal(1)
    desk.turn(61).turn(5)
    assert "AAPL 3 here, 1 there" in desk.books.halt.why
    desk.execution.resume("RESUME")
    assert code(desk.place, buy()) == "NOT_RECONCILED"
    desk.turn(61).turn(5)
    assert desk.books.halt is None  # said once; the same numbers do not halt again
    desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    desk.place(buy(limit="90"), "k2")
    desk.turn(1)
    assert desk.alpaca.sent == 1
    desk.same(desk.alpaca, "alpaca:A1")


def test_a_difference_that_goes_away_by_itself_reconciles(desk):
    desk.adopted()
    desk.alpaca.cash["USD"] += 50
    desk.turn(61).turn(5)
    assert not desk.view().reconciled
    desk.alpaca.cash["USD"] -= 50
    desk.turn(61)
    assert desk.view().reconciled
    assert desk.view().phrase == ""


def test_an_execution_between_the_two_questions_is_no_difference(desk):
    desk.ready()
    order = desk.place(sell(2, limit="110"))
    desk.turn(1)
    ask = desk.alpaca.account

    def account():
        desk.alpaca.execute(order.client_order_id, 2, "110")
        desk.alpaca.account = ask
        return ask()

    desk.alpaca.account = account
    desk.turn(61)
    assert desk.state(order) == "filled"
    assert desk.view().difference == ()
    desk.same(desk.alpaca, "alpaca:A1")


def test_what_is_in_doubt_is_not_compared(desk):
    desk.ready()
    desk.alpaca.trouble["place"].append(Uncertain("timeout"))
    order = desk.place(buy(2))
    desk.turn(1)
    assert desk.state(order) == "unknown" or desk.state(order) == "accepted"
    desk.alpaca.trouble["find"].extend([Uncertain("down")] * 40)
    desk.alpaca.trouble["fills"].extend([Uncertain("down")] * 40)
    desk.alpaca.units["AAPL"] += 2
    desk.alpaca.cash["USD"] -= 200
    for _ in range(4):
        desk.turn(31)
    assert desk.view().difference == ()


def test_silence_concludes_nothing(desk):
    desk.ready()
    desk.alpaca.trouble["account"].extend([Throttled("slow down", 5.0), Uncertain("down")])
    desk.turn(61).turn(1)
    assert desk.view().reconciled
    assert desk.books.halt is None
    assert "slow down" in desk.view().note
    desk.turn(10).turn(10)
    assert desk.view().note == ""


def test_a_venue_that_holds_cash_back_is_not_compared_by_cash_while_a_buy_rests(desk):
    desk.ready()
    ask = desk.alpaca.account

    def account():
        state = ask()
        return type(state)(
            state.account_id, {"USD": state.cash["USD"] - 90}, state.positions, holds_back=True
        )

    desk.place(buy(1, limit="90"))
    desk.turn(1)
    desk.alpaca.account = account
    desk.turn(61).turn(5)
    assert desk.books.halt is None
    desk.alpaca.units["AAPL"] += 1
    desk.turn(61).turn(5)
    assert [d.what for d in desk.view().difference] == ["AAPL"]


def test_an_unknown_share_is_shown_and_adopted_too(desk):
    desk.alpaca.units["ZZZZ"] = Decimal("1.5")
    desk.turn().turn(5)
    assert Difference("ZZZZ", Decimal(0), Decimal("1.5")) in desk.view().difference
    desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    assert desk.books.held("ZZZZ", "alpaca:A1") == Decimal("1.5")
    desk.turn(1)
    assert desk.view().reconciled


def test_adopting_what_has_moved_since_is_refused(desk):
    desk.ready()
    order = desk.place(buy(1, limit="100"))
    desk.turn(1)
    desk.alpaca.cash["USD"] += 50
    desk.turn(61).turn(5)
    desk.alpaca.execute(order.client_order_id, 1, "100")
    desk.turn(3)
    assert code(desk.execution.adopt, "alpaca", "A1", "ADOPT A1") == "CHANGED"
    desk.turn(1).turn(5)
    desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    desk.same(desk.alpaca, "alpaca:A1")


@pytest.mark.parametrize("point", LIVE_POINTS)
def test_killed_while_reconciling_or_adopting_nothing_is_booked_twice(desk, point):
    desk.turn()

    def die(here):
        if here == point:
            desk.probe = lambda _: None
            raise Killed

    desk.probe = die
    with pytest.raises(Killed):  # noqa: PT012  whichever of the steps passes the point
        desk.turn(5)
        desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    desk.restart().turn(1).turn(5)
    assert desk.view().difference
    desk.execution.adopt("alpaca", "A1", "ADOPT A1")
    desk.same(desk.alpaca, "alpaca:A1")


def test_orders_that_are_not_ours_are_shown_and_alarmed_once(desk):
    desk.adopted()
    lost = client_order_id(desk.ledger.installation, "an order of a ledger that is gone")
    desk.alpaca.accept("web-1", INSTRUMENTS["AAPL"], buy(2, limit="90"))
    desk.alpaca.accept(lost, INSTRUMENTS["MSFT"], buy(1, "MSFT", limit="90"))
    for _ in range(3):
        desk.turn(31)
    shown = {order.client_id: order for order in desk.view().external}
    assert set(shown) == {"web-1", lost}
    assert (shown["web-1"].ours, shown[lost].ours) == (False, True)
    assert (shown["web-1"].symbol, shown["web-1"].quantity) == ("AAPL", Decimal(2))
    assert sorted(desk.alerts()) == ["FOREIGN_ORDER", "ORPHAN"]
    desk.alpaca.orders.clear()
    desk.turn(31)
    assert desk.view().external == ()


def test_executions_of_a_lost_ledger_are_found_and_show_as_a_difference(desk):
    lost = client_order_id(desk.ledger.installation, "an order of a ledger that is gone")
    desk.adopted()
    desk.alpaca.accept(lost, INSTRUMENTS["AAPL"], buy(2))
    desk.alpaca.execute(lost, 2)
    desk.turn(61).turn(5)
    assert desk.alerts() == ["ORPHAN"]
    assert [d.what for d in desk.view().difference] == ["AAPL", "USD"]


def test_sweeps_are_paced_what_is_busy_often_and_everything_once_a_minute(tmp_path):
    class Paced(LiveBench):
        def lives(self):
            first, second = super().lives()
            return [
                type(first)(**{n: getattr(first, n) for n in first.__slots__} | {"pace": Pace(1.0, 1.0)}),
                second,
            ]

    desk = Paced(tmp_path)
    desk.ready()
    desk.turn(61).turn(61)
    order = desk.place(buy(1, limit="90"))
    desk.turn(1)
    desk.alpaca.asked.clear()
    for _ in range(40):
        desk.turn(0.25)
    assert desk.state(order) == "accepted"
    assert all(known == {"AAPL"} for known in desk.alpaca.asked)
    assert 4 <= len(desk.alpaca.asked) <= 6  # each two seconds of ten
    desk.alpaca.execute(order.client_order_id, 1, "90")
    desk.turn(2)
    assert desk.state(order) == "filled"
    desk.turn(61)
    assert {"AAPL", "MSFT"} in desk.alpaca.asked
    desk.ledger.close()
