"""The person's own list of instruments: a CSV file, each bad row with its reason, the good ones kept.

The first line names the columns: ``symbol``, and as many of ``name, asset_class, currency, tick, lot,
calendar, sector`` as are wanted, in any order. What a row leaves empty follows from the symbol's shape:

- ``AVAX/USDT``: crypto, quoted in what stands after the stroke, ``24/7``; tick 0.0001 and lot 0.0001,
  since the venue's steps are not known here (a pair below a cent needs a tick of its own)
- ``TSLA``, ``BRK-B``: equity, USD, XNYS, tick 0.01, lot 1
- ``^NDX``: the same, as an index, which is never ordered

What is quoted in another currency than USD and USDT can be traded only where a venue that is routed
trades in it (rupees, with Kite); an index may be in any. A share that is not 1 to 10 capitals, dots and hyphens (a foreign one)
must name its class, currency and calendar itself.
"""

import csv
import difflib
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from marketpulse.clock import ALWAYS
from marketpulse.market.sectors import sector
from marketpulse.market.sessions import Sessions
from marketpulse.types import AssetClass, Instrument

__all__ = ["calendar_exists", "calendar_reaches", "read_watchlist"]

_MOST_ROWS = 500
_MOST_BYTES = 1_000_000
_COLUMNS = ("symbol", "name", "asset_class", "currency", "tick", "lot", "calendar", "sector")
_LENGTHS = {
    "symbol": 21,
    "name": 60,
    "asset_class": 20,
    "currency": 10,
    "tick": 20,
    "lot": 20,
    "calendar": 20,
    "sector": 40,
}
_BASE = ("USD", "USDT")
_PAIR = re.compile(r"[A-Z0-9]{1,10}/[A-Z0-9]{2,10}")
_PLAIN = re.compile(r"\^?[A-Z][A-Z.\-]{0,9}")
_FOREIGN = re.compile(r"\^?[A-Z0-9][A-Z0-9.\-]{0,19}")
_PLAIN_LENGTH = 10
_FORMULA = ("=", "+", "-", "@")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NO_NUMBERS = {"nan", "snan", "inf", "infinity"}
_LEAST, _GREATEST = Decimal("1e-12"), Decimal(1_000_000)
_STEPS = {
    AssetClass.CRYPTO: ("0.0001", "0.0001"),
    AssetClass.EQUITY: ("0.01", "1"),
    AssetClass.INDEX: ("0.01", "1"),
}
_NOUNS = {AssetClass.CRYPTO: "a pair", AssetClass.EQUITY: "a share", AssetClass.INDEX: "an index"}
_SMALLEST_ORDER = {AssetClass.CRYPTO: Decimal(5), AssetClass.EQUITY: Decimal(1), AssetClass.INDEX: Decimal(0)}


class _BadRowError(Exception):
    """One row cannot be used; the text completes "Watchlist line 7: ..."."""


def calendar_exists(name: str) -> bool:
    """Tell whether ``name`` is a calendar; whether it reaches as far as this year is another question."""
    return name in {ALWAYS, "XNYS"} or name in _calendars()


def calendar_reaches(now: datetime) -> Callable[[str], bool]:
    """Return a function that tells whether a calendar's sessions around ``now`` can be told.

    Some exchanges publish their holidays a year ahead only, so that a calendar ends with the year.
    """
    from exchange_calendars.errors import CalendarError  # noqa: PLC0415 (as in _calendars)

    sessions = Sessions()

    def works(calendar: str) -> bool:
        try:
            info = sessions.info(calendar, now)
        except (CalendarError, LookupError, NotImplementedError, ValueError):
            return False
        return info.changes is not None or calendar == ALWAYS

    return works


def read_watchlist(
    text: str | Path,
    known: Mapping[str, Instrument],
    works: Callable[[str], bool] = calendar_exists,
    further: Collection[str] = (),
) -> tuple[tuple[Instrument, ...], tuple[str, ...]]:
    """Read a watchlist; what is written in it never raises.

    Parameters
    ----------
    text : the file's text, or its path (UTF-8, at most 1 MB and 500 rows)
    known : what the desk follows anyway, by symbol
    works : whether sessions of a calendar can be told; ``calendar_reaches(now)`` looks closely, which
        takes a second for each foreign calendar
    further : currencies that can be traded in beside USD and USDT, since a venue that is routed does

    Returns
    -------
    tuple of Instrument
        The usable rows, in the file's order.
    tuple of str
        One sentence for each thing that was not usable.
    """
    content, trouble = _open(text) if isinstance(text, Path) else (text, "")
    if not trouble and len(content.encode("utf-8", "surrogatepass")) > _MOST_BYTES:
        trouble = "The watchlist is larger than 1 MB, so none of it is used."
    if trouble:
        return (), (trouble,)
    return _Reader(known, works, (*_BASE, *further)).read(content)


