import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from marketpulse.models.ensemble import Judged
from marketpulse.models.evidence import CONSENSUS, auc_p_value, calibration_slope, evidence, profit
from marketpulse.models.panel import NEVER, Panel
from marketpulse.models.walk import Settings
from marketpulse.risk.sharpes import deflated_sharpe, moments
from marketpulse.signals.calibrate import expit
from marketpulse.types import Edge

N = 900
RNG = np.random.default_rng(8)
DAY = 86_400
FREE = Settings(cost=0.0)
ME = SimpleNamespace(name="me", config={"C": 1})


def panel(y=None, moved=None, symbols=1, horizon=1):
    rows = N * symbols
    time = DAY * np.repeat(np.arange(N), symbols)
    answers = RNG.integers(0, 2, rows).astype(float) if y is None else y
    return Panel(
        ("f",),
        tuple("AB"[:symbols]),
        np.zeros((rows, 1)),
        answers,
        time,
        np.where(np.isfinite(answers), time + DAY, NEVER),
        np.tile(np.arange(symbols), N),
        np.repeat(np.arange(N), symbols),
        np.full(rows, 0.5),
        np.full(rows, 0.01),
        np.where(answers > 0.5, 0.01, -0.01) if moved is None else moved,
        horizon,
    )


def judged(p, side):
    one = np.array([p])
    return Judged(one, one, one, p, side, np.ones(len(p)), np.array([side]), (), np.ones(1), 1.0)


def opinion(y, strength):
    return np.clip(0.5 + strength * (y - 0.5) + RNG.normal(0.0, 0.05, len(y)), 0.02, 0.98)


def test_skill_that_pays_is_a_weak_edge():
    rows = panel()
    p = opinion(rows.y, 0.05)
    found = evidence(rows, judged(p, np.sign(p - 0.5)), [ME], FREE)
    assert found.edge is Edge.WEAK
    assert found.p_value < 0.01
    assert found.score.n == N
    assert found.deflated > 0.95


def test_skill_that_does_not_pay_is_none():
    rows = panel()
    p = opinion(rows.y, 0.05)
    found = evidence(rows, judged(p, np.sign(p - 0.5)), [ME], Settings(cost=0.02))
    assert found.edge is Edge.NONE
    assert "may be luck" in found.why
    never = evidence(rows, judged(p, np.zeros(N)), [ME], FREE)
    assert never.edge is Edge.NONE
    assert np.isnan(never.deflated)


def test_profit_without_skill_is_none():
    """Always long while prices drift up: rich, and no better than the base rate."""
    rows = replace(panel(), moved=np.full(N, 0.001) + RNG.normal(0, 1e-4, N))
    found = evidence(rows, judged(rows.base.copy(), np.ones(N)), [ME], FREE)
    assert found.deflated > 0.99
    assert found.edge is Edge.NONE


def test_many_trials_unmake_a_claim():
    rows = panel(moved=RNG.normal(0.0, 0.01, N))
    rows = replace(rows, moved=rows.moved + 0.0009 * np.where(rows.y > 0.5, 1, -1))
    p = opinion(rows.y, 0.05)
    once, often = (evidence(rows, judged(p, np.sign(p - 0.5)), [ME], FREE, n) for n in (0, 100_000))
    assert often.tried == once.tried + 100_000 == 100_002
    assert often.deflated < once.deflated


def test_lately_worse_than_the_base_rate_is_degraded():
    rows = panel()
    p = opinion(rows.y, 0.05)
    p[-126:] = opinion(1.0 - rows.y[-126:], 0.4)
    found = evidence(rows, judged(p, np.sign(p - 0.5)), [ME], FREE)
    assert found.edge is Edge.DEGRADED


def test_every_trial_is_a_row_with_all_that_was_chosen():
    rows = panel()
    p = opinion(rows.y, 0.05)
    mine, own = evidence(rows, judged(p, np.sign(p - 0.5)), [ME], FREE).trials
    assert (mine.name, own.name, mine.n) == ("me", CONSENSUS, N)
    assert mine.config["C"] == 1
    assert mine.config["refit"] == own.config["refit"] == 63
    assert mine.auc == own.auc > 0.6
    by_hand = moments(profit(rows, np.arange(N), np.sign(p - 0.5), FREE))
    assert own.sharpe == by_hand[0]
    assert json.loads(json.dumps(mine.as_row(), allow_nan=False))["config"]["C"] == 1
    idle = evidence(rows, judged(p, np.zeros(N)), [ME], FREE).trials[0]
    assert idle.as_row()["sharpe"] is None


