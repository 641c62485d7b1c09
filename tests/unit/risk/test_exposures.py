"""Where the money lies: each limit in the order path, in the size that is offered, and on the view."""

from dataclasses import replace
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tickets import INSTRUMENTS, ask, context, datum, limit, order, portfolio, sell
from unit.risk.test_prospect import standing

from marketpulse.risk import exposures
from marketpulse.risk.context import Opinion
from marketpulse.risk.costs import Liquidity
from marketpulse.risk.currency import owed
from marketpulse.risk.exposures import NO_SECTOR, Bounds
from marketpulse.risk.pretrade import check, preview, verdict
from marketpulse.types import OrderRequest, OrderType, Portfolio, Position, Rate, Side

NAMED = {s: replace(i, sector={"AAPL": "Tech", "IBM": "Tech"}.get(s, "")) for s, i in INSTRUMENTS.items()}
NEW = {"NET_LIMIT", "LEVERAGE_LIMIT", "CLASS_LIMIT", "SECTOR_LIMIT", "CURRENCY_LIMIT", "LIQUIDITY_LIMIT"}


def world(bounds=None, **changes):
    given_ = {"instruments": NAMED, "bounds": bounds or Bounds(), "usual": 1e6}
    return context(**(given_ | changes))


def failed(request, **changes):
    return [c.code for c in preview(request, world(**changes)).failed]


def test_a_usual_unleveraged_book_is_refused_nothing_by_the_defaults():
    held = {
        "portfolio": portfolio("70000", AAPL="100", IBM="75", **{"BTC/USDT": "1"}),
        "equity": 100_000.0,
    }
    found = preview(ask(quantity=Decimal(40)), world(**held))
    assert [c.code for c in found.failed] == ["OPEN_RISK"]  # no stop is set: an older limit
    assert {c.code for c in found.checks} >= NEW - {"CURRENCY_LIMIT"}


@pytest.mark.parametrize(
    ("bounds", "code", "value"),
    [
        (Bounds(net=0.30), "NET_LIMIT", "31.0%"),
        (Bounds(gross=0.30), "GROSS_LIMIT", "31.0%"),
        (Bounds(asset_class=0.30), "CLASS_LIMIT", "31.0%"),
        (Bounds(sector=0.30), "SECTOR_LIMIT", "31.0%"),
        (Bounds(liquidity_days=0.1, volume_share=0.001), "LIQUIDITY_LIMIT", "0.1 d"),
    ],
)
def test_each_limit_refuses_a_buy_beyond_it_and_never_a_sale(bounds, code, value):
    books = {"portfolio": portfolio("70000", AAPL="100", IBM="100"), "equity": 100_000.0}
    found = preview(ask(quantity=Decimal(10)), world(bounds, **books))
    refused = [c for c in found.failed if c.code == code]
    assert [c.value for c in refused] == [value]
    assert not {c.code for c in preview(sell(), world(bounds, **books)).failed} & (NEW | {"GROSS_LIMIT"})


def test_a_group_is_what_the_order_counts_in_and_working_buys_count_as_filled():
    books = {"portfolio": portfolio("90000", **{"BTC/USDT": "2"}), "equity": 100_000.0}
    tight = Bounds(asset_class=0.10, sector=0.10)
    assert failed(ask(quantity=Decimal(100)), bounds=tight, **books) == []  # coins are another class
    waiting = (order(limit("200", symbol="IBM", quantity=10)),)
    assert failed(ask(quantity=Decimal(100)), bounds=tight, orders=waiting, **books) == [
        "CLASS_LIMIT",
        "SECTOR_LIMIT",
    ]


def test_what_has_no_sector_is_a_group_of_its_own_and_says_so():
    found = preview(ask(), world(Bounds(sector=0.001), instruments=INSTRUMENTS))
    told = next(c for c in found.failed if c.code == "SECTOR_LIMIT")
    assert told.sentence.startswith(f"The sector {NO_SECTOR} at 1.0% of equity would exceed")


def test_only_a_foreign_currency_has_a_limit():
    rupees = replace(NAMED["AAPL"], currency="INR")
    known = {**NAMED, "AAPL": rupees}
    books = Portfolio("paper:1", deposits=Decimal(1), balances={("paper:1", "INR"): Decimal(10**7)})
    more = {
        "instrument": rupees, "instruments": known, "portfolio": books, "account": "paper:1",
        "rates": {"INR": Rate("INR", 0.0125, "x")}, "equity": 125_000.0,
    }  # fmt: skip
    assert failed(ask(quantity=Decimal(100)), bounds=Bounds(currency=0.0005), **more) == ["CURRENCY_LIMIT"]
    assert "CURRENCY_LIMIT" not in {c.code for c in preview(ask(), world()).checks}


