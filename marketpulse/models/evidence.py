"""What a walk has shown: its score, what the rule would have earned, every trial, and the one word for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketpulse.models.ensemble import Judged
from marketpulse.models.members import Member
from marketpulse.models.panel import Panel
from marketpulse.models.score import BLOCK, auc, score
from marketpulse.models.walk import Settings
from marketpulse.risk.sharpes import deflated_sharpe, moments
from marketpulse.signals.cusum import RECENT
from marketpulse.signals.cusum import calibration_slope as slope_of
from marketpulse.types import Edge, FloatArray, Score

__all__ = [
    "CONSENSUS",
    "LEAST_SCORED",
    "Evidence",
    "Trial",
    "auc_p_value",
    "calibration_slope",
    "evidence",
    "profit",
]

CONSENSUS = "consensus"
LEAST_SCORED = 6 * BLOCK
"""Fewer scored dates than this show nothing."""

_SURE = 0.95
_SHIFTS = 2_000


@dataclass(frozen=True, slots=True)
class Trial:
    """One configuration that was tried, as a row to be kept: whoever claims an edge counts them all.

    Attributes
    ----------
    name, config : what was tried
    n : rows scored out of sample
    auc : of its opinions as it gave them, less the base rate, which has an AUC of its own that nobody means
    skill : Brier skill of its probabilities; both NaN without any
    sharpe : of its rule's profit after costs, per bar; NaN where it never traded
    """

    name: str
    config: Mapping[str, Any]
    n: int
    auc: float
    skill: float
    sharpe: float

    def as_row(self) -> dict[str, Any]:
        """The same for a log in JSON; what is not a number is None."""
        numbers = {name: getattr(self, name) for name in ("auc", "skill", "sharpe")}
        told = {name: value if isfinite(value) else None for name, value in numbers.items()}
        return {"name": self.name, "config": dict(self.config), "n": self.n, **told}


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What may be said of an ensemble, and why.

    Attributes
    ----------
    edge : NO EDGE SHOWN, WEAK EDGE or DEGRADED
    why : one sentence
    score : out of sample; None with too few dates
    p_value : chance of such an AUC where outcomes have nothing to do with opinions
    slope : of the log-odds of the outcome on those of the probability; NaN where these do not vary
    sharpe : of the rule's profit after costs, per bar
    deflated : chance that it is above what the best of so many trials shows by luck
    trials : one row for each, the consensus last
    tried : all that count, those of earlier trainings included
    """

    edge: Edge
    why: str
    score: Score | None
    p_value: float
    slope: float
    sharpe: float
    deflated: float
    trials: tuple[Trial, ...]
    tried: int


def evidence(
    panel: Panel, judged: Judged, members: Sequence[Member], settings: Settings, earlier: int = 0
) -> Evidence:
    """Score a walk and say the word for it.

    Parameters
    ----------
    earlier : trials of earlier trainings on the same instruments; they make a claim harder
    """
    rows = np.flatnonzero(np.isfinite(judged.probability) & panel.known & np.isfinite(panel.base))
    kept = {name: value for name, value in settings.as_row().items() if name != "cost"}
    configs = [*((member.name, dict(member.config) | kept) for member in members), (CONSENSUS, kept)]
    said, sides = [*judged.said, judged.probability], [*judged.alone, judged.side]
    given = [*judged.raw, judged.probability]
    tried = [
        _trial(panel, rows, config, (p, own, profit(panel, rows, side, settings)))
        for config, p, own, side in zip(configs, said, given, sides, strict=True)
    ]
    own = tried[-1]
    count = earlier + len(tried)
    p, y = judged.probability[rows], panel.y[rows]
    if len(np.unique(panel.time[rows])) < LEAST_SCORED or y.min() == y.max():
        nan = float("nan")
        why = "Too little history to score it out of sample."
        return Evidence(Edge.NONE, why, None, nan, nan, own.sharpe, nan, tuple(tried), count)
    found = _scored(panel, rows, p)
    deflated = _deflated(profit(panel, rows, judged.side, settings), tried, count)
    edge, why = _word(found, deflated, _recent(panel, rows, p))
    p_value = auc_p_value(p, y, panel.symbol[rows])
    slope = calibration_slope(p, y)
    return Evidence(edge, why, found, p_value, slope, own.sharpe, deflated, tuple(tried), count)


def profit(panel: Panel, rows: NDArray[np.int64], side: FloatArray, settings: Settings) -> FloatArray:
    """What following the decisions would have earned on each date, after costs.

    A decision is followed from the next open for ``horizon`` bars with its share of the money; the
    position is the mean of the last ``horizon`` decisions. Instruments share the money equally.

    Units
    -----
    Log return of a bar on the money at stake, one for each date of ``rows``.

    References
    ----------
    Jegadeesh, Titman (1993), section I, for overlapping holdings.
    """
    dates, place = np.unique(panel.time[rows], return_inverse=True)
    total, count = np.zeros(len(dates)), np.zeros(len(dates))
    for number in np.unique(panel.symbol[rows]):
        own = panel.symbol[rows] == number
        at = rows[own]
        sums = np.cumsum(np.concatenate([np.zeros(panel.horizon), side[at]]))
        held = (sums[panel.horizon :] - sums[: -panel.horizon]) / panel.horizon
        traded = np.abs(np.diff(held, prepend=0.0))
        gained = held * np.nan_to_num(panel.moved[at]) - settings.cost * traded
        total += np.bincount(place[own], gained, minlength=len(dates))
        count += np.bincount(place[own], minlength=len(dates))
    return np.asarray(total / count)


