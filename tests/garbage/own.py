"""Kinds of garbage that only one provider can send: its own words, names, rows and notices."""

from collections.abc import Callable
from random import Random

from garbage.bases import CELLS, DAYS, MS, STAMP
from garbage.kinds import Kind, Make
from garbage.trees import GONE, Path, Question, Raw, at, put, written
from garbage.venues import KEY

SPEECH = (
    f"We have detected your key as {KEY}; please visit our page on premium plans to lift all limits at once."
)


def set_to(path: Path, *values: object) -> Make:
    """One of ``values`` in a spot."""
    return lambda rng, question: written(put(question.answer, path, rng.choice(values)))


def instead(*answers: object) -> Make:
    """Another answer altogether."""
    return lambda rng, _question: written(rng.choice(answers))


def numbered(letter: str, rows: list[tuple]) -> tuple[Kind, ...]:
    """Kinds of one provider: what, how, which questions, and why harmless."""
    made = []
    for n, (what, make, only, *why) in enumerate(rows, 1):
        made.append(Kind(f"{letter}{n:02}", what, make, "", tuple(only.split("|")), why[0] if why else ""))
    return tuple(made)


def rows_changed(path: Path, change: Callable[[Random, list], list]) -> Make:
    """Change a list of rows as a whole."""

    def make(rng: Random, question: Question) -> bytes:
        return written(put(question.answer, path, change(rng, list(at(question.answer, path)))))

    return make


def shuffled(rng: Random, rows: list) -> list:
    return rng.sample(rows, len(rows))


def repeated(rng: Random, rows: list) -> list:
    return [row for row in rows for _ in range(rng.randint(1, 3))]


def cell(path: Path, first: object, second: object, factor: float) -> Make:
    """In some row of a list, one cell becomes another one times ``factor``, so that their order breaks."""

    def make(rng: Random, question: Question) -> bytes:
        row = rng.randrange(DAYS)
        old = at(question.answer, (*path, row, first))
        value = float(at(question.answer, (*path, row, second))) * factor * rng.uniform(0.8, 0.99)
        return written(
            put(question.answer, (*path, row, first), repr(value) if isinstance(old, str) else value)
        )

    return make


def some_row(path: Path, column: object, *values: object) -> Make:
    """One of ``values`` in a column of some row."""
    return lambda rng, question: written(
        put(question.answer, (*path, rng.randrange(DAYS), column), rng.choice(values))
    )


# Yahoo

_RESULT: Path = ("chart", "result", 0)
_TABLE: Path = (*_RESULT, "indicators", "quote", 0)


