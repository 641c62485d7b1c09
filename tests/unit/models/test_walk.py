import os
import subprocess
import sys

import numpy as np
import pytest
from walks import walk

from marketpulse.models.members import Always, Follow, Logistic, Trees
from marketpulse.models.panel import build_panel
from marketpulse.models.rules import RULES
from marketpulse.models.walk import Settings, predict_unseen, steps

SETTINGS = Settings(first_fit=200, refit=63)
PANEL = build_panel([walk("AAA", 800, 1), walk("BBB", 800, 2)[150:]], None, 5)
VOTERS = [Always(), Logistic(), Follow(RULES[0])]


def test_labels_that_train_ended_an_embargo_before_the_first_bar_spoken_of():
    dates = np.unique(PANEL.time)
    tested = np.zeros(len(PANEL), dtype=int)
    for i, step in enumerate(steps(PANEL, SETTINGS)):
        first = 200 + 63 * i
        assert step.moment == dates[first] == PANEL.time[step.test].min()
        assert PANEL.end[step.train].max() == dates[first - 5 - 1]
        assert PANEL.time[step.train].max() == dates[first - 5 - 1 - 5]
        tested[step.test] += 1
    np.testing.assert_array_equal(tested, PANEL.time >= dates[200])


def test_the_base_rate_is_always_the_newest_and_nobody_speaks_before_the_first_fit():
    raw = predict_unseen(PANEL, VOTERS, SETTINGS)
    said = PANEL.time >= np.unique(PANEL.time)[200]
    assert np.isnan(raw[:, ~said]).all()
    assert np.isfinite(raw[:, said]).all()
    np.testing.assert_array_equal(raw[0, said], PANEL.base[said])


def test_an_opinion_moves_with_the_base_rate_and_not_ahead_of_it():
    """A rule that was never right says the newest base rate, not that of its fit."""
    rose = build_panel([walk("AAA", 800, 1)], None, 5)
    vote = Follow(RULES[0])
    raw = predict_unseen(rose, [vote], SETTINGS)[0]
    worthless = [s for s in steps(rose, SETTINGS) if vote.fit(rose.names, rose.x[s.train], rose.y[s.train], np.full(len(s.train), 0.2)).worth == 0.0]  # fmt: skip
    assert worthless
    for step in worthless:
        np.testing.assert_allclose(raw[step.test], rose.base[step.test], atol=0.002)


def test_progress_comes_step_by_step():
    said = []
    predict_unseen(PANEL, VOTERS, SETTINGS, report=lambda part, note: said.append((part, note)))
    assert [part for part, _ in said] == sorted(part for part, _ in said)
    assert said[-1] == (1.0, f"Walk forward, fit {len(said)} of {len(said)}.")


@pytest.mark.slow
def test_two_processes_say_what_one_says():
    few = Settings(first_fit=200, refit=200)
    voters = [Logistic(), Trees(trees=5)]
    one, two = (predict_unseen(PANEL, voters, few, processes=n) for n in (1, 2))
    np.testing.assert_array_equal(one, two)


LONG_WALK = """
import sys
sys.path.insert(0, "tests")
from walks import walk
from marketpulse.models.members import members
from marketpulse.models.panel import build_panel
from marketpulse.models.walk import Settings, predict_unseen

if __name__ == "__main__":
    panel = build_panel([walk("AAA", 2_000, 1)], None, 5)
    told = lambda part, note: print(note, flush=True)
    predict_unseen(panel, members(), Settings(first_fit=100, refit=5), processes=2, report=told)
"""


@pytest.mark.slow
def test_workers_do_not_outlive_a_training_that_was_killed(tmp_path):
    """They hold its output open: it ends only when the last of them has gone."""
    file = tmp_path / "long_walk.py"
    file.write_text(LONG_WALK)
    environment = {**os.environ, "PYTHONPATH": f".{os.pathsep}tests"}
    with subprocess.Popen(
        [sys.executable, str(file)], stdout=subprocess.PIPE, env=environment, text=True
    ) as training:
        assert training.stdout.readline().startswith("Walk forward, fit 1 of")
        training.kill()
        training.communicate(timeout=60)


def test_rules_and_pooling_need_no_scikit_learn():
    code = (
        "import sys, marketpulse.models.members, marketpulse.models.ensemble, marketpulse.models.evidence;"
        "import marketpulse.models.assess; sys.exit('sklearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
