"""The LSTM fitted with JAX, on the processor; imported only by ``train-deep``.

Loss: log loss with a small penalty on all numbers. Adam, batches in an order drawn once from a fixed
seed. After each pass the later block is asked, and the numbers that did best there are kept.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from marketpulse.models.recurrent import UNITS, Weights
from marketpulse.types import FloatArray

__all__ = ["fit"]

_SEED = 20_120_601
_RATE, _DECAY = 2e-3, 1e-3
_BATCH, _PASSES, _PATIENCE = 128, 40, 6

Numbers = dict[str, Any]


def fit(
    x: FloatArray, y: FloatArray, later_x: FloatArray, later_y: FloatArray
) -> tuple[Weights, Callable[[FloatArray], FloatArray]]:
    """Fit on ``x`` and ``y``, stop by the later block.

    Parameters
    ----------
    x, later_x : (rows, steps, inputs)
    y, later_y : 1 or 0

    Returns
    -------
    tuple
        The network, and a function that says its probabilities as JAX computes them.
    """
    rng = np.random.default_rng(_SEED)
    numbers = _start(x.shape[2], float(y.mean()))
    best, lowest, waited = numbers, np.inf, 0
    state = {"first": _zeros(numbers), "second": _zeros(numbers), "step": 0}
    step = jax.jit(_step)
    later = jnp.asarray(later_x, jnp.float32), jnp.asarray(later_y, jnp.float32)
    lost = jax.jit(_log_loss)
    for _ in range(_PASSES):
        for rows in np.array_split(rng.permutation(len(x)), max(1, len(x) // _BATCH)):
            batch = jnp.asarray(x[rows], jnp.float32), jnp.asarray(y[rows], jnp.float32)
            numbers, state = step(numbers, state, *batch)
        found = float(lost(numbers, *later))
        if found < lowest:
            best, lowest, waited = numbers, found, 0
        else:
            waited += 1
        if waited >= _PATIENCE:
            break
    said = jax.jit(lambda rows: jax.nn.sigmoid(_odds(best, rows)))

    def say(rows: FloatArray) -> FloatArray:
        return np.asarray(said(jnp.asarray(rows, jnp.float32)), dtype=np.float64)

    return _weights(best), say


def _start(inputs: int, base: float) -> Numbers:
    keys = jax.random.split(jax.random.PRNGKey(_SEED), 3)
    wide = 1.0 / np.sqrt(UNITS)
    shapes = {"W": (4 * UNITS, inputs), "R": (4 * UNITS, UNITS), "V": (UNITS,)}
    drawn = {
        name: jax.random.uniform(key, shape, minval=-wide, maxval=wide)
        for key, (name, shape) in zip(keys, shapes.items(), strict=True)
    }
    bias = np.zeros(4 * UNITS, np.float32)
    bias[2 * UNITS : 3 * UNITS] = 1.0  # the forget gate begins open
    return {**drawn, "b": jnp.asarray(bias), "c": jnp.asarray(np.float32(np.log(base / (1.0 - base))))}


def _odds(numbers: Numbers, x: Any) -> Any:
    def one(carried: tuple[Any, Any], row: Any) -> tuple[tuple[Any, Any], None]:
        state, cell = carried
        gates = row @ numbers["W"].T + state @ numbers["R"].T + numbers["b"]
        into, out, forget, new = jnp.split(gates, 4, -1)
        cell = jax.nn.sigmoid(forget) * cell + jax.nn.sigmoid(into) * jnp.tanh(new)
        return (jax.nn.sigmoid(out) * jnp.tanh(cell), cell), None

    nothing = jnp.zeros((x.shape[0], UNITS), jnp.float32)
    (state, _), _ = jax.lax.scan(one, (nothing, nothing), jnp.swapaxes(x, 0, 1))
    return state @ numbers["V"] + numbers["c"]


def _log_loss(numbers: Numbers, x: Any, y: Any) -> Any:
    odds = _odds(numbers, x)
    return jnp.mean(jnp.maximum(odds, 0.0) - odds * y + jnp.log1p(jnp.exp(-jnp.abs(odds))))


def _loss(numbers: Numbers, x: Any, y: Any) -> Any:
    size = sum((numbers[name] ** 2).sum() for name in ("W", "R", "V"))
    return _log_loss(numbers, x, y) + _DECAY * size


def _step(numbers: Numbers, state: Numbers, x: Any, y: Any) -> tuple[Numbers, Numbers]:
    """One step of Adam (Kingma, Ba 2015)."""
    slope = jax.grad(_loss)(numbers, x, y)
    number = state["step"] + 1
    first = {k: 0.9 * state["first"][k] + 0.1 * slope[k] for k in numbers}
    second = {k: 0.999 * state["second"][k] + 0.001 * slope[k] ** 2 for k in numbers}
    moved = {
        k: numbers[k]
        - _RATE * (first[k] / (1.0 - 0.9**number)) / (jnp.sqrt(second[k] / (1.0 - 0.999**number)) + 1e-8)
        for k in numbers
    }
    return moved, {"first": first, "second": second, "step": number}


def _zeros(numbers: Numbers) -> Numbers:
    return {name: jnp.zeros_like(value) for name, value in numbers.items()}


def _weights(numbers: Numbers) -> Weights:
    plain = {name: np.asarray(value, dtype=np.float64) for name, value in numbers.items()}
    return Weights(plain["W"], plain["R"], plain["b"], plain["V"], float(plain["c"]))
