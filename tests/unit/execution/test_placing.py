"""Placing: one wish, one answer, for ever."""

import threading
from decimal import Decimal

import pytest
from unit.execution.bench import ACCOUNT, INSTRUMENTS, T0, buy, sell

from marketpulse.errors import Refused, StorageError
from marketpulse.execution.ids import client_order_id
from marketpulse.types import Check, OrderRequest, OrderState, OrderType, Preview, Side


def refused(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value


def test_place_commits_the_intent_and_does_not_wait_for_the_venue(bench):
    placed = bench.execution.place(buy(), "k1")
    assert not placed.repeated
    order = placed.order
    assert (order.state, order.created, order.account) == (OrderState.NEW, T0, ACCOUNT)
    assert order.client_order_id == client_order_id(bench.ledger.installation, order.id)
    assert bench.venue.placed(order.client_order_id) == 0
    assert bench.kinds()[-1] == "order"
    bench.turn()
    assert bench.venue.placed(order.client_order_id) == 1
    assert bench.path(order) == ["new", "submitting", "accepted"]
    assert bench.order(order).venue_id == f"V-{order.client_order_id}"


def test_i01_the_same_key_and_body_is_the_same_order(bench):
    first = bench.execution.place(buy(), "k1")
    bench.turn()
    again = bench.execution.place(
        {"symbol": "aapl", "side": "buy", "type": "market", "quantity": "10.0", "time_in_force": "gtc"}, "k1"
    )
    assert again.repeated
    assert again.order == bench.order(first.order)
    bench.turn()
    assert bench.kinds().count("order") == 1
    assert bench.venue.placed(first.order.client_order_id) == 1


def test_the_same_key_with_another_body_is_refused(bench):
    bench.place(buy(10))
    assert refused(bench.place, buy(11)).code == "IDEMPOTENCY_CONFLICT"
    assert refused(bench.place, sell(10)).code == "IDEMPOTENCY_CONFLICT"
    assert bench.kinds().count("order") == 1


def test_a_denial_is_committed_and_its_key_answers_the_same_for_ever(bench):
    bench.failing = ("INSUFFICIENT_CASH", "POSITION_LIMIT")
    first = refused(bench.place, buy())
    assert (first.code, first.sentence) == ("INSUFFICIENT_CASH", "INSUFFICIENT_CASH says no.")
    bench.failing = ()
    again = refused(bench.place, buy())
    assert (again.code, again.sentence) == (first.code, first.sentence)
    assert refused(bench.place, buy(11)).code == "IDEMPOTENCY_CONFLICT"
    assert bench.kinds().count("denied") == 1
    (order,) = bench.books.newest(1)
    assert order.state is OrderState.DENIED
    assert [r.code for r in order.reasons] == ["INSUFFICIENT_CASH", "POSITION_LIMIT"]
    bench.turn().restart()
    bench.execution.recover()
    assert refused(bench.place, buy()).code == "INSUFFICIENT_CASH"
    assert bench.venue.calls.count(("place", order.client_order_id)) == 0


def test_the_key_is_kept_over_a_restart(bench):
    order = bench.resting(buy())
    bench.restart()
    assert bench.execution.place(buy(), "k1").order.id == order.id  # known even before recovery
    assert refused(bench.place, buy(11)).code == "IDEMPOTENCY_CONFLICT"


def test_an_advisory_check_refuses_nothing(bench):
    advisory = Check("OPEN_RISK", "Open risk", passed=False, sentence="Much.", advisory=True)
    bench.gate = lambda request: Preview(request, (advisory,))
    bench.restart().execution.recover()
    assert bench.place(buy()).state is OrderState.NEW


@pytest.mark.parametrize("key", ["", " " * 0, "x" * 201, "a\nb", None, 7])
def test_a_bad_key_is_refused(bench, key):
    assert refused(bench.execution.place, buy(), key).code == "BAD_REQUEST"


def test_what_cannot_be_read_is_refused_and_binds_no_key(bench):
    code = refused(
        bench.execution.place, {"symbol": "APPL", "side": "buy", "type": "market", "quantity": "1"}, "k1"
    ).code
    assert code == "UNKNOWN_SYMBOL"
    nan = OrderRequest("AAPL", Side.BUY, OrderType.MARKET, Decimal("NaN"))
    assert refused(bench.place, nan).code == "BAD_QUANTITY"
    assert bench.place(buy()).state is OrderState.NEW


def test_an_instrument_without_a_venue_is_refused(bench):
    bench.execution._accounts._route = lambda _: "other:1"
    assert refused(bench.place, buy()).code == "NO_ROUTE"
    assert bench.execution.preview(buy()).failed[0].code == "NO_ROUTE"
    assert "order" not in bench.kinds()


def test_i06_nothing_is_placed_before_recovery_and_the_key_stays_free(bench):
    bench.restart()
    assert refused(bench.place, buy()).code == "RECOVERING"
    assert bench.kinds().count("denied") == 0
    bench.execution.recover()
    assert bench.place(buy()).state is OrderState.NEW


def test_a_gate_that_says_recovering_binds_no_key(bench):
    bench.failing = ("RECOVERING",)
    assert refused(bench.place, buy()).code == "RECOVERING"
    bench.failing = ()
    assert bench.place(buy()).state is OrderState.NEW


def test_the_gate_sees_the_books_inside_the_transaction(bench):
    seen = []

    def gate(request):
        seen.append((bench.ledger._holder is not None, bench.books.reserved_cash))
        return Preview(request, (), notional=1000.0, fees=1.005, slippage=0.5)

    bench.gate = gate
    bench.restart().execution.recover()
    bench.place(buy(), "k1")
    bench.place(buy(), "k2")
    assert seen == [(True, 0), (True, Decimal("1001.51"))]
    assert bench.execution.preview(buy()).notional == 1000.0
    assert seen[-1][0] is False  # the ticket's preview writes nothing


def test_i11_sixteen_threads_never_pass_a_cash_limit(bench):
    """400 orders of 1,000 race for 100,000: exactly 100 get through, and each key once."""
    bench.gate = lambda request: (
        Preview(request, (), notional=1000.0, fees=0.0, slippage=0.0)
        if bench.books.cash - bench.books.reserved_cash >= 1000
        else Preview(request, (Check("INSUFFICIENT_CASH", "Cash", passed=False, sentence="No cash."),))
    )
    bench.restart().execution.recover()
    answers, faults = [], []
    start = threading.Barrier(16)

    def press(worker):
        start.wait()
        for i in range(25):
            try:
                answers.append(
                    bench.execution.place(buy(), f"{worker // 2}-{i}" if worker % 2 else f"{worker}-{i}-x")
                )
            except Refused as error:
                answers.append(error.code)
            except Exception as error:  # noqa: BLE001  reported by the test's own thread
                faults.append(error)

    threads = [threading.Thread(target=press, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(answers) == 400
    made = {a.order.id for a in answers if not isinstance(a, str)}
    assert len(made) == 100
    assert {a for a in answers if isinstance(a, str)} == {"INSUFFICIENT_CASH"}
    assert bench.books.reserved_cash == 100_000
    assert bench.ledger.verify() == len(bench.kinds())


def test_two_tabs_at_the_same_moment_make_one_order(bench):
    start, answers = threading.Barrier(8), []

    def click():
        start.wait()
        answers.append(bench.execution.place(buy(), "ticket"))

    threads = [threading.Thread(target=click) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.repeated for a in answers) == [False] + [True] * 7
    assert len({a.order.id for a in answers}) == 1
    assert bench.kinds().count("order") == 1


def test_a_commit_that_fails_leaves_books_and_ledger_equal(bench):
    def full(point):
        if point == "place.appended":
            raise StorageError("the disk is full")

    bench.probe = full  # the probe stands inside the transaction, like the disk
    bench.restart().execution.recover()
    with pytest.raises(StorageError):
        bench.place(buy())
    bench.same_books()
    assert "order" not in bench.kinds()
    bench.probe = lambda _: None
    bench.restart().execution.recover()
    assert bench.place(buy()).state is OrderState.NEW


def test_a_commit_that_reports_an_error_but_reached_the_disk_is_found_again(bench):
    """The worst lie of a disk: the caller hears of a failure, the next one finds the order."""
    transaction = bench.ledger.transaction

    class Lying:
        def __init__(self):
            self.inner = transaction()

        def __enter__(self):
            return self.inner.__enter__()

        def __exit__(self, *error):
            self.inner.__exit__(*error)
            raise StorageError("the disk reports an error")

    bench.ledger.transaction = Lying
    with pytest.raises(StorageError):
        bench.place(buy())
    assert bench.books.newest(1) == ()
    bench.ledger.transaction = transaction
    again = bench.execution.place(buy(), "k1")
    assert again.repeated
    bench.turn()
    assert bench.state(again.order) == "accepted"
    assert bench.venue.placed(again.order.client_order_id) == 1


def test_every_instrument_of_the_bench_can_be_placed(bench):
    for n, symbol in enumerate(INSTRUMENTS):
        assert bench.place(buy(1, symbol), f"k{n}").request.symbol == symbol
