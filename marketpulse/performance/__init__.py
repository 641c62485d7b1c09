"""How the account has done: returns, drawdown, volatility, Sharpe ratio. Pure maths on floats."""

from marketpulse.performance.drawdown import Drawdown, drawdown
from marketpulse.performance.execution import Vwap, execution_quality, slippage_of
from marketpulse.performance.ratios import COINS, SHARES, Sharpe, sharpe, volatility
from marketpulse.performance.returns import returns, sessions

__all__ = [
    "COINS",
    "SHARES",
    "Drawdown",
    "Sharpe",
    "Vwap",
    "drawdown",
    "execution_quality",
    "returns",
    "sessions",
    "sharpe",
    "slippage_of",
    "volatility",
]