def test_what_is_owed_counts_as_leverage_whoever_lent_it():
    owes = replace(
        portfolio("50000"), balances={("paper:1", "USD"): Decimal(50_000), ("b", "EUR"): Decimal(-50_000)}
    )
    rates = {"EUR": Rate("EUR", 1.2, "x")}
    more = {"portfolio": owes, "rates": rates, "equity": 100_000.0, "account": "paper:1"}
    assert failed(ask(), **more) == ["LEVERAGE_LIMIT"]  # 1.6 times
    assert failed(ask(), bounds=Bounds(leverage=1.7), **more) == []
    assert exposures.leverage_limit({}, 100.0, 0.0).value == "1.00x"
    assert exposures.leverage_limit({"A": 160.0}, 100.0, 0.0).value == "1.60x"
    assert exposures.leverage_limit({}, 100.0, 0.0).use == 0.0  # who owes nothing has used nothing of it
    assert exposures.leverage_limit({"A": 100.0, "B": -60.0}, 100.0, 0.0).value == "1.60x"


def test_a_short_counts_by_its_size_in_gross_and_by_its_sign_in_net():
    values = {"A": 90.0, "B": -60.0}
    assert exposures.net_limit(values, 100.0).value == "30.0%"
    from marketpulse.risk import gates_book  # noqa: PLC0415 - beside what it is compared with

    assert gates_book.gross(values, 100.0).value == "150.0%"


@pytest.mark.parametrize("equity", [None, nan, inf, 0.0, -5.0])
def test_no_limit_lets_an_unknown_equity_through(equity):
    for found in exposures.limits(
        "AAPL", {"AAPL": 1.0}, equity,
        bounds=Bounds(), instruments=NAMED, portfolio=portfolio(), rates={}, brief=True,
    ):  # fmt: skip
        assert not found.passed
        assert found.use is None


@pytest.mark.parametrize("value", [nan, inf])
def test_no_limit_lets_an_unknown_value_through(value):
    found = exposures.limits(
        "AAPL", {"AAPL": value, "IBM": 1.0}, 100.0,
        bounds=Bounds(), instruments=NAMED, portfolio=portfolio(), rates={},
    )  # fmt: skip
    assert [c.passed for c in found] == [False] * len(found)
    assert {c.value for c in found} == {"unknown"}


def test_a_debt_without_a_rate_makes_leverage_unknown_and_refuses():
    owes = replace(portfolio(), balances={("a", "EUR"): Decimal(-1)})
    assert not exposures.leverage_limit({}, 100.0, owed(owes, {})).passed


def test_an_unknown_volume_refuses_and_only_before_the_first_bars_it_does_not():
    assert failed(ask(), usual=nan) == ["LIQUIDITY_LIMIT"]
    assert failed(ask(), usual=nan, scenarios=None) == []


