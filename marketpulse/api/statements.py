"""Import of a broker's statement: the CSV file is the body, the answer says what it would do."""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from pydantic import BaseModel, Field

from marketpulse.api.facade import Find
from marketpulse.api.orders import bearer
from marketpulse.api.problem import Fault
from marketpulse.types import RefusedRow, Statement

__all__ = ["LineReply", "RowReply", "StatementReply", "Statements"]

_LARGEST = 2_000_000
_SHOWN = 200
_BODY = {
    "requestBody": {"required": True, "content": {"text/csv": {"schema": {"type": "string"}}}},
}


class RowReply(BaseModel):
    """A trade that is new."""

    line: int
    time: str
    symbol: str
    side: str
    quantity: str
    price: str
    currency: str
    fee: str
    fee_currency: str
    trade_id: str


class LineReply(BaseModel):
    """A line that is not booked."""

    line: int
    sentence: str


class StatementReply(BaseModel):
    """What the file would do, or did; lists show the first 200, counts are whole."""

    account: str
    kind: str = Field(description="whose form it was taken for")
    new: int
    refused: int
    duplicates: int
    rows: list[RowReply]
    refused_rows: list[LineReply]
    duplicate_rows: list[LineReply]
    units: dict[str, str] = Field(description="change of units by symbol")
    cash: dict[str, str] = Field(description="change of cash by currency")
    notes: list[str]
    hash: str = Field(description="give it as commit to book exactly this; empty: nothing to book")
    committed: bool


class Statements:
    """POST /api/v1/statements."""

    def __init__(self, find: Find, token: str) -> None:
        self._find = find
        self._token = token

    def router(self) -> APIRouter:
        """Return the address with its handler, behind the token."""
        guards = [Depends(bearer(self._token)), Depends(HTTPBearer(auto_error=False))]
        router = APIRouter(prefix="/api/v1", tags=["trading"], dependencies=guards)
        router.add_api_route(
            "/statements",
            self.take,
            methods=["POST"],
            summary="Import a broker's statement (CSV): first a preview, then with its hash",
            openapi_extra=_BODY,
        )
        return router

    async def take(
        self,
        request: Request,
        account: Annotated[str, Query(max_length=80)],
        commit: Annotated[str, Query(max_length=64)] = "",
    ) -> StatementReply:
        """Show what the file would do; nothing is written without ``commit``, the hash of what was shown."""
        text = await _csv(request)
        found = await run_in_threadpool(self._find().statement, text, account, commit)
        return _reply(found)


async def _csv(request: Request) -> str:
    raw = bytearray()
    async for part in request.stream():
        raw += part
        if len(raw) > _LARGEST:
            raise Fault(
                413, "TOO_LARGE", "A statement is at most 2 MB; cut it in parts.", {"Connection": "close"}
            )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Fault(422, "BAD_REQUEST", "The statement is not UTF-8 text.") from None


def _reply(found: Statement) -> StatementReply:
    return StatementReply(
        account=found.account,
        kind=found.kind,
        new=len(found.rows),
        refused=len(found.refused),
        duplicates=len(found.duplicates),
        rows=[
            RowReply(
                line=row.line,
                time=row.time.isoformat(),
                symbol=row.symbol,
                side=row.side,
                quantity=_exact(row.quantity),
                price=_exact(row.price),
                currency=row.currency,
                fee=_exact(row.fee),
                fee_currency=row.fee_currency,
                trade_id=row.trade_id,
            )
            for row in found.rows[:_SHOWN]
        ],
        refused_rows=_lines(found.refused),
        duplicate_rows=_lines(found.duplicates),
        units={symbol: _exact(change) for symbol, change in found.units.items()},
        cash={currency: _exact(change) for currency, change in found.cash.items()},
        notes=list(found.notes),
        hash=found.hash,
        committed=found.committed,
    )


def _lines(rows: tuple[RefusedRow, ...]) -> list[LineReply]:
    return [LineReply(line=row.line, sentence=row.sentence) for row in rows[:_SHOWN]]


def _exact(number: Decimal) -> str:
    return format(number, "f")
