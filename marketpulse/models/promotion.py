"""Whether a new model may take the place of the one that serves: only where it was better on what neither had seen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from marketpulse.clock import WallClock
from marketpulse.errors import MarketPulseError
from marketpulse.features.full import VERSION
from marketpulse.models.opening import open_artefact
from marketpulse.models.panel import Panel
from marketpulse.models.record import Trained, decode
from marketpulse.models.seats import POLICY
from marketpulse.models.serving import Served
from marketpulse.types import FloatArray, ServingPath

__all__ = ["LEAST_DATES", "Judgement", "beside", "judge"]

LEAST_DATES = 21
"""Dates that both were asked about; on fewer, a difference says nothing."""

_PATIENT = replace(POLICY, slow=600.0)  # many rows at once, on a machine that does other things first
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a new model fared beside the one that serves.

    Attributes
    ----------
    n_dates : dates that both were asked about
    difference : mean Brier score of the old less that of the new, above 0 where the new is better; None
        where there was nothing to compare
    sentence : the same for a person
    """

    promoted: bool
    n_dates: int
    difference: float | None
    sentence: str


def judge(new_p: FloatArray, old_p: FloatArray, y: FloatArray, time: NDArray[np.int64]) -> Judgement:
    """Promote the new one where its mean Brier score over at least 21 dates is the lower one.

    Parameters
    ----------
    new_p, old_p : what each said of the same rows before their outcome was known; NaN is left out
    y : 1 or 0
    time : of each row; rows of one moment are averaged first

    Units
    -----
    Fractions; ``difference`` in squared fractions.

    References
    ----------
    Diebold, Mariano (1995), Comparing predictive accuracy: the mean difference of losses; no test is made of
    it, since the question is which to use, not whether the better one is surely better.

    Examples
    --------
    >>> y = np.tile([1.0, 0.0], 20)
    >>> found = judge(0.4 + 0.2 * y, np.full(40, 0.5), y, np.arange(40))
    >>> found.promoted, found.n_dates, round(found.difference, 2)
    (True, 40, 0.09)
    """
    both = np.isfinite(new_p) & np.isfinite(old_p) & np.isfinite(y)
    dates, place = np.unique(time[both], return_inverse=True)
    n = len(dates)
    if not n:
        return Judgement(
            promoted=False,
            n_dates=0,
            difference=None,
            sentence="Nothing has ended yet that neither model had been trained on; it is on trial.",
        )
    better = (old_p[both] - y[both]) ** 2 - (new_p[both] - y[both]) ** 2
    difference = float(np.mean(np.bincount(place, better) / np.bincount(place)))
    if n < LEAST_DATES:
        said = f"Only {n} of {LEAST_DATES} dates have ended that neither model had been trained on; it is on trial."
        return Judgement(promoted=False, n_dates=n, difference=difference, sentence=said)
    about = f"On {n:,} dates that neither had been trained on"
    if difference > _SAME:
        said = f"{about}, its Brier score was lower by {difference:.6f} than that of the model before it."
        return Judgement(promoted=True, n_dates=n, difference=difference, sentence=said)
    how = "the same as" if difference >= -_SAME else f"higher by {-difference:.6f} than"
    said = f"{about}, its Brier score was {how} that of the model that serves; it is on trial."
    return Judgement(promoted=False, n_dates=n, difference=difference, sentence=said)


def beside(panel: Panel, probability: FloatArray, version: str, old: str | None, folder: Path) -> Judgement:
    """Judge a new ensemble beside the trained document that serves.

    Rows of bars after the last that the old one's training knew are compared: the old as it serves, the new
    by its walk, in which it had not seen them either. Without an old one that can be asked about the same
    thing, the new one is promoted at once.

    Parameters
    ----------
    probability : of the new one's walk, for each row of the panel
    version : of the new one
    folder : below which the old one's artefact lies
    """
    if old is None:
        return _at_once("There was no ensemble before it.")
    try:
        before = decode(old)
    except MarketPulseError as error:
        return _at_once(f"The one before it cannot be used: {error}")
    card = before.card
    if card.version == version:
        return _at_once("It is the model that serves already: the same bars gave the same numbers.")
    if (card.feature_version, card.horizon) != (VERSION, panel.horizon):
        return _at_once("The one before it speaks of other features or another horizon.")
    ask = _asking(before, folder)
    if ask is None:
        return _at_once("The files of the one before it cannot be opened.")
    rows = np.flatnonzero((panel.time > _after(card.last_bar)) & panel.known & np.isfinite(panel.base))
    old_p = ask(panel.x[rows], panel.base[rows]) if len(rows) else np.empty(0)
    return judge(probability[rows], old_p, panel.y[rows], panel.time[rows])


def _asking(before: Trained, folder: Path) -> Callable[[FloatArray, FloatArray], FloatArray] | None:
    opened = open_artefact(folder, before.manifest)
    if opened.manifest is None or any(one.path is ServingPath.NONE for one in opened.servings):
        return None  # what is left of it is not what was trained
    served = Served(opened, WallClock(), Random(0), _PATIENT)  # noqa: S311  spreads rests, no secret
    return lambda x, base: served.ask(x, base).probability


def _at_once(sentence: str) -> Judgement:
    return Judgement(promoted=True, n_dates=0, difference=None, sentence=sentence)


def _after(day: str) -> int:
    """Seconds since 1970 of the last moment of an ISO date, UTC."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) + 86_399
