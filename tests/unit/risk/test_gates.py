"""The gates of each kind of order, of the venue, the day, the minute and the currency."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import inf, nan

import pytest
from tickets import INSTRUMENTS, NOW, ask, context, datum, limit, order, portfolio, sell, stop

from marketpulse.ports import BrokerCapabilities
from marketpulse.risk.context import Day, Offer
from marketpulse.risk.pretrade import check, preview
from marketpulse.types import (
    AssetClass,
    Halt,
    Instrument,
    OrderState,
    OrderType,
    Portfolio,
    Rate,
    SessionState,
    Side,
    TimeInForce,
)

BUY, SELL = Side.BUY, Side.SELL
CLOSED = datum(session=SessionState.CLOSED)
HOLDING = portfolio("50000", AAPL="100")
PLAIN = BrokerCapabilities(
    frozenset({OrderType.MARKET, OrderType.LIMIT, OrderType.STOP}), frozenset(AssetClass), 5.0, live=True
)
FULL = BrokerCapabilities(
    frozenset(OrderType), frozenset(AssetClass), 5.0, live=True, forces=frozenset(TimeInForce), post_only=True
)


def kind(type_, side=BUY, quantity=10, **fields):
    prices = {k: Decimal(v) if isinstance(v, str) else v for k, v in fields.items()}
    return ask(type=type_, side=side, quantity=Decimal(quantity), **prices)


def trail(side=SELL, **fields):
    return kind(OrderType.TRAILING_STOP, side, **fields)


def codes(request, **changes):
    whole = context(**changes)
    found = preview(request, whole)
    assert [c.code for c in check(request, whole) if not c.passed] == [c.code for c in found.failed]
    assert len({c.code for c in found.checks}) == len(found.checks)
    return [c.code for c in found.failed]


def said(code, request, **changes):
    (found,) = (c for c in preview(request, context(**changes)).checks if c.code == code)
    return found


# Every kind, sound


@pytest.mark.parametrize(
    "request_",
    [
        kind(OrderType.STOP_LIMIT, stop_price="105", limit_price="106"),
        kind(OrderType.STOP_LIMIT, SELL, stop_price="95", limit_price="94"),
        kind(OrderType.TAKE_PROFIT, stop_price="95"),
        kind(OrderType.TAKE_PROFIT, SELL, stop_price="105"),
        trail(trail_amount="5"),
        trail(trail_percent="5"),
        trail(BUY, trail_percent="5"),
        trail(trail_percent="5", activation_price="110"),
        ask(take_profit_price=Decimal(110), stop_loss_price=Decimal(95)),
        limit("98", take_profit_price=Decimal(100), stop_loss_price=Decimal(97)),
        stop("105", side=BUY, stop_loss_price=Decimal(103), take_profit_price=Decimal(110)),
        stop("95", take_profit_price=Decimal(110)),
        ask(time_in_force=TimeInForce.IOC),
        limit("100", time_in_force=TimeInForce.FOK),
        limit("100", time_in_force=TimeInForce.GTD, good_till=NOW + timedelta(days=3)),
        limit("99", post_only=True),
        limit("101", side=SELL, post_only=True),
        sell(100, reduce_only=True),
    ],
)
def test_a_sound_order_of_each_kind_passes_and_says_what_it_would_do(request_):
    whole = context(portfolio=HOLDING, now=NOW, venue=Offer("sim", FULL))
    found = preview(request_, whole)
    assert found.failed == ()
    assert found.reference_price is not None
    assert found.notional == pytest.approx(float(request_.quantity) * found.reference_price)
    assert found.position_after == 100 + request_.quantity * request_.side.sign
    assert all(c.passed for c in check(request_, whole))


# Prices


@pytest.mark.parametrize(
    "request_",
    [
        kind(OrderType.STOP_LIMIT, stop_price="105", limit_price="121"),
        kind(OrderType.STOP_LIMIT, stop_price="121", limit_price="119"),
        kind(OrderType.STOP_LIMIT, SELL, stop_price="79", limit_price="90"),
        kind(OrderType.TAKE_PROFIT, SELL, stop_price="121"),
        trail(trail_amount="21"),
        trail(trail_percent="20.1"),
        trail(trail_percent="5", activation_price="121"),
        trail(BUY, trail_percent="5", activation_price="79"),
        ask(take_profit_price=Decimal(125)),
        ask(stop_loss_price=Decimal(79)),
        limit("90", stop_loss_price=Decimal("71.99")),  # measured from where it fills, 90
        stop("95", take_profit_price=Decimal(121)),
    ],
)
def test_no_price_of_an_order_may_be_20_percent_away(request_):
    assert codes(request_, portfolio=HOLDING) == ["FAT_FINGER"]


def test_an_exit_is_measured_from_where_the_order_fills():
    assert codes(limit("85", stop_loss_price=Decimal(75))) == []


@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("OFF_TICK", trail(trail_amount="5.001")),
        ("OFF_TICK", trail(trail_amount="5", activation_price="110.001")),
        ("OFF_TICK", ask(take_profit_price=Decimal("110.001"))),
        ("OFF_TICK", ask(stop_loss_price=Decimal("95.001"))),
        ("BAD_PRICE", trail(trail_percent="100")),
        ("BAD_PRICE", trail(trail_percent="-1")),
        ("BAD_PRICE", trail(trail_amount="NaN")),
        ("BAD_PRICE", trail(trail_percent="Infinity")),
    ],
)
def test_every_price_is_a_number_on_the_price_step(code, request_):
    assert codes(request_, portfolio=HOLDING) == [code]


@pytest.mark.parametrize(
    ("request_", "said_of"),
    [
        (ask(stop_loss_price=Decimal("100.01")), "stop"),  # at the ask
        (ask(stop_loss_price=Decimal(105)), "stop"),
        (ask(stop_loss_price=Decimal("99.99")), "stop"),  # at the bid
        (ask(stop_loss_price=Decimal(100)), "stop"),  # between bid and ask: hit as it is placed
        (ask(take_profit_price=Decimal("99.99")), "target"),  # at the bid
        (ask(take_profit_price=Decimal(98)), "target"),
        (ask(take_profit_price=Decimal("100.01")), "target"),
        (limit("98", stop_loss_price=Decimal("98.50")), "stop"),
        (limit("98", take_profit_price=Decimal(97)), "target"),
        (stop("105", side=BUY, take_profit_price=Decimal(104)), "target"),
        (stop("105", take_profit_price=Decimal(110)), "stop"),
        (stop("95", take_profit_price=Decimal("99.99")), "target"),
    ],
)
def test_exits_stand_on_either_side(request_, said_of):
    assert codes(request_, portfolio=HOLDING) == ["EXIT_SIDE"]
    assert said("EXIT_SIDE", request_, portfolio=HOLDING).sentence.startswith(f"A {said_of} at ")


def test_post_only_never_takes():
    assert codes(limit("100.01", post_only=True)) == ["POST_ONLY"]
    assert codes(limit("100.00", post_only=True)) == []
    assert codes(limit("99.99", side=SELL, post_only=True), portfolio=HOLDING) == ["POST_ONLY"]
    assert codes(limit("100.00", side=SELL, post_only=True), portfolio=HOLDING) == []


# Time


@pytest.mark.parametrize("force", [TimeInForce.IOC, TimeInForce.FOK])
def test_what_must_trade_at_once_is_refused_outside_a_session(force):
    request = limit("100", time_in_force=force)
    assert codes(request, datum=CLOSED) == ["MARKET_CLOSED"]
    assert str(force) in said("MARKET_CLOSED", request, datum=CLOSED).sentence


@pytest.mark.parametrize(
    ("away", "code"),
    [
        (timedelta(0), "GOOD_TILL_OVER"),
        (timedelta(days=-1), "GOOD_TILL_OVER"),
        (timedelta(seconds=1), None),
        (timedelta(days=366), None),
        (timedelta(days=367), "GOOD_TILL_FAR"),
    ],
)
def test_good_till_is_after_now_and_within_a_year(away, code):
    request = limit("99", time_in_force=TimeInForce.GTD, good_till=NOW + away)
    assert codes(request, now=NOW) == ([code] if code else [])
    assert codes(request, now=None) == ["GOOD_TILL"]


# Holding


def test_reduce_only_is_refused_where_it_would_not_reduce():
    orders = (order(stop("90", quantity=60)),)
    request = sell(41, reduce_only=True)
    assert codes(request, portfolio=HOLDING, orders=orders) == ["REDUCE_ONLY", "INSUFFICIENT_POSITION"]
    assert codes(replace(request, quantity=Decimal(40)), portfolio=HOLDING, orders=orders) == []
    assert codes(sell(1, reduce_only=True)) == ["REDUCE_ONLY", "INSUFFICIENT_POSITION"]


@pytest.mark.parametrize("kind_", [OrderType.STOP, OrderType.TAKE_PROFIT])
def test_every_kind_of_working_sale_holds_its_units_back(kind_):
    orders = (order(kind(kind_, SELL, 60, stop_price="95")), order(trail(quantity=30, trail_percent="5")))
    assert codes(sell(10), portfolio=HOLDING, orders=orders) == []
    assert codes(sell(11), portfolio=HOLDING, orders=orders) == ["INSUFFICIENT_POSITION"]


def test_what_is_held_in_another_account_is_not_sold_here():
    assert codes(sell(10), portfolio=HOLDING, held=Decimal(9)) == ["INSUFFICIENT_POSITION"]


# The venue


@pytest.mark.parametrize(
    ("request_", "offers"),
    [
        (kind(OrderType.STOP_LIMIT, stop_price="105", limit_price="106"), "limit, market, stop"),
        (trail(BUY, trail_percent="5"), "limit, market, stop"),
        (ask(time_in_force=TimeInForce.IOC), "day, gtc, gtd"),
        (limit("99", time_in_force=TimeInForce.FOK), "day, gtc, gtd"),
        (limit("99", post_only=True), "a limit order"),
    ],
)
def test_what_the_venue_does_not_take_is_refused_with_what_it_takes(request_, offers):
    changes = {"venue": Offer("alpaca", PLAIN)}
    assert codes(request_, **changes) == ["TYPE_NOT_OFFERED"]
    found = said("TYPE_NOT_OFFERED", request_, **changes)
    assert found.sentence.startswith("alpaca takes no ")
    assert offers in found.sentence


def test_what_the_venue_takes_passes():
    assert said("TYPE_NOT_OFFERED", ask(), venue=Offer("alpaca", PLAIN)).passed


# Reducing


def test_while_reducing_buys_are_refused_and_sales_pass():
    halt = Halt(NOW, "an alert nobody answered", reducing=True)
    assert codes(ask(), halt=halt) == ["REDUCING"]
    assert "an alert nobody answered" in said("REDUCING", ask(), halt=halt).sentence
    assert codes(sell(), halt=halt, portfolio=HOLDING) == []
    assert codes(sell(), halt=replace(halt, reducing=False), portfolio=HOLDING) == ["HALTED"]


# The minute


@pytest.mark.parametrize(("recent", "refused"), [(0, False), (29, False), (30, True), (31, True), (-1, True)])
def test_thirty_buys_a_minute_and_sales_always(recent, refused):
    assert codes(ask(), recent=recent) == (["ORDER_RATE"] if refused else [])
    assert codes(sell(), recent=recent, portfolio=HOLDING) == []


def test_the_limit_of_the_minute_is_shown_with_its_use():
    found = said("ORDER_RATE", ask(), recent=4, per_minute=10)
    assert (found.value, found.limit, found.use) == ("5", "10", 0.5)


# The day


@pytest.mark.parametrize(
    ("equity", "refused"),
    [(100_000.0, False), (97_000.01, False), (97_000.0, True), (90_000.0, True), (150_000.0, False)],
)
def test_a_day_that_has_lost_3_percent_buys_no_more(equity, refused):
    changes = {"equity": equity, "day": Day(100_000.0)}
    assert codes(ask(), **changes) == (["DAILY_LOSS"] if refused else [])
    assert codes(sell(), portfolio=HOLDING, **changes) == []


def test_the_days_loss_is_shown_against_its_limit():
    found = said("DAILY_LOSS", ask(), equity=98_500.0, day=Day(100_000.0))
    assert (found.value, found.limit, found.use) == ("-1,500", "-3,000", 0.5)
    assert said("DAILY_LOSS", ask(), equity=101_000.0, day=Day(100_000.0)).use == 0.0


def test_a_day_that_was_over_stays_over_though_it_has_recovered():
    changes = {"equity": 105_000.0, "day": Day(100_000.0, over=True)}
    assert codes(ask(), **changes) == ["DAILY_LOSS"]
    assert "already" in said("DAILY_LOSS", ask(), **changes).sentence
    assert codes(sell(), portfolio=HOLDING, **changes) == []


@pytest.mark.parametrize("start", [None, nan, inf, 0.0, -5.0])
def test_a_day_whose_beginning_is_not_known_buys_nothing(start):
    assert codes(ask(), day=Day(start)) == ["DAILY_LOSS"]
    assert codes(sell(), day=Day(start), portfolio=HOLDING) == []


@pytest.mark.parametrize("equity", [None, nan, inf, -inf])
def test_a_day_whose_equity_is_not_known_buys_nothing(equity):
    changes = {"equity": equity, "day": Day(100_000.0)}
    assert "DAILY_LOSS" in codes(ask(), **changes)
    assert codes(sell(), portfolio=HOLDING, **changes) == []


@pytest.mark.parametrize("most", [nan, inf])
def test_a_limit_of_the_day_that_is_no_number_lets_nothing_through(most):
    assert codes(ask(), day=Day(100_000.0, most)) == ["DAILY_LOSS"]


def test_a_stale_price_of_something_held_may_hide_a_loss():
    changes = {"day": Day(100_000.0, unsure="IBM")}
    assert codes(ask(), **changes) == ["DAILY_LOSS"]
    assert said("DAILY_LOSS", ask(), **changes).sentence.startswith("IBM is held")


# Currencies

INFY = Instrument(
    "INFY.NS", "Infosys", AssetClass.EQUITY, "INR", "XBOM", Decimal("0.05"), Decimal(1), Decimal(0)
)
INDIA = {
    "instrument": INFY,
    "datum": datum("INFY.NS", 1_600.0, 1_599.95, 1_600.05),
    "instruments": {**INSTRUMENTS, "INFY.NS": INFY},
    "prices": {"AAPL": 100.0, "INFY.NS": 1_600.0},
    "aliases": {},
}
RUPEE = {"INR": Rate("INR", 0.0125, "yahoo")}


def purse(rupees, **held):
    positions = portfolio(**held).positions
    balances = {("kite:1", "INR"): Decimal(rupees), ("alpaca:1", "USD"): Decimal(50_000)}
    positions = {s: replace(p, currency="INR" if s == "INFY.NS" else "USD") for s, p in positions.items()}
    return Portfolio("alpaca:1", cash=Decimal(50_000), positions=positions, balances=balances)


def infy(side=BUY, quantity=10):
    return ask(symbol="INFY.NS", side=side, quantity=Decimal(quantity))


def test_without_a_rate_nothing_is_bought_and_a_sale_passes():
    changes = {**INDIA, "portfolio": purse("1000000", **{"INFY.NS": "20"}), "account": "kite:1"}
    for rates in ({}, {"INR": Rate("INR", None, "yahoo is stale")}, {"INR": Rate("INR", nan, "x")}):
        assert codes(infy(), rates=rates, **changes) == ["NO_RATE"]
        assert codes(infy(SELL), rates=rates, **changes) == []
    found = said("NO_RATE", infy(), rates={"INR": Rate("INR", None, "yahoo is stale")}, **changes)
    assert "(yahoo is stale)" in found.sentence
    sold = preview(infy(SELL), context(rates={}, **changes))
    assert (sold.notional, sold.fees, sold.cash_after) == (None, None, None)


def test_cash_is_compared_in_the_instruments_currency():
    changes = {**INDIA, "rates": RUPEE, "account": "kite:1"}
    assert codes(infy(), portfolio=purse("16160"), **changes) == ["INSUFFICIENT_CASH"]
    assert codes(infy(), portfolio=purse("16165"), **changes) == []
    assert codes(infy(), portfolio=purse("16165"), **{**changes, "account": "alpaca:1"}) == [
        "INSUFFICIENT_CASH"
    ]


def test_the_position_limit_compares_in_the_base_currency():
    changes = {**INDIA, "rates": RUPEE, "account": "kite:1", "portfolio": purse("10000000")}
    assert codes(infy(quantity=750), **changes) == []  # 750 x 1,600 x 0.0125 = 15,000
    assert codes(infy(quantity=751), **changes) == ["POSITION_LIMIT"]
    found = preview(infy(quantity=750), context(**changes))
    assert found.weight_after == pytest.approx(0.15)
    assert found.notional == pytest.approx(750 * 1_600.05 * 0.0125)


def test_a_working_buy_elsewhere_holds_no_cash_of_this_account():
    here, there = order(infy(), OrderState.NEW), order(ask(quantity=Decimal(400)), OrderState.NEW)
    changes = {**INDIA, "rates": RUPEE, "account": "kite:1", "portfolio": purse("20000")}
    dollars = {**changes, "prices": {"INFY": 1_600.0, "AAPL": 0.01}}
    assert codes(infy(), orders=(replace(there, account="alpaca:1"),), **dollars) == []
    assert codes(infy(), orders=(replace(here, account="kite:1"),), **changes) == ["INSUFFICIENT_CASH"]


def test_a_working_buy_of_the_same_currency_in_another_account_holds_none_of_it_either():
    balances = {("alpaca:1", "USD"): Decimal(1_100), ("other:1", "USD"): Decimal(1_100)}
    books = Portfolio("alpaca:1", cash=Decimal(2_200), balances=balances)
    working = replace(order(limit("100"), OrderState.NEW), account="other:1")
    changes = {"portfolio": books, "orders": (working,), "aliases": {}}
    assert codes(ask(), account="alpaca:1", **changes) == []
    assert codes(ask(), account="other:1", **changes) == ["INSUFFICIENT_CASH"]


def test_on_paper_a_dollar_and_a_tether_are_one_purse():
    btc = INSTRUMENTS["BTC/USDT"]
    changes = {
        "instrument": btc,
        "datum": datum("BTC/USDT", 5_000.0, 4_999.0, 5_001.0),
        "account": "paper:1",
        "portfolio": portfolio("6000"),
    }
    request = ask(symbol="BTC/USDT", quantity=Decimal(1))
    assert codes(request, **changes) == []
    shares = (order(ask(quantity=Decimal(10)), OrderState.NEW),)
    assert codes(request, orders=shares, **changes) == ["INSUFFICIENT_CASH"]
    assert codes(request, **{**changes, "aliases": {}}) == ["INSUFFICIENT_CASH"]


# Open risk and the position of the new kinds


def test_a_trailing_stop_and_a_stop_limit_lower_the_open_risk():
    held = {"portfolio": portfolio("70000", AAPL="300"), "equity": 100_000.0}
    for request in (
        trail(quantity=300, trail_percent="5"),
        kind(OrderType.STOP_LIMIT, SELL, 300, stop_price="95", limit_price="94"),
        stop("95", quantity=300, take_profit_price=Decimal(110)),
    ):
        assert said("OPEN_RISK", request, **held).value == "1.5%"
        resting = (order(request),)
        assert said("OPEN_RISK", limit("99", quantity=1), orders=resting, **held).value == "1.6%"
    resting = (order(kind(OrderType.TAKE_PROFIT, SELL, 300, stop_price="110")),)
    assert said("OPEN_RISK", limit("99", quantity=1), orders=resting, **held).value == "30.1%"


def test_a_bracket_risks_the_way_to_its_stop():
    with_stop = ask(quantity=Decimal(100), stop_loss_price=Decimal(95))
    assert said("OPEN_RISK", with_stop).value == "0.5%"
    assert said("OPEN_RISK", replace(with_stop, stop_loss_price=None)).value == "10.0%"


@pytest.mark.parametrize(
    ("request_", "most"),
    [
        (kind(OrderType.STOP_LIMIT, stop_price="110", limit_price="115"), 130),  # 115 each
        (trail(BUY, trail_percent="15"), 130),
        (kind(OrderType.TAKE_PROFIT, stop_price="90"), 150),
        (limit("110"), 150),
    ],
)
def test_a_buy_is_measured_where_it_may_fill(request_, most):
    assert codes(replace(request_, quantity=Decimal(most))) == []
    assert codes(replace(request_, quantity=Decimal(most + 1))) == ["POSITION_LIMIT"]


def test_a_working_stop_that_buys_is_measured_at_its_stop_too():
    waiting = (order(stop("115", side=BUY, quantity=100)),)
    assert codes(ask(quantity=Decimal(30)), orders=waiting) == []  # 130 x 115 = 14,950
    assert codes(ask(quantity=Decimal(31)), orders=waiting) == ["POSITION_LIMIT"]
