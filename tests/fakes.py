"""A whole desk made by hand, for the doors and the pages: one rich Snapshot and a FakeDesk around it.

The numbers hang together (one book, one equity) and are made up; nothing here is advice.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

import numpy as np

from marketpulse.errors import Refused
from marketpulse.execution import read_order
from marketpulse.features.offer import drawing, offers
from marketpulse.risk.changes import smallest_change
from marketpulse.risk.why import Edges, ladder
from marketpulse.types import (
    Agreement,
    AssetClass,
    Bars,
    Book,
    BudgetView,
    Card,
    CellHealth,
    Check,
    Coverage,
    DeskStatus,
    Edge,
    Event,
    EventKind,
    Feed,
    FeedsView,
    Fill,
    Halt,
    Headline,
    Instrument,
    Interval,
    MarketDatum,
    Mode,
    ModelStage,
    ModelStatus,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Placement,
    PlanLine,
    PositionView,
    Preview,
    ProposalState,
    ProviderHealth,
    Quarantined,
    Quote,
    Reason,
    ReplayInfo,
    RiskView,
    Score,
    SessionInfo,
    SessionState,
    Side,
    Signal,
    Snapshot,
    StoreView,
    Switch,
    TimeInForce,
    Valuation,
    Vote,
    Why,
    Witness,
)

ACCOUNT = "paper:1"
NOW = datetime(2012, 6, 14, 15, 12, 30, tzinfo=UTC)
WALL = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

# symbol: (name, class, price, change since the last close)
_LIST = {
    "AAPL": ("Apple Inc.", AssetClass.EQUITY, 571.53, 0.0012),
    "MSFT": ("Microsoft Corporation", AssetClass.EQUITY, 29.34, 0.0072),
    "IBM": ("International Business Machines", AssetClass.EQUITY, 195.76, 0.0061),
    "GOOG": ("Google Inc.", AssetClass.EQUITY, 559.05, -0.0038),
    "FB": ("Facebook Inc.", AssetClass.EQUITY, 28.29, 0.0374),
    "^GSPC": ("S&P 500", AssetClass.INDEX, 1329.10, 0.0108),
    "BTC/USDT": ("Bitcoin", AssetClass.CRYPTO, 64210.50, 0.0168),
    "ETH/USDT": ("Ether", AssetClass.CRYPTO, 3412.20, -0.0091),
    "ADA/USDT": ("Cardano", AssetClass.CRYPTO, 0.4512, 0.0033),
    "SOL/USDT": ("Solana", AssetClass.CRYPTO, 148.31, 0.0214),
    "BNB/USDT": ("BNB", AssetClass.CRYPTO, 571.40, 0.0008),
    "XRP/USDT": ("XRP", AssetClass.CRYPTO, 0.5217, -0.0042),
    "DOT/USDT": ("Polkadot", AssetClass.CRYPTO, 6.871, 0.0),
    "LINK/USDT": ("Chainlink", AssetClass.CRYPTO, 14.622, -0.0127),
}


def _instrument(symbol):
    name, kind, *_ = _LIST[symbol]
    if kind is AssetClass.CRYPTO:
        tick = Decimal("0.0001") if _LIST[symbol][2] < 1 else Decimal("0.01")
        return Instrument(symbol, name, kind, "USDT", "24/7", tick, Decimal("0.0001"), Decimal(5))
    return Instrument(symbol, name, kind, "USD", "XNYS", Decimal("0.01"), Decimal(1))


INSTRUMENTS = MappingProxyType({symbol: _instrument(symbol) for symbol in _LIST})


def _datum(symbol):
    _, kind, price, change = _LIST[symbol]
    crypto = kind is AssetClass.CRYPTO
    half = round(price * 0.0002, 4)
    book = (None, None) if kind is AssetClass.INDEX else (round(price - half, 4), round(price + half, 4))
    time = (WALL if crypto else NOW) - timedelta(seconds=2)
    quote = Quote(
        symbol, price, *book, 1234567.0, time, time + timedelta(seconds=1), "simulated" if crypto else "tape"
    )
    spark = tuple(round(price * (1 + change * (i - 23) / 24 + 0.004 * np.sin(i)), 4) for i in range(24))
    return MarketDatum(quote, 2.0, False, SessionState.OPEN, "", change, crypto, spark)


MARKET = MappingProxyType({symbol: _datum(symbol) for symbol in _LIST})


def order(
    order_id,
    symbol,
    side,
    quantity,
    state,
    *,
    limit=None,
    stop=None,
    filled="0",
    price=None,
    reasons=(),
    minutes=0,
    tif=TimeInForce.DAY,
):
    """One order with its fills, ``minutes`` before the Snapshot."""
    kind = OrderType.LIMIT if limit else OrderType.STOP if stop else OrderType.MARKET
    request = OrderRequest(
        symbol,
        side,
        kind,
        Decimal(quantity),
        Decimal(limit) if limit else None,
        Decimal(stop) if stop else None,
        tif,
    )
    created = NOW - timedelta(minutes=minutes)
    done, client = Decimal(filled), f"MP{order_id.upper():A<18}"[:20]
    fills = ()
    if done:
        fee = max(Decimal("0.35"), done * Decimal("0.005")).quantize(Decimal("0.01"))
        fills = (
            Fill(
                "paper",
                f"{order_id}-1",
                client,
                symbol,
                side,
                done,
                Decimal(price),
                fee,
                created,
                '{"model":1}',
            ),
        )
    return Order(
        id=order_id,
        client_order_id=client,
        account=ACCOUNT,
        request=request,
        state=state,
        created=created,
        updated=created + timedelta(seconds=1),
        filled_quantity=done,
        average_price=Decimal(price) if price else None,
        fees=sum((f.fee for f in fills), Decimal(0)),
        reasons=tuple(Reason(*r) for r in reasons),
        venue_id=None if state in (OrderState.NEW, OrderState.DENIED) else f"P-{order_id}",
        fills=fills,
    )


ORDERS = (
    order(
        "o9", "IBM", Side.BUY, "15", OrderState.ACCEPTED, limit="190.00", minutes=4, tif=TimeInForce.GTC
    ),
    order("o8", "AAPL", Side.SELL, "20", OrderState.ACCEPTED, stop="545.00", minutes=9, tif=TimeInForce.GTC),
    order(
        "o7",
        "ETH/USDT",
        Side.BUY,
        "2",
        OrderState.PARTIALLY_FILLED,
        limit="3410.00",
        filled="0.8",
        price="3409.80",
        minutes=11,
    ),
    order(
        "o6",
        "GOOG",
        Side.BUY,
        "500",
        OrderState.DENIED,
        minutes=16,
        reasons=[("POSITION_LIMIT", "GOOG would be 278.9% of equity; the limit is 15.0%.")],
    ),
    order(
        "o5",
        "MSFT",
        Side.SELL,
        "100",
        OrderState.CANCELED,
        limit="31.00",
        minutes=40,
        reasons=[("CANCELED_BY_USER", "Canceled by you.")],
    ),
    order("o4", "BTC/USDT", Side.BUY, "0.15", OrderState.FILLED, filled="0.15", price="62100.00", minutes=75),
    order(
        "o3", "FB", Side.BUY, "10", OrderState.EXPIRED, limit="26.00", minutes=1300,
        reasons=[("DAY_ENDED", "The session ended before the limit was reached.")],
    ),
    order("o2", "MSFT", Side.BUY, "400", OrderState.FILLED, filled="400", price="29.90", minutes=1445),
    order("o1", "AAPL", Side.BUY, "20", OrderState.FILLED, filled="20", price="565.20", minutes=1450),
)  # fmt: skip


def _positions():
    held = (("AAPL", "20", "565.20", "545.00"), ("MSFT", "400", "29.90", None), ("BTC/USDT", "0.15", "62100.00", None),
            ("ETH/USDT", "0.8", "3409.80", None))  # fmt: skip
    rows = []
    for symbol, quantity, average, stop in held:
        last, change = _LIST[symbol][2], _LIST[symbol][3]
        value = float(quantity) * last
        rows.append(
            PositionView(
                symbol,
                Decimal(quantity),
                Decimal(average),
                Decimal(0),
                last,
                value,
                value - float(quantity) * float(average),
                value - value / (1 + change),
                value / 100_218.05,
                False,
                Decimal(stop) if stop else None,
            )
        )
    return tuple(rows)


def _valuation():
    positions = _positions()
    spent = sum((p.quantity * p.average_price for p in positions), Decimal(0))
    fees = sum((o.fees for o in ORDERS), Decimal(0))
    cash = Decimal(100_000) - spent - fees
    equity = float(cash) + sum(p.value for p in positions)
    curve = tuple(
        (
            NOW - timedelta(minutes=6 * (60 - i)),
            100_000 + (equity - 100_000) * i / 60 + 90 * float(np.sin(i / 3)),
        )
        for i in range(60)
    )
    peak = max(v for _, v in curve)
    return Valuation(
        currency="USD",
        cash=cash,
        deposits=Decimal(100_000),
        realized=Decimal(0),
        fees=fees,
        equity=equity,
        buying_power=float(cash) - 15 * 190.0 - 1.2 * 3410.0,
        day_pnl=sum(p.day_pnl for p in positions),
        open_pnl=sum(p.unrealized for p in positions),
        drawdown=max(0.0, 1 - equity / peak),
        peak=max(peak, equity),
        positions=positions,
        curve=curve,
    )


VALUATION = _valuation()


def _risk():
    pnl = np.sort(np.random.default_rng(7).normal(30, 640, 500))
    days = [(NOW - timedelta(days=500 - i)).date().isoformat() for i in range(500)]
    shuffled = np.random.default_rng(8).permutation(pnl)
    weights = {p.symbol: p.weight for p in VALUATION.positions}
    return RiskView(
        var=float(-pnl[4]),
        var_fraction=float(-pnl[4]) / VALUATION.equity,
        var_note="1-day 99 % loss by historical simulation, 500 bars",
        bars=500,
        volatility=0.114,
        sharpe=0.83,
        sharpe_note="of 61 daily equity returns",
        gross=sum(weights.values()),
        open_risk=0.2417,
        exposure=(
            ("equity", weights["AAPL"] + weights["MSFT"]),
            ("crypto", weights["BTC/USDT"] + weights["ETH/USDT"]),
        ),
        limits=(
            Check(
                "POSITION_LIMIT", "Largest position", True,
                "MSFT is 11.7% of equity; the limit is 15.0%.", "11.7%", "15.0%", 0.78,
            ),
            Check(
                "TOTAL_RISK", "Total risk", True,
                "The losses at the stops sum to 24.2% of equity; the limit is 25.0%.", "24.2%", "25.0%", 0.97, True,
            ),
        ),
        scenario_pnl=tuple(zip(days, (float(x) for x in shuffled), strict=True)),
    )  # fmt: skip


FEATURES = (
    "ret_1",
    "ret_5",
    "ret_21",
    "rsi_14",
    "macd_hist",
    "bb_pos",
    "atr_frac",
    "vol_ratio",
    "adx_14",
    "mom_63",
)

CARD = Card(
    name="logistic", version="3f9c1a77", horizon=5, features=FEATURES, feature_version="b51d0e22",
    symbols=("AAPL", "GOOG", "IBM", "MSFT"), first_bar="2000-03-01", last_bar="2012-05-31", rows=11_804,
    base_rate=0.541,
    score=Score(
        n=7_920, auc=0.512, auc_low=0.489, auc_high=0.535, brier=0.2489, brier_base=0.2484,
        skill=-0.002, skill_low=-0.008, skill_high=0.004,
        calibration=((0.47, 0.52, 611), (0.51, 0.53, 2380), (0.55, 0.545, 3011), (0.59, 0.55, 1502), (0.63, 0.56, 416)),
    ),
    edge=Edge.NONE, trained=WALL - timedelta(minutes=12), source="tape",
)  # fmt: skip


def _signal(symbol, probability):
    vote = Vote(
        "logistic", probability, 0.541, "rsi_14 and ret_21 count most",
        (("rsi_14", 0.11), ("ret_21", -0.07), ("macd_hist", 0.04), ("vol_ratio", -0.02)),
    )  # fmt: skip
    return Signal(
        symbol=symbol, bar="2012-06-13", time=NOW - timedelta(hours=19), horizon=5, probability=probability,
        base_rate=0.541, edge=Edge.NONE,
        sentence=f"{symbol} rises in 5 days with {probability:.1%}; it does so in 54.1% of all cases. No edge shown.",
        model="logistic", model_version=CARD.version, feature_hash="ab" * 32, votes=(vote,),
    )  # fmt: skip


SIGNALS = MappingProxyType(
    {s: _signal(s, p) for s, p in (("AAPL", 0.566), ("MSFT", 0.531), ("IBM", 0.547), ("GOOG", 0.522))}
)


def cell(
    capability,
    state="closed",
    *,
    ok=None,
    p50=0.0004,
    p95=0.0009,
    errors=0.0,
    calls=40,
    ago=2.0,
    retry=0.0,
    note="",
):
    """One capability of one provider; ``ago`` is seconds since its last good answer."""
    last = None if ago is None else NOW - timedelta(seconds=ago)
    return CellHealth(
        capability, state, state == "closed" if ok is None else ok, p50, p95, errors, calls, last, retry, note
    )  # fmt: skip


PROVIDERS = (
    ProviderHealth("tape", ("quote equity", "bars equity"), "closed", True, 0.0004, NOW, "",
                   (cell("quote"), cell("bars"), cell("actions"))),
    ProviderHealth("simulated", ("quote crypto", "bars crypto"), "closed", True, 0.0002, NOW, "",
                   (cell("quote", p50=0.0002), cell("bars", p50=0.0002))),
    ProviderHealth(
        "yahoo", ("quote equity",), "open", False, 0.41, NOW - timedelta(minutes=7),
        "no answer within 4 s, resting until 15:13",
        (cell("quote", "open", p50=0.41, p95=1.2, errors=0.62, calls=13, ago=420.0, retry=31.0, note="no answer within 4 s"),),
        BudgetView(120.0, 96.0),
    ),
)  # fmt: skip


# The same desk on a live feed: six providers of which not two do equally well, two books, news.

LIVE_PROVIDERS = (
    ProviderHealth(
        "alpaca", ("quote equity", "bars equity", "news equity"), "closed", True, 0.062, NOW, "",
        (cell("quote", p50=0.062, p95=0.118), cell("bars", p50=0.141, p95=0.26), cell("intraday", p50=0.15, p95=0.31),
         cell("news", p50=0.204, p95=0.39), cell("stream", p50=0.018, p95=0.044, calls=4120)),
        BudgetView(200.0, 171.0),
    ),
    ProviderHealth(
        "finnhub", ("quote equity", "news equity"), "open", False, 0.912, NOW - timedelta(seconds=3.4),
        "finnhub: two of four are not well",
        (cell("quote", p50=0.912, p95=2.84, errors=0.074, ok=False, note="slow: p95 2,840 ms"),
         cell("bars", "isolated", p50=None, p95=None, errors=1.0, calls=3, ago=None, retry=None, note="the key does not pay for candles"),
         cell("news", p50=0.288, p95=0.502), cell("stream", "open", p50=0.041, p95=0.19, errors=0.5, calls=10, ago=240.0, retry=240.0, note="silent for 20 s")),
        BudgetView(60.0, 41.0),
    ),
    ProviderHealth(
        "alpha_vantage", ("bars equity",), "half_open", True, 1.12, NOW - timedelta(minutes=11), "quota kept for bars",
        (cell("bars", "half_open", ok=True, p50=1.12, p95=2.05, errors=0.31, calls=16, ago=660.0),),
        BudgetView(5.0, 5.0, 25, 2, WALL + timedelta(hours=15)),
    ),
    ProviderHealth(
        "binance", ("quote crypto", "book crypto"), "closed", True, 0.071, WALL, "",
        (cell("quote", p50=0.071, p95=0.133), cell("bars", p50=0.096, p95=0.201), cell("book", p50=0.074, p95=0.14), cell("stream", p50=0.009, p95=0.027)),
        BudgetView(6000.0, 5410.0),
    ),
    ProviderHealth(
        "bybit", ("quote crypto", "book crypto"), "closed", True, 0.24, WALL, "",
        (cell("quote", p50=0.24, p95=1.902, errors=0.021), cell("bars", p50=0.133, p95=0.288), cell("book", p50=0.1, p95=0.2)),
        BudgetView(120.0, 0.0, blocked=12.0),
    ),
    ProviderHealth("kite", (), "not_set", False, None, None, "needs KITE_API_KEY"),
)  # fmt: skip

_WITNESSES = {
    "AAPL": ("finnhub", 1.0002),
    "MSFT": ("yahoo", 0.9999),
    "IBM": ("finnhub", 0.1),
    "BTC/USDT": ("bybit", 1.0001),
}
_SOURCES = {AssetClass.EQUITY: "alpaca", AssetClass.INDEX: "yahoo", AssetClass.CRYPTO: "binance"}


def witnessed(datum, source, ratio, tolerance=0.01):
    """The datum with one more source that said ``ratio`` times its price."""
    said = Witness(source, datum.quote.price * ratio, datum.quote.time, ratio - 1.0, tolerance)
    agreement = Agreement.AGREED if abs(ratio - 1.0) <= tolerance else Agreement.DISPUTED
    return replace(datum, agreement=agreement, witnesses=(said,))


def _live_datum(symbol):
    datum = replace(MARKET[symbol], simulated=False)
    datum = replace(datum, quote=replace(datum.quote, source=_SOURCES[_LIST[symbol][1]]))
    if symbol == "ADA/USDT":
        datum = replace(datum, stale=True, age=31.0, why="binance: no newer price")
    return witnessed(datum, *_WITNESSES[symbol]) if symbol in _WITNESSES else datum


def book(symbol="BTC/USDT", source="binance", levels=20, *, age=0.1):
    """An order book around the Snapshot's price, seeded by symbol and source."""
    rng = np.random.default_rng(sum(map(ord, symbol + source)))
    price = _LIST[symbol][2]
    step, lot = price * 1e-5, 10_000.0 / price
    time = (WALL if _LIST[symbol][1] is AssetClass.CRYPTO else NOW) - timedelta(seconds=age)
    away = [step * (0.5 + rng.exponential(1.0, levels).cumsum()) for _ in range(2)]
    sizes = [lot * rng.gamma(1.3, 0.8, levels) + lot / 100 for _ in range(2)]
    bids = tuple((float(price - a), float(q)) for a, q in zip(away[0], sizes[0], strict=True))
    asks = tuple((float(price + a), float(q)) for a, q in zip(away[1], sizes[1], strict=True))
    return Book(symbol, bids, asks, time, time, source, 4711)


