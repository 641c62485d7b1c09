"""The Orders page through Streamlit's own test driver; the desk is a double."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.errors import Refused
from marketpulse.types import Halt, OrderState, OrderType, Reason, Side
from pages import sending
from pages.formats import MINUS

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def fresh_process():
    sending.ticket_book.clear()
    yield
    desk.use(None)


def take_msft():
    """A page that does what a press on a suggestion does."""
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's source alone

    from marketpulse import desk  # noqa: PLC0415 - as above
    from pages import ticket  # noqa: PLC0415 - as above

    ticket.fill_in(desk.current().snapshot())
    ticket.set_symbol("MSFT", desk.current().snapshot())
    st.text(f"{ticket.read().amount} {ticket.read().symbol}")


@pytest.fixture
def house():
    double = fakes.FakeDesk(fakes.empty())
    desk.use(double)
    return double


def tab(**query):
    """A browser tab on the Orders page."""
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    page.switch_page("orders.py")
    for name, value in query.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def field(page, name):
    """The widget of one field of the ticket."""
    widgets = [*page.text_input, *page.selectbox, *page.button_group, *page.toggle]
    return next(widget for widget in widgets if widget.key == name)


def html(page):
    tables = [json.loads(e.proto.json).get("html", "") for e in page.get("bidi_component")]
    return "\n".join([e.proto.body for e in page.get("html")] + tables)


def said(page):
    return " ".join(toast.value.replace("\\", "") for toast in page.toast)


def buy(page, quantity="10"):
    """Type a quantity, review, confirm."""
    field(page, "ticket_quantity").set_value(quantity).run()
    page.button(key="review").click().run()
    page.button(key="review_confirm").click().run()
    assert not page.exception


def placed(double):
    return [call for call in double.calls if call[0] == "place"]


# Ticket and preview -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("house")
def test_a_fresh_ticket_shows_what_its_order_would_do():
    page = tab()
    shown = html(page)
    assert field(page, "ticket_quantity").value == "8"  # 5 % of 100,000 at 571.53
    assert "$4,572.24" in shown  # 8 x 571.53
    assert "All 6 checks pass." in shown
    assert page.button(key="review").label == "Review buy 8 AAPL"


@pytest.mark.usefixtures("house")
def test_gates_with_numbers_come_as_a_table_and_plain_ones_as_a_list():
    shown = html(tab())
    assert shown.index("AAPL would be 4.6% of equity") < shown.index("The exchange is open until 20:00 UTC.")


@pytest.mark.usefixtures("house")
def test_typing_changes_the_preview():
    page = tab()
    field(page, "ticket_quantity").set_value("10").run()
    assert "$5,715.30" in html(page)


@pytest.mark.usefixtures("house")
def test_a_refused_order_says_why_and_cannot_be_reviewed():
    page = tab()
    field(page, "ticket_quantity").set_value("100").run()
    shown = html(page)
    assert "Refused. " in shown
    assert "AAPL would be 57.2% of equity; the limit is 15.0%." in shown
    assert "5 of 6 pass" in shown
    assert page.button(key="review").disabled


@pytest.mark.usefixtures("house")
def test_the_offered_quantity_passes():
    page = tab()
    field(page, "ticket_quantity").set_value("100").run()
    assert page.button(key="use").label == "Use 26"  # 15 % of 100,000 at 571.53, floored
    page.button(key="use").click().run()
    assert "All 6 checks pass." in html(page)


def test_selling_more_than_is_held_is_refused_and_what_is_held_is_offered():
    double = fakes.FakeDesk(fakes.snapshot(orders=()))
    desk.use(double)
    page = tab(symbol="AAPL", side="sell")
    field(page, "ticket_quantity").set_value("50").run()
    assert "You hold 20 AAPL." in html(page)
    assert page.button(key="review").disabled
    assert page.button(key="use").label == "Use 20"


@pytest.mark.usefixtures("house")
def test_percent_of_equity_becomes_a_quantity_floored_to_the_lot():
    page = tab()
    field(page, "ticket_size_by").set_value("% of equity").run()
    field(page, "ticket_percent").set_value("10").run()
    assert page.button(key="review").label == "Review buy 17 AAPL"  # 10,000 / 571.53 = 17.49
    field(page, "ticket_percent").set_value("minus").run()
    assert "The percentage must be a positive number." in html(page)


def test_a_limit_order_carries_its_price_and_a_market_order_none(house):
    page = tab()
    field(page, "ticket_type").set_value("limit").run()
    assert field(page, "ticket_limit_price").value == "571.53"
    field(page, "ticket_limit_price").set_value("560.10").run()
    buy(page)
    assert placed(house)[0][1].limit_price == Decimal("560.10")
    field(page, "ticket_type").set_value("market").run()
    buy(page)
    assert placed(house)[1][1].limit_price is None


@pytest.mark.usefixtures("house")
def test_an_empty_quantity_asks_for_one():
    page = tab()
    field(page, "ticket_quantity").set_value("").run()
    assert "Type a quantity to see what the order would do." in html(page)
    assert page.button(key="review").disabled


@pytest.mark.usefixtures("house")
def test_the_address_fills_the_ticket_once():
    page = tab(symbol="BTC-USDT", side="sell")
    assert field(page, "ticket_symbol").value == "BTC/USDT"
    assert field(page, "ticket_side").value == "sell"
    assert not page.query_params


@pytest.mark.usefixtures("house")
def test_an_unknown_name_suggests_the_nearest():
    page = tab(symbol="APPL")
    assert "There is no APPL on this desk." in html(page)
    assert page.button(key="review").disabled
    assert page.button(key="take_AAPL").label == "AAPL"


@pytest.mark.usefixtures("house")
def test_taking_a_suggestion_fills_the_ticket():
    page = AppTest.from_function(take_msft).run()
    assert page.text[0].value == "170 MSFT"  # 5 % of 100,000 at 29.34


@pytest.mark.usefixtures("house")
def test_a_name_from_the_address_is_never_markup():
    shown = html(tab(symbol="<img src=x onerror=alert(1)>"))
    assert "<img" not in shown.lower()
    assert "&lt;IMG SRC=X ONERROR=ALERT(1)&gt;" in shown


# Once ---------------------------------------------------------------------------------------------------


def test_nothing_is_sent_before_confirm(house):
    page = tab()
    page.button(key="review").click().run()
    assert "good for today" in html(page)
    assert placed(house) == []
    page.button(key="review_back").click().run()
    assert placed(house) == []
    assert not [button for button in page.button if button.key == "review_confirm"]


def test_what_is_typed_right_before_review_is_what_is_reviewed(house):
    page = tab()
    field(page, "ticket_quantity").set_value("12")
    page.button(key="review").click().run()  # both reach the server at once
    page.button(key="review_confirm").click().run()
    assert placed(house)[0][1].quantity == Decimal(12)


def test_confirm_places_exactly_one_order_under_the_tickets_key(house):
    page = tab()
    nonce = page.session_state.ticket_nonce
    buy(page)
    (call,) = placed(house)
    assert call[2] == f"ticket:{nonce}"
    assert (call[1].symbol, call[1].quantity) == ("AAPL", Decimal(10))
    assert "Sent once: buy 10 AAPL market." in said(page)
    assert page.session_state.ticket_nonce != nonce


def test_running_again_sends_nothing_again(house):
    page = tab()
    buy(page)
    for _ in range(3):
        page.run()
    assert len(placed(house)) == 1


def test_a_second_tab_with_the_same_ticket_is_told_it_was_sent(house):
    first, second = tab(), tab()
    assert first.session_state.ticket_nonce == second.session_state.ticket_nonce
    buy(first)
    house.move("n1", OrderState.FILLED, filled_quantity=Decimal(10), average_price=Decimal("571.60"))
    buy(second)
    assert len(placed(house)) == 1
    assert "This ticket was already sent." in html(second)
    assert "filled 10 at 571.60" in html(second)
    assert "Already sent: buy 10 AAPL market. Nothing was sent again." in said(second)
    buy(second)  # on purpose, on the fresh ticket
    assert len(placed(house)) == 2


def test_a_review_left_open_says_that_another_tab_has_sent_it(house):
    first, second = tab(), tab()
    field(second, "ticket_quantity").set_value("10").run()
    second.button(key="review").click().run()
    buy(first)
    value = replace(house.shown.valuation, buying_power=1.0)
    house.show(valuation=value)  # the first order has used the cash up
    second.run()
    assert "This ticket was already sent. " in html(second)
    assert "Pressing again sends nothing" in html(second)
    second.button(key="review_confirm").click().run()
    assert len(placed(house)) == 1
    assert "Already sent: buy 10 AAPL market." in said(second)
    assert second.session_state.ticket_nonce == first.session_state.ticket_nonce


@pytest.mark.parametrize("size_by", ["Quantity", "% of equity"])
def test_the_same_ticket_is_the_same_though_the_price_has_moved_between_the_tabs(house, size_by):
    first = tab(symbol="MSFT")
    cheaper = replace(fakes.MARKET["MSFT"], quote=replace(fakes.MARKET["MSFT"].quote, price=25.0))
    house.show(market=fakes.MARKET | {"MSFT": cheaper})
    second = tab(symbol="MSFT")
    for page in (first, second):
        field(page, "ticket_size_by").set_value(size_by).run()
    house.show(market=fakes.MARKET)
    labels = []
    for page, price in ((first, fakes.MARKET["MSFT"]), (second, cheaper)):
        house.show(market=fakes.MARKET | {"MSFT": price})
        page.run()
        labels.append(page.button(key="review").label)
        page.button(key="review").click().run()
        page.button(key="review_confirm").click().run()
    assert labels == ["Review buy 170 MSFT", "Review buy 200 MSFT"]  # 5,000 / 29.34 and 5,000 / 25
    assert [call[1].quantity for call in placed(house)] == [Decimal(170)]
    assert "This ticket was already sent." in html(second)


def test_a_second_tab_with_another_order_places_it(house):
    first, second = tab(), tab(symbol="MSFT")
    buy(first)
    buy(second, "20")
    assert [call[1].symbol for call in placed(house)] == ["AAPL", "MSFT"]
    assert len({call[2] for call in placed(house)}) == 2


def test_a_refusal_at_the_last_moment_is_shown(house):
    page = tab()
    field(page, "ticket_quantity").set_value("10").run()
    page.button(key="review").click().run()
    house.halt("a <b>test</b>")
    page.button(key="review_confirm").click().run()
    assert placed(house) == []
    assert "Trading is halted: a &lt;b&gt;test&lt;/b&gt;" in html(page)
    assert "Refused: Trading is halted" in said(page)


# Under way ----------------------------------------------------------------------------------------------


def test_the_life_of_a_sent_order_is_shown(house):
    page = tab()
    buy(page)
    assert "BUY" in html(page)
    house.move("n1", OrderState.FILLED, filled_quantity=Decimal(10), average_price=Decimal("571.60"))
    page.run()
    assert "filled 10 at 571.60" in html(page)
    assert "Filled: buy 10 AAPL market, filled 10 at 571.60." in said(page)


def test_working_orders_show_distance_age_and_a_cancel_each():
    desk.use(fakes.FakeDesk())
    shown = html(tab())
    assert f"{MINUS}2.9%" in shown  # 190.00 against 195.76
    assert "4 min" in shown
    assert shown.count('data-key="o') == 3


def test_the_signal_of_the_ticket_stands_beside_its_base_rate():
    desk.use(fakes.FakeDesk())
    shown = html(tab(symbol="MSFT"))
    part = shown.split("Signal MSFT")[1]
    assert "53.1%" in part
    assert "base rate 54.1%" in part
    assert "NO EDGE SHOWN" in part


def press_cancel(order_id):
    """A page that does what a press on Cancel does."""
    from pages import parts, working  # noqa: PLC0415 - AppTest runs this function's source alone

    working.cancel(order_id)
    parts.show_said()


def test_cancel_asks_the_desk():
    double = fakes.FakeDesk()
    desk.use(double)
    page = AppTest.from_function(press_cancel, args=("o9",)).run()
    assert double.calls == [("cancel", "o9")]
    assert said(page) == "Cancel asked for: buy IBM."


def test_a_cancel_that_is_refused_says_why():
    double = fakes.FakeDesk()
    desk.use(double)
    page = AppTest.from_function(press_cancel, args=("o4",)).run()
    assert double.calls == []
    assert said(page) == "Order o4 is filled."


def test_halt_asks_once_and_resume_wants_the_word(house):
    page = tab()
    page.button(key="halt_panel_ask").click().run()
    assert house.calls == []
    page.button(key="halt_panel_yes").click().run()
    assert house.calls == [("halt", "by hand, on the Orders page")]
    assert "Halted since 11:12:30 ET: " in html(page)
    page.text_input(key="resume_panel_text").set_value("resume")
    page.button(key="resume_panel_go").click().run()
    assert house.shown.halt is not None
    assert "Type RESUME to trade again." in said(page)
    page.text_input(key="resume_panel_text").set_value("RESUME")
    page.button(key="resume_panel_go").click().run()
    assert house.calls[-1] == ("resume", "RESUME")
    assert house.shown.halt is None


def test_halt_can_be_taken_back(house):
    page = tab()
    page.button(key="halt_phone_ask").click().run()
    page.button(key="halt_phone_no").click().run()
    assert house.calls == []
    assert [button for button in page.button if button.key == "halt_phone_ask"]


def test_only_reduce_says_so_and_can_still_be_halted(house):
    page = tab()
    page.button(key="reduce_panel_open").click().run()
    page.button(key="halt_panel_yes").click().run()
    assert house.calls == [("reduce", "by hand, on the Orders page")]
    assert "Only sales pass since" in html(page)
    page.button(key="halt_panel_open").click().run()
    page.button(key="halt_panel_yes").click().run()
    assert house.calls[-1][0] == "halt"


def test_selling_everything_wants_the_word_typed(house):
    page = tab()
    page.button(key="flatten_panel_open").click().run()
    page.text_input(key="flatten_panel_text").set_value("flatten")
    page.button(key="flatten_panel_go").click().run()
    assert house.calls == []
    page.button(key="flatten_panel_open").click().run()
    page.text_input(key="flatten_panel_text").set_value("FLATTEN")
    page.button(key="flatten_panel_go").click().run()
    assert house.calls == [("flatten", "FLATTEN")]
    assert "Halted since" in html(page)


def test_a_halt_names_the_stops_it_has_kept():
    stop = fakes.order("k1", "AAPL", Side.SELL, 10, OrderState.ACCEPTED, stop="500")
    desk.use(double := fakes.FakeDesk(fakes.snapshot(orders=(stop,))))
    double.halt("enough")
    assert "Kept to protect what is held: sell 10 AAPL stop 500.00" in html(tab())


def press_change(order_id):
    """A page that opens the form of one order and draws it."""
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's source alone

    from marketpulse import desk  # noqa: PLC0415 - as above
    from pages import changing, parts  # noqa: PLC0415 - as above

    if "asked" not in st.session_state:
        st.session_state.asked = True
        changing.ask(order_id)
    changing.draw(desk.current().snapshot())
    parts.show_said()


def test_a_change_sends_only_what_was_changed_and_once():
    desk.use(double := fakes.FakeDesk())
    page = AppTest.from_function(press_change, args=("o9",)).run()
    texts = {one.label: one for one in page.text_input}
    before = texts["Limit price"].value
    texts["Limit price"].set_value("189.50")
    page.button(key="change_send").click().run()
    ((verb, order_id, key, terms),) = double.calls
    assert (verb, order_id, terms) == ("replace", "o9", {"limit_price": Decimal("189.50")})
    assert key.startswith("change:")
    assert before != "189.50"
    assert said(page) == "The change was sent."
    assert not page.text_input


def test_a_change_that_is_refused_keeps_what_was_typed():
    class Strict(fakes.FakeDesk):
        def replace(self, *_, **terms):
            raise Refused("OFF_TICK", f"{terms['limit_price']} is between two steps.")

    desk.use(Strict())
    page = AppTest.from_function(press_change, args=("o9",)).run()
    next(one for one in page.text_input if one.label == "Limit price").set_value("189.505")
    page.button(key="change_send").click().run()
    assert said(page) == "Not changed: 189.505 is between two steps."
    assert [one.value for one in page.text_input if one.label == "Limit price"] == ["189.505"]


@pytest.mark.parametrize("order_id", ["o4", "nothing"])
def test_what_has_ended_or_is_not_there_cannot_be_changed(order_id):
    desk.use(fakes.FakeDesk())
    page = AppTest.from_function(press_change, args=(order_id,)).run()
    assert not page.text_input


def test_exits_are_asked_for_only_when_they_are_switched_on(house):
    page = tab()
    field(page, "ticket_exits").set_value(True).run()
    assert field(page, "ticket_take_profit_price").value == "600.11"
    assert field(page, "ticket_stop_loss_price").value == "542.96"
    buy(page)
    request = placed(house)[0][1]
    assert (request.take_profit_price, request.stop_loss_price) == (Decimal("600.11"), Decimal("542.96"))


@pytest.mark.parametrize("kind", ["stop_limit", "take_profit", "trailing_stop"])
def test_every_further_kind_of_order_can_be_reviewed_and_sent(house, kind):
    page = tab()
    field(page, "ticket_type").set_value("more").run()
    field(page, "ticket_more").set_value(OrderType(kind)).run()
    buy(page)
    assert placed(house)[0][1].type == kind


def test_what_was_halted_and_refused_is_never_markup():
    orders = (replace(fakes.ORDERS[3], reasons=(Reason("X", "<script>alert(1)</script>"),)),)
    desk.use(fakes.FakeDesk(fakes.snapshot(orders=orders, halt=Halt(fakes.NOW, "<i>why</i>"))))
    shown = html(tab())
    assert "<script" not in shown
    assert "<i>why" not in shown
    assert "&lt;script&gt;" in shown


# Blotter ------------------------------------------------------------------------------------------------


def test_the_blotter_filters_by_state():
    desk.use(fakes.FakeDesk())
    page = tab()
    assert "9 orders · 4 with fills · 1 refused · $3.05 fees" in html(page)
    page.button_group(key="blotter_filter").set_value("Refused").run()
    wide = next(e.proto.body for e in page.get("html") if "Average" in e.proto.body)
    assert "GOOG would be 278.9% of equity; the limit is 15.0%." in wide
    assert "MSFT" not in wide


@pytest.mark.usefixtures("house")
def test_an_empty_blotter_says_what_comes_here():
    assert "No orders yet" in html(tab())


def test_a_disputed_price_is_told_on_the_ticket_and_stops_the_review(house):
    house.show(market=fakes.live().market)
    page = tab(symbol="IBM", side="buy")
    shown = html(page)
    assert "Sources disagree: alpaca 195.76; finnhub 19.58" in shown
    assert "DISPUTED" in shown
    assert "Two sources disagree on the price." in shown  # the gate
    assert page.button(key="review").disabled


def test_the_tickets_price_line_says_source_age_and_agreement(house):
    house.show(market=fakes.live().market)
    shown = html(tab(symbol="AAPL", side="buy"))
    assert "alpaca, 2.0 s old, 2 of 2" in shown
    assert "Sources disagree" not in shown
