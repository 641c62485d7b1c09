"""Those who vote: each learns from rows and then says a probability for any row, with its reasons.

scikit-learn is imported only where a member is fitted; rules and the base rate do without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from marketpulse.models.rules import RULES, Rule
from marketpulse.signals.calibrate import expit, fit_slope, logit
from marketpulse.types import FloatArray

__all__ = [
    "BASE_RATE",
    "Always",
    "Boosting",
    "Columns",
    "Fitted",
    "Follow",
    "Logistic",
    "Member",
    "Screened",
    "Trees",
    "members",
]

BASE_RATE = "base rate"
C = 0.02
_SEED = 20_120_601
_PRESENT = 0.5
_WIDE = 6.0


class Fitted(Protocol):
    """A member that has learned; saying is pure."""

    def predict(self, x: FloatArray) -> FloatArray:
        """P(close[t+h] > close[t]) of each row before calibration, a fraction; NaN is an abstention."""

    def reasons(self, row: FloatArray) -> Mapping[str, float]:
        """What moved the opinion on one row: log-odds by feature, against the usual value of each."""


class Member(Protocol):
    """One way to learn."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def config(self) -> Mapping[str, Any]:
        """Everything that was chosen, for the log of trials."""

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Learn from rows whose answer is known; ``weight`` in independent outcomes."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Which features a fit uses, and what stands for a missing one; told by the training rows alone."""

    names: tuple[str, ...]
    at: NDArray[np.int64]
    middle: FloatArray
    mean: FloatArray
    scale: FloatArray

    @classmethod
    def of(cls, names: Sequence[str], x: FloatArray) -> "Columns":
        """Take the features that half of the rows have and that vary."""
        there = np.isfinite(x)
        at = np.flatnonzero(there.mean(axis=0) >= _PRESENT) if len(x) else np.empty(0, dtype=np.int64)
        part = np.where(there[:, at], x[:, at], np.nan)
        varies = np.nanmax(part, axis=0) > np.nanmin(part, axis=0) if len(at) else np.empty(0, dtype=bool)
        at, part = at[varies], part[:, varies]
        middle = np.nanmedian(part, axis=0) if len(at) else np.empty(0)
        full = np.where(np.isfinite(part), part, middle)
        scale = full.std(axis=0)
        return cls(
            tuple(names[i] for i in at), at, middle, full.mean(axis=0), np.where(scale > 0, scale, 1.0)
        )

    def take(self, x: FloatArray) -> FloatArray:
        """The columns used, the middle of the training rows where one is missing."""
        part = x[:, self.at]
        return np.where(np.isfinite(part), part, self.middle)

    def scaled(self, x: FloatArray) -> FloatArray:
        """The same in deviations from the mean, none beyond six."""
        return np.clip((self.take(x) - self.mean) / self.scale, -_WIDE, _WIDE)


@dataclass(frozen=True, slots=True, eq=False)
class _Constant:
    """Says the same of every row."""

    p: float

    def predict(self, x: FloatArray) -> FloatArray:
        return np.full(len(x), self.p)

    def reasons(self, row: FloatArray) -> Mapping[str, float]:
        del row
        return {}


