"""By which way a trained model answers, and why not by a quicker one."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ArtefactFault", "Serving", "ServingPath"]


class ServingPath(StrEnum):
    """How an answer is made; each falls back on what follows it."""

    ONNX = "ONNX"
    SKLEARN = "scikit-learn"
    NUMPY = "numpy"  # few numbers, kept in the manifest itself
    LOGISTIC = "today's logistic"
    BASE_RATE = "base rate"
    NONE = "none"  # this member abstains


class ArtefactFault(StrEnum):
    """Why a file of a trained model is not used."""

    MISSING = "MISSING"  # it is not there
    HASH = "HASH"  # it is not the one that was written
    UNREADABLE = "UNREADABLE"  # it cannot be read as what it should be
    TYPES = "TYPES"  # it holds something that a model does not consist of
    SCHEMA = "SCHEMA"  # it speaks of other features, or is of another release
    SHAPE = "SHAPE"  # it takes or gives something else than it should
    DIFFERS = "DIFFERS"  # exported, it did not answer as scikit-learn does


@dataclass(frozen=True, slots=True)
class Serving:
    """One member's way of answering.

    Attributes
    ----------
    model : the member, or ``ensemble`` for all of them
    path : how it answers
    faults : what was wrong with the quicker ways, the quickest first
    sentence : the same for a person
    compared : rows on which the quick way was compared with scikit-learn when it was exported
    worst : largest difference of a probability on them, a fraction; None where it was not compared
    """

    model: str
    path: ServingPath
    faults: tuple[ArtefactFault, ...]
    sentence: str
    compared: int = 0
    worst: float | None = None
