"""The training of one class of instruments: the ensemble, its artefact, and all that may be said of it.

Runs in the training process; the desk reads the document that comes of it (``record``).
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from marketpulse.errors import MarketPulseError
from marketpulse.models.artefact import Manifest, read_manifest
from marketpulse.models.assess import Assessment, assess
from marketpulse.models.ensemble import Ensemble
from marketpulse.models.evidence import LEAST_SCORED, Evidence
from marketpulse.models.job import Job
from marketpulse.models.meta_fit import learn
from marketpulse.models.packing import Made, pack
from marketpulse.models.panel import Panel
from marketpulse.models.promotion import Judgement, beside
from marketpulse.models.record import Trained, decode, encode
from marketpulse.models.reference import reference
from marketpulse.models.rows import NotTrainable, digest
from marketpulse.models.walk import Report, Settings
from marketpulse.types import Card, MemberLine, Record

__all__ = ["train_ensemble"]

_HELD = 50_000


def train_ensemble(job: Job, trained: datetime, report: Report, settings: Settings | None = None) -> str:
    """Train, write the artefact, judge it beside the one that serves, and return the trained document.

    Raises
    ------
    NotTrainable
        Simulated prices, or too little history to score an ensemble out of sample.
    BadArtefact, BadModel
        A number of it is not finite.
    """
    begun = time.monotonic()
    chosen = settings or Settings(embargo=job.horizon)
    cut = replace(
        job,
        panel=tuple(bars.until(job.cutoff) for bars in job.panel),
        benchmark=None if job.benchmark is None else job.benchmark.until(job.cutoff),
    )
    data = digest(cut.panel, cut.benchmark, cut.cutoff)
    found = assess(
        cut.panel,
        cut.benchmark,
        job.horizon,
        settings=chosen,
        earlier=_earlier(job, data),
        processes=job.processes,
        least=chosen.first_fit + 2 * chosen.pool + LEAST_SCORED,
        report=lambda part, note: report(0.85 * part, note),
    )
    if found.ensemble is None or found.evidence.score is None:
        raise NotTrainable(f"There is no ensemble: {found.evidence.why}")
    report(0.85, "Writing the ensemble and comparing every row of its graphs.")
    held = found.panel.x[_spread(len(found.panel))]
    manifest = pack(job.artefacts, found.ensemble, held, _made(found.panel, job, data, trained))
    report(0.93, "Comparing it with the model that serves.")
    about = read_manifest(manifest)
    judgement = beside(found.panel, found.judged.probability, about.version, job.old, job.artefacts)
    report(0.96, "Learning when its calls are right.")
    meta, sentence = learn(found.panel, found.judged, chosen)
    return encode(
        Trained(
            manifest,
            _card(about, found),
            _record(found, job, data, judgement, time.monotonic() - begun),
            meta,
            sentence,
            reference(found.panel.names, found.panel.x[found.panel.known]),
            {one.name: dict(one.config) for one in found.evidence.trials},
        )
    )


def _spread(rows: int) -> NDArray[np.int64]:
    """Every row, or evenly spaced ones where there are so many that asking each alone would take minutes."""
    return np.unique(np.linspace(0, rows - 1, min(rows, _HELD)).astype(np.int64))


def _earlier(job: Job, data: str) -> int:
    """Trials before this one; the same ones on the same bars are not tried anew."""
    if job.old is None:
        return job.earlier
    try:
        before = decode(job.old).record
    except MarketPulseError:
        return job.earlier
    again = len(before.members) if before.data == data else 0
    return max(job.earlier, before.tried) - again


def _made(panel: Panel, job: Job, data: str, trained: datetime) -> Made:
    known = panel.known
    return Made(
        _day(panel.time[known].min()),
        _day(panel.end[known].max()),
        int(known.sum()),
        float(panel.y[known].mean()),
        job.source,
        data,
        trained,
    )


def _card(manifest: Manifest, found: Assessment) -> Card:
    return Card(
        name=manifest.name,
        version=manifest.version,
        horizon=manifest.horizon,
        features=manifest.features,
        feature_version=manifest.feature_version,
        symbols=found.panel.symbols,
        first_bar=manifest.first_bar,
        last_bar=manifest.last_bar,
        rows=manifest.rows,
        base_rate=manifest.base_rate,
        score=found.evidence.score,
        edge=found.evidence.edge,
        trained=manifest.trained,
        source=manifest.source,
    )


def _record(found: Assessment, job: Job, data: str, judgement: Judgement, seconds: float) -> Record:
    told = found.evidence
    return Record(
        kind=job.kind,
        why=told.why,
        p_value=_some(told.p_value),
        slope=_some(told.slope),
        sharpe=_some(told.sharpe),
        deflated=_some(told.deflated),
        tried=told.tried,
        members=_members(told, found.ensemble),
        promoted=judgement.promoted,
        verdict=judgement.sentence,
        seconds=round(seconds, 1),
        data=data,
    )


def _members(told: Evidence, ensemble: Ensemble | None) -> tuple[MemberLine, ...]:
    """One line for each trial; the consensus has no share in itself."""
    share: Mapping[str, float] = {}
    kept: Mapping[str, float] = {}
    if ensemble is not None:
        share = dict(zip(ensemble.members, ensemble.share.tolist(), strict=True))
        standings = zip(ensemble.members, ensemble.standings, strict=True)
        kept = {name: standing.kept or 0.0 for name, standing in standings}
    return tuple(
        MemberLine(
            one.name,
            one.n,
            _some(one.auc),
            _some(one.skill),
            _some(one.sharpe),
            share.get(one.name, 0.0),
            kept.get(one.name, 0.0),
        )
        for one in told.trials
    )


def _some(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _day(seconds: np.int64) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
