import pytest
from streamlit.testing.v1 import AppTest

from pages import fields


@pytest.fixture
def at(monkeypatch):
    """The monotonic clock, in the test's hand."""
    now = [100.0]
    monkeypatch.setattr(fields, "monotonic", lambda: now[0])
    return now


def form():
    """A page with one field and a button that fills it."""
    import streamlit as st  # noqa: PLC0415 - AppTest runs this function's source alone

    from pages import fields  # noqa: PLC0415 - as above

    if fields.get("units") is None:
        fields.put("units", "8")
    if not st.checkbox("Hide", key="hide"):
        st.text_input("Units", fields.ready("units"), key="units")
        fields.keep("units")
    st.button("Use 26", key="use", on_click=fields.put, args=("units", "26"))
    st.text(fields.get("units"))


def shown(page):
    return page.text_input(key="units").value, page.text[0].value


@pytest.mark.usefixtures("at")
def test_a_field_can_be_filled_and_typed_into():
    page = AppTest.from_function(form).run()
    assert shown(page) == ("8", "8")
    page.text_input(key="units").set_value("100").run()
    assert shown(page) == ("100", "100")
    page.button(key="use").click().run()
    assert shown(page) == ("26", "26")
    page.text_input(key="units").set_value("30").run()
    assert shown(page) == ("30", "30")


def test_an_echo_of_the_replaced_value_changes_nothing(at):
    page = AppTest.from_function(form).run()
    page.text_input(key="units").set_value("100").run()
    page.button(key="use").click().run()
    at[0] += fields.ECHO / 2
    page.text_input(key="units").set_value("100").run()  # what a timed request sends again
    assert shown(page) == ("26", "26")


def test_a_moment_later_the_same_value_is_a_persons(at):
    page = AppTest.from_function(form).run()
    page.text_input(key="units").set_value("100").run()
    page.button(key="use").click().run()
    at[0] += fields.ECHO
    page.text_input(key="units").set_value("100").run()
    assert shown(page) == ("100", "100")


@pytest.mark.usefixtures("at")
def test_what_was_typed_outlives_the_widget():
    page = AppTest.from_function(form).run()
    page.text_input(key="units").set_value("100").run()
    page.checkbox(key="hide").check().run()
    page.run()
    assert page.text[0].value == "100"
    page.checkbox(key="hide").uncheck().run()
    assert shown(page) == ("100", "100")
