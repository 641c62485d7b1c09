"""What the gate gathers: the minute, the day, the venue; exact under 16 writers and over a restart."""

import threading
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from tickets import NOW, ask, datum, limit, sell, stop
from unit.loop.gatehouse import ACCOUNT, CASH, House

from marketpulse.brokers.paper import PaperBroker
from marketpulse.errors import Refused
from marketpulse.portfolio.codec import External, ExternalKind, read_alert, write_external
from marketpulse.ports import BrokerCapabilities
from marketpulse.risk.exposures import Bounds
from marketpulse.risk.prospect import Standing
from marketpulse.risk.var import Scenarios
from marketpulse.types import (
    Agreement,
    AssetClass,
    EventKind,
    NewEvent,
    OrderState,
    OrderType,
    Rate,
    SessionState,
    TimeInForce,
)
from marketpulse.types.earnings import Upcoming

WRITERS, EACH, LIMIT = 16, 20, 30
SMALL = limit("99", quantity=1, time_in_force=TimeInForce.GTC)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path, LIMIT)
    yield house
    house.close()


def hold(house, units, price=100):
    """Adopt shares, paid from the cash that is there."""
    external = External(ExternalKind.TRADE, "AAPL", Decimal(units), Decimal(price), "USD")
    event = NewEvent(house.clock.now(), ACCOUNT, EventKind.EXTERNAL, "AAPL", write_external(external))
    house.books.replay(house.ledger.append(event))


def answer(house, request, key):
    try:
        house.execution.place(request, key)
    except Refused as refused:
        return refused.code
    return "accepted"


