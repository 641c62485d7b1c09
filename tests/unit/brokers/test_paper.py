"""The paper venue as its desk meets it: each rule by its name, with prices worked out by hand."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from unit.brokers.paper_market import AAPL, T0, Paper, Script, days, order

from marketpulse.brokers.paper_latency import delay, seed_of
from marketpulse.brokers.paper_note import recompute
from marketpulse.clock import SimClock
from marketpulse.errors import Rejected, StorageError
from marketpulse.portfolio import Books
from marketpulse.portfolio.desk_codec import write_mark
from marketpulse.ports import OrderRef, Terms
from marketpulse.types import EventKind, OrderState, OrderType, Side, TimeInForce

WALL = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def test_the_first_quote_received_after_arrival_prices_it():
    paper = Paper().quote(90.0, 89.99, 90.01)
    paper.place(order()).quote(100.0, 99.99, 100.01)
    assert paper.prices == [Decimal("100.01")]


def test_a_quote_from_before_the_arrival_never_prices_it():
    paper = Paper()
    old = paper.clock.now()
    paper.place(order()).quote(90.0, 89.99, 90.01, received=old)
    paper.quote(90.0, 89.99, 90.01, received=old - timedelta(days=40))
    assert paper.fills == []


def test_a_stale_price_fills_nothing():
    paper = Paper().place(order()).quote(90.0, stale=True)
    assert paper.fills == []


def test_a_closed_exchange_fills_nothing():
    paper = Paper().place(order(kind="limit", price="95")).quote(90.0, shut=True)
    assert paper.fills == []
    assert paper.quote(94.0, 93.0, 94.5).prices == [Decimal("94.5")]  # crossing when it first meets a market


@pytest.mark.parametrize(
    ("last", "bid", "ask"),
    [
        (float("nan"), None, None), (0.0, None, None), (-5.0, 1.0, 2.0), (float("inf"), None, None),
        (100.0, 100.2, 100.1), (100.0, 0.0, 100.1), (100.0, -1.0, 100.0), (100.0, float("nan"), 100.0),
        (100.0, 99.0, float("inf")),
    ],
)  # fmt: skip
def test_a_quote_that_is_no_market_fills_nothing(last, bid, ask):
    paper = Paper().place(order()).quote(last, bid, ask)
    assert paper.fills == []
    assert paper.quote(100.0, 99.9, 100.1).prices == [Decimal("100.1")]


def test_a_market_buy_pays_the_ask_and_a_sale_gets_the_bid():
    paper = Paper().place(order("buy"), "C1").place(order("sell"), "C2").quote(100.0, 99.97, 100.04)
    assert paper.prices == [Decimal("100.04"), Decimal("99.97")]


def test_without_a_book_half_the_assumed_spread_is_paid():
    """One basis point of 571.30 is 0.05713: 571.35713 and 571.24287, each to the tick against the trader."""
    paper = Paper().place(order("buy"), "C1").place(order("sell"), "C2").quote(571.30)
    assert paper.prices == [Decimal("571.36"), Decimal("571.24")]


def test_a_price_is_rounded_to_the_tick_against_the_trader():
    paper = Paper().place(order("buy"), "C1").place(order("sell"), "C2").quote(100.0, 99.9999, 100.0001)
    assert paper.prices == [Decimal("100.01"), Decimal("99.99")]


def test_a_limit_crossing_on_arrival_takes_what_is_there():
    paper = Paper().place(order("buy", "limit", "110")).quote(100.0, 99.98, 100.02)
    assert paper.prices == [Decimal("100.02")]
    paper = Paper().place(order("sell", "limit", "90")).quote(100.0, 99.98, 100.02)
    assert paper.prices == [Decimal("99.98")]


def test_a_limit_touched_but_not_traded_through_does_not_fill():
    paper = Paper().place(order("buy", "limit", "99")).quote(100.0, 99.98, 100.02)
    paper.quote(99.0, 98.9, 99.0)
    assert paper.fills == []


def test_a_limit_traded_through_fills_at_the_limit():
    paper = Paper().place(order("buy", "limit", "99")).quote(100.0, 99.98, 100.02)
    assert paper.quote(95.0, 94.9, 95.1).prices == [Decimal("99.00")]
    paper = Paper().place(order("sell", "limit", "101")).quote(100.0, 99.98, 100.02)
    assert paper.quote(105.0, 104.9, 105.1).prices == [Decimal("101.00")]


def test_a_trade_from_before_the_order_does_not_count_as_through():
    """The last trade was below the limit when the order came, the book stands above it."""
    paper = Paper().place(order("buy", "limit", "99")).quote(98.0, 99.4, 99.6).quote(98.0, 99.4, 99.6)
    assert paper.fills == []
    assert paper.quote(98.5, 98.4, 98.6).prices == [Decimal("99.00")]
    paper = Paper().place(order("buy", "limit", "99")).quote(98.0, 99.4, 99.6).quote(99.5, 99.4, 99.6)
    assert paper.quote(98.0, 97.9, 98.1).prices == [Decimal("99.00")]


def test_a_stop_waits_for_the_last_trade_to_reach_it():
    paper = Paper().place(order("sell", "stop", "95")).quote(96.0, 94.0, 96.1).quote(95.01, 94.0, 95.1)
    assert paper.fills == []
    assert paper.quote(95.0, 94.98, 95.02).prices == [Decimal("94.98")]


def test_a_stop_through_a_gap_fills_at_the_market():
    paper = Paper().place(order("sell", "stop", "95")).quote(90.0, 89.95, 90.05)
    assert paper.prices == [Decimal("89.95")]
    paper = Paper().place(order("buy", "stop", "105")).quote(110.0, 109.95, 110.05)
    assert paper.prices == [Decimal("110.05")]


def test_a_stop_never_fills_better_than_itself():
    """The last trade has reached it while the other side of the book stands on the better side of it."""
    paper = Paper().place(order("sell", "stop", "95")).quote(95.0, 95.5, 95.6)
    assert paper.prices == [Decimal("95.00")]
    paper = Paper().place(order("buy", "stop", "105")).quote(105.0, 104.4, 104.5)
    assert paper.prices == [Decimal("105.00")]


def test_what_the_bar_bears_fills_at_once_and_the_rest_stays_open():
    """39,000 units a day over 390 minutes are 100 a minute, and a tenth of them is ours."""
    paper = Paper(history=days(39_000)).place(order(quantity=25)).quote(100.0, 99.98, 100.02)
    assert paper.traded == [(10, Decimal("100.02"))]
    assert paper.state() is OrderState.PARTIALLY_FILLED
    assert paper.quote(100.0, 99.98, 100.02).traded == [(10, Decimal("100.02"))]  # the same minute
    paper.quote(100.0, 99.98, 100.02, after=60).quote(100.0, 99.98, 100.02, after=60)
    assert [f.quantity for f in paper.fills] == [10, 10, 5]
    assert [f.trade_id for f in paper.fills] == ["C1-1", "C1-2", "C1-3"]
    assert paper.state() is OrderState.FILLED


def test_where_no_volume_is_known_and_no_book_nothing_is_invented():
    def nothing(*_):
        raise Rejected("X", "No bars.")

    for history in (nothing, days(0)):
        paper = Paper(history=history).place(order()).quote(100.0, 99.98, 100.02)
        assert paper.fills == []
        assert paper.quote(100.0, depth=(((100.02, 50.0),),)).traded == [(10, Decimal("100.02"))]


def test_the_fee_is_that_of_the_cost_table():
    paper = Paper().place(order(quantity=1000)).quote(25.0, 24.99, 25.0)
    assert paper.fills[0].fee == Decimal("5.00")  # 0.005 a share


def test_a_trade_id_is_the_order_and_a_counter():
    paper = Paper().place(order()).quote(100.0)
    assert paper.fills[0].trade_id == "C1-1"
    again = Paper().place(order()).quote(90.0)
    assert again.fills[0].trade_id == "C1-1"  # made again after a crash, it is recognised


def test_a_fill_says_how_its_price_came_about_and_is_computed_again_from_it():
    fill = Paper().place(order()).quote(100.0, 99.97, 100.04).fills[0]
    assert json.loads(fill.note) == {
        "model": "paper 2", "rule": "spread", "why": "market",
        "inputs": {"side": "buy", "wanted": "10", "move": "0.0", "touch": "100.04", "already": "0",
                   "daily": ["nan", "nan"]},
        "price": "100.0", "bid": "99.97", "ask": "100.04", "assumed_spread": False,
        "received": "2012-06-01T15:00:01+00:00", "source": "tape",
        "placed": "2012-06-01T15:00:00+00:00", "seed": str(seed_of("C1")),
        "bar": 1338562800, "used": "10", "taken": [],
    }  # fmt: skip
    again = recompute(fill.note, AAPL)
    assert (again.priced.quantity, again.priced.expected) == (fill.quantity, fill.price)
    assert (again.priced.optimistic, again.priced.pessimistic) == (fill.optimistic, fill.pessimistic)
    assert again.arrives == T0 + delay(seed_of("C1"))


def test_a_sale_below_the_smallest_step_waits():
    paper = Paper().place(order("sell", symbol="XRP/USDT")).quote(0.00005, symbol="XRP/USDT")
    assert paper.fills == []


def test_on_replay_what_never_closes_lives_on_the_wall_clock():
    """The tape is in 2012, simulated pairs are of today: a pair's quote from before the click is old."""

    class Replay(SimClock):
        def market(self, calendar):
            return WALL + (self.now() - T0) if calendar == "24/7" else self.now()

    paper = Paper()
    paper.clock = paper.broker._clock = Replay(T0)
    paper.place(order(symbol="BTC/USDT"))
    paper.quote(100.0, symbol="BTC/USDT", received=WALL - timedelta(seconds=5))
    assert paper.fills == []
    paper.quote(100.0, symbol="BTC/USDT", received=WALL + timedelta(seconds=1))
    assert len(paper.fills) == 1
    assert paper.fills[0].time == paper.clock.now()  # the ledger stays on the desk's clock


