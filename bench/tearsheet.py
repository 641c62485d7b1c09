"""Sharpe, volatility, drawdown, Sortino and Calmar of ten years of daily returns, beside two peers.

The peers need an environment of their own: ``python -m venv bench/.venv`` and
``bench/.venv/bin/pip install -r bench/requirements.txt``; without it the table says so. The run
ends with an error where they do not agree. Run from the project's folder:
``python -m bench.tearsheet``.
"""

import json
import subprocess
from pathlib import Path

import numpy as np

from bench.table import Row, per_call, show
from marketpulse.performance import tear_sheet

FOLDER = Path(__file__).parent
PYTHONS = (FOLDER / ".venv" / "bin" / "python", FOLDER / ".venv" / "Scripts" / "python.exe")
WHAT = "five ratios of 2,520 days"
# Peer, the most of its time that ours may take, and how many of the five it counts as we do
PEERS = (("empyrical", 1 / 3, 5), ("quantstats", 1 / 50, 4))


def measure() -> list[Row]:
    returns = np.random.default_rng(3).normal(0.0005, 0.01, 2_520)

    def sheet() -> list[float]:
        made = tear_sheet(returns)
        return [made.sharpe, made.volatility, made.drawdown, made.sortino, made.calmar]

    ours = per_call(sheet)
    found, note = _peers()
    if not found:
        return [Row(WHAT, ours, "us", note=note)]
    rows = []
    for name, target, same in PEERS:
        np.testing.assert_allclose(sheet()[:same], found[name]["answers"][:same], rtol=1e-9)
        note = f"{same} of 5 the same to 1e-9" + ("" if same == 5 else "; Calmar by the calendar there")
        rows.append(
            Row(WHAT, ours, "us", target, found[name]["microseconds"], name, relative=True, note=note)
        )
    return rows


def _peers():
    python = next((p for p in PYTHONS if p.exists()), None)
    if python is None:
        return None, "peers not installed, see bench/tearsheet.py"
    done = subprocess.run(
        [python, FOLDER / "tearsheet_peers.py"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return None, "peers could not be measured: " + (done.stderr.strip().splitlines() or ["?"])[-1]
    return json.loads(done.stdout.splitlines()[-1]), ""


if __name__ == "__main__":
    show(measure())
