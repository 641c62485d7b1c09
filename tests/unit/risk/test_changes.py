"""A change is proposed only where asking again finds nothing to refuse."""

from dataclasses import replace

import pytest
from tickets import INSTRUMENTS, ask

from marketpulse.risk.changes import smallest_change
from marketpulse.types import Change, Check, Preview

PASSED = Preview(ask(), ())
RAW = {"symbol": "AAPL", "side": "buy", "type": "limit", "quantity": "10", "limit_price": "560.107"}


def refusal(code):
    """What the desk answers when it cannot even read the order."""
    return Preview(None, (Check(code, "Order", passed=False, sentence="Between two steps."),))


def propose(code, again=PASSED, **changes):
    return smallest_change(refusal(code), RAW | changes, INSTRUMENTS["AAPL"], (), lambda _: again)


@pytest.mark.parametrize(("side", "text"), [("buy", "560.10"), ("sell", "560.11")])
def test_a_price_off_the_tick_is_rounded_away_from_more_exposure(side, text):
    assert propose("OFF_TICK", side=side) == Change("limit_price", text)


def test_a_quantity_off_the_lot_is_rounded_down():
    assert propose("OFF_LOT", quantity="10.5") == Change("quantity", "10")
    assert propose("OFF_LOT", quantity="0.5") is None


def test_a_proposal_that_does_not_pass_is_not_made():
    assert propose("OFF_LOT", refusal("OFF_LOT"), quantity="10.5") is None


@pytest.mark.parametrize("text", ["", "NaN", "ten", "Infinity", "1e999999999"])
def test_what_is_no_number_gets_no_proposal(text):
    assert propose("OFF_LOT", quantity=text) is None


def test_nothing_is_proposed_for_what_no_quantity_mends():
    halted = replace(PASSED, checks=(Check("HALTED", "Trading", passed=False, sentence="Halted."),))
    assert smallest_change(halted, RAW, INSTRUMENTS["AAPL"], (), lambda _: PASSED) is None
