import re
from dataclasses import replace
from html import unescape
from types import MappingProxyType

import fakes
import pytest

from marketpulse.types import SessionState
from pages import live_panels

NAN = float("nan")


def text(markup):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup))).strip()


def row(now, word):
    markup = live_panels.live_table(now, "")
    return next(text(r) for r in re.findall(r"<tr.*?</tr>", markup) if f"<b>{word}</b>" in r)


def with_quote(symbol, **changes):
    datum = fakes.MARKET[symbol]
    return fakes.live(
        market=MappingProxyType({symbol: replace(datum, quote=replace(datum.quote, **changes))})
    )


def test_a_row_holds_price_book_source_age_agreement_and_session():
    assert row(fakes.live(), "AAPL") == "AAPL 571.53 +0.12% 571.42 571.64 4.00 alpaca 2.0 s 2 of 2 open"
    assert row(fakes.live(), "IBM").endswith("alpaca 2.0 s DISPUTED open")
    assert row(fakes.live(), "ADA/USDT").endswith(
        "binance 31 s 1 of 1 STALE STALE"
    )  # the first for a phone only
    assert "simulated" in row(fakes.snapshot(), "BTC/USDT")


def test_an_instrument_without_a_price_or_a_book_has_dashes():
    now = fakes.live(market=MappingProxyType({}))
    assert row(now, "AAPL") == "AAPL \u2013 no price yet"
    assert row(fakes.live(), "^GSPC").count("\u2013") == 3  # bid, ask, spread


@pytest.mark.parametrize("value", [1e-8, 1e12, 123_456_789.123, NAN, float("inf"), 0.0, -1.0])
def test_huge_tiny_and_impossible_prices_break_nothing(value):
    now = with_quote("BTC/USDT", price=value, bid=value, ask=value, low=value, high=value, open=value)
    shown = row(now, "BTC/USDT") + text(live_panels.details(now.instruments["BTC/USDT"], now))
    assert "nan" not in shown
    assert "inf" not in shown


def test_sixty_instruments_are_sixty_rows():
    base = fakes.live()
    more = {f"S{i}": replace(base.instruments["AAPL"], symbol=f"S{i}") for i in range(60)}
    market = dict.fromkeys(more, base.market["AAPL"])
    now = replace(base, instruments=MappingProxyType(more), market=MappingProxyType(market))
    assert live_panels.live_table(now, "S7").count("<tr") == 61
    assert live_panels.live_table(now, "S7").count('<tr class="on">') == 1
    assert live_panels.doubts(now) == "60 symbols"


def test_spread_is_in_basis_points_of_the_middle():
    assert live_panels.spread_points(with_quote("AAPL", bid=99.0, ask=101.0).market["AAPL"]) == pytest.approx(
        200
    )
    assert live_panels.spread_points(with_quote("AAPL", bid=None).market["AAPL"]) is None
    assert live_panels.spread_points(with_quote("AAPL", bid=0.0, ask=0.0).market["AAPL"]) is None


def test_the_search_says_what_fits_or_what_comes_near():
    said, table, symbols = live_panels.found("usdt", fakes.live())
    assert (said, len(symbols)) == ("", 6)
    assert "Bitcoin" in table
    said, table, symbols = live_panels.found("Aple", fakes.live())
    assert (said, symbols) == ("Nothing fits. Did you mean", ["AAPL"])
    said, table, symbols = live_panels.found("<b>zzzz", fakes.live())
    assert (table, symbols) == (None, [])
    assert "zzzz" not in said


def test_details_carry_everything_needed_to_believe():
    now = fakes.live()
    shown = text(live_panels.details(now.instruments["IBM"], now))
    for words in ("195.76", "alpaca 2.0 s old", "DISPUTED", "Session open", "volume 1,234,567"):
        assert words in shown
    now = with_quote("AAPL", low=560.0, high=580.5)
    assert "560.00 to 580.50" in text(live_panels.details(now.instruments["AAPL"], now))
    now = with_quote("AAPL", volume=None)
    assert "range and volume are not told" in text(live_panels.details(now.instruments["AAPL"], now))


def test_a_closed_exchange_is_explained():
    closed = replace(fakes.MARKET["AAPL"], session=SessionState.CLOSED)
    now = fakes.live(market=MappingProxyType({"AAPL": closed}))
    assert "its last price stands" in text(live_panels.details(now.instruments["AAPL"], now))


def test_witnesses_show_price_age_difference_and_tolerance():
    now = fakes.live()
    shown = text(live_panels.witnesses(now.instruments["IBM"], now))
    assert "finnhub 19.58 2.0 s \u221290.00% 1.00%" in shown
    assert live_panels.witnesses(now.instruments["GOOG"], now) is None


def test_only_an_https_address_becomes_a_link():
    now = fakes.live()
    assert live_panels.headlines("AAPL", now).count("<a ") == 1
    for address in ("javascript:alert(1)", "http://x", "//x", "data:text/html,x", " https://x", "HTTPS://x"):
        bad = tuple(replace(h, url=address) for h in fakes.HEADLINES)
        assert "<a " not in live_panels.headlines("AAPL", replace(now, headlines={"AAPL": bad}))


def test_no_headline_says_why():
    assert "Nothing was written lately." in live_panels.headlines("IBM", fakes.live())
    assert "FINNHUB_API_KEY" in live_panels.headlines("IBM", fakes.live(providers=fakes.LIVE_PROVIDERS[3:5]))
    assert "The tape carries no news." in live_panels.headlines("IBM", fakes.snapshot())
