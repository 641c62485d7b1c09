"""The JSON of what was observed in the market: prices, bars, order books, news, and how to find a symbol.

Prices are JSON numbers, rounded to the instrument's decimals; absence is null, and so is a number that
is not finite.
"""

from datetime import datetime
from math import isfinite

from pydantic import BaseModel, Field

from marketpulse.api.numbers import rounded
from marketpulse.types import (
    Agreement,
    AssetClass,
    Bars,
    Book,
    Headline,
    Instrument,
    Interval,
    Level,
    MarketDatum,
    SessionState,
    Snapshot,
)

__all__ = [
    "BarReply",
    "BarsReply",
    "BookReply",
    "DatumReply",
    "FoundReply",
    "HeadlineReply",
    "InstrumentReply",
    "NewsReply",
    "WitnessReply",
    "bars_reply",
    "book_reply",
    "datum_reply",
    "found_reply",
    "news_reply",
]

_LevelReply = tuple[float, float]


class WitnessReply(BaseModel):
    """What another source said of the same instrument."""

    source: str
    price: float | None
    time: datetime = Field(description="at the venue")
    difference: float | None = Field(description="its price / the shown price - 1, a fraction")
    tolerance: float | None = Field(description="the largest absolute difference that agrees, a fraction")


class DatumReply(BaseModel):
    """A quote with all that is needed to believe it or not."""

    symbol: str
    price: float | None
    bid: float | None
    ask: float | None
    spread: float | None = Field(description="ask - bid, in the instrument's currency")
    volume: float | None = Field(description="units traded this session")
    time: datetime = Field(description="at the venue; on replay: on the tape")
    received: datetime = Field(description="when the desk got it, by the desk's clock")
    source: str
    age_seconds: float
    stale: bool = Field(description="older than its feed allows; prices no order")
    session: SessionState
    agreement: Agreement = Field(
        description="alone (nobody else was heard lately), agreed, or disputed; a disputed price prices no order"
    )
    witnesses: list[WitnessReply] = Field(description="what the other sources last said")


class BarReply(BaseModel):
    """One bar; ``time`` is its opening in seconds since 1970 UTC."""

    time: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class BarsReply(BaseModel):
    """Bars oldest first; the last one is still forming."""

    symbol: str
    interval: Interval
    adjusted: bool = Field(description="splits and dividends are worked into the prices")
    source: str
    bars: list[BarReply]


class BookReply(BaseModel):
    """The best levels of an order book, best first, as [price, quantity]."""

    symbol: str
    bids: list[_LevelReply]
    asks: list[_LevelReply]
    time: datetime = Field(description="at the venue")
    received: datetime = Field(description="when the desk got it, by the desk's clock")
    source: str
    sequence: int | None = Field(description="the venue's number of the last change in it")
    spread: float | None = Field(description="best ask - best bid, in the instrument's currency")
    imbalance: float | None = Field(description="(bid units - ask units) / their sum over the best 10 levels")
    age_seconds: float


class HeadlineReply(BaseModel):
    """One piece of news as a provider gave it; show it escaped."""

    time: datetime = Field(description="when it was published")
    title: str
    url: str | None = Field(description="an https address, null where there is none")
    publisher: str
    source: str


class NewsReply(BaseModel):
    """What was written of one instrument, newest first."""

    symbol: str
    headlines: list[HeadlineReply]


class InstrumentReply(BaseModel):
    """One thing the desk knows a price of."""

    symbol: str
    slug: str = Field(description="the symbol as written in addresses")
    name: str
    asset_class: AssetClass
    currency: str
    tradable: bool


class FoundReply(BaseModel):
    """What fits the search, best first; ``nearest`` only when nothing fits."""

    matches: list[InstrumentReply]
    nearest: list[InstrumentReply]


def datum_reply(instrument: Instrument, datum: MarketDatum) -> DatumReply:
    """Round a datum to its instrument's decimals."""
    quote, places = datum.quote, instrument.decimals
    bid, ask = rounded(quote.bid, places), rounded(quote.ask, places)
    return DatumReply(
        symbol=quote.symbol,
        price=rounded(quote.price, places),
        bid=bid,
        ask=ask,
        spread=None if bid is None or ask is None else round(ask - bid, places),
        volume=rounded(quote.volume, 8),
        time=quote.time,
        received=quote.received,
        source=quote.source,
        age_seconds=rounded(max(0.0, datum.age), 3) or 0.0,
        stale=datum.stale,
        session=datum.session,
        agreement=datum.agreement,
        witnesses=[
            WitnessReply(
                source=w.source,
                price=rounded(w.price, places),
                time=w.time,
                difference=rounded(w.difference, 8),
                tolerance=rounded(w.tolerance, 8),
            )
            for w in datum.witnesses
        ],
    )


def bars_reply(instrument: Instrument, bars: Bars) -> BarsReply:
    """Round bars to their instrument's decimals."""
    places = instrument.decimals
    prices = [column.round(places).tolist() for column in (bars.open, bars.high, bars.low, bars.close)]
    rows = zip(bars.time.tolist(), *prices, bars.volume.tolist(), strict=True)
    return BarsReply(
        symbol=bars.symbol,
        interval=bars.interval,
        adjusted=bars.adjusted,
        source=bars.source,
        bars=[
            BarReply(time=t, open=o, high=h, low=lo, close=c, volume=v)
            for t, o, h, lo, c, v in rows
            if isfinite(o + h + lo + c + v)
        ],
    )


def book_reply(instrument: Instrument, book: Book, snapshot: Snapshot, depth: int) -> BookReply | None:
    """Give the best ``depth`` levels; None when a side holds no readable level."""
    bids, asks = (_levels(side, depth, instrument.decimals) for side in (book.bids, book.asks))
    if not bids or not asks:
        return None
    return BookReply(
        symbol=book.symbol,
        bids=bids,
        asks=asks,
        time=book.time,
        received=book.received,
        source=book.source,
        sequence=book.sequence,
        spread=rounded(book.spread, instrument.decimals),
        imbalance=rounded(book.imbalance(), 6),
        age_seconds=round(snapshot.age(book.time), 3),
    )


def news_reply(symbol: str, headlines: tuple[Headline, ...]) -> NewsReply:
    """Give headlines with addresses that a browser may follow."""
    return NewsReply(
        symbol=symbol,
        headlines=[
            HeadlineReply(
                time=one.time,
                title=one.title,
                url=one.url if one.url.startswith("https://") else None,
                publisher=one.publisher,
                source=one.source,
            )
            for one in headlines
        ],
    )


def found_reply(matches: list[Instrument], nearest: list[Instrument]) -> FoundReply:
    """Give what fits and what comes near."""
    return FoundReply(matches=[_known(one) for one in matches], nearest=[_known(one) for one in nearest])


def _known(one: Instrument) -> InstrumentReply:
    return InstrumentReply(
        symbol=one.symbol,
        slug=one.slug,
        name=one.name,
        asset_class=one.asset_class,
        currency=one.currency,
        tradable=one.tradable,
    )


def _levels(side: tuple[Level, ...], depth: int, places: int) -> list[_LevelReply]:
    return [(round(p, places), round(q, 8)) for p, q in side[:depth] if isfinite(p) and isfinite(q)]