def auc_p_value(p: FloatArray, y: FloatArray, symbol: NDArray[np.int64]) -> float:
    """Chance of an AUC at least as high where outcomes have nothing to do with opinions.

    Opinions are moved against outcomes in a circle, each instrument's by the same share of its rows, by
    every distance of a block or more: what hangs together in each stays together, what links them is cut.

    Units
    -----
    A probability; NaN where ``y`` has one class, or ``p`` one value, or there are too few rows.

    References
    ----------
    Circular shifts as in Politis, Romano (1992); the count as in Phipson, Smyth (2010), Permutation
    p-values should never be zero.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> y = rng.integers(0, 2, 500).astype(float)
    >>> auc_p_value(0.4 + 0.2 * y, y, np.zeros(500, dtype=np.int64)) < 0.01
    True
    """
    if len(p) < LEAST_SCORED or y.min() == y.max() or p.min() == p.max():
        return float("nan")
    rank = np.unique(p, return_inverse=True)[1]
    counts = np.bincount(rank)
    middle = (np.cumsum(counts) - 0.5 * (counts - 1.0))[rank]
    longest = max(np.bincount(symbol))
    shifts = np.unique(np.linspace(BLOCK, longest - BLOCK, _SHIFTS).astype(np.int64))
    sums = np.zeros(len(shifts))
    here = 0.0
    for number in np.unique(symbol):
        own = symbol == number
        n = int(own.sum())
        turned = np.fft.irfft(np.fft.rfft(y[own]) * np.conj(np.fft.rfft(middle[own])), n)
        sums += turned[(shifts * n // longest) % n]
        here += float(middle[own] @ y[own])
    return float((1 + np.count_nonzero(sums >= here - 1e-6)) / (1 + len(shifts)))


def calibration_slope(p: FloatArray, y: FloatArray) -> float:
    """Slope of a logistic regression of outcomes on the log-odds of the probabilities: 1 is right.

    Units
    -----
    Log-odds per log-odds; below 1 the probabilities are too sure. NaN where they hardly vary.

    References
    ----------
    Cox (1958), Two further applications of a model for binary regression.

    Examples
    --------
    >>> p = np.tile([0.8, 0.2], 500)
    >>> y = (np.arange(1000) % 2 == (np.arange(1000) // 2 % 5 < 1)).astype(float)
    >>> round(calibration_slope(p, y), 3)
    1.0
    """
    slope = slope_of(p, y)
    return float("nan") if slope is None else slope


def _trial(
    panel: Panel,
    rows: NDArray[np.int64],
    config: tuple[str, Mapping[str, Any]],
    outcome: tuple[FloatArray, FloatArray, FloatArray],
) -> Trial:
    """Make one row of what was said and what was given before that, of all rows, and gained on each date."""
    said, given, gained = outcome
    there = rows[np.isfinite(said[rows])]
    p, y, base = said[there], panel.y[there], panel.base[there]
    one_class = not len(y) or y.min() == y.max()
    skill = float("nan")
    if not one_class:
        skill = 1.0 - float(((p - y) ** 2).sum()) / float(((base - y) ** 2).sum())
    return Trial(
        *config,
        len(there),
        float("nan") if one_class else auc(given[there] - base, y),
        skill,
        moments(gained)[0],
    )


def _deflated(profits: FloatArray, tried: Sequence[Trial], count: int) -> float:
    """The variance of the trials' ratios is taken as that of pure luck where they differ by less."""
    sharpe, skew, kurtosis = moments(profits)
    others = np.array([one.sharpe for one in tried])
    others = others[np.isfinite(others)]
    least = 1.0 / max(1, len(profits))
    variance = max(least, float(others.var(ddof=1))) if len(others) > 1 else least
    return deflated_sharpe(sharpe, len(profits), count, variance, skew=skew, kurtosis=kurtosis)


def _recent(panel: Panel, rows: NDArray[np.int64], p: FloatArray) -> Score | None:
    """The score of the last dates alone."""
    dates = np.unique(panel.time[rows])
    if len(dates) < 2 * RECENT:
        return None
    late = panel.time[rows] >= dates[-RECENT]
    y, base = panel.y[rows][late], panel.base[rows][late]
    if y.min() == y.max() or np.array_equal(p[late], base):
        return None
    return _scored(panel, rows[late], p[late])


def _scored(panel: Panel, rows: NDArray[np.int64], p: FloatArray) -> Score:
    """The score with bars in place of dates, so that blocks of an hour's bars are blocks of bars too."""
    dates, place = np.unique(panel.time[rows], return_inverse=True)
    since = datetime.fromtimestamp(int(dates[0]), UTC).date().isoformat()
    return replace(score(p, panel.y[rows], panel.base[rows], place), since=since)


def _word(found: Score, deflated: float, lately: Score | None) -> tuple[Edge, str]:
    if lately is not None and lately.skill_high < 0.0:
        return Edge.DEGRADED, f"Over the last {RECENT} scored dates it was worse than the base rate."
    if not found.skill_low > 0.0:
        return Edge.NONE, "Its Brier score is not shown to be better than the base rate's."
    if not deflated > _SURE:
        return Edge.NONE, "Its rule's profit after costs may be luck, given how much was tried."
    return (
        Edge.WEAK,
        "Better than the base rate out of sample, and its rule's profit after costs is not luck.",
    )
