"""What the desk has decided about an instrument, as gates of the ladder: of this moment, or of one before."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from marketpulse.portfolio.codec import read_booking
from marketpulse.portfolio.families import EXITS
from marketpulse.portfolio.proposals import Proposals
from marketpulse.types import (
    OPEN_PROPOSALS,
    Conduct,
    Event,
    EventKind,
    Proposal,
    ProposalState,
    Rung,
    Signal,
)

__all__ = ["approval", "decided_then", "rung_of"]

_LOOKBACK = timedelta(days=1)
_MANY = 10**9
_LABEL = "Desk's decision"
_ENDS = {
    ProposalState.DECLINED: "A person declined it.",
    ProposalState.EXPIRED: "It expired.",
    ProposalState.SUPERSEDED: "Something newer took its place.",
}


def rung_of(made: Proposal) -> Rung:
    """One decision as a gate; a non-order keeps the code, the value and the limit of what failed."""
    mode = f"{made.mode.value.capitalize()}, signal of {made.bar}"
    match made.state:
        case ProposalState.ORDERED:
            return Rung(
                "ORDERED", _LABEL, passed=True, sentence=f"{mode}: {made.sentence} {made.note}", value=made.id
            )
        case ProposalState.PENDING | ProposalState.APPROVED:
            said = (
                "A person's word is awaited." if made.mode is Conduct.CONFIRM else "Its order is on its way."
            )
            if made.state is ProposalState.APPROVED:
                said = "Approved; its order has not left yet."
            return Rung("APPROVAL", "Approval", None, f"{mode}: {made.sentence} {said}")
        case ProposalState.PASSED | ProposalState.REFUSED if made.rung is not None:
            failed = made.rung
            how = "no order" if made.state is ProposalState.PASSED else f"{made.sentence} It was refused"
            said = f"{mode}: {how}. {failed.sentence}"
            return Rung(
                failed.code, failed.label, passed=False, sentence=said, value=failed.value, limit=failed.limit
            )
        case _:
            said = made.note or _ENDS.get(made.state, "")
            return Rung("APPROVAL", "Approval", passed=False, sentence=f"{mode}: {made.sentence} {said}")


def approval(
    mode: Conduct, made: Proposal | None, signal: Signal | None, waits: Rung | None = None
) -> Rung | None:
    """The last gate of an instrument now; None where the desk only suggests.

    Parameters
    ----------
    made : what it has proposed last on the signal
    waits : what keeps the decision, or its order, for the time being
    """
    if mode is Conduct.SUGGEST:
        return None
    still = "" if waits is None else f" It waits: {waits.sentence}"
    if made is not None:
        rung = rung_of(made)
        return replace(rung, sentence=f"{rung.sentence}{still}") if made.state in OPEN_PROPOSALS else rung
    said = f"has not decided on this signal yet.{still}"
    if signal is None or signal.probability is None:
        said = "decides on issued signals only, and there is none."
    return Rung("APPROVAL", "Approval", None, f"In {mode.value} the desk {said}")


def decided_then(events: Sequence[Event], symbol: str, moment: datetime) -> tuple[Rung, ...]:
    """What it had decided by a moment: all of the day before it, or else the newest; newest first."""
    fold = Proposals.of(events)
    mine = [made for made in fold.newest(_MANY) if made.symbol == symbol]
    recent = [made for made in mine if moment - (made.ended or made.time) <= _LOOKBACK] or mine[:1]
    return (*map(rung_of, recent), *_exits(events, symbol, moment, fold))


def _exits(events: Sequence[Event], symbol: str, moment: datetime, fold: Proposals) -> Iterator[Rung]:
    """Stops and targets of what it had bought that were filled within the day before."""
    legs: dict[str, tuple[str, Proposal]] = {}
    for event in events:
        role, parent = str(event.payload.get("role", "")), str(event.payload.get("parent", ""))
        made = fold.get(parent) if event.kind is EventKind.ORDER and role in EXITS else None
        if made is not None and made.symbol == symbol:
            legs[event.ref] = role, made
        if event.kind is EventKind.FILL and event.ref in legs and moment - event.time <= _LOOKBACK:
            role, bought = legs[event.ref]
            fill = read_booking(event.payload).fill
            said = (
                f"The {role} of what was bought on the signal of {bought.bar} sold "
                f"{fill.quantity.normalize():f} at {fill.price}."
            )
            yield Rung("EXIT", "Exit", passed=True, sentence=said, value=event.ref)
