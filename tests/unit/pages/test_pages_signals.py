import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import fakes
import pytest
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.types import Edge, ModelStage, ModelStatus
from pages.formats import MINUS

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"


@pytest.fixture(autouse=True)
def no_desk_left_behind():
    yield
    desk.use(None)


def run(shown, **state):
    desk.use(fakes.FakeDesk(shown))
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    for name, value in state.items():
        page.session_state[name] = value
    page.switch_page("signals.py").run()
    assert not page.exception
    return page


def html(page):
    tables = [json.loads(e.proto.json).get("html", "") for e in page.get("bidi_component")]
    return "\n".join([e.proto.body for e in page.get("html")] + tables)


def row_of(symbol, shown):
    return next(part for part in shown.split("<tr") if f"<td><b>{symbol}</b>" in part)


def without_model(stage, progress=0.0, note=""):
    return fakes.snapshot(signals=MappingProxyType({}), model=ModelStatus(stage, progress, note))


def test_a_probability_stands_beside_its_base_rate():
    shown = html(run(fakes.snapshot()))
    row = row_of("AAPL", shown)
    assert "56.6%" in row
    assert "54.1%" in row
    assert "NO EDGE SHOWN" in row
    assert "logistic 2012-06-13" in row
    assert "rsi_14 and ret_21 count most" in row
    assert "AAPL rises in 5 days with 56.6%" in shown  # in full, beside the table


def test_no_edge_is_said_first_and_explained():
    shown = html(run(fakes.snapshot()))
    assert "NO EDGE SHOWN. " in shown
    assert "On 7,920 rows the model had not seen, its error was 0.2% larger" in shown
    assert f"(95% interval {MINUS}0.8% to +0.4%)" in shown


def test_a_weak_edge_promises_nothing():
    score = replace(fakes.CARD.score, skill=0.006, skill_low=0.001, skill_high=0.011)
    card = replace(fakes.CARD, edge=Edge.WEAK, score=score)
    shown = html(run(fakes.snapshot(model=ModelStatus(ModelStage.READY, 1.0, "", card))))
    assert "WEAK EDGE. " in shown
    assert "a weak forecast, not a promise" in shown


def test_the_card_names_what_it_was_trained_on():
    shown = html(run(fakes.snapshot()))
    for words in (
        "11,804 rows, 2000-03-01 to 2012-05-31",
        "Last bar seen",
        "rsi 14",
        "AAPL, GOOG, IBM, MSFT",
    ):
        assert words in shown


def test_the_score_stands_beside_what_it_has_to_beat():
    page = run(fakes.snapshot())
    shown = html(page)
    for words in ("0.512", "0.489 to 0.535", "0.500", "0.2489", "0.2484", "not shown"):
        assert words in shown
    assert len(page.get("plotly_chart")) == 1


def test_simulated_prices_abstain_in_words():
    shown = html(run(fakes.snapshot()))
    row = row_of("BTC/USDT", shown)
    assert "abstains" in row
    assert "Simulated prices: never learned from, never voted on." in row


def test_the_chosen_symbol_is_explained():
    shown = html(run(fakes.snapshot(), signal_symbol="MSFT"))
    assert "<b>Why MSFT</b>" in shown
    assert "macd hist" in shown
    assert "+0.04" in shown


def test_training_shows_its_progress():
    page = run(without_model(ModelStage.TRAINING, 0.35, "Fold 3 of 9."))
    shown = html(page)
    assert "The model is training, 35%. Fold 3 of 9." in shown
    assert "No vote before the model is ready." in shown
    assert "No model yet" in shown
    assert not page.get("plotly_chart")


@pytest.mark.parametrize(
    ("stage", "head"), [(ModelStage.WAITING, "The model waits. "), (ModelStage.FAILED, "There is no model. ")]
)
def test_without_a_model_the_page_says_why(stage, head):
    shown = html(run(without_model(stage, note="A <b>reason</b>.")))
    assert head in shown
    assert "A &lt;b&gt;reason&lt;/b&gt;." in shown


def test_worse_than_the_base_rate_is_said_outright():
    score = replace(fakes.CARD.score, skill=-0.02, skill_low=-0.03, skill_high=-0.01)
    card = replace(fakes.CARD, score=score)
    shown = html(run(fakes.snapshot(model=ModelStatus(ModelStage.READY, 1.0, "", card))))
    assert "The whole interval lies below zero: trust the base rate, not the model." in shown


def test_a_model_without_a_score_says_so():
    card = replace(fakes.CARD, score=None)
    shown = html(run(fakes.snapshot(model=ModelStatus(ModelStage.READY, 1.0, "", card))))
    assert "There was too little data to test the model on" in shown


def test_what_a_model_says_is_never_markup():
    signal = replace(fakes.SIGNALS["AAPL"], sentence="<script>alert(1)</script>", model="<i>")
    shown = html(run(fakes.snapshot(signals=MappingProxyType({"AAPL": signal}))))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
