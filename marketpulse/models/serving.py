"""The ensemble as the desk asks it: raw opinions of every member, calibrated, shrunk and pooled in float64.

It says what ``ensemble.Ensemble`` says of the same rows, to 1e-5, about twenty times as fast, and
neither needs scikit-learn nor loads it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, isnan, nan
from random import Random

import numpy as np

from marketpulse.clock import Clock
from marketpulse.features.full import NAMES
from marketpulse.guard import BreakerPolicy
from marketpulse.models.artefact import MemberRecord
from marketpulse.models.members import BASE_RATE
from marketpulse.models.opening import Opened, Ruled
from marketpulse.models.seats import POLICY, Health, Seat
from marketpulse.signals import single
from marketpulse.signals.calibrate import LEAST, MOST, expit, logit, stretched
from marketpulse.signals.consensus import Ballot, Circumstances, Consensus, agree, pool, shares
from marketpulse.types import FloatArray, Serving

__all__ = ["Opinions", "Served"]

_HORIZON, _COST = 5, 0.0005


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """What all members say of some rows.

    Attributes
    ----------
    raw, said : (members, rows): as given; calibrated and shrunk to the base rate. NaN abstains
    probability : of the pool, the base rate where nobody is heard
    troubles : of each member, empty when there was none
    """

    raw: FloatArray
    said: FloatArray
    probability: FloatArray
    troubles: tuple[str, ...]


class Served:
    """An opened artefact, each member behind its breaker; safe from every thread.

    Parameters
    ----------
    opened : as from ``opening.open_artefact``
    policy : of the breakers
    """

    def __init__(self, opened: Opened, clock: Clock, rng: Random, policy: BreakerPolicy = POLICY) -> None:
        records = [record for record, _ in opened.members]
        self._opened = opened
        self._seats = [Seat(record.name, base, clock, rng, policy) for record, base in opened.members]
        known = [one.shift is not None and one.kept is not None for one in records]

        def column(values: list[float | None]) -> FloatArray:
            told = [
                np.nan if value is None or not ok else value for value, ok in zip(values, known, strict=True)
            ]
            return np.array(told, dtype=np.float64)[:, None]

        self._shift = column([one.shift for one in records])
        self._slope = column([one.slope for one in records])
        self._kept = column([one.kept for one in records])
        manifest = opened.manifest
        self._horizon, self._cost, self._stretch = (
            (_HORIZON, _COST, 1.0)
            if manifest is None
            else (manifest.horizon, manifest.cost, manifest.stretch)
        )
        self._share = np.array([one.share for one in records], dtype=np.float64)
        self._shares: list[float] = self._share.tolist()
        tails = np.hstack([self._shift, self._slope, self._kept])
        self._tails: list[tuple[float, float, float]] = [(a, b, c) for a, b, c in tails.tolist()]
        self._standings = [
            (one.name, one.kept or 0.0, nan if one.skill is None else one.skill, one.share) for one in records
        ]
        self._ways = [_Way(record) for record in records]
        self.names = tuple(seat.name for seat in self._seats)

    @property
    def servings(self) -> tuple[Serving, ...]:
        """By which way each member answers, and the ensemble as a whole."""
        return self._opened.servings

    @property
    def version(self) -> str:
        """The artefact's, empty while a fallback answers."""
        return "" if self._opened.manifest is None else self._opened.manifest.version

    def health(self) -> Mapping[str, Health]:
        """How each member fares."""
        return {seat.name: seat.health() for seat in self._seats}

    @property
    def seats(self) -> Mapping[str, Seat]:
        """Where each member sits."""
        return {seat.name: seat for seat in self._seats}

    def ask(self, x: FloatArray, base: FloatArray) -> Opinions:
        """Ask everyone; never raises on data.

        Parameters
        ----------
        x : full rows (rows, features) in the order of ``features.full.NAMES``, NaN where one is missing
        base : share of rises among labels that have ended, for each row
        """
        found = [seat.ask(x) for seat in self._seats]
        troubles = tuple(trouble for _, trouble in found)
        if len(x) == 1:
            numbers = [float(p[0]) for p, _ in found]
            one, pooled = self._one(numbers, float(base[0]))
            columns = np.array(numbers)[:, None], np.array(one)[:, None]
            return Opinions(*columns, np.array([pooled]), troubles)
        raw = np.array([p for p, _ in found]).reshape(len(found), len(x))
        odds = logit(base)
        calibrated = expit(odds + self._shift + self._slope * (logit(raw) - odds))
        said = np.clip(base + self._kept * (np.clip(calibrated, LEAST, MOST) - base), LEAST, MOST)
        return Opinions(raw, said, stretched(pool(said, self._share, base), base, self._stretch), troubles)

    def _one(self, raw: list[float], base: float) -> tuple[list[float], float]:
        """One row's calibrated opinions and their pool in plain floats: a tenth of what arrays of one cost."""
        said = self._calibrated(raw, base)
        heard = [(w, p) for w, p in zip(self._shares, said, strict=True) if w > 0.0 and not isnan(p)]
        return said, single.pool(heard, base, self._stretch)

    def _calibrated(self, raw: list[float], base: float) -> list[float]:
        """One row's opinions calibrated and shrunk, NaN where a member abstains or cannot be judged yet."""
        odds, said = single.logit(base), []
        for p, (shift, slope, kept) in zip(raw, self._tails, strict=True):
            if isnan(p) or isnan(kept):
                said.append(nan)
                continue
            calibrated = single.expit(odds + shift + slope * (single.logit(p) - odds))
            said.append(min(max(base + kept * (calibrated - base), LEAST), MOST))
        return said

    def decide(
        self,
        row: FloatArray,
        base: float,
        sigma: float,
        around: Circumstances | None = None,
        *,
        more: Sequence[Ballot] = (),
    ) -> Consensus:
        """Decide one bar; as ``ensemble.Ensemble.decide``.

        Parameters
        ----------
        more : of members that look at more than one row, as ``deep.Deep.vote`` gives them; where one has
            skill, everyone's share is told anew from everyone's skill
        """
        asked = [self._asked(member, row) for member in range(len(self._seats))]
        raw = [p for p, _ in asked]
        ballots, reasons = [], {}
        for (name, kept, skill, share), (p, why), said in zip(
            self._standings, asked, self._calibrated(raw, base), strict=True
        ):
            ballots.append(Ballot(name, _some(p), _some(said), kept, skill, share))
            if share > 0.0 and isfinite(said):
                reasons[name] = why
        if not ballots:
            ballots.append(Ballot(BASE_RATE, base, base, 0.0, np.nan, 0.0))
        ballots = _shared(ballots, more)
        return agree(
            ballots,
            base,
            single.hurdle(sigma, self._horizon, self._cost),
            reasons=reasons,
            around=around or Circumstances(),
            stretch=self._stretch,
        )

    def _asked(self, member: int, row: FloatArray) -> tuple[float, Mapping[str, float]]:
        """A member's opinion of a bar, and the log-odds by feature where it is heard.

        Trees are asked for both at once: below the row stands the row without each feature.
        """
        record, base = self._opened.members[member]
        way, heard = self._ways[member], record.share > 0.0
        trees = heard and way.coefficients is None and not isinstance(base, Ruled)
        found, trouble = self._seats[member].ask(way.without(row) if trees else row[None, :])
        return float(found[0]), self._reasons(member, row, found) if heard and not trouble else {}

    def _reasons(self, member: int, row: FloatArray, found: FloatArray) -> Mapping[str, float]:
        """Log-odds by feature, as ``members`` tells them; ``found`` is what trees said with and without each."""
        record, base = self._opened.members[member]
        if isinstance(base, Ruled):
            part = base.worth * float(base.vote(row[None, :])[0])
            return {name: part / len(base.rule.looks_at) for name in base.rule.looks_at}
        way = self._ways[member]
        if way.coefficients is not None:
            parts = way.scores(row) * way.coefficients
            return dict(zip(record.columns, parts.tolist(), strict=True))
        odds = logit(found)
        return dict(zip(record.columns, (odds[0] - odds[1:]).tolist(), strict=True))


