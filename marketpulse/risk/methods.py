"""Value at risk and expected shortfall of a book, by method, and the headline that the desk shows."""

from collections.abc import Callable, Mapping
from functools import cached_property
from math import isfinite, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from marketpulse.risk.estimate import Estimate, Method, Tail, readable, unreadable
from marketpulse.risk.garch import FIT_FEWEST, Model, fit_ewma_t, fit_gjr
from marketpulse.risk.simulation import PATHS, SEED, paths_of, sampling_error, simulate, skewt_draws
from marketpulse.risk.tails import cornish_fisher_tail, historical_tail, normal_tail
from marketpulse.risk.var import WINDOW
from marketpulse.types import FloatArray

__all__ = ["Pair", "expected_shortfall", "loss_estimates", "value_at_risk"]

_TABLE = 2  # dimensions


class Pair(NamedTuple):
    """A value at risk and the expected shortfall beyond it, by the same method."""

    var: Estimate
    es: Estimate


def value_at_risk(
    returns: ArrayLike,
    level: float = 0.99,
    method: Method | str = Method.HISTORICAL,
    days: int = 1,
    *,
    weights: ArrayLike | None = None,
    seed: int = SEED,
) -> Estimate:
    """Loss that is exceeded with a chance of ``1 - level``, positive.

    Parameters
    ----------
    returns : one series, oldest first, or a matrix of shape (days, symbols) with ``weights``
    level : between 0.5 and 1
    method : see ``Method``; ``headline`` is the larger of the two GJR estimates
    days : horizon; more than one day by simulation (``normal`` and ``cornish_fisher``: by the
        moments of a sum of independent days)
    weights : of each column: fractions of equity, or money for an answer in money

    Returns
    -------
    an Estimate; unknown, with the reason, for fewer than 100 returns, for a value that is not
    finite and for a series that does not vary

    Raises
    ------
    ValueError
        For a level, a horizon, a method or a shape without meaning.
    """
    return _pair(_Case(returns, level, days, weights, seed), Method(method)).var


def expected_shortfall(
    returns: ArrayLike,
    level: float = 0.99,
    method: Method | str = Method.HISTORICAL,
    days: int = 1,
    *,
    weights: ArrayLike | None = None,
    seed: int = SEED,
) -> Estimate:
    """Mean loss beyond the value at risk of the same call, positive; see ``value_at_risk``."""
    return _pair(_Case(returns, level, days, weights, seed), Method(method)).es


def loss_estimates(
    returns: ArrayLike,
    level: float = 0.99,
    days: int = 1,
    *,
    weights: ArrayLike | None = None,
    seed: int = SEED,
) -> Mapping[Method, Pair]:
    """Every method's estimates and the headline, from one fit; see ``value_at_risk``."""
    case = _Case(returns, level, days, weights, seed)
    return {method: _pair(case, method) for method in Method}


class _Case:
    """One question, and the fits that several methods share."""

    def __init__(
        self, returns: ArrayLike, level: float, days: int, weights: ArrayLike | None, seed: int
    ) -> None:
        readable(level, days)
        given = np.asarray(returns, np.float64)
        table = given.ndim == _TABLE
        if weights is None and table and given.shape[1] == 1:
            weights = np.ones(1)
        self.level, self.days, self.seed = level, days, seed
        self.weights = np.ones(1) if weights is None else np.atleast_1d(np.asarray(weights, np.float64))
        if weights is not None and not (table and given.shape[1] == len(self.weights)):
            raise ValueError(
                "Weights go with a matrix of returns that has as many columns as there are weights."
            )
        if weights is None and given.ndim != 1:
            raise ValueError("One series of returns is needed, or a matrix with weights.")
        self.matrix = given[:, None] if given.ndim == 1 else given
        with np.errstate(invalid="ignore"):  # infinity times nothing is found below
            self.series: FloatArray = self.matrix @ self.weights
        self.why = unreadable(self.series)

    @cached_property
    def gjr(self) -> Model | None:
        return fit_gjr(self.series)

    @cached_property
    def ewma(self) -> Model:
        return fit_ewma_t(self.series)

    @property
    def recent(self) -> FloatArray:
        return self.series[-WINDOW:]

    def say(self, words: str, n: int) -> str:
        return f"{self.days}-day {100 * self.level:g} %, {words}, {n} returns"

    def pair(
        self, method: Method, tail: Tail, n: int, words: str, outcomes: FloatArray | None = None
    ) -> Pair:
        """Losses below nothing are 0; a simulated tail gets its standard error."""
        if not (isfinite(tail.var) and isfinite(tail.es)):
            return _unknown(method, len(self.series), "unknown: the numbers overflow")
        error = None if outcomes is None else sampling_error(outcomes, self.level)
        note = self.say(words, n)
        return Pair(
            Estimate(max(0.0, tail.var), method, n, note, error and error.var),
            Estimate(max(0.0, tail.es), method, n, note, error and error.es),
        )

    def simulated(self, method: Method, outcomes: FloatArray, n: int, words: str) -> Pair:
        return self.pair(method, historical_tail(outcomes, self.level), n, words, outcomes)


