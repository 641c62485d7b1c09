"""What ccxt raises, and what it means: one table for every venue that is asked through it."""

from collections.abc import Callable, Mapping
from typing import Any

from marketpulse.errors import (
    AuthFailed,
    BadData,
    NotEntitled,
    ProviderError,
    RateLimited,
    Unavailable,
    UnknownSymbol,
)
from marketpulse.sources.vendor import ErrorTable

__all__ = ["PAUSE", "error_table", "wait_told"]

PAUSE = 10.0  # seconds after a refusal for too many requests, where the venue named none
_TOO_MANY = frozenset({418, 429})
_LONGEST = 3 * 86_400.0  # seconds; Binance's longest ban


def error_table(name: str, wait: Callable[[Exception], float] = lambda _: PAUSE) -> ErrorTable:
    """Return (ccxt's class, how to say it), children before their parents.

    DDoSProtection, RateLimitExceeded and RequestTimeout are NetworkErrors, and those are
    OperationFailed, which Binance's -1001 raises bare; ChecksumError is an InvalidNonce.

    Parameters
    ----------
    name : begins every sentence
    wait : seconds to leave the venue alone, told by the error and the headers that came with it
    """
    import ccxt  # noqa: PLC0415 (lazy: only a live feed pays for ccxt)

    def say(kind: type[ProviderError], sentence: str) -> Callable[[Exception], ProviderError]:
        return lambda _: kind(f"{name}: {sentence}")

    def limited(error: Exception) -> ProviderError:
        return RateLimited(f"{name}: too many requests", wait(error))

    def lost(error: Exception) -> ProviderError:
        """A websocket's handshake that was refused comes as a NetworkError around the refusal."""
        refusal = error.args[0] if error.args else None
        if getattr(refusal, "status", None) in _TOO_MANY:
            told = wait_told(getattr(refusal, "headers", None), 0.0)
            return RateLimited(f"{name}: too many requests", told or wait(error))
        return Unavailable(f"{name}: the connection failed")

    return (
        (ccxt.DDoSProtection, limited),
        (ccxt.RateLimitExceeded, limited),
        (ccxt.RequestTimeout, say(Unavailable, "request timed out")),
        (ccxt.OnMaintenance, say(Unavailable, "under maintenance")),
        (ccxt.ExchangeNotAvailable, say(Unavailable, "not available")),
        (ccxt.ChecksumError, say(BadData, "a change of the order book was lost")),
        (ccxt.InvalidNonce, say(Unavailable, "our clock and the venue's differ")),
        (ccxt.NetworkError, lost),
        (ccxt.BadResponse, say(BadData, "the answer was not readable")),
        (ccxt.OperationFailed, say(Unavailable, "an error on the venue's side")),
        (ccxt.BadSymbol, say(UnknownSymbol, "the pair is not known")),
        (ccxt.RestrictedLocation, say(NotEntitled, "not offered at this place")),
        (ccxt.PermissionDenied, say(NotEntitled, "not permitted")),
        (ccxt.AuthenticationError, say(AuthFailed, "the key was refused")),
        (ccxt.NotSupported, say(NotEntitled, "not offered")),
        (ccxt.ExchangeError, say(BadData, "the request was refused")),
        (ccxt.BaseError, say(BadData, "an unexpected answer")),
        *_plain(say),
    )


def _plain(say: Callable[[type[ProviderError], str], Callable[[Exception], ProviderError]]) -> ErrorTable:
    """Lines for what comes out of ccxt as Python's own exceptions."""
    return (
        (OSError, say(Unavailable, "the connection failed")),
        (ArithmeticError, say(BadData, "a number could not be read")),
        (AttributeError, say(BadData, "the answer had an unexpected shape")),
        (LookupError, say(BadData, "the answer had an unexpected shape")),
        (TypeError, say(BadData, "the answer had an unexpected shape")),
        (ValueError, say(BadData, "a number could not be read")),
    )


def wait_told(headers: Mapping[str, Any] | None, now: float) -> float | None:
    """Return the seconds a refusal's headers ask for, None where they name none.

    Binance sends ``Retry-After`` (seconds), Bybit ``X-Bapi-Limit-Reset-Timestamp`` (ms since 1970).

    Parameters
    ----------
    now : seconds since 1970
    """
    found = {str(key).lower(): value for key, value in (headers or {}).items()}
    try:
        if "retry-after" in found:
            wait = float(found["retry-after"])
        else:
            wait = float(found["x-bapi-limit-reset-timestamp"]) / 1000.0 - now
    except (KeyError, TypeError, ValueError):
        return None
    return min(wait, _LONGEST) if wait > 0 else None
