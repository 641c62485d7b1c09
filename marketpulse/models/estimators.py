"""Estimators of scikit-learn as files without code: skops, with a list of what may be inside.

Imported only where one is written, or where a graph cannot be used.
"""

from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from skops.io import dumps, get_untrusted_types, loads
from threadpoolctl import ThreadpoolController

from marketpulse.models.session import BadArtefact
from marketpulse.types import ArtefactFault, FloatArray

__all__ = ["KINDS", "TRUSTED", "OneThread", "dump", "load"]

KINDS = (ExtraTreesClassifier, HistGradientBoostingClassifier)
"""What a file may be."""

TRUSTED = (
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.tree._tree.Tree",
)
"""What may be inside besides what skops itself takes for harmless."""


class OneThread:
    """An estimator that is asked on one thread: on a busy machine, several wait for each other for a second."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator
        self._threads = ThreadpoolController()

    def predict_proba(self, x: FloatArray) -> FloatArray:
        """As the estimator's."""
        with self._threads.limit(limits=1):
            return np.asarray(self._estimator.predict_proba(x))


def dump(estimator: Any) -> bytes:
    """Write a fitted estimator."""
    content: bytes = dumps(estimator)
    return content


def load(content: bytes, width: int) -> Any:
    """Read an estimator of ``width`` features back, once its hash has been checked.

    Raises
    ------
    BadArtefact
        It is no such file, holds another type than those allowed, or takes another number of features.
    """
    try:
        strange = set(get_untrusted_types(data=content)) - set(TRUSTED)
        found = None if strange else loads(content, trusted=list(TRUSTED))
    except Exception as error:  # whatever a file that is not ours makes the reader do
        raise BadArtefact(ArtefactFault.UNREADABLE, "The file is not readable as an estimator.") from error
    if strange:
        raise BadArtefact(ArtefactFault.TYPES, f"The file holds {', '.join(sorted(strange))}.")
    if type(found) not in KINDS:
        raise BadArtefact(ArtefactFault.TYPES, f"The file holds a {type(found).__name__}.")
    if getattr(found, "n_features_in_", None) != width or list(getattr(found, "classes_", ())) != [0, 1]:
        raise BadArtefact(ArtefactFault.SHAPE, f"The estimator does not take {width} features.")
    return found
