"""Other terms: amended in place or canceled, confirmed and placed anew; never two orders for one wish."""

from dataclasses import replace
from decimal import Decimal

import pytest
from unit.execution.bench import GRACE, Killed, bracket, buy, sell, stop

from marketpulse.errors import AuthExpired, Refused, Rejected, Throttled, Uncertain
from marketpulse.execution.kit import POINTS
from marketpulse.ports import Terms
from marketpulse.types import OrderState

ANEW = ["replace.appended", "replace.committed", "cancel.asking", "cancel.asked", "settle.committed"]
AGAIN = ["send.submitting", "send.answered", "send.recorded", "replace.appended", "replace.committed"]
IN_PLACE = ["replace.appended", "replace.committed", "replace.asking", "replace.asked", "settle.asked"]


def limit(price):
    return Terms(limit_price=Decimal(price))


def amends(bench):
    bench.venue.capabilities = replace(bench.venue.capabilities, amends=True)
    return bench


def refused(bench, order, terms, key="r1"):
    with pytest.raises(Refused) as caught:
        bench.execution.replace(order.id, key, terms)
    return caught.value.code


def after(bench, order):
    """What took the order's place."""
    found = [o for o in bench.books.orders.values() if o.parent == order.id and o.role == "replacement"]
    assert len(found) == 1
    return found[0]


def test_where_nothing_is_amended_the_old_order_ends_before_the_new_one_leaves(bench):
    order = bench.resting(buy(limit="90"))
    placed = bench.execution.replace(order.id, "r1", limit("91"))
    assert (placed.order.state, placed.repeated) == (OrderState.PENDING_CANCEL, False)
    assert ("cancel", order.client_order_id) not in bench.venue.calls  # it does not wait for a venue
    bench.turn()
    new = after(bench, order)
    assert (bench.state(order), bench.order(order).reasons[0].code) == ("canceled", "REPLACED")
    assert (new.request.limit_price, new.request.quantity, new.state) == (91, 10, OrderState.ACCEPTED)
    calls = [
        call for call, client in bench.venue.calls if client in {order.client_order_id, new.client_order_id}
    ]
    assert calls.index("cancel") < len(calls) - 1 - calls[::-1].index("place")