def _unknown(method: Method, n: int, why: str) -> Pair:
    return Pair(Estimate(None, method, n, why), Estimate(None, method, n, why))


def _pair(case: _Case, method: Method) -> Pair:
    if case.why:
        return _unknown(method, len(case.series), case.why)
    return _METHODS[method](case)


def _historical(case: _Case) -> Pair:
    recent, words = case.recent, "historical simulation"
    if case.days == 1:
        return case.pair(Method.HISTORICAL, historical_tail(recent, case.level), len(recent), words)
    drawn = np.random.default_rng(case.seed).choice(recent, (case.days, PATHS)).sum(axis=0)
    words = f"{words}, {PATHS} draws of {case.days} days"
    return case.simulated(Method.HISTORICAL, drawn, len(recent), words)


def _normal(case: _Case) -> Pair:
    recent = case.recent
    mean, deviation = float(recent.mean()), float(recent.std(ddof=1))
    tail = normal_tail(case.days * mean, sqrt(case.days) * deviation, case.level)
    return case.pair(Method.NORMAL, tail, len(recent), "normal distribution")


def _cornish_fisher(case: _Case) -> Pair:
    recent = case.recent
    mean, deviation = float(recent.mean()), float(recent.std(ddof=1))
    away = (recent - mean) / float(recent.std())
    skew, excess = float(np.mean(away**3)), float(np.mean(away**4)) - 3.0
    days = case.days
    tail = cornish_fisher_tail(
        days * mean, sqrt(days) * deviation, skew / sqrt(days), excess / days, case.level
    )
    return case.pair(Method.CORNISH_FISHER, tail, len(recent), "Cornish-Fisher expansion")


def _model(case: _Case, method: Method, model: Model, words: str) -> Pair:
    """From the model's own distribution: in closed form for a day, else by simulation."""
    if case.days == 1:
        return case.pair(method, model.loss(model.tail(case.level)), model.n, words)
    outcomes = paths_of(model, skewt_draws(model, case.days, PATHS, case.seed))
    return case.simulated(method, outcomes, model.n, f"{words}, {PATHS} paths")


def _ewma_t(case: _Case) -> Pair:
    return _model(case, Method.EWMA_T, case.ewma, "exponential weights with Student t errors")


def _instead(case: _Case) -> Pair:
    few = len(case.series) < FIT_FEWEST
    why = f"fewer than {FIT_FEWEST} returns" if few else "the GARCH fit failed"
    words = f"exponential weights with Student t errors because {why}"
    return _model(case, Method.EWMA_T, case.ewma, words)


def _gjr_skewt(case: _Case) -> Pair:
    if case.gjr is None:
        return _instead(case)
    return _model(case, Method.GJR_SKEWT, case.gjr, "GJR-GARCH with skewed t errors")


def _fhs_gjr(case: _Case) -> Pair:
    model = case.gjr
    if model is None:
        return _instead(case)
    words = "filtered historical simulation on GJR-GARCH"
    if case.days == 1:
        return case.pair(Method.FHS_GJR, model.loss(model.filtered(case.level)), model.n, words)
    draws = np.random.default_rng(case.seed).choice(model.residuals, (case.days, PATHS))
    return case.simulated(Method.FHS_GJR, paths_of(model, draws), model.n, f"{words}, {PATHS} paths")


def _monte_carlo(case: _Case) -> Pair:
    held = np.flatnonzero(case.weights)
    names = tuple(str(i) for i in held)
    made = simulate(case.matrix[:, held], names, case.days, PATHS, case.seed)
    outcomes = case.weights[held] @ made.outcomes
    words = f"Monte Carlo, {PATHS} paths of GJR-GARCH with skewed t errors"
    words += f" joined by a t copula of {made.degrees:g} degrees" if made.degrees else ""
    words += f", {len(made.notes)} of {len(names)} by exponential weights" if made.notes else ""
    return case.simulated(Method.MONTE_CARLO, outcomes, min(len(case.series), 1_000), words)


def _headline(case: _Case) -> Pair:
    """The larger VaR of the two, with its own ES; ``method`` says whose it is."""
    return max(_fhs_gjr(case), _gjr_skewt(case), key=lambda pair: float(pair.var))


_METHODS: Mapping[Method, Callable[[_Case], Pair]] = {
    Method.HISTORICAL: _historical,
    Method.NORMAL: _normal,
    Method.CORNISH_FISHER: _cornish_fisher,
    Method.EWMA_T: _ewma_t,
    Method.MONTE_CARLO: _monte_carlo,
    Method.FHS_GJR: _fhs_gjr,
    Method.GJR_SKEWT: _gjr_skewt,
    Method.HEADLINE: _headline,
}