def test_a_trial_is_not_credited_with_what_the_base_rate_ranks():
    rows = panel()
    base = 0.5 + 0.1 * (rows.y - 0.5)  # a base rate that knew, which no member may be praised for
    rows = replace(rows, base=base)
    found = evidence(rows, judged(base.copy(), np.zeros(N)), [ME], FREE)
    assert found.score.auc == 1.0
    assert [one.auc for one in found.trials] == [0.5, 0.5]
    assert found.edge is Edge.NONE


def test_the_deflated_ratio_is_the_published_one_of_these_trials():
    rows = panel(moved=RNG.normal(0.0, 0.01, N))
    p = opinion(rows.y, 0.05)
    found = evidence(rows, judged(p, np.sign(p - 0.5)), [ME], FREE)
    sharpe, skew, kurtosis = moments(profit(rows, np.arange(N), np.sign(p - 0.5), FREE))
    expected = deflated_sharpe(sharpe, N, 2, 1.0 / N, skew=skew, kurtosis=kurtosis)
    assert found.deflated == pytest.approx(expected)


def test_too_little_history_shows_nothing():
    rows = panel()
    p = np.full(N, np.nan)
    p[-100:] = 0.6
    found = evidence(rows, judged(p, np.zeros(N)), [ME], FREE)
    assert (found.edge, found.score) == (Edge.NONE, None)
    none = evidence(rows, judged(np.full(N, np.nan), np.zeros(N)), [ME], FREE)
    assert none.trials[0].n == 0


def test_profit_holds_the_mean_of_the_last_decisions_and_pays_for_every_change():
    moved = np.full(N, 0.01)
    rows = panel(moved=moved, horizon=2)
    side = np.zeros(N)
    side[10] = 1.0
    found = profit(rows, np.arange(N), side, Settings(cost=0.001))
    assert found[10:13] == pytest.approx([0.5 * 0.01 - 0.0005, 0.5 * 0.01, -0.0005])
    assert np.count_nonzero(found) == 3


def test_instruments_share_the_money():
    moved = np.tile([0.02, 0.0], N)
    rows = panel(moved=moved, symbols=2)
    found = profit(rows, np.arange(2 * N), np.tile([1.0, 0.0], N), FREE)
    assert found == pytest.approx(np.full(N, 0.01))


def test_the_p_value_is_even_under_noise_that_hangs_together():
    """Slow opinions and slow outcomes that know nothing of each other: one in five is under 20 %."""
    values = []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        slow = [np.convolve(rng.normal(size=N + 20), np.ones(20), "valid")[:N] for _ in range(2)]
        values.append(auc_p_value(expit(slow[0]), (slow[1] > 0).astype(float), np.zeros(N, dtype=np.int64)))
    assert 0.12 < np.mean(np.array(values) < 0.2) < 0.28
    assert 0.4 < np.mean(values) < 0.6


def test_the_p_value_of_two_instruments_counts_both():
    y = RNG.integers(0, 2, 2 * N).astype(float)
    p = opinion(y, 0.03)
    symbol = np.tile([0, 1], N)
    assert auc_p_value(p, y, symbol) < 0.01
    assert auc_p_value(1.0 - p, y, symbol) > 0.9
    assert np.isnan(auc_p_value(np.full(2 * N, 0.5), y, symbol))


def test_the_calibration_slope_is_an_ordinary_regressions():
    odds = RNG.normal(0.0, 0.7, N)
    y = (RNG.random(N) < expit(1.4 * odds)).astype(float)
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit(odds[:, None], y)
    assert calibration_slope(expit(odds), y) == pytest.approx(plain.coef_[0, 0], abs=1e-4)
    assert np.isnan(calibration_slope(np.full(N, 0.5), y))
