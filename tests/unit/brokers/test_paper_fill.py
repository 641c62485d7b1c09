"""The fill engine, moment by moment, with prices worked out by hand."""

from datetime import timedelta
from decimal import Decimal

import pytest
from unit.brokers.paper_market import AAPL, T0, at_venue, moment, order

from marketpulse.brokers.paper_fill import meet
from marketpulse.brokers.paper_model import Pool
from marketpulse.brokers.paper_note import recompute
from marketpulse.risk.costs import Liquidity
from marketpulse.types import OrderState

DAILY = Liquidity(adv=1e6, sigma=0.02)
DEEP = ((100.01, 100.0), (100.03, 200.0), (100.10, 400.0))
BIDS = ((99.99, 100.0), (99.97, 200.0), (99.90, 400.0))


def lived(request, *moments, pool=None, **more):
    """Everything one order trades in these moments, and the order at the end."""
    orders, parts, pool = (at_venue(request, **more),), [], pool or Pool()
    for tick in moments:
        met = meet(orders, tick, pool)
        orders, pool = met.orders, met.pool
        parts += met.parts
    return parts, orders[0], pool


def bands(part):
    return tuple(str(p) for p in (part.quantity, part.optimistic, part.price, part.pessimistic))


def walked(last=100.0, asks=DEEP, bids=BIDS, **more):
    return moment(last, bids[0][0], asks[0][0], asks=asks, bids=bids, **more)


# the book


def test_a_market_order_walks_the_book_and_pays_each_level():
    """(100 x 100.01 + 50 x 100.03) / 150 = 100.01666...; the way from the touch twice is 100.0233."""
    [part], done, _ = lived(order(quantity=150), walked())
    assert bands(part) == ("150", "100.01", "100.02", "100.03")
    assert done.state is OrderState.FILLED
    assert part.maker is False


def test_a_sale_walks_the_other_side():
    """(100 x 99.99 + 200 x 99.97 + 50 x 99.90) / 350 = 99.9657; the last level is the worst of all."""
    [part], *_ = lived(order("sell", quantity=350), walked())
    assert bands(part) == ("350", "99.99", "99.96", "99.90")


def test_what_the_book_does_not_hold_stays_open():
    [part], rest, _ = lived(order(quantity=1000), walked())
    assert (part.quantity, rest.left, rest.state) == (700, 300, OrderState.PARTIALLY_FILLED)


def test_what_was_taken_is_not_there_again_until_the_book_has_changed():
    parts, rest, pool = lived(order(quantity=1000), walked(), walked(after=2), walked(after=3))
    assert [p.quantity for p in parts] == [700]
    changed = (DEEP[0], (100.03, 150.0), DEEP[2])
    met = meet((rest,), walked(asks=changed, after=4), pool)
    assert [(p.quantity, str(p.price)) for p in met.parts] == [(150, "100.03")]


def test_two_orders_do_not_take_the_same_level():
    both = (at_venue(order(quantity=100)), at_venue(order(quantity=100), "C2"))
    parts = meet(both, walked(), Pool()).parts
    assert [(p.client_id, str(p.price)) for p in parts] == [("C1", "100.01"), ("C2", "100.03")]


def test_a_quote_newer_than_the_book_is_never_beaten_by_it():
    [part], *_ = lived(order(quantity=150), moment(100.0, 99.9, 100.02, asks=DEEP, bids=BIDS))
    assert bands(part) == ("150", "100.02", "100.03", "100.03")  # 100 x 100.02 + 50 x 100.03


def test_a_limit_takes_what_is_within_it_and_the_rest_stands_first_inside_the_spread():
    parts, rest, _ = lived(
        order(kind="limit", price="100.03", quantity=400),
        walked(),
        walked(100.03, after=2, printed=True),  # nobody stands before us, but how much traded is not known
        walked(100.03, after=3, printed=True, traded=60.0),
    )
    assert [(p.quantity, str(p.price), p.maker) for p in parts] == [
        (300, "100.03", False),  # 100.0233, to the tick against us
        (60, "100.03", True),
    ]
    assert (rest.left, rest.ahead) == (40, 0.0)
    assert all(p.pessimistic <= Decimal("100.03") for p in parts)


