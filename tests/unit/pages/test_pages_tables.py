import re
from dataclasses import replace
from html import unescape
from types import MappingProxyType

import fakes
import seers

from marketpulse.types import SessionState
from pages import tables
from pages.formats import MINUS


def text(markup):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", markup)))


def row(markup, word):
    return next(text(r) for r in re.findall(r"<tr.*?</tr>", markup) if f"<b>{word}</b>" in r)


def with_datum(symbol, **changes):
    market = dict(fakes.MARKET)
    market[symbol] = replace(market[symbol], **changes)
    return fakes.snapshot(market=MappingProxyType(market))


def test_key_figures_show_six_numbers_with_their_context():
    shown = text(tables.key_figures(fakes.snapshot()))
    equity = f"${fakes.VALUATION.equity:,.2f}"
    assert equity in shown
    for name in ("Equity", "Day P&L", "Open P&L", "Buying power", "VaR 99%, 1 day", "Drawdown"):
        assert name in shown
    assert f"+${fakes.VALUATION.day_pnl:,.2f}" in shown
    assert "500 days" in shown


def test_an_empty_book_shows_zero_and_says_so():
    shown = text(tables.key_figures(fakes.empty()))
    assert "$100,000.00" in shown
    assert "nothing held" in shown
    assert "clip-path" not in tables.key_figures(fakes.empty())  # no history, no line


def test_what_is_not_known_is_not_shown_as_a_number():
    now = fakes.snapshot()
    blind = replace(
        now,
        valuation=replace(now.valuation, equity=None, day_pnl=None, open_pnl=None),
        risk=replace(now.risk, var=None, var_fraction=None, var_note="unknown, 40 bars"),
    )
    shown = text(tables.key_figures(blind))
    assert "a held instrument has no price" in shown
    assert "unknown 40 bars" in shown
    assert "nan" not in shown.lower()


def test_the_watchlist_says_price_change_source_and_age():
    markup = tables.watchlist(fakes.snapshot(), "AAPL")
    assert "571.53 +0.12% tape 2.0 s" in row(markup, "AAPL")
    assert f"{MINUS}0.38%" in row(markup, "GOOG")
    assert "simulated 2.0 s" in row(markup, "BTC/USDT")
    assert markup.count('<tr class="on">') == 1


def test_a_stale_price_is_marked_with_its_age_and_reason():
    markup = tables.watchlist(with_datum("AAPL", stale=True, age=754.0, why="no answer since 11:00"), "")
    assert "STALE tape 13 min" in row(markup, "AAPL")
    assert 'title="no answer since 11:00"' in markup
    assert "STALE" not in row(markup, "MSFT")


def test_outside_the_session_the_last_close_is_not_called_old():
    shown = row(tables.watchlist(with_datum("IBM", session=SessionState.CLOSED, age=40_000.0), ""), "IBM")
    assert "closed" in shown
    assert "STALE" not in shown


def test_an_instrument_without_a_price_has_none():
    market = {k: v for k, v in fakes.MARKET.items() if k != "FB"}
    shown = row(tables.watchlist(fakes.snapshot(market=MappingProxyType(market)), ""), "FB")
    assert "no price yet" in shown


def test_a_signal_stands_beside_its_base_rate_and_says_no_edge():
    shown = row(tables.signals(fakes.snapshot()), "AAPL")
    assert "56.6% 54.1% NO EDGE SHOWN" in shown


def test_a_model_that_abstains_gives_no_number():
    signals = {"AAPL": replace(fakes.SIGNALS["AAPL"], probability=None)}
    assert "abstains" in row(tables.signals(fakes.snapshot(signals=MappingProxyType(signals))), "AAPL")


def test_positions_are_ordered_by_value_and_flat_ones_left_out():
    now = fakes.snapshot()
    flat = replace(now.valuation.positions[0], symbol="IBM", quantity=now.valuation.positions[0].quantity * 0)
    book = replace(now.valuation, positions=(flat, *now.valuation.positions))
    held = tables.held(replace(now, valuation=book))
    assert [p.symbol for p in held] == ["MSFT", "AAPL", "BTC/USDT", "ETH/USDT"]


def test_a_position_shows_quantity_cost_gain_and_weight():
    shown = row(tables.positions(fakes.snapshot()), "MSFT")
    assert "400 29.90 29.34" in shown
    assert f"{MINUS}224.00 {MINUS}1.87% 11.7%" in shown  # 400 * (29.34 - 29.90)


def test_a_position_without_a_mark_has_dashes():
    now = fakes.snapshot()
    blind = replace(
        now.valuation.positions[0], last=None, value=None, unrealized=None, day_pnl=None, weight=None
    )
    shown = row(tables.positions(replace(now, valuation=replace(now.valuation, positions=(blind,)))), "AAPL")
    assert shown.count("–") == 5  # noqa: RUF001 - the dash that stands for what is not known


def test_a_disputed_price_has_a_plate_in_the_watchlist_and_on_the_position():
    now = with_datum("AAPL", **_disputed("AAPL"))
    for markup in (tables.watchlist(now, ""), tables.positions(now)):
        assert "DISPUTED" in row(markup, "AAPL")
        assert "DISPUTED" not in row(markup, "MSFT")
        assert 'title="tape 571.53; finnhub 600.11' in markup


def test_a_mark_says_source_age_and_agreement():
    shown = row(tables.positions(fakes.live()), "AAPL")
    assert shown.count("alpaca 2.0 s \u00b7 2 of 2") == 2  # in a column, and below the symbol on a phone
    market = {k: v for k, v in fakes.MARKET.items() if k != "AAPL"}
    assert "no price yet" in row(tables.positions(fakes.snapshot(market=MappingProxyType(market))), "AAPL")


def _disputed(symbol):
    datum = fakes.witnessed(fakes.MARKET[symbol], "finnhub", 1.05)
    return {"agreement": datum.agreement, "witnesses": datum.witnesses}


def test_a_call_stands_before_its_edge_and_a_degraded_edge_is_amber():
    rows = tables.signals(seers.ensemble()).split("<tr")
    up, down, none = (next(row for row in rows if symbol in row) for symbol in ("AAPL", "IBM", "MSFT"))
    assert '<span class="up">UP</span></b> <span class="tag accent"' in up
    assert '<span class="down">DOWN</span></b> <span class="tag warn"' in down
    assert "NO SIGNAL" not in none
