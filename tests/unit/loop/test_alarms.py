"""Alerts over time: one for each episode, over restarts; and what follows when nobody answers."""

import threading
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import fakes
import pytest
from unit.loop.gatehouse import ACCOUNT, House

from marketpulse.errors import Refused
from marketpulse.loop.alarms import Alarms
from marketpulse.loop.conditions import Thresholds, conditions, settled
from marketpulse.portfolio.codec import Alert, read_alert, write_alert
from marketpulse.types import AccountView, Difference, EventKind, Mode, NewEvent, SessionState
from marketpulse.types.alert import Severity

NOW_ALL = Thresholds(stale=0.0)
CALM = fakes.empty()


def sunk(drawdown):
    return replace(CALM, valuation=replace(CALM.valuation, drawdown=drawdown))


def found(snapshot, *standing):
    return {c.key: c for c in conditions(snapshot, NOW_ALL, 0.03, frozenset(standing))}


class Watch:
    def __init__(self, folder, **more):
        self.house, self.more, self.reduced = House(folder), more, []
        self.begin()

    def begin(self):
        house = self.house
        self.alarms = Alarms(
            house.ledger, house.books, house.clock, reduce=self.reduce, thresholds=NOW_ALL, **self.more
        )

    def reduce(self, why):
        self.reduced.append(why)
        return self.house.execution.reduce(why)

    def restart(self):
        self.house.restart()
        self.begin()

    def said(self):
        return [read_alert(e.payload).code for e in self.house.ledger.read() if e.kind is EventKind.ALERT]

    def plant(self, code="OVERFILL", wall=True):
        clock = self.house.clock
        alert = Alert(code, "x", wall=clock.wall() if wall else None)
        event = NewEvent(clock.now(), ACCOUNT, EventKind.ALERT, "o", write_alert(alert))
        return str(self.house.ledger.append(event)[0].seq)


@pytest.fixture
def watch(tmp_path):
    watch = Watch(tmp_path)
    yield watch
    watch.house.close()


def test_a_calm_desk_has_nothing_to_say():
    assert found(CALM) == {}


@pytest.mark.parametrize(
    ("down", "stands", "raised"),
    [(0.099, False, False), (0.10, False, True), (0.091, True, True), (0.089, True, False)],
)
def test_a_drawdown_begins_at_its_threshold_and_ends_a_little_above_it(down, stands, raised):
    key = ("DRAWDOWN", "equity")
    assert (key in found(sunk(down), *([key] if stands else []))) is raised


def risky(part):
    return replace(CALM, risk=replace(CALM.risk, open_risk=part))


@pytest.mark.parametrize(
    ("part", "stands", "raised"),
    [
        (0.25, False, False),  # a book bought up to its limit
        (0.2501, False, True),
        (0.2499, True, True),
        (0.226, True, True),
        (0.224, True, False),
        (float("nan"), True, False),
        (None, True, False),
    ],
)
def test_open_risk_begins_above_its_limit_and_ends_well_below_it(part, stands, raised):
    key = ("OPEN_RISK", "book")
    assert (key in found(risky(part), *([key] if stands else []))) is raised


def test_a_price_that_trembles_at_the_limit_is_one_alert(watch):
    for part in (0.2499, 0.2501, 0.2498, 0.2503, 0.2499, 0.2502, 0.2301):
        watch.alarms.turn(risky(part))
    assert watch.said() == ["OPEN_RISK"]
    watch.alarms.turn(risky(0.22))
    assert watch.said() == ["OPEN_RISK", "OVER"]


def test_a_number_that_is_none_is_no_alert():
    assert found(sunk(float("nan"))) == {}


def test_half_of_the_days_loss_is_worth_a_word():
    lost = replace(CALM.valuation, equity=98_400.0, day_pnl=-1_600.0)
    condition = found(replace(CALM, valuation=lost))["DAY_LOSING", "equity"]
    assert condition.sentence == "The day has lost 1.60%; at 3.0% nothing more is bought."
    over = replace(CALM, valuation=replace(CALM.valuation, equity=96_000.0, day_pnl=-4_000.0))
    assert found(over) == {}
    assert ("DAY_LOSING", "equity") in found(over, ("DAY_LOSING", "equity"))


def test_a_held_price_that_is_stale_in_an_open_session_and_a_provider_that_is_off():
    now = fakes.snapshot()
    symbol = next(p.symbol for p in now.valuation.positions if p.quantity)
    stale = replace(now.market[symbol], stale=True, session=SessionState.OPEN)
    off = replace(now.providers[0], state="isolated")
    shown = replace(now, market=MappingProxyType({**now.market, symbol: stale}), providers=(off,))
    assert {("STALE_HELD", symbol), ("PROVIDER_OFF", off.name)} <= set(found(shown))


def test_an_account_that_disagrees_with_its_venue_is_urgent():
    view = AccountView("binance:7", "binance", "7", Mode.LIVE, armed=True, reconciled=False)
    view = replace(view, difference=(Difference("BTC/USDT", 1, 2),))
    condition = found(replace(CALM, accounts=(view,)))["ACCOUNT_DIFFERS", "binance:7"]
    assert condition.severity is Severity.HIGH


