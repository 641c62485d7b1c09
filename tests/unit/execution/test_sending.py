"""Sending: once, and what each kind of answer makes of the order."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from unit.execution.bench import GRACE, T0, buy, sell

from marketpulse.errors import AuthExpired, Refused, Rejected, StorageError, Throttled, Uncertain
from marketpulse.types import MarketDatum, OrderState, Preview, Quote, SessionState


def datum(*, stale=False, session=SessionState.OPEN):
    quote = Quote("AAPL", 100.0, None, None, None, T0, T0, "tape")
    return {"AAPL": MarketDatum(quote, 0.0, stale, session)}


def test_a_rejection_is_final_with_code_and_sentence(bench):
    bench.venue.trouble["place"].append(Rejected("NO_MARGIN", "Too little margin."))
    bench.venue.arrives = False
    order = bench.resting(buy())
    assert order.state is OrderState.REJECTED
    assert [(r.code, r.sentence) for r in order.reasons] == [("NO_MARGIN", "Too little margin.")]
    bench.turn(60)
    assert bench.venue.placed(order.client_order_id) == 1


@pytest.mark.parametrize(
    "error", [Uncertain("timeout"), RuntimeError("apikey=SECRET"), ConnectionResetError()]
)
def test_i02_a_lost_answer_is_unknown_and_the_order_is_found_not_sent_again(bench, error):
    bench.venue.trouble["place"].append(error)
    bench.venue.trouble["find"].append(Uncertain("still down"))
    order = bench.resting(buy())
    assert order.state is OrderState.UNKNOWN
    assert "SECRET" not in str(list(bench.ledger.read()))
    bench.turn(1)
    assert bench.state(order) == "accepted"
    assert bench.venue.placed(order.client_order_id) == 1


def test_i02_a_lost_answer_of_a_filled_order_ends_filled(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("still down"))
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    bench.turn(1)
    assert bench.path(order) == ["new", "submitting", "unknown", "filled"]
    assert bench.alerts() == []


def test_i02_not_found_is_final_only_after_the_grace(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.arrives = False
    order = bench.resting(buy())
    for _ in range(4):
        bench.turn(1)
        assert bench.state(order) == "unknown"
    bench.turn(GRACE)
    ended = bench.order(order)
    assert ended.state is OrderState.REJECTED
    assert ended.reasons[0].code == "NOT_AT_VENUE"
    assert bench.venue.placed(order.client_order_id) == 1


def test_i02_a_late_accept_within_the_grace_is_found(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.arrives = False
    order = bench.resting(buy())
    bench.turn(2)
    bench.venue.accept(order.client_order_id, *arguments(bench, order))
    bench.turn(2)
    assert bench.state(order) == "accepted"


def arguments(bench, order):
    return bench.execution._kit.instruments[order.request.symbol], order.request


def test_i02_doubt_blocks_new_exposure_in_its_symbol_only(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.arrives = False
    bench.resting(buy())
    with pytest.raises(Refused) as refused:
        bench.place(buy(1), "k2")
    assert refused.value.code == "UNRESOLVED_ORDER"
    assert bench.place(sell(1), "k3").state is OrderState.NEW
    assert bench.place(buy(1, "MSFT"), "k4").state is OrderState.NEW


def test_an_intent_that_was_waiting_is_held_back_while_its_symbol_is_in_doubt(bench):
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.arrives = False
    bench.place(buy(1), "k1")
    second = bench.place(buy(2), "k2")
    bench.turn()
    assert bench.state(second) == "new"
    bench.turn(1)
    bench.turn(GRACE)
    bench.turn()
    assert bench.state(second) == "accepted"


@pytest.mark.parametrize(
    ("error", "wait"), [(Throttled("slow down", 7.0), 7.0), (AuthExpired("log in"), 60.0)]
)
def test_turned_away_unread_waits_and_is_tried_again_after_a_look(bench, error, wait):
    bench.venue.trouble["place"].append(error)
    bench.venue.arrives = False
    order = bench.resting(buy())
    assert order.state is OrderState.NEW
    bench.turn(wait - 1)
    assert bench.venue.placed(order.client_order_id) == 1
    bench.turn(1)
    assert bench.venue.placed(order.client_order_id) == 2
    assert bench.venue.calls[-2:] != [("place", order.client_order_id)] * 2
    assert ("find", order.client_order_id) in bench.venue.calls
    assert bench.state(order) == "accepted"


def test_i01_a_venue_that_lied_about_turning_it_away_does_not_get_it_twice(bench):
    bench.venue.trouble["place"].append(Throttled("slow down", 7.0))
    order = bench.resting(buy())  # arrives
    assert order.state is OrderState.NEW
    bench.turn(7)
    assert bench.state(order) == "accepted"
    assert bench.venue.placed(order.client_order_id) == 1


def test_a_look_that_fails_sends_nothing(bench):
    bench.venue.trouble["place"].append(Throttled("slow down", 7.0))
    bench.venue.arrives = False
    order = bench.resting(buy())
    bench.venue.trouble["find"].append(Uncertain("down"))
    bench.turn(7)
    assert bench.state(order) == "new"
    assert bench.venue.placed(order.client_order_id) == 1


def test_a_fill_of_an_order_that_was_turned_away_is_booked_and_alarmed(bench):
    bench.venue.trouble["place"].append(Throttled("slow down", 7.0))
    order = bench.resting(buy(10))
    bench.venue.execute(order.client_order_id, 10)
    bench.turn(7)
    assert bench.state(order) == "filled"
    assert bench.alerts() == ["LATE_FILL"]
    assert bench.venue.placed(order.client_order_id) == 1


def test_a_market_order_that_waited_is_not_sent_on_a_stale_price(bench):
    order = bench.place(buy())
    bench.turn(market=datum(stale=True))
    bench.turn(market=datum(session=SessionState.CLOSED))
    assert bench.state(order) == "new"
    bench.turn(market=datum())
    assert bench.state(order) == "accepted"


def test_a_limit_order_is_sent_whatever_the_price(bench):
    order = bench.place(buy(limit="90"))
    bench.turn(market=datum(stale=True))
    assert bench.state(order) == "accepted"


def test_a_market_order_is_given_up_after_a_quarter_of_an_hour(bench):
    bench.venue.trouble["place"].append(AuthExpired("log in"))
    bench.venue.arrives = False
    order = bench.resting(buy())
    bench.turn(timedelta(minutes=16).total_seconds())
    assert bench.order(order).state is OrderState.EXPIRED
    assert bench.order(order).reasons[0].code == "NOT_SENT"
    assert bench.venue.placed(order.client_order_id) == 1


def test_an_answer_that_cannot_be_recorded_makes_the_order_unknown(bench):
    order = bench.place(buy(10))
    transaction, count = bench.ledger.transaction, [0]

    def failing():
        count[0] += 1
        if count[0] == 2:  # submitting is committed, the answer is not
            raise StorageError("the disk is full")
        return transaction()

    bench.ledger.transaction = failing
    with pytest.raises(StorageError):
        bench.turn()
    bench.venue.execute(order.client_order_id, 10)
    bench.turn(1)
    assert bench.path(order) == ["new", "submitting", "unknown", "filled"]
    assert bench.venue.placed(order.client_order_id) == 1


def test_orders_are_sent_in_the_order_they_were_placed(bench):
    ids = [bench.place(buy(n + 1), f"k{n}").client_order_id for n in range(5)]
    bench.turn()
    assert [client for call, client in bench.venue.calls if call == "place"] == ids
    assert bench.books.reserved_cash == Decimal(1500 + 5)


def test_a_reduce_only_sale_is_looked_at_again_before_it_leaves(bench):
    order = bench.resting(buy(10), "k0")
    bench.venue.execute(order.client_order_id, 10)
    bench.turn()
    bench.resting(sell(6), "k1")
    fits = bench.place(replace(sell(4), reduce_only=True), "k2")
    late = bench.place(replace(sell(5), reduce_only=True), "k3")
    bench.turn()
    ended = bench.order(late)
    assert (ended.state, ended.reasons[0].code) == (OrderState.EXPIRED, "REDUCE_ONLY")
    assert bench.venue.placed(late.client_order_id) == 0
    bench.turn()
    assert bench.state(fits) == "accepted"


def test_the_mid_price_of_the_moment_is_kept_with_the_intent(bench):
    bench.gate = lambda request: Preview(request, (), notional=1.0, mid=100.25)
    bench.restart().execution.recover()
    order = bench.place(buy())
    assert (order.arrival, order.parent, order.role) == (100.25, None, "")
    assert bench.restart().order(order).arrival == 100.25


def test_a_trailing_stops_best_price_outlives_a_restart(bench):
    order = bench.resting(sell(5, limit="110"))
    bench.execution.mark(order.id, Decimal("123.5"))
    bench.execution.mark("nothing", Decimal(1))
    assert bench.kinds().count("mark") == 1
    assert bench.restart().books.line(order.id).best == Decimal("123.5")
