"""The Signals page: calls, what they rest on, ballots, frozen facts, the scoreboard."""

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import fakes
import pytest
import seers
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.types import Edge, ModelStage, ModelStatus, SignalStatistics
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
    return next(part for part in shown.split("<tr") if f'"><td><b>{symbol}</b>' in part)


def without_model(stage, progress=0.0, note=""):
    return fakes.snapshot(signals=MappingProxyType({}), model=ModelStatus(stage, progress, note))


# One model for all, as before the ensemble ---------------------------------------------------------------


def test_a_probability_stands_beside_its_base_rate():
    shown = html(run(fakes.snapshot()))
    row = row_of("AAPL", shown)
    for words in (
        "56.6%",
        "54.1%",
        "NO EDGE SHOWN",
        "NO SIGNAL",
        "2012-06-13",
        "rsi_14 and ret_21 count most",
    ):
        assert words in row
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


def test_simulated_prices_abstain_in_words():
    row = row_of("BTC/USDT", html(run(fakes.snapshot())))
    assert "abstains" in row
    assert "Simulated prices: never learned from, never voted on." in row


def test_the_chosen_symbol_is_explained_in_plain_words():
    shown = html(run(fakes.snapshot(), signal_symbol="MSFT"))
    assert "<b>Why MSFT</b>" in shown
    assert "RSI 14" in shown
    assert "+0.110" in shown


def test_training_shows_its_progress():
    shown = html(run(without_model(ModelStage.TRAINING, 0.35, "Fold 3 of 9.")))
    assert "The model is training, 35%. Fold 3 of 9." in shown
    assert "No vote before the model is ready." in shown


@pytest.mark.parametrize(
    ("stage", "head"), [(ModelStage.WAITING, "The model waits. "), (ModelStage.FAILED, "There is no model. ")]
)
def test_without_a_model_the_page_says_why(stage, head):
    shown = html(run(without_model(stage, note="A <b>reason</b>.")))
    assert head in shown
    assert "A &lt;b&gt;reason&lt;/b&gt;." in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"skill": -0.02, "skill_low": -0.03, "skill_high": -0.01}, "trust the base rate, not the model."),
        ({"skill": 0.02, "skill_low": 0.01, "skill_high": 0.03}, "but that alone is no edge."),
        ({}, "The interval holds zero"),
    ],
)
def test_what_the_interval_means_is_said_outright(change, words):
    card = replace(fakes.CARD, score=replace(fakes.CARD.score, **change))
    assert words in html(run(fakes.snapshot(model=ModelStatus(ModelStage.READY, 1.0, "", card))))


def test_a_model_without_a_score_says_so():
    card = replace(fakes.CARD, score=None)
    shown = html(run(fakes.snapshot(model=ModelStatus(ModelStage.READY, 1.0, "", card))))
    assert "There was too little data to test the model on" in shown


# The ensemble -------------------------------------------------------------------------------------------


def test_each_call_stands_with_who_agrees_its_edge_and_its_caveats():
    shown = html(run(seers.ensemble()))
    up, down, none = (row_of(symbol, shown) for symbol in ("AAPL", "IBM", "MSFT"))
    for words in (">UP<", "57.4%", "54.1%", "100%", '<span class="tag accent">WEAK EDGE'):
        assert words in up
    for words in (
        ">DOWN<",
        "64%",
        '<span class="tag warn">DEGRADED',
        "2 !",
        "2 caveats: The newest bar is two",
    ):
        assert words in down
    assert "NO SIGNAL" in none
    assert "caveat" not in none


def test_training_is_told_for_each_class():
    shown = html(run(seers.ensemble()))
    assert "Shares: NO EDGE SHOWN. " in shown
    assert "luck explains the profit." in shown
    assert "Coins: The model is training, 40%. Fit 12 of 30." in shown


def test_what_a_call_rests_on_is_told_whole():
    shown = html(run(seers.ensemble(), signal_symbol="AAPL"))
    for words in (
        "Three members are heard, 100% of the weight says up, and it pays: UP.", "points, to pay its costs", ">1.4<",
        "of the weight, 60% needed", "Chance it is right", "55.6%", "scales the size only", "21-day momentum",
        f"{MINUS}0.041",
    ):  # fmt: skip
        assert words in shown


def test_caveats_are_read_in_full():
    shown = html(run(seers.ensemble(), signal_symbol="IBM"))
    for caveat in seers.SAID["IBM"].caveats:
        assert f'<div class="note warn">{caveat}</div>' in shown


def test_every_vote_is_listed_heard_or_not():
    shown = html(run(seers.ensemble()))
    for words in (
        "<b>Votes on AAPL</b>", "60.4%", "57.3%", "41.0%", "34%", "+0.31%", f"{MINUS}0.42%", "rules momentum",
        "run make train-deep", "On trial, deciding nothing: model 77aa01fe says 55.8%.",
    ):  # fmt: skip
        assert words in shown


