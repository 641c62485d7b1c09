"""The members' raw opinions calibrated, shrunk, weighed and pooled, each with what had ended before it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketpulse.models.members import Fitted, Member
from marketpulse.models.panel import NEVER, Panel, weights
from marketpulse.models.walk import Settings, fit_all, steps
from marketpulse.signals.calibrate import LEAST, MOST, Sigmoid, fit_sigmoid, fit_stretch, keep, stretched
from marketpulse.signals.consensus import (
    Ballot,
    Circumstances,
    Consensus,
    agree,
    agreement,
    hurdle,
    pool,
    quorum,
    reach,
    shares,
)
from marketpulse.types import FloatArray

__all__ = ["Ensemble", "Judged", "Standing", "judge_walk", "stand"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one member at one moment.

    Attributes
    ----------
    sigmoid : its calibration, None while it has too few scored bars
    kept : share of the calibrated opinion that is kept, None while that cannot be told
    skill : Brier skill of the calibrated opinion against the running base rate, NaN while it cannot be told
    """

    sigmoid: Sigmoid | None
    kept: float | None
    skill: float

    def say(self, calibrated: FloatArray, base: FloatArray) -> FloatArray:
        """Shrink calibrated opinions to the base rate; NaN while nothing is known of the member."""
        if self.kept is None:
            return np.full(len(base), np.nan)
        return np.clip(base + self.kept * (calibrated - base), LEAST, MOST)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A whole walk, row by row.

    Attributes
    ----------
    raw, calibrated, said : (members, rows): as fitted; calibrated; shrunk to the base rate as well
    probability : of the pool, NaN while nobody can be weighed
    side : 1, -1 or 0, of the quorum
    agreed : share of the vote on the pool's side of the base rate
    alone : (members, rows) the side each member would take alone, at the same cost
    standings, share : of each member after all that has ended
    stretch : of the pool, likewise
    """

    raw: FloatArray
    calibrated: FloatArray
    said: FloatArray
    probability: FloatArray
    side: FloatArray
    agreed: FloatArray
    alone: FloatArray
    standings: tuple[Standing, ...]
    share: FloatArray
    stretch: float


def judge_walk(panel: Panel, raw: FloatArray, settings: Settings) -> Judged:
    """Go through the steps of the walk in order; each sees the outcomes that had ended before it.

    Parameters
    ----------
    raw : as from ``predict_unseen``
    """
    count = len(raw)
    calibrated, said = np.full(raw.shape, np.nan), np.full(raw.shape, np.nan)
    pooled, p = np.full(len(panel), np.nan), np.full(len(panel), np.nan)
    side, agreed = np.zeros(len(panel)), np.zeros(len(panel))
    needed = hurdle(panel.sigma, panel.horizon, settings.cost)
    for step in steps(panel, settings):
        rows = step.test
        base = panel.base[rows]
        standings = tuple(stand(panel, raw[i], calibrated[i], step.moment, settings) for i in range(count))
        for i, standing in enumerate(standings):
            if standing.sigmoid is not None:
                calibrated[i, rows] = standing.sigmoid.apply(raw[i, rows], base)
            said[i, rows] = standing.say(calibrated[i, rows], base)
        if all(standing.kept is None for standing in standings):
            continue
        share = _shares(standings)
        pooled[rows] = pool(said[:, rows], share, base)
        p[rows] = stretched(pooled[rows], base, _stretch(panel, pooled, step.moment, settings))
        side[rows] = quorum(said[:, rows], share, base, needed[rows], p[rows])
        agreed[rows] = agreement(said[:, rows], share, base, np.sign(p[rows] - base))
    beyond = np.nan_to_num(reach(said, panel.base))
    alone = np.where(np.abs(beyond) > needed, np.sign(beyond), 0.0)
    last = tuple(stand(panel, raw[i], calibrated[i], NEVER, settings) for i in range(count))
    stretch = _stretch(panel, pooled, NEVER, settings)
    return Judged(raw, calibrated, said, p, side, agreed, alone, last, _shares(last), stretch)


def stand(panel: Panel, raw: FloatArray, calibrated: FloatArray, moment: int, settings: Settings) -> Standing:
    """Judge one member on the outcomes that ended before ``moment``.

    Parameters
    ----------
    raw, calibrated : of all rows, NaN where it had not said anything out of sample
    """
    ended = panel.ended_before(moment)
    rows = np.flatnonzero(ended & np.isfinite(raw))
    if _dates(panel, rows) < settings.pool:
        return Standing(None, None, float("nan"))
    y, base = panel.y[rows], panel.base[rows]
    sigmoid = fit_sigmoid(raw[rows], y, base, _crowded(panel, rows))
    rows = np.flatnonzero(ended & np.isfinite(calibrated))
    if _dates(panel, rows) < settings.pool:
        return Standing(sigmoid, None, float("nan"))
    p, y, base = calibrated[rows], panel.y[rows], panel.base[rows]
    kept = keep(p, y, base, panel.time[rows], panel.horizon)
    skill = 1.0 - float(((p - y) ** 2).sum()) / float(((base - y) ** 2).sum())
    return Standing(sigmoid, kept, skill)


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """Everyone fitted on all that has ended, as it votes on the next bar."""

    names: tuple[str, ...]
    members: tuple[str, ...]
    fitted: tuple[Fitted, ...]
    standings: tuple[Standing, ...]
    share: FloatArray
    stretch: float
    horizon: int
    cost: float

    @classmethod
    def of(cls, panel: Panel, members: Sequence[Member], judged: Judged, settings: Settings) -> "Ensemble":
        """Fit on every row whose outcome is known, with the standing that the walk gave."""
        fitted = fit_all(panel, np.flatnonzero(panel.known), members)
        names = tuple(member.name for member in members)
        return cls(
            panel.names,
            names,
            fitted,
            judged.standings,
            judged.share,
            judged.stretch,
            panel.horizon,
            settings.cost,
        )

    def decide(
        self, row: FloatArray, base: float, sigma: float, around: Circumstances | None = None
    ) -> Consensus:
        """Decide one bar.

        Parameters
        ----------
        row : its features, in the order of ``names``
        base : share of rises among labels that have ended
        sigma : standard deviation of a bar's log return
        """
        bases, ballots, reasons = np.array([base]), [], {}
        for name, one, standing, share in zip(
            self.members, self.fitted, self.standings, self.share.tolist(), strict=True
        ):
            raw = one.predict(row[None, :])
            said = np.array([np.nan])
            if standing.sigmoid is not None and np.isfinite(raw[0]):
                said = standing.say(standing.sigmoid.apply(raw, bases), bases)
            ballots.append(
                Ballot(name, _some(raw[0]), _some(said[0]), standing.kept or 0.0, standing.skill, share)
            )
            if share > 0.0:
                reasons[name] = one.reasons(row)
        needed = float(hurdle(np.array([sigma]), self.horizon, self.cost)[0])
        return agree(
            ballots,
            float(base),
            needed,
            reasons,
            around or Circumstances(),
            stretch=self.stretch,
        )


def _stretch(panel: Panel, pooled: FloatArray, moment: int, settings: Settings) -> float:
    """How timid the pool has been where it had an opinion, on outcomes that ended before ``moment``."""
    rows = np.flatnonzero(panel.ended_before(moment) & np.isfinite(pooled) & (pooled != panel.base))
    if _dates(panel, rows) < settings.pool:
        return 1.0
    return fit_stretch(pooled[rows], panel.y[rows], panel.base[rows], _crowded(panel, rows))


def _shares(standings: Sequence[Standing]) -> FloatArray:
    """By skill, of those of whose opinion anything is kept."""
    return shares(np.array([one.skill if one.kept else np.nan for one in standings]))


def _dates(panel: Panel, rows: NDArray[np.int64]) -> int:
    return len(np.unique(panel.time[rows]))


def _crowded(panel: Panel, rows: NDArray[np.int64]) -> FloatArray:
    """Independent outcomes a row stands for; n instruments of one day count as the root of n."""
    alone = weights(panel, rows)
    if len(panel.symbols) == 1:
        return alone
    place, size = np.unique(panel.time[rows], return_inverse=True, return_counts=True)[1:]
    return np.asarray(alone / np.sqrt(size[place]))


def _some(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
