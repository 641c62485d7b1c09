"""The engine on bars: gaps first, then the worst that the bar allows, and never better than its own trades would."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.brokers.paper_market import AAPL, PLENTY, T0, at_venue, order

from marketpulse.brokers.paper_bars import Bar, _walk, meet_bar
from marketpulse.brokers.paper_fill import meet
from marketpulse.brokers.paper_model import Activity, Pool, Tick
from marketpulse.brokers.paper_note import recompute
from marketpulse.risk.costs import Liquidity, half_spread
from marketpulse.types import OrderState, OrderType, Side

MINUTE = timedelta(minutes=1)
DAILY = Liquidity(adv=1e6, sigma=0.02)


def bar(o, h, low, c, *, volume=PLENTY, number=0, daily=None):
    return Bar(float(o), float(h), float(low), float(c), volume, T0 + number * MINUTE, daily)


def lived(request, *bars, **more):
    orders, parts, pool = (at_venue(request, **more),), [], Pool()
    for one in bars:
        met = meet_bar(orders, one, pool)
        orders, pool = met.orders, met.pool
        parts += met.parts
    return parts, orders[0]


def said(parts):
    return [tuple(str(p) for p in (part.optimistic, part.price, part.pessimistic)) for part in parts]


def test_a_market_order_trades_at_the_open():
    """One basis point of half a spread; the bar's worst price is one more move away."""
    parts, _ = lived(order("sell"), bar(100, 110, 90, 105))
    assert said(parts) == [("99.99", "99.99", "89.99")]
    parts, _ = lived(order("buy"), bar(100, 110, 90, 105))
    assert said(parts) == [("100.01", "100.01", "110.01")]


def test_a_stop_inside_the_bar_fills_at_the_stop_less_the_spread():
    parts, _ = lived(order("sell", "stop", "95"), bar(100, 110, 90, 105))
    assert said(parts) == [("94.99", "94.99", "89.99")]


def test_a_gap_through_the_stop_fills_at_the_open():
    parts, _ = lived(order("sell", "stop", "95"), bar(92, 110, 90, 105))
    assert said(parts) == [("91.99", "91.99", "89.99")]


def test_the_stop_comes_before_the_target_in_the_same_bar():
    pair = (
        at_venue(order("sell", "limit", "105"), "target", group="x"),
        at_venue(order("sell", "stop", "95"), "stop", group="x"),
    )
    met = meet_bar(pair, bar(100, 110, 90, 105), Pool())
    assert [(p.client_id, str(p.price)) for p in met.parts] == [("stop", "94.99")]
    assert [o.state for o in met.orders] == [OrderState.CANCELED, OrderState.FILLED]
    assert met.orders[0].code == "OCO"


def test_a_limit_fills_only_beyond_its_price():
    assert lived(order(kind="limit", price="90"), bar(100, 110, 90, 105))[0] == []
    parts, _ = lived(order(kind="limit", price="90.01"), bar(100, 110, 90, 105))
    assert said(parts) == [("90.01", "90.01", "90.01")]


def test_a_limit_of_an_earlier_bar_gets_its_price_through_a_gap_and_perhaps_a_better_one():
    request = order(kind="limit", price="95")
    parts, _ = lived(request, bar(100, 101, 99, 100), bar(92, 93, 91, 92, number=1))
    assert said(parts) == [("92.01", "95.00", "95.00")]


def test_a_take_profit_fills_where_it_woke_up():
    parts, _ = lived(order("sell", "take_profit", "105"), bar(100, 110, 90, 105))
    assert said(parts) == [("104.98", "104.98", "89.98")]


def test_a_trailing_stop_meets_the_low_before_the_high():
    request = order("sell", "trailing_stop", trail_amount="5")
    parts, _ = lived(request, bar(100, 110, 94, 109))
    assert said(parts)[0][1] == "94.99"  # 95 was reached first, though the high would have lifted it
    parts, rest = lived(request, bar(100, 110, 96, 107))
    assert (parts, rest.best) == ([], 110)
    parts, _ = lived(request, bar(100, 110, 96, 104))
    assert said(parts)[0][1] == "104.98"  # the close is below 105


def test_a_stop_limit_whose_limit_is_left_behind_waits_for_it():
    request = order("sell", "stop_limit", "95", limit_price="95")
    parts, _ = lived(request, bar(100, 101, 90, 91))
    assert parts == []
    parts, _ = lived(request, bar(100, 101, 90, 96))
    assert [(str(p.price), p.maker) for p in parts] == [("95.00", True)]


def test_the_cap_holds_within_the_bar_and_the_rest_goes_on():
    parts, rest = lived(
        order(quantity=100), bar(100, 110, 90, 105, volume=600), bar(101, 102, 100, 101, volume=200, number=1)
    )
    assert [p.quantity for p in parts] == [60, 20]
    assert rest.left == 20


def test_an_order_that_comes_while_the_bar_runs_meets_the_next_one():
    late = replace(at_venue(order("sell", "stop", "95")), arrives=T0 + timedelta(seconds=1))
    met = meet_bar((late,), bar(100, 110, 90, 105), Pool())
    assert met.parts == ()
    met = meet_bar(met.orders, bar(96, 97, 94, 95, number=1), met.pool)
    assert [str(p.price) for p in met.parts] == ["94.99"]