@given(
    cash=st.integers(20_000, 200_000),
    held=st.integers(0, 150),
    other=st.integers(0, 100),
    bounds=st.builds(
        Bounds,
        gross=st.floats(0.05, 1.2), net=st.floats(0.05, 1.2), asset_class=st.floats(0.05, 1.2),
        sector=st.floats(0.05, 1.2), leverage=st.floats(1.0, 2.0), liquidity_days=st.floats(0.1, 5.0),
    ),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_what_is_offered_passes_these_gates_too_and_the_verdict_agrees(*, cash, held, other, bounds):
    equity = cash + 100.0 * held + 200.0 * other
    made = world(
        bounds,
        portfolio=portfolio(str(cash), AAPL=str(held), IBM=str(other)),
        equity=equity,
        orders=(order(limit("99", quantity=5)),),
        standing=standing(clusters=(("AAPL",), ("IBM",))),
        opinion=Opinion(0.6, 5, "p"),
        market=Liquidity(1e6, 0.02),
        usual=2_000.0,
    )
    found = preview(ask(quantity=Decimal(1)), made)
    for size in {found.sizing.size, found.sizing.most} - {Decimal(0)}:
        request = ask(quantity=size)
        assert [c.code for c in preview(request, made).failed if c.code != "FAT_FINGER"] == []
    request = ask(quantity=found.sizing.most + 2)  # a gate forgives rounding where a size does not
    codes = [c.code for c in preview(request, made).failed]
    assert codes or found.sizing.bound == "Cash" or found.sizing.bound.startswith("ES")
    assert [c.code for c in verdict(request, made).failed] == codes
    assert [c.code for c in check(request, made) if not c.passed and not c.advisory] == codes


def test_the_view_sorts_groups_and_puts_the_slowest_first():
    held = {
        "AAPL": Position("AAPL", Decimal(100), Decimal(90)),
        "IBM": Position("IBM", Decimal(50), Decimal(90)),
        "BTC/USDT": Position("BTC/USDT", Decimal(1), Decimal(1), currency="USDT"),
    }
    values = {"AAPL": 10_000.0, "IBM": 10_000.0, "BTC/USDT": 5_000.0}
    seen = exposures.exposures(
        held, values, 100_000.0,
        bounds=Bounds(), instruments=NAMED, medians={"AAPL": 1_000.0, "IBM": 100.0}, debt=0.0,
    )  # fmt: skip
    assert (seen.net, seen.leverage) == (0.25, 1.0)
    assert seen.sectors == (("Tech", 0.2), (NO_SECTOR, 0.05))
    assert seen.currencies == (("USD", 0.2), ("USDT", 0.05))
    assert seen.liquidity == (("BTC/USDT", None), ("IBM", 5.0), ("AAPL", 1.0))
    told = exposures.standing_limits(
        seen, (("equity", 0.2), ("crypto", 0.05)), held,
        bounds=Bounds(sector=0.1), base="USD", medians={"AAPL": 1_000.0},
    )  # fmt: skip
    assert [(c.code, c.value, c.passed) for c in told] == [
        ("CLASS_LIMIT", "20.0%", True),
        ("SECTOR_LIMIT", "20.0%", False),
        ("CURRENCY_LIMIT", "5.0%", True),
        ("LIQUIDITY_LIMIT", "unknown", False),
    ]


@pytest.mark.parametrize("equity", [None, nan, 0.0, -1.0])
def test_the_view_of_an_unknown_equity_knows_nothing_and_invents_nothing(equity):
    seen = exposures.exposures(
        {}, {"AAPL": 1.0}, equity, bounds=Bounds(), instruments=NAMED, medians={}, debt=0.0
    )
    assert (seen.net, seen.leverage, seen.sectors, seen.currencies) == (None, None, (), ())


@given(
    bounds=st.builds(
        Bounds,
        gross=st.floats(0.02, 0.6), net=st.floats(0.02, 0.6), asset_class=st.floats(0.02, 0.6),
        sector=st.floats(0.02, 0.6), currency=st.floats(0.02, 0.6), liquidity_days=st.floats(0.05, 2.0),
    ),
    wishes=st.lists(
        st.tuples(st.sampled_from(["AAPL", "IBM", "BTC/USDT"]), st.integers(1, 60), st.booleans()), max_size=12
    ),
    held=st.integers(0, 50),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_whatever_passes_one_after_another_breaks_no_limit_once_all_of_it_has_filled(bounds, wishes, held):
    prices, volume, working = {"AAPL": 100.0, "IBM": 200.0, "BTC/USDT": 5_000.0}, 1_000.0, []
    books = portfolio("100000", AAPL=str(held))
    for number, (symbol, units, rising) in enumerate(wishes):
        quantity = Decimal(units) / (100 if symbol == "BTC/USDT" else 1)
        price = Decimal(str(prices[symbol]))
        request = (
            stop_buy(symbol, quantity, price * Decimal("1.1"))
            if rising
            else limit(str(price), symbol=symbol, quantity=quantity)
        )
        made = world(
            bounds,
            instrument=NAMED[symbol],
            datum=datum(symbol, prices[symbol], prices[symbol] - 0.01, prices[symbol] + 0.01),
            portfolio=books,
            orders=tuple(working),
            equity=100_000.0 + 100.0 * held,
            usual=volume,
        )
        if all(c.passed or c.advisory for c in check(request, made)):
            working.append(order(request, order_id=str(number)))
    if not working:
        return
    units, marks = {"AAPL": Decimal(held)}, dict(prices)
    for one in working:
        name = one.request.symbol
        units[name] = units.get(name, Decimal(0)) + one.request.quantity
        marks[name] = max(marks[name], float(one.request.stop_price or 0))
    values, equity = {s: float(n) * marks[s] for s, n in units.items()}, 100_000.0 + 100.0 * held
    bought = {one.request.symbol for one in working}
    assert sum(values.values()) <= min(bounds.gross, bounds.net) * equity * (1 + 1e-9)
    for symbol in bought:
        alike = sum(v for s, v in values.items() if NAMED[s].asset_class is NAMED[symbol].asset_class)
        assert alike <= bounds.asset_class * equity * (1 + 1e-9)
        named = sum(v for s, v in values.items() if NAMED[s].sector == NAMED[symbol].sector)
        assert named <= bounds.sector * equity * (1 + 1e-9)
        assert float(units[symbol]) <= bounds.liquidity_days * 0.1 * volume * (1 + 1e-9)
    assert values.get("BTC/USDT", 0.0) <= bounds.currency * equity * (1 + 1e-9)


def stop_buy(symbol, quantity, price):
    return OrderRequest(
        symbol, Side.BUY, OrderType.STOP, quantity, stop_price=price.quantize(Decimal("0.01"))
    )
