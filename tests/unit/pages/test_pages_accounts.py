"""The Accounts page through Streamlit's own test driver; the desk is a double."""

from dataclasses import replace
from pathlib import Path

import accounts
import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.errors import Refused, StorageError

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def fresh_process():
    yield
    desk.use(None)


class Desk(fakes.FakeDesk):
    """The double with the verbs of this page."""

    def arm(self, broker, account_id):
        self.calls.append(("arm", broker, account_id))
        if account_id != "A1":
            raise Refused("WRONG_ACCOUNT", "That is not this account's id.")

    def adopt(self, broker, account_id, typed):
        self.calls.append(("adopt", broker, account_id, typed))
        if typed != "ADOPT B7":
            raise StorageError("the disk is full")


def live():
    shown = fakes.snapshot()
    value = replace(
        shown.valuation,
        balances=accounts.BALANCES,
        rates=accounts.RATES,
        unknown=("INR has no rate to USD.",),
    )
    return replace(
        shown, accounts=(accounts.ALPACA, accounts.BINANCE), valuation=value, lots=accounts.LOTS,
        closed=accounts.SOLD, quality=accounts.QUALITY,
    )  # fmt: skip


def tab(double):
    desk.use(double)
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    page.switch_page("accounts.py")
    page.run()
    assert not page.exception
    return page


def html(page):
    return "\n".join(e.proto.body for e in page.get("html"))


def said(page):
    return " ".join(toast.value.replace("\\", "") for toast in page.toast)


def test_a_paper_desk_says_so_and_how_to_go_live():
    shown = html(tab(Desk(fakes.empty(accounts=(accounts.PAPER,)))))
    assert "paper: no money moves" in shown
    assert "docs/live.md" in shown
    assert "Nothing is held" in shown
    assert "No order has reached a venue" in shown


def test_each_account_says_whose_money_it_is_and_how_it_stands():
    shown = html(tab(Desk(live())))
    assert "A1 · real money" in shown
    assert "not armed" in shown
    assert "differs" in shown
    assert "0.75" in shown
    assert "web-1" in shown


def test_arming_wants_the_id_typed_and_says_when_it_is_another():
    double = Desk(live())
    page = tab(double)
    page.text_input(key="arm_alpaca_text").set_value("A2")
    page.button(key="arm_alpaca_go").click().run()
    assert said(page) == "That is not this account's id."
    page.text_input(key="arm_alpaca_text").set_value("A1")
    page.button(key="arm_alpaca_go").click().run()
    assert double.calls == [("arm", "alpaca", "A2"), ("arm", "alpaca", "A1")]
    assert said(page) == "Done: arm alpaca."


def test_an_account_that_differs_is_adopted_by_its_phrase_and_never_armed():
    double = Desk(live())
    page = tab(double)
    assert "arm_binance_text" not in {one.key for one in page.text_input}
    page.text_input(key="adopt_binance_text").set_value("ADOPT")
    page.button(key="adopt_binance_go").click().run()
    assert "the disk is full" in said(page)
    page.text_input(key="adopt_binance_text").set_value("ADOPT B7")
    page.button(key="adopt_binance_go").click().run()
    assert double.calls[-1] == ("adopt", "binance", "B7", "ADOPT B7")


def test_a_currency_without_a_rate_has_no_value_and_an_assumption_is_named():
    shown = html(tab(Desk(live())))
    assert "no rate" in shown
    assert "assumed 1:1" in shown
    assert "INR has no rate to USD." in shown


def test_lots_and_sales_are_told_in_their_own_currency():
    shown = html(tab(Desk(live())))
    assert "6,200.00 INR" in shown
    assert "+$30.00" in shown


def test_execution_quality_is_in_basis_points_and_unknown_stays_unknown():
    shown = html(tab(Desk(live())))
    assert "+4.2" in shown
    assert "stop limit" in shown


def test_what_a_venue_wrote_is_never_markup():
    spoiled = replace(accounts.ALPACA, note="<script>x</script>", account_id="<b>A1</b>")
    shown = html(tab(Desk(replace(live(), accounts=(spoiled,)))))
    assert "<script>x" not in shown
    assert "<b>A1</b>" not in shown
