import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def no_desk_left_behind():
    yield
    desk.use(None)


def run(shown):
    desk.use(fakes.FakeDesk(shown))
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    page.switch_page("market.py").run()
    assert not page.exception
    return page


def html(page):
    """All markup on the page, with what the pressable tables carry."""
    tables = [json.loads(e.proto.json).get("html", "") for e in page.get("bidi_component")]
    return "\n".join([e.proto.body for e in page.get("html")] + tables)


def show(page, symbol):
    page.session_state["market_symbol"] = symbol
    page.run()
    assert not page.exception
    return html(page)


def test_a_live_desk_shows_providers_logs_prices_and_a_book():
    shown = html(run(fakes.live()))
    for words in (
        "OPEN 4 min", "HALF OPEN", "NOT SET", "too many; wait 12 s", "2 of 25 / day",
        "Set KITE_API_KEY in .env to add Kite.", "quote AAPL and 4 more", "lies 10 times off, others agree",
        "3 of 1,284,310 data", "The store answered 93.1% of 1,204 requests", "DISPUTED", "14 symbols", "1 disputed",
        "Order book BTC/USDT",
    ):  # fmt: skip
        assert words in shown


def test_the_first_instrument_with_a_book_is_shown_before_one_is_chosen():
    assert "64,210.50" in html(run(fakes.live()))
    assert "Order book BTC/USDT" in html(run(fakes.live()))


def test_another_venue_is_one_press_away():
    page = run(fakes.live())
    assert "binance · 0.1 s old" in html(page)
    page.button_group(key="market_venue_BTC-USDT").set_value("bybit").run()
    assert not page.exception
    assert "bybit · 0.4 s old" in html(page)


def test_a_venue_that_has_gone_gives_way_to_the_other():
    page = run(fakes.live())
    page.button_group(key="market_venue_BTC-USDT").set_value("bybit").run()
    left = {**fakes.live().books, "BTC/USDT": (fakes.book(), fakes.book(source="kraken"))}
    desk.current().show(books=MappingProxyType(left))
    page.run()
    assert not page.exception
    assert "binance · 0.1 s old" in html(page)


def test_a_share_shows_its_witnesses_and_headlines_and_that_it_has_no_book():
    shown = show(run(fakes.live()), "AAPL")
    assert "Apple &lt;b&gt;opens&lt;/b&gt; a shop" in shown
    assert 'href="https://news.example/apple?a=1&amp;b=2" target="_blank" rel="noopener noreferrer"' in shown
    assert "The Wire &amp; Co · 9 min" in shown
    assert "+0.02%" in shown
    assert "No order book of shares or an index on this desk" in shown


def test_a_disputed_price_says_who_disagrees():
    shown = show(run(fakes.live()), "IBM")
    assert "Sources disagree: alpaca 195.76; finnhub 19.58" in shown
    assert "No order is priced from it until they agree." in shown


def test_the_search_finds_a_part_and_offers_the_nearest():
    page = run(fakes.live())
    page.text_input(key="market_search").set_value("micro").run()
    assert "Microsoft Corporation" in html(page)
    page.text_input(key="market_search").set_value("Etherium").run()
    assert "Nothing fits. Did you mean" in html(page)
    assert "<td><b>ETH/USDT</b></td>" in html(page)
    page.text_input(key="market_search").set_value("<script>" * 20).run()
    assert not page.exception
    assert "No symbol or name here is like it." in html(page)
    assert "<script" not in html(page)


def test_a_size_is_walked_through_the_book_and_a_wrong_one_is_told():
    page = run(fakes.live())
    field = page.text_input(key="market_size_BTC-USDT")
    assert field.value == "0.2"
    field.set_value("1e9").run()
    assert html(page).count("the book shown is too thin for that") == 2
    for wrong in ("", "-1", "x", "nan", "9" * 400):
        page.text_input(key="market_size_BTC-USDT").set_value(wrong).run()
        assert not page.exception
        assert "Type a positive size" in html(page)


def test_replay_says_what_is_recorded_and_what_is_made_up():
    page = run(fakes.snapshot())
    shown = html(page)
    assert shown.count(fakes.snapshot().replay.banner) == 2  # in the strip, and above the providers
    assert "simulated · 0.1 s old · simulated" in shown
    assert "made up by a seeded simulator" in shown
    assert "MARKETPULSE_FEED=live" in shown
    shown = show(page, "AAPL")
    assert "No order book on the tape: shares have none here" in shown
    assert "The tape carries no news." in shown


