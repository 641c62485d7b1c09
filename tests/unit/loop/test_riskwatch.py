"""The background of the risk: job and report as files, the red zone over a restart, and one real measurement."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import numpy as np
import pytest
from tickets import INSTRUMENTS, NOW, ask, bars, walk
from unit.loop.gatehouse import House

from marketpulse.clock import SimClock
from marketpulse.errors import Refused
from marketpulse.loop.redzone import RedZone
from marketpulse.loop.riskfile import Found, load_found, load_job, save_found, save_job
from marketpulse.loop.riskjob import measure
from marketpulse.loop.risktask import Task
from marketpulse.loop.riskwatch import RiskWatch
from marketpulse.meter import Meter
from marketpulse.performance import Traded
from marketpulse.portfolio.codec import read_alert
from marketpulse.risk.prospect import Standing
from marketpulse.types import BacktestView, EventKind

FRAMES = {name: walk(name, seed, 900) for name, seed in (("AAPL", 1), ("IBM", 2), ("BTC/USDT", 3))}
INDEX = walk("^GSPC", 9, 900)


def task(values=None, **changes):
    given = {
        "frames": FRAMES,
        "instruments": INSTRUMENTS,
        "values": {"AAPL": 9_000.0, "IBM": 4_000.0} if values is None else values,
        "equity": 100_000.0,
        "daily": [100_000.0 + 50 * i * (-1) ** i for i in range(40)],
        "index": INDEX,
    }
    return Task(**(given | changes))


def view(zone, recent=3):
    return BacktestView("headline", 0.99, 400, 4, 0.01, 0.5, 0.5, 0.5, 0.5, zone, recent, 3, 1.0, 0.0, "")


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.close()


@pytest.fixture(scope="module")
def found():
    return measure(task().job(), SimClock(datetime(2012, 6, 1, tzinfo=UTC)))


def test_a_job_is_read_back_as_it_was_written(tmp_path):
    job = task().job()
    save_job(tmp_path, job)
    again = load_job(tmp_path)
    assert (again.symbols, again.universe, again.through, again.equity) == (
        ("AAPL", "IBM"), ("AAPL", "BTC/USDT", "IBM"), "1972-06-18", 100_000.0,
    )  # fmt: skip
    for name in ("values", "days", "matrix", "moves", "account", "index"):
        np.testing.assert_array_equal(getattr(again, name), getattr(job, name))


def test_what_cannot_be_measured_is_said_and_short_or_broken_names_are_left_out():
    strange = task({"FB": 1_000.0}).job()
    assert (strange.symbols, strange.note) == ((), "unknown: no bars or no price of FB")
    assert task({"AAPL": float("nan")}).job().symbols == ()
    flat = bars("IBM", np.full(900, 50.0))
    frames = {**FRAMES, "IBM": flat, "BTC/USDT": FRAMES["BTC/USDT"][:100]}
    assert task(frames=frames).job().universe == ("AAPL",)
    assert task({}, frames={}).job().universe == ()


def test_a_measurement_fills_the_report_and_is_read_back_whole(found, tmp_path):
    report = found.report
    assert report.loss().es > report.loss().var > 0
    assert report.backtest().n > 0
    assert sum(c.es for c in report.components) == pytest.approx(report.loss().es, rel=1e-9)
    assert {m.name for m in report.measures} >= {"Sharpe", "Sortino", "Calmar", "Beta to S&P 500"}
    assert found.futures.symbols == ("AAPL", "BTC/USDT", "IBM")
    save_found(tmp_path, found)
    again = load_found(tmp_path)
    assert again.report == report
    assert again.scales == found.scales
    np.testing.assert_array_equal(again.futures.outcomes, found.futures.outcomes)


def test_a_torn_file_is_no_report(found, tmp_path):
    assert load_found(tmp_path) is None
    save_found(tmp_path, found)
    (tmp_path / "report.json").write_text("{", "utf-8")
    assert load_found(tmp_path) is None
    save_found(tmp_path, found)
    (tmp_path / "outcomes.npz").write_bytes(b"x")
    assert load_found(tmp_path) is None


def test_outcomes_of_another_report_are_not_believed(found, tmp_path):
    save_found(tmp_path, found)
    kept = (tmp_path / "outcomes.npz").read_bytes()
    later = replace(found.report, computed=datetime(2012, 6, 2, tzinfo=UTC))
    save_found(tmp_path, Found(later, found.futures, found.scales))
    (tmp_path / "outcomes.npz").write_bytes(kept)
    assert load_found(tmp_path).futures is None


def test_an_empty_book_has_a_report_without_losses():
    report = measure(task({}).job(), SimClock(datetime(2012, 6, 1, tzinfo=UTC))).report
    assert (report.losses, report.components, report.note) == ((), (), "")


def test_the_red_zone_is_an_episode_of_the_ledger_and_survives_a_restart(house):
    zone = RedZone(house.books, house.ledger, house.clock)
    assert zone.on is False
    zone.judge(view("yellow"))
    zone.judge(view("red", 12))
    zone.judge(view("red", 13))
    assert zone.on is True
    house.restart()
    again = RedZone(house.books, house.ledger, house.clock)
    assert again.on is True
    again.judge(view("green"))
    house.restart()
    third = RedZone(house.books, house.ledger, house.clock)
    assert third.on is False
    third.judge(view("red", 11))
    alerts = [read_alert(e.payload) for e in house.ledger.read() if e.kind is EventKind.ALERT]
    assert [a.code for a in alerts] == ["RED_ZONE", "RED_ZONE_OVER", "RED_ZONE"]
    assert "12 of the newest 250 days" in alerts[0].sentence


def test_in_the_red_zone_a_desk_places_half_and_no_more(house):
    house.gate.standing = Standing(red=True)
    with pytest.raises(Refused, match="red zone") as refused:
        house.execution.place(ask(quantity=Decimal(76)), "a")
    assert refused.value.code == "RED_ZONE"
    assert house.execution.place(ask(quantity=Decimal(75)), "b").order.request.quantity == 75


class Bars:
    """What the watch asks of a market: quotes, and no bars of an index."""

    def __init__(self, house):
        self.data = house.market.data

    def bars(self, symbol):
        return INDEX if symbol == "^GSPC" else FRAMES[symbol]


def rooms(house, meter=None, own=""):
    known = {name: i for name, i in INSTRUMENTS.items() if name != "^GSPC"}
    return SimpleNamespace(
        folder=house.folder, tape=None, books=house.books, ledger=house.ledger, clock=house.clock, market=Bars(house),
        instruments=known, meter=meter or Meter(), settings=SimpleNamespace(scenarios=own),
    )  # fmt: skip


def test_ones_own_scenarios_stand_among_the_others_and_bad_ones_are_told(house):
    watch = RiskWatch(rooms(house, own="Apple halves: AAPL -50; nonsense"), house.gate, house.log)
    watch.learn(FRAMES)
    assert house.gate.standing.shocks[-1].name == "Apple halves"
    assert house.gate.standing.shocks[-1].moves["AAPL"] == -0.5
    assert len(watch.notes) == 1


def finish(watch, seconds=60.0):
    """Turn until the process has ended."""
    end = time.monotonic() + seconds
    while watch._child is not None:
        assert time.monotonic() < end
        watch._child.wait(seconds)
        watch.turn({})


@pytest.mark.slow
def test_the_background_measures_a_book_keeps_it_and_begins_anew_when_the_book_changes(house):
    watch = RiskWatch(rooms(house), house.gate, house.log)
    watch.learn(FRAMES)
    watch.turn({})
    assert watch._child is None  # not in the first seconds
    house.clock.advance(5)
    watch.turn({})
    assert watch._child is not None
    finish(watch)
    assert house.gate.standing.futures.symbols == ("AAPL", "BTC/USDT", "IBM")
    house.clock.advance(100)
    watch.turn({})
    assert watch._child is None  # nothing has changed
    again = RiskWatch(rooms(house), house.gate, house.log)
    assert again._note() == "It was measured before this start; a newer one is being made."
    assert house.gate.standing.futures is not None
    assert not list((house.folder / "risk").glob("run-*"))
    again.close()


@pytest.mark.slow
def test_a_process_that_fails_is_told_and_the_desk_goes_on(house, monkeypatch):
    meter = Meter()
    watch = RiskWatch(rooms(house, meter), house.gate, house.log)
    watch.learn(FRAMES)
    house.clock.advance(5)
    monkeypatch.setattr("marketpulse.loop.riskwatch.save_job", lambda *_: None)
    watch.turn({})
    finish(watch)
    assert watch._note() == "The risk could not be measured; the log has its reason."
    assert house.gate.standing.futures is None


def test_the_accounts_own_record_is_weighed_by_what_was_tried_and_says_its_year():
    given = {"traded": Traded(50_000.0, 30_000.0, 100_000.0, 126)}
    rising = [100_000.0 * (1.001 + 0.004 * (-1) ** i) ** 1 * 1.001**i for i in range(61)]
    one = {m.name: m for m in measure(task({}, daily=rising, **given).job(), SimClock(NOW)).report.measures}
    many = {
        m.name: m
        for m in measure(task({}, daily=rising, trials=40, **given).job(), SimClock(NOW)).report.measures
    }
    assert one["Sharpe, deflated"].value == pytest.approx(
        one["Sharpe above 0"].value
    )  # one trial is no search
    assert many["Sharpe, deflated"].value < one["Sharpe, deflated"].value
    assert "40 trials" in many["Sharpe, deflated"].note
    assert one["Shortest record"].value > 1
    assert one["Turnover"].value == pytest.approx(0.6)
    assert "252 a year" in one["Sharpe"].note
    assert "standard error" in one["Sharpe"].note
    coins = {
        m.name: m
        for m in measure(task({}, daily=rising, always=True, **given).job(), SimClock(NOW)).report.measures
    }
    assert "365 a year" in coins["Sharpe"].note
    assert coins["Sharpe"].value == pytest.approx(one["Sharpe"].value * (365 / 252) ** 0.5)
    assert "365 a year" in coins["Turnover"].note


def test_a_short_or_falling_record_is_not_made_to_say_anything():
    short = {m.name: m for m in measure(task({}, daily=[1.0] * 10).job(), SimClock(NOW)).report.measures}
    assert {m.value for m in short.values()} == {None}
    falling = [100_000.0 * 0.999**i * (1 + 0.002 * (i % 2)) for i in range(61)]
    found = {m.name: m for m in measure(task({}, daily=falling).job(), SimClock(NOW)).report.measures}
    assert found["Shortest record"].value is None
    assert found["Longest fall"].value > 50
    assert "not made good yet" in found["Longest fall"].note
    assert found["Sharpe above 0"].value < 0.5
