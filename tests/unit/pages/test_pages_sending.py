"""A ticket is sent once, whoever presses how often and from how many tabs."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import fakes
import pytest

from marketpulse.errors import StorageError
from marketpulse.types import OrderState
from pages.sending import Answer, TicketBook

BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "2", "time_in_force": "day"}


@pytest.fixture
def house():
    return fakes.FakeDesk(), TicketBook()


def placed(desk):
    return [call for call in desk.calls if call[0] == "place"]


def test_the_key_names_the_ticket(house):
    desk, book = house
    nonce = book.current()
    outcome = book.send(desk, nonce, BUY, "typed")
    assert outcome.answer is Answer.PLACED
    assert placed(desk)[0][2] == f"ticket:{nonce}"
    assert outcome.order.request.quantity == Decimal(2)


def test_a_new_nonce_follows_an_answer(house):
    desk, book = house
    nonce = book.current()
    outcome = book.send(desk, nonce, BUY, "typed")
    assert outcome.nonce == book.current() != nonce


def test_the_same_ticket_from_a_second_tab_is_told_so_and_gets_a_fresh_one(house):
    desk, book = house
    nonce = book.current()
    first = book.send(desk, nonce, BUY, "typed")
    second = book.send(desk, nonce, BUY, "typed")
    assert len(placed(desk)) == 1
    assert second.answer is Answer.REPEATED
    assert second.order.id == first.order.id
    assert second.nonce == first.nonce == book.current()


def test_thirty_presses_at_once_make_one_order(house):
    desk, book = house
    nonce = book.current()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: book.send(desk, nonce, BUY, "typed"), range(30)))
    assert len(placed(desk)) == 1
    assert sorted(outcome.answer for outcome in outcomes) == [Answer.PLACED] + [Answer.REPEATED] * 29


def test_another_order_from_a_second_tab_is_placed_once_under_a_number_of_its_own(house):
    desk, book = house
    nonce = book.current()
    book.send(desk, nonce, BUY, "typed")
    outcome = book.send(desk, nonce, BUY | {"side": "sell"}, "typed otherwise")
    assert outcome.answer is Answer.PLACED
    assert len(placed(desk)) == 2
    assert placed(desk)[1][2] != f"ticket:{nonce}"


def test_percent_of_equity_that_became_another_quantity_is_still_the_same_ticket(house):
    desk, book = house
    nonce = book.current()
    first = book.send(desk, nonce, BUY, "5 % of equity")
    second = book.send(desk, nonce, BUY | {"quantity": "3"}, "5 % of equity")
    assert len(placed(desk)) == 1
    assert second.answer is Answer.REPEATED
    assert second.order.id == first.order.id


def test_a_refusal_is_told_and_the_next_try_has_a_new_number(house):
    desk, book = house
    desk.halt("a test")
    nonce = book.current()
    outcome = book.send(desk, nonce, BUY, "typed")
    assert outcome.answer is Answer.REFUSED
    assert outcome.sentence == "Trading is halted: a test"
    assert outcome.order is None
    assert outcome.nonce != nonce


def test_after_a_fault_the_ticket_keeps_its_number_so_that_pressing_again_cannot_double(house):
    desk, book = house

    class Broken:
        """A desk whose answer is lost after the order was committed."""

        def place(self, request, key):
            desk.place(request, key)
            raise StorageError("The disk went away.")

    nonce = book.current()
    outcome = book.send(Broken(), nonce, BUY, "typed")
    assert (outcome.answer, outcome.nonce) == (Answer.FAILED, nonce)
    again = book.send(desk, nonce, BUY, "typed")
    assert again.answer is Answer.REPEATED
    assert again.order.state is OrderState.NEW
    assert len(placed(desk)) == 1