def _open(path: Path) -> tuple[str, str]:
    """Return the file's text, or a sentence that says why there is none."""
    shown = _shown(str(path), 200)
    try:
        if not path.is_file():
            return "", f"There is no watchlist file {shown}, so only the desk's own instruments are followed."
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        if len(content) > _MOST_BYTES:
            return "", "The watchlist is larger than 1 MB, so none of it is used."
        return "", f"The watchlist {shown} is not UTF-8 text, so none of it is used."
    except (OSError, ValueError):  # ValueError: a path with a zero byte
        return "", f"The watchlist {shown} could not be read, so none of it is used."


class _Reader:
    """One pass over one text."""

    def __init__(
        self, known: Mapping[str, Instrument], works: Callable[[str], bool], traded: Collection[str]
    ) -> None:
        self._known = known
        self._works = works
        self._traded = traded
        self._columns: tuple[str, ...] = ()  # in the file's order
        self._taken: dict[str, int] = {}  # slug -> line
        self._slugs = {instrument.slug: symbol for symbol, instrument in known.items()}
        self._good: list[Instrument] = []
        self._problems: list[str] = []

    def read(self, content: str) -> tuple[tuple[Instrument, ...], tuple[str, ...]]:
        rows = 0
        for number, line in enumerate(re.split(r"\r\n|\r|\n", content.removeprefix("\ufeff")), 1):
            if not line.strip(" \t,") or line.lstrip().startswith("#"):
                continue
            if not self._columns:
                if not self._take_header(number, line):
                    break
                continue
            rows += 1
            if rows > _MOST_ROWS:
                self._say(number, f"only the first {_MOST_ROWS} rows are read, and the rest is left out")
                break
            self._take_row(number, line)
        if not self._columns and not self._problems:
            self._problems.append("The watchlist is empty.")
        return tuple(self._good), tuple(self._problems)

    def _say(self, number: int, reason: str) -> None:
        self._problems.append(f"Watchlist line {number}: {reason}.")

    def _take_header(self, number: int, line: str) -> bool:
        """Read the line that names the columns; False when nothing can be read without one."""
        try:
            names = tuple(cell.lower() for cell in _cells(line))
        except _BadRowError as error:
            self._say(number, f"{error}, so none of the list is used")
            return False
        if "symbol" not in names or len(set(names)) < len(names):
            hint = (
                "; columns are parted by commas"
                if re.match(r"\s*symbol\s*[;\t|]", line, re.IGNORECASE)
                else ""
            )
            self._say(number, f"the first line must name the columns, symbol among them, each once{hint}")
            return False
        for name in names:
            if name not in _COLUMNS:
                self._say(
                    number, f"the column {_shown(name)} is not known and is left out{_near(name, _COLUMNS)}"
                )
        self._columns = names
        return True

    def _take_row(self, number: int, line: str) -> None:
        try:
            instrument = _instrument(self._row(line), self._works, self._traded)
            self._refuse_repeated(instrument)
        except _BadRowError as error:
            self._say(number, str(error))
        else:
            self._taken[instrument.slug] = number
            self._good.append(instrument)

    def _row(self, line: str) -> dict[str, str]:
        """Return the known columns that the line fills."""
        cells, names = _cells(line), self._columns
        if len(cells) != len(names):
            raise _BadRowError(f"it has {len(cells)} columns where the first line names {len(names)}")
        return {n: c for n, c in zip(names, cells, strict=True) if n in _COLUMNS and c}

    def _refuse_repeated(self, instrument: Instrument) -> None:
        """Two instruments of one slug would share one address."""
        symbol, slug = instrument.symbol, instrument.slug
        if symbol in self._known:
            raise _BadRowError(f"{symbol} is on the desk anyway")
        if slug in self._slugs:
            raise _BadRowError(
                f"{symbol} would share an address with {self._slugs[slug]}, which is on the desk"
            )
        if slug in self._taken:
            raise _BadRowError(f"{symbol} stands in line {self._taken[slug]} already")


def _cells(line: str) -> list[str]:
    """Split one line; a quoted cell ends on its own line."""
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        raise _BadRowError("its quotes do not match") from None
    return [cell.strip(" \t") for cell in (rows[0] if rows else [])]


def _instrument(row: Mapping[str, str], works: Callable[[str], bool], traded: Collection[str]) -> Instrument:
    """Make an instrument of one row's filled cells."""
    for column, cell in row.items():
        _check_cell(column, cell)
    symbol = row.get("symbol", "")
    if not symbol:
        raise _BadRowError("the symbol is missing")
    kind = _class_of(symbol, row.get("asset_class"))
    _check_symbol(symbol, kind, row)
    tick, lot = (
        _step(row.get(n, default), n) for n, default in zip(("tick", "lot"), _STEPS[kind], strict=True)
    )
    return Instrument(
        symbol,
        row.get("name", symbol),
        kind,
        _currency(symbol, kind, row.get("currency"), traded),
        _calendar(kind, row.get("calendar"), works),
        tick,
        lot,
        min_notional=_SMALLEST_ORDER[kind],
        sector=row.get("sector") or sector(symbol),
    )


