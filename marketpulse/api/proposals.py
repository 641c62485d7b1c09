"""What the desk would do with its signals: listed, and approved or declined one by one."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.orders import bearer
from marketpulse.api.why import RungReply
from marketpulse.types import OPEN_PROPOSALS, Conduct, Proposal, ProposalState, Purpose, Side

__all__ = ["ProposalReply", "Proposals", "ProposalsReply"]


class ProposalReply(BaseModel):
    """One decision about one signal."""

    id: str = Field(description="of the order that it becomes", examples=["7afjdxv23xcads2x"])
    signal: str = Field(examples=["AAPL:2012-06-01:9d41c07b55aa2f10"])
    symbol: str
    purpose: Purpose
    mode: Conduct
    practice: bool = Field(description="a call without a shown edge was taken as if it had one, on paper")
    state: ProposalState
    time: datetime = Field(description="the desk's clock; the tape's on a replay")
    expires: datetime | None = Field(description="the session's close until which its order may leave")
    ended: datetime | None
    message: str
    note: str = Field(description="what became of it")
    side: Side | None
    quantity: str | None
    stop_loss_price: str | None
    take_profit_price: str | None
    gate: RungReply | None = Field(description="the first gate that failed; null where none did")


class ProposalsReply(BaseModel):
    """How signals are played in this run, and the newest decisions first."""

    mode: Conduct
    practice: bool
    proposals: list[ProposalReply]


def _reply(made: Proposal) -> ProposalReply:
    order, gate = made.request, made.rung
    return ProposalReply(
        id=made.id,
        signal=made.signal,
        symbol=made.symbol,
        purpose=made.purpose,
        mode=made.mode,
        practice=made.practice,
        state=made.state,
        time=made.time,
        expires=made.expires,
        ended=made.ended,
        message=made.sentence,
        note=made.note,
        side=None if order is None else order.side,
        quantity=None if order is None else f"{order.quantity:f}",
        stop_loss_price=_text(None if order is None else order.stop_loss_price),
        take_profit_price=_text(None if order is None else order.take_profit_price),
        gate=None
        if gate is None
        else RungReply(
            code=gate.code,
            label=gate.label,
            passed=gate.passed,
            message=gate.sentence,
            value=gate.value,
            limit=gate.limit,
        ),
    )


def _text(price: Decimal | None) -> str | None:
    return None if price is None else f"{price:f}"


_Id = Annotated[str, Path(max_length=40, examples=["7afjdxv23xcads2x"])]
_Open = Annotated[bool, Query(description="only those of which an order may still come")]


class Proposals:
    """The addresses below /api/v1/proposals."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the addresses with their handlers, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1/proposals", tags=["trading"], dependencies=guards)
        add = router.add_api_route
        add("", self.listed, summary="What the desk would do with its signals, or has done")
        add("/{proposal_id}/approve", self.approve, methods=["POST"], summary="Let its order leave")
        add("/{proposal_id}/decline", self.decline, methods=["POST"], summary="Let no order come of it")
        return router

    def listed(self, *, open_only: _Open = False) -> ProposalsReply:
        """The newest first; non-orders name the first gate that failed."""
        now = self._find().snapshot()
        shown = (p for p in now.proposals if not open_only or p.state in OPEN_PROPOSALS)
        return ProposalsReply(mode=now.conduct, practice=now.practice, proposals=[_reply(p) for p in shown])

    def approve(self, proposal_id: _Id) -> ProposalReply:
        """Again is harmless and makes no second order. 404 ``UNKNOWN_PROPOSAL``, 409 ``ANSWERED``, 422 by a rule."""
        return _reply(self._find().answer(proposal_id, approve=True))

    def decline(self, proposal_id: _Id) -> ProposalReply:
        """Again is harmless. 404 ``UNKNOWN_PROPOSAL``, 409 ``ANSWERED``."""
        return _reply(self._find().answer(proposal_id, approve=False))
