"""Execution quality against numbers worked by hand."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from marketpulse.performance import execution_quality
from marketpulse.types import Fill, Order, OrderRequest, OrderState, OrderType, Side

T0 = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


def order(number, side=Side.BUY, kind=OrderType.MARKET, *, quantity=10, arrival=100.0, fills=(), **changes):
    request = OrderRequest("AAPL", side, kind, Decimal(quantity), **changes.pop("prices", {}))
    made = tuple(
        Fill("paper", f"{number}-{n}", f"MP{number}", "AAPL", side, Decimal(q), Decimal(p), Decimal(1),
             T0 + timedelta(seconds=s), note)
        for n, (q, p, s, note) in enumerate(fills)
    )  # fmt: skip
    plain = Order(
        f"o{number}", f"MP{number}", "paper:desk", request, OrderState.FILLED, T0, T0,
        filled_quantity=sum((f.quantity for f in made), Decimal(0)), venue_id=f"V{number}", fills=made, arrival=arrival,
    )  # fmt: skip
    return replace(plain, **changes)


def unknown(*_):
    return None


def test_a_buy_above_and_a_sale_below_the_arrival_mid_are_both_worse():
    # 10 at 100.10 (+10 bp, weight 1,001) and 10 sold at 99.80 (+20 bp, weight 998).
    rows = execution_quality(
        [order(1, fills=[(10, "100.10", 2, "")]), order(2, Side.SELL, fills=[(10, "99.80", 4, "")])], unknown
    )
    whole = rows[0]
    assert whole.slippage == pytest.approx((0.001 * 1001 + 0.002 * 998) / 1999)
    assert whole.seconds == pytest.approx((2 * 1001 + 4 * 998) / 1999)
    assert (whole.orders, whole.fills, whole.fill_ratio) == (2, 2, 1.0)


def test_the_bar_and_the_quote_are_the_other_two_references():
    note = json.dumps({"bid": "99.9", "ask": "100.1"})
    (row,) = execution_quality([order(1, fills=[(10, "100.1", 1, note)])], lambda *_: 100.3)
    assert row.spread_paid == pytest.approx(0.001)
    assert row.against_vwap == pytest.approx(100.1 / 100.3 - 1)


@pytest.mark.parametrize("arrival", [None, 0.0, -1.0, float("nan"), float("inf")])
def test_an_order_without_a_known_arrival_price_has_no_slippage(arrival):
    (row,) = execution_quality([order(1, arrival=arrival, fills=[(10, "100", 1, "")])], unknown)
    assert row.slippage is None
    assert row.against_vwap is None


@pytest.mark.parametrize(
    "note", ["", "{", "[]", "null", '{"bid":"nan","ask":"1"}', '{"bid":"2","ask":"1"}', '{"bid":[]}']
)
def test_a_note_without_both_sides_of_a_market_gives_no_spread(note):
    (row,) = execution_quality([order(1, fills=[(10, "100", 1, note)])], unknown)
    assert row.spread_paid is None


def test_only_what_reached_a_venue_counts_and_only_what_ended_has_a_ratio():
    open_order = order(1, fills=[(4, "100", 1, "")], state=OrderState.PARTIALLY_FILLED)
    given_up = order(2, fills=[(5, "100", 1, "")], state=OrderState.CANCELED)
    denied = order(3, state=OrderState.DENIED, venue_id=None)
    unsent = order(4, state=OrderState.CANCELED, venue_id=None)
    whole = execution_quality([open_order, given_up, denied, unsent], unknown)[0]
    assert (whole.orders, whole.fills, whole.fill_ratio) == (2, 2, 0.5)


def test_groups_are_listed_where_there_are_several():
    limit = order(
        2, kind=OrderType.LIMIT, prices={"limit_price": Decimal(100)}, fills=[(10, "100", 1, "")],
        account="binance:1",
    )  # fmt: skip
    rows = execution_quality([order(1, fills=[(10, "101", 1, "")]), limit], unknown)
    assert [(r.venue, r.symbol, r.type) for r in rows] == [
        ("", "", ""), ("binance", "", ""), ("paper", "", ""), ("", "", "limit"), ("", "", "market"),
    ]  # fmt: skip
    assert [r.slippage for r in rows[1:3]] == [0.0, pytest.approx(0.01)]


def test_each_fill_asks_for_its_bar_once():
    asked = []
    execution_quality(
        [order(1, fills=[(5, "100", 1, ""), (5, "100", 2, "")]), order(2, fills=[(5, "1", 1, "")])],
        lambda symbol, time: asked.append((symbol, time)),
    )
    assert len(asked) == 3
