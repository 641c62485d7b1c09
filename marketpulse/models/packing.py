"""An ensemble that has been trained, written down as an artefact: graphs, trees, numbers and their hashes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from marketpulse.features.full import NAMES, VERSION
from marketpulse.models.artefact import FileRecord, LinearRecord, Manifest, MemberRecord, file_record, write
from marketpulse.models.ensemble import Ensemble, Standing
from marketpulse.models.export import export, plain_of
from marketpulse.models.plain import Grown, Linear
from marketpulse.models.session import BadArtefact
from marketpulse.types import ArtefactFault, FloatArray

__all__ = ["LIBRARIES", "Made", "libraries", "linear_record", "pack"]

LIBRARIES = ("numpy", "scikit-learn", "skops", "onnx", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Made:
    """Of what an ensemble was made, for its manifest; as there."""

    first_bar: str
    last_bar: str
    rows: int
    base_rate: float
    source: str
    data: str
    trained: datetime


def libraries(names: tuple[str, ...] = LIBRARIES) -> dict[str, str]:
    """Their versions, of those that are installed."""
    found = {}
    for name in names:
        with suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def pack(folder: Path, ensemble: Ensemble, held: FloatArray, made: Made) -> str:
    """Write the ensemble below ``folder`` and return its manifest's text.

    Parameters
    ----------
    held : full rows on which every graph is compared with the member as it was fitted

    Raises
    ------
    BadArtefact
        A number of a member is not finite, or ``held`` are no full rows of this release.
    """
    if held.shape[1:] != (len(NAMES),) or ensemble.names != NAMES:
        raise BadArtefact(ArtefactFault.SCHEMA, f"The rows have {held.shape[1:]} features, not {len(NAMES)}.")
    files: dict[FileRecord, bytes] = {}
    members = []
    for name, fitted, standing, share in zip(
        ensemble.members, ensemble.fitted, ensemble.standings, ensemble.share.tolist(), strict=True
    ):
        members.append(
            MemberRecord(name=name, share=share, **_standing(standing), **_member(fitted, held, files))
        )
    manifest = Manifest(
        name="ensemble",
        horizon=ensemble.horizon,
        feature_version=VERSION,
        features=NAMES,
        steps=1,
        first_bar=made.first_bar,
        last_bar=made.last_bar,
        rows=made.rows,
        base_rate=made.base_rate,
        cost=ensemble.cost,
        stretch=ensemble.stretch,
        source=made.source,
        data=made.data,
        trained=made.trained,
        libraries=libraries(),
        members=tuple(members),
    )
    return write(folder, manifest, files)


def _standing(standing: Standing) -> Mapping[str, Any]:
    sigmoid = standing.sigmoid
    return {
        "shift": None if sigmoid is None else sigmoid.shift,
        "slope": None if sigmoid is None else sigmoid.slope,
        "kept": standing.kept,
        "skill": standing.skill if isfinite(standing.skill) else None,
    }


def _member(fitted: Any, held: FloatArray, files: dict[FileRecord, bytes]) -> Mapping[str, Any]:
    """What a member consists of; its files go to ``files``."""
    plain = plain_of(fitted)
    if plain is None:
        if hasattr(fitted, "rule"):
            return {"kind": "rule", "base": fitted.base, "worth": fitted.worth}
        return {"kind": "constant", "base": fitted.p}
    found = export(plain, fitted, held)
    parts: dict[str, Any] = {
        "kind": "linear" if isinstance(plain, Linear) else "trees",
        "columns": tuple(NAMES[i] for i in plain.taken.at.tolist()),
        "middle": tuple(plain.taken.middle.tolist()),
        "compared": found.compared,
        "worst": found.worst if isfinite(found.worst) else None,
        "fault": found.fault,
        "note": found.note,
    }
    if found.graph is not None:
        parts["onnx"] = _file(found.graph, "onnx", files)
    if isinstance(plain, Grown):
        from marketpulse.models.estimators import dump  # noqa: PLC0415  scikit-learn is slow to import

        parts["skops"] = _file(dump(plain.estimator), "skops", files)
    else:
        parts["linear"] = linear_record(plain)
    return parts


def _file(content: bytes, kind: Any, files: dict[FileRecord, bytes]) -> FileRecord:
    record = file_record(content, kind)
    files[record] = content
    return record


def linear_record(linear: Linear) -> LinearRecord:
    """The numbers of a logistic regression, as they are written down."""

    def plainly(values: FloatArray) -> tuple[float, ...]:
        return tuple(np.asarray(values, dtype=np.float64).tolist())

    return LinearRecord(
        plainly(linear.mean),
        plainly(linear.scale),
        linear.wide,
        plainly(linear.coefficients),
        linear.intercept,
    )
