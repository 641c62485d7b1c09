"""What became of an issued signal, and the scoreboard of all that have ended."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as moment
from math import log

import numpy as np
from numpy.typing import NDArray

from marketpulse.types import Bars, Call, FloatArray, Issued, Outcome, ScoreLine, Signal, SignalStatistics

__all__ = [
    "BLOCK",
    "COST",
    "FEWEST_DATES",
    "LEAST_CHANCE",
    "block_interval",
    "calibration",
    "outcome",
    "per_date",
    "row_of",
    "scoreboard",
]

COST = 0.0005
"""Of one purchase or sale, a fraction of its value: what the consensus and the evidence reckon with."""

LEAST_CHANCE = 1e-4
"""A probability nearer than this to 0 or 1 is taken as that near for the log loss, which ends at 9.21 nats."""

BLOCK = 21
"""Dates drawn together: longer than outcomes overlap and than most volatility spells."""

FEWEST_DATES = 2 * BLOCK
"""With fewer dates that have ended an interval would say nothing."""

_DRAWS = 1_000
_SEED = 20_120_601
_BINS = 10
_PER_BIN = 10  # signals in a bin, at least: fewer say nothing of it
_EVEN = 0.5
_SIGN = {Call.UP: 1.0, Call.DOWN: -1.0}


def row_of(bars: Bars, day: str) -> int | None:
    """Return the row of the daily bar of this ISO date, None where it is not held.

    Examples
    --------
    >>> from marketpulse.types import Interval
    >>> one = np.ones(1)
    >>> bars = Bars("X", Interval.DAY, np.array([86_400]), one, one, one, one, one, "tape")
    >>> row_of(bars, "1970-01-02"), row_of(bars, "1970-01-03")
    (0, None)
    """
    at = int(datetime.combine(date.fromisoformat(day), moment(), UTC).timestamp())
    row = int(np.searchsorted(bars.time, at))
    return row if row < len(bars) and int(bars.time[row]) == at else None


def outcome(
    signal: Signal, bars: Bars, cost: float, time: datetime, next_open: float | None = None
) -> Outcome | None:
    """Score a signal once the bar that ends its horizon is there; None before, or where nothing was said.

    The horizon is counted in the instrument's own bars. Money is counted from the open after the signal's
    bar, at which one could trade, to the open after the horizon.

    Parameters
    ----------
    signal : as it was frozen
    bars : adjusted and closed, oldest first
    cost : of one purchase or sale, a fraction of its value
    time : of scoring, aware UTC
    next_open : open of the bar that forms after the newest of ``bars``, on their scale; None not known

    Units
    -----
    Squared fractions, nats and fractions, as in ``Outcome``; the log loss takes probabilities nearer than
    0.0001 to 0 or 1 as that near.

    References
    ----------
    Brier (1950), Verification of forecasts expressed in terms of probability; Good (1952), Rational
    decisions, for the logarithm.

    Examples
    --------
    >>> from marketpulse.types import Edge, Interval
    >>> price = np.array([10.0, 10.0, 11.0, 12.0])
    >>> bars = Bars("X", Interval.DAY, 86_400 * np.arange(4), price, price, price, price, price, "tape")
    >>> at = datetime(1970, 1, 2, tzinfo=UTC)
    >>> said = Signal("X", "1970-01-01", at, 2, 0.6, 0.5, Edge.NONE, "", "m", "1", "", call=Call.UP)
    >>> found = outcome(said, bars, 0.0005, at)
    >>> found.ended, found.rose, round(found.brier, 2), round(found.moved, 3), round(found.profit, 3)
    ('1970-01-03', True, 0.16, 0.2, 0.199)
    """
    row, p, base = row_of(bars, signal.bar), signal.probability, signal.base_rate
    if row is None or p is None or base is None or row + signal.horizon >= len(bars):
        return None
    end = row + signal.horizon
    first, last = float(bars.close[row]), float(bars.close[end])
    if not (first > 0.0 and last > 0.0):
        return None
    opens = bars.open if next_open is None else np.append(bars.open, next_open)
    rose, moved, sign = last > first, _moved(opens, row + 1, end + 1), _SIGN.get(signal.call)
    return Outcome(
        ended=str(datetime.fromtimestamp(int(bars.time[end]), UTC).date()),
        time=time,
        rose=rose,
        brier=(p - rose) ** 2,
        brier_base=(base - rose) ** 2,
        log_loss=_log_loss(p, rose=rose),
        log_loss_base=_log_loss(base, rose=rose),
        moved=moved,
        profit=None if sign is None or moved is None else sign * moved - 2.0 * cost,
    )


def _moved(opens: FloatArray, first: int, last: int) -> float | None:
    """From one open to another; None where one is not there or no price."""
    if last >= len(opens):
        return None
    bought, sold = float(opens[first]), float(opens[last])
    return sold / bought - 1.0 if bought > 0.0 and sold > 0.0 else None


def _log_loss(p: float, *, rose: bool) -> float:
    given = p if rose else 1.0 - p
    return -log(min(1.0 - LEAST_CHANCE, max(LEAST_CHANCE, given)))


def block_interval(above: FloatArray, below: FloatArray) -> tuple[float, float]:
    """95 % interval of ``1 - sum(above) / sum(below)`` by a circular block bootstrap over dates.

    All that ended on 21 dates in a row is drawn together, since outcomes overlap and shares move together.
    The seed is fixed.

    Parameters
    ----------
    above, below : sums of one date each, oldest first, such as of Brier scores of model and base rate

    Units
    -----
    As the ratio; NaN where ``below`` has a draw that sums to nothing.

    References
    ----------
    Politis, Romano (1992), A circular block-resampling procedure for stationary data; percentiles of
    1,000 draws.

    Examples
    --------
    >>> low, high = block_interval(np.full(100, 0.24), np.full(100, 0.25))
    >>> round(low, 3), round(high, 3)
    (0.04, 0.04)
    """
    dates = len(above)
    blocks, left = divmod(dates, BLOCK)
    rng = np.random.default_rng(_SEED)
    whole = rng.integers(0, dates, (_DRAWS, blocks))
    rest = rng.integers(0, dates, _DRAWS)
    sums = [
        _circular(values, BLOCK)[whole].sum(axis=1) + (_circular(values, left)[rest] if left else 0.0)
        for values in (above, below)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        found = 1.0 - sums[0] / sums[1]
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def per_date(values: FloatArray, place: NDArray[np.int64]) -> FloatArray:
    """Add up what belongs to each date.

    Examples
    --------
    >>> per_date(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 1])).tolist()
    [1.0, 5.0]
    """
    return np.bincount(place, values).astype(np.float64)


def _circular(values: FloatArray, span: int) -> FloatArray:
    """Sum of ``span`` values from each place on, the first following the last."""
    around = np.concatenate([[0.0], np.cumsum(np.tile(values, 1 + -(-span // len(values))))])
    n = len(values)
    return np.asarray(around[span : span + n] - around[:n])


def calibration(p: FloatArray, y: FloatArray, bins: int = 10) -> tuple[tuple[float, float, int], ...]:
    """Mean probability, share that came true and rows, in ``bins`` groups of nearly equal size.

    Units
    -----
    Fractions and a count.

    References
    ----------
    Murphy, Winkler (1977), Reliability of subjective probability forecasts.

    Examples
    --------
    >>> calibration(np.array([0.2, 0.4, 0.6, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]), 2)
    ((0.3, 0.0, 2), (0.7, 1.0, 2))
    """
    groups = [g for g in np.array_split(np.argsort(p, kind="stable"), bins) if len(g)]
    return tuple((round(float(p[g].mean()), 6), round(float(y[g].mean()), 6), len(g)) for g in groups)


@dataclass(frozen=True, slots=True, eq=False)
class _Columns:
    """What has ended, as columns, oldest ending first."""

    day: NDArray[np.int64]
    p: FloatArray
    base: FloatArray
    rose: FloatArray
    brier: FloatArray
    brier_base: FloatArray
    log_loss: FloatArray
    side: FloatArray
    profit: FloatArray

    @classmethod
    def of(cls, ended: Sequence[tuple[Signal, Outcome]]) -> "_Columns":
        days = {text: date.fromisoformat(text).toordinal() for text in {o.ended for _, o in ended}}
        nan = float("nan")
        rows = [
            (
                s.probability,
                s.base_rate,
                o.rose,
                o.brier,
                o.brier_base,
                o.log_loss,
                _SIGN.get(s.call, 0.0),
                nan if o.profit is None else o.profit,
            )
            for s, o in ended
        ]
        columns = np.array(rows, dtype=np.float64).reshape(-1, 8).T
        return cls(np.array([days[o.ended] for _, o in ended], dtype=np.int64), *columns)

    def line(self, rows: NDArray[np.int64], group: str, name: str, waiting: int) -> ScoreLine:
        """Score some of the rows."""
        if not len(rows):
            return ScoreLine(group, name, 0, waiting)
        brier, base = self.brier[rows], self.brier_base[rows]
        side, rose = self.side[rows], self.rose[rows]
        called = side != 0.0
        favours = self.base[rows] >= _EVEN
        earned = self.profit[rows][np.isfinite(self.profit[rows])]
        skill, low, high = self._skill(rows)
        return ScoreLine(
            group,
            name,
            len(rows),
            waiting,
            brier=float(brier.mean()),
            brier_base=float(base.mean()),
            log_loss=float(self.log_loss[rows].mean()),
            skill=skill,
            skill_low=low,
            skill_high=high,
            calls=int(called.sum()),
            right=int((called & ((side > 0.0) == (rose > 0.0))).sum()),
            base_right=int((called & (favours == (rose > 0.0))).sum()),
            profit=float(earned.mean()) if len(earned) else None,
            calibration=calibration(self.p[rows], rose, max(1, min(_BINS, len(rows) // _PER_BIN))),
        )

    def _skill(self, rows: NDArray[np.int64]) -> tuple[float | None, float | None, float | None]:
        dates, place = np.unique(self.day[rows], return_inverse=True)
        above, below = (per_date(scores[rows], place) for scores in (self.brier, self.brier_base))
        if len(dates) < FEWEST_DATES or not below.sum() > 0.0:
            return None, None, None
        low, high = block_interval(above, below)
        return 1.0 - float(above.sum() / below.sum()), low, high


_GROUPS: tuple[tuple[str, Callable[[Signal], str]], ...] = (
    ("model", lambda signal: signal.model),
    ("symbol", lambda signal: signal.symbol),
    ("regime", lambda signal: signal.regime),
)


def scoreboard(issued: Iterable[Issued]) -> SignalStatistics:
    """Score all that has ended against its base rates: all of it, by model, by symbol, by regime.

    A call counts as right where the close went its way; ``base_right`` is what calling the base rate's
    favourite at the same times would have had right. Skill is told from 42 dates on that have ended.

    Units
    -----
    As in ``ScoreLine``.

    References
    ----------
    Brier (1950); Murphy, Winkler (1977), Reliability of subjective probability forecasts; the interval as
    in ``block_interval``.

    Examples
    --------
    >>> scoreboard(()).lines
    (ScoreLine(group='all', name='', n=0, open=0, brier=None, brier_base=None, log_loss=None, skill=None, \
skill_low=None, skill_high=None, calls=0, right=0, base_right=0, profit=None, calibration=()),)
    """
    held = tuple(issued)
    ended = [(i.signal, i.outcome) for i in held if i.outcome is not None]
    waiting = [i.signal for i in held if i.outcome is None]
    columns = _Columns.of(ended)
    lines = [columns.line(np.arange(len(ended)), "all", "", len(waiting))]
    for group, of in _GROUPS:
        rows: dict[str, list[int]] = {}
        for row, (signal, _) in enumerate(ended):
            rows.setdefault(of(signal), []).append(row)
        opened = Counter(map(of, waiting))
        lines.extend(
            columns.line(np.array(rows.get(name, ()), dtype=np.int64), group, name, opened[name])
            for name in sorted({*rows, *opened})
            if name
        )
    return SignalStatistics(
        lines=tuple(lines),
        issued=len(held),
        ended=len(ended),
        repainted=sum(i.repaint is not None for i in held),
        since=min((i.signal.bar for i in held), default=""),
    )
