import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.types import Feed, Halt, ModelStage, ModelStatus, ProviderHealth

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def no_desk_left_behind():
    yield
    desk.use(None)


def run(shown=None):
    double = fakes.FakeDesk(shown)
    desk.use(double)
    page = AppTest.from_file(str(SHELL), default_timeout=30).run()
    assert not page.exception
    return page, double


def html(page):
    """All markup on the page, with what the pressable tables carry."""
    tables = [json.loads(e.proto.json).get("html", "") for e in page.get("bidi_component")]
    return "\n".join([e.proto.body for e in page.get("html")] + tables)


def chart(page):
    return next(
        json.loads(e.proto.json)
        for e in page.get("bidi_component")
        if e.proto.component_name == "marketpulse.chart"
    )


def test_the_page_shows_the_books_numbers():
    page, _ = run()
    shown = html(page)
    for number in (
        f"${fakes.VALUATION.equity:,.2f}",
        "571.53",
        "+0.12%",
        "NO EDGE SHOWN",
        "limit 190.00",
        "400",
    ):
        assert number in shown


def test_the_strip_says_mode_feed_session_and_who_is_ill():
    shown = html(run()[0])
    assert "PAPER" in shown
    assert fakes.snapshot().replay.banner in shown
    assert "NYSE open · closes 4h 47m" in shown
    assert "yahoo resting: no answer within 4 s, resting until 15:13" in shown
    assert "Thu 2012-06-14 11:12 ET" in shown
    assert "HALTED" not in shown


def test_a_note_that_names_its_provider_names_it_once():
    ill = ProviderHealth("yahoo", (), "open", False, None, None, "yahoo: no network")
    assert "yahoo resting: no network" in html(run(fakes.snapshot(providers=(ill,)))[0])


def test_what_a_provider_says_is_never_markup():
    ill = ProviderHealth("yahoo", ("<i>",), "open", False, None, None, "<script>alert(1)</script>")
    shown = html(run(fakes.snapshot(providers=(ill,), notes=("<img src=x onerror=alert(1)>",)))[0])
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_halt_is_on_every_page():
    shown = html(run(fakes.snapshot(halt=Halt(fakes.NOW, "too <many> surprises")))[0])
    assert "HALTED 11:12 · too &lt;many&gt; surprises" in shown


def test_a_live_feed_names_its_sources_and_their_age():
    shown = html(run(fakes.snapshot(feed=Feed.LIVE, replay=None))[0])
    assert "Live simulated 2.0 s · tape 2.0 s" in shown
    assert "Thu 2012-06-14 11:12:30 ET" in shown


def test_training_shows_its_progress():
    shown = html(run(fakes.empty())[0])
    assert "Training 35%" in shown
    assert "Training on 11,804 rows. The desk is usable meanwhile." in shown


def test_a_model_that_failed_says_why():
    failed = ModelStatus(ModelStage.FAILED, 0.0, "too few bars to train on")
    shown = html(run(fakes.empty(model=failed))[0])
    assert "Model failed: too few bars to train on" in shown


def test_an_empty_desk_says_what_to_do():
    page, _ = run(fakes.empty())
    shown = html(page)
    assert "No positions yet" in shown
    assert "Nothing is under way" in shown
    assert page.button(key="first_order").label == "Open the ticket"


def test_a_stale_price_is_marked():
    market = dict(fakes.MARKET)
    market["AAPL"] = replace(market["AAPL"], stale=True, age=754.0)
    assert "STALE" in html(run(fakes.snapshot(market=MappingProxyType(market)))[0])


def test_the_chart_gets_its_addresses_lines_and_fills():
    data = chart(run()[0])
    assert data["bars"] == "/api/live/bars/AAPL?interval=1d&n=500"
    assert data["stream"] == "/api/live/stream?symbols=AAPL&interval=1d"
    assert data["interval"] == "1d"
    assert [line["title"] for line in data["lines"]] == ["avg", "sell stop"]
    assert [mark["label"] for mark in data["fills"]] == ["B 20"]
    assert (data["decimals"], data["ema"], data["rsi"]) == (2, True, True)


def test_another_symbol_and_fewer_overlays_reach_the_chart_and_stay():
    page, _ = run()
    page.selectbox(key="chart_pick").select("BTC/USDT").run()
    page.button_group(key="chart_overlays").set_value(["EMA"]).run()
    data = chart(page.run())
    assert (data["symbol"], data["stream"]) == ("BTC/USDT", "/api/live/stream?symbols=BTC-USDT&interval=1d")
    assert (data["ema"], data["rsi"]) == (True, False)


def test_an_index_can_be_looked_at_but_not_ordered():
    page, _ = run()
    page.selectbox(key="chart_pick").select("^GSPC").run()
    assert chart(page)["bars"] == "/api/live/bars/%5EGSPC?interval=1d&n=500"
    assert page.button(key="chart_buy").disabled
    assert page.button(key="chart_sell").disabled


def lengths(page):
    """The choice of bars on the page, None where there is none."""
    return next((one for one in page.button_group if one.key == "chart_length"), None)


def test_a_pair_offers_hours_and_minutes_and_a_share_only_days():
    page, _ = run()
    assert lengths(page) is None
    assert "One bar is one day." in html(page)
    page.selectbox(key="chart_pick").select("BTC/USDT").run()
    assert lengths(page).options == ["1D", "1H", "1m"]
    assert lengths(page).value == "1d"
    assert "One bar is one day." not in html(page)


def test_minutes_reach_the_chart_and_come_back_after_a_share():
    page, _ = run()
    page.selectbox(key="chart_pick").select("BTC/USDT").run()
    lengths(page).set_value("1m").run()
    data = chart(page.run())
    assert data["bars"] == "/api/live/bars/BTC-USDT?interval=1m&n=500"
    assert data["stream"] == "/api/live/stream?symbols=BTC-USDT&interval=1m"
    assert data["interval"] == "1m"
    page.selectbox(key="chart_pick").select("AAPL").run()
    assert chart(page)["interval"] == "1d"
    page.selectbox(key="chart_pick").select("ETH/USDT").run()
    assert chart(page)["bars"] == "/api/live/bars/ETH-USDT?interval=1m&n=500"


def test_a_note_is_put_aside_for_the_session():
    page, _ = run()
    note = fakes.snapshot().notes[0]
    assert note in html(page)
    next(button for button in page.button if button.label == "Dismiss").click().run()
    assert note not in html(page)


def test_without_a_desk_the_page_says_so():
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    desk.use(None)
    page.run()
    assert not page.exception
    assert "No desk runs in this process" in html(page)
