"""Binance spot through ccxt: crypto pairs, live, without a key.

Every number is read from the venue's own reply, as ``ccxt_numbers`` says.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from marketpulse.clock import Clock
from marketpulse.errors import BadData
from marketpulse.ports import Capability, Limits, Put
from marketpulse.sources.ccxt_numbers import changes, instant, ladders, maybe, positive
from marketpulse.sources.ccxt_rest import TIMEOUT, Clients, Klines, Page
from marketpulse.sources.ccxt_stream import Latest, PassOn, Wire, streamed
from marketpulse.sources.ccxt_ticks import Tick
from marketpulse.sources.declining import no_events, no_news
from marketpulse.types import AssetClass, Bars, Book, CorporateAction, Instrument, Interval, Quote

__all__ = ["BinanceSource"]

_NAME = "binance"
_OFFERED = (Capability.QUOTE, Capability.BARS, Capability.INTRADAY, Capability.BOOK, Capability.STREAM)
_CHUNK = 100  # pairs in one subscription; the venue allows 1024 streams on a connection
_SNAPSHOT = 1000  # levels a streamed book starts from; fewer run out when the price moves on
_TIMED = frozenset({"24hrTicker", "aggTrade", "trade", "kline"})


class BinanceSource:
    """Crypto pairs from Binance spot; blocks but for the stream, and raises ProviderError only.

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
        self._clients = Clients(_NAME, clock, make or _spot)
        self._klines = Klines(_NAME, clock, _page)
        self._wire = Wire(_NAME, watch or _watching, _reader, _tick, _CHUNK, _SNAPSHOT)

    @property
    def name(self) -> str:
        """Return ``binance``."""
        return _NAME

    @property
    def capabilities(self) -> frozenset[tuple[Capability, AssetClass]]:
        """Quotes, bars of a day, an hour and a minute, books and streams of crypto pairs."""
        return frozenset((capability, AssetClass.CRYPTO) for capability in _OFFERED)

    @property
    def limits(self) -> Limits:
        """Return about a tenth of the venue's 6000 weights a minute.

        A ticker and a page of bars weigh 2, a book 5: 300 calls as the desk mixes them are some 900
        weights, and it asks for far fewer while the stream runs. A stream that begins asks for the
        books it starts from, 50 weights a pair, beside this budget.
        """
        return Limits(per_minute=300.0, deadline=10.0)

    def quote(self, instrument: Instrument) -> Quote:
        """Return last, bid and ask with the venue's time, and the UTC day's range and volume."""
        with self._clients.lend() as client:
            market = client.market(instrument.symbol)["id"]
            info = client.public_get_ticker_24hr({"symbol": market})
            if info["symbol"] != market:
                raise BadData(f"{_NAME}: the answer was about another pair")
            price, bid, ask = (positive(_NAME, info, key) for key in ("lastPrice", "bidPrice", "askPrice"))
            time = instant(positive(_NAME, info, "closeTime"))
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
        """Return the best ``depth`` levels.

        The venue tells a number with a book but no time; the moment it was received stands in.
        """
        with self._clients.lend() as client:
            market = client.market(instrument.symbol)
            reply = client.public_get_depth({"symbol": market["id"], "limit": max(5, min(depth, 1000))})
            sequence = int(positive(_NAME, reply, "lastUpdateId"))
            bids, asks = ladders(_NAME, reply["bids"], reply["asks"], depth)
        now = self._clock.now()
        return Book(instrument.symbol, bids, asks, now, now, _NAME, sequence)

    async def stream(self, instruments: Sequence[Instrument], put: Put) -> None:
        """Hand over quotes, books and closed minutes until canceled, as ``ccxt_stream`` says."""
        await streamed(self._wire, self._clock, self._clients, instruments, put)


