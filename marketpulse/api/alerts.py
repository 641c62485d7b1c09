"""The alerts: those that nobody has acknowledged, and saying that one was seen."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.orders import bearer
from marketpulse.types.alert import AlertView, Severity

__all__ = ["AlertReply", "Alerts", "AlertsReply"]


class AlertReply(BaseModel):
    """One alert."""

    id: str = Field(description="the number of its event in the ledger", examples=["17"])
    time: datetime = Field(description="the desk's clock; the tape's on a replay")
    wall: datetime | None = Field(description="the wall clock then; null in ledgers from before it was kept")
    account: str
    code: str = Field(examples=["OVERFILL"])
    severity: Severity
    message: str
    about: str = Field(description="the order, symbol or thing it is about")
    ended: datetime | None = Field(description="when what it warns of was over; null while it holds")
    acknowledged: datetime | None


class AlertsReply(BaseModel):
    """Open alerts, newest first."""

    alerts: list[AlertReply]


def _reply(view: AlertView) -> AlertReply:
    return AlertReply(
        id=view.id,
        time=view.time,
        wall=view.wall,
        account=view.account,
        code=view.code,
        severity=view.severity,
        message=view.sentence,
        about=view.ref,
        ended=view.ended,
        acknowledged=view.acknowledged,
    )


class Alerts:
    """The addresses below /api/v1/alerts."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the addresses with their handlers, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1/alerts", tags=["alerts"], dependencies=guards)
        router.add_api_route("", self.listed, summary="Alerts that nobody has acknowledged")
        seen = "Say that an alert was seen"
        router.add_api_route("/{alert_id}/ack", self.acknowledge, methods=["POST"], summary=seen)
        return router

    def listed(self) -> AlertsReply:
        """Open alerts, newest first."""
        return AlertsReply(alerts=[_reply(view) for view in self._find().snapshot().alerts])

    def acknowledge(self, alert_id: Annotated[str, Path(max_length=20, examples=["17"])]) -> AlertReply:
        """Write down that somebody has seen it; again is harmless. 404 ``UNKNOWN_ALERT`` when there is none."""
        return _reply(self._find().acknowledge(alert_id))
