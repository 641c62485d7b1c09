"""Vendors' clients over canned answers instead of a network: nothing of ours is replaced."""

import json
from collections.abc import Callable

from curl_cffi import requests


class CannedYahoo(requests.Session):
    """yfinance's HTTP session; ``chart`` answers for prices, the cookie and crumb pages work.

    ``news`` answers for headlines, ``calendar`` for days of results; ``params`` are those of the last request.
    """

    def __init__(self, chart: Callable[[str], object]) -> None:
        super().__init__()
        self.chart = chart
        self.news: object = {}
        self.calendar: object = {}
        self.asked: list[str] = []
        self.params: dict = {}

    def request(self, method, url, **more):
        del method
        self.asked.append(url)
        self.params = more.get("params") or {}
        answer = requests.Response()
        answer.url, answer.status_code, answer.content = url, 200, b"crumb"
        if "/v8/finance/chart/" in url or "/xhr/ncp" in url or "/quoteSummary/" in url:
            asked = {"/xhr/": self.news, "/quoteSummary/": self.calendar}
            body = next((b for part, b in asked.items() if part in url), None)
            body = self.chart(url.rsplit("/", 1)[1]) if body is None else body
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