@pytest.mark.parametrize(
    ("force", "kind", "quantity", "filled", "code"),
    [
        ("ioc", "market", 1000, 700, "NOT_AT_ONCE"),
        ("ioc", "limit", 1000, 300, "NOT_AT_ONCE"),
        ("fok", "market", 1000, 0, "NOT_AT_ONCE"),
        ("fok", "market", 700, 700, ""),
        ("fok", "limit", 301, 0, "NOT_AT_ONCE"),
        ("fok", "limit", 300, 300, ""),
    ],
)
def test_at_once_or_not_at_all(force, kind, quantity, filled, code):
    price = "100.03" if kind == "limit" else None
    parts, after, pool = lived(
        order(kind=kind, price=price, quantity=quantity, force=force), walked(), walked(99.0, after=2)
    )
    assert sum(p.quantity for p in parts) == filled
    assert (after.code, after.state) == (code, OrderState.EXPIRED if code else OrderState.FILLED)
    assert bool(pool.taken) is bool(filled)


def test_a_limit_that_is_for_now_and_does_not_cross_is_given_up():
    parts, after, _ = lived(order(kind="limit", price="99", force="ioc"), walked(), walked(98.0, after=2))
    assert (parts, after.code) == ([], "NOT_AT_ONCE")


def test_post_only_is_given_up_when_it_would_take_and_rests_else():
    parts, after, _ = lived(order(kind="limit", price="100.01", post_only=True), walked())
    assert (parts, after.state, after.code) == ([], OrderState.CANCELED, "POST_ONLY")
    parts, after, _ = lived(
        order(kind="limit", price="100", post_only=True), walked(), walked(99.98, after=2)
    )
    assert [(str(p.price), p.maker) for p in parts] == [("100.00", True)]


# no book


def test_without_a_book_the_square_root_of_our_size_is_paid():
    """0.02 x sqrt(100 / 1,000,000) = 0.0002 of 100.01: 100.030002; twice that 100.050004."""
    [part], *_ = lived(order(quantity=100), moment(100.0, 99.99, 100.01, daily=DAILY))
    assert bands(part) == ("100", "100.01", "100.04", "100.06")
    [part], *_ = lived(order("sell", quantity=100), moment(100.0, 99.99, 100.01, daily=DAILY))
    assert bands(part) == ("100", "99.99", "99.97", "99.95")


def test_the_move_of_the_market_makes_the_pessimistic_price_worse():
    [part], *_ = lived(order(quantity=100), moment(100.0, 99.99, 100.01, move=0.5))
    assert bands(part) == ("100", "100.01", "100.01", "100.51")


def test_no_more_than_a_tenth_of_the_bar_is_ours_all_orders_together():
    both = (at_venue(order(quantity=80)), at_venue(order("sell", quantity=80), "C2"))
    met = meet(both, moment(100.0, volume=1005.0), Pool())
    assert [(p.client_id, p.quantity) for p in met.parts] == [("C1", 80), ("C2", 20)]
    again = meet(met.orders, moment(100.0, volume=1005.0, after=2), met.pool)
    assert again.parts == ()
    following = meet(again.orders, moment(100.0, volume=1005.0, after=60, bar=60), again.pool)
    assert [(p.client_id, p.quantity) for p in following.parts] == [("C2", 60)]


def test_what_an_order_took_before_still_moves_the_price():
    """The second hundred pays for two hundred: 0.02 x sqrt(200 / 1e6) = 0.000283 of 100."""
    parts, *_ = lived(
        order(quantity=200),
        moment(100.0, volume=1000.0, daily=DAILY),
        moment(100.0, volume=1000.0, daily=DAILY, after=60, bar=60),
    )
    assert [(p.quantity, str(p.price)) for p in parts] == [(100, "100.02"), (100, "100.03")]


def test_a_limit_takes_only_as_much_as_its_own_impact_leaves_room_for():
    """Room 0.01 / 100 = 0.0001; (0.0001 / 0.02) squared x 1,000,000 = 25 units."""
    [part], rest, _ = lived(order(kind="limit", price="100.01", quantity=100), moment(100.0, daily=DAILY))
    assert (part.quantity, str(part.price), rest.left, rest.rests) == (24, "100.01", 76, True)


def test_a_price_that_was_there_before_the_order_fills_nothing():
    request = order()
    early = at_venue(request)
    assert meet((early,), moment(100.0, after=0.0), Pool()).parts == ()
    assert meet((early,), moment(100.0, after=-5.0), Pool()).parts == ()
    met = meet((early,), moment(100.0, volume=50.0, after=1.0), Pool())
    assert [p.quantity for p in met.parts] == [5]
    assert meet(met.orders, moment(100.0, after=1.0), Pool()).parts == ()  # the same moment again


# limits that rest


def test_a_limit_is_served_once_others_have_traded_through_it():
    request = order(kind="limit", price="99")
    parts, *_ = lived(request, moment(100.0), moment(99.0, after=2), moment(98.5, after=3))
    assert [bands(p) for p in parts] == [("10", "99.00", "99.00", "99.00")]
    assert parts[0].maker is True


