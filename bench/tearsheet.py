"""Sharpe ratio, volatility and drawdown of ten years of daily returns, beside empyrical's.

The peer needs an environment of its own: ``python -m venv bench/.venv`` and
``bench/.venv/bin/pip install -r bench/requirements.txt``; without it the table says so. The run
ends with an error where the two do not agree. Run from the project's folder:
``python -m bench.tearsheet``.
"""

import json
import subprocess
from pathlib import Path

import numpy as np

from bench.table import Row, per_call, show
from marketpulse.performance import drawdown, sharpe, volatility

FOLDER = Path(__file__).parent
PYTHONS = (FOLDER / ".venv" / "bin" / "python", FOLDER / ".venv" / "Scripts" / "python.exe")


def measure() -> list[Row]:
    returns = np.random.default_rng(3).normal(0.0005, 0.01, 2_520)

    def sheet() -> tuple[float, float, float]:
        return sharpe(returns).value, volatility(returns), drawdown(returns).depth

    peer, note = _peer()
    if peer:
        np.testing.assert_allclose(sheet(), peer["answers"], rtol=1e-9)
        note = "same answers to 1e-9"
    floor = peer["microseconds"] if peer else None
    return [
        Row(
            "Sharpe, volatility, drawdown of 2,520 days",
            per_call(sheet),
            "us",
            100,
            floor,
            "empyrical",
            note=note,
        )
    ]


def _peer():
    python = next((p for p in PYTHONS if p.exists()), None)
    if python is None:
        return None, "peer not installed, see bench/tearsheet.py"
    done = subprocess.run([python, FOLDER / "empyrical_peer.py"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1]), ""


if __name__ == "__main__":
    show(measure())
