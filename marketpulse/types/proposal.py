"""What the desk would do with a signal: a proposal with its order, or why there is none."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from marketpulse.types.order import OrderRequest
from marketpulse.types.signal import Signal
from marketpulse.types.why import Rung

__all__ = ["OPEN_PROPOSALS", "Conduct", "Proposal", "ProposalState", "Purpose", "signal_name"]


class Conduct(StrEnum):
    """What the desk does with a signal; the first is the default."""

    SUGGEST = "suggest"  # shows it; a person orders
    CONFIRM = "confirm"  # prepares an order that a person approves
    AUTO = "auto"  # orders by itself, on paper only


class Purpose(StrEnum):
    """Whether a proposal enters a position or leaves one."""

    OPEN = "open"
    CLOSE = "close"


class ProposalState(StrEnum):
    """What has become of a proposal."""

    PENDING = "pending"  # waits for a person; in auto, for its own order to leave
    APPROVED = "approved"  # its order has not left yet
    PASSED = "passed"  # there is no order: a gate failed
    DECLINED = "declined"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"  # something newer, or something else, has taken its place
    ORDERED = "ordered"
    REFUSED = "refused"  # the order path has refused its order


OPEN_PROPOSALS = frozenset({ProposalState.PENDING, ProposalState.APPROVED})
"""An order may still come of it."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One decision about one signal.

    Attributes
    ----------
    id : of the order that it becomes
    key : names it for ever; its order's idempotency key
    signal : the signal it rests on, ``SYMBOL:BAR:VERSION``; of a sale usually the one that had been bought on
    bar : of that signal, ISO date
    mode : in which it was made
    expires : the session's close until which its order may leave, by the clock the instrument trades on
    sentence : what is proposed and why, or why nothing is
    horizon : bars of the signal
    practice : a call without a shown edge was taken as if it had one
    request : the order; None where there is none
    rung : the first gate that failed; None where none did
    ended : when it was answered, ordered or given up, by the desk's clock
    note : what became of it, one sentence
    """

    id: str
    key: str
    signal: str
    symbol: str
    bar: str
    purpose: Purpose
    mode: Conduct
    time: datetime
    state: ProposalState
    sentence: str
    horizon: int
    expires: datetime | None = None
    practice: bool = False
    request: OrderRequest | None = None
    rung: Rung | None = None
    ended: datetime | None = None
    note: str = ""


def signal_name(signal: Signal) -> str:
    """Name a signal for ever, as its event does."""
    return f"{signal.symbol}:{signal.bar}:{signal.model_version}"
