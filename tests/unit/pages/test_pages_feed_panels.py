import re
from dataclasses import replace
from html import unescape

import fakes
import pytest

from marketpulse.types import BudgetView, FeedsView, StoreView
from pages import feed_panels

NAN = float("nan")


def text(markup):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup)))


def row(markup, word):
    return next(r for r in re.findall(r"<tr.*?</tr>", markup) if f"<b>{word}</b>" in r)


def of(*providers, **feeds):
    return fakes.live(providers=providers, feeds=replace(FeedsView(), **feeds))


def test_a_row_says_state_times_errors_quota_and_age():
    shown = text(row(feed_panels.matrix(fakes.live()), "alpaca"))
    for words in (
        "shares",
        "CLOSED",
        "62 / 118",
        "141 / 260",
        "18 / 44",
        "0.0%",
        "171 of 200 / min",
        "0.0 s",
    ):
        assert words in shown


def test_the_breakers_plate_says_how_long_and_why_is_under_the_pointer():
    markup = row(feed_panels.matrix(fakes.live()), "finnhub")
    assert re.search(
        r'<span class="tag down" title="[^"]*bars: the key does not pay for candles[^"]*">OPEN 4 min', markup
    )
    assert "not tried again before its key changes" in markup


@pytest.mark.parametrize(
    ("state", "ok", "plate"),
    [("closed", True, '<span class="tag ">CLOSED'), ("closed", False, '<span class="tag warn">FAILING'),
     ("half_open", True, '<span class="tag warn">HALF OPEN'), ("open", False, '<span class="tag down">OPEN'),
     ("isolated", False, '<span class="tag down">ISOLATED'), ("not_set", False, '<span class="tag ">NOT SET'),
     ("odd", True, '<span class="tag warn">ODD')],
)  # fmt: skip
def test_every_state_has_a_plate(state, ok, plate):
    health = replace(fakes.LIVE_PROVIDERS[3], state=state, ok=ok, cells=(), note="")
    assert plate in feed_panels.matrix(of(health))


def test_a_cells_point_is_grey_amber_or_red():
    def point(**changes):
        cell = fakes.cell("quote", **changes)
        return re.search(
            r'class="dot (\w+)"', feed_panels.matrix(of(replace(fakes.LIVE_PROVIDERS[3], cells=(cell,))))
        )[1]

    assert point() == "muted"
    assert point(ok=False) == "warn"
    assert point(state="half_open") == "warn"
    assert point(state="open") == "down"
    assert point(state="isolated", retry=None) == "down"


def test_the_scarcer_quota_is_shown_and_a_wait_before_either():
    shown = feed_panels.matrix(fakes.live())
    assert "2 of 25 / day" in row(shown, "alpha_vantage")
    assert '<span class="bar down"><i style="width:8.0%">' in row(shown, "alpha_vantage")
    assert "whole again Mon 19:00 ET" in row(shown, "alpha_vantage")
    assert "too many; wait 12 s" in row(shown, "bybit")
    assert "no limit" in row(feed_panels.matrix(fakes.snapshot()), "tape")


def test_errors_are_weighed_by_calls_amber_from_two_and_red_from_ten_percent():
    def errors(*cells):
        return row(feed_panels.matrix(of(replace(fakes.LIVE_PROVIDERS[3], cells=cells))), "binance")

    many, few = fakes.cell("quote", errors=0.0, calls=990), fakes.cell("book", errors=1.0, calls=10)
    assert ">1.0%<" in errors(many, few)
    assert '<span class="warn">2.0%' in errors(fakes.cell("quote", errors=0.02))
    assert '<span class="down">50.0%' in errors(fakes.cell("quote", errors=0.5))


def test_nothing_known_is_dashes_never_nan():
    blind = replace(
        fakes.LIVE_PROVIDERS[0], latency=None, last_good=None, note="",
        cells=(fakes.cell("quote", p50=None, p95=None, errors=None, calls=0, ago=None, retry=None),
               fakes.cell("bars", p50=NAN, p95=NAN, errors=NAN)),
        budget=BudgetView(0.0, NAN),
    )  # fmt: skip
    shown = text(feed_panels.matrix(of(blind)))
    assert "nan" not in shown.lower()
    assert "None" not in shown


def test_notes_and_missing_keys_stand_below_in_words():
    shown = text(feed_panels.matrix(fakes.live()))
    assert (
        "finnhub: two of four are not well; quote slow: p95 2,840 ms; bars the key does not pay for candles"
        in shown
    )
    assert "Set KITE_API_KEY in .env to add Kite." in shown
    assert "kite: needs" not in shown


def test_a_provider_that_is_not_set_says_so_itself_when_nothing_else_does():
    assert "kite: needs KITE_API_KEY." in text(feed_panels.matrix(of(fakes.LIVE_PROVIDERS[-1])))


def test_the_failover_log_names_both_and_says_when_nobody_answered():
    shown = text(feed_panels.switches(fakes.live()))
    assert "11:10:30 quote AAPL and 4 more finnhub → alpaca" in shown
    assert "0.3 s" in shown
    assert "yahoo nobody" in shown
    assert feed_panels.switches_about(fakes.live()) == "3 switches · longest gap 0.4 s"
    assert feed_panels.switches_about(of()) == ""


def test_quarantine_says_from_said_held_and_rule():
    shown = text(feed_panels.quarantine(fakes.live()))
    assert "IBM finnhub 19.576 195.76 lies 10 times off, others agree" in shown
    assert "bar has its high below its low" in shown
    assert feed_panels.quarantine_about(fakes.live()) == "3 of 1,284,310 data · never shown, filled or booked"
    assert feed_panels.quarantine_about(fakes.snapshot()) == "the tape is exempt: its great falls were real"
    assert feed_panels.quarantine_about(of()) == ""


def test_logs_are_cut_to_what_fits():
    feeds = replace(fakes.FEEDS, switches=fakes.FEEDS.switches * 40, quarantine=fakes.FEEDS.quarantine * 40)
    now = fakes.live(feeds=feeds)
    assert feed_panels.switches(now).count("<tr") == feed_panels.SHOWN + 1
    assert feed_panels.quarantine(now).count("<tr") == feed_panels.SHOWN + 1
    assert feed_panels.switches_about(now).startswith("120 switches")


def test_what_will_run_out_comes_first():
    shown = text(feed_panels.foresight(fakes.live()))
    assert shown.index("alpha_vantage") < shown.index("alpaca")
    assert "25 calls a day end at 06:00 ET" in shown
    assert "never" in shown
    assert "no quota that could run out" in text(feed_panels.foresight(of()))


def test_coverage_and_what_the_store_saved():
    shown = text(feed_panels.coverage(fakes.live()))
    assert "99.8%" in shown
    assert "279 times faster than a provider (0.9 against 251 ms)" in shown
    assert "No bars were asked for yet." in text(feed_panels.coverage(of()))
    assert "100.0% of 1 requests for bars." in text(feed_panels.coverage(of(store=StoreView(1, 1))))


def test_less_than_a_tenth_of_a_millisecond_is_said_so():
    cells = (fakes.cell("quote", p50=2e-5, p95=0.004),)
    shown = feed_panels.matrix(of(replace(fakes.PROVIDERS[0], cells=cells)))
    assert "&lt;0.1" in shown
    assert "/ 4.0" in text(shown)
