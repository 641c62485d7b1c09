"""Kinds of garbage that only a crypto venue, or only a stream, can send."""

from random import Random

from garbage.bases import MS
from garbage.kinds import Kind
from garbage.own import (
    ALPACA_FRAMES,
    FINNHUB_FRAMES,
    SPEECH,
    cell,
    instead,
    numbered,
    repeated,
    rows_changed,
    set_to,
    shuffled,
    some_row,
)
from garbage.trees import GONE, Path, Question, Raw, at, put, written
from garbage.venues import KEY

THINNER = "a level without a quantity is gone, and the others are true"
IN_ORDER = "levels are put in order, and each of them is true"
AS_ONE = "bid equal to ask says nothing of the spread; the price stands without them"


def _books(bids: Path, asks: Path, only: str) -> list[tuple]:
    """What can be wrong with an order book; the two paths lead to its sides."""

    def both(*pairs: tuple[object, object]):
        def make(rng: Random, question: Question) -> bytes:
            buy, sell = rng.choice(pairs)
            return written(put(put(question.answer, bids, buy), asks, sell))

        return make

    def quantity(*values: object):
        def make(rng: Random, question: Question) -> bytes:
            side = rng.choice((bids, asks))
            level = rng.randrange(len(at(question.answer, side)))
            return written(put(question.answer, (*side, level, 1), rng.choice(values)))

        return make

    def swapped(rng: Random, question: Question) -> bytes:
        del rng
        buy, sell = at(question.answer, bids), at(question.answer, asks)
        return written(put(put(question.answer, bids, sell), asks, buy))

    def twice(rng: Random, question: Question) -> bytes:
        side = rng.choice((bids, asks))
        levels = at(question.answer, side)
        return written(put(question.answer, side, [*levels, [levels[0][0], "9"]]))

    def reversed_(rng: Random, question: Question) -> bytes:
        side = rng.choice((bids, asks))
        return written(put(question.answer, side, at(question.answer, side)[::-1]))

    high, low = [["50000.50", "1"]], [["50000.40", "1"]]
    return [
        ("a crossed book", both((high, low), ([["50100", "1"]], [["50000", "1"]])), only),
        ("a locked book", both((high, high)), only),
        ("bids and asks changed places", swapped, only),
        ("a side without levels", both(([], high), (low, []), ([], [])), only),
        ("a side that is no list", both((None, high), (low, "x"), ({}, 7), (low, {"50001": "1"})), only),
        (
            "levels that are no pairs",
            both(([[]], high), ([["1"]], high), (["50000"], high), ([None], high)),
            only,
        ),
        ("a price named twice", twice, only),
        ("a negative quantity", quantity("-1", "-0.5", -1e9), only),
        ("a quantity that is no number", quantity("NaN", "x", "", None, [], "inf", Raw("1e999")), only),
        ("a whole book far from the last price", both(([["70000", "1"]], [["70001", "1"]])), only),
        ("a whole book a hundred times too high", both(([["5000000", "1"]], [["5000001", "1"]])), only),
        ("a quantity of zero", quantity("0", "0.000", 0), only, THINNER),
        ("levels the other way round", reversed_, only, IN_ORDER),
    ]


def _bars(path: Path, low: int) -> list[tuple]:
    """What can be wrong with a venue's rows; ``low`` is the column of the low."""
    high, volume = low - 1, low + 2
    return [
        ("high below the close", cell(path, high, low + 1, 0.99), "bars"),
        ("low above the open", cell(path, low, low - 2, 1.3), "bars"),
        (
            "a volume that is negative or no number",
            some_row(path, volume, "-1", "NaN", "inf", "x", None, []),
            "bars",
        ),
        ("bars out of order", rows_changed(path, shuffled), "bars"),
        ("bars repeated", rows_changed(path, repeated), "bars"),
        (
            "rows too short",
            rows_changed(path, lambda r, rows: [row[: r.randint(0, 5)] for row in rows]),
            "bars",
        ),
        (
            "rows that are no lists",
            set_to(path, [1, 2], [None], ["x"], [{}], "x", {"a": []})
            if path
            else instead([1], [None], "x", [{}]),
            "bars",
        ),
    ]


_LOCKED = "the pair is locked"

BINANCE = numbered(
    "B",
    [
        (
            "an error object",
            instead({"code": -1003, "msg": SPEECH}, {"code": -1121, "msg": KEY}),
            "quote|bars|book|day",
        ),
        (
            "an error with an odd code",
            instead({"code": "x", "msg": None}, {"code": 0, "msg": KEY}),
            "quote|bars|book",
        ),
        ("another pair", set_to(("symbol",), "ETHUSDT", "btcusdt", "BTC/USDT", None, GONE), "quote"),
        ("a crossed pair", set_to(("bidPrice",), "50000.30", "50500.00"), "quote"),
        ("the pair far from the price", set_to(("askPrice",), "40000.00", "150000.00"), "quote"),
        (_LOCKED, set_to(("bidPrice",), "50000.20"), "quote", AS_ONE),
        ("a list of tickers", lambda _r, q: written([q.answer]), "quote"),
        ("a number that is none", set_to(("lastUpdateId",), None, "x", -1, 0, [], Raw("NaN"), GONE), "book"),
        *_books(("bids",), ("asks",), "book"),
        *_bars((), 3),
    ],
)

