"""Fitted members made ready to be served: their graph, compared with the original, and their trees.

Runs where models are trained; the desk reads what ``artefact`` writes of it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from marketpulse.models.graph import forest_of, linear_graph, trees_graph
from marketpulse.models.plain import Grown, Linear, Taken
from marketpulse.models.session import BadArtefact, Session
from marketpulse.types import ArtefactFault, FloatArray

__all__ = ["CLOSE", "Exported", "compare", "export", "plain_of"]

_WIDE = 6.0  # where ``members`` cuts a score; another one would not pass the comparison

CLOSE = 1e-5
"""A probability of the graph may differ so much from the original's, on every row that is held."""


@dataclass(frozen=True, slots=True, eq=False)
class Exported:
    """One member's graph.

    Attributes
    ----------
    graph : None where there is none, or where it is not to be used
    compared, worst : rows, and the largest difference on them; NaN where nothing was compared
    fault, note : why it is not used
    """

    graph: bytes | None
    compared: int = 0
    worst: float = float("nan")
    fault: ArtefactFault | None = None
    note: str = ""


def plain_of(fitted: Any) -> Linear | Grown | None:
    """A fitted member as columns and numbers, or columns and trees; None for one that is neither.

    Parameters
    ----------
    fitted : of ``members``: with ``columns``, and ``coefficients`` and ``intercept`` or a ``model``
    """
    columns = getattr(fitted, "columns", None)
    if columns is None:
        return None
    taken = Taken(np.asarray(columns.at, dtype=np.int64), np.asarray(columns.middle, dtype=np.float64))
    if hasattr(fitted, "coefficients"):
        scale = np.asarray(columns.scale)
        return Linear(taken, columns.mean, scale, _WIDE, fitted.coefficients, fitted.intercept)
    return Grown(taken, fitted.model)


def export(plain: Linear | Grown, original: Any, held: FloatArray) -> Exported:
    """Make the graph and compare it with the original on every row.

    Parameters
    ----------
    original : whose ``predict`` says what is right
    held : full rows (rows, features), missing ones among them, as they will come
    """
    width = held.shape[1]
    if isinstance(plain, Linear):
        graph = linear_graph(width, plain)
    else:
        forest = forest_of(plain.estimator)
        if forest is None:
            kind = type(plain.estimator).__name__
            return Exported(None, fault=ArtefactFault.TYPES, note=f"{kind} has no graph here.")
        graph = trees_graph(width, plain.taken, forest)
    return compare(graph, original.predict(held), held)


def compare(graph: bytes, right: FloatArray, held: FloatArray) -> Exported:
    """Ask the graph for all rows at once and for each alone; any difference above 1e-5 rules it out."""
    try:
        session = Session(graph, held.shape[1:])
        together = session.raw(held)
        alone = np.array([session.raw(held[i : i + 1])[0] for i in range(len(held))])
    except BadArtefact as error:
        return Exported(None, fault=error.fault, note=str(error))
    apart = np.maximum(np.abs(together - right), np.abs(alone - right))
    worst = float(apart.max(initial=0.0))
    if not worst <= CLOSE:  # NaN as well
        far = int((~(apart <= CLOSE)).sum())
        note = (
            f"The graph differs from scikit-learn on {far:,} of {len(held):,} rows, by {worst:.1g} at most."
        )
        return Exported(None, len(held), worst, ArtefactFault.DIFFERS, note)
    return Exported(graph, len(held), worst)
