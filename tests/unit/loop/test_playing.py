"""The desk plays its own signals: one order for each, every decision written down, and the same after a kill."""

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from tickets import ask, sell
from unit.execution.bench import Killed
from unit.loop.playhouse import BAR, Playhouse, doubtful, signal

from marketpulse.errors import Refused, StorageError
from marketpulse.loop.decided import decided_then, rung_of
from marketpulse.loop.proposals import protect
from marketpulse.portfolio.codec import write_signal
from marketpulse.types import (
    Call,
    Conduct,
    Edge,
    EventKind,
    NewEvent,
    OrderState,
    OrderType,
    ProposalState,
    Purpose,
)


@pytest.fixture
def house(tmp_path):
    made = []

    def open_one(*given, **more):
        made.append(Playhouse(tmp_path, *given, **more))
        return made[-1]

    yield open_one
    for one in made:
        one.close()


def test_auto_buys_once_with_a_stop_and_a_target_and_says_why(house):
    desk = house().say(signal())
    (order,) = desk.bought()
    assert order.state is OrderState.FILLED
    assert order.request.stop_loss_price < 100 < order.request.take_profit_price
    assert order.request.quantity == desk.books.held("AAPL") > 0
    made = desk.player.shown[0]
    assert (made.state, made.id, made.signal) == (ProposalState.ORDERED, order.id, f"AAPL:{BAR}:v1")
    assert "p 60.0%, base 54.0%" in made.sentence
    assert "left after 5 bars" in made.sentence
    assert [o.state for o in desk.orders(role="stop")] == [OrderState.ACCEPTED]
    events = len(desk.written())
    desk.settle().restart().settle()
    assert len(desk.bought()) == 1
    assert len(desk.written()) == events == 2


@pytest.mark.parametrize(
    ("said", "code", "value"),
    [
        (signal(call=Call.NONE), "SIGNAL", "p 60.0%, base 54.0%"),
        (signal(call=Call.DOWN), "SIGNAL", "p 60.0%, base 54.0%"),
        (signal(edge=Edge.NONE), "EDGE", "no edge shown"),
        (signal(edge=Edge.DEGRADED), "EDGE", "degraded"),
        (signal(p=0.5), "SIZE", "0"),
    ],
)
def test_a_non_order_names_its_first_gate_once(house, said, code, value):
    desk = house().say(said)
    made = desk.newest
    assert (made.state, made.rung.code, made.rung.value) == (ProposalState.PASSED, code, value)
    assert made.rung.sentence
    assert made.rung.limit == {"SIGNAL": "a call of UP", "EDGE": "weak edge", "SIZE": "1"}[code]
    assert desk.bought() == []
    desk.settle().restart().settle()
    assert len(desk.written()) == 1
    assert desk.player.shown == (made,)


def test_halted_or_reducing_nothing_is_played_and_nothing_is_caught_up_on(house):
    desk = house()
    desk.execution.reduce("a test")
    desk.say(signal())
    assert desk.newest.rung.code == "REDUCING"
    desk.execution.resume("RESUME")
    desk.settle()
    assert desk.bought() == []


def test_a_gate_of_the_order_path_is_told_as_it_would_refuse(house):
    desk = house()
    desk.gate.over = desk.clock.now().date()
    desk.say(signal())
    made = desk.newest
    assert (made.state, made.rung.code) == (ProposalState.PASSED, "DAILY_LOSS")
    assert desk.orders() == []


def test_it_waits_for_the_session_and_says_it_was_too_late_when_none_comes(house):
    desk = house().shut().say(signal())
    assert desk.written() == []
    desk.shut(closed=False).settle()
    assert len(desk.bought()) == 1
    desk.shut().say(signal("IBM"))
    desk.clock.advance(6 * 3600)  # 20:00, New York's close
    desk.settle()
    late = desk.newest
    assert (late.symbol, late.rung.code) == ("IBM", "MARKET_CLOSED")
    assert "until the session's close" in late.sentence
    desk.shut(closed=False).say(signal("IBM", version="v2"))
    assert desk.newest.rung.code == "TOO_LATE"


