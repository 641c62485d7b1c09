import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier, RandomForestClassifier

from marketpulse.models.graph import forest_of, linear_graph, lstm_graph, trees_graph
from marketpulse.models.plain import Linear, Taken
from marketpulse.models.recurrent import Weights, forward, windows
from marketpulse.models.session import Session

WIDTH = 9
AT = np.array([7, 1, 2, 4, 0])


@pytest.fixture(scope="module")
def rows():
    """Rows with ties, with missing values, and with steps that single precision cannot tell apart."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(3000, WIDTH))
    x[:, 1] = np.round(x[:, 1], 1)
    x[:, 2] = 1.0 + rng.integers(0, 40, 3000) * 1e-8
    x[rng.random(x.shape) < 0.05] = np.nan
    return x


@pytest.fixture(scope="module")
def answers(rows):
    signal = np.nan_to_num(rows[:, 7]) + 1e7 * (np.nan_to_num(rows[:, 2], nan=1.0) - 1.0)
    return (signal + np.random.default_rng(6).normal(size=len(rows)) > 2.0).astype(float)


def taken(rows):
    return Taken(AT, np.nanmedian(rows[:, AT], axis=0))


@pytest.mark.parametrize(
    "estimator",
    [
        HistGradientBoostingClassifier(max_iter=30, early_stopping=False, random_state=1),
        ExtraTreesClassifier(40, max_depth=6, random_state=1),
    ],
    ids=["boosting", "extra trees"],
)
@pytest.mark.parametrize("filled", [True, False])
def test_a_graph_of_trees_answers_as_scikit_learn_does_to_the_last_threshold(
    rows, answers, estimator, filled
):
    part = taken(rows).take(rows) if filled else rows[:, AT]
    fitted = estimator.fit(part[:2000], answers[:2000])
    middle = np.nanmedian(rows[:, AT], axis=0) if filled else np.full(len(AT), np.nan)
    graph = Session(trees_graph(WIDTH, Taken(AT, middle), forest_of(fitted)), (WIDTH,))
    right = fitted.predict_proba(part)[:, 1]
    assert np.ptp(right) > 0.3
    np.testing.assert_allclose(graph.raw(rows), right, atol=1e-6)
    one = [graph.raw(rows[i : i + 1])[0] for i in range(50)]
    np.testing.assert_allclose(one, right[:50], atol=1e-6)


def test_rounding_the_rows_to_single_precision_would_have_shown(rows, answers):
    part = taken(rows).take(rows)
    fitted = HistGradientBoostingClassifier(max_iter=30, early_stopping=False).fit(part, answers)
    rounded = part.astype(np.float32).astype(float)
    assert np.abs(fitted.predict_proba(part) - fitted.predict_proba(rounded)).max() > 0.01


def test_a_logistic_graph_fills_cuts_and_says_what_numpy_says(rows):
    linear = Linear(taken(rows), np.full(5, 0.1), np.full(5, 0.2), 6.0, np.linspace(-1, 1, 5), 0.3)
    x = np.concatenate([rows, np.full((1, WIDTH), 1e9), np.full((1, WIDTH), np.nan)])
    graph = Session(linear_graph(WIDTH, linear), (WIDTH,))
    np.testing.assert_allclose(graph.raw(x), linear.raw(x), atol=1e-14)
    assert np.isfinite(graph.raw(x)).all()


def test_an_estimator_that_is_not_known_has_no_forest(rows, answers):
    part = taken(rows).take(rows)
    assert forest_of(RandomForestClassifier(3).fit(part, answers)) is None
    assert forest_of(ExtraTreesClassifier(3).fit(part, answers + 1.0)) is None
    assert forest_of(object()) is None


def test_the_same_trees_are_the_same_bytes(rows, answers):
    part = taken(rows).take(rows)
    fitted = ExtraTreesClassifier(5, max_depth=3, random_state=1).fit(part, answers)
    first, second = (trees_graph(WIDTH, taken(rows), forest_of(fitted)) for _ in range(2))
    assert first == second


def hand_made(units=3, inputs=2, seed=1):
    rng = np.random.default_rng(seed)
    parts = rng.normal(size=(4 * units, inputs)), rng.normal(size=(4 * units, units))
    return Weights(*parts, rng.normal(size=4 * units), rng.normal(size=units), 0.1)


def test_an_lstm_graph_says_what_the_arithmetic_says():
    weights = hand_made()
    x = np.random.default_rng(2).normal(size=(500, 6, 2))
    graph = Session(lstm_graph(weights, 6), (6, 2))
    np.testing.assert_allclose(graph.raw(x), forward(weights, x), atol=1e-6)
    assert graph.raw(x[:1])[0] == pytest.approx(forward(weights, x[:1])[0], abs=1e-6)


def test_the_gates_stand_in_the_order_of_onnx():
    """Wrong by far where forget and output are taken for each other."""
    weights = hand_made()
    swapped = Weights(
        *(
            np.concatenate([part[:3], part[6:9], part[3:6], part[9:]])
            for part in (weights.inward, weights.recurrent, weights.bias)
        ),
        weights.outward,
        weights.offset,
    )
    x = np.random.default_rng(2).normal(size=(50, 6, 2))
    assert np.abs(Session(lstm_graph(weights, 6), (6, 2)).raw(x) - forward(swapped, x)).max() > 0.01


def test_a_sequence_ends_with_its_row_and_reaches_before_no_other():
    values = np.arange(10.0)[:, None] * [1.0, -1.0]
    found = windows(values, 3)
    assert found.shape == (10, 3, 2)
    assert np.isnan(found[1]).any()
    assert found[4].tolist() == [[2.0, -2.0], [3.0, -3.0], [4.0, -4.0]]
    assert found[9, -1].tolist() == [6.0, -6.0]
    spoilt = values.copy()
    spoilt[5:] = 99.0
    np.testing.assert_array_equal(windows(spoilt, 3)[:5], found[:5])
