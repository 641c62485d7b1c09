"""The two limits of the book, and how much of each is used."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import inf, isfinite, nan
from types import MappingProxyType

from marketpulse.risk.currency import ASSUMED, factor
from marketpulse.risk.triggers import resting_level
from marketpulse.types import Check, Instrument, Order, OrderState, Position, Rate

__all__ = [
    "OPEN_RISK",
    "POSITION",
    "RESTING",
    "exposure",
    "open_risk",
    "open_risk_check",
    "position_check",
    "quantity_for",
    "stops",
]

POSITION = 0.15
"""Largest value of one position, a fraction of equity; refuses."""

OPEN_RISK = 0.25
"""Largest sum of losses at the stops, a fraction of equity; refuses a buy."""

_ROUNDING = 1e-9
_WITHIN = Check("POSITION_LIMIT", "Position", passed=True, sentence="The position stays within its limit.")
_FEW_LOSSES = Check(
    "OPEN_RISK", "Open risk", passed=True, sentence="The losses at the stops are within their limit."
)
_NO_PRICES: Mapping[str, float] = MappingProxyType({})

RESTING = frozenset({OrderState.ACCEPTED, OrderState.PARTIALLY_FILLED})
"""The venue holds the order for certain, and nobody has asked for it to go."""


def position_check(
    symbol: str, value: float, equity: float | None, *, reduces: bool = False, brief: bool = False
) -> Check:
    """Compare one position with 15 % of equity; a sale that reduces never fails.

    Parameters
    ----------
    value : market value after the order and all working buys of ``symbol``, base currency
    equity : base currency, None when a held instrument has no price
    reduces : the order is a sale
    brief : leave the numbers out where it passes
    """
    known = equity is not None and isfinite(equity) and equity > 0 and isfinite(value)
    share = value / equity if known and equity else inf
    passed = reduces or share <= POSITION + _ROUNDING
    if passed and brief:
        return _WITHIN
    if reduces:
        sentence = f"A sale makes the position in {symbol} smaller."
    elif not known:
        sentence = "Equity is not known, because something held has no price or no rate."
    else:
        verb = "stays within" if passed else "would exceed"
        sentence = f"{symbol} at {share:.1%} of equity {verb} the {POSITION:.0%} allowed for one position."
    shown = f"{share:.1%}" if known else "unknown"
    return Check(
        "POSITION_LIMIT",
        "Position",
        passed,
        sentence,
        shown,
        f"{POSITION:.0%}",
        share / POSITION if known else None,
    )


def stops(
    orders: Iterable[Order], prices: Mapping[str, float] = _NO_PRICES
) -> dict[str, list[tuple[Decimal, Decimal]]]:
    """Resting sell stops by symbol, as (units, stop price); only what the venue holds for certain.

    Parameters
    ----------
    prices : last good price by symbol, in the instrument's currency; a trailing stop is at its distance
        below that or higher, and is left out where the price is not known
    """
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for order in orders:
        request = order.request
        if request.protective and order.state in RESTING:
            level = resting_level(request, prices.get(request.symbol))
            if level is not None:
                found.setdefault(request.symbol, []).append((order.remaining, level))
    return found


def open_risk(
    positions: Mapping[str, Position],
    prices: Mapping[str, float],
    at: Mapping[str, list[tuple[Decimal, Decimal]]],
    base: str = "USD",
    rates: Mapping[str, Rate] = ASSUMED,
) -> float:
    """Sum of what is lost when every stop is hit; what has no stop counts whole.

    Parameters
    ----------
    prices : by symbol, in the position's currency; a held symbol without one makes the result NaN
    at : by symbol, (units, stop price) of each stop
    base, rates : the base currency and the rates into it; a held currency without one makes it NaN

    Units
    -----
    Base currency. A stop above the price loses nothing.

    References
    ----------
    Portfolio heat, as in Elder, Come into My Trading Room: the sum of all open risks.

    Examples
    --------
    Ten at 100 with a stop at 95 under six of them lose 6 x 5 and 4 x 100:

    >>> ten = {"X": Position("X", Decimal(10), Decimal(90))}
    >>> open_risk(ten, {"X": 100.0}, {"X": [(Decimal(6), Decimal(95))]})
    430.0
    """
    total = 0.0
    for symbol, position in positions.items():
        rest = float(position.quantity)
        if not rest:
            continue
        price = prices.get(symbol, nan)
        each = 1.0 if position.currency == base else factor(position.currency, base, rates)
        if not isfinite(price * each):
            return nan  # max(0, NaN) is 0: a stop would hide the missing price
        for units, stop in at.get(symbol, ()):
            covered = min(rest, float(units))
            total += covered * max(0.0, price - float(stop)) * each
            rest -= covered
        total += rest * price * each
    return total


def open_risk_check(
    risk: float, equity: float | None, *, refuses: bool = False, brief: bool = False
) -> Check:
    """Compare the open risk with 25 % of equity.

    Parameters
    ----------
    refuses : it is about a buy; of a sale, and of the book as it is, it only warns
    brief : leave the numbers out where it passes
    """
    known = equity is not None and isfinite(equity) and equity > 0 and isfinite(risk)
    share = risk / equity if known and equity else inf
    passed = share <= OPEN_RISK + _ROUNDING
    if passed and brief:
        return _FEW_LOSSES
    if known:
        verb = "are within" if passed else "are above"
        sentence = (
            f"Losses at the stops {verb} {OPEN_RISK:.0%} of equity; a position without a stop counts whole."
        )
    else:
        sentence = "Open risk is not known, because something held has no price or no rate."
    return Check(
        "OPEN_RISK",
        "Open risk",
        passed,
        sentence,
        f"{share:.1%}" if known else "unknown",
        f"{OPEN_RISK:.0%}",
        share / OPEN_RISK if known else None,
        advisory=not refuses,
    )


def exposure(
    values: Mapping[str, float], instruments: Mapping[str, Instrument], equity: float
) -> tuple[tuple[str, float], ...]:
    """Market value by asset class as a fraction of equity, largest first.

    Examples
    --------
    >>> exposure({}, {}, 100.0)
    ()
    """
    total: dict[str, float] = {}
    for symbol, value in values.items():
        if value:
            kind = instruments[symbol].asset_class.value
            total[kind] = total.get(kind, 0.0) + value / equity
    return tuple(sorted(total.items(), key=lambda item: -item[1]))


def quantity_for(fraction: float, equity: float, price: float, instrument: Instrument) -> Decimal:
    """Units worth ``fraction`` of ``equity``, rounded down to the lot; 0 where that cannot be told.

    Parameters
    ----------
    fraction : of equity, between 0 and 1
    equity : base currency
    price : in the instrument's currency

    Examples
    --------
    >>> from marketpulse.types import AssetClass
    >>> share = Instrument("X", "X", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))
    >>> quantity_for(0.15, 100_000.0, 580.13, share)
    Decimal('25')
    """
    sane = all(isfinite(x) and x > 0 for x in (fraction, equity, price))
    if not sane or fraction > 1:
        return Decimal(0)
    # In Decimal, so that 15 % of 100,000 at 100 is 150 and not 149.
    money = Decimal(repr(fraction)) * Decimal(repr(equity))
    return instrument.quantity(money / Decimal(repr(price)))
