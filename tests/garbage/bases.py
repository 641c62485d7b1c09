"""Good answers of every provider, written by hand from their documentation; nothing was recorded."""

from datetime import UTC, datetime, timedelta
from math import sin

from garbage.trees import Path, Question

NOW = datetime(2026, 3, 9, 15, 0, tzinfo=UTC)  # a Monday, 11:00 in New York, in session
STAMP = int(NOW.timestamp())
MS = STAMP * 1000
SHARE, SHARE_BEFORE = 181.5, 181.4  # what a good answer says, and what the board shows before
COIN, COIN_BEFORE = 50_000.1, 49_990.0
YEARS_AGO = datetime(2001, 1, 2, tzinfo=UTC).timestamp()
DAYS = 40
RANGE = "the day's range and volume may be missing: the price stands without them"
CELLS = ("open", "high", "low", "close")


def weekdays() -> list[datetime]:
    """Forty sessions up to Friday, 6 March, at 00:00 UTC; holidays do not matter here."""
    found, day = [], datetime(2026, 3, 6, tzinfo=UTC)
    while len(found) < DAYS:
        if day.weekday() < 5:  # Monday to Friday
            found.append(day)
        day -= timedelta(days=1)
    return found[::-1]


def every_day() -> list[datetime]:
    """Forty UTC days up to Sunday, 8 March."""
    return [datetime(2026, 3, 8, tzinfo=UTC) - timedelta(days=n) for n in range(DAYS)][::-1]


def bar(n: int, price: float) -> tuple[float, float, float, float, int]:
    """Open, high, low, close and volume of the n-th day: a calm walk that ends near ``price``."""
    first = round(price * (1 + 0.01 * sin(n * 0.7)), 2)
    last = round(price * (1 + 0.01 * sin(n * 0.7 + 0.4)), 2)
    return first, round(max(first, last) * 1.005, 2), round(min(first, last) * 0.995, 2), last, 1000 + n


def _yahoo(rows: list[tuple], **meta: object) -> dict:
    """Yahoo's chart; rows are UTC seconds, open, high, low, close, volume."""
    columns = [list(column) for column in zip(*rows, strict=True)]
    session = {"timezone": "EDT", "gmtoffset": -14_400, "start": STAMP - 5_400, "end": STAMP + 18_000}
    about = {
        "currency": "USD",
        "symbol": "AAPL",
        "instrumentType": "EQUITY",
        "exchangeTimezoneName": "America/New_York",
        "timezone": "EDT",
        "gmtoffset": -14_400,
        "dataGranularity": "1d",
        "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
        "priceHint": 2,
        "regularMarketPrice": SHARE,
        "regularMarketTime": STAMP - 3,
        "regularMarketDayHigh": 182.4,
        "regularMarketDayLow": 180.2,
        "regularMarketVolume": 12_345_678,
        "currentTradingPeriod": {"pre": session, "regular": session, "post": session},
        **meta,
    }
    quote = dict(zip((*CELLS, "volume"), columns[1:], strict=True))
    result = {
        "meta": about,
        "timestamp": columns[0],
        "events": {},
        "indicators": {"quote": [quote], "adjclose": [{"adjclose": columns[4]}]},
    }
    return {"chart": {"result": [result], "error": None}}


_RESULT: Path = ("chart", "result", 0)
_META: Path = (*_RESULT, "meta")
_TABLE: Path = (*_RESULT, "indicators", "quote", 0)
_OPENED = [int(day.timestamp()) + 52_200 for day in weekdays()]  # 14:30 UTC, the open in winter
_YAHOO_DAYS = [(t, *bar(n, 180.0)) for n, t in enumerate(_OPENED)]

YAHOO = (
    Question(
        "quote",
        "quote",
        _yahoo([(STAMP - 5_400, 181.0, 182.4, 180.2, SHARE, 12_345_678)]),
        prices=((*_META, "regularMarketPrice"),),
        times=((*_META, "regularMarketTime"),),
        extras=tuple((*_META, f"regularMarket{x}") for x in ("DayHigh", "DayLow", "Volume"))
        + tuple((*_TABLE, name, 0) for name in (*CELLS, "volume")),
        past=STAMP - 86_400,
    ),
    Question(
        "bars",
        "bars",
        _yahoo(_YAHOO_DAYS),
        prices=tuple((*_TABLE, name, n) for name in CELLS for n in range(2, DAYS)),
        times=tuple((*_RESULT, "timestamp", n) for n in range(DAYS)),
        past=YEARS_AGO,
    ),
)

