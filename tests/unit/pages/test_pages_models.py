"""The Models page: one card for each class, its evidence, its health, its training."""

import json
from dataclasses import replace
from pathlib import Path

import fakes
import pytest
import seers
from streamlit.testing.v1 import AppTest

from marketpulse import desk
from marketpulse.types import AssetClass, DriftLine, Edge, ModelStage, ModelStatus
from pages import model_words
from pages.formats import MINUS

SHELL = Path(__file__).parents[3] / "pages" / "shell.py"
NEVER = ("accuracy", "confidence high", "100/100", "guaranteed")


@pytest.fixture(autouse=True)
def no_desk_left_behind():
    yield
    desk.use(None)


def run(shown):
    desk.use(fakes.FakeDesk(shown))
    page = AppTest.from_file(str(SHELL), default_timeout=30)
    page.switch_page("models.py").run()
    assert not page.exception
    return page


def html(page):
    tables = [json.loads(e.proto.json).get("html", "") for e in page.get("bidi_component")]
    return "\n".join([e.proto.body for e in page.get("html")] + tables)


def only(view):
    return seers.ensemble(models=(view,))


def test_every_class_has_a_head_with_its_word_its_health_and_its_training():
    page = run(seers.ensemble())
    shown = html(page)
    for words in (
        "<b>Shares</b>", "ensemble 9d41c07b55aa", "NO EDGE SHOWN", "ONNX", "2 of 4", "0.46 ms", "p99 2.10 ms",
        "11,804", "since 2000-03-01", "38", "promoted.", "The next training begins by itself on 2012-06-17",
        "<b>Coins</b>", "Training, 40%. Fit 12 of 30.", "One runs now.",
    ):  # fmt: skip
        assert words in shown
    assert page.button(key="train_equity").disabled is False
    assert page.button(key="train_crypto").disabled


def test_the_score_stands_beside_what_it_has_to_beat():
    page = run(seers.ensemble())
    shown = html(page)
    for words in (
        "0.512", "0.489 to 0.535", "0.500", "0.2489", "0.2484", "not shown", "Chance of such an AUC by luck, p", "0.310",
        "under 0.05", "Slope of the calibration", "0.87", "0.5 to 1.6", "Deflated Sharpe, 38 trials", "over 0.95",
    ):  # fmt: skip
        assert words in shown
    assert len(page.get("plotly_chart")) == 1


def test_members_are_told_with_what_they_weigh():
    shown = html(run(seers.ensemble()))
    for words in ("7,920", "0.514", "+0.31%", "41.0%", f"{MINUS}0.031", "consensus", "base rate"):
        assert words in shown


def test_health_is_told_part_by_part():
    shown = html(run(seers.ensemble()))
    assert "2 of 4 parts pass, 1 cannot be told yet" in shown
    for one in seers.HEALTH:
        assert one.sentence in shown
        assert one.limit in shown


def test_drift_is_red_only_where_chance_does_not_explain_it():
    shown = html(run(seers.ensemble()))
    volume, strength, trend = (
        next(part for part in shown.split("<tr") if f'<td class="wrap">{words}' in part)
        for words in ("unusual volume", "RSI 2", "distance to SMA 50")
    )
    assert '<span class="tag down">act' in volume
    assert "0.004" in volume
    assert '<span class="tag warn">watch' in strength
    assert "tag" not in trend
    doubtful = replace(seers.DRIFT[0], p_value=0.04)  # of three features that is no proof
    assert ">act<" not in html(run(only(replace(seers.SHARES, drift=(doubtful, *seers.DRIFT[1:])))))


def test_only_the_features_that_moved_most_are_listed():
    many = tuple(DriftLine(f"f{i}", f"feature {i}", 0.3 - i / 100, None, 252) for i in range(20))
    shown = html(run(only(replace(seers.SHARES, drift=many))))
    assert "feature 11" in shown
    assert "feature 12" not in shown
    assert "8 more, none above 0.18." in shown


def test_serving_names_faults_rests_the_trial_and_what_is_missing():
    shown = html(run(seers.ensemble()))
    for words in (
        "DIFFERS", "scikit-learn", "Compared on 10,926 rows, apart by 0.0002 at most.", "trees rests. ",
        "Its breaker is open; it is asked again in 42 s.", "answered after 0.31 s.",
        "On trial, deciding nothing: 77aa01fe22c4", "21 signals scored.", "Brier 0.2481 beside 0.2479",
        "run make train-deep", "sizes are not scaled.",
    ):  # fmt: skip
        assert words in shown