def restored(script, **more):
    return Paper(Books.of("paper:1", script.events), **more)


def test_what_rested_is_taken_up_again_and_never_gets_more_than_its_limit():
    """Without the restart it would have been filled at its limit; a quote below it is no better one now."""
    script = Script().cash(10_000).order("a", "buy", 10, limit="99").move("a", "submitting")
    script.move("a", "accepted", venue_id="paper-C-a")
    paper = restored(script)
    assert [v.ref.client_id for v in paper.broker.open_orders([AAPL])] == ["C-a"]
    assert paper.quote(98.0, 97.9, 98.1, received=T0).fills == []
    assert paper.quote(98.0, 97.9, 98.1).fills == []  # that trade may be from before the restart
    assert paper.quote(98.1, 98.0, 98.2).prices == [Decimal("99.00")]


@pytest.mark.parametrize("state", ["submitting", "unknown"])
def test_what_was_on_its_way_never_arrived(state):
    script = Script().order("a", "buy", 10, limit="99").move("a", "submitting")
    if state == "unknown":
        script.move("a", "unknown")
    paper = restored(script)
    assert paper.broker.find(OrderRef("C-a", None, AAPL)) is None
    assert paper.broker.open_orders([AAPL]) == []


def test_what_ended_before_the_start_is_told_from_the_books():
    script = Script().cash(10_000).order("a", "buy", 10).move("a", "submitting")
    script.move("a", "accepted", venue_id="paper-C-a").fill("a", "buy", 10, "100")
    view = restored(script).broker.find(OrderRef("C-a", None, AAPL))
    assert (view.state, view.filled_quantity) == (OrderState.FILLED, 10)


