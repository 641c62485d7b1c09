"""Cancels, halts and the end of the day."""

from dataclasses import replace
from datetime import timedelta

import pytest
from unit.execution.bench import CLOSE, OPEN, SHUT, T0, buy, sell, stop

from marketpulse.errors import Refused, StorageError, Uncertain
from marketpulse.types import OrderState, SessionInfo, SessionState, TimeInForce

DAY = TimeInForce.DAY


def refused(call, *args):
    with pytest.raises(Refused) as caught:
        call(*args)
    return caught.value.code


def test_a_cancel_is_committed_asked_for_and_confirmed(bench):
    order = bench.resting(buy(limit="90"))
    assert bench.execution.cancel(order.id).state is OrderState.PENDING_CANCEL
    assert ("cancel", order.client_order_id) not in bench.venue.calls  # cancel() does not wait for a venue
    bench.turn()
    assert bench.path(order)[-2:] == ["pending_cancel", "canceled"]
    assert bench.order(order).reasons[0].sentence == "Canceled on request."


def test_an_order_not_yet_sent_is_canceled_at_once(bench):
    order = bench.place(buy())
    assert bench.execution.cancel(order.id).state is OrderState.CANCELED
    bench.turn()
    assert bench.venue.placed(order.client_order_id) == 0


def test_what_cannot_be_canceled_is_refused(bench):
    assert refused(bench.execution.cancel, "nothing") == "UNKNOWN_ORDER"
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    bench.turn()
    assert refused(bench.execution.cancel, order.id) == "NOT_CANCELABLE"


def test_a_second_click_on_cancel_changes_nothing(bench):
    order = bench.resting(buy(limit="90"))
    bench.execution.cancel(order.id)
    events = len(bench.kinds())
    assert bench.execution.cancel(order.id).state is OrderState.PENDING_CANCEL
    assert len(bench.kinds()) == events


