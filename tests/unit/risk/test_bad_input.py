"""Every public function of the room, fed with what no market should say: it is unknown, or a typed error, never a number.

Warnings are errors in this suite, so a division that went wrong on the way is seen too. What compares prices,
books and orders instead of series has its own tests; the last test holds the two lists to what the room offers.
"""

import inspect
from dataclasses import fields, is_dataclass
from decimal import Decimal
from itertools import product
from math import inf, isnan, nan

import numpy as np
import pytest

from marketpulse import risk
from marketpulse.risk import Method

GOOD = np.random.default_rng(0).normal(0, 0.01, 700)
NUMBERS = (nan, inf, -inf, 0.0, -1.0, 1.0, 0.5, 1e308, -1e308, 1e-308)
COUNTS = (-1, 0, 1, 2, 250)


def with_(value):
    made = GOOD.copy()
    made[3] = value
    return made


UNKNOWABLE = {
    "empty": np.empty(0), "one row": np.array([0.01]), "two rows": np.array([0.01, -0.01]), "NaN": with_(nan),
    "inf": with_(inf), "minus inf": with_(-inf), "all NaN": np.full(700, nan), "constant": np.full(700, 0.01),
    "zeros": np.zeros(700), "huge": GOOD * 1e200, "a gap left open": np.where(np.arange(700) % 50, GOOD, nan),
}  # fmt: skip
SERIES = {
    "value_at_risk": lambda x: [risk.value_at_risk(x, 0.99, m, d) for m in Method for d in (1, 5)],
    "expected_shortfall": lambda x: [risk.expected_shortfall(x, 0.99, m, d) for m in Method for d in (1, 5)],
    "loss_estimates": lambda x: risk.loss_estimates(x, 0.99),
    "fit_gjr": risk.fit_gjr,
    "clusters": lambda x: risk.clusters(("A", "B"), two(x)),
    "kelly_weights": lambda x: risk.kelly_weights(two(x)),
    "contributions": lambda x: risk.contributions(("A", "B"), np.array([1.0, 2.0]), two(x)),
    "walk_forward": lambda x: risk.walk_forward(x, 0.99, None, 100),
    "simulate": lambda x: risk.simulate(two(x), ("A", "B")),
    "fits": lambda x: risk.fits(x, 100),
}
"""Of these nothing above can be told."""
PARTLY = {
    "moments": risk.moments,
    "max_drawdown": risk.max_drawdown,
    "ewma_volatility": risk.ewma_volatility,
    "historical_var": risk.historical_var,
    "historical_tail": lambda x: risk.historical_tail(x, 0.99),
    "fit_ewma_t": risk.fit_ewma_t,
    "shrunk_mean": risk.shrunk_mean,
    "gap_loss": lambda x: risk.gap_loss(100.0, 90.0, x),
    "christoffersen": risk.christoffersen,
    "joint_coverage": risk.joint_coverage,
    "dynamic_quantile": lambda x: risk.dynamic_quantile(np.zeros(len(x)), x),
    "shortfall_ratio": lambda x: risk.shortfall_ratio(x, np.abs(x), np.abs(x)),
    "acerbi_szekely": lambda x: risk.acerbi_szekely(x, np.abs(x), np.abs(x)),
    "component_var": lambda x: risk.component_var(np.full(2, x.sum() if len(x) else nan), np.eye(2)),
    "book_deviation": lambda x: risk.book_deviation(np.full(2, x.sum() if len(x) else nan), np.eye(2)),
}
"""Of these some can: a constant series has a drawdown. What is not finite never gives a number."""
SCALARS = {
    "kelly_binary": (risk.kelly_binary, NUMBERS, NUMBERS, NUMBERS),
    "kelly_continuous": (risk.kelly_continuous, NUMBERS, NUMBERS, NUMBERS),
    "growth_binary": (risk.growth_binary, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    "growth_continuous": (risk.growth_continuous, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
    "chance_of_drawdown": (risk.chance_of_drawdown, NUMBERS, NUMBERS),
    "sharpe_error": (risk.sharpe_error, NUMBERS, COUNTS, NUMBERS, NUMBERS),
    "probabilistic_sharpe": (risk.probabilistic_sharpe, NUMBERS, COUNTS, NUMBERS, NUMBERS, (0.0, nan, inf)),
    "deflated_sharpe": (risk.deflated_sharpe, NUMBERS, COUNTS, COUNTS, NUMBERS),
    "expected_best_sharpe": (risk.expected_best_sharpe, COUNTS, NUMBERS),
    "minimum_track_record": (risk.minimum_track_record, NUMBERS, NUMBERS, NUMBERS, (0.0, nan), (nan, 0.0, 0.95, 1.0)),
    "basel_zone": (risk.basel_zone, COUNTS),
    "basel_factor": (risk.basel_factor, COUNTS),
    "kupiec_pof": (risk.kupiec_pof, COUNTS, COUNTS, NUMBERS),
    "exceedance_chances": (risk.exceedance_chances, COUNTS, COUNTS, (nan, 0.0, 0.99, 1.0)),
    "r_multiple": (risk.r_multiple, NUMBERS, NUMBERS, NUMBERS),
    "target_price": (risk.target_price, NUMBERS, NUMBERS, NUMBERS),
    "volatility_stop": (risk.volatility_stop, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
}  # fmt: skip
ELSEWHERE = {
    "check", "preview", "verdict", "view", "fee", "half_spread", "impact", "slippage", "liquidity", "open_risk",
    "quantity_for", "remaining", "reserve", "reserved_cash", "stops",  # of orders, prices and books
    "judge", "paths_of", "skewt_draws",  # of what the functions above have made
}  # fmt: skip


def two(series):
    return np.column_stack([series, series[::-1]])


def numbers_of(found):
    """Every float in an answer."""
    if isinstance(found, float):
        yield found
    elif isinstance(found, np.ndarray):
        yield from map(float, found.ravel())
    elif isinstance(found, dict):
        for one in found.values():
            yield from numbers_of(one)
    elif isinstance(found, (list, tuple)):
        for one in found:
            yield from numbers_of(one)
    elif is_dataclass(found):
        for field in fields(found):
            yield from numbers_of(getattr(found, field.name))


def answer(ask, *arguments):
    """The numbers of the answer; none where it is a typed error."""
    try:
        return list(numbers_of(ask(*arguments)))
    except (ValueError, TypeError):
        return []


@pytest.mark.parametrize("what", UNKNOWABLE)
@pytest.mark.parametrize("name", SERIES)
def test_of_what_cannot_be_measured_nothing_is_told(name, what):
    told = answer(SERIES[name], UNKNOWABLE[what])
    few = name == "contributions" and what in {
        "one row",
        "two rows",
        "constant",
        "zeros",
        "huge",
    }  # outcomes, not a past
    still = name in {"simulate", "fits"} and what in {
        "constant",
        "zeros",
    }  # a name that never moved, told as such
    assert few or still or all(isnan(number) for number in told), told[:5]


@pytest.mark.parametrize("what", ["NaN", "inf", "minus inf", "all NaN", "a gap left open"])
@pytest.mark.parametrize("name", PARTLY)
def test_what_is_not_finite_never_makes_a_number(name, what):
    told = answer(PARTLY[name], UNKNOWABLE[what])
    if name == "ewma_volatility":
        told = told[4:]  # before the hole all is known
    if name == "gap_loss":
        told = told[1:]  # what was planned needs no gaps
    if name in {"christoffersen", "joint_coverage", "dynamic_quantile", "acerbi_szekely"}:
        told = [number for number in told if number]
    assert all(isnan(number) for number in told), told[:5]


@pytest.mark.parametrize("name", PARTLY)
def test_what_is_empty_short_flat_or_huge_breaks_nothing(name):
    for series in UNKNOWABLE.values():
        answer(PARTLY[name], series)


@pytest.mark.parametrize("name", SCALARS)
def test_no_number_is_made_of_what_is_none(name):
    ask, *arguments = SCALARS[name]
    for given in product(*arguments):
        told = answer(ask, *given)
        if any(isinstance(one, float) and isnan(one) for one in given):
            assert all(isnan(number) or number in {0.0, inf} for number in told), (given, told)


def test_every_public_function_is_fed():
    offered = {name for name in risk.__all__ if inspect.isfunction(getattr(risk, name))}
    assert offered == {*SERIES, *PARTLY, *SCALARS, *ELSEWHERE}


@pytest.mark.parametrize("bad", [nan, inf, -1.0, 0.0])
def test_no_size_is_made_of_what_is_none(bad):
    from tickets import INSTRUMENTS  # noqa: PLC0415 - beside its only use

    share = INSTRUMENTS["AAPL"]
    for given in ((bad, 1e5, 100.0), (0.1, bad, 100.0), (0.1, 1e5, bad)):
        assert risk.quantity_for(*given, share) == Decimal(0)
