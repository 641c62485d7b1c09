"""The ladder of gates on the Signals page; the desk is a double."""

from pathlib import Path

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def fresh_process():
    yield
    desk.use(None)


@pytest.fixture
def page():
    desk.use(fakes.FakeDesk())
    opened = AppTest.from_file(str(SHELL), default_timeout=30).run().switch_page("signals.py").run()
    assert not opened.exception
    return opened


def shown(page):
    return " ".join(block.proto.body for block in page.get("html"))


def test_the_ladder_names_the_first_failure_and_the_change_that_would_pass(page):
    text = shown(page)
    assert "Would " in text
    assert "Edge after cost" in text
    assert "the order itself would pass" in text
    assert "A person places each order" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [("2012-06-05 16:00", "Asked: buy"), ("yesterday", "Write the moment as 2012-06-05 16:00.")],
)
def test_a_moment_before_can_be_asked_for(page, typed, said):
    page.text_input(key="why_at").input(typed).run()
    assert not page.exception
    assert said in shown(page)