def _event(kind: str, fields: Callable[[Random], dict]) -> Make:
    """A split or a dividend on one of the days."""

    def make(rng: Random, question: Question) -> bytes:
        days = at(question.answer, (*_RESULT, "timestamp"))
        day = days[rng.randrange(DAYS // 4, DAYS)]
        return written(
            put(question.answer, (*_RESULT, "events"), {kind: {str(day): {"date": day, **fields(rng)}}})
        )

    return make


def _split(*parts: tuple[object, object]) -> Make:
    def fields(rng: Random) -> dict:
        new, old = rng.choice(parts)
        return {"numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}

    return _event("splits", fields)


def _paid(*amounts: object) -> Make:
    return _event("dividends", lambda rng: {"amount": rng.choice(amounts)})


def _inverted(rng: Random, question: Question) -> bytes:
    """High and low of a day change places."""
    day = rng.randrange(DAYS)
    high, low = (at(question.answer, (*_TABLE, name, day)) for name in ("high", "low"))
    answer = put(question.answer, (*_TABLE, "high", day), low * 0.99)
    return written(put(answer, (*_TABLE, "low", day), high))


def _columns_of_another_length(rng: Random, question: Question) -> bytes:
    name = rng.choice((*CELLS, "volume"))
    column = at(question.answer, (*_TABLE, name))
    return written(put(question.answer, (*_TABLE, name), column[: rng.randrange(1, DAYS)]))


def _days_out_of_order(rng: Random, question: Question) -> bytes:
    """Whole days change places; times alone would give a day another day's prices, which nobody can see."""
    order = rng.sample(range(DAYS), DAYS)
    answer = put(
        question.answer,
        (*_RESULT, "timestamp"),
        [at(question.answer, (*_RESULT, "timestamp", n)) for n in order],
    )
    for name in (*CELLS, "volume"):
        answer = put(answer, (*_TABLE, name), [at(question.answer, (*_TABLE, name, n)) for n in order])
    return written(answer)


def _no_columns(rng: Random, question: Question) -> bytes:
    return written(put(question.answer, (*_TABLE, rng.choice((*CELLS, "volume"))), GONE))


def _refusal(code: str, words: str) -> dict:
    return {"chart": {"result": None, "error": {"code": code, "description": words}}}


YAHOO = numbered(
    "Y",
    [
        ("another symbol comes back", set_to((*_RESULT, "meta", "symbol"), "MSFT", "AAPL.MX", ""), "quote"),
        ("bars of another symbol", set_to((*_RESULT, "meta", "symbol"), "MSFT", "AAPL.L", "^GSPC"), "bars"),
        (
            "another currency",
            set_to((*_RESULT, "meta", "currency"), "MXN", "GBp", "EUR", "ILA", 7),
            "quote|bars",
        ),
        (
            "weeks instead of days",
            set_to((*_RESULT, "meta", "dataGranularity"), "1wk", "1mo", "1h"),
            "quote|bars",
        ),
        ("high and low of a day change places", _inverted, "bars"),
        ("a column is shorter than the others", _columns_of_another_length, "bars"),
        ("a column is missing", _no_columns, "bars"),
        (
            "a day's volume is negative or no number",
            lambda r, q: written(
                put(q.answer, (*_TABLE, "volume", r.randrange(DAYS)), r.choice((-1, -1e12, "x", [])))
            ),
            "bars",
        ),
        ("days out of order", _days_out_of_order, "bars"),
        ("times repeated, so that columns differ", rows_changed((*_RESULT, "timestamp"), repeated), "bars"),
        ("a split of nothing", _split((0, 1), (1, 0), (0, 0)), "bars"),
        ("a negative split", _split((-4, 1), (4, -1)), "bars"),
        ("a split that is no number", _split((None, 1), ("4", "x"), (Raw("NaN"), 1), ([], 1)), "bars"),
        ("a split of millions", _split((1e9, 1), (1, 1e9), (1e300, 1e-300)), "bars"),
        ("a split that the bars held deny", _split((4, 1), (2, 1), (1, 10), (20, 1)), "bars"),
        ("a dividend larger than the price", _paid(200.0, 1e9, 1e300), "bars"),
        ("a negative dividend", _paid(-0.24, -1e9), "bars"),
        ("a dividend that is no number", _paid(None, "x", Raw("NaN"), Raw("1e999"), [], {}), "bars"),
        (
            "events of another shape",
            set_to((*_RESULT, "events"), [], "x", {"splits": []}, {"splits": 7}),
            "bars",
        ),
        (
            "the adjusted closes are nonsense",
            set_to((*_RESULT, "indicators", "adjclose"), [{}], [], None),
            "bars",
        ),
        (
            "an error object",
            instead(_refusal("Internal Server Error", SPEECH), _refusal(KEY, KEY)),
            "quote|bars",
        ),
        ("an error without words", instead(_refusal("", ""), {"chart": {"error": None}}), "quote|bars"),
        (
            "finance's envelope",
            instead({"finance": {"result": None, "error": {"description": SPEECH}}}),
            "quote",
        ),
        (
            "results of two symbols",
            rows_changed(("chart", "result"), lambda _r, rows: [{}, *rows]),
            "quote|bars",
        ),
        ("no days at all", set_to((*_RESULT, "timestamp"), [], None, GONE), "bars"),
    ],
)

# Finnhub

_ROW = {"s": "AAPL", "p": 181.5, "t": MS - 3_000, "v": 100}


def _trades(*rows: object) -> dict:
    return {"type": "trade", "data": list(rows)}


FINNHUB_FRAMES = [
    ("an error message", instead({"type": "error", "msg": SPEECH}, {"type": "error", "msg": None}), "trade"),
    ("a message of an unknown type", instead({"type": "news", "data": []}, {"type": None}, {}), "trade"),
    ("a ping, and nothing else", instead({"type": "ping"}), "trade"),
    (
        "trades of another share",
        instead(_trades({**_ROW, "s": "MSFT"}), _trades({**_ROW, "s": "aapl"})),
        "trade",
    ),
    (
        "trades without a share",
        instead(_trades({**_ROW, "s": None}), _trades({**_ROW, "s": ["AAPL"]})),
        "trade",
    ),
    ("no trades", instead(_trades(), {"type": "trade", "data": None}, {"type": "trade"}), "trade"),
    ("trades that are no objects", instead(_trades([]), _trades(1, 2), _trades(None), _trades("x")), "trade"),
    (
        "a good trade beside one that cannot be",
        instead(_trades(_ROW, {**_ROW, "p": -1}), _trades(_ROW, 0)),
        "trade",
    ),
]

FINNHUB = numbered(
    "F",
    [
        ("an error object", instead({"error": SPEECH}, {"error": None}, {"error": {"key": KEY}}), "quote"),
        (
            "zeros, its word for an unknown symbol",
            instead({"c": 0, "d": None, "dp": None, "h": 0, "l": 0, "o": 0, "pc": 0, "t": 0}),
            "quote",
        ),
        ("a price without its time", set_to(("t",), GONE, 0, None), "quote"),
        ("only yesterday's close", instead({"pc": 181.0}, {"pc": 181.0, "t": STAMP}), "quote"),
        ("the price outside its own day", set_to(("c",), 190.0, 175.0, 181.5 * 1.5), "quote"),
        (
            "a jump by half within its own day",
            instead({"c": 272.0, "h": 273, "l": 181, "o": 181, "t": STAMP}),
            "quote",
        ),
        ("a list of quotes", instead([{"c": 181.5, "t": STAMP}], []), "quote"),
        *FINNHUB_FRAMES,
    ],
)

# Alpha Vantage

_SERIES = "Time Series (Daily)"


def _dated(*days: str) -> Make:
    """A row with an impossible date; or a possible one where there can be none."""

    def make(rng: Random, question: Question) -> bytes:
        series = at(question.answer, (_SERIES,))
        row = rng.choice(list(series.values()))
        return written(put(question.answer, (_SERIES,), {rng.choice(days): row, **series}))

    return make


def _day(rng: Random, question: Question) -> str:
    return rng.choice(list(at(question.answer, (_SERIES,))))


def _day_set(column: str, *values: object) -> Make:
    return lambda r, q: written(put(q.answer, (_SERIES, _day(r, q), column), r.choice(values)))


def _day_inverted(rng: Random, question: Question) -> bytes:
    day = _day(rng, question)
    answer = put(question.answer, (_SERIES, day, "2. high"), "100.0000")
    return written(put(answer, (_SERIES, day, "3. low"), f"{rng.uniform(190, 250):.4f}"))


ALPHAVANTAGE = numbered(
    "A",
    [
        (
            "Information: the day's requests are used up",
            instead({"Information": SPEECH + " 25 per day"}),
            "bars",
        ),
        (
            "Information about a premium endpoint",
            instead({"Information": SPEECH + " premium endpoint"}),
            "bars",
        ),
        ("a Note about calls a minute", instead({"Note": SPEECH + " 5 calls per minute"}), "bars"),
        (
            "an Error Message",
            instead({"Error Message": SPEECH}, {"Error Message": "Invalid API call."}),
            "bars",
        ),
        (
            "a notice that is no sentence",
            instead({"Information": None}, {"Note": []}, {"Note": {"a": KEY}}),
            "bars",
        ),
        ("another symbol", set_to(("Meta Data", "2. Symbol"), "MSFT", "AAPL.LON", None, "", 7), "bars"),
        ("no head", set_to(("Meta Data",), GONE, None, [], "x"), "bars"),
        (
            "weeks instead of days",
            lambda _r, q: written(
                {"Meta Data": q.answer["Meta Data"], "Weekly Time Series": q.answer[_SERIES]}
            ),
            "bars",
        ),
        ("a date that is none", _dated("2026-13-45", "", "yesterday", "0000-00-00", "09/03/2026"), "bars"),
        ("a date in the future", _dated("2026-03-10", "2027-01-04", "9999-12-31"), "bars"),
        ("a date long ago", _dated("1970-01-01", "0001-01-01", "1999-12-31"), "bars"),
        ("a time beside the date", _dated("2026-03-09 15:00:00", "2026-03-06T00:00:00Z"), "bars"),
        ("high and low of a day change places", _day_inverted, "bars"),
        (
            "a day's volume is negative or no number",
            _day_set("5. volume", "-1", "NaN", "x", None, [], "inf"),
            "bars",
        ),
        (
            "a day is no object",
            lambda r, q: written(put(q.answer, (_SERIES, _day(r, q)), r.choice((None, [], 7)))),
            "bars",
        ),
        (
            "days out of order",
            lambda r, q: written(
                put(q.answer, (_SERIES,), dict(r.sample(list(q.answer[_SERIES].items()), DAYS)))
            ),
            "bars",
        ),
    ],
)

# Alpaca

_BARS: Path = ("bars", "AAPL")
_A_TRADE = {"T": "t", "S": "AAPL", "p": 181.5, "s": 100, "t": "2026-03-09T14:59:57.5Z"}

_CODES = ("406", None, -1, 10**30, [], True)
_SHARES = ("MSFT", "aapl", None, [], {})

ALPACA_FRAMES = [
    ("an error", instead([{"T": "error", "code": 406, "msg": SPEECH}], [{"T": "error"}]), "alpaca trade"),
    (
        "an error of an odd code",
        instead(*([{"T": "error", "code": c, "msg": KEY}] for c in _CODES)),
        "alpaca trade",
    ),
    ("a message of an unknown type", instead([{"T": "q"}], [{"T": None}], [{}], []), "alpaca trade"),
    ("trades of another share", instead(*([{**_A_TRADE, "S": share}] for share in _SHARES)), "alpaca trade"),
    ("a message that is no list", instead(_A_TRADE, 7, "x", None), "alpaca trade"),
    (
        "a good trade beside nonsense",
        instead([_A_TRADE, 7], [_A_TRADE, {**_A_TRADE, "p": 0}]),
        "alpaca trade",
    ),
]

ALPACA = numbered(
    "P",
    [
        ("an error object", instead({"message": SPEECH}, {"code": 40310000, "message": KEY}), "quote|bars"),
        ("another symbol", lambda _r, q: written({"MSFT": q.answer["AAPL"]}), "quote"),
        ("bars of another symbol", instead({"bars": {"MSFT": []}}, {"bars": {}}, {"bars": None}), "bars"),
        (
            "a crossed pair",
            set_to(("AAPL", "latestQuote"), {"bp": 182.0, "ap": 181.0}, {"bp": 181.6, "ap": 181.5}),
            "quote",
        ),
        ("the pair far from the price", set_to(("AAPL", "latestQuote"), {"bp": 90.0, "ap": 90.1}), "quote"),
        ("a trade without a time zone", set_to(("AAPL", "latestTrade", "t"), "2026-03-09T14:59:57"), "quote"),
        ("the price outside its own day", set_to(("AAPL", "latestTrade", "p"), 190.0, 170.0), "quote"),
        ("a day's bar without a time", set_to(("AAPL", "dailyBar", "t"), None, "x", 7, []), "quote"),
        ("high below the close", cell(_BARS, "h", "c", 0.99), "bars"),
        ("low above the open", cell(_BARS, "l", "o", 1.3), "bars"),
        (
            "a day's volume is negative or no number",
            some_row(_BARS, "v", -1, None, Raw("NaN"), "x", []),
            "bars",
        ),
        ("bars out of order", rows_changed(_BARS, shuffled), "bars"),
        ("bars repeated", rows_changed(_BARS, repeated), "bars"),
        ("bars that are no objects", set_to(_BARS, [1], [None], ["x"], {"t": 1}, "x", [[]]), "bars"),
        ("a page token that is none", set_to(("next_page_token",), [], {}, ""), "bars"),
        *ALPACA_FRAMES,
    ],
)
