import asyncio
import threading
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from unit.sources.crypto import pair
from unit.sources.venue import MIDNIGHT, MINUTE, MS, NOW, BinanceVenue, BybitVenue, played

from marketpulse.errors import BadData, ProviderError, Unavailable, UnknownSymbol
from marketpulse.types import Bars, Book, Quote

BOTH = pytest.mark.parametrize("language", [BinanceVenue, BybitVenue])
SOON = MS + 1000


async def booked(venue) -> Book:
    """Start a stream and bring it to its first book."""
    await venue.start()
    await venue.say(venue.depth, venue.first_change())
    return await venue.next(Book)


@BOTH
def test_a_ticker_becomes_a_quote(language):
    async def scene(venue):
        await venue.start()
        await venue.say(venue.prices, venue.price())
        quote = await venue.next(Quote)
        assert (quote.symbol, quote.price, quote.source) == ("BTC/USDT", 50000.10, venue.source.name)
        assert quote.time == NOW
        assert quote.received == venue.clock.now()
        assert (quote.volume, quote.open, quote.high, quote.low) == (None, None, None, None)

    played(language, scene)


@BOTH
def test_the_running_utc_day_gives_range_and_volume(language):
    async def scene(venue):
        await venue.start()
        await venue.say(venue.days, venue.bar(MIDNIGHT, interval=venue.a_day))
        quote, time = None, MS
        while quote is None or quote.volume is None:  # one socket may overtake the other
            await venue.say(venue.prices, venue.price(time := time + 1))
            quote = await venue.next(Quote)
        assert (quote.open, quote.high, quote.low, quote.volume) == (3.0, 50000.10, 2.0, 7.0)

    played(language, scene)


@BOTH
def test_a_day_that_is_over_says_nothing_about_this_one(language):
    async def scene(venue):
        await venue.start()
        await venue.say(venue.days, venue.bar(MIDNIGHT - 86_400_000, interval=venue.a_day))
        for time in range(MS, MS + 5):
            await venue.say(venue.prices, venue.price(time))
            assert (await venue.next(Quote)).volume is None

    played(language, scene)


@BOTH
def test_a_trade_becomes_a_quote_with_the_latest_bid_and_ask(language):
    async def scene(venue):
        await booked(venue)
        await venue.say(venue.trades, venue.trade("50000.15", SOON))
        quote = await venue.next(Quote)
        assert (quote.price, quote.bid, quote.ask) == (50000.15, 50000.05, 50000.20)
        assert quote.time == NOW + timedelta(seconds=1)

    played(language, scene)


@BOTH
def test_a_tick_out_of_order_is_dropped_and_so_is_a_repetition(language):
    async def scene(venue):
        await venue.start()
        for price, time, told in (
            ("10", 1000, True),
            ("11", 500, False),
            ("10", 1000, False),
            ("12", 1000, True),
            ("13", 2000, True),
        ):
            await venue.say(venue.prices, venue.price(MS + time, **{venue.last: price}))
            if told:
                assert (await venue.next(Quote)).price == float(price)

    played(language, scene)


@BOTH
def test_a_trade_older_than_the_last_price_is_dropped(language):
    async def scene(venue):
        await venue.start()
        await venue.say(venue.prices, venue.price(SOON))
        await venue.next(Quote)
        await venue.say(venue.trades, venue.trade("1", MS))
        await venue.say(venue.trades, venue.trade("2", SOON + 1, 2))
        assert (await venue.next(Quote)).price == 2.0

    played(language, scene)


@BOTH
def test_each_trade_of_a_burst_is_handed_over(language):
    async def scene(venue):
        await venue.start()
        for number in range(50):
            await venue.say(venue.trades, venue.trade(str(100 + number), MS + number, number))
        assert [(await venue.next(Quote)).price for _ in range(50)] == [100.0 + n for n in range(50)]

    played(language, scene)


