"""What stands in the ticket, as typed, and the raw order it stands for; nothing here draws."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from marketpulse.types import Instrument, OrderType, Side, Snapshot, TimeInForce
from pages.formats import EASTERN, quantity

__all__ = [
    "AT_ONCE",
    "LABELS",
    "NEEDED",
    "Form",
    "Sized",
    "exits",
    "first_prices",
    "number_or_none",
    "size",
    "until",
]

_MOST = Decimal(10) ** 9
_AWAY = 0.05
_APART = 0.005
_ALWAYS = "24/7"

NEEDED: dict[OrderType, tuple[str, ...]] = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("stop_price", "limit_price"),
    OrderType.TAKE_PROFIT: ("stop_price",),
    OrderType.TRAILING_STOP: ("trail", "activation_price"),
}
"""The price fields of each kind, in the order in which they are typed; only ``activation_price`` may stay empty."""

LABELS = {
    "limit_price": "Limit price",
    "stop_price": "Stop price",
    "trail": "Trail by (2% or 1.50)",
    "activation_price": "Follow from (optional)",
    "take_profit_price": "Take profit at",
    "stop_loss_price": "Stop loss at",
}

AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
"""Times in force that only a market or limit order can have."""

_MAY_BE_EMPTY = frozenset({"activation_price"})


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the ticket, as typed.

    Attributes
    ----------
    by_percent : ``amount`` is percent of equity, not units
    prices : (field, text) of what this kind of order has, the exits that are switched on among them
    good_till : ISO text with a time zone; only with gtd
    flags : ``post_only``, ``reduce_only``
    """

    symbol: str
    side: Side
    type: OrderType
    by_percent: bool
    amount: str
    prices: tuple[tuple[str, str], ...] = ()
    time_in_force: TimeInForce = TimeInForce.DAY
    good_till: str = ""
    flags: frozenset[str] = field(default_factory=frozenset)

    def raw(self, units: str) -> dict[str, object]:
        """The order as the desk reads it, for ``units``."""
        order: dict[str, object] = {
            "symbol": self.symbol,
            "side": self.side.value,
            "type": self.type.value,
            "quantity": units,
            "time_in_force": self.time_in_force.value,
        }
        for name, text in self.prices:
            if name == "trail":
                percent = text.endswith("%")
                order["trail_percent" if percent else "trail_amount"] = text.removesuffix("%").strip()
            elif text:
                order[name] = text
        if self.good_till:
            order["good_till"] = self.good_till
        return {**order, **dict.fromkeys(sorted(self.flags), True)}

    def price(self, name: str) -> str:
        """The text of one price field; empty where the order has none."""
        return dict(self.prices).get(name, "")


@dataclass(frozen=True, slots=True)
class Sized:
    """How many units the ticket asks for; ``units`` is empty while that is not known, ``why`` says so."""

    units: str
    why: str = ""


def size(form: Form, snapshot: Snapshot) -> Sized:
    """Turn the amount into units; percent of equity is floored to the lot at the last price.

    An unknown symbol is sized all the same, so that the desk can say what is wrong with it.
    """
    if form.symbol not in snapshot.instruments:
        return Sized(form.amount or "1")
    if not form.amount:
        what = "a percentage" if form.by_percent else "a quantity"
        return Sized("", f"Type {what} to see what the order would do.")
    for name in NEEDED[form.type]:
        if not form.price(name) and name not in _MAY_BE_EMPTY:
            what = "distance to trail by" if name == "trail" else LABELS[name].lower()
            return Sized("", f"Type a {what} to see what the order would do.")
    if form.time_in_force is TimeInForce.GTD and not form.good_till:
        return Sized("", "Choose the day until which the order stays.")
    return _share(form, snapshot) if form.by_percent else Sized(form.amount)


def _share(form: Form, snapshot: Snapshot) -> Sized:
    amount = form.amount.removesuffix("%").strip()
    share = number_or_none(amount)
    if share is None:
        return Sized("", "The percentage must be a positive number.")
    units = _units_for(float(share) / 100, form.symbol, snapshot)
    if units is None:
        return Sized("", "Percent of equity needs a price and a known equity; type a quantity instead.")
    if not units:
        lot = quantity(snapshot.instruments[form.symbol].lot)
        return Sized("", f"{amount} % of equity buys less than one lot ({lot}).")
    return Sized(f"{units:f}")


def _units_for(share: float, symbol: str, snapshot: Snapshot) -> Decimal | None:
    """Units worth ``share`` of equity at the last price; None where that cannot be told."""
    instrument, datum = snapshot.instruments.get(symbol), snapshot.market.get(symbol)
    equity = snapshot.valuation.equity
    if instrument is None or datum is None or not equity or equity <= 0 or datum.quote.price <= 0:
        return None
    rates = {rate.currency: rate.value for rate in snapshot.valuation.rates}
    rate = rates.get(instrument.currency, 1.0)
    if rate is None or rate <= 0:
        return None
    return instrument.quantity(share * equity / (datum.quote.price * rate))


def exits(side: Side, kind: OrderType) -> tuple[str, ...]:
    """The exits that an order may bring along: both for a buy, the target for a sell stop."""
    if side is Side.BUY:
        return ("take_profit_price", "stop_loss_price")
    return ("take_profit_price",) if kind is OrderType.STOP else ()


def first_prices(side: Side, kind: OrderType, instrument: Instrument, last: float) -> dict[str, str]:
    """Prices to start from: a limit at the last price, everything that waits five percent away from it."""

    def at(factor: float, way: Side) -> str:
        return f"{instrument.price(last * factor, way):f}"

    waits = 1 + side.sign * _AWAY
    match kind:
        case OrderType.MARKET:
            found = {}
        case OrderType.LIMIT:
            found = {"limit_price": at(1.0, side)}
        case OrderType.STOP:
            found = {"stop_price": at(waits, side)}
        case OrderType.STOP_LIMIT:
            beyond = waits * (1 + side.sign * _APART)
            found = {"stop_price": at(waits, side), "limit_price": at(beyond, side)}
        case OrderType.TAKE_PROFIT:
            found = {"stop_price": at(1 - side.sign * _AWAY, side)}
        case OrderType.TRAILING_STOP:
            found = {"trail": f"{_AWAY:.0%}", "activation_price": ""}
    out = {"take_profit_price": at(1 + _AWAY, Side.SELL), "stop_loss_price": at(1 - _AWAY, Side.SELL)}
    return found | {name: out[name] for name in exits(side, kind)}


def until(day: date, instrument: Instrument | None) -> str:
    """The end of ``day`` as ISO text: in New York, or in UTC for what never closes."""
    always = instrument is not None and instrument.calendar == _ALWAYS
    end = datetime.combine(day, time(23, 59, 59), UTC if always else EASTERN)
    return end.astimezone(UTC).isoformat()


def number_or_none(text: str) -> Decimal | None:
    """Read a positive number of plausible size; None for anything else."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() and 0 < value <= _MOST else None