HEADLINES = (
    Headline("AAPL", NOW - timedelta(minutes=9), "Apple <b>opens</b> a shop", "https://news.example/apple?a=1&b=2",
             "The Wire & Co", "finnhub"),
    Headline("AAPL", NOW - timedelta(hours=5), "A title without an address", "", "Gazette", "alpaca"),
)  # fmt: skip

FEEDS = FeedsView(
    switches=(
        Switch(NOW - timedelta(minutes=2), "quote AAPL and 4 more", "finnhub", "alpaca", "slow: p95 2,840 ms over 2,000", 0.3),
        Switch(NOW - timedelta(minutes=4), "bars IBM", "finnhub", "alpha_vantage", "the key does not pay for candles", 0.4),
        Switch(NOW - timedelta(minutes=90), "quote ^GSPC", "yahoo", "", "no answer within 4 s", None),
    ),
    quarantine=(
        Quarantined("IBM", NOW - timedelta(minutes=1), "finnhub", "quote", "19.576", 195.76, "lies 10 times off, others agree"),
        Quarantined("ADA/USDT", WALL - timedelta(minutes=8), "bybit", "quote", "0.00", 0.4512, "is zero"),
        Quarantined("FB", NOW - timedelta(hours=3), "alpha_vantage", "bar", "H 26.1 < L 26.3", None, "has its high below its low"),
    ),
    judged=1_284_310,
    disbelieved=3,
    plan=(
        PlanLine("alpaca", 61.0, None),
        PlanLine("alpha_vantage", 0.05, WALL + timedelta(hours=2), "25 calls a day end at 06:00 ET; bars of 3 symbols wait until midnight"),
    ),
    coverage=(Coverage("Daily, 12 symbols", 0.998, "2000 to today"), Coverage("1 minute, 8 pairs", 0.971, "30 d"), Coverage("Books, 8 pairs, 10 s", None, "7 d")),
    store=StoreView(1_204, 1_121, 0.0009, 0.251),
    missing=("Set KITE_API_KEY in .env to add Kite.",),
)  # fmt: skip