def test_a_part_filled_order_goes_on_with_the_next_trade():
    script = Script().cash(10_000).order("a", "buy", 10, limit="99").move("a", "submitting")
    script.move("a", "accepted").fill("a", "buy", 4, "99", to="partially_filled")
    paper = restored(script).quote(98.0, 97.9, 98.1).quote(98.1, 97.9, 98.1)
    assert [(f.quantity, f.trade_id) for f in paper.fills] == [(6, "C-a-2")]


def test_a_trailing_stop_goes_on_from_its_mark():
    script = Script().cash(10_000)
    request = order("sell", "trailing_stop", trail_amount="5")
    script.request("a", request).move("a", "submitting").move("a", "accepted", venue_id="paper-C-a")
    script.add(EventKind.MARK, "a", write_mark(Decimal(110)))
    paper = restored(script).quote(106.0, 105.9, 106.1)
    assert paper.fills == []
    assert paper.quote(105.0, 104.9, 105.1).prices == [Decimal("104.90")]
    forgotten = Paper(marks={}).place(request).quote(106.0).quote(105.0)
    assert forgotten.fills == []


def test_the_best_price_is_told_when_it_moved_by_a_tenth_of_the_distance():
    script = Script().request("a", order("sell", "trailing_stop", trail_amount="5")).move("a", "submitting")
    script.move("a", "accepted", venue_id="paper-C-a")
    told = []
    paper = restored(script, on_mark=lambda order_id, best: told.append((order_id, str(best))))
    for last in (100.0, 100.4, 100.5, 100.9, 101.0, 100.0):
        paper.quote(last)
    assert told == [("a", "100.0"), ("a", "100.5"), ("a", "101.0")]


