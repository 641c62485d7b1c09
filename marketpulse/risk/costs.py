"""What trading costs on paper: fees, half the spread, and the price's answer to our own size.

Fees are owed, hence Decimal; spread and impact are estimates, hence float fractions of the price.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from math import isfinite, nan, sqrt

import numpy as np

from marketpulse.types import AssetClass, Bars, Instrument

__all__ = ["Liquidity", "fee", "half_spread", "impact", "liquidity", "slippage"]

_CENT = Decimal("0.01")
_PER_SHARE = Decimal("0.005")
_MINIMUM = Decimal(1)
_MAXIMUM = Decimal("0.01")
_TAKER = Decimal("0.001")

# Assumptions, not measurements: a liquid large-cap share and a major pair on a large venue.
_HALF_SPREAD = {AssetClass.EQUITY: 1e-4, AssetClass.CRYPTO: 2.5e-4, AssetClass.INDEX: 0.0}

_IMPACT = 1.0
_WORST = 0.2
_WINDOW = 20


@dataclass(frozen=True, slots=True)
class Liquidity:
    """How much a market takes in a day.

    Attributes
    ----------
    adv : mean units traded a day
    sigma : standard deviation of daily returns, a fraction
    """

    adv: float
    sigma: float


def fee(instrument: Instrument, quantity: Decimal, price: Decimal) -> Decimal:
    """What the paper venue charges for one execution.

    Shares and funds: 0.005 a share, at least 1.00, at most 1 % of the value (the 1 % wins where
    the two disagree). Crypto: 0.1 % of the value. Rounded up to the cent, so never too low.

    Units
    -----
    ``price`` and the result in the instrument's currency, ``quantity`` in units.

    References
    ----------
    Interactive Brokers, US stocks, fixed pricing; Binance, spot, regular user, taker.

    Examples
    --------
    >>> share = Instrument("X", "X", AssetClass.EQUITY, "USD", "XNYS", _CENT, Decimal(1))
    >>> fee(share, Decimal(10), Decimal("580.13")), fee(share, Decimal(1000), Decimal(25))
    (Decimal('1.00'), Decimal('5.00'))
    >>> fee(share, Decimal(10), Decimal("0.20"))
    Decimal('0.02')
    """
    value = quantity * price
    if instrument.asset_class is AssetClass.CRYPTO:
        owed = value * _TAKER
    else:
        owed = min(max(quantity * _PER_SHARE, _MINIMUM), value * _MAXIMUM)
    return owed.quantize(_CENT, rounding=ROUND_CEILING)


def half_spread(instrument: Instrument) -> float:
    """Half the spread as a fraction of the price, where the source gives no bid and ask.

    An assumption by asset class (equity 1 basis point, crypto 2.5), shown as such.

    Units
    -----
    A fraction of the price.

    References
    ----------
    None: chosen for a liquid large share and a major pair, not measured.

    Examples
    --------
    >>> half_spread(Instrument("X", "X", AssetClass.EQUITY, "USD", "XNYS", _CENT, Decimal(1)))
    0.0001
    """
    return _HALF_SPREAD[instrument.asset_class]


def liquidity(bars: Bars) -> Liquidity:
    """Measure the last 20 daily bars; a number that cannot be measured is NaN.

    Units
    -----
    ``adv`` in units a day, ``sigma`` a fraction a day (ddof 1).
    """
    last = bars[-_WINDOW - 1 :]
    if len(last) < _WINDOW + 1:
        return Liquidity(adv=nan, sigma=nan)
    sigma = float(np.std(last.close[1:] / last.close[:-1] - 1.0, ddof=1))
    return Liquidity(adv=float(np.mean(last.volume[1:])), sigma=sigma)


def impact(quantity: Decimal, market: Liquidity | None) -> float:
    """How far our own size moves the price against us, a fraction of the price.

    ``sigma * sqrt(quantity / adv)``, the square-root law with a prefactor of one; at most 0.2,
    and zero where the market's volume or volatility is not known.

    Units
    -----
    ``quantity`` in units; the result a fraction of the price, against us.

    References
    ----------
    Toth et al. (2011), Anomalous price impact and the critical nature of liquidity; the prefactor
    is "of order one".

    Examples
    --------
    One percent of a day's volume in a market that moves 2 % a day:

    >>> round(impact(Decimal(10_000), Liquidity(adv=1e6, sigma=0.02)), 6)
    0.002
    """
    if market is None or not (isfinite(market.adv) and isfinite(market.sigma)) or market.adv <= 0:
        return 0.0
    return min(_WORST, _IMPACT * market.sigma * sqrt(float(quantity) / market.adv))


def slippage(
    instrument: Instrument, quantity: Decimal, market: Liquidity | None = None, half: float | None = None
) -> float:
    """Expected distance between the mid price and a market order's fill, a fraction of the price.

    Parameters
    ----------
    half : half the quoted spread as a fraction of the price, where the source gives one

    Units
    -----
    ``quantity`` in units; the result a fraction of the price, against us.

    References
    ----------
    Half spread plus impact, as in Grinold and Kahn, Active Portfolio Management, chapter 16.

    Examples
    --------
    >>> share = Instrument("X", "X", AssetClass.EQUITY, "USD", "XNYS", _CENT, Decimal(1))
    >>> round(slippage(share, Decimal(10_000), Liquidity(adv=1e6, sigma=0.02), half=0.0005), 6)
    0.0025
    """
    return (half_spread(instrument) if half is None else half) + impact(quantity, market)
