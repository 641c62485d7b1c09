"""The accounts: what each of them is, arming it, believing its venue, and a venue's daily login."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.numbers import DecimalText, exact, exact_or_none
from marketpulse.api.orders import bearer
from marketpulse.api.problem import Fault
from marketpulse.api.reading import fields, read_body
from marketpulse.types import AccountView, Difference, ExternalOrder, Mode, Side

__all__ = ["AccountReply", "Accounts", "AccountsReply", "DifferenceReply", "ExternalReply"]

_LONGEST = 80


class DifferenceReply(BaseModel):
    """One number in which the venue and the books disagree."""

    what: str = Field(description="a symbol (units) or a currency (cash)")
    books: DecimalText
    venue: DecimalText


class ExternalReply(BaseModel):
    """An order that rests at the venue and is not this desk's."""

    client_id: str
    venue_id: str
    symbol: str
    side: Side | None
    quantity: DecimalText
    filled_quantity: DecimalText
    limit_price: DecimalText | None
    stop_price: DecimalText | None
    ours: bool = Field(description="it bears this desk's mark, but the ledger does not know it")


class AccountReply(BaseModel):
    """One account of the set that the desk shows."""

    account: str = Field(examples=["paper:desk"])
    broker: str
    account_id: str = Field(description="empty until the venue has told it")
    mode: Mode
    armed: bool = Field(description="its id was typed in this run; paper always is")
    reconciled: bool = Field(description="books and venue agreed when they were last compared in this run")
    checked: datetime | None
    note: str = Field(description="what is missing, in one sentence; empty when nothing is")
    asset_classes: list[str]
    cash: dict[str, DecimalText] = Field(description="by currency, as the venue tells it")
    difference: list[DifferenceReply]
    phrase: str = Field(
        description="what to type to adopt the venue's balances; empty when there is nothing to"
    )
    external: list[ExternalReply]
    login_expires: datetime | None


class AccountsReply(BaseModel):
    """All accounts of the set."""

    accounts: list[AccountReply]


def _difference(row: Difference) -> DifferenceReply:
    return DifferenceReply(what=row.what, books=exact(row.books), venue=exact(row.venue))


def _external(order: ExternalOrder) -> ExternalReply:
    return ExternalReply(
        client_id=order.client_id,
        venue_id=order.venue_id,
        symbol=order.symbol,
        side=order.side,
        quantity=exact(order.quantity),
        filled_quantity=exact(order.filled_quantity),
        limit_price=exact_or_none(order.limit_price),
        stop_price=exact_or_none(order.stop_price),
        ours=order.ours,
    )


def _account(view: AccountView) -> AccountReply:
    return AccountReply(
        account=view.account,
        broker=view.broker,
        account_id=view.account_id,
        mode=view.mode,
        armed=view.armed,
        reconciled=view.reconciled,
        checked=view.checked,
        note=view.note,
        asset_classes=list(view.asset_classes),
        cash={currency: exact(amount) for currency, amount in view.cash.items()},
        difference=[_difference(row) for row in view.difference],
        phrase=view.phrase,
        external=[_external(order) for order in view.external],
        login_expires=view.login_expires,
    )


def _schema(*names: str) -> dict[str, Any]:
    """Describe a body of texts to OpenAPI; it is read by ``reading``, which is stricter than the framework."""
    text = {"type": "string", "maxLength": _LONGEST}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": list(names),
        "properties": dict.fromkeys(names, text),
    }
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_ARM, _ADOPT = ("broker", "account_id"), ("broker", "account_id", "typed")
_LOGIN = ("broker", "request_token")
_Body = Annotated[Mapping[str, object], Depends(read_body)]


class Accounts:
    """The addresses of accounts below /api/v1; each calls one verb of the desk."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the addresses with their handlers, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1", tags=["accounts"], dependencies=guards)
        add = router.add_api_route
        add("/accounts", self.listed, summary="The accounts of the desk")
        arm = "Let orders leave to a live account, until the desk ends"
        add("/arm", self.arm, methods=["POST"], summary=arm, openapi_extra=_schema(*_ARM))
        adopt = "Believe a live venue where the books differ"
        add("/adopt", self.adopt, methods=["POST"], summary=adopt, openapi_extra=_schema(*_ADOPT))
        login = "Log in to a venue that wants that daily"
        add("/login", self.login, methods=["POST"], summary=login, openapi_extra=_schema(*_LOGIN))
        return router

    def listed(self) -> AccountsReply:
        """Whose they are, whether orders may leave, and what the venue and the books disagree about."""
        return AccountsReply(accounts=[_account(view) for view in self._find().snapshot().accounts])

    def arm(self, body: _Body) -> AccountReply:
        """Type the account's id; 422 ``NOT_ARMED`` says what else is missing. A restart disarms."""
        return _account(self._find().arm(*_texts(body, _ARM)))

    def adopt(self, body: _Body) -> AccountReply:
        """Book the difference as units and cash from outside; ``typed`` is the account's ``phrase``."""
        return _account(self._find().adopt(*_texts(body, _ADOPT)))

    def login(self, body: _Body) -> AccountReply:
        """Hand over the request_token of the venue's own login page; waits for the venue."""
        return _account(self._find().login(*_texts(body, _LOGIN)))


def _texts(body: Mapping[str, object], names: tuple[str, ...]) -> list[str]:
    """Read texts, each of which must be there."""
    given = fields(body, names)
    found = [given.get(name) for name in names]
    for name, value in zip(names, found, strict=True):
        if not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            raise Fault(422, "BAD_REQUEST", f"{name} must be text of 1 to {_LONGEST} characters.")
    return [str(value) for value in found]
