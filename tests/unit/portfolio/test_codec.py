"""Every payload comes back as it went in, through JSON text as the ledger stores it."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketpulse.portfolio import codec
from marketpulse.portfolio.codec import Alert, Booking, Cash, Change, External, ExternalKind, Intent, Paid
from marketpulse.types import (
    ActionKind,
    CorporateAction,
    Edge,
    Fill,
    OrderRequest,
    OrderState,
    OrderType,
    Reason,
    Side,
    Signal,
    TimeInForce,
    Vote,
)

TEXT = st.text(max_size=20)
DECIMALS = st.decimals(
    allow_nan=False, allow_infinity=False, places=10, min_value=-(10**15), max_value=10**15
)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001  hypothesis takes naive bounds
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
MAYBE = st.none() | FLOATS


@st.composite
def requests(draw):
    """Every kind of order that may exist, with every field that it may have."""
    kind, side = draw(st.sampled_from(OrderType)), draw(st.sampled_from(Side))
    at_once = kind in {OrderType.MARKET, OrderType.LIMIT}
    forces = [f for f in TimeInForce if at_once or f not in {TimeInForce.IOC, TimeInForce.FOK}]
    force, fields = draw(st.sampled_from(forces)), {}
    if kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}:
        fields["limit_price"] = draw(DECIMALS)
    if kind in {OrderType.STOP, OrderType.STOP_LIMIT, OrderType.TAKE_PROFIT}:
        fields["stop_price"] = draw(DECIMALS)
    if kind is OrderType.TRAILING_STOP:
        fields[draw(st.sampled_from(["trail_amount", "trail_percent"]))] = draw(DECIMALS)
        fields["activation_price"] = draw(st.none() | DECIMALS)
    if force is TimeInForce.GTD:
        fields["good_till"] = draw(TIMES)
    if kind is OrderType.LIMIT and force not in {TimeInForce.IOC, TimeInForce.FOK}:
        fields["post_only"] = draw(st.booleans())
    if side is Side.SELL:
        fields["reduce_only"] = draw(st.booleans())
    else:
        fields["stop_loss_price"] = stop = draw(st.none() | DECIMALS)
        fields["take_profit_price"] = None if stop is None else draw(st.none() | st.just(stop + 1))
    return OrderRequest(draw(TEXT), side, kind, draw(DECIMALS), time_in_force=force, **fields)


INTENTS = st.builds(
    Intent, TEXT, requests(), TEXT, DECIMALS, TIMES, st.none() | TIMES, st.none() | TIMES,
    st.none() | st.text(min_size=1, max_size=9), TEXT, MAYBE,
)  # fmt: skip
FILLS = st.builds(
    Fill, TEXT, TEXT, TEXT, TEXT, st.sampled_from(Side), DECIMALS, DECIMALS, DECIMALS, TIMES, TEXT,
    TEXT, st.none() | DECIMALS, st.none() | DECIMALS, st.none() | st.booleans(),
)  # fmt: skip
VOTES = st.builds(Vote, TEXT, MAYBE, MAYBE, TEXT, st.lists(st.tuples(TEXT, FLOATS), max_size=3).map(tuple))
SIGNALS = st.builds(
    Signal, TEXT, TEXT, TIMES, st.integers(1, 30), MAYBE, MAYBE, st.sampled_from(Edge),
    TEXT, TEXT, TEXT, TEXT, st.lists(VOTES, max_size=3).map(tuple),
)  # fmt: skip
EXTERNALS = st.builds(
    External, st.sampled_from(ExternalKind), st.text(min_size=1, max_size=9), DECIMALS,
    DECIMALS.map(abs), TEXT, DECIMALS, DECIMALS, TEXT, TEXT, TEXT, st.none() | TIMES,
)  # fmt: skip
REASONS = st.lists(st.builds(Reason, TEXT, TEXT), max_size=3).map(tuple)


@pytest.mark.parametrize(
    ("values", "write", "read"),
    [
        (st.builds(Cash, DECIMALS, TEXT, TEXT), codec.write_cash, codec.read_cash),
        (INTENTS, codec.write_intent, codec.read_intent),
        (
            st.builds(Change, st.sampled_from(OrderState), TEXT, TEXT, TEXT, st.none() | TEXT),
            codec.write_change,
            codec.read_change,
        ),
        (
            st.builds(Booking, FILLS, st.sampled_from(OrderState), TEXT),
            codec.write_booking,
            codec.read_booking,
        ),
        (EXTERNALS, codec.write_external, codec.read_external),
        (
            st.builds(
                CorporateAction, TEXT, st.dates(date(1990, 1, 1)), st.sampled_from(ActionKind), DECIMALS
            ),
            codec.write_action,
            codec.read_action,
        ),
        (TEXT, codec.write_halt, codec.read_halt),
        (st.builds(Alert, TEXT, TEXT), codec.write_alert, codec.read_alert),
        (SIGNALS, codec.write_signal, codec.read_signal),
    ],
    ids=["cash", "order", "state", "fill", "external", "action", "halt", "alert", "signal"],
)
@given(data=st.data())
def test_what_is_written_is_read_back(values, write, read, data):
    value = data.draw(values)
    written = write(value)
    stored = json.loads(json.dumps(written, allow_nan=False))
    assert stored == written
    assert read(stored) == value


@given(INTENTS, REASONS)
def test_a_denial_is_read_back(intent, reasons):
    stored = json.loads(json.dumps(codec.write_denial(intent, reasons)))
    assert codec.read_denial(stored) == (intent, reasons)


@given(DECIMALS, DECIMALS, TEXT)
def test_the_cash_of_a_dividend_is_read_back_and_the_first_ledgers_had_none(held, cash, currency):
    action = CorporateAction("AAPL", date(2012, 8, 9), ActionKind.DIVIDEND, Decimal("2.65"))
    paid = Paid(held, cash, currency)
    stored = json.loads(json.dumps(codec.write_action(action, paid)))
    assert (codec.read_action(stored), codec.read_paid(stored)) == (action, paid)
    assert codec.read_paid(codec.write_action(action)) is None


@pytest.mark.parametrize(
    "wrong", [{"price": Decimal("NaN")}, {"price": Decimal(-1)}, {"symbol": ""}, {"cash": Decimal("inf")}]
)
def test_external_units_that_no_books_can_hold_are_refused(wrong):
    with pytest.raises(ValueError, match="external"):
        External(**{"kind": ExternalKind.OPENING, "symbol": "AAPL", "quantity": Decimal(1), **wrong})


def test_resume_carries_nothing():
    assert codec.write_resume() == {}


def test_money_keeps_its_digits():
    cash = Cash(Decimal("0.10"), "USD", "x")
    assert codec.write_cash(cash)["amount"] == "0.10"
    assert str(codec.read_cash(codec.write_cash(cash)).amount) == "0.10"


def test_a_time_keeps_its_microseconds():
    moment = datetime(2012, 6, 1, 13, 30, 0, 123456, tzinfo=UTC) + timedelta(microseconds=1)
    fill = Fill("v", "t", "c", "s", Side.BUY, Decimal(1), Decimal(1), Decimal(0), moment)
    assert codec.read_booking(codec.write_booking(Booking(fill, OrderState.FILLED))).fill.time == moment
