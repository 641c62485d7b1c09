"""Starting again: what was under way is asked about before anything new."""

from decimal import Decimal

import pytest
from unit.execution.bench import GRACE, INSTRUMENTS, Killed, buy, sell

from marketpulse.errors import Refused, Uncertain
from marketpulse.types import OrderState


def killed_at(bench, point, request=None):
    """Die at ``point`` while sending one order; return it."""

    order = bench.place(request or buy(10))
    bench.die_at(point)
    with pytest.raises(Killed):
        bench.turn()
    return order


def test_i01_an_intent_that_never_left_is_sent_after_a_restart(bench):
    order = killed_at(bench, "send.deciding")
    bench.restart().turn()
    assert bench.path(order) == ["new", "submitting", "accepted"]
    assert bench.venue.placed(order.client_order_id) == 1


def test_i01_what_was_being_sent_and_never_arrived_is_not_sent_again(bench):
    order = killed_at(bench, "send.submitting")
    bench.restart().turn()
    assert bench.state(order) == "unknown"
    assert bench.execution.recovered
    bench.turn(GRACE)
    assert bench.order(order).reasons[0].code == "NOT_AT_VENUE"
    assert bench.venue.placed(order.client_order_id) == 0


def test_i01_what_had_arrived_is_found(bench):
    order = killed_at(bench, "send.answered")
    bench.venue.execute(order.client_order_id, 10)
    bench.restart().turn()
    assert bench.path(order) == ["new", "submitting", "unknown", "filled"]
    assert bench.venue.placed(order.client_order_id) == 1


def test_i06_a_silent_venue_keeps_the_desk_recovering_and_it_tries_again(bench):
    bench.resting(buy(limit="90"))
    bench.venue.trouble["open_orders"].append(Uncertain("down"))
    bench.restart()
    assert not bench.execution.recover()
    with pytest.raises(Refused) as refused:
        bench.place(buy(), "k2")
    assert refused.value.code == "RECOVERING"
    bench.turn()  # left alone for a moment
    assert not bench.execution.recovered
    bench.turn(1)
    assert bench.execution.recovered
    assert bench.place(buy(), "k2").state is OrderState.NEW


def test_i05_fills_while_the_desk_was_down_are_booked_before_anything_new(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.ledger.close()
    bench.venue.execute(order.client_order_id, 10, "90")
    bench.start()
    bench.execution.recover()
    assert bench.state(order) == "filled"
    assert bench.books.held("AAPL") == 10


def test_an_order_the_venue_ended_while_the_desk_was_down_ends_here_too(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.venue.orders[order.client_order_id][3] = OrderState.EXPIRED
    bench.restart().execution.recover()
    assert bench.state(order) == "expired"
    assert bench.path(order)[-2:] == ["unknown", "expired"]


def test_an_order_that_vanished_is_asked_about_and_given_up_after_the_grace(bench):
    order = bench.resting(buy(10, limit="90"))
    del bench.venue.orders[order.client_order_id]
    bench.restart().turn()
    assert bench.state(order) == "unknown"
    bench.turn(GRACE)
    assert bench.state(order) == "rejected"


def test_an_order_vanishing_while_the_desk_runs_is_noticed(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.venue.orders[order.client_order_id][3] = OrderState.CANCELED
    bench.turn(31).turn(1)
    assert bench.state(order) == "canceled"


def test_an_order_that_is_not_ours_is_alarmed_once(bench):
    bench.venue.accept("SOMEBODY", INSTRUMENTS["AAPL"], buy(1))
    bench.restart().execution.recover()
    bench.turn(31).turn(31)
    assert bench.alerts() == ["FOREIGN_ORDER"]
    bench.restart().execution.recover()
    assert bench.alerts() == ["FOREIGN_ORDER"]


def test_a_late_accept_after_the_end_is_alarmed_and_canceled(bench):
    order = killed_at(bench, "send.submitting", buy(10, limit="90"))
    bench.restart().turn()
    bench.turn(GRACE)
    assert bench.state(order) == "rejected"
    bench.venue.accept(order.client_order_id, INSTRUMENTS["AAPL"], order.request)
    bench.turn(31)
    bench.turn(1)
    assert bench.path(order)[-4:] == ["rejected", "accepted", "pending_cancel", "canceled"]
    assert bench.alerts() == ["LATE_ACCEPT"]


def test_a_cancel_that_was_pending_is_asked_for_after_a_restart(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.cancel(order.id)
    bench.restart().turn().turn(1)
    assert bench.state(order) == "canceled"


def test_recovering_twice_changes_nothing(bench):
    bench.resting(buy(10, limit="90"))
    bench.resting(sell(10, limit="110"), "k2")
    bench.restart()
    assert bench.execution.recover()
    events = len(bench.kinds())
    assert bench.execution.recover()
    assert len(bench.kinds()) == events


def test_the_grace_counts_from_the_first_doubt_of_this_process(bench):
    """Nobody knows how long the desk was down, so a restart never shortens the wait."""
    order = killed_at(bench, "send.submitting")
    bench.clock.advance(1000)
    bench.restart().turn()
    bench.turn(GRACE - 1)
    assert bench.state(order) == "unknown"
    bench.turn(1)
    assert bench.state(order) == "rejected"


def test_a_rejection_found_later_keeps_the_venues_words(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    order = bench.place(buy(10))
    bench.venue.trouble["find"].append(Uncertain("down"))
    bench.turn()
    bench.venue.orders[order.client_order_id][3] = OrderState.REJECTED
    bench.turn(1)
    assert bench.order(order).reasons[0].code == "REJECTED"
    assert bench.books.portfolio.cash == Decimal(100_000)
