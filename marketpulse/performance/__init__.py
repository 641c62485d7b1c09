"""How the account has done: returns, drawdown, volatility, Sharpe ratio. Pure maths on floats."""

from marketpulse.performance.downside import annual_return, autocorrelation, calmar, sortino
from marketpulse.performance.drawdown import Drawdown, drawdown
from marketpulse.performance.execution import Vwap, execution_quality, slippage_of
from marketpulse.performance.market import Beta, beta, turnover
from marketpulse.performance.ratios import COINS, SHARES, Sharpe, sharpe, volatility
from marketpulse.performance.returns import returns, sessions
from marketpulse.performance.sheet import Sheet, tear_sheet
from marketpulse.performance.spells import Spell, spells
from marketpulse.performance.trading import NOTHING_TRADED, Traded, traded, yearly_turnover

__all__ = [
    "COINS",
    "NOTHING_TRADED",
    "SHARES",
    "Beta",
    "Drawdown",
    "Sharpe",
    "Sheet",
    "Spell",
    "Traded",
    "Vwap",
    "annual_return",
    "autocorrelation",
    "beta",
    "calmar",
    "drawdown",
    "execution_quality",
    "returns",
    "sessions",
    "sharpe",
    "slippage_of",
    "sortino",
    "spells",
    "tear_sheet",
    "traded",
    "turnover",
    "volatility",
    "yearly_turnover",
]