def test_the_card_names_what_it_was_trained_on():
    shown = html(run(seers.ensemble()))
    for words in (
        "11,804 rows, 2000-03-01 to 2012-05-31", "Last bar seen", "RSI 14", "AAPL, GOOG, IBM, MSFT",
        ", in 4 min", "38, this training",
    ):  # fmt: skip
        assert words in shown


def test_another_class_is_one_press_away():
    page = run(seers.ensemble())
    page.button_group(key="models_kind").set_value("crypto").run()
    assert not page.exception
    shown = html(page)
    assert "Until one is trained, the desk says the base rate and no more." in shown
    assert "minute bars of 3 recorded days are here, 20 are needed." in shown
    assert not page.get("plotly_chart")


def test_a_training_is_begun_by_a_press_and_refused_while_one_runs():
    page = run(seers.ensemble(models=(seers.SHARES,)))
    page.button(key="train_equity").click().run()
    assert ("train", "equity") in desk.current().calls
    assert "Training, 0%. Reading bars." in html(page)
    page = run(seers.ensemble())  # coins are training
    page.button(key="train_equity").click().run()
    assert not page.exception
    assert [call for call in desk.current().calls if call[0] == "train"] == []
    assert any("A training runs already" in toast.value for toast in page.toast)


def test_a_desk_with_one_model_for_all_shows_it_as_before():
    page = run(fakes.snapshot())
    shown = html(page)
    for words in (
        "<b>Shares</b>",
        "logistic 3f9c1a77",
        "One model only",
        "One logistic model answers with numpy.",
    ):
        assert words in shown
    assert len(page.get("plotly_chart")) == 1


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        (ModelStage.WAITING, "No model yet: it waits. "),
        (ModelStage.FAILED, "No model yet: its training failed. "),
        (ModelStage.TRAINING, "Training, 0%. A note."),
    ],
)
def test_without_a_model_the_page_says_why(stage, words):
    shown = html(run(fakes.empty(model=ModelStatus(stage, 0.0, "A note."))))
    assert words in shown
    assert "No model yet" in shown


def test_a_model_that_was_not_promoted_says_so():
    record = replace(seers.RECORD, promoted=False, verdict="It did not beat the one before it.")
    shown = html(run(only(replace(seers.SHARES, record=record))))
    assert '<div class="note warn"><b>Against the one before: </b>It did not beat' in shown


@pytest.mark.parametrize(("edge", "tone"), [(Edge.NONE, ""), (Edge.WEAK, "accent"), (Edge.DEGRADED, "warn")])
def test_each_edge_has_a_tone_of_its_own(edge, tone):
    assert model_words.edge_tag(edge) == f'<span class="tag {tone}">{edge.value}</span>'
    view = replace(seers.SHARES, card=replace(seers.SHARES.card, edge=edge))
    assert f"{edge.value}. " in html(run(only(view)))


def test_no_page_promises_what_a_model_cannot():
    for name in ("models.py", "signals.py"):
        page = run(seers.ensemble())
        page.switch_page(name).run()
        shown = html(page).casefold()
        assert [word for word in NEVER if word in shown] == []


def test_what_a_training_wrote_is_never_markup():
    evil = "<script>alert(1)</script>"
    record = replace(
        seers.RECORD,
        why=evil,
        verdict=evil,
        members=tuple(replace(m, name=evil) for m in seers.RECORD.members),
    )
    view = replace(
        seers.SHARES, note=evil, record=record, deep=(evil,), meta=evil,
        servings=tuple(replace(s, model=evil, sentence=evil) for s in seers.SERVINGS),
        rests=(replace(seers.SHARES.rests[0], model=evil, last=evil),),
        drift=(replace(seers.DRIFT[0], feature=evil, words=evil),),
        health=(replace(seers.HEALTH[0], name=evil, value=evil, limit=evil, sentence=evil),),
        shadow=replace(seers.SHARES.shadow, version=evil, sentence=evil),
    )  # fmt: skip
    shown = html(run(only(view)))
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_words_of_features_sentences_and_classes():
    assert model_words.feature("rsi_2") == "RSI 2"
    assert model_words.feature("not_ours") == "not ours"
    assert [model_words.whole(text) for text in ("", "So", "So. ", "So?")] == ["", "So.", "So.", "So?"]
    assert [model_words.kind_word(kind) for kind in AssetClass] == ["Shares", "Coins", "Indices"]


def test_what_came_of_the_last_training_is_not_said_of_the_model_that_serves():
    view = replace(
        seers.SHARES, note="Its Brier score was the same as that of the model that serves; it is on trial."
    )
    said = html(run(only(view)))
    assert "The last training. " in said
    assert "It serves" not in said
