"""What can be traded, and the only crossing between estimated and owed numbers."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Context, Decimal
from enum import StrEnum
from math import isfinite

__all__ = ["AssetClass", "Instrument", "Side"]


_WIDE = Context(prec=400)
"""Digits enough for every finite float in steps of any tick."""


class AssetClass(StrEnum):
    """How an instrument trades; calendars, fees and lots follow from it."""

    EQUITY = "equity"
    CRYPTO = "crypto"
    INDEX = "index"


class Side(StrEnum):
    """The direction of an order, seen from our account."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable thing.

    Attributes
    ----------
    symbol : the desk's name of it: ``AAPL``, ``BTC/USDT``, ``^GSPC``
    name : what a person calls it
    asset_class : how it trades
    currency : the currency its price is quoted in
    calendar : an exchange_calendars name (``XNYS``) or ``24/7``
    tick : smallest price step, in ``currency``
    lot : smallest quantity step, in units
    min_notional : smallest order value, in ``currency``
    sector : what kind of business or coin it is; empty is not known
    """

    symbol: str
    name: str
    asset_class: AssetClass
    currency: str
    calendar: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal = Decimal(0)
    sector: str = ""

    @property
    def slug(self) -> str:
        """The symbol as written in addresses: ``BTC-USDT`` for ``BTC/USDT``."""
        return self.symbol.replace("/", "-")

    @property
    def decimals(self) -> int:
        """Decimal places of a price, from the tick."""
        return max(0, -int(self.tick.normalize().as_tuple().exponent))

    @property
    def tradable(self) -> bool:
        """An index is shown and measured, never ordered."""
        return self.asset_class is not AssetClass.INDEX

    def price(self, value: float | Decimal, side: Side) -> Decimal:
        """Round an estimated price to the tick, away from more exposure.

        A buy limit goes down and a sell limit goes up, so that rounding never pays more
        or sells for less than was meant.

        Raises
        ------
        ValueError
            ``value`` is not finite or not positive.
        """
        number = _finite(value, "price")
        steps = _WIDE.divide(number, self.tick)
        whole = steps.to_integral_value(ROUND_FLOOR if side is Side.BUY else ROUND_CEILING, _WIDE)
        if whole <= 0:
            msg = f"{number} is below the smallest price step {self.tick} of {self.symbol}"
            raise ValueError(msg)
        return _WIDE.quantize(_WIDE.multiply(whole, self.tick), self.tick)

    def quantity(self, value: float | Decimal) -> Decimal:
        """Round an estimated quantity down to the lot; may be zero.

        Raises
        ------
        ValueError
            ``value`` is not finite or negative.
        """
        number = _finite(value, "quantity")
        whole = _WIDE.divide(number, self.lot).to_integral_value(ROUND_DOWN, _WIDE)
        return _WIDE.quantize(_WIDE.multiply(whole, self.lot), self.lot)


def _finite(value: float | Decimal, what: str) -> Decimal:
    number = value if isinstance(value, Decimal) else Decimal(repr(float(value)))
    if not (number.is_finite() and isfinite(float(number))) or number < 0:
        msg = f"{value!r} is not a {what}"
        raise ValueError(msg)
    return number
