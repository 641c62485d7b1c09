"""What an ALERT carries, and the way there and back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marketpulse.portfolio.texts import Payload, as_iso, as_text, given, to_time
from marketpulse.types.alert import Severity, severity_of

__all__ = ["Alert", "read_alert", "write_alert"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person must see: a code for machines, a sentence for people.

    Attributes
    ----------
    severity : None: as bad as its code says
    wall : the wall clock when it was raised; the desk's clock is the event's own time
    ends : the number of the alert whose episode this one ends, as text
    """

    code: str
    sentence: str
    severity: Severity | None = None
    wall: datetime | None = None
    ends: str = ""

    @property
    def level(self) -> Severity:
        """How bad it is."""
        return self.severity or severity_of(self.code)


def write_alert(alert: Alert) -> Payload:
    """ALERT."""
    severity, wall = as_text(alert.severity), as_iso(alert.wall)
    said = given(severity=severity, wall=wall, ends=alert.ends)
    return {"code": alert.code, "sentence": alert.sentence, **said}


def read_alert(payload: Mapping[str, Any]) -> Alert:
    """ALERT."""
    severity = payload.get("severity")
    return Alert(
        payload["code"],
        payload["sentence"],
        Severity(severity) if severity else None,
        to_time(payload.get("wall")),
        payload.get("ends", ""),
    )
