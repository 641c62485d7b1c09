"""Which splits and dividends the books are told of."""

from datetime import date, datetime, timedelta
from decimal import Decimal

from unit.portfolio.folding import ACCOUNT, Script

from marketpulse.loop.actions import due_actions
from marketpulse.portfolio import Books
from marketpulse.types import ActionKind, AssetClass, CorporateAction, Instrument

APPLE = Instrument("AAPL", "Apple", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
TODAY = date(2012, 6, 8)


def act(kind, day):
    return CorporateAction("AAPL", day, ActionKind(kind), Decimal(2))


def due(script, *actions):
    books = Books.of(ACCOUNT, script.events)
    return list(due_actions(books, {"AAPL": APPLE}, lambda _: actions, TODAY))


def test_actions_of_what_was_traded_before_their_day():
    split, paid = act("split", date(2012, 6, 5)), act("dividend", date(2012, 6, 4))
    assert due(Script().trade("buy", 1, 100), split, paid) == [paid, split]


def test_a_split_of_units_that_are_new_already_is_passed_over_but_not_a_dividend():
    split, paid = act("split", date(2012, 6, 1)), act("dividend", date(2012, 6, 1))
    assert due(Script().trade("buy", 1, 100), split, paid) == [paid]
    elsewhere = Script().trade("buy", 1, 100, time=datetime.fromisoformat("2012-05-01T15:00+00:00"))
    assert due(elsewhere, split) == [split]
    assert due(elsewhere.external("trade", "AAPL", 1, 100, "USD"), split) == []


def test_what_was_sold_may_still_be_owed_a_dividend_and_has_no_split():
    script = Script().trade("buy", 1, 100).trade("sell", 1, 100)
    split, paid = act("split", date(2012, 6, 5)), act("dividend", date(2012, 6, 5))
    assert due(script, split, paid) == [paid]


def test_actions_of_the_far_past_the_future_and_of_strangers_are_left():
    old, later = act("dividend", TODAY - timedelta(days=61)), act("dividend", TODAY + timedelta(days=1))
    assert due(Script().trade("buy", 1, 100), old, later) == []
    assert due(Script().external("opening", "XYZ", 1, 1, "USD"), act("dividend", TODAY)) == []
