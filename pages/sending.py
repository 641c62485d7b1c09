"""A ticket is sent once: the number all open tickets share, and what a second send is told.

Every tab that opens the ticket adopts the same nonce, so the same ticket sent from two tabs reaches
the desk under one key and makes one order. A new nonce is drawn as soon as the desk has answered.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from uuid import uuid4

import streamlit as st

from marketpulse.errors import MarketPulseError, Refused
from marketpulse.types import Order, Placement

__all__ = ["Answer", "Outcome", "Placer", "TicketBook", "ticket_book"]

_REMEMBERED = 256


class Answer(StrEnum):
    """What became of a send."""

    PLACED = "placed"
    REPEATED = "repeated"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The desk's answer to one press of Confirm.

    Attributes
    ----------
    nonce : what the ticket goes on with: a fresh one, or the same after a failure, so that pressing
        again can never double the order
    order : the order made now or before, None where there is none
    sentence : why not, empty when placed
    """

    answer: Answer
    nonce: str
    order: Order | None = None
    sentence: str = ""


class Placer(Protocol):
    """The one verb of the desk that is needed here."""

    def place(self, request: Mapping[str, object], key: str) -> Placement:
        """Commit the intent once for ``key``."""


class TicketBook:
    """The current nonce of this process and what was sent under the last ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._nonce = uuid4().hex
        self._sent: OrderedDict[str, tuple[object, Order]] = OrderedDict()

    def current(self) -> str:
        """The nonce a ticket adopts when it opens."""
        with self._lock:
            return self._nonce

    def sent(self, nonce: str, typed: object) -> Order | None:
        """The order that this very ticket has made already, in this tab or another."""
        with self._lock:
            before, order = self._sent.get(nonce, (None, None))
            return order if before == typed else None

    def send(self, desk: Placer, nonce: str, raw: Mapping[str, object], typed: object) -> Outcome:
        """Place ``raw`` under the ticket's nonce.

        Parameters
        ----------
        typed : what the person typed, before percent became a quantity; tells the same ticket with
            a price moved on from another ticket
        """
        with self._lock:
            try:
                placement = self._place(desk, nonce, raw, typed)
            except Refused as no:
                return Outcome(Answer.REFUSED, self._next(nonce), sentence=no.sentence)
            except MarketPulseError as fault:
                return Outcome(Answer.FAILED, nonce, sentence=str(fault))
            answer = Answer.REPEATED if placement.repeated else Answer.PLACED
            return Outcome(answer, self._next(nonce), placement.order)

    def _place(self, desk: Placer, nonce: str, raw: Mapping[str, object], typed: object) -> Placement:
        try:
            placement = desk.place(raw, key=f"ticket:{nonce}")
        except Refused as no:
            if no.code != "IDEMPOTENCY_CONFLICT":
                raise
            before, order = self._sent.get(nonce, (None, None))
            if order is not None and before == typed:
                return Placement(order, repeated=True)
            # Another tab sent another order under this nonce: this one was never sent.
            nonce = uuid4().hex
            placement = desk.place(raw, key=f"ticket:{nonce}")
        self._sent.setdefault(nonce, (typed, placement.order))
        while len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return placement

    def _next(self, used: str) -> str:
        """Draw a new nonce unless another tab has drawn one already."""
        if self._nonce == used:
            self._nonce = uuid4().hex
        return self._nonce


@st.cache_resource(show_spinner=False)
def ticket_book() -> TicketBook:
    """The one book of this process."""
    return TicketBook()
