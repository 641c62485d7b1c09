"""The import of a statement: shown, then booked as it was shown."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import accounts
import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.errors import Refused
from marketpulse.types import RefusedRow, Side, Statement, StatementRow

ROW = StatementRow(
    2, "external:x", datetime(2026, 1, 5, 15, 30, tzinfo=UTC), "AAPL", Side.BUY, Decimal(10), Decimal("190.5"), "USD",
    Decimal(1), "USD", "T1",
)  # fmt: skip
SHOWN = Statement(
    "paper:desk", "generic", (ROW,), (RefusedRow(3, "The price <b>x</b> is not a number."),),
    (RefusedRow(4, "Trade T0 is booked already."),), {"AAPL": Decimal(10)}, {"USD": Decimal(-1906)}, hash="h1",
)  # fmt: skip


class Desk(fakes.FakeDesk):
    """The double with the verb of this panel."""

    answer = SHOWN

    def statement(self, text, account, commit=""):
        self.calls.append(("statement", text, account, commit))
        if commit not in ("", "h1"):
            raise Refused("CHANGED", "The file changed.")
        return replace(self.answer, committed=bool(commit))


def shown(text):
    """A page that shows what one file would do."""
    from pages import parts, statement  # noqa: PLC0415 - AppTest runs this function's source alone

    found = statement._ask(text, "paper:desk")
    if found is not None:
        statement._show(found, text)
    parts.show_said()


@pytest.fixture(autouse=True)
def fresh_process():
    yield
    desk.use(None)


def said(page):
    return " ".join(toast.value.replace("\\", "") for toast in page.toast)


def html(page):
    return "\n".join(e.proto.body for e in page.get("html"))


def test_what_the_file_would_do_is_shown_and_nothing_is_booked():
    desk.use(double := Desk(fakes.empty(accounts=(accounts.PAPER,))))
    page = AppTest.from_function(shown, args=("a,b\n",)).run()
    said = html(page)
    assert "1 new, 1 booked already, 1 not understood" in said
    assert "190.5 USD" in said
    assert "-1906" in said
    assert "Trade T0 is booked already." in said
    assert "<b>x</b>" not in said
    assert [call[3] for call in double.calls] == [""]


def test_booking_books_exactly_what_was_shown():
    desk.use(double := Desk(fakes.empty(accounts=(accounts.PAPER,))))
    page = AppTest.from_function(shown, args=("a,b\n",)).run()
    page.button(key="statement_book").click().run()
    assert ("statement", "a,b\n", "paper:desk", "h1") in double.calls
    assert "Booked 1 trade." in said(page)


def test_a_file_that_changed_meanwhile_is_not_booked():
    desk.use(double := Desk(fakes.empty(accounts=(accounts.PAPER,))))
    double.answer = replace(SHOWN, hash="h2")
    page = AppTest.from_function(shown, args=("a,b\n",)).run()
    page.button(key="statement_book").click().run()
    assert "Nothing was booked: The file changed." in said(page)


def test_a_file_with_nothing_new_offers_nothing_to_book():
    desk.use(double := Desk(fakes.empty(accounts=(accounts.PAPER,))))
    double.answer = Statement("paper:desk", "generic", notes=("No line could be read.",))
    page = AppTest.from_function(shown, args=("",)).run()
    assert "No line could be read." in html(page)
    assert not page.button
