"""Accounts at live venues: whose they are, what trades there, and whether an order may leave.

A live order needs all of this at once: a route, a key, ``MARKETPULSE_LIVE=1``, the account's id typed in
this run, and books that agree with the venue. None of it is kept: every start begins disarmed.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from marketpulse.errors import Refused
from marketpulse.execution.venue import EACH_SECOND, Pace, Venue
from marketpulse.ports import Broker
from marketpulse.types import AccountView, Difference, ExternalOrder, Instrument, Mode, Reason

__all__ = ["Live", "Login", "Seat", "unknown_account"]

_UNKNOWN = "?"
_LONGEST = 60


def unknown_account(broker: str) -> str:
    """Name an account whose venue has not told its id yet.

    Examples
    --------
    >>> unknown_account("binance")
    'binance:?'
    """
    return f"{broker}:{_UNKNOWN}"


@runtime_checkable
class Login(Protocol):
    """A venue that wants a person to log in; raises BrokerError only."""

    @property
    def login_expires(self) -> datetime | None:
        """When the session ends, aware UTC; None: nobody is logged in."""

    def login_url(self) -> str:
        """Return the page to log in on."""

    def log_in(self, request_token: str) -> None:
        """Turn the token of that page into a session."""


@dataclass(frozen=True, slots=True)
class Live:
    """An account at a venue as the settings name it.

    Attributes
    ----------
    broker : its name, as in the routes
    adapter : behind the port; None: it cannot be made, and ``problem`` says why
    asset_classes : as in the routes
    trades : whether an instrument is this account's
    allowed : ``MARKETPULSE_LIVE=1``
    sandbox : the venue's test network
    account_id : as the venue told it in an earlier run, None if it never did
    remember : keeps the id for the next start
    pace : how often the venue may be asked for fills
    """

    broker: str
    adapter: Broker | None
    asset_classes: tuple[str, ...]
    trades: Callable[[Instrument], bool]
    allowed: bool
    sandbox: bool = False
    problem: str = ""
    account_id: str | None = None
    remember: Callable[[str], None] = field(default=lambda _: None)
    login: Login | None = None
    pace: Pace = EACH_SECOND


class Seat:
    """What this run knows of one live account; safe from every thread.

    Parameters
    ----------
    admit : takes the account into the books, once its venue has told whose it is

    Attributes
    ----------
    account : ``broker:account id``, as on the events
    told : the venue has said in this run whose account it is, and it is the one that is meant
    reconciled : venue and books agreed when they were last compared in this run
    """

    def __init__(self, live: Live, admit: Callable[[str, str], None]) -> None:
        self.live = live
        self.account_id = live.account_id or ""
        self.told = False
        self.reconciled = False
        self.checked: datetime | None = None
        self.difference: tuple[Difference, ...] = ()
        self.cash: Mapping[str, Decimal] = MappingProxyType({})
        self._admit = admit
        self._stranger = ""
        self._armed = False
        self._lock = threading.Lock()

    @property
    def account(self) -> str:
        """``broker:account id``."""
        return f"{self.live.broker}:{self.account_id or _UNKNOWN}"

    @property
    def armed(self) -> bool:
        """The account's id was typed in this run, and live orders are allowed."""
        return self._armed and self.live.allowed

    @property
    def open(self) -> bool:
        """Orders may leave."""
        return self.armed and self.told and self.reconciled

    @property
    def phrase(self) -> str:
        """What must be typed to adopt the venue's balances, empty while there is nothing to adopt."""
        return f"ADOPT {self.account_id}" if self.difference and self.account_id else ""

    def meet(self, account_id: str) -> bool:
        """Take the venue's word on whose account it is; False when it is not the one that is meant."""
        if self.account_id and account_id != self.account_id:
            self._stranger = account_id
            self.live.remember(account_id)
            return False
        if not self.account_id:
            self._admit(self.account, f"{self.live.broker}:{account_id}")
            self.account_id = account_id
            self.live.remember(account_id)
        self.told = True
        return True

    def arm(self, account_id: object) -> None:
        """Let orders leave for the rest of this run.

        Raises
        ------
        Refused
            ``NOT_ARMED``: live orders are not allowed, the venue has not told its account yet, or
            another id was typed.
        """
        name = self.live.broker
        if self.live.adapter is None:
            raise Refused("NOT_ARMED", f"{name} cannot be armed: {self.live.problem}.")
        if not self.live.allowed:
            raise Refused("NOT_ARMED", f"{name} cannot be armed: set MARKETPULSE_LIVE=1 and start again.")
        if not self.told:
            raise Refused(
                "NOT_ARMED", f"{name} has not told in this run whose account it is; try again soon."
            )
        if account_id != self.account_id:
            raise Refused("NOT_ARMED", f"That is not the id of the account at {name}; nothing was armed.")
        with self._lock:
            self._armed = True

    def disarm(self) -> None:
        """Let no order leave until the id is typed again."""
        with self._lock:
            self._armed = False

    def reasons(self) -> list[Reason]:
        """Say why an order may not leave; empty when it may."""
        name, found = self.live.broker, []
        if not self.armed:
            how = "type its account id" if self.live.allowed else "set MARKETPULSE_LIVE=1"
            found.append(Reason("NOT_ARMED", f"The account at {name} is not armed: {how}."))
        if not (self.told and self.reconciled):
            why = "they disagree" if self.difference else "they have not been compared in this run"
            sentence = f"The books and the account at {name} must agree before orders go there: {why}."
            found.append(Reason("NOT_RECONCILED", sentence))
        return found

    def view(self, venue: Venue | None, external: Sequence[ExternalOrder]) -> AccountView:
        """Freeze what is known of the account."""
        live, login = self.live, self.live.login
        return AccountView(
            account=self.account,
            broker=live.broker,
            account_id=self.account_id,
            mode=Mode.LIVE,
            armed=self.armed,
            reconciled=self.told and self.reconciled,
            checked=self.checked,
            note=self._note(venue),
            difference=self.difference,
            external=tuple(external),
            login_expires=login.login_expires if login is not None else None,
            phrase=self.phrase,
            asset_classes=live.asset_classes,
            cash=self.cash,
        )

    def _note(self, venue: Venue | None) -> str:
        """What is missing, the first thing first; empty when nothing is."""
        live, name = self.live, self.live.broker
        if live.adapter is None or venue is None:
            return f"{name}: {live.problem}."
        away = live.login is not None and live.login.login_expires is None
        found = (
            (self._stranger, self._other()),
            (away, self._log_in() if away else ""),
            (venue.trouble, f"{name} did not answer the last question: {venue.trouble}."),
            (not self.told, f"{name} is being asked whose account this is."),
            (self.difference, f"The books and {name} disagree. To believe the venue, type {self.phrase}."),
            (not self.reconciled, f"The books are being compared with {name}."),
            (not self.armed, f"No order leaves to {name} until its account is armed."),
            (live.sandbox, f"This is {name}'s test network."),
        )
        return next((sentence for missing, sentence in found if missing), "")

    def _other(self) -> str:
        return (
            f"The keys for {self.live.broker} open account {self._stranger[:_LONGEST]} and no longer "
            f"{self.account_id}: start the desk again to work with it."
        )

    def _log_in(self) -> str:
        login = self.live.login
        where = "" if login is None else login.login_url()
        return (
            f"Log in to {self.live.broker} at {where} and paste the request_token of the address it leads to."
        )
