"""The peers' side of ``tearsheet.py``: run by the Python of bench/.venv, prints one JSON line.

Imports nothing of ours but the timer, so that all sides are timed alike.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")
sys.path.insert(0, str(Path(__file__).parents[1]))

import empyrical  # noqa: E402 - the path and the warnings come first
import quantstats.stats  # noqa: E402 - as above

from bench.table import per_call  # noqa: E402 - as above

returns = np.random.default_rng(3).normal(0.0005, 0.01, 2_520)
dated = pd.Series(returns, pd.bdate_range("2010-01-01", periods=len(returns)))


def empyricals() -> list[float]:
    return [
        float(empyrical.sharpe_ratio(returns)),
        float(empyrical.annual_volatility(returns)),
        -float(empyrical.max_drawdown(returns)),
        float(empyrical.sortino_ratio(returns)),
        float(empyrical.calmar_ratio(returns)),
    ]


def quantstats_() -> list[float]:
    """Calmar last: its years are those of the calendar, so it is timed and not compared."""
    sheet = quantstats.stats
    return [
        float(sheet.sharpe(dated)),
        float(sheet.volatility(dated)),
        -float(sheet.max_drawdown(dated)),
        float(sheet.sortino(dated)),
        float(sheet.calmar(dated)),
    ]


peers = {"empyrical": empyricals, "quantstats": quantstats_}
print(json.dumps({name: {"microseconds": per_call(work), "answers": work()} for name, work in peers.items()}))
