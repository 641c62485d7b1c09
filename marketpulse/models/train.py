"""The training: walk forward through the past, score what was not seen, then fit on everything.

scikit-learn is imported here and nowhere else; the desk serves what this writes with numpy alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from marketpulse.features import VERSION
from marketpulse.models.document import Document, encode
from marketpulse.models.rows import NotTrainable, Rows, build, digest, running_base
from marketpulse.models.score import BLOCK, DRAWS, edge_of, score, shrinkage
from marketpulse.types import Bars, Card, FloatArray, Score

__all__ = ["FIRST_FIT", "HORIZON", "NAME", "REFIT", "Fold", "fit", "folds", "train", "walk_forward"]

NAME = "logistic"
HORIZON = 5
C = 0.02
"""Inverse strength of the ridge penalty; facts and peers agree on 0.01 to 0.05, and it is not tuned here."""

LEAST_DATES = 252
"""Fewer dates than a year give no model."""

FIRST_FIT = 504
"""Dates before the first out-of-sample row: two years."""

REFIT = 252
"""Dates from one refit to the next."""

LEAST_SCORED = 6 * BLOCK
"""Fewer out-of-sample dates than this give no score."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Report = Callable[[float, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Fold:
    """One step of the walk: boolean masks over the rows, no label of ``train`` known later than ``test`` begins."""

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


def folds(rows: Rows) -> Iterator[Fold]:
    """Split by unique dates, expanding, with the label's span purged.

    A row trains only where its label was decided on an earlier date than the first tested one.

    References
    ----------
    Lopez de Prado (2018), Advances in Financial Machine Learning, chapter 7 (purging).
    """
    dates = np.unique(rows.day)
    for start in range(FIRST_FIT, len(dates), REFIT):
        first = dates[start]
        last = dates[min(start + REFIT, len(dates)) - 1]
        yield Fold(train=rows.end < first, test=(rows.day >= first) & (rows.day <= last))


def fit(x: FloatArray, y: FloatArray) -> Pipeline:
    """Fit scaler and ridge-penalised logistic regression; the scaler sees the same rows only."""
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=C, max_iter=1000, tol=1e-8))
    return pipeline.fit(x, y)


def walk_forward(rows: Rows, report: Report) -> FloatArray:
    """Probabilities out of sample; NaN for rows before the first fit.

    Units
    -----
    Fractions, before any shrinkage.
    """
    p = np.full(len(rows), np.nan)
    steps = list(folds(rows))
    for i, fold in enumerate(steps):
        if len(np.unique(rows.y[fold.train])) > 1:
            p[fold.test] = fit(rows.x[fold.train], rows.y[fold.train]).predict_proba(rows.x[fold.test])[:, 1]
        report((i + 1) / len(steps), f"Walk-forward year {i + 1} of {len(steps)}.")
    return p


def train(
    panel: Sequence[Bars],
    benchmark: Bars | None,
    cutoff: datetime,
    *,
    source: str,
    trained: datetime,
    report: Report = lambda _fraction, _note: None,
) -> str:
    """Train on the bars that had closed by ``cutoff`` and return the model as JSON text.

    The same bars give the same text but for ``trained``.

    Parameters
    ----------
    panel : adjusted daily bars, one per instrument, in any order
    benchmark : adjusted daily bars of the market, or None for a model without its feature
    cutoff : aware UTC; every bar that had not closed by then is ignored
    source : whose prices, for the card
    trained : the moment for the card
    report : is told a fraction and a sentence after each step

    Raises
    ------
    NotTrainable
        Simulated prices, or too little history.
    """
    report(0.02, "Computing features.")
    rows = build(panel, benchmark, cutoff, HORIZON)
    dates = np.unique(rows.day)
    if len(dates) < LEAST_DATES or len(np.unique(rows.y)) == 1:
        raise NotTrainable(f"Training needs {LEAST_DATES} dates with full features; there are {len(dates)}.")
    p = walk_forward(rows, lambda part, note: report(0.05 + 0.6 * part, note))
    report(0.7, "Measuring the out-of-sample score.")
    found, shrink = _judged(rows, p)
    report(0.95, "Fitting on all rows.")
    pipeline = fit(rows.x, rows.y)
    scaler, regression = pipeline[0], pipeline[-1]
    return encode(
        Document(
            card=_card(rows, found, trained, source),
            coefficients=tuple(regression.coef_[0].tolist()),
            intercept=float(regression.intercept_[0]),
            means=tuple(scaler.mean_.tolist()),
            scales=tuple(scaler.scale_.tolist()),
            shrink=shrink,
            data=digest(panel, benchmark, cutoff),
            settings={
                "C": C,
                "first_fit": FIRST_FIT,
                "refit": REFIT,
                "purge": HORIZON,
                "block": BLOCK,
                "draws": DRAWS,
            },
        )
    )


def _judged(rows: Rows, p: FloatArray) -> tuple[Score | None, float]:
    """The score of what was not seen and the share of it to believe; none and 0 without enough."""
    base = running_base(rows.y, rows.day, rows.end)
    known = np.isfinite(p) & np.isfinite(base)
    p, y, base, day = p[known], rows.y[known], base[known], rows.day[known]
    if len(np.unique(day)) < LEAST_SCORED or len(np.unique(y)) == 1:
        return None, 0.0
    return score(p, y, base, day), shrinkage(p, y, base)


def _card(rows: Rows, found: Score | None, trained: datetime, source: str) -> Card:
    return Card(
        name=NAME,
        version="",
        horizon=HORIZON,
        features=rows.names,
        feature_version=VERSION,
        symbols=rows.symbols,
        first_bar=_iso(rows.day[0]),
        last_bar=_iso(rows.end.max()),
        rows=len(rows),
        base_rate=float(rows.y.mean()),
        score=found,
        edge=edge_of(found),
        trained=trained,
        source=source,
    )


def _iso(day: np.int64) -> str:
    return (_EPOCH + timedelta(days=int(day))).date().isoformat()