def _check_cell(column: str, cell: str) -> None:
    if any(unicodedata.category(letter).startswith(("C", "Zl", "Zp")) for letter in cell):
        raise _BadRowError(f"the {_words(column)} holds control characters")
    if len(cell) > _LENGTHS[column]:
        raise _BadRowError(f"the {_words(column)} is longer than {_LENGTHS[column]} characters")
    if column not in {"tick", "lot"} and cell.startswith(_FORMULA):
        raise _BadRowError(f"the {_words(column)} {_shown(cell)} looks like a formula")
    if column in {"tick", "lot"} and cell.startswith(("=", "@")):
        raise _BadRowError(f"the {_words(column)} {_shown(cell)} looks like a formula")


def _class_of(symbol: str, given: str | None) -> AssetClass:
    """Return the class a row names, or the one its symbol's shape means; they must not disagree."""
    shape = (
        AssetClass.CRYPTO
        if "/" in symbol
        else AssetClass.INDEX
        if symbol.startswith("^")
        else AssetClass.EQUITY
    )
    if given is None:
        return shape
    try:
        kind = AssetClass(given.lower())
    except ValueError:
        raise _BadRowError(f"the asset class {_shown(given)} is not one of equity, crypto, index") from None
    if (kind is AssetClass.CRYPTO) != (shape is AssetClass.CRYPTO):
        raise _BadRowError(f"{_shown(symbol)} is not the symbol of {_NOUNS[kind]}")
    if shape is AssetClass.INDEX and kind is not shape:
        raise _BadRowError(f"{_shown(symbol)} is an index, not {_NOUNS[kind]}")
    return kind


def _check_symbol(symbol: str, kind: AssetClass, row: Mapping[str, str]) -> None:
    if symbol != symbol.upper():
        raise _BadRowError(f"the symbol {_shown(symbol)} is not in capitals")
    if kind is AssetClass.CRYPTO:
        base, _, quoted = symbol.partition("/")
        if not _PAIR.fullmatch(symbol) or base == quoted:
            raise _BadRowError(f"{_shown(symbol)} is not a pair such as AVAX/USDT")
        return
    if _PLAIN.fullmatch(symbol) and len(symbol) <= _PLAIN_LENGTH and symbol[-1] not in ".-":
        return
    if not _FOREIGN.fullmatch(symbol) or symbol[-1] in ".-":
        raise _BadRowError(f"the symbol {_shown(symbol)} is not 1 to 10 capitals, dots or hyphens")
    if not {"asset_class", "currency", "calendar"} <= set(row):
        raise _BadRowError(
            f"the symbol {_shown(symbol)} needs its asset_class, currency and calendar in the list"
        )


def _step(text: str, column: str) -> Decimal:
    """Read a tick or a lot."""
    if text.lstrip("+-").lower() in _NO_NUMBERS:
        raise _BadRowError(f"the {column} {_shown(text)} is not a finite number")
    if not _NUMBER.fullmatch(text):
        raise _BadRowError(f"the {column} {_shown(text)} is not a number such as 0.01")
    value = Decimal(text)
    if value <= 0:
        raise _BadRowError(f"the {column} {_shown(text)} is {'zero' if value == 0 else 'negative'}")
    if not _LEAST <= value <= _GREATEST:
        raise _BadRowError(f"the {column} {_shown(text)} is not between 1e-12 and 1,000,000")
    return value


def _currency(symbol: str, kind: AssetClass, given: str | None, traded: Collection[str]) -> str:
    quoted = symbol.partition("/")[2] if kind is AssetClass.CRYPTO else None
    currency = given or quoted or "USD"
    if quoted is not None and currency != quoted:
        raise _BadRowError(f"{symbol} is quoted in {quoted}, not in {_shown(currency)}")
    if not re.fullmatch(r"[A-Z0-9]{2,10}", currency):
        raise _BadRowError(f"the currency {_shown(currency)} is not a code such as USD")
    if kind is not AssetClass.INDEX and currency not in traded:
        raise _BadRowError(f"{symbol} trades in {currency}, and the desk trades in {' or '.join(traded)}")
    return currency


def _calendar(kind: AssetClass, given: str | None, works: Callable[[str], bool]) -> str:
    calendar = given or (ALWAYS if kind is AssetClass.CRYPTO else "XNYS")
    if (calendar == ALWAYS) != (kind is AssetClass.CRYPTO):
        raise _BadRowError(f"the calendar of {_NOUNS[kind]} is not {_shown(calendar)}")
    if calendar_exists(calendar):
        if not works(calendar):
            raise _BadRowError(f"the sessions of the calendar {calendar} are not known for this year")
        return calendar
    raise _BadRowError(f"the calendar {_shown(calendar)} is not known{_near(calendar, sorted(_calendars()))}")


def _calendars() -> frozenset[str]:
    import exchange_calendars  # noqa: PLC0415 (0.2 s and pandas; most lists name no calendar)

    return frozenset(exchange_calendars.get_calendar_names())


def _near(word: str, words: "list[str] | tuple[str, ...]") -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def _words(column: str) -> str:
    return column.replace("_", " ")


def _shown(text: str, most: int = 24) -> str:
    """Return what somebody wrote, short and printable."""
    clean = "".join(c if c.isprintable() else "?" for c in text)
    return repr(clean if len(clean) <= most else clean[:most] + "...")