@dataclass(frozen=True, slots=True, eq=False)
class _Linear:
    columns: Columns
    coefficients: FloatArray
    intercept: float

    def predict(self, x: FloatArray) -> FloatArray:
        return expit(self.columns.scaled(x) @ self.coefficients + self.intercept)

    def reasons(self, row: FloatArray) -> Mapping[str, float]:
        parts = (self.columns.scaled(row[None, :])[0] * self.coefficients).tolist()
        return dict(zip(self.columns.names, parts, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Forest:
    """Any model of scikit-learn that gives probabilities; its reasons are told by asking it again."""

    columns: Columns
    model: Any

    def predict(self, x: FloatArray) -> FloatArray:
        return np.asarray(self.model.predict_proba(self.columns.take(x))[:, 1], dtype=np.float64)

    def reasons(self, row: FloatArray) -> Mapping[str, float]:
        """Log-odds lost when one feature at a time is put back to the middle of the training rows."""
        one = self.columns.take(row[None, :])
        asked = np.repeat(one, len(self.columns.names) + 1, axis=0)
        places = np.arange(len(self.columns.names))
        asked[places + 1, places] = self.columns.middle
        said = logit(self.model.predict_proba(asked)[:, 1])
        return dict(zip(self.columns.names, (said[0] - said[1:]).tolist(), strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _Followed:
    rule: Rule
    names: tuple[str, ...]
    base: float
    worth: float

    def predict(self, x: FloatArray) -> FloatArray:
        return expit(logit(np.array([self.base])) + self.worth * self.rule.vote(self.names, x))

    def reasons(self, row: FloatArray) -> Mapping[str, float]:
        part = self.worth * float(self.rule.vote(self.names, row[None, :])[0])
        return {name: part / len(self.rule.looks_at) for name in self.rule.looks_at}


@dataclass(frozen=True, slots=True)
class Always:
    """The base rate: what one says without a model. Listed so that nobody forgets it."""

    name: str = BASE_RATE

    @property
    def config(self) -> Mapping[str, Any]:
        """Nothing was chosen."""
        return {}

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Count."""
        del names, x
        return _Constant(float(np.average(y, weights=weight)))


@dataclass(frozen=True, slots=True)
class Logistic:
    """Ridge-penalised logistic regression: the anchor."""

    c: float = C
    name: str = "logistic"

    @property
    def config(self) -> Mapping[str, Any]:
        """The strength of the penalty."""
        return {"C": self.c, "clip": _WIDE}

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Fit on scaled rows."""
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415  slow to import

        columns = Columns.of(names, x)
        if not len(columns.names) or y.min() == y.max():
            return _Constant(float(np.average(y, weights=weight)))
        # labels that overlap are told several times: the penalty must weigh as against independent ones
        model = LogisticRegression(C=self.c * float(weight.mean()), max_iter=1000, tol=1e-8)
        model.fit(columns.scaled(x), y, _even(weight))
        return _Linear(columns, model.coef_[0].copy(), float(model.intercept_[0]))


@dataclass(frozen=True, slots=True)
class Screened:
    """Logistic regression on the few features that foretold the outcome one by one; else the base rate."""

    least: float = 2.5
    most: int = 5
    c: float = 0.1
    name: str = "few features"

    @property
    def config(self) -> Mapping[str, Any]:
        """How strict, how many, and the strength of the penalty."""
        return {"least_t": self.least, "most": self.most, "C": self.c}

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Screen by the t of each correlation, counting labels that overlap as one; then fit."""
        columns = Columns.of(names, x)
        base = float(np.average(y, weights=weight))
        if len(columns.names) and y.min() < y.max():
            r = (columns.scaled(x) * (y - y.mean())[:, None]).mean(axis=0) / y.std()
            strength = np.abs(r) * np.sqrt(float(weight.sum()))
            best = np.argsort(-strength, kind="stable")[: self.most]
            chosen = [columns.names[i] for i in best if strength[i] >= self.least]
            if chosen:
                return Logistic(self.c).fit(names, _only(names, chosen, x), y, weight)
        return _Constant(base)


@dataclass(frozen=True, slots=True)
class Boosting:
    """Histogram gradient boosting: many small trees, each on what the others left."""

    rounds: int = 60
    rate: float = 0.05
    leaves: int = 5
    name: str = "boosting"

    @property
    def config(self) -> Mapping[str, Any]:
        """Sizes and speed."""
        return {"rounds": self.rounds, "rate": self.rate, "leaves": self.leaves, "l2": 1.0}

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Fit without early stopping, which would look at rows that overlap."""
        from sklearn.ensemble import HistGradientBoostingClassifier  # noqa: PLC0415  slow to import

        model = HistGradientBoostingClassifier(
            max_iter=self.rounds,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=_leaf(len(y)),
            l2_regularization=1.0,
            max_bins=64,
            early_stopping=False,
            random_state=_SEED,
        )
        return _grown(model, names, x, y, weight)


@dataclass(frozen=True, slots=True)
class Trees:
    """Extremely randomised trees: many rough opinions, averaged."""

    trees: int = 64
    depth: int = 4
    name: str = "extra trees"

    @property
    def config(self) -> Mapping[str, Any]:
        """How many, how deep."""
        return {"trees": self.trees, "depth": self.depth, "features": 0.33}

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Fit on one core; the seed is fixed."""
        from sklearn.ensemble import ExtraTreesClassifier  # noqa: PLC0415  slow to import

        model = ExtraTreesClassifier(
            n_estimators=self.trees,
            max_depth=self.depth,
            min_samples_leaf=max(5, _leaf(len(y)) // 4),
            max_features=0.33,
            random_state=_SEED,
        )
        return _grown(model, names, x, y, weight)


@dataclass(frozen=True, slots=True)
class Follow:
    """A classic strategy as a member: its vote, and one number for what a vote is worth."""

    rule: Rule

    @property
    def name(self) -> str:
        """The rule's."""
        return self.rule.name

    @property
    def config(self) -> Mapping[str, Any]:
        """The rule in words."""
        return {"rule": self.rule.words}

    def fit(self, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
        """Learn what a vote is worth."""
        base = float(np.average(y, weights=weight))
        worth = fit_slope(self.rule.vote(names, x), y, base, weight)
        return _Followed(self.rule, tuple(names), base, worth)


def members() -> tuple[Member, ...]:
    """Everyone who votes, the base rate first."""
    followed: list[Member] = [Follow(rule) for rule in RULES]
    return (Always(), Logistic(), Screened(), Boosting(), Trees(), *followed)


def _only(names: Sequence[str], chosen: Sequence[str], x: FloatArray) -> FloatArray:
    """The same columns, those not chosen empty, so that a fit leaves them out."""
    return np.where(np.isin(list(names), list(chosen)), x, np.nan)


def _grown(model: Any, names: Sequence[str], x: FloatArray, y: FloatArray, weight: FloatArray) -> Fitted:
    columns = Columns.of(names, x)
    if not len(columns.names) or y.min() == y.max():
        return _Constant(float(np.average(y, weights=weight)))
    model.fit(columns.take(x), y, _even(weight))
    return _Forest(columns, model)


def _even(weight: FloatArray) -> FloatArray | None:
    """Mean one; None where nearly all labels overlap alike, since boosting is many times faster without."""
    low, high = np.quantile(weight, [0.05, 0.95])
    return None if high <= low * (1.0 + 1e-9) else np.asarray(weight / weight.mean())


def _leaf(rows: int) -> int:
    """A tenth of the rows, from 20 to 200: a leaf of fewer learns single spells by heart."""
    return min(200, max(20, rows // 10))
