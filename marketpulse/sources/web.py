"""What the vendors' clients that speak through ``requests`` have in common: patience and errors.

None of their texts may get out: ``requests`` writes the whole address into its errors, and some
vendors want their key in it.
"""

import logging
from collections.abc import Mapping
from typing import Any

from marketpulse.errors import (
    AuthFailed,
    BadData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
)
from marketpulse.sources.vendor import ErrorTable

__all__ = ["be_impatient", "request_errors", "status_error"]

_LONGEST_PAUSE = 300.0  # seconds; whatever a header says
_SERVER = 500


def be_impatient(session: Any, seconds: float) -> None:
    """Let no request of a ``requests`` session wait longer than ``seconds`` for its answer, or be redirected.

    alpaca-py and alpha_vantage set no timeout at all: against a server that hangs they never return.
    A redirect to another host would carry the header that holds the key.
    """
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 (lazy: only a live feed speaks to the web)

    class Impatient(HTTPAdapter):
        def send(self, *args: Any, **named: Any) -> Any:
            return super().send(*args, **{**named, "timeout": seconds})

    session.mount("https://", Impatient())
    session.max_redirects = 0
    # its debug lines hold the addresses asked, keys included
    logging.getLogger("urllib3").setLevel(logging.WARNING)


def request_errors(name: str) -> ErrorTable:
    """Return what ``requests`` and reading its answers raise; to stand behind a vendor's own lines."""
    from requests import exceptions as http  # noqa: PLC0415 (as above)
    from urllib3.exceptions import HTTPError  # noqa: PLC0415 (as above)

    unreadable = f"{name}: the answer was not readable (an outage or an error page)"
    shape = f"{name}: the answer had an unexpected shape"
    failed = f"{name}: the connection failed"
    key = f"{name}: the key holds characters that cannot be sent"
    return (
        (RecursionError, lambda _: BadData(unreadable)),
        (http.InvalidJSONError, lambda _: BadData(unreadable)),
        (http.ContentDecodingError, lambda _: BadData(unreadable)),
        (http.TooManyRedirects, lambda _: BadData(unreadable)),
        (http.InvalidHeader, lambda _: AuthFailed(key)),
        (UnicodeEncodeError, lambda _: AuthFailed(key)),
        (http.Timeout, lambda _: Unavailable(f"{name}: request timed out")),
        (http.RequestException, lambda _: Unavailable(failed)),
        (HTTPError, lambda _: Unavailable(failed)),
        (TimeoutError, lambda _: Unavailable(f"{name}: request timed out")),
        (OSError, lambda _: Unavailable(failed)),
        (ArithmeticError, lambda _: BadData(shape)),
        (AttributeError, lambda _: BadData(shape)),
        (LookupError, lambda _: BadData(shape)),
        (TypeError, lambda _: BadData(shape)),
        (ValueError, lambda _: BadData(shape)),
    )


def status_error(name: str, status: Any, headers: Mapping[str, str], pause: float) -> ProviderError:
    """Say what an HTTP status means; ``pause`` is how long to wait after a 429 that names no time."""
    if not isinstance(status, int):
        return Unavailable(f"{name}: the request failed")
    if status >= _SERVER:
        return Unavailable(f"{name}: an error on the provider's side (status {status})")
    told: dict[int, ProviderError] = {
        401: AuthFailed(f"{name}: the key was refused"),
        402: NotEntitled(f"{name}: the plan does not cover this"),
        403: NotEntitled(f"{name}: the plan does not cover this"),
        429: RateLimited(f"{name}: too many requests", _wait(headers, pause)),
    }
    return told.get(status, BadData(f"{name}: the request was refused (status {status})"))


def _wait(headers: Mapping[str, str], pause: float) -> float:
    """Return the seconds a provider asks for, within reason."""
    told = str(headers.get("Retry-After", ""))
    return min(max(1.0, float(told)), _LONGEST_PAUSE) if told.isascii() and told.isdigit() else pause
