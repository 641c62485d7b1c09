"""The kinds of orders that ``brokers_kinds.py`` drives, where each of them trades, and how a venue is told to go wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from itertools import count

from brokers_shares import SHARE, control

from marketpulse.clock import WallClock
from marketpulse.errors import BrokerError, Rejected
from marketpulse.market import instruments
from marketpulse.types import Feed, Instrument, OrderRequest, OrderType, Side, TimeInForce

KNOWN = instruments(Feed.LIVE)
PAIR = KNOWN["ETH/USDT"]
WHAT = {"binance": PAIR, "bybit": PAIR, "alpaca": SHARE["alpaca"], "kite": SHARE["kite"]}
UNITS = {"binance": Decimal("0.01"), "bybit": Decimal("0.01"), "alpaca": Decimal(10), "kite": Decimal(5)}
PLACE = {
    "binance": r"/api/v3/order$",
    "bybit": r"/v5/order/create$",
    "alpaca": r"/v2/orders$",
    "kite": r"/orders/regular$",
}
AMEND = {"bybit": r"/v5/order/amend$", "kite": r"/orders/regular/\d+$"}
LATE = {"binance": 9, "bybit": 9, "alpaca": 13, "kite": 13}  # seconds; longer than the adapter waits
NEAR = Decimal("0.000001")
PART = Decimal("0.4")
NUMBERS = count(1)


PROXY = {"binance": "ETH/USDT", "bybit": "ETH/USDT", "alpaca": "AAPL", "kite": "BAC"}
KITE_SCALE, KITE_TICK = 20, 0.05  # the simulator's price of SBIN is a scaled price of another share


def last_price(venue: str) -> Decimal:
    """The simulator's price now."""
    price = float(control("price", symbol=PROXY[venue])["price"])
    if venue == "kite":
        price = round(round(price * KITE_SCALE / KITE_TICK) * KITE_TICK, 2)
    return Decimal(str(price))


def shock(venue: str, percent: float) -> None:
    """Move the market."""
    control("shock", symbol=PROXY[venue], pct=percent)


Build = Callable[[Instrument, Decimal, Decimal], OrderRequest]


@dataclass(frozen=True)
class Kind:
    """One kind of order.

    Attributes
    ----------
    path : moves of the market in percent, of which the last lets it trade; empty for what trades at once
    rests : it is never led to where it trades, but canceled
    """

    name: str
    build: Build = field(repr=False)
    path: tuple[float, ...] = ()
    rests: bool = False

    def request(self, what: Instrument, units: Decimal, last: Decimal) -> OrderRequest:
        """Build the order around the last price."""
        return self.build(what, units, last)


def _of(kind: OrderType, side: Side, **at: object) -> Build:
    """Build by fields; a float is a price as a fraction of the last."""

    def build(what: Instrument, units: Decimal, last: Decimal) -> OrderRequest:
        fields = {
            key: what.price(float(last) * value, Side.BUY) if isinstance(value, float) else value
            for key, value in at.items()
        }
        if fields.get("time_in_force") is TimeInForce.GTD:
            fields["good_till"] = WallClock().now() + timedelta(days=1)
        return OrderRequest(what.symbol, side, kind, units, **fields)

    return build


BUY, SELL, T = Side.BUY, Side.SELL, TimeInForce
PERCENT = Decimal(1)
COMMON = (
    Kind("market, ioc", _of(OrderType.MARKET, BUY, time_in_force=T.IOC)),
    Kind("limit, ioc", _of(OrderType.LIMIT, BUY, limit_price=1.005, time_in_force=T.IOC)),
    Kind("stop", _of(OrderType.STOP, SELL, stop_price=0.99), (-2.0,)),
    Kind("stop limit", _of(OrderType.STOP_LIMIT, SELL, stop_price=0.99, limit_price=0.95), (-2.0,)),
)
FOK = Kind("limit, fok", _of(OrderType.LIMIT, BUY, limit_price=1.005, time_in_force=T.FOK))
GTD = Kind("limit, gtd", _of(OrderType.LIMIT, BUY, limit_price=0.97, time_in_force=T.GTD), rests=True)
MAKER = Kind("limit, post only", _of(OrderType.LIMIT, BUY, limit_price=0.99, post_only=True), (-2.0,))
TARGET = Kind("take profit", _of(OrderType.TAKE_PROFIT, SELL, stop_price=1.01), (2.0,))
TRAIL = Kind("trailing stop, 1 %", _of(OrderType.TRAILING_STOP, SELL, trail_percent=PERCENT), (2.0, -2.0))
ACTIVE = Kind(
    "trailing stop, 1 %, from 1 % above",
    _of(OrderType.TRAILING_STOP, SELL, trail_percent=PERCENT, activation_price=1.01),
    (-2.0, 4.0, -2.0),
)
AMOUNT = Kind(
    "trailing stop, 2.50",
    _of(OrderType.TRAILING_STOP, SELL, trail_amount=Decimal("2.50")),
    (2.0, -3.0),
)
KINDS: dict[str, tuple[Kind, ...]] = {
    "binance": (*COMMON, FOK, GTD, MAKER, TARGET, TRAIL, ACTIVE),
    "bybit": (*COMMON, FOK, GTD, MAKER, TARGET),
    "alpaca": (
        *COMMON,
        Kind("market, fok", _of(OrderType.MARKET, BUY, time_in_force=T.FOK)),
        FOK,
        GTD,
        TRAIL,
        AMOUNT,
    ),
    "kite": COMMON,
}


@dataclass(frozen=True)
class Fault:
    """What is planted, what ``place`` says then, and how many orders the venue has."""

    name: str
    kind: str
    said: str
    orders: int
    wire: bool = False  # a fault of the connection, planted at the address orders are sent to


def name_of() -> str:
    """Twenty characters of our form."""
    number = f"{next(NUMBERS):06d}".translate(str.maketrans("0123456789", "ABCDEFGHIJ"))
    return f"MP{'Z' * 12}{number}"


def said(ask: Callable[[], object]) -> str:
    """What a call answered, in two words."""
    try:
        ask()
    except Rejected as error:
        return f"Rejected {error.code}"
    except BrokerError as error:
        return type(error).__name__
    return "accepted"


def plant(venue: str, fault: Fault, where: str) -> None:
    """Tell the venue what to do wrong next."""
    if fault.kind in {"", "nobody", "key"}:
        if fault.kind == "key" and venue == "kite":
            control("fault", provider=venue, kind="token_expired", count=1, after=1)  # past the look before
        return
    if fault.kind == "skew":
        if venue == "binance":
            control("fault", provider=venue, kind="clock_skew", count=1)
        else:
            control("clock", offset=60)
        return
    more = {"match": where} if fault.wire else {}
    more |= {"s": LATE[venue]} if "timeout" in fault.kind else {}
    more |= {"frac": PART} if fault.kind == "partial_fill" else {}
    control("fault", provider=venue, kind=fault.kind, count=1, **more)


def found(broker, ref):
    """What find says, asked until it answers."""
    for _ in range(20):
        try:
            return broker.find(ref)
        except BrokerError:
            time.sleep(0.3)
    raise SystemExit(f"{broker.name} never answered about {ref.client_id}")


def ledger(kind: str, venue: str, word: str) -> list[dict]:
    """The venue's own rows about an order."""
    return control("ledger", kind=kind, venue=venue, match=word, n=10_000)["rows"]
