"""The account's own record: which days count, what was traded on them, and how much was tried."""

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from tickets import INSTRUMENTS
from unit.portfolio.folding import ACCOUNT, T0, Script

from marketpulse.loop.record import record
from marketpulse.portfolio import Books
from marketpulse.risk.currency import ASSUMED
from marketpulse.types import EventKind

WEEK = [(date(2012, 6, 1) + timedelta(days=n), 100_000.0) for n in range(7)]  # Friday to Thursday


class Curve:
    def __init__(self, days):
        self.days = days

    def daily(self):
        return list(self.days)


class Told:
    """A ledger of which only the kinds that are asked for are read."""

    def __init__(self, events):
        self.events = events

    def read(self, after=0, without=()):
        return (e for e in self.events if e.seq > after and e.kind not in without)


def gathered(story, days=WEEK, tape=None):
    rooms = SimpleNamespace(
        books=Books.of(ACCOUNT, story.events), ledger=Told(story.events), instruments=INSTRUMENTS, tape=tape
    )
    return record(rooms, Curve(days), ASSUMED)


def test_days_without_a_session_are_left_out_and_trades_are_summed():
    story = Script().cash("9000").trade("buy", "10", "100").trade("sell", "4", "110")
    found = gathered(story)
    assert len(found.daily) == 5
    assert (found.traded.bought, found.traded.sold, found.traded.days) == (1_000.0, 440.0, 5)
    assert (found.always, found.trials) == (False, 1)


@pytest.mark.parametrize(("tape", "days"), [(None, 7), (object(), 5)])
def test_an_account_of_coins_alone_has_every_day_but_not_on_a_tape(tape, days):
    story = Script().cash("9000").trade("buy", "1", "5000", symbol="BTC/USDT")
    found = gathered(story, tape=tape)
    assert (len(found.daily), found.always) == (days, tape is None)
    assert found.traded.bought == 5_000.0


def test_only_the_last_year_of_trades_counts_and_nothing_traded_is_no_trade():
    old = T0 - timedelta(days=600)
    story = Script().cash("9000").trade("buy", "10", "100", time=old)
    long = [(date(2010, 1, 1) + timedelta(days=n), 100_000.0) for n in range(900)]
    found = gathered(story, long)
    assert found.traded.days == 252
    assert found.traded.bought == 0.0
    assert gathered(Script().cash("9"), ()).traded.days == 0


def test_what_the_models_tried_counts_against_the_record():
    story = Script().cash("9")
    for told in ({"trials": 12}, {"trials": 5}, {"trials": "many"}, {}):
        story.add(EventKind.MODEL, "equity", told, account="desk")
    assert gathered(story).trials == 18


def test_money_without_a_rate_is_not_guessed():
    story = Script().cash("9000").trade("buy", "1", "100", symbol="AAPL")
    rupees = {
        **INSTRUMENTS,
        "AAPL": SimpleNamespace(currency="INR", asset_class=INSTRUMENTS["AAPL"].asset_class),
    }
    rooms = SimpleNamespace(
        books=Books.of(ACCOUNT, story.events), ledger=Told(story.events), instruments=rupees, tape=None
    )
    found = record(rooms, Curve(WEEK), ASSUMED)
    assert found.traded.bought != found.traded.bought  # NaN