FINNHUB = (
    Question(
        "quote",
        "quote",
        {"c": SHARE, "d": 0.5, "dp": 0.28, "h": 182.4, "l": 180.2, "o": 181.0, "pc": 181.0, "t": STAMP - 3},
        prices=(("c",),),
        times=(("t",),),
        extras=(("h",), ("l",), ("o",)),
        past=STAMP - 86_400,
    ),
    Question(
        "trade",
        "stream",
        {"type": "trade", "data": [{"s": "AAPL", "p": SHARE, "t": MS - 3_000, "v": 100, "c": ["1"]}]},
        prices=(("data", 0, "p"),),
        times=(("data", 0, "t"),),
        extras=(("data", 0, "v"),),
        unit="ms",
        past=STAMP - 86_400,
    ),
)

_SERIES = "Time Series (Daily)"
_NAMES = ("1. open", "2. high", "3. low", "4. close", "5. volume")
_DATES = [f"{day:%Y-%m-%d}" for day in weekdays()]

ALPHAVANTAGE = (
    Question(
        "bars",
        "bars",
        {
            "Meta Data": {
                "1. Information": "Daily Prices",
                "2. Symbol": "AAPL",
                "5. Time Zone": "US/Eastern",
            },
            _SERIES: {
                day: {name: f"{x:.4f}" for name, x in zip(_NAMES, bar(n, 180.0), strict=True)}
                for n, day in reversed(list(enumerate(_DATES)))
            },
        },
        prices=tuple((_SERIES, day, name) for day in _DATES for name in _NAMES[:4]),
        past=YEARS_AGO,
    ),
)

_TRADE = {"t": "2026-03-09T14:59:57.123456789Z", "x": "V", "p": SHARE, "s": 100}
_PAIR = {"t": "2026-03-09T14:59:59Z", "bp": 181.45, "ap": 181.55, "bs": 1, "as": 2}
_TODAY = {"t": "2026-03-09T04:00:00Z", "o": 181.0, "h": 182.4, "l": 180.2, "c": SHARE, "v": 12_345}

ALPACA = (
    Question(
        "quote",
        "quote",
        {"AAPL": {"latestTrade": _TRADE, "latestQuote": _PAIR, "dailyBar": _TODAY}},
        prices=(("AAPL", "latestTrade", "p"),),
        times=(("AAPL", "latestTrade", "t"),),
        extras=tuple(("AAPL", *spot) for spot in (("latestQuote", "bp"), ("latestQuote", "ap")))
        + tuple(("AAPL", "dailyBar", x) for x in "ohlv"),
        unit="iso",
        past=STAMP - 86_400,
    ),
    Question(
        "bars",
        "bars",
        {
            "bars": {
                "AAPL": [
                    {
                        "t": f"{day:%Y-%m-%d}T05:00:00Z",
                        **dict(zip("ohlcv", bar(n, 180.0), strict=True)),
                        "n": 9,
                    }
                    for n, day in reversed(list(enumerate(weekdays())))
                ]
            },
            "next_page_token": None,
        },
        prices=tuple(("bars", "AAPL", n, x) for n in range(DAYS) for x in "ohlc"),
        times=tuple(("bars", "AAPL", n, "t") for n in range(DAYS)),
        unit="iso",
        past=YEARS_AGO,
    ),
)

_LADDER = (
    [["50000.00", "1.5"], ["49999.90", "2"], ["49999.80", "3"]],
    [["50000.20", "0.5"], ["50000.30", "1"], ["50000.40", "4"]],
)
_MIDNIGHT = MS - MS % 86_400_000


def _levels(*sides: Path) -> tuple[Path, ...]:
    """Where the prices of a book stand; its quantities have kinds of their own."""
    return tuple((*side, level, 0) for side in sides for level in range(3))


