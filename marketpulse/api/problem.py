"""Every error this door answers: ``application/problem+json`` with a code and one sentence.

What the caller sent is never repeated, neither in the answer nor in the log.
"""

import traceback
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketpulse.errors import ConfigError, Refused, StorageError

__all__ = ["MEDIA_TYPE", "CatchAll", "Fault", "OnFault", "ProblemReply", "handle_all", "problem"]

OnFault = Callable[[str, str], None]
"""Told of each fault that was ours: its kind and a sentence without anybody's data."""

MEDIA_TYPE = "application/problem+json"

_NOT_FOUND = {"UNKNOWN_ORDER", "UNKNOWN_SYMBOL", "UNKNOWN_INDICATOR", "NO_PRICE"}
_STATUS = {
    "UNKNOWN_ALERT": 404,
    "UNKNOWN_LOCK": 404,
    "UNKNOWN_PROPOSAL": 404,
    "ANSWERED": 409,
    "IDEMPOTENCY_CONFLICT": 409,
    "READ_ONLY": 503,
    "BUSY": 503,
}
_SENTENCES = {
    404: ("NOT_FOUND", "There is nothing at this address; see /docs."),
    405: ("METHOD_NOT_ALLOWED", "This address does not take this method; see /docs."),
}


class ProblemReply(BaseModel):
    """A refusal or a fault."""

    type: str = Field(description="always about:blank; the code says what happened")
    title: str = Field(description="the HTTP status in words")
    status: int
    code: str = Field(description="for machines; stable", examples=["INSUFFICIENT_CASH"])
    message: str = Field(description="one sentence for people")


class Fault(Exception):
    """The door itself says no; ``message`` is one sentence without the caller's words."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers


def problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """Build the one shape of error reply."""
    body = ProblemReply(
        type="about:blank", title=HTTPStatus(status).phrase, status=status, code=code, message=message
    )
    return JSONResponse(body.model_dump(), status, headers=headers, media_type=MEDIA_TYPE)


def handle_all(api: FastAPI) -> None:
    """Give every error class that a handler may raise its reply."""
    for kind in (Fault, Refused, StorageError, ConfigError, RequestValidationError, HTTPException):
        api.add_exception_handler(kind, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    match error:
        case Fault():
            return problem(error.status, error.code, error.message, error.headers)
        case Refused():
            names_a_thing = request.method in {"GET", "DELETE", "PATCH"} and error.code in _NOT_FOUND
            status = 404 if names_a_thing else _STATUS.get(error.code, 422)
            return problem(status, error.code, error.sentence)
        case StorageError():
            return problem(503, "STORAGE", "The ledger could not be written; nothing was done. See the log.")
        case ConfigError():
            return problem(503, "NO_DESK", "The desk is not open yet, or already closed.")
        case RequestValidationError():
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"][1:]) or "The request"
            return problem(422, "BAD_REQUEST", f"{where}: {first['msg']}.")
        case HTTPException():
            phrase = HTTPStatus(error.status_code).phrase
            code, message = _SENTENCES.get(error.status_code, ("HTTP_ERROR", f"{phrase}."))
            return problem(error.status_code, code, message, error.headers)
        case _:
            raise error  # not ours to explain: CatchAll answers


class CatchAll:
    """The last resort of a request: count the fault, answer 500 without a word of its cause."""

    def __init__(self, app: ASGIApp, on_fault: OnFault) -> None:
        self._app = app
        self._on_fault = on_fault

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception as fault:  # noqa: BLE001 -- a request's top level: one bad answer must not end others
            name, place = type(fault).__name__, traceback.extract_tb(fault.__traceback__)[-1]
            where = f"{Path(place.filename).name}:{place.lineno}"
            said = f"{name} ({where}) while answering {scope.get('method', '')} on {_route(scope)}."
            self._on_fault(f"api {name}", said)
            if not started:
                reply = problem(500, "INTERNAL", "The desk could not answer this; its log says why.")
                await reply(scope, receive, send)


def _route(scope: Scope) -> str:
    """Name the route by its pattern, which holds nothing the caller wrote."""
    route = scope.get("route")
    return str(getattr(route, "path", "an unknown address"))
