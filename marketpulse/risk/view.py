"""The risk of the book as the Risk page shows it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite, sqrt

import numpy as np

from marketpulse.risk.currency import ASSUMED, worths
from marketpulse.risk.limits import exposure, open_risk, open_risk_check, position_check, stops
from marketpulse.risk.var import MINIMUM, Scenarios
from marketpulse.types import AssetClass, Check, FloatArray, Instrument, Order, Portfolio, Rate, RiskView

__all__ = ["view"]

_SHARES = 252
_COINS = 365


def view(
    portfolio: Portfolio,
    orders: Sequence[Order],
    *,
    prices: Mapping[str, float],
    instruments: Mapping[str, Instrument],
    equity: float | None,
    scenarios: Scenarios,
    sharpe: float | None = None,
    sharpe_note: str = "",
    rates: Mapping[str, Rate] = ASSUMED,
) -> RiskView:
    """Measure the book; pure.

    Parameters
    ----------
    prices : last good price by symbol, in the instrument's currency; a held symbol may lack one
    equity : base currency, None when a held symbol has no price
    sharpe, sharpe_note : measured by ``performance`` on the equity curve, passed through
    rates : into the base currency, by currency; what has none makes the numbers unknown
    """
    values = worths(portfolio.positions, prices, portfolio.currency, rates)
    priced = all(isfinite(value) for value in values.values())
    known = equity if equity is not None and priced and isfinite(equity) and equity > 0 else None
    var = scenarios.var(values)
    days, pnl = scenarios.pnl(values) if var.value is not None else (np.empty(0, np.int64), np.empty(0))
    risk = open_risk(portfolio.positions, prices, stops(orders, prices), portfolio.currency, rates)
    return RiskView(
        var=var.value,
        var_fraction=var.value / known if var.value is not None and known else None,
        var_note=var.note,
        bars=var.bars,
        volatility=_volatility(pnl, known, values, instruments),
        sharpe=sharpe,
        sharpe_note=sharpe_note,
        gross=sum(values.values()) / known if known else None,
        open_risk=risk / known if known and isfinite(risk) else None,
        exposure=exposure(values, instruments, known) if known else (),
        limits=(_largest(values, known), open_risk_check(risk, known, refuses=True)),
        scenario_pnl=tuple(zip(_dates(days), pnl.tolist(), strict=True)),
    )


def _volatility(
    pnl: FloatArray,
    equity: float | None,
    values: Mapping[str, float],
    instruments: Mapping[str, Instrument],
) -> float | None:
    """Annualised volatility of the scenario returns on equity; 0 for an empty book."""
    if equity is None:
        return None
    if not values:
        return 0.0
    if len(pnl) < MINIMUM:
        return None
    coins = all(instruments[symbol].asset_class is AssetClass.CRYPTO for symbol in values)
    return float(np.std(pnl, ddof=1)) / equity * sqrt(_COINS if coins else _SHARES)


def _largest(values: Mapping[str, float], equity: float | None) -> Check:
    """The largest position against its limit."""
    if not values:
        return position_check("No position", 0.0, equity)
    symbol = max(values, key=lambda s: (not isfinite(values[s]), values[s]))
    return position_check(symbol, values[symbol], equity)


def _dates(days: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[str]:
    return [datetime.fromtimestamp(day, UTC).date().isoformat() for day in days.tolist()]
