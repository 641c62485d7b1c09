"""From the currency of an instrument into the base currency; what has no rate stays unknown."""

from collections.abc import Mapping
from math import isfinite, nan
from types import MappingProxyType

from marketpulse.types import Portfolio, Position, Rate

__all__ = ["ASSUMED", "factor", "owed", "worths"]

ASSUMED: Mapping[str, Rate] = MappingProxyType(
    {"USD": Rate("USD", 1.0, "assumed 1:1"), "USDT": Rate("USDT", 1.0, "assumed 1:1")}
)
"""Where nobody tells rates: one USDT is one US dollar, and nothing else is known."""


def factor(currency: str, base: str, rates: Mapping[str, Rate]) -> float:
    """What one unit of ``currency`` is worth in ``base``; NaN where that is not known.

    Units
    -----
    ``base`` for each unit of ``currency``.

    References
    ----------
    None: the rate as it is given.

    Examples
    --------
    >>> factor("USD", "USD", {}), factor("USDT", "USD", ASSUMED), factor("INR", "USD", ASSUMED)
    (1.0, 1.0, nan)
    """
    if currency == base:
        return 1.0
    rate = rates.get(currency)
    value = None if rate is None else rate.value
    return value if value is not None and isfinite(value) and value > 0 else nan


def worths(
    positions: Mapping[str, Position], prices: Mapping[str, float], base: str, rates: Mapping[str, Rate]
) -> dict[str, float]:
    """Value of each thing held, in the base currency; NaN where its price or rate is not known.

    Parameters
    ----------
    prices : by symbol, in the position's currency
    """
    return {
        symbol: float(position.quantity)
        * prices.get(symbol, nan)
        * (1.0 if position.currency == base else factor(position.currency, base, rates))
        for symbol, position in positions.items()
        if position.quantity
    }


def owed(portfolio: Portfolio, rates: Mapping[str, Rate]) -> float:
    """Cash that is owed: the sum of all negative balances, in the base currency, positive.

    Units
    -----
    Base currency.

    NaN rule
    --------
    A debt in a currency without a rate makes it NaN.

    References
    ----------
    None: a sum.

    Examples
    --------
    >>> from decimal import Decimal
    >>> books = Portfolio("a", balances={("a", "USD"): Decimal(-5), ("a", "EUR"): Decimal(9)})
    >>> owed(books, {})
    5.0
    """
    base, total = portfolio.currency, 0.0
    for (_, currency), amount in portfolio.balances.items():
        if amount < 0:
            total -= float(amount) * factor(currency, base, rates)
    return total