def test_a_trade_of_before_the_order_is_not_through_it_but_one_more_unit_traded_is():
    request = order(kind="limit", price="99")
    standing = [moment(98.0, 99.4, 99.6, after=n) for n in (1, 2, 3)]
    assert lived(request, *standing)[0] == []
    parts, *_ = lived(request, *standing, moment(98.0, 99.4, 99.6, after=4, printed=True))
    assert [str(p.price) for p in parts] == ["99.00"]


def test_at_the_touch_it_waits_for_those_before_it():
    """100 stand at 99.99 when it joins; 60 and 55 trade there, so 15 are ours."""
    request = order(kind="limit", price="99.99", quantity=40)
    parts, rest, _ = lived(
        request,
        walked(),
        walked(99.99, after=2, printed=True, traded=60.0),
        walked(99.98, after=3, printed=True, traded=0.0, asks=((99.99, 5.0),), volume=None),
        walked(99.99, after=4, printed=True, traded=55.0),
        walked(99.99, after=5, printed=True, traded=5.0),
    )
    assert [(p.quantity, str(p.price)) for p in parts] == [(15, "99.99"), (5, "99.99")]
    assert rest.left == 20
    assert recompute(parts[0].note, AAPL).rule == "queue"


def test_two_orders_do_not_share_the_same_trade():
    pair = tuple(at_venue(order(kind="limit", price="99.99", quantity=30), c) for c in ("C1", "C2"))
    met = meet(pair, walked(), Pool())
    met = meet(met.orders, walked(99.99, after=2, traded=140.0, printed=True), met.pool)
    assert [(p.client_id, p.quantity) for p in met.parts] == [("C1", 30), ("C2", 10)]


def test_beyond_what_the_book_shows_the_queue_is_not_known():
    request = order(kind="limit", price="99.50", quantity=10)
    trades = [walked(99.5, after=n, printed=True, traded=1e6) for n in (2, 3)]
    parts, rest, _ = lived(request, walked(), *trades)
    assert (parts, rest.ahead) == ([], None)
    near = ((99.5, 80.0), (99.4, 10.0))
    shown = walked(99.6, bids=near, after=4)
    parts, *_ = lived(request, walked(), shown, walked(99.5, bids=near, after=5, printed=True, traded=85.0))
    assert [p.quantity for p in parts] == [5]


def test_what_trades_through_is_ours_up_to_our_share_of_it():
    request = order(kind="limit", price="99", quantity=50)
    parts, rest, _ = lived(request, moment(100.0), moment(98.0, after=2, volume=300.0))
    assert ([p.quantity for p in parts], rest.left) == ([30], 20)


def test_a_gap_at_the_open_may_have_been_better_than_the_limit():
    request = order(kind="limit", price="99")
    parts, *_ = lived(request, moment(100.0), moment(95.0, 94.9, 95.1, after=2, opening=True))
    assert [bands(p) for p in parts] == [("10", "95.10", "99.00", "99.00")]


# orders that wait


def test_a_stop_fills_at_the_worse_of_stop_and_market():
    sell = order("sell", "stop", "95")
    assert lived(sell, moment(95.01))[0] == []
    assert [bands(p) for p in lived(sell, moment(90.0, 89.95, 90.05))[0]] == [
        ("10", "89.95", "89.95", "89.95")
    ]
    [part] = lived(sell, moment(95.0, 95.5, 95.6))[0]
    assert (str(part.optimistic), str(part.price)) == ("95.50", "95.00")
    [part] = lived(order("buy", "stop", "105"), moment(105.0, 104.4, 104.5))[0]
    assert (str(part.optimistic), str(part.price)) == ("104.50", "105.00")


def test_a_stop_that_was_reached_goes_on_as_a_market_order():
    parts, *_ = lived(
        order("sell", "stop", "95", quantity=20),
        moment(95.0, volume=100.0),
        moment(96.0, after=60, bar=60, volume=100.0),
    )
    assert [(p.quantity, str(p.price)) for p in parts] == [(10, "95.00"), (10, "96.00")]


def test_a_stop_limit_becomes_a_limit():
    request = order("sell", "stop_limit", "95", limit_price="94")
    [part] = lived(request, moment(94.5, 94.4, 94.6))[0]
    assert (str(part.price), part.maker) == ("94.40", False)
    parts, rest, _ = lived(request, moment(93.0, 92.9, 93.1), moment(93.5, after=2))
    assert (parts, rest.triggered, rest.rests) == ([], True, True)
    parts, *_ = lived(request, moment(93.0, 92.9, 93.1), moment(94.5, after=2))
    assert [(str(p.price), p.maker) for p in parts] == [("94.00", True)]


