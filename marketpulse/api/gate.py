"""The gate in front of every route, Streamlit's pages and websocket included.

The desk listens on loopback, but any web page in the same browser can reach loopback too. So a
request must name a loopback host (a rebound domain name does not), and one that comes from a page
must come from a page of this very server. Replies may not be framed, sniffed, or fetch from outside.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from marketpulse.api.problem import problem

__all__ = ["Gate", "is_loopback"]

_HOST = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(?::([0-9]{1,5}))?", re.IGNORECASE)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_STRANGERS = frozenset({"cross-site", "same-site"})  # same-site is another port of this machine

_POLICY = (
    "default-src 'self'",
    # Streamlit runs components from blob: addresses, and its charts compile expressions
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "media-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "connect-src 'self' data: blob:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "; ".join(_POLICY),
}


def is_loopback(address: str | None) -> bool:
    """Say whether a server bound to ``address`` is reached from this machine only.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback(None)
    (True, False, False)
    """
    return address in {"127.0.0.1", "localhost", "::1"}


class Gate:
    """Pure ASGI middleware: what it refuses never reaches a route."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer 403."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        no = _refusal(scope["type"], scope.get("method", "GET"), Headers(scope=scope))
        if scope["type"] == "websocket":
            if no:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return

        async def sealed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if no:
            await problem(403, *no, {"Connection": "close"})(scope, receive, sealed)
        else:
            await self._app(scope, receive, sealed)


def _refusal(kind: str, method: str, headers: Headers) -> tuple[str, str] | None:
    """Say why a request may not pass, as code and sentence, or None."""
    host = _single(headers.getlist("host"))
    known = _HOST.fullmatch(host) if host else None
    if known is None:
        return "HOST_REFUSED", "The desk answers on this machine's loopback address only."
    origins = headers.getlist("origin")
    if origins and not _same_server(_single(origins), known.group(2)):
        return "ORIGIN_REFUSED", "A page of another site or port asked for this."
    changes = kind == "http" and method not in _READING
    if changes and headers.get("sec-fetch-site", "none").lower() in _STRANGERS:
        return "ORIGIN_REFUSED", "A page of another site or port asked for this."
    return None


def _same_server(origin: str | None, port: str | None) -> bool:
    """Hold an Origin against the port that was asked: a loopback name and the same port."""
    try:
        parts = urlsplit(origin or "")
        found = _HOST.fullmatch(parts.netloc)
    except ValueError:
        return False
    if found is None or parts.scheme not in {"http", "https"} or parts.path or parts.query:
        return False
    default = "443" if parts.scheme == "https" else "80"
    return (found.group(2) or default) == (port or default)


def _single(values: Iterable[str]) -> str | None:
    found = list(values)
    return found[0] if len(found) == 1 else None
