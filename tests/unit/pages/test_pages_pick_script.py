"""The table whose rows and buttons can be pressed, driven in a real browser."""

from pathlib import Path

import pytest

from pages import parts
from pages.parts import Column

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).parents[3] / "pages" / "pick_table.js"
HOME = "http://desk.test/"
FRAME = """<!doctype html><meta charset="utf-8"><div id="host"><div class="mp"></div></div>
<script type="module">
import mount from "/pick_table.js";
window.picked = [];
window.show = (data) => mount({ parentElement: document.getElementById("host"), data,
  setTriggerValue: (name, value) => picked.push([name, value]) });
window.ready = true;
</script>"""


def table(*prices, pressed=False):
    rows = [
        (parts.bold(name), price, parts.press("Cancel", f"id-{name}", disabled=pressed))
        for name, price in zip(("AAPL", "IBM", "FB"), prices, strict=True)
    ]
    markup = parts.table([Column("Symbol"), Column("Last"), Column("")], rows, row_kinds=["on"])
    return {"html": str(markup), "keys": ["AAPL", "IBM", ""], "label": "Chart of"}


@pytest.fixture
def page(browser):
    made = browser.new_page()

    def answer(route):
        script = route.request.url.endswith(".js")
        body = SCRIPT.read_text("utf-8") if script else FRAME
        route.fulfill(content_type="text/javascript" if script else "text/html", body=body)

    made.route("**/*", answer)
    made.goto(HOME)
    made.wait_for_function("window.ready")
    made.evaluate("data => show(data)", table(1, 2, 3))
    yield made
    made.close()


def picked(page):
    return page.evaluate("picked")


def test_a_row_reports_its_key_and_a_button_its_own(page):
    page.get_by_text("IBM").click()
    page.locator("button").nth(1).click()
    assert picked(page) == [["picked", "IBM"], ["picked", "id-IBM"]]


def test_a_row_without_a_key_is_dead_but_its_button_is_not(page):
    page.get_by_text("FB").click()
    assert picked(page) == []
    page.locator("button").nth(2).click()
    assert picked(page) == [["picked", "id-FB"]]


def test_a_button_answers_once(page):
    page.locator("button").first.click()
    page.locator("button").first.click(force=True)
    assert picked(page) == [["picked", "id-AAPL"]]


@pytest.mark.parametrize("key", ["Enter", " "])
def test_the_keyboard_presses_rows(page, key):
    page.locator("tbody tr").nth(1).focus()
    page.keyboard.press(key)
    assert picked(page) == [["picked", "IBM"]]


def test_the_keyboard_presses_a_button_once(page):
    page.locator("button").first.focus()
    page.keyboard.press("Enter")
    assert picked(page) == [["picked", "id-AAPL"]]


def test_new_prices_leave_the_focus_where_it_was(page):
    page.locator("tbody tr").nth(1).focus()
    page.evaluate("data => show(data)", table(4, 5, 6))
    assert page.evaluate("document.activeElement.cells[1].textContent") == "5"
    page.locator("button").nth(1).focus()
    page.evaluate("data => show(data)", table(7, 8, 9))
    assert page.evaluate("document.activeElement.dataset.key") == "id-IBM"


def test_rows_say_what_they_do(page):
    row = page.locator("tbody tr").first
    assert row.get_attribute("aria-label") == "Chart of AAPL"
    assert row.get_attribute("aria-current") == "true"
    assert page.locator("tbody tr").nth(2).get_attribute("tabindex") is None
