"""What became of a signal, by hand and beside scikit-learn, and the scoreboard of many."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from issues_made import FIRST, bars, day, kept, result, signal
from sklearn.metrics import brier_score_loss, log_loss

from marketpulse.signals.scoring import (
    BLOCK,
    COST,
    FEWEST_DATES,
    LEAST_CHANCE,
    block_interval,
    outcome,
    row_of,
    scoreboard,
)
from marketpulse.types import Call

ANSWERS = json.loads((Path(__file__).parents[2] / "answers" / "probability_scores.json").read_text())
NOW = FIRST + timedelta(days=30)
CLOSE = [100, 101, 102, 103, 104, 105, 106, 107]
OPEN = [100, 100.5, 101.5, 102.5, 103.5, 104.5, 105.5, 106.5]


def test_nothing_is_scored_until_the_bar_that_ends_the_horizon():
    assert outcome(signal(0), bars(CLOSE[:5]), COST, NOW) is None
    found = outcome(signal(0), bars(CLOSE[:6]), COST, NOW)
    assert (found.ended, found.rose, found.time) == (day(5), True, NOW)


def test_by_hand():
    up = outcome(signal(0, call=Call.UP), bars(CLOSE, open_=OPEN), COST, NOW)
    assert up.brier == pytest.approx(0.16)
    assert up.brier_base == pytest.approx(0.2116)
    assert up.log_loss == pytest.approx(log_loss([1], [0.6], labels=[0, 1]))
    assert up.log_loss_base == pytest.approx(-np.log(0.54))
    assert up.moved == pytest.approx(105.5 / 100.5 - 1)  # open of the second bar to the open of the seventh
    assert up.profit == pytest.approx(105.5 / 100.5 - 1 - 0.001)
    down = outcome(signal(0, call=Call.DOWN), bars(CLOSE, open_=OPEN), COST, NOW)
    assert down.profit == pytest.approx(1 - 105.5 / 100.5 - 0.001)
    assert outcome(signal(0), bars(CLOSE, open_=OPEN), COST, NOW).profit is None


def test_a_fall_by_hand():
    found = outcome(signal(0), bars(CLOSE[::-1]), COST, NOW)
    assert not found.rose
    assert (found.brier, found.brier_base) == pytest.approx((0.36, 0.2916))
    assert found.log_loss == pytest.approx(log_loss([0], [0.6], labels=[0, 1]))
    assert found.log_loss_base == pytest.approx(log_loss([0], [0.54], labels=[0, 1]))


@pytest.mark.parametrize("what", ["brier", "log_loss"])
def test_the_mean_of_both_scores_is_the_published_one(what):
    answer = ANSWERS[what]
    closes = {1: CLOSE, 0: CLOSE[::-1]}
    found = [
        outcome(signal(0, p=p), bars(closes[y]), COST, NOW)
        for y, p in zip(answer["y"], answer["p"], strict=True)
    ]
    mean = np.mean([getattr(one, what) for one in found])
    assert mean == pytest.approx(answer["expected"], abs=answer.get("tolerance", 1e-12))


def test_the_horizon_is_counted_in_the_instruments_own_bars():
    own = bars(CLOSE)[::1]
    gap = replace(own, time=own.time + np.where(np.arange(8) > 2, 3 * 86_400, 0))
    assert outcome(signal(0), gap, COST, NOW).ended == day(8)


def test_without_the_open_behind_the_horizon_there_is_a_score_and_no_profit():
    found = outcome(signal(0, call=Call.UP), bars(CLOSE[:6], open_=OPEN[:6]), COST, NOW)
    assert (found.moved, found.profit) == (None, None)
    assert found.rose


def test_the_open_of_the_bar_that_forms_ends_the_trade():
    held = bars(CLOSE[:6], open_=OPEN[:6])
    found = outcome(signal(0, call=Call.UP), held, COST, NOW, 105.5)
    assert found == outcome(signal(0, call=Call.UP), bars(CLOSE[:7], open_=OPEN[:7]), COST, NOW)
    assert outcome(signal(1), held, COST, NOW, 105.5) is None


def test_as_high_as_before_is_no_rise():
    assert not outcome(signal(0), bars([100] * 8), COST, NOW).rose


@pytest.mark.parametrize(
    ("said", "held"),
    [
        (signal(-1), bars(CLOSE)),
        (signal(0, p=None), bars(CLOSE)),
        (signal(0, base=None), bars(CLOSE)),
        (signal(0), bars([np.nan, *CLOSE[1:]])),
        (signal(0), bars([*CLOSE[:5], 0.0, 1.0])),
    ],
    ids=["no such bar", "no opinion", "no base rate", "no price", "a price of nothing"],
)
def test_what_cannot_be_scored_is_left(said, held):
    assert outcome(said, held, COST, NOW) is None


def test_a_certainty_that_was_wrong_costs_what_the_cut_says():
    wrong = outcome(signal(0, p=0.0), bars(CLOSE), COST, NOW)
    assert wrong.log_loss == pytest.approx(-np.log(LEAST_CHANCE))


def test_a_row_is_found_by_its_date():
    held = bars(CLOSE)
    assert [row_of(held, day(n)) for n in (0, 7, 8, -1)] == [0, 7, None, None]


def world(n, seed, honest=True, symbols=("AAPL", "MSFT")):
    """``n`` ended signals on consecutive dates; the truth is what was said, or the base rate."""
    rng = np.random.default_rng(seed)
    found = []
    for i in range(n):
        p = float(rng.uniform(0.3, 0.75))
        rose = bool(rng.random() < (p if honest else 0.54))
        call = Call.UP if p > 0.6 else Call.DOWN if p < 0.4 else Call.NONE
        at, symbol = i // len(symbols), symbols[i % len(symbols)]
        said = signal(at, symbol, p=p, call=call, regime=("rising, calm", "falling, wild")[i % 3 == 0])
        found.append(kept(said, result(at + 5, p, rose=rose, profit=0.01 if call is not Call.NONE else None)))
    return found


def test_the_scoreboard_is_what_scikit_learn_says():
    held = world(400, 1)
    board = scoreboard([*held, kept(signal(500)), kept(signal(501, "NEW"))])
    whole = board.lines[0]
    p = [i.signal.probability for i in held]
    y = [i.outcome.rose for i in held]
    assert (whole.group, whole.n, whole.open) == ("all", 400, 2)
    assert whole.brier == pytest.approx(brier_score_loss(y, p))
    base = brier_score_loss(y, [0.54] * 400)
    assert whole.brier_base == pytest.approx(base)
    assert whole.skill == pytest.approx(1 - whole.brier / base)
    assert whole.skill_low < whole.skill < whole.skill_high
    assert whole.log_loss == pytest.approx(0.5)
    assert (board.issued, board.ended, board.repainted, board.since) == (402, 400, 0, day(0))


def test_right_calls_are_counted_beside_the_base_rates_favourite():
    rose = (True, True, False, False)
    calls = (Call.UP, Call.DOWN, Call.DOWN, Call.NONE)
    held = [
        kept(signal(n, call=c), result(n + 5, rose=r))
        for n, (r, c) in enumerate(zip(rose, calls, strict=True))
    ]
    line = scoreboard(held).lines[0]
    assert (line.calls, line.right, line.base_right) == (3, 2, 2)
    low = [kept(replace(i.signal, base_rate=0.4), i.outcome) for i in held]
    assert scoreboard(low).lines[0].base_right == 1


def test_groups_hold_what_is_theirs():
    board = scoreboard([*world(300, 2), kept(signal(0, "NEW", regime=""))])
    by = {(line.group, line.name): line for line in board.lines}
    assert next(iter(by)) == ("all", "")
    assert [by["symbol", s].n for s in ("AAPL", "MSFT")] == [150, 150]
    assert by["regime", "falling, wild"].n == 100
    assert by["regime", "rising, calm"].n == 200
    assert (by["symbol", "NEW"].n, by["symbol", "NEW"].open, by["symbol", "NEW"].brier) == (0, 1, None)
    assert ("regime", "") not in by
    assert by["model", "ensemble"].open == 1


def test_skill_waits_for_enough_dates():
    few = scoreboard(world(FEWEST_DATES - 1, 3, symbols=("AAPL",))).lines[0]
    enough = scoreboard(world(FEWEST_DATES, 3, symbols=("AAPL",))).lines[0]
    assert (few.skill, few.skill_low) == (None, None)
    assert enough.skill is not None


def test_reliability_bins_hold_every_signal_once():
    (line, *_) = scoreboard(world(237, 4)).lines
    assert sum(count for *_, count in line.calibration) == 237
    assert [said for said, *_ in line.calibration] == sorted(said for said, *_ in line.calibration)
    assert len(scoreboard(world(15, 4)).lines[0].calibration) == 1


def test_a_repaint_is_counted():
    held = world(3, 5)
    assert scoreboard([replace(held[0], repaint=object()), *held[1:]]).repainted == 1


def test_honest_opinions_have_skill_and_noise_has_none():
    assert scoreboard(world(2000, 6)).lines[0].skill_low > 0.0
    assert scoreboard(world(2000, 7, honest=False)).lines[0].skill_high < 0.0


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(8)
    inside = 0
    for _ in range(200):
        noise = rng.normal(0.0, 0.05, 254)
        above = 0.24 + np.convolve(noise, np.ones(5), "valid") / 5  # outcomes that overlap
        low, high = block_interval(above, np.full(250, 0.25))
        inside += low <= 0.04 <= high
    assert 172 <= inside <= 199  # binomial 99.9 % around 93 %: percentiles of blocks fall a little short


def test_the_interval_is_that_of_drawing_blocks_one_by_one():
    rng = np.random.default_rng(9)
    above, below = rng.uniform(0.1, 0.4, 100), rng.uniform(0.2, 0.3, 100)
    draws = []
    for _ in range(4000):
        starts = rng.integers(0, 100, -(-100 // BLOCK))
        rows = (starts[:, None] + np.arange(BLOCK)).ravel()[:100] % 100
        draws.append(1 - above[rows].sum() / below[rows].sum())
    assert block_interval(above, below) == pytest.approx(np.percentile(draws, [2.5, 97.5]), abs=0.01)


def test_five_thousand_signals_are_scored_at_once():
    held = world(5000, 10, symbols=tuple(f"S{n}" for n in range(20)))
    began = time.process_time()
    scoreboard(held)
    assert time.process_time() - began < 0.4  # 0.1 s on a quiet machine