@BOTH
def test_a_book_is_handed_over_with_its_number(language):
    async def scene(venue):
        book = await booked(venue)
        assert book.bids[0] == (50000.05, 1.0)
        assert book.asks[0] == (50000.20, 0.7)
        assert book.source == venue.source.name
        assert book.time.tzinfo is not None
        assert book.sequence >= 100

    played(language, scene)


def test_binances_changes_are_worked_into_the_snapshot():
    async def scene(venue):
        book = await booked(venue)
        assert book.bids[1] == (50000.00, 1.5)  # from the snapshot
        n = book.sequence + 1
        await venue.say(
            venue.depth, venue.change(n, n + 2, SOON, b=[["50000.05", "0"]], a=[["50000.10", "3"]])
        )
        book = await venue.next(Book)
        assert (book.bids[0], book.asks[0], book.sequence) == ((50000.00, 1.5), (50000.10, 3.0), n + 2)
        # a change that begins inside what is known is the venue's right
        await venue.say(venue.depth, venue.change(n, n + 3, SOON + 1, b=[["50000.02", "2"]], a=[]))
        book = await venue.next(Book)
        assert (book.bids[0], book.sequence) == ((50000.02, 2.0), n + 3)
        # one that holds nothing new changes nothing
        await venue.say(venue.depth, venue.change(n, n + 3, SOON + 2, b=[["50000.02", "9"]], a=[]))
        # a bid that has overtaken an ask proves that ask gone
        await venue.say(venue.depth, venue.change(n + 4, n + 4, SOON + 3, b=[["50000.25", "1"]], a=[]))
        book = await venue.next(Book)
        assert (book.bids[0], book.bids[1], book.asks[0]) == (
            (50000.25, 1.0),
            (50000.02, 2.0),
            (50000.30, 1.0),
        )

    played(BinanceVenue, scene)


def test_a_gap_in_binances_changes_ends_the_stream():
    async def scene(venue):
        await booked(venue)
        await venue.say(venue.depth, venue.change(103, 103, SOON))
        error = await venue.end()
        assert isinstance(error, BadData)
        assert str(error) == "binance: a change of the order book was lost"
        await venue.left_alone()

    played(BinanceVenue, scene)


def test_bybits_changes_are_worked_into_the_snapshot():
    async def scene(venue):
        await booked(venue)
        await venue.say(
            venue.depth, venue.change("delta", 102, SOON, b=[["50000.05", "0"], ["49999", "2"]], a=[])
        )
        book = await venue.next(Book)
        assert (book.bids, book.sequence) == (((49999.0, 2.0),), 102)
        await venue.say(venue.depth, venue.change("delta", 102, SOON, b=[["49999", "8"]], a=[]))  # repeated
        await venue.say(venue.depth, venue.change("delta", 103, SOON + 1, b=[], a=[["50001", "1"]]))
        book = await venue.next(Book)
        assert (book.bids, len(book.asks), book.sequence) == (((49999.0, 2.0),), 2, 103)

    played(BybitVenue, scene)


@pytest.mark.parametrize(
    ("kind", "number", "says"),
    [("delta", 103, "a change of the order book was lost"), ("snapshot", 1, "the order book began anew")],
)
def test_a_gap_in_bybits_changes_ends_the_stream(kind, number, says):
    async def scene(venue):
        await booked(venue)
        await venue.say(venue.depth, venue.change(kind, number, SOON))
        error = await venue.end()
        assert isinstance(error, BadData)
        assert str(error) == f"bybit: {says}"
        await venue.left_alone()

    played(BybitVenue, scene)


def test_a_change_before_bybits_snapshot_is_left_out():
    async def scene(venue):
        await venue.start()
        await venue.say(venue.depth, venue.change("delta", 7))
        await venue.say(venue.depth, venue.change("snapshot", 9, SOON))
        await venue.say(venue.depth, venue.change("snapshot", 8, SOON))  # late
        await venue.say(venue.depth, venue.change("delta", 10, SOON + 1, b=[["50000.06", "1"]], a=[]))
        books = [await venue.next(Book)]
        while books[-1].sequence != 10:
            books.append(await venue.next(Book))
        assert {book.sequence for book in books} <= {9, 10}

    played(BybitVenue, scene)


