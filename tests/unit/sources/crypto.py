"""Crypto venues over canned answers: ccxt's own clients, with nothing but the network replaced."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import ccxt

from marketpulse.types import AssetClass, Instrument

SPOT = {"enableRateLimit": False, "options": {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot"}}
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
LENGTHS = {"1m": 60, "1h": 3600, "1d": 86_400, "1": 60, "60": 3600, "D": 86_400}


def pair(symbol: str) -> Instrument:
    base, quote = symbol.split("/")
    return Instrument(symbol, base, AssetClass.CRYPTO, quote, "24/7", Decimal("0.01"), Decimal("0.00001"))


class Answers:
    """Answers by the end of a path: a body, a function of the query, or an exception to raise."""

    answers: dict[str, object]
    asked: list[str]

    def fetch(self, url, *more, **named):
        del more, named
        self.asked.append(url)
        parts = urlsplit(url)
        answer = self.answers[parts.path.rsplit("/", 1)[1]]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Callable):
            return answer({key: values[0] for key, values in parse_qs(parts.query).items()})
        return answer


class CannedBinance(Answers, ccxt.binance):
    """ccxt's client over ``answers``."""

    def __init__(self, answers: dict[str, object]) -> None:
        super().__init__(SPOT)
        self.asked = []
        self.answers = {"exchangeInfo": exchange_info(), **answers}


class CannedBybit(Answers, ccxt.bybit):
    """ccxt's client over ``answers``."""

    def __init__(self, answers: dict[str, object]) -> None:
        super().__init__(SPOT)
        self.asked = []
        self.answers = {"instruments-info": instruments_info(), **answers}


def exchange_info() -> dict:
    """Binance's description of one pair, as its documentation shows it."""
    return {
        "timezone": "UTC",
        "serverTime": 0,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [
            {
                "symbol": "BTCUSDT",
                "status": "TRADING",
                "baseAsset": "BTC",
                "quoteAsset": "USDT",
                "isSpotTradingAllowed": True,
                "isMarginTradingAllowed": False,
                "permissions": ["SPOT"],
                "filters": [
                    {
                        "filterType": "PRICE_FILTER",
                        "minPrice": "0.01",
                        "maxPrice": "1000000",
                        "tickSize": "0.01",
                    },
                    {"filterType": "LOT_SIZE", "minQty": "0.00001", "maxQty": "9000", "stepSize": "0.00001"},
                ],
            }
        ],
    }


def ticker(moment: datetime, **fields: object) -> dict:
    """Binance's 24-hour ticker."""
    end = int(moment.astimezone(UTC).timestamp() * 1000)
    return {
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
        "openTime": end - 86_400_000,
        "closeTime": end,
        **fields,
    }


def klines(now: datetime) -> Callable[[dict], list]:
    """Binance's bars since ``BEGIN``, the last one open at ``now``; they never change later."""

    def answer(query: dict) -> list:
        tail = ["0", 1, "0", "0", "0"]
        rows = _bars(query, now, "startTime", "endTime")
        return [[start, *prices, start + length * 1000 - 1, *tail] for start, length, prices in rows]

    return answer


def bybit_klines(now: datetime) -> Callable[[dict], dict]:
    """Bybit's bars, newest first; as of ``klines``."""

    def answer(query: dict) -> dict:
        rows = [[str(start), *prices, "0"] for start, _, prices in _bars(query, now, "start", "end")]
        return reply({"category": "spot", "symbol": "BTCUSDT", "list": rows[::-1]}, now)

    return answer


def _bars(query: dict, now: datetime, since: str, until: str) -> list:
    length = LENGTHS[query["interval"]]
    last = min(_ms(now), int(query.get(until, _ms(now)))) // 1000 // length * length
    first = max(int(query.get(since, 0)), _ms(BEGIN)) // 1000
    starts = range(-(-first // length) * length, last + 1, length)
    prices = ("50000", "51000", "49000", "50500", "1000")
    return [(start * 1000, length, prices) for start in starts[-int(query["limit"]) :]]


def depth(*, bids: object = None, asks: object = None, **fields: object) -> dict:
    """Binance's order book."""
    return {
        "lastUpdateId": 77,
        "bids": [["50000.00", "1.5"], ["49999.90", "2"], ["49999.80", "3"]] if bids is None else bids,
        "asks": [["50000.20", "0.5"], ["50000.30", "1"], ["50000.40", "4"]] if asks is None else asks,
        **fields,
    }


def reply(result: object, moment: datetime, **fields: object) -> dict:
    """Bybit's envelope."""
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": _ms(moment), **fields}


def instruments_info() -> dict:
    """Bybit's description of one pair, as its documentation shows it."""
    one = {
        "symbol": "BTCUSDT",
        "baseCoin": "BTC",
        "quoteCoin": "USDT",
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "both",
        "lotSizeFilter": {
            "basePrecision": "0.000001",
            "quotePrecision": "0.0000001",
            "minOrderQty": "0.00001",
            "maxOrderQty": "83",
            "minOrderAmt": "5",
            "maxOrderAmt": "8000000",
        },
        "priceFilter": {"tickSize": "0.01"},
    }
    return {"retCode": 0, "retMsg": "OK", "result": {"category": "spot", "list": [one]}, "time": 0}


def bybit_ticker(moment: datetime, **fields: object) -> dict:
    """Bybit's reply to a question about one spot ticker."""
    one = {
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
        **fields,
    }
    return reply({"category": "spot", "list": [one]}, moment)


def bybit_depth(moment: datetime, **fields: object) -> dict:
    """Bybit's order book."""
    book = depth()
    result = {
        "s": "BTCUSDT",
        "b": book["bids"],
        "a": book["asks"],
        "ts": _ms(moment),
        "u": 77,
        "seq": 9,
        **fields,
    }
    return reply(result, moment)


def _ms(moment: datetime) -> int:
    return int(moment.astimezone(UTC).timestamp() * 1000)