def test_what_cannot_be_known_yet_ends_nothing():
    blind = replace(CALM, valuation=replace(CALM.valuation, equity=None))
    assert not settled(blind, "DRAWDOWN", "equity")
    assert settled(CALM, "DRAWDOWN", "equity")
    assert not settled(CALM, "ACCOUNT_DIFFERS", "binance:7")
    assert not settled(CALM, "PROVIDER_OFF", "nobody")
    assert settled(CALM, "STALE_HELD", "AAPL")


def test_an_episode_is_raised_once_and_ended_once_over_restarts(watch):
    for _ in range(3):
        watch.alarms.turn(sunk(0.2))
    watch.restart()
    watch.alarms.turn(sunk(0.2))
    assert watch.said() == ["DRAWDOWN"]
    watch.restart()
    for _ in range(2):
        watch.alarms.turn(sunk(0.0))
    assert watch.said() == ["DRAWDOWN", "OVER"]
    for _ in range(2):
        watch.alarms.turn(sunk(0.3))
    assert watch.said() == ["DRAWDOWN", "OVER", "DRAWDOWN"]
    assert [a.ended is None for a in watch.alarms.shown] == [True, False]


def test_patience_is_wanted_before_some_are_raised(tmp_path):
    watch = Watch(tmp_path)
    view = AccountView("binance:7", "binance", "7", Mode.LIVE, armed=True, reconciled=False)
    differs = replace(CALM, accounts=(replace(view, difference=(Difference("BTC/USDT", 1, 2),)),))
    watch.alarms.turn(differs)
    assert watch.said() == []
    watch.house.clock.advance(61)
    watch.alarms.turn(differs)
    assert watch.said() == ["ACCOUNT_DIFFERS"]
    watch.house.close()


def test_one_acknowledgement_for_each_alert_under_sixteen_writers(watch):
    number = watch.plant()
    watch.alarms.turn(CALM)
    start, seen = threading.Barrier(16), []

    def acknowledge():
        start.wait()
        seen.append(watch.alarms.acknowledge(number))

    threads = [threading.Thread(target=acknowledge) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert all(view.acknowledged for view in seen)
    assert sum(e.kind is EventKind.ACK for e in watch.house.ledger.read()) == 1
    watch.restart()
    watch.alarms.turn(CALM)
    assert watch.alarms.shown == ()


def test_an_alert_that_is_not_there_cannot_be_acknowledged(watch):
    with pytest.raises(Refused) as caught:
        watch.alarms.acknowledge("9" * 5_000)
    assert caught.value.code == "UNKNOWN_ALERT"


@pytest.mark.parametrize("wall", [True, False])
def test_an_urgent_alert_that_nobody_sees_reduces_trading_once_with_its_reason(tmp_path, wall):
    watch = Watch(tmp_path, hours=2.0)
    number = watch.plant(wall=wall)
    watch.alarms.turn(CALM)
    assert watch.house.books.halt is None
    watch.house.clock.advance(7_201)
    watch.alarms.turn(CALM)
    assert watch.house.books.halt.reducing
    why = f"critical alert {number} (OVERFILL) was not acknowledged in 2 h"
    assert watch.house.books.halt.why == why
    watch.house.execution.resume("RESUME")
    watch.restart()
    watch.house.clock.advance(7_201)
    watch.alarms.turn(CALM)
    assert watch.house.books.halt is None
    assert watch.reduced == [why]
    assert watch.said() == ["OVERFILL", "UNACKNOWLEDGED"]
    watch.house.close()


@pytest.mark.parametrize(("code", "hours"), [("LATE_ACCEPT", 2.0), ("OVERFILL", 0.0)])
def test_what_is_not_urgent_or_not_set_reduces_nothing(tmp_path, code, hours):
    watch = Watch(tmp_path, hours=hours)
    watch.plant(code)
    watch.house.clock.advance(timedelta(days=3).total_seconds())
    watch.alarms.turn(CALM)
    assert watch.house.books.halt is None
    watch.house.close()


def test_one_that_was_seen_in_time_reduces_nothing(tmp_path):
    watch = Watch(tmp_path, hours=2.0)
    number = watch.plant()
    watch.alarms.turn(CALM)
    watch.alarms.acknowledge(number)
    watch.house.clock.advance(9_000)
    watch.alarms.turn(CALM)
    assert watch.house.books.halt is None
    watch.house.close()


def test_a_halt_is_left_alone_and_reduced_only_after_it(tmp_path):
    watch = Watch(tmp_path, hours=1.0)
    watch.plant()
    watch.house.execution.halt("by hand")
    watch.house.clock.advance(4_000)
    watch.alarms.turn(CALM)
    assert watch.house.books.halt.why == "by hand"
    watch.house.execution.resume("RESUME")
    watch.alarms.turn(CALM)
    assert watch.house.books.halt.reducing
    watch.house.close()


def test_events_that_others_write_between_are_not_passed_over(watch):
    watch.alarms.turn(sunk(0.2))
    number = watch.plant()
    watch.alarms.turn(sunk(0.2))
    for event in watch.house.ledger.read():
        watch.alarms.note(event)
    assert next(a.id for a in watch.alarms.shown) == number
    assert len(watch.alarms.shown) == 2
