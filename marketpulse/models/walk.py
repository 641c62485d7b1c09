"""The walk forward: every member fitted again and again on what was known, asked about what was not.

A step at bar ``t`` fits on rows whose label had ended an embargo before ``t``, and speaks of the bars from
``t`` to the next step. Nothing depends on how long the history goes on afterwards.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context, parent_process

import numpy as np
from numpy.typing import NDArray

from marketpulse.models.members import BASE_RATE, Fitted, Member
from marketpulse.models.panel import Panel, weights
from marketpulse.signals.calibrate import expit, logit
from marketpulse.types import FloatArray

__all__ = ["Report", "Settings", "Step", "fit_all", "predict_unseen", "steps"]

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a history is walked; all spans in bars (dates of a panel).

    Attributes
    ----------
    first_fit : bars before the first fit
    refit : from one fit to the next
    embargo : between the end of the last label that trains and the first bar that is spoken of
    pool : scored bars before a member is calibrated, and again as many before it is weighed
    cost : of one purchase or sale, a fraction of its value
    """

    first_fit: int = 378
    refit: int = 63
    embargo: int = 5
    pool: int = 126
    cost: float = 0.0005

    def as_row(self) -> dict[str, float]:
        """The same as a row for the log of trials."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One fit and the rows it speaks of.

    Attributes
    ----------
    moment : time of the first bar spoken of, int64 seconds since 1970
    train, test : row numbers
    """

    moment: int
    train: NDArray[np.int64]
    test: NDArray[np.int64]


def steps(panel: Panel, settings: Settings) -> Iterator[Step]:
    """Split by whole dates, growing, labels purged by their end, with the embargo between.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 7.
    """
    dates = np.unique(panel.time)
    for start in range(settings.first_fit, len(dates), settings.refit):
        first = int(dates[start])
        last = int(dates[min(start + settings.refit, len(dates)) - 1])
        yield Step(
            moment=first,
            train=np.flatnonzero(panel.ended_before(int(dates[start - settings.embargo]))),
            test=np.flatnonzero((panel.time >= first) & (panel.time <= last)),
        )


def fit_all(panel: Panel, rows: NDArray[np.int64], members: Sequence[Member]) -> tuple[Fitted, ...]:
    """Fit every member on the same rows."""
    from threadpoolctl import threadpool_limits  # noqa: PLC0415  comes with scikit-learn, as slow

    weight = weights(panel, rows)
    x, y = panel.x[rows], panel.y[rows]
    with threadpool_limits(1):
        return tuple(member.fit(panel.names, x, y, weight) for member in members)


def predict_unseen(
    panel: Panel,
    members: Sequence[Member],
    settings: Settings,
    *,
    processes: int = 1,
    report: Report = lambda _part, _note: None,
) -> FloatArray:
    """Raw opinions out of sample, one line for each member.

    Parameters
    ----------
    processes : how many work at once; more than one are started anew and get the panel handed over

    Returns
    -------
    FloatArray
        (members, rows), fractions; NaN before the first fit.
    """
    walk = list(steps(panel, settings))
    found = np.full((len(members), len(panel)), np.nan)

    def take(number: int, said: FloatArray) -> None:
        found[:, walk[number].test] = said
        report((number + 1) / len(walk), f"Walk forward, fit {number + 1} of {len(walk)}.")

    if processes == 1 or len(walk) == 1:
        for number, step in enumerate(walk):
            take(number, _said(panel, members, step))
        return found
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_receive, initargs=(panel, members, walk)
    ) as pool:
        for number, said in enumerate(pool.map(_step, range(len(walk)))):
            take(number, said)
    return found


def _said(panel: Panel, members: Sequence[Member], step: Step) -> FloatArray:
    """Ask about one step's rows; the fit's base rate is some bars old, so opinions move with it.

    The base rate itself is always the newest one: it has no opinion beside it.
    """
    if not len(step.train):
        return np.full((len(members), len(step.test)), np.nan)
    fitted = fit_all(panel, step.train, members)
    x, base = panel.x[step.test], panel.base[step.test]
    then = float(np.average(panel.y[step.train], weights=weights(panel, step.train)))
    moved = logit(base) - logit(np.array([then]))
    said = np.stack([expit(logit(one.predict(x)) + moved) for one in fitted])
    for i, member in enumerate(members):
        if member.name == BASE_RATE:
            said[i] = base
    return said


_HANDED: list[tuple[Panel, Sequence[Member], list[Step]]] = []


def _receive(panel: Panel, members: Sequence[Member], walk: list[Step]) -> None:
    threading.Thread(target=_leave_with_parent, name="orphan-watch", daemon=True).start()
    _HANDED[:] = [(panel, members, walk)]


def _leave_with_parent() -> None:
    """A worker whose parent was killed would wait for its next step for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _step(number: int) -> FloatArray:
    panel, members, walk = _HANDED[0]
    return _said(panel, members, walk[number])
