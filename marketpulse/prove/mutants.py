"""Designs that lose money, each a few lines away from ours; the proofs must catch every one of them.

They are planted by replacing methods of the order path, in a process that has no other purpose.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from marketpulse.errors import BrokerError
from marketpulse.execution.ids import client_order_id
from marketpulse.execution.journal import Draft
from marketpulse.execution.lane import Lane
from marketpulse.execution.placing import Placer
from marketpulse.execution.sending import Sender
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Change
from marketpulse.prove.venue import ACCOUNT, INSTRUMENTS
from marketpulse.storage.failing import Plan
from marketpulse.types import EventKind, OrderState

__all__ = ["CROWD", "KILLED", "plan_of", "plant"]

KILLED = {
    "send_first": "place.appended",
    "new_id": "place.committed",
    "no_grace": "send.recorded",
    "send_again": "send.answered",
    "retry_blindly": "place.committed",
    "no_dedupe": "fills.committed",
    "normal_sync": "send.answered",
}
"""Caught by killing: the mutant, and where dying hurts it most."""

CROWD = "deferred"
"""Caught by several writers at once: a transaction that takes its lock at the first write only."""

_REWRITES = {
    "normal_sync": {"PRAGMA synchronous=FULL": "PRAGMA synchronous=NORMAL"},
    "deferred": {"BEGIN IMMEDIATE": "BEGIN"},
}

_Method = Callable[..., Any]


def plan_of(mutant: str) -> Plan:
    """What the mutant does to the database's connection."""
    return Plan(rewrite=dict(_REWRITES.get(mutant, {})))


def _send_first(commit: _Method) -> _Method:
    """Send, and only then write the intent down."""

    def mutated(self: Any, request: Any, key: str, order_id: str, *rest: Any) -> Any:
        kit = self._kit
        client_id = client_order_id(self.installation, order_id)
        with suppress(BrokerError):
            kit.venues[ACCOUNT].broker.place(client_id, INSTRUMENTS[request.symbol], request)
        return commit(self, request, key, order_id, *rest)

    return mutated


def _sent_already(place: _Method) -> _Method:
    del place
    return lambda *_: Change(OrderState.ACCEPTED, "sent already")


def _send_again(interrupted: _Method) -> _Method:
    """After a crash, take what was being sent for not sent."""
    del interrupted

    def mutated(self: Any) -> None:
        journal = self._kit.journal
        with journal.holding() as books:
            lost = [order for order in books.open_orders if order.state is OrderState.SUBMITTING]
            with journal.writing() as draft:
                for order in lost:
                    draft.move(order, Change(OrderState.NEW, "interrupted"))

    return mutated


def _never_there(there: _Method) -> _Method:
    del there
    return lambda *_: False


def _retry_blindly(place: _Method) -> _Method:
    """No answer: the same again."""

    def mutated(self: Any, venue: Any, order: Any) -> Any:
        change = place(self, venue, order)
        return place(self, venue, order) if change.to is OrderState.UNKNOWN else change

    return mutated


def _new_id(place: _Method) -> _Method:
    """No answer: the same again, under a new name."""

    def mutated(self: Any, venue: Any, order: Any) -> Any:
        change = place(self, venue, order)
        if change.to is not OrderState.UNKNOWN:
            return change
        return place(self, venue, replace(order, client_order_id=client_order_id("again", order.id)))

    return mutated


def _never_seen(has_fill: _Method) -> _Method:
    del has_fill
    return lambda *_: False


def _keyless(add: _Method) -> _Method:
    """A fill without the key that makes it unique."""

    def mutated(self: Any, kind: Any, ref: str, payload: Any, *names: Any, **more: Any) -> None:
        if kind is EventKind.FILL and names:
            names = (None, *names[1:])
        add(self, kind, ref, payload, *names, **more)

    return mutated


_PLANTS: dict[str, tuple[tuple[type, str, Callable[[_Method], _Method]], ...]] = {
    "send_first": ((Placer, "_commit", _send_first), (Sender, "_place", _sent_already)),
    "new_id": ((Sender, "_place", _new_id),),
    "send_again": ((Lane, "_interrupted", _send_again), (Sender, "_there", _never_there)),
    "retry_blindly": ((Sender, "_place", _retry_blindly),),
    "no_dedupe": ((Books, "has_fill", _never_seen), (Draft, "add", _keyless)),
}


def plant(mutant: str) -> None:
    """Change this process for good."""
    for owner, name, made in _PLANTS.get(mutant, ()):
        setattr(owner, name, made(getattr(owner, name)))
