"""VaR and ES with an order in: by the kept outcomes where they hold all of it, else by history."""

from decimal import Decimal
from math import inf, nan

import numpy as np
import pytest
from tickets import INSTRUMENTS, ask, context, portfolio, sell, walk

from marketpulse.risk import Futures, gates_book
from marketpulse.risk.context import Opinion
from marketpulse.risk.costs import Liquidity
from marketpulse.risk.pretrade import preview
from marketpulse.risk.prospect import Outlook, Prospect, Standing, prospect
from marketpulse.risk.stress import shocks
from marketpulse.risk.tails import historical_tail
from marketpulse.risk.var import Scenarios

RNG = np.random.default_rng(5)
OUTCOMES = np.ascontiguousarray(0.02 * RNG.standard_t(4, (2, 10_000)))
KEPT = Futures(("AAPL", "IBM"), 1, OUTCOMES, {}, None)


def standing(**changes):
    given = {"futures": KEPT, "shocks": shocks({}, INSTRUMENTS, None)} | changes
    return Standing(**given)


def codes(request, **changes):
    return [c.code for c in preview(request, context(**changes)).failed]


def test_the_kept_outcomes_are_scaled_to_the_headline():
    tail = historical_tail(1_000.0 * OUTCOMES[0], 0.99)
    found = prospect({"AAPL": 1_000.0}, None, standing(var_scale=1.5, es_scale=2.0))
    assert (found.var, found.es) == pytest.approx((1.5 * tail.var, 2.0 * tail.es))
    assert "10,000 scenarios" in found.note


def test_history_stands_in_for_a_name_without_outcomes():
    scenarios = Scenarios({"AAPL": walk("AAPL", 1), "BTC/USDT": walk("BTC/USDT", 3)})
    found = prospect({"AAPL": 1_000.0, "BTC/USDT": 500.0}, scenarios, standing())
    assert "historical simulation" in found.note
    assert found.es >= found.var > 0


def test_an_outlook_answers_as_the_book_it_speaks_of():
    values = {"AAPL": 8_000.0, "IBM": 5_000.0}
    for known in (None, standing(es_scale=1.2)):
        scenarios = context().scenarios
        look = Outlook(values, "AAPL", scenarios, known)
        for extra in (0.0, 1_500.0, -8_000.0):
            said = prospect({**values, "AAPL": 8_000.0 + extra}, scenarios, known)
            assert (look.at(extra).var, look.at(extra).es) == pytest.approx((said.var, said.es))


@pytest.mark.parametrize("value", [nan, inf])
def test_a_value_that_is_no_number_makes_the_loss_unknown(value):
    assert prospect({"AAPL": value}, None, standing()).es is None
    assert Outlook({"AAPL": value}, "IBM", None, standing()).at(1.0).es is None
    assert Outlook({"AAPL": 1.0}, "IBM", None, standing()).at(value).es is None


def test_a_preview_tells_the_loss_before_and_after_by_the_same_way():
    found = preview(ask(), context(portfolio=portfolio("90000", AAPL="100"), standing=standing(es_scale=1.3)))
    assert found.var_after > found.var_before > 0
    assert found.es_after > found.es_before > found.var_before
    assert "scenarios" in found.var_note


def test_a_buy_beyond_the_shortfall_is_refused_and_a_sale_never():
    wild = Futures(("AAPL", "IBM"), 1, 10 * OUTCOMES, {}, None)
    book = {"portfolio": portfolio("90000", AAPL="100"), "standing": standing(futures=wild)}
    assert codes(ask(), **book) == ["ES_LIMIT"]
    assert codes(sell(), **book) == []


def test_an_unknown_shortfall_refuses_and_only_before_the_first_bars_it_does_not():
    unknown = {"standing": standing(futures=None), "scenarios": Scenarios({})}
    assert codes(ask(), **unknown) == ["ES_LIMIT"]
    assert codes(ask(), **(unknown | {"scenarios": None})) == []
    check = gates_book.shortfall(Prospect(None, None, "unknown, 57 bars"), 1e5)
    assert check.sentence == "The expected shortfall is unknown, 57 bars; nothing is bought on that."


@pytest.mark.parametrize("equity", [None, nan, 0.0, -5.0, inf])
def test_no_limit_of_the_book_lets_an_unknown_equity_through(equity):
    known = Prospect(10.0, 12.0, "")
    assert not gates_book.shortfall(known, equity).passed
    assert not gates_book.gross({"AAPL": 1.0}, equity).passed
    assert not gates_book.red_zone("AAPL", 1.0, equity).passed
    assert not gates_book.cluster("AAPL", {"AAPL": 1.0}, equity, standing(clusters=(("AAPL", "IBM"),))).passed


@pytest.mark.parametrize(
    ("fall", "passes"), [(0.0, True), (0.10, True), (0.15, False), (0.5, False), (nan, False)]
)
def test_a_deep_fall_warns_and_leaves_a_signal_no_size(fall, passes):
    found = preview(ask(), context(drawdown=fall, opinion=Opinion(0.9, 5, "p"), market=Liquidity(1e6, 0.02)))
    check = next(c for c in found.checks if c.code == "DRAWDOWN")
    assert (found.ok, check.passed, check.advisory) == (True, passes, True)
    assert bool(found.sizing.size) is passes
    assert found.sizing.most > 0


def test_the_red_zone_halves_new_sizes():
    red = {"standing": standing(red=True), "equity": 100_000.0}
    assert codes(ask(quantity=Decimal(75)), **red) == []
    assert codes(ask(quantity=Decimal(76)), **red) == ["RED_ZONE"]
    assert codes(ask(quantity=Decimal(76)), standing=standing()) == []


def test_names_that_move_together_count_as_one():
    held = portfolio("70000", IBM="70")  # 14,000
    pair = {"portfolio": held, "equity": 84_000.0, "standing": standing(clusters=(("AAPL", "IBM"),))}
    assert codes(ask(quantity=Decimal(113)), **pair) == ["OPEN_RISK", "CLUSTER_LIMIT"]
    assert codes(ask(quantity=Decimal(113), stop_loss_price=Decimal(98)), **pair) == ["CLUSTER_LIMIT"]
    assert (
        codes(ask(quantity=Decimal(113), stop_loss_price=Decimal(98)), **(pair | {"standing": standing()}))
        == []
    )