def test_a_fresh_call_while_it_is_held_adds_and_extends_nothing(house):
    desk = house().say(signal()).tomorrow()
    desk.say(signal(bar=desk.last_bar))
    assert desk.newest.rung.code == "HELD"
    assert "adds nothing and extends nothing" in desk.newest.sentence
    desk.tomorrow(4).settle()
    assert desk.books.held("AAPL") == 0  # by the first signal's five bars


@pytest.mark.parametrize("days", [4, 5])
def test_it_is_left_when_the_horizon_is_over_and_not_before(house, days):
    desk = house().say(signal()).tomorrow(days).settle()
    over = days == 5
    assert (desk.books.held("AAPL") == 0) is over
    assert len(desk.sold()) == over
    if over:
        assert desk.newest.purpose is Purpose.CLOSE
        assert "the 5 bars of the signal of 2012-05-31 are over" in desk.newest.sentence
        assert [o.state for o in desk.orders(role="stop")] == [OrderState.CANCELED]
        desk.settle().restart().settle()
        assert len(desk.sold()) == 1
        assert (
            desk.venue.orders[desk.sold()[0].client_order_id][1].quantity == desk.bought()[0].request.quantity
        )


def test_it_is_left_when_a_newer_signal_calls_down(house):
    desk = house().say(signal()).tomorrow()
    desk.say(signal(call=Call.DOWN, bar=desk.last_bar))
    assert desk.books.held("AAPL") == 0
    sale = next(p for p in desk.player.shown if p.purpose is Purpose.CLOSE)
    assert "calls DOWN" in sale.sentence
    decided = next(p for p in desk.player.shown if p.bar == desk.last_bar)
    assert decided.rung.code == "SIGNAL"


def test_its_stop_ends_it_too_and_nothing_is_sold_twice(house):
    desk = house().say(signal())
    (leg,) = desk.orders(role="stop")
    desk.venue.execute(leg.client_order_id, leg.request.quantity, str(leg.request.stop_price))
    desk.settle().tomorrow(6).settle()
    assert desk.books.held("AAPL") == 0
    assert desk.sold() == []


POINTS = (
    "play.begun",
    "place.appended",
    "place.committed",
    "play.placed",
    "send.submitting",
    "send.answered",
)


@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_while_it_buys_there_is_one_order(house, point):
    desk = house()
    desk.die_at = point
    with pytest.raises(Killed):
        desk.say(signal())
    desk.restart().settle(10)
    placed = [o for o in desk.bought() if o.state is OrderState.FILLED]
    lost = [o for o in desk.bought() if o.state is OrderState.REJECTED]
    assert len(desk.bought()) == 1
    assert len(placed) + len(lost) == 1
    assert desk.books.held("AAPL") == sum(o.filled_quantity for o in placed)
    assert desk.newest.state is ProposalState.ORDERED
    assert len(desk.written()) == 2


@pytest.mark.parametrize("point", ["play.begun", "cancel.appended", "cancel.committed", "play.canceled",
                                   "place.committed", "play.placed", "send.answered"])  # fmt: skip
def test_killed_anywhere_while_it_leaves_it_is_sold_once(house, point):
    desk = house().say(signal()).tomorrow(5)
    desk.die_at = point
    with pytest.raises(Killed):
        desk.settle()
    desk.restart().settle(10)
    assert desk.books.held("AAPL") == 0
    assert len([o for o in desk.sold() if o.filled_quantity]) == 1
    assert [p.state for p in desk.player.shown] == [ProposalState.ORDERED] * 2


def test_the_desk_never_sells_what_a_person_has_bought(house):
    desk = house().say(signal())
    held = desk.books.held("AAPL")
    (leg,) = desk.orders(role="stop")
    desk.execution.cancel(leg.id)
    desk.settle()
    desk.execution.place(sell(held), "mine-1")
    desk.settle()
    desk.execution.place(ask(quantity=Decimal(7)), "mine-2")
    desk.settle().tomorrow(5).settle()
    assert desk.books.held("AAPL") == 7
    desk.say(signal(call=Call.DOWN, bar=desk.last_bar))
    assert desk.books.held("AAPL") == 7
    assert all(p.purpose is Purpose.OPEN for p in desk.player.shown)


