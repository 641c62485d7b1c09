"""What the venues that the paper account imitates charge for an order, taker and maker told apart.

An order is charged as a whole: a minimum counts once, however many executions it takes.
"""

from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext

from marketpulse.risk.costs import fee
from marketpulse.types import AssetClass, Instrument, Side

__all__ = ["charge"]

_PAISA = Decimal("0.01")
_RUPEE = Decimal(1)
_CENT = Decimal("0.01")
_PAIRS = {True: Decimal("0.001"), False: Decimal("0.001")}  # maker, taker

_TAX = Decimal("0.001")  # securities transaction tax, both sides of a delivery trade
_EXCHANGE = Decimal("0.0000307")
_REGULATOR = Decimal("0.000001")  # 10 rupees in ten million
_STAMP = Decimal("0.00015")  # of a buy
_SERVICES = Decimal("0.18")  # on the charges of exchange and regulator; brokerage is nil


def charge(
    instrument: Instrument,
    side: Side,
    before: tuple[Decimal, Decimal, Decimal],
    part: tuple[Decimal, Decimal],
    *,
    maker: bool,
) -> Decimal:
    """What one more execution of an order costs.

    Parameters
    ----------
    before : of the order so far: units, value and fees
    part : units and price of this execution
    maker : it rested and was taken

    Units
    -----
    Money in the instrument's currency, whole cents, never negative.

    References
    ----------
    Shares and funds in US dollars: Interactive Brokers, US stocks, fixed pricing, as in ``risk.costs.fee``.
    Pairs: Binance, spot, regular user, 0.1 % taker and 0.1 % maker, without a discount for its own coin.
    Shares in rupees: Zerodha's list of charges for equity delivery at NSE, as published in 2026.

    Examples
    --------
    >>> share = Instrument("X", "X", AssetClass.EQUITY, "USD", "XNYS", _CENT, Decimal(1))
    >>> first = charge(share, Side.BUY, (Decimal(0), Decimal(0), Decimal(0)), (Decimal(100), Decimal(25)), maker=False)
    >>> first, charge(share, Side.BUY, (Decimal(100), Decimal(2500), first), (Decimal(100), Decimal(25)), maker=False)
    (Decimal('1.00'), Decimal('0.00'))
    """
    quantity, at = part
    units, value, fees = before
    if instrument.asset_class is AssetClass.CRYPTO:
        return (quantity * at * _PAIRS[maker]).quantize(_CENT, ROUND_CEILING)
    units, value = units + quantity, value + quantity * at
    owed = _delivery(side, value) if instrument.currency == "INR" else _shares(instrument, units, value)
    return max(Decimal("0.00"), owed - fees)


def _shares(instrument: Instrument, units: Decimal, value: Decimal) -> Decimal:
    with localcontext(
        prec=60, rounding=ROUND_DOWN
    ):  # an average rounded up might cost a cent that is not owed
        return fee(instrument, units, value / units)


def _delivery(side: Side, value: Decimal) -> Decimal:
    """Charges on shares bought to keep, or sold, at NSE; brokerage is nil.

    The fixed charge of the depository for a sale (once a day and share) is not counted.
    """
    turnover = value * (_EXCHANGE + _REGULATOR)
    tax = (value * _TAX).quantize(_RUPEE, ROUND_HALF_UP)
    stamp = value * _STAMP if side is Side.BUY else Decimal(0)
    return (tax + turnover * (1 + _SERVICES) + stamp).quantize(_PAISA, ROUND_CEILING)
