import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from walks import CUTOFF, TRAINED, spoilt, walk

from marketpulse.features import FEATURES, VERSION
from marketpulse.models.rows import NotTrainable, build
from marketpulse.models.train import train
from marketpulse.types import Edge


def test_a_planted_signal_is_found(text):
    said = json.loads(text)
    score = said["card"]["score"]
    assert said["card"]["edge"] == Edge.WEAK.value
    assert score["auc_low"] > 0.5
    assert score["skill_low"] > 0.0
    assert said["shrink"] > 0.5


def test_the_card_says_what_was_seen(text):
    card = json.loads(text)["card"]
    assert card["features"] == list(FEATURES)
    assert card["feature_version"] == VERSION
    assert card["symbols"] == ["AAA", "BBB"]
    assert card["last_bar"] == (CUTOFF.date() - timedelta(days=1)).isoformat()
    assert card["first_bar"] == "2000-10-21"  # the 252nd day from 2000-02-13
    assert card["rows"] == 2 * (len_before() - 251 - 5)
    assert datetime.fromisoformat(card["trained"]) == TRAINED
    assert card["score"]["since"] == "2002-03-09"  # 504 dates later
    assert sum(n for _, _, n in card["score"]["calibration"]) == card["score"]["n"]


def len_before():
    return len(walk("X", 1600, 1).until(CUTOFF))


def test_the_same_bars_give_the_same_text_but_for_the_stamp(text, panel, benchmark):
    later = train(panel[::-1], benchmark, CUTOFF, source="test", trained=TRAINED + timedelta(days=3))
    assert later != text
    assert later.replace("2026-03-04", "2026-03-01") == text


@pytest.mark.parametrize("seed", [1, 2])
def test_corrupting_every_bar_from_the_cutoff_on_changes_nothing(text, panel, benchmark, seed):
    worse = [spoilt(bars, CUTOFF, seed) for bars in panel]
    assert any((a.close != b.close).any() for a, b in zip(worse, panel, strict=True))
    assert train(worse, spoilt(benchmark, CUTOFF, seed), CUTOFF, source="test", trained=TRAINED) == text


def test_corrupting_the_last_bar_before_the_cutoff_does_change_the_model(text, panel, benchmark):
    earlier = CUTOFF - timedelta(days=1)
    assert (
        train([spoilt(b, earlier) for b in panel], benchmark, CUTOFF, source="test", trained=TRAINED) != text
    )


def test_progress_grows_to_the_end(panel):
    said = []
    train(panel, None, CUTOFF, source="test", trained=TRAINED, report=lambda f, note: said.append((f, note)))
    fractions = [f for f, _ in said]
    assert fractions == sorted(fractions)
    assert all(0 < f < 1 for f in fractions)
    assert all(note.endswith(".") for _, note in said)


def test_a_short_history_gives_a_model_without_a_score_that_says_the_base_rate():
    bars = [walk("AAA", 700, 1)]
    said = json.loads(train(bars, None, CUTOFF, source="test", trained=TRAINED))
    assert said["card"]["score"] is None
    assert said["card"]["edge"] == Edge.NONE.value
    assert said["shrink"] == 0.0


def test_less_than_a_year_of_rows_is_refused():
    with pytest.raises(NotTrainable, match="252 dates"):
        train([walk("AAA", 400, 1)], None, CUTOFF, source="test", trained=TRAINED)


def test_prices_that_only_rise_are_refused():
    up = walk("AAA", 800, 1)
    climb = np.exp(0.001 * np.arange(800.0))
    up = replace(up, open=climb, high=climb * 1.01, low=climb * 0.99, close=climb)
    with pytest.raises(NotTrainable):
        train([up], None, CUTOFF, source="test", trained=TRAINED)


@pytest.mark.slow
def test_an_edge_is_rarely_claimed_where_there_is_none():
    """Twenty random panels: at a true rate of 2.5 % more than two claims have a chance of 1.3 %."""
    claims = sum(
        json.loads(train(_random(seed), None, CUTOFF, source="test", trained=TRAINED))["card"]["edge"]
        != Edge.NONE.value
        for seed in range(20)
    )
    assert claims <= 2


def _random(seed):
    return [walk(f"W{i}", 1400, 1000 * seed + i) for i in range(3)]


def test_a_feature_that_knows_the_future_would_be_seen_at_once():
    """The scale of honest numbers: an AUC far above these on real prices is a leak."""
    rows = build(_random(0), None, datetime(2030, 1, 1, tzinfo=UTC), 5)
    correlation = np.corrcoef(np.column_stack([rows.x, rows.y]).T)[-1, :-1]
    assert np.abs(correlation).max() < 0.15
