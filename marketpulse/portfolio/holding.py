"""One instrument's units, what they cost, and what selling them earned: exact average cost."""

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

from marketpulse.types import Position

__all__ = ["EXACT", "Holding", "average", "tidy"]

EXACT = Context(prec=120, rounding=ROUND_HALF_EVEN)
"""Digits enough that no sum or product of money is ever rounded."""

_ZERO = Decimal(0)
_CENT = Decimal("0.01")
_UNIT = Decimal(1)
_SHARE_OF_COST = Decimal("1e-12")
_AVERAGE = Context(prec=16, rounding=ROUND_HALF_EVEN)


def tidy(number: Decimal, least: Decimal = _CENT) -> Decimal:
    """Drop trailing zeros below ``least``, so that equal sums read alike however they came about."""
    coarse = number.quantize(least, context=EXACT)
    return coarse if coarse == number else number.normalize(EXACT)


def average(value: Decimal, quantity: Decimal) -> Decimal:
    """Price per unit to 16 digits; zero for nothing."""
    return tidy(_AVERAGE.divide(value, quantity)) if quantity else _ZERO


class Holding:
    """A mutable position. The cost is kept, not the average: sums are exact, a quotient is not.

    A sale of a part takes that part of the cost away, rounded to 1e-12; whatever the rounding,
    ``cash = deposits - fees + realized + dividends - cost`` holds to the last digit over all holdings. A
    negative quantity can only come from a venue that sold more than was asked; it is booked as
    it is, with its cost negative too.
    """

    __slots__ = ("_view", "cost", "currency", "quantity", "realized", "symbol")

    def __init__(self, symbol: str, currency: str = "USD") -> None:
        self.symbol = symbol
        self.currency = currency
        self.quantity = _ZERO
        self.cost = _ZERO
        self.realized = _ZERO
        self._view: Position | None = None

    def trade(self, units: Decimal, value: Decimal) -> None:
        """Add ``units`` (negative for a sale) worth ``value`` (units times price, same sign)."""
        self._view = None
        held = self.quantity
        if not held or (held > 0) is (units > 0):
            self.quantity = held + units
            self.cost += value
            return
        rest = held + units
        if rest and (rest > 0) is (held > 0):
            gone = (self.cost * -units / held).quantize(_SHARE_OF_COST)
            self.realized -= value + gone
            self.cost -= gone
        elif rest:  # through zero: all of the old is closed, the rest opens at this price
            opened = value * rest / units
            self.realized -= value - opened + self.cost
            self.cost = opened
        else:
            self.realized -= value + self.cost
            self.cost = _ZERO
        self.quantity = rest

    def shed(self, units: Decimal) -> Decimal:
        """Let units go for nothing, as a fee; returns their part of the cost, which goes with them."""
        self._view = None
        part = min(max(units, _ZERO), self.quantity)
        gone = (self.cost * part / self.quantity).quantize(_SHARE_OF_COST) if part > 0 else _ZERO
        self.quantity -= units
        if not self.quantity:
            gone = self.cost
        self.cost -= gone
        return gone

    def split(self, ratio: Decimal) -> None:
        """Turn each unit into ``ratio`` units; the cost stays, so the average is divided."""
        self._view = None
        self.quantity *= ratio

    @property
    def view(self) -> Position:
        """The immutable picture; the average to 16 digits."""
        if self._view is None:
            units, paid = tidy(self.quantity, _UNIT), average(self.cost, self.quantity)
            self._view = Position(self.symbol, units, paid, tidy(self.realized), self.currency)
        return self._view

    @classmethod
    def merged(cls, parts: "Sequence[Holding]") -> "Holding":
        """Add up what several accounts hold of one instrument."""
        if len(parts) == 1:
            return parts[0]
        whole = cls(parts[0].symbol, parts[0].currency)
        for part in parts:
            whole.quantity += part.quantity
            whole.cost += part.cost
            whole.realized += part.realized
        return whole
