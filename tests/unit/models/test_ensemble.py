from dataclasses import replace

import numpy as np
import pytest

from bench.worlds import noise, planted
from marketpulse.models.ensemble import Ensemble, judge_walk, stand
from marketpulse.models.members import Always, Fitted, Follow, Logistic, Screened
from marketpulse.models.panel import NEVER, build_panel
from marketpulse.models.rules import RULES
from marketpulse.models.walk import Settings, predict_unseen, steps
from marketpulse.signals.calibrate import fit_sigmoid
from marketpulse.types import Call

SETTINGS = Settings(first_fit=252, refit=63, pool=126)
VOTERS = [Always(), Logistic(), Screened(), Follow(RULES[3])]


@pytest.fixture(scope="module")
def signal():
    panel = build_panel([planted("two states", 3, 1_400)[0]], None, 5)
    return panel, judge_walk(panel, predict_unseen(panel, VOTERS, SETTINGS), SETTINGS)


@pytest.fixture(scope="module")
def silence():
    panel = build_panel([noise("random walk", 3, 1_400)], None, 5)
    return panel, judge_walk(panel, predict_unseen(panel, VOTERS, SETTINGS), SETTINGS)


def test_nothing_is_said_before_members_could_be_weighed(signal):
    panel, judged = signal
    said = np.isfinite(judged.probability)
    first = int(np.argmax(said))
    assert said[first:].all()
    assert 252 + 126 + 126 < first <= 252 + 126 + 126 + 2 * 63 + 10
    assert panel.known.sum() == len(panel) - 5


def test_on_signals_members_are_heard_and_on_noise_the_base_rate_speaks(signal, silence):
    _, judged = signal
    assert judged.share[1] > 0.2
    assert judged.share[0] == 0.0
    assert judged.share.sum() == pytest.approx(1.0)
    assert np.count_nonzero(judged.side) > 100
    panel, quiet = silence
    said = np.isfinite(quiet.probability)
    assert np.abs(quiet.probability - panel.base)[said].mean() < 0.01
    assert np.count_nonzero(quiet.side) < 0.1 * said.sum()


def test_the_base_rate_is_listed_and_never_has_skill(signal, silence):
    for panel, judged in (signal, silence):
        assert judged.standings[0].kept == judged.standings[0].skill == 0.0
        said = np.isfinite(judged.said[0])
        np.testing.assert_allclose(judged.said[0][said], panel.base[said], atol=1e-12)


def test_each_step_knows_only_outcomes_that_had_ended(signal):
    """Every answer that came later is turned round; no earlier opinion moves."""
    panel, judged = signal
    at = list(steps(panel, SETTINGS))[-3].moment
    later = panel.end >= at
    y = np.where(later, 1.0 - panel.y, panel.y)
    other = judge_walk(replace(panel, y=y), judged.raw, SETTINGS)
    before = panel.time < at
    for name in ("calibrated", "said"):
        np.testing.assert_array_equal(getattr(other, name)[:, before], getattr(judged, name)[:, before])
    np.testing.assert_array_equal(other.probability[before], judged.probability[before])
    assert not np.array_equal(other.probability, judged.probability, equal_nan=True)


def test_calibration_is_fitted_on_out_of_fold_opinions_that_ended(signal):
    panel, judged = signal
    at = list(steps(panel, SETTINGS))[-1].moment
    rows = np.flatnonzero((panel.end < at) & np.isfinite(judged.raw[1]))
    by_hand = fit_sigmoid(judged.raw[1, rows], panel.y[rows], panel.base[rows], np.full(len(rows), 0.2))
    found = stand(panel, judged.raw[1], judged.calibrated[1], at, SETTINGS)
    assert found.sigmoid.slope == pytest.approx(by_hand.slope, rel=0.02)
    assert 0.5 < found.kept <= 1.0
    assert found.skill > 0.0


def test_the_ensemble_decides_the_newest_bar_with_votes_and_reasons(signal):
    panel, judged = signal
    ensemble = Ensemble.of(panel, VOTERS, judged, SETTINGS)
    told = {ensemble.decide(panel.x[row], panel.base[row], panel.sigma[row]).call for row in range(-60, 0)}
    assert told - {Call.NONE}
    found = ensemble.decide(panel.x[-1], panel.base[-1], panel.sigma[-1])
    assert [b.member for b in found.ballots] == [v.name for v in VOTERS]
    assert sum(b.share for b in found.ballots) == pytest.approx(1.0)
    assert found.ballots[0].probability == pytest.approx(panel.base[-1])
    assert found.reasons
    assert {name for name, _ in found.reasons} <= set(panel.names)
    assert found.probability == pytest.approx(judged.probability[-1], abs=0.08)


def test_a_member_that_breaks_abstains(signal):
    panel, judged = signal
    ensemble = Ensemble.of(panel, VOTERS, judged, SETTINGS)

    class Broken(Fitted):
        def predict(self, x):
            return np.full(len(x), np.nan)

        def reasons(self, row):
            del row
            return {}

    fitted = (ensemble.fitted[0], Broken(), *ensemble.fitted[2:])
    broken = Ensemble(**{f: getattr(ensemble, f) for f in ensemble.__slots__} | {"fitted": fitted})
    found = broken.decide(panel.x[-1], panel.base[-1], panel.sigma[-1])
    assert found.ballots[1].probability is None
    assert 0.02 <= found.probability <= 0.98


def test_nothing_ended_is_no_standing(signal):
    panel, judged = signal
    found = stand(panel, judged.raw[1], judged.calibrated[1], int(panel.time[0]), SETTINGS)
    assert (found.sigmoid, found.kept) == (None, None)
    assert stand(panel, judged.raw[1], judged.calibrated[1], NEVER, SETTINGS) == judged.standings[1]
