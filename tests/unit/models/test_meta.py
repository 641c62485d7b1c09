"""The meta-model: it knows which calls are right where that can be known, and does not exist where it cannot."""

from dataclasses import replace

import numpy as np
import pytest

from marketpulse.features.full import NAMES
from marketpulse.models.artefact import LinearRecord
from marketpulse.models.ensemble import Judged
from marketpulse.models.meta import INPUTS, Meta, inputs
from marketpulse.models.meta_fit import LEAST_CALLS, learn
from marketpulse.models.panel import NEVER, Panel
from marketpulse.models.walk import Settings

DAY = 86_400
SETTINGS = Settings(refit=63)
SD, TREND = NAMES.index("sd_63"), NAMES.index("trend_50")


def world(n, told, seed=1):
    """Calls on every bar; ``told`` is how much calmer bars are easier, in log-odds a deviation."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, len(NAMES)))
    chance = 1.0 / (1.0 + np.exp(-(0.2 - told * x[:, SD])))
    right = rng.random(n) < chance
    side = np.where(rng.random(n) < 0.5, 1.0, -1.0)
    y = np.where(right, side > 0, side < 0).astype(float)
    time = DAY * np.arange(n, dtype=np.int64)
    zero = np.zeros(n, dtype=np.int64)
    half, ones = np.full(n, 0.5), np.ones(n)
    panel = Panel(NAMES, ("A",), x, y, time, time + DAY, zero, np.arange(n), half, 0.01 * ones, 0 * ones, 1)
    p = half + 0.06 * side
    one = p[None, :]
    return panel, Judged(one, one, one, p, side, 0.8 * ones, side[None, :], (), np.ones(1), 1.0)


def test_it_knows_which_calls_are_right_where_that_can_be_known():
    panel, judged = world(3_000, 0.8)
    meta, sentence = learn(panel, judged, SETTINGS)
    assert meta.calls == 3_000
    assert meta.skill > 0.05
    assert meta.kept > 0.5
    assert meta.fits()
    calm, wild = (np.zeros(len(NAMES)) for _ in range(2))
    calm[SD], wild[SD] = -1.5, 1.5
    assert meta.right(0.56, 0.5, 0.8, calm) > 0.7
    assert meta.right(0.56, 0.5, 0.8, wild) < 0.45
    assert sentence.startswith("Of 3,000 calls that have ended, 5")
    missing = np.full(len(NAMES), np.nan)
    assert meta.right(0.56, 0.5, 0.8, missing) == pytest.approx(meta.plain, abs=0.05)


def test_where_it_cannot_be_known_there_is_none_and_it_is_said():
    none = [learn(*world(800, 0.0, seed), SETTINGS) for seed in range(6)]
    assert sum(meta is not None for meta, _ in none) <= 2  # an error of one deviation is let pass
    assert all("which ones cannot be foretold" in said for meta, said in none if meta is None)


def test_too_few_calls_are_said():
    panel, judged = world(2_000, 0.8)
    few = judged.side.copy()
    few[LEAST_CALLS - 1 :] = 0.0
    meta, sentence = learn(panel, replace(judged, side=few), SETTINGS)
    assert meta is None
    assert sentence == "No meta-model: 249 calls have ended; 250 are needed."
    few[LEAST_CALLS - 1] = 1.0
    assert "are needed" not in learn(panel, replace(judged, side=few), SETTINGS)[1]


def test_only_what_was_shown_out_of_sample_is_kept_of_its_opinion():
    row = np.zeros(len(NAMES))
    numbers = LinearRecord((0.0,), (1.0,), 6.0, (2.0,), 0.0)
    bold = Meta((2,), (0.0,), numbers, 0.5, 1.0, 300, 0.01)
    row[SD] = 1.0
    opinion = bold.right(0.56, 0.5, 0.8, row)
    assert opinion == pytest.approx(1.0 / (1.0 + np.exp(-2.0)))
    half = replace(bold, kept=0.5)
    assert half.right(0.56, 0.5, 0.8, row) == pytest.approx(0.5 + 0.5 * (opinion - 0.5))
    assert replace(bold, kept=0.0).right(0.56, 0.5, 0.8, row) == 0.5
    row[SD] = 60.0  # cut at six deviations, and never surer than 98 %
    assert bold.right(0.56, 0.5, 0.8, row) == 0.98


def test_calls_that_have_not_ended_teach_nothing():
    panel, judged = world(1_000, 0.8)
    open_ = np.arange(1_000) >= 900
    late = replace(panel, y=np.where(open_, np.nan, panel.y), end=np.where(open_, NEVER, panel.end))
    wild = replace(late, x=np.where(open_[:, None], 100.0, late.x))
    found = learn(late, judged, SETTINGS)
    assert found[0].calls == 900
    assert found == learn(wild, judged, SETTINGS)


def test_the_trend_is_seen_from_the_call():
    row = np.zeros((2, len(NAMES)))
    row[:, TREND] = 2.0
    found = inputs(np.array([0.6, 0.4]), np.full(2, 0.5), np.full(2, 0.7), row)
    assert found[:, INPUTS.index("trend")].tolist() == [2.0, -2.0]
    assert found[0, INPUTS.index("distance")] == pytest.approx(found[1, INPUTS.index("distance")])
    assert (found[:, INPUTS.index("agreed")] == 0.7).all()


def test_a_side_that_is_always_right_leaves_nothing_to_learn():
    panel, judged = world(600, 0.0)
    sure = replace(panel, y=(judged.side > 0).astype(float))
    meta, sentence = learn(sure, judged, SETTINGS)
    assert meta is None
    assert "100 % were right" in sentence
