"""``bench/honesty.py`` in small: shorter histories, fewer worlds, the same bounds. The whole runs by command."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.honesty import most_claims, verdicts
from bench.worlds import NOISE, PLANTED, noise, planted
from marketpulse.models.assess import aligned, assess
from marketpulse.models.members import members
from marketpulse.models.walk import Settings
from marketpulse.sources.recording import load_recording
from marketpulse.types import Call, Edge

SHORT = Settings(first_fit=252, refit=126)
LENGTH = 1_500
AT = 1_200


def run(bars):
    found = assess([bars], settings=SHORT, final=False)
    return found, aligned(found, len(bars))


@pytest.fixture(scope="module")
def signal():
    bars, oracle = planted(PLANTED[0], 7, LENGTH)
    return bars, oracle, *run(bars)


def spoilt(bars, seed):
    rng = np.random.default_rng(seed)
    columns = ("open", "high", "low", "close", "volume")
    later = {c: rng.uniform(1e-3, 1e6, len(bars) - AT) for c in columns}
    later["close"][3] = np.nan
    return replace(bars, **{c: np.append(getattr(bars, c)[:AT], later[c]) for c in columns})


@pytest.mark.slow
@pytest.mark.parametrize("change", ["cut off", "spoilt"])
def test_the_future_moves_no_past_probability(signal, change):
    bars, _, _, line = signal
    other = run(bars[:AT] if change == "cut off" else spoilt(bars, 1))[1][:AT]
    assert np.isfinite(line[:AT]).sum() > 150
    np.testing.assert_array_equal(np.isfinite(other), np.isfinite(line[:AT]))
    assert np.nanmax(np.abs(other - line[:AT])) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("unit", [3.7, 1e-4])
def test_prices_in_another_unit_change_nothing(signal, unit):
    bars, _, found, line = signal
    other = replace(bars, **{c: unit * getattr(bars, c) for c in ("open", "high", "low", "close")})
    again, same = run(other)
    assert np.nanmax(np.abs(same - line)) < 1e-8
    assert again.evidence.edge is found.evidence.edge


@pytest.mark.slow
def test_a_planted_signal_is_claimed_within_what_can_be_known(signal):
    bars, oracle, found, line = signal
    told = found.evidence
    assert told.edge is Edge.WEAK
    assert 0.5 <= told.slope <= 1.6
    rose = np.full(len(bars), np.nan)
    rose[:-5] = bars.close[5:] > bars.close[:-5]
    both = np.isfinite(line) & np.isfinite(rose)
    assert told.score.n == both.sum()
    assert told.score.auc == pytest.approx(roc_auc_score(rose[both], line[both]), abs=1e-12)
    assert told.score.auc <= roc_auc_score(rose[both], oracle[both]) + 0.02
    assert len(told.trials) == len(members()) + 1


@pytest.mark.slow
def test_on_noise_nothing_is_claimed():
    states = [run(noise(kind, seed, LENGTH))[0].evidence.edge for kind in NOISE for seed in (101,)]
    assert states.count(Edge.WEAK) == 0


@pytest.mark.slow
def test_on_the_tape_it_shows_no_edge():
    """Published honest scores of such models lie between 0.50 and 0.53; more would be a leak."""
    tape, start = load_recording(), datetime(2012, 6, 1, tzinfo=UTC)
    bars = {s: b.until(start).adjust(tape.actions.get(s, ())) for s, b in tape.bars.items()}
    panel = [bars[s] for s in ("AAPL", "GOOG", "IBM", "MSFT")]
    found = assess(panel, bars["^GSPC"], settings=Settings(refit=504))
    told = found.evidence
    assert told.edge is Edge.NONE
    assert told.score.skill_low < 0.0
    assert all(0.46 < one.auc < 0.54 for one in told.trials[:-1])
    newest = found.panel.x[-1], found.panel.base[-1], found.panel.sigma[-1]
    assert found.ensemble.decide(*newest).call is Call.NONE


def test_the_bound_on_claims_is_the_binomials():
    assert [most_claims(n) for n in (1, 6, 60)] == [1, 2, 7]


def test_the_command_notices_every_breach():
    good = {"claimed": False, "auc": 0.5, "again": 0.5, "oracle": None, "slope": float("nan")}
    found = good | {"claimed": True, "auc": 0.7, "again": 0.7, "oracle": 0.72, "slope": 1.1}
    rows = [good] * 60 + [found] * 10
    assert all(held for _, held in verdicts(rows))
    breaches = {
        0: [good | {"claimed": True}] * 8 + rows[8:],
        1: rows[:-3] + [found | {"claimed": False}] * 3,
        2: [*rows, found | {"auc": 0.75, "again": 0.75}],
        3: [*rows, found | {"slope": 1.7}],
        4: [*rows, found | {"again": 0.71}],
    }
    for number, broken in breaches.items():
        assert [i for i, (_, held) in enumerate(verdicts(broken)) if not held] == [number]