def test_confirm_prepares_and_a_person_approves_through_the_same_order_path(house):
    desk = house(Conduct.CONFIRM).say(signal())
    made = desk.newest
    assert (made.state, made.request.type) == (ProposalState.PENDING, OrderType.MARKET)
    assert made.expires.isoformat() == "2012-06-01T20:00:00+00:00"
    assert desk.bought() == []
    answers = []
    clicks = [threading.Thread(target=lambda: answers.append(desk.answer(made))) for _ in range(16)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert {a.state for a in answers} == {ProposalState.ORDERED}
    desk.settle()
    assert len(desk.bought()) == 1
    with pytest.raises(Refused, match="ordered"):
        desk.answer(made, approve=False)
    desk.restart()
    assert desk.answer(made).state is ProposalState.ORDERED
    assert len(desk.bought()) == 1


@pytest.mark.parametrize("point", ["play.answered", "place.committed", "play.placed"])
def test_killed_after_an_approval_gives_one_order(house, point):
    desk = house(Conduct.CONFIRM).say(signal())
    desk.die_at = point
    with pytest.raises(Killed):
        desk.answer(desk.newest)
    desk.restart().settle(6)
    assert len(desk.bought()) == 1
    assert desk.answer(desk.newest).state is ProposalState.ORDERED


def test_declined_expired_and_superseded_are_written_down_and_stay_so(house):
    desk = house(Conduct.CONFIRM).say(signal())
    assert desk.answer(desk.newest, approve=False).state is ProposalState.DECLINED
    assert desk.answer(desk.newest, approve=False).state is ProposalState.DECLINED
    with pytest.raises(Refused) as refused:
        desk.answer(desk.newest)
    assert refused.value.code == "ANSWERED"
    desk.say(signal(version="v2")).say(signal(version="v3"))
    desk.clock.advance(6 * 3600)
    desk.settle().restart().settle()
    states = [p.state for p in desk.player.shown]
    assert states == [ProposalState.EXPIRED, ProposalState.SUPERSEDED, ProposalState.DECLINED]
    with pytest.raises(Refused) as refused:
        desk.player.answer("nothing", {}, approve=True)
    assert refused.value.code == "UNKNOWN_PROPOSAL"
    assert desk.orders() == []


def test_an_approval_before_the_open_waits_for_it_and_a_rule_may_still_refuse(house):
    desk = house(Conduct.CONFIRM).shut().say(signal(), signal("IBM"))
    for made in desk.player.shown:
        assert desk.answer(made).state is ProposalState.APPROVED
    assert desk.bought() == []
    desk.shut(closed=False).settle()
    assert {o.request.symbol for o in desk.bought()} == {"AAPL", "IBM"}
    desk.tomorrow().say(signal("IBM", bar=desk.last_bar, version="v9"))
    assert desk.newest.rung.code == "HELD"


def test_a_refusal_at_approval_is_told_and_kept(house):
    desk = house(Conduct.CONFIRM).say(signal())
    desk.execution.halt("by hand")
    with pytest.raises(Refused) as refused:
        desk.answer(desk.newest)
    assert refused.value.code == "HALTED"
    assert desk.newest.state is ProposalState.REFUSED
    assert desk.newest.rung.code == "HALTED"


def test_confirm_proposes_to_leave_what_it_bought_and_what_a_person_bought(house):
    desk = house(Conduct.CONFIRM)
    desk.execution.place(ask(quantity=Decimal(7), symbol="IBM"), "mine")
    desk.say(signal())
    desk.answer(desk.newest)
    desk.settle().tomorrow(5)
    desk.say(signal("IBM", Call.DOWN, bar=desk.last_bar))
    sales = [p for p in desk.player.shown if p.purpose is Purpose.CLOSE]
    assert {p.symbol for p in sales} == {"AAPL", "IBM"}
    assert desk.sold() == []
    for made in sales:
        desk.answer(made)
    desk.settle(6)
    assert desk.books.held("AAPL") == desk.books.held("IBM") == 0


def test_suggest_writes_nothing_and_auto_is_refused_with_live_money(house):
    desk = house(Conduct.SUGGEST).say(signal())
    assert (desk.written(), desk.player.shown, desk.player.notes) == ([], (), ())
    desk.restart(mode=Conduct.AUTO, practice=True, paper=False).settle()
    assert (desk.player.mode, desk.player.practice) == (Conduct.SUGGEST, False)
    assert "no setting lets the desk order by itself in a live account" in desk.player.notes[0]
    assert "on paper only" in desk.player.notes[1]
    assert desk.bought() == []


def test_what_auto_had_begun_does_not_leave_after_the_mode_was_changed(house):
    desk = house()
    desk.die_at = "play.begun"
    with pytest.raises(Killed):
        desk.say(signal())
    desk.restart(mode=Conduct.SUGGEST).settle()
    assert desk.newest.state is ProposalState.SUPERSEDED
    assert desk.bought() == []


def test_practice_plays_what_has_no_edge_and_says_so_in_each_word(house):
    unproved = signal(call=Call.NONE, edge=Edge.NONE, p=0.54, votes=doubtful(0.64, 0.6))
    desk = house(practice=True).say(unproved, replace(unproved, symbol="IBM", votes=doubtful(0.5, 0.52)))
    bought = next(p for p in desk.player.shown if p.symbol == "AAPL")
    assert bought.practice
    assert bought.sentence.startswith("PRACTICE, no edge is shown: buy ")
    assert "mean of 2 unproved opinions 62.0%" in bought.sentence
    assert len(desk.bought()) == 1
    passed = next(p for p in desk.player.shown if p.symbol == "IBM")
    assert passed.rung.code == "SIGNAL"


def test_a_stop_needs_days_that_move(house):
    desk = house()
    assert protect(100.0, None).note == "0 days have closed and 60 are needed"
    assert protect(100.0, desk.market.bars("AAPL")[:59]).price is None
    found = protect(100.0, desk.market.bars("AAPL"))
    assert 90 < found.price < 98


def test_the_word_of_the_desk_is_the_last_gate_and_a_past_moment_tells_each_decision(house):
    desk = house()
    assert desk.player.word(None).passed is None
    desk.say(signal(), signal("IBM", Call.NONE))
    assert desk.player.word(desk.signals["AAPL"]).code == "ORDERED"
    passed = desk.player.word(desk.signals["IBM"])
    assert (passed.code, passed.passed, passed.value) == ("SIGNAL", False, "p 60.0%, base 54.0%")
    assert passed.sentence == f"Auto, signal of {BAR}: no order. It says NO SIGNAL."
    bought = desk.clock.now()
    (leg,) = desk.orders(role="stop")
    desk.tomorrow()
    desk.venue.execute(leg.client_order_id, leg.request.quantity, "95", time=desk.clock.now())
    desk.settle()
    events, now = tuple(desk.ledger.read()), desk.clock.now()
    told = {r.code: r for r in decided_then([e for e in events if e.time <= bought], "AAPL", bought)}
    assert told.keys() == {"ORDERED"}
    assert told["ORDERED"].value == desk.bought()[0].id
    later = {r.code: r for r in decided_then(events, "AAPL", now)}
    assert later["EXIT"].sentence == f"The stop of what was bought on the signal of {BAR} sold 150 at 95."
    assert decided_then(events, "GOOG", now) == ()
    assert house(Conduct.SUGGEST).player.word(None) is None


def test_what_waits_and_what_was_answered_is_said_as_a_gate(house):
    desk = house(Conduct.CONFIRM).shut().say(signal(), signal("IBM"))
    aapl, ibm = (next(p for p in desk.player.shown if p.symbol == s) for s in ("AAPL", "IBM"))
    assert "A person's word is awaited." in rung_of(aapl).sentence
    desk.answer(aapl)
    desk.answer(ibm, approve=False)
    rungs = {p.symbol: rung_of(p) for p in desk.player.shown}
    assert rungs["AAPL"].passed is None
    assert "Approved; its order has not left yet." in rungs["AAPL"].sentence
    assert rungs["IBM"].passed is False
    assert rungs["IBM"].sentence.endswith("Declined.")


def test_a_signal_that_the_desk_was_killed_over_is_written_down_by_the_next_run(house):
    desk = house()
    lost = signal()
    desk.ledger.append(
        NewEvent(lost.time, "desk", EventKind.SIGNAL, "AAPL", write_signal(lost), "signal:AAPL:1")
    )
    desk.restart().tomorrow()
    desk.say(signal(bar=desk.last_bar))
    newer, late = desk.player.shown
    assert (late.bar, late.rung.code, late.state) == (BAR, "TOO_LATE", ProposalState.PASSED)
    assert (newer.bar, newer.state) == (desk.last_bar, ProposalState.ORDERED)
    assert len(desk.bought()) == 1


def test_a_signal_that_waited_until_a_newer_one_came_says_for_what(house):
    desk = house().shut().say(signal())
    desk.shut(closed=False).tomorrow()
    desk.say(signal(bar=desk.last_bar))
    newer, late = desk.player.shown
    assert (late.bar, late.rung.code) == (BAR, "MARKET_CLOSED")
    assert newer.state is ProposalState.ORDERED


def test_a_sale_that_cannot_leave_after_its_stop_was_canceled_is_an_alarm_and_is_tried_again(house):
    desk = house().say(signal()).tomorrow(5)
    desk.settle(1)  # proposed, and the stop is being canceled
    desk.shut().clock.advance(6 * 3600)
    desk.settle()
    sales = [p.state for p in desk.player.shown if p.purpose is Purpose.CLOSE]
    assert sales == [ProposalState.PENDING, ProposalState.EXPIRED]  # the newer one waits for the next session
    alarms = [e.payload for e in desk.ledger.read() if e.kind is EventKind.ALERT]
    assert [a["code"] for a in alarms] == ["UNPROTECTED"]
    desk.shut(closed=False).tomorrow().settle(6)
    assert desk.books.held("AAPL") == 0
    assert len(desk.sold()) == 1


def alarms(desk):
    return [e.payload for e in desk.ledger.read() if e.kind is EventKind.ALERT]


def test_an_approval_that_was_not_sent_in_its_session_is_not_sent_by_asking_again(house):
    desk = house(Conduct.CONFIRM).shut().say(signal())
    made = desk.answer(desk.newest)
    assert made.state is ProposalState.APPROVED
    desk.shut(closed=False).tomorrow()  # no turn of the loop in between
    with pytest.raises(Refused, match="expired"):
        desk.answer(made)
    assert desk.newest.state is ProposalState.EXPIRED
    assert desk.bought() == []


def test_an_approval_can_be_taken_back_until_its_order_has_left(house):
    desk = house(Conduct.CONFIRM).shut().say(signal())
    made = desk.answer(desk.newest)
    assert desk.answer(made, approve=False).state is ProposalState.DECLINED
    desk.shut(closed=False).settle().restart().settle()
    assert desk.newest.state is ProposalState.DECLINED
    assert desk.bought() == []
    with pytest.raises(Refused, match="declined"):
        desk.answer(made)


def test_what_auto_orders_by_itself_is_not_answered_and_says_so(house):
    desk = house()
    desk.die_at = "play.begun"
    with pytest.raises(Killed):
        desk.say(signal())
    desk.restart()
    for approve in (True, False):
        with pytest.raises(Refused, match="by itself") as refused:
            desk.answer(desk.newest, approve=approve)
        assert refused.value.code == "ANSWERED"
    assert desk.bought() == []


@pytest.mark.parametrize("mode", [Conduct.SUGGEST, Conduct.CONFIRM])
def test_a_stop_that_was_canceled_for_a_sale_of_another_mode_is_an_alarm(house, mode):
    desk = house().say(signal()).tomorrow(5)
    desk.settle(1)  # proposed, and the stop is being canceled
    desk.restart(mode=mode).settle()
    assert [p.state for p in desk.player.shown if p.purpose is Purpose.CLOSE] == [ProposalState.SUPERSEDED]
    assert desk.sold() == []
    (alarm,) = alarms(desk)
    assert alarm["code"] == "UNPROTECTED"
    assert ("sells nothing by itself" in alarm["sentence"]) is (mode is Conduct.SUGGEST)
    desk.settle().restart().settle()
    assert len(alarms(desk)) == 1


def test_a_sale_that_left_and_was_not_filled_is_an_alarm_and_is_tried_again(house):
    desk = house().say(signal()).tomorrow(5)
    desk.settle(1)
    desk.venue.place = super(type(desk.venue), desk.venue).place  # takes it and does not fill it
    desk.settle(3)
    (sale,) = desk.sold()
    assert sale.state is OrderState.ACCEPTED
    assert alarms(desk) == []
    desk.execution.cancel(sale.id)
    desk.settle()
    assert [a["code"] for a in alarms(desk)] == ["UNPROTECTED"]
    del desk.venue.place
    desk.tomorrow().settle(6)
    assert desk.books.held("AAPL") == 0
    assert len(desk.sold()) == 2
    assert len(alarms(desk)) == 1


def test_a_person_who_has_declined_a_sale_keeps_the_stop_and_hears_no_alarm(house):
    desk = house(Conduct.CONFIRM).say(signal())
    desk.answer(desk.newest)
    desk.settle().tomorrow(5).settle()
    desk.answer(desk.newest, approve=False)
    desk.settle().tomorrow().settle()
    assert [o.state for o in desk.orders(role="stop")] == [OrderState.ACCEPTED]
    assert alarms(desk) == []


def test_a_sale_of_what_a_person_bought_is_proposed_though_the_desk_was_killed_over_it(house):
    desk = house(Conduct.CONFIRM)
    desk.execution.place(ask(quantity=Decimal(7), symbol="IBM"), "mine")
    desk.settle()
    desk.die_at = "play.begun"
    with pytest.raises(Killed):
        desk.say(signal("IBM", Call.DOWN))
    desk.restart().settle()
    assert sorted(p.purpose for p in desk.player.shown) == [Purpose.CLOSE, Purpose.OPEN]
    (sale,) = [p for p in desk.player.shown if p.purpose is Purpose.CLOSE]
    desk.answer(sale)
    desk.settle(6)
    assert desk.books.held("IBM") == 0


def test_what_is_open_is_shown_however_much_was_decided_since(house):
    desk = house(Conduct.CONFIRM).say(signal())
    first = desk.newest
    for n in range(220):
        desk.signals = {"IBM": signal("IBM", Call.NONE, version=f"v{n}")}
        desk.player.turn(desk.signals, desk.market.data())
    assert first in desk.player.shown
    assert len(desk.player.shown) == 201
    assert desk.player.word(signal("IBM", Call.NONE, version="v0")).code == "SIGNAL"


def test_why_names_what_a_decision_waits_for(house):
    desk = house()
    desk.market.quotes = {s: replace(d, stale=True) for s, d in desk.market.quotes.items()}
    desk.say(signal())
    word = desk.player.word(signal())
    assert (word.code, word.passed) == ("APPROVAL", None)
    assert word.sentence == (
        "In auto the desk has not decided on this signal yet. It waits: The price of AAPL is stale."
    )


def test_a_ledger_that_takes_nothing_for_a_while_loses_no_decision(house, monkeypatch):
    desk = house().shut().say(signal())
    desk.shut(closed=False).tomorrow()
    append = type(desk.ledger).append

    def full(*_):
        raise StorageError("the disk is full")

    monkeypatch.setattr(type(desk.ledger), "append", full)
    with pytest.raises(StorageError):
        desk.say(signal(bar=desk.last_bar))
    monkeypatch.setattr(type(desk.ledger), "append", append)
    desk.settle()
    newer, late = desk.player.shown
    assert (late.bar, late.state) == (BAR, ProposalState.PASSED)
    assert newer.state is ProposalState.ORDERED


@pytest.mark.parametrize("mode", [Conduct.CONFIRM, Conduct.SUGGEST])
def test_a_proposal_of_what_is_not_followed_any_more_ends_and_hurts_no_other(house, mode):
    desk = house(Conduct.CONFIRM).say(signal("IBM"), signal())
    desk.restart(mode=mode)
    desk.rooms.instruments = {s: i for s, i in desk.rooms.instruments.items() if s != "IBM"}
    desk.signals = {"AAPL": desk.signals["AAPL"]}
    desk.settle()
    ended = {p.symbol: p for p in desk.player.shown}
    assert ended["IBM"].state is ProposalState.EXPIRED
    assert "does not follow IBM any more" in ended["IBM"].note
    assert desk.answer(ended["AAPL"]).state is ProposalState.ORDERED