def _events():
    rows = [
        (EventKind.CASH, "paper", {"amount": "100000", "currency": "USD", "why": "starting cash"}),
        *((EventKind.FILL, o.id, {"quantity": str(o.filled_quantity)}) for o in reversed(ORDERS) if o.fills),
        (EventKind.DENIED, "o6", {"reasons": ["POSITION_LIMIT"]}),
        (EventKind.ORDER, "o9", {"symbol": "IBM"}),
    ]
    made = [
        Event(n, NOW - timedelta(minutes=3 * (len(rows) - n)), ACCOUNT, k, ref, p, None, f"{n:064x}")
        for n, (k, ref, p) in enumerate(rows, 1)
    ]
    return tuple(reversed(made))


_BASE = Snapshot(
    number=1,
    time=NOW,
    wall=WALL,
    started=WALL - timedelta(minutes=20),
    version="0.1.0",
    mode=Mode.PAPER,
    feed=Feed.REPLAY,
    account=ACCOUNT,
    status=DeskStatus.DEGRADED,
    halt=None,
    sessions=MappingProxyType(
        {
            "XNYS": SessionInfo("XNYS", SessionState.OPEN, datetime(2012, 6, 14, 20, tzinfo=UTC)),
            "24/7": SessionInfo("24/7", SessionState.OPEN, None),
        }
    ),
    instruments=INSTRUMENTS,
    market=MARKET,
    providers=PROVIDERS,
    valuation=VALUATION,
    risk=_risk(),
    orders=ORDERS,
    fills=tuple(f for o in ORDERS for f in o.fills),
    signals=SIGNALS,
    model=ModelStatus(ModelStage.READY, 1.0, "Trained on 11,804 rows up to 2012-05-31.", CARD),
    events=_events(),
    replay=ReplayInfo(
        datetime(2012, 6, 1, 13, 30, tzinfo=UTC), datetime(2013, 3, 1, 21, tzinfo=UTC), 390.0, False,
        "Recorded prices of 2012; the path inside a day is interpolated. Crypto is simulated.",
    ),
    notes=("MARKETPULSE_REPLAY_SPED is not a setting; did you mean MARKETPULSE_REPLAY_SPEED?",),
    books=MappingProxyType({"BTC/USDT": (book(source="simulated"),)}),
    intervals=MappingProxyType({
        symbol: (Interval.DAY, Interval.HOUR, Interval.MINUTE) if kind is AssetClass.CRYPTO else (Interval.DAY,)
        for symbol, (_, kind, *_) in _LIST.items()
    }),
)  # fmt: skip


