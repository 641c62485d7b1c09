"""Latency, charges, moments and volumes of the paper venue, each by itself."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from statistics import median

import pytest
from unit.brokers.paper_market import AAPL, BTC, T0, bars, book, days

from marketpulse.brokers.paper_activity import activity
from marketpulse.brokers.paper_fees import charge
from marketpulse.brokers.paper_latency import delay, seed_of
from marketpulse.brokers.paper_tick import Before, tick_of
from marketpulse.types import AssetClass, Instrument, Interval, Quote, Side

ANSWERS = Path(__file__).parents[2] / "answers"
NSE = Instrument("INFY.NS", "Infosys", AssetClass.EQUITY, "INR", "XBOM", tick=Decimal("0.05"), lot=Decimal(1))
NOTHING = (Decimal(0), Decimal(0), Decimal(0))


# latency


def test_latency_is_lognormal_around_its_median():
    seconds = sorted(delay(seed_of(f"MP{n}")).total_seconds() for n in range(4000))
    assert 0.14 < median(seconds) < 0.16
    assert 0.5 < seconds[int(0.99 * len(seconds))] < 0.75
    assert seconds[0] > 0


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_every_seed_has_a_latency(seed):
    assert timedelta(0) < delay(seed) < timedelta(minutes=1)


# charges


def charged(instrument, side, parts, *, maker=False):
    """The charges of an order that fills in these (units, price) parts."""
    units, value, fees = NOTHING
    told = []
    for quantity, price in parts:
        part = Decimal(quantity), Decimal(price)
        told.append(charge(instrument, Side(side), (units, value, fees), part, maker=maker))
        units, value, fees = units + part[0], value + part[0] * part[1], fees + told[-1]
    return told


@pytest.mark.parametrize("case", json.loads((ANSWERS / "ib_fixed_fees.json").read_text())["cases"], ids=str)
def test_shares_are_charged_by_the_order_however_many_parts_it_takes(case):
    assert sum(charged(AAPL, "buy", [(case["shares"], case["price"])])) == Decimal(case["fee"])
    half = Decimal(case["shares"]) / 2
    assert sum(charged(AAPL, "sell", [(half, case["price"])] * 2)) == Decimal(case["fee"])


def test_pairs_cost_a_thousandth_of_each_part():
    assert charged(BTC, "buy", [("0.5", "60000"), ("0.5", "60000.1")]) == [Decimal("30.00"), Decimal("30.01")]
    assert charged(BTC, "buy", [("0.5", "60000")], maker=True) == [Decimal("30.00")]


@pytest.mark.parametrize(
    ("side", "fee"),
    [
        # 100,000 rupees: tax 100; exchange 3.07 and regulator 0.10, with 18 % services tax 3.7406; stamp 15.
        ("buy", "118.75"),
        ("sell", "103.75"),
    ],
)
def test_shares_at_nse_cost_taxes_and_charges_and_no_brokerage(side, fee):
    assert charged(NSE, side, [("100", "1000")]) == [Decimal(fee)]
    assert sum(charged(NSE, side, [("40", "1000"), ("60", "1000")])) == Decimal(fee)


# moments


def quote(last, bid=None, ask=None, volume=None, received=T0):
    return Quote("AAPL", last, bid, ask, volume, received, received, "tape")


@pytest.mark.parametrize(
    ("newer", "given", "touch"),
    [
        (False, (99.0, 99.5), (99.9, 100.1)),  # the book knows better than an older quote
        (True, (99.95, 100.05), (99.9, 100.1)),  # and a newer quote makes it no better
        (True, (99.8, 100.2), (99.8, 100.2)),
        (True, (None, None), (99.9, 100.15)),  # last trade 100.15: nobody sells below it
    ],
)
def test_quote_and_book_are_joined_by_the_worse_of_the_two(newer, given, touch):
    ladder = book([(100.1, 5.0)], [(99.9, 5.0)], received=T0)
    moment = T0 + timedelta(seconds=1 if newer else -1)
    tick = tick_of(quote(100.15, *given, received=moment), ladder, AAPL, None, None)
    assert (tick.bid, tick.ask) == touch
    assert tick.received == max(moment, T0)
    assert not tick.assumed


def test_a_crossed_book_is_no_book():
    tick = tick_of(quote(100.0, 99.0, 101.0), book([(99.0, 5.0)], [(99.5, 5.0)]), AAPL, None, None)
    assert (tick.bid, tick.ask, tick.asks) == (99.0, 101.0, ())


@pytest.mark.parametrize(
    ("before", "volume", "printed", "traded"),
    [
        (Before(100.0, 100.0, 500.0), 560.0, True, 60.0),
        (Before(100.0, 100.01, 500.0), 560.0, True, 0.0),  # at the one price or at the other
        (Before(100.0, 100.0, 500.0), 500.0, False, 0.0),
        (Before(100.0, 100.0, 500.0), 10.0, False, 0.0),  # a new session counts anew
        (Before(100.0, 100.0, None), 560.0, False, 0.0),
        (Before(100.0, 100.0, 500.0), None, False, 0.0),
        (None, 560.0, False, 0.0),
    ],
)
def test_what_traded_at_the_last_price_is_counted_only_where_that_is_certain(before, volume, printed, traded):
    tick = tick_of(quote(100.0, volume=volume), None, AAPL, before, None)
    assert (tick.printed, tick.traded) == (printed, traded)
    assert tick.opening is (before is None)


def test_the_move_is_that_of_the_middle():
    tick = tick_of(quote(100.0, 99.5, 101.0), None, AAPL, Before(100.0, 100.0, None), None)
    assert tick.move == 0.25


# volumes


def minutes(*volumes, ago=60):
    newest = int(T0.timestamp()) - ago
    rows = [(newest - 60 * n, 100.0, v) for n, v in enumerate(volumes)][::-1]

    def history(symbol, interval, count):
        if interval is Interval.MINUTE:
            return bars(interval, rows[-count:], symbol)
        return days(39_000, count=22, wobble=0.02)(symbol, interval, count)

    return history


def test_the_minute_is_the_larger_of_the_forming_and_the_last():
    found = activity(minutes(30.0, 400.0, 900.0), AAPL, T0)
    assert (found.volume, found.bar) == (400.0, int(T0.timestamp()) - 60)
    assert activity(minutes(700.0, 400.0), AAPL, T0).volume == 700.0
    assert found.daily.adv == 39_000


@pytest.mark.parametrize(("instrument", "a_minute"), [(AAPL, 100.0), (BTC, 39_000 / 1440), (NSE, 104.0)])
def test_with_daily_bars_only_the_day_is_spread_evenly_over_its_session(instrument, a_minute):
    now = datetime(2012, 6, 1, 15, 0, 42, tzinfo=UTC)
    found = activity(days(39_000, count=22), instrument, now)
    assert found.volume == pytest.approx(a_minute)
    assert found.bar == int(now.timestamp()) - 42
    assert activity(minutes(30.0, ago=3600), instrument, now).volume == pytest.approx(a_minute)


def test_too_few_days_give_a_volume_and_no_impact():
    found = activity(days(39_000, count=3), AAPL, T0)
    assert found.volume == 100.0
    assert found.daily.adv != found.daily.adv
