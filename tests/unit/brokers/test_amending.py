"""A change is looked at first, sent once, and seen before it counts."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from unit.brokers.pairs import BTC

from marketpulse.brokers.amending import Amending
from marketpulse.clock import SimClock
from marketpulse.errors import AuthExpired, Rejected, Throttled, Uncertain
from marketpulse.ports import OrderRef, Terms, VenueOrder
from marketpulse.types import OrderState

REF = OrderRef("MPAAAAAAAAAAAAAAAAAA", "7", BTC)
HIGHER = Terms(limit_price=Decimal(91))
GRACE = 30.0


class Venue:
    """An order that rests; ``loses`` are exceptions of the next sends, each after the venue has acted or before."""

    def __init__(self) -> None:
        self.view: VenueOrder | None = VenueOrder(
            REF, OrderState.ACCEPTED, Decimal(10), Decimal(0), limit_price=Decimal(90)
        )
        self.sent = 0
        self.blind: Exception | None = None
        self.loses: list[tuple[Exception, bool]] = []
        self.clock = SimClock(datetime(2026, 3, 9, 15, 0, tzinfo=UTC))
        self.changes = Amending("venue", self.clock, GRACE)

    def look(self, ref):
        assert ref == REF
        if self.blind:
            raise self.blind
        return self.view

    def ask(self, terms=HIGHER):
        def send(view):
            assert view == self.view
            self.sent += 1
            error, acts = self.loses.pop(0) if self.loses else (None, True)
            if acts:
                self.obey(terms)
            if error:
                raise error

        return self.changes.change(REF, terms, self.look, send)

    def obey(self, terms):
        named = {"quantity": terms.quantity, "limit_price": terms.limit_price}
        self.view = replace(self.view, **{k: v for k, v in named.items() if v is not None})


@pytest.fixture
def venue():
    return Venue()


def code(call) -> str:
    with pytest.raises(Rejected) as refusal:
        call()
    assert refusal.value.sentence.endswith(".")
    return refusal.value.code


def test_a_change_is_sent_once_and_seen(venue):
    ack = venue.ask()
    assert (ack.client_id, ack.venue_id, venue.sent) == (REF.client_id, "7", 1)
    assert venue.ask().venue_id == "7"
    assert venue.sent == 1  # it is so already


@pytest.mark.parametrize("acts", [True, False])
def test_a_change_whose_answer_was_lost_is_not_sent_again(venue, acts):
    venue.loses = [(Uncertain("lost"), acts)]
    with pytest.raises(Uncertain):
        venue.ask()
    if acts:
        assert venue.ask().venue_id == "7"
    else:
        with pytest.raises(Uncertain, match="not shown yet"):
            venue.ask()
        with pytest.raises(Uncertain, match="not shown yet"):
            venue.ask(Terms(limit_price=Decimal(80)))  # the lost one may still come, and undo this
    assert venue.sent == 1


def test_a_change_that_is_not_seen_within_the_grace_has_not_arrived(venue):
    venue.loses = [(Uncertain("lost"), False)]
    with pytest.raises(Uncertain):
        venue.ask()
    venue.clock.advance(GRACE - 1)
    with pytest.raises(Uncertain):
        venue.ask()
    venue.clock.advance(2)
    venue.ask()
    assert venue.sent == 2
    assert venue.view.limit_price == 91


def test_a_yes_that_is_not_seen_yet_is_in_doubt(venue):
    venue.obey = lambda _: None
    with pytest.raises(Uncertain, match="not shown yet"):
        venue.ask()
    del venue.obey
    venue.obey(HIGHER)
    venue.ask(Terms(limit_price=Decimal(80)))
    assert (venue.sent, venue.view.limit_price) == (2, 80)


def test_a_yes_after_which_the_order_cannot_be_looked_at_is_in_doubt(venue):
    seen = venue.view
    looks = iter([seen])

    def look(ref):
        del ref
        for view in looks:
            return view
        raise Throttled("busy", 1.0)

    venue.look = look
    with pytest.raises(Uncertain):
        venue.ask()
    assert venue.sent == 1


@pytest.mark.parametrize("error", [Rejected("X", "No."), Throttled("busy", 7.0), AuthExpired("login")])
def test_what_the_venue_turned_away_may_be_asked_for_again(venue, error):
    venue.loses = [(error, False)]
    with pytest.raises(type(error)):
        venue.ask()
    venue.ask()
    assert venue.sent == 2


def test_nothing_is_sent_while_the_order_cannot_be_looked_at(venue):
    for error, kind in (
        (Uncertain("x"), Throttled),
        (Throttled("x", 1.0), Throttled),
        (AuthExpired("x"), AuthExpired),
    ):
        venue.blind = error
        with pytest.raises(kind):
            venue.ask()
    assert venue.sent == 0
    venue.blind, venue.loses = None, [(Uncertain("lost"), True)]
    with pytest.raises(Uncertain):
        venue.ask()
    venue.blind = AuthExpired("x")
    with pytest.raises(Uncertain):  # what was sent stays in doubt, whatever hides it
        venue.ask()


def test_an_order_that_is_not_open_is_not_changed(venue):
    shown = venue.view
    for state in (OrderState.FILLED, OrderState.CANCELED, OrderState.EXPIRED, OrderState.REJECTED):
        venue.view = replace(shown, state=state)
        assert code(venue.ask) == "NOT_OPEN"
    venue.view = None
    assert code(venue.ask) == "NOT_OPEN"
    assert venue.sent == 0


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (Terms(), "NOTHING_TO_CHANGE"),
        (Terms(stop_price=Decimal(1)), "NO_SUCH_PRICE"),
        (Terms(limit_price=Decimal(0)), "INVALID_PRICE"),
        (Terms(limit_price=Decimal("NaN")), "INVALID_PRICE"),
        (Terms(quantity=Decimal(4)), "INVALID_QUANTITY"),
        (Terms(quantity=Decimal("Infinity")), "INVALID_QUANTITY"),
    ],
)
def test_what_cannot_be_is_not_sent(venue, terms, expected):
    venue.view = replace(venue.view, filled_quantity=Decimal(4), state=OrderState.PARTIALLY_FILLED)
    assert code(lambda: venue.ask(terms)) == expected
    assert venue.sent == 0


def test_a_partly_filled_order_may_become_smaller(venue):
    venue.view = replace(venue.view, filled_quantity=Decimal(4), state=OrderState.PARTIALLY_FILLED)
    venue.ask(Terms(quantity=Decimal(5)))
    assert (venue.view.quantity, venue.sent) == (5, 1)
