"""The live sources of shares under the same contract, over canned answers instead of a network."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from contract.source_contract import SourceContract
from unit.sources.canned import CannedYahoo, chart, unknown
from unit.sources.canned_web import AAPL, Canned, key
from unit.sources.share_venues import AlpacaVenue, FinnhubVenue

from marketpulse.clock import SimClock
from marketpulse.ports import Source
from marketpulse.sources.alpaca import AlpacaSource
from marketpulse.sources.alphavantage import AlphaVantageSource
from marketpulse.sources.finnhub import FinnhubSource
from marketpulse.sources.yahoo import YahooSource
from marketpulse.types import AssetClass, Instrument

START = datetime(2026, 1, 1, tzinfo=UTC)
ROW = (100.0, 103.0, 99.0, 101.0, 1e6)
LENGTH = {"1m": 60, "1h": 3600, "1Min": 60, "15Min": 900}  # seconds


def days() -> list[datetime]:
    """When the sessions of three months opened; summer time began on 8 March."""
    every = [START + timedelta(days=n) for n in range(90)]
    opens = [day + timedelta(hours=14 if day < datetime(2026, 3, 8, tzinfo=UTC) else 13) for day in every]
    return [day + timedelta(minutes=30) for day in opens if day.weekday() < 5]


def until(now: datetime, interval: str) -> list[datetime]:
    """When bars opened, the running one included."""
    step = LENGTH.get(interval)
    if step is None:
        return [day for day in days() if day <= now]
    today = [day for day in days() if day <= now][-1]
    count = int((now - today).total_seconds()) // step + 1
    return [today + timedelta(seconds=step * n) for n in range(count)]


class Shares(SourceContract):
    @pytest.fixture
    def moment(self) -> datetime:
        return datetime(2026, 3, 9, 19, 0, tzinfo=UTC)

    @pytest.fixture
    def instrument(self) -> Instrument:
        return AAPL

    @pytest.fixture
    def stranger(self) -> Instrument:
        return Instrument("ZZZZ", "", AssetClass.EQUITY, "USD", "XNYS", Decimal("0.01"), Decimal(1))


class TestYahooCanned(Shares):
    @pytest.fixture
    def make(self, tmp_path: Path) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            def answer(symbol: str) -> object:
                if symbol != "AAPL":
                    return unknown()
                interval, now = session.params["interval"], int(clock.now().timestamp())
                # the running bar comes last, as it stands at this second
                rows = [(time, *ROW) for time in until(clock.now(), interval)]
                regular = {"timezone": "EDT", "gmtoffset": -14400, "start": now - 20000, "end": now + 4000}
                periods = {"tradingPeriods": [[regular]]} if interval in LENGTH else {}
                return chart("AAPL", rows, regularMarketPrice=101.5, regularMarketTime=now, **periods)

            session = CannedYahoo(answer)
            stream = [article(clock.now() - timedelta(hours=h), f"No {h}\u202e") for h in (3, -1, 1)]
            session.news = {"data": {"tickerStream": {"stream": [*stream, {"content": None}]}}}
            due = [int((clock.now() + timedelta(days=d)).timestamp()) for d in (9, 3, -20)]
            session.calendar = {
                "quoteSummary": {"result": [{"calendarEvents": {"earnings": {"earningsDate": due}}}]}
            }
            return YahooSource(clock, tmp_path / "yahoo", session=session)

        return build


def article(time: datetime, title: str) -> dict:
    return {
        "content": {
            "title": title,
            "pubDate": f"{time:%Y-%m-%dT%H:%M:%SZ}",
            "canonicalUrl": {"url": "https://finance.test/1"},
            "provider": {"displayName": "Wire"},
        }
    }


class TestFinnhubCanned(Shares):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            now = int(clock.now().timestamp())

            def answer(request) -> object:
                if "company-news" in request.url:
                    return [
                        {"headline": f"No {n}\x07\n", "datetime": now - n, "url": f"https://x.test/{n}"}
                        for n in (600, 5, 60, -60)
                    ]
                if "calendar/earnings" in request.url:
                    days = [f"{clock.now() + timedelta(days=d):%Y-%m-%d}" for d in (9, 3, -20)]
                    rows = [{"date": day, "symbol": "AAPL"} for day in days]
                    return {"earningsCalendar": [*rows, {"date": "2026-01-01", "symbol": "MSFT"}]}
                if "symbol=AAPL" not in request.url:
                    return {"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}
                return {"c": 101.5, "h": 103.0, "l": 99.0, "o": 100.0, "pc": 100.0, "t": now - 2}

            return FinnhubSource(clock, Path(), key(1), prepare=Canned(answer).mount)

        return build

    @pytest.fixture
    def rig(self) -> type[FinnhubVenue]:
        return FinnhubVenue


class TestAlphaVantageCanned(Shares):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            def answer(request) -> object:
                if "symbol=AAPL" not in request.url:
                    return {"Error Message": "Invalid API call. Please retry or visit the documentation."}
                names = ("1. open", "2. high", "3. low", "4. close", "5. volume")
                row = dict(zip(names, (f"{value:.4f}" for value in ROW), strict=True))
                rows = {f"{day:%Y-%m-%d}": row for day in reversed(until(clock.now(), "1d"))}
                return {"Meta Data": {"2. Symbol": "AAPL"}, "Time Series (Daily)": rows}

            return AlphaVantageSource(clock, Path(), key(2), prepare=Canned(answer).mount)

        return build


class TestAlpacaCanned(Shares):
    @pytest.fixture
    def make(self) -> Callable[[SimClock], Source]:
        def build(clock: SimClock) -> Source:
            def answer(request) -> object:
                asked = {k: v[0] for k, v in parse_qs(urlsplit(request.url).query).items()}
                if "/news" in request.url:
                    times = [clock.now() - timedelta(hours=h) for h in (3, 1, -1)]
                    return {"news": [{"headline": "x" * 400, "created_at": f"{t:%FT%TZ}"} for t in times]}
                if asked["symbols"] != "AAPL":
                    return {"bars": {}} if "/bars" in request.url else {}
                if "/bars" in request.url:
                    times = [f"{time:%FT%TZ}" for time in until(clock.now(), asked["timeframe"])]
                    rows = [dict(zip("tohlcv", (time, *ROW), strict=True)) for time in reversed(times)]
                    return {"bars": {"AAPL": rows}, "next_page_token": None}
                now = f"{clock.now() - timedelta(seconds=2):%FT%TZ}"
                pair = {"t": now, "bp": 101.4, "ap": 101.6}
                return {"AAPL": {"latestTrade": {"t": now, "p": 101.5}, "latestQuote": pair}}

            return AlpacaSource(clock, Path(), key(3), key(4), prepare=Canned(answer).mount)

        return build

    @pytest.fixture
    def rig(self) -> type[AlpacaVenue]:
        return AlpacaVenue
