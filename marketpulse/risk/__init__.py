"""What an order costs, what the book can lose, and the gates an order passes before it is sent."""

from marketpulse.risk.attribution import Parts, book_deviation, component_var, contributions
from marketpulse.risk.clusters import Clusters, clusters
from marketpulse.risk.context import OrderContext
from marketpulse.risk.costs import Liquidity, fee, half_spread, impact, liquidity, slippage
from marketpulse.risk.coverage import (
    Independence,
    Tested,
    Zone,
    acerbi_szekely,
    basel_factor,
    basel_zone,
    christoffersen,
    dynamic_quantile,
    exceedance_chances,
    joint_coverage,
    kupiec_pof,
    shortfall_ratio,
)
from marketpulse.risk.estimate import FEWEST, Estimate, Method
from marketpulse.risk.garch import FIT_FEWEST, Model, fit_ewma_t, fit_gjr
from marketpulse.risk.kelly import (
    QUARTER,
    Allocation,
    chance_of_drawdown,
    growth_binary,
    growth_continuous,
    kelly_binary,
    kelly_continuous,
    kelly_weights,
    shrunk_mean,
)
from marketpulse.risk.limits import OPEN_RISK, POSITION, open_risk, quantity_for, stops
from marketpulse.risk.methods import Pair, expected_shortfall, loss_estimates, value_at_risk
from marketpulse.risk.pretrade import check, preview, verdict
from marketpulse.risk.reserve import remaining, reserve, reserved_cash
from marketpulse.risk.sharpes import (
    deflated_sharpe,
    expected_best_sharpe,
    max_drawdown,
    minimum_track_record,
    moments,
    probabilistic_sharpe,
    sharpe_error,
)
from marketpulse.risk.simulation import Futures, paths_of, simulate, skewt_draws
from marketpulse.risk.stops_rule import Gap, Stop, gap_loss, r_multiple, target_price, volatility_stop
from marketpulse.risk.tails import historical_tail
from marketpulse.risk.var import Scenarios, Var, historical_var
from marketpulse.risk.view import view
from marketpulse.risk.volatility import ewma_volatility
from marketpulse.risk.walk import Backtest, Forecasts, fits, judge, walk_forward

__all__ = [
    "FEWEST",
    "FIT_FEWEST",
    "OPEN_RISK",
    "POSITION",
    "QUARTER",
    "Allocation",
    "Backtest",
    "Clusters",
    "Estimate",
    "Forecasts",
    "Futures",
    "Gap",
    "Independence",
    "Liquidity",
    "Method",
    "Model",
    "OrderContext",
    "Pair",
    "Parts",
    "Scenarios",
    "Stop",
    "Tested",
    "Var",
    "Zone",
    "acerbi_szekely",
    "basel_factor",
    "basel_zone",
    "book_deviation",
    "chance_of_drawdown",
    "check",
    "christoffersen",
    "clusters",
    "component_var",
    "contributions",
    "deflated_sharpe",
    "dynamic_quantile",
    "ewma_volatility",
    "exceedance_chances",
    "expected_best_sharpe",
    "expected_shortfall",
    "fee",
    "fit_ewma_t",
    "fit_gjr",
    "fits",
    "gap_loss",
    "growth_binary",
    "growth_continuous",
    "half_spread",
    "historical_tail",
    "historical_var",
    "impact",
    "joint_coverage",
    "judge",
    "kelly_binary",
    "kelly_continuous",
    "kelly_weights",
    "kupiec_pof",
    "liquidity",
    "loss_estimates",
    "max_drawdown",
    "minimum_track_record",
    "moments",
    "open_risk",
    "paths_of",
    "preview",
    "probabilistic_sharpe",
    "quantity_for",
    "r_multiple",
    "remaining",
    "reserve",
    "reserved_cash",
    "sharpe_error",
    "shortfall_ratio",
    "shrunk_mean",
    "simulate",
    "skewt_draws",
    "slippage",
    "stops",
    "target_price",
    "value_at_risk",
    "verdict",
    "view",
    "volatility_stop",
    "walk_forward",
]