def test_a_bare_desk_says_what_to_do():
    shown = html(run(fakes.empty(providers=(), market=MappingProxyType({}), replay=None)))
    for words in ("No provider yet", "Nobody had to step in", "Nothing is in quarantine", "No price yet",
                  "Set FINNHUB_API_KEY in .env to add Finnhub."):  # fmt: skip
        assert words in shown


def test_the_order_button_is_dead_for_an_index():
    page = run(fakes.live())
    assert not page.button(key="market_order").disabled
    show(page, "^GSPC")
    assert page.button(key="market_order").disabled


def test_what_a_provider_wrote_is_never_markup():
    evil = '<img src=x onerror="alert(1)">'
    now = fakes.live()
    first, *rest = now.providers
    feeds = replace(
        now.feeds,
        switches=(replace(now.feeds.switches[0], what=evil, before=evil, after=evil, why=evil),),
        quarantine=(replace(now.feeds.quarantine[0], said=evil, reason=evil, source=evil, symbol=evil),),
        plan=(replace(now.feeds.plan[0], provider=evil, sentence=evil),),
        coverage=(replace(now.feeds.coverage[0], what=evil, span=evil),),
        missing=(evil,),
    )
    news = tuple(replace(h, title=evil, publisher=evil, url=f"https://x/{evil}") for h in fakes.HEADLINES)
    cells = (fakes.cell("quote", evil, note=evil),)
    shown = show(
        run(
            replace(
                now,
                feeds=feeds,
                providers=(replace(first, name=evil, note=evil, state=evil, cells=cells), *rest),
                headlines=MappingProxyType({"AAPL": news}),
                books=MappingProxyType({"AAPL": (fakes.book("AAPL", evil),)}),
            )
        ),
        "AAPL",
    )
    assert "<img" not in shown
    assert "&lt;img" in shown


def test_the_strip_names_what_is_ill_and_the_way_to_the_market_page():
    desk.use(fakes.FakeDesk(fakes.live()))
    page = AppTest.from_file(str(SHELL), default_timeout=30).run()
    shown = html(page)
    assert "finnhub quote, bars, stream resting: two of four are not well" in shown
    assert "kite" not in shown  # a key that is not set is no fault
    assert [link.proto.label for link in page.get("page_link")] == ["Why"]
    assert [link.proto.label for link in run(fakes.live()).get("page_link")] == []
    desk.use(fakes.FakeDesk(fakes.empty()))
    well = AppTest.from_file(str(SHELL), default_timeout=30).run()
    assert well.get("page_link") == []


def test_a_provider_that_is_shut_out_can_be_asked_again():
    shown = fakes.live()
    shut = replace(shown.providers[0], cells=(fakes.cell("quote", "isolated", ok=False, retry=None),))
    page = run(replace(shown, providers=(shut, *shown.providers[1:])))
    button = next(b for b in page.button if b.label == f"Ask {shut.name} again")
    button.click().run()
    assert ("ask_again", shut.name) in desk.current().calls


def chart(page):
    """What the page hands to the live chart."""
    given = [json.loads(e.proto.json) for e in page.get("bidi_component")]
    return next(one for one in given if "extras" in one)


def test_the_chart_offers_every_classic_indicator_and_keeps_the_choice():
    page = run(fakes.live())
    picker = page.multiselect(key="market_indicators")
    assert len(picker.options) == len(desk.current().indicators())
    assert [one["name"] for one in chart(page)["extras"]] == ["sma_50", "bollinger", "macd"]
    picker.set_value(["rsi_14", "keltner"]).run()
    assert not page.exception
    assert [(one["name"], one["below"]) for one in chart(page)["extras"]] == [
        ("keltner", False),
        ("rsi_14", True),
    ]
    show(page, "AAPL")
    assert chart(page)["indicators"] == "/api/live/indicators/AAPL?interval=1d"
    assert [one["name"] for one in chart(page)["extras"]] == ["keltner", "rsi_14"]
    page.multiselect(key="market_indicators").set_value([]).run()
    assert chart(page)["extras"] == []


def test_the_chart_takes_the_length_of_a_bar_where_there_is_a_choice():
    page = run(fakes.live())
    page.button_group(key="market_length").set_value("1h").run()
    assert chart(page)["interval"] == "1h"
    assert chart(page)["indicators"].endswith("interval=1h")
    show(page, "IBM")
    assert chart(page)["interval"] == "1d"
