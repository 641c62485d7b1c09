"""The daily login to Kite, which a person has to do: a page of Zerodha's, and a token from it that lives till morning.

Nothing here keeps the API secret: it is handed over for the one exchange.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from marketpulse.brokers.kite_words import of_login
from marketpulse.brokers.web import harden, spoken, text
from marketpulse.clock import Clock

__all__ = ["INDIA", "KiteLogin", "KiteSession", "kite_client"]

INDIA = ZoneInfo("Asia/Kolkata")
"""Kite writes its times without an offset, in this zone."""

_TIMEOUT = 10.0  # seconds for one request
_MORNING = 6  # o'clock in India, when every token of the day before ends


@dataclass(frozen=True, slots=True)
class KiteSession:
    """A login; key and token are in no text of it.

    Attributes
    ----------
    user_id : the account, as on Kite's pages
    expires : aware UTC, when the token ends at the latest
    """

    api_key: str = field(repr=False)
    access_token: str = field(repr=False)
    user_id: str
    expires: datetime


def kite_client(api_key: str, access_token: str | None, prepare: Callable[[Any], None]) -> Any:
    """Return the package's client, made impatient; it sends each request once.

    Its import takes 0.6 s, since it brings a streaming client along, which is not used: it runs once in
    a process only.
    """
    from kiteconnect import KiteConnect  # noqa: PLC0415 (lazy: only a live account pays for the package)

    client = KiteConnect(api_key, access_token=access_token)
    harden(client.reqsession, _TIMEOUT)
    prepare(client.reqsession)
    return client


class KiteLogin:
    """The two steps of the login. Raises AuthExpired, Throttled and Uncertain only.

    Parameters
    ----------
    api_key : of the person's app at Kite
    prepare : takes the HTTP session before its first use
    """

    def __init__(
        self, clock: Clock, api_key: str, *, prepare: Callable[[Any], None] = lambda _: None
    ) -> None:
        self._clock = clock
        self._api_key = api_key
        self._prepare = prepare

    def login_url(self) -> str:
        """Return the page to log in on; it leads back with ``request_token`` in the address."""
        address: str = kite_client(self._api_key, None, self._prepare).login_url()
        return address

    def exchange(self, request_token: str, secret: str) -> KiteSession:
        """Turn the token of the login page into a session; each such token works once."""
        client = kite_client(self._api_key, None, self._prepare)
        answer = spoken(partial(client.generate_session, request_token, secret), of_login)
        token, user = text(answer, "access_token", "kite"), text(answer, "user_id", "kite")
        return KiteSession(self._api_key, token, user, _next_morning(self._clock.now()))


def _next_morning(now: datetime) -> datetime:
    """Return the next 06:00 in India: a token made at 03:00 lives three hours."""
    here = now.astimezone(INDIA)
    morning = here.replace(hour=_MORNING, minute=0, second=0, microsecond=0)
    return (morning if here < morning else morning + timedelta(days=1)).astimezone(now.tzinfo)
