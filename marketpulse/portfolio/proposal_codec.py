"""What a PROPOSAL event carries: a decision about a signal, or what became of one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from marketpulse.portfolio.texts import Payload, as_iso, as_text, given, to_money, to_time
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

__all__ = ["Step", "read_proposal", "read_step", "write_proposal", "write_step"]


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a proposal.

    Attributes
    ----------
    note : one sentence
    code : of the refusal, empty for all else
    """

    state: ProposalState
    note: str
    code: str = ""


def write_proposal(proposal: Proposal) -> Payload:
    """PROPOSAL, the first of its key: pending, or passed with the gate that failed."""
    return {
        "state": proposal.state.value,
        "name": proposal.key,
        "signal": proposal.signal,
        "symbol": proposal.symbol,
        "bar": proposal.bar,
        "purpose": proposal.purpose.value,
        "mode": proposal.mode.value,
        "sentence": proposal.sentence,
        "horizon": proposal.horizon,
        "expires": as_iso(proposal.expires),
        "order": None if proposal.request is None else _write_request(proposal.request),
        "gate": None if proposal.rung is None else _write_rung(proposal.rung),
        **given(practice=proposal.practice),
    }


def read_proposal(order_id: str, time: datetime, payload: Mapping[str, Any]) -> Proposal:
    """PROPOSAL, the first of its key."""
    order, gate = payload["order"], payload["gate"]
    return Proposal(
        id=order_id,
        key=payload["name"],
        signal=payload["signal"],
        symbol=payload["symbol"],
        bar=payload["bar"],
        purpose=Purpose(payload["purpose"]),
        mode=Conduct(payload["mode"]),
        time=time,
        state=ProposalState(payload["state"]),
        sentence=payload["sentence"],
        horizon=payload["horizon"],
        expires=to_time(payload["expires"]),
        practice=bool(payload.get("practice")),
        request=None if order is None else _read_request(order),
        rung=None if gate is None else _read_rung(gate),
    )


def write_step(step: Step) -> Payload:
    """PROPOSAL, any later one."""
    return {"step": step.state.value, "note": step.note, "code": step.code}


def read_step(payload: Mapping[str, Any]) -> Step | None:
    """PROPOSAL; None where it is the first of its key."""
    if "step" not in payload:
        return None
    return Step(ProposalState(payload["step"]), payload["note"], payload["code"])


def _write_request(request: OrderRequest) -> Payload:
    return {
        "symbol": request.symbol,
        "side": request.side.value,
        "quantity": str(request.quantity),
        "stop": as_text(request.stop_loss_price),
        "target": as_text(request.take_profit_price),
        **given(reduce_only=request.reduce_only),
    }


def _read_request(payload: Mapping[str, Any]) -> OrderRequest:
    return OrderRequest(
        symbol=payload["symbol"],
        side=Side(payload["side"]),
        type=OrderType.MARKET,
        quantity=Decimal(payload["quantity"]),
        reduce_only=bool(payload.get("reduce_only")),
        take_profit_price=to_money(payload["target"]),
        stop_loss_price=to_money(payload["stop"]),
    )


def _write_rung(rung: Rung) -> Payload:
    return {
        "code": rung.code,
        "label": rung.label,
        "sentence": rung.sentence,
        "value": rung.value,
        "limit": rung.limit,
    }


def _read_rung(payload: Mapping[str, Any]) -> Rung:
    return Rung(
        payload["code"],
        payload["label"],
        passed=False,
        sentence=payload["sentence"],
        value=payload["value"],
        limit=payload["limit"],
    )