@BOTH
def test_a_crossed_book_ends_the_stream(language):
    async def scene(venue):
        await booked(venue)
        sides = {"b": [["50000.50", "1"]], "a": [["50000.40", "1"]]}
        await venue.say(venue.depth, venue.next_change(**sides))
        error = await venue.end()
        assert isinstance(error, BadData)
        assert str(error) == f"{venue.source.name}: the book is crossed"

    played(language, scene)


@BOTH
def test_a_minute_is_handed_over_once_it_is_closed(language):
    async def scene(venue):
        await venue.start()
        later = MINUTE + 60_000
        for start, close, time in ((MINUTE, "5", 0), (MINUTE, "6", 1), (later, "4", 2), (later, "3", 3)):
            await venue.say(venue.minutes, venue.bar(start, close, time=MS + time))
        bars = await venue.next(Bars)
        assert len(bars) == 1
        assert bars.time.tolist() == [MINUTE // 1000]
        assert [c[0] for c in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == [3, 9, 2, 6, 7]
        assert bars.source == venue.source.name
        await venue.say(venue.minutes, venue.bar(later + 60_000, "5", time=MS + 4))
        assert (await venue.next(Bars)).close.tolist() == [3.0]
        assert sum(isinstance(told, Bars) for told in venue.said) == 2

    played(language, scene)


@BOTH
@pytest.mark.parametrize(
    "value",
    ["0", "-1", "NaN", "inf", "", "x", None],
    ids=["zero", "minus", "nan", "inf", "empty", "x", "none"],
)
@pytest.mark.parametrize("of", ["price", "trade", "bar", "time"])
def test_a_message_whose_number_cannot_be_ends_the_stream(language, of, value):
    async def scene(venue):
        await venue.start()
        if of == "price":
            await venue.say(venue.prices, venue.price(**{venue.last: value}))
        elif of == "time":
            await venue.say(venue.prices, venue.price(time=value))
        elif of == "trade":
            await venue.say(venue.trades, venue.trade(value))
        else:
            await venue.say(venue.minutes, venue.bar(MINUTE, value, time=MS))
            await venue.say(venue.minutes, venue.bar(MINUTE + 60_000, value, time=MS + 1))
        error = await venue.end()
        assert isinstance(error, ProviderError)
        assert str(error).startswith(f"{venue.source.name}: ")
        assert not venue.news.qsize()
        await venue.left_alone()

    played(language, scene)


@BOTH
@pytest.mark.parametrize(
    "frame", ['{"e":"trade","p":', "<html>", "[1, 2]", '{"e":"24hrTicker","topic":"tickers."}', '"x"']
)
def test_a_message_that_cannot_be_read_ends_the_stream(language, frame):
    async def scene(venue):
        await venue.start()
        await venue.say(venue.prices, frame)
        error = await venue.end()
        assert isinstance(error, BadData), error
        if frame.startswith('{"e":"trade"'):
            assert str(error) == f"{venue.source.name}: a message could not be read"
        await venue.left_alone()

    played(language, scene)


@BOTH
@pytest.mark.parametrize("of", ["prices", "trades", "depth", "minutes"])
def test_a_message_from_the_future_ends_the_stream(language, of):
    async def scene(venue):
        await booked(venue)
        frame = {
            "prices": lambda: venue.price(time=MS + 3_600_000),
            "trades": lambda: venue.trade("1", MS + 3_600_000),
            "depth": lambda: venue.next_change(time=MS + 3_600_000),
            "minutes": lambda: venue.bar(MINUTE, time=MS + 3_600_000),
        }[of]()
        await venue.say(getattr(venue, of), frame)
        error = await venue.end()
        assert isinstance(error, BadData)
        assert str(error) == f"{venue.source.name}: a message from the future"

    played(language, scene)


@BOTH
def test_a_lost_connection_ends_the_stream(language):
    async def scene(venue):
        await booked(venue)
        await venue.hang_up()
        error = await venue.end()
        assert isinstance(error, Unavailable)
        assert str(error) == f"{venue.source.name}: the connection failed"

    played(language, scene)


@BOTH
@pytest.mark.parametrize("speaks", ["prices", "books"])
def test_one_silent_socket_among_others_ends_the_stream(language, speaks):
    async def scene(venue):
        venue.source._wire = replace(venue.source._wire, quiet=0.2)
        await booked(venue)
        time = MS
        while not venue.task.done():  # a venue that goes on speaking
            time += 1
            frame = venue.price(time) if speaks == "prices" else venue.next_change(time, number=time - MS)
            with suppress(ConnectionError):  # it may be closing by now
                await venue.say(venue.prices if speaks == "prices" else venue.depth, frame)
            await asyncio.wait([venue.task], timeout=0.02)
        silent = {"prices": "books", "books": "prices"}[speaks]
        assert isinstance(venue.task.exception(), Unavailable)
        assert f"no {silent} came" in str(venue.task.exception())

    played(language, scene)


@BOTH
def test_a_refused_connection_ends_the_stream(language):
    async def scene(venue):
        await venue.runner.cleanup()
        await venue.start()
        error = await venue.end()
        assert isinstance(error, Unavailable)

    played(language, scene)


@BOTH
def test_canceling_closes_sockets_and_leaves_neither_task_nor_thread(language):
    async def scene(venue):
        before = threading.active_count()
        await booked(venue)
        assert venue.open_sockets() > 0
        await venue.cancel()
        await venue.left_alone()
        assert venue.clients[0].session is None
        assert threading.active_count() == before

    played(language, scene)


@BOTH
def test_canceling_while_the_venue_does_not_answer_ends_in_time(language):
    async def scene(venue):
        venue.mute = True
        await venue.start()
        await venue.dialed.wait()
        await venue.cancel()
        venue.held.set()

    played(language, scene)


@BOTH
def test_being_canceled_twice_still_closes(language):
    async def scene(venue):
        await booked(venue)
        venue.task.cancel()
        await asyncio.sleep(0)
        await venue.cancel()
        assert venue.clients[0].session is None

    played(language, scene)


@BOTH
def test_a_pair_the_venue_does_not_list_is_left_out(language):
    async def scene(venue):
        await venue.start(pair("ZZZ/USDT"), venue.instrument)
        await venue.say(venue.prices, venue.price())
        assert (await venue.next(Quote)).symbol == "BTC/USDT"

    played(language, scene)


@BOTH
def test_no_pair_left_is_an_unknown_symbol(language):
    async def scene(venue):
        await venue.start(pair("ZZZ/USDT"))
        assert isinstance(await venue.end(), UnknownSymbol)

    played(language, scene)


@BOTH
def test_the_list_of_pairs_is_loaded_once(language):
    async def scene(venue):
        for _ in range(2):
            await venue.start()
            await venue.say(venue.prices, venue.price())
            await venue.next(Quote)
            await venue.cancel()
            venue.topics.clear()
        listed = [path for path in venue.asked if path.endswith(("exchangeInfo", "instruments-info"))]
        assert len(listed) == 1

    played(language, scene)


@BOTH
@pytest.mark.parametrize(
    "levels",
    [
        [["50000.05", "x"]],
        [["50000.05", None]],
        [["50000.05"]],
        [["50000.05", "-1"]],
        [["50000.05", "1"], ["50000.05", "2"]],
    ],
    ids=["text", "none", "alone", "minus", "twice"],
)
def test_a_level_that_cannot_be_ends_the_stream_instead_of_being_left_out(language, levels):
    async def scene(venue):
        await booked(venue)
        await venue.say(venue.depth, venue.next_change(b=levels))
        assert isinstance(await venue.end(), BadData)
        await venue.left_alone()

    played(language, scene)


def test_binances_message_inside_another_one_ends_the_stream():
    async def scene(venue):
        await venue.start()
        await venue.say(venue.prices, {"stream": venue.prices, "data": venue.price()})
        assert isinstance(await venue.end(), BadData)
        await venue.left_alone()

    played(BinanceVenue, scene)
