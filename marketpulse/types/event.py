"""The one truth: events of the append-only ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

__all__ = ["Event", "EventKind", "Json", "NewEvent"]

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]
"""What an event may carry: no floats, so that text in equals text out (money is decimal text)."""


class EventKind(StrEnum):
    """What happened."""

    CASH = "cash"  # deposit or withdrawal: {"amount","currency","why"}
    ORDER = "order"  # intent: the whole request; the order is new
    DENIED = "denied"  # intent that a rule refused: the request and its reasons
    STATE = "state"  # an order moved: {"to","cause","code","sentence","venue_id"}
    FILL = "fill"  # an execution
    ACTION = "action"  # split or dividend on a held position
    EXTERNAL = "external"  # units or cash that did not come from an order of this desk: adopted or imported
    FLATTEN = "flatten"  # sell all that is held, until nothing is
    MARK = "mark"  # the best price a trailing stop has followed so far
    SIGNAL = "signal"  # an issued signal, frozen
    OUTCOME = "outcome"  # what became of a signal, whose key is the ref
    REPAINT = "repaint"  # a recomputation that did not give the signal whose key is the ref
    MODEL = "model"  # a training ended: its trials, and whether it serves
    PROPOSAL = "proposal"  # what the desk would do with a signal, what became of that, or why it does nothing
    HALT = "halt"
    RESUME = "resume"
    ALERT = "alert"
    ACK = "ack"  # somebody has seen an alert, whose number is the ref
    UNLOCK = "unlock"  # somebody has lifted a protection, whose name is the ref


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event before the ledger has numbered and chained it.

    Attributes
    ----------
    time : the desk's clock, aware UTC
    account : ``broker:account id``, or ``desk`` for what concerns all
    ref : the order id, symbol or alert it is about
    key : unique for ever where given (idempotency keys, venue fills, signals); None repeats freely
    """

    time: datetime
    account: str
    kind: EventKind
    ref: str
    payload: Mapping[str, Json]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A committed event; ``hash`` chains it to all before it."""

    seq: int
    time: datetime
    account: str
    kind: EventKind
    ref: str
    payload: Mapping[str, Json]
    key: str | None
    hash: str
