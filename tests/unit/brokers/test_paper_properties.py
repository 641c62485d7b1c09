"""What holds of every fill, in markets and for orders made by chance."""

from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from unit.brokers.paper_market import AAPL, T0, Paper, Script, at_venue, days, order

from marketpulse.brokers.paper_fill import SHARE, meet
from marketpulse.brokers.paper_model import Activity, Pool, Tick
from marketpulse.brokers.paper_note import recompute
from marketpulse.portfolio import Books, fill_key
from marketpulse.portfolio.codec import Booking, write_booking
from marketpulse.portfolio.desk_codec import write_mark
from marketpulse.risk.costs import Liquidity
from marketpulse.types import EventKind, OrderState, OrderType, Side

CENTS = st.integers(9_950, 10_050)
PRICE = CENTS.map(lambda c: f"{c / 100:.2f}")
LIMITED = {OrderType.LIMIT, OrderType.STOP_LIMIT}
RUN = settings(max_examples=150, deadline=None)


@st.composite
def wishes(draw, most=900):
    kind = draw(st.sampled_from(["market", "limit", "stop", "take_profit", "stop_limit", "trailing_stop"]))
    more = {}
    if kind == "stop_limit":
        more["limit_price"] = draw(PRICE)
    if kind == "trailing_stop":
        more[draw(st.sampled_from(["trail_amount", "trail_percent"]))] = (
            f"{draw(st.integers(1, 60)) / 100:.2f}"
        )
    price = draw(PRICE) if kind not in {"market", "trailing_stop"} else None
    force = draw(st.sampled_from(["gtc", "ioc", "fok"])) if kind in {"market", "limit"} else "gtc"
    return order(
        draw(st.sampled_from(["buy", "sell"])), kind, price, draw(st.integers(1, most)), force=force, **more
    )


SIZES = st.integers(1, 400).map(float)


@st.composite
def moments(draw, number):
    """One moment: a last trade, a touch around a middle, sometimes a book and a volume."""
    last, middle, half = draw(CENTS), draw(CENTS), draw(st.integers(0, 5))
    bid, ask = (middle - half) / 100, (middle + half) / 100
    ladders = {}
    if draw(st.booleans()):
        steps = [draw(st.integers(1, 3)) for _ in range(3)]
        ladders["bids"] = tuple((round(bid - 0.01 * sum(steps[:i]), 2), draw(SIZES)) for i in range(3))
        ladders["asks"] = tuple((round(ask + 0.01 * sum(steps[:i]), 2), draw(SIZES)) for i in range(3))
    activity = Activity(60 * (number // 3), draw(st.integers(0, 5_000)) * 1.0, draw(st.sampled_from(
        [None, Liquidity(1e6, 0.02), Liquidity(2e4, 0.05), Liquidity(float("nan"), float("nan"))]
    )))  # fmt: skip
    traded = draw(st.sampled_from([0.0, 0.0, 50.0, 500.0]))
    return Tick(
        last / 100, bid, ask, T0 + timedelta(seconds=number + 1), "chance",
        activity=draw(st.sampled_from([activity, activity, activity, None])),
        printed=traded > 0 or draw(st.booleans()), traded=traded, move=draw(st.integers(0, 20)) / 100,
        opening=draw(st.booleans()), **ladders,
    )  # fmt: skip


@st.composite
def markets(draw):
    return [draw(moments(n)) for n in range(draw(st.integers(1, 12)))]


def lived(requests, market):
    """Yield (moment, executions in it) and leave the orders as they are in the end."""
    orders, pool, told = [at_venue(r, f"C{n}") for n, r in enumerate(requests)], Pool(), []
    for tick in market:
        met = meet(orders, tick, pool)
        orders, pool = met.orders, met.pool
        told.append((tick, met.parts))
    return told, {o.client_id: o for o in orders}


@RUN
@given(st.lists(wishes(), min_size=1, max_size=4), markets())
def test_nobody_gets_a_better_price_than_the_market_or_a_worse_one_than_the_limit(requests, market):
    told, orders = lived(requests, market)
    for tick, parts in told:
        for part in parts:
            request = orders[part.client_id].request
            sign = request.side.sign
            assert sign * part.optimistic <= sign * part.price <= sign * part.pessimistic
            assert part.price % AAPL.tick == 0
            limit = request.limit_price if request.type in LIMITED else None
            if not part.maker:
                assert sign * part.price >= sign * Decimal(repr(tick.touch(request.side)))
            if limit is not None:
                assert sign * part.pessimistic <= sign * limit
            if part.maker:
                assert part.price == limit


@RUN
@given(st.lists(wishes(), min_size=1, max_size=4), markets())
def test_nothing_trades_that_was_not_asked_for_or_not_there(requests, market):
    told, orders = lived(requests, market)
    for tick, parts in told:
        for side in Side:
            shown = sum(Decimal(repr(size)) for _, size in tick.facing(side))
            walked = [p for p in parts if recompute(p.note, AAPL).rule == "walk"]
            assert sum(p.quantity for p in walked if orders[p.client_id].request.side is side) <= shown
    for client, found in orders.items():
        own = [p for _, parts in told for p in parts if p.client_id == client]
        assert sum(p.quantity for p in own) == found.filled <= found.request.quantity
        assert [p.trade for p in own] == list(range(1, len(own) + 1))
        assert all(p.fee >= 0 for p in own)
        if found.request.time_in_force == "fok":
            assert found.filled in {0, found.request.quantity}