def _options() -> dict[str, Any]:
    """Options for spot only: the derivatives' hosts must not be able to stop us."""
    options = {
        "fetchMarkets": {"types": ["spot"]},
        "defaultType": "spot",
        "adjustForTimeDifference": True,
        "watchTickers": {"name": "ticker"},  # the mini ticker has no bid and no ask
        "watchTradesForSymbols": {"name": "aggTrade"},  # one message for each price an order took
    }
    # Our own budget spaces the requests; ccxt's would sleep.
    client = {"enableRateLimit": False, "timeout": int(TIMEOUT * 1000), "options": options}
    # ccxt asks after a dead socket every three minutes; so a lost network is noticed in half a minute.
    return {**client, "streaming": {"keepAlive": 15_000}}


def _spot() -> Any:
    """Return ccxt's blocking client."""
    from ccxt import binance  # noqa: PLC0415 (lazy: only a live feed pays for ccxt)

    return binance(_options())


def _watching() -> Any:
    """Return ccxt's streaming client."""
    from ccxt.pro import binance  # noqa: PLC0415 (as above)

    return binance(_options())


def _page(client: Any, page: Page) -> Any:
    """Ask for bars; the venue names a time of opening, and its intervals as we do."""
    request: dict[str, Any] = {"symbol": page.market, "interval": page.interval.value, "limit": page.limit}
    if page.since is not None:
        request |= {"startTime": page.since, "endTime": page.until}
    return client.public_get_klines(request)


def _tick(ticker: Any) -> Tick:
    """Read a streamed ticker: c is the last price, b and a the best quotes, E the venue's time."""
    info = ticker["info"]
    price, time = positive(_NAME, info, "c"), positive(_NAME, info, "E")
    return Tick(price, time, maybe(_NAME, info, "b"), maybe(_NAME, info, "a"))


def _reader(clock: Clock) -> Callable[[Any, PassOn, Any], None]:
    """Make what each message goes through: late ones are dropped, changes of a book are checked."""
    latest = Latest(_NAME, clock)

    def read(exchange: Any, pass_on: PassOn, message: Any) -> None:
        event = message.get("e")
        if event == "depthUpdate":
            _deepen(exchange, pass_on, message)
            return
        if event is None and "data" in message:  # ccxt would unwrap it, past all that is checked here
            raise BadData(f"{_NAME}: a message had an unexpected shape")
        if event in _TIMED:
            key = (event, message.get("s"), message.get("k", {}).get("i"))
            if latest.late(key, message.get("E")):
                return
        pass_on(message)

    return read


def _deepen(exchange: Any, pass_on: PassOn, message: Any) -> None:
    """Work a change into ccxt's book, which raises ChecksumError where one was lost.

    The venue's rule is that a change may begin inside what is known (its quantities are absolute) but
    not beyond its end. ccxt keeps that rule only for a book without a time, else it wants the very
    next number; so the time is taken away first. A resting bid at or above an ask is impossible at
    the venue: an old level that a new one has overtaken is gone.
    """
    changes(_NAME, message["b"], message["a"])
    symbol = exchange.safe_symbol(message.get("s"), None, None, "spot")
    before = exchange.orderbooks.get(symbol)
    time = None if before is None else before["timestamp"]
    if before is not None:
        before["timestamp"] = None
    pass_on(message)
    book = exchange.orderbooks.get(symbol)
    if book is None or book["nonce"] is None:
        return
    if book["timestamp"] is None:  # it held nothing new
        book["timestamp"] = time
        return
    bid = max((float(p) for p, q in message["b"] if float(q) > 0), default=0.0)
    ask = min((float(p) for p, q in message["a"] if float(q) > 0), default=float("inf"))
    if bid >= ask:
        raise BadData(f"{_NAME}: the book is crossed")
    while book["asks"] and book["asks"][0][0] <= bid:
        book["asks"].store(book["asks"][0][0], 0)
    while book["bids"] and book["bids"][0][0] >= ask:
        book["bids"].store(book["bids"][0][0], 0)
