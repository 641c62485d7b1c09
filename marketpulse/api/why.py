"""Why an instrument is bought or not, and the protections that hold: shown, and lifted by a typed word."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.orders import bearer
from marketpulse.api.problem import Fault
from marketpulse.api.reading import fields, read_body
from marketpulse.types import Lock, Rung, Why

__all__ = ["ChangeReply", "ProtectionReply", "ProtectionsReply", "RungReply", "WhyReply", "Whys"]

_CONFIRM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["confirm"],
                    "properties": {"confirm": {"type": "string", "const": "UNLOCK"}},
                }
            }
        },
    }
}


class RungReply(BaseModel):
    """One gate."""

    code: str = Field(examples=["POSITION_LIMIT"])
    label: str
    passed: bool | None = Field(description="null: not known, or not decided here")
    message: str
    value: str
    limit: str


class ChangeReply(BaseModel):
    """A change of the asked order that was tried and passes its gates."""

    field: str = Field(examples=["quantity"])
    text: str = Field(examples=["26"])


class WhyReply(BaseModel):
    """The ladder of gates of one instrument at one moment."""

    symbol: str
    time: datetime
    past: bool = Field(description="told from the ledger")
    asked: str = Field(description="the order that the gates were asked about")
    first: str | None = Field(description="code of the first gate that fails; null when none does")
    gates: list[RungReply]
    change: ChangeReply | None
    note: str


class ProtectionReply(BaseModel):
    """A protection that holds."""

    name: str = Field(examples=["LOSING_SYMBOL:AAPL"])
    code: str
    symbol: str = Field(description="what it keeps from being bought; empty: anything")
    message: str
    since: datetime
    until: datetime | None = Field(description="null: until it is lifted")
    typed: str = Field(description="what to confirm with to lift it")


class ProtectionsReply(BaseModel):
    """All that hold now."""

    protections: list[ProtectionReply]


def _rung(rung: Rung) -> RungReply:
    return RungReply(
        code=rung.code,
        label=rung.label,
        passed=rung.passed,
        message=rung.sentence,
        value=rung.value,
        limit=rung.limit,
    )


def _why(why: Why) -> WhyReply:
    first, change = why.first, why.change
    return WhyReply(
        symbol=why.symbol,
        time=why.time,
        past=why.past,
        asked=why.asked,
        first=None if first is None else first.code,
        gates=[_rung(rung) for rung in why.rungs],
        change=None if change is None else ChangeReply(field=change.field, text=change.text),
        note=why.note,
    )


def _protection(lock: Lock) -> ProtectionReply:
    return ProtectionReply(
        name=lock.name,
        code=lock.code,
        symbol=lock.symbol,
        message=lock.sentence,
        since=lock.since,
        until=lock.until,
        typed=lock.typed,
    )


_Body = Annotated[Mapping[str, object], Depends(read_body)]
_At = Annotated[str, Query(max_length=40, examples=["2012-06-05T16:00:00Z"])]
_Quantity = Annotated[str, Query(max_length=40, pattern=r"^([0-9]+(\.[0-9]+)?)?$", examples=["10"])]
_Name = Annotated[str, Path(max_length=60, examples=["STOP_OUTS"])]


class Whys:
    """The addresses below /api/v1 for why, and for protections."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the addresses with their handlers, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1", tags=["risk"], dependencies=guards)
        add = router.add_api_route
        add("/why/{symbol}", self.why, summary="Why it would be bought now or not, or was not then")
        add("/protections", self.listed, summary="Protections that hold")
        lift = "Lift a protection"
        add("/protections/{name}/unlock", self.unlock, methods=["POST"], summary=lift, openapi_extra=_CONFIRM)
        return router

    def why(
        self, symbol: Annotated[str, Path(max_length=40)], at: _At = "", quantity: _Quantity = ""
    ) -> WhyReply:
        """Pass a buy at the market through every gate; with ``at`` tell what the ledger holds of that moment."""
        name = symbol if symbol in self._find().snapshot().instruments else symbol.replace("-", "/")
        return _why(self._find().why(name, _moment(at), _units(quantity)))

    def listed(self) -> ProtectionsReply:
        """Each with its sentence, until when it holds, and how it is lifted."""
        return ProtectionsReply(protections=[_protection(lock) for lock in self._find().snapshot().locks])

    def unlock(self, name: _Name, body: _Body) -> ProtectionReply:
        """Lift it now; ``confirm`` must be UNLOCK. 404 ``UNKNOWN_LOCK`` when it does not hold."""
        return _protection(self._find().unlock(name, str(fields(body, ("confirm",)).get("confirm", ""))))


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Fault(422, "BAD_REQUEST", "at is no moment; write it as 2012-06-05T16:00:00Z.") from None


def _units(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise Fault(422, "BAD_REQUEST", "quantity is no number.") from None
