"""Units before a day: trades by their own day at the exchange, splits of that day counted."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import write_action
from marketpulse.portfolio.entitled import held_before
from marketpulse.types import ActionKind, CorporateAction, EventKind

NEW_YORK = ZoneInfo("America/New_York")
DAY = date(2012, 6, 5)


def at(text):
    return datetime.fromisoformat(f"2012-06-{text}+00:00")


def before(script):
    books = Books.of((ACCOUNT, "b:2"), script.events)
    return held_before(books.moves("AAPL", ACCOUNT), DAY, NEW_YORK)


def test_a_trade_of_the_evening_before_counts_and_one_of_the_day_does_not():
    script = Script().trade("buy", 10, 1, time=at("04T15:00")).trade("sell", 1, 1, time=at("05T03:59"))
    script.trade("buy", 5, 1, time=at("05T04:00")).trade("sell", 14, 1, time=at("07T15:00"))
    script.trade("buy", 99, 1, account="b:2", time=at("01T15:00")).trade("buy", 7, 1, "MSFT")
    assert before(script) == 9


def test_splits_up_to_the_day_count_and_later_ones_do_not():
    script = Script().trade("buy", 10, 1, time=at("01T15:00"))
    for day, ratio in ((5, 2), (6, 7)):
        action = CorporateAction("AAPL", date(2012, 6, day), ActionKind.SPLIT, Decimal(ratio))
        script.add(EventKind.ACTION, "AAPL", write_action(action))
    assert before(script) == 20


def test_units_from_elsewhere_count_from_their_own_time():
    script = Script().external("opening", "AAPL", 10, 1, "USD", time=at("04T15:00"))
    script.external("trade", "AAPL", -3, 1, "USD", time=at("06T15:00"))
    script.external("opening", "AAPL", 5, 1, "USD")  # booked on the first
    assert before(script) == 15
