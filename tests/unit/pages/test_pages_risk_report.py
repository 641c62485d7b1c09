"""What the background has measured, on the Risk page, and the size and stress of a preview."""

from dataclasses import replace
from decimal import Decimal

import pytest
import risks
from unit.pages.test_pages_risk import html

from marketpulse import desk
from marketpulse.types import BacktestView
from pages import risk_charts, risk_report
from pages.theme import Palette

TESTED = risks.REPORT.backtest()


@pytest.fixture(autouse=True)
def no_desk_left_behind():
    yield
    desk.use(None)


def test_the_headline_stands_beside_every_method_with_its_basel_colour():
    shown, figures = html(risks.measured())
    for name in risk_report.NAMES.values():
        assert name in shown
    assert "3 / 250" in shown
    assert '<span class="dot down"></span>red' in shown
    assert "here filtered historical simulation on GJR-GARCH" in shown
    assert "bars to 2012-06-13" in shown
    assert len(figures) == 3


def test_the_backtest_is_one_plain_sentence_and_a_failed_test_is_red():
    shown, _ = html(risks.measured())
    assert (
        "On 99 of 100 days the loss should stay under $2,914; in the last 250 days it was exceeded 3 times "
        "(expected 2.5): green." in shown
    )
    assert "Kupiec p <b>0.74</b>" in shown
    assert 'Quantile p <b><span class="down">0.03</span></b>' in shown


@pytest.mark.parametrize(("recent", "words"), [(0, "never"), (1, "once"), (4, "4 times")])
def test_exceedances_are_counted_in_words(recent, words):
    assert f"exceeded {words} (expected 2.5)" in risk_report.sentence(replace(TESTED, recent=recent), 10.0)


def test_a_short_backtest_has_no_colour_and_says_so():
    short = BacktestView(
        "headline", 0.99, 150, 1, 0.01, None, None, None, None, None, None, None, None, None, ""
    )
    assert risk_report.sentence(short, 10.0).endswith(
        "in the 150 days under test it was exceeded once (expected 1.5); a colour needs 250 days."
    )
    shown, _ = html(risks.measured(report=replace(risks.REPORT, backtests=(short,))))
    assert "Kupiec p <b>unknown</b>" in shown
    assert "NO ZONE" in shown


def test_the_red_zone_and_an_old_report_are_told():
    shown, _ = html(
        risks.measured(red=True, report_note="It was measured before this start.", computing=True)
    )
    assert "Red zone: buys above half the usual position are refused" in shown
    assert "It was measured before this start." in shown
    assert "being measured anew" in shown


def test_parts_stress_and_measures_are_shown():
    shown, _ = html(risks.measured())
    assert "sum $3,318" in shown
    assert "One bet: AAPL, MSFT." in shown
    assert "0.62" in shown
    assert "1 of 2" in shown
    assert "unknown: FB" in shown
    assert "standard error 1.01" in shown


def test_what_is_counted_in_days_says_so_without_a_fraction():
    shown, _ = html(risks.measured())
    assert "<b>513 d</b>" in shown
    assert "<b>8 d</b>" in shown


def test_without_a_report_the_page_says_that_it_is_being_made():
    shown, _ = html(risks.measured(report=None, computing=True))
    assert "The past of this book is being measured." in shown
    assert "It is being measured." in shown


def test_the_picture_marks_the_days_beyond():
    palette = Palette(*(["#112233"] * len(Palette.__dataclass_fields__)))
    figure = risk_charts.exceedance_figure(risks.REPORT.days, palette)
    bars, line = figure.data
    assert list(bars.marker.color)[1] == palette.down
    assert list(line.y) == [-2_900.0, -2_914.0, -3_000.0]
    assert Decimal(len(figure.layout.annotations)) == 1