def snapshot(**changes):
    """The rich Snapshot, with some fields changed."""
    return replace(_BASE, **changes)


def live(**changes):
    """The rich Snapshot on a live feed: providers, books, headlines, failover, one disputed price, one stale."""
    start = {
        "feed": Feed.LIVE,
        "replay": None,
        "market": MappingProxyType({symbol: _live_datum(symbol) for symbol in _LIST}),
        "providers": LIVE_PROVIDERS,
        "books": MappingProxyType(
            {
                "BTC/USDT": (book(), book(source="bybit", age=0.4)),
                "ETH/USDT": (book("ETH/USDT"),),
                "ADA/USDT": (book("ADA/USDT"),),
            }
        ),
        "headlines": MappingProxyType({"AAPL": HEADLINES}),
        "feeds": FEEDS,
    }
    return replace(_BASE, **(start | changes))


def empty(**changes):
    """A desk just started: cash, prices, nothing else."""
    bare = Valuation("USD", Decimal(100_000), Decimal(100_000), Decimal(0), Decimal(0), 100_000.0, 100_000.0, 0.0, 0.0,
                     0.0, 100_000.0)  # fmt: skip
    risk = RiskView(0.0, 0.0, "nothing is held", 500, None, None, "no daily returns yet", 0.0, 0.0, (), ())
    start = {
        "status": DeskStatus.OK,
        "providers": PROVIDERS[:2],
        "valuation": bare,
        "risk": risk,
        "orders": (),
        "fills": (),
        "signals": MappingProxyType({}),
        "model": ModelStatus(ModelStage.TRAINING, 0.35, "Training on 11,804 rows."),
        "events": (),
        "notes": (),
        "books": MappingProxyType({}),
    }
    return replace(_BASE, **(start | changes))


