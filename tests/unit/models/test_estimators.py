import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.preprocessing import FunctionTransformer

from marketpulse.models.estimators import dump, load
from marketpulse.models.session import BadArtefact
from marketpulse.types import ArtefactFault

X = np.random.default_rng(1).normal(size=(300, 4))
Y = (X[:, 0] > 0).astype(float)


def fault_of(content, width=4):
    with pytest.raises(BadArtefact) as caught:
        load(content, width)
    return caught.value.fault


@pytest.mark.parametrize("kind", [ExtraTreesClassifier, HistGradientBoostingClassifier])
def test_it_comes_back_as_it_was(kind):
    fitted = kind(random_state=1).fit(X, Y)
    again = load(dump(fitted), 4)
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_what_a_model_does_not_consist_of_is_refused():
    fitted = ExtraTreesClassifier(2).fit(X, Y)
    fitted.callback = FunctionTransformer(np.save)
    fitted.evil = fault_of  # a function of a module that is not trusted
    assert fault_of(dump(fitted)) is ArtefactFault.TYPES


@pytest.mark.parametrize(
    "thing", [RandomForestClassifier(2).fit(X, Y), {"a": 1}, [1, 2], FunctionTransformer()]
)
def test_what_is_no_estimator_of_ours_is_refused(thing):
    assert fault_of(dump(thing)) is ArtefactFault.TYPES


def test_another_width_other_classes_and_an_unfitted_one_are_refused():
    assert fault_of(dump(ExtraTreesClassifier(2).fit(X, Y)), 5) is ArtefactFault.SHAPE
    assert fault_of(dump(ExtraTreesClassifier(2).fit(X, Y + 1))) is ArtefactFault.SHAPE
    assert fault_of(dump(ExtraTreesClassifier(2))) is ArtefactFault.SHAPE


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06" + bytes(18), b"\x80\x04.", b"{}"])
def test_what_is_no_file_of_ours_is_refused(content):
    assert fault_of(content) is ArtefactFault.UNREADABLE


def test_a_truncated_file_is_refused():
    content = dump(ExtraTreesClassifier(2).fit(X, Y))
    assert fault_of(content[: len(content) // 2]) is ArtefactFault.UNREADABLE
