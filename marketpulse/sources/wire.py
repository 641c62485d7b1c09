"""A websocket of our own, for vendors whose package has none worth using."""

import json
import logging
from contextlib import AbstractAsyncContextManager
from functools import cache
from typing import Any, Protocol

from marketpulse.errors import AuthFailed, BadData, ProviderError, RateLimited, Unavailable
from marketpulse.sources.vendor import ErrorTable

__all__ = ["Socket", "connect", "socket_errors", "unpacked"]

_LARGEST = 2**20  # bytes of one message
_PATIENCE = 8.0  # seconds for the opening and for an answer to our own pings
_PING = 15.0  # seconds between our pings
_GOODBYE = 2.0  # seconds the other side has to answer our close
_PAUSE = 60.0  # seconds after a refusal for too many connections


class Socket(Protocol):
    """The part of a connection that a stream uses."""

    async def recv(self) -> Any:
        """Return the next message, or raise when the connection has ended."""

    async def send(self, message: str) -> None:
        """Send one message."""


def connect(address: str) -> AbstractAsyncContextManager[Socket]:
    """Open a websocket; leaving the block closes it, whatever the reason."""
    from websockets.asyncio.client import connect as opened  # noqa: PLC0415 (lazy: only a live feed streams)

    return opened(
        address,
        open_timeout=_PATIENCE,
        ping_interval=_PING,
        ping_timeout=_PATIENCE,
        close_timeout=_GOODBYE,
        max_size=_LARGEST,
        logger=_silent(),
    )


@cache
def _silent() -> logging.Logger:
    """Return a logger that says nothing: its debug lines hold the address, and a key in it."""
    logger = logging.getLogger("marketpulse.sources.wire.socket")
    logger.setLevel(logging.CRITICAL)
    return logger


def socket_errors(name: str) -> ErrorTable:
    """Return what a websocket raises, and what it means; children before their parents."""
    from websockets import exceptions as wire  # noqa: PLC0415 (as above)

    def refused(error: Exception) -> ProviderError:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status == 401:  # noqa: PLR2004 (the status of a wrong key, everywhere)
            return AuthFailed(f"{name}: the key was refused")
        if status == 429:  # noqa: PLR2004 (the status of too many requests, everywhere)
            return RateLimited(f"{name}: too many connections", _PAUSE)
        # a 403 comes from gateways under load too: it must not shut the stream out until a restart
        return Unavailable(f"{name}: the stream was refused with status {status}")

    failed = Unavailable(f"{name}: the stream's connection failed")
    shape = BadData(f"{name}: a message of the stream had an unexpected shape")
    return (
        (wire.InvalidStatus, refused),
        (wire.PayloadTooBig, lambda _: shape),
        (wire.WebSocketException, lambda _: failed),
        (TimeoutError, lambda _: Unavailable(f"{name}: the stream did not open in time")),
        (EOFError, lambda _: failed),
        (OSError, lambda _: failed),
        (ArithmeticError, lambda _: shape),
        (AttributeError, lambda _: shape),
        (LookupError, lambda _: shape),
        (TypeError, lambda _: shape),
        (ValueError, lambda _: shape),
    )


def unpacked(message: Any, name: str) -> Any:
    """Read one message of JSON; the text of what cannot be read is not passed on."""
    try:
        return json.loads(message)
    except (RecursionError, TypeError, ValueError):
        raise BadData(f"{name}: a message of the stream could not be read") from None
