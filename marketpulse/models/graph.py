"""Fitted members as ONNX graphs, written node by node in double precision; used where models are trained.

Converters are not used: on our rows they send missing values down the wrong branch of extra trees and
round the thresholds of boosted ones, so that a row changes sides (docs/models.md).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketpulse.models.plain import Linear, Taken
from marketpulse.models.recurrent import Weights
from marketpulse.types import FloatArray

__all__ = ["INPUT", "OUTPUT", "Forest", "forest_of", "linear_graph", "lstm_graph", "trees_graph"]

INPUT, OUTPUT = "x", "probability"
_OPSET, _TREES_OPSET, _FORMAT = 17, 3, 8
_TREES = "ai.onnx.ml"


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """Trees as arrays, one entry a node; children are numbers within the tree.

    Attributes
    ----------
    tree, node : whose node, and its number there
    feature, threshold : a row goes left where its feature is at most the threshold
    missing_left : where it goes without that feature
    left, right : children
    leaf, value : whether it is one, and what it adds to the sum
    base : what the sum starts from
    odds : whether the sum is log-odds; else it is the probability itself
    single : whether features are rounded to single precision before they are compared
    """

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    feature: NDArray[np.int64]
    threshold: FloatArray
    missing_left: NDArray[np.bool_]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    leaf: NDArray[np.bool_]
    value: FloatArray
    base: float
    odds: bool
    single: bool


def forest_of(estimator: Any) -> Forest | None:
    """Take the trees out of boosting or extra trees of two classes; None for anything else.

    Parameters
    ----------
    estimator : fitted, of scikit-learn, without categorical features
    """
    kind = type(estimator).__name__
    if list(getattr(estimator, "classes_", ())) != [0, 1]:
        return None
    if kind == "HistGradientBoostingClassifier" and estimator.is_categorical_ is None:
        parts = [_boosted(one.nodes) for (one,) in estimator._predictors]  # noqa: SLF001  there is no public way to them
        base = float(np.ravel(estimator._baseline_prediction)[0])  # noqa: SLF001  as above
        return _joined(parts, base, odds=True, single=False)
    if kind == "ExtraTreesClassifier":
        parts = [_grown(one.tree_, len(estimator.estimators_)) for one in estimator.estimators_]
        return _joined(parts, 0.0, odds=False, single=True)
    return None


def _boosted(nodes: Any) -> dict[str, Any]:
    return {
        "feature": nodes["feature_idx"],
        "threshold": nodes["num_threshold"],
        "missing_left": nodes["missing_go_to_left"],
        "left": nodes["left"],
        "right": nodes["right"],
        "leaf": nodes["is_leaf"],
        "value": nodes["value"],
    }


def _grown(tree: Any, trees: int) -> dict[str, Any]:
    votes = tree.value[:, 0, :]
    return {
        "feature": tree.feature,
        "threshold": tree.threshold,
        "missing_left": tree.missing_go_to_left,
        "left": tree.children_left,
        "right": tree.children_right,
        "leaf": tree.children_left < 0,
        "value": votes[:, 1] / votes.sum(axis=1) / trees,
    }


def _joined(parts: list[dict[str, Any]], base: float, *, odds: bool, single: bool) -> Forest:
    sizes = [len(part["leaf"]) for part in parts]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    leaf = joined["leaf"].astype(bool)
    inner = {name: np.where(leaf, 0, joined[name]).astype(np.int64) for name in ("feature", "left", "right")}
    return Forest(
        tree=np.repeat(np.arange(len(parts)), sizes),
        node=np.concatenate([np.arange(size) for size in sizes]),
        threshold=np.where(leaf, 0.0, joined["threshold"]).astype(np.float64),
        missing_left=joined["missing_left"].astype(bool) & ~leaf,
        leaf=leaf,
        value=joined["value"].astype(np.float64),
        base=base,
        odds=odds,
        single=single,
        **inner,
    )


def linear_graph(width: int, linear: Linear) -> bytes:
    """A logistic regression on rows of ``width`` features."""
    from onnx import helper  # noqa: PLC0415  slow to import; needed by training alone

    numbers = {
        "mean": linear.mean,
        "scale": linear.scale,
        "least": np.array(-linear.wide),
        "most": np.array(linear.wide),
        "weights": linear.coefficients[:, None],
        "intercept": np.array([linear.intercept]),
    }
    nodes = [
        helper.make_node("Sub", ["full", "mean"], ["apart"]),
        helper.make_node("Div", ["apart", "scale"], ["score"]),
        helper.make_node("Clip", ["score", "least", "most"], ["cut"]),
        helper.make_node("MatMul", ["cut", "weights"], ["sum"]),
        helper.make_node("Add", ["sum", "intercept"], ["odds"]),
        helper.make_node("Sigmoid", ["odds"], ["double"]),
    ]
    return _rows_model(width, linear.taken, nodes, numbers)


def trees_graph(width: int, taken: Taken, forest: Forest) -> bytes:
    """Trees on rows of ``width`` features."""
    from onnx import TensorProto, helper  # noqa: PLC0415  as in linear_graph

    def doubles(values: FloatArray) -> Any:
        return helper.make_tensor("values", TensorProto.DOUBLE, [len(values)], values.tolist())

    leaf = forest.leaf
    trees = helper.make_node(
        "TreeEnsembleRegressor",
        ["rounded"],
        ["added"],
        domain=_TREES,
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        base_values_as_tensor=doubles(np.array([forest.base])),
        nodes_treeids=forest.tree.tolist(),
        nodes_nodeids=forest.node.tolist(),
        nodes_featureids=forest.feature.tolist(),
        nodes_values_as_tensor=doubles(forest.threshold),
        nodes_modes=["LEAF" if one else "BRANCH_LEQ" for one in leaf],
        nodes_truenodeids=forest.left.tolist(),
        nodes_falsenodeids=forest.right.tolist(),
        nodes_missing_value_tracks_true=forest.missing_left.astype(np.int64).tolist(),
        target_treeids=forest.tree[leaf].tolist(),
        target_nodeids=forest.node[leaf].tolist(),
        target_ids=[0] * int(leaf.sum()),
        target_weights_as_tensor=doubles(forest.value[leaf]),
    )
    rounding = TensorProto.FLOAT if forest.single else TensorProto.DOUBLE
    first = [
        helper.make_node("Cast", ["full"], ["cast"], to=rounding),
        helper.make_node("Cast", ["cast"], ["rounded"], to=TensorProto.DOUBLE),
    ]
    widen = helper.make_node("Cast", ["added"], ["sum"], to=TensorProto.DOUBLE)
    end = helper.make_node("Sigmoid" if forest.odds else "Identity", ["sum"], ["double"])
    return _rows_model(width, taken, [*first, trees, widen, end], {})


def lstm_graph(weights: Weights, steps: int) -> bytes:
    """A network of one LSTM layer on (rows, steps, inputs), in single precision as it was trained."""
    from onnx import TensorProto, helper, numpy_helper  # noqa: PLC0415  as in linear_graph

    hidden, inputs = weights.recurrent.shape[1], weights.inward.shape[1]
    single = {
        "W": weights.inward[None],
        "R": weights.recurrent[None],
        "B": np.concatenate([weights.bias, np.zeros(4 * hidden)])[None],
        "V": weights.outward[:, None],
        "c": np.array([weights.offset]),
    }
    tensors = [numpy_helper.from_array(value.astype(np.float32), name) for name, value in single.items()]
    tensors.append(numpy_helper.from_array(np.array([0]), "first"))
    nodes = [
        helper.make_node("Cast", [INPUT], ["single"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["single"], ["by_step"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["by_step", "W", "R", "B"], ["", "last", ""], hidden_size=hidden),
        helper.make_node("Squeeze", ["last", "first"], ["state"]),
        helper.make_node("Gemm", ["state", "V", "c"], ["odds"]),
        helper.make_node("Sigmoid", ["odds"], ["p"]),
        helper.make_node("Cast", ["p"], [OUTPUT], to=TensorProto.DOUBLE),
    ]
    return _model(nodes, tensors, [None, steps, inputs])


def _rows_model(width: int, taken: Taken, nodes: list[Any], numbers: dict[str, FloatArray]) -> bytes:
    """Take the columns, fill what is missing, then ``nodes`` from ``full`` to ``double``."""
    from onnx import helper, numpy_helper  # noqa: PLC0415  as in linear_graph

    tensors = [numpy_helper.from_array(taken.at.astype(np.int64), "at")]
    doubles = {"middle": taken.middle, **numbers}
    tensors += [numpy_helper.from_array(np.asarray(v, dtype=np.float64), n) for n, v in doubles.items()]
    first = [
        helper.make_node("Gather", [INPUT, "at"], ["part"], axis=1),
        helper.make_node("IsNaN", ["part"], ["missing"]),
        helper.make_node("Where", ["missing", "middle", "part"], ["full"]),
    ]
    last = helper.make_node("Identity", ["double"], [OUTPUT])
    return _model([*first, *nodes, last], tensors, [None, width])


def _model(nodes: list[Any], tensors: list[Any], shape: list[int | None]) -> bytes:
    from onnx import TensorProto, checker, helper  # noqa: PLC0415  as in linear_graph

    graph = helper.make_graph(
        nodes,
        "marketpulse",
        [helper.make_tensor_value_info(INPUT, TensorProto.DOUBLE, shape)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.DOUBLE, [None, 1])],
        tensors,
    )
    opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_TREES, _TREES_OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=_FORMAT)
    checker.check_model(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content
