"""What the phone says of why: the first gate that fails, its numbers, what would pass; within a message's limits."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import fakes
import pytest
from unit.portfolio.folding import Script
from unit.telegram.test_phone import Spoken

from marketpulse.errors import Refused, StorageError
from marketpulse.portfolio.codec import Alert, Intent, write_alert, write_denial
from marketpulse.telegram import Phone
from marketpulse.telegram.why import MOST_ASKED, Explainer
from marketpulse.telegram.words import MOST
from marketpulse.types import Check, EventKind, OrderRequest, OrderType, Reason, Side
from marketpulse.types.why import Change, Rung, Why

NOW = datetime(2012, 6, 1, tzinfo=UTC)
LADDER = (
    Rung("STALE_QUOTE", "Price", passed=True, sentence="Fresh."),
    Rung("EDGE", "Edge", passed=False, sentence="None.", value="p 50.9%", limit="52.1%"),
    Rung("POSITION_LIMIT", "Position", passed=False, sentence="x"),
)


class Asked:
    """A desk that is asked why and what would pass; ``error`` is raised instead while it is set."""

    def __init__(self, change=None, rungs=LADDER, error=None, **shown):
        self.change_, self.rungs, self.error = change, rungs, error
        self.shown = replace(fakes.snapshot(), **shown)
        self.asked = []

    def snapshot(self):
        return self.shown

    def why(self, symbol, at=None, quantity=None):
        assert at is quantity is None  # of now, and as much as the sizing proposes
        self.asked.append(symbol)
        if self.error:
            raise self.error
        return Why(symbol, NOW, past=False, asked="", rungs=self.rungs, change=self.change_)

    def change(self, request):
        self.asked.append(request)
        if self.error:
            raise self.error
        return self.change_


def denied(*reasons, **fields):
    request = OrderRequest("AAPL", Side.BUY, OrderType.LIMIT, Decimal(200), Decimal("99.50"), **fields)
    intent = Intent("C-1", request, "body", Decimal(0), NOW)
    return Script().add(EventKind.DENIED, "d", write_denial(intent, reasons)).events[0]


def alert(code, ref):
    return Script().add(EventKind.ALERT, ref, write_alert(Alert(code, f"{code} happened."))).events[0]


OVER = Reason("POSITION_LIMIT", "AAPL at 20.0% of equity would exceed the 15% allowed.", "20.0%", "15%")
FIRST = "  → It fails first at POSITION_LIMIT, 20.0% against 15%."


def told(events, desk):
    spoken = Spoken()
    count = Phone(spoken, desk.snapshot, explain=Explainer(desk)).send(events)
    return spoken.texts[0], count


def test_a_refusal_carries_its_gate_its_numbers_and_what_would_pass():
    desk = Asked(Change("quantity", "150"))
    text, _ = told([denied(OVER, post_only=True)], desk)
    assert text.splitlines()[1:] == [
        "#1 Refused: buy 200 AAPL. AAPL at 20.0% of equity would exceed the 15% allowed.",
        f"{FIRST} Would pass now: quantity 150.",
    ]
    assert desk.asked == [
        {
            "symbol": "AAPL", "side": "buy", "type": "limit", "quantity": "200", "limit_price": "99.50",
            "time_in_force": "day", "post_only": True,
        }
    ]  # fmt: skip


def test_a_refusal_that_no_small_change_mends_says_so():
    halted = Reason("HALTED", "Trading is halted: by hand. Resume it first.")
    text, _ = told([denied(halted, OVER)], Asked())
    assert text.splitlines()[2] == "  → It fails first at HALTED. No small change of it would pass now."


def test_an_alert_about_a_symbol_carries_what_a_buy_of_it_meets_first():
    desk = Asked(Change("quantity", "12"))
    text, _ = told([alert("UNPROTECTED", "AAPL")], desk)
    assert text.splitlines()[2] == (
        "  → A buy of AAPL fails first at EDGE, p 50.9% against 52.1%. Would pass now: quantity 12."
    )
    order = desk.shown.orders[0]
    told([alert("LATE_FILL", order.id)], desk)
    assert desk.asked[-1] == order.request.symbol
    open_ = Asked(rungs=LADDER[:1])
    assert told([alert("UNPROTECTED", "AAPL")], open_)[0].endswith("A buy of AAPL passes every gate now.")


def test_an_alert_about_the_book_carries_the_limit_that_fails():
    rich = fakes.snapshot()
    limits = (
        Check("OPEN_RISK", "Open risk", False, "x", "27.0%", "25%", 1.08),
        Check("DRAWDOWN", "Drawdown", False, "x", "16.0%", "15%", 1.07, True),
    )
    desk = Asked(risk=replace(rich.risk, limits=limits))
    assert told([alert("DRAWDOWN", "equity")], desk)[0].endswith(
        "→ The book fails first at DRAWDOWN, 16.0% against 15%."
    )
    assert told([alert("WEEKLY_LOSS", "paper:desk")], desk)[0].endswith("OPEN_RISK, 27.0% against 25%.")
    calm = Asked(risk=replace(rich.risk, limits=()))
    assert "→" not in told([alert("WEEKLY_LOSS", "paper:desk")], calm)[0]


@pytest.mark.parametrize(
    "error", [Refused("X", "no"), StorageError("closed"), KeyError("x"), ValueError("x"), ZeroDivisionError()]
)
def test_what_cannot_be_explained_is_told_all_the_same(error):
    for event in (denied(OVER), alert("UNPROTECTED", "AAPL")):
        text, count = told([event], Asked(error=error))
        assert (count, len(text.splitlines())) == (1, 2)


def test_a_refusal_of_an_older_ledger_has_no_numbers_and_breaks_nothing():
    event = denied(Reason("POSITION_LIMIT", "Too much."))
    assert told([event], Asked())[0].splitlines()[2].startswith("  → It fails first at POSITION_LIMIT.")
    bare = replace(event, payload={**event.payload, "reasons": []})
    assert len(told([bare], Asked())[0].splitlines()) == 2


def test_many_refusals_are_bounded_in_length_and_in_questions():
    desk = Asked(Change("quantity", "150"))
    events = [replace(denied(OVER), seq=n) for n in range(1, 101)]
    text, count = told(events, desk)
    assert len(text) <= MOST
    assert 10 < count < 100
    assert len(desk.asked) == MOST_ASKED
    assert text.count("Would pass now") == MOST_ASKED
    again, _ = told(events[count:], desk)
    assert again.splitlines()[1].startswith(f"#{count + 1} ")
    long = denied(Reason("X" * 3_000, "y" * 9_000, "1", "2"))
    text, _ = told([long], desk)
    assert all(len(line) <= 405 for line in text.splitlines())


def test_signs_of_markup_and_unprintable_ones_harm_nothing():
    odd = denied(Reason("A_B*[x](http://y)<b>", "Under_score *star* <b>&amp;\n\u202e`tick`", "1_0%", "<5>"))
    text, _ = told([odd], Asked(Change("limit_price", "9_9*")))
    assert text.splitlines()[2] == (
        "  → It fails first at A_B*[x](http://y)<b>, 1_0% against <5>. Would pass now: limit price 9_9*."
    )
    assert len(text.splitlines()) == 3
    assert "\u202e" not in text


def test_fills_and_halts_have_nothing_to_explain():
    desk = Asked()
    assert Explainer(desk)(Script().trade("buy", "1", "10").events[-1]) == ""
    assert desk.asked == []