def bars(symbol, interval=Interval.DAY, n=400):
    """A seeded walk that ends at the Snapshot's price; the last row is the forming bar."""
    step = {Interval.DAY: 86_400, Interval.HOUR: 3_600, Interval.MINUTE: 60}[interval]
    last = int(NOW.timestamp()) // step * step
    rng = np.random.default_rng(sum(map(ord, symbol)))
    walk = np.exp(np.cumsum(rng.normal(0.0004, 0.012, n)))
    close = walk * (_LIST[symbol][2] / walk[-1])
    start = np.concatenate([close[:1], close[:-1]])
    spread = np.abs(rng.normal(0, 0.006, n)) * close
    volume = rng.integers(1_000_000, 9_000_000, n).astype(np.float64)
    time = np.arange(last - step * (n - 1), last + 1, step, dtype=np.int64)
    top, low = np.maximum(start, close) + spread, np.minimum(start, close) - spread
    return Bars(symbol, interval, time, start, top, low, close, volume, MARKET[symbol].quote.source, True)


class FakeDesk:
    """The desk's facade in memory: a placed order is new until ``move`` lets the venue act.

    ``calls`` records every verb that changed something, in order.
    """

    def __init__(self, shown=None):
        self.shown = shown or snapshot()
        self.calls = []
        self.keys = {}
        self.closed = False

    def snapshot(self):
        return self.shown

    def show(self, **changes):
        """The next Snapshot: same desk, some fields changed, number one higher."""
        self.shown = replace(self.shown, number=self.shown.number + 1, **changes)

    def read(self, raw):
        """Turn an OrderRequest or a mapping of strings into an OrderRequest, or refuse."""
        if isinstance(raw, OrderRequest):
            return raw
        symbol = str(raw.get("symbol", "")).replace("-", "/").upper()
        if symbol not in INSTRUMENTS:
            raise Refused("UNKNOWN_SYMBOL", f"There is no {symbol or 'symbol'} on this desk.")
        return read_order(raw, INSTRUMENTS)

    def preview(self, request):
        try:
            asked = self.read(request)
        except Refused as no:
            return Preview(None, (Check(no.code, "Order", False, no.sentence),))
        mark = _LIST[asked.symbol][2]
        notional = mark * float(asked.quantity)
        held = next(
            (p.quantity for p in self.shown.valuation.positions if p.symbol == asked.symbol), Decimal(0)
        )
        after = held + asked.side.sign * asked.quantity
        equity = self.shown.valuation.equity
        weight = float(after) * mark / equity
        datum = self.shown.market.get(asked.symbol)
        disputed = datum is not None and datum.disputed
        checks = (
            Check("STALE_QUOTE", "Price", True, "The price is 2 s old.", "2 s", "60 s", 0.03),
            *((Check("DISPUTED_QUOTE", "Agreement", False, "Two sources disagree on the price."),) if disputed else ()),
            Check("MARKET_CLOSED", "Session", True, "The exchange is open until 20:00 UTC."),
            Check(
                "POSITION_LIMIT", "Position", weight <= 0.15 or asked.side is Side.SELL,
                f"{asked.symbol} would be {weight:.1%} of equity; the limit is 15.0%.",
                f"{weight:.1%}", "15.0%", weight / 0.15,
            ),
            Check(
                "INSUFFICIENT_POSITION", "Held", after >= 0, f"You hold {held} {asked.symbol}.", str(held), "",
            ),
            Check(
                "INSUFFICIENT_CASH", "Cash",
                asked.side is Side.SELL or notional <= self.shown.valuation.buying_power,
                f"The order needs {notional:,.2f} USD; {self.shown.valuation.buying_power:,.2f} USD is free.",
                f"{notional:,.0f}", f"{self.shown.valuation.buying_power:,.0f}",
                notional / max(self.shown.valuation.buying_power, 1.0),
            ),
            Check("TOTAL_RISK", "Total risk", True, "Total risk would be 24.9%.", "24.9%", "25.0%", 0.99, True),
        )  # fmt: skip
        return Preview(
            asked, checks, mark, notional, weight, self.shown.risk.var,
            (self.shown.risk.var or 0.0) + 0.02 * notional, "500 bars", max(0.35, notional * 1e-4),
            notional * 2e-4, self.shown.valuation.buying_power - asked.side.sign * notional, held, after,
        )  # fmt: skip

    def place(self, request, key):
        asked = self.read(request)
        if key in self.keys:
            body, made = self.keys[key]
            if body != asked:
                raise Refused("IDEMPOTENCY_CONFLICT", "This key was used for another order.")
            if isinstance(made, Refused):
                raise made
            return Placement(self.shown.order(made), True)
        if self.shown.halt:
            raise Refused("HALTED", f"Trading is halted: {self.shown.halt.why}")
        self.calls.append(("place", asked, key))
        failed = self.preview(asked).failed
        if failed:
            no = Refused(failed[0].code, failed[0].sentence)
            self.keys[key] = (asked, no)
            raise no
        number = f"n{len(self.keys) + 1}"
        self.keys[key] = (asked, number)
        plain = order(number, asked.symbol, asked.side, asked.quantity, OrderState.NEW)
        new = replace(plain, request=asked)
        self.show(orders=(new, *self.shown.orders))
        return Placement(new, False)

    def move(self, order_id, state, **changes):
        """Let the venue act: the order's next state."""
        rows = (replace(o, state=state, **changes) if o.id == order_id else o for o in self.shown.orders)
        self.show(orders=tuple(rows))

    def cancel(self, order_id):
        found = self.shown.order(order_id)
        if found is None:
            raise Refused("UNKNOWN_ORDER", f"There is no order {order_id}.")
        if found not in self.shown.working:
            raise Refused("NOT_CANCELABLE", f"Order {order_id} is {found.state}.")
        self.calls.append(("cancel", order_id))
        self.move(order_id, OrderState.PENDING_CANCEL)
        return self.shown.order(order_id)

    def replace(self, order_id, key, quantity=None, limit_price=None, stop_price=None):
        found = self.shown.order(order_id)
        if found is None:
            raise Refused("UNKNOWN_ORDER", f"There is no order {order_id}.")
        if found not in self.shown.working:
            raise Refused("NOT_REPLACEABLE", f"Order {order_id} is {found.state}.")
        terms = {"quantity": quantity, "limit_price": limit_price, "stop_price": stop_price}
        new = {name: Decimal(text) for name, text in terms.items() if text is not None}
        self.calls.append(("replace", order_id, key, new))
        self.move(order_id, OrderState.ACCEPTED, request=replace(found.request, **new))
        return Placement(self.shown.order(order_id), False)

    def halt(self, why):
        self.calls.append(("halt", why))
        kept = tuple(o.id for o in self.shown.working if o.request.protective)
        self.show(halt=Halt(NOW, why, kept=kept), status=DeskStatus.HALTED)
        return self.shown.halt

    def reduce(self, why):
        self.calls.append(("reduce", why))
        self.show(halt=Halt(NOW, why, reducing=True))
        return self.shown.halt

    def flatten(self, confirm):
        if confirm != "FLATTEN":
            raise Refused("BAD_CONFIRMATION", "Type FLATTEN to sell all that is held.")
        self.calls.append(("flatten", confirm))
        gone = Event(len(self.shown.events) + 900, NOW, ACCOUNT, EventKind.FLATTEN, "flatten", {}, None, "")
        self.show(halt=Halt(NOW, "flatten"), events=(gone, *self.shown.events), status=DeskStatus.HALTED)
        return self.shown.halt

    def resume(self, confirm):
        if confirm != "RESUME":
            raise Refused("BAD_CONFIRMATION", "Type RESUME to trade again.")
        self.calls.append(("resume", confirm))
        self.show(halt=None, status=DeskStatus.OK)

    def _account(self, broker, account_id=None):
        for view in self.shown.accounts:
            if view.broker == broker and account_id in (None, view.account_id):
                return view
        raise Refused("UNKNOWN_ACCOUNT", "This desk has no live account of that name.")

    def arm(self, broker, account_id):
        view = self._account(broker)
        if view.account_id != account_id:
            raise Refused("NOT_ARMED", f"That is not the id of the account at {broker}; nothing was armed.")
        self.calls.append(("arm", broker, account_id))
        armed = replace(view, armed=True)
        self.show(accounts=tuple(armed if row is view else row for row in self.shown.accounts))
        return armed

    def adopt(self, broker, account_id, typed):
        view = self._account(broker, account_id)
        if not view.difference or typed != view.phrase:
            raise Refused("BAD_CONFIRMATION", f"Type {view.phrase} to believe the venue.")
        self.calls.append(("adopt", broker, account_id, typed))
        agreed = replace(view, difference=(), phrase="", reconciled=True)
        self.show(accounts=tuple(agreed if row is view else row for row in self.shown.accounts))
        return agreed

    def login(self, broker, request_token):
        view = self._account(broker)
        if view.login_expires is None:
            raise Refused("NO_LOGIN", f"{broker} takes no login here.")
        self.calls.append(("login", broker, request_token))
        return view

    def change(self, raw):
        instrument = INSTRUMENTS.get(str(raw.get("symbol")))
        return instrument and smallest_change(
            self.preview(raw), raw, instrument, self.shown.orders, self.preview
        )

    def why(self, symbol, at=None, quantity=None):
        if symbol not in INSTRUMENTS:
            raise Refused("UNKNOWN_SYMBOL", f"There is no {symbol} on this desk.")
        units = quantity or Decimal(1000)
        raw = {"symbol": symbol, "side": "buy", "type": "market", "quantity": f"{units:f}"}
        rungs = ladder(self.preview(raw), self.shown.signals.get(symbol), Edges(0.002, 0.02))
        asked = f"buy {units} {symbol} at the market"
        return Why(symbol, at or self.shown.time, at is not None, asked, rungs, self.change(raw), "Made up.")

    def unlock(self, name, confirm):
        lock = next((lock for lock in self.shown.locks if lock.name == name), None)
        if lock is None:
            raise Refused("UNKNOWN_LOCK", "No protection of this name holds now.")
        if confirm != lock.typed:
            raise Refused("BAD_CONFIRMATION", f"Type {lock.typed}, in capitals, to lift it.")
        self.calls.append(("unlock", name))
        self.show(locks=tuple(k for k in self.shown.locks if k is not lock))
        return lock

    def answer(self, proposal, *, approve):
        made = next((p for p in self.shown.proposals if p.id == proposal), None)
        if made is None:
            raise Refused("UNKNOWN_PROPOSAL", "The desk has no proposal with this id.")
        taken_back = made.state is ProposalState.APPROVED and not approve
        if made.state is not ProposalState.PENDING and not taken_back:
            raise Refused("ANSWERED", f"Nothing can be answered any more: it is {made.state.value}.")
        self.calls.append(("answer", proposal, approve))
        state = ProposalState.ORDERED if approve else ProposalState.DECLINED
        note = f"Order {proposal} was placed." if approve else "Declined."
        done = replace(made, state=state, ended=self.shown.time, note=note)
        self.show(proposals=tuple(done if p is made else p for p in self.shown.proposals))
        return done

    def acknowledge(self, alert):
        for view in self.shown.alerts:
            if view.id == alert:
                self.calls.append(("acknowledge", alert))
                self.show(alerts=tuple(a for a in self.shown.alerts if a is not view))
                return replace(view, acknowledged=self.shown.time)
        raise Refused("UNKNOWN_ALERT", "There is no alert with this number.")

    def ask_again(self, provider):
        if provider not in [p.name for p in self.shown.providers]:
            raise Refused("UNKNOWN_PROVIDER", "This desk asks no provider of that name.")
        self.calls.append(("ask_again", provider))

    def history(self, symbol, interval, n):
        if symbol not in INSTRUMENTS:
            raise Refused("UNKNOWN_SYMBOL", f"There is no {symbol} on this desk.")
        if interval not in self.shown.intervals[symbol]:
            raise Refused("BAD_REQUEST", f"No source offers bars of {interval} for {symbol} on this feed.")
        return bars(symbol, interval, n)

    def indicators(self):
        return offers()

    def indicator(self, symbol, interval, name, n=500):
        return drawing(self.history(symbol, interval, 700), name, n)

    def train(self, kind):
        views = {view.kind.value: view for view in self.shown.models}
        if any(view.stage is ModelStage.TRAINING for view in views.values()):
            raise Refused("TRAINING", "A training runs already; another one can begin after it.")
        self.calls.append(("train", kind))
        begun = replace(views[kind], stage=ModelStage.TRAINING, progress=0.0, note="Reading bars.")
        self.show(models=tuple(begun if view.kind == kind else view for view in views.values()))

    def get_latest_signals(self, limit=20):
        return self.shown.issued[:limit]

    def get_signals_by_symbol(self, symbol, limit=20):
        return tuple(one for one in self.shown.issued if one.signal.symbol == symbol)[:limit]

    def get_signal_statistics(self):
        return self.shown.scores

    def generate(self, symbol=None):
        self.calls.append(("generate", symbol))
        open_ones = (one for one in self.shown.issued if one.outcome is None)
        return tuple(one for one in open_ones if symbol in (None, one.signal.symbol))

    def close(self):
        self.closed = True


__all__ = [
    "ACCOUNT", "CARD", "FEEDS", "HEADLINES", "INSTRUMENTS", "LIVE_PROVIDERS", "MARKET", "NOW", "ORDERS", "VALUATION",
    "WALL", "FakeDesk", "bars", "book", "cell", "empty", "live", "order", "snapshot", "witnessed",
]  # fmt: skip
