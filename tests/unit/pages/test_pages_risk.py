import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.types.risk import Exposures
from pages.formats import MINUS

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def no_desk_left_behind():
    yield
    desk.use(None)


def html(shown):
    """All markup of the Risk page for one Snapshot, and its figures."""
    desk.use(fakes.FakeDesk(shown))
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    page.switch_page("risk.py").run()
    assert not page.exception
    figures = [json.loads(e.proto.spec) for e in page.get("plotly_chart")]
    return "\n".join(e.proto.body for e in page.get("html")), figures


def test_the_books_risk_is_shown_with_its_context():
    shown, figures = html(fakes.snapshot())
    risk = fakes.snapshot().risk
    assert f"${risk.var:,.0f}" in shown
    assert f"{risk.var_fraction:.2%}" in shown
    assert "1-day 99 % loss by historical simulation, 500 bars" in shown
    assert "of 61 daily equity returns" in shown
    assert "11.4%" in shown  # volatility
    assert len(figures) == 2


def test_the_worst_days_of_the_present_book_come_first():
    shown, _ = html(fakes.snapshot())
    worst = min(amount for _, amount in fakes.snapshot().risk.scenario_pnl)
    assert f"{MINUS}${abs(worst):,.0f}" in shown
    assert "Red: 4 of 500 days beyond the VaR." in shown


def test_limits_are_blue_amber_and_red():
    rich = fakes.snapshot()
    position, total = rich.risk.limits
    over = replace(position, use=1.2, passed=False, value="18.0%")
    shown, _ = html(replace(rich, risk=replace(rich.risk, limits=(over, total))))
    assert '<span class="bar down">' in shown
    assert '<span class="bar warn">' in shown
    assert "warns only" in shown
    assert '<span class="bar accent"><i style="width:23.1%">' in shown  # exposure to equities
    assert "2 above 80%" in shown


def test_an_empty_book_has_a_var_of_zero_and_says_what_to_do():
    shown, figures = html(fakes.empty())
    assert "<strong>$0</strong>" in shown
    assert "Nothing is held" in shown
    assert "The VaR of an empty book is 0. Buy something and its risk is shown here." in shown
    assert figures == []


def test_an_unknown_var_says_how_many_bars_there_are():
    rich = fakes.snapshot()
    risk = replace(
        rich.risk, var=None, var_fraction=None, var_note="unknown, 57 bars", bars=57, scenario_pnl=()
    )
    shown, _ = html(replace(rich, risk=risk))
    assert "<strong>unknown</strong>" in shown
    assert "VaR is unknown, 57 bars. It refuses nothing while it is unknown." in shown
    assert "$0" not in shown.split("Value at risk")[1].split("Gross")[0].split("below")[0]


def test_unknown_equity_is_a_dash_and_breaks_nothing():
    rich = fakes.snapshot()
    held = tuple(
        replace(p, last=None, value=None, unrealized=None, day_pnl=None, weight=None)
        for p in rich.valuation.positions
    )
    value = replace(rich.valuation, equity=None, day_pnl=None, open_pnl=None, positions=held)
    risk = replace(rich.risk, gross=None, open_risk=None, var_fraction=None, exposure=())
    shown, _ = html(replace(rich, valuation=value, risk=risk))
    assert "equity unknown" in shown


def test_the_loss_at_a_stop_counts_to_the_stop_and_whole_without_one():
    shown, _ = html(fakes.snapshot())
    row = next(part for part in shown.split("<tr") if "AAPL</b>" in part)
    assert f"{MINUS}531" in row  # 20 x (571.53 - 545.00) = 530.60
    row = next(part for part in shown.split("<tr") if "MSFT</b>" in part)
    assert f"{MINUS}11,736" in row  # 400 x 29.34


def test_one_stop_far_above_the_price_loses_nothing():
    rich = fakes.snapshot()
    first, *rest = rich.valuation.positions
    value = replace(rich.valuation, positions=(replace(first, stop=Decimal(600)), *rest))
    shown, _ = html(replace(rich, valuation=value))
    row = next(part for part in shown.split("<tr") if "AAPL</b>" in part)
    assert ">0<" in row


def test_where_the_money_lies_is_shown_by_sector_currency_and_days_to_sell():
    rich = fakes.snapshot()
    lies = Exposures(
        0.61, 1.25, sectors=(("Tech", 0.2), ("no sector known", 0.09)), currencies=(("USD", 0.2),),
        liquidity=(("BTC/USDT", None), ("AAPL", 0.25)),
    )  # fmt: skip
    shown, _ = html(replace(rich, risk=replace(rich.risk, exposures=lies)))
    assert "net 61.0% · leverage 1.25x" in shown
    assert "no sector known" in shown
    assert "Days to sell" in shown
    assert "0.25" in shown
    assert "At 10% of the median volume of 21 days." in shown
    bare, _ = html(rich)
    assert "Days to sell" not in bare
