"""Brackets and OCO: one exit at the venue, never more sold than is held, never a position left alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from unit.execution.bench import CLOSE, SHUT, T0, Killed, bracket, buy, sell, stop

from marketpulse.errors import Refused, Rejected, Uncertain
from marketpulse.execution.exits import TRIES
from marketpulse.ports import Terms
from marketpulse.types import ActionKind, CorporateAction, OrderState, OrderType, TimeInForce

POINTS = ["exit.appended", "exit.committed", "send.submitting", "send.answered", "send.recorded"]


def bought(bench, request=None, quantity=10, price="100"):
    """A bracket whose parent has filled, its stop resting."""
    parent = bench.resting(request or bracket(quantity))
    bench.venue.execute(parent.client_order_id, quantity, price)
    bench.turn(1).turn(1)
    return parent


def fill(bench, order, quantity, price="100"):
    bench.venue.execute(order.client_order_id, quantity, price)
    return bench


def test_the_stop_rests_as_soon_as_the_parent_has_filled(bench):
    parent = bought(bench)
    (leg,) = bench.legs(parent)
    assert (leg.role, leg.parent, leg.state) == ("stop", parent.id, OrderState.ACCEPTED)
    request = leg.request
    assert (request.type, request.quantity, request.stop_price) == (OrderType.STOP, 10, Decimal(90))
    assert request.time_in_force is TimeInForce.GTC
    assert request.reduce_only
    assert bench.venue.placed(leg.client_order_id) == 1


def test_no_exit_rests_before_anything_has_filled(bench):
    parent = bench.resting(bracket(limit="95"))
    bench.at(96).at(120)
    assert bench.legs(parent) == []


def test_each_part_that_fills_is_protected(bench):
    parent = bench.resting(bracket(10, limit="100"))
    fill(bench, parent, 4).turn(1).turn(1)
    assert bench.working(parent).request.quantity == 4
    fill(bench, parent, 6)
    for _ in range(4):
        bench.turn(1)
        assert bench.resting_sells() <= bench.books.held("AAPL")
    first, second = bench.legs(parent)
    assert (first.state, first.reasons[0].code) == (OrderState.CANCELED, "RESIZED")
    assert (second.state, second.request.quantity) == (OrderState.ACCEPTED, 10)


def test_a_parent_that_is_canceled_after_a_part_stays_protected(bench):
    parent = bench.resting(bracket(10, limit="100"))
    fill(bench, parent, 4).turn(1).turn(1)
    bench.execution.cancel(parent.id)
    bench.turn(1).turn(1)
    assert bench.state(parent) == "canceled"
    assert (bench.working(parent).state, bench.working(parent).request.quantity) == (OrderState.ACCEPTED, 4)


def test_at_the_target_the_stop_ends_first_and_what_is_left_is_offered(bench):
    parent = bought(bench)
    bench.at(110)
    (leg,) = bench.legs(parent)
    assert leg.state is OrderState.PENDING_CANCEL
    assert bench.resting_sells() == 10
    bench.at(109)
    bench.at(108)
    first, second = bench.legs(parent)
    assert (first.state, first.reasons[0].code) == (OrderState.CANCELED, "TARGET_REACHED")
    assert (second.role, second.request.type, second.request.limit_price) == ("target", OrderType.LIMIT, 110)
    fill(bench, second, 10, "110").at(112).at(80).at(120)
    assert len(bench.legs(parent)) == 2
    assert bench.books.held("AAPL") == 0
    assert bench.books.families.active == {}


def test_the_target_is_reached_while_the_stop_fills(bench):
    parent = bought(bench)
    bench.at(110)
    stopped = bench.working(parent)
    fill(bench, stopped, 7, "109").at(110).at(110)
    (_, target) = bench.legs(parent)
    assert target.request.quantity == 3
    assert bench.books.held("AAPL") == 3 == bench.resting_sells()


def test_a_cancel_that_loses_against_the_stop_leaves_nothing_to_offer(bench):
    parent = bought(bench)
    bench.at(110)
    fill(bench, bench.working(parent), 10, "90").at(110).at(111)
    assert [leg.state for leg in bench.legs(parent)] == [OrderState.FILLED]
    assert bench.books.held("AAPL") == 0


def test_from_the_target_back_to_the_stop_what_is_left_is_sold_at_the_market(bench):
    parent = bought(bench)
    bench.at(110).at(109).at(108)
    target = bench.working(parent)
    fill(bench, target, 4, "110").at(90).at(95).at(95)
    last = bench.legs(parent)[-1]
    assert (last.role, last.request.type, last.request.quantity) == ("stop", OrderType.MARKET, 6)
    fill(bench, last, 6, "95").at(95)
    assert bench.books.held("AAPL") == 0
    assert bench.working(parent) is None


@pytest.mark.parametrize(("stale", "session"), [(True, "open"), (False, "closed")])
def test_a_price_that_prices_nothing_reaches_no_target(bench, stale, session):
    parent = bought(bench)
    bench.at(120, stale=stale, session=session)
    assert bench.working(parent).state is OrderState.ACCEPTED


def test_a_target_alone_is_offered_at_once(bench):
    parent = bought(bench, bracket(10, loss=None))
    (leg,) = bench.legs(parent)
    assert (leg.role, leg.request.limit_price) == ("target", Decimal(110))


def test_a_stop_that_was_passed_while_nothing_rested_is_sold_at_the_market(bench):
    parent = bench.resting(bracket(10))
    fill(bench, parent, 10).at(85).at(85)
    (leg,) = bench.legs(parent)
    assert (leg.role, leg.request.type) == ("stop", OrderType.MARKET)


def test_what_was_sold_otherwise_is_not_sold_again_nor_replaced_by_a_later_buy(bench):
    parent = bought(bench)
    other = bench.resting(buy(10), "k2")
    fill(bench, other, 10)
    bench.turn(1)
    sale = bench.resting(sell(15), "k3")
    fill(bench, sale, 15)
    for _ in range(4):
        bench.turn(1)
    assert bench.books.held("AAPL") == 5 == bench.resting_sells()
    last = bench.resting(buy(10), "k4")
    fill(bench, last, 10)
    bench.turn(1).turn(1).turn(1)
    assert bench.resting_sells() == 5
    denied = [leg for leg in bench.legs(parent) if leg.state is OrderState.DENIED]
    assert [(d.request.quantity, d.reasons[0].code) for d in denied] == [(5, "SOLD_OTHERWISE")]


def test_both_exits_end_when_nothing_is_held_any_more(bench):
    parent = bought(bench)
    sale = bench.resting(sell(10), "k3")
    fill(bench, sale, 10)
    for _ in range(4):
        bench.turn(1)
    assert bench.resting_sells() == 0
    assert bench.working(parent) is None
    assert bench.books.families.active == {}


def test_two_brackets_of_one_share_keep_their_own_units(bench):
    one, two = bought(bench), bench.resting(bracket(5, "120", "80"), "k2")
    fill(bench, two, 5)
    bench.turn(1).turn(1)
    assert bench.resting_sells() == 15
    assert [bench.working(p).request.quantity for p in (one, two)] == [10, 5]
    bench.at(112).at(112).at(112)
    assert bench.working(one).role == "target"
    assert bench.working(two).role == "stop"


def test_an_exit_canceled_by_a_person_is_not_put_back(bench):
    parent = bought(bench)
    bench.execution.cancel(bench.working(parent).id)
    bench.turn(1).at(100).at(80).at(120)
    assert len(bench.legs(parent)) == 1
    assert bench.restart().execution.recover()
    bench.at(120).at(80)
    assert len(bench.legs(parent)) == 1


def test_a_halt_keeps_the_stop_and_offers_nothing_at_the_target(bench):
    parent = bought(bench)
    halt = bench.execution.halt("enough")
    assert halt.kept == (bench.working(parent).id,)
    bench.at(110).at(110)
    assert bench.working(parent).role == "stop"
    bench.execution.resume("RESUME")
    bench.at(110).at(110).at(110)
    assert bench.working(parent).role == "target"


def test_a_halt_takes_the_target_away_and_puts_the_stop_in_its_place(bench):
    parent = bought(bench)
    bench.at(110).at(109).at(108)
    bench.execution.halt("enough")
    bench.at(108).at(108).at(108)
    assert (bench.working(parent).role, bench.working(parent).state) == ("stop", OrderState.ACCEPTED)
    assert bench.resting_sells() == 10


def test_what_fills_during_a_halt_is_protected(bench):
    parent = bench.resting(bracket(10, limit="100"))
    fill(bench, parent, 10)
    bench.execution.halt("enough")
    bench.turn(1).turn(1)
    assert bench.working(parent).state is OrderState.ACCEPTED


def test_a_refused_exit_is_alarmed_tried_again_and_given_up_in_the_end(bench):
    parent = bench.resting(bracket(10))
    bench.venue.trouble["place"].extend([Rejected("NO", "No stops today.")] * 9)
    fill(bench, parent, 10)
    for _ in range(200):
        bench.turn(1)
    assert [leg.state for leg in bench.legs(parent)] == [OrderState.REJECTED] * TRIES
    assert bench.alerts() == ["UNPROTECTED"] * TRIES
    assert bench.restart().execution.recover()
    bench.turn(100).turn(1)
    assert len(bench.legs(parent)) == TRIES
    bench.venue.trouble["place"].clear()
    bench.at(89).at(89)  # the stop's price itself is another matter
    assert bench.working(parent).request.type is OrderType.MARKET


def test_an_exit_that_the_venue_ends_is_put_back(bench):
    parent = bought(bench)
    bench.venue.orders[bench.working(parent).client_order_id][3] = OrderState.EXPIRED
    bench.turn(31).turn(1).turn(6).turn(1)
    assert bench.working(parent).state is OrderState.ACCEPTED
    assert bench.alerts() == ["UNPROTECTED"]


def test_a_split_scales_what_is_left_to_sell_and_its_prices(bench):
    parent = bought(bench)
    bench.execution.adjust(CorporateAction("AAPL", T0.date(), ActionKind.SPLIT, Decimal(3)))
    for _ in range(3):
        bench.turn(1)
    leg = bench.working(parent)
    assert (leg.request.quantity, leg.request.stop_price) == (30, Decimal("30.00"))
    bench.at("36.67").at("36.67").at("36.67")
    assert bench.working(parent).request.limit_price == Decimal("36.67")


def test_the_exits_of_a_day_order_stay_when_the_day_is_over(bench):
    parent = bench.resting(bracket(10, limit="100", force=TimeInForce.DAY))
    fill(bench, parent, 4).turn(1).turn(1)
    bench.sessions = SHUT
    bench.turn((CLOSE - T0).total_seconds()).turn(1)
    assert bench.state(parent) == "expired"
    assert bench.working(parent).state is OrderState.ACCEPTED


def test_where_a_venue_has_no_stops_the_desk_watches_the_price_itself(bench):
    types = frozenset({OrderType.MARKET, OrderType.LIMIT})
    bench.venue.capabilities = replace(bench.venue.capabilities, types=types)
    parent = bought(bench)
    assert bench.legs(parent) == []
    bench.at(90).at(90)
    assert bench.working(parent).request.type is OrderType.MARKET


def test_where_a_venue_has_day_orders_only_the_exit_is_renewed_each_session(bench):
    bench.venue.capabilities = replace(bench.venue.capabilities, forces=frozenset({TimeInForce.DAY}))
    parent = bench.resting(bracket(10))
    fill(bench, parent, 10).at(100).at(100)
    assert bench.working(parent).request.time_in_force is TimeInForce.DAY
    bench.sessions = SHUT
    bench.turn((CLOSE - T0).total_seconds()).turn(1)
    assert bench.working(parent) is None
    opens = SHUT["XNYS"].changes
    bench.sessions = {"XNYS": replace(SHUT["XNYS"], state="open", changes=opens + timedelta(hours=6.5))}
    bench.turn((opens - bench.clock.now()).total_seconds())
    bench.at(100).at(100)
    assert bench.working(parent).state is OrderState.ACCEPTED
    assert bench.alerts() == []


def test_a_price_of_an_exit_can_be_changed_and_stays_changed(bench):
    parent = bought(bench)
    leg = bench.working(parent)
    bench.execution.replace(leg.id, "r1", Terms(stop_price=Decimal(95)))
    bench.turn(1).turn(1)
    assert bench.working(parent).request.stop_price == 95
    bench.at(110).at(110).at(110)
    assert bench.working(parent).role == "target"
    bench.at(94).at(94).at(94)
    assert bench.working(parent).request.type is OrderType.MARKET


def test_the_quantity_of_an_exit_is_the_desks(bench):
    parent = bought(bench)
    with pytest.raises(Refused) as refused:
        bench.execution.replace(bench.working(parent).id, "r1", Terms(quantity=Decimal(5)))
    assert refused.value.code == "NOT_REPLACEABLE"


def held(bench):
    order = bench.resting(buy(10), "k0")
    fill(bench, order, 10)
    bench.turn(1)
    return bench


def test_oco_the_stop_rests_and_gives_way_to_the_target(bench):
    parent = held(bench).resting(stop(10, "90", target="110"), "k1")
    bench.at(105)
    assert bench.state(parent) == "accepted"
    bench.at(110).at(109).at(109)
    assert (bench.state(parent), bench.order(parent).reasons[0].code) == ("canceled", "TARGET_REACHED")
    target = bench.working(parent)
    assert (target.request.limit_price, target.request.quantity) == (110, 10)
    bench.at(90).at(90).at(90)
    last = bench.working(parent)
    assert (last.request.type, last.request.quantity) == (OrderType.MARKET, 10)
    fill(bench, last, 10, "89").turn(1)
    assert bench.books.held("AAPL") == 0


def test_oco_a_part_of_the_stop_fills_first(bench):
    parent = held(bench).resting(stop(10, "90", target="110"), "k1")
    fill(bench, parent, 4, "90").at(110)
    fill(bench, parent, 1, "90").at(110).at(110)
    assert bench.working(parent).request.quantity == 5
    assert bench.books.held("AAPL") == 5


def test_oco_ends_with_its_stop(bench):
    parent = held(bench).resting(stop(10, "90", target="110"), "k1")
    bench.execution.cancel(parent.id)
    bench.turn(1).at(120)
    assert bench.legs(parent) == []
    assert bench.books.families.active == {}


def test_a_lost_answer_makes_no_second_exit(bench):
    parent = bench.resting(bracket(10))
    fill(bench, parent, 10)
    bench.venue.trouble["place"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].extend([Uncertain("down")] * 2)
    for _ in range(2):
        bench.at(115)
        assert [leg.state for leg in bench.legs(parent)] == [OrderState.UNKNOWN]
        assert bench.resting_sells() == 10
    for _ in range(6):
        bench.at(115)
        assert bench.resting_sells() in {0, 10}
    assert bench.working(parent).role == "target"
    assert bench.resting_sells() == 10


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("moment", ["first", "target", "market"])
def test_a_crash_anywhere_repeats_nothing(bench, point, moment):
    parent = bench.resting(bracket(10))
    fill(bench, parent, 10)
    prices = {
        "first": [100] * 4,
        "target": [100, 100, 110, 110, 110, 110],
        "market": [100, 110, 110, 110, 89, 89, 89],
    }
    path = prices[moment]
    for n, price in enumerate(path):
        if n == {"first": 0, "target": 2, "market": 4}[moment]:
            bench.die_at(point)
        try:
            bench.at(price)
        except Killed:
            bench.restart()
        assert bench.resting_sells() <= bench.books.held("AAPL") or not bench.execution.recovered
    for _ in range(20):
        bench.at(path[-1])
    role = {"first": OrderType.STOP, "target": OrderType.LIMIT, "market": OrderType.MARKET}[moment]
    assert bench.working(parent).request.type is role
    assert bench.resting_sells() == 10
    sent = [leg for leg in bench.legs(parent) if bench.venue.placed(leg.client_order_id)]
    assert all(bench.venue.placed(leg.client_order_id) == 1 for leg in sent)
