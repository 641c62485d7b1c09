"""What moves is told; what only looks moved because it is slow is not."""

import numpy as np
import pytest
from walks import walk

from marketpulse.features.full import NAMES
from marketpulse.features.scene import History
from marketpulse.loop.drifting import WINDOW, DriftWatch
from marketpulse.models.panel import build_panel
from marketpulse.models.reference import reference
from marketpulse.types import Bars

MARKET = walk("^M", 1600, 99)
FRAMES = {name: walk(name, 1600, seed) for seed, name in enumerate(("AAA", "BBB", "CCC"))}


@pytest.fixture(scope="module")
def then():
    panel = build_panel([bars[:1300] for bars in FRAMES.values()], MARKET[:1300], 5)
    return reference(NAMES, panel.x)


def filled(frames):
    watch = DriftWatch()
    watch.begin({s: History(b) for s, b in frames.items()}, History(MARKET))
    while watch.waits:
        watch.fill(1)
    return watch


def doubled(bars, since):
    """The same market with each bar's movement three times as large from a bar on."""
    moves = np.diff(np.log(bars.close), prepend=np.log(bars.close[0]))
    moves[since:] *= 3.0
    close = bars.close[0] * np.exp(np.cumsum(moves))
    wide = close / bars.close
    return Bars(
        bars.symbol, bars.interval, bars.time, bars.open * wide, bars.high * wide, bars.low * wide, close,
        bars.volume, bars.source, adjusted=True,
    )  # fmt: skip


def test_nothing_is_known_before_anything_was_compared(then):
    watch = DriftWatch()
    assert (watch.begun, watch.drifted()) == (False, None)
    watch.compare(then)
    assert watch.lines == ()


def test_the_same_market_has_not_drifted_though_its_slow_features_look_it(then):
    watch = filled(FRAMES)
    watch.compare(then)
    assert watch.begun
    assert watch.drifted() == 0.0
    slow = {line.feature: line for line in watch.lines}["momentum_252"]
    assert slow.psi > 0.25
    assert slow.p_value is None  # half a year of a year's momentum is less than one observation


def test_a_market_that_moves_three_times_as_much_has_drifted(then):
    watch = filled({s: doubled(b, 1600 - WINDOW) for s, b in FRAMES.items()})
    watch.compare(then)
    assert watch.drifted() >= 0.25
    sure = [line.feature for line in watch.lines if line.p_value is not None and line.p_value < 0.001]
    assert {"sd_5"} <= set(sure)


def test_a_new_row_takes_the_place_of_the_oldest(then):
    watch, fresh = filled({s: b[:-1] for s, b in FRAMES.items()}), filled(FRAMES)
    for symbol in FRAMES:
        watch.add({symbol: fresh._rows[symbol][-1]}, {symbol: int(FRAMES[symbol].time[-1])})
        assert watch._rows[symbol].shape == (WINDOW, len(NAMES))
    watch.compare(then)
    fresh.compare(then)
    assert [line.feature for line in watch.lines[:5]] == [line.feature for line in fresh.lines[:5]]
    assert [line.psi for line in watch.lines] == pytest.approx([line.psi for line in fresh.lines], abs=0.05)


def test_a_bar_that_is_decided_again_counts_once():
    watch = filled(FRAMES)
    before = {symbol: rows.copy() for symbol, rows in watch._rows.items()}
    for _ in range(3):  # the bars of three others came later
        watch.add(
            {symbol: rows[-1] for symbol, rows in before.items()},
            {symbol: int(frame.time[-1]) for symbol, frame in FRAMES.items()},
        )
    for symbol, rows in before.items():
        np.testing.assert_array_equal(watch._rows[symbol], rows)
