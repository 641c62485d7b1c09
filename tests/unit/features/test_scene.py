"""What the desk asks a model about is what the model was trained on."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from walks import CUTOFF, spoilt, walk

from marketpulse.features.full import NAMES
from marketpulse.features.scene import History, scene
from marketpulse.features.steady import plain, steady
from marketpulse.models.panel import build_panel
from marketpulse.signals.base import base_rate

MARKET = walk("^M", 1600, 99)
FRAMES = {name: walk(name, 1600, seed) for seed, name in enumerate(("AAA", "BBB", "CCC", "DDD"))}


def seen(frames=FRAMES, market=MARKET, now=CUTOFF):
    return scene({s: History(b).until(now) for s, b in frames.items()}, History(market).until(now))


@pytest.fixture(scope="module")
def panel():
    frames = [bars.until(CUTOFF) for bars in FRAMES.values()]
    return build_panel(frames, MARKET.until(CUTOFF), 5)


@pytest.mark.parametrize("symbol", list(FRAMES))
def test_the_newest_row_is_the_row_that_training_sees(panel, symbol):
    row = np.flatnonzero(panel.symbol == panel.symbols.index(symbol))[-1]
    values, sigma = seen().rows(symbol)
    assert values[0].tolist() == pytest.approx(panel.x[row].tolist(), rel=1e-6, abs=1e-7, nan_ok=True)
    assert sigma == pytest.approx(panel.sigma[row], rel=1e-7)


def test_many_rows_end_with_the_newest(panel):
    rows = np.flatnonzero(panel.symbol == 0)[-32:]
    values, _ = seen().rows("AAA", 32)
    named = [
        NAMES.index(name)
        for name in ("momentum_1", "gap", "volume_63", "sigma_ratio", "trend_20", "market_5")
    ]
    assert values[:, named] == pytest.approx(panel.x[rows][:, named], rel=1e-6, abs=1e-7, nan_ok=True)


def test_the_base_rate_is_the_one_that_training_sees(panel):
    row = np.flatnonzero(panel.symbol == 0)[-1]
    bars = seen().bars
    assert base_rate(bars.values(), 5, int(panel.time[row])) == pytest.approx(panel.base[row], abs=1e-12)


def test_nothing_that_came_later_moves_a_number():
    worse = {symbol: spoilt(bars, CUTOFF) for symbol, bars in FRAMES.items()}
    ours, theirs = seen(), seen(worse, spoilt(MARKET, CUTOFF))
    for symbol in FRAMES:
        assert ours.rows(symbol)[0] == pytest.approx(theirs.rows(symbol)[0], nan_ok=True)
    assert ours.seen == theirs.seen


def test_another_unit_of_price_moves_no_number():
    cents = {
        s: replace(b, open=b.open * 3.7, high=b.high * 3.7, low=b.low * 3.7, close=b.close * 3.7)
        for s, b in FRAMES.items()
    }
    for symbol in FRAMES:
        ours, theirs = seen().rows(symbol)[0], seen(cents).rows(symbol)[0]
        assert theirs[0].tolist() == pytest.approx(ours[0].tolist(), rel=1e-6, abs=1e-7, nan_ok=True)


def test_it_is_cut_at_a_bar_as_well_as_at_a_moment():
    newest = seen().seen["BBB"]
    history = History(FRAMES["BBB"])
    assert history.upto(newest).bars.time.tolist() == history.until(CUTOFF).bars.time.tolist()
    assert len(history.upto(newest - 1).bars) == len(history.upto(newest).bars) - 1


def test_an_instrument_without_bars_is_not_there_and_one_without_a_market_is():
    frames = {**FRAMES, "NEW": FRAMES["AAA"][:0]}
    there = scene({s: History(b) for s, b in frames.items()}, None)
    assert set(there.raw) == set(FRAMES)
    assert np.isnan(there.rows("AAA")[0][0, NAMES.index("market_5")])
    assert "^M" not in there.seen


def test_a_bar_that_cannot_be_is_not_ready():
    bars = FRAMES["AAA"].until(CUTOFF)
    high = bars.high.copy()
    high[-1] = np.nan
    there = scene({"AAA": History(replace(bars, high=high)), "BBB": History(FRAMES["BBB"])}, None)
    assert not there.ready("AAA")
    assert there.ready("BBB")


def test_rounding_is_rounded_away_and_no_more():
    values = np.array([0.1 + 0.2, 1e-12, 123.456789123456])
    assert steady(values).tolist() == pytest.approx([0.3, 0.0, 123.45679], rel=1e-6)
    bars = FRAMES["AAA"]
    assert plain(bars).close[0] == 1.0
    assert plain(bars).close == pytest.approx(bars.close / bars.close[0], rel=1e-9)
    late = bars.until(CUTOFF + timedelta(days=1))
    assert plain(late).close.tolist() == plain(bars).close[: len(late)].tolist()
