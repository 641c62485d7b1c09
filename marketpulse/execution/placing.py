"""A wish becomes an intent or a refusal: checked, reserved and committed in one write transaction."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal
from math import isfinite
from typing import Protocol

from marketpulse.errors import Refused, StorageError
from marketpulse.execution.day import limits
from marketpulse.execution.ids import body_hash, client_order_id, intent_id
from marketpulse.execution.kit import Kit
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

__all__ = ["Placer", "Routing"]

_LONGEST_KEY = 200
_CENT = Decimal("0.01")
_PASSING = "RECOVERING"
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
    gate : previews a request on the books as they stand; called inside the write transaction
    """

    def __init__(
        self,
        kit: Kit,
        installation: str,
        accounts: Routing,
        gate: Callable[[OrderRequest], Preview],
    ) -> None:
        self._kit = kit
        self._installation = installation
        self._accounts = accounts
        self._gate = gate

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
        if not (isinstance(key, str) and key.isprintable() and 0 < len(key) <= _LONGEST_KEY):
            raise Refused("BAD_REQUEST", f"An order needs a key of 1 to {_LONGEST_KEY} printable characters.")
        body, order_id = body_hash(request), intent_id(key)
        with self._kit.journal.holding() as books:
            known = books.order(order_id)
            if known is not None:
                return self._again(known, body)
            if not recovered:
                # Not written down: nothing was judged, and the same key may try again in a moment.
                raise Refused(
                    _PASSING, "The desk is still asking what became of earlier orders; try again soon."
                )
            reasons = self._commit(request, f"order:{key}", order_id, body, sessions)
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
        self, request: OrderRequest, key: str, order_id: str, body: str, sessions: Mapping[str, SessionInfo]
    ) -> tuple[Reason, ...]:
        """Check, reserve and write in one transaction; return why it was denied, or nothing."""
        kit, instrument = self._kit, self._kit.instruments[request.symbol]
        account = self._accounts.account(instrument) or None  # no account: the denial stands in the first one
        with kit.journal.writing() as draft:
            preview = self._gate(request)
            own = self._own(request)
            said = {reason.code for reason in own}
            failed = (Reason(c.code, c.sentence) for c in preview.failed if c.code not in said)
            reasons = (*own, *failed)
            if any(reason.code == _PASSING for reason in reasons):
                raise Refused(_PASSING, next(r.sentence for r in reasons if r.code == _PASSING))
            opens, expires = limits(request.time_in_force, instrument, sessions, kit.clock)
            intent = Intent(
                client_order_id=client_order_id(self._installation, order_id),
                request=request,
                body=body,
                reserve=_reserve(request, preview),
                wall=kit.clock.wall(),
                opens=opens,
                expires=expires,
            )
            kind = EventKind.DENIED if reasons else EventKind.ORDER
            payload = write_denial(intent, reasons) if reasons else write_intent(intent)
            draft.add(kind, order_id, payload, key, account=account)
            kit.probe("place.appended")
        kit.probe("place.committed")
        return reasons

    def _own(self, request: OrderRequest) -> list[Reason]:
        """What the order path itself refuses, whatever the gate was told."""
        books, halt = self._kit.books, self._kit.journal.halt
        reasons = self._accounts.reasons(self._kit.instruments[request.symbol])
        if halt is not None:
            reasons.append(Reason("HALTED", f"Trading is halted: {halt.why}. Resume it first."))
        if request.side is Side.BUY and any(
            order.state is OrderState.UNKNOWN and order.request.symbol == request.symbol
            for order in books.open_orders
        ):
            sentence = f"The venue has not said what became of an earlier order in {request.symbol}."
            reasons.append(Reason("UNRESOLVED_ORDER", sentence))
        return reasons


def _reserve(request: OrderRequest, preview: Preview) -> Decimal:
    """Cash that a buy holds back, rounded up: what the preview expects it to cost."""
    if request.side is Side.SELL:
        return Decimal(0)
    parts = (preview.notional, preview.fees, preview.slippage)
    total = sum(part for part in parts if part is not None and isfinite(part))
    if not total and request.trigger is not None:
        return request.quantity * request.trigger
    return Decimal(repr(float(total))).quantize(_CENT, rounding=ROUND_CEILING)