def test_i09_a_cancel_that_loses_the_race_ends_filled(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.cancel(order.id)
    bench.venue.execute(order.client_order_id, 10, "90")
    bench.turn()
    assert bench.state(order) == "filled"
    assert bench.books.held("AAPL") == 10
    assert bench.alerts() == []


def test_i09_a_cancel_after_a_part_keeps_the_part(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.cancel(order.id)
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.turn()
    ended = bench.order(order)
    assert (ended.state, ended.filled_quantity) == (OrderState.CANCELED, 4)
    assert bench.books.held("AAPL") == 4
    assert bench.alerts() == []


def test_i09_the_end_waits_for_fills_that_the_venue_lists_late(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.cancel(order.id)
    bench.venue.execute(order.client_order_id, 4, "90")
    late = bench.venue.executed.pop()
    bench.turn()
    assert bench.state(order) == "pending_cancel"
    bench.venue.executed.append(late)
    bench.turn(1)
    assert bench.path(order)[-2:] == ["pending_cancel", "canceled"]
    assert bench.order(order).filled_quantity == 4
    assert bench.alerts() == []


def test_a_cancel_whose_answer_is_lost_is_asked_for_again(bench):
    order = bench.resting(buy(limit="90"))
    bench.venue.trouble["cancel"].append(Uncertain("timeout"))
    bench.execution.cancel(order.id)
    bench.turn()
    assert bench.state(order) == "pending_cancel"
    bench.turn(1)
    assert bench.state(order) == "canceled"


def test_a_wish_to_cancel_an_order_in_doubt_waits_for_the_answer(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("down"))
    order = bench.resting(buy(limit="90"))
    assert bench.execution.cancel(order.id).state is OrderState.UNKNOWN
    assert bench.execution.cancel(order.id).state is OrderState.UNKNOWN
    bench.turn(1)
    bench.turn(1)
    assert bench.path(order)[2:] == ["unknown", "unknown", "accepted", "pending_cancel", "canceled"]


def test_a_wish_to_cancel_survives_a_restart(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("down"))
    order = bench.resting(buy(limit="90"))
    bench.execution.cancel(order.id)
    bench.restart().turn(1).turn(1)
    assert bench.state(order) == "canceled"


def test_a_cancel_while_it_is_being_sent_follows_the_answer(bench):
    def click(point):
        if point == "send.submitting":
            bench.execution.cancel(bench.books.newest(1)[0].id)

    bench.probe = click
    bench.restart().turn()
    order = bench.resting(buy(limit="90"))
    assert order.state is OrderState.ACCEPTED
    bench.turn()
    assert bench.path(order) == ["new", "submitting", "submitting", "accepted", "pending_cancel", "canceled"]


def test_i12_the_next_order_after_a_halt_is_denied(bench):
    halt = bench.execution.halt("  enough  ")
    assert (halt.why, bench.books.halt) == ("enough", halt)
    for n, request in enumerate((buy(), sell())):
        assert refused(bench.place, request, f"k{n}") == "HALTED"
    assert bench.execution.halt("again") == halt
    assert bench.kinds().count("halt") == 1


def test_i12_a_halt_cancels_what_rests_wherever_it_is_and_keeps_protective_stops(bench):
    resting = bench.resting(buy(limit="90"), "k1")
    sale = bench.resting(sell(limit="110"), "k2")
    guard = bench.resting(stop(5, "80"), "k5")
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("down"))
    doubtful = bench.resting(buy(1, "MSFT", "90"), "k3")
    fresh = bench.place(buy(limit="91"), "k4")
    assert bench.execution.halt("enough").kept == (guard.id,)
    assert bench.state(fresh) == "canceled"
    bench.turn(1).turn(1)
    ends = [bench.state(o) for o in (resting, doubtful, sale, guard)]
    assert ends == ["canceled", "canceled", "canceled", "accepted"]
    assert {bench.order(o).reasons[0].code for o in (resting, doubtful, sale)} == {"HALTED"}
    assert bench.venue.placed(fresh.client_order_id) == 0
    assert bench.restart().books.halt.kept == (guard.id,)


def test_i13_reducing_refuses_buys_and_lets_sales_pass(bench):
    resting = bench.resting(buy(limit="90"), "k1")
    sale = bench.resting(sell(limit="110"), "k2")
    halt = bench.execution.reduce("a bad day")
    assert (halt.reducing, halt.why) == (True, "a bad day")
    assert refused(bench.place, buy(), "k3") == "REDUCING"
    assert bench.place(sell(), "k4").state is OrderState.NEW
    bench.turn()
    assert [bench.state(o) for o in (resting, sale)] == ["canceled", "accepted"]
    assert bench.restart().books.halt == halt
    bench.execution.recover()
    assert bench.execution.reduce("again") == halt
    hard = bench.execution.halt("worse")
    assert not hard.reducing
    assert bench.execution.reduce("milder") == hard
    assert refused(bench.place, sell(), "k5") == "HALTED"
    bench.turn()
    assert bench.state(sale) == "canceled"
    bench.execution.resume("RESUME")
    assert bench.books.halt is None


def test_i12_a_halt_keeps_booking_fills(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.halt("enough")
    bench.venue.execute(order.client_order_id, 10, "90")
    bench.turn()
    assert bench.books.held("AAPL") == 10


def test_i12_a_halt_outlives_a_restart_and_ends_only_by_the_word(bench):
    bench.execution.halt("")
    assert bench.books.halt.why == "no reason given"
    bench.restart().execution.recover()
    assert refused(bench.place, buy()) == "HALTED"
    for word in ("resume", "RESUME ", "", "yes", None):
        assert refused(bench.execution.resume, word) == "BAD_CONFIRMATION"
    bench.execution.resume("RESUME")
    bench.execution.resume("RESUME")
    assert bench.books.halt is None
    assert bench.kinds().count("resume") == 1
    assert bench.place(buy(), "k2").state is OrderState.NEW


def test_i12_a_halt_counts_even_while_it_cannot_be_written(bench):
    resting = bench.resting(buy(limit="90"))
    inner = bench.ledger.transaction

    def full():
        raise StorageError("the disk is full")

    bench.ledger.transaction = full
    with pytest.raises(StorageError):
        bench.execution.halt("enough")
    bench.ledger.transaction = inner
    assert refused(bench.place, buy(), "k2") == "HALTED"
    bench.turn()
    assert bench.books.halt.why == "enough"
    assert bench.state(resting) == "canceled"
    bench.execution.resume("RESUME")
    assert bench.place(buy(), "k3").state is OrderState.NEW


def test_a_day_order_expires_at_the_close(bench):
    order = bench.resting(buy(limit="90", force=DAY))
    stays = bench.resting(buy(limit="90"), "k2")
    bench.turn((CLOSE - T0).total_seconds() - 1)
    assert bench.state(order) == "accepted"
    bench.sessions = SHUT
    bench.turn(1)
    ended = bench.order(order)
    assert (ended.state, ended.reasons[0].code) == (OrderState.EXPIRED, "DAY_OVER")
    assert bench.venue.orders[order.client_order_id][3] is OrderState.CANCELED
    assert bench.state(stays) == "accepted"


def test_a_day_order_gets_no_second_day_from_a_clock_that_jumps(bench):
    """A replay never shows the closed hours: the next turn is the next morning."""
    order = bench.resting(buy(limit="90", force=DAY))
    tomorrow = CLOSE + timedelta(days=1)
    bench.sessions = {"XNYS": SessionInfo("XNYS", SessionState.OPEN, tomorrow)}
    bench.turn((CLOSE - T0).total_seconds() + 17.5 * 3600)
    assert bench.state(order) == "expired"


def test_a_day_order_that_was_never_sent_expires_too(bench):
    order = bench.place(buy(force=DAY))
    bench.restart().turn((CLOSE - T0).total_seconds())
    assert bench.state(order) == "expired"
    assert bench.venue.placed(order.client_order_id) == 0


def test_a_day_order_placed_at_night_lives_through_the_next_session_only(bench):
    bench.sessions = SHUT
    bench.clock.advance((CLOSE - T0).total_seconds() + 3600)
    bench.turn()
    order = bench.resting(buy(limit="90", force=DAY))
    opens = SHUT["XNYS"].changes
    bench.turn((opens - bench.clock.now()).total_seconds() - 1)
    assert bench.state(order) == "accepted"
    bench.turn(1)  # the sessions still say closed in the moment it opens
    assert bench.state(order) == "accepted"
    bench.sessions = OPEN
    bench.turn(3600)
    assert bench.state(order) == "accepted"
    bench.sessions = {"XNYS": SessionInfo("XNYS", SessionState.CLOSED, opens + timedelta(days=1))}
    bench.turn(5.5 * 3600)
    assert bench.state(order) == "expired"


def test_a_day_order_placed_at_night_does_not_outlive_a_session_that_nobody_saw(bench):
    bench.sessions = SHUT
    bench.clock.advance((CLOSE - T0).total_seconds() + 3600)
    bench.turn()
    order = bench.resting(buy(limit="90", force=DAY))
    bench.restart()
    bench.sessions = OPEN
    bench.turn((SHUT["XNYS"].changes - bench.clock.now()).total_seconds() + 24 * 3600)
    assert bench.state(order) == "expired"


def test_a_day_order_of_what_never_closes_ends_at_midnight_utc(bench):
    order = bench.resting(buy(1, "BTC/USDT", "90", DAY))
    midnight = T0.replace(hour=0) + timedelta(days=1)
    bench.turn((midnight - T0).total_seconds() - 1)
    assert bench.state(order) == "accepted"
    bench.turn(1)
    assert bench.state(order) == "expired"


def test_a_part_filled_day_order_expires_with_its_part(bench):
    order = bench.resting(buy(10, limit="90", force=DAY))
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.turn((CLOSE - T0).total_seconds())
    ended = bench.order(order)
    assert (ended.state, ended.filled_quantity) == (OrderState.EXPIRED, 4)


def test_a_gtd_order_ends_at_its_time(bench):
    till = T0 + timedelta(hours=2)
    order = bench.resting(till_then(till))
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.turn(7199)
    assert bench.state(order) == "partially_filled"
    bench.turn(1)
    ended = bench.order(order)
    assert (ended.state, ended.filled_quantity) == (OrderState.EXPIRED, 4)
    assert ended.reasons[0].code == "GOOD_TILL_OVER"
    assert bench.venue.orders[order.client_order_id][3] is OrderState.CANCELED


def test_a_gtd_order_that_never_left_ends_too(bench):
    order = bench.place(till_then(T0 + timedelta(hours=2)))
    bench.restart().turn(7200)
    assert bench.order(order).reasons[0].code == "GOOD_TILL_OVER"
    assert bench.venue.placed(order.client_order_id) == 0


def test_a_gtd_order_whose_time_is_over_is_refused(bench):
    assert refused(bench.place, till_then(T0)) == "GOOD_TILL_OVER"


def till_then(till):
    return replace(buy(10, limit="90"), time_in_force=TimeInForce.GTD, good_till=till)


@pytest.mark.parametrize("force", [TimeInForce.IOC, TimeInForce.FOK])
@pytest.mark.parametrize("state", [OrderState.CANCELED, OrderState.EXPIRED])
def test_what_could_not_trade_at_once_is_expired_with_a_code(bench, force, state):
    order = bench.resting(buy(10, limit="90", force=force))
    if force is TimeInForce.IOC:
        bench.venue.execute(order.client_order_id, 4, "90")
    bench.venue.orders[order.client_order_id][3] = state
    bench.turn(1).turn(1)
    ended = bench.order(order)
    assert (ended.state, ended.reasons[0].code) == (OrderState.EXPIRED, "REMAINDER")
    assert ended.filled_quantity == (4 if force is TimeInForce.IOC else 0)
    assert bench.alerts() == []


def test_an_ioc_order_that_rests_all_the_same_is_canceled(bench):
    order = bench.resting(buy(10, limit="90", force=TimeInForce.IOC))
    for _ in range(9):
        bench.turn(1)
    assert bench.order(order).reasons[0].code == "REMAINDER"
    assert bench.state(order) == "expired"
    assert bench.venue.orders[order.client_order_id][3] is OrderState.CANCELED


def test_an_order_the_venue_cancels_by_itself_says_so(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.venue.orders[order.client_order_id][3] = OrderState.CANCELED
    bench.turn(31).turn(1)
    assert bench.order(order).reasons[0].code == "CANCELED_BY_VENUE"


def test_a_wish_that_had_to_wait_keeps_its_reason(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("down"))
    order = bench.resting(buy(limit="90"))
    bench.execution.halt("enough")
    bench.turn(1).turn(1)
    ended = bench.order(order)
    assert (ended.reasons[0].code, ended.reasons[0].sentence) == ("HALTED", "Trading was halted: enough")
