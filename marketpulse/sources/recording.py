"""The tape's contents: real daily bars of five shares (2000-2013) and of the S&P 500.

Read by path from two installed packages, neither of which is imported: ``bokeh_sampledata`` holds
the shares, ``arch`` the index. Prices are raw, rounded to the cent (3 % of the shares' rows carry
half cents). Splits and dividends are not in the files; they are derived from the adjusted close by
``corporate.derive``, which states how exact that is.
"""

import csv
import gzip
import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import numpy as np

from marketpulse.errors import ConfigError
from marketpulse.sources.corporate import derive
from marketpulse.sources.table import bars_of
from marketpulse.types import Bars, CorporateAction, FloatArray, Interval

__all__ = ["Recording", "load_recording"]

_CALENDAR = "XNYS"
_CALENDAR_START = "1999-01-01"  # exchange_calendars' own default begins twenty years ago
_INDEX = "^GSPC"


@dataclass(frozen=True, slots=True)
class Recording:
    """What the tape holds.

    Attributes
    ----------
    bars : raw daily bars by symbol
    actions : derived splits and dividends by symbol, oldest first
    sessions : (open, close) of each day of the shares' tape, aware UTC
    """

    bars: Mapping[str, Bars]
    actions: Mapping[str, Sequence[CorporateAction]]
    sessions: tuple[tuple[datetime, datetime], ...]


def _file(package: str, *parts: str) -> Path:
    """Find a data file of an installed package without importing the package."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = f"the package {package} is not installed; run: pip install -r requirements.txt"
        raise ConfigError(msg)
    path = Path(spec.submodule_search_locations[0]).joinpath(*parts)
    if not path.is_file():
        msg = f"the package {package} holds no {'/'.join(parts)}; install the version in requirements.txt"
        raise ConfigError(msg)
    return path


def _stamp(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def _bars(symbol: str, days: Iterable[date], columns: FloatArray) -> Bars:
    """Build bars from rows of open, high, low, close, volume, with prices rounded to the cent."""
    rows = np.column_stack([np.round(columns[:, :4], 2), columns[:, 4]])
    time = np.array([_stamp(day) for day in days], dtype=np.int64)
    return bars_of(symbol, Interval.DAY, time, rows, "tape")


def _shares() -> tuple[dict[str, Bars], dict[str, Sequence[CorporateAction]]]:
    """Read the five shares; the columns are date, open, high, low, close, volume, adjusted close."""
    rows: dict[str, list[list[str]]] = {}
    with gzip.open(_file("bokeh_sampledata", "_data", "stocks.csv.gz"), "rt", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        for symbol, *row in reader:
            rows.setdefault(symbol, []).append(row)
    bars: dict[str, Bars] = {}
    actions: dict[str, Sequence[CorporateAction]] = {}
    for symbol, table in rows.items():
        days = [date.fromisoformat(row[0]) for row in table]
        columns = np.array([row[1:] for row in table], dtype=np.float64)
        bars[symbol] = _bars(symbol, days, columns)
        actions[symbol] = derive(symbol, days, columns[:, 3], columns[:, 5])
    return bars, actions


def _index(last: date) -> Bars:
    """Read the index up to the shares' last day."""
    days, rows = [], []
    with gzip.open(_file("arch", "data", "sp500", "sp500.csv.gz"), "rt", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        for text, first, high, low, close, _adjusted, volume in reader:
            month, day_of_month, year = text.split("/")
            day = date(int(year), int(month), int(day_of_month))
            if day <= last:
                days.append(day)
                rows.append((float(first), float(high), float(low), float(close), float(volume)))
    return _bars(_INDEX, days, np.array(rows))


def _sessions(days: set[date], last: date) -> tuple[tuple[datetime, datetime], ...]:
    """Return the exchange's hours on the tape's days, half days included."""
    import exchange_calendars  # noqa: PLC0415 (0.2 s and pandas: only a replay needs it)

    schedule = exchange_calendars.get_calendar(
        _CALENDAR, start=_CALENDAR_START, end=last.isoformat()
    ).schedule
    # Seconds since 1970 carry over exactly; a pandas Timestamp would not be a plain datetime.
    return tuple(
        (datetime.fromtimestamp(first.timestamp(), UTC), datetime.fromtimestamp(end.timestamp(), UTC))
        for first, end in zip(schedule["open"], schedule["close"], strict=True)
        if first.date() in days
    )


@cache
def load_recording() -> Recording:
    """Read the whole tape; about 0.3 s, and once per process.

    Raises
    ------
    ConfigError
        A package that holds the recordings is missing.
    """
    bars, actions = _shares()
    last = max(day for b in bars.values() if (day := b.last_day()) is not None)
    days = {datetime.fromtimestamp(int(t), UTC).date() for b in bars.values() for t in b.time}
    return Recording(
        bars={**bars, _INDEX: _index(last)},
        actions={**actions, _INDEX: ()},
        sessions=_sessions(days, last),
    )