def test_the_facts_a_signal_was_frozen_with():
    shown = html(run(seers.ensemble()))
    for words in (
        "<b>Frozen with</b>",
        "in the ledger",
        seers.VERSION,
        "abababab",
        "cdcdcdcd",
        "ONNX",
        "not yet",
    ):
        assert words in shown
    for words in ("not issued", "in the ledger"):
        assert (words in html(run(seers.ensemble(issued=())))) is (words == "not issued")


def test_nobody_heard_is_said():
    signal = replace(seers.SAID["AAPL"], reasons=(), votes=())
    shown = html(run(seers.ensemble(signals=MappingProxyType({"AAPL": signal}))))
    assert "No feature moved it: nobody with skill was heard." in shown
    heard = replace(seers.SAID["AAPL"], reasons=())
    shown = html(run(seers.ensemble(signals=MappingProxyType({"AAPL": heard}))))
    assert "No feature moved it: nothing is kept of the opinions heard." in shown


def test_what_a_model_says_is_never_markup():
    evil = "<script>alert(1)</script>"
    signal = replace(
        seers.SAID["AAPL"], sentence=evil, model="<i>", why=evil, caveats=(evil,), reasons=((evil, 0.1),),
        served=evil, regime=evil, votes=tuple(replace(v, model=evil, why=evil) for v in seers.votes()),
    )  # fmt: skip
    shown = html(run(seers.ensemble(signals=MappingProxyType({"AAPL": signal}))))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


# The scoreboard -----------------------------------------------------------------------------------------


def test_the_scoreboard_holds_all_signals_against_the_base_rate():
    page = run(seers.ensemble())
    shown = html(page)
    for words in (
        "256 issued since 2012-03-05", "252 ended", "All signals", "+0.20%", f"{MINUS}0.6% to +1.1%", "0.6889",
        "56% of 61", "54% of 61", "+0.04%", "ensemble 9d41c07b", "Repainted. ",
    ):  # fmt: skip
        assert words in shown
    assert len(page.get("plotly_chart")) == 1


def test_the_scoreboard_is_told_by_symbol_and_by_regime():
    page = run(seers.ensemble())
    page.button_group(key="score_group").set_value("regime").run()
    assert not page.exception
    shown = html(page)
    assert "falling, wild" in shown
    assert 'ensemble 9d41c07b</span></td><td class="right">180' not in shown


def test_before_anything_has_ended_it_says_when_something_will():
    waiting = tuple(one for one in seers.ISSUED if one.outcome is None)
    shown = html(run(seers.ensemble(issued=waiting, scores=SignalStatistics(issued=4, since="2012-06-13"))))
    assert "Nothing has ended yet" in shown
    assert "issued on 2012-06-13 for 5 bars: it ends about 2012-06-20, holidays not counted." in shown
    assert "open, about 06-20" in shown
    assert "Too few have ended" in shown


def test_with_nothing_issued_every_panel_says_what_will_come():
    shown = html(run(fakes.empty()))
    for words in (
        "Nothing has ended yet",
        "scored when its horizon ends",
        "None issued yet",
        "Nothing frozen",
    ):
        assert words in shown


def test_a_coin_ends_on_a_calendar_day():
    coin = replace(
        seers.ISSUED[0], signal=replace(seers.ISSUED[0].signal, symbol="BTC/USDT", bar="2012-06-14")
    )
    shown = html(run(seers.ensemble(issued=(coin,), scores=SignalStatistics(issued=1, since="2012-06-14"))))
    assert "it ends about 2012-06-19" in shown


def test_a_picture_of_few_is_not_drawn():
    few = replace(seers.SCORES, lines=(replace(seers.SCORES.lines[0], n=29),), ended=29)
    page = run(seers.ensemble(scores=few))
    assert "The picture is drawn from 30 ended signals on." in html(page)
    assert not page.get("plotly_chart")


def test_opinions_that_are_all_the_same_make_no_picture():
    same = ((0.5388, 0.5, 20), (0.5398, 0.6, 20))
    told = replace(seers.SCORES, lines=(replace(seers.SCORES.lines[0], calibration=same),))
    page = run(seers.ensemble(scores=told))
    assert "Their mean per tenth lay between 53.9% and 54.0%; 55.0% rose." in html(page)
    assert not page.get("plotly_chart")


def test_what_became_of_each_issued_signal():
    shown = html(run(seers.ensemble()))
    board = shown[shown.index("<b>Issued signals</b>") :]
    right, none, wrong = (
        next(row for row in board.split("<tr") if f"2012-05-30</td><td><b>{symbol}" in row)
        for symbol in ("AAPL", "MSFT", "IBM")
    )
    assert "rose · right" in right.replace("</span>", "")
    assert "+2.00%" in right
    assert "fell or stood" in none
    assert "rose · wrong" in wrong.replace("</span>", "")
    assert f"{MINUS}1.30%" in wrong
    assert "REPAINT" in wrong
    assert "FEATURES: unusual volume is 0.31 now" in wrong
