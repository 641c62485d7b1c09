"""The desk's proposals in the ledger and in memory, kept equal: committed first, folded after."""

from datetime import datetime
from decimal import Decimal

from marketpulse.clock import Clock
from marketpulse.execution.ids import intent_id
from marketpulse.portfolio import Books
from marketpulse.portfolio.codec import Alert, read_signal, write_alert
from marketpulse.portfolio.proposal_codec import Step, write_proposal, write_step
from marketpulse.portfolio.proposals import Proposals, Stakes
from marketpulse.storage import DuplicateKey, Ledger
from marketpulse.types import EventKind, Json, NewEvent, Proposal, ProposalState, Purpose, Signal
from marketpulse.types.alert import severity_of

__all__ = ["Register", "issued", "order_key"]

_OTHERS = frozenset(EventKind) - {EventKind.PROPOSAL}
_UNISSUED = frozenset(EventKind) - {EventKind.SIGNAL}
_RECENT = 2_000  # events of the ledger in which the newest signals are looked for


def order_key(signal: str, purpose: Purpose, number: int = 1) -> str:
    """Name the order that comes of a signal, for ever.

    Examples
    --------
    >>> order_key("AAPL:2012-06-01:1f", Purpose.OPEN), order_key("AAPL:2012-06-01:1f", Purpose.CLOSE, 2)
    ('auto:AAPL:2012-06-01:1f:open', 'auto:AAPL:2012-06-01:1f:close:2')
    """
    again = f":{number}" if number > 1 else ""
    return f"auto:{signal}:{purpose.value}{again}"


def issued(ledger: Ledger) -> dict[str, Signal]:
    """Return the signal that was issued last of each instrument: by this desk, or by the run before it."""
    last = ledger.last()
    first = 0 if last is None else max(0, last.seq - _RECENT)
    found = (read_signal(event.payload) for event in ledger.read(first, _UNISSUED))
    return {signal.symbol: signal for signal in found if signal.probability is not None}


class Register:
    """Writes decisions down; one thread at a time.

    Attributes
    ----------
    fold : all proposals
    stakes : what is still held of what they bought
    """

    def __init__(self, ledger: Ledger, books: Books, clock: Clock) -> None:
        self._ledger, self._books, self._clock = ledger, books, clock
        self.fold = Proposals.of(ledger.read(without=_OTHERS))
        self.stakes = Stakes(self.fold, books.order)

    def catch_up(self) -> None:
        """Take over what has been bought and sold since."""
        self.stakes.take(self._books.moved(self.stakes.seq))

    def now(self) -> datetime:
        """The desk's clock."""
        return self._clock.now()

    def begin(self, proposal: Proposal) -> Proposal:
        """Write a decision down."""
        return self._write(intent_id(proposal.key), write_proposal(proposal), f"proposal:{proposal.key}")

    def move(self, proposal: Proposal, state: ProposalState, note: str, code: str = "") -> Proposal:
        """Write down what became of one; the first such word stands."""
        step = "answer" if state is ProposalState.APPROVED else "end"
        payload = write_step(Step(state, note, code))
        return self._write(proposal.id, payload, f"proposal:{proposal.key}:{step}")

    def bare(self, proposal: Proposal, units: Decimal, *, again: bool) -> None:
        """Raise the alarm, once, that a sale did not leave and the stop it was to take the place of is gone.

        Parameters
        ----------
        again : the desk will propose it anew
        """
        sentence = (
            f"{units.normalize():f} {proposal.symbol} have no stop: it was canceled for a sale that did not come "
            "about. "
        )
        sentence += (
            "The sale is tried again in the next session."
            if again
            else "In this mode the desk sells nothing by itself: sell, or set a stop."
        )
        payload = write_alert(Alert("UNPROTECTED", sentence, severity_of("UNPROTECTED"), self._clock.wall()))
        key = f"alert:unprotected:{proposal.id}"
        if self._ledger.by_key(key) is None:
            account = self._books.account
            self._ledger.append(
                NewEvent(self._clock.now(), account, EventKind.ALERT, proposal.symbol, payload, key)
            )

    def _write(self, ref: str, payload: dict[str, Json], key: str) -> Proposal:
        new = NewEvent(self._clock.now(), "desk", EventKind.PROPOSAL, ref, payload, key)
        try:
            event = self._ledger.append(new)[0]
        except DuplicateKey:  # a commit that reported an error had reached the disk
            found = self._ledger.by_key(key)
            if found is None:
                raise
            event = found
        return self.fold.apply(event)
