"""One ONNX graph as the desk asks it: checked when it is opened, on one thread, nothing else loaded."""

from typing import Any

import numpy as np

from marketpulse.errors import MarketPulseError
from marketpulse.types import ArtefactFault, FloatArray

__all__ = ["BadArtefact", "Session"]

_INPUT, _OUTPUT = "x", "probability"
_QUIET = 4


class BadArtefact(MarketPulseError):
    """A file of a trained model that is not used. Next: serve by the next way, and say so."""

    def __init__(self, fault: ArtefactFault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault


class Session:
    """A graph from rows of known shape to one probability each.

    Parameters
    ----------
    content : the file's bytes, whose hash has been checked
    shape : of one row: (features,) or (steps, inputs)

    Raises
    ------
    BadArtefact
        It cannot be read, or takes or gives something else.
    """

    def __init__(self, content: bytes, shape: tuple[int, ...]) -> None:
        import onnxruntime  # noqa: PLC0415  slow to import: only a desk that has a model needs it

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _QUIET
        try:
            session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the runtime has a dozen kinds, not all of one family
            raise BadArtefact(ArtefactFault.UNREADABLE, "It is not readable as an ONNX graph.") from error
        _check(session, shape)
        self._run = session.run

    def raw(self, x: FloatArray) -> FloatArray:
        """Probabilities of float64 rows, as the graph gives them; raises where it fails."""
        found: FloatArray = self._run([_OUTPUT], {_INPUT: x})[0]
        return found[:, 0]


def _check(session: Any, shape: tuple[int, ...]) -> None:
    inputs = [(one.name, one.type, tuple(one.shape[1:])) for one in session.get_inputs()]
    outputs = [(one.name, one.type, tuple(one.shape[1:])) for one in session.get_outputs()]
    if inputs != [(_INPUT, "tensor(double)", shape)] or outputs != [(_OUTPUT, "tensor(double)", (1,))]:
        raise BadArtefact(
            ArtefactFault.SHAPE, f"The graph takes {inputs} and gives {outputs}; a row is {shape}."
        )
    try:
        said = session.run([_OUTPUT], {_INPUT: np.zeros((1, *shape))})[0]
    except Exception as error:  # as where it is opened
        raise BadArtefact(ArtefactFault.UNREADABLE, "The graph fails on a row of zeros.") from error
    if said.shape != (1, 1):
        raise BadArtefact(ArtefactFault.SHAPE, f"The graph gives {said.shape} for one row.")
