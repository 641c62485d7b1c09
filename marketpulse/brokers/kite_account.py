"""A Kite account over its daily logins: until somebody has logged in, nothing is sent and nothing is known."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from marketpulse.brokers.kite import KiteBroker
from marketpulse.brokers.kite_login import KiteLogin, KiteSession
from marketpulse.clock import Clock
from marketpulse.errors import AuthExpired
from marketpulse.ports import AccountState, Ack, BrokerCapabilities, OrderRef, Terms, VenueOrder
from marketpulse.types import Fill, Instrument, OrderRequest

__all__ = ["KiteAccount"]

_T = TypeVar("_T")
_NOBODY = KiteSession("", "", "", datetime(1970, 1, 1, tzinfo=UTC))


class KiteAccount:
    """Hands everything to the broker of today's session; without one raises AuthExpired.

    Parameters
    ----------
    key, secret : of the person's app at Kite; the login needs them each morning
    prepare : takes the HTTP session before its first use
    """

    def __init__(
        self, clock: Clock, key: str, secret: str, *, prepare: Callable[[Any], None] = lambda _: None
    ) -> None:
        self._clock = clock
        self._prepare = prepare
        self._secret: Callable[[], str] = lambda: secret  # so that no text of this object holds it
        self._entry = KiteLogin(clock, key, prepare=prepare)
        self._broker = KiteBroker(clock, _NOBODY, prepare=prepare)
        self._session = _NOBODY
        self._address = ""

    @property
    def name(self) -> str:
        """``kite``."""
        return self._broker.name

    @property
    def capabilities(self) -> BrokerCapabilities:
        """As the venue's."""
        return self._broker.capabilities

    @property
    def login_expires(self) -> datetime | None:
        """When the session ends, aware UTC; None: nobody is logged in."""
        expires = self._session.expires
        return expires.astimezone(UTC) if expires > self._clock.now() else None

    def login_url(self) -> str:
        """Return the page to log in on; it leads back with ``request_token`` in the address."""
        self._address = self._address or self._entry.login_url()
        return self._address

    def log_in(self, request_token: str) -> None:
        """Turn the token of the login page into today's session; another account's is refused.

        Raises
        ------
        AuthExpired, Throttled, Uncertain
            Nobody is logged in by it; an older session stays.
        """
        session = self._entry.exchange(request_token, self._secret())
        if self._session is _NOBODY:
            self._broker = KiteBroker(self._clock, session, prepare=self._prepare)
        else:
            self._broker.renew(session)
        self._session = session

    def place(self, client_id: str, instrument: Instrument, request: OrderRequest) -> Ack:
        """Send once."""
        return self._inside(lambda broker: broker.place(client_id, instrument, request))

    def cancel(self, ref: OrderRef) -> None:
        """Ask for a cancel."""
        self._inside(lambda broker: broker.cancel(ref))

    def replace(self, ref: OrderRef, terms: Terms) -> Ack:
        """Amend a resting order, where the venue does."""
        return self._inside(lambda broker: broker.replace(ref, terms))

    def find(self, ref: OrderRef) -> VenueOrder | None:
        """Return the venue's view."""
        return self._inside(lambda broker: broker.find(ref))

    def open_orders(self, instruments: Iterable[Instrument]) -> Sequence[VenueOrder]:
        """All that rests, ours or not."""
        return self._inside(lambda broker: broker.open_orders(instruments))

    def fills(self, since: datetime, instruments: Iterable[Instrument]) -> Sequence[Fill]:
        """Today's executions from ``since`` on."""
        return self._inside(lambda broker: broker.fills(since, instruments))

    def account(self) -> AccountState:
        """Cash and units."""
        return self._inside(lambda broker: broker.account())

    def _inside(self, ask: Callable[[KiteBroker], _T]) -> _T:
        session = self._session
        if self.login_expires is None:
            raise AuthExpired("kite: nobody is logged in")
        try:
            return ask(self._broker)
        except AuthExpired:
            if self._session is session:  # nobody logged in anew meanwhile
                self._session = KiteSession(session.api_key, "", session.user_id, _NOBODY.expires)
            raise
