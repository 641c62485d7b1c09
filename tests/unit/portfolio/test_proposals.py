"""Proposals as events and back, and the fold: the same however often, the first word stands."""

import json
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from fakes import NOW
from proposed import ALL, PASSED, WAITING

from marketpulse.portfolio.codec import (
    Booking,
    External,
    ExternalKind,
    write_action,
    write_booking,
    write_external,
)
from marketpulse.portfolio.proposal_codec import Step, read_proposal, read_step, write_proposal, write_step
from marketpulse.portfolio.proposals import Proposals, Stakes
from marketpulse.types import (
    ActionKind,
    CorporateAction,
    Event,
    EventKind,
    Fill,
    OrderState,
    ProposalState,
    Purpose,
    Side,
)


def event(seq, ref, payload):
    return Event(seq, NOW, "desk", EventKind.PROPOSAL, ref, json.loads(json.dumps(payload)), None, "")


@pytest.mark.parametrize("made", ALL[:3], ids=lambda p: p.state.value)
def test_each_is_read_back_as_it_was_written(made):
    again = read_proposal(made.id, made.time, json.loads(json.dumps(write_proposal(made))))
    assert again == made


def test_a_step_is_no_proposal_and_back():
    step = Step(ProposalState.REFUSED, "No.", "HALTED")
    assert read_step(write_step(step)) == step
    assert read_step(write_proposal(WAITING)) is None


def test_the_fold_knows_what_is_open_what_was_decided_and_what_it_came_to():
    events = [
        event(1, WAITING.id, write_proposal(WAITING)),
        event(2, PASSED.id, write_proposal(PASSED)),
        event(3, WAITING.id, write_step(Step(ProposalState.APPROVED, "Approved."))),
    ]
    fold = Proposals.of(events)
    assert [p.state for p in fold.open] == [ProposalState.APPROVED]
    assert fold.decided(PASSED.signal)
    assert not fold.decided("IBM:2012-06-14:x")
    assert fold.bought(WAITING.signal).id == WAITING.id
    assert fold.sales(WAITING.signal) == ()
    refused = fold.apply(
        event(4, WAITING.id, write_step(Step(ProposalState.REFUSED, "It is halted.", "HALTED")))
    )
    assert (refused.rung.code, refused.rung.label) == ("HALTED", "Halted")
    assert fold.open == ()
    assert [p.id for p in fold.newest(9)] == [PASSED.id, WAITING.id]
    assert fold.get(WAITING.id).purpose is Purpose.OPEN


def moved(seq, kind, ref, payload):
    return Event(seq, NOW, "binance:1", kind, ref, json.loads(json.dumps(payload)), None, "")


def bought(seq, order, units, fee="0", coin=""):
    done = Fill(
        "binance",
        str(seq),
        "c",
        "BTC/USDT",
        Side.BUY,
        Decimal(units),
        Decimal(100),
        Decimal(fee),
        NOW,
        fee_currency=coin,
    )
    return moved(seq, EventKind.FILL, order, write_booking(Booking(done, OrderState.FILLED)))


def test_a_stake_is_what_arrived_less_the_fee_in_the_coin_itself_and_follows_a_split():
    coin = replace(
        WAITING,
        id="buys",
        symbol="BTC/USDT",
        request=replace(WAITING.request, symbol="BTC/USDT", quantity=Decimal(1)),
    )
    fold = Proposals.of([event(1, coin.id, write_proposal(coin))])
    stakes = Stakes(fold, lambda one: SimpleNamespace(id=one, parent=""))
    stakes.take([bought(2, "mine", "3", "0.003", "BTC")])
    assert stakes.units == {}
    stakes.take([bought(3, "buys", "1", "0.001", "BTC"), bought(4, "other", "1", "2", "BNB")])
    assert stakes.units == {"buys": Decimal("0.999")}
    stakes.take(
        [
            moved(
                5,
                EventKind.ACTION,
                "",
                write_action(CorporateAction("BTC/USDT", NOW.date(), ActionKind.SPLIT, Decimal(2))),
            )
        ]
    )
    assert stakes.units == {"buys": Decimal("1.998")}
    sold = External(
        ExternalKind.TRADE,
        "BTC/USDT",
        Decimal(-9),
        Decimal(50),
        "USDT",
        fee=Decimal("0.004"),
        fee_currency="BTC",
    )
    stakes.take([moved(6, EventKind.EXTERNAL, "BTC/USDT", write_external(sold))])
    assert stakes.units == {"buys": Decimal("0.988")}  # (3 - .003 + .999 + 1) x 2 - 9.004 are left in all
    assert stakes.seq == 6
