"""Proposals made by hand, one in each state that a door shows."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from fakes import NOW

from marketpulse.types import (
    Conduct,
    OrderRequest,
    OrderType,
    Proposal,
    ProposalState,
    Purpose,
    Rung,
    Side,
)

REQUEST = OrderRequest(
    "IBM", Side.BUY, OrderType.MARKET, Decimal(76), take_profit_price=Decimal("211.35"),
    stop_loss_price=Decimal("187.96"),
)  # fmt: skip

WAITING = Proposal(
    id="7afjdxv23xcads2x",
    key="auto:IBM:2012-06-13:9d41c07b55aa2f10:open",
    signal="IBM:2012-06-13:9d41c07b55aa2f10",
    symbol="IBM",
    bar="2012-06-13",
    purpose=Purpose.OPEN,
    mode=Conduct.CONFIRM,
    time=NOW - timedelta(hours=1),
    state=ProposalState.PENDING,
    sentence="Buy 76 IBM at the market; p 57.4%, base 54.1%; size by 15% per position; "
    "stop 187.96, target 211.35; left after 5 bars.",
    horizon=5,
    expires=NOW + timedelta(hours=5),
    request=REQUEST,
)
LEAVING = replace(
    WAITING, id="q3mjdxv23xcads2x", key="auto:AAPL:2012-06-06:9d41c07b55aa2f10:close",
    signal="AAPL:2012-06-06:9d41c07b55aa2f10", symbol="AAPL", bar="2012-06-06", purpose=Purpose.CLOSE,
    sentence="Sell 20 AAPL at the market: the 5 bars of the signal of 2012-06-06 are over.",
    request=OrderRequest("AAPL", Side.SELL, OrderType.MARKET, Decimal(20), reduce_only=True),
)  # fmt: skip
PASSED = replace(
    WAITING, id="p3mjdxv23xcads2x", key="auto:MSFT:2012-06-13:9d41c07b55aa2f10:open",
    signal="MSFT:2012-06-13:9d41c07b55aa2f10", symbol="MSFT", state=ProposalState.PASSED, request=None, expires=None,
    sentence="The model's record out of sample does not allow to speak of an edge.",
    rung=Rung("EDGE", "Edge", passed=False, sentence="The model's record out of sample does not allow to speak of an edge.",
              value="no edge shown", limit="weak edge"),
)  # fmt: skip
ORDERED = replace(
    WAITING, id="o3mjdxv23xcads2x", key="auto:GOOG:2012-06-12:9d41c07b55aa2f10:open",
    signal="GOOG:2012-06-12:9d41c07b55aa2f10", symbol="GOOG", state=ProposalState.ORDERED, ended=NOW - timedelta(days=1),
    note="Order o3mjdxv23xcads2x was placed.",
)  # fmt: skip
ALL = (WAITING, LEAVING, PASSED, ORDERED)
