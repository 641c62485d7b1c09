"""The peer's side of ``tearsheet.py``: run by the Python of bench/.venv, prints one JSON line.

Imports nothing of ours but the timer, so that both sides are timed alike.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).parents[1]))

import empyrical  # noqa: E402 - the path and the warnings come first

from bench.table import per_call  # noqa: E402 - as above

returns = np.random.default_rng(3).normal(0.0005, 0.01, 2_520)


def sheet() -> tuple[float, float, float]:
    return (
        float(empyrical.sharpe_ratio(returns)),
        float(empyrical.annual_volatility(returns)),
        -float(empyrical.max_drawdown(returns)),
    )


print(json.dumps({"microseconds": per_call(sheet), "answers": sheet()}))
