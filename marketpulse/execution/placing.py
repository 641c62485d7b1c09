"""A wish becomes an intent or a refusal: checked, reserved and committed in one write transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from math import isfinite
from typing import Protocol

from marketpulse.errors import Refused, StorageError
from marketpulse.execution.day import limits
from marketpulse.execution.ids import body_hash, client_order_id, intent_id
from marketpulse.execution.journal import Draft
from marketpulse.execution.kin import Kin
from marketpulse.execution.kit import Kit, market_time
from marketpulse.execution.parse import check, read_order
from marketpulse.portfolio.codec import Intent, write_denial, write_intent
from marketpulse.types import (
    Check,
    EventKind,
    Instrument,
    Order,
    OrderRequest,
    OrderState,
    Placement,
    Preview,
    Reason,
    SessionInfo,
    Side,
)

__all__ = ["Placer", "Routing", "check_key"]

_LONGEST_KEY = 200
_CENT = Decimal("0.01")
_HALTED, _PASSING = "HALTED", "RECOVERING"
_TITLE = "Order path"


class Routing(Protocol):
    """Which account trades what; ``accounts.Accounts`` is one."""

    def account(self, instrument: Instrument) -> str:
        """Name the account that trades an instrument; empty where none does."""

    def reasons(self, instrument: Instrument) -> list[Reason]:
        """Say why an order in an instrument may not leave; empty when it may."""


class Placer:
    """Answers ``place``; any thread may call it.

    Parameters
    ----------
    accounts : which account trades an instrument, and why it may not
    gate : previews a request on the books as they stand
    verdict : a shorter way to the same refusals and costs, called inside the write transaction; where an
        order is replaced with that one's id: it is not counted. None: ``gate``
    """

    def __init__(
        self,
        kit: Kit,
        installation: str,
        accounts: Routing,
        gate: Callable[..., Preview],
        *,
        verdict: Callable[..., Preview] | None = None,
    ) -> None:
        self._kit = kit
        self.installation = installation
        self._accounts = accounts
        self._gate = gate
        self._verdict = verdict or gate

    def read(self, request: OrderRequest | Mapping[str, object]) -> OrderRequest:
        """Read a request, or check one that has been read.

        Raises
        ------
        Refused
            It cannot be an order. That depends on the request alone, so it is not written down.
        """
        instruments = self._kit.instruments
        return (
            check(request, instruments)
            if isinstance(request, OrderRequest)
            else read_order(request, instruments)
        )

    def preview(self, request: OrderRequest) -> Preview:
        """Say what the order would do, on the books as they stand, and why the order path would refuse it."""
        with self._kit.journal.holding():
            preview, own = self._gate(request), self._own(request)
        said = {check.code for check in preview.failed}
        more = (Check(r.code, _TITLE, passed=False, sentence=r.sentence) for r in own if r.code not in said)
        return replace(preview, checks=(*more, *preview.checks))

    def place(
        self, request: OrderRequest, key: str, sessions: Mapping[str, SessionInfo], *, recovered: bool
    ) -> Placement:
        """Commit the intent or the refusal under ``key``, or repeat what the key was answered before."""
        check_key(key)
        order_id = intent_id(key)
        with self._kit.journal.holding() as books:
            known = books.order(order_id)
            if known is not None:
                return self._again(known, body_hash(request))
            if not recovered:
                # Not written down: nothing was judged, and the same key may try again in a moment.
                raise Refused(
                    _PASSING, "The desk is still asking what became of earlier orders; try again soon."
                )
            reasons = self._commit(request, f"order:{key}", order_id, sessions)
            if reasons:
                raise Refused(reasons[0].code, reasons[0].sentence)
            placed = books.order(order_id)
        if placed is None:
            raise StorageError("the intent was committed, but the books do not hold it")
        return Placement(placed, repeated=False)

    def _again(self, order: Order, body: str) -> Placement:
        line = self._kit.books.line(order.id)
        if line is None or line.intent.body != body:
            raise Refused(
                "IDEMPOTENCY_CONFLICT", "This key was used for another order; a new order needs a new key."
            )
        if order.state is OrderState.DENIED:
            raise Refused(order.reasons[0].code, order.reasons[0].sentence)
        return Placement(order, repeated=True)

    def _commit(
        self, request: OrderRequest, key: str, order_id: str, sessions: Mapping[str, SessionInfo]
    ) -> tuple[Reason, ...]:
        """Check, reserve and write in one transaction; return why it was denied, or nothing."""
        kit, instrument = self._kit, self._kit.instruments[request.symbol]
        account = self._accounts.account(instrument) or None  # no account: the denial stands in the first one
        with kit.journal.writing() as draft:
            preview, reasons = self.judge(request)
            kin = Kin(key, None, "", account, order_id)
            _write(draft, kin, self._intent(request, kin, preview, sessions), reasons)
            kit.probe("place.appended")
        kit.probe("place.committed")
        return reasons

    def judge(self, request: OrderRequest, instead: str = "") -> tuple[Preview, tuple[Reason, ...]]:
        """Ask the gate and the order path itself.

        Parameters
        ----------
        instead : the order whose place it takes, which is not counted

        Raises
        ------
        Refused
            ``RECOVERING``: nothing was judged.
        """
        preview = self._verdict(request, instead) if instead else self._verdict(request)
        own = self._own(request)
        said = {reason.code for reason in own}
        failed = (Reason(c.code, c.sentence, c.value, c.limit) for c in preview.failed if c.code not in said)
        reasons = (*own, *failed)
        if any(reason.code == _PASSING for reason in reasons):
            raise Refused(_PASSING, next(r.sentence for r in reasons if r.code == _PASSING))
        return preview, reasons

    def reserve(self, request: OrderRequest, preview: Preview) -> Decimal:
        """Cash that a buy holds back."""
        return _reserve(request, preview)

    def deny(
        self, draft: Draft, request: OrderRequest, kin: Kin, preview: Preview, reasons: tuple[Reason, ...]
    ) -> None:
        """Write down that a wish for other terms breaks a rule."""
        _write(draft, kin, self._intent(request, kin, preview, {}), reasons)

    def replacement(
        self,
        request: OrderRequest,
        kin: Kin,
        sessions: Mapping[str, SessionInfo],
        reasons: tuple[Reason, ...] = (),
    ) -> None:
        """Commit what takes an order's place once that has ended, or why nothing does.

        A stop that protects is placed anew under a halt too: it rested when the halt came.
        """
        kit = self._kit
        with kit.journal.writing() as draft:
            preview, found = self.judge(request)
            if request.protective:
                found = tuple(reason for reason in found if reason.code != _HALTED)
            reasons = reasons or found
            _write(draft, kin, self._intent(request, kin, preview, sessions), reasons)
            if reasons:
                sentence = f"An order in {request.symbol} ended to be changed, and no other was placed: "
                draft.alert("NOT_REPLACED", sentence + reasons[0].sentence, kin.parent or "")
            kit.probe("replace.appended")
        kit.probe("replace.committed")

    def _intent(
        self, request: OrderRequest, kin: Kin, preview: Preview, sessions: Mapping[str, SessionInfo]
    ) -> Intent:
        instrument, clock = self._kit.instruments[request.symbol], self._kit.clock
        opens, expires = limits(request.time_in_force, instrument, sessions, clock)
        return Intent(
            client_order_id=client_order_id(self.installation, kin.id),
            request=request,
            body=body_hash(request),
            reserve=_reserve(request, preview),
            wall=clock.wall(),
            opens=opens,
            expires=expires,
            parent=kin.parent,
            role=kin.role,
            arrival=preview.mid,
        )

    def _own(self, request: OrderRequest) -> list[Reason]:
        """What the order path itself refuses, whatever the gate was told."""
        books, halt = self._kit.books, self._kit.journal.halt
        reasons = self._accounts.reasons(self._kit.instruments[request.symbol])
        if halt is not None and not halt.reducing:
            reasons.append(Reason(_HALTED, f"Trading is halted: {halt.why.rstrip('.')}. Resume it first."))
        elif halt is not None and request.side is Side.BUY:
            reasons.append(Reason("REDUCING", f"Only sales pass: {halt.why}. Resume trading first."))
        now = market_time(self._kit.instruments[request.symbol], self._kit.clock)
        if request.good_till is not None and request.good_till <= now:
            reasons.append(Reason("GOOD_TILL_OVER", "The time it would be good till is over already."))
        if request.side is Side.BUY and any(
            order.state is OrderState.UNKNOWN and order.request.symbol == request.symbol
            for order in books.open_orders
        ):
            sentence = f"The venue has not said what became of an earlier order in {request.symbol}."
            reasons.append(Reason("UNRESOLVED_ORDER", sentence))
        return reasons


def check_key(key: object) -> None:
    """Refuse a key that names nothing.

    Raises
    ------
    Refused
        ``BAD_REQUEST``.
    """
    if not (isinstance(key, str) and key.isprintable() and 0 < len(key) <= _LONGEST_KEY):
        raise Refused("BAD_REQUEST", f"An order needs a key of 1 to {_LONGEST_KEY} printable characters.")


def _write(draft: Draft, kin: Kin, intent: Intent, reasons: tuple[Reason, ...]) -> None:
    kind = EventKind.DENIED if reasons else EventKind.ORDER
    payload = write_denial(intent, reasons) if reasons else write_intent(intent)
    draft.add(kind, kin.id, payload, kin.key, kin.account)


def _reserve(request: OrderRequest, preview: Preview) -> Decimal:
    """Cash that a buy holds back, rounded up: what the preview expects it to cost."""
    if request.side is Side.SELL:
        return Decimal(0)
    parts = (preview.notional, preview.fees, preview.slippage)
    total = sum(part for part in parts if part is not None and isfinite(part))
    if not total and request.trigger is not None:
        return request.quantity * request.trigger
    return Decimal(repr(float(total))).quantize(_CENT, rounding=ROUND_CEILING)
