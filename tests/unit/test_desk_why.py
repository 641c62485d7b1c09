"""Why and why not on a whole desk: now, and of a moment before; protections through the facade."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest

from marketpulse.desk import Desk
from marketpulse.errors import Refused
from marketpulse.settings import load

BUY = {"symbol": "AAPL", "side": "buy", "type": "market", "quantity": "5"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("why")
    given = {"MARKETPULSE_FEED": "replay", "MARKETPULSE_DATA_DIR": str(folder / "data")}
    with Desk.open(load(given, Path("/nonexistent/.env"))) as opened:
        yield opened


def codes(why):
    return {rung.code: rung for rung in why.rungs}


def test_now_it_names_the_first_failure_and_asks_about_a_size_of_its_own(desk):
    why = desk.why("AAPL")
    assert not why.past
    assert why.asked.startswith("buy ")
    assert why.first.code in {"SIGNAL", "EDGE"}
    assert codes(why)["POSITION_LIMIT"].limit == "15%"


def test_too_much_comes_with_the_change_that_passes(desk):
    why = desk.why("AAPL", quantity=Decimal(100_000))
    assert codes(why)["POSITION_LIMIT"].passed is False
    assert why.change.field == "quantity"
    assert desk.preview({**BUY, "quantity": why.change.text}).ok


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda d: d.why("NOPE"), "UNKNOWN_SYMBOL"),
        (lambda d: d.why("AAPL", datetime(2012, 6, 1)), "BAD_REQUEST"),  # noqa: DTZ001 - the point
        (lambda d: d.why("AAPL", datetime.min.replace(tzinfo=UTC)), "BAD_REQUEST"),
        (lambda d: d.why("AAPL", datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))), "BAD_REQUEST"),
        (lambda d: d.why("AAPL", datetime.max.replace(tzinfo=timezone(timedelta(hours=-14)))), "BAD_REQUEST"),
        (lambda d: d.why("AAPL", quantity=Decimal("NaN")), "BAD_REQUEST"),
        (lambda d: d.why("AAPL", quantity=Decimal(0)), "BAD_REQUEST"),
        (lambda d: d.unlock("NOPE", "UNLOCK"), "UNKNOWN_LOCK"),
        (lambda d: d.acknowledge("NOPE"), "UNKNOWN_ALERT"),
    ],
)
def test_what_cannot_be_asked_is_refused(desk, call, code):
    with pytest.raises(Refused) as caught:
        call(desk)
    assert caught.value.code == code


def test_a_past_moment_is_told_from_the_ledger_and_the_rest_is_said_to_be_unknown(desk):
    desk.resume("RESUME")
    before = desk.snapshot().time
    desk.halt("by hand")
    with pytest.raises(Refused):
        desk.place(BUY, "refused")
    during = desk.snapshot().time + timedelta(seconds=1)
    why = desk.why("AAPL", during)
    assert why.past
    assert "refused at" in why.asked
    assert codes(why)["HALTED"].passed is False
    assert why.first is not None
    calm = codes(desk.why("AAPL", before - timedelta(days=30)))
    assert calm["GATES"].passed is None
    assert calm["SIGNAL"].sentence == "No signal had been issued for it."
    assert calm["CASH"].value == "0.00"
    desk.resume("RESUME")
    assert codes(desk.why("AAPL", datetime(9999, 1, 1, tzinfo=UTC)))["HALTED"].passed is True


def test_another_symbols_refusal_is_not_told(desk):
    other = desk.why("IBM", desk.snapshot().time + timedelta(seconds=1))
    assert other.asked == ""
    assert codes(other)["HELD"].value == "0"
