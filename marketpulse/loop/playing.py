"""Plays the desk's own signals: proposes orders, or places them by itself on paper, and says why it does not.

Each signal is decided once, and the decision is an event before anything else happens. The order's
idempotency key is made from the signal's name, so a second click, a second tab and a kill -9 at any point
give one order. What to do next follows from the ledger alone.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import RLock

from marketpulse.errors import Refused
from marketpulse.execution.ids import intent_id
from marketpulse.execution.kit import nothing
from marketpulse.loop.decided import approval
from marketpulse.loop.gate import Gate
from marketpulse.loop.leaving import Leaver
from marketpulse.loop.proposals import WAITS, Entry, Finding, Lean, lean, unready, usual_end
from marketpulse.loop.register import Register, issued, order_key
from marketpulse.loop.rooms import Rooms
from marketpulse.market.sessions import Sessions
from marketpulse.types import (
    OPEN_PROPOSALS,
    Bars,
    Call,
    Conduct,
    MarketDatum,
    OrderRequest,
    OrderState,
    Proposal,
    ProposalState,
    Purpose,
    Rung,
    Signal,
    signal_name,
)

__all__ = ["Player"]

_SHOWN = 200
_LIVE_AUTO = (
    "MARKETPULSE_MODE=auto holds on paper only: no setting lets the desk order by itself in a live account, "
    "so it suggests."
)
_LIVE_PRACTICE = "MARKETPULSE_AUTO_WITHOUT_EDGE holds on paper only and was left out."


class Player:
    """Decides once per signal; ``answer`` may be called from any thread, ``turn`` by the loop's only.

    Attributes
    ----------
    mode : what is done with signals in this run
    practice : calls without a shown edge are played as if they had one
    notes : sentences about settings that do not hold
    shown : the newest proposals, newest first

    Parameters
    ----------
    probe : called with a name at each point where a crash is interesting
    """

    def __init__(self, rooms: Rooms, gate: Gate, probe: Callable[[str], None] = nothing) -> None:
        self._rooms, self._gate, self._probe = rooms, gate, probe
        paper, wanted = rooms.broker is not None, rooms.playbook.mode
        self.mode = Conduct.SUGGEST if wanted is Conduct.AUTO and not paper else wanted
        self.practice = rooms.playbook.practice and paper and self.mode is not Conduct.SUGGEST
        refused = ((_LIVE_AUTO, wanted is Conduct.AUTO), (_LIVE_PRACTICE, rooms.playbook.practice))
        self.notes = tuple(said for said, holds in refused if holds and not paper)
        self._lock = RLock()
        self._sessions = Sessions()
        self._waits: dict[str, Rung] = {}
        self._newest = {} if self.mode is Conduct.SUGGEST else issued(rooms.ledger)
        self._register = Register(rooms.ledger, rooms.books, rooms.clock)
        self._entry = Entry(gate, rooms.books, rooms.instruments, rooms.execution.preview)
        self._leaver = Leaver(
            rooms, self._register, self._bars, self._until, practice=self.practice, probe=self._probe
        )
        self.shown = self._register.fold.shown(_SHOWN)

    def turn(self, signals: Mapping[str, Signal], market: Mapping[str, MarketDatum]) -> None:
        """Take what was decided one step further, then decide what is new.

        Raises
        ------
        StorageError
            The ledger could not be written; the next turn goes on from what it holds.
        """
        with self._lock:
            self._register.catch_up()
            plays = self.mode is not Conduct.SUGGEST and self._gate.recovered
            if plays:
                self._leaver.turn(signals, self.mode)
            self._further(market)
            for symbol in self._rooms.playbook.universe if plays else ():
                signal = signals.get(symbol)
                if signal is not None and signal.probability is not None:
                    self._let_go(signal)
                    self._decide(signal, market)
            if self._gate.recovered:
                self._leaver.watch(self.mode)
            self.shown = self._register.fold.shown(_SHOWN)

    def answer(self, order_id: str, market: Mapping[str, MarketDatum], *, approve: bool) -> Proposal:
        """Approve or decline; the same answer again is harmless, and makes no second order.

        Raises
        ------
        Refused
            ``READ_ONLY``, ``UNKNOWN_PROPOSAL``, ``ANSWERED``, or the code of the rule that refuses the order.
        """
        with self._lock:
            if self._rooms.sealed:
                raise Refused(
                    "READ_ONLY", f"This desk only shows what its ledger holds. {self._rooms.sealed}"
                )
            found = self._known(order_id)
            if found.mode is Conduct.AUTO and found.state is ProposalState.PENDING:
                raise Refused("ANSWERED", "The desk orders this one by itself; halt it, or cancel the order.")
            withdrawn = found.state is ProposalState.APPROVED and not approve
            if found.state is ProposalState.PENDING or withdrawn:
                state = ProposalState.APPROVED if approve else ProposalState.DECLINED
                found = self._register.move(found, state, "Approved." if approve else "Declined.")
                self._probe("play.answered")
            found = self._send(found, market) if found.state is ProposalState.APPROVED else found
            self.shown = self._register.fold.shown(_SHOWN)
        if found.state is ProposalState.REFUSED and approve:
            rung = found.rung
            raise Refused("REFUSED" if rung is None else rung.code, found.note)
        good = {ProposalState.APPROVED, ProposalState.ORDERED} if approve else {ProposalState.DECLINED}
        if found.state not in good:
            raise Refused("ANSWERED", f"Nothing can be answered any more: it is {found.state.value}.")
        return found

    def word(self, signal: Signal | None) -> Rung | None:
        """Its decision about an instrument's newest signal, as a gate; None where it only suggests."""
        name = "" if signal is None else signal_name(signal)
        made = self._register.fold.latest(name)
        return approval(self.mode, made, signal, self._waits.get(name if made is None else made.id))

    def _known(self, order_id: str) -> Proposal:
        found = self._register.fold.get(order_id)
        if found is None:
            raise Refused("UNKNOWN_PROPOSAL", "The desk has no proposal with this id.")
        if found.state not in OPEN_PROPOSALS:
            return found
        settled = self._settled(found)
        return settled or (self._expire(found) if self._over(found) else found)

    def _further(self, market: Mapping[str, MarketDatum]) -> None:
        """Note orders that were placed, let go what is too old, and send what is to be sent."""
        for made in self._register.fold.open:
            if self._settled(made) is not None:
                continue
            ours = made.mode is Conduct.AUTO
            if self._over(made):
                self._expire(made)
            elif ours and self.mode is not Conduct.AUTO:
                said = "The desk does not order by itself any more."
                self._register.move(made, ProposalState.SUPERSEDED, said)
            elif ours or made.state is ProposalState.APPROVED:
                self._send(made, market)

    def _expire(self, made: Proposal) -> Proposal:
        """The session's close has come before its order, or nobody knows the instrument any more."""
        waits, nobody = self._waits.pop(made.id, None), made.state is ProposalState.PENDING
        if made.symbol not in self._rooms.instruments:
            said = f"The desk does not follow {made.symbol} any more."
        elif nobody and made.mode is Conduct.CONFIRM:
            said = "Nobody answered by the session's close."
        else:
            why = "" if waits is None else f" {waits.sentence}"
            said = f"It could not be ordered by the session's close.{why}"
        return self._register.move(made, ProposalState.EXPIRED, said)

    def _settled(self, made: Proposal) -> Proposal | None:
        """Note that its order is there, by this run or the one before."""
        order = self._rooms.books.order(made.id)
        if order is None:
            return None
        self._waits.pop(made.id, None)
        if order.state is OrderState.DENIED:
            reason = order.reasons[0]
            return self._register.move(made, ProposalState.REFUSED, reason.sentence, reason.code)
        return self._register.move(made, ProposalState.ORDERED, f"Order {order.id} was placed.")

    def _send(self, made: Proposal, market: Mapping[str, MarketDatum]) -> Proposal:
        """Place its order when it can trade; the key makes a second one impossible."""
        settled = self._settled(made)
        if settled is not None:
            return settled
        request = self._ready(made, market.get(made.symbol))
        if request is None:
            return self._register.fold.get(made.id) or made
        try:
            self._rooms.execution.place(request, made.key)
        except Refused as refused:
            if refused.code in WAITS and self._rooms.books.order(made.id) is None:
                return self._wait(made, Rung(refused.code, "Order", passed=False, sentence=refused.sentence))
            if self._rooms.books.order(made.id) is None:
                return self._register.move(made, ProposalState.REFUSED, refused.sentence, refused.code)
        self._probe("play.placed")
        self._register.catch_up()
        return self._settled(made) or made

    def _ready(self, made: Proposal, datum: MarketDatum | None) -> OrderRequest | None:
        """The order as it can leave now; None while it has to wait, or when it is over."""
        waits = unready(datum, made.symbol, recovered=self._gate.recovered)
        if waits is not None:
            self._wait(made, waits)
            return None
        if made.purpose is Purpose.CLOSE:
            request, why = self._leaver.ready(made)
            if why:
                self._wait(made, Rung("WAITS", "Order", passed=False, sentence=why))
            return request
        if made.request is None:
            return None
        failed = [c for c in self._rooms.execution.preview(made.request).failed if c.code in WAITS]
        if failed:
            self._wait(made, Rung(failed[0].code, failed[0].label, passed=False, sentence=failed[0].sentence))
            return None
        return made.request

    def _wait(self, made: Proposal, why: Rung) -> Proposal:
        self._waits[made.id] = why
        return made

    def _decide(self, signal: Signal, market: Mapping[str, MarketDatum]) -> None:
        """Decide what to do with a signal, once for ever."""
        name = signal_name(signal)
        if self._register.fold.decided(name):
            return
        leaning = lean(signal, practice=self.practice)
        ends = self._until(signal.symbol, usual_end(signal.bar))
        if self._market_time(signal.symbol) >= ends:
            found = self._late(name, signal)
        else:
            at_once, datum = self.mode is Conduct.AUTO, market.get(signal.symbol)
            found = self._entry.look(signal, leaning, datum, self._bars(signal.symbol), at_once=at_once)
            if found.wait and found.rung is not None:
                self._waits[name] = found.rung
                return
        self._waits.pop(name, None)
        self._supersede(signal)
        if leaning.call is Call.DOWN and self.mode is Conduct.CONFIRM and self._rooms.books.halt is None:
            self._leaver.abandon(signal, self.mode)  # first: a decision that stands is not looked at again
        made = self._begin(name, signal, leaning, (found, ends))
        if made.request is not None and made.mode is Conduct.AUTO:
            self._send(made, market)  # before the next one is sized

    def _let_go(self, signal: Signal) -> None:
        """Write down that an older signal of the same instrument will not be played: it waited, or the desk was off."""
        old = self._newest.get(signal.symbol)
        name = "" if old is None else signal_name(old)
        if old is not None and name != signal_name(signal) and not self._register.fold.decided(name):
            found = self._late(name, old)
            self._begin(name, old, lean(old, practice=self.practice), (found, self._register.now()))
        self._newest[signal.symbol] = (
            signal  # only now: a ledger that takes nothing must not lose the old one
        )

    def _late(self, name: str, signal: Signal) -> Finding:
        """The session in which it could be played is over."""
        waited = self._waits.pop(name, None)
        said = f"The session after the bar of {signal.bar} was over before it could be played."
        rung = Rung("TOO_LATE", "Session", passed=False, sentence=said)
        if waited is not None:
            rung = replace(waited, sentence=f"{waited.sentence} It stayed so until the session's close.")
        return Finding(None, rung, wait=False, sentence=rung.sentence)

    def _supersede(self, signal: Signal) -> None:
        for made in self._register.fold.open:
            same = made.symbol == signal.symbol and made.purpose is Purpose.OPEN
            if same and self._rooms.books.order(made.id) is None:
                said = f"The signal of {signal.bar} has taken its place."
                self._register.move(made, ProposalState.SUPERSEDED, said)

    def _begin(self, name: str, signal: Signal, leaning: Lean, found: tuple[Finding, datetime]) -> Proposal:
        finding, ends = found
        key = order_key(name, Purpose.OPEN)
        made = self._register.begin(
            Proposal(
                id=intent_id(key),
                key=key,
                signal=name,
                symbol=signal.symbol,
                bar=signal.bar,
                purpose=Purpose.OPEN,
                mode=self.mode,
                time=self._register.now(),
                state=ProposalState.PASSED if finding.request is None else ProposalState.PENDING,
                sentence=finding.sentence[:1].upper() + finding.sentence[1:],
                horizon=signal.horizon,
                expires=None if finding.request is None else ends,
                practice=leaning.practice,
                request=finding.request,
                rung=finding.rung,
            )
        )
        self._probe("play.begun")
        return made

    def _over(self, made: Proposal) -> bool:
        if made.symbol not in self._rooms.instruments:  # no list names it any more
            return True
        return made.expires is not None and self._market_time(made.symbol) >= made.expires

    def _market_time(self, symbol: str) -> datetime:
        return self._rooms.clock.market(self._rooms.instruments[symbol].calendar)

    def _until(self, symbol: str, moment: datetime) -> datetime:
        """The close of the session that runs at a moment, or of the next one."""
        try:
            return self._sessions.next_close(self._rooms.instruments[symbol].calendar, moment.astimezone(UTC))
        except LookupError:  # its holidays are not known so far ahead
            return moment + timedelta(days=1)

    def _bars(self, symbol: str) -> Bars:
        """Closed days, adjusted."""
        market = self._rooms.market
        return market.bars(symbol).until(self._rooms.clock.now()).adjust(market.actions(symbol))
