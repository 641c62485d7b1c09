"""Bybit spot through ccxt: crypto pairs, live, without a key.

Every number is read from the venue's own fields, as ``ccxt_numbers`` says. ccxt's ticker has no time,
since Bybit tells it beside the ticker; so the reply is read as it came.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from marketpulse.clock import Clock
from marketpulse.errors import BadData
from marketpulse.ports import Capability, Limits, Put
from marketpulse.sources.ccxt_errors import PAUSE
from marketpulse.sources.ccxt_numbers import changes, instant, ladders, maybe, positive, venue_time
from marketpulse.sources.ccxt_rest import TIMEOUT, Clients, Klines, Page
from marketpulse.sources.ccxt_stream import Latest, PassOn, Wire, streamed
from marketpulse.sources.ccxt_ticks import Tick
from marketpulse.sources.declining import no_events, no_news
from marketpulse.types import AssetClass, Bars, Book, CorporateAction, Instrument, Interval, Quote

__all__ = ["BybitSource"]

_NAME = "bybit"
_OFFERED = (Capability.QUOTE, Capability.BARS, Capability.INTRADAY, Capability.BOOK, Capability.STREAM)
_BAN = 60.0  # seconds after a 403; the venue lifts it after ten minutes, asking once a minute is harmless
_CHUNK = 10  # pairs in one subscription, the venue's limit for spot
_DEPTH = 50  # the venue offers 1, 50, 200 and 1000
_INTERVALS = {Interval.DAY: "D", Interval.HOUR: "60", Interval.MINUTE: "1"}
_DEEPEST = 200  # levels of a book that is asked for


class BybitSource:
    """Crypto pairs from Bybit spot; blocks but for the stream, and raises ProviderError only.

    Parameters
    ----------
    folder : unused, as this source keeps nothing on disk
    make : makes one of ccxt's clients; by default for spot alone
    watch : makes one of ccxt.pro's clients; by default for spot alone
    """

    news = no_news
    events = no_events

    def __init__(
        self,
        clock: Clock,
        folder: Path,
        make: Callable[[], Any] | None = None,
        watch: Callable[[], Any] | None = None,
    ) -> None:
        del folder  # keeps nothing on disk
        self._clock = clock
        self._clients = Clients(_NAME, clock, make or _spot, _pause)
        self._klines = Klines(_NAME, clock, _page)
        self._wire = Wire(_NAME, watch or _watching, _reader, _tick, _CHUNK, _DEPTH)

    @property
    def name(self) -> str:
        """Return ``bybit``."""
        return _NAME

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, bars of a day, an hour and a minute, books and streams of crypto pairs."""
        return frozenset((capability, AssetClass.CRYPTO) for capability in _OFFERED)

    @property
    def limits(self) -> Limits:
        """Return a twenty-fourth of the venue's 600 requests in 5 seconds."""
        return Limits(per_minute=300.0, deadline=10.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return last, bid and ask with the venue's time, and the UTC day's range and volume."""
        with self._clients.lend() as client:
            market = client.market(instrument.symbol)
            reply = client.public_get_v5_market_tickers({"category": "spot", "symbol": market["id"]})
            info = reply["result"]["list"][0]
            _same(info["symbol"], market["id"])
            price, bid, ask = (positive(_NAME, info, key) for key in ("lastPrice", "bid1Price", "ask1Price"))
            time = instant(positive(_NAME, reply, "time"))
            first, high, low, volume = self._klines.day(client, instrument.symbol)
        return Quote(
            instrument.symbol,
            price=price,
            bid=bid,
            ask=ask,
            volume=volume,
            time=time,
            received=self._clock.now(),
            source=_NAME,
            open=first,
            high=None if high is None else max(high, price),
            low=None if low is None else min(low, price),
        )

    def bars(self, instrument: Instrument, interval: Interval, start: datetime, end: datetime) -> Bars:
        """Return bars that opened from ``start`` on (the newest thousand) and had closed by ``end``.

        Raises
        ------
        NoData
            No bar of the period had closed.
        """
        with self._clients.lend() as client:
            return self._klines.bars(client, instrument.symbol, interval, start=start, end=end)

    def actions(self, instrument: Instrument, start: datetime, end: datetime) -> Sequence[CorporateAction]:
        """Return nothing: pairs neither split nor pay."""
        del instrument, start, end
        return ()

    def book(self, instrument: Instrument, depth: int) -> Book:
        """Return the best ``depth`` levels, at most 200, with the venue's time and number."""
        with self._clients.lend() as client:
            market = client.market(instrument.symbol)
            request = {"category": "spot", "symbol": market["id"], "limit": min(depth, _DEEPEST)}
            info = client.public_get_v5_market_orderbook(request)["result"]
            _same(info["s"], market["id"])
            time, sequence = instant(positive(_NAME, info, "ts")), int(positive(_NAME, info, "u"))
            bids, asks = ladders(_NAME, info["b"], info["a"], depth)
        return Book(instrument.symbol, bids, asks, time, self._clock.now(), _NAME, sequence)

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        """Hand over quotes, books and closed minutes until canceled, as ``ccxt_stream`` says."""
        await streamed(self._wire, self._clock, self._clients, instruments, put)


def _same(told: Any, asked: str) -> None:
    if told != asked:
        raise BadData(f"{_NAME}: the answer was about another pair")


def _pause(error: Exception) -> float:
    """Seconds to wait; 403 and 10018 mean that the venue shuts our address out for a while."""
    return _BAN if any(code in str(error) for code in (" 403 ", "10018")) else PAUSE


def _options() -> dict[str, Any]:
    """Options for spot only: one request for the list of pairs instead of six."""
    options = {"fetchMarkets": {"types": ["spot"]}, "defaultType": "spot"}
    # Our own budget spaces the requests; ccxt's would sleep.
    return {"enableRateLimit": False, "timeout": int(TIMEOUT * 1000), "options": options}


def _spot() -> Any:
    """Return ccxt's blocking client."""
    from ccxt import bybit  # noqa: PLC0415 (lazy: only a live feed pays for ccxt)

    return bybit(_options())


def _watching() -> Any:
    """Return ccxt's streaming client."""
    from ccxt.pro import bybit  # noqa: PLC0415 (as above)

    return bybit(_options())


def _page(client: Any, page: Page) -> Any:
    """Ask for bars, which come newest first."""
    request: dict[str, Any] = {"category": "spot", "symbol": page.market, "limit": page.limit}
    request["interval"] = _INTERVALS[page.interval]
    if page.since is not None:
        request |= {"start": page.since, "end": page.until}
    result = client.public_get_v5_market_kline(request)["result"]
    _same(result["symbol"], page.market)
    return result["list"]


def _tick(ticker: Any) -> Tick:
    """Read a streamed ticker; spot has no bid and ask in it, those come with the book."""
    info = ticker["info"]
    price, time = positive(_NAME, info, "lastPrice"), positive(_NAME, ticker, "timestamp")
    return Tick(price, time, maybe(_NAME, info, "bid1Price"), maybe(_NAME, info, "ask1Price"))


def _reader(clock: Clock) -> Callable[[Any, PassOn, Any], None]:
    """Make what each message goes through: late ones are dropped, the books' numbers are checked."""
    latest, numbers = Latest(_NAME, clock), _Numbers(clock)

    def read(exchange: Any, pass_on: PassOn, message: Any) -> None:
        topic = message.get("topic")
        if not isinstance(topic, str):
            pass_on(message)
        elif topic.startswith("orderbook."):
            if numbers.follows(topic, message):
                changes(_NAME, message["data"]["b"], message["data"]["a"])
                pass_on(message)
                symbol = exchange.safe_symbol(message["data"]["s"], None, None, "spot")
                exchange.orderbooks[symbol]["nonce"] = message["data"]["u"]
        elif not latest.late(topic, message.get("ts")):
            pass_on(message)

    return read


class _Numbers:
    """Watches the numbers of each book's messages, which ccxt does not.

    A snapshot begins anew, each change after it carries the next number. What repeats or comes late
    is dropped; what skips a number, or begins again below it, means that the book is lost.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last: dict[str, tuple[int, float]] = {}

    def follows(self, topic: str, message: Any) -> bool:
        """Whether the message is to be worked in; raises BadData where one before it is missing."""
        number, time = (
            int(positive(_NAME, message["data"], "u")),
            venue_time(_NAME, self._clock, message["ts"]),
        )
        last, told = self._last.get(topic, (0, 0.0))
        if message.get("type") == "snapshot":
            if 0 < number < last and time > told:
                raise BadData(f"{_NAME}: the order book began anew")
            good = number > last
        elif not last or number <= last:
            good = False
        elif number == last + 1:
            good = True
        else:
            raise BadData(f"{_NAME}: a change of the order book was lost")
        if good:
            self._last[topic] = (number, time)
        return good
