"""Alerts as a person sees them: how bad, what, since when, and whether somebody has seen it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

__all__ = ["SEVERITIES", "AlertView", "Severity", "severity_of"]


class Severity(StrEnum):
    """How soon a person must look."""

    LOW = "low"  # good to know
    MEDIUM = "medium"  # look today
    HIGH = "high"  # look now: goes to the phone
    CRITICAL = "critical"  # the desk does not know what it owns or owes: goes to the phone, first

    @property
    def rank(self) -> int:
        """0 for LOW to 3 for CRITICAL."""
        return _ORDER.index(self)

    @property
    def urgent(self) -> bool:
        """HIGH or CRITICAL."""
        return self.rank >= Severity.HIGH.rank


_ORDER = (Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)

SEVERITIES: Mapping[str, Severity] = MappingProxyType(
    {
        "PROTECTED": Severity.LOW,
        "OVER": Severity.LOW,
        "RED_ZONE_OVER": Severity.LOW,
        "LATE_ACCEPT": Severity.MEDIUM,
        "FOREIGN_ORDER": Severity.MEDIUM,
        "DAY_LOSING": Severity.MEDIUM,
        "OPEN_RISK": Severity.MEDIUM,
        "STALE_HELD": Severity.MEDIUM,
        "PROVIDER_OFF": Severity.MEDIUM,
        "UNACKNOWLEDGED": Severity.MEDIUM,
        "LATE_FILL": Severity.HIGH,
        "DAILY_LOSS": Severity.HIGH,
        "WEEKLY_LOSS": Severity.HIGH,
        "MAX_DRAWDOWN": Severity.HIGH,
        "DRAWDOWN": Severity.HIGH,
        "RED_ZONE": Severity.HIGH,
        "ACCOUNT_DIFFERS": Severity.HIGH,
        "UNPROTECTED": Severity.HIGH,
        "EXIT_FAILED": Severity.HIGH,
        "NOT_REPLACED": Severity.HIGH,
        "REPAINT": Severity.HIGH,
        "FLATTEN_STUCK": Severity.CRITICAL,
        "OVERFILL": Severity.CRITICAL,
        "STRANGE_FILL": Severity.CRITICAL,
        "ORPHAN": Severity.CRITICAL,
    }
)
"""Every code that is raised; of a code that is not here, as an older ledger may hold, it is MEDIUM."""


def severity_of(code: str) -> Severity:
    """Tell how bad an alert of this code is.

    Examples
    --------
    >>> severity_of("OVERFILL"), severity_of("FOREIGN_ORDER")
    (<Severity.CRITICAL: 'critical'>, <Severity.MEDIUM: 'medium'>)
    """
    return SEVERITIES.get(code, Severity.MEDIUM)


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert that stands in the ledger.

    Attributes
    ----------
    id : the number of its event, as text
    time : the desk's clock when it was raised (tape time on replay), aware UTC
    wall : the wall clock then, aware UTC; None in ledgers from before it was kept
    ref : the order, symbol or thing it is about
    ended : when what it warns of was over; None: it still holds, or has no end
    acknowledged : when somebody said that they had seen it
    """

    id: str
    time: datetime
    wall: datetime | None
    account: str
    code: str
    severity: Severity
    sentence: str
    ref: str
    ended: datetime | None = None
    acknowledged: datetime | None = None
