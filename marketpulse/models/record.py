"""A trained ensemble as one JSON text: manifest, card, evidence, meta-model, and how its features lay.

The graphs and trees lie beside it on disk, named by the manifest's hashes. The hash of this text covers
all of it; the version is the manifest's, so the same training has the same version.
"""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from math import isfinite
from typing import Any

from pydantic import TypeAdapter

from marketpulse.features.full import NAMES, VERSION
from marketpulse.models.artefact import Manifest, read_manifest
from marketpulse.models.document import BadModel
from marketpulse.models.meta import Meta
from marketpulse.models.reference import Reference
from marketpulse.types import AssetClass, Card, Record

__all__ = [
    "ENSEMBLE",
    "LOGISTIC",
    "SCHEMA",
    "SHADOW",
    "Trained",
    "decode",
    "encode",
    "stored_as",
]

SCHEMA = 1
ENSEMBLE, SHADOW, LOGISTIC = "ensemble", "shadow", "logistic"

_Config = dict[str, str | float | int]


@dataclass(frozen=True, slots=True)
class Trained:
    """Everything that one training leaves for the desk.

    Attributes
    ----------
    manifest : text of the artefact's manifest, for ``opening.open_artefact``
    meta : None where there is none; ``meta_sentence`` says which and why
    trials : what was tried, each by its name; their numbers are ``record.members``
    """

    manifest: str
    card: Card
    record: Record
    meta: Meta | None
    meta_sentence: str
    reference: Reference
    trials: dict[str, _Config]
    schema: int = SCHEMA


_READER = TypeAdapter(Trained)


def stored_as(what: str, kind: AssetClass) -> str:
    """The name under which a document is kept in the store.

    Examples
    --------
    >>> stored_as(ENSEMBLE, AssetClass.EQUITY)
    'ensemble-equity'
    """
    return f"{what}-{kind.value}"


def encode(trained: Trained) -> str:
    """Write canonical JSON with its hash.

    Raises
    ------
    BadModel
        A number is not finite, or the parts do not fit.
    """
    content = json.loads(_READER.dump_json(trained))  # moments and words as text
    if not _finite(asdict(trained)):
        raise BadModel("A number of the trained ensemble is not finite.")
    text = _canonical({**content, "sha256": _hash(content)})
    decode(text)
    return text


def decode(text: str) -> Trained:
    """Read a document back.

    Raises
    ------
    BadModel
        It is no JSON of this schema, was changed since it was written, or its parts do not fit.
    BadArtefact
        The manifest in it is none.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant)
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise BadModel(f"The trained ensemble is not of schema {SCHEMA}.")
        trained = _READER.validate_json(text, strict=True)
    except (ValueError, RecursionError) as error:
        raise BadModel("The file is not readable as a trained ensemble.") from error
    if content.pop("sha256", None) != _hash(content):
        raise BadModel("The trained ensemble was changed after training: its hash does not fit.")
    _check(trained, read_manifest(trained.manifest))
    return trained


def _check(trained: Trained, manifest: Manifest) -> None:
    card, record = trained.card, trained.record
    told = (card.version, card.horizon, card.feature_version, card.features)
    if told != (manifest.version, manifest.horizon, manifest.feature_version, manifest.features):
        raise BadModel("The card of the trained ensemble is not that of its manifest.")
    if card.feature_version != VERSION or card.features != NAMES:
        raise BadModel(
            f"The ensemble was trained on features {card.feature_version}; this release has {VERSION}."
        )
    if {one.name for one in record.members} != set(trained.trials) or record.tried < len(record.members):
        raise BadModel("The trained ensemble tells of other trials than it counts.")
    if trained.meta is not None and not trained.meta.fits():
        raise BadModel("The parts of the meta-model do not fit each other.")
    if not trained.reference.fits() or not set(trained.reference.names) <= set(card.features):
        raise BadModel("The parts of the drift reference do not fit each other.")
    if not (0.0 < card.base_rate < 1.0 and card.horizon >= 1) or card.trained.utcoffset() is None:
        raise BadModel("The card of the trained ensemble holds a number that is out of range.")


def _hash(content: dict[str, Any]) -> str:
    return sha256(_canonical(content).encode()).hexdigest()


def _canonical(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _finite(value: object) -> bool:
    """Whether every number anywhere in it is."""
    if isinstance(value, float):
        return isfinite(value)
    if isinstance(value, dict):
        return all(map(_finite, value.values()))
    return all(map(_finite, value)) if isinstance(value, tuple | list) else True


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
