"""Good messages of every stream."""

from garbage.bases import FINNHUB, MS, SHARE, STAMP
from garbage.trees import Path, Question

_PAST = STAMP - 86_400
_MINUTE = MS - MS % 60_000 - 120_000  # closed a minute ago


def _binance_bar(start: int, close: str) -> dict:
    prices = {"o": "49999.0", "c": close, "h": "50010.0", "l": "49980.0", "v": "7", "q": "1", "n": 1}
    inner = {"t": start, "T": start + 59_999, "s": "BTCUSDT", "i": "1m", **prices, "x": False}
    return {"e": "kline", "E": start + 60_000, "s": "BTCUSDT", "k": inner}


def _bybit_bar(start: int, close: str) -> dict:
    prices = {"open": "49999.0", "close": close, "high": "50010.0", "low": "49980.0", "volume": "7"}
    more = {"turnover": "1", "confirm": False, "timestamp": start + 60_000}
    data = [{"start": start, "end": start + 59_999, "interval": "1", **prices, **more}]
    return {"topic": "kline.1.BTCUSDT", "ts": start + 60_000, "type": "snapshot", "data": data}


def _levels(*sides: Path) -> tuple[Path, ...]:
    return tuple((*side, level, 0) for side in sides for level in range(2))


_BIDS = [["50000.00", "1.5"], ["49999.90", "2"]]
_ASKS = [["50000.20", "0.5"], ["50000.30", "1"]]

ALPACA_TRADE = Question(
    "alpaca trade",
    "stream",
    [{"T": "t", "S": "AAPL", "p": SHARE, "s": 100, "t": "2026-03-09T14:59:57.5Z", "c": ["@"], "z": "C"}],
    prices=((0, "p"),),
    times=((0, "t"),),
    extras=((0, "s"),),
    unit="iso",
    past=_PAST,
)

BINANCE_FRAMES = (
    Question(
        "binance ticker",
        "stream",
        {
            "e": "24hrTicker",
            "E": MS - 3_000,
            "s": "BTCUSDT",
            "c": "50000.10",
            "b": "50000.00",
            "a": "50000.20",
            "o": "1",
            "h": "1",
            "l": "1",
            "v": "1",
            "q": "1",
            "C": MS - 3_000,
        },
        prices=(("c",),),
        times=(("E",),),
        extras=(("b",), ("a",)),
        unit="ms",
        past=_PAST,
        topic="btcusdt@ticker",
    ),
    Question(
        "binance trade",
        "stream",
        {
            "e": "aggTrade",
            "E": MS - 3_000,
            "s": "BTCUSDT",
            "a": 1,
            "p": "50000.10",
            "q": "0.1",
            "f": 1,
            "l": 1,
            "T": MS - 3_000,
            "m": False,
            "M": True,
        },
        prices=(("p",),),
        times=(("T",),),
        unit="ms",
        past=_PAST,
        topic="btcusdt@aggTrade",
    ),
    Question(
        "binance minute",
        "stream",
        _binance_bar(_MINUTE, "50000.1"),
        prices=tuple(("k", x) for x in "ohlc"),
        extras=(("k", "n"), ("k", "q")),
        unit="ms",
        past=_PAST,
        topic="btcusdt@kline_1m",
        after=_binance_bar(_MINUTE + 60_000, "50000.0"),
    ),
)

BYBIT_FRAMES = (
    Question(
        "bybit ticker",
        "stream",
        {
            "topic": "tickers.BTCUSDT",
            "ts": MS - 3_000,
            "type": "snapshot",
            "cs": 1,
            "data": {
                "symbol": "BTCUSDT",
                "lastPrice": "50000.10",
                "highPrice24h": "51000",
                "lowPrice24h": "49000",
                "prevPrice24h": "49990",
                "volume24h": "1000",
                "turnover24h": "1",
                "price24hPcnt": "0.1",
                "usdIndexPrice": "50000",
            },
        },
        prices=(("data", "lastPrice"),),
        times=(("ts",),),
        unit="ms",
        past=_PAST,
        topic="tickers.BTCUSDT",
    ),
    Question(
        "bybit trade",
        "stream",
        {
            "topic": "publicTrade.BTCUSDT",
            "ts": MS - 3_000,
            "type": "snapshot",
            "data": [
                {
                    "T": MS - 3_000,
                    "s": "BTCUSDT",
                    "S": "Buy",
                    "v": "0.1",
                    "p": "50000.10",
                    "i": "1",
                    "BT": False,
                }
            ],
        },
        prices=(("data", 0, "p"),),
        times=(("data", 0, "T"),),
        unit="ms",
        past=_PAST,
        topic="publicTrade.BTCUSDT",
    ),
    Question(
        "bybit book",
        "stream",
        {
            "topic": "orderbook.50.BTCUSDT",
            "ts": MS - 3_000,
            "type": "snapshot",
            "data": {"s": "BTCUSDT", "u": 101, "seq": 303, "b": _BIDS, "a": _ASKS},
            "cts": MS - 3_000,
        },
        prices=_levels(("data", "b"), ("data", "a")),
        times=(("ts",),),
        unit="ms",
        past=_PAST,
        topic="orderbook.50.BTCUSDT",
    ),
    Question(
        "bybit minute",
        "stream",
        _bybit_bar(_MINUTE, "50000.1"),
        prices=tuple(("data", 0, x) for x in ("open", "high", "low", "close")),
        extras=(("data", 0, "turnover"),),
        unit="ms",
        past=_PAST,
        topic="kline.1.BTCUSDT",
        after=_bybit_bar(_MINUTE + 60_000, "50000.0"),
    ),
)

FINNHUB_TRADE = FINNHUB[1]
