"""What needs the token: the portfolio, orders, halt and resume."""

import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.security import HTTPBearer

from marketpulse.api.book_shapes import LotsReply, QualitiesReply, lots_reply, quality_reply
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

_DECIMAL = {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?$", "examples": ["10"]}
_FLAG = {"type": "boolean", "default": False}
_PRICES = {
    "limit_price": "on limit and stop_limit orders",
    "stop_price": "the trigger of stop, stop_limit and take_profit orders",
    "trail_amount": "a trailing stop's distance from the best price; or trail_percent",
    "trail_percent": "the same in percent",
    "activation_price": "where a trailing stop begins to follow",
    "take_profit_price": "exit of a buy, or the other side of a sell stop",
    "stop_loss_price": "exit of a buy",
}
_ORDER_SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["symbol", "side", "type", "quantity"],
    "properties": {
        "symbol": {"type": "string", "examples": ["AAPL", "BTC/USDT", "BTC-USDT"]},
        "side": {"enum": [s.value for s in Side]},
        "type": {"enum": [t.value for t in OrderType]},
        "quantity": _DECIMAL,
        **{name: _DECIMAL | {"description": says} for name, says in _PRICES.items()},
        "time_in_force": {"enum": [t.value for t in TimeInForce], "default": TimeInForce.DAY.value},
        "good_till": {"type": "string", "format": "date-time", "description": "only with gtd"},
        "reduce_only": _FLAG,
        "post_only": _FLAG,
    },
}
_ORDER_FIELDS = tuple(_ORDER_SCHEMA["properties"])
_TERMS = ("quantity", "limit_price", "stop_price")
_TERMS_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "minProperties": 1,
    "properties": dict.fromkeys(_TERMS, _DECIMAL),
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
        add("/lots", self.lots, summary="Tax lots, held and sold")
        add("/execution-quality", self.quality, summary="How orders were executed")
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
        add(
            "/orders/{order_id}",
            self.replace,
            methods=["PATCH"],
            summary="Change an order that rests",
            openapi_extra=_body(_TERMS_SCHEMA) | _KEY_HEADER,
        )
        why = _body(_text_schema("why", maxLength=500))
        add("/halt", self.halt, methods=["POST"], summary="Stop trading now", openapi_extra=why)
        add("/reduce", self.reduce, methods=["POST"], summary="Let only sales pass", openapi_extra=why)
        sell = _body(_text_schema("confirm", const="FLATTEN"))
        add(
            "/flatten", self.flatten, methods=["POST"], summary="Halt and sell everything", openapi_extra=sell
        )
        confirm = _body(_text_schema("confirm", const="RESUME"))
        add("/resume", self.resume, methods=["POST"], summary="Trade again", openapi_extra=confirm)
        again = "Ask a provider again that rests or refused our key"
        add("/providers/{name}/ask-again", self.ask_again, methods=["POST"], status_code=204, summary=again)
        return router

    def portfolio(self) -> PortfolioReply:
        """The account as of the desk's newest Snapshot."""
        return portfolio_reply(self._find().snapshot())

    def lots(self) -> LotsReply:
        """Units by purchase, first in first out; sold ones newest first, not all of them."""
        return lots_reply(self._find().snapshot())

    def quality(self) -> QualitiesReply:
        """Slippage, spread, fill ratio and time to fill, for the last orders."""
        return quality_reply(self._find().snapshot())

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

    def replace(self, order_id: _OrderId, key: _Key, body: _Body, response: Response) -> PlacedReply:
        """Give a resting order another quantity or price; the answer is the order that carries it.

        Where the venue changes orders in place that is the same order, else one that is sent once the
        old one is known to have ended. The same key and body give the same answer.
        """
        terms = {name: str(value) for name, value in fields(body, _TERMS).items()}
        if not terms:
            raise Fault(422, "BAD_REQUEST", "Name a quantity, a limit_price or a stop_price to change.")
        placement = self._find().replace(order_id, key, **terms)
        self._remember(placement.order)
        if placement.repeated:
            response.headers["Idempotency-Replayed"] = "true"
        return placed_reply(placement.order)

    def halt(self, body: _Body) -> HaltReply:
        """Refuse every new order from now on; cancels still pass."""
        return halt_reply(self._find().halt(_why(body, "halted over REST, no reason given")))

    def reduce(self, body: _Body) -> HaltReply:
        """Refuse every buy from now on; sales and cancels still pass."""
        return halt_reply(self._find().reduce(_why(body, "reduced over REST, no reason given")))

    def flatten(self, body: _Body) -> HaltReply:
        """Halt, cancel everything and sell all that is held; ``confirm`` must be FLATTEN."""
        return halt_reply(self._find().flatten(str(fields(body, ("confirm",)).get("confirm", ""))))

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


def _why(body: Mapping[str, object], otherwise: str) -> str:
    why = fields(body, ("why",)).get("why", otherwise)
    if not isinstance(why, str):
        raise Fault(422, "BAD_REQUEST", "why must be text.")
    return why


def _may_be_new(number: int, now: int) -> bool:
    """Say whether Snapshot ``now`` may lack an order placed while ``number`` was shown.

    The one after may have been begun before the order was committed; the one after that was not.
    """
    return now <= number + 1
