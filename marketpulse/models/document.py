"""A trained model as JSON text: its card, its numbers and the hash of both.

The hash covers everything but the moment of training, so that two trainings on the same bars are
the same model; its first 16 characters are the model's version.
"""

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from math import isfinite
from typing import Any

from pydantic import TypeAdapter

from marketpulse.errors import MarketPulseError
from marketpulse.features import FEATURES, VERSION
from marketpulse.types import Card

__all__ = ["SCHEMA", "BadModel", "Document", "decode", "encode"]

SCHEMA = 1
_VERSION_CHARACTERS = 16


class BadModel(MarketPulseError):
    """The text is no model that this release can use. Next: train again; never vote with it."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a logistic model is.

    Attributes
    ----------
    coefficients, means, scales : one per name in ``card.features``; scores are ``(x - mean) / scale``
    intercept : log-odds where every feature is at its mean
    shrink : share of ``probability - base rate`` that is kept, in [0, 1]
    data : SHA-256 of the bars it was trained on
    settings : of the training
    """

    card: Card
    coefficients: tuple[float, ...]
    intercept: float
    means: tuple[float, ...]
    scales: tuple[float, ...]
    shrink: float
    data: str
    settings: dict[str, float]
    schema: int = SCHEMA


_READER = TypeAdapter(Document)


def encode(document: Document) -> str:
    """Write canonical JSON and fill in version and hash.

    Raises
    ------
    BadModel
        A number is not finite, or the parts do not fit.
    """
    content = asdict(document)
    content["card"] = {**content["card"], "trained": document.card.trained.isoformat()}
    whole = _hash(content)
    content["card"]["version"] = whole[:_VERSION_CHARACTERS]
    text = _canonical({**content, "sha256": whole})
    decode(text)
    return text


def decode(text: str) -> Document:
    """Read a model back.

    Raises
    ------
    BadModel
        The text is not JSON of this schema, holds a number that is not finite, was changed since it
        was written, or speaks of other features.
    """
    try:
        content = json.loads(text, parse_constant=_no_constant)
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise BadModel(f"The model file is not of schema {SCHEMA}.")
        document = _READER.validate_json(text, strict=True)
    except (ValueError, RecursionError) as error:
        raise BadModel("The model file is not readable as a model.") from error
    claimed = content.pop("sha256", None)
    if claimed != _hash(content) or document.card.version != claimed[:_VERSION_CHARACTERS]:
        raise BadModel("The model file was changed after training: its hash does not fit.")
    _check(document)
    return document


def _check(document: Document) -> None:
    card = document.card
    if card.feature_version != VERSION or not set(card.features) <= set(FEATURES):
        raise BadModel(
            f"The model was trained on features {card.feature_version}; this release has {VERSION}."
        )
    if not len(card.features) == len(document.coefficients) == len(document.means) == len(document.scales):
        raise BadModel("The model file holds more or fewer numbers than features.")
    numbers = (*document.coefficients, *document.means, *document.scales, document.intercept, document.shrink)
    if not all(isfinite(x) for x in numbers) or not all(x > 0.0 for x in document.scales):
        raise BadModel("The model file holds a number that is not finite, or a scale that is not positive.")
    if not (0.0 <= document.shrink <= 1.0 and 0.0 < card.base_rate < 1.0 and card.horizon >= 1):
        raise BadModel("The model file holds a rate outside 0 to 1, or a horizon below 1.")
    if card.trained.utcoffset() is None:
        raise BadModel("The model file's training time has no time zone.")


def _hash(content: dict[str, Any]) -> str:
    card = {k: v for k, v in content["card"].items() if k not in {"trained", "version"}}
    return sha256(_canonical({**content, "card": card}).encode()).hexdigest()


def _canonical(content: dict[str, Any]) -> str:
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        raise BadModel("A number of the model is not finite.") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")
