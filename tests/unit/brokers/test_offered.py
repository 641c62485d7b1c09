from datetime import UTC, datetime
from decimal import Decimal

import pytest

from marketpulse.brokers.offered import given_up, offered
from marketpulse.errors import Rejected
from marketpulse.ports import BrokerCapabilities
from marketpulse.types import AssetClass, OrderRequest, OrderState, OrderType, Side, TimeInForce

CAN = BrokerCapabilities(
    types=frozenset({OrderType.LIMIT, OrderType.TRAILING_STOP}),
    asset_classes=frozenset({AssetClass.EQUITY}),
    grace=1.0,
    live=False,
    forces=frozenset({TimeInForce.DAY}),
)
ONE = Decimal(1)
TILL = datetime(2026, 3, 9, tzinfo=UTC)


def limit(**more) -> OrderRequest:
    return OrderRequest("X", Side.BUY, OrderType.LIMIT, ONE, ONE, **more)


def trail(**more) -> OrderRequest:
    return OrderRequest("X", Side.SELL, OrderType.TRAILING_STOP, ONE, **more)


@pytest.mark.parametrize(
    ("request_", "code", "word"),
    [
        (OrderRequest("X", Side.BUY, OrderType.MARKET, ONE), "TYPE_NOT_OFFERED", "market"),
        (OrderRequest("X", Side.BUY, OrderType.STOP_LIMIT, ONE, ONE, ONE), "TYPE_NOT_OFFERED", "stop limit"),
        (limit(time_in_force=TimeInForce.FOK), "TIME_IN_FORCE", "fok"),
        (limit(time_in_force=TimeInForce.GTD, good_till=TILL), "TIME_IN_FORCE", "gtd"),
        (limit(post_only=True), "POST_ONLY", "post_only"),
        (trail(trail_percent=Decimal(0)), "TRAIL", "above zero"),
        (trail(trail_amount=Decimal(-1)), "TRAIL", "above zero"),
        (trail(trail_amount=Decimal("NaN")), "TRAIL", "above zero"),
    ],
)
def test_what_is_not_declared_is_refused_in_one_sentence(request_, code, word):
    with pytest.raises(Rejected) as refusal:
        offered("Venue", CAN, request_)
    assert refusal.value.code == code
    assert word in refusal.value.sentence
    assert refusal.value.sentence.endswith(".")


def test_what_is_declared_passes():
    offered("Venue", CAN, limit())
    offered("Venue", CAN, trail(trail_percent=ONE))


def test_what_had_to_trade_at_once_and_did_not_says_so():
    ended = {OrderState.CANCELED, OrderState.EXPIRED}
    for state in OrderState:
        code, sentence = given_up(state, at_once=True)
        assert (code == "NOT_AT_ONCE") is sentence.endswith(".") is (state in ended)
        assert given_up(state, at_once=False) == ("", "")