def test_a_fill_of_a_bar_is_computed_again_from_its_note():
    for request in (order("sell", "stop", "95"), order(), order(kind="limit", price="95")):
        [part], _ = lived(request, bar(100, 110, 90, 105, daily=DAILY))
        again = recompute(part.note, AAPL).priced
        assert (again.quantity, again.expected, again.pessimistic) == (
            part.quantity,
            part.price,
            part.pessimistic,
        )


CENTS = st.integers(9_900, 10_100)
KINDS = st.sampled_from(["market", "limit", "stop", "take_profit", "stop_limit", "trailing_stop"])


@st.composite
def wishes(draw):
    kind, side = draw(KINDS), draw(st.sampled_from(["buy", "sell"]))
    price = f"{draw(CENTS) / 100:.2f}"
    more = {}
    if kind == "stop_limit":
        more["limit_price"] = f"{draw(CENTS) / 100:.2f}"
    if kind == "trailing_stop":
        more["trail_amount"] = f"{draw(st.integers(1, 80)) / 100:.2f}"
    has_price = kind not in {"market", "trailing_stop"}
    quantity = draw(st.integers(1, 2000))
    return order(side, kind, price if has_price else None, quantity=quantity, **more)


@st.composite
def paths(draw):
    """The trades of one bar, in cents, and the bar."""
    cents = draw(st.lists(CENTS, min_size=1, max_size=12))
    return cents, bar(
        *(c / 100 for c in (cents[0], max(cents), min(cents), cents[-1])), volume=5_000.0, daily=DAILY
    )


def quoted(request, cents, one):
    """Let the order meet each trade as a quote."""
    orders, parts, pool = (at_venue(request),), [], Pool()
    half = half_spread(AAPL)
    for n, cent in enumerate(cents):
        last = cent / 100
        tick = Tick(
            last, last * (1 - half), last * (1 + half), T0 + timedelta(milliseconds=n + 1), "tape", assumed=True,
            activity=Activity(0, one.volume, DAILY), printed=n > 0,
        )  # fmt: skip
        met = meet(orders, tick, pool)
        orders, pool, parts = met.orders, met.pool, [*parts, *met.parts]
    return parts


def dense(one, request):
    """Each cent on the way open, worst, best, close; a stop limit's worst comes last."""
    down = (request.side is Side.SELL) is not (request.type is OrderType.STOP_LIMIT)
    far, near = (one.low, one.high) if down else (one.high, one.low)
    ends = [round(p * 100) for p in (one.open, far, near, one.close)]
    path = [ends[0]]
    for a, b in pairwise(ends):
        path += range(a + 1, b + 1) if b > a else range(a - 1, b - 1, -1)
    return path


def average(parts, of="price"):
    units = sum(p.quantity for p in parts)
    return sum(p.quantity * getattr(p, of) for p in parts) / units


@settings(max_examples=200, deadline=None)
@given(wishes(), paths())
def test_a_bar_never_fills_better_than_quotes_on_the_worst_way_through_it(request, given_path):
    _, one = given_path
    parts, rest = lived(request, one)
    quotes = quoted(request, dense(one, request), one)
    filled, there = sum(p.quantity for p in parts), sum(p.quantity for p in quotes)
    assert filled <= there
    if parts and filled == there:
        sign = request.side.sign
        assert sign * average(parts) >= sign * average(quotes)
    assert filled + rest.left == request.quantity


@settings(max_examples=200, deadline=None)
@given(wishes(), paths())
def test_no_way_through_the_bar_is_worse_than_the_pessimistic_price(request, given_path):
    cents, one = given_path
    parts, quotes = lived(request, one)[0], quoted(request, cents, one)
    filled, there = (sum(p.quantity for p in made) for made in (parts, quotes))
    if parts and filled == there:
        sign = request.side.sign
        # A rounding to the tick more than the impact that both paid.
        worst = average(parts, "pessimistic") + sign * (average(parts) * Decimal("0.0002") + AAPL.tick)
        assert sign * average(quotes) <= sign * worst


@settings(max_examples=150, deadline=None)
@given(wishes(), paths())
def test_a_bar_is_met_within_its_own_prices_and_volume(request, given_path):
    _, one = given_path
    parts, _ = lived(request, one)
    assert sum(p.quantity for p in parts) <= Decimal("0.1") * Decimal(one.volume)
    for part in parts:
        if request.side is Side.BUY:
            assert part.optimistic <= part.price <= part.pessimistic
            assert part.price >= Decimal(str(one.low))
        else:
            assert part.optimistic >= part.price >= part.pessimistic
            assert part.price <= Decimal(str(one.high))


@settings(max_examples=200, deadline=None)
@given(wishes(), st.lists(paths(), min_size=1, max_size=5))
def test_a_bar_that_is_passed_over_would_have_done_nothing(request, given_paths):
    """Most bars are told at a glance; walked all the same they give the same orders and fills."""
    bars = [replace(one, time=T0 + n * MINUTE) for n, (_, one) in enumerate(given_paths)]
    glanced, walked, pools = at_venue(request), at_venue(request), [Pool(), Pool()]
    for one in bars:
        met = meet_bar((glanced,), one, pools[0])
        (glanced,), pools[0] = met.orders, met.pool
        parts = ()
        if walked.open:
            walked, parts, pools[1] = _walk(walked, one, pools[1])
        assert met.parts == parts
        assert replace(glanced, met=None, moved=True) == replace(walked, met=None, moved=True)


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_the_same_bar_gives_the_same_fills(side):
    request = order(side, "stop", "100")
    assert lived(request, bar(100, 110, 90, 105, daily=DAILY)) == lived(
        request, bar(100, 110, 90, 105, daily=DAILY)
    )
