"""Each rule of the paper venue by its name, with prices worked out by hand."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.portfolio.folding import Script

from marketpulse.brokers import PaperBroker
from marketpulse.brokers.paper_rules import hit, market_of
from marketpulse.clock import SimClock
from marketpulse.market import instruments
from marketpulse.portfolio import Books
from marketpulse.ports import OrderRef
from marketpulse.types import (
    Feed,
    MarketDatum,
    OrderRequest,
    OrderState,
    OrderType,
    Quote,
    SessionState,
    Side,
    TimeInForce,
)

KNOWN = instruments(Feed.REPLAY)
AAPL, BTC, XRP = KNOWN["AAPL"], KNOWN["BTC/USDT"], KNOWN["XRP/USDT"]
T0 = datetime(2012, 6, 1, 15, 0, tzinfo=UTC)
WALL = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def order(side="buy", kind="market", price=None, quantity=10, symbol="AAPL"):
    price = Decimal(price) if price else None
    return OrderRequest(
        symbol, Side(side), OrderType(kind), Decimal(quantity),
        price if kind == "limit" else None, price if kind == "stop" else None, TimeInForce.GTC,
    )  # fmt: skip


class Paper:
    """A paper venue and a clock, fed quotes by hand."""

    def __init__(self, books=None):
        self.clock = SimClock(T0)
        self.broker = PaperBroker(books or Books("paper:1"), KNOWN, self.clock)

    def place(self, request, client="C1"):
        self.broker.place(client, KNOWN[request.symbol], request)
        return self

    def quote(
        self, last, bid=None, ask=None, *, after=1.0, symbol="AAPL", stale=False, shut=False, received=None
    ):
        self.clock.advance(after)
        now = self.clock.now()
        quote = Quote(symbol, last, bid, ask, None, now, received or now, "tape")
        session = SessionState.CLOSED if shut else SessionState.OPEN
        self.broker.match({symbol: MarketDatum(quote, 0.0, stale, session)})
        return self

    @property
    def fills(self):
        return self.broker.fills(T0 - timedelta(days=1), KNOWN.values())

    @property
    def prices(self):
        return [fill.price for fill in self.fills]

    def state(self, client="C1"):
        return self.broker.find(OrderRef(client, None, AAPL)).state


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


def test_an_order_fills_whole_and_once():
    paper = Paper().place(order(quantity=1_000_000)).quote(100.0).quote(100.0)
    assert [f.quantity for f in paper.fills] == [1_000_000]
    assert paper.state() is OrderState.FILLED


def test_the_fee_is_that_of_the_cost_table():
    paper = Paper().place(order(quantity=1000)).quote(25.0, 24.99, 25.0)
    assert paper.fills[0].fee == Decimal("5.00")  # 0.005 a share


def test_a_trade_id_is_the_order_and_a_counter():
    paper = Paper().place(order()).quote(100.0)
    assert paper.fills[0].trade_id == "C1-1"
    again = Paper().place(order()).quote(90.0)
    assert again.fills[0].trade_id == "C1-1"  # made again after a crash, it is recognised


def test_a_fill_says_how_its_price_came_about():
    note = json.loads(Paper().place(order()).quote(100.0, 99.97, 100.04).fills[0].note)
    assert note == {
        "model": "paper 1", "rule": "market at ask or bid", "price": "100.0", "bid": "99.97", "ask": "100.04",
        "assumed_spread": False, "time": "2012-06-01T15:00:01+00:00", "received": "2012-06-01T15:00:01+00:00",
        "source": "tape",
    }  # fmt: skip


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


def restored(script):
    return Paper(Books.of("paper:1", script.events))


def test_what_rested_is_taken_up_again_and_meets_a_new_quote():
    script = Script().cash(10_000).order("a", "buy", 10, limit="99").move("a", "submitting")
    script.move("a", "accepted", venue_id="paper-C-a")
    paper = restored(script)
    assert [v.ref.client_id for v in paper.broker.open_orders([AAPL])] == ["C-a"]
    assert paper.quote(98.0, 97.9, 98.1, received=T0).fills == []
    assert paper.quote(98.0, 97.9, 98.1).prices == [Decimal("98.1")]


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
    paper = restored(script).quote(98.0, 97.9, 98.1)
    assert [(f.quantity, f.trade_id) for f in paper.fills] == [(6, "C-a-2")]


def test_the_account_is_what_the_books_say():
    script = Script().cash(10_000).order("a", "buy", 10).fill("a", "buy", 10, "100", "1")
    account = restored(script).broker.account()
    assert (account.account_id, account.cash, account.positions) == ("1", {"USD": 8999}, {"AAPL": 10})


PRICES = st.floats(1.0, 1e5)


@given(
    st.builds(order, st.sampled_from(["buy", "sell"]), st.just("limit"), PRICES.map(lambda p: f"{p:.2f}")),
    PRICES,
    st.floats(0.0, 0.01),
    st.none() | PRICES,
)
def test_a_limit_never_pays_more_than_it_said_nor_less_than_the_market(request, last, half, seen):
    quote = Quote("AAPL", last, last * (1 - half), last * (1 + half), None, T0, T0, "tape")
    found = hit(request, market_of(quote, AAPL), seen)
    limit = float(request.limit_price)
    if found is None:
        return
    if request.side is Side.BUY:
        assert min(limit, quote.ask) <= found.price <= limit
    else:
        assert max(limit, quote.bid) >= found.price >= limit


@given(
    st.builds(order, st.sampled_from(["buy", "sell"]), st.just("stop"), PRICES.map(lambda p: f"{p:.2f}")),
    PRICES,
    st.floats(0.0, 0.01),
)
def test_a_stop_never_beats_the_market_or_itself(request, last, half):
    quote = Quote("AAPL", last, last * (1 - half), last * (1 + half), None, T0, T0, "tape")
    found = hit(request, market_of(quote, AAPL), None)
    stop = float(request.stop_price)
    if found is None:
        assert (last < stop) if request.side is Side.BUY else (last > stop)
    elif request.side is Side.BUY:
        assert found.price == max(stop, quote.ask)
    else:
        assert found.price == min(stop, quote.bid)