_ONE: Path = ("result", "list", 0)
_CODES = (10001, 10006, 10018, 10016, 170140, "10001", -1, None)

BYBIT = numbered(
    "V",
    [
        (
            "a code that is not zero",
            lambda r, q: written({**q.answer, "retCode": r.choice(_CODES), "retMsg": SPEECH, "result": {}}),
            "quote|bars|book|day",
        ),
        (
            "a code beside a good answer",
            lambda _r, q: written({**q.answer, "retCode": 10016, "retMsg": KEY}),
            "quote|bars|book|day",
        ),
        ("no result", set_to(("result",), None, {}, [], "x", GONE), "quote|bars|book"),
        ("another pair", set_to((*_ONE, "symbol"), "ETHUSDT", "btcusdt", None, GONE), "quote"),
        ("bars of another pair", set_to(("result", "symbol"), "ETHUSDT", "", None, GONE), "bars|day"),
        ("a book of another pair", set_to(("result", "s"), "ETHUSDT", "", None, GONE), "book"),
        ("a crossed pair", set_to((*_ONE, "bid1Price"), "50000.30", "50500.00"), "quote"),
        ("the pair far from the price", set_to((*_ONE, "ask1Price"), "40000.00", "150000.00"), "quote"),
        (_LOCKED, set_to((*_ONE, "bid1Price"), "50000.20"), "quote", AS_ONE),
        ("no ticker in the list", set_to(("result", "list"), [], None, [None], ["x"], {}), "quote"),
        ("a number that is none", set_to(("result", "u"), None, "x", -1, 0, [], Raw("NaN"), GONE), "book"),
        *_books(("result", "b"), ("result", "a"), "book"),
        *_bars(("result", "list"), 3),
    ],
)

_STREAMS = "binance ticker|binance trade|binance minute|bybit ticker|bybit trade|bybit book|bybit minute"

STREAMS: tuple[Kind, ...] = numbered(
    "S",
    [
        (
            "a venue's refusal",
            instead({"error": {"code": 2, "msg": SPEECH}, "id": 1}, {"code": -1003, "msg": KEY}),
            _STREAMS,
        ),
        (
            "an operation that failed",
            instead({"success": False, "ret_msg": SPEECH, "op": "subscribe", "req_id": "1"}),
            _STREAMS,
        ),
        (
            "an event nobody asked for",
            instead({"e": "listenKeyExpired"}, {"e": None}, {"e": []}, {"e": "x"}),
            "binance ticker",
        ),
        (
            "a topic nobody asked for",
            instead({"topic": "x"}, {"topic": ""}, {"topic": "kline."}, {"topic": 7}),
            "bybit ticker",
        ),
        (
            "a price of another pair",
            set_to(("s",), "ETHUSDT", "XXXUSDT", "", None, []),
            "binance ticker|binance trade",
        ),
        (
            "another pair in the data",
            set_to(("data", "symbol"), "ETHUSDT", "", None, [], GONE),
            "bybit ticker",
        ),
        ("trades that are no list", set_to(("data",), None, "x", 7, {"p": 1}, [None], [7]), "bybit trade"),
        ("a bar of another length", set_to(("k", "i"), "1h", "1w", "", None, []), "binance minute"),
        ("a bar without its start", set_to(("k", "t"), None, "x", [], -1, GONE, 0), "binance minute"),
        (
            "bars without their start",
            set_to(("data", 0, "start"), None, "x", [], -1, GONE, 0),
            "bybit minute",
        ),
        ("a bar from the future", set_to(("k", "t"), MS + 86_400_000, MS + 3_600_000), "binance minute"),
        ("a minute whose high lies below its low", set_to(("k", "h"), "1", "49000"), "binance minute"),
        ("a bar whose high lies below its low", set_to(("data", 0, "high"), "1", "49000"), "bybit minute"),
        (
            "a minute's volume is negative or no number",
            set_to(("k", "v"), "-1", "NaN", "x", None, [], "inf"),
            "binance minute",
        ),
        (
            "a bar's volume is negative or no number",
            set_to(("data", 0, "volume"), "-1", "NaN", "x", None, []),
            "bybit minute",
        ),
        ("a book's number that is none", set_to(("data", "u"), None, "x", -1, 0, [], GONE), "bybit book"),
        ("a change before any book", set_to(("type",), "delta"), "bybit book"),
        ("a book of another pair", set_to(("data", "s"), "ETHUSDT", "", None, [], GONE), "bybit book"),
        *_books(("data", "b"), ("data", "a"), "bybit book"),
        *FINNHUB_FRAMES,
        *ALPACA_FRAMES,
    ],
)
