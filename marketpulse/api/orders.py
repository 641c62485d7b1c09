"""What needs the token: the portfolio, orders, halt and resume."""

import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.security import HTTPBearer

from marketpulse.api.facade import Find
from marketpulse.api.problem import Fault
from marketpulse.api.reading import fields, read_body
from marketpulse.api.shapes import (
    HaltReply,
    OrderReply,
    OrdersReply,
    PlacedReply,
    PortfolioReply,
    halt_reply,
    order_reply,
    placed_reply,
    portfolio_reply,
)
from marketpulse.types import Order, OrderType, Side, TimeInForce

__all__ = ["Orders", "bearer", "idempotency_key"]

_LONGEST_KEY = 128

_ORDER_FIELDS = ("symbol", "side", "type", "quantity", "limit_price", "stop_price", "time_in_force")

_DECIMAL = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["10"]}
_ORDER_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["symbol", "side", "type", "quantity"],
    "properties": {
        "symbol": {"type": "string", "examples": ["AAPL", "BTC/USDT", "BTC-USDT"]},
        "side": {"enum": [s.value for s in Side]},
        "type": {"enum": [t.value for t in OrderType]},
        "quantity": _DECIMAL,
        "limit_price": _DECIMAL | {"description": "only on limit orders"},
        "stop_price": _DECIMAL | {"description": "only on stop orders"},
        "time_in_force": {"enum": [t.value for t in TimeInForce], "default": TimeInForce.DAY.value},
    },
}


def _text_schema(name: str, **more: object) -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"type": "string", **more}},
    }