@RUN
@given(st.lists(wishes(), min_size=1, max_size=4), markets())
def test_no_more_than_our_share_of_a_bar_but_for_what_a_book_shows(requests, market):
    told, _ = lived(requests, market)
    most, used = defaultdict(Decimal), defaultdict(Decimal)
    for tick, parts in told:
        outside = [p for p in parts if recompute(p.note, AAPL).rule != "walk"]
        if tick.activity is None:
            assert outside == []
            continue
        most[tick.activity.bar] = max(most[tick.activity.bar], SHARE * Decimal(repr(tick.activity.volume)))
        used[tick.activity.bar] += sum(p.quantity for p in outside)
    assert all(used[bar] <= most[bar] for bar in most)


@RUN
@given(st.lists(wishes(), min_size=1, max_size=4), markets())
def test_every_fill_is_computed_again_and_the_same_inputs_give_the_same_fills(requests, market):
    told, orders = lived(requests, market)
    assert lived(requests, market) == (told, orders)
    for _, parts in told:
        for part in parts:
            again = recompute(part.note, AAPL).priced
            assert (again.quantity, again.expected) == (part.quantity, part.price)
            assert (again.optimistic, again.pessimistic) == (part.optimistic, part.pessimistic)


@RUN
@given(
    st.sampled_from(["buy", "sell"]), st.integers(1, 400), st.integers(1, 400),
    moments(0), st.integers(1, 400),
)  # fmt: skip
def test_a_larger_order_never_gets_a_better_average(side, smaller, more, tick, volume):
    """In a market that stays as it is, bar after bar."""

    def average(quantity):
        market = [
            Tick(
                tick.last, tick.bid, tick.ask, T0 + timedelta(seconds=n + 1), "chance", bids=tick.bids,
                asks=tick.asks, activity=Activity(n, 10.0 * volume, Liquidity(2e4, 0.05)),
            )
            for n in range(12)
        ]  # fmt: skip
        told, _ = lived([order(side, quantity=quantity)], market)
        parts = [p for _, made in told for p in made]
        paid, units = sum(p.quantity * p.price for p in parts), sum(p.quantity for p in parts)
        return paid / units if units else None

    one, other = average(smaller), average(smaller + more)
    if one is not None and other is not None:
        sign = 1 if side == "buy" else -1
        # Each part is rounded to the tick against the trader, which may cost the smaller order more.
        assert sign * other >= sign * one - AAPL.tick


class Life:
    """A paper account whose process may end at any moment: what was booked is all that is left."""

    def __init__(self, request):
        self.script = Script().cash(1_000_000).request("a", request).move("a", "submitting")
        self.script.move("a", "accepted", venue_id="paper-C-a")
        self.request, self.booked, self.filled = request, set(), Decimal(0)
        books = Books.of("paper:1", Script().cash(1_000_000).request("a", request).events)
        self.paper = Paper(books, history=days(39_000 * 5), on_mark=self.mark)
        self.paper.place(request, "C-a")

    def mark(self, _, best):
        self.script.add(EventKind.MARK, "a", write_mark(best))

    def quote(self, *args, **more):
        self.paper.quote(*args, **more)
        for fill in self.paper.fills:
            if fill.trade_id not in self.booked:
                self.booked.add(fill.trade_id)
                self.filled += fill.quantity
                done = self.filled >= self.request.quantity
                to = OrderState.FILLED if done else OrderState.PARTIALLY_FILLED
                self.script.add(
                    EventKind.FILL, "a", write_booking(Booking(fill, to)), fill_key("paper", fill.trade_id)
                )
        return self.filled

    def die(self):
        clock = self.paper.clock
        books = Books.of("paper:1", self.script.events)
        self.paper = Paper(books, history=days(39_000 * 5), on_mark=self.mark)
        self.paper.clock.advance(clock.monotonic())


@RUN
@given(
    wishes(most=200),
    st.lists(st.tuples(CENTS, st.integers(0, 5), st.booleans(), st.booleans()), min_size=2, max_size=14),
)
def test_a_restart_gives_the_same_fills_or_later_ones_and_never_one_twice(request, market):
    whole, broken, units = Life(request), Life(request), 0.0
    deep = (((100.0, 40.0), (100.02, 60.0)), ((99.98, 50.0), (99.96, 70.0)))
    for cents, half, book, dies in market:
        units += 30.0
        said = {"after": 7.0, "volume": units, "depth": deep if book else None}
        last, bid, ask = cents / 100, (cents - half) / 100, (cents + half) / 100
        if dies:
            broken.die()
        assert broken.quote(last, bid, ask, **said) <= whole.quote(last, bid, ask, **said) <= request.quantity