def test_a_mark_that_could_not_be_written_is_told_again_and_costs_no_fill():
    script = Script().request("a", order("sell", "trailing_stop", trail_amount="5")).move("a", "submitting")
    script.move("a", "accepted", venue_id="paper-C-a")
    told = []

    def on_mark(_, best):
        told.append(str(best))
        if len(told) == 1:
            raise StorageError("the disk is full")

    paper = restored(script, on_mark=on_mark).place(order())
    with pytest.raises(StorageError):
        paper.quote(100.0)
    assert [f.client_order_id for f in paper.fills] == ["C1"]
    paper.quote(100.0)
    assert told == ["100.0", "100.0"]


def test_a_stop_limit_that_was_reached_is_still_a_limit_after_a_restart():
    script = (
        Script().request("a", order("sell", "stop_limit", "95", limit_price="96")).move("a", "submitting")
    )
    script.move("a", "accepted", venue_id="paper-C-a")
    told = []
    first = restored(script, on_mark=lambda order_id, best: told.append((order_id, best)))
    assert first.quote(95.5).quote(94.5).quote(94.4).fills == []
    assert told == [("a", Decimal("94.5"))]
    script.add(EventKind.MARK, "a", write_mark(told[0][1]))
    paper = restored(script).quote(95.5, 95.4, 95.6).quote(96.5, 96.4, 96.6)
    assert paper.prices == [Decimal("96.00")]


@pytest.mark.parametrize("force", ["ioc", "fok"])
def test_what_was_for_one_moment_only_is_over_after_a_restart(force):
    script = Script().cash(10_000).request("a", order(kind="limit", price="99", force=force))
    script.move("a", "submitting").move("a", "accepted", venue_id="paper-C-a")
    paper = restored(script).quote(98.0, 97.9, 98.1).quote(97.0, 96.9, 97.1)
    assert paper.fills == []
    assert (paper.state("C-a"), paper.view("C-a").code) == (OrderState.EXPIRED, "NOT_AT_ONCE")


def test_the_account_is_what_the_books_say():
    script = Script().cash(10_000).order("a", "buy", 10).fill("a", "buy", 10, "100", "1")
    account = restored(script).broker.account()
    assert (account.account_id, account.cash, account.positions) == ("1", {"USD": 8999}, {"AAPL": 10})


def test_everything_is_offered():
    can = Paper().broker.capabilities
    assert (can.types, can.forces) == (frozenset(OrderType), frozenset(TimeInForce))
    assert can.post_only
    assert can.amends
    assert not can.live


def test_the_order_travels_before_it_is_there():
    """C1 needs 0.09 s: a quote received in that time is one it never saw."""
    paper = Paper().place(order())
    on_the_way = delay(seed_of("C1")).total_seconds()
    assert 0.0 < on_the_way < 1.0
    assert paper.quote(100.0, after=0.9 * on_the_way).fills == []
    assert len(paper.quote(100.0, after=0.2 * on_the_way).fills) == 1


def test_the_book_received_after_arrival_prices_it_though_the_quote_is_older():
    paper = Paper()
    old = paper.clock.now()
    paper.place(order(quantity=6)).quote(
        100.0, 99.9, 100.1, received=old, depth=(((100.2, 4.0), (100.4, 9.0)),)
    )
    assert paper.traded == [(6, Decimal("100.27"))]  # (4 x 100.2 + 2 x 100.4) / 6


def test_a_disputed_price_fills_nothing():
    assert Paper().place(order()).quote(90.0, disputed=True).fills == []


@pytest.mark.parametrize("force", ["ioc", "fok"])
def test_at_once_means_not_at_the_next_open(force):
    paper = Paper().place(order(force=force)).quote(100.0, shut=True)
    assert (paper.state(), paper.view().code) == (OrderState.EXPIRED, "NOT_IN_SESSION")
    assert paper.quote(100.0).fills == []


