"""Whatever passes, no limit is broken however badly it fills: orders of every kind, one after another.

The desk here is arithmetic of its own. Each order that passes rests; in the worst case every buy fills
whole at the dearest price its kind allows, and every sale sells all of its units.
"""

import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import inf, nan

from hypothesis import given, settings
from hypothesis import strategies as st
from tickets import INSTRUMENTS, NOW, context, datum, order, portfolio

from marketpulse.ports import BrokerCapabilities
from marketpulse.risk.context import Day, Offer
from marketpulse.risk.costs import fee, half_spread
from marketpulse.risk.pretrade import check, preview
from marketpulse.types import AssetClass, Halt, OrderRequest, OrderType, Rate, Side, TimeInForce

SHARE = INSTRUMENTS["AAPL"]
MOST = 5
ODD = [Decimal("NaN"), Decimal("Infinity"), Decimal(0), Decimal(-1), Decimal("99.999")]
KINDS = list(OrderType)
FORCES = [TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD, TimeInForce.IOC]


def number(dice, low, high):
    """A price in cents, once in forty times one that is no price."""
    return dice.choice(ODD) if dice.random() < 0.025 else Decimal(dice.randint(low * 100, high * 100)) / 100


def money(dice, low, high):
    return dice.choice([None, nan, inf, 0.0]) if dice.random() < 0.04 else dice.uniform(low, high)


def wish(dice):
    """An order of any kind, mostly sound; what no request can be becomes a market order."""
    kind, side, fields = dice.choice(KINDS), dice.choice(list(Side)), {}
    if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
        fields["limit_price"] = number(dice, 85, 115)
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT}:
        fields["stop_price"] = number(dice, 78, 122)
    if kind is OrderType.TRAILING_STOP:
        fields[dice.choice(["trail_amount", "trail_percent"])] = number(dice, 0, 22)
        fields["activation_price"] = dice.choice([None, number(dice, 78, 122)])
    if side is Side.BUY and dice.random() < 0.3:
        fields["stop_loss_price"] = dice.choice([None, number(dice, 80, 99)])
        fields["take_profit_price"] = dice.choice([None, number(dice, 95, 125)])
    fields["reduce_only"] = side is Side.SELL and dice.random() < 0.3
    fields["post_only"] = kind is OrderType.LIMIT and dice.random() < 0.3
    force = dice.choice(FORCES)
    if force is TimeInForce.GTD:
        fields["good_till"] = NOW + timedelta(days=dice.randint(-20, 400))
    quantity = Decimal(dice.randint(1, 60) if dice.random() < 0.9 else dice.randint(1, 400))
    try:
        return OrderRequest("AAPL", side, kind, quantity, time_in_force=force, **fields)
    except ValueError:
        return OrderRequest("AAPL", side, OrderType.MARKET, quantity)


def dearest(request, ask):
    """The most a unit may cost by the desk's own assumptions, fee apart: half a spread and 1 % beyond."""
    if request.limit_price is not None:
        return request.limit_price
    start = ask
    if request.type is OrderType.STOP:
        start = max(ask, float(request.stop_price))
    elif request.type is OrderType.TAKE_PROFIT:
        start = min(ask, float(request.stop_price))
    elif request.type is OrderType.TRAILING_STOP:
        best = ask if request.activation_price is None else min(ask, float(request.activation_price))
        percent, amount = request.trail_percent, request.trail_amount
        start = best + (float(amount) if amount is not None else best * float(percent) / 100)
    return Decimal(repr(start * (1 + half_spread(SHARE) + 0.01)))


def rising(request):
    """The price to which the market must rise before a buy fills; 0 where it need not."""
    if request.type is OrderType.STOP:
        return float(request.stop_price)
    if request.type is OrderType.STOP_LIMIT:
        return float(request.limit_price)
    if request.type is OrderType.TRAILING_STOP:
        best = 100.0 if request.activation_price is None else min(100.0, float(request.activation_price))
        percent, amount = request.trail_percent, request.trail_amount
        return best + (float(amount) if amount is not None else best * float(percent) / 100)
    return 0.0


