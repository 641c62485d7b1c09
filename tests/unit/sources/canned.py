"""Vendors' clients over canned answers instead of a network: nothing of ours is replaced."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import ccxt
from curl_cffi import requests


class CannedYahoo(requests.Session):
    """yfinance's HTTP session; ``chart`` answers for prices, the cookie and crumb pages work."""

    def __init__(self, chart: Callable[[str], object]) -> None:
        super().__init__()
        self.chart = chart
        self.asked: list[str] = []

    def request(self, method, url, **more):
        del method, more
        self.asked.append(url)
        answer = requests.Response()
        answer.url, answer.status_code, answer.content = url, 200, b"crumb"
        if "/v8/finance/chart/" in url:
            body = self.chart(url.rsplit("/", 1)[1])
            if isinstance(body, Exception):
                raise body
            if isinstance(body, tuple):
                answer.status_code, body = body
            answer.content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return answer


def chart(symbol: str, rows: list[tuple], events: dict | None = None, **meta: object) -> dict:
    """Yahoo's chart answer; rows are (UTC time, open, high, low, close, volume)."""
    columns = list(zip(*rows, strict=True))
    names = ("open", "high", "low", "close", "volume")
    result = {
        "meta": {
            "currency": "USD",
            "symbol": symbol,
            "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York",
            "timezone": "EST",
            "gmtoffset": -18_000,
            "validRanges": ["1d", "5d", "1mo", "3mo", "6mo", "1y", "2y", "5y", "10y", "ytd", "max"],
            "priceHint": 2,
            **meta,
        },
        "timestamp": [int(t.timestamp()) for t in columns[0]],
        "events": events or {},
        "indicators": {
            "quote": [dict(zip(names, columns[1:], strict=True))],
            "adjclose": [{"adjclose": columns[4]}],
        },
    }
    return {"chart": {"result": [result], "error": None}}


def unknown() -> tuple[int, dict]:
    """Yahoo's answer for a symbol that it does not know."""
    error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
    return 404, {"chart": {"result": None, "error": error}}


class CannedBinance(ccxt.binance):
    """ccxt's client; ``answers`` maps the end of a path to a body, or to an exception to raise."""

    def __init__(self, answers: dict[str, object]) -> None:
        super().__init__({"enableRateLimit": False, "options": {"fetchMarkets": {"types": ["spot"]}}})
        self.answers = {"exchangeInfo": exchange_info(), **answers}

    def fetch(self, url, *more, **named):
        del more, named
        path = url.split("?")[0].rsplit("/", 1)[1]
        answer = self.answers[path]
        if isinstance(answer, Exception):
            raise answer
        return answer


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