def _body(schema: Mapping[str, object]) -> dict[str, Any]:
    """Describe a body to OpenAPI; it is read by ``reading``, which is stricter than the framework."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_KEY_HEADER = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "description": "names the wish: the same key and body give the same answer for ever",
            "schema": {"type": "string", "minLength": 1, "maxLength": _LONGEST_KEY},
        }
    ]
}


def bearer(token: str) -> Callable[[Request], Awaitable[None]]:
    """Make the check of ``Authorization: Bearer``; takes the same time for every wrong token."""
    expected = token.encode()

    async def check(request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        right = secrets.compare_digest(given.strip().encode(), expected)
        if scheme.lower() != "bearer" or not right:
            raise Fault(
                401,
                "UNAUTHORIZED",
                "This needs the header Authorization: Bearer with the token from the file api-token.",
                {"WWW-Authenticate": "Bearer"},
            )

    return check


async def idempotency_key(request: Request) -> str:
    """Return the one Idempotency-Key: 1 to 128 printable ASCII characters.

    Raises
    ------
    Fault
        400 ``IDEMPOTENCY_KEY_MISSING`` or ``IDEMPOTENCY_KEY_INVALID``.
    """
    given = request.headers.getlist("idempotency-key")
    if not any(given):
        raise Fault(
            400,
            "IDEMPOTENCY_KEY_MISSING",
            "An order needs the header Idempotency-Key, a name of your choice that you use for one order only.",
        )
    key = given[0]
    if len(given) > 1 or len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Fault(
            400,
            "IDEMPOTENCY_KEY_INVALID",
            f"Idempotency-Key must be one header of 1 to {_LONGEST_KEY} printable ASCII characters.",
        )
    return key


_Body = Annotated[Mapping[str, object], Depends(read_body)]
_Key = Annotated[str, Depends(idempotency_key)]
_OrderId = Annotated[str, Path(max_length=80)]


class Orders:
    """The addresses below /api/v1; each calls one verb of the desk."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token
        self._fresh: tuple[tuple[int, Order], ...] = ()
        self._lock = threading.Lock()

    def router(self) -> APIRouter:
        """Return the addresses with their handlers, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1", tags=["trading"], dependencies=guards)
        add = router.add_api_route
        add("/portfolio", self.portfolio, summary="Cash, equity and positions")
        add("/orders", self.listed, summary="All orders, newest first")
        add(
            "/orders",
            self.place,
            methods=["POST"],
            status_code=201,
            summary="Place one order",
            openapi_extra=_body(_ORDER_SCHEMA) | _KEY_HEADER,
        )
        add("/orders/{order_id}", self.one, summary="One order")
        add("/orders/{order_id}", self.cancel, methods=["DELETE"], summary="Ask for a cancel")
        why = _body(_text_schema("why", maxLength=500))
        add("/halt", self.halt, methods=["POST"], summary="Stop trading now", openapi_extra=why)
        confirm = _body(_text_schema("confirm", const="RESUME"))
        add("/resume", self.resume, methods=["POST"], summary="Trade again", openapi_extra=confirm)
        again = "Ask a provider again that rests or refused our key"
        add("/providers/{name}/ask-again", self.ask_again, methods=["POST"], status_code=204, summary=again)
        return router

    def portfolio(self) -> PortfolioReply:
        """The account as of the desk's newest Snapshot."""
        return portfolio_reply(self._find().snapshot())

    def listed(self) -> OrdersReply:
        """Every order of the account with its state."""
        return OrdersReply(orders=[order_reply(o) for o in self._known()])

    def one(self, order_id: _OrderId) -> OrderReply:
        """One order with its state."""
        order = next((o for o in self._known() if o.id == order_id), None)
        if order is None:
            raise Fault(404, "UNKNOWN_ORDER", "There is no order with this id.")
        return order_reply(order)

    def place(self, key: _Key, body: _Body, response: Response) -> PlacedReply:
        """Commit the intent and answer at once; the venue is asked afterwards.

        The same key and body sent again give the same order (header ``Idempotency-Replayed``) or the
        same refusal; the same key with another body is 409.
        """
        placement = self._find().place(fields(body, _ORDER_FIELDS), key)
        self._remember(placement.order)
        response.headers["Location"] = f"/api/v1/orders/{placement.order.id}"
        if placement.repeated:
            response.headers["Idempotency-Replayed"] = "true"
        return placed_reply(placement.order)

    def cancel(self, order_id: _OrderId) -> PlacedReply:
        """Ask for a cancel; the outcome shows in the order's state."""
        return placed_reply(self._find().cancel(order_id))

    def halt(self, body: _Body) -> HaltReply:
        """Refuse every new order from now on; cancels still pass."""
        why = fields(body, ("why",)).get("why", "halted over REST, no reason given")
        if not isinstance(why, str):
            raise Fault(422, "BAD_REQUEST", "why must be text.")
        return halt_reply(self._find().halt(why))

    def resume(self, body: _Body) -> HaltReply:
        """Trade again; ``confirm`` must be RESUME."""
        self._find().resume(str(fields(body, ("confirm",)).get("confirm", "")))
        return halt_reply(None)

    def ask_again(self, name: Annotated[str, Path(max_length=40, examples=["finnhub"])]) -> None:
        """Forget what its guards decided; 422 ``UNKNOWN_PROVIDER`` with the nearest name."""
        self._find().ask_again(name)

    def _remember(self, order: Order) -> None:
        number = self._find().snapshot().number
        with self._lock:
            self._fresh = ((number, order), *(kept for kept in self._fresh if _may_be_new(kept[0], number)))

    def _known(self) -> tuple[Order, ...]:
        """The Snapshot's orders, newest first, after those placed here that it may be too old to hold.

        Who has placed an order and asks for it must find it, though the next Snapshot is still to come.
        """
        snapshot = self._find().snapshot()
        listed = {o.id for o in snapshot.orders}
        fresh = (
            o for number, o in self._fresh if _may_be_new(number, snapshot.number) and o.id not in listed
        )
        return (*fresh, *snapshot.orders)


def _may_be_new(number: int, now: int) -> bool:
    """Say whether Snapshot ``now`` may lack an order placed while ``number`` was shown.

    The one after may have been begun before the order was committed; the one after that was not.
    """
    return now <= number + 1