def _coin_rows() -> list[tuple[int, list[str]]]:
    return [
        (int(d.timestamp()) * 1000, [str(x) for x in bar(n, 49_900.0)]) for n, d in enumerate(every_day())
    ]


_TODAYS = ["49500.0", "50500.0", "49400.0", "50000.1", "321.5"]
_DAY_MS = 86_399_999
_TAIL = ["0", 1, "0", "0", "0"]

BINANCE = (
    Question(
        "quote",
        "quote",
        {
            "symbol": "BTCUSDT",
            "priceChange": "10",
            "lastPrice": "50000.10",
            "bidPrice": "50000.00",
            "askPrice": "50000.20",
            "openPrice": "49990.10",
            "highPrice": "51000.00",
            "lowPrice": "49000.00",
            "volume": "1000.0",
            "quoteVolume": "50000000.0",
            "openTime": MS - 86_403_000,
            "closeTime": MS - 3_000,
        },
        prices=(("lastPrice",), ("bidPrice",), ("askPrice",)),
        times=(("closeTime",),),
        extras=(("highPrice",), ("lowPrice",), ("openPrice",), ("volume",)),
        unit="ms",
        past=STAMP - 86_400,
    ),
    Question(
        "day",
        "quote",
        [[_MIDNIGHT, *_TODAYS, _MIDNIGHT + _DAY_MS, *_TAIL]],
        extras=tuple((0, n) for n in range(1, 6)),
        unit="ms",
        spare=RANGE,
    ),
    Question(
        "bars",
        "bars",
        [[t, *row, t + _DAY_MS, *_TAIL] for t, row in _coin_rows()],
        prices=tuple((n, x) for n in range(DAYS) for x in range(1, 5)),
        times=tuple((n, 0) for n in range(DAYS)),
        unit="ms",
        past=YEARS_AGO,
    ),
    Question(
        "book",
        "book",
        {"lastUpdateId": 77, "bids": _LADDER[0], "asks": _LADDER[1]},
        prices=_levels(("bids",), ("asks",)),
    ),
)


def _reply(result: object) -> dict:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": MS - 3_000}


_ONE = {
    "symbol": "BTCUSDT",
    "bid1Price": "50000.00",
    "bid1Size": "2",
    "ask1Price": "50000.20",
    "ask1Size": "3",
    "lastPrice": "50000.10",
    "prevPrice24h": "49990.10",
    "price24hPcnt": "0.0002",
    "highPrice24h": "51000",
    "lowPrice24h": "49000",
    "turnover24h": "50000000",
    "volume24h": "1000",
    "usdIndexPrice": "50000.1",
}
_TICKER: Path = ("result", "list", 0)

BYBIT = (
    Question(
        "quote",
        "quote",
        _reply({"category": "spot", "list": [_ONE]}),
        prices=tuple((*_TICKER, key) for key in ("lastPrice", "bid1Price", "ask1Price")),
        times=(("time",),),
        extras=tuple((*_TICKER, key) for key in ("highPrice24h", "lowPrice24h", "volume24h")),
        unit="ms",
        past=STAMP - 86_400,
    ),
    Question(
        "day",
        "quote",
        _reply({"category": "spot", "symbol": "BTCUSDT", "list": [[str(_MIDNIGHT), *_TODAYS, "0"]]}),
        extras=tuple((*_TICKER, n) for n in range(1, 6)),
        unit="ms",
        spare=RANGE,
    ),
    Question(
        "bars",
        "bars",
        _reply(
            {
                "category": "spot",
                "symbol": "BTCUSDT",
                "list": [[str(t), *row, "0"] for t, row in reversed(_coin_rows())],
            }
        ),
        prices=tuple(("result", "list", n, x) for n in range(DAYS) for x in range(1, 5)),
        times=tuple(("result", "list", n, 0) for n in range(DAYS)),
        unit="ms",
        past=YEARS_AGO,
    ),
    Question(
        "book",
        "book",
        _reply({"s": "BTCUSDT", "b": _LADDER[0], "a": _LADDER[1], "ts": MS - 2_000, "u": 77, "seq": 9}),
        prices=_levels(("result", "b"), ("result", "a")),
        times=(("result", "ts"),),
        unit="ms",
        past=STAMP - 86_400,
    ),
)
