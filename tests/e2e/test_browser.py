"""A person with a browser and the real desk on replay."""

import re

import pytest
from playwright.sync_api import expect
from served import Served

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WAIT = 20_000
# Streamlit asks these two below a deep link first and then at the root; nothing else may fail.
PROBES = re.compile(r"/\w+/_stcore/(health|host-config)$")


@pytest.fixture
def served(tmp_path):
    desk = Served(tmp_path).start()
    yield desk
    desk.stop()


@pytest.fixture
def tab(browser, served):
    """A function that opens a tab of one browser window; afterwards: no error, no outside request."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    outside, failed = [], []

    def asked(request):
        if not request.url.startswith((served.url, served.url.replace("http", "ws"), "data:", "blob:")):
            outside.append(request.url)

    def answered(response):
        if response.status >= 400 and not PROBES.search(response.url):
            failed.append((response.status, response.url))

    def open_tab(path=""):
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("request", asked)
        page.on("response", answered)
        page.on("pageerror", lambda error: failed.append(("script", error.stack)))
        page.goto(f"{served.url}/{path}")
        return page

    yield open_tab
    context.close()
    assert outside == []
    assert failed == []


def review(page, units):
    quantity = page.get_by_label("Quantity", exact=True)
    quantity.fill(units)
    quantity.press("Enter")
    page.get_by_role("button", name=f"Review buy {units} AAPL").click()
    return page.get_by_role("button", name="Place paper order")


def test_prices_move_on_the_dashboard_and_the_chart_is_drawn(tab):
    page = tab()
    expect(page.get_by_text("REPLAY: real daily bars")).to_be_visible(timeout=WAIT)
    expect(page.locator("canvas").first).to_be_visible(timeout=WAIT)
    rows = page.locator(".st-key-watchlist, [class*=st-key-watch]").first
    before = rows.inner_text()
    expect(rows).not_to_have_text(before, timeout=WAIT)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1440


def test_ten_shares_bought_once_by_a_double_click_and_still_there_after_a_kill(tab, served):
    page = tab("orders?symbol=AAPL&side=buy")
    review(page, "10").dblclick()
    orders = served.until("/api/v1/orders", lambda a: a["orders"] and a["orders"][0]["state"] == "filled")
    assert len(orders["orders"]) == 1
    expect(page.get_by_text("Sent once").first).to_be_visible(timeout=WAIT)
    portfolio = served.get("/api/v1/portfolio").json()
    served.kill()
    served.start()
    after = served.get("/api/v1/portfolio").json()
    assert after["cash"] == portfolio["cash"]
    again = tab()
    expect(again.get_by_text("1 open")).to_be_visible(timeout=WAIT)
    blotter = served.get("/api/v1/orders").json()["orders"]
    assert [(o["id"], o["state"]) for o in blotter] == [(orders["orders"][0]["id"], "filled")]


def test_the_same_ticket_in_two_tabs_makes_one_order_and_the_second_is_told(tab, served):
    first, second = tab("orders?symbol=AAPL"), tab("orders?symbol=AAPL")
    confirm_first, confirm_second = review(first, "7"), review(second, "7")
    expect(confirm_second).to_be_visible(timeout=WAIT)
    confirm_first.click()
    expect(first.get_by_text("Sent once").first).to_be_visible(timeout=WAIT)
    expect(second.get_by_text("This ticket was already sent").first).to_be_visible(timeout=WAIT)
    confirm_second.click()
    expect(second.get_by_text("Nothing was sent again").first).to_be_visible(timeout=WAIT)
    assert len(served.get("/api/v1/orders").json()["orders"]) == 1


def test_halt_takes_one_confirmation_and_resume_a_typed_word(tab, served):
    page = tab("orders")
    page.get_by_role("button", name="HALT trading").first.click()
    page.get_by_role("button", name="Halt now").first.click()
    served.until("/health", lambda health: health["status"] == "halted")
    word = page.get_by_label(re.compile("RESUME")).first
    page.wait_for_timeout(1_000)  # the page's own run ends; a person needs longer to find the field
    word.fill("RES")
    page.wait_for_timeout(2_500)  # what is half typed survives the refreshes meanwhile
    expect(word).to_have_value("RES")
    word.fill("RESUME")
    word.press("Enter")
    served.until("/health", lambda health: health["status"] == "ok")


def test_market_data_shows_providers_prices_and_a_book_that_moves(tab):
    page = tab("market")
    expect(page.get_by_text("Providers").first).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("simulated").first).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("Order book BTC/USDT").first).to_be_visible(timeout=WAIT)
    search = page.get_by_placeholder("Search a symbol or a name")
    search.fill("appel")
    expect(page.get_by_text("AAPL").first).to_be_visible(timeout=WAIT)


def test_an_indicator_that_was_picked_is_drawn_and_told(tab):
    page = tab("market")
    picker = page.get_by_label("Indicators").first
    expect(picker).to_be_visible(timeout=WAIT)
    expect(page.get_by_text(re.compile(r"MACD 12, 26, 9 .?[0-9]")).first).to_be_visible(timeout=WAIT)
    picker.fill("RSI")
    page.get_by_role("option", name="RSI 14", exact=True).click()
    expect(page.get_by_text(re.compile(r"RSI 14 [0-9]")).first).to_be_visible(timeout=WAIT)


def test_the_models_page_says_what_serves_and_how_far_the_training_is(tab):
    page = tab("models")
    expect(page.get_by_text("Shares", exact=True).first).to_be_visible(timeout=WAIT)
    expect(page.get_by_role("button", name="Train now").first).to_be_visible(timeout=WAIT)
    expect(page.get_by_text("parts pass").first).to_be_visible(timeout=WAIT)


@pytest.mark.parametrize("path", ["", "orders", "risk", "signals", "models", "market", "accounts"])
def test_no_page_is_wider_than_a_phone(browser, served, path):
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{served.url}/{path}")
    expect(page.get_by_text("PAPER").first).to_be_visible(timeout=WAIT)
    page.wait_for_timeout(1500)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("document.querySelector('.stMain').scrollWidth") <= 390
    context.close()