def test_a_take_profit_waits_for_the_better_price_and_then_takes_the_market():
    request = order("sell", "take_profit", "105")
    assert lived(request, moment(104.99))[0] == []
    assert [str(p.price) for p in lived(request, moment(106.0, 105.9, 106.1))[0]] == ["105.90"]
    request = order("buy", "take_profit", "95")
    assert [str(p.price) for p in lived(request, moment(96.0), moment(95.0, after=2))[0]] == ["95.00"]


@pytest.mark.parametrize(
    ("more", "path", "price"),
    [
        ({"trail_amount": "5"}, [100, 110, 106, 105], "105.00"),
        ({"trail_amount": "5"}, [100, 110, 104], "104.00"),  # through a gap
        ({"trail_percent": "10"}, [100, 120, 109, 108], "108.00"),
        ({"trail_percent": "10"}, [99.99, 90, 89.99], "89.99"),  # 89.991, away from the market
        ({"trail_amount": "5", "activation_price": "108"}, [100, 94, 108, 104, 103], "103.00"),
        ({"trail_amount": "5"}, [100, 96, 95.5], None),
    ],
)
def test_a_trailing_stop_follows_the_best_price(more, path, price):
    ticks = [moment(float(last), after=n + 1.0) for n, last in enumerate(path)]
    parts, *_ = lived(order("sell", "trailing_stop", **more), *ticks)
    assert [str(p.price) for p in parts] == ([price] if price else [])
    mirrored = [moment(200.0 - last, after=n + 1.0) for n, last in enumerate(path)]
    if "trail_amount" in more:
        begins = {k: str(200 - Decimal(v)) for k, v in more.items() if k == "activation_price"}
        parts, *_ = lived(order("buy", "trailing_stop", **{**more, **begins}), *mirrored)
        assert [p.price for p in parts] == ([200 - Decimal(price)] if price else [])


# ends


def test_the_first_of_a_pair_ends_the_other():
    pair = (
        at_venue(order("sell", "stop", "95"), group="x"),
        at_venue(order("sell", "limit", "105"), "C2", group="x"),
        at_venue(order("sell", "limit", "105"), "C3"),
    )
    met = meet(pair, moment(100.0), Pool())
    met = meet(met.orders, moment(106.0, after=2), met.pool)
    assert [o.state for o in met.orders] == [OrderState.CANCELED, OrderState.FILLED, OrderState.FILLED]
    assert met.orders[0].code == "OCO"


def test_good_till_is_over():
    request = order(kind="limit", price="99", force="gtd", good_till=T0 + timedelta(seconds=10))
    parts, after, _ = lived(request, moment(100.0), moment(99.5, after=9), moment(90.0, after=10))
    assert (parts, after.state, after.code) == ([], OrderState.EXPIRED, "TIME_OVER")


RULES = {
    "walk": lived(order(quantity=333), walked(move=0.25))[0],
    "walk a limit": lived(order("sell", "limit", "99.97", quantity=333), walked(move=0.25))[0],
    "spread": lived(order(quantity=333), moment(100.0, 99.987, 100.013, daily=DAILY, move=0.1))[0],
    "spread a limit": lived(
        order("sell", "limit", "99.97", quantity=333), moment(100.0, 99.987, 100.013, daily=DAILY)
    )[0],
    "spread a stop": lived(order("sell", "stop", "99.5", quantity=77), moment(99.1, daily=DAILY))[0],
    "through": lived(order(kind="limit", price="99"), moment(100.0), moment(98.5, after=2))[0],
    "through a gap": lived(
        order(kind="limit", price="99"), moment(100.0), moment(98.5, after=2, opening=True)
    )[0],
    "queue": lived(
        order(kind="limit", price="99.99", quantity=9), walked(), walked(99.99, after=2, traded=105.0)
    )[0],
}


@pytest.mark.parametrize("name", RULES)
def test_every_fill_is_computed_again_from_its_note(name):
    assert RULES[name]
    for part in RULES[name]:
        again = recompute(part.note, AAPL)
        assert again.rule == name.split()[0]
        assert (again.priced.quantity, again.priced.expected) == (part.quantity, part.price)
        assert (again.priced.optimistic, again.priced.pessimistic) == (part.optimistic, part.pessimistic)


@pytest.mark.parametrize(
    "note", ['{"model":"paper 1"}', "{}", "[]", "no", '{"model":"paper 2","rule":"walk"}']
)
def test_a_note_that_is_not_ours_is_refused(note):
    with pytest.raises(ValueError):  # noqa: PT011  json's own is one
        recompute(note, AAPL)
