"""What an order costs, what the book can lose, and the gates an order passes before it is sent."""

from marketpulse.risk.context import OrderContext
from marketpulse.risk.costs import Liquidity, fee, half_spread, impact, liquidity, slippage
from marketpulse.risk.limits import OPEN_RISK, POSITION, open_risk, quantity_for, stops
from marketpulse.risk.pretrade import check, preview
from marketpulse.risk.reserve import remaining, reserve, reserved_cash
from marketpulse.risk.var import Scenarios, Var, expected_shortfall, historical_var
from marketpulse.risk.view import view

__all__ = [
    "OPEN_RISK",
    "POSITION",
    "Liquidity",
    "OrderContext",
    "Scenarios",
    "Var",
    "check",
    "expected_shortfall",
    "fee",
    "half_spread",
    "historical_var",
    "impact",
    "liquidity",
    "open_risk",
    "preview",
    "quantity_for",
    "remaining",
    "reserve",
    "reserved_cash",
    "slippage",
    "stops",
    "view",
]
