import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from marketpulse.models.score import auc, brier, calibration, edge_of, score, shrinkage
from marketpulse.types import Edge

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "probability_scores.json").read_text())
RNG = np.random.default_rng(5)
N = 800
Y = RNG.integers(0, 2, N).astype(float)
P = np.round(np.clip(0.5 + 0.1 * (Y - 0.5) + RNG.normal(0, 0.1, N), 0.01, 0.99), 2)  # rounded: ties
BASE = np.full(N, 0.5)
DAY = np.repeat(np.arange(N // 2), 2)


@pytest.mark.parametrize(("name", "of"), [("brier", brier), ("auc", auc)])
def test_published_examples(name, of):
    case = ANSWERS[name]
    assert of(np.array(case["p"]), np.array(case["y"], dtype=float)) == pytest.approx(
        case["expected"], abs=1e-12
    )


def test_scikit_learn_agrees_ties_and_weights_included():
    weight = RNG.integers(0, 4, N).astype(float)
    assert auc(P, Y) == pytest.approx(roc_auc_score(Y, P), abs=1e-12)
    assert auc(P, Y, weight) == pytest.approx(roc_auc_score(Y, P, sample_weight=weight), abs=1e-12)
    assert brier(P, Y) == pytest.approx(brier_score_loss(Y, P), abs=1e-12)


def test_one_class_has_no_auc():
    assert np.isnan(auc(P, np.ones(N)))


def test_an_interval_holds_its_number_and_repeats_itself():
    found = score(P, Y, BASE, DAY)
    assert found.auc_low < found.auc < found.auc_high
    assert found.skill_low < found.skill < found.skill_high
    assert found.skill == pytest.approx(1 - found.brier / found.brier_base)
    assert found == score(P, Y, BASE, DAY)


def test_intervals_are_wider_where_days_move_together():
    """Forty copies of a day are one observation, not forty."""
    days = 120
    rng = np.random.default_rng(3)
    y = rng.integers(0, 2, days).astype(float)
    p = 0.5 + rng.normal(0, 0.1, days)
    once = score(p, y, np.full(days, 0.5), np.arange(days))
    copies = score(
        np.repeat(p, 40), np.repeat(y, 40), np.full(40 * days, 0.5), np.repeat(np.arange(days), 40)
    )
    assert copies.auc_high - copies.auc_low == pytest.approx(once.auc_high - once.auc_low, rel=1e-9)


def test_calibration_counts_every_row_once():
    bins = calibration(P, Y)
    assert len(bins) == 10
    assert sum(n for _, _, n in bins) == N
    assert sum(rate * n for _, rate, n in bins) == pytest.approx(Y.sum(), abs=0.01)
    assert [p for p, _, _ in bins] == sorted(p for p, _, _ in bins)


def test_shrinkage_is_the_best_of_a_grid():
    kept = shrinkage(P, Y, BASE)
    grid = np.linspace(0, 1, 101)
    best = grid[np.argmin([brier(BASE + g * (P - BASE), Y) for g in grid])]
    assert kept == pytest.approx(best, abs=0.006)
    assert shrinkage(1 - P, Y, BASE) == 0.0
    assert shrinkage(BASE, Y, BASE) == 0.0


def test_an_edge_needs_both_intervals():
    found = score(0.4 + 0.2 * Y, Y, BASE, DAY)
    assert edge_of(found) is Edge.WEAK
    assert edge_of(score(1 - (0.4 + 0.2 * Y), Y, BASE, DAY)) is Edge.NONE
    assert edge_of(None) is Edge.NONE


def test_ranking_well_with_bad_probabilities_is_no_edge():
    """Perfect order, but every probability far too low: the Brier score forbids the word."""
    found = score(0.01 + 0.01 * Y, Y, BASE, DAY)
    assert found.auc_low > 0.5
    assert found.skill_high < 0.0
    assert edge_of(found) is Edge.NONE
