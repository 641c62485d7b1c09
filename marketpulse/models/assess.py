"""The whole way from bars to probabilities and the word for their skill, in one call."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from marketpulse.models.ensemble import Ensemble, Judged, judge_walk
from marketpulse.models.evidence import Evidence, evidence
from marketpulse.models.members import Member, members
from marketpulse.models.panel import Panel, build_panel
from marketpulse.models.rows import NotTrainable
from marketpulse.models.walk import Report, Settings, predict_unseen
from marketpulse.types import Bars, FloatArray

__all__ = ["Assessment", "aligned", "assess"]


@dataclass(frozen=True, slots=True, eq=False)
class Assessment:
    """Everything that one training gives.

    Attributes
    ----------
    ensemble : fitted on all that has ended, None where it was not asked for
    """

    panel: Panel
    judged: Judged
    evidence: Evidence
    ensemble: Ensemble | None


def assess(
    bars: Sequence[Bars],
    benchmark: Bars | None = None,
    horizon: int = 5,
    *,
    settings: Settings | None = None,
    voters: Sequence[Member] | None = None,
    earlier: int = 0,
    processes: int = 1,
    least: int = 0,
    final: bool = True,
    report: Report = lambda _part, _note: None,
) -> Assessment:
    """Walk forward over adjusted bars, score what was not seen, and fit on everything.

    Parameters
    ----------
    voters : the members; all of ours by default
    earlier : trials of earlier trainings that count against a claim
    processes : how many work at once
    least : dates with features, fewer than which are not trained on
    final : whether to fit the ensemble that votes on the next bar
    report : is told a fraction and a sentence

    Raises
    ------
    NotTrainable
        Simulated prices, no bar with all its features, or fewer dates of them than ``least``.
    """
    chosen = settings or Settings(embargo=horizon)
    who = members() if voters is None else voters
    report(0.02, "Computing features.")
    panel = build_panel(bars, benchmark, horizon)
    dates = len(np.unique(panel.time))
    if dates < least:
        raise NotTrainable(f"An ensemble needs {least} dates with all features; there are {dates}.")
    raw = predict_unseen(
        panel, who, chosen, processes=processes, report=lambda part, note: report(0.05 + 0.8 * part, note)
    )
    report(0.86, "Calibrating and weighing.")
    judged = judge_walk(panel, raw, chosen)
    report(0.9, "Measuring the out-of-sample score.")
    found = evidence(panel, judged, who, chosen, earlier)
    ensemble = None
    if final:
        report(0.95, "Fitting on all rows.")
        ensemble = Ensemble.of(panel, who, judged, chosen)
    return Assessment(panel, judged, found, ensemble)


def aligned(found: Assessment, bars: int, number: int = 0) -> FloatArray:
    """The probabilities of one instrument by its bars, NaN while the ensemble was untrained."""
    own = found.panel.symbol == number
    line = np.full(bars, np.nan)
    line[found.panel.bar[own]] = found.judged.probability[own]
    return line