def crowd(house, name, request=SMALL):
    """Sixteen threads that begin at once, each with orders of its own."""
    said, ready, lock = Counter(), threading.Barrier(WRITERS), threading.Lock()

    def run(number):
        ready.wait()
        for i in range(EACH):
            code = answer(house, request, f"{name} {number} {i}")
            with lock:
                said[code] += 1

    threads = [threading.Thread(target=run, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return said


def test_sixteen_writers_place_thirty_buys_a_minute_and_not_one_more(house):
    every = WRITERS * EACH
    assert crowd(house, "first") == {"accepted": LIMIT, "ORDER_RATE": every - LIMIT}
    house.clock.advance(59.9)
    assert crowd(house, "second") == {"ORDER_RATE": every}
    house.clock.advance(0.1)
    assert crowd(house, "third") == {"accepted": LIMIT, "ORDER_RATE": every - LIMIT}
    kinds = Counter(event.kind for event in house.ledger.read())
    assert kinds[EventKind.ORDER] == 2 * LIMIT


def test_a_restart_forgets_no_buy(house):
    for number in range(LIMIT - 1):
        assert answer(house, SMALL, f"a {number}") == "accepted"
        house.clock.advance(1)
    house.restart()
    assert answer(house, SMALL, "b") == "accepted"
    assert answer(house, SMALL, "c") == "ORDER_RATE"
    house.restart()
    assert answer(house, SMALL, "d") == "ORDER_RATE"
    house.clock.advance(60 - (LIMIT - 1))
    assert answer(house, SMALL, "e") == "accepted"  # the first of them was a minute ago
    assert answer(house, SMALL, "f") == "ORDER_RATE"


def test_whoever_gets_out_is_neither_counted_nor_stopped(house):
    hold(house, 100)
    for number in range(LIMIT):
        assert answer(house, SMALL, f"buy {number}") == "accepted"
    for number in range(LIMIT + 5):
        assert answer(house, sell(1), f"sale {number}") == "accepted"
    assert answer(house, stop("95", quantity=10), "stop") == "accepted"
    for order in house.books.open_orders:
        house.execution.cancel(order.id)
    assert answer(house, SMALL, "again") == "ORDER_RATE"


def test_a_refused_buy_does_not_count(house):
    for number in range(LIMIT + 5):
        assert answer(house, ask(quantity=Decimal(10_000)), f"no {number}") == "FAT_FINGER"
    assert answer(house, SMALL, "yes") == "accepted"


# The day


def test_a_day_that_has_lost_3_percent_buys_nothing_until_the_next_also_after_a_restart(house):
    hold(house, 500)  # half of what is there
    house.turn()
    house.price(94.01)
    assert answer(house, ask(quantity=Decimal(1)), "before") == "POSITION_LIMIT"
    house.price(94.0)  # 500 x 6 = 3,000, 3 % of 100,000
    assert answer(house, ask(quantity=Decimal(1)), "at") == "DAILY_LOSS"
    house.turn()
    house.price(100.0)
    house.restart()
    assert answer(house, ask(quantity=Decimal(1)), "recovered") == "DAILY_LOSS"
    assert answer(house, sell(450), "sale") == "accepted"
    assert house.day_stop.notes == (
        "The day's loss has reached its limit: nothing is bought until the next day.",
    )
    house.execution.cancel(house.books.open_orders[0].id)
    house.clock.advance(86_400)
    house.turn()
    assert house.day_stop.notes == ()
    assert answer(house, ask(quantity=Decimal(1)), "next day") == "POSITION_LIMIT"


def test_the_day_that_is_over_is_one_event(house):
    hold(house, 500)
    house.price(90.0)
    for _ in range(3):
        house.turn()
    house.restart()
    house.turn()
    alerts = [read_alert(e.payload).code for e in house.ledger.read() if e.kind is EventKind.ALERT]
    assert alerts == ["DAILY_LOSS"]


def test_a_loss_that_only_an_order_saw_ends_the_day_too(house):
    hold(house, 500)
    house.turn()
    house.price(93.0)
    assert answer(house, SMALL, "seen") == "DAILY_LOSS"
    house.price(100.0)
    assert house.gate.over is not None
    house.turn()
    house.restart()
    assert house.gate.over is not None


def test_a_new_day_begins_with_what_the_last_one_left(house):
    hold(house, 500)
    house.turn()
    house.price(97.0)  # 98,500 at the end of the day
    house.clock.advance(1_300)
    house.turn()
    house.clock.advance(86_400)
    house.price(91.2)  # 95,600: a day's loss of 2.94 %, of 4.4 % in all
    house.turn()
    assert house.gate.over is None
    house.price(91.0)  # 95,500: 3.05 %
    house.turn()
    assert house.gate.over is not None


def test_between_midnight_and_the_next_turn_the_day_begins_with_the_last_worth(house):
    hold(house, 500)
    house.price(97.0)
    house.turn()
    house.clock.advance(86_400)
    assert not house.gate.look(house.market.data()).over
    assert house.gate.look(house.market.data()).start == pytest.approx(98_500.0)


def test_equity_that_is_not_known_buys_nothing(house):
    hold(house, 100)
    house.market.quotes = {"IBM": datum("IBM", 200.0, 199.99, 200.01)}
    assert answer(house, ask(symbol="IBM", quantity=Decimal(1)), "unknown") == "DAILY_LOSS"


@pytest.mark.parametrize(
    ("session", "code"), [(SessionState.OPEN, "DAILY_LOSS"), (SessionState.CLOSED, None)]
)
def test_a_stale_price_of_something_held_stops_buying_while_its_market_is_open(house, session, code):
    hold(house, 100)
    stale = datum(stale=True, session=session)
    house.market.quotes = {"AAPL": stale, "IBM": datum("IBM", 200.0, 199.99, 200.01)}
    found = answer(house, ask(symbol="IBM", quantity=Decimal(1)), "other")
    assert found == (code or "accepted")


# The venue and the clock


class Plain(PaperBroker):
    """A venue that takes market and limit orders only."""

    @property
    def name(self):
        return "plainvenue"

    @property
    def capabilities(self):
        return BrokerCapabilities(
            frozenset({OrderType.MARKET, OrderType.LIMIT}), frozenset(AssetClass), 0.0, live=False
        )


def test_the_venue_says_what_it_takes(tmp_path):
    house = House(tmp_path, broker=Plain)
    hold(house, 10)
    with pytest.raises(Refused, match="plainvenue takes no trailing stop orders; it takes limit, market"):
        house.execution.place(sell(type=OrderType.TRAILING_STOP, trail_percent=Decimal(5)), "trail")
    assert answer(house, ask(time_in_force=TimeInForce.IOC), "ioc") == "TYPE_NOT_OFFERED"
    assert answer(house, ask(), "plain") == "accepted"
    house.close()


def test_good_till_is_read_by_the_clock_the_instrument_trades_on(house):
    def until(moment):
        return limit("99", time_in_force=TimeInForce.GTD, good_till=moment)

    assert answer(house, until(NOW + timedelta(days=400)), "far") == "GOOD_TILL_FAR"
    assert answer(house, until(NOW + timedelta(hours=1)), "good") == "accepted"
    house.clock.advance(3_600)
    assert answer(house, until(NOW + timedelta(hours=1)), "over") == "GOOD_TILL_OVER"


def test_reducing_lets_sales_pass_and_a_halt_nothing(house):
    hold(house, 100)
    house.execution.reduce("an alert")
    assert answer(house, SMALL, "buy") == "REDUCING"
    assert answer(house, sell(1), "sale") == "accepted"
    house.execution.halt("enough")
    assert answer(house, sell(1), "halted") == "HALTED"


def test_a_preview_answers_as_place_does(house):
    for number in range(LIMIT):
        answer(house, SMALL, f"fill {number}")
    (refusal,) = house.execution.preview(SMALL).failed
    assert (refusal.code, refusal.value, refusal.limit) == ("ORDER_RATE", "31", "30")


def test_what_stands_in_the_books_is_what_was_reserved(house):
    assert answer(house, limit("99", quantity=100), "one") == "accepted"
    house.market.quotes = {"AAPL": datum(agreement=Agreement.DISPUTED)}
    assert answer(house, SMALL, "disputed") == "DISPUTED_QUOTE"
    assert [o.state for o in house.books.open_orders] == [OrderState.NEW]
    assert house.books.cash == CASH


@pytest.mark.parametrize(
    ("bounds", "code"),
    [
        (Bounds(gross=0.05), "GROSS_LIMIT"),
        (Bounds(net=0.05), "NET_LIMIT"),
        (Bounds(asset_class=0.05), "CLASS_LIMIT"),
        (Bounds(sector=0.05), "SECTOR_LIMIT"),
        (Bounds(liquidity_days=5, volume_share=0.1), "LIQUIDITY_LIMIT"),
    ],
)
def test_sixteen_writers_fill_each_limit_of_where_money_lies_to_the_unit(tmp_path, bounds, code):
    crowded = House(tmp_path, per_minute=600)
    gate = crowded.gate
    gate.bounds, gate.scenarios, gate.medians = bounds, Scenarios({}), {"AAPL": 100.0}
    every = WRITERS * EACH
    assert crowd(crowded, "first") == {"accepted": 50, code: every - 50}  # 5,000 of 100,000 at 100 each
    assert crowd(crowded, "second") == {code: every}
    crowded.close()


def test_sixteen_writers_fill_a_foreign_currency_to_the_unit(tmp_path):
    crowded = House(tmp_path, per_minute=600, base="EUR")
    crowded.gate.bounds = Bounds(currency=0.05)
    crowded.gate.rates = lambda _: {"USD": Rate("USD", 0.8, "made up")}
    dollars = write_external(External(ExternalKind.CASH, currency="USD", cash=Decimal(25_000)))
    event = NewEvent(crowded.clock.now(), ACCOUNT, EventKind.EXTERNAL, "USD", dollars)
    crowded.books.replay(crowded.ledger.append(event))
    every = WRITERS * EACH  # equity is 100,000 and 25,000 x 0.8 euros; a share is worth 80 of them
    assert crowd(crowded, "first") == {"accepted": 75, "CURRENCY_LIMIT": every - 75}
    crowded.gate.rates = lambda _: {"USD": Rate("USD", None, "made up")}
    assert "accepted" not in crowd(crowded, "second")
    crowded.close()


@pytest.mark.parametrize(("red", "units", "code"), [(False, 150, "POSITION_LIMIT"), (True, 75, "RED_ZONE")])
def test_sixteen_writers_fill_a_position_to_the_unit(tmp_path, red, units, code):
    crowded = House(tmp_path, per_minute=600)
    crowded.gate.standing = Standing(red=red)
    every = WRITERS * EACH
    assert crowd(crowded, "first") == {"accepted": units, code: every - units}
    crowded.close()


def test_an_event_that_is_near_lets_no_writer_buy_and_anyone_sell(house):
    hold(house, 10)
    house.gate.event_days = 3
    near = Upcoming(date(2012, 6, 4), 1, "finnhub", NOW, NOW)
    house.gate.upcoming = lambda _: near
    assert crowd(house, "buys") == {"EVENT": WRITERS * EACH}
    assert answer(house, sell(1), "sale") == "accepted"
    house.gate.upcoming = lambda _: replace(near, sessions=4)
    assert answer(house, SMALL, "later") == "accepted"