def tried(seed):
    """Place a dozen orders in a world of its own; the world, and which of them passed."""
    dice = random.Random(seed)
    cash, held = Decimal(dice.randint(0, 40_000)), dice.randint(0, 100)
    start = money(dice, 90_000, 100_000)
    equity = money(dice, 0.965, 1.05)
    equity = None if equity is None else equity * 95_000
    over = dice.random() < 0.05
    halt = dice.choice([None] * 12 + [Halt(NOW, "x", reducing=True), Halt(NOW, "x")])
    books, working, recent = portfolio(str(cash), AAPL=str(held)), [], dice.randint(0, 4)
    for number_ in range(12):
        request = wish(dice)
        whole = context(
            portfolio=books, orders=tuple(working), equity=equity, halt=halt, now=NOW, recent=recent,
            day=Day(start, 0.03, over=over), per_minute=MOST, scenarios=None,
        )  # fmt: skip
        if all(c.passed for c in check(request, whole)):
            working.append(order(request, order_id=str(number_)))
            recent += request.side is Side.BUY
    return cash, held, equity, start, over, halt, recent, [o.request for o in working]


@settings(deadline=None, max_examples=400)
@given(st.integers(0, 2**32))
def test_what_passes_breaks_no_limit_in_the_worst_case(seed):
    cash, held, equity, start, over, halt, recent, passed = tried(seed)
    buys = [r for r in passed if r.side is Side.BUY]
    sales = [r for r in passed if r.side is Side.SELL]
    paid = sum(
        (r.quantity * dearest(r, 100.01) + fee(SHARE, r.quantity, dearest(r, 100.01)) for r in buys),
        Decimal(0),
    )
    assert paid <= cash
    assert sum(r.quantity for r in sales) <= held
    if halt is not None:
        assert buys == []
        assert halt.reducing or sales == []
    if buys:
        assert recent <= MOST
        assert not over
        assert equity > start * 0.97
        highest = max([100.0, *(rising(r) for r in buys)])
        assert (held + sum(float(r.quantity) for r in buys)) * highest <= 0.15 * equity * (1 + 1e-6)


def test_those_worlds_let_orders_of_every_kind_through():
    passed = Counter((r.side, r.type) for seed in range(150) for r in tried(seed)[-1])
    assert set(passed) == {(side, kind) for side in Side for kind in OrderType}
    assert sum(n for (side, _), n in passed.items() if side is Side.BUY) > 100


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 2**32),
    rate=st.one_of(st.none(), st.floats(), st.floats(0.001, 2.0)),
    held=st.integers(0, 50),
)
def test_brief_and_whole_verdict_are_one_in_any_currency(*, seed, rate, held):
    request = wish(random.Random(seed))
    rupee = replace(SHARE, currency="INR")
    books = portfolio("0", AAPL=str(held))
    books = replace(books, balances={("kite:1", "INR"): Decimal(50_000)})
    can = BrokerCapabilities(
        frozenset(OrderType) - {OrderType.STOP_LIMIT}, frozenset(AssetClass), 1.0, live=True
    )
    whole = context(
        instrument=rupee, portfolio=books, account="kite:1", rates={"INR": Rate("INR", rate, "x")}, now=NOW,
        venue=Offer("kite", can), day=Day(100_000.0), aliases={},
    )  # fmt: skip
    brief, full = check(request, whole), preview(request, whole)
    judged = [c for c in full.checks if not c.advisory]
    assert [(c.code, c.passed) for c in brief] == [(c.code, c.passed) for c in judged]
    assert all(c.sentence.endswith(".") and "\n" not in c.sentence for c in full.checks)
    known = rate is not None and 0 < rate < inf
    if full.ok and request.side is Side.BUY:
        assert known
        assert (held + float(request.quantity)) * 100.0 * rate <= 15_000 * (1 + 1e-6)
    if request.type is OrderType.STOP_LIMIT:
        assert not full.ok


def test_the_quote_of_these_worlds_is_the_usual_one():
    assert (datum().quote.ask, datum().quote.price) == (100.01, 100.0)
