import numpy as np
import onnx
import pytest

from marketpulse.models.graph import linear_graph
from marketpulse.models.plain import Linear, Taken
from marketpulse.models.session import BadArtefact, Session
from marketpulse.types import ArtefactFault


def graph(width=4):
    taken = Taken(np.array([0, 2]), np.zeros(2))
    return linear_graph(width, Linear(taken, np.zeros(2), np.ones(2), 6.0, np.ones(2), 0.0))


def fault_of(content, shape=(4,)):
    with pytest.raises(BadArtefact) as caught:
        Session(content, shape)
    return caught.value.fault


def test_a_graph_answers_row_by_row():
    found = Session(graph(), (4,)).raw(np.array([[0.0, 9.0, 0.0, 9.0], [1.0, 9.0, 1.0, 9.0]]))
    assert found == pytest.approx([0.5, 1.0 / (1.0 + np.exp(-2.0))])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", graph()[:-40], b"\x80\x04cos\nsystem\n."])
def test_what_is_no_graph_is_refused(content):
    assert fault_of(content) is ArtefactFault.UNREADABLE


def test_a_graph_of_another_width_is_refused():
    assert fault_of(graph(5)) is ArtefactFault.SHAPE
    assert fault_of(graph(), (32, 4)) is ArtefactFault.SHAPE


def test_a_graph_that_names_things_otherwise_is_refused():
    model = onnx.load_from_string(graph())
    model.graph.output[0].name = "price"
    model.graph.node[-1].output[0] = "price"
    assert fault_of(model.SerializeToString()) is ArtefactFault.SHAPE


def test_every_cut_of_a_graph_is_refused_or_answers_rightly():
    whole = graph()
    row = np.array([[1.0, 9.0, 1.0, 9.0]])
    right = Session(whole, (4,)).raw(row)
    for cut in range(0, len(whole), 7):
        try:
            found = Session(whole[:cut], (4,)).raw(row)
        except BadArtefact:
            continue
        assert found == pytest.approx(right), cut
