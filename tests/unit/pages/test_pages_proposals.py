"""The proposals panel and the mode in the strip, through Streamlit's own test driver; the desk is a double."""

from dataclasses import replace
from pathlib import Path

import fakes
import pytest
from proposed import ALL, LEAVING, ORDERED, PASSED, WAITING
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.types import Conduct, ProposalState

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def fresh_process():
    yield
    desk.use(None)


def orders_page(**shown):
    double = fakes.FakeDesk(fakes.snapshot(**shown))
    desk.use(double)
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    page.switch_page("orders.py")
    page.run()
    assert not page.exception
    return page, double


def text(page):
    return " ".join(block.proto.body for block in page.get("html"))


def buttons(page):
    return {b.key: b for b in page.button}


def test_a_desk_that_suggests_shows_no_panel_and_says_so_in_the_strip():
    page, _ = orders_page()
    assert "Suggest" in text(page)
    assert "Nothing decided yet" not in text(page)


def test_each_open_proposal_can_be_answered_and_a_non_order_names_its_gate():
    page, double = orders_page(conduct=Conduct.CONFIRM, proposals=ALL)
    said = text(page)
    assert "2 to answer" in said
    assert "Buy 76 IBM at the market; p 57.4%" in said
    assert "EDGE" in said
    assert "no edge shown against weak edge" in said
    buttons(page)[f"approve_{WAITING.id}"].click().run()
    buttons(page)[f"decline_{LEAVING.id}"].click().run()
    assert double.calls == [("answer", WAITING.id, True), ("answer", LEAVING.id, False)]
    assert "to answer" not in text(page)
    assert "a person approves each order" in text(page)
    assert [p.state for p in double.shown.proposals[:2]] == [ProposalState.ORDERED, ProposalState.DECLINED]


def test_auto_and_practice_are_labelled_and_leave_nothing_to_press():
    page, _ = orders_page(conduct=Conduct.AUTO, practice=True)
    said = text(page)
    assert "AUTO on paper · PRACTICE" in said
    assert "Practice on paper: no edge is shown" in said
    assert "Nothing decided yet" in said
    assert not [key for key in buttons(page) if key and key.startswith("approve_")]


def test_decisions_stand_in_the_order_in_which_they_ended():
    late = replace(ORDERED, symbol="LATE", ended=fakes.NOW)
    page, _ = orders_page(conduct=Conduct.AUTO, proposals=(replace(PASSED, symbol="EARLY"), late))
    said = text(page)
    assert said.index("LATE") < said.index("EARLY")


def test_an_approval_that_waits_can_be_taken_back_and_practice_is_said_once():
    waits = replace(WAITING, state=ProposalState.APPROVED)
    page, double = orders_page(conduct=Conduct.CONFIRM, practice=True, proposals=(waits, PASSED))
    assert text(page).count("Practice on paper: no edge is shown") == 1
    assert f"approve_{waits.id}" not in buttons(page)
    buttons(page)[f"decline_{waits.id}"].click().run()
    assert double.calls == [("answer", waits.id, False)]
