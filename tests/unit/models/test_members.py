import numpy as np
import pytest

from marketpulse.features.full import NAMES
from marketpulse.models.members import Always, Boosting, Columns, Follow, Logistic, Screened, Trees, members
from marketpulse.models.rules import RULES
from marketpulse.signals.calibrate import logit

RNG = np.random.default_rng(6)
N = 600
X = RNG.normal(0.0, 1.0, (N, len(NAMES)))
TELLS = NAMES.index("rsi_14")
Y = (X[:, TELLS] + RNG.normal(0.0, 1.0, N) > 0.0).astype(float)
ONE = np.full(N, 0.2)
LEARNERS = [Logistic(), Screened(), Boosting(), Trees()]


def test_everybody_is_listed_and_the_base_rate_first():
    names = [member.name for member in members()]
    assert names[:5] == ["base rate", "logistic", "few features", "boosting", "extra trees"]
    assert names[5:] == [rule.name for rule in RULES]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("member", LEARNERS, ids=lambda m: m.name)
def test_a_member_learns_says_the_same_again_and_takes_gaps(member):
    fitted, again = (member.fit(NAMES, X, Y, ONE) for _ in range(2))
    p = fitted.predict(X)
    assert ((p > 0) & (p < 1)).all()
    assert p[X[:, TELLS] > 1].mean() > p[X[:, TELLS] < -1].mean() + 0.2
    np.testing.assert_array_equal(p, again.predict(X))
    gaps = X.copy()
    gaps[::3] = np.nan
    assert np.isfinite(fitted.predict(gaps)).all()


@pytest.mark.parametrize("member", LEARNERS, ids=lambda m: m.name)
def test_the_first_reason_is_the_feature_that_tells(member):
    fitted = member.fit(NAMES, X, Y, ONE)
    row = np.zeros(len(NAMES))
    row[TELLS] = 2.0
    up, down = fitted.reasons(row), fitted.reasons(-row)
    assert max(up, key=lambda name: abs(up[name])) == "rsi_14"
    assert up["rsi_14"] > 0.1
    assert down["rsi_14"] < -0.1


def test_the_logistic_members_reasons_add_up():
    fitted = Logistic().fit(NAMES, X, Y, ONE)
    said, middle = fitted.predict(np.stack([X[0], fitted.columns.mean]))
    odds = logit(np.array([said, middle]))
    assert sum(fitted.reasons(X[0]).values()) == pytest.approx(odds[0] - odds[1], abs=1e-9)


@pytest.mark.parametrize("member", members(), ids=lambda m: m.name)
def test_one_class_and_empty_columns_give_the_base_rate(member):
    rises = member.fit(NAMES, X, np.ones(N), ONE).predict(X[:3])
    assert (rises > 0.9).all()
    empty = member.fit(NAMES, np.full_like(X, np.nan), Y, ONE).predict(X[:3])
    assert empty == pytest.approx(np.full(3, Y.mean()), abs=0.1)


def test_screening_leaves_noise_alone():
    """Where nothing tells, it mostly says the base rate, whatever the row."""
    spread = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, N).astype(float)
        spread.append(np.ptp(Screened().fit(NAMES, X, y, ONE).predict(X)))
    assert np.median(spread) == 0.0


def test_columns_that_are_mostly_missing_or_never_vary_are_left_out():
    x = X[:, :4].copy()
    x[:, 1] = 3.0
    x[: N // 2 + 10, 2] = np.nan
    columns = Columns.of(("a", "b", "c", "d"), x)
    assert columns.names == ("a", "d")
    assert np.abs(columns.scaled(100.0 * x)).max() <= 6.0


def row(**values):
    x = np.zeros((1, len(NAMES)))
    for name, value in values.items():
        x[0, NAMES.index(name)] = value
    return x


RULE = {rule.name: rule for rule in RULES}


@pytest.mark.parametrize(
    ("rule", "values", "low", "high"),
    [
        ("trend crossing", {"trend_50": 1.0, "trend_200": 4.0}, 0.5, 1.0),
        ("trend crossing", {"trend_50": 1.0, "trend_200": -4.0}, -1.0, -0.5),
        ("RSI reversion", {"rsi_14": -0.7}, 1.0, 1.0),
        ("RSI reversion", {"rsi_14": 0.3}, 0.0, 0.0),
        ("RSI reversion", {"rsi_14": 0.5}, -0.51, -0.49),
        ("dip in a trend", {"rsi_2": -0.9, "trend_200": 2.0}, 1.0, 1.0),
        ("dip in a trend", {"rsi_2": -0.9, "trend_200": -2.0}, 0.0, 0.0),
        ("breakout", {"high_20": 0.0, "low_20": 1.5}, 1.0, 1.0),
        ("breakout", {"high_20": -1.5, "low_20": 0.0}, -1.0, -1.0),
        ("breakout", {"high_20": -0.7, "low_20": 0.7}, 0.0, 0.0),
        ("12-1 momentum", {"momentum_12_1": 1.5}, 0.8, 1.0),
        ("12-1 momentum", {"momentum_12_1": np.nan}, 0.0, 0.0),
    ],
)
def test_rules_vote_as_their_words_say(rule, values, low, high):
    assert low <= RULE[rule].vote(NAMES, row(**values))[0] <= high


def test_a_rule_is_worth_what_it_was_worth():
    rule = RULE["12-1 momentum"]
    x = X.copy()
    x[:, NAMES.index("momentum_12_1")] = 3.0 * (2 * Y - 1)
    fitted = Follow(rule).fit(NAMES, x, Y, np.ones(N))
    assert fitted.predict(row(momentum_12_1=3.0))[0] > 0.9
    assert fitted.reasons(row(momentum_12_1=3.0)[0])["momentum_12_1"] > 1.0
    x[:, NAMES.index("momentum_12_1")] *= -1.0
    assert Follow(rule).fit(NAMES, x, Y, np.ones(N)).worth == 0.0


def test_the_base_rate_has_no_reasons():
    assert Always().fit(NAMES, X, Y, ONE).reasons(X[0]) == {}