def test_the_venue_shows_an_order_by_its_terms():
    view = Paper().place(order("sell", "stop_limit", "95", limit_price="94")).view()
    assert (view.side, view.type) == (Side.SELL, OrderType.STOP_LIMIT)
    assert (view.limit_price, view.stop_price) == (94, 95)


def amended(paper, client="C1", **terms):
    ref = OrderRef(client, None, AAPL)
    paper.broker.replace(ref, Terms(**{k: Decimal(v) for k, v in terms.items()}))
    return paper


def test_a_changed_limit_arrives_anew_and_takes_where_it_crosses():
    paper = Paper().place(order(kind="limit", price="95")).quote(100.0, 99.9, 100.1)
    amended(paper, limit_price="101", quantity="12")
    assert (paper.view().limit_price, paper.view().quantity) == (101, 12)
    assert paper.quote(100.0, 99.9, 100.1, received=paper.clock.now()).fills == []
    assert paper.quote(100.0, 99.9, 100.1, after=10).traded == [(12, Decimal("100.10"))]


def test_only_a_smaller_quantity_alone_keeps_its_turn():
    """100 stand before us at 99.00; 60 have traded when the order is changed, 50 more after it."""
    depth = (((99.1, 10.0),), ((99.0, 100.0),))

    def lived(**terms):
        paper = Paper().place(order(kind="limit", price="99", quantity=20))
        paper.quote(99.0, 99.0, 99.1, volume=0.0, depth=depth).quote(
            99.0, 99.0, 99.1, volume=60.0, depth=depth
        )
        amended(paper, **terms).quote(99.0, 99.0, 99.1, after=10, volume=60.0, depth=depth)
        return paper.quote(99.0, 99.0, 99.1, volume=110.0, depth=depth).traded

    assert lived(quantity="15") == [(10, Decimal("99.00"))]
    assert lived(quantity="25") == []
    assert lived(quantity="15", limit_price="98.99") == []


def test_two_amendments_travel_for_different_times():
    assert len({delay(seed_of("C1", count)) for count in range(5)}) == 5


@pytest.mark.parametrize(
    ("request_", "terms", "code"),
    [
        (order(kind="limit", price="95"), {"stop_price": "94"}, "BAD_TERMS"),
        (order(kind="limit", price="95"), {"limit_price": "94.001"}, "BAD_TERMS"),
        (order(kind="limit", price="95"), {"limit_price": "-1"}, "BAD_TERMS"),
        (order(kind="limit", price="95"), {"limit_price": "NaN"}, "BAD_TERMS"),
        (order(kind="limit", price="95"), {"quantity": "0.5"}, "BAD_TERMS"),
        (order(kind="limit", price="95"), {"quantity": "0"}, "BAD_TERMS"),
        (order(), {"limit_price": "94"}, "BAD_TERMS"),
    ],
)
def test_terms_that_do_not_fit_leave_the_order_as_it_was(request_, terms, code):
    paper = Paper().place(request_)
    before = paper.view()
    with pytest.raises(Rejected) as refused:
        amended(paper, **terms)
    assert refused.value.code == code
    assert paper.view() == before


def test_what_does_not_rest_is_not_changed():
    with pytest.raises(Rejected) as refused:
        amended(Paper(), quantity="5")
    assert refused.value.code == "NOT_RESTING"
    with pytest.raises(Rejected):
        amended(Paper().place(order()).quote(100.0), quantity="20")


def test_a_stop_that_was_reached_is_not_moved_any_more():
    paper = Paper().place(order("sell", "stop_limit", "95", limit_price="95")).quote(94.0, 93.9, 94.1)
    assert paper.fills == []
    with pytest.raises(Rejected) as refused:
        amended(paper, stop_price="90")
    assert refused.value.code == "ALREADY_TRIGGERED"
    assert paper.quote(95.5, 95.4, 95.6).prices == [Decimal("95.00")]


def test_a_trailing_stop_without_a_distance_is_refused():
    for distance in ("0", "-1"):
        with pytest.raises(Rejected) as refused:
            Paper().place(order("sell", "trailing_stop", trail_amount=distance))
        assert refused.value.code == "TRAIL"


def test_cash_is_told_in_each_currency_of_the_account():
    script = Script().cash(10_000).cash(500, currency="INR")
    assert restored(script).broker.account().cash == {"USD": 10_000, "INR": 500}