class _Way:
    """How a member's reasons are told: its columns and numbers, made ready once."""

    def __init__(self, record: MemberRecord) -> None:
        self.at = np.array([NAMES.index(name) for name in record.columns], dtype=np.int64)
        self.middle = np.array(record.middle)
        self._below = np.arange(len(self.middle)) + 1
        self.coefficients: FloatArray | None = None
        numbers = record.linear
        if numbers is not None:
            self.mean, self.scale, self.wide = np.array(numbers.mean), np.array(numbers.scale), numbers.wide
            self.coefficients = np.array(numbers.coefficients)

    def scores(self, row: FloatArray) -> FloatArray:
        """Of a linear member's columns, in deviations from the mean."""
        own = row[self.at]
        scores = (np.where(np.isnan(own), self.middle, own) - self.mean) / self.scale
        cut: FloatArray = np.minimum(np.maximum(scores, -self.wide), self.wide)
        return cut

    def without(self, row: FloatArray) -> FloatArray:
        """The row, and below it the row with each feature in turn put back to its middle."""
        asked = np.empty((len(self.middle) + 1, len(row)))
        asked[:] = row
        if len(self.middle):
            asked[self._below, self.at] = self.middle
        return asked


def _shared(ballots: list[Ballot], more: Sequence[Ballot]) -> list[Ballot]:
    """All of them; everyone's share anew by skill where one of ``more`` has any and says something."""
    every = [*ballots, *more]
    if not any(_skilled(one) for one in more):
        return every
    told = shares(np.array([one.skill if _skilled(one) else nan for one in every])).tolist()
    return [replace(one, share=share) for one, share in zip(every, told, strict=True)]


def _skilled(one: Ballot) -> bool:
    return one.probability is not None and one.kept > 0.0 and one.skill > 0.0


def _some(value: float) -> float | None:
    return value if isfinite(value) else None