def test_what_has_filled_counts_towards_the_new_quantity(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.turn()
    bench.execution.replace(order.id, "r1", Terms(quantity=Decimal(15)))
    bench.venue.execute(order.client_order_id, 2, "90")
    bench.turn().turn(1)
    assert after(bench, order).request.quantity == 9


def test_an_order_that_fills_first_leaves_nothing_to_place(bench):
    order = bench.resting(buy(10, limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.venue.execute(order.client_order_id, 10, "90")
    bench.turn().turn(1)
    assert bench.state(order) == "filled"
    dropped = after(bench, order)
    assert (dropped.state, dropped.reasons[0].code) == (OrderState.DENIED, "REPLACE_DROPPED")
    assert bench.alerts() == ["NOT_REPLACED"]
    assert bench.books.families.wishes == {}


def test_an_order_that_has_not_left_is_changed_at_once(bench):
    order = bench.place(buy(limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.turn()
    assert bench.venue.placed(order.client_order_id) == 0
    assert after(bench, order).state is OrderState.ACCEPTED


def test_limits_are_asked_as_if_the_old_order_were_not_there_before_anything_is_canceled(bench):
    order = bench.resting(buy(limit="90"))
    bench.failing = ("POSITION_LIMIT",)
    assert refused(bench, order, Terms(quantity=Decimal(99))) == "POSITION_LIMIT"
    assert bench.asked[-1] == (replace(order.request, quantity=Decimal(99)), order.id)
    bench.failing = ()
    assert refused(bench, order, Terms(quantity=Decimal(99))) == "POSITION_LIMIT"  # the key's answer
    bench.turn()
    assert bench.state(order) == "accepted"
    denied = after(bench, order)
    assert (denied.state, denied.reasons[0].code) == (OrderState.DENIED, "POSITION_LIMIT")


def test_a_rule_that_refuses_the_new_order_in_the_end_is_an_alarm(bench):
    order = bench.resting(buy(limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.failing = ("INSUFFICIENT_CASH",)
    bench.turn()
    assert bench.state(order) == "canceled"
    assert after(bench, order).state is OrderState.DENIED
    assert bench.alerts() == ["NOT_REPLACED"]


@pytest.mark.parametrize("in_place", [False, True])
def test_the_same_key_is_the_same_wish(bench, in_place):
    if in_place:
        amends(bench)
    order = bench.resting(buy(limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    assert bench.execution.replace(order.id, "r1", limit("91")).repeated
    bench.turn().turn(1)
    events = len(bench.kinds())
    again = bench.execution.replace(order.id, "r1", limit("91"))
    assert again.repeated
    assert again.order == (bench.order(order) if in_place else after(bench, order))
    assert refused(bench, order, limit("92")) == "IDEMPOTENCY_CONFLICT"
    assert refused(bench, after(bench, order) if not in_place else bench.place(buy(), "k9"), limit("91")) == (
        "IDEMPOTENCY_CONFLICT"
    )
    assert len(bench.kinds()) == events + in_place


def test_what_cannot_be_changed_is_refused(bench):
    assert refused(bench, replace(bench.place(buy(), "k0"), id="nothing"), limit("91")) == "UNKNOWN_ORDER"
    order = bench.resting(buy(10, limit="90"))
    assert refused(bench, order, limit("90")) == "BAD_REQUEST"
    assert refused(bench, order, Terms()) == "BAD_REQUEST"
    assert refused(bench, order, Terms(stop_price=Decimal(90))) == "BAD_REQUEST"
    assert refused(bench, order, limit("90.001")) == "OFF_TICK"
    assert refused(bench, order, limit("91"), key="") == "BAD_REQUEST"
    bench.venue.execute(order.client_order_id, 4, "90")
    bench.turn()
    assert refused(bench, order, Terms(quantity=Decimal(4))) == "BAD_REQUEST"
    bench.execution.halt("enough")
    assert refused(bench, order, limit("91")) == "NOT_REPLACEABLE"  # it is being canceled
    bench.venue.execute(order.client_order_id, 6, "90")
    bench.turn()
    assert refused(bench, order, limit("91")) == "NOT_REPLACEABLE"


def test_a_cancel_that_comes_after_the_wish_wins(bench):
    order = amends(bench).resting(buy(limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.execution.cancel(order.id)
    bench.turn().turn(1)
    assert bench.state(order) == "canceled"
    assert [o for o in bench.books.orders.values() if o.role == "replacement"] == []


def test_a_protective_stop_is_placed_anew_under_a_halt(bench):
    order = bench.resting(stop(5, "90"))
    bench.execution.replace(order.id, "r1", Terms(stop_price=Decimal(92)))
    bench.failing = ("HALTED",)
    bench.execution.halt("enough")
    bench.turn()
    new = after(bench, order)
    assert new.request.stop_price == 92
    assert new.state is not OrderState.DENIED


def test_a_bracket_that_is_changed_protects_both_parts(bench):
    order = bench.resting(bracket(10, limit="100"))
    bench.venue.execute(order.client_order_id, 4)
    bench.turn(1).turn(1)
    bench.execution.replace(order.id, "r1", limit("101"))
    bench.turn(1)
    new = after(bench, order)
    assert (new.request.quantity, new.request.stop_loss_price) == (6, 90)
    bench.venue.execute(new.client_order_id, 6, "101")
    bench.turn(1).turn(1).turn(1)
    assert bench.resting_sells() == 10 == bench.books.held("AAPL")


def test_in_place_the_order_stays_the_same_one(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.execution.replace(order.id, "r1", Terms(quantity=Decimal(12), limit_price=Decimal(89)))
    assert bench.state(order) == "pending_replace"
    # while nobody knows, the larger of both counts
    assert bench.order(order).request == replace(order.request, quantity=Decimal(12))
    assert bench.books.reserved_cash == 12 * 89 + 1
    bench.turn()
    changed = bench.order(order)
    assert bench.path(order) == [
        "new",
        "submitting",
        "accepted",
        "pending_replace",
        "pending_replace",
        "accepted",
    ]
    assert (changed.request.quantity, changed.request.limit_price) == (12, 89)
    assert ("cancel", order.client_order_id) not in bench.venue.calls
    assert bench.restart().order(order) == changed


def test_in_place_a_refusal_leaves_the_order_as_it_was_and_says_why(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.trouble["replace"].append(Rejected("TOO_CLOSE", "Too close to the market."))
    bench.execution.replace(order.id, "r1", limit("99"))
    bench.turn()
    same = bench.order(order)
    assert (same.state, same.request.limit_price) == (OrderState.ACCEPTED, 90)
    assert same.reasons[0].code == "REPLACE_REFUSED"
    assert "Too close" in same.reasons[0].sentence
    assert bench.books.reserved_cash == 901


def test_in_place_not_offered_after_all_falls_back_to_another_order(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.trouble["replace"].append(Rejected("NOT_OFFERED", "Not this kind."))
    bench.execution.replace(order.id, "r1", limit("91"))
    for _ in range(3):
        bench.turn(1)
    assert after(bench, order).request.limit_price == 91


@pytest.mark.parametrize("arrives", [True, False])
@pytest.mark.parametrize("error", [Uncertain("timeout"), RuntimeError("bug")])
def test_in_place_a_lost_answer_is_told_by_the_order_itself(bench, arrives, error):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.trouble["replace"].append(error)
    bench.venue.arrives = arrives
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.turn()
    assert bench.state(order) == "pending_replace"
    bench.turn(1)
    assert bench.state(order) == ("accepted" if arrives else "pending_replace")
    bench.turn(GRACE).turn(GRACE)
    told = bench.order(order)
    assert (told.state, told.request.limit_price) == (OrderState.ACCEPTED, 91 if arrives else 90)
    assert [reason.code for reason in told.reasons] == ([] if arrives else ["REPLACE_LOST"])
    assert bench.venue.calls.count(("replace", order.client_order_id)) == 1


def test_in_place_where_the_venue_does_not_say_its_prices_the_order_is_placed_anew(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.trouble["replace"].append(Uncertain("timeout"))
    bench.venue.tells = False
    bench.execution.replace(order.id, "r1", limit("91"))
    for _ in range(5):
        bench.turn(GRACE)
    assert bench.state(order) == "canceled"
    assert after(bench, order).request.limit_price == 91


@pytest.mark.parametrize("error", [Throttled("slow down", 3.0), AuthExpired("log in")])
def test_in_place_turned_away_unread_is_asked_again(bench, error):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.trouble["replace"].append(error)
    bench.venue.arrives = False
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.turn()
    assert bench.state(order) == "pending_replace"
    bench.turn(61)
    assert bench.order(order).request.limit_price == 91


def test_in_place_fills_race_the_change(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.execute(order.client_order_id, 3, "90")
    bench.turn()
    bench.execution.replace(order.id, "r1", Terms(quantity=Decimal(5)))
    bench.venue.execute(order.client_order_id, 2, "90")
    bench.turn().turn(1)
    assert bench.state(order) == "filled"
    assert bench.order(order).request.quantity == 5
    assert bench.books.held("AAPL") == 5
    assert bench.alerts() == []


def test_in_place_an_order_that_fills_whole_meanwhile_is_filled(bench):
    order = amends(bench).resting(sell(10, limit="110"))
    bench.execution.replace(order.id, "r1", limit("111"))
    bench.venue.execute(order.client_order_id, 10, "110")
    bench.turn().turn(1)
    assert bench.state(order) == "filled"


def test_in_place_an_order_the_venue_ended_meanwhile_ends(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.venue.trouble["replace"].append(Uncertain("timeout"))
    bench.venue.arrives = False
    bench.venue.orders[order.client_order_id][3] = OrderState.EXPIRED
    bench.turn().turn(1)
    assert bench.state(order) == "expired"


def test_a_halt_ends_an_order_that_is_being_changed(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.execution.replace(order.id, "r1", limit("91"))
    bench.execution.halt("enough")
    bench.turn().turn(1)
    assert (bench.state(order), bench.order(order).reasons[0].code) == ("canceled", "HALTED")


@pytest.mark.parametrize("point", sorted({*ANEW, *AGAIN, *IN_PLACE}))
@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("filled", [0, 4])
def test_a_crash_anywhere_makes_one_order_of_one_wish(bench, point, in_place, filled):
    """Dying between a commit and its request leaves what was there: nothing is sent or asked twice."""
    assert point in POINTS
    if in_place:
        amends(bench)
    order = bench.resting(buy(10, limit="90"))
    if filled:
        bench.venue.execute(order.client_order_id, filled, "90")
        bench.turn()
    bench.die_at(point)
    for _ in range(14):
        try:
            bench.execution.replace(order.id, "r1", limit("91"))
            bench.turn(1)
        except Refused as late:
            assert late.code == "RECOVERING"  # noqa: PT017  nothing else may be refused
            bench.turn(1)
        except Killed:
            bench.restart()
    resting = [o for o in bench.venue.orders.values() if o[3].value in {"accepted", "partially_filled"}]
    expected = [(91, 10 - filled)]
    if in_place and point == "replace.asking":
        expected = [(90, 10 - filled)]
        assert bench.order(order).reasons[0].code == "REPLACE_LOST"
    elif not in_place and point == "send.submitting":
        expected = []
        assert after(bench, order).reasons[0].code == "NOT_AT_VENUE"
    assert [(o[1].limit_price, o[1].quantity - o[2]) for o in resting] == expected
    assert [(o.request.limit_price, o.remaining) for o in bench.books.open_orders] == expected
    assert all(bench.venue.placed(o.client_order_id) <= 1 for o in bench.books.orders.values())
    assert bench.venue.calls.count(("replace", order.client_order_id)) <= 1


def test_a_cancel_that_overtakes_a_change_in_doubt_follows_what_the_venue_made_of_it(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.venue.execute(order.client_order_id, 3, "90")
    bench.turn()
    bench.execution.replace(order.id, "r1", Terms(quantity=Decimal(5)))
    bench.venue.trouble["replace"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("down"))
    bench.turn()
    bench.execution.cancel(order.id)
    bench.venue.execute(order.client_order_id, 2, "90")
    for _ in range(4):
        bench.turn(1)
    assert (bench.state(order), bench.order(order).request.quantity) == ("filled", 5)
    assert bench.alerts() == []


def test_a_cancel_that_overtakes_a_change_to_more_counts_the_larger_of_both(bench):
    order = amends(bench).resting(buy(10, limit="90"))
    bench.execution.replace(order.id, "r1", Terms(quantity=Decimal(20)))
    bench.venue.trouble["replace"].append(Uncertain("timeout"))
    bench.venue.trouble["find"].append(Uncertain("down"))
    bench.turn()
    bench.venue.trouble["cancel"].append(Uncertain("down"))
    bench.execution.cancel(order.id)
    assert bench.order(order).request.quantity == 20
    assert bench.books.reserved_cash == 20 * 90 + 1
    bench.venue.execute(order.client_order_id, 15, "90")
    for _ in range(4):
        bench.turn(1)
    assert (bench.state(order), bench.books.held("AAPL")) == ("canceled", 15)
    assert bench.alerts() == []
